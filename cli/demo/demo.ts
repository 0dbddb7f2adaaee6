import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import axios from 'axios';
import type { Command } from 'commander';
import type { Knex } from 'knex';
import { Listr } from 'listr2';
import { fault } from '../../domain/faults.ts';
import { connectTemporal } from '../../temporal/client.ts';
import { checkConnectors, collect, proveAll } from './collect.ts';
import {
  demoData,
  DEPARTMENTS,
  fileContacts,
  addDemoAccounts,
  closingMs,
  haveDepartmentsPush,
  startDepartments,
} from './departments.ts';
import { approveDemoCatalog } from './catalog.ts';
import { departmentAddresses, forgetDepartments } from '../kit/demo-departments.ts';
import { openFileStore } from '../../store/library/files/index.ts';
import { summarise } from './summary.ts';
import { loadConfig } from '../../settings/load.ts';
import { configChoice, dataFolder, positive, withConfig, withData, type CommonOptions } from '../kit/options.ts';
import { program as part, requirePorts, startDatabase, startTemporal, type Addresses } from '../../launch/servers.ts';
import { untilStopped } from '../../launch/signals.ts';
import { Supervisor } from '../../launch/supervisor.ts';
import { DAY_MS } from '../../domain/dates.ts';
import { print } from '../kit/output.ts';

/** All records that the departments begin with. */
const PROVEN_DAYS = 20;

interface DemoOptions extends CommonOptions {
  once?: boolean;
  records?: number;
  seed?: number;
  fresh?: boolean;
}

export function addDemo(program: Command): void {
  const demo = withData(withConfig(program.command('demo')))
    .description(
      '用八个模拟部门（每种接入方式一个）运行整个枢纽：接收省级回传，归集各部门当日增量，核验不缺，打印汇总后继续运行；\n' +
        '再次启动接着已有数据运行。\n' +
        'Runs the whole hub with eight simulated departments, one for each way of connecting: takes what the\n' +
        'provincial platform returns, collects each department’s day, proves that nothing is missing, prints a summary, and\n' +
        'stays up. A second start goes on with the data.',
    )
    .option('--once', '汇总后结束 end after the summary; exits with 0 only if every check in it held')
    .option('--records <count>', 'records over the last 14 days, at the first start (default: 20000)', positive)
    .option('--seed <number>', 'the same seed gives the same departments, at the first start (default: 1)', positive)
    .option('--fresh', '从空库开始 begin with empty data')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub demo\n  ./hub demo --once --fresh --records 200000\n  ./hub demo --jurisdiction ordos\n  ./hub demo fault housing away --times 100',
    )
    .action(runDemo);

  withData(demo.command('fault <department> [fault]'))
    .summary('故障开关 switch a fault of a simulated department on or off while the demo runs')
    .description(
      'For the departments with a gateway (province, housing, health, transport). Faults: rate-limit, error, timeout,\n' +
        'empty-body, truncated, repeated-page, short-page, token-expiry, away.',
    )
    .option('--times <count>', 'how many requests it hits', positive, 1)
    .option('--clear', 'switch every fault of the department off')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub demo fault transport token-expiry\n  ./hub demo fault housing away --times 1000\n  ./hub demo fault housing --clear',
    )
    .action(async (department: string, fault: string | undefined, _options: unknown, command: Command) => {
      // --data is an option of the command above, too, which takes it wherever it stands.
      const options = command.optsWithGlobals<CommonOptions & { times: number; clear?: boolean }>();
      const address = `${departmentAddress(options, department)}/_sim/faults`;
      const { data } = options.clear
        ? await axios.delete<unknown>(address)
        : await axios.post<unknown>(address, { fault, times: options.times });
      print(`${department} 现有故障 faults now: ${JSON.stringify(data)}`);
    });

  withData(demo.command('tamper <department>'))
    .summary('have a simulated department change or lose records without a word, or correct them')
    .description(
      'For housing, health and transport. Counts do not show a rewritten record, and its update time is the old one:\n' +
        './hub prove does.',
    )
    .option('--rewrite <count>', 'other content in so many records', positive)
    .option('--lose-day <date>', 'records last changed on that day are gone')
    .option('--correct', 'all its defective records are corrected and delivered anew')
    .option('--undo', 'as it was')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub demo tamper housing --rewrite 3\n  ./hub prove --stream housing-permits --from 2026-11-01 --demo\n  ./hub demo tamper housing --undo\n  ./hub demo tamper health --correct\n  ./hub connector run health-doctors --demo',
    )
    .action(async (department: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<
        CommonOptions & { rewrite?: number; loseDay?: string; correct?: boolean; undo?: boolean }
      >();
      const { data } = await axios.post<{ keys: string[] }>(`${departmentAddress(options, department)}/_sim/tamper`, {
        rewrite: options.rewrite,
        lose: options.loseDay,
        correct: options.correct,
        undo: options.undo,
      });
      print(
        `${department}: ${data.keys.length === 0 ? '已复原 as it was' : `${data.keys.length} 条 records: ${data.keys.slice(0, 20).join(', ')}`}`,
      );
    });
}

