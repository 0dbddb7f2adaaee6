import type { Knex } from 'knex';
import { byBasis, type Basis } from '../../domain/basis.ts';
import { fault, keptFault, type KeptFault } from '../../domain/faults.ts';
import type { ReminderSettings } from '../../settings/schemas/hub.ts';
import type { WorkingCalendar } from '../../domain/ledger/calendar.ts';
import { addDays, shanghaiDate, shanghaiInstant, startOfDayMs } from '../../domain/dates.ts';
import {
  stagesOn,
  workingDayBefore,
  type DigestBody,
  type DigestCounts,
  type MessageBody,
  type MessageKind,
  type ReminderBody,
  type ReminderStage,
} from '../../domain/ledger/reminders.ts';
import type { ContactRole } from '../../domain/ledger/contact.ts';
import { CHANNELS, type Channel } from './contacts.ts';
import { isDue, nextAttemptAt } from './retries.ts';
import { managementUnit } from './rules.ts';

/** Time between two rounds. */
const ROUND_EVERY = '10 minutes';
/** How long a message is put off at most. */
const LONGEST_WAIT = '6 hours';
/** Of a message's tasks, so many are named; the rest is counted. */
const NAMED = 20;
/** Times after this are those of a clock that was wrong, and are not believed. */
const AHEAD = `:at::timestamptz + interval '1 minute'`;
/** How long a message that was taken is left alone: its sender may have died with it. */
const LEASE = '5 minutes';

/** A message for a unit, before it is known whom it goes to. */
interface NewMessage {
  message: string;
  unitCode: string;
  unitName: string;
  kind: MessageKind;
  /** Who of the unit it is for; leaders get what is for the operator where there is none. */
  role: ContactRole;
  body: MessageBody;
  anyHour: boolean;
}

/** How contacts can be reached. */
export interface Reach {
  /** The channels that the hub is set up for, in the order in which they are tried. */
  channels: Channel[];
  /** Units that have a key for their webhooks; those of others get nothing. */
  keyedUnits: string[];
}

/** Contacts that one of the channels reaches, each with the first that does. */
const REACHABLE = `SELECT id, unit_code, role, channel FROM contact
  CROSS JOIN LATERAL (SELECT channel FROM unnest(:channels::text[]) WITH ORDINALITY AS offered(channel, place)
    WHERE CASE channel WHEN 'email' THEN email IS NOT NULL WHEN 'sms' THEN phone IS NOT NULL
      ELSE webhook IS NOT NULL AND unit_code = ANY (:keyedUnits::text[]) END
    ORDER BY place LIMIT 1) AS first
  WHERE ended_at IS NULL`;

/**
 * One round of reminders: what stands in a stage that its unit has not been told of becomes one message for each unit,
 * and one for the management unit of what is escalated. Nothing is done when there was a round in the last ten minutes,
 * in this process or another. Returns how many messages there are.
 * @param all false: only what is due within minutes
 */
export async function holdRound(
  db: Knex,
  { at, all, calendar, reach }: { at: Date; all: boolean; calendar: WorkingCalendar; reach: Reach },
): Promise<number> {
  return db.transaction(async (trx) => {
    const { rowCount } = await trx.raw<{ rowCount: number }>(
      `UPDATE reminder_round SET held_at = :at
       WHERE held_at IS NULL OR held_at <= :at::timestamptz - interval '${ROUND_EVERY}' OR held_at > ${AHEAD}`,
      { at },
    );
    if (rowCount === 0) return 0;
    await takeBackFuture(trx, at);
    await withdraw(trx, at, reach);
    const recipients = await noteTold(trx, { at, all, calendar, reach });
    if (recipients.length === 0) return 0;
    const bodies = await describe(trx, recipients, at, calendar);
    await queue(
      trx,
      recipients.map((recipient) => ({ ...recipient, body: bodies(recipient), anyHour: !all })),
      at,
      reach,
    );
    return recipients.length;
  });
}

