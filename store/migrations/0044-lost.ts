import type { Knex } from 'knex';

/** What another of the hub's servers should have is known, so that its loss is noticed. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Schedules that the hub has made in Temporal.
    ALTER TABLE hub ADD COLUMN schedules text[] NOT NULL DEFAULT '{}';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE hub DROP COLUMN schedules');
}
