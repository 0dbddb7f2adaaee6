import { createReadStream, createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { parse } from 'csv-parse';
import type { Knex } from 'knex';
import pg from 'pg';
import { readBatch } from '../activities/read-batch.ts';
import { approveDemoCatalog } from '../cli/demo/catalog.ts';
import { startDatabase } from '../launch/servers.ts';
import { Supervisor } from '../launch/supervisor.ts';
import { provide } from '../settings/environment.ts';
import { loadConfig } from '../settings/load.ts';
import { pagesOf } from '../connectors/reading.ts';
import { Streams, type OpenStream } from '../connectors/registry.ts';
import { DAY_MS, shanghaiInstant } from '../domain/dates.ts';
import { timeWindow, type Window } from '../domain/collection/window.ts';
import { batchCounts, closeBatch, getBatch, openBatch } from '../store/collection/batches.ts';
import { writePage, type PageRows } from '../store/collection/pages.ts';
import { getStream, saveStreams } from '../store/collection/streams.ts';
import { configuredStreams } from '../store/apply-config.ts';
import { versionsOf, type Scale } from '../test/departments/records.ts';
import { FORMATS } from '../test/departments/trades.ts';
import { ownConfig } from '../test/support/live-hub.ts';

/**
 * Measures the database, exchange and file kinds: reading, reading and mapping, and the whole path to the library in
 * this process, beside the same rows read by the bare driver and written by the page merge alone:
 * `node bench/connectors.ts [--records 200000]`. Prints a Markdown table.
 */
const { values } = parseArgs({ options: { records: { type: 'string', default: '200000' } } });
const RECORDS = Number(values.records);
const END_MS = Math.floor(Date.now() / 1000) * 1000;
const SCALE: Scale = { seed: 1, records: RECORDS, startMs: END_MS - 14 * DAY_MS, anchorMs: END_MS, changed: 0 };
const WINDOW = timeWindow(SCALE.startMs, END_MS);
/** Mapped pages are kept for the merge alone up to so many records. */
const KEPT_UP_TO = 300_000;
const NEVER = new AbortController().signal;

type Row = Record<string, string | null>;

function* rows(name: 'land' | 'culture' | 'education'): Generator<Row> {
  const format = FORMATS[name];
  for (let index = 0; index < RECORDS; index++) {
    const [version] = versionsOf(format.trade, SCALE, index, END_MS + DAY_MS);
    if (version) yield format.raw(version) as Row;
  }
}

function* chunks<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let chunk: T[] = [];
  for (const item of items) {
    chunk.push(item);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

function fillSqlite(file: string): void {
  const db = new DatabaseSync(file);
  const names = Object.keys(rows('land').next().value as Row);
  db.exec(`CREATE TABLE v_permits (${names.map((name) => `${name} TEXT`).join(', ')}, PRIMARY KEY (id))`);
  const statement = db.prepare(`INSERT INTO v_permits VALUES (${names.map(() => '?').join(', ')})`);
  for (const chunk of chunks(rows('land'), 10_000)) {
    db.exec('BEGIN');
    for (const row of chunk) statement.run(...names.map((name) => row[name] ?? null));
    db.exec('COMMIT');
  }
  db.exec('CREATE INDEX by_time ON v_permits (gxsj, id)');
  db.close();
}

async function fillPostgres(db: Knex): Promise<void> {
  const names = Object.keys(rows('land').next().value as Row);
  const columns = names.map((name) => `${name} ${name === 'gxsj' ? 'timestamp' : 'text'}`).join(', ');
  await db.raw(`CREATE TABLE v_permits (${columns}, PRIMARY KEY (id))`);
  for (const chunk of chunks(rows('land'), 10_000))
    await db.raw(`INSERT INTO v_permits SELECT * FROM json_to_recordset(?::json) AS r(${columns})`, [
      JSON.stringify(chunk),
    ]);
  await db.raw('CREATE INDEX by_time ON v_permits (gxsj, id)');
  await db.raw('ANALYZE v_permits');
}

function fillExchange(file: string): void {
  const db = new DatabaseSync(file);
  const names = Object.keys(rows('culture').next().value as Row);
  db.exec(`CREATE TABLE biz_permit (dsc_biz_record_id INTEGER PRIMARY KEY, dsc_biz_operation TEXT DEFAULT 'U',
    ${names.map((name) => `${name} TEXT`).join(', ')}, hub_flag INTEGER DEFAULT 0, hub_time TEXT);
    CREATE TABLE biz_permit_error (record_id INTEGER, error_code TEXT, error_remark TEXT, created_at TEXT)`);
  const statement = db.prepare(
    `INSERT INTO biz_permit (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
  );
  for (const chunk of chunks(rows('culture'), 10_000)) {
    db.exec('BEGIN');
    for (const row of chunk) statement.run(...names.map((name) => row[name] ?? null));
    db.exec('COMMIT');
  }
  db.close();
}

async function fillFile(file: string): Promise<void> {
  const out = createWriteStream(file);
  const names = Object.keys(rows('education').next().value as Row);
  out.write(`title\r\n${names.join(',')}\r\n`);
  for (const row of rows('education')) {
    const line = `${names.map((name) => `"${(row[name] ?? '').replaceAll('"', '""')}"`).join(',')}\r\n`;
    if (!out.write(line)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
}

/** The same rows by the driver alone, dropped as they come. */
const BARE: Record<string, (address: string) => Promise<number>> = {
  'database · SQLite': (address) => {
    const db = new DatabaseSync(address.slice('sqlite:'.length));
    let count = 0;
    // eslint-disable-next-line @typescript-eslint/no-unused-vars -- dropped as they come
    for (const _ of db.prepare('SELECT * FROM v_permits ORDER BY gxsj, id').iterate()) count += 1;
    db.close();
    return Promise.resolve(count);
  },
  'database · PostgreSQL': async (address) => {
    const client = new pg.Client({ connectionString: address });
    await client.connect();
    await client.query('BEGIN');
    await client.query('DECLARE c CURSOR FOR SELECT * FROM v_permits ORDER BY gxsj, id');
    let count = 0;
    for (;;) {
      const { rows: some } = await client.query<Row>('FETCH 5000 FROM c');
      count += some.length;
      if (some.length === 0) break;
    }
    await client.end();
    return count;
  },
  'exchange · SQLite': (address) => {
    const db = new DatabaseSync(address.slice('sqlite:'.length));
    let count = 0;
    // eslint-disable-next-line @typescript-eslint/no-unused-vars -- dropped as they come
    for (const _ of db.prepare('SELECT * FROM biz_permit WHERE hub_flag = 0 ORDER BY dsc_biz_record_id').iterate())
      count += 1;
    db.close();
    return Promise.resolve(count);
  },
  'file · csv': async (address) => {
    let count = 0;
    const parsed = createReadStream(address).pipe(parse({ from_line: 3 }));
    // eslint-disable-next-line @typescript-eslint/no-unused-vars -- dropped as they come
    for await (const _ of parsed) count += 1;
    return count;
  },
};

interface Measured {
  what: string;
  records: number;
  bareMs: number;
  readMs: number;
  mapMs: number;
  mergeMs: number;
  wholeMs: number;
  wholeCpuMs: number;
  peakMiB: number;
}

const timed = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
  const startMs = performance.now();
  return [await work(), performance.now() - startMs];
};

async function measure(
  what: string,
  db: Knex,
  openStream: () => OpenStream,
  address: string,
  at: Date,
): Promise<Measured> {
  const open = openStream();
  const fresh = openStream();
  const { source, config } = open;
  const [bare, bareMs] = await timed(() => (BARE[what] as (address: string) => Promise<number>)(address));
  const streamId = (await getStream(db, config.id)).id;
  let window: Window = WINDOW;
  if (source.by === 'batches') {
    const next = await source.nextBatch(null, { upToMs: END_MS, known: () => Promise.resolve(new Map()) });
    window = next.batch ?? WINDOW;
  }
  const resume = { committed: new Map(), total: null };
  const [read, readMs] = await timed(async () => {
    let count = 0;
    for await (const { records } of pagesOf(source, window, resume, NEVER)) count += records.length;
    return count;
  });
  if (read !== bare) throw new Error(`${what}: read ${read}, the driver ${bare}`);
  const readAt = shanghaiInstant(at.getTime());
  const pages: PageRows[] = [];
  const [, mapMs] = await timed(async () => {
    for await (const page of pagesOf(source, window, resume, NEVER)) {
      const { rows: mapped, rejected, deleted } = open.map(page, { readAt });
      const { number, digest, records } = page;
      // Kept for the merge alone, while they fit into memory.
      if (RECORDS <= KEPT_UP_TO)
        pages.push({ number, digest, read: records.length, rows: mapped.toJson(), rejected, deleted, position: null });
    }
  });
  const rules = { untimed: false, snapshot: false };
  const begin = async () =>
    getBatch(db, await openBatch(db, streamId, { purpose: 'daily', window, declared: read, workflowId: 'bench' }, at));
  const forget = (): Promise<unknown> => db.raw('TRUNCATE certificate, certificate_history, reject, batch, batch_page');
  const [, mergeMs] = await timed(async () => {
    const batch = await begin();
    for (const page of pages) await writePage(db, batch, page, rules, at);
  });
  await forget();
  pages.length = 0;

  let peakMiB = 0;
  const watching = setInterval(() => (peakMiB = Math.max(peakMiB, process.memoryUsage().rss / 2 ** 20)), 200);
  const cpu = process.cpuUsage();
  const [, wholeMs] = await timed(async () => {
    // A file is fetched, hashed and counted first.
    if (fresh.source.by === 'batches')
      await fresh.source.nextBatch(null, { upToMs: END_MS, known: () => Promise.resolve(new Map()) });
    const batch = await begin();
    for (;;) {
      if ((await readBatch({ db, now: () => at }, fresh, batch, NEVER)) === 'done') break;
    }
    const { complete } = await closeBatch(
      db,
      batch,
      { declared: (await batchCounts(db, batch)).read, delivery: false },
      at,
    );
    if (!complete) throw new Error(`${what} is not complete`);
  });
  const { user, system } = process.cpuUsage(cpu);
  clearInterval(watching);
  await forget();
  return { what, records: read, bareMs, readMs, mapMs, mergeMs, wholeMs, wholeCpuMs: (user + system) / 1000, peakMiB };
}

const folder = mkdtempSync(join(tmpdir(), 'hub-bench-'));
const supervisor = new Supervisor(join(folder, 'data'), console.error);
await supervisor.lock();
try {
  const choice = { folder: await ownConfig(folder), demo: true };
  const { url, db, unlock } = await startDatabase(supervisor, loadConfig(choice).settings.embedded.postgresPort, true);
  await approveDemoCatalog(db);
  const places = {
    land: `sqlite:${join(folder, 'land.db')}`,
    culture: `sqlite:${join(folder, 'culture.db')}`,
    education: folder,
  };
  for (const id of ['PROVINCE', 'HOUSING', 'HEALTH', 'TRANSPORT', 'LAND', 'CULTURE', 'EDUCATION', 'POLICE']) {
    provide(`HUB_DEMO_${id}_URL`, (places as Record<string, string>)[id.toLowerCase()] ?? 'http://127.0.0.1:9');
    provide(`HUB_DEMO_${id}_SECRET`, 'unused');
  }
  const config = loadConfig(choice);
  for (const { streams } of config.connectors)
    for (const stream of streams) Object.assign(stream, { most: 10_000_000 });
  await saveStreams(db, configuredStreams(config), new Date());
  const drop = join(folder, `jszg-${shanghaiInstant(END_MS).slice(0, 10).replaceAll('-', '')}.csv`);
  fillSqlite(join(folder, 'land.db'));
  fillExchange(join(folder, 'culture.db'));
  await fillFile(drop);
  writeFileSync(`${drop}.ok`, '');
  await fillPostgres(db);

  const at = new Date();
  const open = (stream: string) => (): OpenStream => new Streams(config).get(stream);
  const perSecond = (records: number, ms: number): string => Math.round((1000 * records) / ms).toLocaleString('en-US');
  console.log(`\n### ${RECORDS.toLocaleString('en-US')} records\n`);
  console.log(
    '| records/s | bare driver | read | read and map | merge alone | floor | whole path | of the floor | peak MiB |',
  );
  console.log('|---|--:|--:|--:|--:|--:|--:|--:|--:|');
  const report = ({ what, records, bareMs, readMs, mapMs, mergeMs, wholeMs, peakMiB }: Measured): void => {
    const floorMs = bareMs + mergeMs;
    const known = RECORDS <= KEPT_UP_TO;
    const cells = [bareMs, readMs, mapMs].map((ms) => perSecond(records, ms));
    const floor = known ? [perSecond(records, mergeMs), perSecond(records, floorMs)] : ['', ''];
    const share = known ? `${Math.round((100 * floorMs) / wholeMs)} %` : '';
    console.log(
      `| ${[what, ...cells, ...floor, perSecond(records, wholeMs), share, Math.round(peakMiB)].join(' | ')} |`,
    );
  };
  report(await measure('database · SQLite', db, open('land-permits'), places.land, at));
  provide('HUB_DEMO_LAND_URL', url.replace(/^postgresql:/, 'postgres:'));
  report(await measure('database · PostgreSQL', db, open('land-permits'), url, at));
  report(await measure('exchange · SQLite', db, open('culture-permits'), places.culture, at));
  report(await measure('file · csv', db, open('education-teachers'), drop, at));
  await db.destroy();
  await unlock();
} finally {
  await supervisor.stop();
  rmSync(folder, { recursive: true, force: true });
}
