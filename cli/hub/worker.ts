import type { Command } from 'commander';
import { createHubLogger } from '../../settings/logger.ts';
import { openFileStore } from '../../store/library/files/index.ts';
import { openTrust } from '../../store/library/files/seals/trust.ts';
import { openDatabase, requireSchema, requireServer } from '../../store/database.ts';
import { connectTemporal, registerSearchAttributes } from '../../temporal/client.ts';
import { bundledWorkflows } from '../../temporal/bundle.ts';
import { HubWorker, installRuntime } from '../../temporal/worker.ts';
import {
  configChoice,
  dataFolder,
  readConfig,
  requireAddresses,
  withConfig,
  withData,
  type CommonOptions,
} from '../kit/options.ts';
import { onStop } from '../../launch/signals.ts';

export function addWorker(program: Command): void {
  withData(withConfig(program.command('worker')))
    .description(
      'Runs the workflows and activities. Several workers may share the work; they all read the same configuration.',
    )
    .addHelpText(
      'after',
      '\nExample:\n  DATABASE_URL=postgres://hub@db/hub TEMPORAL_ADDRESS=temporal:7233 ./hub worker',
    )
    .action(async (options: CommonOptions) => {
      const config = readConfig(options);
      const { databaseUrl, temporalAddress } = requireAddresses();
      const logger = createHubLogger(config.settings.log, 'worker');
      installRuntime(logger);
      const db = openDatabase(databaseUrl, 'worker');
      try {
        await requireServer(db, databaseUrl);
        await requireSchema(db);
        const client = await connectTemporal(temporalAddress, config.settings.temporal.namespace);
        await registerSearchAttributes(client);
        const { files: fileSettings } = config.settings;
        const files = await openFileStore(fileSettings, dataFolder(options, options.demo ?? false));
        await files.check();
        const worker = new HubWorker({
          db,
          files,
          trust: openTrust(fileSettings),
          client,
          config,
          choice: configChoice(options),
          logger,
        });
        onStop(() => {
          worker.stop();
        });
        await worker.run(temporalAddress, await bundledWorkflows(), () => process.send?.('ready'));
        await client.connection.close();
      } finally {
        await db.destroy();
      }
    });
}
