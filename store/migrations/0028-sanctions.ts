import type { Knex } from 'knex';

/** Findings name the item (项) of the regulation that they fall under, and can be entered by hand, with evidence. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE inspection DROP CONSTRAINT inspection_kind_check,
      ADD CONSTRAINT inspection_kind_check CHECK (kind IN ('sample', 'trial', 'patrol', 'task', 'hand'));
    ALTER TABLE finding ADD COLUMN item text,
      ADD COLUMN evidence_name text, ADD COLUMN evidence bytea, ADD COLUMN evidence_sha256 text,
      ADD CHECK ((evidence IS NULL) = (evidence_name IS NULL) AND (evidence IS NULL) = (evidence_sha256 IS NULL));
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE finding DROP COLUMN item, DROP COLUMN evidence_name, DROP COLUMN evidence, DROP COLUMN evidence_sha256;
    UPDATE inspection SET kind = 'task' WHERE kind = 'hand';
    ALTER TABLE inspection DROP CONSTRAINT inspection_kind_check,
      ADD CONSTRAINT inspection_kind_check CHECK (kind IN ('sample', 'trial', 'patrol', 'task'));
  `);
}
