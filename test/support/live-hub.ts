import { appendFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { loadConfig, type ConfigChoice } from '../../settings/load.ts';
import { collectStream } from '../../cli/demo/collect.ts';
import { closingMs } from '../../cli/demo/departments.ts';
import { compareWithTruth } from '../../cli/demo/truth.ts';
import { approveDemoCatalog } from '../../cli/demo/catalog.ts';
import { program, startDatabase, startTemporal } from '../../launch/servers.ts';
import { Supervisor } from '../../launch/supervisor.ts';
import { returnWorkflowId } from '../../domain/ids.ts';
import { findGaps, type Gap } from '../../store/collection/overview.ts';
import { connectTemporal } from '../../temporal/client.ts';
import type { returnSync } from '../../workflows/return-sync.ts';
import { CONFIG, STREAM_OF, Departments } from './departments.ts';
import { freePorts } from './ports.ts';
import { end, whileFrozen } from './processes.ts';
import { DEPARTMENTS, type DepartmentId } from '../departments/departments.ts';
import { DAY_MS, shanghaiDate } from '../../domain/dates.ts';

/** A copy of the configuration with ports of its own, for a hub that runs beside others. */
export async function ownConfig(folder: string): Promise<string> {
  const copy = join(folder, 'config');
  cpSync(CONFIG, copy, { recursive: true });
  const [server, postgres, temporal, ui] = await freePorts(4);
  writeFileSync(
    join(copy, 'hub.yaml'),
    `jurisdiction: wuxi
server: { port: ${server} }
embedded: { postgresPort: ${postgres}, temporalPort: ${temporal}, temporalUiPort: ${ui} }
`,
  );
  // Whether a notice is published yet is no matter of the tests: a missing table would be an alert.
  const year = Number(shanghaiDate(Date.now()).slice(0, 4));
  for (const each of [year, year + 1]) {
    const file = join(copy, 'calendars', `${each}.yaml`);
    if (!existsSync(file)) writeFileSync(file, stringify({ year: each, version: '1', source: 'test' }));
  }
  return copy;
}

/** Small pages, so that a few thousand records make many; little patience; every line logged; no run but the asked. */
function forTests(config: string): void {
  appendFileSync(join(config, 'hub.yaml'), 'log: { level: debug }\nreturnEvery: 365d\n');
  // Asked every five minutes: its tickets would come in the middle of some tests.
  rmSync(join(config, 'connectors/demo/hotline.yaml'));
  for (const id of DEPARTMENTS) {
    const file = join(config, `connectors/demo/${id}.yaml`);
    const connector = parse(readFileSync(file, 'utf8')) as { kind: string; streams: { page?: object }[] };
    if (connector.kind === 'inbox') continue;
    const streams = connector.streams.map((stream) => ({ ...stream, page: { ...stream.page, size: 300 } }));
    const patience = connector.kind === 'http' ? { timeout: '1s' } : {};
    writeFileSync(file, stringify({ ...connector, ...patience, streams }));
  }
}

const hubOf = ({ host, port }: { host: string; port: number }): string => `http://${host}:${port}`;

export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'hub-live-'));

const LIVE_PARTS = ['postgres', 'temporal', 'worker', 'server'] as const;
type LivePart = (typeof LIVE_PARTS)[number];

/**
 * A hub as `hub up` runs it, each part a process of its own, against departments inside the test that have so many
 * records of the last three days each and have closed for today.
 * @param prepare is given the folder of its configuration before it starts
 */
export async function startLiveHub(records: number, prepare?: (config: string) => void) {
  const folder = temporaryFolder();
  const choice: ConfigChoice = { folder: await ownConfig(folder), demo: true };
  forTests(choice.folder);
  prepare?.(choice.folder);
  const config = loadConfig(choice);
  const nowMs = closingMs(config, Date.now());
  const departments = await new Departments({ anchorMs: nowMs, startMs: nowMs - 3 * DAY_MS, nowMs, records }).start();
  const supervisor = new Supervisor(join(folder, 'data'), () => undefined);
  // A test run that is stopped leaves no servers behind.
  process.once('exit', () => {
    supervisor.kill();
  });
  await supervisor.lock();
  const { url: databaseUrl, db, unlock } = await startDatabase(supervisor, config.settings.embedded.postgresPort, true);
  await approveDemoCatalog(db);
  const { address, ui } = await startTemporal(supervisor, config, () => undefined);
  const client = await connectTemporal(address, config.settings.temporal.namespace);
  const addresses = { databaseUrl, temporalAddress: address, temporalUi: ui };
  for (const part of ['worker', 'server'] as const)
    await supervisor.start(program(part, supervisor, addresses, choice));

  return {
    supervisor,
    config,
    choice,
    departments,
    db,
    client,
    addresses,

    /** Runs the main job of one department up to its moment. */
    async collect(id: DepartmentId): Promise<void> {
      const connector = config.connectors.find((candidate) => candidate.id === id);
      const [stream] = connector?.streams ?? [];
      if (!connector || !stream) throw new Error(`no connector ${id}`);
      if (connector.kind === 'inbox') await departments.push(id, hubOf(config.settings.server));
      await collectStream(client, config, connector.name, stream, departments.options.nowMs);
    },

    /** Has the platform asked for batches, by a run beside the schedule's. */
    async collectReturned(): Promise<void> {
      await client.workflow.execute<typeof returnSync>('returnSync', {
        workflowId: returnWorkflowId(`${STREAM_OF.province}:again`),
        taskQueue: config.settings.temporal.taskQueue,
        args: [{ stream: STREAM_OF.province, title: '回传', unit: '省平台' }],
      });
    },

    /** Forgets everything that was collected. */
    async forget(): Promise<void> {
      await db.raw(
        `TRUNCATE certificate, certificate_history, reject, batch, batch_page, discrepancy, reconciliation, obligation,
           push, stream_field, drift, snapshot_key`,
      );
      await db.raw(`UPDATE coverage SET times = '{}', ordinals = '{}'`);
      departments.get('province').acknowledgements.length = 0;
    },

    /** What is due and not proven to be in, of one department. */
    gaps: (id: DepartmentId): Promise<Gap[]> => findGaps(db, new Date(), STREAM_OF[id]),

    /** Null when library and department are equal, else what differs. */
    async difference(id: DepartmentId): Promise<string | null> {
      const { equal, text } = await compareWithTruth(db, STREAM_OF[id], departments.get(id).url);
      return equal ? null : text;
    },

    /** Ends a part that is up as a crash would, whatever the others do; the supervisor starts it again. */
    async kill(part: LivePart): Promise<void> {
      await end(await supervisor.up(part), 'SIGKILL');
    },

    /** Waits until every part can be used again: the database and Temporal answer, worker and server work. */
    async recovered(): Promise<void> {
      for (const part of LIVE_PARTS) await supervisor.up(part);
    },

    /** Does something while a part answers nobody. */
    async whileFrozen<T>(part: LivePart, work: () => Promise<T>): Promise<T> {
      return whileFrozen((await supervisor.up(part)).pid ?? 0, work);
    },

    async stop(): Promise<void> {
      await client.connection.close();
      await db.destroy();
      await unlock();
      await supervisor.stop();
      await departments.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type LiveHub = Awaited<ReturnType<typeof startLiveHub>>;
