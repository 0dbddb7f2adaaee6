import type { Knex } from 'knex';
import { alertInWords, type AlertFacts, type AlertKind } from '../../domain/ledger/alerts.ts';
import type { Said } from '../../domain/said.ts';

/** Something that a person must look at. One alert is open for each kind and subject. */
export interface Alert {
  kind: AlertKind;
  subject: string;
  message: Said;
}

/** Brings the open alerts of a kind in line with those that hold now; returns those that are new and those that ended. */
export async function saveAlerts(
  db: Knex,
  kind: AlertKind,
  holding: readonly Alert[],
  at: Date,
): Promise<{ raised: Alert[]; cleared: string[] }> {
  return db.transaction(async (trx) => {
    const known = await trx('alert').where({ kind }).whereNull('cleared_at').pluck<string[]>('subject');
    const cleared = known.filter((subject) => !holding.some((alert) => alert.subject === subject));
    const raised = holding.filter(({ subject }) => !known.includes(subject));
    await trx('alert').where({ kind }).whereNull('cleared_at').whereIn('subject', cleared).update({ cleared_at: at });
    if (holding.length > 0) {
      await trx('alert')
        .insert(
          holding.map(({ subject, message: { zh, en } }) => ({
            kind,
            subject,
            message: en,
            message_zh: zh,
            raised_at: at,
            last_seen_at: at,
          })),
        )
        .onConflict(trx.raw('(kind, subject) WHERE cleared_at IS NULL'))
        .merge(['message', 'message_zh', 'last_seen_at']);
    }
    return { raised, cleared };
  });
}

/** The alerts that are open: what keeps the watchdog from looking first, then the oldest. */
export async function openAlerts(db: Knex): Promise<(Alert & { raisedAt: Date })[]> {
  const { rows } = await db.raw<{ rows: (Alert & { raisedAt: Date })[] }>(
    `SELECT kind, subject, json_build_object('zh', message_zh, 'en', message) AS message, raised_at AS "raisedAt"
     FROM alert WHERE cleared_at IS NULL ORDER BY kind <> 'watchdog', raised_at`,
  );
  return rows;
}

/** A day is compared with the same weekday of so many weeks before it, once there are enough of them. */
const VOLUME_WEEKS = 8;
const VOLUME_LEAST_DAYS = 3;
/** It is far off when it has so many times more or fewer records, and it is not a matter of a few. */
const VOLUME_FACTOR = 3;
const VOLUME_LEAST_DIFFERENCE = 20;

/** So many days before a year begins, on 1 November, its table of working days should be there. */
const CALENDAR_DAYS = 61;
/** From the last so many on, from 1 December, each day tells it anew. */
const CALENDAR_DAILY = 31;

