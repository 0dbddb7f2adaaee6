import type { Knex } from 'knex';

/** What the last comparison with each published catalog found, and which types its lists ever had. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE catalog_sync (
      connector text PRIMARY KEY,
      synced_at timestamptz NOT NULL,
      listed jsonb NOT NULL,
      findings jsonb NOT NULL
    );
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE catalog_sync');
}
