import type { Command } from 'commander';
import type { HubConfig } from '../../settings/load.ts';
import { watchConfig } from '../../settings/watch.ts';
import { Streams } from '../../connectors/registry.ts';
import { messageOf } from '../../domain/errors.ts';
import { fault } from '../../domain/faults.ts';
import { CONSOLE_LIMITS, createApp } from '../../server/app.ts';
import { HEALTH_LIMITS } from '../../server/health.ts';
import { INBOX_LIMITS } from '../../server/inbox/request.ts';
import { openDatabase } from '../../store/database.ts';
import { Pulse } from '../../store/pulse.ts';
import { startArchives } from '../../server/background/archives.ts';
import { startExports } from '../../server/background/exports.ts';
import { startReceipts } from '../../server/background/receipts.ts';
import { startStatusLists } from '../../server/background/status-lists.ts';
import { startReminders } from '../../server/background/reminders.ts';
import { startWatchdog } from '../../server/background/watchdog.ts';
import { DatabaseClock } from '../../store/ledger/clock.ts';
import { openArchives, openFileStore } from '../../store/library/files/index.ts';
import { openReceiptSigner } from '../../store/sharing/receipt-signing.ts';
import { wakeUnseen } from '../../temporal/cases.ts';
import { LazyTemporal } from '../../temporal/client.ts';
import { findLost, lastWorkIn, putBack } from '../../temporal/lost.ts';
import { readAgain } from '../../temporal/runs.ts';
import { countWorkers } from '../../temporal/worker.ts';
import { builtConsole } from '../../launch/console.ts';
import { dataFolder, withConfig, withData, type CommonOptions } from '../kit/options.ts';
import { startPart } from '../kit/part.ts';
import { onStop } from '../../launch/signals.ts';

export function addServer(program: Command): void {
  withData(withConfig(program.command('server')))
    .description(
      'Serves the console, its API and /health, takes what departments push to /inbox/v1/{stream}, and watches the ledger from outside Temporal:\n' +
        'it goes on, raises an alert, and reminds units of their deadlines while Temporal is down.',
    )
    .addHelpText(
      'after',
      '\nExample:\n  DATABASE_URL=postgres://hub@db/hub TEMPORAL_ADDRESS=temporal:7233 ./hub server',
    )
    .action(async (options: CommonOptions) => {
      const { databaseUrl, temporalAddress, db, config, logger } = await startPart(options, 'server');
      const pools = {
        health: openDatabase(databaseUrl, 'health', HEALTH_LIMITS),
        inbox: openDatabase(databaseUrl, 'inbox', INBOX_LIMITS),
        console: openDatabase(databaseUrl, 'console', CONSOLE_LIMITS),
      };
      const pulse = new Pulse(databaseUrl, [db, ...Object.values(pools)]);
      const { settings } = config;
      let streams = new Streams(config);
      let current = config;
      const temporal = new LazyTemporal(temporalAddress, settings.temporal.namespace);
      const clock = await DatabaseClock.open(db, 'server');
      const { now, aheadMs } = clock;
      const faultyFiles = (): HubConfig['faulty'] => current.faulty;
      const workers = async (): Promise<number> => countWorkers(await temporal.client(), settings.temporal.taskQueue);
      const data = dataFolder(options, options.demo ?? false);
      const signer = openReceiptSigner(data);
      const files = await openFileStore(settings.files, data);
      const app = createApp(
        { db: pools.health, now, aheadMs, countWorkers: workers, faultyFiles },
        { db: pools.inbox, now, logger, streams: () => streams },
        {
          db: pools.console,
          now,
          logger,
          config: () => current,
          temporal: () => temporal.client(),
          files,
          folder: await builtConsole((what) => logger.info(what)),
        },
        pulse,
      );
      const { host, port } = settings.server;
      try {
        await app.listen({ host, port });
      } catch (error) {
        await db.destroy();
        throw fault('port-taken', { port, setting: 'server.port', why: messageOf(error) });
      }
      const stopped = new AbortController();
      const watching = watchConfig(
        config,
        {
          logger,
          apply: (changed) => {
            streams = new Streams(changed);
            current = changed;
          },
        },
        stopped.signal,
      );
      const stopWatchdog = startWatchdog({
        db,
        logger,
        now,
        askTemporal: workers,
        faultyFiles,
        expiry: () => current.jurisdiction.expiry,
        findLost: async (at) => findLost(db, await temporal.client(), current, at),
        putBack: async (lost, at) => putBack(db, await temporal.client(), current, lost, at),
        witnesses: {
          folder: data,
          lastWorkIn: async (span) =>
            temporal
              .client()
              .then((client) => lastWorkIn(client, settings.temporal.taskQueue, span))
              // That Temporal is away is told of apart.
              .catch(() => null),
        },
        readAgain: async (span) => {
          const once = await readAgain(await temporal.client(), current, span);
          if (once.length > 0) logger.warn('what is lost of these streams has to be sent again', { streams: once });
        },
        wakeUnseen: async () => wakeUnseen(db, await temporal.client(), settings.temporal.taskQueue, now()),
      });
      const stopExports = startExports({ db, logger, now, config: () => current });
      const stopReceipts = startReceipts({ db, logger, now, signer });
      const stopStatusLists = startStatusLists({ db, logger, now, signer, config: () => current });
      const place = await openArchives(settings.files, data);
      const stopArchives = startArchives({ db, logger, now, signer, files, place, config: () => current });
      // The simulated departments have nobody to remind.
      const stopReminders = options.demo
        ? undefined
        : startReminders({ db, logger, now, aheadMs, askTemporal: workers, config: () => current });
      logger.info('listening', { address: `http://${host}:${port}/health` });
      process.send?.('ready');
      onStop(() => {
        void (async () => {
          stopped.abort();
          await watching;
          await stopWatchdog();
          await stopReminders?.();
          await stopExports();
          await stopReceipts();
          await stopStatusLists();
          await stopArchives();
          await app.close();
          await temporal.close();
          clock.close();
          pulse.close();
          for (const pool of Object.values(pools)) await pool.destroy();
          await db.destroy();
        })();
      });
    });
}
