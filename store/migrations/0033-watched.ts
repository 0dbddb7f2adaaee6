import type { Knex } from 'knex';

/**
 * Whose duties are: what the regulation does not ask of a unit is not owed by it. What the catalog has to say is known to
 * the database, so that the issuer's task ends and the management unit's begins when a draft says all of it.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Fields that the profile asks of an approved entry.
    ALTER TABLE hub ADD COLUMN catalog_required text[] NOT NULL DEFAULT '{}';

    -- Units of the city that are asked for a contact person: those that answer for streams (发证单位), but not platforms
    -- that only return data (回传), and those that use certificates (用证单位).
    CREATE VIEW unit_role AS
      SELECT unit_code, min(unit_name) AS unit_name, 'issuer' AS role FROM stream
      WHERE retired_at IS NULL AND delivery <> 'return' GROUP BY unit_code
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
      EXISTS (SELECT FROM stream s WHERE s.id = o.stream_id AND s.delivery = 'return' AND s.unit_code = o.owner_code)
      OR duty_kind = 'contact' AND NOT EXISTS (SELECT FROM unit_role u WHERE u.unit_code = o.owner_code
        AND (u.role = 'user-unit' OR EXISTS (SELECT FROM rule WHERE duty = 'contact' AND rule.owner <> 'user-unit'))));
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP VIEW unit_role; ALTER TABLE hub DROP COLUMN catalog_required;');
}
