import type { Knex } from 'knex';
import cron from 'node-cron';
import type { Logger } from '../config/logger.ts';
import { messageOf } from '../domain/errors.ts';
import { ALERT_KINDS, findAlerts, saveAlerts, type Alert } from '../store/alerts.ts';
import { openDays } from '../store/obligations.ts';

export interface WatchdogOptions {
  db: Knex;
  logger: Logger;
  /** Throws when Temporal cannot be reached. */
  askTemporal: () => Promise<unknown>;
  now: () => Date;
}

/**
 * One look at the ledger and at Temporal. It opens the obligations of days that nothing else has opened, because a
 * deadline exists whether or not Temporal runs, and raises or clears the alerts that follow from what it finds.
 */
export async function watch({ db, logger, askTemporal, now }: WatchdogOptions): Promise<Alert[]> {
  const at = now();
  await openDays(db, at);
  const holding = await findAlerts(db, at);
  try {
    await askTemporal();
  } catch (error) {
    holding.push({
      kind: 'temporal-away',
      subject: 'temporal',
      message: `Temporal cannot be reached: ${messageOf(error)}`,
    });
  }
  const { raised, cleared } = await saveAlerts(db, ALERT_KINDS, holding, at);
  for (const { kind, subject, message } of raised) logger.error(message, { alert: kind, subject });
  for (const { kind, subject } of cleared) logger.info('alert cleared', { alert: kind, subject });
  return holding;
}

/** Looks every minute, outside Temporal. Returns what ends it. */
export function startWatchdog(options: WatchdogOptions): () => Promise<void> {
  const task = cron.schedule(
    '* * * * *',
    async () => {
      try {
        await watch(options);
      } catch (error) {
        options.logger.error('the watchdog could not look', { error: messageOf(error) });
      }
    },
    { noOverlap: true, name: 'watchdog' },
  );
  void task.execute();
  return async () => {
    await task.destroy();
  };
}
