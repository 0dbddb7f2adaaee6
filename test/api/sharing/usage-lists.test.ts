import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { catalogEntrySchema } from '../../../settings/schemas/catalog.ts';
import { textSheet, workbookOf } from '../../../domain/spreadsheet.ts';
import type { GrantView } from '../../../server/api/sharing/grants.ts';
import type { UsageListView } from '../../../server/api/sharing/usage-lists.ts';
import { approveDrafts, draftEntries } from '../../../store/library/catalog.ts';
import { ApiHub, type Caller } from '../../support/api.ts';

const NOW = '2026-11-23T10:00:00+08:00';
const HOUSE = '11100000000013338W011';
const SHOP = '111000000000134939003';
const UNIT = { code: '11320200014006438B', name: '市住建局' };
const OTHER = { code: '11320200014006999C', name: '市交通局' };
const COLUMNS = ['事项编码', '事项名称', '应用场景', '证照类型代码', '字段', '用证方式', '依据'];
const YAML = `- { code: A-1, name: 施工许可, scenario: 受理, types: ["${HOUSE}", "${SHOP}"], fields: [证照编号, 坐落], interfaces: [查询, 取原件], legalBasis: 第三条 }\n`;

interface Refused {
  code: string;
  fields: { path: string; message: string }[];
}
interface Taken {
  version: number | null;
  needed: string[];
}
interface Approval {
  version: number;
  makes: GrantView[];
  ends: GrantView[];
  unshared: string[];
}

