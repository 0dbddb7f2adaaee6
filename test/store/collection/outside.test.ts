import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { checkStream } from '../../../connectors/examine/examine.ts';
import { CHECKS } from '../../../connectors/examine/suite.ts';
import { timeWindow } from '../../../domain/collection/window.ts';
import { DAY_MS, shanghaiWallTime } from '../../../domain/dates.ts';
import { Collecting } from '../../support/collecting.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { approveType } from '../../support/deliveries.ts';
import { inWindow, permit, PERMIT_TYPE, PermitGateway } from '../../support/servers/gateway.ts';

const NOW_MS = Math.floor(Date.now() / 1000) * 1000;
const SINCE_MS = NOW_MS - 3 * DAY_MS;
const at = (hoursAgo: number): string => shanghaiWallTime(NOW_MS - hoursAgo * 3_600_000);

describe('records outside the window that was asked for', () => {
  const gateway = new PermitGateway();
  let database: TestDatabase;
  let runs = 0;
  before(async () => {
    database = await createDatabase();
    await approveType(database, PERMIT_TYPE);
    await gateway.listen();
  });
  afterEach(() => {
    gateway.matches = inWindow;
  });
  after(async () => {
    gateway.close();
    await database.drop();
  });

  const collecting = (stream: Record<string, unknown> = {}): Promise<Collecting> => {
    const connector = gateway.connector(`outside-${++runs}`, stream);
    return Collecting.create(database.db, connector, { sinceMs: SINCE_MS, now: () => new Date(NOW_MS) });
  };
  /** One record comes whatever is asked for. */
  const forward = (id: string): void => {
    gateway.matches = (record, from, to) => record.id === id || inWindow(record, from, to);
  };

  it('are taken, counted and told with the window until it is read without them; no day waits for that', async () => {
    gateway.records = [permit('K1', at(30)), permit('K2', at(20)), permit('K3', at(1000))];
    forward('K3');
    const subject = await collecting();
    const window = timeWindow(SINCE_MS, NOW_MS - DAY_MS);
    assert.ok((await subject.sync(window)).complete);
    const [gap, ...others] = await subject.gaps('difference');
    assert.deepEqual(others, []);
    assert.ok(gap?.kind === 'difference');
    assert.deepEqual([gap.unit, gap.source, gap.library, gap.from], ['市公园管理局', 1, 1, null]);
    const [words = ''] = await subject.gapsInWords('difference');
    assert.match(words, /^asked for \S+ \S+ – \S+ \S+, the source returned 1 records of other times/);
    await subject.sync(window);
    assert.deepEqual(await subject.gapsInWords('difference'), [words], 'counted anew by each read');
    gateway.matches = inWindow;
    await subject.sync(timeWindow(SINCE_MS - DAY_MS, NOW_MS - DAY_MS));
    assert.deepEqual(await subject.gapsInWords('difference'), []);
  });

  it('are told by the proofs of the night as well', async () => {
    gateway.records = [permit('K1', at(30))];
    const subject = await collecting();
    await subject.collect(SINCE_MS);
    assert.deepEqual(await subject.gapsInWords(), []);
    gateway.records = [...gateway.records, permit('K3', at(1000))];
    forward('K3');
    await subject.prove();
    assert.ok((await subject.gapsInWords()).some((words) => words.includes('1 records of other times')));
    gateway.matches = inWindow;
    await subject.prove();
    assert.deepEqual(await subject.gapsInWords(), []);
  });

  it('are refused without a time that can be believed, and told until they are corrected', async () => {
    const times = [null, '', '0000-00-00 00:00:00', '1970-01-01 08:00:00', '昨天', '2999-01-01 00:00:00'];
    gateway.records = [permit('K0', at(20)), ...times.map((time, index) => permit(`K${index + 1}`, time))];
    gateway.matches = (record, from, to) => record.id !== 'K0' || inWindow(record, from, to);
    const subject = await collecting({ rejects: { share: 1 } });
    await subject.sync(timeWindow(SINCE_MS, NOW_MS));
    const held = await database.db('certificate').where({ stream_id: subject.id }).pluck<string[]>('record_key');
    assert.deepEqual(held, ['K0']);
    assert.deepEqual(await subject.gapsInWords('difference'), [
      '6 rejected records have no time of change, or one that is none or lies ahead: they are of no window until they are corrected',
    ]);
    gateway.records = gateway.records.map(({ id }) => permit(String(id), at(10)));
    gateway.matches = inWindow;
    await subject.sync(timeWindow(SINCE_MS, NOW_MS));
    assert.deepEqual(await subject.gapsInWords('difference'), []);
  });

  it('that no window reaches are known where the source tells its total', async () => {
    gateway.records = [permit('K1', at(30)), permit('K2', null), permit('K3', '2999-01-01 00:00:00')];
    const subject = await collecting({ countAll: { path: '/list', value: 'total' } });
    await subject.collect(SINCE_MS);
    assert.deepEqual(await subject.gapsInWords(), [
      '2 records of the source have no time of change (or number), or one that is none or lies ahead: no read reaches them',
    ]);
    const { report } = await checkStream(subject.streams.get(subject.stream));
    assert.deepEqual(report?.notes, [
      '2 records have a time that is none, or lies ahead: no window holds them, ask the department to correct it',
    ]);
    gateway.records = [permit('K1', at(30))];
    await subject.collect(SINCE_MS);
    assert.deepEqual(await subject.gapsInWords(), []);
  });

  it('that no window reaches are known once a stream begins, before a night has looked', async () => {
    gateway.records = [permit('K1', at(30)), permit('K2', null)];
    const subject = await collecting({ countAll: { path: '/list', value: 'total' } });
    await subject.readOpen();
    assert.deepEqual(
      (await subject.gapsInWords('difference')).map((words) => words.slice(0, 33)),
      ['1 records of the source have no t'],
    );
  });

  it('fail the check and the test of their connector, which name them', async () => {
    const subject = await collecting();
    const open = subject.streams.get(subject.stream);
    const window = timeWindow(NOW_MS - DAY_MS, NOW_MS);
    const check = CHECKS.find(({ name }) => name === 'every record that a window brings is of that window');
    assert.ok(check);
    gateway.records = [permit('K1', at(5)), permit('K2', at(30)), permit('K3', null)];
    assert.equal((await checkStream(open)).fault, null);
    await check.run({ ...open, window });
    gateway.matches = () => true;
    const { fault } = await checkStream(open);
    assert.equal(fault?.code, 'outside-window');
    assert.match(fault.cause, /found 2 records whose time of change is none, unreadable or not in it: K2, K3$/);
    assert.match(fault.cure, /check from and to in path, window.format, window.end/);
    await assert.rejects(check.run({ ...open, window }), /found 2 records .*: K2, K3$/);
  });
});
