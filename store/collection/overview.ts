import type { Knex } from 'knex';
import type { Reason } from '../../domain/ledger/reasons.ts';
import { byBasis, type Basis } from '../../domain/basis.ts';
import { UNTIMED } from '../../domain/difference-subjects.ts';
import { EVERY_STATE, type ObligationState } from '../../domain/ledger/duties.ts';
import type { GapFacts } from '../../domain/collection/gap.ts';
import {
  STREAM_STATES,
  type CoverageState,
  type Delivery,
  type StreamFacts,
  type StreamStateName,
} from '../../domain/streams.ts';

/** One line of `hub status` for each stream. */
export interface StreamOverview {
  stream: string;
  title: string;
  unit: string;
  delivery: Delivery;
  pausedReason: string | null;
  read: number;
  accepted: number;
  unchanged: number;
  rejected: number;
  /** Certificates in the library now. */
  held: number;
  openRejects: number;
  /** For people: intervals or links that are covered. */
  coverage: string;
  gaps: number;
  lastReadAt: Date | null;
}

/** A part of a stream that is due and not proven to be in. */
export type Gap = GapFacts<Date> & { stream: string; unit: string };

export interface ObligationOverview {
  subject: string;
  rule: string;
  article: string;
  basis: Basis;
  owner: string;
  /** Null: 日历未公布. */
  dueAt: Date | null;
  metAt: Date | null;
  state: ObligationState;
  reason: Reason | null;
}

const LOCAL = `'YYYY-MM-DD HH24:MI:SS'`;
const local = (expression: string): string => `to_char(${expression} AT TIME ZONE 'Asia/Shanghai', ${LOCAL})`;

/** What every stream has delivered. Finished days are due to their end, the current one to its cut-off. */
export async function streamOverview(db: Knex, at: Date): Promise<StreamOverview[]> {
  const { rows } = await db.raw<{ rows: Omit<StreamOverview, 'gaps'>[] }>(
    `SELECT name AS stream, title, unit_name AS unit, delivery, paused_reason AS "pausedReason",
       coalesce(b.read, 0) AS read, coalesce(b.accepted, 0) AS accepted, coalesce(b.unchanged, 0) AS unchanged,
       coalesce(b.rejected, 0) AS rejected, b.last AS "lastReadAt",
       coalesce(b.added, 0) AS held,
       (SELECT count(*) FROM reject WHERE stream_id = s.id AND resolved_at IS NULL) AS "openRejects",
       CASE WHEN delivery = 'return' OR delivery = 'stock' AND times = '{}'
         THEN (SELECT coalesce(string_agg(lower(o) || '–' || upper(o) - 1, ', '), '') FROM unnest(ordinals) AS o)
         ELSE (SELECT coalesce(string_agg(${local('lower(t)')} || ' – ' || ${local('upper(t)')}, ', '), '') FROM unnest(times) AS t)
       END AS coverage
     FROM stream s JOIN coverage c ON c.stream_id = s.id
     LEFT JOIN LATERAL (
       SELECT sum(p.read)::bigint AS read, sum(p.accepted)::bigint AS accepted, sum(p.unchanged)::bigint AS unchanged,
         sum(p.rejected)::bigint AS rejected, sum(p.added)::bigint AS added, max(p.committed_at) AS last
       FROM batch JOIN batch_page p ON p.batch_id = batch.id WHERE batch.stream_id = s.id) AS b ON true
     WHERE retired_at IS NULL ORDER BY name`,
  );
  const found = await findGaps(db, at);
  return rows.map((row) => ({ ...row, gaps: found.filter((gap) => gap.stream === row.stream).length }));
}

/**
 * Common table expressions for other queries: `due`, every stream, of which all or one (`:stream`) are wanted, with what
 * it has and up to when it has to; `resting`, the outages that run; and `gap`, see {@link findGaps}.
 */
