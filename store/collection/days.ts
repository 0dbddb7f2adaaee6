import type { Knex } from 'knex';
import type { LateBecause, ProducedBy } from '../../domain/collection/day.ts';
import type { Basis } from '../../domain/basis.ts';
import type { ObligationState } from '../../domain/ledger/duties.ts';
import { HUB } from '../../domain/ledger/reasons.ts';
import { AWAY } from '../ledger/uptime.ts';
import { explainFrom, followSuspensions, meetFrom, openDated, openFrom, verifyFrom } from '../ledger/obligations.ts';

/** A day's increment of one stream as the ledger has it. */
export interface DayObligation {
  id: number;
  /** What must be covered: from the start of the day to the cut-off. */
  requiresFrom: Date;
  requiresTo: Date;
  dueAt: Date;
  metAt: Date | null;
  verifiedAt: Date | null;
  /** As long as it is overdue, the hub was not at work. */
  missedByHub: boolean;
}

const dailySubject = (stream: string, date: string): string => `${stream}/${date}`;

/** Records of `day`, a row of the ledger with the stream, that came in late, each once; what was refused when it came, too. */
const LATE = `
  SELECT late.record_key AS key, c.number, late.recorded_at AS "recordedAt", because, NULL::bigint AS reject
  FROM late_record late LEFT JOIN certificate c USING (stream_id, record_key)
  WHERE late.stream_id = day.stream_id AND late.day = (day.started_at AT TIME ZONE 'Asia/Shanghai')::date
  UNION ALL
  (SELECT DISTINCT ON (coalesce(record_key, reject.id::text)) record_key, NULL, first_seen_at, 'update', reject.id FROM reject
  WHERE reject.stream_id = day.stream_id AND source_updated_at >= lower(day.whole)
    AND source_updated_at < upper(day.whole) - coalesce(grace, interval '0') AND first_seen_at > day.due_at
    -- Without a key it cannot be told what became of it.
    AND (resolved_at IS NULL OR record_key IS NOT NULL)
    AND NOT EXISTS (SELECT FROM late_record late WHERE late.stream_id = day.stream_id AND late.record_key = reject.record_key
      AND late.day = (day.started_at AT TIME ZONE 'Asia/Shanghai')::date)
  ORDER BY coalesce(record_key, reject.id::text), first_seen_at)`;

/** For `day`, and `until`, when it was done or now: when the hub was not at work since its cut-off, and how long. */
const AWAY_MEANWHILE = `CROSS JOIN LATERAL (
  SELECT min(lower(part)) AS began, nullif(max(upper(part)), :at) AS ended, sum(upper(part) - lower(part)) AS took
  FROM unnest((SELECT away.times FROM away)
    * tstzmultirange(tstzrange(upper(day.requires), greatest(upper(day.requires), until)))) AS part) AS meanwhile`;
/** The hub was away for as long as the day was late: it was the hub that missed it. */
const MISSED = `coalesce(until > day.due_at AND until - day.due_at <= took, false)`;
const HUB_AWAY = `jsonb_build_object('code', 'hub-away', 'from', began, 'to', ended, 'records', late.count)`;

/**
 * Opens the obligation of every day that every daily stream has had since it was activated, up to the day of `at`.
 * Repeating it opens nothing twice. Of those that are overdue it says where the hub itself missed them.
 */
