import type { Knex } from 'knex';
import cron from 'node-cron';
import type { Logger } from '../../settings/logger.ts';
import { alertInWords, type AlertKind, type Watched } from '../../domain/ledger/alerts.ts';
import { messageOf } from '../../domain/errors.ts';
import type { FaultyFile } from '../../domain/faulty-file.ts';
import { withoutStatement } from '../../store/database.ts';
import { findAlerts, FOUND_KINDS, openAlerts, saveAlerts, type Alert } from '../../store/ledger/alerts.ts';
import { explainRemoved } from '../../store/ledger/obligations.ts';
import { followContacts } from '../../store/ledger/contacts.ts';
import { noteReadAgain, openRestoration, type Restoration } from '../../store/ledger/restorations.ts';
import { syncCompletedCases } from '../../store/casework/completed-cases.ts';
import { handOverWaiting } from '../../store/casework/disputes.ts';
import { syncCatalogDeadlines } from '../../store/library/catalog.ts';
import { isScanDue, remindExpiries, syncReminders, type ExpirySettings } from '../../store/library/expiry.ts';
import { syncReviews } from '../../store/collection/declarations.ts';
import { syncNeeds } from '../../store/sharing/usage-lists.ts';
import { openDays } from '../../store/collection/days.ts';
import { syncLifecycle } from '../../store/collection/lifecycle.ts';
import { syncDifferences } from '../../store/collection/reconciliation.ts';
import type { Lost } from '../../temporal/lost.ts';
import { noteLook } from '../last-look.ts';
import { noteOlder, type Witnesses } from './older.ts';
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
  /** What Temporal should have and has not. */
  findLost: (at: Date) => Promise<Lost>;
  putBack: (lost: Lost, at: Date) => Promise<void>;
  witnesses: Witnesses;
  /** Has sources read again for what was written in a span and is lost. */
  readAgain: (span: Restoration) => Promise<void>;
  now: () => Date;
}

/** So long it is told that Temporal had lost something, once it is back. */
const TOLD_FOR_MS = 3_600_000;

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
 * that follow from what it finds. What it cannot look at hides nothing else, and is an alert itself.
 */
export async function watch({
  db,
  logger,
  askTemporal,
  faultyFiles,
  wakeUnseen,
  findLost,
  putBack,
  witnesses,
  readAgain,
  now,
}: WatchdogOptions): Promise<void> {
  const at = now();
  const blind = new Map<Watched, Alert>();
  const look = async (of: Watched, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      const message = alertInWords({ kind: 'watchdog', of, fault: withoutStatement(error) });
      blind.set(of, { kind: 'watchdog', subject: of, message });
    }
  };
  const tell = async (kind: AlertKind, holding: readonly Alert[]): Promise<void> => {
    const { raised, cleared } = await saveAlerts(db, kind, holding, at);
    for (const { subject, message } of raised) logger.error(message.en, { alert: kind, subject });
    for (const subject of cleared) logger.info('alert cleared', { alert: kind, subject });
  };
  try {
    await look('database-older', () => noteOlder(db, witnesses, at));
    await look('deadlines', () => syncDeadlines(db, at));
    for (const kind of FOUND_KINDS) await look(kind, async () => tell(kind, await findAlerts(db, kind, at)));
    await look('faulty-file', () => tell('faulty-file', faultyFiles().map(faultyFileAlert)));
    // Once more: one answer that is late is no Temporal that is away.
    const away = await faultOf(() => askTemporal().catch(askTemporal));
    if (away === null)
      await look('temporal-lost', async () => {
        const lost = await findLost(at);
        await tell('temporal-lost', await lossesTold(db, lost, at));
        if (lost.schedules.length > 0 || lost.cases.length > 0) await putBack(lost, at);
      });
    // A Temporal that has lost its data can wake nobody before they are put back.
    const fault = away ?? (await faultOf(wakeUnseen));
    await look('temporal-away', () => {
      const message = alertInWords({ kind: 'temporal-away', fault: fault ?? '' });
      return tell('temporal-away', fault === null ? [] : [{ kind: 'temporal-away', subject: 'temporal', message }]);
    });
    if (away === null) await look('database-older', () => makeUp(db, readAgain, at));
    const unseen = [...blind.values()];
    await tell('watchdog', unseen);
    noteLook({ at, fault: unseen.length > 0 ? unseen.map(({ message }) => message.en).join('; ') : null });
  } catch (error) {
    noteLook({ at, fault: withoutStatement(error) });
    throw error;
  }
}

const faultyFileAlert = (faulty: FaultyFile): Alert => ({
  kind: 'faulty-file',
  subject: faulty.file,
  message: alertInWords({ kind: 'faulty-file', ...faulty }),
});

/** Has sources read again, once, for what the database has lost. */
async function makeUp(db: Knex, readAgain: WatchdogOptions['readAgain'], at: Date): Promise<void> {
  const lost = await openRestoration(db);
  if (lost?.readAgainAt !== null) return;
  await readAgain(lost);
  await noteReadAgain(db, lost.id, at);
}

/** What Temporal lost now, else what it lost not long ago: whoever looks does not look every minute. */
async function lossesTold(db: Knex, { schedules, cases }: Lost, at: Date): Promise<Alert[]> {
  const kind = 'temporal-lost';
  if (schedules.length > 0 || cases.length > 0) {
    const message = alertInWords({ kind, schedules: schedules.length, cases: cases.length });
    return [{ kind, subject: 'temporal', message }];
  }
  const open = await openAlerts(db);
  return open.filter((alert) => alert.kind === kind && at.getTime() - alert.raisedAt.getTime() < TOLD_FOR_MS);
}

/** Why something failed; null where it did not. */
const faultOf = (work: () => Promise<unknown>): Promise<string | null> => work().then(() => null, messageOf);

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
