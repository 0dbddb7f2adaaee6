import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it, mock } from 'node:test';
import { DAY_MS } from '../../../domain/dates.ts';
import { readHealth } from '../../../server/health.ts';
import { findAlerts } from '../../../store/ledger/alerts.ts';
import { DatabaseClock, isClockWrong, requireClock } from '../../../store/ledger/clock.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';

describe('the clock of a machine that is three days ahead', () => {
  let database: TestDatabase;
  let clock: DatabaseClock;
  const realNow = Date.now.bind(Date);
  before(async () => {
    database = await createDatabase();
    clock = await DatabaseClock.open(database.db, 'server');
  });
  afterEach(() => mock.restoreAll());
  after(async () => {
    clock.close();
    await database.drop();
  });
  const ahead = (ms: number) => mock.method(Date, 'now', () => realNow() + ms);
  const near = (one: Date, otherMs: number) => assert.ok(Math.abs(one.getTime() - otherMs) < 2_000, one.toISOString());
  const alerts = () => findAlerts(database.db, 'clock', clock.now());

  it('changes no time that counts, and is noticed at once', () => {
    assert.equal(isClockWrong(clock), false);
    ahead(3 * DAY_MS);
    near(clock.now(), realNow());
    assert.equal(isClockWrong(clock), true);
  });

  it('is told as an alert while it lasts; the process is not ready', async () => {
    ahead(3 * DAY_MS);
    await clock.read();
    near(clock.now(), realNow());
    const [alert, ...others] = await alerts();
    assert.match(alert?.message.zh ?? '', /server 的机器时钟比数据库快 3 天：校准之前它不发送任何消息$/);
    assert.deepEqual(others, []);
    const { now, aheadMs } = clock;
    const countWorkers = () => Promise.resolve(1);
    const ready = () => readHealth({ db: database.db, now, aheadMs, countWorkers, faultyFiles: () => [] });
    const { status, clock: shown, database: answered } = await ready();
    assert.deepEqual([status, shown, answered], ['down', 'wrong', 'ok']);
    mock.restoreAll();
    await clock.read();
    assert.deepEqual(await alerts(), []);
    assert.equal((await ready()).clock, 'ok');
  });

  it('keeps commands from writing by it', async () => {
    await requireClock(database.db);
    ahead(-DAY_MS);
    await assert.rejects(requireClock(database.db), /本机时钟比数据库慢 24 小时|24 hours behind/);
  });
});
