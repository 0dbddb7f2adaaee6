import type { Knex } from 'knex';
import type { Delivery } from './streams.ts';

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

/** Parts of a stream that are due and not proven to be in. */
export interface Gap {
  stream: string;
  unit: string;
  kind: 'interval' | 'batch' | 'difference' | 'unacknowledged' | 'paused';
  what: string;
}

export interface ObligationOverview {
  subject: string;
  rule: string;
  article: string;
  basis: 'statutory' | 'internal';
  owner: string;
  dueAt: Date;
  metAt: Date | null;
  state: 'open' | 'overdue' | 'met' | 'met late';
  reason: string | null;
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
 * Everything that is due and not proven to be in, each with its owner: uncovered intervals and links, differences that
 * reading again did not mend, and batches that are safe and not yet acknowledged.
 */
export async function findGaps(db: Knex, at: Date, stream?: string): Promise<Gap[]> {
  const { rows } = await db.raw<{ rows: Gap[] }>(
    `WITH due AS (
       SELECT s.*, c.times, c.ordinals,
         -- The days before today, and of the current one what is past its cut-off.
         greatest(collect_from, date_trunc('day', :at::timestamptz - interval '15 minutes', 'Asia/Shanghai'), (SELECT max(CASE WHEN upper(whole) + interval '15 minutes' <= :at THEN upper(whole)
             WHEN upper(requires) <= :at THEN upper(requires) END)
           FROM obligation WHERE stream_id = s.id)) AS due_to,
         (SELECT coalesce(max(ordinal), 0) FROM batch WHERE stream_id = s.id) AS last_link
       FROM stream s JOIN coverage c ON c.stream_id = s.id
       WHERE retired_at IS NULL AND (:stream::text IS NULL OR name = :stream))
     SELECT name AS stream, unit_name AS unit, 'interval' AS kind, ${local('lower(gap)')} || ' – ' || ${local('upper(gap)')} AS what
     FROM due, unnest(tstzmultirange(tstzrange(collect_from, due_to)) - times) AS gap WHERE delivery = 'daily'
     UNION ALL
     SELECT name, unit_name, 'batch', 'link ' || lower(gap) || CASE WHEN upper(gap) - lower(gap) > 1 THEN '–' || upper(gap) - 1 ELSE '' END
     FROM due, unnest(int8multirange(int8range(1, last_link + 1)) - ordinals) AS gap
     UNION ALL
     SELECT name, unit_name, 'paused', paused_reason FROM due WHERE paused_reason IS NOT NULL
     UNION ALL
     SELECT name, owner_name, 'difference', subject || ': source ' || source_count || ', library ' || library_count
       || CASE WHEN only_at_source <> '{}' THEN '; missing: ' || array_to_string(only_at_source[1:20], ', ') ELSE '' END
       || CASE WHEN only_in_library <> '{}' THEN '; only in the library: ' || array_to_string(only_in_library[1:20], ', ') ELSE '' END
       || CASE WHEN different <> '{}' THEN '; other content: ' || array_to_string(different[1:20], ', ') ELSE '' END
     FROM due JOIN discrepancy d ON d.stream_id = due.id AND d.closed_at IS NULL
     UNION ALL
     SELECT name, unit_name, 'unacknowledged', 'batch ' || source_batch
     FROM due JOIN batch b ON b.stream_id = due.id
     WHERE b.ordinal IS NOT NULL AND b.state = 'complete' AND b.acknowledged_at IS NULL
     ORDER BY 1, 3, 4`,
    { at, stream: stream ?? null },
  );
  return rows;
}

/** Obligations that are not met, and those that were met since `since`. */
export async function listObligations(db: Knex, at: Date, since: Date): Promise<ObligationOverview[]> {
  const { rows } = await db.raw<{ rows: ObligationOverview[] }>(
    `SELECT subject, rule, article, basis, owner_name AS owner, due_at AS "dueAt", met_at AS "metAt",
       obligation_state(due_at, met_at, :at) AS state, reason
     FROM obligation WHERE met_at IS NULL OR met_at >= :since ORDER BY due_at, subject`,
    { at, since },
  );
  return rows;
}

/** How many obligations are in each state. */
export async function countObligations(db: Knex, at: Date): Promise<Record<ObligationOverview['state'], number>> {
  const { rows } = await db.raw<{ rows: { state: ObligationOverview['state']; count: number }[] }>(
    'SELECT obligation_state(due_at, met_at, ?) AS state, count(*) FROM obligation GROUP BY 1',
    [at],
  );
  const counts = { open: 0, overdue: 0, met: 0, 'met late': 0 };
  for (const { state, count } of rows) counts[state] = count;
  return counts;
}
