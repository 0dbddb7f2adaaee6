import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Knex } from 'knex';
import { catalogEntrySchema } from '../../../settings/schemas/catalog.ts';
import { readUsageList } from '../../../settings/sheets/usage-list.ts';
import { inOneLanguage } from '../../support/languages.ts';
import { textSheet, workbookOf, type Workbook } from '../../../domain/spreadsheet.ts';
import { noteUsageChange, saveUsageList, syncNeeds, usageLists } from '../../../store/sharing/usage-lists.ts';
import { openShareRequest } from '../../../store/casework/share-requests.ts';
import { approveDrafts, draftEntries } from '../../../store/library/catalog.ts';
import { at, tasksOf, useProfile } from '../../support/arrivals.ts';
import { sheetsOf } from '../../support/sheets.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';

const NOW = at('2026-11-23T10:00');
const CLERK = { by: '张三', at: NOW };
const KNOWN = ['111000000000134939003', '11100000000013338W011'];
const FACE = { name: 'address', label: '坐落', required: false, type: 'text', values: [] };
const CATALOG = new Map(
  KNOWN.map((typeCode) => [typeCode, catalogEntrySchema.parse({ typeCode, name: '证', face: [FACE] })]),
);
const unit = (code: string) => ({ code, name: '市住建局' });
const use = (scenario: string) => ({ code: 'A-1', name: '施工许可', scenario, types: [KNOWN[0] ?? ''] });

