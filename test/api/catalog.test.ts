import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { catalogEntrySchema } from '../../settings/schemas/catalog.ts';
import {
  approvedCatalog,
  approveDrafts,
  draftEntries,
  entryVersions,
  withdrawEntries,
} from '../../store/library/catalog.ts';
import { pathOf } from '../../store/library/files/contract.ts';
import { FolderStore } from '../../store/library/files/folder.ts';
import { keepTemplate } from '../../store/library/templates.ts';
import type { CatalogView, EntryDetail, PublicEntryView } from '../../server/api/library/catalog.ts';
import { ApiHub, type Caller } from '../support/api.ts';

const NOW = '2026-11-23T10:00:00+08:00';
const UNIT = { code: '11320200014006438B', name: '市住房和城乡建设局' };
const OTHER = { code: '11320200MB1912388T', name: '市市场监督管理局' };
const CODE = '11100000000013338W011';
const NEXT = '11100000000013338W022';

const entry = (typeCode: string, change: object = {}) =>
  catalogEntrySchema.parse({
    typeCode,
    name: '建筑工程施工许可证',
    category: '证照',
    issuer: UNIT,
    definer: UNIT,
    holders: ['legal'],
    template: 'sgxk.ofd',
    face: [{ name: 'projectName', label: '工程名称' }],
    collectFrom: '2026-01-01',
    publicity: 'public',
    level: 'national',
    items: [{ code: 'A', name: '施工许可' }],
    ...change,
  });

