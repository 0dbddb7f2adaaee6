import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Knex } from 'knex';
import {
  isScanDue,
  markReminded,
  openReminders,
  remindExpiries,
  syncReminders,
  type ExpirySettings,
} from '../../../store/library/expiry.ts';
import { changesOf } from '../../../store/ledger/obligations.ts';
import { claimMessage, markDelivered } from '../../../store/ledger/outbox.ts';
import { arrive, at, tasksOf, useProfile, type Arrival } from '../../support/arrivals.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { newStream } from '../../support/library.ts';

const LAST_NIGHT = at('2026-11-22T05:00');
const TONIGHT = at('2026-11-23T05:00');
const SETTINGS: ExpirySettings = { leadDays: 30, types: {} };

describe('reminders of an expiry', () => {
  let database: TestDatabase;
  let db: Knex;
  let stream: { id: number; name: string };
  before(async () => {
    database = await createDatabase();
    ({ db } = database);
  });
  after(() => database.drop());
  beforeEach(async () => {
    await db.raw('TRUNCATE certificate, certificate_history, expiry_reminder, obligation, outbox, batch_page');
    await db('hub').update({ expiry_scanned_at: LAST_NIGHT });
    await useProfile(db, 'wuxi');
    stream = await newStream(db);
  });

  /** One beside those that there are. */
  const anotherStream = async () => {
    const other = await newStream(db);
    await db('stream').update({ retired_at: null });
    return other;
  };
  const hold = (records: Arrival[], of = stream): Promise<void> => arrive(db, of.id, at('2026-11-01T10:00'), records);
  const scan = (settings = SETTINGS, now = TONIGHT) => remindExpiries(db, settings, now);
  const owed = async (now = TONIGHT) =>
    (await tasksOf(db, `expiry/${stream.name}`, now)).map(({ subject, startedAt, dueAt, state }) => [
      subject.slice(`expiry/${stream.name}/`.length),
      startedAt,
      dueAt,
      state,
    ]);

  it('begin with the day on which a certificate comes as near to its end as its type asks for', async () => {
    await hold([
      { key: 'today', expiresOn: '2026-12-23' },
      { key: 'tomorrow', expiresOn: '2026-12-24' },
      { key: 'over', expiresOn: '2026-11-22' },
      { key: 'no end' },
      { key: 'long', expiresOn: '2026-12-23', longTerm: true },
      { key: 'cancelled', expiresOn: '2026-12-23', status: 'cancelled' },
      { key: 'early', typeCode: 'E', expiresOn: '2027-01-22' },
    ]);
    const settings = { leadDays: 30, types: { E: 60 } };
    assert.deepEqual(await scan(settings), { opened: 2, queued: 0, cancelled: 0 });
    const expected = [at('2026-11-23T00:00'), at('2026-11-30T24:00'), 'open'];
    assert.deepEqual((await owed()).sort(), [
      ['early/2027-01-22', ...expected],
      ['today/2026-12-23', ...expected],
    ]);
    assert.deepEqual(await scan(settings), { opened: 0, queued: 0, cancelled: 0 });
  });

  it('start no earlier than the scan that could first have seen them: a new setting makes nothing overdue', async () => {
    await hold([{ key: 'near', expiresOn: '2026-11-25' }]);
    await db('hub').update({ expiry_scanned_at: null });
    await scan();
    assert.deepEqual(await owed(), [['near/2026-11-25', at('2026-11-23T00:00'), at('2026-11-30T24:00'), 'open']]);
  });

  it('that a night without the hub missed start with their own day', async () => {
    await db('hub').update({ expiry_scanned_at: at('2026-11-10T05:00') });
    await hold([{ key: 'missed', expiresOn: '2026-12-13' }]);
    await scan();
    assert.deepEqual(await owed(), [['missed/2026-12-13', at('2026-11-13T00:00'), at('2026-11-20T24:00'), 'overdue']]);
  });

  it('go out once for a certificate that two streams deliver, and belong to the issuer, not to the platform', async () => {
    const other = await anotherStream();
    await db('stream').where({ id: stream.id }).update({ delivery: 'return' });
    const record = { number: 'same', expiresOn: '2026-12-23' };
    await hold([{ key: 'a', ...record }]);
    await hold([{ key: 'b', ...record }], other);
    await scan();
    assert.deepEqual(
      (await openReminders(db, {})).map(({ subject }) => subject),
      [`expiry/${other.name}/b/2026-12-23`],
    );
  });

  it('are cancelled by a renewal, also where another stream knows of it, and by an end; what ran out stays owed', async () => {
    const other = await anotherStream();
    await hold([
      { key: 'renewed', expiresOn: '2026-12-23' },
      { key: 'elsewhere', number: 'n', expiresOn: '2026-12-23' },
      { key: 'revoked', expiresOn: '2026-12-23' },
      { key: 'ran-out', expiresOn: '2026-12-23' },
    ]);
    await scan();
    const later = at('2026-11-23T10:00');
    await arrive(db, stream.id, later, [
      { key: 'renewed', expiresOn: '2029-12-23' },
      { key: 'revoked', expiresOn: '2026-12-23', status: 'revoked' },
      { key: 'ran-out', expiresOn: '2026-12-23', status: 'expired' },
    ]);
    await arrive(db, other.id, later, [{ key: 'x', number: 'n', expiresOn: '2029-12-23' }]);
    const next = at('2026-11-24T05:00');
    assert.deepEqual(await scan(SETTINGS, next), { opened: 0, queued: 0, cancelled: 3 });
    assert.deepEqual((await owed(next)).map(([name, , , state]) => [name, state]).sort(), [
      ['elsewhere/2026-12-23', 'cancelled'],
      ['ran-out/2026-12-23', 'open'],
      ['renewed/2026-12-23', 'cancelled'],
      ['revoked/2026-12-23', 'cancelled'],
    ]);
  });

  describe('through a portal', () => {
    const settings = { ...SETTINGS, target: 'portal' };

    it('carry what it needs to find the holder, and are met by its receipt', async () => {
      await hold([{ key: 'k', expiresOn: '2026-12-23', holders: [{ name: '甲', code: 'H1', codeType: '099' }] }]);
      assert.deepEqual(await scan(settings), { opened: 1, queued: 1, cancelled: 0 });
      assert.deepEqual(await scan(settings), { opened: 0, queued: 0, cancelled: 0 });
      await syncReminders(db);
      assert.equal((await owed())[0]?.[3], 'open');
      const message = await claimMessage(db, 'portal', TONIGHT);
      assert.ok(message);
      const { key, ...payload } = message.payload;
      assert.equal(key, message.key);
      assert.deepEqual(payload, {
        identifier: 'I.k',
        typeCode: 'T',
        name: '许可证',
        number: 'no-k',
        expiresOn: '2026-12-23',
        unit: 'U',
        holders: [{ code: 'H1', codeType: '099' }],
      });
      const receivedAt = at('2026-11-23T05:01');
      await markDelivered(db, message.id, 'r-1', receivedAt);
      await syncReminders(db);
      await syncReminders(db);
      const [task] = await tasksOf(db, `expiry/${stream.name}`, TONIGHT);
      assert.deepEqual([task?.state, task?.endedAt], ['met', receivedAt]);
      assert.deepEqual(await openReminders(db, {}), []);
    });

    it('that is configured later get those that the units still owe', async () => {
      await hold([{ key: 'k', expiresOn: '2026-12-23' }]);
      await scan();
      assert.deepEqual(await scan(settings), { opened: 0, queued: 1, cancelled: 0 });
    });

    it('are not sent any more once they are not needed', async () => {
      await hold([
        { key: 'renewed', expiresOn: '2026-12-23' },
        { key: 'told', expiresOn: '2026-12-23' },
      ]);
      await scan(settings);
      await arrive(db, stream.id, at('2026-11-23T10:00'), [{ key: 'renewed', expiresOn: '2029-12-23' }]);
      await scan(settings, at('2026-11-24T05:00'));
      await markReminded(db, [`expiry/${stream.name}/told/2026-12-23`], { by: '张三', at: TONIGHT });
      assert.equal(await claimMessage(db, 'portal', at('2026-11-25T05:00')), null);
    });
  });

  it('are met by the word of somebody, whose name is kept', async () => {
    await hold([
      { key: 'a', expiresOn: '2026-12-23' },
      { key: 'b', expiresOn: '2026-12-23' },
    ]);
    await scan();
    const subject = `expiry/${stream.name}/a/2026-12-23`;
    assert.equal(await markReminded(db, [subject], { by: '张三', at: TONIGHT }), 1);
    assert.equal(await markReminded(db, [subject], { by: '李四', at: TONIGHT }), 0);
    const [task] = await tasksOf(db, subject, TONIGHT);
    assert.ok(task);
    assert.equal(task.state, 'met');
    assert.deepEqual(
      (await changesOf(db, task.id)).map(({ by }) => by),
      ['hub', '张三'],
    );
    assert.equal((await openReminders(db, { stream: stream.name })).length, 1);
  });

  it('are looked for once after five in the morning, Shanghai time', async () => {
    const due = (now: string) => isScanDue(db, at(now));
    await db('hub').update({ expiry_scanned_at: at('2026-11-22T05:00:03') });
    assert.deepEqual(
      [await due('2026-11-22T23:59'), await due('2026-11-23T04:59'), await due('2026-11-23T05:00')],
      [false, false, true],
    );
    await db('hub').update({ expiry_scanned_at: null });
    assert.equal(await due('2026-11-23T01:00'), true);
  });

  it('are nobody’s duty under a profile without the rule', async () => {
    await useProfile(db, 'shanghai');
    await hold([{ key: 'k', expiresOn: '2026-12-23' }]);
    assert.deepEqual(await scan({ ...SETTINGS, target: 'portal' }), { opened: 0, queued: 0, cancelled: 0 });
    assert.deepEqual(await openReminders(db, {}), []);
  });
});