const GAPS = `due AS (
       SELECT s.*, c.times, c.ordinals,
         -- The days before today, and of the current one what is past its cut-off.
         greatest(collect_from, date_trunc('day', :at::timestamptz - interval '15 minutes', 'Asia/Shanghai'), (SELECT max(CASE WHEN upper(whole) + interval '15 minutes' <= :at THEN upper(whole)
             WHEN upper(requires) <= :at THEN upper(requires) END)
           FROM obligation WHERE stream_id = s.id AND duty_kind = 'increment' AND started_at > :at::timestamptz - interval '3 days')) AS due_to,
         (SELECT coalesce(max(ordinal), 0) FROM batch WHERE stream_id = s.id) AS last_link
       FROM stream s JOIN coverage c ON c.stream_id = s.id
       WHERE retired_at IS NULL AND (:stream::text IS NULL OR name = :stream)),
     resting AS (
       SELECT stream_id, range_agg(tstzrange(began_at, recovered_at)) AS during, min(outage_id) AS outage
       FROM outage_stream JOIN outage ON outage.id = outage_id JOIN case_file ON case_file.id = outage.id
       WHERE closed_at IS NULL GROUP BY 1),
     gap AS (
     SELECT name AS stream, unit_name AS unit,
       -- What an outage keeps back is expected to be missing.
       CASE WHEN during && gap THEN 'outage' ELSE 'interval' END AS kind, lower(gap) AS "from", upper(gap) AS "to", '{}'::jsonb AS facts
     FROM due LEFT JOIN resting ON resting.stream_id = due.id,
       unnest(tstzmultirange(tstzrange(collect_from, due_to)) - times) AS gap WHERE delivery = 'daily'
     UNION ALL
     SELECT name, unit_name, 'batch', NULL, NULL, jsonb_build_object('first', lower(gap), 'last', upper(gap) - 1)
     FROM due, unnest(int8multirange(int8range(1, last_link + 1)) - ordinals) AS gap
     UNION ALL
     SELECT name, unit_name, 'paused', NULL, NULL, jsonb_build_object('reason', paused_reason, 'code', paused_code)
     FROM due WHERE paused_reason IS NOT NULL
     UNION ALL
     SELECT name, owner_name, 'difference', window_from, window_to,
       jsonb_build_object('subject', subject, 'source', source_count, 'library', library_count,
         'missing', only_at_source[1:20], 'extra', only_in_library[1:20], 'different', different[1:20], 'repeated', repeated[1:20])
     FROM due JOIN discrepancy d ON d.stream_id = due.id AND d.closed_at IS NULL
     UNION ALL
     SELECT name, unit_name, 'difference', NULL, NULL, jsonb_build_object('subject', '${UNTIMED}', 'source', count(*), 'library', 0,
       'missing', '{}'::text[], 'extra', '{}'::text[], 'different', '{}'::text[], 'repeated', '{}'::text[])
     FROM due JOIN reject r ON r.stream_id = due.id AND r.resolved_at IS NULL AND r.source_updated_at IS NULL
     GROUP BY name, unit_name
     UNION ALL
     SELECT name, unit_name, 'unacknowledged', NULL, NULL, jsonb_build_object('batch', source_batch)
     FROM due JOIN batch b ON b.stream_id = due.id
     WHERE b.ordinal IS NOT NULL AND b.state = 'complete' AND b.acknowledged_at IS NULL)`;

/**
 * Everything that is due and not proven to be in, each with its owner: uncovered intervals and links, differences that
 * reading again did not mend, and batches that are safe and not yet acknowledged.
 */
export async function findGaps(db: Knex, at: Date, stream?: string): Promise<Gap[]> {
  const { rows } = await db.raw<{
    rows: (Pick<Gap, 'stream' | 'unit' | 'kind' | 'from' | 'to'> & { facts: object })[];
  }>(
    `WITH ${GAPS} SELECT * FROM gap ORDER BY stream, kind, "from", facts->>'subject', facts->'first', facts->>'batch'`,
    { at, stream: stream ?? null },
  );
  return rows.map(({ facts, ...gap }) => ({ ...gap, ...facts }) as Gap);
}

