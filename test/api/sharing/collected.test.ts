import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ApiHub } from '../../support/api.ts';
import { deliver, grantUses, tokenOf } from './using.ts';

const NOW = '2026-11-23T10:00:00+08:00';
const ZHANG = { code: '11010519491231002X', name: '张三' };
const NOBODY = { code: '320102199001011234', name: '王五' };
const HOUSE = '11100000000013338W011';
const OTHER = '111000000000134939003';
const UNIT = { code: '11320200014006438B', name: '市住建局' };
const USE = { matter: 'A-1', scenario: '受理', business: 'B-2026-1', reason: '办理施工许可' };

interface Told {
  result?: number;
  certificates?: unknown[];
  collected: { upTo: string; expectedAt: string } | null;
}

describe('how far a type is collected', () => {
  let hub: ApiHub;
  let token: string;
  let streams: number[];
  before(async () => {
    hub = await ApiHub.open(NOW);
    const { db } = hub.database;
    await hub.signedIn('user', UNIT, 'clerk');
    token = await tokenOf(hub, 'clerk');
    const types = [HOUSE, OTHER];
    await grantUses(hub, UNIT, types, [{ code: 'A-1', name: '施工许可', scenario: '受理', types }]);
    // Two streams deliver daily and bring the type; nothing brings the other.
    streams = (await db('stream').orderBy('id').limit(2).select<{ id: number }[]>('id')).map(({ id }) => id);
    await db('obligation').delete();
    await db('stream').update({ certificate_type: null, delivery: 'daily', cut_off: '21:00', due: '24:00' });
    await db('stream').update({ collect_from: '2026-11-20T00:00:00+08:00' });
    for (const [index, stream] of streams.entries())
      await deliver(hub, { stream, key: 'K1', number: `H-${index}`, type: HOUSE, holders: [ZHANG] });
  });
  after(() => hub.close());

  const ask = async (path: string, given: object): Promise<Told> => {
    const { body } = await hub.app.inject({
      method: 'POST',
      url: `/share/v1${path}`,
      headers: { authorization: `Bearer ${token}` },
      payload: { use: USE, typeCode: HOUSE, holder: ZHANG, ...given },
    });
    return JSON.parse(body) as Told;
  };
  /** Has each of the two be covered from the day that they are collected from. */
  const covered = async (...to: string[]): Promise<void> => {
    for (const [index, stream] of streams.entries())
      await hub.database
        .db('coverage')
        .insert({ stream_id: stream, times: `{[2026-11-20T00:00:00+08:00,${to[index]})}` })
        .onConflict('stream_id')
        .merge();
    // What was looked up is believed for some seconds.
    hub.nowMs += 10_000;
  };

  it('is told of the stream that is behind, and when the rest is due', async () => {
    await covered('2026-11-23T09:00:00+08:00', '2026-11-23T08:00:00+08:00');
    const { collected } = await ask('/find', {});
    assert.deepEqual(collected, { upTo: '2026-11-23T08:00:00+08:00', expectedAt: '2026-11-24T00:00:00+08:00' });
    await covered('2026-11-23T21:00:00+08:00', '2026-11-23T21:00:00+08:00');
    assert.equal((await ask('/find', {})).collected?.expectedAt, '2026-11-25T00:00:00+08:00', 'the next day’s');
  });

  it('is told by the deadline that runs, which may be past', async () => {
    await hub.database.db('obligation').insert({
      rule: 'x',
      article: 'x',
      duty: 'x',
      basis: 'statutory',
      owner_code: 'x',
      owner_name: 'x',
      duty_kind: 'increment',
      stream_id: streams[0],
      subject: 'late/2026-11-22',
      started_at: '2026-11-22T00:00:00+08:00',
      due_at: '2026-11-23T00:00:00+08:00',
      whole: '[2026-11-22T00:00:00+08:00,2026-11-23T00:00:00+08:00)',
      requires: '[2026-11-22T00:00:00+08:00,2026-11-22T21:00:00+08:00)',
      opened_at: NOW,
    });
    await covered('2026-11-22T09:00:00+08:00', '2026-11-23T09:00:00+08:00');
    const { collected } = await ask('/find', {});
    assert.deepEqual(collected, { upTo: '2026-11-22T09:00:00+08:00', expectedAt: '2026-11-23T00:00:00+08:00' });
  });

  it('is the same whoever is asked about, found or not, and unknown of what nobody delivers daily', async () => {
    const { collected } = await ask('/find', {});
    assert.deepEqual(await ask('/find', { holder: NOBODY }), { certificates: [], collected });
    for (const number of ['H-0', 'H-9']) assert.deepEqual((await ask('/verify', { number })).collected, collected);
    assert.equal((await ask('/verify', { number: 'H-9' })).result, 5);
    assert.deepEqual(await ask('/find', { typeCode: OTHER }), { certificates: [], collected: null });
  });
});
