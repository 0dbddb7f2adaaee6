import type { Knex } from 'knex';

/** The hub's time is the database's: processes whose machine has another are known. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE wrong_clock (
      process text PRIMARY KEY,
      -- How far the machine's clock is ahead of the database's.
      ahead_ms bigint NOT NULL,
      read_at timestamptz NOT NULL
    );
    -- Messages of a clock that was ahead are looked for in each round.
    CREATE INDEX reminder_created ON reminder (created_at);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE wrong_clock; DROP INDEX reminder_created');
}
