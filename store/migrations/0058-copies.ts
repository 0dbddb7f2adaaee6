import type { Knex } from 'knex';

/** Copies (加注件): until when each may be used, and finding the use that one was made by, by what was answered. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE certificate_use ADD COLUMN copy_until timestamptz;
    CREATE INDEX certificate_use_copies ON certificate_use (answer) WHERE act = 'copy';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP INDEX certificate_use_copies;
    ALTER TABLE certificate_use DROP COLUMN copy_until;
  `);
}
