import type { Knex } from 'knex';

/** The window that was asked for, where a difference is that it brought records of other times. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(String.raw`
    ALTER TABLE discrepancy ADD COLUMN asked tstzrange;
    UPDATE discrepancy SET asked = tstzrange(
        substring(subject FROM '^outside-window ([^ /]+)/')::timestamptz, substring(subject FROM '/([^ /]+)$')::timestamptz)
      WHERE subject ~ '^outside-window [^ /]+/[^ /]+$' AND closed_at IS NULL;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE discrepancy DROP COLUMN asked');
}
