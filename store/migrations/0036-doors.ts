import type { Knex } from 'knex';

/**
 * A signed request to the inbox counts once: its nonce is known as long as its signature holds. The audit says where
 * each request came from.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE inbox_nonce (
      connector text NOT NULL,
      nonce text NOT NULL,
      until timestamptz NOT NULL,
      PRIMARY KEY (connector, nonce)
    );
    CREATE INDEX ON inbox_nonce (until);
    ALTER TABLE audit ADD COLUMN address text;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE inbox_nonce; ALTER TABLE audit DROP COLUMN address');
}
