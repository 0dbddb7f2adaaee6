import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Knex } from 'knex';
import pMap from 'p-map';
import { approveDemoCatalog } from '../cli/demo/catalog.ts';
import { startDatabase } from '../launch/servers.ts';
import { Supervisor } from '../launch/supervisor.ts';
import { loadConfig } from '../settings/load.ts';
import { RowBuffer } from '../connectors/mapping/row-buffer.ts';
import { addDays, shanghaiDate, shanghaiInstant } from '../domain/dates.ts';
import type { CompletedCaseNotice } from '../domain/casework/completed-case.ts';
import { timeWindow } from '../domain/collection/window.ts';
import { getBatch, openBatch, type Batch } from '../store/collection/batches.ts';
import { saveCalendar } from '../store/ledger/calendar.ts';
import { announceCompletedCases, listCompletedCases, syncCompletedCases } from '../store/casework/completed-cases.ts';
import { isScanDue, remindExpiries } from '../store/library/expiry.ts';
import { writePage } from '../store/collection/pages.ts';
import { saveRules } from '../store/ledger/rules.ts';
import { getStream, saveStreams } from '../store/collection/streams.ts';
import { calendarInForce } from '../store/apply-config.ts';
import { ownConfig } from '../test/support/live-hub.ts';
import { MadeUpStream, PAGE } from './made-up-library.ts';
import { ProcessWatch } from './process-watch.ts';

