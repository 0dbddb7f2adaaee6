import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { WithStartWorkflowOperation, type Client } from '@temporalio/client';
import axios from 'axios';
import { InvalidArgumentError, type Command } from 'commander';
import type { Knex } from 'knex';
import { Listr } from 'listr2';
import { provide } from '../config/environment.ts';
import type { StreamConfig } from '../config/connector-schema.ts';
import type { HubConfig } from '../config/load.ts';
import { Streams } from '../connectors/registry.ts';
import { shanghaiDate, shanghaiInstant } from '../domain/dates.ts';
import { configurationError, messageOf, systemError } from '../domain/errors.ts';
import { dailyWorkflowId, returnScheduleId } from '../domain/ids.ts';
import { countObligations, findGaps, listObligations, streamOverview } from '../store/overview.ts';
import { connectTemporal } from '../temporal/client.ts';
import { cutOffOf, labelOf } from '../temporal/schedules.ts';
import type { dailyAggregation } from '../workflows/daily-aggregation.ts';
import { closeDayEarlyUpdate, type StreamLabel } from '../workflows/messages.ts';
import { streamAttributes } from '../workflows/search-attributes.ts';
import { compareWithTruth, type TruthReport } from './demo-truth.ts';
import { dataFolder, readConfig, ROOT, withConfig, withData, type CommonOptions } from './options.ts';
import { gapTable, obligationTable, streamTable } from './output.ts';
import { program as part, spawnNode, startDatabase, startTemporal, type Addresses } from './servers.ts';
import { untilStopped } from './signals.ts';
import { Supervisor } from './supervisor.ts';

const DAYS = 14;
const DAY_MS = 86_400_000;
/** Share of the records that each department has. */
const SHARES = { province: 0.4, housing: 0.2, health: 0.2, transport: 0.2 } as const;
type DepartmentId = keyof typeof SHARES;
const DEPARTMENTS = Object.keys(SHARES) as DepartmentId[];

interface DemoOptions extends CommonOptions {
  once?: boolean;
  records?: number;
  seed?: number;
  fresh?: boolean;
}

/** What makes the departments the same again at the next start. */
interface DemoData {
  seed: number;
  records: number;
  anchorMs: number;
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Expected a whole number above 0.');
  return value;
}

export function addDemo(program: Command): void {
  const demo = withData(withConfig(program.command('demo')))
    .summary('run the hub with simulated departments')
    .description(
      'Runs the whole hub with four simulated departments: takes what the provincial platform returns, collects each\n' +
        'department’s day, proves that nothing is missing, prints a summary, and stays up. A second start goes on with the data.',
    )
    .option('--once', 'end after the summary; exits with 0 only if every check in it held')
    .option('--records <count>', 'records over the last 14 days, at the first start (default: 20000)', positive)
    .option('--seed <number>', 'the same seed gives the same departments, at the first start (default: 1)', positive)
    .option('--fresh', 'begin with empty data')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub demo\n  ./hub demo --once --fresh --records 200000\n  ./hub demo --jurisdiction ordos\n  ./hub demo fault housing away --times 100',
    )
    .action(runDemo);

  withData(demo.command('fault <department> [fault]'))
    .summary('switch a fault of a simulated department on or off while the demo runs')
    .description(
      'Faults: rate-limit, error, timeout, empty-body, truncated, repeated-page, short-page, token-expiry, away.',
    )
    .option('--times <count>', 'how many requests it hits', positive, 1)
    .option('--clear', 'switch every fault of the department off')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub demo fault transport token-expiry\n  ./hub demo fault housing away --times 1000\n  ./hub demo fault housing --clear',
    )
    .action(
      async (
        department: string,
        fault: string | undefined,
        options: { times: number; clear?: boolean; data?: string },
      ) => {
        const url = departmentAddresses(dataFolder({ config: '', ...options }, true))[department];
        if (url === undefined) {
          throw configurationError(`No demo with a department “${department}” is running here`, {
            code: 'no-demo',
            cure: `start ./hub demo; its departments are ${DEPARTMENTS.join(', ')}`,
          });
        }
        const address = `${url}/_sim/faults`;
        const { data } = options.clear
          ? await axios.delete<unknown>(address)
          : await axios.post<unknown>(address, { fault, times: options.times });
        console.log(`${department}: faults now ${JSON.stringify(data)}`);
      },
    );
}

