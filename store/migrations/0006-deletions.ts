import type { Knex } from 'knex';

/** Deletions that came without a record: versions that are older than they, and come later, are ended as they enter. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE deletion (
      stream_id integer NOT NULL REFERENCES stream,
      record_key text COLLATE "C" NOT NULL,
      -- Of the latest deletion, and the batch that brought it.
      source_updated_at timestamptz NOT NULL,
      batch_id bigint NOT NULL,
      PRIMARY KEY (stream_id, record_key)
    );
    CREATE INDEX deletion_by_batch ON deletion (batch_id);
    ALTER TABLE deletion ALTER COLUMN stream_id SET STATISTICS 0;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE deletion');
}
