import type { Knex } from 'knex';

/** What of the hub is at work: the server takes and watches, the worker reads. */
export type HubPart = 'server' | 'worker';

/** How often a part says that it is at work. */
export const BEAT_MS = 60_000;
/** A part that has not said so for longer was away. */
export const AWAY_MS = 5 * BEAT_MS;

/** Notes that a part of the hub is at work. Several machines may have one: it is at work while any of them is. */
export async function beat(db: Knex, part: HubPart, at: Date): Promise<void> {
  await db.raw(
    `WITH going_on AS (
       UPDATE uptime SET to_at = greatest(to_at, :at) WHERE part = :part AND from_at = (
         SELECT max(from_at) FROM uptime WHERE part = :part AND from_at <= :at)
         AND to_at >= :at::timestamptz - :away * interval '1 millisecond' RETURNING part)
     INSERT INTO uptime (part, from_at, to_at) SELECT :part, :at, :at WHERE NOT EXISTS (SELECT FROM going_on)
     ON CONFLICT DO NOTHING`,
    { part, at, away: AWAY_MS },
  );
}

/** When a part was last at work; null before it ever was. */
export async function lastBeat(db: Knex, part: HubPart): Promise<Date | null> {
  const row = await db('uptime').where({ part }).max<{ at: Date | null }[]>('to_at as at');
  return row[0]?.at ?? null;
}

/** A common table expression, `away`: the times in which a part of the hub was not at work, `:at` being now. */
export const AWAY = `away AS MATERIALIZED (
  SELECT coalesce(range_agg(tstzrange(to_at, next_at)), '{}') AS times FROM (
    SELECT to_at, coalesce(lead(from_at) OVER (PARTITION BY part ORDER BY from_at), :at) AS next_at FROM uptime) AS span
  WHERE next_at - to_at > interval '${AWAY_MS} milliseconds')`;
