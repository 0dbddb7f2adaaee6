import type { Knex } from 'knex';
import { HUB } from '../../domain/ledger/reasons.ts';
import { FINAL_STATUSES } from '../../domain/library/lifecycle.ts';
import { meetFrom, openFrom, meetObligations, dropObligations } from '../ledger/obligations.ts';

/** How long before its end a certificate's holder is reminded (到期提醒), and by which system. */
export interface ExpirySettings {
  leadDays: number;
  /** By 证照类型代码, where it is another time. */
  types: Readonly<Record<string, number>>;
  target?: string | undefined;
}

const FINAL = FINAL_STATUSES.map((status) => `'${status}'`).join(', ');
/** Some stream knows that the certificate lasts longer: it was renewed. */
const RENEWED = `EXISTS (SELECT FROM certificate other WHERE other.number = r.number AND other.type_code = r.type_code
  AND other.status NOT IN (${FINAL}) AND (other.long_term OR other.expires_on > r.expires_on))`;
/** Start of the day of an instant in Shanghai. */
const dayOf = (instant: string): string => `date_trunc('day', ${instant}, 'Asia/Shanghai')`;

const SCAN_LOCK = 0x65_78_70;
/** When the nightly scan is made, Shanghai time. */
const SCAN_HOUR = 5;

/** Whether certificates were not looked through since the last time that they were to be. */
export async function isScanDue(db: Knex, at: Date): Promise<boolean> {
  const { rows } = await db.raw<{ rows: { due: boolean }[] }>(
    `SELECT coalesce(expiry_scanned_at < ${dayOf(`:at::timestamptz - interval '${SCAN_HOUR} hours'`)}
       + interval '${SCAN_HOUR} hours' OR expiry_scanned_at > :at, true) AS due FROM hub`,
    { at },
  );
  return rows[0]?.due ?? true;
}

/**
 * The nightly scan: opens the reminder of each certificate that has come near its end, cancels those of certificates
 * that were renewed or ended, and queues what is to be sent. A certificate is reminded of once, whatever number of
 * streams deliver it. It reads the whole library, which no index serves: see bench/README.md. Where the profile has no
 * such rule, nothing is done.
 *
 * A reminder starts with the day on which the certificate came near its end, but not before the scan that could first
 * have seen it: a setting that is new makes nothing overdue.
 */
export async function remindExpiries(
  db: Knex,
  { leadDays, types, target }: ExpirySettings,
  at: Date,
): Promise<{ opened: number; queued: number; cancelled: number }> {
  return db.transaction(async (trx) => {
    // One scan at a time. No row is locked before the library is read, so that the watchdog never waits for it.
    await trx.raw('SELECT pg_advisory_xact_lock(?)', [SCAN_LOCK]);
    await trx.raw(
      `INSERT INTO expiry_reminder (type_code, number, expires_on, stream_id, record_key, subject, started_at, message_key)
       SELECT DISTINCT ON (r.type_code, r.number) r.type_code, r.number, r.expires_on, r.stream_id, r.record_key,
         'expiry/' || s.name || '/' || r.record_key || '/' || r.expires_on,
         greatest((r.expires_on - lead)::timestamp AT TIME ZONE 'Asia/Shanghai',
           ${dayOf('coalesce((SELECT expiry_scanned_at FROM hub), :at)')}),
         'expiry-' || left(encode(sha256(convert_to(r.type_code || ' ' || r.number || ' ' || r.expires_on, 'UTF8')), 'hex'), 32)
       FROM certificate r JOIN stream s ON s.id = r.stream_id AND s.retired_at IS NULL
       LEFT JOIN json_each_text(:types::json) AS own(code, days) ON own.code = r.type_code
       CROSS JOIN LATERAL (SELECT coalesce(days::integer, :leadDays) AS lead,
         (:at::timestamptz AT TIME ZONE 'Asia/Shanghai')::date AS today) AS given
       WHERE EXISTS (SELECT FROM rule WHERE duty = 'expiry') AND r.status = 'valid' AND NOT r.long_term
         AND r.expires_on BETWEEN today AND today + lead AND NOT ${RENEWED}
       ORDER BY r.type_code, r.number, s.delivery = 'return', r.stream_id, r.source_updated_at DESC
       ON CONFLICT DO NOTHING`,
      { at, leadDays, types: JSON.stringify(types) },
    );
    const cancelled = await cancelReminders(trx, at);
    const opened = await openFrom(
      trx,
      'expiry',
      `SELECT unit_code AS owner_code, unit_name AS owner_name, s.id AS stream_id, subject, started_at,
         NULL::text AS workflow_id, NULL::integer AS working_days
       FROM expiry_reminder r JOIN stream s ON s.id = r.stream_id WHERE ended_at IS NULL`,
      {},
      { by: HUB, at },
    );
    const queued = target === undefined ? 0 : await queueReminders(trx, target, at);
    await trx('hub').update({ expiry_scanned_at: at });
    return { opened, queued, cancelled };
  });
}

