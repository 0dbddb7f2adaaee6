import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Knex } from 'knex';
import pMap from 'p-map';
import { approveDemoCatalog } from '../cli/demo/catalog.ts';
import { startDatabase } from '../launch/servers.ts';
import { Supervisor } from '../launch/supervisor.ts';
import { loadConfig } from '../settings/load.ts';
import { timeWindow } from '../domain/collection/window.ts';
import { getBatch, openBatch, type Batch } from '../store/collection/batches.ts';
import { findCertificates } from '../store/library/certificates.ts';
import { writePage } from '../store/collection/pages.ts';
import { finishProof, listPage, startProof } from '../store/collection/proofs.ts';
import { countLibrary } from '../store/collection/reconciliation.ts';
import { getStream, saveStreams } from '../store/collection/streams.ts';
import { seeded } from '../test/departments/random.ts';
import { ownConfig } from '../test/support/live-hub.ts';
import { ProcessWatch } from './process-watch.ts';
import { makeUpStreams, PAGE, type MadeUpStream } from './made-up-library.ts';
import { DAY_MS } from '../domain/dates.ts';

const USAGE = `node bench/library.ts [--records 5000000] [--lookups 1000] [--keep]

Measures the library alone as it grows, on an embedded PostgreSQL in a temporary folder (about 1.5 GB for each million
records): the page merge, look-ups, counts and proofs, and what takes up the space. Prints as it goes, and a Markdown
table at the end. --keep leaves the server's folder behind and says where it is.`;
const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '5000000' },
    lookups: { type: 'string', default: '1000' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
const LOOKUPS = Number(values.lookups);
/** As `activities/read-batch.ts` does. */
const WRITES_AT_ONCE = 2;
/** Pages that are generated ahead, so that making them up is no part of what is measured; some 50 MB. */
const AHEAD = 50;
const END_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const AT = new Date(END_MS);

const streams = makeUpStreams(Number(values.records), END_MS);
const RECORDS = streams.reduce((sum, { records }) => sum + records, 0);
const biggest = (): MadeUpStream => {
  const [first] = streams;
  if (!first) throw new Error('no streams');
  return first;
};
const big = biggest();
const lines: string[] = [];
const shown = (value: number, digits = 0): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
const report = (what: string, measured: string): void => {
  console.error(`${what}: ${measured}`);
  lines.push(`| ${what} | ${measured} |`);
};
const timed = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
  const startMs = performance.now();
  return [await work(), performance.now() - startMs];
};
const middleAndWorst = (times: number[]): string => {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? NaN).toFixed(2);
  return `${at(0.5)} ms at the median, ${at(0.99)} ms at p99`;
};

async function prepare(db: Knex): Promise<(stream: MadeUpStream) => Batch> {
  const unit = { connector: 'made-up', unitCode: '1', unitName: '发证单位', delivery: 'return', daily: null } as const;
  const configured = streams.map(({ name }) => ({ ...unit, name, title: name, since: null }));
  await saveStreams(db, configured, AT);
  const batches = new Map<MadeUpStream, Batch>();
  for (const stream of streams) {
    const { id } = await getStream(db, stream.name);
    const window = timeWindow(END_MS - 3 * 365 * DAY_MS, END_MS);
    const batch = { purpose: 'return', window, declared: stream.records, workflowId: 'bench' } as const;
    batches.set(stream, await getBatch(db, await openBatch(db, id, batch, AT)));
  }
  return (stream) => {
    const batch = batches.get(stream);
    if (!batch) throw new Error(`${stream.name} has no batch`);
    return batch;
  };
}

/** Every stream’s pages, in such an order that all streams are done at the same time. */
const interleaved = (): { stream: MadeUpStream; number: number }[] =>
  streams
    .flatMap((stream) => {
      const pages = stream.records / PAGE;
      return Array.from({ length: pages }, (_, number) => ({ stream, number, turn: (number + 0.5) / pages }));
    })
    .sort((a, b) => a.turn - b.turn);

/** Bytes that PostgreSQL has logged so far. */
async function logged(db: Knex): Promise<number> {
  const { rows } = await db.raw<{ rows: { bytes: string }[] }>(`SELECT pg_current_wal_lsn() - '0/0' AS bytes`);
  return Number(rows[0]?.bytes);
}