/**
 * Takes back what was told by a clock that was ahead: what of it waits is not sent, but for what people urged, and all of
 * it can be told again when it is due.
 */
async function takeBackFuture(trx: Knex, at: Date): Promise<void> {
  await trx.raw(
    `DELETE FROM reminder_task WHERE stage NOT LIKE 'urged/%'
       AND message IN (SELECT message FROM reminder WHERE created_at > ${AHEAD})`,
    { at },
  );
  await trx.raw(
    `UPDATE reminder SET created_at = :at, next_attempt_at = least(next_attempt_at, :at),
       sent_at = least(sent_at, :at),
       withdrawn_at = CASE WHEN body->'urged' IS NULL AND sent_at IS NULL THEN :at ELSE withdrawn_at END
     WHERE created_at > ${AHEAD}`,
    { at },
  );
}

/**
 * Takes back what was not sent: to those who are no contact any more, and to units that could not be reached and now
 * can. What it told is untold, so that this round tells what of it still stands.
 */
async function withdraw(trx: Knex, at: Date, reach: Reach): Promise<void> {
  const { rows } = await trx.raw<{ rows: (Omit<NewMessage, 'role'> & { body: ReminderBody })[] }>(
    `WITH reachable AS (${REACHABLE})
     UPDATE reminder SET withdrawn_at = :at WHERE sent_at IS NULL AND withdrawn_at IS NULL AND (
       contact_id IS NULL AND CASE unit_code WHEN '' THEN EXISTS (SELECT FROM hub WHERE management_code <> '')
         ELSE unit_code IN (SELECT unit_code FROM reachable) END
       OR contact_id IN (SELECT id FROM contact WHERE ended_at IS NOT NULL))
     RETURNING message, unit_code AS "unitCode", unit_name AS "unitName", kind, body, any_hour AS "anyHour"`,
    { at, ...reach },
  );
  if (rows.length === 0) return;
  // What somebody urged goes out as it is, to whom it can, where nobody else of the unit has it.
  const urged = rows.filter(({ body }) => 'urged' in body);
  const { rows: held } = await trx.raw<{ rows: { message: string }[] }>(
    `SELECT DISTINCT message FROM reminder WHERE message = ANY (:messages) AND withdrawn_at IS NULL AND dead_at IS NULL`,
    { messages: urged.map(({ message }) => message) },
  );
  const others = new Set(held.map(({ message }) => message));
  const again = new Map(urged.filter(({ message }) => !others.has(message)).map((row) => [row.message, row]));
  await queue(
    trx,
    [...again.values()].map((row) => ({ ...row, role: 'operator' })),
    at,
    reach,
  );
  await trx.raw(
    `DELETE FROM reminder_task WHERE message = ANY (:messages) AND NOT EXISTS (SELECT FROM reminder
       WHERE reminder.message = reminder_task.message AND withdrawn_at IS NULL AND dead_at IS NULL)`,
    { messages: [...new Set(rows.map(({ message }) => message))] },
  );
}

type Recipient = Omit<NewMessage, 'body' | 'anyHour'>;

