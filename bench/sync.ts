import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { availableParallelism, totalmem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Knex } from 'knex';
import { approveDemoCatalog } from '../cli/demo/catalog.ts';
import { program, spawnNode, startDatabase, startTemporal } from '../launch/servers.ts';
import { Supervisor } from '../launch/supervisor.ts';
import { provide } from '../settings/environment.ts';
import { findStream, loadConfig } from '../settings/load.ts';
import { syncWorkflowId } from '../domain/ids.ts';
import { timeWindow } from '../domain/collection/window.ts';
import { connectTemporal } from '../temporal/client.ts';
import { labelOf } from '../temporal/schedules.ts';
import { secretOf } from '../test/departments/departments.ts';
import { freePorts } from '../test/support/ports.ts';
import { ownConfig } from '../test/support/live-hub.ts';
import { ProcessWatch, type Usage } from './process-watch.ts';
import type { SyncWindowResult } from '../workflows/messages.ts';
import type { syncWindow } from '../workflows/sync-window.ts';
import { DAY_MS } from '../domain/dates.ts';

/**
 * Measures one sync over HTTP with the whole hub beside the least that PostgreSQL can do with the same rows:
 * `node bench/sync.ts [--records 200000,2000000]`. Prints a Markdown table for each number of records.
 */
const { values } = parseArgs({ options: { records: { type: 'string', default: '200000' } } });
const STREAM = 'housing-permits';
const DAYS_MS = 14 * DAY_MS;

