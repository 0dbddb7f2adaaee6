import type { Knex } from 'knex';

/** Lists that people take out of the console (导出), in the making or made. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE export (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      account_id bigint NOT NULL REFERENCES account,
      -- Which list, and with which filter.
      what text NOT NULL,
      filter jsonb NOT NULL,
      -- Whose rows the account saw when it asked; null: all.
      units text[],
      at timestamptz NOT NULL,
      rows_done integer NOT NULL DEFAULT 0,
      -- How many there are to be; known only of one that takes longer.
      total integer,
      -- After which row it goes on.
      after jsonb,
      -- Who works at it holds it until then, and longer with every page.
      taken_until timestamptz NOT NULL,
      finished_at timestamptz,
      -- More rows than a workbook holds were left out.
      cut boolean NOT NULL DEFAULT false,
      failed_at timestamptz
    );
    CREATE INDEX export_of_account ON export (account_id, id);
    CREATE INDEX export_unfinished ON export (id) WHERE finished_at IS NULL AND failed_at IS NULL;
    -- Rows as the sheet's XML, a page each; or the whole workbook, where it is made at once.
    CREATE TABLE export_part (
      export_id bigint NOT NULL REFERENCES export ON DELETE CASCADE,
      part integer NOT NULL,
      content bytea NOT NULL,
      PRIMARY KEY (export_id, part)
    );
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE export_part, export');
}
