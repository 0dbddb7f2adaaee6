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
import { saveStreams } from '../../store/collection/streams.ts';
import { configuredStreams } from '../../store/apply-config.ts';
import type { Health } from '../../server/health.ts';
import { watch } from '../../server/background/watchdog.ts';
import { startHub } from '../support/commands/command.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { demoConfig } from '../support/departments.ts';
import { eventually } from '../support/eventually.ts';
import { ownConfig, temporaryFolder } from '../support/live-hub.ts';
import { freePorts } from '../support/ports.ts';

describe('the watchdog', () => {
  let database: TestDatabase;
  before(async () => {
    database = await createDatabase();
    const first = new Date(timeOfDayMs('2026-11-20', '12:00'));
    await saveStreams(database.db, configuredStreams(demoConfig()), first);
  });
  after(() => database.drop());

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
  const look = (time: string, temporal: 'up' | 'down') =>
    watch({
      db: database.db,
      logger,
      now: () => new Date(timeOfDayMs('2026-11-20', time)),
      faultyFiles: () => faulty,
      wakeUnseen: () => Promise.resolve(),
      askTemporal: () => (temporal === 'up' ? Promise.resolve() : Promise.reject(new Error('no answer'))),
    });
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

  it('runs in hub server while Temporal cannot be reached, and the health page says so', async () => {
    const folder = temporaryFolder();
    const config = await ownConfig(folder);
    const { server } = parse(readFileSync(join(config, 'hub.yaml'), 'utf8')) as { server: { port: number } };
    const [nothing = 0] = await freePorts(1);
    const running = startHub(['server', '--config', config], {
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
});