/** Notes which deadlines are told in which stage to whom, and returns who is told something. */
async function noteTold(
  trx: Knex,
  { at, all, calendar, reach }: { at: Date; all: boolean; calendar: WorkingCalendar; reach: Reach },
): Promise<Recipient[]> {
  const today = shanghaiDate(at.getTime());
  const { rows: oldest } = await trx.raw<{ rows: { due: Date | null }[] }>(
    'SELECT min(due_at) AS due FROM obligation WHERE obligation_runs(obligation)',
  );
  const stages = stagesOn(today, shanghaiDate((oldest[0]?.due ?? at).getTime() - 1), calendar);
  const horizon = stages.reduce((last, { lastDay }) => (lastDay > last ? lastDay : last), today);
  const management = await managementUnit(trx);
  const { rows } = await trx.raw<{ rows: Recipient[] }>(
    `WITH reachable AS (${REACHABLE}),
     stage AS MATERIALIZED (SELECT * FROM json_to_recordset(:stages::json) AS s("lastDay" date, stage text, escalated integer)),
     standing AS MATERIALIZED (
       SELECT o.id, o.owner_code, o.owner_name, o.due_at, o.basis, 'escalated/' || escalated AS escalated,
         CASE WHEN o.due_at <= :at THEN 'overdue' ELSE stage.stage END AS stage
       FROM obligation o
       JOIN stage ON "lastDay" = ((o.due_at - interval '1 microsecond') AT TIME ZONE 'Asia/Shanghai')::date
       LEFT JOIN rule ON rule.duty = o.duty_kind AND rule.id = o.rule
       WHERE obligation_runs(o) AND o.suspended_by IS NULL AND NOT missed_by_hub(o) AND o.due_at <= :horizon
         -- What is due within minutes is told of when half of them are gone: most of it needs no word.
         AND CASE WHEN rule.minutes IS NULL THEN :all ELSE :at >= o.started_at + (o.due_at - o.started_at) / 2 END),
     urgent AS (SELECT * FROM standing WHERE stage = 'overdue' AND basis = 'statutory'),
     candidate AS (
       SELECT id, due_at, stage, owner_code AS unit_code, owner_name AS unit_name, 'reminder' AS kind, 'operator' AS role
       FROM standing
       UNION ALL SELECT id, due_at, escalated, :managementCode, :managementName, 'escalation', 'operator'
       FROM urgent WHERE owner_code <> :managementCode
       UNION ALL SELECT id, due_at, escalated, owner_code, owner_name, 'escalation', 'leader'
       FROM urgent WHERE owner_code IN (SELECT unit_code FROM reachable WHERE role = 'leader')),
     untold AS MATERIALIZED (
       SELECT candidate.* FROM candidate
       LEFT JOIN reminder_task told ON obligation_id = id AND told.stage = candidate.stage AND told.unit_code = candidate.unit_code
       WHERE obligation_id IS NULL OR told.due_at <> candidate.due_at),
     recipient AS MATERIALIZED (
       SELECT unit_code, kind, role, unit_called(unit_code, min(unit_name)) AS unit_name, gen_random_uuid() AS message
       FROM untold GROUP BY unit_code, kind, role),
     told AS (
       INSERT INTO reminder_task (obligation_id, stage, unit_code, due_at, message)
       SELECT id, stage, unit_code, due_at, message FROM untold JOIN recipient USING (unit_code, kind, role)
       ON CONFLICT (obligation_id, stage, unit_code) DO UPDATE SET due_at = excluded.due_at, message = excluded.message
         WHERE reminder_task.due_at <> excluded.due_at
       RETURNING message)
     SELECT message, unit_code AS "unitCode", unit_name AS "unitName", kind, role
     FROM recipient WHERE message IN (SELECT message FROM told)`,
    {
      at,
      all,
      ...reach,
      stages: JSON.stringify(stages),
      horizon: new Date(startOfDayMs(addDays(horizon, 1))),
      managementCode: management.code,
      managementName: management.name,
    },
  );
  return rows;
}