/** How a stream stands, with what is worst first, and what it brought of late. */
export interface StreamState {
  stream: string;
  title: string;
  unit: string;
  unitCode: string;
  delivery: Delivery;
  state: StreamStateName;
  /** What the state is by. */
  facts: StreamFacts;
  lastSuccessAt: Date | null;
  /** Proven to be in up to here; null for chains of batches. */
  coveredTo: Date | null;
  /** The last link of a chain; null for streams of time. */
  link: number | null;
  /** At the three points, of the reads since a moment: the source said, was read, was committed. */
  declared: number;
  read: number;
  committed: number;
  accepted: number;
  rejected: number;
  gaps: number;
  openRejects: number;
}

/** What is read of every stream to say how it stands. */
const FACTS = `late AS (
       SELECT stream_id, count(*) AS days, count(*) FILTER (WHERE basis = 'statutory') AS statutory, min(due_at) AS since
       FROM obligation
       WHERE duty_kind = 'increment' AND obligation_runs(obligation) AND due_at <= :at AND suspended_by IS NULL GROUP BY 1),
     counted AS (SELECT stream, count(*) AS gaps, count(*) FILTER (WHERE kind = 'difference') AS differences,
         -- What a night has not mended; that of a day whose cut-off has just passed is being read.
         count(*) FILTER (WHERE kind = 'interval'
           AND "from" < date_trunc('day', :at::timestamptz - interval '6 hours', 'Asia/Shanghai')) AS holes
       FROM gap GROUP BY 1),
     stated AS (
       SELECT due.*, late.days AS late_days, late.statutory AS late_statutory, late.since AS late_since, resting.outage, resting.during,
         coalesce(gaps, 0) AS gaps, coalesce(differences, 0) AS differences, coalesce(holes, 0) AS holes,
         CASE WHEN paused_reason IS NOT NULL THEN 'paused' WHEN late.days > 0 THEN 'late'
           WHEN contact IN ('unreachable', 'garbled', 'refused') AND resting.outage IS NULL OR differences > 0 OR holes > 0 THEN 'error'
           WHEN resting.outage IS NOT NULL THEN 'outage'
           WHEN contact IS NULL THEN 'unknown'
           WHEN delivery <> 'stock' AND contact_at < :at::timestamptz
             - CASE delivery WHEN 'return' THEN :quiet::double precision * interval '1 ms' ELSE interval '26 hours' END
             THEN 'unknown' ELSE 'on time' END AS state
       FROM due LEFT JOIN late ON late.stream_id = due.id LEFT JOIN resting ON resting.stream_id = due.id
       LEFT JOIN counted ON counted.stream = due.name
       WHERE (:units::text[] IS NULL OR unit_code = ANY (:units)) AND (:unit::text IS NULL OR unit_code = :unit))`;

/** Which streams, and where a list of them goes on. */
export interface StreamChoice {
  at: Date;
  /** A stream that returns is unknown when nothing was heard of it for so long, milliseconds. */
  quietMs: number;
  /** Counts are of reads since then. */
  since: Date;
  units: readonly string[] | null;
  unit?: string | undefined;
  states?: readonly StreamStateName[] | undefined;
  /** One by its name. */
  stream?: string | undefined;
  after?: { state: StreamStateName; stream: string } | undefined;
  limit: number;
}

const bindings = ({ at, quietMs, since, units, unit, states, stream, after, limit }: StreamChoice) => ({
  at,
  quiet: quietMs,
  since,
  limit,
  order: Object.keys(STREAM_STATES),
  unit: unit ?? null,
  units: units ? [...units] : null,
  states: states ? [...states] : null,
  stream: stream ?? null,
  afterState: after?.state ?? null,
  afterStream: after?.stream ?? null,
});

