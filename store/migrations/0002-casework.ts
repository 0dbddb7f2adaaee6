import type { Knex } from 'knex';

/** Rejects as casework: a corrected record beside the one that was refused, and batches that map them again. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE reject ADD COLUMN correction text, ADD COLUMN corrected_at timestamptz;
    ALTER TABLE batch DROP CONSTRAINT batch_check, DROP CONSTRAINT batch_purpose_check,
      ADD CONSTRAINT batch_purpose_check
        CHECK (purpose IN ('return', 'daily', 'reconcile', 'push', 'replay')) NOT VALID,
      ADD CONSTRAINT batch_check
        CHECK (CASE purpose WHEN 'replay' THEN ordinal IS NULL AND read_from IS NULL
          ELSE (read_from IS NULL) = (ordinal IS NOT NULL) END) NOT VALID;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE reject DROP COLUMN correction, DROP COLUMN corrected_at');
}
