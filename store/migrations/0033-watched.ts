import type { Knex } from 'knex';

/**
 * Whose duties are: what the regulation does not ask of a unit is not owed by it. What the catalog has to say is known to
 * the database, so that the issuer's task ends and the management unit's begins when a draft says all of it.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Whether a stream's records bear the time of their last change at the source.
    ALTER TABLE stream ADD COLUMN timed boolean;
    -- Events of certificates' lives by the day on which they came about at the source: how many, how many of them came in
    -- after that day, and when the last did. Noted with each version that replaces another.
    CREATE TABLE lifecycle_day (
      stream_id integer NOT NULL REFERENCES stream,
      day date NOT NULL,
      events bigint NOT NULL,
      late bigint NOT NULL,
      last_at timestamptz NOT NULL,
      -- The ledger has it as it is.
      seen boolean NOT NULL DEFAULT false,
      PRIMARY KEY (stream_id, day)
    );
    CREATE INDEX lifecycle_day_unseen ON lifecycle_day (stream_id) WHERE NOT seen;
    CREATE FUNCTION note_lifecycle() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO lifecycle_day (stream_id, day, events, late, last_at)
      SELECT stream_id, day, count(*), count(*) FILTER (WHERE recorded_at > ((day + 1)::timestamp AT TIME ZONE 'Asia/Shanghai')),
        max(recorded_at)
      FROM (
        SELECT c.stream_id, c.recorded_at, (c.source_updated_at AT TIME ZONE 'Asia/Shanghai')::date AS day
        FROM came c JOIN replaced r ON r.stream_id = c.stream_id AND r.record_key = c.record_key
        JOIN stream s ON s.id = c.stream_id AND s.rule IS NOT NULL AND coalesce(s.timed, true)
        WHERE c.source_updated_at > r.source_updated_at AND c.source_updated_at >= s.activated_at
      ) AS event
      GROUP BY stream_id, day ORDER BY stream_id, day
      ON CONFLICT (stream_id, day) DO UPDATE SET events = lifecycle_day.events + excluded.events,
        late = lifecycle_day.late + excluded.late, last_at = greatest(lifecycle_day.last_at, excluded.last_at), seen = false;
      RETURN NULL;
    END $$;
    CREATE TRIGGER certificate_event AFTER UPDATE ON certificate
      REFERENCING OLD TABLE AS replaced NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION note_lifecycle();

    -- Whether a stream's records say that their certificates were reviewed (签发审核).
    ALTER TABLE stream ADD COLUMN reviewed boolean;
    -- What is declared of a stream, with the document that it rests on.
    CREATE TABLE declaration (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      stream_id integer NOT NULL REFERENCES stream,
      kind text NOT NULL CHECK (kind IN ('unsynchronisable', 'reviewed')),
      article text,
      said text NOT NULL,
      document text NOT NULL,
      declared_by text NOT NULL,
      declared_at timestamptz NOT NULL,
      ended_by text,
      ended_at timestamptz
    );
    CREATE UNIQUE INDEX declaration_holds ON declaration (stream_id, kind) WHERE ended_at IS NULL;

    -- Fields that the profile asks of an approved entry.
    ALTER TABLE hub ADD COLUMN catalog_required text[] NOT NULL DEFAULT '{}';
    -- What certificates are to be delivered through (送达渠道), and what each was.
    ALTER TABLE hub ADD COLUMN delivery_through text[] NOT NULL DEFAULT '{}';
    ALTER TABLE completed_case ADD COLUMN delivered_through text;

    -- Platforms of the province or the state: units that return data (回传), and deliver nothing of their own day by day.
    CREATE VIEW platform_unit AS
      SELECT unit_code FROM stream WHERE retired_at IS NULL
      GROUP BY unit_code HAVING bool_or(delivery = 'return') AND NOT bool_or(delivery = 'daily');
    -- Units of the city that can be asked for a contact person: those that answer for streams (发证单位), and those that use
    -- certificates (用证单位).
    CREATE VIEW unit_role AS
      SELECT unit_code, min(unit_name) AS unit_name, 'issuer' AS role FROM stream
      WHERE retired_at IS NULL AND unit_code NOT IN (SELECT unit_code FROM platform_unit) GROUP BY unit_code
      UNION ALL
      SELECT unit_code, min(unit_name), 'user-unit' FROM (
        SELECT unit_code, unit_name FROM usage_list
        UNION ALL SELECT unit_code, unit_name FROM share_request
        UNION ALL SELECT unit_code, unit.name FROM account JOIN unit ON unit.code = unit_code
          WHERE role = 'user' AND disabled_at IS NULL) AS uses
      GROUP BY unit_code;

    -- What runs and was never owed ends: it was nobody's fault, and counts nowhere.
    UPDATE obligation o SET cancelled_at = now(), changed_by = 'hub', reason = '{"code": "not-owed"}'
    WHERE obligation_runs(o) AND (
      owner_code IN (SELECT unit_code FROM platform_unit)
      OR duty_kind = 'contact' AND NOT EXISTS (SELECT FROM unit_role u WHERE u.unit_code = o.owner_code
        AND (u.role = 'user-unit' OR EXISTS (SELECT FROM rule WHERE duty = 'contact' AND rule.owner <> 'user-unit'))));
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(
    'DROP TRIGGER certificate_event ON certificate; DROP FUNCTION note_lifecycle(); DROP TABLE lifecycle_day, declaration;' +
      'DROP VIEW unit_role, platform_unit; ALTER TABLE hub DROP COLUMN catalog_required, DROP COLUMN delivery_through; ALTER TABLE completed_case DROP COLUMN delivered_through; ALTER TABLE stream DROP COLUMN timed, DROP COLUMN reviewed;',
  );
}