/** The address of a simulated department that runs here. */
function departmentAddress(options: CommonOptions, department: string): string {
  const url = departmentAddresses(dataFolder(options, true))[department];
  if (url !== undefined) return url;
  throw fault('no-demo', { department, departments: DEPARTMENTS });
}

async function runDemo(options: DemoOptions): Promise<void> {
  const settings = { ...options, demo: true };
  const choice = configChoice(settings);
  const config = loadConfig(choice);
  const supervisor = new Supervisor(dataFolder(settings, true), (line) => {
    console.error(line);
  });
  await supervisor.lock();
  await requirePorts(config);
  if (options.fresh)
    for (const name of ['postgres', 'temporal.db', 'files', 'demo.json'])
      rmSync(join(supervisor.folder, name), { recursive: true, force: true });
  const nowMs = closingMs(config, Date.now());
  const data = demoData(supervisor.folder, options, nowMs);

  let close = (): Promise<void> => Promise.resolve();
  const stopped = untilStopped(() => {
    supervisor.kill();
  });
  const addresses: Addresses = { databaseUrl: '', temporalAddress: '', temporalUi: null };
  try {
    print(`${config.jurisdiction.name} · ${config.jurisdiction.regulation.title}\n`);
    let db: Knex | undefined;
    let client: Client | undefined;
    const steps = new Listr(
      [
        {
          title: 'PostgreSQL',
          task: async (_, task) => {
            const database = await startDatabase(supervisor, config.settings.embedded.postgresPort, true);
            ({ db } = database);
            await approveDemoCatalog(db, await openFileStore(config.settings.files, supervisor.folder));
            close = database.unlock;
            addresses.databaseUrl = database.url;
            task.title = database.what;
          },
        },
        {
          title: 'Temporal',
          task: async (_, task) => {
            const temporal = await startTemporal(supervisor, config, (note) => (task.output = note));
            Object.assign(addresses, { temporalAddress: temporal.address, temporalUi: temporal.ui });
            client = await connectTemporal(temporal.address, config.settings.temporal.namespace);
            task.title = temporal.what;
          },
        },
        {
          title: '模拟部门 Simulated departments',
          task: async (_, task) => (task.title = await startDepartments(supervisor, data, nowMs)),
        },
        {
          title: '接入源：各取一页、计数一次 Connectors: one page and one count of each',
          task: async (_, task) => (task.title = await checkConnectors(config)),
        },
        {
          title: '专人备案 Contact persons',
          task: async (_, task) => {
            if (db) task.title = await fileContacts(db, config);
          },
        },
        { title: '工作进程 Worker', task: () => supervisor.start(part('worker', supervisor, addresses, choice)) },
        {
          title: '账号 Accounts',
          task: async (_, task) => {
            if (db) task.title = await addDemoAccounts(db, config);
          },
        },
        {
          title: '控制台、收件与值守 Console, inbox and watchdog',
          task: () => supervisor.start(part('server', supervisor, addresses, choice)),
        },
        {
          title: '部门推送数据 Departments push their records',
          task: async (_, task) => (task.title = await haveDepartmentsPush(config, supervisor.folder)),
        },
      ],
      { rendererOptions: { collapseSubtasks: false } },
    );
    await Promise.race([steps.run(), stopped]);
    if (!db || !client) return;
    const collected = collect(db, client, config, nowMs);
    collected.catch(() => undefined); // stopped in the middle: the servers it asks are gone
    const failed = await Promise.race([collected, stopped]);
    if (!failed) return;
    const proving = proveAll(client, config, [data.anchorMs - PROVEN_DAYS * DAY_MS, Date.now()], [...failed.keys()]);
    proving.catch(() => undefined); // likewise
    const proven = await Promise.race([proving, stopped]);
    if (!proven) return;
    const held = await summarise(db, config, addresses, departmentAddresses(supervisor.folder), failed, proven);
    if (options.once) {
      process.exitCode = held ? 0 : 1;
    } else {
      print(
        '\n枢纽继续运行，按配置定时归集；按 Ctrl-C 停止。\nThe hub stays up: schedules go on as the configuration says. Ctrl-C stops it.',
      );
      await stopped;
    }
    await client.connection.close();
    await db.destroy();
  } finally {
    forgetDepartments(supervisor.folder);
    await close();
    await supervisor.stop();
  }
}