describe('lists of uses over the API', () => {
  let hub: ApiHub;
  let management: Caller;
  let clerk: Caller;
  let stranger: Caller;
  before(async () => {
    hub = await ApiHub.open(NOW);
    const { db } = hub.database;
    management = await hub.signedIn('management');
    clerk = await hub.signedIn('user', UNIT, 'clerk');
    stranger = await hub.signedIn('user', OTHER, 'stranger');
    const face = [
      { name: 'address', label: '坐落', required: false, type: 'text', values: [] },
      // A word that is two in a cell, and one that is taken for another field.
      { name: 'area', label: '面积 平方米', required: false, type: 'text', values: [] },
      { name: 'shape', label: '证照编号', required: false, type: 'text', values: [] },
    ];
    const entries = [
      { typeCode: HOUSE, name: '不动产权证书', publicity: 'public', face },
      { typeCode: SHOP, name: '营业执照', publicity: 'internal' },
    ].map((entry) => catalogEntrySchema.parse(entry));
    await draftEntries(db, entries, 'x', new Date(NOW));
    await approveDrafts(db, [HOUSE, SHOP], 'y', new Date(NOW));
  });
  after(() => hub.close());

  const file = (content: string | Buffer, name = 'list.yaml') => ({
    file: { name, content: Buffer.from(content).toString('base64') },
  });
  const hand = <T = Taken>(body: object, caller = clerk) => caller.send<T>('POST', '/usage-lists', body);
  const book = (...rows: string[][]) => file(workbookOf({ 用证清单: textSheet([COLUMNS, ...rows]) }), 'list.xlsx');
  const lists = async (caller = clerk, unit = UNIT.code) =>
    (await caller.get<{ lists: UsageListView[] }>(`/usage-lists?unit=${unit}`)).body.lists;
  const preview = async () => (await clerk.get<Approval>(`/usage-lists/${UNIT.code}/approval`)).body;

  it('a unit hands in its own list, in YAML or as a workbook; the same list is none', async () => {
    assert.deepEqual((await hand(file(YAML))).body, { unit: UNIT.code, version: 1, uses: 1, needed: [] });
    const row = ['A-1', '施工许可', '受理', `${HOUSE}、${SHOP}`, '证照编号、坐落', '查询、取原件', '第三条'];
    assert.equal((await hand(book(row))).body.version, null);
    const [list] = await lists();
    assert.deepEqual(list?.items, [
      {
        code: 'A-1',
        name: '施工许可',
        scenario: '受理',
        types: [HOUSE, SHOP],
        fields: ['number', 'face:address'],
        interfaces: ['find', 'file'],
        legalBasis: '第三条',
      },
    ]);
    assert.deepEqual([list.takenBy, list.approvedAt], ['clerk 某', null]);
  });

  it('what is exported can be handed in again', async () => {
    const rows = [
      ['A-1', '施工许可', '受理', HOUSE, 'address、area、证照编号、持证主体', '查询、核验', '第三条、第四条'],
      ['=A-2', '+名称', '核验', HOUSE, '', '', ''],
      ['0012', '不动产', '查验', SHOP, '', '取加注件', ''],
    ];
    const taken = await hand(book(...rows));
    assert.equal(taken.body.version, 2, JSON.stringify(taken.body));
    const [before] = await lists();
    const cookie = await hub.cookieOf('clerk');
    const sheet = (version: number, headers = { cookie }) =>
      hub.app.inject({ url: `/api/v1/usage-lists/${UNIT.code}/versions/${version}/sheet`, headers });
    const { statusCode, rawPayload } = await sheet(2);
    assert.equal(statusCode, 200);
    await hand(file(YAML));
    assert.equal((await hand(file(rawPayload, '用证清单.xlsx'))).body.version, 4);
    assert.deepEqual((await lists())[0]?.items, before?.items);
    assert.equal((await sheet(9)).statusCode, 404);
    assert.equal((await sheet(2, { cookie: await hub.cookieOf('stranger') })).statusCode, 404);
  });

  it('what is wrong in a file is told by row and column, and nothing of it is taken', async () => {
    const faulty = await hand<Refused>(
      book(
        ['A-1', '施工许可', '受理', `${HOUSE}、111`, '高度', '查找', ''],
        ['', '施工许可', '核验', HOUSE, '', '', ''],
      ),
    );
    assert.equal(faulty.status, 400);
    assert.ok(faulty.body.fields.every(({ path }) => path === 'file'));
    const told = faulty.body.fields.map(({ message }) => message).join('\n');
    for (const words of [/第 2 行，证照类型代码.*“111”/, /第 2 行，用证方式.*“查找”/, /第 3 行，事项编码/])
      assert.match(told, words);
    const columns = await hand<Refused>(file(workbookOf({ a: textSheet([['事项编码', '证照类型代码']]) }), 'a.xlsx'));
    assert.match(columns.body.fields[0]?.message ?? '', /没有列 事项名称、应用场景/);
    const line = await hand<Refused>(file(`- { code: A-1, name: x, scenario: y, types: ["${HOUSE}"], x: 1 }`));
    assert.match(line.body.fields[0]?.message ?? '', /list\.yaml:1.*“x”/);
    assert.equal((await hand(file('PK broken', 'a.xlsx'))).status, 400);
    assert.equal((await hand(file(readFileSync(import.meta.filename), 'a.xlsx'))).status, 400);
    assert.equal((await hand(file('- '.repeat(200_000)))).status, 400);
    const many = await hand<Refused>(book(...Array.from({ length: 300 }, () => ['A', 'b', 'c', '111', '', '', ''])));
    assert.ok(many.body.fields.length <= 101);
    assert.match(many.body.fields.at(-1)?.message ?? '', /另有 \d+ 处/);
    assert.equal((await lists())[0]?.version, 4);
  });

  it('types that the catalog does not have are taken where the unit needs them, and named', async () => {
    const needed = '11100000000013338W999';
    const row = ['A-1', '施工许可', '受理', needed, '证照编号', '', ''];
    assert.equal((await hand(book(row))).status, 400);
    assert.deepEqual((await hand({ ...book(row), needs: true })).body.needed, [needed]);
  });

  it('a unit hands in for itself alone, the management unit for any', async () => {
    assert.equal((await hand({ ...file(YAML), unit: OTHER.code })).status, 404);
    assert.deepEqual(await lists(stranger, UNIT.code), []);
    assert.equal((await hand({ ...file(YAML), unit: OTHER.code }, management)).body.version, 1);
    assert.equal((await lists(stranger, OTHER.code)).length, 1);
    const auditor = await hub.signedIn('auditor');
    assert.equal((await hand(file(YAML), auditor)).status, 403);
  });

  it('before a list is approved, it is said what that grants and ends', async () => {
    await hand(file(YAML));
    const brief = (grants: GrantView[]) => grants.map(({ scenario, typeCode, fields }) => [scenario, typeCode, fields]);
    const first = await preview();
    assert.deepEqual(brief(first.makes), [['受理', HOUSE, ['number', 'face:address']]]);
    assert.deepEqual([first.ends, first.unshared], [[], [SHOP]]);
    const approve = (version: number) =>
      management.send<{ made: number; ended: number }>('POST', `/usage-lists/${UNIT.code}/approve`, { version });
    assert.equal((await approve(first.version)).body.made, 1);
    assert.equal((await clerk.get(`/usage-lists/${UNIT.code}/approval`)).status, 409, 'nothing waits');
    await hand(
      book(['A-1', '施工许可', '受理', HOUSE, '证照编号', '', ''], ['B-1', '备案', '受理', HOUSE, '', '', '']),
    );
    const second = await preview();
    assert.deepEqual(
      second.makes.map(({ matter, fields }) => [matter, fields.length]),
      [
        ['A-1', 1],
        ['B-1', 8],
      ],
    );
    assert.deepEqual(brief(second.ends), brief(first.makes));
    assert.deepEqual((await approve(second.version)).body, { made: 2, ended: 1, unshared: [] });
    assert.equal((await stranger.get(`/usage-lists/${UNIT.code}/approval`)).status, 404);
  });
});