async function measure(records: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'hub-bench-'));
  const choice = { folder: await ownConfig(folder), demo: true };
  const config = loadConfig(choice);
  const supervisor = new Supervisor(join(folder, 'data'), console.error);
  await supervisor.lock();
  const anchorMs = Math.floor(Date.now() / 1000) * 1000;
  const [port = 0] = await freePorts(1);
  for (const id of ['PROVINCE', 'HOUSING', 'HEALTH', 'TRANSPORT']) {
    provide(`HUB_DEMO_${id}_URL`, `http://127.0.0.1:${id === 'HOUSING' ? port : 9}`);
    provide(`HUB_DEMO_${id}_SECRET`, secretOf('housing'));
  }
  const startDepartment = async (changed: number) => {
    const args = [
      'housing',
      '--port',
      String(port),
      '--records',
      String(records),
      '--changed',
      String(changed),
      '--start',
      String(anchorMs - DAYS_MS),
      '--anchor',
      String(anchorMs),
      '--now',
      String(anchorMs),
    ];
    const child = spawnNode(join(import.meta.dirname, '../test/departments/main.ts'), args, 2, {});
    await once(child, 'message');
    // Lays its rows out now, not in the measured time.
    await fetch(`http://127.0.0.1:${port}/api/permits/count?start=2020-01-01 00:00:00&end=2030-01-01 00:00:00`, {
      headers: { 'X-App-Key': secretOf('housing') },
    });
    return async (): Promise<void> => {
      child.kill('SIGTERM');
      await once(child, 'exit');
    };
  };

  try {
    let stopDepartment = await startDepartment(0);
    const {
      url: databaseUrl,
      db,
      unlock,
    } = await startDatabase(supervisor, config.settings.embedded.postgresPort, true);
    await approveDemoCatalog(db);
    const temporal = await startTemporal(supervisor, config, console.error);
    const client = await connectTemporal(temporal.address, config.settings.temporal.namespace);
    const addresses = { databaseUrl, temporalAddress: temporal.address, temporalUi: temporal.ui };
    await supervisor.start(program('worker', supervisor, addresses, choice));

    const { connector, stream } = findStream(config, STREAM);
    const sync = (): Promise<SyncWindowResult> =>
      client.workflow.execute<typeof syncWindow>('syncWindow', {
        workflowId: syncWorkflowId(STREAM),
        taskQueue: config.settings.temporal.taskQueue,
        args: [
          { ...labelOf(connector.name, stream), purpose: 'daily', window: timeWindow(anchorMs - DAYS_MS, anchorMs) },
        ],
      });
    const rows: Row[] = [];
    const measured = async (what: string, work: () => Promise<SyncWindowResult>): Promise<void> => {
      const watch = new ProcessWatch(() => Object.values(supervisor.pids()));
      const startMs = performance.now();
      const result = await work();
      const seconds = (performance.now() - startMs) / 1000;
      if (!result.complete || result.read < records * 0.9) throw new Error(`${what}: ${JSON.stringify(result)}`);
      rows.push({
        what,
        records: result.read,
        seconds,
        ...watch.stop(),
        note: `${result.accepted} accepted, ${result.unchanged} unchanged, ${result.rejected} rejected`,
      });
    };

    await measured('full load', sync);
    await measured('again, nothing changed', sync);
    await stopDepartment();
    stopDepartment = await startDepartment(0.05);
    await measured('again, 5 % changed', sync);
    rows.unshift(await floor(db, folder, () => Object.values(supervisor.pids())));
    print(records, rows);

    await stopDepartment();
    await client.connection.close();
    await db.destroy();
    await unlock();
  } finally {
    await supervisor.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Row extends Usage {
  what: string;
  records: number;
  seconds: number;
  note: string;
}

/** The same rows by COPY into a bare table and one merge into one with the library's indexes, by the server alone. */
async function floor(db: Knex, folder: string, pids: () => number[]): Promise<Row> {
  // The server writes the file, as a user of its own.
  const file = join(folder, 'data/postgres/floor.copy');
  writeFileSync(file, '', { mode: 0o666 });
  await db.raw(`COPY (SELECT * FROM certificate ORDER BY source_updated_at) TO '${file}'`);
  await db.raw('CREATE UNLOGGED TABLE floor_stage (LIKE certificate)');
  await db.raw('CREATE TABLE floor_library (LIKE certificate INCLUDING ALL)');
  await db.raw('CHECKPOINT');
  const watch = new ProcessWatch(pids);
  const startMs = performance.now();
  await db.raw(`COPY floor_stage FROM '${file}'`);
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `INSERT INTO floor_library SELECT * FROM floor_stage ORDER BY stream_id, record_key
     ON CONFLICT (stream_id, record_key) DO UPDATE SET content_hash = excluded.content_hash`,
  );
  const seconds = (performance.now() - startMs) / 1000;
  return {
    what: 'floor: COPY and one merge',
    records: rowCount,
    seconds,
    ...watch.stop(),
    note: 'into a new table with the same indexes',
  };
}

function print(records: number, rows: Row[]): void {
  const floorSpeed = (rows[0]?.records ?? 0) / (rows[0]?.seconds ?? 1);
  const shown = (value: number): string => Math.round(value).toLocaleString('en-US');
  console.log(
    `\n### ${shown(records)} records · ${availableParallelism()} cores, ${shown(totalmem() / 2 ** 30)} GiB\n`,
  );
  const programs = ['worker', 'PostgreSQL', 'Temporal', 'all'];
  const heads = [...programs.map((name) => `CPU s: ${name}`), ...programs.map((name) => `peak MiB: ${name}`)];
  console.log(`| | records/s | of the floor | seconds | ${heads.join(' | ')} | |`);
  console.log(`|---|${'--:|'.repeat(heads.length + 3)}---|`);
  for (const { what, records: count, seconds, cpu, peak, note } of rows) {
    const speed = count / seconds;
    const cells = [
      what,
      shown(speed),
      `${shown((100 * speed) / floorSpeed)} %`,
      seconds.toFixed(1),
      ...programs.map((name) => (cpu[name] ?? 0).toFixed(1)),
      ...programs.map((name) => shown(peak[name] ?? 0)),
    ];
    console.log(`| ${cells.join(' | ')} | ${note} |`);
  }
}

for (const records of values.records.split(',').map(Number)) await measure(records);