export async function openDays(db: Knex, at: Date): Promise<void> {
  await openDated(
    db,
    'increment',
    `SELECT rule, article, duty, basis, coalesce(own.code, unit_code) AS owner_code,
       coalesce(own.name, unit_name) AS owner_name, stream.id AS stream_id,
       stream.name || '/' || day::date AS subject, start AS started_at, start + due AS due_at,
       tstzrange(start, start + cut_off) AS requires, tstzrange(start, start + interval '24 hours') AS whole,
       NULL::jsonb AS reason
     FROM stream
     CROSS JOIN generate_series((activated_at AT TIME ZONE 'Asia/Shanghai')::date,
       (:at::timestamptz AT TIME ZONE 'Asia/Shanghai')::date, interval '1 day') AS day
     CROSS JOIN LATERAL (SELECT day::timestamp AT TIME ZONE 'Asia/Shanghai' AS start) AS starts
     -- Where the profile has the management unit owe it.
     LEFT JOIN (SELECT rule.id, management_code AS code, management_name AS name FROM rule, hub
       WHERE rule.duty = 'increment' AND rule.owner = 'management' AND management_code <> '') AS own ON own.id = stream.rule
     WHERE rule IS NOT NULL AND retired_at IS NULL`,
    { at },
    { by: HUB, at },
  );
  await followSuspensions(db);
  await explainFrom(
    db,
    'increment',
    `WITH ${AWAY}
     SELECT subject, CASE WHEN ${MISSED} THEN ${HUB_AWAY} END AS reason
     FROM obligation day CROSS JOIN (SELECT :at::timestamptz AS until, 0 AS count) AS late ${AWAY_MEANWHILE}
     WHERE duty_kind = 'increment' AND whole IS NOT NULL AND obligation_runs(day) AND suspended_by IS NULL
       AND due_at <= :at AND (${MISSED} OR missed_by_hub(day))`,
    { at },
    HUB,
  );
}

/** The obligation of one stream's day, or null when there is none. */
export async function getDay(db: Knex, stream: string, date: string): Promise<DayObligation | null> {
  const { rows } = await db.raw<{ rows: DayObligation[] }>(
    `SELECT id, lower(requires) AS "requiresFrom", upper(requires) AS "requiresTo",
       due_at AS "dueAt", met_at AS "metAt", verified_at AS "verifiedAt",
       missed_by_hub(obligation) AS "missedByHub"
     FROM obligation WHERE subject = ?`,
    [dailySubject(stream, date)],
  );
  return rows[0] ?? null;
}

/** No known difference between source and library touches an interval. */
const undisputed = (interval: string, stream = ':streamId'): string =>
  `NOT EXISTS (SELECT FROM discrepancy d WHERE d.stream_id = ${stream} AND d.closed_at IS NULL
     AND d.window_from IS NOT NULL AND tstzrange(d.window_from, d.window_to) && ${interval})`;

/**
 * A day's increment of a stream of which nobody owes it, such as a platform of the province: as its coverage proves it.
 * Null of other streams, before it was activated, and after `at`.
 */
export async function unowedDay(
  db: Knex,
  stream: string,
  date: string,
  at: Date,
): Promise<Omit<DayObligation, 'id'> | null> {
  const { rows } = await db.raw<{ rows: Omit<DayObligation, 'id'>[] }>(
    `SELECT lower(requires) AS "requiresFrom", upper(requires) AS "requiresTo", start + due AS "dueAt",
       CASE WHEN times @> requires AND ${undisputed('requires', 'stream.id')} THEN :at::timestamptz END AS "metAt",
       CASE WHEN upper(whole) <= :at AND times @> whole AND ${undisputed('whole', 'stream.id')}
         THEN :at::timestamptz END AS "verifiedAt"
     FROM stream JOIN coverage ON stream_id = stream.id
     CROSS JOIN LATERAL (SELECT CAST(:date AS date)::timestamp AT TIME ZONE 'Asia/Shanghai' AS start) AS begins
     CROSS JOIN LATERAL (SELECT tstzrange(start, start + cut_off) AS requires,
       tstzrange(start, start + interval '24 hours') AS whole) AS day
     WHERE name = :stream AND rule IS NOT NULL AND unit_code IN (SELECT unit_code FROM platform_unit)
       AND start <= :at AND start >= date_trunc('day', activated_at, 'Asia/Shanghai')
       AND NOT EXISTS (SELECT FROM obligation WHERE subject = :subject AND cancelled_at IS NULL)`,
    { subject: dailySubject(stream, date), stream, date, at },
  );
  return rows[0] ?? null;
}

/**
 * Meets every open day of a stream whose interval is covered and without a known difference, and verifies those whose
 * whole calendar day is: a record that was produced on the day but came in after the deadline (`late_record`) makes the
 * day late, whatever was known at the cut-off, and whenever it comes.
 */
