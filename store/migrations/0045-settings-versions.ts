import type { Knex } from 'knex';

/** A faulty file of the configuration costs nothing beside itself: what it said last is kept, and goes on. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- What each file of the configuration said when it was last valid; secrets are in no file.
    CREATE TABLE settings_version (
      file text PRIMARY KEY,
      content json NOT NULL
    );
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE settings_version');
}