/** What each message says. */
async function describe(
  trx: Knex,
  recipients: readonly Recipient[],
  at: Date,
  calendar: WorkingCalendar,
): Promise<(recipient: Recipient) => ReminderBody> {
  const messages = recipients.map(({ message }) => message);
  type Of<T> = T & { message: string };
  const told = `reminder_task told JOIN obligation o ON o.id = obligation_id WHERE told.message = ANY (:messages)`;
  const named = `told.message, rule, article, basis, duty_kind AS kind, stage`;
  const { rows: counts } = await trx.raw<{ rows: Of<ReminderBody['counts'][number]>[] }>(
    `SELECT ${named}, count(*) AS count FROM ${told} GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY count DESC, rule, stage`,
    { messages },
  );
  const { rows: units } = await trx.raw<{ rows: Of<ReminderBody['units'][number]>[] }>(
    `SELECT told.message, unit_called(owner_code, max(owner_name)) AS unit, count(*) AS count FROM ${told} AND o.owner_code <> told.unit_code
     GROUP BY told.message, owner_code ORDER BY count DESC, unit`,
    { messages },
  );
  const { rows: tasks } = await trx.raw<{ rows: Of<ReminderBody['tasks'][number]>[] }>(
    `SELECT message, rule, article, basis, kind, stage, subject, unit, "dueAt" FROM (
       SELECT ${named}, subject, owner_name AS unit, o.due_at AS "dueAt",
         row_number() OVER (PARTITION BY told.message ORDER BY o.due_at, o.id) AS place FROM ${told}) AS placed
     WHERE place <= ${NAMED} ORDER BY place`,
    { messages },
  );
  const { rows: unacknowledged } = await trx.raw<{
    rows: (ReminderBody['unacknowledged'][number] & { unitCode: string })[];
  }>(
    `SELECT min(id) AS id, unit_code AS "unitCode", min(unit_name) AS unit, created_at AS "createdAt" FROM reminder r
     WHERE kind = 'reminder' AND sent_at IS NOT NULL AND acknowledged_at IS NULL AND created_at <= :before
       AND EXISTS (SELECT FROM reminder_task told JOIN obligation o ON o.id = obligation_id
         WHERE told.message = r.message AND basis = 'statutory' AND obligation_state(o, :at) = 'overdue')
     GROUP BY message, unit_code, created_at ORDER BY created_at, 1`,
    { at, before: new Date(workingDayBefore(at.getTime(), calendar)) },
  );
  return ({ message, kind, role, unitCode }) => {
    const own = <T>(rows: readonly Of<T>[]): T[] =>
      rows.filter((row) => row.message === message).map((row) => ({ ...row, message: undefined }));
    const earlier = unacknowledged.filter((one) => role === 'operator' || one.unitCode === unitCode);
    return {
      at: shanghaiInstant(at.getTime()),
      totals: byBasis((basis) =>
        counts.reduce((sum, row) => sum + (row.message === message && row.basis === basis ? row.count : 0), 0),
      ),
      counts: own(counts),
      units: own(units),
      tasks: own(tasks),
      unacknowledged:
        kind === 'escalation'
          ? earlier.slice(0, NAMED).map(({ id, unit, createdAt }) => ({ id, unit, createdAt }))
          : [],
    };
  };
}

/** Queues messages for the contacts of their units; where nobody can be reached, one row says why. */
async function queue(trx: Knex, messages: readonly NewMessage[], at: Date, reach: Reach): Promise<void> {
  await trx.raw(
    `WITH reachable AS (${REACHABLE})
     INSERT INTO reminder (message, unit_code, unit_name, kind, body, any_hour, contact_id, channel, created_at,
       next_attempt_at, last_error)
     SELECT message, "unitCode", "unitName", kind, body, "anyHour", contact.id, contact.channel, :at, :at,
       CASE WHEN contact.id IS NOT NULL THEN NULL
         WHEN "unitCode" = '' THEN :unnamed
         WHEN NOT EXISTS (SELECT FROM contact WHERE unit_code = "unitCode" AND ended_at IS NULL) THEN :noContact
         ELSE :noChannel END
     FROM json_to_recordset(:messages::json) AS m(message uuid, "unitCode" text, "unitName" text, kind text, role text,
       body jsonb, "anyHour" boolean)
     LEFT JOIN reachable contact ON contact.unit_code = "unitCode" AND (contact.role = m.role
       OR m.role = 'operator' AND NOT EXISTS (
         SELECT FROM reachable other WHERE other.unit_code = "unitCode" AND other.role = 'operator'))`,
    {
      at,
      ...reach,
      messages: JSON.stringify(messages),
      unnamed: keptFault(fault('management-unnamed')),
      noContact: keptFault(fault('contact-none')),
      noChannel: keptFault(fault('channel-none')),
    },
  );
}