export async function closeDays(db: Knex, streamId: number, at: Date): Promise<void> {
  await db.transaction(async (trx) => {
    await meetFrom(
      trx,
      'increment',
      `SELECT subject, :at::timestamptz AS met_at FROM obligation JOIN coverage USING (stream_id)
       WHERE stream_id = :streamId AND duty_kind = 'increment' AND obligation_runs(obligation) AND times @> requires
         AND ${undisputed('requires')}`,
      { streamId, at },
      HUB,
    );
    await verifyFrom(
      trx,
      'increment',
      `WITH ${AWAY}
       SELECT subject, late.last AS late_at, CASE WHEN ${MISSED} THEN ${HUB_AWAY}
         WHEN late.count > 0 THEN jsonb_build_object('code', 'late-records', 'records', late.count) END AS reason
       FROM obligation day JOIN stream ON stream.id = day.stream_id
       JOIN coverage ON coverage.stream_id = day.stream_id AND times @> day.whole
       CROSS JOIN LATERAL (SELECT count(*) AS count, max("recordedAt") AS last FROM (${LATE}) AS came) AS late
       CROSS JOIN LATERAL (SELECT greatest(met_at, late.last) AS until) AS done
       ${AWAY_MEANWHILE}
       WHERE day.stream_id = :streamId AND day.duty_kind = 'increment' AND day.met_at IS NOT NULL
         AND (day.verified_at IS NULL OR EXISTS (SELECT FROM late_record late
           WHERE late.stream_id = :streamId AND late.day = (day.started_at AT TIME ZONE 'Asia/Shanghai')::date
             AND recorded_at > day.met_at))
         AND upper(day.whole) <= :at AND ${undisputed('day.whole')}`,
      { streamId, at },
      { by: HUB, at },
    );
    // Not `<@ whole`, which no index serves: it read every record of the stream.
    await trx.raw(
      `INSERT INTO day_volume (stream_id, day, records)
       SELECT stream_id, (lower(whole) AT TIME ZONE 'Asia/Shanghai')::date,
         (SELECT count(*) FROM certificate c WHERE c.stream_id = o.stream_id
           AND source_updated_at >= lower(whole) AND source_updated_at < upper(whole))
         + (SELECT count(*) FROM reject r WHERE r.stream_id = o.stream_id AND resolved_at IS NULL AND source_updated_at <@ whole)
       FROM obligation o WHERE stream_id = :streamId AND duty_kind = 'increment' AND verified_at = :at
       ON CONFLICT (stream_id, day) DO UPDATE SET records = excluded.records`,
      { streamId, at },
    );
    await followRejects(trx, streamId, at);
  });
}

/** A record of a day that came in after the day was due. */
export interface LateRecord {
  /** Null of a rejected record without one. */
  key: string | null;
  /** 证照编号; null where the library does not hold the record. */
  number: string | null;
  recordedAt: Date;
  because: LateBecause;
  /** It came late and was refused: the number of its reject. */
  reject: number | null;
}

/** The records of one stream's day that came in late, the first of them. */
export async function lateRecords(db: Knex, stream: string, date: string, limit = 100): Promise<LateRecord[]> {
  const { rows } = await db.raw<{ rows: LateRecord[] }>(
    `SELECT late.* FROM obligation day JOIN stream ON stream.id = day.stream_id CROSS JOIN LATERAL (${LATE}) AS late
     WHERE subject = :subject AND duty_kind = 'increment' ORDER BY "recordedAt", key LIMIT :limit`,
    { subject: dailySubject(stream, date), limit },
  );
  return rows;
}

/** How a day's increment of one stream stands, and what it is judged by. */
export interface DayReport {
  /** Number of its deadline. */
  task: number;
  rule: string;
  article: string;
  basis: Basis;
  dueAt: Date;
  /** Proven to be in; verified again once the day was over. */
  metAt: Date | null;
  verifiedAt: Date | null;
  state: ObligationState;
  producedBy: ProducedBy;
  graceMinutes: number;
  /** Records that came in late. */
  late: number;
}