async function merge(db: Knex, batchOf: (stream: MadeUpStream) => Batch): Promise<void> {
  const pages = interleaved();
  const speeds: number[] = [];
  const startMs = performance.now();
  let generatedMs = 0;
  for (let tenth = 0; tenth < 10; tenth++) {
    const own = pages.slice(Math.round((pages.length * tenth) / 10), Math.round((pages.length * (tenth + 1)) / 10));
    let tenthMs = 0;
    const watch = new ProcessWatch(() => Object.values(supervisor.pids()));
    const loggedBefore = await logged(db);
    for (let start = 0; start < own.length; start += AHEAD) {
      const some = own.slice(start, start + AHEAD);
      const generatedFromMs = performance.now();
      const ahead = some.map(({ stream, number }) => ({
        batch: batchOf(stream),
        page: { number, digest: String(number), rows: stream.page(number * PAGE, (number + 1) * PAGE) },
      }));
      generatedMs += performance.now() - generatedFromMs;
      const write = async ({ batch, page }: (typeof ahead)[number]): Promise<void> => {
        const rest = { read: PAGE, rejected: [], deleted: [], position: null };
        const rules = { untimed: false, snapshot: false };
        const { accepted } = await writePage(db, batch, { ...page, ...rest }, rules, AT);
        if (accepted !== PAGE) throw new Error(`${batch.stream}, page ${page.number}: ${accepted} accepted`);
      };
      tenthMs += (await timed(() => pMap(ahead, write, { concurrency: WRITES_AT_ONCE })))[1];
    }
    const speed = (1000 * PAGE * own.length) / tenthMs;
    speeds.push(speed);
    const records = PAGE * own.length;
    const cpu = `${shown((1e6 * (watch.stop().cpu.PostgreSQL ?? 0)) / records)} µs of CPU`;
    const log = `${shown(((await logged(db)) - loggedBefore) / records)} bytes of WAL a record`;
    report(`merge, ${(tenth + 1) * 10} % of the way`, `${shown(speed)} records/s, ${cpu}, ${log}`);
  }
  const [first = NaN, last = NaN] = [speeds[0], speeds.at(-1)];
  report('merge, last tenth of the first', `${shown((100 * last) / first)} %`);
  const share = (100 * generatedMs) / (performance.now() - startMs);
  report('making the records up, ahead of the merge and not in its time', `${shown(share)} % of the whole time`);
}

async function lookUp(db: Knex, url: string, folder: string): Promise<void> {
  const random = seeded('look-ups');
  const anyone = () => {
    // Each record as likely as any other.
    let place = Math.floor(random() * RECORDS);
    for (const stream of streams) {
      if (place < stream.records) return stream.certificate(place);
      place -= stream.records;
    }
    throw new Error('beyond the last record');
  };
  let asked: { sql: string; bindings: unknown[] } = { sql: '', bindings: [] };
  db.on('query', (query: typeof asked) => (asked = query));
  for (const [what, codeOf] of Object.entries({
    identifier: () => anyone().identifier ?? '',
    number: () => anyone().number,
    holder: () => anyone().holders[0]?.code ?? '',
  })) {
    const times: number[] = [];
    const queries: string[] = [];
    let found = 0;
    for (let index = 0; index < LOOKUPS; index++) {
      const code = codeOf();
      const [certificates, ms] = await timed(() => findCertificates(db, code));
      if (certificates.length === 0) throw new Error(`${code} is not found`);
      found += certificates.length;
      times.push(ms);
      const literal = (value: unknown): string => `'${String(value).replaceAll("'", "''")}'`;
      queries.push(asked.sql.replace(/\$(\d+)/g, (_, number) => literal(asked.bindings[Number(number) - 1])));
    }
    const mean = `${(found / LOOKUPS).toFixed(1)} found each`;
    report(`look-up by ${what}`, `${middleAndWorst(times)}; ${mean}`);
    report(`look-up by ${what}, psql`, middleAndWorst(psqlTimes(url, folder, queries)));
  }
}

