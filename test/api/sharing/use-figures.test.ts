import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { UnusualUseView, UseFigureView } from '../../../server/api/sharing/use-figures.ts';
import { UNUSUAL_USES } from '../../../domain/sharing/unusual.ts';
import { ApiHub, type Caller } from '../../support/api.ts';

const NOW = '2026-11-23T10:00:00+08:00';
const UNIT = { code: '11320200014006438B', name: '市住建局' };
const OTHER = { code: '11320200014006999C', name: '市交通局' };
const ID = '11010519491231002X';

/** Calls of a client, each of the first so many numbered from one. */
interface Calls {
  client: string;
  calls: number;
  /** As SQL, of the number `n`. */
  holder?: string;
  business?: string;
  reason?: string;
  at?: string;
  refusal?: string | null;
  matter?: string;
}

describe('how certificates are used, for who watches', () => {
  let hub: ApiHub;
  let management: Caller;
  let stranger: Caller;
  before(async () => {
    hub = await ApiHub.open(NOW);
    management = await hub.signedIn('management');
    stranger = await hub.signedIn('user', OTHER, 'stranger');
    for (const login of ['many', 'late', 'lost', 'shared', 'same', 'usual']) await hub.signedIn('user', UNIT, login);
  });
  after(() => hub.close());

  async function use({
    client,
    calls,
    holder = `'H'`,
    business = `'B-' || n`,
    reason = `'事由 ' || n`,
    at = '2026-11-20T10:00:00+08:00',
    refusal = null,
    matter = 'A-1',
  }: Calls): Promise<void> {
    await hub.database.db.raw(
      `INSERT INTO certificate_use (receipt, at, act, outcome, refusal, unit_code, unit_name, account_id, client, matter, scenario,
         business, reason, type_code, holder, answer, text, leaf)
       SELECT gen_random_uuid(), :at, 'find', CASE WHEN :refusal::text IS NULL THEN 'answered' ELSE 'refused' END, :refusal,
         account.unit_code, unit.name, account.id, login, :matter, '受理', ${business}, ${reason}, 'T1',
         convert_to(${holder}, 'UTF8'), '', '', ''
       FROM account JOIN unit ON unit.code = account.unit_code, generate_series(1, :calls) AS n WHERE login = :client`,
      { client, calls, at, refusal, matter },
    );
  }
  const unusual = async (query = '', caller = management) =>
    (await caller.get<{ items: UnusualUseView[] }>(`/unusual-uses${query}`)).body.items.map(
      ({ kind, client, day, count, about }) => [kind, client, day, count, about],
    );

  it('what is not as use mostly is, is told by client and day, from a limit on', async () => {
    await use({ client: 'usual', calls: 99, holder: `'H' || n`, reason: `'事由 ' || n % 7` });
    await use({ client: 'late', calls: 9, at: '2026-11-20T23:30:00+08:00' });
    await use({ client: 'lost', calls: 4, refusal: 'matter-unlisted' });
    await use({ client: 'shared', calls: 4, holder: `'H' || n`, business: `'B'` });
    await use({ client: 'same', calls: 49, reason: `'办事'` });
    assert.deepEqual(await unusual(), [], 'below every limit');
    await use({ client: 'many', calls: UNUSUAL_USES.holders.least, holder: `'H' || n` });
    await use({ client: 'late', calls: 1, at: '2026-11-20T22:00:00+08:00' });
    await use({ client: 'lost', calls: 1, refusal: 'type-unlisted' });
    await use({ client: 'shared', calls: 1, holder: `'X'`, business: `'B'` });
    await use({ client: 'same', calls: 1, reason: `'办事'`, business: `'B-50'` });
    assert.deepEqual(await unusual(), [
      ['holders', 'many', '2026-11-20', 100, null],
      ['reason', 'same', '2026-11-20', 50, '办事'],
      ['night', 'late', '2026-11-20', 10, null],
      ['business', 'shared', '2026-11-20', 5, 'B'],
      ['refused', 'lost', '2026-11-20', 5, null],
    ]);
    assert.deepEqual(await unusual('?from=2026-11-21'), []);
    assert.deepEqual(await unusual('', stranger), [], 'of another unit');
  });

  it('a number of somebody that stands in a case’s number is hidden', async () => {
    await use({ client: 'shared', calls: 5, holder: `'H' || n`, business: `'${ID}'` });
    assert.ok(!JSON.stringify(await unusual()).includes(ID));
  });

  it('who uses what is counted by unit, matter and type', async () => {
    await use({ client: 'stranger', calls: 3, matter: 'C-1', holder: `'H' || n % 2` });
    await use({ client: 'stranger', calls: 2, matter: 'C-1', holder: `'H0'`, refusal: 'day-limit' });
    const figures = async (caller: Caller) => (await caller.get<{ items: UseFigureView[] }>('/use-figures')).body.items;
    assert.ok((await figures(management)).some(({ unitCode }) => unitCode === UNIT.code));
    const [own, ...others] = await figures(stranger);
    assert.deepEqual(others, []);
    assert.deepEqual(
      [own?.unitName, own?.matter, own?.typeCode, own?.calls, own?.refused, own?.holders],
      [OTHER.name, 'C-1', 'T1', 5, 2, 2],
    );
  });

  it('cases that were served, and certificates that nobody had to bring, are counted once a case', async () => {
    const { db } = hub.database;
    await use({ client: 'stranger', calls: 3, matter: 'D-1', business: `'D-' || n % 2` });
    await use({ client: 'stranger', calls: 1, matter: 'D-1', business: `'D-9'`, refusal: 'day-limit' });
    // Of two calls of one case the same certificate twice; of the other another one.
    await db.raw(
      `INSERT INTO used_certificate (stream_id, record_key, use_id, content_hash)
       SELECT 1, CASE business WHEN 'D-1' THEN 'K1' ELSE 'K2' END, id, '' FROM certificate_use WHERE matter = 'D-1' AND refusal IS NULL`,
    );
    const { items } = (await stranger.get<{ items: UseFigureView[] }>('/use-figures')).body;
    const found = items.find(({ matter }) => matter === 'D-1');
    assert.deepEqual(
      [found?.calls, found?.answered, found?.refused, found?.cases, found?.casesServed, found?.spared],
      [4, 3, 1, 3, 2, 2],
    );
    // The figure opens onto its rows.
    const rows = await stranger.get<{ items: object[] }>(
      '/uses?matter=D-1&outcome=answered&from=2026-11-01T00:00:00%2B08:00&to=2026-11-24T00:00:00%2B08:00',
    );
    assert.equal(rows.body.items.length, found?.answered);
    await db.raw(
      `INSERT INTO certificate_use (receipt, at, act, outcome, unit_code, unit_name, client, matter, scenario, business, reason, type_code, answer, text, leaf)
      VALUES ('00000000-0000-4000-8000-000000000001', :at, 'verify', 'answered', :code, :name, 'stranger', 'D-1', '', 'D-7', '', 'T1', '', '', '')`,
      { at: '2026-11-20T10:00:00+08:00', ...OTHER },
    );
    await db.raw(
      `INSERT INTO used_certificate (stream_id, record_key, use_id, content_hash)
       SELECT 1, 'K3', id, '' FROM certificate_use WHERE business = 'D-7'`,
    );
    const after = (await stranger.get<{ items: UseFigureView[] }>('/use-figures')).body.items;
    const verified = after.find(({ matter }) => matter === 'D-1');
    assert.deepEqual([verified?.casesServed, verified?.spared], [3, 2], 'what is verified was brought');
  });
});
