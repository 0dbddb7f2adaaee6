import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Knex } from 'knex';
import { findCertificates } from '../../../store/library/certificates.ts';
import { countOpenCases, openCases, unseenCases } from '../../../store/ledger/case-files.ts';
import { caseWorkflowId } from '../../../domain/ids.ts';
import type { DisputeStep } from '../../../domain/casework/dispute.ts';
import { actOnCase } from '../../../store/casework/cases.ts';
import {
  advanceDispute,
  DISPUTES,
  findDispute,
  marksOn,
  openDispute,
  type NewDispute,
} from '../../../store/casework/disputes.ts';
import { eventsOf, noteOverdue, runningDeadlines } from '../../../store/ledger/obligations.ts';
import { markDelivered } from '../../../store/ledger/outbox.ts';
import { streamQuality } from '../../../store/library/quality.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { at, deadlines, enact } from '../../support/law/enact.ts';
import { newStream } from '../../support/library.ts';

const RAISED = at('2026-02-10T09:00:00');
const TARGET = 'hotline';

interface Message {
  id: number;
  payload: { answer?: string; contact?: string };
}
const NO_MESSAGE: Message = { id: 0, payload: {} };

describe('disputes', () => {
  let database: TestDatabase;
  let db: Knex;
  before(async () => {
    database = await createDatabase();
    ({ db } = database);
    const { id } = await newStream(db);
    for (const [index, number] of ['A-1', 'A-2', 'A-3', 'A-4', 'A-5', 'A-6', 'A-7', 'A-8', 'A-9'].entries())
      await deliver(id, `k${index}`, number, at('2026-01-05'));
    await deliver(id, 'x1', 'TWICE', at('2026-01-05'), 'T1');
    await deliver(id, 'x2', 'TWICE', at('2026-01-05'), 'T2');
    stream = id;
  });
  after(() => database.drop());
  let stream = 0;

  async function deliver(streamId: number, key: string, number: string, changed: Date, type = 'T1'): Promise<void> {
    await db.raw(
      `INSERT INTO certificate (stream_id, record_key, number, type_code, name, issued_on, long_term, holders, status,
         raw_status, extension, content_hash, source_updated_at, batch_id, recorded_at)
       VALUES (:streamId, :key, :number, :type, '证', '2025-01-01', true, '[{"name": "张三", "code": "1"}]', 'valid', '1', '{}',
         '\\x00', :changed, 0, :changed)
       ON CONFLICT (stream_id, record_key) DO UPDATE SET source_updated_at = :changed, recorded_at = :changed`,
      { streamId, key, number, type, changed },
    );
  }
  const raise = (number: string, given: Partial<NewDispute> = {}, now = RAISED) =>
    openDispute(
      db,
      {
        source: 'hotline',
        ticket: null,
        number,
        typeCode: null,
        objector: '王五',
        contact: '13800000000',
        statement: '姓名有误',
        raisedAt: now,
        ...given,
      },
      { by: '热线', at: now },
    );
  const act = (id: number, step: DisputeStep, now: string) =>
    actOnCase(db, DISPUTES, id, step, { by: '张三', at: at(now) });
  const dues = (id: number, now: string) => deadlines(db, `dispute/${id}`, at(now));
  const marked = async (number: string) => (await findCertificates(db, number))[0]?.disputedSince ?? null;

  describe('in Wuxi, where the issuer’s word counts', () => {
    before(async () => {
      await enact(db, 'wuxi', RAISED);
      await db('hub').update({ dispute_receipt: 'acknowledged' });
    });

    it('nothing runs before the issuer has received it; its receipt starts both clocks, side by side', async () => {
      const { id } = await raise('A-1');
      assert.deepEqual(await dues(id, '2026-02-20'), []);
      await act(id, { action: 'receive', receivedAt: at('2026-02-10T16:00:00') }, '2026-02-10T17:00:00');
      assert.deepEqual(await dues(id, '2026-02-10T18:00:00'), ['WX-18b open 02-12T00:00', 'WX-18c open 02-25T00:00']);
    });

    it('received on the last working day before the Spring Festival, or on a rest day within it', async () => {
      const { id } = await raise('A-1');
      await act(id, { action: 'receive' }, '2026-02-14T16:00:00');
      assert.deepEqual(await dues(id, '2026-02-14T18:00:00'), ['WX-18b open 02-25T00:00', 'WX-18c open 03-01T00:00']);
      const { id: other } = await raise('A-1');
      await act(other, { action: 'receive' }, '2026-02-18T10:00:00');
      assert.deepEqual(await dues(other, '2026-02-19'), ['WX-18b open 02-25T00:00', 'WX-18c open 03-01T00:00']);
    });

    it('the mark is seen wherever the certificate is read, until the answer is told; marked late is late', async () => {
      const { id } = await raise('A-2');
      await act(id, { action: 'receive' }, '2026-03-02T09:00:00');
      assert.equal(await marked('A-2'), null);
      await act(id, { action: 'mark' }, '2026-03-04T00:00:01');
      assert.deepEqual(await marked('A-2'), at('2026-03-04T00:00:01'));
      assert.deepEqual(await dues(id, '2026-03-05'), ['WX-18b met late 03-04T00:00', 'WX-18c open 03-10T00:00']);
      await act(id, { action: 'verify', upheld: false, answer: '记载无误' }, '2026-03-05T10:00:00');
      assert.deepEqual((await dues(id, '2026-03-05'))[1], 'WX-18c open 03-10T00:00', 'a result is no answer yet');
      await act(id, { action: 'tell', receipt: '电话 0012' }, '2026-03-06T10:00:00');
      assert.deepEqual((await dues(id, '2026-03-20'))[1], 'WX-18c met 03-10T00:00');
      assert.equal(await marked('A-2'), null);
      assert.equal((await findDispute(db, id))?.closedAs, 'told');
    });

    it('upheld: told by the channel, whose receipt proves it; closed and unmarked when the corrected version has come in', async () => {
      const { id } = await raise('A-3');
      await act(id, { action: 'receive' }, '2026-03-02T09:00:00');
      await act(id, { action: 'mark' }, '2026-03-02T10:00:00');
      await act(id, { action: 'verify', upheld: true, answer: '将予更正' }, '2026-03-03T10:00:00');
      const first = await advanceDispute(db, id, TARGET, at('2026-03-03T10:01:00'));
      assert.equal(first.polls, true);
      const [message = NO_MESSAGE] = await db('outbox')
        .where({ message_key: `dispute/${id}/answer` })
        .select<Message[]>();
      assert.deepEqual([message.payload.answer, message.payload.contact], ['将予更正', '13800000000']);
      await markDelivered(db, message.id, '回执 77', at('2026-03-03T10:05:00'));
      const told = await advanceDispute(db, id, TARGET, at('2026-03-03T11:00:00'));
      assert.deepEqual([told.dispute.toldAt, told.dispute.toldReceipt], [at('2026-03-03T10:05:00'), '回执 77']);
      assert.deepEqual((await dues(id, '2026-03-20'))[1], 'WX-18c met 03-10T00:00');
      assert.notEqual(await marked('A-3'), null, 'it is wrong still');
      const inaccurate = async () => (await streamQuality(db)).reduce((sum, each) => sum + each.inaccurate, 0);
      assert.equal(await inaccurate(), 1);

      await deliver(stream, 'k2', 'A-3', at('2026-03-04T21:00:00'));
      const { dispute } = await advanceDispute(db, id, TARGET, at('2026-03-05T00:00:00'));
      assert.deepEqual([dispute.closedAs, dispute.correctedAt], ['told', at('2026-03-04T21:00:00')]);
      assert.match(dispute.correction ?? '', / k2$/);
      assert.equal(await marked('A-3'), null);
      assert.equal(await inaccurate(), 0);
      assert.equal((await db('outbox').where({ target: TARGET }).select<Message[]>()).length, 1, 'told once');
    });

    it('the same ticket twice, also at the same time, is one dispute', async () => {
      const given = { ticket: '12345-001' };
      const twice = await Promise.all([raise('A-4', given), raise('A-4', given), raise('A-4', given)]);
      assert.equal(new Set(twice.map(({ id }) => id)).size, 1);
      assert.equal(twice.filter(({ known }) => !known).length, 1);
    });

    it('the same ticket with the receipt that came since is received by that, and by the first issuer alone', async () => {
      const [given, receivedAt] = [{ ticket: '12345-002' }, at('2026-03-02T09:00:00')];
      const { id } = await raise('B-1', given);
      assert.deepEqual(await raise('B-1', { ...given, receivedAt }, at('2026-03-02T10:00:00')), { id, known: true });
      assert.deepEqual((await findDispute(db, id))?.receivedAt, receivedAt);
      await act(id, { action: 'transfer', issuer: { code: 'U2', name: '乙局' } }, '2026-03-03T10:00:00');
      await raise('B-1', { ...given, receivedAt }, at('2026-03-03T11:00:00'));
      assert.equal((await findDispute(db, id))?.receivedAt, null, 'what its source says is of the first');
    });

    it('a clock may be five minutes ahead, and no more', async () => {
      const ahead = (ms: number) => raise('B-2', { raisedAt: new Date(RAISED.getTime() + ms) }, RAISED);
      await ahead(5 * 60_000);
      await assert.rejects(ahead(5 * 60_000 + 1), /lies ahead of the clock/);
      const { id } = await raise('B-2');
      await assert.rejects(
        act(id, { action: 'receive', receivedAt: at('2026-03-02T09:05:01') }, '2026-03-02T09:00:00'),
        /lies ahead of the clock/,
      );
    });

    it('withdrawn in time is cancelled; withdrawn after a deadline was missed, that stays missed', async () => {
      const { id } = await raise('A-4');
      await act(id, { action: 'receive' }, '2026-03-02T09:00:00');
      await act(id, { action: 'withdraw', reason: '误会' }, '2026-03-04T09:00:00');
      assert.deepEqual(await dues(id, '2026-03-20'), ['WX-18b met late 03-04T00:00', 'WX-18c cancelled 03-10T00:00']);
      await assert.rejects(act(id, { action: 'mark' }, '2026-03-05'), /cannot be done “mark”: found it closed/);
      const { id: other } = await raise('A-4');
      await act(other, { action: 'receive' }, '2026-03-02T09:00:00');
      await act(other, { action: 'withdraw', reason: '误会' }, '2026-03-03T24:00:00');
      assert.equal((await dues(other, '2026-03-20'))[0], 'WX-18b cancelled 03-04T00:00', 'its last instant is in time');
    });

    it('merged: the other one takes the mark over, and both objectors are told', async () => {
      const { id: first } = await raise('A-5', { contact: 'one' });
      const { id: second } = await raise('A-5', { contact: 'two' });
      const { id: elsewhere } = await raise('A-6');
      await act(second, { action: 'receive' }, '2026-03-02T09:00:00');
      await act(second, { action: 'mark' }, '2026-03-02T10:00:00');
      await act(first, { action: 'receive' }, '2026-03-02T09:30:00');
      await assert.rejects(
        act(second, { action: 'merge', into: elsewhere }, '2026-03-02T11:00:00'),
        /same certificate/,
      );
      await act(second, { action: 'merge', into: first }, '2026-03-02T11:00:00');
      assert.deepEqual(await dues(second, '2026-03-20'), ['WX-18b met 03-04T00:00', 'WX-18c cancelled 03-10T00:00']);
      assert.deepEqual(await dues(first, '2026-03-02T12:00:00'), ['WX-18b met 03-04T00:00', 'WX-18c open 03-10T00:00']);
      assert.deepEqual(await marked('A-5'), at('2026-03-02T10:00:00'));
      await act(first, { action: 'verify', upheld: false, answer: '无误' }, '2026-03-03T10:00:00');
      await advanceDispute(db, first, TARGET, at('2026-03-03T10:01:00'));
      const messages = await db('outbox').whereRaw(`payload->>'number' = 'A-5'`).orderBy('id').select<Message[]>();
      assert.deepEqual(
        messages.map(({ payload }) => payload.contact),
        ['one', 'two'],
      );
      await markDelivered(db, messages[0]!.id, 'r1', at('2026-03-03T10:05:00'));
      assert.equal((await advanceDispute(db, first, TARGET, at('2026-03-03T10:06:00'))).dispute.toldAt, null);
      await markDelivered(db, messages[1]!.id, 'r2', at('2026-03-03T10:10:00'));
      const { dispute } = await advanceDispute(db, first, TARGET, at('2026-03-03T10:11:00'));
      assert.deepEqual([dispute.closedAs, dispute.toldAt], ['told', at('2026-03-03T10:10:00')]);
      assert.equal(await marked('A-5'), null);
    });

    it('merged while both are marked: each mark is its own, and the one of the other stays', async () => {
      const { id: first } = await raise('B-3');
      const { id: second } = await raise('B-3');
      for (const [id, when] of [
        [first, '2026-03-02T10:00:00'],
        [second, '2026-03-02T11:00:00'],
      ] as const)
        await act(id, { action: 'mark' }, when);
      await act(first, { action: 'merge', into: second }, '2026-03-02T12:00:00');
      assert.deepEqual((await findDispute(db, second))?.markedAt, at('2026-03-02T11:00:00'));
      assert.deepEqual(
        (await marksOn(db, ['B-3'])).map(({ dispute, markedAt }) => [dispute, markedAt]),
        [[second, at('2026-03-02T11:00:00')]],
      );
    });

    it('merged neither into itself nor into one whose objector has been told', async () => {
      const { id } = await raise('B-4');
      await assert.rejects(act(id, { action: 'merge', into: id }, '2026-03-02T09:00:00'), /another dispute about/);
      const { id: told } = await raise('B-4');
      await act(told, { action: 'receive' }, '2026-03-02T09:00:00');
      await act(told, { action: 'verify', upheld: true, answer: '将予更正' }, '2026-03-02T10:00:00');
      await act(told, { action: 'tell', receipt: 'r' }, '2026-03-02T11:00:00');
      assert.equal((await findDispute(db, told))?.closedAs, null, 'it is to be corrected');
      await assert.rejects(act(id, { action: 'merge', into: told }, '2026-03-02T12:00:00'), /has been answered/);
      assert.equal((await findDispute(db, id))?.closedAs, null);
    });

    it('only a version that was made and came in after the receipt corrects the certificate', async () => {
      const { id } = await raise('B-5', { typeCode: 'T1' });
      await act(id, { action: 'receive' }, '2026-03-02T09:00:00');
      await act(id, { action: 'verify', upheld: true, answer: '将予更正' }, '2026-03-02T10:00:00');
      const corrected = async () => (await advanceDispute(db, id, null, at('2026-03-06T00:00:00'))).dispute.correctedAt;
      const version = (changed: string, recorded: string) =>
        db('certificate')
          .where({ record_key: 'b5' })
          .update({ source_updated_at: at(changed), recorded_at: at(recorded) });
      await deliver(stream, 'b5', 'B-5', at('2026-01-05'));
      assert.equal(await corrected(), null);
      await version('2026-03-01T12:00:00', '2026-03-03T09:00:00');
      assert.equal(await corrected(), null, 'it was made before');
      await version('2026-03-02T09:00:10', '2026-03-02T08:59:50');
      assert.equal(await corrected(), null, 'it was here before, by a clock that is ahead');
      await version('2026-03-04T12:00:00', '2026-03-04T21:00:00');
      assert.deepEqual(await corrected(), at('2026-03-04T21:00:00'));
    });

    it('transferred: the next issuer’s receipt starts its own clock; the mark stays and is not owed again', async () => {
      const { id } = await raise('A-7');
      await act(id, { action: 'receive' }, '2026-03-02T09:00:00');
      await act(id, { action: 'mark' }, '2026-03-02T10:00:00');
      await act(id, { action: 'transfer', issuer: { code: 'U2', name: '乙局' } }, '2026-03-04T10:00:00');
      await act(id, { action: 'receive' }, '2026-03-05T10:00:00');
      assert.deepEqual(await dues(id, '2026-03-06'), [
        'WX-18b met 03-04T00:00',
        '#2 WX-18b met 03-07T00:00',
        'WX-18c cancelled 03-10T00:00',
        '#2 WX-18c open 03-13T00:00',
      ]);
      const owners = await db('obligation')
        .where('subject', 'like', `dispute/${id}#2`)
        .distinct('owner_name')
        .pluck('owner_name');
      assert.deepEqual(owners, ['乙局']);
      assert.notEqual(await marked('A-7'), null);
    });

    it('reopened: a new round with its own deadlines, the old ones stay as they ended', async () => {
      const { id } = await raise('A-8');
      await act(id, { action: 'receive' }, '2026-03-02T09:00:00');
      await act(id, { action: 'verify', upheld: false, answer: '无误' }, '2026-03-03T10:00:00');
      await act(id, { action: 'tell', receipt: 'r' }, '2026-03-03T11:00:00');
      assert.deepEqual(await dues(id, '2026-03-20'), ['WX-18b cancelled 03-04T00:00', 'WX-18c met 03-10T00:00']);
      await act(id, { action: 'reopen', reason: '新证据' }, '2026-03-16T09:00:00');
      await act(id, { action: 'receive' }, '2026-03-16T10:00:00');
      assert.deepEqual((await dues(id, '2026-03-16T11:00:00')).slice(2), [
        '#2 WX-18b open 03-18T00:00',
        '#2 WX-18c open 03-24T00:00',
      ]);
    });

    it('reopened, it is not marked any more, and the mark is owed anew', async () => {
      const { id } = await raise('B-6');
      await act(id, { action: 'receive' }, '2026-03-02T09:00:00');
      await act(id, { action: 'mark' }, '2026-03-02T10:00:00');
      await act(id, { action: 'verify', upheld: false, answer: '无误' }, '2026-03-03T10:00:00');
      await act(id, { action: 'tell', receipt: 'r' }, '2026-03-03T11:00:00');
      await act(id, { action: 'reopen', reason: '新证据' }, '2026-03-16T09:00:00');
      assert.equal((await findDispute(db, id))?.markedAt, null);
      await act(id, { action: 'receive' }, '2026-03-16T10:00:00');
      assert.ok((await dues(id, '2026-03-16T11:00:00')).includes('#2 WX-18b open 03-18T00:00'));
    });

    it('sent on to another province, the city’s term for the answer is cancelled; the mark stays owed', async () => {
      const { id } = await raise('A-9');
      await act(id, { action: 'receive' }, '2026-03-02T09:00:00');
      await act(id, { action: 'route', to: '浙江省大数据局', reference: null }, '2026-03-03T09:00:00');
      assert.deepEqual(await dues(id, '2026-03-03T10:00:00'), [
        'WX-18b due soon 03-04T00:00',
        'WX-18c cancelled 03-10T00:00',
      ]);
    });

    it('a number of two types must be told apart; one that the library does not know is taken all the same', async () => {
      await assert.rejects(raise('TWICE'), /2 types under this number: T1, T2/);
      const { id } = await raise('TWICE', { typeCode: 'T2' });
      await act(id, { action: 'receive' }, '2026-03-02T09:00:00');
      await act(id, { action: 'mark' }, '2026-03-02T09:30:00');
      const found = await findCertificates(db, 'TWICE');
      assert.deepEqual(
        found.map(({ typeCode, disputedSince }) => [typeCode, disputedSince !== null]),
        [
          ['T1', false],
          ['T2', true],
        ],
      );
      const { id: unknown } = await raise('NOWHERE');
      await act(unknown, { action: 'receive' }, '2026-03-02T09:00:00');
      assert.equal((await findDispute(db, unknown))?.typeCode, null);
    });

    it('beyond the published calendar the deadlines say so, and what is done counts as in time', async () => {
      const { id } = await raise('A-1', {}, at('2026-12-30T09:00:00'));
      await act(id, { action: 'receive' }, '2026-12-30T10:00:00');
      assert.deepEqual(await dues(id, '2027-02-01'), ['WX-18c no calendar never', 'WX-18b overdue 01-01T00:00']);
      const awaited = await runningDeadlines(db, caseWorkflowId({ kind: 'dispute', id }));
      assert.deepEqual(
        awaited.map(({ duty, dueAt }) => [duty, dueAt]),
        [
          ['dispute-mark', at('2026-12-31T24:00:00')],
          ['dispute-answer', null],
        ],
        'what has a time is waited for first',
      );
    });

    it('the timeline says what is overdue, from the instant on at which it was due', async () => {
      const { id } = await raise('A-1');
      await act(id, { action: 'receive' }, '2026-03-02T09:00:00');
      const overdue = async (now: Date) => {
        await noteOverdue(db, `dispute/${id}`, caseWorkflowId({ kind: 'dispute', id }), now);
        const events = await eventsOf(db, `dispute/${id}`);
        return events.filter(({ what }) => what === 'overdue').map(({ detail }) => detail.rule);
      };
      const due = at('2026-03-03T24:00:00');
      assert.deepEqual(await overdue(new Date(due.getTime() - 1)), []);
      assert.deepEqual(await overdue(due), ['WX-18b']);
      assert.deepEqual(await overdue(at('2026-03-05')), ['WX-18b'], 'once');
    });

    it('the timeline has every step with who did it, and nothing personal', async () => {
      const { id } = await raise('A-1', { ticket: '12345-777' });
      await act(id, { action: 'receive' }, '2026-03-02T09:00:00');
      await act(id, { action: 'verify', upheld: true, answer: '王五的姓名有误' }, '2026-03-03T10:00:00');
      const events = await eventsOf(db, `dispute/${id}`);
      assert.deepEqual(
        events.map(({ by, what }) => `${by} ${what}`),
        ['热线 raised', '张三 receive', '张三 verify'],
      );
      assert.ok(!JSON.stringify(events).includes('王五'));
    });

    it('what nobody’s workflow has seen is found again', async () => {
      const { id } = await raise('A-1');
      const waiting = async () => (await unseenCases(db, at('2027-01-01'), 1_000)).some((file) => file.id === id);
      assert.equal(await waiting(), true);
      const since = async (before: Date) => (await unseenCases(db, before, 1_000)).some((file) => file.id === id);
      assert.deepEqual([await since(new Date(RAISED.getTime() - 1)), await since(RAISED)], [false, true]);
      await advanceDispute(db, id, null, RAISED);
      assert.equal(await waiting(), false);
      await act(id, { action: 'receive' }, '2026-02-10T09:00:00');
      assert.equal(await waiting(), true, 'also when it was done in the same instant');
    });

    it('those that are open are found, so many at once', async () => {
      const [{ id: first }, { id: closed }, { id: last }] = [
        await raise('A-1'),
        await raise('A-1'),
        await raise('A-1'),
      ];
      await act(closed, { action: 'withdraw', reason: '误会' }, '2026-03-04T09:00:00');
      const pages = await Array.fromAsync(openCases(db, 1), (files) => files.map((file) => file.id));
      assert.deepEqual(pages.slice(-2), [[first], [last]]);
      assert.equal(pages.length, await countOpenCases(db));
    });
  });

  it('Keqiao: handed up within 5 working days of the management unit having it; the answer is then told', async () => {
    await enact(db, 'keqiao', RAISED);
    const { id } = await raise('A-2', {}, at('2026-09-28T10:00:00'));
    assert.deepEqual(await dues(id, '2026-09-28T11:00:00'), ['KQ-12b open 10-11T00:00']);
    await act(id, { action: 'hand-up', to: '省大数据局', reference: '浙数〔2026〕9号' }, '2026-10-10T10:00:00');
    assert.deepEqual(await dues(id, '2026-11-30'), ['KQ-12b met 10-11T00:00']);
    await act(id, { action: 'upper-answer', upheld: false, answer: '无误' }, '2026-11-02T10:00:00');
    assert.deepEqual(await dues(id, '2026-11-02T11:00:00'), ['KQ-12b met 10-11T00:00', 'KQ-12c open 11-05T00:00']);
    await act(id, { action: 'tell', receipt: 'r' }, '2026-11-03T10:00:00');
    assert.equal((await findDispute(db, id))?.closedAs, 'told');
  });

  for (const [city, rule, due] of [
    ['xuchang', 'XC-24', '10-11T00:00'],
    ['ordos', 'EO-20a', '10-11T00:00'],
    ['shanghai', 'SH-23a', '10-11T00:00'],
  ] as const) {
    it(`${city}: the issuer’s receipt before the National Day starts ${rule} alone; a mark can be set and is not owed`, async () => {
      await enact(db, city, RAISED);
      const { id } = await raise('A-2', {}, at('2026-09-28T10:00:00'));
      await act(id, { action: 'receive' }, '2026-09-28T10:00:00');
      await act(id, { action: 'mark' }, '2026-09-29T10:00:00');
      assert.deepEqual(await dues(id, '2026-09-30'), [`${rule} open ${due}`]);
    });
  }
});
