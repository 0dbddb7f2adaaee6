import type { Knex } from 'knex';
import { DAY_MS } from '../../domain/dates.ts';

/** A number as it is, and as it was a day before. */
export interface Counted {
  now: number;
  before: number;
}

/** What the first page of the console says at a glance. */
export interface Dashboard {
  dueToday: Counted;
  overdue: Counted;
  rectifying: Counted;
  noticed: Counted;
  /** Units by their share of overdue deadlines among those that run, the worst first. */
  worst: { code: string; name: string; running: number; overdue: number }[];
  /** Units whose data is late: an increment of theirs is overdue. */
  late: { code: string; name: string; since: Date }[];
}

/** Units that are named as the worst. */
const NAMED = 5;

/** Deadlines that were running at a moment: those that run, and those that have ended since, found by when they did. */
const RAN = `SELECT o.* FROM obligation o WHERE obligation_runs(o) AND o.opened_at <= :at
  UNION ALL SELECT o.* FROM obligation o WHERE o.met_at > :at AND o.opened_at <= :at
  UNION ALL SELECT o.* FROM obligation o WHERE o.met_at IS NULL AND coalesce(o.cancelled_at, o.exempted_at) > :at
    AND o.opened_at <= :at`;

/** The numbers of the first page, of the units that somebody sees (null: all). */
export async function dashboard(
  db: Knex,
  { at, units }: { at: Date; units: readonly string[] | null },
): Promise<Dashboard> {
  const seen = units ? [...units] : null;
  const yesterday = new Date(at.getTime() - DAY_MS);
  const [now, before, worst, late] = await Promise.all([
    counts(db, at, seen),
    counts(db, yesterday, seen),
    worstUnits(db, at, seen),
    lateUnits(db, at, seen),
  ]);
  const counted = (name: keyof Counts): Counted => ({ now: now[name], before: before[name] });
  return {
    dueToday: counted('dueToday'),
    overdue: counted('overdue'),
    rectifying: counted('rectifying'),
    noticed: counted('noticed'),
    worst,
    late,
  };
}

interface Counts {
  dueToday: number;
  overdue: number;
  rectifying: number;
  noticed: number;
}

async function counts(db: Knex, at: Date, units: string[] | null): Promise<Counts> {
  const { rows } = await db.raw<{ rows: Counts[] }>(
    `WITH ran AS (${RAN})
     SELECT count(*) FILTER (WHERE due_at > :at AND due_at <= date_trunc('day', :at::timestamptz, 'Asia/Shanghai') + interval '24 hours'
         AND suspended_by IS NULL) AS "dueToday",
       count(*) FILTER (WHERE due_at <= :at AND suspended_by IS NULL) AS overdue,
       count(DISTINCT subject) FILTER (WHERE duty_kind = 'rectification') AS rectifying,
       (SELECT count(DISTINCT finding.id) FROM notice JOIN finding ON finding.id = finding_id
         WHERE given_at <= :at AND (ended_at IS NULL OR ended_at > :at)
           AND (:units::text[] IS NULL OR unit_code = ANY (:units))) AS noticed
     FROM ran WHERE :units::text[] IS NULL OR owner_code = ANY (:units)`,
    { at, units },
  );
  return rows[0] ?? { dueToday: 0, overdue: 0, rectifying: 0, noticed: 0 };
}

async function worstUnits(db: Knex, at: Date, units: string[] | null): Promise<Dashboard['worst']> {
  const { rows } = await db.raw<{ rows: Dashboard['worst'] }>(
    `SELECT owner_code AS code, max(owner_name) AS name, count(*) AS running,
       count(*) FILTER (WHERE due_at <= :at AND suspended_by IS NULL) AS overdue
     FROM obligation WHERE obligation_runs(obligation) AND (:units::text[] IS NULL OR owner_code = ANY (:units))
     GROUP BY owner_code HAVING count(*) FILTER (WHERE due_at <= :at AND suspended_by IS NULL) > 0
     ORDER BY count(*) FILTER (WHERE due_at <= :at AND suspended_by IS NULL)::numeric / count(*) DESC, 4 DESC, 1
     LIMIT :limit`,
    { at, units, limit: NAMED },
  );
  return rows;
}

async function lateUnits(db: Knex, at: Date, units: string[] | null): Promise<Dashboard['late']> {
  const { rows } = await db.raw<{ rows: Dashboard['late'] }>(
    `SELECT owner_code AS code, max(owner_name) AS name, min(due_at) AS since
     FROM obligation WHERE obligation_runs(obligation) AND duty_kind = 'increment' AND due_at <= :at AND suspended_by IS NULL
       AND (:units::text[] IS NULL OR owner_code = ANY (:units))
     GROUP BY owner_code ORDER BY 3, 1`,
    { at, units },
  );
  return rows;
}
