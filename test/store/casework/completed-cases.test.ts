import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Knex } from 'knex';
import { WorkingCalendar } from '../../../domain/ledger/calendar.ts';
import type { CompletedCaseNotice } from '../../../domain/casework/completed-case.ts';
import type { Rule } from '../../../domain/ledger/duties.ts';
import {
  announceCompletedCases,
  listCompletedCases,
  syncCompletedCases,
  type Announced,
} from '../../../store/casework/completed-cases.ts';
import { noteCalendar, saveCalendar } from '../../../store/ledger/calendar.ts';
import { changesOf } from '../../../store/ledger/obligations.ts';
import { saveRules } from '../../../store/ledger/rules.ts';
import { getStream } from '../../../store/collection/streams.ts';
import { calendarInForce } from '../../../store/apply-config.ts';
import type { HubConfig } from '../../../settings/load.ts';
import { arrive, at, tasksOf, useProfile } from '../../support/arrivals.ts';
import { reasonInWords } from '../../../domain/ledger/reasons.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { newStream, NOW } from '../../support/library.ts';

// Friday; the working days after it are Monday 23 to Friday 27.
const FRIDAY = at('2026-11-20T10:00');

describe('completed cases', () => {
  let database: TestDatabase;
  let db: Knex;
  let config: HubConfig;
  before(async () => {
    database = await createDatabase();
    ({ db } = database);
    config = await useProfile(db, 'xuchang');
  });
  after(() => database.drop());

  const announce = async (
    stream: { name: string },
    notices: CompletedCaseNotice[],
    now = NOW,
    request?: { key: string; bodyHash: Buffer },
  ): Promise<Announced> =>
    (await announceCompletedCases(db, await getStream(db, stream.name), notices, { by: '市公安局', at: now, request }))
      .answer;
  const offline = (caseNumber: string, more: Partial<CompletedCaseNotice> = {}): CompletedCaseNotice => ({
    caseNumber,
    completedAt: FRIDAY,
    mode: 'offline',
    recordKey: `k-${caseNumber}`,
    ...more,
  });
  const push = async (subject: string, now = NOW) => {
    const found = (await tasksOf(db, subject, now)).filter((task) => task.subject === subject);
    assert.equal(found.length, 1, subject);
    return found[0]!;
  };

  it('each opens the deadline of its mode, once: an hour online, a working day offline; and that of its delivery', async () => {
    const stream = await newStream(db);
    const notices = [offline('1'), offline('2', { mode: 'online' })];
    assert.deepEqual(await announce(stream, notices), { announced: 2, corrected: 0, unchanged: 0 });
    assert.deepEqual(await announce(stream, notices), { announced: 0, corrected: 0, unchanged: 2 });
    const found = await Promise.all(['1', '2'].map((number) => push(`case/${stream.name}/${number}`)));
    assert.deepEqual(
      found.map(({ rule, dueAt, basis, state, ownerCode }) => [rule, dueAt, basis, state, ownerCode]),
      [
        ['XC-13c', at('2026-11-23T24:00'), 'statutory', 'open', 'U'],
        ['XC-13a', at('2026-11-20T11:00'), 'internal', 'overdue', 'U'],
      ],
    );
    assert.equal((await tasksOf(db, `delivery/${stream.name}`, NOW)).length, 2);
  });

  it('is met when its certificate arrived, not in the minute of looking, by key or by number', async () => {
    const stream = await newStream(db);
    await announce(stream, [offline('1'), offline('2', { recordKey: undefined, number: 'no-k-2' }), offline('3')]);
    await arrive(db, stream.id, at('2026-11-23T09:30'), [{ key: 'k-1' }, { key: 'k-2' }]);
    await syncCompletedCases(db, at('2026-11-25T00:00'));
    await syncCompletedCases(db, at('2026-11-25T00:01'));
    const states = await Promise.all(['1', '2', '3'].map((number) => push(`case/${stream.name}/${number}`)));
    assert.deepEqual(
      states.map(({ state, endedAt }) => [state, endedAt]),
      [
        ['met', at('2026-11-23T09:30')],
        ['met', at('2026-11-23T09:30')],
        ['open', null],
      ],
    );
    const [late] = await listCompletedCases(db, at('2026-11-25T00:01'), {
      stream: stream.name,
      only: 'late',
      limit: 10,
    });
    assert.deepEqual([late?.caseNumber, late?.state, late?.arrivedAt], ['3', 'overdue', null]);
    const open = await listCompletedCases(db, NOW, { stream: stream.name, only: 'open', limit: 10 });
    assert.deepEqual(
      open.map(({ caseNumber }) => caseNumber),
      ['3'],
    );
  });

  it('another stream’s record of the same key or number is not its certificate', async () => {
    const [stream, other] = [await newStream(db), await newStream(db)];
    await announce(stream, [offline('1'), offline('2', { recordKey: undefined, number: 'no-k-2' })]);
    await arrive(db, other.id, at('2026-11-20T11:00'), [{ key: 'k-1' }, { key: 'k-2' }]);
    await syncCompletedCases(db, NOW);
    assert.equal((await listCompletedCases(db, NOW, { stream: stream.name, only: 'open', limit: 10 })).length, 2);
  });

  it('a record that came deleted, or that has the number of one that is known by its key, is not its certificate', async () => {
    const stream = await newStream(db);
    await announce(stream, [offline('1'), offline('2', { number: 'no-other' })]);
    await arrive(db, stream.id, at('2026-11-20T11:00'), [{ key: 'k-1', status: 'deleted' }, { key: 'other' }]);
    await syncCompletedCases(db, NOW);
    assert.equal((await listCompletedCases(db, NOW, { stream: stream.name, only: 'open', limit: 10 })).length, 2);
  });

  it('a certificate that was in before its announcement counts, at the time of its first version', async () => {
    const stream = await newStream(db);
    const made = at('2026-11-20T09:50');
    await arrive(db, stream.id, at('2026-11-20T11:00'), [{ key: 'k-1', changedAt: made }]);
    await arrive(db, stream.id, at('2026-11-30T11:00'), [{ key: 'k-1', note: 'corrected' }]);
    await announce(stream, [offline('1')], at('2026-12-01T08:00'));
    const { state, endedAt } = await push(`case/${stream.name}/1`);
    assert.deepEqual([state, endedAt], ['met', at('2026-11-20T11:00')]);
  });

  it('a version that is older than its case is what the case changed, and does not count', async () => {
    const stream = await newStream(db);
    await arrive(db, stream.id, at('2026-05-04T11:00'), [{ key: 'k-1' }]);
    await announce(stream, [offline('1')]);
    assert.equal((await push(`case/${stream.name}/1`)).state, 'open');
    await arrive(db, stream.id, at('2026-11-24T11:00'), [{ key: 'k-1', note: 'renewed' }]);
    await syncCompletedCases(db, at('2026-11-24T11:01'));
    const { state, endedAt } = await push(`case/${stream.name}/1`);
    assert.deepEqual([state, endedAt], ['met late', at('2026-11-24T11:00')]);
  });

  it('a certificate that arrives after it was due meets it late', async () => {
    const stream = await newStream(db);
    await announce(stream, [offline('1')]);
    await arrive(db, stream.id, at('2026-11-24T00:00:01'), [{ key: 'k-1' }]);
    await syncCompletedCases(db, at('2026-11-24T00:01'));
    const { state, endedAt } = await push(`case/${stream.name}/1`);
    assert.deepEqual([state, endedAt], ['met late', at('2026-11-24T00:00:01')]);
  });

  it('a correction moves the deadline and its history keeps what it was; one that is met stays', async () => {
    const stream = await newStream(db);
    await announce(stream, [offline('1'), offline('2')]);
    await arrive(db, stream.id, at('2026-11-20T12:00'), [{ key: 'k-2' }]);
    await syncCompletedCases(db, NOW);
    const later = ['1', '2'].map((caseNumber) => ({ caseNumber, completedAt: at('2026-11-22T11:00') }));
    assert.deepEqual(await announce(stream, later), { announced: 0, corrected: 2, unchanged: 0 });
    const moved = await push(`case/${stream.name}/1`);
    assert.deepEqual([moved.startedAt, moved.dueAt], [at('2026-11-22T11:00'), at('2026-11-23T24:00')]);
    assert.deepEqual(
      (await changesOf(db, moved.id)).map(({ by, dueAt }) => [by, dueAt]),
      [
        ['市公安局', at('2026-11-23T24:00')],
        ['市公安局', at('2026-11-23T24:00')],
      ],
    );
    const met = await push(`case/${stream.name}/2`);
    assert.deepEqual([met.state, met.startedAt], ['met', FRIDAY]);
  });

  it('a delivery that went through nothing that the regulation names does not count until it is told of', async () => {
    const stream = await newStream(db);
    await db('hub').update({ delivery_through: ['一网通办', '随申办'] });
    try {
      const deliveredAt = at('2026-11-20T10:05');
      await announce(stream, [
        offline('1', { deliveredAt, deliveredThrough: '“随申办”移动端' }),
        offline('2', { deliveredAt, deliveredThrough: '窗口' }),
        offline('3', { deliveredAt }),
      ]);
      const found = async () =>
        (await Promise.all(['1', '2', '3'].map((number) => push(`delivery/${stream.name}/${number}`)))).map(
          ({ state, reason }) => [state, reason && reasonInWords(reason).zh],
        );
      assert.deepEqual(await found(), [
        ['met', null],
        ['open', '经窗口送达，不是办法规定的渠道'],
        ['open', '已送达，未说明送达渠道'],
      ]);
      await announce(stream, [{ caseNumber: '3', deliveredThrough: '一网通办' }]);
      assert.deepEqual((await found())[2], ['met', null]);
    } finally {
      await db('hub').update({ delivery_through: [] });
    }
  });

  it('a delivery that is told of meets its deadline, at its own time', async () => {
    const stream = await newStream(db);
    await announce(stream, [offline('1'), offline('2', { deliveredAt: at('2026-11-20T10:05') })]);
    await announce(stream, [{ caseNumber: '1', deliveredAt: at('2026-11-22T11:00') }]);
    const found = await Promise.all(['1', '2'].map((number) => push(`delivery/${stream.name}/${number}`)));
    assert.deepEqual(
      found.map(({ rule, state, endedAt }) => [rule, state, endedAt]),
      [
        ['XC-14a', 'met', at('2026-11-22T11:00')],
        ['XC-14a', 'met', at('2026-11-20T10:05')],
      ],
    );
    const other = await push(`case/${stream.name}/1`);
    assert.equal(other.state, 'open', 'the push is another matter');
    assert.equal((await changesOf(db, other.id)).length, 1, 'and stays as it is');
  });

  it('a withdrawn case owes nothing; taken back, it is owed anew', async () => {
    const stream = await newStream(db);
    await announce(stream, [offline('1')]);
    await announce(stream, [{ caseNumber: '1', withdrawn: true }]);
    assert.equal((await push(`case/${stream.name}/1`)).state, 'cancelled');
    assert.equal((await push(`delivery/${stream.name}/1`)).state, 'cancelled');
    await arrive(db, stream.id, at('2026-11-22T11:00'), [{ key: 'k-1' }]);
    await syncCompletedCases(db, NOW);
    assert.deepEqual(
      (await listCompletedCases(db, NOW, { stream: stream.name, limit: 10 })).map(({ arrivedAt }) => arrivedAt),
      [null],
    );
    // A list that names it as before does not bring it back.
    assert.equal((await announce(stream, [offline('1')])).unchanged, 1);
    await announce(stream, [{ caseNumber: '1', withdrawn: false }]);
    assert.equal((await push(`case/${stream.name}/1`)).state, 'cancelled');
    assert.equal((await push(`case/${stream.name}/1#2`)).state, 'met');
    assert.equal((await push(`delivery/${stream.name}/1#2`)).state, 'open');
  });

  it('one whose certificate is in can be withdrawn and taken back in another way, which that certificate meets', async () => {
    const stream = await newStream(db);
    await announce(stream, [offline('1')]);
    await arrive(db, stream.id, at('2026-11-20T10:30'), [{ key: 'k-1' }]);
    await syncCompletedCases(db, NOW);
    await assert.rejects(announce(stream, [{ caseNumber: '1', mode: 'online' }]), /cannot be changed any more/);
    await announce(stream, [{ caseNumber: '1', withdrawn: true }]);
    await announce(stream, [{ caseNumber: '1', withdrawn: false, mode: 'online' }]);
    const found = await tasksOf(db, `case/${stream.name}/1`, NOW);
    assert.deepEqual(found.map(({ rule, state, endedAt }) => [rule, state, endedAt]).sort(), [
      ['XC-13a', 'met', at('2026-11-20T10:30')],
      ['XC-13c', 'met', at('2026-11-20T10:30')],
    ]);
  });

  it('a case that was issued in another way than was said is owed by that way', async () => {
    const stream = await newStream(db);
    await announce(stream, [offline('1', { mode: 'online' })]);
    await announce(stream, [{ caseNumber: '1', mode: 'offline' }]);
    const found = await tasksOf(db, `case/${stream.name}`, NOW);
    assert.deepEqual(found.map(({ rule, state }) => [rule, state]).sort(), [
      // Its hour was over.
      ['XC-13a', 'met late'],
      ['XC-13c', 'open'],
    ]);
    assert.equal((await push(`delivery/${stream.name}/1`)).state, 'open');
  });

  it('what is wrong refuses all of it, and names each case with what was expected', async () => {
    const stream = await newStream(db);
    const wrong: [CompletedCaseNotice, RegExp][] = [
      [{ caseNumber: '9', recordKey: 'k' }, /case 9: expected completedAt \(办结时间\)/],
      [{ caseNumber: '9', recordKey: 'k', completedAt: FRIDAY }, /case 9: expected mode/],
      [offline('9', { recordKey: undefined }), /case 9: expected key \(记录键\) or number/],
      [offline('9', { mode: 'bulk' }), /case 9: expected batch \(批次\): its mode is bulk/],
      [offline('9', { batch: 'b' }), /case 9: expected no batch/],
      [offline('9', { withdrawn: true }), /case 9: it is withdrawn, and was not announced before/],
    ];
    for (const [notice, message] of wrong) await assert.rejects(announce(stream, [offline('1'), notice]), message);
    assert.deepEqual(await listCompletedCases(db, NOW, { stream: stream.name, limit: 10 }), []);
    assert.deepEqual(await tasksOf(db, `case/${stream.name}`, NOW), []);
  });

  it('a request that comes again late does not undo a later one', async () => {
    const stream = await newStream(db);
    const first = { key: 'r-1', bodyHash: Buffer.from('1') };
    await announce(stream, [offline('1')], NOW, first);
    await announce(stream, [{ caseNumber: '1', withdrawn: true }], NOW, { key: 'r-2', bodyHash: Buffer.from('2') });
    await announce(stream, [{ caseNumber: '1', withdrawn: false }], NOW, { key: 'r-3', bodyHash: Buffer.from('3') });
    const again = await announceCompletedCases(
      db,
      await getStream(db, stream.name),
      [{ caseNumber: '1', withdrawn: true }],
      {
        by: '市公安局',
        at: NOW,
        request: { key: 'r-2', bodyHash: Buffer.from('2') },
      },
    );
    assert.deepEqual([again.answer.corrected, again.earlier?.toString()], [1, '2']);
    assert.equal((await push(`case/${stream.name}/1#2`)).state, 'open');
  });

  describe('of a bulk issue', () => {
    const bulk = (caseNumber: string, completedAt: Date, batch = 'b'): CompletedCaseNotice => ({
      caseNumber,
      completedAt,
      mode: 'bulk',
      batch,
      recordKey: `k-${caseNumber}`,
    });

    it('share one deadline, from the last case on, which a batch that grows moves', async () => {
      const stream = await newStream(db);
      await announce(stream, [bulk('1', FRIDAY), bulk('2', at('2026-11-19T10:00'))]);
      const subject = `push/${stream.name}/b`;
      const first = await push(subject);
      assert.deepEqual([first.rule, first.startedAt, first.dueAt], ['XC-13d', FRIDAY, at('2026-11-27T24:00')]);
      await announce(stream, [bulk('3', at('2026-11-22T10:00'))]);
      assert.deepEqual((await push(subject)).dueAt, at('2026-11-27T24:00'));
      await announce(stream, [bulk('4', at('2026-11-23T10:00'))], at('2026-11-23T12:00'));
      assert.deepEqual((await push(subject)).dueAt, at('2026-11-30T24:00'));
      assert.equal((await tasksOf(db, `push/${stream.name}`, NOW)).length, 1);
    });

    it('are met when the last of them arrived; those that are withdrawn are not waited for', async () => {
      const stream = await newStream(db);
      const subject = `push/${stream.name}/b`;
      await announce(stream, [bulk('1', FRIDAY), bulk('2', FRIDAY), bulk('3', FRIDAY)]);
      await arrive(db, stream.id, at('2026-11-22T10:00'), [{ key: 'k-1' }]);
      await arrive(db, stream.id, at('2026-11-22T11:00'), [{ key: 'k-2' }]);
      await syncCompletedCases(db, NOW);
      assert.equal((await push(subject)).state, 'open');
      await announce(stream, [{ caseNumber: '3', withdrawn: true }]);
      const { state, endedAt } = await push(subject);
      assert.deepEqual([state, endedAt], ['met', at('2026-11-22T11:00')]);
    });

    it('and a case that joins when all were in is owed in a round of its own', async () => {
      const stream = await newStream(db);
      await announce(stream, [bulk('1', FRIDAY)]);
      await arrive(db, stream.id, at('2026-11-20T12:00'), [{ key: 'k-1' }]);
      await syncCompletedCases(db, NOW);
      await announce(stream, [bulk('2', at('2026-11-22T10:00'))]);
      const rounds = await tasksOf(db, `push/${stream.name}`, NOW);
      assert.deepEqual(
        new Map(rounds.map(({ subject, state }) => [subject, state])),
        new Map([
          [`push/${stream.name}/b`, 'met'],
          [`push/${stream.name}/b#2`, 'open'],
        ]),
      );
    });

    it('are owed by nobody when all were withdrawn, or moved to another batch', async () => {
      const stream = await newStream(db);
      await announce(stream, [bulk('1', FRIDAY), bulk('2', FRIDAY, 'c')]);
      await announce(stream, [
        { caseNumber: '1', withdrawn: true },
        { caseNumber: '2', batch: 'd' },
      ]);
      const found = await tasksOf(db, `push/${stream.name}`, NOW);
      assert.deepEqual(found.map(({ subject, state }) => [subject.split('/')[2], state]).sort(), [
        ['b', 'cancelled'],
        ['c', 'cancelled'],
        ['d', 'open'],
      ]);
    });

    it('from the first case on, where the rule says so: a batch that grows keeps its time', async () => {
      const rules = config.jurisdiction.rules.map((rule): Rule =>
        rule.id === 'XC-13d' ? { ...rule, starts: 'first-completed' } : rule,
      );
      await saveRules(db, rules);
      const stream = await newStream(db);
      await announce(stream, [bulk('1', FRIDAY)]);
      await announce(stream, [bulk('2', at('2026-11-22T10:00'))]);
      const { startedAt, dueAt } = await push(`push/${stream.name}/b`);
      assert.deepEqual([startedAt, dueAt], [FRIDAY, at('2026-11-27T24:00')]);
      await saveRules(db, config.jurisdiction.rules);
    });
  });

  it('derived from records that are new: overdue where they came late, nothing for what changes or was before the hub', async () => {
    const stream = await newStream(db);
    const completed = { completed: { mode: 'offline' as const } };
    const takenAt = at('2026-11-25T10:00');
    const records = [
      { key: 'late', completedAt: '2026-11-23T10:00:00+08:00' },
      { key: 'soon', completedAt: '2026-11-24T10:00:00+08:00' },
      { key: 'old', completedAt: '2025-01-02T10:00:00+08:00' },
      // The day on which the hub began to watch the stream counts as a whole.
      { key: 'first day', completedAt: '2026-11-22T08:00:00+08:00' },
      { key: 'ahead', completedAt: '2026-11-26T10:00:00+08:00' },
      { key: 'silent' },
    ];
    await arrive(db, stream.id, takenAt, records, completed);
    await arrive(
      db,
      stream.id,
      at('2026-11-26T10:00'),
      [{ key: 'late', completedAt: '2026-11-26T09:00:00+08:00', note: 'changed' }],
      completed,
    );
    await syncCompletedCases(db, at('2026-11-26T10:01'));
    await syncCompletedCases(db, at('2026-11-26T10:02'));
    const found = await tasksOf(db, `case/${stream.name}`, NOW);
    assert.deepEqual(found.map(({ subject, state, endedAt }) => [subject.split('/')[2], state, endedAt]).sort(), [
      ['ahead', 'met', takenAt],
      ['first day', 'met late', takenAt],
      ['late', 'met late', takenAt],
      ['soon', 'met', takenAt],
    ]);
    const [ahead] = await listCompletedCases(db, NOW, { stream: stream.name, caseNumber: 'ahead', limit: 1 });
    assert.deepEqual(ahead?.completedAt, takenAt, 'with its certificate here it is completed');
  });

  it('a year without a calendar gives 日历未公布, and its table, once it is there, the day', async () => {
    const stream = await newStream(db);
    await announce(stream, [offline('1', { completedAt: at('2026-12-31T10:00') })], at('2026-12-31T12:00'));
    assert.equal((await push(`case/${stream.name}/1`)).state, 'no calendar');
    await announce(stream, [{ caseNumber: '1', completedAt: at('2026-12-30T10:00') }], at('2026-12-31T12:00'));
    assert.deepEqual((await push(`case/${stream.name}/1`)).dueAt, at('2026-12-31T24:00'));
    await announce(stream, [{ caseNumber: '1', completedAt: at('2026-12-31T10:00') }], at('2026-12-31T12:00'));
    assert.equal((await push(`case/${stream.name}/1`)).dueAt, null);
    const next = { year: 2027, version: '1', source: 's', off: ['2027-01-01'], work: [] };
    const inForce = calendarInForce({ ...config, calendarTables: [...config.calendarTables, next] });
    const calendar = new WorkingCalendar([...inForce.tables]);
    const { name } = await saveCalendar(db, { ...inForce, calendar }, NOW);
    await noteCalendar(db, name);
    assert.deepEqual((await push(`case/${stream.name}/1`)).dueAt, at('2027-01-04T24:00'));
  });

  it('a profile without such rules opens nothing, and the cases are kept all the same', async () => {
    await useProfile(db, 'keqiao');
    const stream = await newStream(db);
    await announce(stream, [offline('1'), { ...offline('2'), mode: 'bulk', batch: 'b' }]);
    await arrive(db, stream.id, at('2026-11-22T11:00'), [{ key: 'k-1' }, { key: 'k-2' }]);
    await syncCompletedCases(db, NOW);
    for (const kind of ['case', 'push', 'delivery'])
      assert.deepEqual(await tasksOf(db, `${kind}/${stream.name}`, NOW), []);
    const cases = await listCompletedCases(db, NOW, { stream: stream.name, limit: 10 });
    assert.deepEqual(
      cases.map(({ arrivedAt, state }) => [arrivedAt, state]),
      [
        [at('2026-11-22T11:00'), null],
        [at('2026-11-22T11:00'), null],
      ],
    );
  });
});
