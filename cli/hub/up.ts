import type { Command } from 'commander';
import { Listr } from 'listr2';
import { fault } from '../../domain/faults.ts';
import { loadConfig } from '../../settings/load.ts';
import { configChoice, dataFolder, withConfig, withData, type CommonOptions } from '../kit/options.ts';
import { program, requirePorts, startDatabase, startTemporal, type Addresses } from '../../launch/servers.ts';
import { Supervisor } from '../../launch/supervisor.ts';
import { untilStopped } from '../../launch/signals.ts';
import { print } from '../kit/output.ts';

export function addUp(command: Command): void {
  withData(withConfig(command.command('up')))
    .description(
      'Runs the whole hub: PostgreSQL and Temporal of its own unless DATABASE_URL and TEMPORAL_ADDRESS name existing ones,\n' +
        'the worker, the health page and the watchdog. A part that ends by itself is started again.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub up\n  ./hub up --config /etc/hub --data /var/lib/hub\n  DATABASE_URL=postgres://hub@db/hub TEMPORAL_ADDRESS=temporal:7233 ./hub up',
    )
    .action(async (options: CommonOptions) => {
      const choice = configChoice(options);
      const config = loadConfig(choice);
      if (config.connectors.length === 0) {
        throw fault('no-connectors', { folder: `${options.config}/connectors` });
      }
      const supervisor = new Supervisor(dataFolder(options, false), (line) => {
        console.error(line);
      });
      await supervisor.lock();
      await requirePorts(config);
      const addresses: Addresses = { databaseUrl: '', temporalAddress: '', temporalUi: null };
      let close = (): Promise<void> => Promise.resolve();
      const stopped = untilStopped(() => {
        supervisor.kill();
      });
      try {
        await new Listr([
          {
            title: 'PostgreSQL',
            task: async (_, task) => {
              const { url, db, unlock, what } = await startDatabase(supervisor, config, false);
              await db.destroy();
              close = unlock;
              addresses.databaseUrl = url;
              task.title = what;
            },
          },
          {
            title: 'Temporal',
            task: async (_, task) => {
              const { address, ui, what } = await startTemporal(supervisor, config, (note) => (task.output = note));
              Object.assign(addresses, { temporalAddress: address, temporalUi: ui });
              task.title = what;
            },
          },
          { title: 'Worker', task: () => supervisor.start(program('worker', supervisor, addresses, choice)) },
          {
            title: 'Console, inbox and watchdog',
            task: () => supervisor.start(program('server', supervisor, addresses, choice)),
          },
        ]).run();
        const { server, temporal } = config.settings;
        print(`\nConsole        http://${server.host}:${server.port}/`);
        print(`Health page    http://${server.host}:${server.port}/health`);
        if (addresses.temporalUi !== null)
          print(`Temporal UI    ${addresses.temporalUi}/namespaces/${temporal.namespace}/workflows`);
        print(`Logs           ${supervisor.folder}/logs/`);
        print(`\n${config.connectors.length} connector(s), ${config.jurisdiction.name}. Ctrl-C stops the hub.`);
        await stopped;
      } finally {
        await close();
        await supervisor.stop();
      }
    });
}
