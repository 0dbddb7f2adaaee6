import type { Knex } from 'knex';
import { suspendDays } from '../casework/outages.ts';

/** A day's increment of one stream as the ledger has it. */
export interface DayObligation {
  id: number;
  /** What must be covered: from the start of the day to the cut-off. */
  requiresFrom: Date;
  requiresTo: Date;
  dueAt: Date;
  metAt: Date | null;
  verifiedAt: Date | null;
}

const dailySubject = (stream: string, date: string): string => `${stream}/${date}`;

/**
 * Opens the obligation of every day that every daily stream has had since it was activated, up to the day of `at`.
 * Repeating it opens nothing twice.
 */
export async function openDays(db: Knex, at: Date): Promise<void> {
  await db.raw(
    `INSERT INTO obligation (rule, article, duty, basis, duty_kind, owner_code, owner_name, stream_id, subject, started_at,
       due_at, requires, whole, opened_at)
     SELECT rule, article, duty, basis, 'increment', unit_code, unit_name, stream.id, stream.name || '/' || day::date, start, start + due,
       tstzrange(start, start + cut_off), tstzrange(start, start + interval '24 hours'), :at
     FROM stream
     CROSS JOIN generate_series((activated_at AT TIME ZONE 'Asia/Shanghai')::date,
       (:at::timestamptz AT TIME ZONE 'Asia/Shanghai')::date, interval '1 day') AS day
     CROSS JOIN LATERAL (SELECT day::timestamp AT TIME ZONE 'Asia/Shanghai' AS start) AS starts
     WHERE rule IS NOT NULL AND retired_at IS NULL
     ON CONFLICT (rule, subject) DO NOTHING`,
    { at },
  );
  await suspendDays(db);
}

/** The obligation of one stream's day, or null when there is none. */
export async function getDay(db: Knex, stream: string, date: string): Promise<DayObligation | null> {
  const { rows } = await db.raw<{ rows: DayObligation[] }>(
    `SELECT id, lower(requires) AS "requiresFrom", upper(requires) AS "requiresTo",
       due_at AS "dueAt", met_at AS "metAt", verified_at AS "verifiedAt"
     FROM obligation WHERE subject = ?`,
    [dailySubject(stream, date)],
  );
  return rows[0] ?? null;
}

/** A day that is over at the source before its cut-off. */
export async function closeDayEarly(db: Knex, id: number, at: Date): Promise<void> {
  await db.raw('UPDATE obligation SET requires = tstzrange(lower(requires), ?) WHERE id = ?', [at, id]);
}

/** What the day's last minutes produce cannot be in before it ends; the last read begins up to 20 minutes before. */
const LAST_MINUTES = '30 minutes';

/** No known difference between source and library touches an interval. */
const undisputed = (interval: string): string =>
  `NOT EXISTS (SELECT FROM discrepancy d WHERE d.stream_id = :streamId AND d.closed_at IS NULL
     AND d.window_from IS NOT NULL AND tstzrange(d.window_from, d.window_to) && ${interval})`;

/**
 * Meets every open day of a stream whose interval is covered and without a known difference, and verifies those whose
 * whole calendar day is: a record that was produced on the day, its last minutes excepted, but came in after the
 * deadline makes the day late, whatever was known at the cut-off.
 */
