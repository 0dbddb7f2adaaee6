import type { Knex } from 'knex';
import { byBasis, EVERY_BASIS, type Basis } from '../../domain/basis.ts';
import { DUTIES, type Duty } from '../../domain/ledger/duties.ts';
import {
  addRatios,
  BASED_FIGURES,
  basisOf,
  FIGURE_IDS,
  qualityOf,
  type FigureId,
  type Ratio,
} from '../../domain/supervision/figures.ts';
import type { ShortfallFacts, ShortfallKind } from '../../domain/supervision/shortfall.ts';
import type { UsageReport } from '../../domain/supervision/usage-sheet.ts';
import { HOLDER_ACTS } from '../../domain/sharing/use.ts';
import { RULES, RULE_IDS, WAITING_RULES, type RuleId } from '../../domain/library/validation.ts';
import { boundsOf, CHOSEN, recordsBreaking, streamQuality, type StreamQuality } from '../library/quality.ts';
import { listTasks } from '../ledger/tasks.ts';
import { EARLY_TYPES, recordsInTime, UNTIMELY } from './timeliness.ts';

/** Whose figures, of which time, as of when. */
export interface FigureChoice {
  unit?: string | undefined;
  /** Of these units only, such as those that somebody sees; null: all. */
  units?: readonly string[] | null;
  /** Null: since ever, for ever. */
  from: Date | null;
  to: Date | null;
  /** The moment by which a deadline is overdue or not. */
  at: Date;
}

/** The deadlines of one unit and duty that came due. */
export interface DutyFigure extends Ratio {
  duty: Duty;
  basis: Basis;
  late: number;
  overdue: number;
  /** Counted apart. */
  exempted: number;
  cancelled: number;
  suspended: number;
  missed: number;
}

/** What one stream has of its source. */
export interface StreamFigure extends StreamQuality {
  collection: Ratio;
  consistency: Ratio;
  /** 及时率 of its records, by what their term rests on. */
  timeliness: Record<Basis, Ratio>;
  /** Of the records due: known to be at the source and not here, and what a stock plan lacks. */
  lacking: number;
  /** Parts of the period of which the source's count is not known, because they were never read whole. */
  unproven: number;
}

/** Deadlines that came due and are counted apart from those met and missed. */
export type Apart = Pick<DutyFigure, 'exempted' | 'cancelled' | 'suspended' | 'missed'>;

/** Every figure of one unit. */
export interface UnitFigures {
  code: string;
  name: string;
  figures: Record<FigureId, Ratio>;
  apart: Record<Basis, Apart>;
  duties: DutyFigure[];
  streams: StreamFigure[];
}

const NONE: Ratio = { numerator: 0, denominator: 0 };
const nothingApart = (): Apart => ({ exempted: 0, cancelled: 0, suspended: 0, missed: 0 });

/**
 * The figures of every unit that has streams, types of the catalog, deadlines or reports of use, by name. A handful of statements, whatever
 * the number of units: deadlines and proofs are found by when they came due or began, rejects and flags by their own
 * small indexes, records by update time.
 */
