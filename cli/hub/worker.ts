import type { Command } from 'commander';
import { openFileStore } from '../../store/library/files/index.ts';
import { openTrust } from '../../store/library/files/seals/trust.ts';
import { DatabaseClock } from '../../store/ledger/clock.ts';
import { connectTemporal, registerSearchAttributes } from '../../temporal/client.ts';
import { bundledWorkflows } from '../../temporal/bundle.ts';
import { HubWorker, installRuntime } from '../../temporal/worker.ts';
import { dataFolder, withConfig, withData, type CommonOptions } from '../kit/options.ts';
import { startPart } from '../kit/part.ts';
import { onStop } from '../../launch/signals.ts';

export function addWorker(program: Command): void {
  withData(withConfig(program.command('worker')))
    .description(
      '运行工作流与活动；可运行多个，配置须相同。\n' +
        'Runs the workflows and activities. Several workers may share the work; they all read the same configuration.',
    )
    .addHelpText(
      'after',
      '\nExample:\n  DATABASE_URL=postgres://hub@db/hub TEMPORAL_ADDRESS=temporal:7233 ./hub worker',
    )
    .action(async (options: CommonOptions) => {
      const { temporalAddress, db, config, logger } = await startPart(options, 'worker');
      installRuntime(logger);
      try {
        const client = await connectTemporal(temporalAddress, config.settings.temporal.namespace);
        await registerSearchAttributes(client);
        const { files: fileSettings } = config.settings;
        const files = await openFileStore(fileSettings, dataFolder(options, options.demo ?? false));
        await files.check();
        const clock = await DatabaseClock.open(db, 'worker');
        const worker = new HubWorker({
          db,
          clock,
          files,
          trust: openTrust(fileSettings),
          client,
          config,
          logger,
        });
        onStop(() => {
          worker.stop();
        });
        await worker.run(temporalAddress, await bundledWorkflows(), () => process.send?.('ready'));
        clock.close();
        await client.connection.close();
      } finally {
        await db.destroy();
      }
    });
}
