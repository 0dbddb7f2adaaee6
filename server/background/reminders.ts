import type { Knex } from 'knex';
import cron from 'node-cron';
import pMap from 'p-map';
import type { HubConfig } from '../../settings/load.ts';
import type { Logger } from '../../settings/logger.ts';
import { shanghaiDate, timeOfDayMs } from '../../domain/dates.ts';
import { HubError, messageOf } from '../../domain/errors.ts';
import { keptFault, type FaultCode } from '../../domain/faults.ts';
import { sendable } from '../../domain/ledger/reminders.ts';
import {
  claimReminders,
  deferReminder,
  giveUpChannel,
  holdDigest,
  holdRound,
  markReminderSent,
  reachOf,
  type ClaimedReminder,
} from '../../store/ledger/reminders.ts';
import { isClockWrong, type Clock } from '../../store/ledger/clock.ts';
import { sendNotice } from './channels.ts';

export interface ReminderOptions {
  db: Knex;
  logger: Logger;
  /** Throws when Temporal cannot be reached. */
  askTemporal: () => Promise<unknown>;
  now: Clock['now'];
  aheadMs: Clock['aheadMs'];
  /** As it is now. */
  config: () => Pick<HubConfig, 'settings' | 'calendar'>;
}

/** Tries of a channel before a contact's next one, if there is one: over two hours. */
const ATTEMPTS = 8;
/** Tries of a message that the receiver refuses as it stands: the fault may be the receiver's. */
const REFUSALS = 3;
const TAKEN_AT_ONCE = 20;
const SENT_AT_ONCE = 5;

/**
 * Tells units of their deadlines (催办), and leaders and the management unit of what is escalated (升级): a round, the
 * day's summary where it is time for it, and what waits to be sent. All of it works over PostgreSQL alone.
 */
export async function remind(options: ReminderOptions, stopped?: AbortSignal): Promise<void> {
  const { db, logger, now, askTemporal, config } = options;
  const at = now();
  const { settings, calendar } = config();
  // Nobody is told anything by a machine whose clock is wrong; another, or this one once it is right, tells it.
  if (isClockWrong(options)) return;
  const { hours, digestAt } = settings.reminders;
  const may = sendable(at.getTime(), hours, calendar);
  if (may === 'nothing') return;
  const all = may === 'all';
  const reach = reachOf(settings.reminders);
  const messages = await holdRound(db, { at, all, calendar, reach });
  if (messages > 0) logger.info('reminders', { messages });
  if (at.getTime() >= timeOfDayMs(shanghaiDate(at.getTime()), digestAt)) {
    const temporal = (): Promise<'up' | 'away'> =>
      askTemporal().then(
        () => 'up',
        () => 'away',
      );
    if (await holdDigest(db, { at, askTemporal: temporal, reach })) logger.info('the day’s summary is made');
  }
  while (stopped?.aborted !== true && !isClockWrong(options)) {
    const claimed = await claimReminders(db, { at: now(), all, limit: TAKEN_AT_ONCE });
    if (claimed.length === 0) return;
    await pMap(claimed, (message) => deliver(options, message), { concurrency: SENT_AT_ONCE });
  }
}

/** What the same message again will hardly change. */
const REFUSED = new Set<string>(['message-refused', 'address-astray'] satisfies FaultCode[]);

async function deliver({ db, logger, now, config }: ReminderOptions, message: ClaimedReminder): Promise<void> {
  const { settings } = config();
  const { id, channel, attempts } = message;
  try {
    await sendNotice(db, settings, message, now());
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    const kept = keptFault(error);
    const last = attempts >= (REFUSED.has(error.code) ? REFUSALS : ATTEMPTS);
    const then = last ? await giveUpChannel(db, message, kept, now(), reachOf(settings.reminders)) : 'later';
    if (then === 'later') await deferReminder(db, id, kept, now());
    logger.error('a reminder could not be sent', { reminder: id, channel, attempts, then, error: error.message });
    return;
  }
  await markReminderSent(db, id, now());
}

/** Looks every minute, outside Temporal. Returns what ends it. */
export function startReminders(options: ReminderOptions): () => Promise<void> {
  const stopped = new AbortController();
  let running = Promise.resolve();
  const task = cron.schedule(
    '* * * * *',
    () => {
      running = remind(options, stopped.signal).catch((error: unknown) => {
        options.logger.error('reminders could not be sent', { error: messageOf(error) });
      });
      return running;
    },
    { noOverlap: true, name: 'reminders' },
  );
  void task.execute();
  return async () => {
    stopped.abort();
    await task.destroy();
    await running;
  };
}