export async function unitFigures(db: Knex, choice: FigureChoice): Promise<UnitFigures[]> {
  const quality = await streamQuality(db, choice);
  const collected = await collection(db, choice);
  const proven = await consistency(db, choice);
  const inTime = await recordsInTime(db, choice);
  const types = await dueTypes(db, choice);
  const duties = await dutyFigures(db, choice);
  const usage = await usageFigures(db, choice);
  const lackingOf = new Map(collected.map((row) => [row.stream, row]));
  const provenOf = new Map(proven.map(({ stream, numerator, denominator }) => [stream, { numerator, denominator }]));
  const units = new Map<string, UnitFigures>();
  const unitOf = (code: string, name: string): UnitFigures => {
    const known = units.get(code);
    if (known) return known;
    const figures = Object.fromEntries(FIGURE_IDS.map((id) => [id, NONE])) as Record<FigureId, Ratio>;
    const unit = { code, name, figures, apart: byBasis(nothingApart), duties: [], streams: [] };
    units.set(code, unit);
    return unit;
  };

  for (const counts of quality) {
    const { lacking = 0, unproven = 0, early = 0 } = lackingOf.get(counts.stream) ?? {};
    unitOf(counts.unitCode, counts.unit).streams.push({
      ...counts,
      lacking,
      unproven,
      collection: { numerator: counts.held - early, denominator: counts.records - early + lacking },
      consistency: provenOf.get(counts.stream) ?? NONE,
      timeliness: byBasis((basis) =>
        addRatios(inTime.filter((row) => row.stream === counts.stream && row.basis === basis)),
      ),
    });
  }
  for (const { code, name, ...duty } of duties) unitOf(code, name).duties.push(duty);
  for (const { code, name, ...ratio } of types) unitOf(code, name).figures.types = ratio;
  for (const { code, name, ...ratios } of usage) Object.assign(unitOf(code, name).figures, ratios);
  for (const { figures, apart, streams, duties: owed } of units.values()) {
    const { numerator: connected, denominator: due } = figures.types;
    const unconnected = { numerator: 0, denominator: due - connected };
    figures.collection = addRatios([...streams.map((stream) => stream.collection), unconnected]);
    figures.consistency = addRatios(streams.map((stream) => stream.consistency));
    figures.completeness = addRatios(streams.map((stream) => qualityOf(stream).completeness));
    figures.accuracy = addRatios(streams.map((stream) => qualityOf(stream).accuracy));
    for (const basis of EVERY_BASIS) {
      const own = owed.filter((duty) => duty.basis === basis);
      figures[BASED_FIGURES.timeliness[basis]] = addRatios(streams.map(({ timeliness }) => timeliness[basis]));
      figures[BASED_FIGURES.tasks[basis]] = addRatios(own);
      figures[BASED_FIGURES.disputes[basis]] = addRatios(own.filter(({ duty }) => DISPUTE_DUTIES.includes(duty)));
      for (const { exempted, cancelled, suspended, missed } of own) {
        apart[basis].exempted += exempted;
        apart[basis].cancelled += cancelled;
        apart[basis].suspended += suspended;
        apart[basis].missed += missed;
      }
    }
  }
  return [...units.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.code < b.code ? -1 : 1));
}

export const DISPUTE_DUTIES = (Object.keys(DUTIES) as Duty[]).filter((duty) => duty.startsWith('dispute-'));

/** A difference that touches the period; one of a batch belongs to when it was found. */
const TOUCHES = `d.closed_at IS NULL
  AND (:to::timestamptz IS NULL OR coalesce(d.window_from, d.opened_at) < :to)
  AND (:from::timestamptz IS NULL OR coalesce(d.window_to, d.opened_at) >= :from)`;

/**
 * What the library is known to lack of each stream. A key that several comparisons name counts once; of those that name
 * fewer keys than their counts differ by, the rest counts as well. Of types whose 归集起始时间 has not come the records
 * are counted by reading them, where there is such a type at all.
 */
async function collection(
  db: Knex,
  choice: FigureChoice,
): Promise<{ stream: string; lacking: number; unproven: number; early: number }[]> {
  const { rows } = await db.raw<{ rows: { stream: string; lacking: number; unproven: number; early: number }[] }>(
    `WITH ${EARLY_TYPES}
     SELECT stream.name AS stream, (named.keys + counted.records + planned.records)::bigint AS lacking, gap.parts AS unproven,
       CASE WHEN codes IS NULL THEN 0 ELSE (SELECT count(*) FROM certificate c WHERE c.stream_id = stream.id
         AND source_updated_at >= coalesce(:from::timestamptz, '-infinity')
         AND source_updated_at < coalesce(:to::timestamptz, 'infinity') AND type_code = ANY (codes)) END AS early
     FROM stream CROSS JOIN early
     CROSS JOIN LATERAL (SELECT count(DISTINCT key) AS keys FROM discrepancy d, unnest(only_at_source) AS key
       WHERE d.stream_id = stream.id AND ${TOUCHES}) AS named
     CROSS JOIN LATERAL (
       SELECT coalesce(sum(greatest(0, source_count - library_count - cardinality(only_at_source))), 0) AS records
       FROM discrepancy d WHERE d.stream_id = stream.id AND ${TOUCHES}) AS counted
     CROSS JOIN LATERAL (
       SELECT coalesce(sum(greatest(0, planned
         - (SELECT coalesce(sum(read), 0) FROM batch WHERE stream_id = stream.id AND state = 'complete' AND purpose <> 'replay')
       )), 0) AS records FROM stock_plan
       WHERE stream_id = stream.id AND delivery = 'stock' AND planned IS NOT NULL
         AND (:to::timestamptz IS NULL OR coalesce(due_on::timestamp AT TIME ZONE 'Asia/Shanghai', planned_at) < :to)
     ) AS planned
     CROSS JOIN LATERAL (
       SELECT count(*) AS parts FROM coverage, unnest(tstzmultirange(tstzrange(
         greatest(collect_from, :from::timestamptz),
         greatest(collect_from, :from::timestamptz, least(:to::timestamptz, date_trunc('day', :at::timestamptz, 'Asia/Shanghai')))
       )) - times) AS part
       WHERE coverage.stream_id = stream.id AND delivery = 'daily') AS gap
     WHERE ${CHOSEN}`,
    { ...boundsOf(choice), at: choice.at },
  );
  return rows;
}