async function runDemo(options: DemoOptions): Promise<void> {
  const settings = { ...options, demo: true };
  const config = readConfig(settings);
  const supervisor = new Supervisor(dataFolder(settings, true), (line) => {
    console.error(line);
  });
  await supervisor.lock();
  if (options.fresh)
    for (const name of ['postgres', 'temporal.db', 'demo.json'])
      rmSync(join(supervisor.folder, name), { recursive: true, force: true });
  const data = demoData(supervisor.folder, options);
  const nowMs = Math.floor(Date.now() / 1000) * 1000;

  let close = (): Promise<void> => Promise.resolve();
  const stopped = untilStopped(() => {
    supervisor.kill();
  });
  const addresses: Addresses = { databaseUrl: '', temporalAddress: '', temporalUi: null };
  try {
    console.log(`${config.jurisdiction.name} · ${config.jurisdiction.regulation.title}\n`);
    let db: Knex | undefined;
    let client: Client | undefined;
    const steps = new Listr(
      [
        {
          title: 'PostgreSQL',
          task: async (_, task) => {
            const database = await startDatabase(supervisor, config, true);
            ({ db } = database);
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
          title: 'Simulated departments',
          task: async (_, task) => (task.title = await startDepartments(supervisor, data, nowMs)),
        },
        {
          title: 'Connectors: one page and one count of each',
          task: async (_, task) => (task.title = await checkConnectors(config)),
        },
        { title: 'Worker', task: () => supervisor.start(part('worker', addresses, settings)) },
        { title: 'Health page and watchdog', task: () => supervisor.start(part('server', addresses, settings)) },
      ],
      { rendererOptions: { collapseSubtasks: false } },
    );
    await Promise.race([steps.run(), stopped]);
    if (!db || !client) return;
    const collected = collect(db, client, config, nowMs);
    collected.catch(() => undefined); // stopped in the middle: the servers it asks are gone
    const failed = await Promise.race([collected, stopped]);
    if (!failed) return;
    const held = await summarise(db, config, addresses, departmentAddresses(supervisor.folder), failed);
    if (options.once) {
      process.exitCode = held ? 0 : 1;
    } else {
      console.log('\nThe hub stays up: schedules go on as the configuration says. Ctrl-C stops it.');
      await stopped;
    }
    await client.connection.close();
    await db.destroy();
  } finally {
    rmSync(departmentsFile(supervisor.folder), { force: true });
    await close();
    await supervisor.stop();
  }
}

function demoData(folder: string, options: DemoOptions): DemoData {
  const file = join(folder, 'demo.json');
  if (!existsSync(file)) {
    const data = {
      seed: options.seed ?? 1,
      records: options.records ?? 20_000,
      anchorMs: Math.floor(Date.now() / 1000) * 1000,
    };
    writeFileSync(file, JSON.stringify(data));
    return data;
  }
  const data = JSON.parse(readFileSync(file, 'utf8')) as DemoData;
  for (const name of ['seed', 'records'] as const) {
    if (options[name] !== undefined && options[name] !== data[name]) {
      throw configurationError(`The demo’s data were made with ${name} ${String(data[name])}`, {
        code: 'demo-data',
        cure: `leave out --${name}, or begin anew with --fresh`,
      });
    }
  }
  return data;
}

/** Each department is a process of its own, frozen at this moment: it has closed for the day. */
async function startDepartments(supervisor: Supervisor, data: DemoData, nowMs: number): Promise<string> {
  const addresses: Partial<Record<DepartmentId, string>> = {};
  for (const id of DEPARTMENTS) {
    const args = [
      ...[id, '--seed', String(data.seed), '--records', String(Math.round(data.records * SHARES[id]))],
      ...['--start', String(data.anchorMs - DAYS * DAY_MS), '--anchor', String(data.anchorMs), '--now', String(nowMs)],
    ];
    let url = '';
    await supervisor.start({
      name: id,
      stopSignal: 'SIGTERM',
      // Started again, it must be found where it was.
      spawn: (log) =>
        spawnNode(
          join(ROOT, 'test/departments/main.ts'),
          [...args, '--port', url === '' ? '0' : new URL(url).port],
          log,
          {},
        ),
      ready: async (child: ChildProcess) => {
        url = await new Promise<string>((done) =>
          child.once('message', (message) => done((message as { url: string }).url)),
        );
      },
    });
    provide(`HUB_DEMO_${id.toUpperCase()}_URL`, url);
    provide(`HUB_DEMO_${id.toUpperCase()}_SECRET`, `${id}-secret`);
    addresses[id] = url;
  }
  writeFileSync(departmentsFile(supervisor.folder), JSON.stringify(addresses));
  return `Simulated departments: ${DEPARTMENTS.join(', ')}`;
}

const departmentsFile = (folder: string): string => join(folder, 'departments.json');

function departmentAddresses(folder: string): Record<string, string> {
  const file = departmentsFile(folder);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>) : {};
}

async function checkConnectors(config: HubConfig): Promise<string> {
  const streams = new Streams(config);
  const ids = config.connectors.flatMap((connector) => connector.streams.map(({ id }) => id));
  await Promise.all(ids.map((id) => streams.get(id).source.check()));
  return `Connectors: ${String(ids.length)} streams answer`;
}