/** Streams that are configured, the worst first. Counts come from batches, which keep them, not from certificates. */
export async function streamStates(db: Knex, choice: StreamChoice): Promise<StreamState[]> {
  const { rows } = await db.raw<{ rows: StreamState[] }>(
    `WITH ${GAPS}, ${FACTS}, page AS (
       SELECT * FROM stated WHERE (:states::text[] IS NULL OR state = ANY (:states)) AND (:afterState::text IS NULL
         OR (array_position(:order::text[], state), name) > (array_position(:order::text[], :afterState::text), :afterStream::text))
       ORDER BY array_position(:order::text[], state), name LIMIT :limit)
     SELECT name AS stream, title, unit_name AS unit, unit_code AS "unitCode", delivery, state,
       json_build_object('pausedReason', paused_reason, 'pausedCode', paused_code, 'lateDays', json_build_object('statutory', coalesce(late_statutory, 0), 'internal', coalesce(late_days - late_statutory, 0)), 'lateSince', late_since,
         'contact', contact, 'contactAt', contact_at, 'contactDetail', contact_detail, 'differences', differences, 'holes', holes,
         'outage', outage) AS facts,
       last.closed_at AS "lastSuccessAt", upper(times) AS "coveredTo", upper(ordinals) - 1 AS link,
       coalesce(b.declared, 0) AS declared, coalesce(b.read, 0) AS read, coalesce(b.committed, 0) AS committed,
       coalesce(b.accepted, 0) AS accepted, coalesce(b.rejected, 0) AS rejected, gaps,
       (SELECT count(*) FROM reject WHERE stream_id = page.id AND resolved_at IS NULL) AS "openRejects"
     FROM page LEFT JOIN LATERAL (
       SELECT closed_at FROM batch WHERE stream_id = page.id AND state = 'complete' AND purpose NOT IN ('replay', 'paper')
       ORDER BY opened_at DESC LIMIT 1) AS last ON true
     LEFT JOIN LATERAL (
       SELECT sum(declared)::bigint AS declared, sum(read)::bigint AS read, sum(accepted)::bigint AS accepted,
         sum(rejected)::bigint AS rejected, sum(accepted + unchanged + rejected)::bigint AS committed
       FROM batch WHERE stream_id = page.id AND opened_at >= :since AND state <> 'open' AND purpose NOT IN ('replay', 'paper')) AS b ON true
     ORDER BY array_position(:order::text[], state), name`,
    bindings(choice),
  );
  return rows;
}

/** How many streams there are in each state. */
export async function countStreamStates(
  db: Knex,
  choice: Omit<StreamChoice, 'limit' | 'after' | 'states'>,
): Promise<Record<StreamStateName, number>> {
  const { rows } = await db.raw<{ rows: { counts: Partial<Record<StreamStateName, number>> | null }[] }>(
    `WITH ${GAPS}, ${FACTS} SELECT json_object_agg(state, streams) AS counts
     FROM (SELECT state, count(*) AS streams FROM stated GROUP BY 1) AS counted`,
    bindings({ ...choice, limit: 0 }),
  );
  const none = Object.fromEntries(Object.keys(STREAM_STATES).map((state) => [state, 0])) as Record<
    StreamStateName,
    number
  >;
  return { ...none, ...rows[0]?.counts };
}

/**
 * What each day of some streams is covered by, a state for each day from the first to the last. Days of chains, which have
 * no hours, are told by the batches that were taken on them.
 */
