import type { Knex } from 'knex';

/** Units of a stream that return data, or stand above the city. */
const platforms = (above: string): string => `CREATE OR REPLACE VIEW platform_unit AS
  SELECT unit_code FROM stream WHERE retired_at IS NULL
  GROUP BY unit_code HAVING ${above} bool_or(delivery = 'return') AND NOT bool_or(delivery = 'daily')`;

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- 证照模板: an entry names its template, and the stored file of that name is known by its hash.
    ALTER TABLE catalog_entry ADD COLUMN template_hash text COLLATE "C" CHECK (template_hash ~ '^[0-9a-f]{64}$');
    -- A platform of the province or the state owes the city nothing, however it is read.
    ALTER TABLE stream ADD COLUMN unit_above boolean NOT NULL DEFAULT false;
    ${platforms('bool_or(unit_above) OR')};
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    ${platforms('')};
    ALTER TABLE stream DROP COLUMN unit_above;
    ALTER TABLE catalog_entry DROP COLUMN template_hash;
  `);
}