/** What became of an urge: it waits to be sent, or why not. */
export type Urged = 'queued' | 'already' | 'no contact' | 'no channel';

/**
 * Urges a unit to see to one deadline of its (催办): a message to its contacts like any other, sent in the hours in which
 * others are. What is urged before an earlier urge has gone out joins that one. Once a day for each deadline.
 */
export async function urge(
  trx: Knex.Transaction,
  task: { id: number; subject: string; owner: string; ownerCode: string },
  { at, note, calendar, reach }: { at: Date; note: string; calendar: WorkingCalendar; reach: Reach },
): Promise<Urged> {
  const unit = { unitCode: task.ownerCode, unitName: task.owner };
  // One at a time for each unit, or two would both begin a message.
  const contacts = await trx('contact')
    .where({ unit_code: unit.unitCode })
    .whereNull('ended_at')
    .forUpdate()
    .pluck('id');
  if (contacts.length === 0) return 'no contact';
  const { rows: reachable } = await trx.raw<{ rows: unknown[] }>(
    `SELECT FROM (${REACHABLE}) AS reachable WHERE unit_code = :unit LIMIT 1`,
    { unit: unit.unitCode, ...reach },
  );
  if (reachable.length === 0) return 'no channel';
  const waiting = await trx('reminder')
    .where({ unit_code: unit.unitCode, attempts: 0 })
    .whereNull('sent_at')
    .whereNull('dead_at')
    .whereNull('withdrawn_at')
    .whereNotNull('contact_id')
    .whereRaw(`body->'urged' IS NOT NULL`)
    // Not one that a contact has already.
    .whereRaw('NOT EXISTS (SELECT FROM reminder other WHERE other.message = reminder.message AND other.attempts > 0)')
    .forUpdate()
    .skipLocked()
    .first<{ message: string; body: ReminderBody } | undefined>('message', 'body');
  const message = waiting?.message ?? crypto.randomUUID();
  const { rowCount } = await trx.raw<{ rowCount: number }>(
    `INSERT INTO reminder_task (obligation_id, stage, unit_code, due_at, message)
     SELECT id, :stage, owner_code, due_at, :message FROM obligation WHERE id = :id
     ON CONFLICT (obligation_id, stage, unit_code) DO NOTHING`,
    { id: task.id, message, stage: `urged/${shanghaiDate(at.getTime())}` satisfies ReminderStage },
  );
  if (rowCount === 0) return 'already';
  const recipient = { ...unit, message, kind: 'reminder', role: 'operator' } as const;
  const body: ReminderBody = {
    ...(await describe(trx, [recipient], at, calendar))(recipient),
    urged: {
      by: (await managementUnit(trx)).name,
      notes: [...(waiting?.body.urged?.notes ?? []), { subject: task.subject, note }],
    },
  };
  if (waiting)
    await trx('reminder')
      .where({ message })
      .update({ body: JSON.stringify(body) });
  else await queue(trx, [{ ...recipient, body, anyHour: false }], at, reach);
  return 'queued';
}

