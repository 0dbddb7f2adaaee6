import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Knex } from 'knex';
import { timeWindow } from '../../../domain/collection/window.ts';
import { addDays, timeOfDayMs } from '../../../domain/dates.ts';
import { actOnCase } from '../../../store/casework/cases.ts';
import { announceCompletedCases } from '../../../store/casework/completed-cases.ts';
import { advanceOutage, openOutage, OUTAGES, settleBackfill } from '../../../store/casework/outages.ts';
import { cover } from '../../../store/collection/batches.ts';
import { closeDays, openDays } from '../../../store/collection/days.ts';
import { getStream, saveStreams, type StreamRow } from '../../../store/collection/streams.ts';
import { unitFigures } from '../../../store/supervision/figures.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { at, deadlines, enact } from '../../support/law/enact.ts';

const UNIT = { code: '11320200014006438B', name: '甲局' };
const who = (time: string, by = '发证单位') => ({ by, at: at(time) });

describe('force majeure', () => {
  let database: TestDatabase;
  let db: Knex;
  let stream: StreamRow;
  before(async () => {
    database = await createDatabase();
    ({ db } = database);
    await enact(db, 'ordos', at('2026-11-01'));
  });
  after(() => database.drop());
  beforeEach(async () => {
    await db.raw('TRUNCATE stream, obligation, obligation_history, case_file, completed_case RESTART IDENTITY CASCADE');
    const rule = { rule: 'EO-8e', article: '第八条', duty: '每日增量', basis: 'statutory' as const };
    const daily = { ...rule, cutOff: '21:00', due: '24:00', grace: '0 minutes', producedBy: 'issue' as const };
    const given = { name: 's', title: 's', connector: 'c', unitCode: UNIT.code, unitName: UNIT.name };
    await saveStreams(db, [{ ...given, delivery: 'daily', since: null, daily }], at('2026-11-16'));
    stream = await getStream(db, 's');
  });

  const report = (began: string, now: string): Promise<number> =>
    openOutage(
      db,
      {
        unit: UNIT,
        streams: ['s'],
        kinds: ['issue', 'collect'],
        cause: '光缆中断',
        beganAt: at(began),
        evidence: null,
      },
      who(now),
    );
  const confirm = (id: number, now: string, covered: { from?: Date; to?: Date } = {}) =>
    actOnCase(db, OUTAGES, id, { action: 'confirm', ...covered, document: '鄂证〔2026〕1号' }, who(now, '李处长'));
  const days = async (now: string): Promise<string[]> => {
    await openDays(db, at(now));
    return (await deadlines(db, 's', at(now)))
      .filter((line) => !line.includes('rejects'))
      .map((line) => line.replace(' EO-8e', '').replace(/ \d\d-\d\dT.*/, ''));
  };

  it('reported in time suspends what is not due yet, also before it is confirmed', async () => {
    await days('2026-11-16T12:00:00');
    await report('2026-11-16T08:00:00', '2026-11-16T13:00:00');
    assert.deepEqual(await days('2026-11-18T12:00:00'), [
      '/2026-11-16 suspended',
      '/2026-11-17 suspended',
      '/2026-11-18 suspended',
    ]);
  });

  it('reported afterwards suspends nothing that was due, until it is confirmed, and then only what is covered', async () => {
    await days('2026-11-19T12:00:00');
    const id = await report('2026-11-16T08:00:00', '2026-11-19T12:00:00');
    assert.deepEqual(await days('2026-11-19T12:00:00'), [
      '/2026-11-16 overdue',
      '/2026-11-17 overdue',
      '/2026-11-18 overdue',
      '/2026-11-19 suspended',
    ]);
    await confirm(id, '2026-11-19T15:00:00', { from: at('2026-11-17'), to: at('2026-11-18') });
    assert.deepEqual(await days('2026-11-19T15:00:00'), [
      '/2026-11-16 overdue',
      '/2026-11-17 suspended',
      '/2026-11-18 overdue',
      '/2026-11-19 due soon',
    ]);
    await assert.rejects(confirm(id, '2026-11-19T16:00:00'), /confirmed already/);
  });

  it('covers no time before it began', async () => {
    const id = await report('2026-11-17T08:00:00', '2026-11-17T12:00:00');
    await assert.rejects(confirm(id, '2026-11-17T13:00:00', { from: at('2026-11-16') }), /begins before the outage/);
  });

  it('suspends pushes and deliveries of cases as well', async () => {
    await report('2026-11-16T08:00:00', '2026-11-16T09:00:00');
    const notices = (['offline', 'online'] as const).map((mode) => ({
      caseNumber: mode,
      completedAt: at('2026-11-16T10:00:00'),
      mode,
      recordKey: mode,
    }));
    await announceCompletedCases(db, stream, notices, { by: 'x', at: at('2026-11-16T11:00:00') });
    await openDays(db, at('2026-11-18T12:00:00'));
    const states = await Promise.all(
      ['case/s/offline', 'case/s/online', 'delivery/s/offline'].map((subject) =>
        deadlines(db, subject, at('2026-11-18T12:00:00')),
      ),
    );
    assert.ok(states.flat().length > 0);
    for (const line of states.flat()) assert.match(line, / suspended /);
  });

  it('what was suspended and came in afterwards counts apart, not as met in time', async () => {
    await days('2026-11-16T12:00:00');
    const id = await report('2026-11-16T08:00:00', '2026-11-16T09:00:00');
    await days('2026-11-18T12:00:00');
    await actOnCase(
      db,
      OUTAGES,
      id,
      { action: 'recover', streams: null, recoveredAt: at('2026-11-18T10:00:00') },
      who('2026-11-18T10:30:00'),
    );
    await advanceOutage(db, id, at('2026-11-18T10:31:00'));
    for (const day of ['2026-11-16', '2026-11-17'])
      await cover(db, stream.id, timeWindow(timeOfDayMs(day, '00:00'), timeOfDayMs(addDays(day, 1), '00:00')));
    await closeDays(db, stream.id, at('2026-11-18T11:05:00'));
    await settleBackfill(db, id, { stream: 's', round: 1, proofs: [1] }, at('2026-11-18T11:06:00'));
    assert.deepEqual(
      (await days('2026-11-18T12:00:00')).filter((line) => !line.includes('11-18')),
      ['/2026-11-16 met suspended', '/2026-11-17 met suspended'],
    );
    const period = { from: at('2026-11-16'), to: at('2026-11-18'), at: at('2026-11-18T12:00:00') };
    const [unit] = await unitFigures(db, period);
    const increments = unit?.duties.find(({ duty }) => duty === 'increment');
    assert.deepEqual([increments?.numerator, increments?.denominator, increments?.suspended], [0, 0, 2]);
  });
});
