import type { Knex } from 'knex';
import cron from 'node-cron';
import type { Logger } from '../../settings/logger.ts';
import { alertInWords } from '../../domain/ledger/alerts.ts';
import { messageOf } from '../../domain/errors.ts';
import type { FaultyFile } from '../../domain/faulty-file.ts';
import { findAlerts, saveAlerts, type Alert } from '../../store/ledger/alerts.ts';
import { explainRemoved } from '../../store/ledger/obligations.ts';
import { followContacts } from '../../store/ledger/contacts.ts';
import { syncCompletedCases } from '../../store/casework/completed-cases.ts';
import { handOverWaiting } from '../../store/casework/disputes.ts';
import { syncCatalogDeadlines } from '../../store/library/catalog.ts';
import { isScanDue, remindExpiries, syncReminders, type ExpirySettings } from '../../store/library/expiry.ts';
import { syncReviews } from '../../store/collection/declarations.ts';
import { syncNeeds } from '../../store/library/usage-lists.ts';
import { openDays } from '../../store/collection/days.ts';
import { syncLifecycle } from '../../store/collection/lifecycle.ts';
import { syncDifferences } from '../../store/collection/reconciliation.ts';
import { noteLook } from '../last-look.ts';
import { syncStockDeadlines } from '../../store/collection/stock.ts';

export interface WatchdogOptions {
  db: Knex;
  logger: Logger;
  /** Throws when Temporal cannot be reached. */
  askTemporal: () => Promise<unknown>;
  /** Files of the configuration that are not taken over. */
  faultyFiles: () => readonly FaultyFile[];
  /** Wakes the workflows of cases in which something was done that they have not seen. */
  wakeUnseen: () => Promise<unknown>;
  now: () => Date;
}

/** Opens and ends the deadlines that no workflow waits for, by what the database holds now. Repeating it changes nothing. */
export async function syncDeadlines(db: Knex, at: Date): Promise<void> {
  await openDays(db, at);
  await handOverWaiting(db, at);
  await syncCompletedCases(db, at);
  await syncLifecycle(db, at);
  await syncReviews(db, at);
  await syncDifferences(db, at);
  await syncCatalogDeadlines(db, at);
  await syncStockDeadlines(db, at);
  await syncNeeds(db, at);
  await explainRemoved(db);
  await syncReminders(db);
  await followContacts(db, at);
}

/**
 * One look at the ledger and at Temporal. It opens the obligations of days that nothing else has opened, and of units
 * without a contact person, because a deadline exists whether or not Temporal runs, and raises or clears the alerts
 * that follow from what it finds.
 */
export async function watch({
  db,
  logger,
  askTemporal,
  faultyFiles,
  wakeUnseen,
  now,
}: WatchdogOptions): Promise<Alert[]> {
  const at = now();
  // What is overdue is told, whatever fails here.
  const [synced] = await Promise.allSettled([syncDeadlines(db, at)]);
  const holding = await findAlerts(db, at);
  for (const faulty of faultyFiles())
    holding.push({
      kind: 'faulty-file',
      subject: faulty.file,
      message: alertInWords({ kind: 'faulty-file', ...faulty }),
    });
  try {
    await askTemporal();
    await wakeUnseen();
  } catch (error) {
    holding.push({
      kind: 'temporal-away',
      subject: 'temporal',
      message: alertInWords({ kind: 'temporal-away', fault: messageOf(error) }),
    });
  }
  const { raised, cleared } = await saveAlerts(db, holding, at);
  noteLook({ at, fault: synced.status === 'rejected' ? messageOf(synced.reason) : null });
  for (const { kind, subject, message } of raised) logger.error(message.en, { alert: kind, subject });
  for (const { kind, subject } of cleared) logger.info('alert cleared', { alert: kind, subject });
  if (synced.status === 'rejected') throw synced.reason;
  return holding;
}

/** Looks through the library for certificates near their end, once a night. */
async function scanExpiries({ db, logger, now, expiry }: NightlyOptions): Promise<void> {
  const settings = expiry();
  const at = now();
  if (!settings || !(await isScanDue(db, at))) return;
  logger.info('certificates near their end', await remindExpiries(db, settings, at));
}

type NightlyOptions = WatchdogOptions & {
  /** How long before the end holders are reminded, by the configuration as it is now. */
  expiry: () => ExpirySettings | undefined;
};

/**
 * Looks every minute, outside Temporal, and for certificates near their end every night, or at once where the night was
 * missed. Returns what ends it.
 */
export function startWatchdog(options: NightlyOptions): () => Promise<void> {
  const logged = (name: string, work: () => Promise<unknown>) => async (): Promise<void> => {
    try {
      await work();
    } catch (error) {
      options.logger.error(`the ${name} could not look`, { error: messageOf(error) });
    }
  };
  const tasks = [
    cron.schedule(
      '* * * * *',
      logged('watchdog', () => watch(options)),
      { noOverlap: true, name: 'watchdog' },
    ),
    cron.schedule(
      '0 5 * * *',
      logged('nightly scan', () => scanExpiries(options)),
      {
        noOverlap: true,
        name: 'expiry',
        timezone: 'Asia/Shanghai',
      },
    ),
  ];
  for (const task of tasks) void task.execute();
  return async () => {
    for (const task of tasks) await task.destroy();
  };
}
