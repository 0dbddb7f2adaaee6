import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Knex } from 'knex';
import pg from 'pg';
import { startDatabase } from '../launch/servers.ts';
import { Supervisor } from '../launch/supervisor.ts';
import { loadConfig } from '../settings/load.ts';
import { createHubLogger } from '../settings/logger.ts';
import { catalogEntrySchema } from '../settings/schemas/catalog.ts';
import { Streams } from '../connectors/registry.ts';
import { timeWindow } from '../domain/collection/window.ts';
import { DAY_MS } from '../domain/dates.ts';
import { createApp } from '../server/app.ts';
import { startReceipts } from '../server/background/receipts.ts';
import { saveLaw } from '../store/apply-config.ts';
import { getBatch, openBatch } from '../store/collection/batches.ts';
import { writePage } from '../store/collection/pages.ts';
import { getStream, saveStreams } from '../store/collection/streams.ts';
import { addAccount } from '../store/console/accounts.ts';
import { addToken } from '../store/console/sessions.ts';
import { saveUnit } from '../store/ledger/units.ts';
import { approvedCatalog, approveDrafts, draftEntries } from '../store/library/catalog.ts';
import { FolderStore } from '../store/library/files/folder.ts';
import { openReceiptSigner } from '../store/sharing/receipt-signing.ts';
import { approveUsageList, saveUsageList } from '../store/sharing/usage-lists.ts';
import { ownConfig } from '../test/support/live-hub.ts';
import { MadeUpStream, PAGE } from './made-up-library.ts';

const USAGE = `node bench/share.ts [--records 200000] [--seconds 5] [--rounds 3] [--callers 16]

How many calls of the share interface one process answers, with grants, masking, receipts and the log on, beside a bare
Fastify route with the same look-up as a prepared SELECT: the two by turns, in the same run, over an embedded PostgreSQL
in a temporary folder. The callers are a thread of their own. Prints a Markdown table.`;

/** What one turn of callers came to. */
interface Turn {
  calls: number;
  failed: number;
  /** Milliseconds, in ascending order. */
  took: number[];
}