/** The main job: what the platform returned, and each department’s day up to now. Tells the streams that failed. */
async function collect(db: Knex, client: Client, config: HubConfig, nowMs: number): Promise<string[]> {
  const jobs = config.connectors.flatMap((connector) => connector.streams.map((stream) => ({ connector, stream })));
  const failed: string[] = [];
  await new Listr(
    jobs.map(({ connector, stream }) => ({
      title: `${connector.name} · ${stream.name ?? stream.id}`,
      task: async (_: unknown, task: { title: string; output: string }) => {
        const title = task.title;
        const label = labelOf(connector.name, stream);
        const watch = new AbortController();
        const progress = (async () => {
          while (!watch.signal.aborted) {
            task.title = `${title} — ${await progressOf(db, stream.id)}`;
            await wait(400, null, { signal: watch.signal }).catch(() => null);
          }
        })();
        try {
          if (stream.delivery === 'return') {
            await returned(client, stream.id);
          } else {
            await closedForTheDay(client, config, stream, label, nowMs);
          }
        } catch (error) {
          failed.push(`${stream.id}: ${messageOf(error)}`);
          throw error;
        } finally {
          watch.abort();
          await progress;
          task.title = `${title} — ${await progressOf(db, stream.id)}`;
        }
      },
    })),
    { concurrent: true, exitOnError: false },
  ).run();
  return failed;
}

async function progressOf(db: Knex, stream: string): Promise<string> {
  const row = (await streamOverview(db, new Date())).find((candidate) => candidate.stream === stream);
  if (!row) return '';
  const shown = (value: number): string => value.toLocaleString('en-US');
  return `read ${shown(row.read)}, accepted ${shown(row.accepted)}, unchanged ${shown(row.unchanged)}, rejected ${shown(row.rejected)}`;
}

/** Waits for the schedule's run that the worker started when it came up. */
async function returned(client: Client, stream: string): Promise<void> {
  const schedule = client.schedule.getHandle(returnScheduleId(stream));
  for (;;) {
    const { info } = await schedule.describe();
    const last = info.recentActions.at(-1)?.action;
    if (info.runningActions.length === 0 && last?.type === 'startWorkflow') {
      const { workflowId, firstExecutionRunId } = last.workflow;
      await client.workflow.getHandle(workflowId, firstExecutionRunId).result();
      return;
    }
    await wait(300);
  }
}

/** Starts the day's run, or finds the one of an earlier start, and tells it that the department has closed for the day. */
async function closedForTheDay(
  client: Client,
  config: HubConfig,
  stream: StreamConfig,
  label: StreamLabel,
  nowMs: number,
): Promise<void> {
  const date = shanghaiDate(nowMs);
  const startWorkflowOperation = new WithStartWorkflowOperation<typeof dailyAggregation>('dailyAggregation', {
    workflowId: dailyWorkflowId(stream.id, date),
    taskQueue: config.settings.temporal.taskQueue,
    args: [{ ...label, cutOff: cutOffOf(config, stream.id), date }],
    typedSearchAttributes: streamAttributes(label, '每日归集'),
    staticSummary: `每日归集 · ${label.title} · ${date}`,
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  const at = shanghaiInstant(nowMs);
  const { met } = await client.workflow.executeUpdateWithStart(closeDayEarlyUpdate, {
    args: [{ at }],
    startWorkflowOperation,
  });
  if (!met)
    throw systemError(`${date} of ${stream.id} is not proven to be in`, { code: 'day-open', cure: 'see ./hub gaps' });
}

/** Prints what came of it; false when any check failed. */
async function summarise(
  db: Knex,
  config: HubConfig,
  addresses: Addresses,
  departments: Record<string, string>,
  failed: string[],
): Promise<boolean> {
  const at = new Date();
  const streams = await streamOverview(db, at);
  const gaps = await findGaps(db, at);
  const counts = await countObligations(db, at);
  const obligations = await listObligations(db, at, new Date(at.getTime() - DAY_MS));
  const truths: TruthReport[] = [];
  for (const connector of config.connectors) {
    for (const { id } of connector.streams)
      truths.push(await compareWithTruth(db, id, departments[connector.id] ?? ''));
  }

  console.log(`\n${streamTable(streams)}`);
  console.log(`\n${gaps.length === 0 ? 'Gaps: none. Everything that is due is proven to be in.' : gapTable(gaps)}`);
  console.log(
    `\nObligations: ${String(counts.met + counts['met late'])} met${counts['met late'] > 0 ? ` (${String(counts['met late'])} late)` : ''}, ${String(counts.open)} open, ${String(counts.overdue)} overdue`,
  );
  if (obligations.length > 0) console.log(obligationTable(obligations));

  const checks: [string, boolean][] = [
    [
      failed.length === 0 ? 'every stream was collected' : `not every stream was collected: ${failed.join('; ')}`,
      failed.length === 0,
    ],
    ...truths.map(({ stream, text, equal }): [string, boolean] => [`${stream} equals its department: ${text}`, equal]),
    ['no gaps', gaps.length === 0],
    ['no obligation overdue', counts.overdue === 0],
    ['no stream paused', streams.every(({ pausedReason }) => pausedReason === null)],
  ];
  console.log('\nChecks');
  for (const [what, held] of checks) console.log(`  ${held ? '✔' : '✖'} ${what}`);

  const { server, temporal } = config.settings;
  console.log('');
  if (addresses.temporalUi !== null)
    console.log(`Temporal UI    ${addresses.temporalUi}/namespaces/${temporal.namespace}/workflows`);
  console.log(`Health page    http://${server.host}:${String(server.port)}/health`);
  return checks.every(([, held]) => held);
}