/** The report of one stream's day; null where it owes none. */
export async function dayReport(db: Knex, stream: string, date: string, at: Date): Promise<DayReport | null> {
  const { rows } = await db.raw<{ rows: DayReport[] }>(
    `SELECT day.id AS task, day.rule, day.article, day.basis, day.due_at AS "dueAt", day.met_at AS "metAt",
       day.verified_at AS "verifiedAt", obligation_state(day, :at) AS state,
       coalesce(produced_by, 'issue') AS "producedBy",
       (extract(epoch FROM coalesce(grace, interval '0')) / 60)::integer AS "graceMinutes",
       (SELECT count(*) FROM (${LATE}) AS late) AS late
     FROM obligation day JOIN stream ON stream.id = day.stream_id
     WHERE subject = :subject AND duty_kind = 'increment'`,
    { subject: dailySubject(stream, date), at },
  );
  return rows[0] ?? null;
}

/** The time of a reject: its own, else when it came. */
const TIME_OF_REJECT = 'coalesce(source_updated_at, first_seen_at)';
/** Start of the day that it belongs to. */
const DAY_OF_REJECT = `date_trunc('day', ${TIME_OF_REJECT}, 'Asia/Shanghai')`;

/** Running and ended backfills of the stream, with the time in which the fault kept records back. */
const BACKFILLS = `SELECT DISTINCT o.subject, o.owner_code, o.owner_name, o.stream_id, outage.began_at, o.started_at
  FROM outage_stream own JOIN outage ON outage.id = own.outage_id JOIN stream ON stream.id = own.stream_id
  JOIN obligation o ON o.duty_kind = 'backfill' AND o.cancelled_at IS NULL AND o.correction = 0
    AND o.subject = 'outage/' || outage.id || '/' || stream.name || CASE WHEN own.round > 1 THEN '#' || own.round ELSE '' END
  WHERE own.stream_id = :streamId`;

/** Rejects of the stream, each with the backfill that it came with, if it did. */
const rejects = (which: string): string => `SELECT DISTINCT ON (reject.id) reject.*, backfill.subject AS backfill
  FROM reject LEFT JOIN (${BACKFILLS}) AS backfill
    ON first_seen_at >= began_at AND ${TIME_OF_REJECT} >= began_at AND ${TIME_OF_REJECT} < started_at
  WHERE reject.stream_id = :streamId AND ${which} ORDER BY reject.id, started_at DESC, backfill.subject`;
/** Those that only wait for their type are nobody's fault. */
const OPEN = `resolved_at IS NULL AND rule <> 'type-unlisted'`;
/** The open rejects as they were counted once, by their day and by the backfill that they came with. */
const COUNTED = `json_to_recordset(:open::json) AS counted(start timestamptz, backfill text, count bigint, latest timestamptz)`;
const OPEN_OF_DAYS = `SELECT start, count, latest FROM ${COUNTED} WHERE backfill IS NULL`;
const OPEN_OF_BACKFILLS = `SELECT backfill AS subject, sum(count)::bigint AS count, max(latest) AS latest FROM ${COUNTED}
  WHERE backfill IS NOT NULL GROUP BY 1`;
const REJECTS_REASON = `jsonb_build_object('code', 'open-rejects', 'records', count)`;

/**
 * A day's increment can be in and not all of it in the library: as long as rejects of the day are open, its deadline
 * runs on for whoever has to correct them, as an obligation beside the day's own; what came with the backfill of an outage
 * has the term of the backfill. It is met when the last of them is resolved; a further one opens another (`…/rejects#2`),
 * also after the first was exempted.
 */
