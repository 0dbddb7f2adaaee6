import type { Knex } from 'knex';

/** The code of the fault that a stream is paused for. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE stream ADD COLUMN paused_code text');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE stream DROP COLUMN paused_code');
}
