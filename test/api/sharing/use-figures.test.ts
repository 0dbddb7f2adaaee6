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
});