/** Makes the day's summary (每日简报) for the management unit; false where the day has one. */
export async function holdDigest(
  db: Knex,
  { at, askTemporal, reach }: { at: Date; askTemporal: () => Promise<DigestBody['temporal']>; reach: Reach },
): Promise<boolean> {
  return db.transaction(async (trx) => {
    const today = shanghaiDate(at.getTime());
    const { rowCount } = await trx.raw<{ rowCount: number }>(
      'UPDATE reminder_round SET digest_on = :today WHERE digest_on IS DISTINCT FROM :today::date',
      { today },
    );
    if (rowCount === 0) return false;
    const { rows: counted } = await trx.raw<{ rows: { basis: Basis; counts: DigestCounts }[] }>(
      `SELECT basis, jsonb_build_object('overdue', count(*) FILTER (WHERE state = 'overdue'),
         'dueToday', count(*) FILTER (WHERE state IN ('open', 'due soon') AND due_at <= :endOfDay),
         'noCalendar', count(*) FILTER (WHERE state = 'no calendar'),
         'suspended', count(*) FILTER (WHERE state = 'suspended')) AS counts
       FROM (SELECT basis, due_at, obligation_state(obligation, :at) AS state FROM obligation WHERE obligation_runs(obligation)) AS o
       GROUP BY basis`,
      { at, endOfDay: new Date(startOfDayMs(addDays(today, 1))) },
    );
    const { rows: overdue } = await trx.raw<{ rows: DigestBody['overdue'] }>(
      `SELECT unit_called(owner_code, max(owner_name)) AS unit, rule, max(article) AS article, basis, count(*) AS count,
         min(due_at) AS since FROM obligation
       WHERE obligation_runs(obligation) AND due_at <= :at AND obligation_state(obligation, :at) = 'overdue'
       GROUP BY owner_code, rule, basis ORDER BY count DESC, unit, rule`,
      { at },
    );
    const { rows: earlier } = await trx.raw<{ rows: { body: DigestBody }[] }>(
      `SELECT body FROM reminder WHERE kind = 'digest' ORDER BY id DESC LIMIT 1`,
    );
    const last = earlier[0]?.body;
    const none = { overdue: 0, dueToday: 0, noCalendar: 0, suspended: 0 };
    const body: DigestBody = {
      at: shanghaiInstant(at.getTime()),
      temporal: await askTemporal(),
      counts: byBasis((basis) => counted.find((row) => row.basis === basis)?.counts ?? none),
      before: last?.counts ? { at: last.at, counts: last.counts } : null,
      overdue,
    };
    const { code, name } = await managementUnit(trx);
    const message = {
      message: crypto.randomUUID(),
      unitCode: code,
      unitName: name,
      kind: 'digest',
      anyHour: true,
    } as const;
    await queue(trx, [{ ...message, role: 'operator', body }], at, reach);
    return true;
  });
}

/** A message that was taken to be sent, with what its contact can be reached by. */
export interface ClaimedReminder {
  id: number;
  key: string;
  unitCode: string;
  unitName: string;
  kind: MessageKind;
  body: MessageBody;
  channel: Channel;
  createdAt: Date;
  /** This one included. */
  attempts: number;
  person: string;
  email: string | null;
  webhook: string | null;
  phone: string | null;
}

/** Takes messages that are due to be sent, those that are due the longest first. */
export async function claimReminders(
  db: Knex,
  { at, all, limit }: { at: Date; all: boolean; limit: number },
): Promise<ClaimedReminder[]> {
  const { rows } = await db.raw<{ rows: ClaimedReminder[] }>(
    `UPDATE reminder SET attempts = attempts + 1, next_attempt_at = :at::timestamptz + interval '${LEASE}'
     FROM contact WHERE contact.id = contact_id AND reminder.id IN (
       SELECT r.id FROM reminder r JOIN contact c ON c.id = contact_id
       WHERE sent_at IS NULL AND dead_at IS NULL AND withdrawn_at IS NULL AND c.ended_at IS NULL
         AND ${isDue(LONGEST_WAIT)} AND (any_hour OR :all)
       ORDER BY next_attempt_at, r.id LIMIT :limit FOR UPDATE OF r SKIP LOCKED)
     RETURNING reminder.id, key, reminder.unit_code AS "unitCode", reminder.unit_name AS "unitName", kind, body, channel,
       created_at AS "createdAt", attempts, person, email, webhook, phone`,
    { at, all, limit },
  );
  return rows;
}

export async function markReminderSent(db: Knex, id: number, at: Date): Promise<void> {
  await db('reminder').where({ id }).update({ sent_at: at, last_error: null });
}

