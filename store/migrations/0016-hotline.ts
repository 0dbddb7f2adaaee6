import type { Knex } from 'knex';

/** Tickets that could not be taken as disputes, until they can; batches of records that were made on paper. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE ticket_fault (
      source text COLLATE "C" NOT NULL,
      ticket text COLLATE "C" NOT NULL,
      -- The source gave it a number, by which it is known again.
      numbered boolean NOT NULL,
      reason text NOT NULL,
      first_seen_at timestamptz NOT NULL,
      last_seen_at timestamptz NOT NULL,
      PRIMARY KEY (source, ticket)
    );
    -- A file of records made on paper is no window and no link of the chain; source_batch is its SHA-256.
    ALTER TABLE batch DROP CONSTRAINT batch_check,
      ADD CONSTRAINT batch_check
        CHECK (CASE WHEN purpose IN ('replay', 'paper') THEN ordinal IS NULL AND read_from IS NULL
          ELSE (read_from IS NULL) = (ordinal IS NOT NULL) END) NOT VALID;
    CREATE UNIQUE INDEX batch_paper ON batch (stream_id, source_batch) WHERE purpose = 'paper';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE ticket_fault; DROP INDEX batch_paper');
}