/** What of the ledger and the streams a person must look at, by kind: a query of subject and facts; a subject comes once. */
const FOUND = {
  'database-older': `SELECT 'database', jsonb_build_object('kind', 'database-older', 'from', lost_from, 'to', lost_to, 'knownBy', known_by)
     FROM restoration WHERE settled_at IS NULL`,
  clock: `SELECT process, jsonb_build_object('kind', 'clock', 'process', process, 'aheadMs', ahead_ms)
     FROM wrong_clock WHERE read_at > :at::timestamptz - interval '2 minutes'`,
  overdue: `SELECT concat_ws(' ', owner_code, rule, nullif(basis, 'statutory')), jsonb_build_object('kind', 'overdue', 'unit', unit_called(owner_code, max(owner_name)), 'count', count(*),
       'rule', rule, 'article', max(article), 'basis', basis, 'since', min(due_at))
     FROM obligation WHERE obligation_state(obligation, :at) = 'overdue' AND due_at <= :at AND obligation_runs(obligation)
     GROUP BY owner_code, rule, basis`,
  'stream-paused': `SELECT name, jsonb_build_object('kind', 'stream-paused', 'unit', unit_name, 'stream', name,
       'reason', paused_reason, 'code', paused_code)
     FROM stream WHERE paused_reason IS NOT NULL AND retired_at IS NULL`,
  discrepancy: `SELECT stream.name || ' ' || subject, jsonb_build_object('kind', 'discrepancy', 'unit', unit_called(owner_code, owner_name),
       'stream', stream.name, 'of', subject, 'source', source_count, 'library', library_count)
     FROM discrepancy JOIN stream ON stream.id = stream_id WHERE closed_at IS NULL`,
  'dead-letters': `SELECT target, jsonb_build_object('kind', 'dead-letters', 'target', target, 'count', count(*))
     FROM outbox WHERE dead_at IS NOT NULL GROUP BY target`,
  'ticket-faults': `SELECT source, jsonb_build_object('kind', 'ticket-faults', 'source', source, 'count', count(*),
       'since', min(first_seen_at))
     FROM ticket_fault WHERE first_seen_at < :at::timestamptz - interval '10 minutes'
       AND last_seen_at > :at::timestamptz - interval '1 day' GROUP BY source`,
  outage: `SELECT 'outage/' || outage.id, jsonb_build_object('kind', 'outage', 'unit', outage.unit_name,
       'since', began_at, 'confirmed', confirmed_at IS NOT NULL, 'stopped', count(*) FILTER (WHERE recovered_at IS NULL),
       'backfilling', count(recovered_at) - count(proven_at), 'streams', json_agg(stream.name ORDER BY stream.name))
     FROM outage JOIN case_file USING (id) JOIN outage_stream ON outage_id = outage.id JOIN stream ON stream.id = stream_id
     WHERE closed_at IS NULL GROUP BY outage.id`,
  drift: `SELECT stream.name || ' ' || field || ' ' || change, jsonb_build_object('kind', 'drift', 'unit', unit_name,
       'stream', stream.name, 'field', field, 'change', change, 'detail', detail)
     FROM (SELECT DISTINCT ON (stream_id, field, change) * FROM drift WHERE last_seen_at > :at::timestamptz - interval '1 day'
           ORDER BY stream_id, field, change, last_seen_at DESC) AS drift JOIN stream ON stream.id = stream_id`,
  waiting: `SELECT stream.name, jsonb_build_object('kind', 'waiting', 'unit', unit_name, 'stream', stream.name,
       'count', count(*))
     FROM reject JOIN stream ON stream.id = stream_id WHERE resolved_at IS NULL AND reject.rule = 'type-unlisted'
     GROUP BY stream.name, unit_name`,
  reminders: `SELECT unit_code, jsonb_build_object('kind', 'reminders', 'unit', unit_called(unit_code, max(unit_name)), 'count', count(*),
       'fault', (array_agg(last_error ORDER BY id DESC))[1])
     FROM reminder r WHERE sent_at IS NULL AND withdrawn_at IS NULL AND acknowledged_at IS NULL
       AND (contact_id IS NULL OR dead_at IS NOT NULL)
       AND NOT EXISTS (SELECT FROM reminder later WHERE later.unit_code = r.unit_code AND later.sent_at > r.created_at)
     GROUP BY unit_code`,
  'calendar-missing': `SELECT year || CASE WHEN make_date(year, 1, 1) - today <= ${CALENDAR_DAILY} THEN ' ' || today ELSE '' END,
       jsonb_build_object('kind', 'calendar-missing', 'year', year)
     FROM hub CROSS JOIN (SELECT (:at::timestamptz AT TIME ZONE 'Asia/Shanghai')::date AS today) AS now
     CROSS JOIN generate_series(extract(year FROM today)::integer, extract(year FROM today + ${CALENDAR_DAYS})::integer) AS year
     WHERE hub.calendar IS NOT NULL AND NOT EXISTS (SELECT FROM term_end WHERE start_on = make_date(year, 1, 1))`,
  'receipts-unsigned': `SELECT 'receipts', jsonb_build_object('kind', 'receipts-unsigned', 'count', count(*), 'since', min(at))
     FROM certificate_use WHERE batch_id IS NULL HAVING min(at) < :at::timestamptz - interval '5 minutes'`,
  volume: `SELECT stream.name || ' ' || last.day, jsonb_build_object('kind', 'volume', 'unit', unit_name,
       'stream', stream.name, 'records', last.records, 'day', last.day, 'usual', usual.median)
     FROM stream
     JOIN LATERAL (SELECT day, records FROM day_volume WHERE stream_id = stream.id
       AND day > (:at::timestamptz AT TIME ZONE 'Asia/Shanghai')::date - 3 ORDER BY day DESC LIMIT 1) AS last ON true
     JOIN LATERAL (SELECT count(*) AS days, percentile_disc(0.5) WITHIN GROUP (ORDER BY records) AS median FROM day_volume
       WHERE stream_id = stream.id AND day < last.day AND day >= last.day - ${VOLUME_WEEKS * 7}
         AND extract(isodow FROM day) = extract(isodow FROM last.day)) AS usual ON usual.days >= ${VOLUME_LEAST_DAYS}
     WHERE abs(last.records - usual.median) >= ${VOLUME_LEAST_DIFFERENCE}
       AND (last.records * ${VOLUME_FACTOR} < usual.median OR last.records > usual.median * ${VOLUME_FACTOR})`,
} satisfies Partial<Record<AlertKind, string>>;

/** Kinds of alerts that the database alone knows of. */
export const FOUND_KINDS = Object.keys(FOUND) as (keyof typeof FOUND)[];

/** The alerts of one kind that hold at a moment; of overdue obligations one for each unit and rule. */
export async function findAlerts(db: Knex, kind: keyof typeof FOUND, at: Date): Promise<Alert[]> {
  const { rows } = await db.raw<{ rows: { subject: string; facts: AlertFacts }[] }>(
    `SELECT subject, facts FROM (${FOUND[kind]}) AS found(subject, facts)`,
    { at },
  );
  return rows.map(({ subject, facts }) => ({ kind, subject, message: alertInWords(facts) }));
}
