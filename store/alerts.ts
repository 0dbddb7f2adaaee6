import type { Knex } from 'knex';

/** Something that a person must look at. One alert is open for each kind and subject. */
export interface Alert {
  kind: 'overdue' | 'temporal-away' | 'stream-paused' | 'discrepancy';
  subject: string;
  message: string;
}

/**
 * Brings the open alerts of some kinds in line with what holds now; returns those that are new and those that ended.
 */
export async function saveAlerts(
  db: Knex,
  kinds: readonly Alert['kind'][],
  holding: readonly Alert[],
  at: Date,
): Promise<{ raised: Alert[]; cleared: Alert[] }> {
  const columns = ['kind', 'subject', 'message'] as const;
  return db.transaction(async (trx) => {
    const known = await trx('alert')
      .whereIn('kind', kinds)
      .whereNull('cleared_at')
      .select<(Alert & { id: number })[]>('id', ...columns);
    const same = (a: Alert, b: Alert): boolean => a.kind === b.kind && a.subject === b.subject;
    const cleared = known.filter((alert) => !holding.some((other) => same(alert, other)));
    const raised = holding.filter((alert) => !known.some((other) => same(alert, other)));
    await trx('alert')
      .whereIn(
        'id',
        cleared.map(({ id }) => id),
      )
      .update({ cleared_at: at });
    if (holding.length > 0) {
      await trx('alert')
        .insert(holding.map((alert) => ({ ...alert, raised_at: at, last_seen_at: at })))
        .onConflict(trx.raw('(kind, subject) WHERE cleared_at IS NULL'))
        .merge(['message', 'last_seen_at']);
    }
    return { raised, cleared };
  });
}

export async function openAlerts(db: Knex): Promise<(Alert & { raisedAt: Date })[]> {
  return db('alert')
    .whereNull('cleared_at')
    .orderBy('raised_at')
    .select<(Alert & { raisedAt: Date })[]>('kind', 'subject', 'message', { raisedAt: 'raised_at' });
}

/** What the ledger and the streams show at a moment that a person must look at, overdue obligations grouped by unit. */
export async function findAlerts(db: Knex, at: Date): Promise<Alert[]> {
  const { rows } = await db.raw<{ rows: Alert[] }>(
    `SELECT 'overdue' AS kind, owner_code || ' ' || rule AS subject,
       owner_name || ': ' || count(*) || ' × ' || rule || ' (' || article || ') overdue since '
         || to_char(min(due_at) AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') AS message
     FROM obligation WHERE obligation_state(due_at, met_at, :at) = 'overdue' AND due_at <= :at AND met_at IS NULL
     GROUP BY owner_code, owner_name, rule, article
     UNION ALL SELECT 'stream-paused', name, unit_name || ': ' || name || ' is paused: ' || paused_reason
     FROM stream WHERE paused_reason IS NOT NULL AND retired_at IS NULL
     UNION ALL SELECT 'discrepancy', stream.name || ' ' || subject, owner_name || ': ' || stream.name || ' ' || subject
       || ': the source has ' || source_count || ', the library ' || library_count
     FROM discrepancy JOIN stream ON stream.id = stream_id WHERE closed_at IS NULL`,
    { at },
  );
  return rows;
}
