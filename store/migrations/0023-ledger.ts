import type { Knex } from 'knex';

/** Why a deadline stands as it does is a fact (`domain/ledger/reasons.ts`); what suspends deadlines is seen from the ledger. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE obligation ALTER COLUMN reason TYPE jsonb
      USING CASE WHEN reason IS NOT NULL THEN jsonb_build_object('code', 'said', 'text', reason) END;
    ALTER TABLE obligation_history ALTER COLUMN reason TYPE jsonb
      USING CASE WHEN reason IS NOT NULL THEN jsonb_build_object('code', 'said', 'text', reason) END;
    UPDATE obligation_history SET changed_by = 'hub' WHERE changed_by IN ('calendar', 'contacts', 'plan');

    -- When a stream is stopped, by what, and why: the days that lie in it do not run out.
    CREATE VIEW suspension AS
      SELECT s.stream_id, 'outage/' || o.id AS subject, o.cause, tstzrange(o.began_at, s.recovered_at) AS during
      FROM outage o JOIN outage_stream s ON s.outage_id = o.id JOIN case_file f ON f.id = o.id
      WHERE f.closed_at IS NULL;
  `);
  // Not for a change of the ledger: who made it what it is stays, with a name that is in use.
  await knex.raw(`
    ALTER TABLE obligation DISABLE TRIGGER obligation_updated;
    UPDATE obligation SET changed_by = 'hub' WHERE changed_by IN ('calendar', 'contacts', 'plan');
    ALTER TABLE obligation ENABLE TRIGGER obligation_updated;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP VIEW suspension;
    ALTER TABLE obligation ALTER COLUMN reason TYPE text USING reason ->> 'text';
    ALTER TABLE obligation_history ALTER COLUMN reason TYPE text USING reason ->> 'text';
  `);
}
