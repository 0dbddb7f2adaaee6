import type { Knex } from 'knex';

/**
 * 当日产生的增量: which records of a day came in after it was due, whenever that is found out. Noted by the database
 * itself with each version that comes in, so that nothing which writes certificates can pass it by.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- How much of the end of a day may come in later (the profile's daily.grace), and by what a record is of a day.
    ALTER TABLE stream ADD COLUMN grace interval, ADD COLUMN produced_by text CHECK (produced_by IN ('issue', 'update'));
    UPDATE stream SET grace = interval '30 minutes', produced_by = 'update' WHERE rule IS NOT NULL;

    CREATE TABLE late_record (
      stream_id integer NOT NULL REFERENCES stream,
      day date NOT NULL,
      record_key text COLLATE "C" NOT NULL,
      -- When the hub took it; the first time counts.
      recorded_at timestamptz NOT NULL,
      -- It was issued on that day, its case was completed then, or the source changed it then.
      because text NOT NULL CHECK (because IN ('issue', 'completion', 'update')),
      PRIMARY KEY (stream_id, day, record_key)
    );

    -- Versions that came in with one statement: \`came\`. New records are of the day on which they were produced,
    -- changed ones of the day on which they were changed. What was refused in time and corrected is not late here:
    -- its reject has a deadline of its own.
    CREATE FUNCTION note_late_records() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO late_record (stream_id, day, record_key, recorded_at, because)
      SELECT DISTINCT ON (stream_id, day, record_key) stream_id, day, record_key, recorded_at, because
      FROM (
        SELECT c.stream_id, c.record_key, c.recorded_at, c.source_updated_at, s.due, coalesce(s.grace, interval '0') AS grace, s.activated_at, of.day, of.because
        FROM came c JOIN stream s ON s.id = c.stream_id AND s.rule IS NOT NULL
        CROSS JOIN LATERAL (
          SELECT (c.source_updated_at AT TIME ZONE 'Asia/Shanghai')::date AS day, 'update' AS because
          UNION ALL
          SELECT coalesce((done.completed_at AT TIME ZONE 'Asia/Shanghai')::date, c.issued_on),
            CASE WHEN done.completed_at IS NULL THEN 'issue' ELSE 'completion' END
          FROM (SELECT (SELECT completed_at FROM completed_case
            WHERE completed_case.stream_id = c.stream_id AND case_number = c.record_key AND withdrawn_at IS NULL)) AS done(completed_at)
          WHERE TG_OP = 'INSERT' AND coalesce(s.produced_by, 'issue') = 'issue'
        ) AS of
      ) AS version
      CROSS JOIN LATERAL (SELECT day::timestamp AT TIME ZONE 'Asia/Shanghai' AS start) AS starts
      WHERE day >= (activated_at AT TIME ZONE 'Asia/Shanghai')::date AND recorded_at > start + due
        AND NOT (source_updated_at >= start + interval '24 hours' - grace AND source_updated_at < start + interval '24 hours')
        AND NOT EXISTS (SELECT FROM reject r WHERE r.stream_id = version.stream_id AND r.record_key = version.record_key
          AND r.resolved_at IS NOT NULL AND r.first_seen_at <= start + due)
      ORDER BY stream_id, day, record_key, because
      ON CONFLICT DO NOTHING;
      RETURN NULL;
    END $$;
    CREATE TRIGGER certificate_came AFTER INSERT ON certificate
      REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION note_late_records();
    CREATE TRIGGER certificate_changed AFTER UPDATE ON certificate
      REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION note_late_records();
    CREATE INDEX reject_resolved ON reject (stream_id, record_key) WHERE resolved_at IS NOT NULL;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TRIGGER certificate_came ON certificate;
    DROP TRIGGER certificate_changed ON certificate;
    DROP FUNCTION note_late_records();
    DROP TABLE late_record;
    DROP INDEX reject_resolved;
    ALTER TABLE stream DROP COLUMN grace, DROP COLUMN produced_by;
  `);
}
