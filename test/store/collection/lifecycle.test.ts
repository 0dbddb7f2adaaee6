import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Knex } from 'knex';
import { EVERY_STATE } from '../../../domain/ledger/duties.ts';
import { reasonInWords } from '../../../domain/ledger/reasons.ts';
import { configuredStreams } from '../../../store/apply-config.ts';
import { syncLifecycle } from '../../../store/collection/lifecycle.ts';
import { getStream, saveStreams } from '../../../store/collection/streams.ts';
import { listTasks } from '../../../store/ledger/tasks.ts';
import { arrive } from '../../support/arrivals.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { at, enact } from '../../support/law/enact.ts';

const MONDAY = at('2026-11-23T00:00:00');
const PERMITS = 'housing-permits';

describe('events of certificates’ lives', () => {
  let database: TestDatabase;
  let db: Knex;
  let permits: number;
  beforeEach(async () => {
    database = await createDatabase();
    ({ db } = database);
  });
  afterEach(() => database.drop());

  async function city(jurisdiction: string, change: { timed?: boolean } = {}): Promise<void> {
    const config = await enact(db, jurisdiction, MONDAY, { code: '11320200MB1D55902K', name: '市数据局' });
    const streams = configuredStreams(config).map((stream) => ({
      ...stream,
      daily: stream.daily && { ...stream.daily, ...change },
    }));
    await saveStreams(db, streams, MONDAY);
    permits = (await getStream(db, PERMITS)).id;
    await arrive(db, permits, at('2026-11-23T08:00:00'), [{ key: 'A' }, { key: 'B' }, { key: 'C' }]);
  }
  const event = (key: string, time: string, cameAt: string, status = 'suspended'): Promise<void> =>
    arrive(db, permits, at(cameAt), [{ key, changedAt: at(time), status }]);
  const seen = async (now: string) => {
    await syncLifecycle(db, at(now));
    return (await listTasks(db, at(now), { states: EVERY_STATE, limit: 100 }))
      .filter(({ kind }) => kind === 'lifecycle')
      .map(({ rule, subject, state, owner, reason }) =>
        [rule, subject, owner, state, ...(reason === null ? [] : [reasonInWords(reason).zh])].join(' '),
      )
      .toSorted();
  };

  it('what came in on its day is met, new records are no events', async () => {
    await city('wuxi');
    assert.deepEqual(await seen('2026-11-23T09:00:00'), []);
    await event('A', '2026-11-23T10:00:00', '2026-11-23T21:00:00');
    assert.deepEqual(await seen('2026-11-23T21:01:00'), [
      `WX-7b lifecycle/${PERMITS}/2026-11-23 市住房和城乡建设局 met`,
    ]);
  });

  it('what came later makes its day late, also a day that was met, and says how much', async () => {
    await city('wuxi');
    await event('A', '2026-11-23T10:00:00', '2026-11-23T21:00:00');
    assert.match((await seen('2026-11-23T22:00:00')).join(), / met$/);
    await event('B', '2026-11-23T11:00:00', '2026-11-24T00:00:01', 'cancelled');
    const late = [`WX-7b lifecycle/${PERMITS}/2026-11-23 市住房和城乡建设局 met late 次日起才入库的事件 1 件`];
    assert.deepEqual(await seen('2026-11-24T09:00:00'), late);
    assert.deepEqual(await seen('2026-11-25T09:00:00'), late);
    await event('C', '2026-11-23T12:00:00', '2026-11-25T10:00:00');
    assert.match((await seen('2026-11-25T11:00:00')).join(), /met late 次日起才入库的事件 2 件$/);
  });

  it('one that was refused runs, and is overdue after its day, until its correction is in', async () => {
    await city('wuxi');
    await db('reject').insert({
      stream_id: permits,
      fingerprint: Buffer.from('A'),
      record_key: 'A',
      source_updated_at: at('2026-11-23T10:00:00'),
      rule: 'status-unmapped',
      problems: '[]',
      raw: '{}',
      raw_encoding: 'json',
      first_batch_id: 1,
      last_batch_id: 1,
      first_seen_at: at('2026-11-23T11:00:00'),
      last_seen_at: at('2026-11-23T11:00:00'),
    });
    assert.match((await seen('2026-11-23T11:01:00')).join(), / due soon 当日未更正的问题数据 1 条$/);
    assert.match((await seen('2026-11-24T00:00:00')).join(), / overdue /);
    await event('A', '2026-11-23T10:00:00', '2026-11-24T10:00:00');
    assert.match((await seen('2026-11-24T10:01:00')).join(), / met late 次日起才入库的事件 1 件$/);
  });

  it('are owed under each rule by whom it names: in Xuchang by the issuer and by the keeper of the library', async () => {
    await city('xuchang');
    await event('A', '2026-11-23T10:00:00', '2026-11-23T21:00:00');
    assert.deepEqual(await seen('2026-11-23T21:01:00'), [
      `XC-18 lifecycle/${PERMITS}/2026-11-23 市住房和城乡建设局 met`,
      `XC-8 lifecycle/${PERMITS}/2026-11-23 市数据局 met`,
    ]);
  });

  it('are not watched where the source has no times, nor from before the hub watched', async () => {
    await city('wuxi', { timed: false });
    await event('A', '2026-11-23T10:00:00', '2026-11-24T21:00:00');
    assert.deepEqual(await seen('2026-11-24T22:00:00'), []);
    await city('wuxi');
    await arrive(db, permits, at('2026-11-23T09:00:00'), [{ key: 'D', changedAt: at('2026-11-20T08:00:00') }]);
    await event('D', '2026-11-22T10:00:00', '2026-11-24T21:00:00');
    assert.deepEqual(await seen('2026-11-24T22:00:00'), []);
  });
});