/** Reminders that are not needed any more: the certificate was renewed, ended, or is gone. One that ran out still is. */
async function cancelReminders(trx: Knex, at: Date): Promise<number> {
  const { rows } = await trx.raw<{ rows: { subject: string }[] }>(
    `UPDATE expiry_reminder r SET ended_at = :at WHERE ended_at IS NULL AND (${RENEWED} OR NOT EXISTS (
       SELECT FROM certificate c WHERE c.stream_id = r.stream_id AND c.record_key = r.record_key
         AND c.expires_on = r.expires_on AND c.status NOT IN (${FINAL})))
     RETURNING subject`,
    { at },
  );
  const subjects = rows.map(({ subject }) => subject);
  await dropObligations(trx, { subjects, duty: 'expiry' }, { by: HUB, at, reason: { code: 'certificate-ended' } });
  await dropMessages(trx, subjects);
  return subjects.length;
}

/** What was not sent yet is not sent any more. */
async function dropMessages(trx: Knex, subjects: readonly string[]): Promise<void> {
  await trx.raw(
    `DELETE FROM outbox USING expiry_reminder r WHERE r.subject = ANY (:subjects) AND outbox.target = r.target
       AND outbox.message_key = r.message_key AND outbox.delivered_at IS NULL`,
    { subjects: [...subjects] },
  );
}

/** One message for each reminder that none was queued for, with what a portal needs to find the holder. */
async function queueReminders(trx: Knex, target: string, at: Date): Promise<number> {
  await trx.raw(
    `INSERT INTO outbox (target, message_key, payload, queued_at, next_attempt_at)
     SELECT :target, message_key, jsonb_build_object('key', message_key, 'identifier', c.identifier,
       'typeCode', c.type_code, 'name', c.name, 'number', c.number, 'expiresOn', c.expires_on, 'unit', s.unit_name,
       'holders', (SELECT jsonb_agg(jsonb_build_object('code', holder->>'code', 'codeType', holder->>'codeType'))
         FROM jsonb_array_elements(c.holders) AS holder)), :at, :at
     FROM expiry_reminder r JOIN certificate c USING (stream_id, record_key) JOIN stream s ON s.id = stream_id
     WHERE ended_at IS NULL AND r.target IS NULL
     ON CONFLICT DO NOTHING`,
    { target, at },
  );
  return trx('expiry_reminder').whereNull('ended_at').whereNull('target').update({ target });
}

/** Meets reminders whose messages were delivered, at the time of their receipts. */
export async function syncReminders(db: Knex): Promise<void> {
  await db.transaction(async (trx) => {
    const { rows } = await trx.raw<{ rows: { subject: string; deliveredAt: Date }[] }>(
      `UPDATE expiry_reminder r SET ended_at = o.delivered_at FROM outbox o
       WHERE r.ended_at IS NULL AND r.target = o.target AND r.message_key = o.message_key AND o.delivered_at IS NOT NULL
       RETURNING subject, delivered_at AS "deliveredAt"`,
    );
    const items = `SELECT subject, "deliveredAt" AS met_at
      FROM json_to_recordset(:sent::json) AS sent(subject text, "deliveredAt" timestamptz)`;
    await meetFrom(trx, 'expiry', items, { sent: JSON.stringify(rows) }, HUB);
  });
}

/** A certificate whose holder is to be reminded. */
export interface Reminder {
  subject: string;
  stream: string;
  unit: string;
  typeCode: string;
  name: string;
  number: string;
  identifier: string | null;
  expiresOn: string;
  dueAt: Date | null;
  /** The system that was asked to; null while the unit has to see to it. */
  target: string | null;
  holders: { name: string; code: string }[];
}

/** Reminders that are still owed, the earliest end first. */
export async function openReminders(
  db: Knex,
  choice: { stream?: string | undefined; limit?: number | undefined },
): Promise<Reminder[]> {
  const { rows } = await db.raw<{ rows: Reminder[] }>(
    `SELECT r.subject, s.name AS stream, s.unit_name AS unit, r.type_code AS "typeCode", c.name, r.number, c.identifier,
       r.expires_on::text AS "expiresOn", due.due_at AS "dueAt", r.target, coalesce(c.holders, '[]') AS holders
     FROM expiry_reminder r JOIN stream s ON s.id = r.stream_id
     LEFT JOIN certificate c ON c.stream_id = r.stream_id AND c.record_key = r.record_key
     LEFT JOIN LATERAL (SELECT min(due_at) AS due_at FROM obligation o
       WHERE o.subject = r.subject AND o.duty_kind = 'expiry' AND obligation_runs(o)) AS due ON true
     WHERE r.ended_at IS NULL AND (:stream::text IS NULL OR s.name = :stream)
     ORDER BY r.expires_on, s.name, r.number LIMIT :limit`,
    { stream: choice.stream ?? null, limit: choice.limit ?? null },
  );
  return rows;
}

/** Takes the word of somebody that holders were reminded outside the hub; how many. */
export async function markReminded(
  db: Knex,
  subjects: readonly string[],
  { by, at }: { by: string; at: Date },
): Promise<number> {
  return db.transaction(async (trx) => {
    await trx('expiry_reminder')
      .whereNull('ended_at')
      .whereRaw('subject = ANY (?)', [[...subjects]])
      .update({ ended_at: at });
    await dropMessages(trx, subjects);
    const reason = { code: 'reminded-elsewhere' } as const;
    return meetObligations(trx, { subjects, duty: 'expiry' }, { by, at, reason });
  });
}
