import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Knex } from 'knex';
import { timeWindow } from '../../../domain/collection/window.ts';
import { timeOfDayMs } from '../../../domain/dates.ts';
import { EVERY_STATE } from '../../../domain/ledger/duties.ts';
import { reasonInWords } from '../../../domain/ledger/reasons.ts';
import { actOnCase } from '../../../store/casework/cases.ts';
import { advanceOutage, openOutage, OUTAGES, settleBackfill } from '../../../store/casework/outages.ts';
import { cover } from '../../../store/collection/batches.ts';
import { closeDays, openDays } from '../../../store/collection/days.ts';
import { getStream, saveStreams } from '../../../store/collection/streams.ts';
import { changesOf } from '../../../store/ledger/obligations.ts';
import { listTasks } from '../../../store/ledger/tasks.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';

const at = (date: string, time = '12:00'): Date => new Date(timeOfDayMs(date, time));

describe('days that an outage stops', () => {
  let database: TestDatabase;
  let db: Knex;
  before(async () => {
    database = await createDatabase();
    ({ db } = database);
  });
  after(() => database.drop());
  beforeEach(async () => {
    await db.raw('TRUNCATE stream, case_file, obligation_history RESTART IDENTITY CASCADE');
    const daily = {
      rule: 'EO-8e',
      article: '第八条第五款',
      duty: '每日归集',
      basis: 'statutory',
      cutOff: '21:00',
      due: '24:00',
    } as const;
    const owner = { title: 'a 证', connector: 'c', unitCode: 'U1', unitName: '甲局' };
    await saveStreams(db, [{ name: 'a', ...owner, delivery: 'daily', since: null, daily }], at('2026-11-19', '00:00'));
    await openDays(db, at('2026-11-21'));
  });

  const report = (beganAt: Date, cause: string): Promise<number> =>
    openOutage(
      db,
      { unit: { code: 'U1', name: '甲局' }, streams: ['a'], kinds: ['collect'], cause, beganAt, evidence: null },
      { by: '张三', at: at('2026-11-21', '16:00') },
    );
  const stop = async (beganAt: Date, cause: string): Promise<number> => {
    const id = await report(beganAt, cause);
    const step = { action: 'confirm', document: '鄂证〔2026〕1号' } as const;
    await actOnCase(db, OUTAGES, id, step, { by: '李处长', at: at('2026-11-21', '17:00') });
    return id;
  };
  const recover = (id: number, when: Date) =>
    actOnCase(db, OUTAGES, id, { action: 'recover', streams: null, recoveredAt: when }, { by: '张三', at: when });
  const withdraw = (id: number) =>
    actOnCase(db, OUTAGES, id, { action: 'withdraw', reason: '误报' }, { by: '张三', at: at('2026-11-22') });
  const tasks = () => listTasks(db, at('2026-11-22'), { states: EVERY_STATE, subject: 'a', limit: 9 });
  const days = async (): Promise<string[]> =>
    (await tasks()).map(({ subject, state, reason }) =>
      [subject.slice(-2), state, reason && reasonInWords(reason).zh].filter(Boolean).join(' '),
    );

  it('do not run out while it lasts, from the one in which it began, and new ones neither', async () => {
    await stop(at('2026-11-20', '15:00'), '机房断电');
    assert.deepEqual(await days(), ['19 overdue', '20 suspended 机房断电', '21 suspended 机房断电']);
    await openDays(db, at('2026-11-22'));
    assert.deepEqual((await days()).at(-1), '22 suspended 机房断电');
  });

  it('are suspended by a report as far as they are not due, until it is confirmed', async () => {
    await report(at('2026-11-20', '15:00'), '机房断电');
    assert.deepEqual(await days(), ['19 overdue', '20 overdue', '21 suspended 机房断电']);
  });

  it('stay suspended once it is over, those after it run', async () => {
    await recover(await stop(at('2026-11-20', '15:00'), '机房断电'), at('2026-11-22', '00:00'));
    await openDays(db, at('2026-11-22'));
    assert.deepEqual(await days(), ['19 overdue', '20 suspended 机房断电', '21 suspended 机房断电', '22 due soon']);
  });

  it('run as before where the report was a mistake', async () => {
    await withdraw(await stop(at('2026-11-20', '15:00'), '机房断电'));
    assert.deepEqual(await days(), ['19 overdue', '20 overdue', '21 overdue']);
  });

  it('are stopped by what began first, whichever was reported first, and then by what is left', async () => {
    const second = await stop(at('2026-11-20', '18:00'), '光缆中断');
    const first = await stop(at('2026-11-20', '15:00'), '机房断电');
    const [, stopped] = await tasks();
    const changes = await changesOf(db, stopped?.id ?? 0);
    assert.deepEqual(
      changes.map(({ suspendedBy }) => suspendedBy),
      [null, `outage/${second}`, `outage/${first}`],
    );
    assert.deepEqual((await days())[1], '20 suspended 机房断电');
    await openDays(db, at('2026-11-21', '18:00'));
    assert.deepEqual(await changesOf(db, stopped?.id ?? 0), changes, 'repeating it changes nothing');
    await withdraw(first);
    assert.deepEqual((await days())[1], '20 suspended 光缆中断');
  });

  it('count apart where they are met by what came after it was over, also once its case is closed', async () => {
    const id = await stop(at('2026-11-20', '15:00'), '机房断电');
    const { id: stream } = await getStream(db, 'a');
    await recover(id, at('2026-11-22', '00:00'));
    await advanceOutage(db, id, at('2026-11-22', '00:01'));
    await cover(db, stream, timeWindow(timeOfDayMs('2026-11-19', '00:00'), timeOfDayMs('2026-11-22', '00:00')));
    await closeDays(db, stream, at('2026-11-22', '09:00'));
    const met = ['19 met late', '20 met suspended', '21 met suspended'];
    assert.deepEqual(await days(), met);
    await settleBackfill(db, id, { stream: 'a', round: 1, proofs: [1] }, at('2026-11-22', '10:00'));
    assert.equal((await advanceOutage(db, id, at('2026-11-22', '10:01'))).outage.closedAs, 'backfilled');
    await openDays(db, at('2026-11-21', '18:00'));
    assert.deepEqual(await days(), met);
  });
});