export async function closeDays(db: Knex, streamId: number, at: Date): Promise<void> {
  await db.transaction(async (trx) => {
    await trx.raw(
      `UPDATE obligation SET met_at = :at, reason = NULL FROM coverage
       WHERE obligation.stream_id = :streamId AND duty_kind = 'increment' AND coverage.stream_id = :streamId
         AND met_at IS NULL AND times @> requires
         AND ${undisputed('requires')}`,
      { streamId, at },
    );
    await trx.raw(
      `UPDATE obligation SET verified_at = :at, met_at = greatest(obligation.met_at, late.last),
         reason = CASE WHEN late.count > 0 THEN '到期后才入库 ' || late.count || ' 条' END
       FROM obligation ended
       JOIN coverage ON coverage.stream_id = ended.stream_id AND times @> ended.whole
       CROSS JOIN LATERAL (
         SELECT count(*) AS count, max(recorded_at) AS last FROM (
           SELECT source_updated_at, recorded_at FROM certificate WHERE stream_id = ended.stream_id
           UNION ALL SELECT source_updated_at, first_seen_at FROM reject WHERE stream_id = ended.stream_id
         ) AS came WHERE recorded_at > ended.due_at AND source_updated_at >= lower(ended.whole)
           AND source_updated_at < upper(ended.whole) - interval '${LAST_MINUTES}') AS late
       WHERE obligation.id = ended.id AND ended.stream_id = :streamId AND ended.duty_kind = 'increment'
         AND ended.met_at IS NOT NULL
         AND ended.verified_at IS NULL AND upper(ended.whole) <= :at AND ${undisputed('ended.whole')}`,
      { streamId, at },
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

/** Start of the day that a reject belongs to: by its own time, else by when it came. */
const DAY_OF_REJECT = `date_trunc('day', coalesce(source_updated_at, first_seen_at), 'Asia/Shanghai')`;

/** Open rejects of the stream by day. Those that only wait for their type are nobody's fault. */
const OPEN_REJECTS = `SELECT ${DAY_OF_REJECT} AS start, count(*) AS count FROM reject
  WHERE stream_id = :streamId AND resolved_at IS NULL AND rule <> 'type-unlisted' GROUP BY 1`;

/**
 * A day's increment can be in and not all of it in the library: as long as rejects of the day are open, its deadline
 * runs on for whoever has to correct them, as an obligation beside the day's own. It is met when the last of them is
 * resolved, and opened anew by a further one.
 */
export async function followRejects(db: Knex, streamId: number, at: Date): Promise<void> {
  await db.raw(
    `INSERT INTO obligation (rule, article, duty, basis, duty_kind, owner_code, owner_name, stream_id, subject, started_at,
       due_at, reason, opened_at)
     SELECT rule, article, duty, basis, duty_kind, owner_code, owner_name, stream_id, subject || '/rejects', started_at, due_at,
       '当日未更正的问题数据 ' || count || ' 条', :at
     FROM obligation JOIN (${OPEN_REJECTS}) AS open ON start = started_at
     WHERE stream_id = :streamId AND duty_kind = 'increment' AND whole IS NOT NULL
     ON CONFLICT (rule, subject) DO UPDATE SET met_at = NULL, reason = excluded.reason
       WHERE obligation.reason IS DISTINCT FROM excluded.reason`,
    { streamId, at },
  );
  await db.raw(
    `UPDATE obligation SET reason = NULL, met_at = coalesce(
       (SELECT max(resolved_at) FROM reject WHERE stream_id = :streamId AND ${DAY_OF_REJECT} = started_at), :at)
     WHERE stream_id = :streamId AND duty_kind = 'increment' AND met_at IS NULL AND subject LIKE '%/rejects'
       AND NOT EXISTS (SELECT FROM (${OPEN_REJECTS}) AS open WHERE start = started_at)`,
    { streamId, at },
  );
}

/** Says why a day is still open, for those who look. */
export async function noteReason(db: Knex, id: number, reason: string): Promise<void> {
  await db('obligation')
    .where({ id })
    .whereNull('met_at')
    .whereRaw('reason IS DISTINCT FROM ?', [reason])
    .update({ reason });
}

/** Daily streams with something before today, or a day past its cut-off, that is not proven to be in. */
export async function streamsBehind(db: Knex, at: Date): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { name: string }[] }>(
    `SELECT name FROM stream JOIN coverage ON stream_id = id
     WHERE delivery = 'daily' AND retired_at IS NULL AND (
       NOT times @> tstzrange(collect_from, greatest(collect_from, date_trunc('day', :at::timestamptz, 'Asia/Shanghai')))
       OR EXISTS (SELECT FROM obligation o
         WHERE o.stream_id = stream.id AND duty_kind = 'increment' AND met_at IS NULL AND requires IS NOT NULL
           AND started_at + stream.cut_off <= :at))`,
    { at },
  );
  return rows.map(({ name }) => name);
}
