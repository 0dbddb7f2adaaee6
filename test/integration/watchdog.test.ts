import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import axios from 'axios';
import winston from 'winston';
import { parse } from 'yaml';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { timeOfDayMs } from '../../domain/dates.ts';
import type { FaultyFile } from '../../domain/faulty-file.ts';
import { openAlerts } from '../../store/ledger/alerts.ts';
import { listRestorations, settleRestoration } from '../../store/ledger/restorations.ts';
import { beat } from '../../store/ledger/uptime.ts';
import { saveStreams } from '../../store/collection/streams.ts';
import { configuredStreams } from '../../store/apply-config.ts';
import { readHealth, type Health } from '../../server/health.ts';
import { watch } from '../../server/background/watchdog.ts';
import { runHub, startHub } from '../support/commands/command.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { demoConfig } from '../support/departments.ts';
import { eventually } from '../support/eventually.ts';
import { ownConfig, temporaryFolder } from '../support/live-hub.ts';
import { freePorts } from '../support/ports.ts';

describe('the watchdog', () => {
  let database: TestDatabase;
  const folder = temporaryFolder();
  before(async () => {
    database = await createDatabase();
    const first = new Date(timeOfDayMs('2026-11-20', '12:00'));
    await saveStreams(database.db, configuredStreams(demoConfig()), first);
  });
  after(async () => {
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  const logged: string[] = [];
  const logger = winston.createLogger({
    transports: [
      new winston.transports.Console({
        log: ({ message }: { message: string }, next: () => void) => {
          logged.push(message);
          next();
        },
      }),
    ],
  });
  let faulty: FaultyFile[] = [];
  const options = (temporal: 'up' | 'down') => ({
    db: database.db,
    logger,
    faultyFiles: () => faulty,
    wakeUnseen: () => Promise.resolve(),
    findLost: () => Promise.resolve({ schedules: [], cases: [] }),
    putBack: () => Promise.resolve(),
    witnesses: { folder, lastWorkIn: () => Promise.resolve(null) },
    readAgain: () => Promise.resolve(),
    askTemporal: () => (temporal === 'up' ? Promise.resolve() : Promise.reject(new Error('no answer'))),
  });
  const look = (time: string, temporal: 'up' | 'down') =>
    watch({ ...options(temporal), now: () => new Date(timeOfDayMs('2026-11-20', time)) });
  const open = async (): Promise<string[]> => (await openAlerts(database.db)).map(({ kind }) => kind).sort();

  it('is content before anything is due', async () => {
    await look('23:59', 'up');
    assert.deepEqual(await open(), []);
  });

  it('raises one alert for each unit whose obligations are overdue, from the instant they are, with Temporal down too', async () => {
    await look('24:00', 'down');
    assert.deepEqual(await open(), [...Array.from({ length: 7 }, () => 'overdue'), 'temporal-away']);
    assert.ok(logged.some((line) => /^市住房和城乡建设局: 1 × WX-4\.3 .* overdue since 2026-11-21 00:00$/.test(line)));
    const count = logged.length;
    await look('24:00', 'down');
    assert.equal(logged.length, count, 'an alert that is open is not told again');
  });

  it('clears what no longer holds', async () => {
    await database.db.raw(`UPDATE obligation SET met_at = ?`, [new Date(timeOfDayMs('2026-11-20', '24:00'))]);
    await look('24:00', 'up');
    assert.deepEqual(await open(), []);
  });

  it('puts back what Temporal has lost before it wakes anybody there', async () => {
    let known = false;
    await watch({
      ...options('up'),
      now: () => new Date(timeOfDayMs('2026-11-20', '24:00')),
      findLost: () => Promise.resolve({ schedules: ['day/housing-permits'], cases: [] }),
      putBack: () => {
        known = true;
        return Promise.resolve();
      },
      wakeUnseen: () => (known ? Promise.resolve() : Promise.reject(new Error('no mapping for HubStream'))),
    });
    assert.deepEqual([known, await open()], [true, ['temporal-lost']]);
    await database.db('alert').delete();
  });

  it('tells of a faulty file of the configuration, whose it is, what is wrong and how to mend it, until it is', async () => {
    const fault = { zh: 'parks.yaml:1：请修正', en: 'parks.yaml:1:: found nothing; mend the YAML' };
    faulty = [{ file: 'connectors/parks.yaml', unit: '市园林局', faults: [fault], goesOn: 'last version' }];
    await look('24:00', 'up');
    const [alert] = await openAlerts(database.db);
    assert.deepEqual([alert?.kind, alert?.subject], ['faulty-file', 'connectors/parks.yaml']);
    assert.match(
      alert?.message.zh ?? '',
      /^市园林局：.*connectors\/parks\.yaml.*沿用上一有效版本：parks\.yaml:1：请修正$/,
    );
    assert.match(alert?.message.en ?? '', /^市园林局: .*its last valid version goes on: .*mend the YAML$/);
    faulty = [];
    await look('24:00', 'up');
    assert.deepEqual(await open(), []);
  });

  it('tells of records that wait for an entry of their type, until they are in', async () => {
    const at = new Date(timeOfDayMs('2026-11-20', '24:00'));
    await database.db.raw(
      `INSERT INTO reject (stream_id, fingerprint, rule, problems, raw, raw_encoding, first_batch_id, last_batch_id,
         first_seen_at, last_seen_at)
       SELECT id, 'f', 'type-unlisted', '[]', '{}', 'json', 1, 1, :at, :at FROM stream WHERE name = 'housing-permits'`,
      { at },
    );
    await look('24:00', 'up');
    assert.deepEqual(await open(), ['waiting']);
    assert.ok(logged.some((line) => line.startsWith('市住房和城乡建设局: 1 records of housing-permits wait')));
    await database.db('reject').update({ resolved_at: at });
    await look('24:00', 'up');
    assert.deepEqual(await open(), []);
  });

  describe('where it cannot look', () => {
    const at = new Date(timeOfDayMs('2026-11-20', '24:00'));
    const overdue = (subject: string, ownerName: string): Promise<unknown> =>
      database.db.raw(
        `INSERT INTO obligation (rule, article, duty, basis, duty_kind, owner_code, owner_name, subject, started_at, due_at,
           opened_at, changed_by)
         VALUES ('WX-4.3', '第四条', '', 'statutory', 'increment', 'TWICE', :ownerName, :subject, :at, :at, :at, 'hub')`,
        { subject, ownerName, at },
      );
    after(() => database.db('obligation').where({ owner_code: 'TWICE' }).delete());

    it('does not stop at a unit with two names: one alert tells of both, by the name that the unit has', async () => {
      await overdue('two/names/1', '市建设局');
      await overdue('two/names/2', '市住房和城乡建设局（旧）');
      await database.db('unit').insert({ code: 'TWICE', name: '市住建局' });
      await look('24:00', 'up');
      const alerts = await openAlerts(database.db);
      assert.deepEqual(
        alerts.map(({ subject, message }) => [subject, message.zh.split('，最早')[0]]),
        [['TWICE WX-4.3', '市住建局：WX-4.3（第四条，法定时限）2 项逾期']],
      );
    });

    it('says so before all else, keeps what it knew of that kind, and looks for the other kinds', async () => {
      await database.db.raw('ALTER TABLE day_volume RENAME TO day_volume_away');
      try {
        await look('24:00', 'down');
        const alerts = await openAlerts(database.db);
        assert.deepEqual(
          alerts.map(({ kind, subject }) => [kind, subject]),
          [
            ['watchdog', 'volume'],
            ['overdue', 'TWICE WX-4.3'],
            ['temporal-away', 'temporal'],
          ],
        );
        assert.match(
          alerts[0]?.message.zh ?? '',
          /^看门狗未能查看“数据量异常”，此项告警停在上次的样子：relation "day_volume" does not exist$/,
        );
        const health = await readHealth({
          db: database.db,
          faultyFiles: () => [],
          now: () => at,
          aheadMs: () => 0,
          countWorkers: () => Promise.resolve(1),
        });
        assert.deepEqual([health.status, health.watchdog, health.alerts[0]?.kind], ['degraded', 'blind', 'watchdog']);
        const { stdout } = await runHub(['status'], { DATABASE_URL: database.url });
        assert.match(
          stdout.split('\n').slice(0, 3).join('\n'),
          /▲ 看门狗未能查看“数据量异常”.* the watchdog could not look for “an unusual number of records”/,
        );
      } finally {
        await database.db.raw('ALTER TABLE day_volume_away RENAME TO day_volume');
      }
      await look('24:00', 'up');
      assert.deepEqual(await open(), ['overdue']);
    });

    it('says so in the process and in the database when it stopped looking', async () => {
      const later = new Date(at.getTime() + 4 * 60_000);
      const health = await readHealth({
        db: database.db,
        faultyFiles: () => [],
        now: () => later,
        aheadMs: () => 0,
        countWorkers: () => Promise.resolve(1),
      });
      assert.deepEqual([health.status, health.watchdog], ['degraded', 'blind']);
      await database.db('uptime').update({ from_at: '2026-01-01T00:00:00Z', to_at: '2026-01-01T01:00:00Z' });
      const { stdout } = await runHub(['status'], { DATABASE_URL: database.url });
      assert.match(
        stdout,
        /^■ 看门狗自 2026-01-01 09:00 起未查看，.* The watchdog has not looked since 2026-01-01T01:00:00.000Z/,
      );
    });
  });

  describe('where the database was restored to an earlier moment', () => {
    const at = (time: string): Date => new Date(timeOfDayMs('2026-11-22', time));
    const readAgain: { from: Date; to: Date }[] = [];
    const lookAt = (time: string, work: Date | null = null) =>
      watch({
        ...options('up'),
        now: () => at(time),
        witnesses: {
          folder,
          lastWorkIn: ({ from, to }) => Promise.resolve(work && work > from && work < to ? work : null),
        },
        readAgain: ({ from, to }) => {
          readAgain.push({ from, to });
          return Promise.resolve();
        },
      });
    const lost = async (): Promise<unknown[]> => {
      const found = await listRestorations(database.db);
      return found.map(({ from, to, knownBy, settledBy }) => [from, to, knownBy, settledBy]);
    };
    /** As a backup of that moment has it. */
    const restore = async (time: string): Promise<void> => {
      await database.db('uptime').where('from_at', '>', at(time)).delete();
      await database
        .db('uptime')
        .where('to_at', '>', at(time))
        .update({ to_at: at(time) });
    };
    before(() => database.db('uptime').delete());

    it('the heartbeat file says so: alert, health and commands name the span, and sources are read again once', async () => {
      for (const time of ['10:00', '10:01', '10:02', '10:03', '10:04']) await lookAt(time);
      assert.deepEqual(await lost(), [], 'nothing is lost while all is well');
      await restore('10:01');
      await lookAt('10:05');
      await lookAt('10:06');
      assert.deepEqual(await lost(), [[at('10:01'), at('10:04'), ['heartbeat'], null]]);
      assert.deepEqual(readAgain, [{ from: at('10:01'), to: at('10:04') }]);
      const { rows } = await database.db.raw<{ rows: { next: number }[] }>(
        `SELECT nextval(pg_get_serial_sequence('case_file', 'id')) AS next`,
      );
      assert.equal(rows[0]?.next, at('10:04').getTime() + 1, 'no number of the lost time is given again');
      const [alert] = (await openAlerts(database.db)).filter(({ kind }) => kind === 'database-older');
      assert.match(
        alert?.message.zh ?? '',
        /^数据库缺少 2026-11-22 10:01:00 至 2026-11-22 10:04:00 写入的内容（据心跳文件）/,
      );
      const health = await readHealth({
        db: database.db,
        faultyFiles: () => [],
        now: () => at('10:06'),
        aheadMs: () => 0,
        countWorkers: () => Promise.resolve(1),
      });
      assert.deepEqual(health.lost, { from: '2026-11-22T10:01:00+08:00', to: '2026-11-22T10:04:00+08:00' });
      const env = { DATABASE_URL: database.url };
      assert.match(
        (await runHub(['status'], env)).stdout,
        /the database lacks what was written from 2026-11-22 10:01:00/,
      );
      const settled = await runHub(['restored', 'settle', '--by', '张三'], env);
      assert.equal(settled.code, 0, settled.stderr);
      assert.match((await runHub(['restored'], env)).stdout, /2026-11-22 10:01.*2026-11-22 10:04.*心跳文件.*张三/);
      await lookAt('10:07');
      assert.deepEqual(
        (await open()).filter((kind) => kind === 'database-older'),
        [],
      );
      assert.equal((await lost()).length, 1);
    });

    it('Temporal says so: it finished work while the database says that no worker ran', async () => {
      const { db } = database;
      await beat(db, 'worker', at('11:00'));
      await beat(db, 'worker', at('11:30'));
      await lookAt('11:31');
      assert.equal((await lost()).length, 1, 'a worker that did not run is no loss');
      await lookAt('11:32', at('11:20'));
      await lookAt('11:33', at('11:20'));
      assert.deepEqual((await lost())[0], [at('11:02'), at('11:20'), ['temporal'], null]);
      assert.equal(readAgain.length, 2);
      await settleRestoration(db, { by: '张三', at: at('11:34') });
      await lookAt('11:35', at('11:20'));
      assert.equal((await lost()).length, 2, 'what was settled is not found again');
    });
  });

  it('runs in hub server while Temporal cannot be reached, and the health page says so', async () => {
    const folder = temporaryFolder();
    const config = await ownConfig(folder);
    const { server } = parse(readFileSync(join(config, 'hub.yaml'), 'utf8')) as { server: { port: number } };
    const [nothing = 0] = await freePorts(1);
    const running = startHub(['server', '--config', config, '--data', folder], {
      DATABASE_URL: database.url,
      TEMPORAL_ADDRESS: `127.0.0.1:${nothing}`,
    });
    try {
      await eventually(async () => {
        const { data } = await axios.get<Health>(`http://127.0.0.1:${server.port}/health`);
        assert.deepEqual([data.status, data.temporal, data.database], ['degraded', 'away', 'ok']);
        assert.ok(data.alerts.some(({ kind }) => kind === 'temporal-away'));
      }, 60_000);
      await running.prints('Temporal cannot be reached');
    } finally {
      running.child.kill('SIGTERM');
      assert.equal((await running.exit()).code, 0);
      rmSync(folder, { recursive: true });
    }
  });

  it('in hub server on a machine whose clock is three days ahead says so, is not ready, and opens no day of the future', async () => {
    const own = temporaryFolder();
    const config = await ownConfig(own);
    const { server } = parse(readFileSync(join(config, 'hub.yaml'), 'utf8')) as { server: { port: number } };
    const [nothing = 0] = await freePorts(1);
    const running = startHub(['server', '--config', config, '--data', own], {
      DATABASE_URL: database.url,
      TEMPORAL_ADDRESS: `127.0.0.1:${nothing}`,
      NODE_OPTIONS: `--import=${join(import.meta.dirname, '../support/commands/wrong-clock.ts')}`,
    });
    try {
      await eventually(async () => {
        const url = `http://127.0.0.1:${server.port}/health`;
        const { status, data } = await axios.get<Health>(url, { validateStatus: () => true });
        assert.deepEqual([status, data.status, data.clock, data.database], [503, 'down', 'wrong', 'ok']);
        assert.ok(data.alerts.some(({ kind }) => kind === 'clock'));
      }, 60_000);
      await running.prints('3 days ahead of the database');
      const { rows } = await database.db.raw<{ rows: unknown[] }>(
        `SELECT subject FROM obligation WHERE duty_kind = 'increment' AND started_at > clock_timestamp()`,
      );
      assert.deepEqual(rows, []);
    } finally {
      running.child.kill('SIGTERM');
      assert.equal((await running.exit()).code, 0);
      rmSync(own, { recursive: true });
    }
  });
});
