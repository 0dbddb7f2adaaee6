import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Knex } from 'knex';
import { timeWindow } from '../../../domain/collection/window.ts';
import { addDays, timeOfDayMs } from '../../../domain/dates.ts';
import { actOnCase } from '../../../store/casework/cases.ts';
import { announceCompletedCases } from '../../../store/casework/completed-cases.ts';
import { advanceOutage, openOutage, OUTAGES, settleBackfill } from '../../../store/casework/outages.ts';
import { cover } from '../../../store/collection/batches.ts';
import { closeDays, followRejects, openDays } from '../../../store/collection/days.ts';
import { getStream, saveStreams, type StreamRow } from '../../../store/collection/streams.ts';
import { listTasks } from '../../../store/ledger/tasks.ts';
import { unitFigures } from '../../../store/supervision/figures.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { newBatch } from '../../support/library.ts';
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

  it('what came with the backfill and was refused has the term of the backfill, and its proof names it', async () => {
    await days('2026-11-16T12:00:00');
    const id = await report('2026-11-16T08:00:00', '2026-11-16T09:00:00');
    await days('2026-11-18T12:00:00');
    const step = { action: 'recover', streams: null, recoveredAt: at('2026-11-18T10:00:00') } as const;
    await actOnCase(db, OUTAGES, id, step, who('2026-11-18T10:30:00'));
    await advanceOutage(db, id, at('2026-11-18T10:31:00'));
    const refused = async (key: string, updatedAt: string, cameAt: string): Promise<void> => {
      const batch = await newBatch(db, stream.id);
      await db('reject').insert({
        stream_id: stream.id,
        record_key: key,
        fingerprint: Buffer.from(key),
        raw: '{}',
        raw_encoding: 'json',
        rule: 'date-invalid',
        problems: '[]',
        source_updated_at: at(updatedAt),
        first_batch_id: batch,
        last_batch_id: batch,
        first_seen_at: at(cameAt),
        last_seen_at: at(cameAt),
      });
    };
    await refused('before', '2026-11-16T07:00:00', '2026-11-18T11:00:00');
    await refused('kept back', '2026-11-17T09:00:00', '2026-11-18T11:00:00');
    for (const day of ['2026-11-16', '2026-11-17'])
      await cover(db, stream.id, timeWindow(timeOfDayMs(day, '00:00'), timeOfDayMs(addDays(day, 1), '00:00')));
    await closeDays(db, stream.id, at('2026-11-18T11:05:00'));
    const backfill = () => deadlines(db, `outage/${id}`, at('2026-11-20T12:00:00'));
    const rejectsOfDays = async () =>
      (await deadlines(db, 's', at('2026-11-20T12:00:00'))).filter((line) => line.includes('rejects'));
    assert.deepEqual(await rejectsOfDays(), ['/2026-11-16/rejects EO-8e overdue 11-17T00:00']);
    assert.deepEqual((await backfill()).slice(1), ['/s EO-10b open 11-24T00:00', '/s/rejects EO-10b open 11-24T00:00']);
    await settleBackfill(db, id, { stream: 's', round: 1, proofs: [1] }, at('2026-11-18T11:06:00'));
    assert.deepEqual((await backfill()).slice(1), ['/s EO-10b met 11-24T00:00', '/s/rejects EO-10b open 11-24T00:00']);
    const [proven] = await listTasks(db, at('2026-11-20'), { states: ['met'], subject: `outage/${id}/s`, limit: 1 });
    assert.deepEqual(proven?.reason, { code: 'proven', proofs: [1], rejects: 1 });
    await db('reject')
      .where({ record_key: 'kept back' })
      .update({ resolved_at: at('2026-11-24T09:00:00') });
    await followRejects(db, stream.id, at('2026-11-24T09:01:00'));
    assert.deepEqual((await backfill()).slice(2), ['/s/rejects EO-10b met late 11-24T00:00']);
    assert.deepEqual(await rejectsOfDays(), ['/2026-11-16/rejects EO-8e overdue 11-17T00:00']);
  });
});
