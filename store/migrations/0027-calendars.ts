import type { Knex } from 'knex';

/**
 * What ended while its calendar was missing (日历未公布) is judged by the table once it is there. A hub whose table came
 * before this version counts by it again at its next start: it no longer takes the ledger for counted.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE INDEX obligation_undated ON obligation (started_at) WHERE due_at IS NULL;
    UPDATE hub SET calendar = NULL;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP INDEX obligation_undated');
}