export async function streamDays(
  db: Knex,
  choice: Pick<StreamChoice, 'at' | 'units'> & { streams: readonly string[]; from: string; to: string },
): Promise<Map<string, CoverageState[]>> {
  const { at, units, streams, from, to } = choice;
  const { rows } = await db.raw<{ rows: { stream: string; days: CoverageState[] }[] }>(
    `WITH ${GAPS}, ${FACTS}, day AS (
       SELECT date::date, tstzrange(date AT TIME ZONE 'Asia/Shanghai', (date + interval '1 day') AT TIME ZONE 'Asia/Shanghai') AS whole
       FROM generate_series(:from::timestamp, :to::timestamp, interval '1 day') AS date),
     taken AS (
       SELECT stream_id, (opened_at AT TIME ZONE 'Asia/Shanghai')::date AS date, bool_and(batch.state = 'complete') AS complete,
         bool_or(batch.state = 'complete') AS any
       FROM batch JOIN stated ON stated.id = stream_id
       WHERE delivery <> 'daily' AND stated.name = ANY (:streams) AND purpose NOT IN ('replay', 'paper')
         AND opened_at >= :from::timestamp AT TIME ZONE 'Asia/Shanghai'
         AND opened_at < (:to::timestamp + interval '1 day') AT TIME ZONE 'Asia/Shanghai'
       GROUP BY 1, 2)
     SELECT name AS stream, array_agg(CASE
         WHEN delivery <> 'daily' THEN CASE WHEN complete THEN 'covered' WHEN taken.any THEN 'partly'
           WHEN taken.date IS NOT NULL THEN 'gap' ELSE 'not due' END
         WHEN isempty(wanted) THEN 'not due'
         WHEN wanted <@ times THEN 'covered'
         WHEN multirange(wanted) - times <@ coalesce(during, '{}') THEN 'rest'
         WHEN multirange(wanted) && times THEN 'partly' ELSE 'gap' END ORDER BY day.date) AS days
     FROM stated CROSS JOIN day
     CROSS JOIN LATERAL (SELECT whole * tstzrange(collect_from, due_to) AS wanted) AS part
     LEFT JOIN taken ON taken.stream_id = stated.id AND taken.date = day.date
     WHERE name = ANY (:streams) GROUP BY name`,
    {
      ...bindings({ at, units, quietMs: 0, since: at, limit: 0 }),
      streams: [...streams],
      from,
      to,
    },
  );
  return new Map(rows.map(({ stream, days }) => [stream, days]));
}

/**
 * Obligations that run, and those that were met since `since`; without those that come in hundreds of thousands, which
 * ./hub cases and ./hub expiry list.
 */
export async function listObligations(db: Knex, at: Date, since: Date): Promise<ObligationOverview[]> {
  const { rows } = await db.raw<{ rows: ObligationOverview[] }>(
    `SELECT subject, rule, article, basis, owner_name AS owner, due_at AS "dueAt", met_at AS "metAt",
       obligation_state(obligation, :at) AS state, reason
     FROM obligation WHERE (obligation_runs(obligation) OR met_at >= :since)
       AND duty_kind NOT IN ('push-online', 'push-offline', 'push-bulk', 'delivery', 'expiry')
     ORDER BY due_at NULLS FIRST, subject`,
    { at, since },
  );
  return rows;
}

/** How many obligations of each basis are in each state: all that run, and those that ended since `since`. */
export async function countObligations(
  db: Knex,
  at: Date,
  since: Date,
): Promise<Record<Basis, Record<ObligationState, number>>> {
  // Apart, so that each is found by its index: nearly all that there ever were have ended long ago.
  const { rows } = await db.raw<{ rows: { basis: Basis; state: ObligationState; count: number }[] }>(
    `SELECT basis, state, sum(count)::bigint AS count FROM (
       SELECT basis, obligation_state(obligation, :at) AS state, count(*) FROM obligation WHERE obligation_runs(obligation) GROUP BY 1, 2
       UNION ALL SELECT basis, obligation_state(obligation, :at), count(*) FROM obligation
         WHERE met_at >= :since GROUP BY 1, 2
       UNION ALL SELECT basis, obligation_state(obligation, :at), count(*) FROM obligation
         WHERE met_at IS NULL AND coalesce(cancelled_at, exempted_at) >= :since GROUP BY 1, 2) AS apart
     GROUP BY 1, 2`,
    { at, since },
  );
  const counts = byBasis(
    () => Object.fromEntries(EVERY_STATE.map((state) => [state, 0])) as Record<ObligationState, number>,
  );
  for (const { basis, state, count } of rows) counts[basis][state] = count;
  return counts;
}
