import type { Knex } from 'knex';

/** 法人 and 非法人组织 are two kinds of holders: an entry of before, which had one word for both, has both. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    UPDATE catalog_entry SET entry = jsonb_set(entry, '{holders}', (entry->'holders') || '["unincorporated"]')
    WHERE entry->'holders' @> '["legal"]' AND NOT entry->'holders' @> '["unincorporated"]'
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    UPDATE catalog_entry SET entry = jsonb_set(entry, '{holders}',
      (entry->'holders') - 'unincorporated' - 'legal' || '["legal"]')
    WHERE entry->'holders' @> '["unincorporated"]'
  `);
}