export async function followRejects(db: Knex, streamId: number, at: Date): Promise<void> {
  const who = { by: HUB, at };
  const counted = await db.raw<{ rows: { open: string }[] }>(
    `SELECT coalesce(json_agg(counted), '[]')::text AS open FROM (
       SELECT ${DAY_OF_REJECT} AS start, backfill, count(*) AS count, max(first_seen_at) AS latest
       FROM (${rejects(OPEN)}) AS open GROUP BY 1, 2) AS counted`,
    { streamId },
  );
  const { open = '[]' } = counted.rows[0] ?? {};
  const settled = (earlier: string): string =>
    `(obligation_runs(${earlier}) OR coalesce(${earlier}.exempted_at, ${earlier}.cancelled_at) >= open.latest)`;
  await openDated(
    db,
    'increment',
    `SELECT rule, article, duty, basis, owner_code, owner_name, stream_id,
       ledger_round(subject || '/rejects', 'increment') AS subject, started_at, due_at, NULL::tstzrange AS requires,
       NULL::tstzrange AS whole, ${REJECTS_REASON} AS reason
     FROM obligation day JOIN (${OPEN_OF_DAYS}) AS open ON start = started_at
     WHERE stream_id = :streamId AND duty_kind = 'increment' AND whole IS NOT NULL
       AND NOT EXISTS (SELECT FROM obligation earlier
         WHERE earlier.stream_id = day.stream_id AND earlier.duty_kind = 'increment' AND earlier.started_at = day.started_at
           AND earlier.whole IS NULL AND ${settled('earlier')})`,
    { streamId, open },
    who,
  );
  await openFrom(
    db,
    'backfill',
    `SELECT owner_code, owner_name, stream_id, ledger_round(subject || '/rejects', 'backfill') AS subject, started_at,
       NULL::text AS workflow_id, NULL::integer AS working_days
     FROM (${BACKFILLS}) AS backfill JOIN (${OPEN_OF_BACKFILLS}) AS open USING (subject)
     WHERE NOT EXISTS (SELECT FROM obligation earlier
       WHERE earlier.stream_id = backfill.stream_id AND earlier.duty_kind = 'backfill'
         AND starts_with(earlier.subject, backfill.subject || '/rejects') AND ${settled('earlier')})`,
    { streamId, open },
    who,
  );
  const runningDays = `FROM obligation o WHERE o.stream_id = :streamId AND o.duty_kind = 'increment' AND o.whole IS NULL
    AND obligation_runs(o)`;
  const runningBackfills = `FROM (${BACKFILLS}) AS backfill JOIN obligation o ON o.stream_id = backfill.stream_id
    AND o.duty_kind = 'backfill' AND starts_with(o.subject, backfill.subject || '/rejects') AND obligation_runs(o)`;
  await explainFrom(
    db,
    'increment',
    `SELECT o.subject, ${REJECTS_REASON} AS reason FROM (${OPEN_OF_DAYS}) AS open
     JOIN LATERAL (SELECT * ${runningDays} AND o.started_at = open.start) AS o ON true`,
    { streamId, open },
    HUB,
  );
  await explainFrom(
    db,
    'backfill',
    `SELECT o.subject, ${REJECTS_REASON} AS reason ${runningBackfills}
     JOIN (${OPEN_OF_BACKFILLS}) AS open ON open.subject = backfill.subject`,
    { streamId, open },
    HUB,
  );
  // Of the day, whatever they came with: what a day owed before its outage was known it owes until the last is resolved.
  await meetFrom(
    db,
    'increment',
    `SELECT o.subject, coalesce(max(resolved_at), :at) AS met_at
     FROM (SELECT o.subject, o.started_at ${runningDays}
       AND NOT EXISTS (SELECT FROM ${COUNTED} WHERE start = o.started_at)) AS o
     LEFT JOIN reject ON reject.stream_id = :streamId AND ${DAY_OF_REJECT} = o.started_at GROUP BY o.subject`,
    { streamId, at, open },
    HUB,
  );
  await meetFrom(
    db,
    'backfill',
    `SELECT o.subject, coalesce((SELECT max(resolved_at) FROM (${rejects('resolved_at IS NOT NULL')}) AS ended
       WHERE ended.backfill = backfill.subject), :at) AS met_at
     ${runningBackfills} WHERE NOT EXISTS (SELECT FROM (${OPEN_OF_BACKFILLS}) AS open WHERE open.subject = backfill.subject)`,
    { streamId, at, open },
    HUB,
  );
}

/** Daily streams with something before today, or a day past its cut-off, that is not proven to be in. */
export async function streamsBehind(db: Knex, at: Date): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { name: string }[] }>(
    `SELECT name FROM stream JOIN coverage ON stream_id = id
     WHERE delivery = 'daily' AND retired_at IS NULL AND (
       NOT times @> tstzrange(collect_from, greatest(collect_from, date_trunc('day', :at::timestamptz, 'Asia/Shanghai')))
       OR EXISTS (SELECT FROM obligation o
         WHERE o.stream_id = stream.id AND duty_kind = 'increment' AND obligation_runs(o) AND requires IS NOT NULL
           AND started_at + stream.cut_off <= :at))`,
    { at },
  );
  return rows.map(({ name }) => name);
}
