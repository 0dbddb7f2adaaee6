import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pMap from 'p-map';
import { approveDemoCatalog } from '../cli/demo/catalog.ts';
import { program, startDatabase, startTemporal } from '../launch/servers.ts';
import { Supervisor } from '../launch/supervisor.ts';
import { loadConfig } from '../settings/load.ts';
import { shanghaiDate } from '../domain/dates.ts';
import { caseWorkflowId } from '../domain/ids.ts';
import { actOnCase } from '../store/casework/cases.ts';
import { DISPUTES as KEPT, openDispute } from '../store/casework/disputes.ts';
import { openOutage } from '../store/casework/outages.ts';
import { rebuildCases } from '../temporal/cases.ts';
import { connectTemporal } from '../temporal/client.ts';
import { ownConfig } from '../test/support/live-hub.ts';
import { ProcessWatch } from './process-watch.ts';

const USAGE = `node bench/deadlines.ts [--disputes 10000] [--outages 200]

What it costs to wait for open cases: PostgreSQL, Temporal and one worker in a temporary folder, so many disputes and
outages, each with its workflow. Prints how fast they are opened and started, what the parts hold while they wait, how
late their timers fire when all deadlines end at one instant, and how fast due dates are counted.`;
const { values } = parseArgs({
  options: {
    disputes: { type: 'string', default: '10000' },
    outages: { type: 'string', default: '200' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
const DISPUTES = Number(values.disputes);
const OUTAGES = Number(values.outages);
const AT_ONCE = 8;
/** As workflows/cases.ts spreads what is due at one instant. */
const SPREAD_MS = 15 * 60_000;
const placeOf = (id: number): number => (id * 7919) % SPREAD_MS;

const lines: string[] = [];
const report = (what: string, measured: string): void => {
  console.log(`${what}: ${measured}`);
  lines.push(`| ${what} | ${measured} |`);
};
const rate = (count: number, sinceMs: number): string =>
  `${Math.round((count / (Date.now() - sinceMs)) * 1000).toLocaleString('en-US')}/s`;

const folder = mkdtempSync(join(tmpdir(), 'hub-bench-'));
const config = loadConfig({ folder: await ownConfig(folder), demo: true });
// Only cases run here: the departments of the demonstration are away, and nothing is collected from them.
const { calendar } = config;
{
  const start = Date.now();
  const today = shanghaiDate(start);
  let counted = 0;
  for (; counted < 1_000_000; counted++) calendar.lastDay(today, 1 + (counted % 5));
  report('due dates counted', rate(counted, start));
}
const supervisor = new Supervisor(join(folder, 'data'), () => undefined);
process.once('exit', () => {
  supervisor.kill();
});
await supervisor.lock();
const { url, db, unlock } = await startDatabase(supervisor, config.settings.embedded.postgresPort, true);
await approveDemoCatalog(db);
const { address } = await startTemporal(supervisor, config, () => undefined);
const client = await connectTemporal(address, config.settings.temporal.namespace);
await supervisor.start(
  program(
    'worker',
    supervisor,
    { databaseUrl: url, temporalAddress: address, temporalUi: null },
    { folder: join(folder, 'config'), demo: true },
  ),
);
try {
  const streams = await db('stream').pluck<string[]>('name');
  const who = () => ({ by: 'bench', at: new Date() });

  let start = Date.now();
  const indexes = Array.from({ length: DISPUTES }, (_, index) => index);
  await pMap(
    indexes,
    async (index) => {
      const given = {
        source: 'bench',
        ticket: String(index),
        number: `N-${index}`,
        typeCode: null,
        objector: null,
        contact: null,
        statement: 's',
        raisedAt: new Date(),
      };
      const { id } = await openDispute(db, given, who());
      await actOnCase(db, KEPT, id, { action: 'receive' }, who());
    },
    { concurrency: AT_ONCE },
  );
  report(
    `${DISPUTES.toLocaleString('en-US')} disputes opened and received, each with two deadlines`,
    rate(DISPUTES, start),
  );
  for (let index = 0; index < OUTAGES; index++) {
    await openOutage(
      db,
      {
        unit: { code: 'U', name: 'U' },
        streams: [streams[index % streams.length] ?? ''],
        kinds: ['issue'],
        cause: 'c',
        beganAt: new Date(),
        evidence: null,
      },
      who(),
    );
  }

  const watch = new ProcessWatch(() => Object.values(supervisor.pids()));
  // Every deadline ends at one instant, well after the last workflow has begun to wait for it.
  const dueMs = Date.now() + 60_000 + (DISPUTES + OUTAGES) * 100;
  await db('obligation')
    .whereNotNull('workflow_id')
    .update({ due_at: new Date(dueMs) });
  start = Date.now();
  await rebuildCases(db, client, config.settings.temporal.taskQueue, () => undefined);
  report('workflows started', rate(DISPUTES + OUTAGES, start));
  const seen = async (): Promise<number> => {
    const { rows } = await db.raw<{ rows: { count: number }[] }>(
      'SELECT count(*) FROM case_file WHERE seen_at IS NOT NULL',
    );
    return rows[0]?.count ?? 0;
  };
  while ((await seen()) < DISPUTES + OUTAGES) await wait(500);
  report('started, looked at once and waiting', rate(DISPUTES + OUTAGES, start));

  if (Date.now() > dueMs) throw new Error('the deadlines had passed before all of them were waited for');
  const ids = await db('case_file').where({ kind: 'dispute' }).orderBy('id').pluck<number[]>('id');
  const early = ids.filter((id) => placeOf(id) < 180_000);
  await wait(Math.max(0, dueMs + 180_000 + 45_000 - Date.now()));
  const lags: number[] = [];
  await pMap(
    early.filter((_, index) => index % Math.max(1, Math.floor(early.length / 400)) === 0),
    async (id) => {
      const { events } = await client.workflow.getHandle(caseWorkflowId({ kind: 'dispute', id })).fetchHistory();
      const fired = (events ?? []).findLast(({ timerFiredEventAttributes: timer }) => timer);
      if (fired)
        lags.push(
          Number(fired.eventTime?.seconds ?? 0) * 1000 + (fired.eventTime?.nanos ?? 0) / 1e6 - (dueMs + placeOf(id)),
        );
      else lags.push(Infinity);
    },
    { concurrency: 8 },
  );
  lags.sort((a, b) => a - b);
  const quantile = (share: number): string =>
    `${((lags[Math.floor((lags.length - 1) * share)] ?? 0) / 1000).toFixed(1)} s`;
  report(
    `wake-up lag of ${lags.length} timers of deadlines that end together, beyond their places in the quarter of an hour`,
    `${quantile(0.5)} at the median, ${quantile(0.95)} at 95 %, ${quantile(1)} at most`,
  );
  const { cpu, peak } = watch.stop();
  report('CPU of all parts over the run', `${(cpu.all ?? 0).toFixed(0)} s`);
  for (const [name, held] of Object.entries(peak)) report(`most memory, ${name}`, `${Math.round(held).toString()} MiB`);
} finally {
  await client.connection.close();
  await db.destroy();
  await unlock();
  await supervisor.stop();
  rmSync(folder, { recursive: true, force: true });
}
console.log(`\n${availableParallelism()} cores\n\n| | |\n|---|---|\n${lines.join('\n')}`);
process.exit(0);
