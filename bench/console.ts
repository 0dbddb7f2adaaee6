import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { FastifyInstance } from 'fastify';
import type { Knex } from 'knex';
import pMap from 'p-map';
import { approveDemoCatalog } from '../cli/demo/catalog.ts';
import { startDatabase } from '../launch/servers.ts';
import { Supervisor } from '../launch/supervisor.ts';
import { loadConfig } from '../settings/load.ts';
import { createHubLogger } from '../settings/logger.ts';
import { Streams } from '../connectors/registry.ts';
import { DAY_MS, shanghaiDate, startOfDayMs } from '../domain/dates.ts';
import { timeWindow } from '../domain/collection/window.ts';
import { provide } from '../settings/environment.ts';
import { inboxConnectorSchema } from '../settings/kinds/inbox.ts';
import { CONSOLE_LIMITS, createApp } from '../server/app.ts';
import { HEALTH_LIMITS } from '../server/health.ts';
import { INBOX_LIMITS } from '../server/inbox/request.ts';
import { openDatabase } from '../store/database.ts';
import { addAccount } from '../store/console/accounts.ts';
import { getBatch, openBatch } from '../store/collection/batches.ts';
import { saveCalendar } from '../store/ledger/calendar.ts';
import { FolderStore } from '../store/library/files/folder.ts';
import { openDispute } from '../store/casework/disputes.ts';
import { beginSample, finishSample, runPatrol } from '../store/supervision/inspections.ts';
import { openOutage } from '../store/casework/outages.ts';
import { openDays } from '../store/collection/days.ts';
import { writePage } from '../store/collection/pages.ts';
import { getStream, saveStreams } from '../store/collection/streams.ts';
import { calendarInForce, saveLaw } from '../store/apply-config.ts';
import { ownConfig } from '../test/support/live-hub.ts';
import type { Answers, Load, Measured } from './load.ts';
import { MadeUpStream, PAGE } from './made-up-library.ts';

