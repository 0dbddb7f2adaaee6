import { join } from 'node:path';
import type { Command } from 'commander';
import { Listr } from 'listr2';
import { fault } from '../../domain/faults.ts';
import { readEnvironment } from '../../settings/environment.ts';
import { loadValid, requireFaultless, type ConfigChoice, type HubConfig } from '../../settings/load.ts';
import { readVersions } from '../../store/apply-config.ts';
import { configChoice, dataFolder, withConfig, withData, type CommonOptions } from '../kit/options.ts';
import { lastPort } from '../../launch/postgres.ts';
import { program, requirePorts, startDatabase, startTemporal, type Addresses } from '../../launch/servers.ts';
import { Supervisor } from '../../launch/supervisor.ts';
import { untilStopped } from '../../launch/signals.ts';
import { print } from '../kit/output.ts';

export function addUp(command: Command): void {
  withData(withConfig(command.command('up')))
    .description(
      '运行整个枢纽：数据库与 Temporal（未用 DATABASE_URL、TEMPORAL_ADDRESS 指定的由枢纽自带）、工作进程、控制台与值守；\n' +
        '自行退出的部分会重新启动，配置文件有误的按上一有效版本运行。\n' +
        'Runs the whole hub: PostgreSQL and Temporal of its own unless DATABASE_URL and TEMPORAL_ADDRESS name existing ones,\n' +
        'the worker, the health page and the watchdog. A part that ends by itself is started again. Instead of a faulty file\n' +
        'of the configuration its last valid version is in force.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub up\n  ./hub up --config /etc/hub --data /var/lib/hub\n  DATABASE_URL=postgres://hub@db/hub TEMPORAL_ADDRESS=temporal:7233 ./hub up',
    )
    .action(async (options: CommonOptions) => {
      const choice = configChoice(options);
      const supervisor = new Supervisor(dataFolder(options, false), (line) => {
        console.error(line);
      });
      const { found, postgresPort } = await configAtStart(choice, supervisor.folder);
      await supervisor.lock();
      if (found) await requirePorts(found);
      const addresses: Addresses = { databaseUrl: '', temporalAddress: '', temporalUi: null };
      let close = (): Promise<void> => Promise.resolve();
      const stopped = untilStopped(() => {
        supervisor.kill();
      });
      try {
        const { config } = await new Listr<{ config: HubConfig }>([
          {
            title: 'PostgreSQL',
            task: async (context, task) => {
              const { url, db, unlock, what } = await startDatabase(supervisor, postgresPort, false);
              close = unlock;
              try {
                context.config = loadValid(choice, await readVersions(db));
              } finally {
                await db.destroy();
              }
              requireConnectors(context.config);
              addresses.databaseUrl = url;
              task.title = what;
            },
          },
          {
            title: 'Temporal',
            task: async ({ config }, task) => {
              const { address, ui, what } = await startTemporal(supervisor, config, (note) => (task.output = note));
              Object.assign(addresses, { temporalAddress: address, temporalUi: ui });
              task.title = what;
            },
          },
          { title: '工作进程 Worker', task: () => supervisor.start(program('worker', supervisor, addresses, choice)) },
          {
            title: '控制台、收件与值守 Console, inbox and watchdog',
            task: () => supervisor.start(program('server', supervisor, addresses, choice)),
          },
        ]).run();
        const { server, temporal } = config.settings;
        for (const { file, faults } of config.faulty)
          console.error(
            `\n▲ ${file} 有误，未采用 is not taken over:\n${faults.map(({ zh, en }) => `${zh}\n${en}`).join('\n')}`,
          );
        print(`\n控制界面 Console        http://${server.host}:${server.port}/`);
        print(`健康页面 Health page    http://${server.host}:${server.port}/health`);
        if (addresses.temporalUi !== null)
          print(`流程界面 Temporal UI    ${addresses.temporalUi}/namespaces/${temporal.namespace}/workflows`);
        print(`运行日志 Logs           ${supervisor.folder}/logs/`);
        print(
          `\n${config.jurisdiction.name}，接入源 ${config.connectors.length} 个，按 Ctrl-C 停止。 ${config.connectors.length} connector(s). Ctrl-C stops the hub.`,
        );
        await stopped;
      } finally {
        await close();
        await supervisor.stop();
      }
    });
}

/**
 * The configuration as far as the files alone say it, and the port of the embedded PostgreSQL. Where too little of them is
 * valid, what was valid before is in the database of an earlier run; throws where there was none.
 */
async function configAtStart(
  choice: ConfigChoice,
  folder: string,
): Promise<{ found: HubConfig | null; postgresPort: number }> {
  try {
    const found = loadValid(choice, new Map());
    requireConnectors(found);
    return { found, postgresPort: found.settings.embedded.postgresPort };
  } catch (error) {
    const embedded = readEnvironment().databaseUrl === undefined;
    const postgresPort = embedded ? await lastPort(join(folder, 'postgres')) : 0;
    if (postgresPort === null) throw error;
    return { found: null, postgresPort };
  }
}

function requireConnectors({ connectors, faulty, choice }: HubConfig): void {
  if (connectors.length > 0) return;
  requireFaultless(faulty);
  throw fault('no-connectors', { folder: `${choice.folder}/connectors` });
}
