import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Knex } from 'knex';
import { catalogEntrySchema } from '../../../settings/schemas/catalog.ts';
import { syncDeadlines } from '../../../server/background/watchdog.ts';
import * as catalog from '../../../store/library/catalog.ts';
import { closeDiscrepancy, openDiscrepancy } from '../../../store/collection/reconciliation.ts';
import { saveHub, saveRules } from '../../../store/ledger/rules.ts';
import { savePlan } from '../../../store/collection/stock.ts';
import { getStream, saveStreams } from '../../../store/collection/streams.ts';
import { arrive, at, tasksOf, useProfile } from '../../support/arrivals.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { newStream } from '../../support/library.ts';

// A Friday; the next working day is Monday 23.
const FRIDAY = at('2026-11-20T10:00');
const MONDAY = at('2026-11-23T10:00');
const ISSUER = { name: '市公安局', code: '11320200014006438B' };

describe('deadlines that no workflow waits for', () => {
  let database: TestDatabase;
  let db: Knex;
  before(async () => {
    database = await createDatabase();
    ({ db } = database);
    await useProfile(db, 'xuchang');
    await saveHub(db, {
      management: { code: '11320200MB1D55902K', name: '市数据局' },
      taskQueue: 'hub',
      disputeReceipt: 'registered',
      oldestDays: 366,
      catalogRequired: ['category'],
      deliveryThrough: [],
    });
  });
  after(() => database.drop());

  const look = async (subject: string, now = MONDAY) =>
    (await tasksOf(db, subject, now)).map(({ rule, owner, startedAt, dueAt, state, endedAt }) => ({
      rule,
      owner,
      startedAt,
      dueAt,
      state,
      endedAt,
    }));
  const sync = async (now: Date): Promise<void> => {
    await syncDeadlines(db, now);
    // Whoever looks again finds nothing to do.
    const before = await db('obligation').orderBy('id');
    await syncDeadlines(db, now);
    assert.deepEqual(await db('obligation').orderBy('id'), before);
  };

  describe('of a difference', () => {
    const difference = (subject: string) => ({
      subject,
      window: null,
      sourceCount: 2,
      libraryCount: 1,
      onlyAtSource: ['k'],
      onlyInLibrary: [],
    });
    const idOf = async (subject: string): Promise<string> =>
      String((await db('discrepancy').where({ subject }).first<{ id: number }>('id')).id);

    it('runs from when it was found, and is met when it is mended', async () => {
      const { name } = await newStream(db);
      const stream = await getStream(db, name);
      await openDiscrepancy(db, stream, difference('d-1'), FRIDAY);
      await sync(at('2026-11-20T10:01'));
      const subject = `difference/${await idOf('d-1')}`;
      const expected = { rule: 'XC-12', owner: 'U', startedAt: FRIDAY, dueAt: at('2026-11-23T24:00') };
      assert.deepEqual(await look(subject), [{ ...expected, state: 'due soon', endedAt: null }]);
      await closeDiscrepancy(db, stream.id, 'd-1', at('2026-11-24T09:00'));
      await sync(at('2026-11-24T09:30'));
      assert.deepEqual(await look(subject), [{ ...expected, state: 'met late', endedAt: at('2026-11-24T09:00') }]);
    });

    it('that came and went between two looks is told of; one that is long gone is not', async () => {
      const { name } = await newStream(db);
      const stream = await getStream(db, name);
      for (const [subject, opened, closed] of [
        ['short', FRIDAY, at('2026-11-20T10:05')],
        ['long gone', at('2026-11-18T10:00'), at('2026-11-19T11:00')],
      ] as const) {
        await openDiscrepancy(db, stream, difference(subject), opened);
        await closeDiscrepancy(db, stream.id, subject, closed);
      }
      await sync(at('2026-11-20T11:00'));
      assert.deepEqual(
        (await look(`difference/${await idOf('short')}`)).map(({ state, endedAt }) => [state, endedAt]),
        [['met', at('2026-11-20T10:05')]],
      );
      assert.deepEqual(await look(`difference/${await idOf('long gone')}`), []);
    });
  });

  describe('of the catalog', () => {
    const entry = (typeCode: string, more: object = {}) => catalogEntrySchema.parse({ typeCode, name: '证', ...more });
    const typeOf = (serial: string): string => `11100000000013338W${serial}`;
    const wait = async (typeCode: string, since: Date): Promise<void> => {
      const { id } = await newStream(db);
      const problems = JSON.stringify([{ rule: 'type-unlisted', field: 'typeCode', found: typeCode }]);
      await db('reject').insert({
        stream_id: id,
        fingerprint: Buffer.from(typeCode),
        rule: 'type-unlisted',
        problems,
        raw: '{}',
        raw_encoding: 'json',
        first_batch_id: 1,
        last_batch_id: 1,
        first_seen_at: since,
        last_seen_at: since,
      });
    };

    it('runs for the management unit from when records wait, and is met by the approval', async () => {
      await wait(typeOf('901'), FRIDAY);
      await sync(MONDAY);
      const [task] = await look(`catalog/${typeOf('901')}`);
      assert.deepEqual(
        [task?.rule, task?.owner, task?.startedAt, task?.dueAt, task?.state],
        ['XC-11', '市数据局', FRIDAY, at('2026-11-27T24:00'), 'open'],
      );
      await catalog.draftEntries(db, [entry(typeOf('901'))], 'x', MONDAY);
      await sync(at('2026-11-23T11:00'));
      await catalog.approveDrafts(db, [typeOf('901')], 'y', at('2026-11-24T09:00'));
      await sync(at('2026-11-24T10:00'));
      // The records wait still, to be mapped again; that is not the catalog's fault.
      assert.deepEqual(
        (await look(`catalog/${typeOf('901')}`)).map(({ state, endedAt }) => [state, endedAt]),
        [['met', at('2026-11-24T09:00')]],
      );
    });

    it('runs for the issuer from its draft, and for each later change in a round of its own', async () => {
      const type = typeOf('902');
      await catalog.draftEntries(db, [entry(type, { issuer: ISSUER })], 'x', FRIDAY);
      await sync(MONDAY);
      await catalog.approveDrafts(db, [type], 'y', at('2026-11-23T11:00'));
      // Approved and changed again before anybody looked.
      const changedAt = at('2026-11-23T12:00');
      await catalog.draftEntries(db, [entry(type, { issuer: ISSUER, template: 'a.png' })], 'x', changedAt);
      await sync(at('2026-11-23T13:00'));
      assert.deepEqual(
        (await look(`catalog/${type}`)).map(({ owner, startedAt, state, endedAt }) => [
          owner,
          startedAt,
          state,
          endedAt,
        ]),
        [
          ['市公安局', FRIDAY, 'met', at('2026-11-23T11:00')],
          ['市公安局', changedAt, 'open', null],
        ],
      );
    });

    it('is met when nothing waits any more: the draft was dropped, or the records were corrected', async () => {
      const type = typeOf('903');
      await catalog.draftEntries(db, [entry(type)], 'x', FRIDAY);
      await wait(typeOf('904'), FRIDAY);
      await sync(MONDAY);
      await catalog.dropDrafts(db, [type], 'x');
      await db('reject').update({ resolved_at: MONDAY });
      await sync(at('2026-11-23T12:00'));
      for (const code of [type, typeOf('904')]) {
        const found = await look(`catalog/${code}`);
        assert.deepEqual(
          found.map(({ state, endedAt }) => [state, endedAt]),
          [['met', at('2026-11-23T12:00')]],
        );
      }
    });
  });

  describe('of a stock', () => {
    const newStock = async (name: string): Promise<number> => {
      const stream = { name, title: name, connector: 'c', unitCode: 'U', unitName: 'U' };
      const others = await db('stream').select({ name: 'name' });
      await saveStreams(db, [{ ...stream, delivery: 'stock', since: null, daily: null }], FRIDAY);
      await db('stream')
        .whereIn(
          'name',
          others.map((other: { name: string }) => other.name),
        ) // prettier-ignore
        .update({ retired_at: null });
      return (await getStream(db, name)).id;
    };
    const finish = (id: number, closedAt: Date): Promise<unknown> =>
      db('batch').where({ stream_id: id }).update({ state: 'complete', read: 2, closed_at: closedAt });

    it('runs from its plan for the rule’s term, and is met by the batch that brings the last of it', async () => {
      const id = await newStock('stock-a');
      await sync(FRIDAY);
      assert.deepEqual(await look('stock/stock-a'), [], 'without a plan nobody knows of any stock');
      await savePlan(db, id, { planned: 3, dueOn: null }, FRIDAY);
      await sync(MONDAY);
      await arrive(db, id, at('2026-11-24T09:00'), [{ key: '1' }, { key: '2' }]);
      await finish(id, at('2026-11-24T09:05'));
      await sync(at('2026-11-24T10:00'));
      const [open] = await look('stock/stock-a', at('2026-11-24T10:00'));
      assert.deepEqual(
        [open?.rule, open?.startedAt, open?.dueAt, open?.state],
        ['XC-16', FRIDAY, null, 'no calendar'],
        'sixty working days end in a year without a calendar',
      );
      await savePlan(db, id, { planned: 2, dueOn: null }, at('2026-11-25T10:00'));
      await sync(at('2026-11-25T10:01'));
      const [met] = await look('stock/stock-a');
      assert.deepEqual([met?.state, met?.endedAt], ['met', at('2026-11-24T09:05')]);
    });

    it('a day that its unit promised is its due time, moves with the plan, and goes with it', async () => {
      const id = await newStock('stock-b');
      await savePlan(db, id, { planned: 3, dueOn: '2026-12-31' }, FRIDAY);
      await sync(MONDAY);
      const due = async () =>
        (await tasksOf(db, 'stock/stock-b', MONDAY)).map(({ dueAt, workingDays }) => [dueAt, workingDays]);
      assert.deepEqual(await due(), [[at('2026-12-31T24:00'), null]]);
      await savePlan(db, id, { planned: 3, dueOn: '2026-11-30' }, MONDAY);
      await sync(MONDAY);
      assert.deepEqual(await due(), [[at('2026-11-30T24:00'), null]]);
      await savePlan(db, id, { planned: 3, dueOn: null }, MONDAY);
      await sync(MONDAY);
      assert.deepEqual(await due(), [[null, 60]]);
      const { rules } = (await useProfile(db, 'xuchang')).jurisdiction;
      await saveRules(
        db,
        rules.map((rule) => (rule.id === 'XC-16' ? { ...rule, term: { workingDays: 5 } } : rule)),
      );
      await sync(MONDAY);
      assert.deepEqual(await due(), [[null, 60]], 'what is owed keeps the term that it was opened under');
      await saveRules(db, rules);
    });

    it('that is overdue stays so, whatever is planned afterwards', async () => {
      const [later, less] = [await newStock('stock-c'), await newStock('stock-d')];
      for (const id of [later, less]) {
        await savePlan(db, id, { planned: 3, dueOn: '2026-11-25' }, FRIDAY);
        await sync(MONDAY);
        await arrive(db, id, at('2026-11-24T09:00'), [{ key: '1' }, { key: '2' }]);
        await finish(id, at('2026-11-24T09:05'));
      }
      const afterwards = at('2026-11-27T10:00');
      await sync(afterwards);
      await savePlan(db, later, { planned: 3, dueOn: '2026-12-31' }, afterwards);
      await savePlan(db, less, { planned: 2, dueOn: '2026-11-25' }, afterwards);
      await sync(at('2026-11-27T10:01'));
      const stands = async (name: string) =>
        (await tasksOf(db, name, at('2026-11-27T10:01'))).map(({ state, dueAt, endedAt }) => [state, dueAt, endedAt]);
      assert.deepEqual(await stands('stock/stock-c'), [['overdue', at('2026-11-25T24:00'), null]]);
      assert.deepEqual(await stands('stock/stock-d'), [['met late', at('2026-11-25T24:00'), afterwards]]);
      await savePlan(db, later, { planned: 3, dueOn: '2026-11-24' }, afterwards);
      await sync(at('2026-11-27T10:02'));
      assert.deepEqual(
        await stands('stock/stock-c'),
        [['overdue', at('2026-11-24T24:00'), null]],
        'an earlier day counts',
      );
    });
  });

  it('a profile without such rules has none of them', async () => {
    await useProfile(db, 'keqiao');
    const before = await db('obligation').count();
    const { name } = await newStream(db);
    const stream = await getStream(db, name);
    const nothing = { window: null, sourceCount: 1, libraryCount: 0, onlyAtSource: [], onlyInLibrary: [] };
    await openDiscrepancy(db, stream, { subject: 'other', ...nothing }, MONDAY);
    await catalog.draftEntries(
      db,
      [catalogEntrySchema.parse({ typeCode: '11100000000013338W905', name: '证' })],
      'x',
      MONDAY,
    );
    await sync(MONDAY);
    assert.deepEqual(await db('obligation').count(), before);
  });
});
