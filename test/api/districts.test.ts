import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { draftEntries } from '../../store/library/catalog.ts';
import { noteUnits } from '../../store/ledger/units.ts';
import { ApiHub, type Caller } from '../support/api.ts';

const NOW = '2026-11-23T10:00:00+08:00';
const DISTRICT = { code: '11320205014006438D', name: '锡山区住房和城乡建设局' };
const OTHER = { code: '11320200014006438B', name: '市住房和城乡建设局' };
const TYPE = '11100000000013338W011';

describe('an account that sees some units', () => {
  let hub: ApiHub;
  let manager: Caller;
  let city: Caller;
  before(async () => {
    hub = await ApiHub.open(NOW);
    await noteUnits(hub.database.db, [DISTRICT, OTHER]);
    manager = await hub.signedIn('management', DISTRICT, 'district');
    city = await hub.signedIn('management', null, 'city');
  });
  after(() => hub.close());

  it('enters no finding of another unit', async () => {
    const evidence = { name: 'letter.txt', content: Buffer.from('x').toString('base64') };
    const finding = { item: '一', facts: '未归集', evidence };
    const { status, body } = await manager.send('POST', '/findings', { ...finding, unit: OTHER.code });
    assert.deepEqual([status, body.code], [404, 'unit-unknown']);
    const own = await manager.send('POST', '/findings', { ...finding, unit: DISTRICT.code });
    assert.notEqual(own.body.code, 'unit-unknown');
  });

  it('begins nothing that is about every unit', async () => {
    for (const [kind, given] of [
      ['patrol', {}],
      ['trial', { size: 1 }],
    ] as const) {
      const { status, body } = await manager.send('POST', `/inspections/${kind}`, given);
      assert.deepEqual([status, body.code], [403, 'not-yours'], kind);
    }
    assert.equal((await city.send('POST', '/inspections/patrol')).status, 200);
  });

  it('decides on no draft of a type that it does not see', async () => {
    const entry = { typeCode: TYPE, name: '建筑工程施工许可证', issuer: OTHER };
    await draftEntries(hub.database.db, [entry] as never, OTHER.code, new Date(NOW));
    for (const decision of ['approve', 'refuse']) {
      const { status, body } = await manager.send('POST', `/catalog/${TYPE}/${decision}`, { reason: '同意' });
      assert.deepEqual([status, body.code], [404, 'draft-unknown'], decision);
    }
  });

  it('reads in the audit what people of its units did, in the list and in what is taken out', async () => {
    const auditor = await hub.signedIn('auditor', DISTRICT, 'district-auditor');
    const everybody = await hub.signedIn('auditor', null, 'city-auditor');
    const actors = async (caller: Caller): Promise<Set<string>> => {
      const { body } = await caller.get<{ items: { actor: string }[] }>('/audit?limit=200');
      return new Set(body.items.map(({ actor }) => actor));
    };
    assert.deepEqual([...(await actors(auditor))].toSorted(), ['district', 'district-auditor']);
    assert.ok((await actors(everybody)).has('city'));
    const rowsOf = async (caller: Caller) =>
      (await caller.send<{ rows: number }>('POST', '/exports/audit', {})).body.rows;
    assert.ok((await rowsOf(auditor)) < (await rowsOf(everybody)));
  });

  it('manages no accounts: an administrator has no unit', async () => {
    const admin = await hub.signedIn('administrator', null, 'admin');
    const account = { login: 'chief', name: '某', role: 'administrator', unitCode: DISTRICT.code };
    const { status, body } = await admin.send<{ code: string; fields: { path: string }[] }>(
      'POST',
      '/accounts',
      account,
    );
    assert.deepEqual([status, body.code, body.fields[0]?.path], [400, 'unit-needless', 'unitCode']);
  });
});
