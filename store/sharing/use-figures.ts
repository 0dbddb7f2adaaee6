import type { Knex } from 'knex';
import type { CalendarDate } from '../../domain/dates.ts';
import type { UseAct } from '../../domain/sharing/use.ts';
import { NIGHT, UNUSUAL_USES, type UnusualKind } from '../../domain/sharing/unusual.ts';

/** Which uses are looked at: of some units (null: of all), from an instant up to another. */
export interface UsePeriod {
  units: readonly string[] | null;
  from: Date;
  to: Date;
}

/** How a unit uses certificates of a type for a matter. */
export interface UseFigure {
  unitCode: string;
  unitName: string;
  matter: string;
  typeCode: string;
  calls: number;
  answered: number;
  refused: number;
  /** Different business numbers (业务流水号), and of these those that an answer showed a certificate for. */
  cases: number;
  casesServed: number;
  /** 免提交: certificates that cases were shown, and nobody had to bring; each once a case. */
  spared: number;
  /** Different holders that were asked about. */
  holders: number;
  lastAt: Date;
}

const USED = `SELECT *, (at AT TIME ZONE 'Asia/Shanghai') AS local FROM certificate_use
  WHERE at >= :from AND at < :to AND (:units::text[] IS NULL OR unit_code = ANY (:units))`;
const given = ({ units, from, to }: UsePeriod) => ({ units: units ? [...units] : null, from, to });

/** Acts that show a certificate in place of the paper; verifying needs what was brought. */
const SPARING: readonly UseAct[] = ['find', 'read', 'file', 'copy', 'scan'];

/** Who uses what, those that call most first. */
export async function useFigures(db: Knex, period: UsePeriod): Promise<UseFigure[]> {
  const { rows } = await db.raw<{ rows: UseFigure[] }>(
    `WITH used AS (${USED}), spared AS (
       SELECT unit_code, matter, type_code, count(DISTINCT (business, stream_id, record_key)) AS spared
       FROM used JOIN used_certificate ON use_id = used.id WHERE act = ANY (:sparing)
       GROUP BY unit_code, matter, type_code
     )
     SELECT unit_code AS "unitCode", max(unit_name) AS "unitName", matter, type_code AS "typeCode", count(*) AS calls,
       count(*) FILTER (WHERE outcome = 'answered') AS answered, count(refusal) AS refused,
       count(DISTINCT business) AS cases, count(DISTINCT business) FILTER (WHERE outcome = 'answered') AS "casesServed",
       coalesce(max(spared), 0) AS spared, count(DISTINCT holder) AS holders, max(at) AS "lastAt"
     FROM used LEFT JOIN spared USING (unit_code, matter, type_code)
     GROUP BY unit_code, matter, type_code ORDER BY calls DESC, unit_code, matter, type_code`,
    { ...given(period), sparing: [...SPARING] },
  );
  return rows;
}

/** Use of one client that is not as use mostly is. */
export interface UnusualUse {
  kind: UnusualKind;
  unitCode: string;
  unitName: string;
  client: string;
  /** What it is about: a business number, a reason; null where it is about a day alone. */
  about: string | null;
  day: CalendarDate;
  count: number;
}

/**
 * Unusual use, the latest first: each kind by day; one business number and one reason over the whole period, on the day
 * of its last call.
 */
export async function unusualUses(db: Knex, period: UsePeriod): Promise<UnusualUse[]> {
  const { rows } = await db.raw<{ rows: UnusualUse[] }>(
    `WITH used AS (${USED}), seen AS (
       SELECT 'holders' AS kind, account_id, NULL AS about, local::date AS day, count(DISTINCT holder) AS count
       FROM used GROUP BY account_id, local::date
       UNION ALL SELECT 'night', account_id, NULL, local::date, count(*)
       FROM used WHERE extract(hour FROM local) < ${NIGHT.ends} OR extract(hour FROM local) >= ${NIGHT.begins}
       GROUP BY account_id, local::date
       UNION ALL SELECT 'refused', account_id, NULL, local::date, count(*)
       FROM used WHERE refusal LIKE '%-unlisted' GROUP BY account_id, local::date
       UNION ALL SELECT 'business', account_id, business, max(local)::date, count(DISTINCT holder)
       FROM used GROUP BY account_id, business
       -- Of different cases; and it is the only reason that is ever given.
       UNION ALL SELECT 'reason', account_id, min(reason), max(local)::date, count(DISTINCT business)
       FROM used GROUP BY account_id HAVING count(DISTINCT reason) = 1
     )
     SELECT seen.kind, unit_code AS "unitCode", unit_name AS "unitName", client, about, to_char(day, 'YYYY-MM-DD') AS day,
       count
     FROM seen JOIN json_each_text(:least::json) AS least(kind, value) ON least.kind = seen.kind AND count >= value::integer
     JOIN LATERAL (SELECT unit_code, unit_name, client FROM used WHERE used.account_id = seen.account_id
       ORDER BY id DESC LIMIT 1) AS who ON true
     ORDER BY day DESC, count DESC, seen.kind, client, about`,
    {
      ...given(period),
      least: JSON.stringify(Object.fromEntries(Object.entries(UNUSUAL_USES).map(([kind, { least }]) => [kind, least]))),
    },
  );
  return rows;
}