/**
 * Types of certificate (应归尽归) that are due by the end of the period, and whether a stream in use brings them: one that
 * has brought some, or that is for the type and was proven to be read whole, be there none. That a stream is configured,
 * or that the catalog names it as a source, brings nothing.
 */
const DUE_TYPES = `
  SELECT type_code, entry->>'name' AS name, coalesce(entry->'issuer'->>'code', management_code, '') AS unit_code,
    coalesce(entry->'issuer'->>'name', management_name, '管理单位') AS unit_name, begins,
    EXISTS (SELECT FROM stream WHERE retired_at IS NULL AND (certificate_type = type_code AND EXISTS (SELECT FROM coverage
        WHERE stream_id = stream.id AND (times <> '{}' OR ordinals <> '{}'))
      OR EXISTS (SELECT FROM stream_type brought WHERE stream_id = stream.id AND brought.type_code = e.type_code))) AS connected
  FROM catalog_entry e LEFT JOIN hub ON true
  CROSS JOIN LATERAL (SELECT coalesce((entry->>'collectFrom')::timestamp AT TIME ZONE 'Asia/Shanghai',
    (SELECT min(decided_at) FROM catalog_entry first WHERE first.type_code = e.type_code
      AND first.state IN ('approved', 'superseded'))) AS begins) AS collected
  WHERE state = 'approved' AND (begins IS NULL OR begins <= :at AND (:to::timestamptz IS NULL OR begins < :to))`;
const TYPES_CHOSEN = `(:unit::text IS NULL OR unit_code = :unit) AND (:units::text[] IS NULL OR unit_code = ANY (:units))`;

async function dueTypes(db: Knex, choice: FigureChoice): Promise<(Ratio & { code: string; name: string })[]> {
  const { rows } = await db.raw<{ rows: (Ratio & { code: string; name: string })[] }>(
    `SELECT unit_code AS code, max(unit_name) AS name, count(*) FILTER (WHERE connected) AS numerator, count(*) AS denominator
     FROM (${DUE_TYPES}) AS type WHERE ${TYPES_CHOSEN} GROUP BY unit_code ORDER BY unit_code`,
    { ...boundsOf(choice), at: choice.at },
  );
  return rows;
}

/** Records compared one by one and found equal, by the last proof of each window; both sides' records count. */
async function consistency(db: Knex, choice: FigureChoice): Promise<(Ratio & { stream: string })[]> {
  const { rows } = await db.raw<{ rows: (Ratio & { stream: string })[] }>(
    `SELECT stream.name AS stream, sum(compared)::bigint AS denominator, sum(compared - differing)::bigint AS numerator
     FROM stream CROSS JOIN LATERAL (${LAST_PROOFS}) AS last
     WHERE ${CHOSEN} GROUP BY stream.name`,
    boundsOf(choice),
  );
  return rows;
}

// A proof of one window takes less than two hours (store/collection/proofs.ts); by its start it is found in the index.
const LAST_PROOFS = `
  SELECT DISTINCT ON (proven_from, proven_to, ordinal) id, source_records + extra_count AS compared,
    least(source_records + extra_count, differences) AS differing, missing, extra, different, finished_at
  FROM proof WHERE stream_id = stream.id AND fault IS NULL
    AND started_at >= coalesce(:from::timestamptz, '-infinity') - interval '2 hours'
    AND started_at < coalesce(:to::timestamptz, 'infinity')
    AND finished_at >= coalesce(:from::timestamptz, '-infinity') AND finished_at < coalesce(:to::timestamptz, 'infinity')
  ORDER BY proven_from, proven_to, ordinal, finished_at DESC, id DESC`;

/** The state of a deadline; `missed` where it is late and the hub itself missed it. */
const OWN_STATE = `CASE WHEN missed_by_hub(obligation) AND obligation_state(obligation, :at) IN ('met late', 'overdue') THEN 'missed'
  ELSE obligation_state(obligation, :at) END`;

