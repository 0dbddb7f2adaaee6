import type { Knex } from 'knex';

/** The issuing catalog (发证目录): versions of entries; what was approved once is kept. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE catalog_entry (
      type_code text COLLATE "C" NOT NULL,
      version integer NOT NULL,
      state text NOT NULL CHECK (state IN ('draft', 'approved', 'superseded', 'withdrawn')),
      entry jsonb NOT NULL,
      drafted_by text NOT NULL,
      drafted_at timestamptz NOT NULL,
      decided_by text,
      decided_at timestamptz,
      PRIMARY KEY (type_code, version)
    );
    CREATE UNIQUE INDEX catalog_approved ON catalog_entry (type_code) WHERE state = 'approved';
    CREATE UNIQUE INDEX catalog_draft ON catalog_entry (type_code) WHERE state = 'draft';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE catalog_entry');
}
