import type { Knex } from 'knex';

export const ALERT_KINDS = [
  ...([
    'overdue',
    'temporal-away',
    'stream-paused',
    'discrepancy',
    'dead-letters',
    'drift',
    'volume',
    'waiting',
    'outage',
    'reminders',
    'ticket-faults',
  ] as const),
];

/** Something that a person must look at. One alert is open for each kind and subject. */
export interface Alert {
  kind: (typeof ALERT_KINDS)[number];
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

/** A day is compared with the same weekday of so many weeks before it, once there are enough of them. */
const VOLUME_WEEKS = 8;
const VOLUME_LEAST_DAYS = 3;
/** It is far off when it has so many times more or fewer records, and it is not a matter of a few. */
const VOLUME_FACTOR = 3;
const VOLUME_LEAST_DIFFERENCE = 20;

/** What the ledger and the streams show at a moment that a person must look at, overdue obligations grouped by unit. */
export async function findAlerts(db: Knex, at: Date): Promise<Alert[]> {
  const { rows } = await db.raw<{ rows: Alert[] }>(
    `SELECT 'overdue' AS kind, owner_code || ' ' || rule AS subject,
       owner_name || ': ' || count(*) || ' × ' || rule || ' (' || article || ') overdue since '
         || to_char(min(due_at) AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') AS message
     FROM obligation WHERE obligation_state(obligation, :at) = 'overdue' AND due_at <= :at AND obligation_runs(obligation)
     GROUP BY owner_code, owner_name, rule, article
     UNION ALL SELECT 'stream-paused', name, unit_name || ': ' || name || ' is paused: ' || paused_reason
     FROM stream WHERE paused_reason IS NOT NULL AND retired_at IS NULL
     UNION ALL SELECT 'discrepancy', stream.name || ' ' || subject, owner_name || ': ' || stream.name || ' ' || subject
       || ': the source has ' || source_count || ', the library ' || library_count
     FROM discrepancy JOIN stream ON stream.id = stream_id WHERE closed_at IS NULL
     UNION ALL SELECT 'dead-letters', target, target || ': ' || count(*) || ' messages were given up; ./hub connector outbox '
       || target || ' lists them' FROM outbox WHERE dead_at IS NOT NULL GROUP BY target
     UNION ALL SELECT 'ticket-faults', source, source || ': ' || count(*) || ' tickets cannot be taken as disputes since '
       || to_char(min(first_seen_at) AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') || '; ./hub dispute faults lists them'
     FROM ticket_fault WHERE first_seen_at < :at::timestamptz - interval '10 minutes'
       AND last_seen_at > :at::timestamptz - interval '1 day' GROUP BY source
     UNION ALL SELECT 'outage', 'outage/' || outage.id, outage.unit_name || ': outage since '
       || to_char(began_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') || ', '
       || count(*) FILTER (WHERE recovered_at IS NULL) || ' streams stopped, ' || count(recovered_at) - count(proven_at)
       || ' being backfilled: ' || string_agg(stream.name, ', ' ORDER BY stream.name)
     FROM outage JOIN case_file USING (id) JOIN outage_stream ON outage_id = outage.id JOIN stream ON stream.id = stream_id
     WHERE closed_at IS NULL GROUP BY outage.id
     UNION ALL SELECT 'drift', stream.name || ' ' || field || ' ' || change, unit_name || ': ' || stream.name || ', the field '
       || field || ' is ' || change || ' (' || detail || ')'
     FROM (SELECT DISTINCT ON (stream_id, field, change) * FROM drift WHERE last_seen_at > :at::timestamptz - interval '1 day'
           ORDER BY stream_id, field, change, last_seen_at DESC) AS drift JOIN stream ON stream.id = stream_id
     UNION ALL SELECT 'waiting', stream.name, unit_name || ': ' || count(*) || ' records of ' || stream.name
       || ' wait for an entry of their type in the catalog; ./hub catalog list names it'
     FROM reject JOIN stream ON stream.id = stream_id WHERE resolved_at IS NULL AND reject.rule = 'type-unlisted'
     GROUP BY stream.name, unit_name
     UNION ALL SELECT 'reminders', unit_code, unit_name || ': ' || count(*) || ' messages did not arrive: '
       || (array_agg(last_error ORDER BY id DESC))[1] || '; ./hub reminders lists them'
     FROM reminder r WHERE sent_at IS NULL AND withdrawn_at IS NULL AND acknowledged_at IS NULL
       AND (contact_id IS NULL OR dead_at IS NOT NULL)
       AND NOT EXISTS (SELECT FROM reminder later WHERE later.unit_code = r.unit_code AND later.sent_at > r.created_at)
     GROUP BY unit_code, unit_name
     UNION ALL SELECT 'volume', stream.name || ' ' || last.day, unit_name || ': ' || stream.name || ' had ' || last.records
       || ' records on ' || last.day || ', on this weekday it usually has ' || usual.median
     FROM stream
     JOIN LATERAL (SELECT day, records FROM day_volume WHERE stream_id = stream.id
       AND day > (:at::timestamptz AT TIME ZONE 'Asia/Shanghai')::date - 3 ORDER BY day DESC LIMIT 1) AS last ON true
     JOIN LATERAL (SELECT count(*) AS days, percentile_disc(0.5) WITHIN GROUP (ORDER BY records) AS median FROM day_volume
       WHERE stream_id = stream.id AND day < last.day AND day >= last.day - ${VOLUME_WEEKS * 7}
         AND extract(isodow FROM day) = extract(isodow FROM last.day)) AS usual ON usual.days >= ${VOLUME_LEAST_DAYS}
     WHERE abs(last.records - usual.median) >= ${VOLUME_LEAST_DIFFERENCE}
       AND (last.records * ${VOLUME_FACTOR} < usual.median OR last.records > usual.median * ${VOLUME_FACTOR})`,
    { at },
  );
  return rows;
}