describe('the catalog through the API', () => {
  let hub: ApiHub;
  let management: Caller;
  let issuer: Caller;
  let stranger: Caller;
  let store: FolderStore;
  before(async () => {
    hub = await ApiHub.open(NOW);
    management = await hub.signedIn('management');
    issuer = await hub.signedIn('issuer', UNIT);
    stranger = await hub.signedIn('issuer', OTHER, 'stranger');
    const { db } = hub.database;
    const at = new Date('2026-11-01T09:00:00+08:00');
    store = new FolderStore(hub.files);
    const templates = new Map([['sgxk.ofd', await keepTemplate(store, Buffer.from('底图'))]]);
    await draftEntries(db, [entry(CODE)], UNIT.code, at, { templates });
    await approveDrafts(db, [CODE], 'management', at);
    await draftEntries(db, [entry(CODE, { validYears: 3 }), entry(NEXT, { name: '商品房预售许可证' })], UNIT.code, at);
  });
  after(() => hub.close());

  const lines = async (caller: Caller, query = ''): Promise<[string, string, number | null][]> =>
    (await caller.get<{ items: CatalogView[] }>(`/catalog${query}`)).body.items.map(({ typeCode, state, draft }) => [
      ...([typeCode, state] as const),
      draft,
    ]);
  const detail = async (caller: Caller, code = CODE): Promise<EntryDetail> =>
    (await caller.get<EntryDetail>(`/catalog/${code}`)).body;

  it('has a line for each type, with drafts for those whose they are', async () => {
    const all = [
      [CODE, 'approved', 2],
      [NEXT, 'draft', null],
    ];
    assert.deepEqual(await lines(management), all);
    assert.deepEqual(await lines(issuer), all);
    assert.deepEqual(await lines(stranger), [[CODE, 'approved', null]]);
    assert.equal((await stranger.get(`/catalog/${NEXT}`)).status, 404);
    assert.deepEqual(await lines(management, '?state=draft'), all);
    assert.deepEqual(await lines(management, `?text=${encodeURIComponent('预售')}`), [[NEXT, 'draft', null]]);
  });

  it('goes on where a page ended', async () => {
    const { body } = await management.get<{ items: CatalogView[]; next: string }>('/catalog?limit=1');
    assert.deepEqual(await lines(management, `?limit=1&after=${body.next}`), [[NEXT, 'draft', null]]);
  });

  it('says in which fields a draft differs from what is in force', async () => {
    const { versions } = await detail(management);
    assert.deepEqual(
      versions.map(({ version, state, differs }) => [version, state, differs]),
      [
        [2, 'draft', ['validYears']],
        [1, 'approved', []],
      ],
    );
  });

  it('refuses a decision on a draft that was changed meanwhile, and says by whom', async () => {
    const { draftStamp } = await detail(management);
    await draftEntries(hub.database.db, [entry(CODE, { validYears: 5 })], UNIT.code, new Date(NOW));
    const { status, body } = await management.send<{ code: string; title: string }>(
      ...(['POST', `/catalog/${CODE}/approve`, {}, { 'if-match': `"${String(draftStamp)}"` }] as const),
    );
    assert.deepEqual([status, body.code], [409, 'changed-meanwhile']);
    assert.ok(body.title.includes(UNIT.code));
    assert.equal((await approvedCatalog(hub.database.db)).get(CODE)?.validYears, null);
  });

  it('takes a draft into force and leaves an audit entry, once', async () => {
    const { draftStamp } = await detail(management);
    const headers = { 'if-match': `"${String(draftStamp)}"`, 'idempotency-key': 'k1' };
    assert.equal((await issuer.send('POST', `/catalog/${CODE}/approve`, {})).status, 403);
    for (let turn = 0; turn < 2; turn++)
      assert.equal((await management.send('POST', `/catalog/${CODE}/approve`, {}, headers)).status, 200);
    const { db } = hub.database;
    assert.equal((await approvedCatalog(db)).get(CODE)?.validYears, 5);
    const entries = await db('audit').where({ action: 'catalog:approve', object: `catalog/${CODE}` });
    assert.equal(entries.length, 1);
    assert.equal((await management.send('POST', `/catalog/${CODE}/approve`, {})).status, 404);
  });

  it('keeps a refused draft as a version, and what is in force', async () => {
    const { db } = hub.database;
    await draftEntries(db, [entry(CODE, { validYears: 9 })], UNIT.code, new Date(NOW));
    assert.equal((await management.send('POST', `/catalog/${CODE}/refuse`, {})).status, 400);
    assert.equal((await management.send('POST', `/catalog/${CODE}/refuse`, { reason: '年限无依据' })).status, 200);
    assert.equal((await approvedCatalog(db)).get(CODE)?.validYears, 5);
    assert.deepEqual(
      (await entryVersions(db, [CODE])).map(({ state }) => state),
      ['withdrawn', 'approved', 'superseded'],
    );
  });

  it('puts nothing into force that lacks what the regulation asks for', async () => {
    const { db } = hub.database;
    await draftEntries(db, [entry(NEXT, { face: [] })], UNIT.code, new Date(NOW));
    assert.deepEqual((await detail(management, NEXT)).lacking, ['face']);
    const { status, body } = await management.send<{ code: string; title: string }>(
      'POST',
      `/catalog/${NEXT}/approve`,
      {},
    );
    assert.deepEqual([status, body.code], [422, 'entry-incomplete']);
    assert.ok(body.title.includes('照面信息'));
    assert.equal((await approvedCatalog(db)).get(NEXT), undefined);
  });

  describe('the template of a type', () => {
    const file = (content: string, name = 'ysxk.ofd') => ({
      file: { name, content: Buffer.from(content).toString('base64') },
    });
    const handIn = (caller: Caller, content: string) =>
      caller.send<{ hash: string; code: string }>('POST', `/catalog/${NEXT}/template`, file(content));
    const approve = () => management.send<{ code: string; title: string }>('POST', `/catalog/${NEXT}/approve`, {});
    const download = (version: number) =>
      hub.app.inject({ url: `/api/v1/catalog/${NEXT}/versions/${version}/template`, headers });
    let headers: Record<string, string>;
    before(async () => {
      headers = { cookie: await hub.cookieOf('issuer') };
      await draftEntries(
        hub.database.db,
        [entry(NEXT, { name: '商品房预售许可证', template: 'ysxk.ofd', publicity: 'shared' })],
        UNIT.code,
        new Date(NOW),
      );
    });

    it('is missed until its file is stored, and nothing is approved without it', async () => {
      const { lacking, lacksTemplate, versions } = await detail(management, NEXT);
      assert.deepEqual([lacking, lacksTemplate, versions[0]?.templateHash], [[], true, null]);
      const { status, body } = await approve();
      assert.deepEqual([status, body.code], [422, 'template-missing']);
      assert.ok(body.title.includes('ysxk.ofd'));
      assert.equal((await download(1)).statusCode, 404);
      assert.equal((await approvedCatalog(hub.database.db)).get(NEXT), undefined);
    });

    it('is handed in by the issuer or the management unit, kept by its hash, and given out as it was', async () => {
      assert.equal((await handIn(stranger, '甲')).status, 404);
      const { status, body } = await handIn(issuer, '底图甲');
      assert.deepEqual([status, body.hash], [200, hash('sha256', '底图甲')]);
      assert.equal((await detail(issuer, NEXT)).lacksTemplate, false);
      const { statusCode, body: content } = await download(1);
      assert.deepEqual([statusCode, content], [200, '底图甲']);
      assert.equal((await approve()).status, 200);
    });

    it('is another one by a new draft, which tells that it differs; what was in force keeps its own', async () => {
      assert.equal((await handIn(management, '底图乙')).status, 200);
      const [draft, approved] = (await detail(management, NEXT)).versions;
      assert.deepEqual([draft?.state, draft?.differs, approved?.state], ['draft', ['template'], 'approved']);
      assert.deepEqual([(await download(1)).body, (await download(2)).body], ['底图甲', '底图乙']);
    });

    it('is refused where it is not any more what was stored', async () => {
      const [draft] = (await detail(management, NEXT)).versions;
      writeFileSync(join(hub.files, pathOf(draft?.templateHash ?? '')), '底图丙');
      assert.equal((await download(2)).statusCode, 404);
      assert.deepEqual([(await approve()).status, (await detail(management, NEXT)).lacksTemplate], [422, true]);
      assert.equal((await handIn(management, '底图乙')).status, 200);
      assert.equal((await approve()).status, 200, 'handing it in again mends it');
    });

    it('of a foreign type that is in force is not one’s own to hand in', async () => {
      assert.equal((await handIn(stranger, '丁')).status, 403);
    });
  });

  describe('for everybody', () => {
    const HIDDEN = '11100000000013338W033';
    const SHARED = '11100000000013338W044';
    before(async () => {
      const { db } = hub.database;
      const at = new Date('2026-11-02T09:00:00+08:00');
      const entries = [
        entry(HIDDEN, { publicity: 'internal', name: '内部证' }),
        entry(SHARED, {
          name: '行业综合许可证',
          members: [CODE, HIDDEN],
          sources: ['housing-permits'],
          inspection: 'projectName',
          holders: ['legal', 'unincorporated'],
        }),
      ];
      await draftEntries(db, entries, UNIT.code, at);
      await approveDrafts(db, [HIDDEN, SHARED], 'management', at);
    });
    const open = (query = '') =>
      hub.ask<{ items: PublicEntryView[]; next: string | null }>({ method: 'GET', url: `/public/catalog${query}` });

    it('has what is open and in force, without what is the hub’s own', async () => {
      const { status, body } = await open();
      assert.equal(status, 200);
      assert.deepEqual(
        body.items.map(({ typeCode }) => typeCode),
        [CODE, SHARED],
      );
      const shown = body.items[1];
      assert.equal(
        Object.keys(shown ?? {})
          .sort()
          .join(' '),
        'category collectFrom definer face holders issuer items level members name typeCode validYears',
      );
      assert.deepEqual(shown?.face, [{ label: '工程名称', required: false, type: 'text' }]);
      assert.deepEqual([shown.members, shown.holders], [[CODE], ['legal', 'unincorporated']]);
      assert.ok(!JSON.stringify(body).includes(HIDDEN));
      assert.ok(!JSON.stringify(body).includes('housing-permits'));
    });

    it('is found by name, and goes on where a page ended', async () => {
      const codesOf = async (query: string): Promise<string[]> =>
        (await open(query)).body.items.map(({ typeCode }) => typeCode);
      assert.deepEqual(await codesOf(`?text=${encodeURIComponent('综合')}`), [SHARED]);
      assert.deepEqual(await codesOf(`?text=${encodeURIComponent('内部')}`), []);
      const { body } = await open('?limit=1');
      assert.deepEqual(await codesOf(`?limit=1&after=${String(body.next)}`), [SHARED]);
    });

    it('no longer has what is withdrawn', async () => {
      await withdrawEntries(hub.database.db, [SHARED], 'management', new Date(NOW));
      assert.deepEqual(
        (await open()).body.items.map(({ typeCode }) => typeCode),
        [CODE],
      );
    });

    it('is asked for so often a minute from one address, and no more', async () => {
      const statuses: number[] = [];
      for (let asked = 0; asked < 70; asked++) statuses.push((await open()).status);
      assert.deepEqual([statuses[0], statuses.at(-1)], [200, 429], JSON.stringify(statuses));
    });
  });
});
