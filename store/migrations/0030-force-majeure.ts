import type { Knex } from 'knex';

/**
 * Force majeure is reported by the unit and confirmed by the management unit: a report suspends what is not overdue yet,
 * a confirmation what the time covers that the evidence shows. What was suspended and is met after its time counts apart.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Of the confirmation: by whom, for which time, and by which document. Reports of before took effect at once.
    ALTER TABLE outage ADD COLUMN confirmed_at timestamptz, ADD COLUMN confirmed_by text, ADD COLUMN covered tstzrange,
      ADD COLUMN document text;
    UPDATE outage SET confirmed_at = reported_at, confirmed_by = 'hub', covered = tstzrange(began_at, NULL);

    CREATE OR REPLACE VIEW suspension AS
      SELECT s.stream_id, 'outage/' || o.id AS subject, o.cause,
        tstzrange(o.began_at, s.recovered_at) * coalesce(o.covered, '(,)') AS during,
        -- What was due by then stays overdue: null, once it is confirmed.
        CASE WHEN o.confirmed_at IS NULL THEN o.reported_at END AS due_after
      FROM outage o JOIN outage_stream s ON s.outage_id = o.id JOIN case_file f ON f.id = o.id
      WHERE f.closed_at IS NULL;

    CREATE OR REPLACE FUNCTION obligation_state(o obligation, at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
      SELECT CASE
        WHEN o.cancelled_at IS NOT NULL THEN 'cancelled'
        WHEN o.exempted_at IS NOT NULL THEN 'exempted'
        WHEN o.met_at IS NOT NULL THEN
          CASE WHEN o.met_at <= o.due_at OR o.due_at IS NULL THEN 'met'
            WHEN o.suspended_by IS NOT NULL THEN 'met suspended' ELSE 'met late' END
        WHEN o.suspended_by IS NOT NULL THEN 'suspended'
        WHEN o.due_at IS NULL THEN 'no calendar'
        WHEN at >= o.due_at THEN 'overdue'
        WHEN at >= o.due_at - interval '24 hours' THEN 'due soon'
        ELSE 'open' END $$;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP VIEW suspension;
    CREATE VIEW suspension AS
      SELECT s.stream_id, 'outage/' || o.id AS subject, o.cause, tstzrange(o.began_at, s.recovered_at) AS during
      FROM outage o JOIN outage_stream s ON s.outage_id = o.id JOIN case_file f ON f.id = o.id
      WHERE f.closed_at IS NULL;
    ALTER TABLE outage DROP COLUMN confirmed_at, DROP COLUMN confirmed_by, DROP COLUMN covered, DROP COLUMN document;
  `);
}
