import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { checkStream } from '../../../connectors/examine/examine.ts';
import { CHECKS } from '../../../connectors/examine/suite.ts';
import { timeWindow } from '../../../domain/collection/window.ts';
import { DAY_MS, shanghaiWallTime } from '../../../domain/dates.ts';
import { HubError } from '../../../domain/errors.ts';
import { Collecting } from '../../support/collecting.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { approveType } from '../../support/deliveries.ts';
import { permit, PERMIT_TYPE, PermitGateway } from '../../support/servers/gateway.ts';

const NOW_MS = Math.floor(Date.now() / 1000) * 1000;
const SINCE_MS = NOW_MS - 3 * DAY_MS;
const WINDOW = timeWindow(SINCE_MS, NOW_MS - DAY_MS);
const PAGE = { page: { size: 5 } };

describe('answers that look whole and are not', () => {
  const gateway = new PermitGateway();
  let database: TestDatabase;
  let runs = 0;
  before(async () => {
    database = await createDatabase();
    await approveType(database, PERMIT_TYPE);
    await gateway.listen();
  });
  afterEach(() => {
    gateway.cap = Infinity;
    gateway.order = (records) => records;
    gateway.envelope = {};
  });
  after(async () => {
    gateway.close();
    await database.drop();
  });

  const collecting = (stream: Record<string, unknown> = PAGE): Promise<Collecting> => {
    const connector = gateway.connector(`answers-${++runs}`, stream);
    return Collecting.create(database.db, connector, { sinceMs: SINCE_MS, now: () => new Date(NOW_MS) });
  };
  /** Records every so many seconds from the window's start. */
  const fill = (count: number, everySeconds: number): void => {
    gateway.records = Array.from({ length: count }, (_, index) =>
      permit(`K${index}`, shanghaiWallTime(SINCE_MS + 1000 * everySeconds * index)),
    );
  };
  const held = async ({ id }: Collecting): Promise<number> =>
    (await database.db('certificate').where({ stream_id: id })).length;
  const suite = async (subject: Collecting): Promise<string> => {
    const check = CHECKS.find(({ name }) => name === 'the count is what a read delivers, and every record comes once');
    return check!.run({ ...subject.streams.get(subject.stream), window: WINDOW }).then(
      () => 'held',
      (error: unknown) => String(error),
    );
  };

  describe('a total that is capped', () => {
    it('is named by the test of its connector, and read in parts that are small enough', async () => {
      fill(40, 3600);
      gateway.cap = 10;
      const subject = await collecting();
      assert.match(await suite(subject), /the total of .* is 10, that of its parts 40: the source caps its totals/);
      assert.deepEqual(await subject.sync(WINDOW), { complete: true, read: 40 });
      assert.equal(await held(subject), 40);
      gateway.records = gateway.records.map(({ id }, index) =>
        permit(String(id), shanghaiWallTime(NOW_MS - 3_600_000 - 60_000 * index)),
      );
      const { report } = await checkStream(subject.streams.get(subject.stream));
      assert.deepEqual(report?.notes, [
        'the total of the last day is 10, that of its parts 40: it is capped, and read in parts',
      ]);
    });

    it('of more records in one second than it admits is never complete', async () => {
      fill(30, 0);
      gateway.records.push(permit('before', shanghaiWallTime(SINCE_MS + 7200_000)));
      gateway.cap = 10;
      const subject = await collecting();
      const { complete } = await subject.sync(WINDOW);
      assert.equal(complete, false);
    });

    it('is asked for no more often where it is smaller than a page', async () => {
      fill(4, 3600);
      const { source } = (await collecting()).streams.getBy('windows', `answers-${runs}`);
      const before = gateway.asked;
      assert.equal(await source.count(WINDOW), 4);
      assert.equal(gateway.asked, before + 1);
    });
  });

  it('pages that overlap are named by the test, whose counts agree', async () => {
    fill(10, 60);
    // The second page begins with two records of the first, and the last two never come.
    gateway.order = (records, page) => (page === 1 ? records : [...records.slice(0, 5), ...records.slice(3, 8)]);
    const subject = await collecting();
    const said = await suite(subject);
    assert.match(said, /keys that came twice: found 2 \(K3, K4\), expected none; each may hide another record/);
    assert.match(said, /no stable order/);
    assert.deepEqual(await subject.sync(WINDOW), { complete: false, read: 10 });
    assert.match((await subject.gapsInWords('difference')).join(), /listed twice \(pages without a stable order/);
    gateway.order = (records) => records;
    assert.equal(await suite(subject), 'held');
  });

  describe('an error in the place of an empty list', () => {
    const told: [envelope: Record<string, unknown>, words: RegExp][] = [
      [{ success: false, msg: '接口未授权' }, /found no records beside success = “false”/],
      [{ success: 'false' }, /success = “false”/],
      [{ code: 500, msg: '系统繁忙' }, /code = “500”/],
      [{ retCode: '-1' }, /retCode = “-1”/],
      [{ status: 'FAIL' }, /status = “FAIL”/],
      [{ error: 'invalid_token' }, /error = “invalid_token”/],
    ];
    for (const [envelope, words] of told) {
      it(`is named: ${JSON.stringify(envelope)}`, async () => {
        gateway.records = [];
        gateway.envelope = envelope;
        const subject = await collecting();
        await assert.rejects(
          subject.sync(WINDOW),
          (error) =>
            error instanceof HubError &&
            error.code === 'error-answer' &&
            words.test(error.message) &&
            error.kind === 'transient',
        );
        assert.deepEqual(await database.db('stream').where({ id: subject.id }).pluck('contact'), ['garbled']);
      });
    }

    it('is none where it says nothing of the kind, where records come with it, or where a rule says what success is', async () => {
      gateway.records = [];
      for (const envelope of [
        { success: true, code: 0 },
        { code: '200', error: null, errmsg: 'ok' },
        { code: 10_000, status: 1 },
        { code: '0000', msg: '查询成功', errors: [] },
      ]) {
        gateway.envelope = envelope;
        assert.deepEqual(
          await (await collecting()).sync(WINDOW),
          { complete: true, read: 0 },
          JSON.stringify(envelope),
        );
      }
      gateway.envelope = { code: '500' };
      const response = { records: 'list', total: 'total', success: { field: 'code', values: ['500'] } };
      assert.ok((await (await collecting({ response })).sync(WINDOW)).complete);
      fill(3, 60);
      assert.ok((await (await collecting()).sync(WINDOW)).complete);
    });
  });
});
