import type { Knex } from 'knex';

/** Sessions are listed and ended one by one, with where each was begun; the audit is looked through by address. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE session ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY UNIQUE, ADD COLUMN address text;
    CREATE INDEX audit_by_address ON audit (address, id);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP INDEX audit_by_address; ALTER TABLE session DROP COLUMN id, DROP COLUMN address');
}
