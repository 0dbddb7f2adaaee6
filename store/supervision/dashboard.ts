import type { Knex } from 'knex';
import { DAY_MS } from '../../domain/dates.ts';
import { byBasis, type Basis } from '../../domain/basis.ts';

/** A number as it is, and as it was a day before. */
export interface Counted {
  now: number;
  before: number;
}

/** Numbers of deadlines on one basis. */
interface DeadlineNumbers {
  dueToday: Counted;
  overdue: Counted;
  rectifying: Counted;
  /** Units by their share of overdue deadlines among those that run, the worst first. */
  worst: { code: string; name: string; running: number; overdue: number }[];
  /** Units whose data is late: an increment of theirs is overdue. */
  late: { code: string; name: string; since: Date }[];
}

/** What the first page of the console says at a glance: 法定 and 内控 apart, never in one number. */
export type Dashboard = Record<Basis, DeadlineNumbers> & {
  /** Findings with a notice. */
  noticed: Counted;
};

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
  const [now, before, worst, late, noticed, noticedBefore] = await Promise.all([
    counts(db, at, seen),
    counts(db, yesterday, seen),
    worstUnits(db, at, seen),
    lateUnits(db, at, seen),
    countNoticed(db, at, seen),
    countNoticed(db, yesterday, seen),
  ]);
  return {
    ...byBasis((basis) => {
      const counted = (name: keyof Counts): Counted => ({ now: now[basis][name], before: before[basis][name] });
      return {
        dueToday: counted('dueToday'),
        overdue: counted('overdue'),
        rectifying: counted('rectifying'),
        worst: worst.filter((row) => row.basis === basis),
        late: late.filter((row) => row.basis === basis),
      };
    }),
    noticed: { now: noticed, before: noticedBefore },
  };
}

interface Counts {
  dueToday: number;
  overdue: number;
  rectifying: number;
}

async function counts(db: Knex, at: Date, units: string[] | null): Promise<Record<Basis, Counts>> {
  const { rows } = await db.raw<{ rows: (Counts & { basis: Basis })[] }>(
    `WITH ran AS (${RAN})
     SELECT basis,
       count(*) FILTER (WHERE due_at > :at AND due_at <= date_trunc('day', :at::timestamptz, 'Asia/Shanghai') + interval '24 hours'
         AND suspended_by IS NULL) AS "dueToday",
       count(*) FILTER (WHERE due_at <= :at AND suspended_by IS NULL) AS overdue,
       count(DISTINCT subject) FILTER (WHERE duty_kind = 'rectification') AS rectifying
     FROM ran WHERE :units::text[] IS NULL OR owner_code = ANY (:units) GROUP BY basis`,
    { at, units },
  );
  return byBasis((basis) => {
    const found = rows.find((row) => row.basis === basis);
    return { dueToday: found?.dueToday ?? 0, overdue: found?.overdue ?? 0, rectifying: found?.rectifying ?? 0 };
  });
}

async function countNoticed(db: Knex, at: Date, units: string[] | null): Promise<number> {
  const { rows } = await db.raw<{ rows: { count: number }[] }>(
    `SELECT count(DISTINCT finding.id) FROM notice JOIN finding ON finding.id = finding_id
     WHERE given_at <= :at AND (ended_at IS NULL OR ended_at > :at)
       AND (:units::text[] IS NULL OR unit_code = ANY (:units))`,
    { at, units },
  );
  return rows[0]?.count ?? 0;
}

interface WorstUnit {
  basis: Basis;
  code: string;
  name: string;
  running: number;
  overdue: number;
}

async function worstUnits(db: Knex, at: Date, units: string[] | null): Promise<WorstUnit[]> {
  const { rows } = await db.raw<{ rows: WorstUnit[] }>(
    `SELECT basis, code, name, running, overdue FROM (
       SELECT *, row_number() OVER (PARTITION BY basis ORDER BY overdue::numeric / running DESC, overdue DESC, code) AS place
       FROM (SELECT basis, owner_code AS code, unit_called(owner_code, max(owner_name)) AS name, count(*) AS running,
           count(*) FILTER (WHERE due_at <= :at AND suspended_by IS NULL AND NOT missed_by_hub(obligation)) AS overdue
         FROM obligation WHERE obligation_runs(obligation) AND (:units::text[] IS NULL OR owner_code = ANY (:units))
         GROUP BY basis, owner_code) AS unit WHERE overdue > 0) AS placed
     WHERE place <= :limit ORDER BY basis, place`,
    { at, units, limit: NAMED },
  );
  return rows;
}

interface LateUnit {
  basis: Basis;
  code: string;
  name: string;
  since: Date;
}

async function lateUnits(db: Knex, at: Date, units: string[] | null): Promise<LateUnit[]> {
  const { rows } = await db.raw<{ rows: LateUnit[] }>(
    `SELECT basis, owner_code AS code, unit_called(owner_code, max(owner_name)) AS name, min(due_at) AS since
     FROM obligation WHERE obligation_runs(obligation) AND duty_kind = 'increment' AND due_at <= :at AND suspended_by IS NULL
       AND NOT missed_by_hub(obligation) AND (:units::text[] IS NULL OR owner_code = ANY (:units))
     GROUP BY basis, owner_code ORDER BY 4, 2`,
    { at, units },
  );
  return rows;
}
