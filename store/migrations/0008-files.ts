import type { Knex } from 'knex';

/** Files of certificates (OFD, PDF): which are to be fetched, and which were. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE certificate_file (
      stream_id integer NOT NULL REFERENCES stream,
      record_key text COLLATE "C" NOT NULL,
      -- Where the source has it, and what it says of its signature.
      reference text NOT NULL,
      stated text,
      wanted_at timestamptz NOT NULL,
      -- Null once it is there.
      next_attempt_at timestamptz,
      attempts integer NOT NULL DEFAULT 0,
      last_error text,
      PRIMARY KEY (stream_id, record_key)
    );
    CREATE INDEX certificate_file_due ON certificate_file (stream_id, next_attempt_at) WHERE next_attempt_at IS NOT NULL;
    -- Every content that a certificate's file had; the latest is the one that counts.
    CREATE TABLE fetched_file (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      stream_id integer NOT NULL REFERENCES stream,
      record_key text COLLATE "C" NOT NULL,
      content_hash text COLLATE "C" NOT NULL,
      size bigint NOT NULL,
      stated text,
      signature text NOT NULL CHECK (signature IN ('valid', 'invalid', 'unsigned', '未核验')),
      signature_detail text NOT NULL,
      fetched_at timestamptz NOT NULL
    );
    CREATE INDEX fetched_file_by_record ON fetched_file (stream_id, record_key, id);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE certificate_file, fetched_file');
}