/** Puts a message off: twice as long each time, from a minute to {@link LONGEST_WAIT}. */
export async function deferReminder(db: Knex, id: number, reason: KeptFault, at: Date): Promise<void> {
  await db.raw(
    `UPDATE reminder SET last_error = :reason, next_attempt_at = ${nextAttemptAt(LONGEST_WAIT)} WHERE id = :id`,
    { id, reason, at },
  );
}

/** Gives a channel up: the contact's next one is tried, or the message is dead where there is none. */
export async function giveUpChannel(
  db: Knex,
  { id, channel, ...contact }: ClaimedReminder,
  reason: KeptFault,
  at: Date,
  { channels, keyedUnits }: Reach,
): Promise<'next' | 'dead'> {
  const webhook = keyedUnits.includes(contact.unitCode) ? contact.webhook : null;
  const reaches = { email: contact.email, webhook, sms: contact.phone };
  const next = channels.slice(channels.indexOf(channel) + 1).find((other) => reaches[other] !== null);
  const change = next === undefined ? { dead_at: at } : { channel: next, attempts: 0, next_attempt_at: at };
  await db('reminder')
    .where({ id })
    .update({ ...change, last_error: reason });
  return next === undefined ? 'dead' : 'next';
}

/** How a message stands. */
export const REMINDER_STATES = {
  acknowledged: '已确认',
  sent: '已发送',
  withdrawn: '已撤回',
  dead: '发送失败',
  undeliverable: '无法送达',
  waiting: '待发送',
} as const;

/** A message for one contact, without who that is. */
export interface ReminderReport {
  id: number;
  unit: string;
  unitCode: string;
  kind: MessageKind;
  state: keyof typeof REMINDER_STATES;
  channel: Channel | null;
  createdAt: Date;
  attempts: number;
  sentAt: Date | null;
  lastError: KeptFault | null;
  acknowledgedAt: Date | null;
  acknowledgedBy: string | null;
  body: MessageBody;
}

/** Messages, the latest first. */
export async function listReminders(
  db: Knex,
  { unit, unacknowledged, limit }: { unit?: string | undefined; unacknowledged: boolean; limit: number },
): Promise<ReminderReport[]> {
  const { rows } = await db.raw<{ rows: ReminderReport[] }>(
    `SELECT id, unit_name AS unit, unit_code AS "unitCode", kind, channel, created_at AS "createdAt", attempts, sent_at AS "sentAt",
       last_error AS "lastError", acknowledged_at AS "acknowledgedAt", acknowledged_by AS "acknowledgedBy", body,
       CASE WHEN acknowledged_at IS NOT NULL THEN 'acknowledged' WHEN sent_at IS NOT NULL THEN 'sent'
         WHEN withdrawn_at IS NOT NULL THEN 'withdrawn' WHEN dead_at IS NOT NULL THEN 'dead'
         WHEN contact_id IS NULL THEN 'undeliverable' ELSE 'waiting' END AS state
     FROM reminder WHERE (:unit::text IS NULL OR unit_code = :unit)
       AND NOT (:unacknowledged AND (acknowledged_at IS NOT NULL OR withdrawn_at IS NOT NULL OR kind = 'digest'))
     ORDER BY created_at DESC, id DESC LIMIT :limit`,
    { unit: unit ?? null, unacknowledged, limit },
  );
  return rows;
}

/** Notes that a unit has read a message, whichever of its contacts says so; false where there is none to acknowledge. */
export async function acknowledgeReminder(
  db: Knex,
  id: number,
  { by, at }: { by: string; at: Date },
): Promise<boolean> {
  const changed = await db('reminder')
    .whereIn('message', db('reminder').where({ id }).select('message'))
    .whereNull('acknowledged_at')
    .update({ acknowledged_at: at, acknowledged_by: by });
  return changed > 0;
}

/** How the hub is set up to reach contacts. */
export const reachOf = (settings: ReminderSettings): Reach => ({
  channels: CHANNELS.filter((channel) => settings[channel === 'email' ? 'smtp' : channel] !== undefined),
  keyedUnits: Object.keys(settings.webhook?.keys ?? {}),
});