interface Task {
  port: number;
  path: string;
  headers: Record<string, string>;
  bodies: string[];
  seconds: number;
  callers: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      records: { type: 'string', default: '200000' },
      seconds: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '3' },
      callers: { type: 'string', default: '16' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'hub-bench-'));
  const supervisor = new Supervisor(join(folder, 'data'), () => undefined);
  process.once('exit', () => supervisor.kill());
  await supervisor.lock();
  const config = loadConfig({ folder: await ownConfig(folder), demo: true });
  const { url, db, unlock } = await startDatabase(supervisor, config.settings.embedded.postgresPort, true);
  const now = (): Date => new Date();
  const logger = createHubLogger({ level: 'error', format: 'json' }, 'bench');
  const streams = new Streams(config);
  const files = new FolderStore(folder);
  const away = (): Promise<never> => Promise.reject(new Error('Temporal is away'));
  const app = createApp(
    { db, now, aheadMs: () => 0, countWorkers: away, faultyFiles: () => [] },
    { db, now, logger, streams: () => streams },
    { db, now, logger, config: () => config, temporal: away, folder: null, files },
  );
  const bare = bareRoute(url);
  const stopReceipts = startReceipts({ db, now, logger, signer: openReceiptSigner(folder) });
  try {
    await saveLaw(db, config);
    const { bodies, holders, token } = await fill(db, Number(values.records));
    await app.listen({ port: 0 });
    await bare.app.listen({ port: 0 });
    const task = { seconds: Number(values.seconds), callers: Number(values.callers) };
    const ways = {
      'bare route, the SELECT alone': {
        port: (bare.app.server.address() as AddressInfo).port,
        path: '/find',
        headers: {},
        bodies: holders,
      },
      'POST /share/v1/find': {
        port: (app.server.address() as AddressInfo).port,
        path: '/share/v1/find',
        headers: { authorization: `Bearer ${token}` },
        bodies,
      },
    };
    const turns = new Map<string, Turn[]>(Object.keys(ways).map((name) => [name, []]));
    for (let round = 0; round < Number(values.rounds); round++)
      for (const [name, way] of Object.entries(ways)) turns.get(name)?.push(await turn({ ...way, ...task }));
    print(turns, task.seconds, await db('certificate').count<{ count: number }[]>('* as count'));
  } finally {
    await stopReceipts();
    await app.close();
    await bare.close();
    await streams.close();
    await db.destroy();
    await unlock();
    await supervisor.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same look-up and nothing else. */
function bareRoute(url: string): { app: FastifyInstance; close: () => Promise<void> } {
  const pool = new pg.Pool({ connectionString: url, max: 10 });
  const app = Fastify({ logger: false });
  app.post<{ Body: { code: string; type: string } }>('/find', async (asked) => {
    const { rows } = await pool.query({
      name: 'find',
      text: `SELECT name, number, issuer_name, issued_on::text, effective_on::text, expires_on::text, holders, status
        FROM certificate WHERE (holders->0->>'code') COLLATE "C" = $1 AND type_code = $2`,
      values: [asked.body.code, asked.body.type],
    });
    return { certificates: rows as unknown[] };
  });
  return {
    app,
    close: async () => {
      await app.close();
      await pool.end();
    },
  };
}

/** A library of so many records, a unit with a grant for them, and calls that find one each. */
async function fill(db: Knex, records: number): Promise<{ bodies: string[]; holders: string[]; token: string }> {
  const at = new Date();
  const made = new MadeUpStream(0, Math.ceil(records / PAGE), at.getTime(), records);
  const configured = { name: made.name, title: '数据流', connector: 'made-up', unitCode: 'U0', unitName: '单位' };
  await saveStreams(db, [{ ...configured, delivery: 'daily', since: at, daily: null }], at);
  const { id } = await getStream(db, made.name);
  const window = timeWindow(at.getTime() - 3 * 365 * DAY_MS, at.getTime());
  const opened = { purpose: 'daily' as const, window, declared: made.records, workflowId: 'bench' };
  const batch = await getBatch(db, await openBatch(db, id, opened, at));
  for (let number = 0; number < made.records / PAGE; number++) {
    const rows = made.page(number * PAGE, (number + 1) * PAGE);
    const page = { number, digest: String(number), rows, read: PAGE, rejected: [], deleted: [], position: null };
    await writePage(db, batch, page, { untimed: false, snapshot: false }, at);
  }
  await db.raw('ANALYZE');
  const found = await db('certificate')
    .limit(5_000)
    .select<{ type: string; holders: { code: string; name: string }[] }[]>({ type: 'type_code', holders: 'holders' });
  const typeCode = found[0]?.type ?? '';
  await draftEntries(db, [catalogEntrySchema.parse({ typeCode, name: '证', publicity: 'public' })], 'x', at);
  await approveDrafts(db, [typeCode], 'y', at);
  const unit = { code: '11320200014006438B', name: '市住建局' };
  await db.transaction((trx) => saveUnit(trx, { ...unit, parentCode: null }));
  await saveUsageList(db, unit, [{ code: 'A-1', name: '施工许可', scenario: '受理', types: [typeCode] }], {
    by: '张三',
    at,
  });
  const catalog = await approvedCatalog(db);
  await db.transaction((trx) => approveUsageList(trx, unit.code, 1, catalog, { by: '王处长', at }));
  await addAccount(
    db,
    { login: 'clerk', name: 'clerk', role: 'user', unitCode: unit.code },
    { password: 'for this bench alone', mustChange: false },
    at,
  );
  const account = await db('account').where({ login: 'clerk' }).first<{ id: number }>('id');
  const wanted = { label: 'bench', scopes: ['certificates:use' as const], expiresAt: new Date(at.getTime() + DAY_MS) };
  const { token } = await addToken(db, account.id, wanted, at);
  const people = found.flatMap(({ holders: [holder] }) => (holder ? [holder] : []));
  return {
    token,
    holders: people.map(({ code }) => JSON.stringify({ code, type: typeCode })),
    bodies: people.map(({ code, name }, index) =>
      JSON.stringify({
        use: { matter: 'A-1', scenario: '受理', business: `B-${index}`, reason: '办理施工许可' },
        typeCode,
        holder: { code, name },
      }),
    ),
  };
}

/** Has callers in a thread of their own ask for some seconds. */
function turn(task: Task): Promise<Turn> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(import.meta.filename, { workerData: task });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

async function call({ port, path, headers, bodies, seconds, callers }: Task): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: callers });
  const until = performance.now() + seconds * 1000;
  const took: number[] = [];
  let failed = 0;
  let next = 0;
  const ask = (body: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const asked = request(
        {
          port,
          path,
          method: 'POST',
          agent,
          headers: { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
        },
        (answer) => {
          answer.resume();
          answer.once('end', () => resolve(answer.statusCode ?? 0));
        },
      );
      asked.once('error', reject);
      asked.end(body);
    });
  const caller = async (): Promise<void> => {
    while (performance.now() < until) {
      const start = performance.now();
      const status = await ask(bodies[next++ % bodies.length] ?? '');
      took.push(performance.now() - start);
      if (status !== 200) failed += 1;
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  agent.destroy();
  parentPort?.postMessage({ calls: took.length, failed, took: took.sort((a, b) => a - b) } satisfies Turn);
}

function print(turns: ReadonlyMap<string, Turn[]>, seconds: number, [held]: { count: number }[]): void {
  const rates = new Map<string, number>();
  console.log(`${held?.count ?? 0} certificates\n`);
  console.log(
    '| | calls/s | of the bare route | p50 ms | p99 ms | failed |\n| --- | ---: | ---: | ---: | ---: | ---: |',
  );
  for (const [name, all] of turns) {
    const took = all.flatMap((each) => each.took).sort((a, b) => a - b);
    const rate = took.length / seconds / all.length;
    rates.set(name, rate);
    const [bare = rate] = rates.values();
    const of = (share: number): string => (took[Math.floor(took.length * share)] ?? 0).toFixed(1);
    const failed = all.reduce((sum, each) => sum + each.failed, 0);
    console.log(
      `| ${name} | ${rate.toFixed(0)} | ${((100 * rate) / bare).toFixed(0)} % | ${of(0.5)} | ${of(0.99)} | ${failed} |`,
    );
  }
}

if (isMainThread) await main();
else await call(workerData as Task);