describe('lists of uses', () => {
  let database: TestDatabase;
  let db: Knex;
  before(async () => {
    database = await createDatabase();
    ({ db } = database);
    await useProfile(db, 'wuxi');
  });
  after(() => database.drop());

  const owed = async (code: string) =>
    (await tasksOf(db, `usage-list/${code}`, NOW)).map(
      ({ subject, rule, owner, startedAt, dueAt, state, endedAt }) => ({
        subject,
        rule,
        owner,
        startedAt,
        dueAt,
        state,
        endedAt,
      }),
    );

  it('keep every version; the same list is none', async () => {
    assert.deepEqual(await saveUsageList(db, unit('A'), [use('受理')], CLERK), { version: 1, met: 0 });
    assert.equal(await saveUsageList(db, unit('A'), [use('受理')], CLERK), null);
    assert.deepEqual(await saveUsageList(db, unit('A'), [use('核验')], CLERK), { version: 2, met: 0 });
    assert.deepEqual(await saveUsageList(db, unit('A'), [use('受理')], CLERK), { version: 3, met: 0 });
    await saveUsageList(db, unit('B'), [use('受理')], CLERK);
    assert.deepEqual(
      (await usageLists(db, 'A')).map(({ version, items, takenBy }) => [version, items[0]?.scenario, takenBy]),
      [
        [3, '受理', '张三'],
        [2, '核验', '张三'],
        [1, '受理', '张三'],
      ],
    );
    assert.deepEqual(
      (await usageLists(db)).map(({ unitCode, version }) => [unitCode, version]),
      [
        ['A', 3],
        ['B', 1],
      ],
    );
  });

  it('are owed once from a change on, met by a new version, and owed anew by a later change', async () => {
    const since = at('2026-11-20T09:00');
    assert.equal(await noteUsageChange(db, unit('C'), since, CLERK), 1);
    assert.equal(await noteUsageChange(db, unit('C'), NOW, CLERK), 0);
    assert.deepEqual(await owed('C'), [
      {
        subject: 'usage-list/C',
        rule: 'WX-11a',
        owner: '市住建局',
        startedAt: since,
        dueAt: at('2026-11-27T24:00'),
        state: 'open',
        endedAt: null,
      },
    ]);
    await saveUsageList(db, unit('D'), [use('受理')], CLERK);
    assert.equal((await owed('C'))[0]?.state, 'open', 'another unit’s list is none of it');
    assert.deepEqual(await saveUsageList(db, unit('C'), [use('受理')], CLERK), { version: 1, met: 1 });
    assert.deepEqual([(await owed('C'))[0]?.state, (await owed('C'))[0]?.endedAt], ['met', NOW]);
    assert.equal(await noteUsageChange(db, unit('C'), NOW, CLERK), 1);
    assert.deepEqual((await owed('C#2')).map(({ state }) => state), ['open']); // prettier-ignore
  });

  it('are not owed from a time that is ahead, or over a year ago', async () => {
    const noted = (since: string) => noteUsageChange(db, unit('F'), at(since), CLERK);
    await assert.rejects(noted('2027-11-20T09:00'), /lies ahead/);
    await assert.rejects(noted('2025-11-20T09:00'), /over 366 days ago/);
    assert.deepEqual(await owed('F'), []);
  });

  it('are nobody’s duty under a profile without the rule', async () => {
    await useProfile(db, 'xuchang');
    assert.equal(await noteUsageChange(db, unit('E'), NOW, CLERK), 0);
    assert.deepEqual(await owed('E'), []);
  });

  describe('are read', () => {
    const HEADER = ['事项编码', '事项名称', '应用场景', '证照类型代码'];
    const workbook = (...rows: string[][]): Workbook => sheetsOf(workbookOf({ 清单: textSheet([HEADER, ...rows]) }));
    const read = (content: Workbook | string) =>
      inOneLanguage(() => readUsageList(typeof content === 'string' ? 'uses.yaml' : 'uses.xlsx', content, CATALOG));

    it('from a workbook and from YAML alike', () => {
      const expected = [{ code: 'A-1', name: '施工许可', scenario: '受理', types: KNOWN }];
      assert.deepEqual(read(workbook(['A-1', '施工许可', '受理', KNOWN.join('、')])), expected);
      const types = KNOWN.map((code) => `"${code}"`).join(', ');
      assert.deepEqual(read(`- {code: A-1, name: 施工许可, scenario: 受理, types: [${types}]}`), expected);
    });

    it('and refused where they name a type that the catalog does not have, with its place and the nearest one', () => {
      const row = (type: string) => ['A-1', '施工许可', '受理', type];
      assert.throws(
        () =>
          read(
            workbook(row(KNOWN[0] ?? ''), ['', '', '', ''], ['A-2', 'x', '受理', `${KNOWN[0]}、11100000000013338W012`]),
          ),
        /row 4, 证照类型代码: found “11100000000013338W012”, expected .*11100000000013338W011 is the nearest/,
      );
      assert.throws(
        () => read(`- code: A-1\n  name: 施工许可\n  scenario: 受理\n  types:\n    - "11100000000013338W012"`),
        /uses\.yaml:5:\[0\]\.types\[0\]: found “11100000000013338W012”, expected .*11100000000013338W011 is the nearest/,
      );
    });

    it('with the fields, the ways and the legal basis of a use, as words of the catalog', () => {
      const more = (...cells: string[]): Workbook =>
        sheetsOf(
          workbookOf({
            清单: textSheet([
              [...HEADER, '字段', '用证方式', '依据'],
              ['A-1', '施工许可', '受理', KNOWN[0] ?? '', ...cells],
            ]),
          }),
        );
      assert.deepEqual(read(more('证照编号、坐落', '查询、取原件', '《条例》第三条'))[0], {
        code: 'A-1',
        name: '施工许可',
        scenario: '受理',
        types: [KNOWN[0]],
        fields: ['number', 'face:address'],
        interfaces: ['find', 'file'],
        legalBasis: '《条例》第三条',
      });
      assert.throws(
        () => read(more('证照编号、面积', '', '')),
        /row 2, 字段: found “面积”, expected a field of certificates, of their face 坐落/,
      );
      assert.throws(() => read(more('', '打印', '')), /row 2, 用证方式: found “打印”, expected one of 查询/);
    });

    it('and refused where something is missing or twice', () => {
      const row = ['A-1', '施工许可', '受理', KNOWN[0] ?? ''];
      assert.throws(
        () => read(workbook(row, row)),
        /row 3, 应用场景: found “受理”, expected each scenario of an item once/,
      );
      const other = workbook(['A-1', 'x', '受理', '11100000000013338W777']);
      assert.throws(() => read(other), /expected a 证照类型代码 of the catalog/);
      assert.deepEqual(readUsageList('uses.xlsx', other, CATALOG, true)[0]?.types, ['11100000000013338W777']);
      assert.throws(
        () => readUsageList('uses.xlsx', workbook(['A-1', 'x', '受理', '不动产权证']), CATALOG, true),
        /found “不动产权证”, expected a 证照类型代码 of 21 characters/,
      );
      assert.throws(() => read(workbook(['A-1', '', '受理', KNOWN[0] ?? ''])), /row 2, 事项名称: found nothing/);
      assert.throws(
        () => read(workbook(['A-1', 'x', '受理', ''])),
        /row 2, 证照类型代码: found nothing, expected at least 1/,
      );
      assert.throws(() => read(workbook()), /expected at least 1/);
      assert.throws(
        () => read(sheetsOf(workbookOf({ a: textSheet([['事项编码', '事项名称', '应用场景']]) }))),
        /row 1: found no column 证照类型代码/,
      );
    });
  });

  describe('certificates that the city’s catalog does not have', () => {
    before(() => useProfile(db, 'wuxi'));
    const OTHER = '11100000000013338W777';
    const NEEDING = { code: 'N', name: '市人社局' };
    const needs = async (now: Date) => {
      await syncNeeds(db, now);
      return (await tasksOf(db, `need/${NEEDING.code}`, now)).map(
        ({ subject, rule, owner, state, startedAt, endedAt }) => ({
          task: `${rule} ${subject} ${owner} ${state}`,
          startedAt,
          endedAt,
        }),
      );
    };
    const list = (types: string[], taken: Date) =>
      saveUsageList(db, NEEDING, [{ ...use('受理'), types }], { by: '张三', at: taken });
    const request = (wanted: string, requested: Date) =>
      openShareRequest(db, { unit: NEEDING, wanted, scenario: '受理', neededAt: null }, { by: '王五', at: requested });

    it('are to be requested by the unit whose list names them, and are by a request that names the type', async () => {
      const approved = catalogEntrySchema.parse({ typeCode: KNOWN[0], name: '证' });
      await draftEntries(db, [approved], 'x', NOW);
      await approveDrafts(db, [approved.typeCode], 'y', NOW);
      await list([approved.typeCode, OTHER], NOW);
      const subject = `need/N/${OTHER}`;
      assert.deepEqual(await needs(at('2026-11-23T11:00')), [
        { task: `WX-11b ${subject} 市人社局 open`, startedAt: NOW, endedAt: null },
      ]);
      await request('居住证', at('2026-11-24T09:00'));
      assert.match((await needs(at('2026-11-24T10:00')))[0]?.task ?? '', / open$/);
      await request(`居住证 ${OTHER}`, at('2026-11-24T11:00'));
      const filed = [{ task: `WX-11b ${subject} 市人社局 met`, startedAt: NOW, endedAt: at('2026-11-24T11:00') }];
      assert.deepEqual(await needs(at('2026-11-24T12:00')), filed);
      assert.deepEqual(await needs(at('2026-11-25T12:00')), filed);
    });

    it('are not needed any more when the list names them no longer', async () => {
      const third = '11100000000013338W778';
      await list([third], at('2026-11-26T09:00'));
      assert.equal((await needs(at('2026-11-26T10:00'))).length, 2);
      await list([], at('2026-11-27T09:00'));
      const ended = (await needs(at('2026-11-27T10:00'))).find(({ task }) => task.includes(third));
      assert.deepEqual(ended, {
        task: `WX-11b need/N/${third} 市人社局 met`,
        startedAt: at('2026-11-26T09:00'),
        endedAt: at('2026-11-27T10:00'),
      });
    });

    it('stay late where a paper of before is told of after they were due', async () => {
      const fourth = '11100000000013338W779';
      await list([fourth], at('2026-12-01T09:00'));
      await needs(at('2026-12-01T10:00'));
      const told = at('2026-12-10T09:00');
      const filed = { at: at('2026-12-02T09:00'), saidBy: '王五' };
      const wanted = { unit: NEEDING, wanted: fourth, scenario: '受理', neededAt: null, filed };
      await openShareRequest(db, wanted, { by: '王五', at: told });
      const late = (await needs(told)).find(({ task }) => task.includes(fourth));
      assert.match(late?.task ?? '', / met late$/);
      assert.deepEqual(late?.endedAt, told);
    });
  });
});
