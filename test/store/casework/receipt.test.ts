import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Knex } from 'knex';
import { unitFigures } from '../../../store/supervision/figures.ts';
import { actOnCase } from '../../../store/casework/cases.ts';
import {
  DISPUTES,
  findDispute,
  handOverWaiting,
  openDispute,
  type NewDispute,
} from '../../../store/casework/disputes.ts';
import { openShareRequest, requireShareRequest } from '../../../store/casework/share-requests.ts';
import { findAlerts } from '../../../store/ledger/alerts.ts';
import { saveHub, saveRules } from '../../../store/ledger/rules.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { at, deadlines, enact } from '../../support/law/enact.ts';
import { getStream, saveStreams } from '../../../store/collection/streams.ts';

const ISSUER = { code: '11320200014006438B', name: '市住建局' };
const PLATFORM = { code: '11320000PLATFORM01', name: '省政务服务平台' };
const who = (time: string, by = '热线') => ({ by, at: at(time) });

describe('the receipt of a dispute', () => {
  let database: TestDatabase;
  let db: Knex;
  before(async () => {
    database = await createDatabase();
    ({ db } = database);
  });
  after(() => database.drop());
  beforeEach(async () => {
    await db.raw(
      'TRUNCATE stream, obligation, obligation_history, case_file, case_event, catalog_entry RESTART IDENTITY CASCADE',
    );
    const stream = { title: '证', since: null, daily: null };
    await saveStreams(
      db,
      [
        {
          ...stream,
          name: 'returned',
          connector: 'p',
          unitCode: PLATFORM.code,
          unitName: PLATFORM.name,
          delivery: 'return',
        },
        { ...stream, name: 'own', connector: 'c', unitCode: ISSUER.code, unitName: ISSUER.name, delivery: 'daily' },
      ],
      at('2026-01-01'),
    );
  });

  const raise = async (now: string, given: Partial<NewDispute> = {}): Promise<number> => {
    const dispute = {
      source: 'hotline',
      ticket: null,
      number: 'X',
      typeCode: null,
      objector: '王五',
      contact: '13800000000',
      statement: '姓名有误',
      raisedAt: at(now),
      ...given,
    };
    return (await openDispute(db, dispute, who(now))).id;
  };
  const receive = (id: number, now: string, receivedAt?: Date) =>
    actOnCase(db, DISPUTES, id, { action: 'receive', receivedAt }, who(now, '张三'));
  const dues = (id: number, now: string) => deadlines(db, `dispute/${id}`, at(now));

  describe('where the profile says nothing of it', () => {
    beforeEach(() => enact(db, 'wuxi', at('2026-09-01')));

    it('is its registration: without anybody pressing a button it falls due, raises an alert and counts', async () => {
      await deliver(db, 'own', 'X');
      const id = await raise('2026-09-01T10:00:00');
      assert.deepEqual(await dues(id, '2026-09-01T10:01:00'), ['WX-18b open 09-03T00:00', 'WX-18c open 09-09T00:00']);
      const later = at('2026-11-30T12:00:00');
      assert.deepEqual(await dues(id, '2026-11-30T12:00:00'), [
        'WX-18b overdue 09-03T00:00',
        'WX-18c overdue 09-09T00:00',
      ]);
      assert.ok((await findAlerts(db, 'overdue', later)).some(({ subject }) => subject.includes(ISSUER.code)));
      const figures = await unitFigures(db, { from: at('2026-09-01'), to: at('2026-12-01'), at: later });
      const { statutoryDisputes, statutoryTasks, internalDisputes } = figures.find(
        ({ code }) => code === ISSUER.code,
      )!.figures;
      assert.deepEqual(statutoryDisputes, { numerator: 0, denominator: 2 });
      assert.deepEqual(statutoryTasks, { numerator: 0, denominator: 2 });
      assert.deepEqual(internalDisputes, { numerator: 0, denominator: 0 });
    });

    it('is not put off by being confirmed later, and comes forward where the issuer had it before', async () => {
      const late = await raise('2026-09-01T10:00:00');
      await receive(late, '2026-09-10T09:00:00');
      assert.equal((await dues(late, '2026-09-10T09:00:00'))[1], 'WX-18c overdue 09-09T00:00');
      await assert.rejects(receive(late, '2026-09-10T10:00:00'), /already/);
      const early = await raise('2026-09-01T10:00:00');
      await receive(early, '2026-09-01T11:00:00', at('2026-08-31T16:00:00'));
      assert.deepEqual(await dues(early, '2026-09-01T12:00:00'), [
        'WX-18b due soon 09-02T00:00',
        'WX-18c open 09-08T00:00',
      ]);
    });

    it('is a later one for the issuer that it is transferred to', async () => {
      const id = await raise('2026-09-01T10:00:00');
      const step = { action: 'transfer', issuer: { code: '11320200014006462U', name: '市自然资源和规划局' } } as const;
      await actOnCase(db, DISPUTES, id, step, who('2026-09-02T10:00:00'));
      assert.deepEqual(await dues(id, '2026-09-02T11:00:00'), [
        'WX-18b cancelled 09-03T00:00',
        '#2 WX-18b open 09-04T00:00',
        'WX-18c cancelled 09-09T00:00',
        '#2 WX-18c open 09-10T00:00',
      ]);
    });

    it('starts the clocks of what waited for it under another reading, at its own registration', async () => {
      await acknowledged(db);
      const id = await raise('2026-09-01T10:00:00');
      await enact(db, 'wuxi', at('2026-09-20'));
      await handOverWaiting(db, at('2026-09-20'));
      assert.equal((await findDispute(db, id))?.receivedAt?.toISOString(), at('2026-09-01T10:00:00').toISOString());
      assert.ok((await dues(id, '2026-09-20')).includes('WX-18c overdue 09-09T00:00'));
    });

    it('over a year ago, or ahead, is refused as a typing error', async () => {
      const too = /over 366 days ago/;
      await assert.rejects(raise('2026-09-01T10:00:00', { receivedAt: at('2025-08-31T09:00:00') }), too);
      await assert.rejects(raise('2026-09-01T10:00:00', { raisedAt: at('2016-09-01T09:00:00') }), too);
      const id = await raise('2026-09-01T10:00:00');
      await assert.rejects(receive(id, '2026-09-01T10:00:00', at('2025-01-01')), too);
      await assert.rejects(receive(id, '2026-09-01T10:00:00', at('2026-09-02')), /ahead/);
    });
  });

  it('is the issuer’s word where the profile says so, and until then a deadline of its own', async () => {
    await enact(db, 'wuxi', at('2026-09-01'));
    await acknowledged(db);
    const id = await raise('2026-09-01T10:00:00');
    assert.deepEqual(await dues(id, '2026-09-01T10:00:00'), ['WX-18a due soon 09-02T00:00']);
    assert.deepEqual(await dues(id, '2026-09-02T10:00:00'), ['WX-18a overdue 09-02T00:00']);
    await receive(id, '2026-09-02T11:00:00');
    assert.deepEqual(await dues(id, '2026-09-02T11:00:00'), [
      'WX-18a met late 09-02T00:00',
      'WX-18b open 09-04T00:00',
      'WX-18c open 09-10T00:00',
    ]);
  });

  it('is that of the management unit in Keqiao, at the time that was told', async () => {
    await enact(db, 'keqiao', at('2026-11-01'));
    const id = await raise('2026-11-24T15:00:00', { receivedAt: at('2026-11-20T10:00:00') });
    assert.deepEqual(await dues(id, '2026-11-24T16:00:00'), ['KQ-12b open 11-28T00:00']);
  });

  it('is that of the management unit also where its source tells it later, and never a later one', async () => {
    await enact(db, 'keqiao', at('2026-11-01'));
    const again = { ticket: '1', raisedAt: at('2026-11-20T09:00:00') };
    const id = await raise('2026-11-24T15:00:00', again);
    assert.deepEqual(await dues(id, '2026-11-24T16:00:00'), ['KQ-12b open 12-02T00:00']);
    await raise('2026-11-25T09:00:00', { ...again, receivedAt: at('2026-11-25T08:00:00') });
    assert.deepEqual(await dues(id, '2026-11-25T10:00:00'), ['KQ-12b open 12-02T00:00']);
    await raise('2026-11-25T11:00:00', { ...again, receivedAt: at('2026-11-20T10:00:00') });
    assert.deepEqual(await dues(id, '2026-11-25T12:00:00'), ['KQ-12b open 11-28T00:00']);
  });

  it('is with who issued the certificate, not with the platform that returned it', async () => {
    await enact(db, 'wuxi', at('2026-11-01'));
    await deliver(db, 'returned', 'N1');
    const entry = { typeCode: 'T', name: '证', issuer: ISSUER, sources: ['own'] };
    await db('catalog_entry').insert({
      type_code: 'T',
      version: 1,
      state: 'approved',
      entry: JSON.stringify(entry),
      drafted_by: 'x',
      drafted_at: at('2026-11-01'),
      decided_by: 'y',
      decided_at: at('2026-11-01'),
    });
    const byCatalog = await raise('2026-11-20T10:00:00', { number: 'N1' });
    assert.equal((await findDispute(db, byCatalog))?.issuerCode, ISSUER.code);
    await db('catalog_entry').delete();
    const byNobody = await raise('2026-11-20T10:00:00', { number: 'N1' });
    assert.equal((await findDispute(db, byNobody))?.issuerCode, null);
    await db('certificate').update({ issuer_code: ISSUER.code });
    const byItself = await raise('2026-11-20T10:00:00', { number: 'N1' });
    assert.equal((await findDispute(db, byItself))?.issuerCode, ISSUER.code);
  });

  it('of a share request is that of its paper, with who says so', async () => {
    await enact(db, 'wuxi', at('2026-11-01'));
    const asked = { unit: { code: 'U9', name: '用证局' }, wanted: '不动产权证书', scenario: '落户', neededAt: null };
    const filed = { at: at('2026-11-18T10:00:00'), saidBy: '收文登记 李四' };
    const id = await openShareRequest(db, { ...asked, filed }, who('2026-11-20T10:00:00'));
    assert.ok((await deadlines(db, `share/${id}`, at('2026-11-20'))).includes('WX-11c open 11-28T00:00'));
    assert.equal((await requireShareRequest(db, id)).filing, '收文登记 李四');
    const late = { ...filed, at: at('2026-11-21') };
    await assert.rejects(openShareRequest(db, { ...asked, filed: late }, who('2026-11-20T10:00:00')), /ahead/);
  });
});

