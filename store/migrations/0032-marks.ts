import type { Knex } from 'knex';

/**
 * Marks (状态标记) beside a certificate's status: what a version says of them, a list of those that hold or the events
 * that it is told with. Null, as in all versions of before, where its status says all. Nothing is rewritten by that.
 */
export async function up(knex: Knex): Promise<void> {
  // Both at once, and last in both: the history takes rows by the order of their columns.
  await knex.raw(`
    ALTER TABLE certificate ADD COLUMN marks jsonb;
    ALTER TABLE certificate_history ADD COLUMN marks jsonb;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE certificate DROP COLUMN marks; ALTER TABLE certificate_history DROP COLUMN marks');
}