/** Deadlines whose due time lies in the period and has passed, by unit and duty; 24:00 of its last day lies in it. */
async function dutyFigures(db: Knex, choice: FigureChoice): Promise<(DutyFigure & { code: string; name: string })[]> {
  const { rows } = await db.raw<{ rows: (DutyFigure & { code: string; name: string })[] }>(
    `SELECT owner_code AS code, unit_called(owner_code, max(owner_name)) AS name, duty_kind AS duty, basis,
       count(*) FILTER (WHERE state = 'met') AS numerator,
       count(*) FILTER (WHERE state IN ('met', 'met late', 'overdue')) AS denominator,
       count(*) FILTER (WHERE state = 'met late') AS late, count(*) FILTER (WHERE state = 'overdue') AS overdue,
       count(*) FILTER (WHERE state = 'exempted') AS exempted, count(*) FILTER (WHERE state = 'cancelled') AS cancelled,
       count(*) FILTER (WHERE state IN ('suspended', 'met suspended')) AS suspended,
       count(*) FILTER (WHERE state = 'missed') AS missed
     FROM (SELECT owner_code, owner_name, duty_kind, basis, ${OWN_STATE} AS state FROM obligation
       WHERE due_at > coalesce(:from::timestamptz, '-infinity') AND due_at <= coalesce(:to::timestamptz, 'infinity')
         AND due_at <= :at AND (:unit::text IS NULL OR owner_code = :unit)
         AND (:units::text[] IS NULL OR owner_code = ANY (:units))) AS due
     GROUP BY owner_code, duty_kind, basis ORDER BY owner_code, duty_kind, basis`,
    { ...boundsOf(choice), at: choice.at },
  );
  return rows;
}

type UsageFigure = { code: string; name: string } & Record<'applicability' | 'application' | 'success', Ratio>;

/** How user units used certificates in the months that lie in the period: as counted or, where nothing was, as reported. */
async function usageFigures(db: Knex, choice: FigureChoice): Promise<UsageFigure[]> {
  const { rows } = await db.raw<{ rows: UsageFigure[] }>(
    `SELECT unit_code AS code, (array_agg(unit_name ORDER BY month DESC))[1] AS name,
       jsonb_build_object('numerator', (array_agg(items_linked ORDER BY month DESC))[1],
         'denominator', (array_agg(items ORDER BY month DESC))[1]) AS applicability,
       jsonb_build_object('numerator', sum(cases_used), 'denominator', sum(cases)) AS application,
       jsonb_build_object('numerator', sum(calls_good), 'denominator', sum(calls)) AS success
     FROM (${USED_BY_MONTH}) AS last GROUP BY unit_code ORDER BY unit_code`,
    boundsOf(choice),
  );
  return rows;
}

const IN_PERIOD = `(:unit::text IS NULL OR unit_code = :unit) AND (:units::text[] IS NULL OR unit_code = ANY (:units))
    AND (:from::timestamptz IS NULL OR month::timestamp AT TIME ZONE 'Asia/Shanghai' >= :from)
    AND (:to::timestamptz IS NULL OR (month + interval '1 month') AT TIME ZONE 'Asia/Shanghai' <= :to)`;

/** Acts of holders are none of a case. */
const OWN_ACTS = Object.keys(HOLDER_ACTS)
  .map((act) => `'${act}'`)
  .join(', ');

/** Months of which the log has all uses: by it, and by the list of uses that was approved last by their end. */
const COUNTED = `
  SELECT month, u.unit_code, u.unit_name, coalesce(items, 0) AS items, coalesce(items_linked, 0) AS items_linked, cases, cases_used,
    calls, calls_good, NULL AS reported_by, last_at AS reported_at
  FROM (
    SELECT date_trunc('month', at AT TIME ZONE 'Asia/Shanghai')::date AS month, unit_code, max(unit_name) AS unit_name,
      count(*) AS calls, count(*) FILTER (WHERE outcome = 'answered') AS calls_good,
      count(DISTINCT (matter, business)) AS cases,
      count(DISTINCT (matter, business)) FILTER (WHERE outcome = 'answered') AS cases_used, max(at) AS last_at
    FROM certificate_use WHERE act NOT IN (${OWN_ACTS}) AND (:unit::text IS NULL OR unit_code = :unit)
      AND (:from::timestamptz IS NULL OR at >= :from) AND (:to::timestamptz IS NULL OR at < :to)
    GROUP BY 1, unit_code) AS u
  LEFT JOIN LATERAL (
    SELECT count(DISTINCT matter) AS items, count(DISTINCT matter) FILTER (WHERE EXISTS (
        SELECT FROM share_grant g WHERE g.unit_code = u.unit_code AND g.matter = listed.matter
          AND granted_at < over AND (ended_at IS NULL OR ended_at >= over))) AS items_linked
    FROM (SELECT (month + interval '1 month') AT TIME ZONE 'Asia/Shanghai' AS over) AS ends,
      LATERAL (SELECT item->>'code' AS matter FROM (
        SELECT items FROM usage_list l WHERE l.unit_code = u.unit_code AND approved_at < over
        ORDER BY version DESC LIMIT 1) AS approved, jsonb_array_elements(approved.items) AS item) AS listed
  ) AS list ON true
  WHERE ${IN_PERIOD} AND NOT EXISTS (SELECT FROM use_removal r WHERE r.unit_code = u.unit_code
    AND day >= month AND day < month + interval '1 month')`;

