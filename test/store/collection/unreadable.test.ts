import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Knex } from 'knex';
import { createReturnActivities } from '../../../activities/returns.ts';
import type { Dependencies } from '../../../activities/dependencies.ts';
import type { NextBatch } from '../../../connectors/contract.ts';
import { fault } from '../../../domain/faults.ts';
import { timeWindow } from '../../../domain/collection/window.ts';
import { startOfDayMs } from '../../../domain/dates.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { newStream } from '../../support/library.ts';

const NOW = new Date('2026-11-22T10:00:00+08:00');

describe('deliveries that cannot be read', () => {
  let database: TestDatabase;
  let db: Knex;
  before(async () => {
    database = await createDatabase();
    ({ db } = database);
  });
  after(() => database.drop());

  it('are told as garbage and kept as tasks of the unit until they are replaced; the days beside them are proven', async () => {
    const { id, name: stream } = await newStream(db);
    await db('stream')
      .where({ id })
      .update({ collect_from: new Date('2026-11-20T00:00:00+08:00') });
    let next: NextBatch = { batch: null, proven: [] };
    const source = { by: 'batches', nextBatch: () => Promise.resolve(next) };
    const streams = () => ({ getBy: () => ({ source }), capabilities: () => ({ by: 'batches', again: 'all' }) });
    const activities = createReturnActivities({ db, streams, now: () => NOW } as unknown as Dependencies);
    const contact = () => db('stream').where({ id }).first<object>('contact', 'contact_detail');
    const tasks = async () =>
      (await db('discrepancy').where({ stream_id: id }).whereNull('closed_at').orderBy('subject')).map(
        ({ subject, owner_code }: { subject: string; owner_code: string }) => [subject, owner_code],
      );
    const broken = (name: string, date: string) => ({
      name,
      date,
      fault: fault('file-broken', { file: name, is: 'encrypted' }),
    });
    const cutOff = {
      name: 'c.xlsx',
      date: '2026-11-22',
      fault: fault('file-incomplete', { file: 'c.xlsx', broken: 'x' }),
    };
    const day = timeWindow(startOfDayMs('2026-11-21'), startOfDayMs('2026-11-22'));
    next = {
      batch: null,
      proven: [{ window: day }],
      unreadable: [broken('old.csv', '2026-11-19'), broken('a.csv', '2026-11-20'), cutOff],
    };
    assert.equal(await activities.findNextBatch({ stream, after: null }), null);
    await activities.findNextBatch({ stream, after: null });
    assert.deepEqual(await contact(), { contact: 'garbled', contact_detail: 'a.csv: the archive is encrypted' });
    const { unit_code: owner } = await db('stream').where({ id }).first<{ unit_code: string }>('unit_code');
    assert.deepEqual(await tasks(), [['无法读取 a.csv：压缩包已加密', owner]], 'one that is cut off mends by itself');
    const { rows } = await db.raw<{ rows: { covered: boolean }[] }>(
      `SELECT times = tstzmultirange(tstzrange(?, ?)) AS covered FROM coverage WHERE stream_id = ?`,
      [day.from, day.to, id],
    );
    assert.deepEqual(rows, [{ covered: true }]);
    next = { batch: null, proven: [] };
    await activities.findNextBatch({ stream, after: null });
    assert.deepEqual(await contact(), { contact: 'nothing', contact_detail: null });
    assert.deepEqual(await tasks(), []);
  });
});