/** The same queries by psql, with its own measurement of each; without psql on the PATH, none. */
function psqlTimes(url: string, folder: string, queries: string[]): number[] {
  const file = join(folder, 'queries.sql');
  writeFileSync(
    file,
    ['\\timing on', ...queries.map((query) => `${query.replaceAll('\n', ' ')} \\g /dev/null`)].join('\n'),
  );
  const { username, password, hostname, port, pathname } = new URL(url);
  const args = ['-X', '-h', hostname, '-p', port, '-U', username, '-d', pathname.slice(1), '-f', file];
  try {
    const out = execFileSync('psql', args, { env: { ...process.env, PGPASSWORD: password }, maxBuffer: 2 ** 26 });
    return Array.from(out.toString().matchAll(/^Time: ([\d.]+) ms/gm), ([, ms]) => Number(ms));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function reconcile(db: Knex): Promise<void> {
  const { id } = await getStream(db, big.name);
  const lastDays = (days: number) => timeWindow(END_MS - (days + 1) * DAY_MS, END_MS - DAY_MS);
  for (const [what, days] of Object.entries({ day: 1, year: 365 })) {
    const times: number[] = [];
    let counted = 0;
    for (let run = 0; run < 5; run++) {
      const [count, ms] = await timed(() => countLibrary(db, id, lastDays(days)));
      counted = count;
      times.push(ms);
    }
    const [best, worst] = [Math.min(...times), Math.max(...times)];
    report(`count of a ${what}`, `${shown(best, 1)}–${shown(worst, 1)} ms for ${shown(counted)} records, 5 runs`);
  }
  for (const [what, days] of Object.entries({ day: 1, month: 30 })) {
    const window = lastDays(days);
    const proofId = await startProof(db, id, window, AT);
    let listMs = 0;
    for (const rows of big.listed(big.placesIn(window)))
      listMs += (await timed(() => listPage(db, proofId, { rows, rejected: [], deleted: [] })))[1];
    const { count: declared = 0 } =
      (
        await db('proof_key').where({ proof_id: proofId }).countDistinct<{ count: number }[]>('record_key as count')
      )[0] ?? {};
    const rules = { untimed: false, declared };
    const [proof, ms] = await timed(() => finishProof(db, proofId, id, window, rules, AT));
    if (proof.differences > 0 || proof.libraryRecords === 0) throw new Error(`not equal: ${JSON.stringify(proof)}`);
    const measured = `listed in ${shown(listMs)} ms, compared in ${shown(ms)} ms`;
    report(`proof of a ${what}`, `${measured}, ${shown(proof.libraryRecords)} records`);
  }
}

/** What the tables and indexes take up, each with its partitions. */
async function sizes(db: Knex): Promise<void> {
  const { rows } = await db.raw<{ rows: { name: string; bytes: number }[] }>(
    `SELECT top.relname AS name, sum(pg_table_size(part.oid))::bigint AS bytes
     FROM pg_class top CROSS JOIN LATERAL (
       SELECT top.oid UNION ALL SELECT inhrelid FROM pg_inherits WHERE inhparent = top.oid) AS part
     LEFT JOIN pg_index i ON i.indexrelid = top.oid
     WHERE coalesce(i.indrelid, top.oid) IN ('certificate'::regclass, 'certificate_history'::regclass)
     GROUP BY top.relname, top.relkind ORDER BY top.relkind IN ('i', 'I'), bytes DESC`,
  );
  for (const { name, bytes } of rows) report(`size of ${name}`, `${shown(bytes / 2 ** 20)} MiB`);
  const [{ size } = { size: 0 }] = (
    await db.raw<{ rows: { size: number }[] }>('SELECT pg_database_size(current_database()) AS size')
  ).rows;
  report('size of the database', `${shown(size / 2 ** 20)} MiB`);
}

const folder = mkdtempSync(join(tmpdir(), 'hub-bench-'));
const supervisor = new Supervisor(join(folder, 'data'), console.error);
await supervisor.lock();
try {
  const choice = { folder: await ownConfig(folder), demo: true };
  const { url, db, unlock } = await startDatabase(supervisor, loadConfig(choice).settings.embedded.postgresPort, true);
  await approveDemoCatalog(db);
  const machine = `${availableParallelism()} cores, ${shown(totalmem() / 2 ** 30)} GiB`;
  console.error(
    `${shown(RECORDS)} records in ${streams.length} streams, ${shown(big.records)} of them in one · ${machine}`,
  );
  await merge(db, await prepare(db));
  await lookUp(db, url, folder);
  await reconcile(db);
  await sizes(db);
  report('peak memory of the bench', `${shown(process.resourceUsage().maxRSS / 1024)} MiB`);
  console.log([`\n| ${shown(RECORDS)} records | |`, '|---|---|', ...lines].join('\n'));
  await db.destroy();
  await unlock();
} finally {
  await supervisor.stop();
  if (values.keep) console.error(`kept: ${folder}`);
  else rmSync(folder, { recursive: true, force: true });
}