const REPORTED = `
  SELECT DISTINCT ON (month, unit_code) month, unit_code, unit_name, items, items_linked, cases, cases_used, calls, calls_good,
    reported_by, reported_at
  FROM usage_report WHERE ${IN_PERIOD} ORDER BY month, unit_code, id DESC`;

const USED_BY_MONTH = `
  SELECT DISTINCT ON (month, unit_code) * FROM ((${REPORTED}) UNION ALL (${COUNTED})) AS month_of_unit
  ORDER BY month, unit_code, reported_by IS NOT NULL`;

/** Keeps reports; a later one of the same unit and month counts in place of an earlier one, which stays. */
export async function saveUsage(
  db: Knex,
  reports: readonly UsageReport[],
  who: { by: string; at: Date },
): Promise<void> {
  await db.raw(
    `INSERT INTO usage_report (unit_code, unit_name, month, items, items_linked, cases, cases_used, calls, calls_good,
       reported_by, reported_at)
     SELECT "unitCode", "unitName", (month || '-01')::date, items, "itemsLinked", cases, "casesUsed", calls, "callsGood", :by, :at
     FROM json_to_recordset(:reports::json) AS given("unitCode" text, "unitName" text, month text, items bigint,
       "itemsLinked" bigint, cases bigint, "casesUsed" bigint, calls bigint, "callsGood" bigint)`,
    { ...who, reports: JSON.stringify(reports) },
  );
}

/** One thing that a figure lacks: a record, a deadline, a report. */
export type Shortfall = Lacking & ShortfallFacts;

interface Lacking {
  unit: string;
  /** The stream, the deadline's subject, or the month. */
  source: string;
  /** Key of the record, or number of the task. */
  record: string | null;
  at: Date | null;
}

/** What stands behind the part of a figure that is missing to 100 %. */
export async function shortfallOf(
  db: Knex,
  figure: FigureId,
  choice: FigureChoice & { rule?: RuleId | undefined; limit: number },
): Promise<Shortfall[]> {
  const based = basisOf(figure);
  if (based?.of === 'timeliness') return rowsOf(db, UNTIMELY, choice, based.basis);
  if (based) {
    const tasks = await listTasks(db, choice.at, {
      states: ['overdue', 'met late'],
      ofUnits: true,
      basis: based.basis,
      unit: choice.unit,
      units: choice.units ?? null,
      limit: choice.limit,
      due: choice,
      duties: based.of === 'disputes' ? DISPUTE_DUTIES : undefined,
    });
    return tasks.map(({ id, owner, subject, state, kind, rule, article, dueAt }) => ({
      unit: owner,
      source: subject,
      record: String(id),
      at: dueAt,
      what: 'deadline',
      state,
      duty: kind,
      rule,
      article,
    }));
  }
  switch (figure as Exclude<FigureId, (typeof BASED_FIGURES)[keyof typeof BASED_FIGURES][Basis]>) {
    case 'completeness':
    case 'accuracy': {
      const rules = choice.rule ? [choice.rule] : RULE_IDS.filter((rule) => RULES[rule].dimension === figure);
      const broken = await recordsBreaking(db, rules, choice);
      return broken.map(({ unit, stream, key, reject, fields, rules: found }) => ({
        unit,
        source: stream,
        record: key,
        at: null,
        fields,
        rules: found,
        ...(reject === null ? { what: 'flagged' } : { what: 'reject', reject }),
      }));
    }
    case 'types':
      return rowsOf(db, UNCONNECTED, choice);
    case 'collection':
      return rowsOf(db, `${LACKING} UNION ALL (${UNCONNECTED})`, choice);
    case 'consistency':
      return rowsOf(db, DIFFERING, choice);
    case 'applicability':
      return rowsOf(db, unused('items_linked', 'items', 'unlinked-items'), choice);
    case 'application':
      return rowsOf(db, unused('cases_used', 'cases', 'cases-without'), choice);
    case 'success':
      return rowsOf(db, unused('calls_good', 'calls', 'failed-calls'), choice);
  }
}

