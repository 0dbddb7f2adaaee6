import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Connection } from '@temporalio/client';
import type { Knex } from 'knex';
import pRetry from 'p-retry';
import { readEnvironment } from '../settings/environment.ts';
import { ROOT } from '../settings/root.ts';
import type { ConfigChoice, HubConfig } from '../settings/load.ts';
import { HubError, messageOf } from '../domain/errors.ts';
import { fault, type Facts } from '../domain/faults.ts';
import { lockInstance, migrate, openDatabase, requireServer, shownDatabase } from '../store/database.ts';
import { prepareEmbeddedPostgres } from './postgres.ts';
import { connectTemporal, registerSearchAttributes } from '../temporal/client.ts';
import { findTemporal, spawnDevServer } from './temporal.ts';
import type { Part, Supervisor } from './supervisor.ts';

const MAIN = join(ROOT, 'cli/main.ts');

/** Where the servers of a hub can be reached once they run. */
export interface Addresses {
  databaseUrl: string;
  temporalAddress: string;
  /** Temporal's UI; null on a server of the operator's own. */
  temporalUi: string | null;
}

/** Tries again what a server that starts cannot do yet: as long as its start is waited for, else for a minute. */
const patiently = <T>(step: () => Promise<T>, waitedFor?: AbortSignal): Promise<T> =>
  pRetry(step, {
    retries: waitedFor ? Infinity : 60,
    factor: 1.2,
    minTimeout: 100,
    maxTimeout: 1_000,
    signal: waitedFor,
    shouldRetry: ({ error }) => !(error instanceof HubError) || error.kind === 'transient',
  });

/** Throws when a port that this hub is going to listen on is taken, before anything is started. */
export async function requirePorts({ settings: { embedded, server } }: HubConfig): Promise<void> {
  const { databaseUrl, temporalAddress } = readEnvironment();
  await requireFreePort(server.host, server.port, 'server.port');
  if (databaseUrl === undefined) await requireFreePort('127.0.0.1', embedded.postgresPort, 'embedded.postgresPort');
  if (temporalAddress === undefined) {
    await requireFreePort('127.0.0.1', embedded.temporalPort, 'embedded.temporalPort');
    await requireFreePort('127.0.0.1', embedded.temporalUiPort, 'embedded.temporalUiPort');
  }
}

async function requireFreePort(host: string, port: number, setting: Facts<'port-taken'>['setting']): Promise<void> {
  const server = createServer();
  try {
    await new Promise<void>((done, fail) => server.once('error', fail).listen(port, host, done));
  } catch (error) {
    throw fault('port-taken', { port, setting, why: messageOf(error) });
  }
  await new Promise((done) => server.close(done));
}

/** PostgreSQL: the one at DATABASE_URL, or the embedded one on a port; with the newest schema. Says what it is. */
export async function startDatabase(
  supervisor: Supervisor,
  postgresPort: number,
  demo: boolean,
): Promise<{ url: string; db: Knex; unlock: () => Promise<void>; what: string }> {
  const given = readEnvironment().databaseUrl;
  let url = given ?? '';
  if (given === undefined) {
    const embedded = await prepareEmbeddedPostgres(join(supervisor.folder, 'postgres'), postgresPort);
    ({ url } = embedded);
    await supervisor.start({
      name: 'postgres',
      spawn: embedded.spawn,
      stopSignal: 'SIGINT',
      ready: (_child, waitedFor) =>
        patiently(async () => {
          const db = openDatabase(url, 'start');
          try {
            await requireServer(db, url);
          } finally {
            await db.destroy();
          }
        }, waitedFor),
    });
  }
  const db = openDatabase(url, demo ? 'demo' : 'up');
  const version = await requireServer(db, url);
  const unlock = await lockInstance(url);
  await migrate(db, demo ? 'demo' : 'production');
  return { url, db, unlock, what: `PostgreSQL ${version} · ${given === undefined ? 'embedded' : shownDatabase(url)}` };
}

/** Temporal: the server at TEMPORAL_ADDRESS, or the development server; with the hub's search attributes. */
export async function startTemporal(
  supervisor: Supervisor,
  config: HubConfig,
  report: (what: string) => void,
): Promise<{ address: string; ui: string | null; what: string }> {
  const environment = readEnvironment();
  const { namespace } = config.settings.temporal;
  const { temporalPort, temporalUiPort } = config.settings.embedded;
  const address = environment.temporalAddress ?? `127.0.0.1:${temporalPort}`;
  const ui = environment.temporalAddress === undefined ? `http://127.0.0.1:${temporalUiPort}` : null;
  if (ui !== null) {
    const program = await findTemporal(environment, report);
    await supervisor.start({
      name: 'temporal',
      spawn: (log) =>
        spawnDevServer(program, {
          port: temporalPort,
          uiPort: temporalUiPort,
          namespace,
          log,
          database: join(supervisor.folder, 'temporal.db'),
        }),
      stopSignal: 'SIGTERM',
      ready: (_child, waitedFor) =>
        patiently(async () => (await connectTemporal(address, namespace)).connection.close(), waitedFor),
    });
  }
  const client = await connectTemporal(address, namespace);
  const { serverVersion } = await (client.connection as Connection).workflowService.getSystemInfo({});
  await patiently(() => registerSearchAttributes(client));
  await client.connection.close();
  return { address, ui, what: `Temporal ${serverVersion} · ${ui === null ? address : 'development server'}` };
}

/** One of the hub's own programs, `worker` or `server`, as a part, with the configuration that `choice` names. */
export function program(
  name: 'worker' | 'server',
  supervisor: Supervisor,
  addresses: Addresses,
  choice: ConfigChoice,
): Part {
  const flags = ['--config', choice.folder, '--data', supervisor.folder];
  if (choice.jurisdiction !== undefined) flags.push('--jurisdiction', choice.jurisdiction);
  if (choice.demo) flags.push('--demo');
  return {
    name,
    stopSignal: 'SIGTERM',
    spawn: (log) =>
      spawnNode(MAIN, [name, ...flags], log, {
        DATABASE_URL: addresses.databaseUrl,
        TEMPORAL_ADDRESS: addresses.temporalAddress,
      }),
    ready: (child, waitedFor) => once(child, 'message', { signal: waitedFor }),
  };
}

/** Starts a TypeScript program that ends with this process. */
export function spawnNode(script: string, args: string[], log: number, env: Record<string, string>): ChildProcess {
  return spawn(process.execPath, [...process.execArgv, script, ...args], {
    env: { ...readEnvironment().all, TZ: 'UTC', ...env },
    stdio: ['ignore', log, log, 'ipc'],
    // Ctrl-C reaches the supervisor alone, which stops its parts in order.
    detached: true,
  });
}
