import type { Knex } from 'knex';

/** Stock (存量): streams that are imported once by a plan, and what an e-seal service made of their certificates. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE stream DROP CONSTRAINT stream_delivery_check,
      ADD CONSTRAINT stream_delivery_check CHECK (delivery IN ('daily', 'return', 'stock')) NOT VALID;
    ALTER TABLE batch DROP CONSTRAINT batch_purpose_check,
      ADD CONSTRAINT batch_purpose_check
        CHECK (purpose IN ('return', 'daily', 'reconcile', 'push', 'replay', 'stock')) NOT VALID;
    -- How many records the unit said, or its source counted, that there are, and by when they are to be in.
    CREATE TABLE stock_plan (
      stream_id integer PRIMARY KEY REFERENCES stream,
      planned bigint,
      due_on date,
      planned_at timestamptz NOT NULL
    );
    -- Certificates that were handed to an e-seal service, in which message, and its answer.
    CREATE TABLE seal (
      stream_id integer NOT NULL REFERENCES stream,
      record_key text COLLATE "C" NOT NULL,
      -- The version that was handed over: another one is handed over anew.
      content_hash bytea NOT NULL,
      target text COLLATE "C" NOT NULL,
      message_key text COLLATE "C" NOT NULL,
      state text NOT NULL CHECK (state IN ('handed', 'sealed', 'refused')),
      reference text,
      detail text,
      handed_at timestamptz NOT NULL,
      answered_at timestamptz,
      PRIMARY KEY (stream_id, record_key)
    );
    CREATE INDEX seal_open ON seal (stream_id, message_key) WHERE state = 'handed';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE stock_plan, seal');
}
