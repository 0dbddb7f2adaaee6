import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Knex } from 'knex';
import type { CompletedCaseNotice } from '../../../domain/casework/completed-case.ts';
import { announceCompletedCases, syncCompletedCases } from '../../../store/casework/completed-cases.ts';
import { getStream } from '../../../store/collection/streams.ts';
import { changesOf, correctObligation } from '../../../store/ledger/obligations.ts';
import { unitFigures } from '../../../store/supervision/figures.ts';
import { arrive, at, tasksOf, useProfile } from '../../support/arrivals.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { newStream } from '../../support/library.ts';

// A Friday in Xuchang: offline cases are due on Monday the 23rd, bulk issues on Friday the 27th.
const COMPLETED = at('2026-11-20T10:00');
const AFTERWARDS = at('2026-12-02T09:00');

describe('what is overdue stays overdue', () => {
  let database: TestDatabase;
  let db: Knex;
  before(async () => {
    database = await createDatabase();
    ({ db } = database);
    await useProfile(db, 'xuchang');
  });
  after(() => database.drop());

  const announce = async (stream: { name: string }, notices: CompletedCaseNotice[], now: Date): Promise<void> => {
    await announceCompletedCases(db, await getStream(db, stream.name), notices, { by: '市公安局', at: now });
  };
  const offline = (more: Partial<CompletedCaseNotice> = {}): CompletedCaseNotice => ({
    caseNumber: '1',
    completedAt: COMPLETED,
    mode: 'offline',
    recordKey: 'k-1',
    ...more,
  });
  const bulk = (caseNumber: string, more: Partial<CompletedCaseNotice> = {}): CompletedCaseNotice =>
    offline({ caseNumber, mode: 'bulk', batch: 'B', recordKey: `k-${caseNumber}`, ...more });
  const pushes = async (stream: { name: string }, kind: 'case' | 'push', now = AFTERWARDS): Promise<string[]> =>
    (await tasksOf(db, `${kind}/${stream.name}`, now)).map(
      ({ subject, state, dueAt }) => `${subject.split('/')[2]} ${state} ${dueAt?.toISOString().slice(5, 10)}`,
    );

  it('when the completion of its case is told to have been later; an earlier one counts', async () => {
    const stream = await newStream(db);
    await announce(stream, [offline()], COMPLETED);
    await announce(stream, [offline({ completedAt: at('2026-12-01T10:00') })], AFTERWARDS);
    assert.deepEqual(await pushes(stream, 'case'), ['1 overdue 11-23']);
    await announce(stream, [offline({ completedAt: at('2026-11-18T10:00') })], AFTERWARDS);
    assert.deepEqual(await pushes(stream, 'case'), ['1 overdue 11-19']);
  });

  it('when its case is withdrawn, or said to be issued in another way', async () => {
    const [withdrawn, otherwise] = [await newStream(db), await newStream(db)];
    for (const stream of [withdrawn, otherwise]) await announce(stream, [offline()], COMPLETED);
    await announce(withdrawn, [{ caseNumber: '1', withdrawn: true }], AFTERWARDS);
    await announce(otherwise, [bulk('1', { recordKey: 'k-1' })], AFTERWARDS);
    assert.deepEqual(await pushes(withdrawn, 'case'), ['1 met late 11-23']);
    assert.deepEqual(await pushes(otherwise, 'case'), ['1 met late 11-23']);
  });

  it('when another certificate that came in time is named as that of its case', async () => {
    const stream = await newStream(db);
    await announce(stream, [offline()], COMPLETED);
    await arrive(db, stream.id, at('2026-11-20T12:00'), [{ key: 'other' }]);
    await announce(stream, [offline({ recordKey: 'other' })], AFTERWARDS);
    assert.deepEqual(await pushes(stream, 'case'), ['1 met late 11-23']);
  });

  it('when a case is added to its batch, which has a term of its own then', async () => {
    const stream = await newStream(db);
    await announce(stream, [bulk('1')], COMPLETED);
    await announce(stream, [bulk('2', { completedAt: at('2026-12-01T10:00') })], AFTERWARDS);
    assert.deepEqual(await pushes(stream, 'push'), ['B overdue 11-27', 'B#2 open 12-08']);
    await arrive(db, stream.id, at('2026-12-02T10:00'), [{ key: 'k-2' }]);
    await syncCompletedCases(db, at('2026-12-02T10:01'));
    assert.deepEqual(await pushes(stream, 'push'), ['B overdue 11-27', 'B#2 met 12-08']);
  });

  it('when the case that is missing is taken out of its batch', async () => {
    const [withdrawn, moved] = [await newStream(db), await newStream(db)];
    for (const stream of [withdrawn, moved]) {
      await announce(stream, [bulk('1'), bulk('2')], COMPLETED);
      await arrive(db, stream.id, at('2026-11-23T09:00'), [{ key: 'k-1' }]);
      await syncCompletedCases(db, at('2026-11-23T09:01'));
    }
    await announce(withdrawn, [{ caseNumber: '2', withdrawn: true }], AFTERWARDS);
    await announce(moved, [bulk('2', { batch: 'C' })], AFTERWARDS);
    assert.deepEqual(await pushes(withdrawn, 'push'), ['B met late 11-27']);
    assert.ok((await pushes(moved, 'push')).includes('B met late 11-27'));
  });

  it('when its delivery is told of afterwards, with a time of before; one that was first told of then keeps its time', async () => {
    const stream = await newStream(db);
    await announce(stream, [offline()], COMPLETED);
    const delivered = { deliveredAt: at('2026-11-20T10:30') };
    await announce(
      stream,
      [offline(delivered), offline({ caseNumber: '2', recordKey: 'k-2', ...delivered })],
      AFTERWARDS,
    );
    const tasks = await tasksOf(db, `delivery/${stream.name}`, AFTERWARDS);
    assert.deepEqual(
      tasks.map(({ subject, state, endedAt }) => [subject.split('/')[2], state, endedAt]),
      [
        ['1', 'met late', AFTERWARDS],
        ['2', 'met', delivered.deliveredAt],
      ],
    );
  });

  it('a corrected term of the management unit stands beside it, is met by the same deed, and both count', async () => {
    const stream = await newStream(db);
    await announce(stream, [offline()], COMPLETED);
    const [missed] = await tasksOf(db, `case/${stream.name}`, AFTERWARDS);
    const decision = { by: '李处长', at: AFTERWARDS, said: '办结时间录入有误', document: '许证更〔2026〕1号' };
    const corrected = await correctObligation(db, missed!.id, { ...decision, startedAt: at('2026-12-01T10:00') });
    assert.deepEqual(await pushes(stream, 'case'), ['1 overdue 11-23', '1 due soon 12-02']);
    await arrive(db, stream.id, at('2026-12-02T10:00'), [{ key: 'k-1' }]);
    await syncCompletedCases(db, at('2026-12-02T10:01'));
    assert.deepEqual(await pushes(stream, 'case'), ['1 met late 11-23', '1 met 12-02']);
    const [first] = await changesOf(db, corrected);
    assert.deepEqual(
      [first?.by, first?.document, first?.reason],
      ['李处长', '许证更〔2026〕1号', { code: 'term-corrected', said: '办结时间录入有误' }],
    );
    const period = { from: at('2026-11-20T00:00'), to: at('2026-12-03T00:00'), at: at('2026-12-03T00:00') };
    const [unit] = await unitFigures(db, period);
    const { numerator, late } = unit!.duties.find(({ duty }) => duty === 'push-offline')!;
    assert.ok(numerator >= 1 && late >= 1, `${numerator} in time, ${late} late`);
  });

  it('a corrected term stays as it was set, whatever is told of the completion afterwards', async () => {
    const stream = await newStream(db);
    await announce(stream, [offline()], COMPLETED);
    const [missed] = await tasksOf(db, `case/${stream.name}`, AFTERWARDS);
    const decision = { by: '李处长', at: AFTERWARDS, said: '办结时间录入有误', document: '1号' };
    await correctObligation(db, missed!.id, { ...decision, startedAt: at('2026-12-01T10:00') });
    await announce(stream, [offline({ completedAt: at('2026-11-19T10:00') })], AFTERWARDS);
    assert.deepEqual(await pushes(stream, 'case'), ['1 overdue 11-20', '1 due soon 12-02']);
  });

  it('only what is past is corrected, to a start that can have been', async () => {
    const stream = await newStream(db);
    await announce(stream, [offline()], COMPLETED);
    const [task] = await tasksOf(db, `case/${stream.name}`, COMPLETED);
    const decision = { by: '李处长', at: COMPLETED, said: '有误', document: '1号', startedAt: COMPLETED };
    await assert.rejects(correctObligation(db, task!.id, decision), /not overdue/);
    const late = { ...decision, at: AFTERWARDS };
    await assert.rejects(correctObligation(db, task!.id, { ...late, startedAt: at('2027-01-01T00:00') }), /ahead/);
    await assert.rejects(correctObligation(db, task!.id, { ...late, startedAt: at('2016-01-01T00:00') }), /days ago/);
  });

  it('a completion of over a year ago is a typing error', async () => {
    const stream = await newStream(db);
    await assert.rejects(
      announce(stream, [offline({ completedAt: at('2016-11-20T10:00') })], COMPLETED),
      /within 366 days/,
    );
  });
});