async function rowsOf(
  db: Knex,
  query: string,
  choice: FigureChoice & { limit: number },
  basis: Basis | null = null,
): Promise<Shortfall[]> {
  const { rows } = await db.raw<{ rows: (Lacking & { what: ShortfallKind; facts: object })[] }>(
    `SELECT * FROM (${query}) AS lacking ORDER BY unit, source, record LIMIT :limit`,
    { ...boundsOf(choice), at: choice.at, waiting: WAITING_RULES, limit: choice.limit, basis },
  );
  return rows.map(({ facts, ...row }) => ({ ...row, ...facts }) as Shortfall);
}

const LACKING = `
  SELECT unit_name AS unit, stream.name AS source, record_key AS record, min(first_seen_at) AS at, 'reject' AS what,
    jsonb_build_object('reject', min(reject.id), 'fields', '[]'::jsonb, 'rules', jsonb_agg(DISTINCT reject.rule)) AS facts
  FROM reject JOIN stream ON stream.id = stream_id
  WHERE resolved_at IS NULL AND reject.rule <> ALL (:waiting) AND ${CHOSEN}
    AND (:from::timestamptz IS NULL OR coalesce(source_updated_at, first_seen_at) >= :from)
    AND (:to::timestamptz IS NULL OR coalesce(source_updated_at, first_seen_at) < :to)
    AND NOT EXISTS (SELECT FROM certificate c WHERE c.stream_id = reject.stream_id AND c.record_key = reject.record_key)
  GROUP BY unit_name, stream.name, record_key, CASE WHEN record_key IS NULL THEN reject.id END
  UNION ALL
  SELECT unit_name, stream.name, key, d.opened_at, 'at-source-only', jsonb_build_object('subject', subject)
  FROM stream JOIN discrepancy d ON d.stream_id = stream.id CROSS JOIN unnest(only_at_source) AS key
  WHERE ${TOUCHES} AND ${CHOSEN}
  UNION ALL
  SELECT unit_name, stream.name, NULL, d.opened_at, 'counts-differ',
    jsonb_build_object('subject', subject, 'declared', source_count, 'held', library_count)
  FROM stream JOIN discrepancy d ON d.stream_id = stream.id
  WHERE source_count - library_count > cardinality(only_at_source) AND ${TOUCHES} AND ${CHOSEN}
  UNION ALL
  SELECT unit_name, stream.name, NULL, planned_at, 'stock-plan', jsonb_build_object('planned', planned)
  FROM stream JOIN stock_plan ON stock_plan.stream_id = stream.id
  WHERE delivery = 'stock' AND ${CHOSEN} AND planned >
    (SELECT coalesce(sum(read), 0) FROM batch WHERE stream_id = stream.id AND state = 'complete' AND purpose <> 'replay')`;

const UNCONNECTED = `
  SELECT unit_name AS unit, type_code AS source, NULL AS record, begins AS at, 'unconnected-type' AS what,
    jsonb_build_object('name', name) AS facts
  FROM (${DUE_TYPES}) AS type WHERE NOT connected AND ${TYPES_CHOSEN}`;

const DIFFERING = `
  SELECT unit_name AS unit, stream.name AS source, key AS record, finished_at AS at, kind AS what,
    jsonb_build_object('proof', last.id) AS facts
  FROM stream CROSS JOIN LATERAL (${LAST_PROOFS}) AS last
  CROSS JOIN LATERAL (
    SELECT key, 'missing' AS kind FROM unnest(missing) AS key
    UNION ALL SELECT key, 'extra' FROM unnest(extra) AS key
    UNION ALL SELECT key, 'different' FROM unnest(different) AS key) AS named
  WHERE ${CHOSEN}`;

const unused = (done: string, all: string, what: ShortfallKind): string => `
  SELECT unit_name AS unit, to_char(month, 'YYYY-MM') AS source, NULL AS record, reported_at AS at, '${what}' AS what,
    jsonb_build_object('lacking', ${all} - ${done}, 'of', ${all}, 'by', reported_by) AS facts
  FROM (${USED_BY_MONTH}) AS last WHERE ${done} < ${all}`;