const USAGE = `node bench/console.ts [--records 1000000] [--obligations 100000] [--streams 500] [--times 20] [--readers 0]

How fast every list and figure of the console’s API answers over a hub of that size: an embedded PostgreSQL in a
temporary folder, the server in this process, every GET route of the API’s own description asked so many times. Prints a
Markdown table, the slowest first. With --readers 100 instead: so many who read without a pause, 20 who push, and one who
asks for the health page, for 15 seconds each, in turns with all on one pool and with pools apart.`;
const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    obligations: { type: 'string', default: '100000' },
    streams: { type: 'string', default: '500' },
    times: { type: 'string', default: '20' },
    readers: { type: 'string', default: '0' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
const RECORDS = Number(values.records);
const OBLIGATIONS = Number(values.obligations);
const STREAMS = Number(values.streams);
const TIMES = Number(values.times);
const READERS = Number(values.readers);
const PUSHERS = 20;
const LOAD_SECONDS = 15;
const ROUNDS = 2;
/** Of the streams, so many have the records. */
const FILLED = 20;
const UNITS = 60;
const DISPUTES = 1_000;
const OUTAGES = 200;
const REJECTS = 20_000;
const SAMPLES = 40;
const PUSHED = Array.from({ length: PUSHERS }, (_, pusher) => `pushed-${pusher}`);
/** What somebody who has the console open reads: its first page, lists, and what stands behind them. */
const READ = [
  '/overview',
  '/tasks?state=overdue',
  '/tasks?state=open',
  '/streams',
  '/streams/made-up-00',
  '/certificates?stream=made-up-00',
  '/rejects/groups',
  '/disputes',
  '/outages',
  '/findings',
  '/units',
  '/streams/coverage',
  '/figures',
].map((path) => `/api/v1${path}`);
const NOW = new Date();
const PASSWORD = 'for this bench alone';

const folder = mkdtempSync(join(tmpdir(), 'hub-bench-'));
const supervisor = new Supervisor(join(folder, 'data'), () => undefined);
process.once('exit', () => supervisor.kill());
await supervisor.lock();
const config = loadConfig({ folder: await ownConfig(folder), demo: true });
const { url: databaseUrl, db, unlock } = await startDatabase(supervisor, config.settings.embedded.postgresPort, true);
await approveDemoCatalog(db);
try {
  await fill(db);
  await (READERS > 0 ? askAtOnce() : ask());
} finally {
  await db.destroy();
  await unlock();
  await supervisor.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function fill(db: Knex): Promise<void> {
  await saveLaw(db, config);
  await saveCalendar(db, calendarInForce(config), NOW);
  const days = Math.ceil(OBLIGATIONS / STREAMS);
  const since = new Date(startOfDayMs(shanghaiDate(NOW.getTime())) - days * DAY_MS);
  const made = Array.from(
    { length: FILLED },
    (_, place) => new MadeUpStream(place, Math.ceil(RECORDS / FILLED / PAGE), NOW.getTime(), RECORDS / 3),
  );
  const daily = {
    rule: 'WX-4.3',
    article: '第四条（三）',
    duty: '实时推送归集',
    basis: 'internal' as const,
    cutOff: '21:00',
    due: '24:00',
  };
  const configured = Array.from({ length: STREAMS }, (_, place) => ({
    name: made[place]?.name ?? `empty-${place}`,
    title: `数据流 ${place}`,
    connector: 'made-up',
    unitCode: `U${place % UNITS}`,
    unitName: `单位 ${place % UNITS}`,
    delivery: 'daily' as const,
    since,
    daily,
  }));
  const pushed = { certificateType: '111000000000134939003', daily: null, connector: 'pushed', unitCode: 'U0' };
  const inboxes = PUSHED.map((name) => ({
    ...pushed,
    name,
    title: name,
    unitName: '单位 0',
    delivery: 'daily' as const,
    since,
  }));
  await saveStreams(db, [...configured, ...inboxes], since);
  await openDays(db, NOW);
  // All but the last two days are met, one in fifty late; a hundredth of it all is overdue.
  await db.raw(
    `UPDATE obligation SET met_at = due_at + CASE WHEN id % 50 = 0 THEN interval '1 day' ELSE interval '-1 hour' END
     WHERE due_at < :now::timestamptz - interval '2 days' AND id % 100 <> 7`,
    { now: NOW },
  );
  for (const stream of made) {
    const { id } = await getStream(db, stream.name);
    const window = timeWindow(NOW.getTime() - 3 * 365 * DAY_MS, NOW.getTime());
    const batch = await getBatch(
      db,
      await openBatch(db, id, { purpose: 'daily', window, declared: stream.records, workflowId: 'bench' }, NOW),
    );
    const pages = Array.from({ length: stream.records / PAGE }, (_, number) => number);
    await pMap(
      pages,
      (number) =>
        writePage(
          db,
          batch,
          {
            number,
            digest: String(number),
            rows: stream.page(number * PAGE, (number + 1) * PAGE),
            read: PAGE,
            rejected: [],
            deleted: [],
            position: null,
          },
          { untimed: false, snapshot: false },
          NOW,
        ),
      { concurrency: 2 },
    );
  }
  const who = { by: 'bench', at: NOW };
  await db.raw(
    `INSERT INTO reject (stream_id, fingerprint, record_key, source_updated_at, rule, problems, raw, raw_encoding,
       first_batch_id, last_batch_id, first_seen_at, last_seen_at)
     SELECT stream.id, sha256(n::text::bytea), 'R' || n, :now::timestamptz - n * interval '1 minute', broken.rule,
       jsonb_build_array(jsonb_build_object('rule', broken.rule, 'field', 'issuedOn', 'found', '2026-02-30')),
       '{"id":"R' || n || '","name":"王五"}', 'json', 1, 1, :now, :now
     FROM generate_series(1, ${REJECTS}) AS n
     JOIN stream ON stream.name = 'made-up-' || lpad((n % ${FILLED})::text, 2, '0')
     CROSS JOIN LATERAL (SELECT (ARRAY['date-invalid', 'required-missing', 'holder-code-check'])[1 + n % 3] AS rule) AS broken`,
    { now: NOW },
  );
  for (let index = 0; index < SAMPLES; index++) {
    const stream = await getStream(db, made[index % FILLED]?.name ?? '');
    const { inspection } = await beginSample(db, stream, { size: 50, seed: index + 1 }, who);
    await finishSample(db, inspection, { byBatches: false, proofs: [] }, NOW);
  }
  const numbers = await db('certificate').whereNotNull('number').limit(DISPUTES).pluck<string[]>('number');
  for (const [index, number] of numbers.entries())
    await openDispute(
      db,
      {
        source: 'hotline',
        ticket: String(index),
        number,
        typeCode: null,
        objector: '王五',
        contact: null,
        statement: '有误',
        raisedAt: NOW,
      },
      who,
    );
  for (let index = 0; index < OUTAGES; index++)
    await openOutage(
      db,
      {
        unit: { code: 'U1', name: '单位 1' },
        streams: [configured[index % STREAMS]?.name ?? ''],
        kinds: ['collect'],
        cause: '断电',
        beganAt: new Date(NOW.getTime() - 3_600_000),
        evidence: null,
      },
      who,
    );
  await runPatrol(db, config.jurisdiction.supervision.patrol, who);
  await db.raw('ANALYZE');
  await addAccount(
    db,
    { login: 'bench', name: 'bench', role: 'management', unitCode: null },
    { password: PASSWORD, mustChange: false },
    NOW,
  );
  await addAccount(
    db,
    { login: 'admin', name: 'admin', role: 'administrator', unitCode: null },
    { password: PASSWORD, mustChange: false },
    NOW,
  );
}

/** The server, on pools for its health page, its inbox and its console. */
function serve(pools: Record<'health' | 'inbox' | 'console', Knex>): FastifyInstance {
  const logger = createHubLogger({ level: 'error', format: 'json' }, 'bench');
  const streams = new Streams(config);
  const away = (): Promise<never> => Promise.reject(new Error('Temporal is away'));
  const now = (): Date => new Date();
  return createApp(
    { db: pools.health, now, aheadMs: () => 0, countWorkers: away, faultyFiles: () => [] },
    { db: pools.inbox, now, logger, streams: () => streams },
    {
      db: pools.console,
      now,
      logger,
      config: () => config,
      temporal: away,
      folder: null,
      files: new FolderStore(folder),
    },
  );
}

async function signIn(app: FastifyInstance, login: string): Promise<string> {
  const { headers } = await app.inject({
    method: 'POST',
    url: '/api/v1/session',
    payload: { login, password: PASSWORD },
  });
  return String(headers['set-cookie']).split(';')[0] ?? '';
}

/** Readers and pushers at once, in turns over one pool for all and over pools apart. */
async function askAtOnce(): Promise<void> {
  const token = 'for this bench alone';
  provide('BENCH_TOKEN', token);
  const stream = {
    certificateType: { code: '111000000000134939003', name: '特种行业许可证' },
    record: { key: 'id', updatedAt: 'at' },
    status: { field: 'state', values: { A: 'valid' } },
  };
  const connector = { name: '单位 0', unit: '11320200014006438B', kind: 'inbox', token: { env: 'BENCH_TOKEN' } };
  const streams = PUSHED.map((id) => ({ ...stream, id }));
  config.connectors.push({ id: 'pushed', ...inboxConnectorSchema.parse({ ...connector, streams }) });
  console.log(`${availableParallelism()} cores; ${RECORDS} certificates, ${OBLIGATIONS} deadlines, ${STREAMS} streams; ${READERS} readers, ${PUSHERS} pushers

| pools | read/s | median | 95 % | worst | pushes/s | median | worst | health: median | worst | failed |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|`);
  for (let round = 0; round < 2 * ROUNDS; round++) {
    const apart = round % 2 === 1;
    const one = openDatabase(databaseUrl, 'bench');
    const pools = apart
      ? {
          health: openDatabase(databaseUrl, 'health', HEALTH_LIMITS),
          inbox: openDatabase(databaseUrl, 'inbox', INBOX_LIMITS),
          console: openDatabase(databaseUrl, 'console', CONSOLE_LIMITS),
        }
      : { health: one, inbox: one, console: one };
    const app = serve(pools);
    const address = await app.listen({ host: '127.0.0.1', port: 0 });
    const child = fork(join(import.meta.dirname, 'load.ts'));
    const load: Load = {
      address,
      seconds: LOAD_SECONDS,
      readers: READERS,
      cookies: [await signIn(app, 'bench')],
      urls: READ,
      streams: PUSHED,
      token,
    };
    child.send(load);
    const [{ read, push, health }] = (await once(child, 'message')) as [Measured];
    await app.close();
    for (const pool of new Set([one, ...Object.values(pools)])) await pool.destroy();
    const perSecond = ({ count }: Answers): string => (count / LOAD_SECONDS).toFixed(1);
    const ms = (value: number): string => `${value.toFixed(0)} ms`;
    console.log(
      `| ${[
        apart ? 'apart' : 'one',
        perSecond(read),
        ...[read.medianMs, read.p95Ms, read.worstMs].map(ms),
        perSecond(push),
        ...[push.medianMs, push.worstMs, health.medianMs, health.worstMs].map(ms),
        [read, push, health].map(({ failed }) => failed).join(' / '),
      ].join(' | ')} |`,
    );
  }
}

async function ask(): Promise<void> {
  const app = serve({ health: db, inbox: db, console: db });
  const cookies = [await signIn(app, 'bench'), await signIn(app, 'admin')];
  const { body } = await app.inject({ url: '/api/v1/openapi.json', headers: { cookie: cookies[0] } });
  const { paths } = JSON.parse(body) as { paths: Record<string, { get?: object }> };
  const [task] = await db('obligation').max<{ max: number }[]>('id');
  const [dispute] = await db('dispute').max<{ max: number }[]>('id');
  const [outage] = await db('outage').max<{ max: number }[]>('id');
  const [finding] = await db('finding').max<{ max: number }[]>('id');
  const certificate = await db('certificate')
    .join('stream', 'stream.id', 'stream_id')
    .first<{ number: string; key: string; name: string }>({
      number: 'number',
      key: 'record_key',
      name: 'stream.name',
    });
  const measured: { url: string; median: number; worst: number; bytes: number }[] = [];
  const urls = Object.entries(paths)
    .filter(([path, { get }]) => get !== undefined && !/\/(events|oidc|preview|export)/.test(path))
    .map(([path]) =>
      path
        .replace('/tasks/{id}', `/tasks/${String(task?.max)}`)
        .replace('/disputes/{id}', `/disputes/${String(dispute?.max)}`)
        .replace('/outages/{id}', `/outages/${String(outage?.max)}`)
        .replace('/findings/{id}', `/findings/${String(finding?.max)}`)
        .replace(
          '/certificates/{stream}/{key}',
          `/certificates/${certificate.name}/${encodeURIComponent(certificate.key)}`,
        )
        .replace('{figure}', 'timeliness')
        .replace(/\/streams\/\{\w+\}/, '/streams/made-up-00')
        .replaceAll(/\{\w+\}/g, '1'),
    );
  const year = shanghaiDate(NOW.getTime()).slice(0, 4);
  for (const query of [
    '/tasks?state=overdue',
    '/tasks?unit=U7&state=met',
    '/tasks?state=met+late',
    `/figures?period=${year}`,
    `/certificates?number=${encodeURIComponent(certificate.number)}`,
    `/certificates?stream=${certificate.name}`,
    ...['accuracy', 'completeness', 'collection', 'consistency'].map((figure) => `/figures/${figure}/shortfall`),
    `/due?start=${year}-06-01&workingDays=5`,
    '/audit?action=sign-in',
  ])
    urls.push(`/api/v1${query}`);
  for (const url of urls) {
    const times: number[] = [];
    let bytes = 0;
    let status = 0;
    for (let time = 0; time < TIMES; time++) {
      const startMs = performance.now();
      for (const cookie of cookies) {
        const answer = await app.inject({ url, headers: { cookie } });
        status = answer.statusCode;
        bytes = answer.body.length;
        if (status !== 403) break;
      }
      times.push(performance.now() - startMs);
    }
    times.sort((a, b) => a - b);
    if (status === 200)
      measured.push({ url, median: times[Math.floor(times.length / 2)] ?? 0, worst: times.at(-1) ?? 0, bytes });
    else console.error(`${url}: ${status}`);
  }
  await app.close();
  measured.sort((a, b) => b.median - a.median);
  console.log(
    `${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB; ${RECORDS} certificates, ` +
      `${OBLIGATIONS} deadlines, ${STREAMS} streams\n\n| | median | worst of ${TIMES} | answer |\n|---|---:|---:|---:|`,
  );
  for (const { url, median, worst, bytes } of measured)
    console.log(
      `| \`${url.replace('/api/v1', '')}\` | ${median.toFixed(1)} ms | ${worst.toFixed(1)} ms | ${(bytes / 1000).toFixed(1)} kB |`,
    );
}
