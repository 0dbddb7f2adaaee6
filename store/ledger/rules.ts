import type { Knex } from 'knex';
import { DAY_MS, shanghaiInstant, shanghaiWallTime } from '../../domain/dates.ts';
import { fault } from '../../domain/faults.ts';
import type { Unit } from '../../domain/units.ts';
import { DUTIES, type Duty, type Rule, type Start } from '../../domain/ledger/duties.ts';

/** Brings the table of rules in line with the profile. Obligations that are open keep what they were opened under. */
export async function saveRules(db: Knex, rules: readonly Rule[]): Promise<void> {
  const rows = rules.flatMap(({ id, article, quote, basis, owner, starts, term, duties }) =>
    duties.map((duty) => ({
      duty,
      id,
      article,
      quote,
      basis,
      owner: 'owner' in DUTIES[duty] ? DUTIES[duty].owner : owner,
      same_day: term === 'same-day',
      // A rule of several duties names the event of one of them; each of the others has its own.
      starts: (DUTIES[duty].starts as readonly Start[]).includes(starts) ? starts : DUTIES[duty].starts[0],
      working_days: term !== null && term !== 'same-day' && 'workingDays' in term ? term.workingDays : null,
      minutes: term !== null && term !== 'same-day' && 'minutes' in term ? term.minutes : null,
    })),
  );
  await db.transaction(async (trx) => {
    await trx('rule').delete();
    await trx('rule').insert(rows);
  });
}

/** Whether the profile has a rule of any of these duties. */
export const governs = async (db: Knex, duties: readonly Duty[]): Promise<boolean> =>
  (await db('rule')
    .whereRaw('duty = ANY (?)', [[...duties]])
    .first<object | undefined>('id')) !== undefined;

/** What the database itself has to know of the configuration. */
export interface HubFacts {
  /** The unit that supervises (管理单位). */
  management: Unit;
  /** Where workflows run. */
  taskQueue: string;
  /** When the issuer has received a dispute. */
  disputeReceipt: 'registered' | 'acknowledged';
  /** Clocks that are told to have started longer ago did not. */
  oldestDays: number;
  /** Fields that an entry of the catalog must have before it can be approved. */
  catalogRequired: readonly string[];
  /** What a certificate has to be delivered through, one of them; empty: whatever the way. */
  deliveryThrough: readonly string[];
}

export async function saveHub(db: Knex, { management, taskQueue, ...reading }: HubFacts): Promise<void> {
  await db('hub').update({
    management_code: management.code,
    management_name: db.raw('unit_called(?, ?)', [management.code, management.name]),
    task_queue: taskQueue,
    dispute_receipt: reading.disputeReceipt,
    oldest_days: reading.oldestDays,
    catalog_required: [...reading.catalogRequired],
    delivery_through: [...reading.deliveryThrough],
  });
}

/** Whether the profile has the clocks of disputes wait until the issuer says that it has one (接收). */
export async function waitsForReceipt(db: Knex): Promise<boolean> {
  const row = await db('hub').first<{ receipt: string | null } | undefined>({ receipt: 'dispute_receipt' });
  return row?.receipt === 'acknowledged';
}

/** How far ahead of ours the clock of a source may be. */
const CLOCK_SKEW_MS = 5 * 60_000;
const OLDEST_DAYS = 366;

/** How many days ago a clock can have started that somebody tells of now. */
export async function oldestDays(db: Knex): Promise<number> {
  const row = await db('hub').first<{ days: number | null } | undefined>({ days: 'oldest_days' });
  return row?.days ?? OLDEST_DAYS;
}

/** Of the time that is told when something of a case began. */
const AHEAD = {
  dispute: 'dispute-ahead',
  outage: 'outage-ahead',
  share: 'share-ahead',
  task: 'task-ahead',
} as const;

/** Throws a configuration error for a time that is told and that no clock can have started at: ahead, or too long ago. */
export async function requireStart(db: Knex, kind: keyof typeof AHEAD, time: Date, now: Date): Promise<void> {
  const told = { at: shanghaiInstant(time.getTime()), wallTime: shanghaiWallTime(time.getTime()) };
  if (time.getTime() - now.getTime() > CLOCK_SKEW_MS) throw fault(AHEAD[kind], told);
  const days = await oldestDays(db);
  if (now.getTime() - time.getTime() > days * DAY_MS) throw fault('start-too-old', { ...told, days });
}

/** The task queue of the hub that this database belongs to, whoever asks; null before a hub has run on it. */
export async function taskQueueOf(db: Knex): Promise<string | null> {
  const row = await db('hub').first<{ queue: string | null } | undefined>({ queue: 'task_queue' });
  return row?.queue ?? null;
}

/** Notes which schedules the hub has made in Temporal. */
export async function noteSchedules(db: Knex, ids: readonly string[]): Promise<void> {
  await db('hub').update({ schedules: [...ids] });
}

/** Which schedules Temporal should have. */
export const madeSchedules = async (db: Knex): Promise<string[]> =>
  (await db('hub').first<{ schedules: string[] } | undefined>('schedules'))?.schedules ?? [];

/** The unit that supervises (管理单位). */
export async function managementUnit(db: Knex): Promise<Unit> {
  const row = await db('hub').first<Unit | undefined>({ code: 'management_code', name: 'management_name' });
  return { code: row?.code ?? '', name: row?.name ?? '管理单位' };
}