async function deliver(db: Knex, stream: string, number: string): Promise<void> {
  const { id } = await getStream(db, stream);
  const changed = at('2026-01-05');
  await db('certificate').insert({
    stream_id: id,
    record_key: number,
    number,
    type_code: 'T',
    name: '证',
    issued_on: '2026-01-05',
    long_term: true,
    holders: '[]',
    status: 'valid',
    raw_status: '1',
    extension: '{}',
    content_hash: Buffer.alloc(32),
    source_updated_at: changed,
    batch_id: 0,
    recorded_at: changed,
  });
}

/** Wuxi with the other reading: the issuer's word counts, and is owed on the same day. */
async function acknowledged(db: Knex): Promise<void> {
  const { jurisdiction } = await enact(db, 'wuxi', at('2026-09-01'));
  const receipt = {
    ...jurisdiction.rules[0]!,
    id: 'WX-18a',
    article: '第十八条',
    duties: ['dispute-receipt' as const],
    starts: 'raised' as const,
    term: 'same-day' as const,
    basis: 'internal' as const,
  };
  await saveRules(db, [...jurisdiction.rules, receipt]);
  await saveHub(db, {
    management: { code: 'M', name: '管理办' },
    taskQueue: 'hub',
    disputeReceipt: 'acknowledged',
    oldestDays: 366,
    catalogRequired: [],
    deliveryThrough: [],
  });
}