const USAGE = `node bench/pushes.ts [--records 1000000] [--cases 200000]

Measures the deadlines that come in hundreds of thousands, on an embedded PostgreSQL in a temporary folder with a library
of so many certificates: completed cases announced, looked for while none arrives, and matched once all did; and the
nightly scan for certificates near their end. Prints as it goes, and a Markdown table at the end.`;
const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    cases: { type: 'string', default: '200000' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
const [RECORDS, CASES] = [Number(values.records), Number(values.cases)];
const WRITES_AT_ONCE = 2;
/** Requests of this many cases, half of which know their certificate by its number. */
const AT_ONCE = 1_000;
/** Certificates last up to so many days from now on. */
const LAST = 5 * 365;
const NOW = new Date();
const minutes = (count: number): Date => new Date(NOW.getTime() + count * 60_000);

const lines: string[] = [];
const shown = (value: number, digits = 0): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** Runs some work, and reports its time, the CPU of PostgreSQL beside it, and what was logged. */
async function measure(db: Knex, what: string, count: number, work: () => Promise<unknown>): Promise<void> {
  const wal = async (): Promise<number> => {
    const { rows } = await db.raw<{ rows: { bytes: string }[] }>(`SELECT pg_current_wal_lsn() - '0/0' AS bytes`);
    return Number(rows[0]?.bytes);
  };
  const [watch, before, startMs] = [
    new ProcessWatch(() => Object.values(supervisor.pids())),
    await wal(),
    performance.now(),
  ];
  const result = await work();
  const ms = performance.now() - startMs;
  const cpu = watch.stop().cpu.PostgreSQL ?? 0;
  const bytes = (await wal()) - before;
  const each = count === 0 ? '' : ` · ${shown((1000 * count) / ms)}/s`;
  // A connection that ended meanwhile takes its share with it.
  const measured = `${shown(ms / 1000, 2)} s${each} | ${cpu < 0 ? '—' : `${shown(cpu, 2)} s`} | ${shown(bytes / 2 ** 20)} MiB`;
  console.error(`${what}: ${measured} ${typeof result === 'object' ? JSON.stringify(result) : ''}`);
  lines.push(`| ${what} | ${measured} |`);
}

const made = new MadeUpStream(0, Math.ceil((RECORDS + CASES) / PAGE), NOW.getTime(), RECORDS / 3);
const keyOf = (place: number): string => `k${place}`;
const numberOf = (place: number): string => `苏${place}号`;

/** A page of certificates as they would come today, their ends spread over the years. */
function page(from: number): Buffer {
  const rows = new RowBuffer();
  const today = shanghaiDate(NOW.getTime());
  for (let place = from; place < from + PAGE; place++) {
    const expiresOn = addDays(today, (place * 7919) % LAST);
    const certificate = { ...made.certificate(place), number: numberOf(place), status: 'valid' };
    const json = JSON.stringify({ ...certificate, expiresOn, longTerm: false });
    rows.append(json, keyOf(place), shanghaiInstant(NOW.getTime()), []);
  }
  return rows.toJson();
}

async function load(db: Knex, batch: Batch, from: number, to: number, at: Date): Promise<void> {
  const starts = Array.from({ length: (to - from) / PAGE }, (_, index) => from + index * PAGE);
  await pMap(
    starts,
    async (start) => {
      const rest = { read: PAGE, rejected: [], deleted: [], position: null };
      const rows = { number: start / PAGE, digest: String(start), rows: page(start) };
      await writePage(db, batch, { ...rows, ...rest }, { untimed: false, snapshot: false }, at);
    },
    { concurrency: WRITES_AT_ONCE },
  );
}

const notices = (bulk: boolean): CompletedCaseNotice[][] =>
  Array.from({ length: CASES / 2 / AT_ONCE }, (_, request) =>
    Array.from({ length: AT_ONCE }, (_unused, index) => {
      const place = RECORDS + (bulk ? CASES / 2 : 0) + request * AT_ONCE + index;
      return {
        caseNumber: `办-${place}`,
        completedAt: NOW,
        ...(bulk ? { mode: 'bulk', batch: 'bulk-1' } : { mode: 'offline' }),
        ...(index % 2 === 0 ? { recordKey: keyOf(place) } : { number: numberOf(place) }),
      };
    }),
  );

async function run(db: Knex, config: ReturnType<typeof loadConfig>): Promise<void> {
  const wuxi = config.jurisdiction.rules.filter(({ duties }) => duties.includes('expiry'));
  const xuchang = loadConfig({ folder: join(folder, 'config'), demo: true, jurisdiction: 'xuchang' }).jurisdiction
    .rules;
  await saveRules(db, [...xuchang, ...wuxi]);
  await saveCalendar(db, calendarInForce(config), NOW);
  const unit = { connector: 'made-up', unitCode: '1', unitName: '发证单位', delivery: 'daily', daily: null } as const;
  await saveStreams(db, [{ ...unit, name: 'made-up', title: 'made-up', since: null }], NOW);
  const stream = await getStream(db, 'made-up');
  const window = timeWindow(NOW.getTime() - 1_000, NOW.getTime());
  const declared = RECORDS + CASES;
  const batch = await getBatch(
    db,
    await openBatch(db, stream.id, { purpose: 'return', window, declared, workflowId: 'bench' }, NOW),
  );
  await measure(db, `${shown(RECORDS)} certificates merged, for comparison`, RECORDS, () =>
    load(db, batch, 0, RECORDS, minutes(0)),
  );

  const who = { by: 'bench', at: minutes(0) };
  const announce = async (bulk: boolean): Promise<void> => {
    for (const part of notices(bulk)) await announceCompletedCases(db, stream, part, who);
  };
  await measure(db, `${shown(CASES / 2)} offline cases announced, ${shown(AT_ONCE)} at once`, CASES / 2, () =>
    announce(false),
  );
  await measure(db, `${shown(CASES / 2)} cases of one bulk issue announced`, CASES / 2, () => announce(true));
  await measure(db, `all of them announced again`, CASES, async () => {
    await announce(false);
    await announce(true);
  });
  for (const look of [1, 2, 3])
    await measure(db, `look ${look}, ${shown(CASES)} open and none arrived`, 0, () =>
      syncCompletedCases(db, minutes(look)),
    );
  await load(db, batch, RECORDS, RECORDS + CASES, minutes(4));
  await measure(db, `look at which all ${shown(CASES)} are matched and met`, CASES, () =>
    syncCompletedCases(db, minutes(5)),
  );
  await measure(db, `look with none open`, 0, () => syncCompletedCases(db, minutes(6)));
  const open = await listCompletedCases(db, minutes(6), { only: 'open', limit: 1 });
  if (open.length > 0) throw new Error('cases are still open');
  await measure(db, `./hub cases --late, of ${shown(CASES)}`, 0, async () => {
    await listCompletedCases(db, minutes(6), { only: 'late', limit: 100 });
  });

  await measure(db, `nightly scan of ${shown(RECORDS + CASES)} certificates, the first`, 0, () =>
    remindExpiries(db, { leadDays: 30, types: {}, target: 'portal' }, minutes(7)),
  );
  if (await isScanDue(db, minutes(8))) throw new Error('the scan was not noted');
  const tomorrow = minutes(24 * 60);
  await measure(db, `nightly scan, the second`, 0, () =>
    remindExpiries(db, { leadDays: 30, types: {}, target: 'portal' }, tomorrow),
  );
}

const folder = mkdtempSync(join(tmpdir(), 'hub-bench-'));
const supervisor = new Supervisor(join(folder, 'data'), console.error);
await supervisor.lock();
try {
  const config = loadConfig({ folder: await ownConfig(folder), demo: true });
  const { db, unlock } = await startDatabase(supervisor, config.settings.embedded.postgresPort, true);
  await approveDemoCatalog(db);
  const machine = `${availableParallelism()} cores, ${shown(totalmem() / 2 ** 30)} GiB, load ${shown(loadavg()[0] ?? 0, 1)}`;
  console.error(machine);
  await run(db, config);
  const load = shown(loadavg()[0] ?? 0, 1);
  console.log(
    [`\n| load ${load} at the end | time | CPU of PostgreSQL | WAL |`, '|---|---|---|---|', ...lines].join('\n'),
  );
  await db.destroy();
  await unlock();
} finally {
  await supervisor.stop();
  rmSync(folder, { recursive: true, force: true });
}
