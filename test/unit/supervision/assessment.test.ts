import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assessmentWorkbook, type Assessment } from '../../../domain/supervision/assessment.ts';
import { FIGURE_IDS, FIGURES, type FigureId, type Ratio } from '../../../domain/supervision/figures.ts';
import { read } from 'xlsx';
import { sheetRows } from '../../../domain/spreadsheet.ts';
import { sheetsOf } from '../../support/sheets.ts';

const at = (text: string): Date => new Date(`${text}+08:00`);
const figures = (statutoryTimeliness: Ratio): Record<FigureId, Ratio> => ({
  ...(Object.fromEntries(FIGURE_IDS.map((id) => [id, { numerator: 0, denominator: 0 }])) as Record<FigureId, Ratio>),
  statutoryTimeliness,
});
const apart = {
  statutory: { exempted: 1, cancelled: 0, suspended: 0, missed: 0 },
  internal: { exempted: 0, cancelled: 2, suspended: 0, missed: 0 },
};
const task: Assessment['late'][number] = {
  id: 7,
  owner: '乙局',
  ownerCode: '113202000140064380',
  kind: 'dispute-answer',
  rule: 'WX-18c',
  article: '第十八条',
  basis: 'statutory',
  subject: 'dispute/1',
  startedAt: at('2026-10-08T10:00:00'),
  dueAt: at('2026-10-15T24:00:00'),
  endedAt: null,
  state: 'overdue',
  reason: { code: 'said', text: '=HYPERLINK("http://x")' },
  document: '@x',
};
const assessment: Assessment = {
  city: '无锡市',
  regulation: { title: '无锡市电子证照应用管理暂行办法', number: '锡政办发〔2019〕61号', draft: false },
  sanctions: { order: { name: '督办' }, notice: { name: '督办函' } },
  period: '2026-10',
  from: at('2026-10-01T00:00:00'),
  to: at('2026-11-01T00:00:00'),
  at: at('2026-11-02T09:00:00'),
  calendar: '2026/1 24:00 60',
  rankedBy: 'records',
  units: [
    { code: '113202000140064380', name: '乙局', figures: figures({ numerator: 1, denominator: 2 }), apart },
    { code: '11320200014006470N', name: '+甲局', figures: figures({ numerator: 2, denominator: 2 }), apart },
    { code: '11320200014006489N', name: '丙局', figures: figures({ numerator: 0, denominator: 0 }), apart },
  ],
  late: [task],
  exempted: [
    {
      ...task,
      id: 8,
      state: 'exempted',
      reason: { code: 'said', text: '机房断电' },
      document: '锡容错〔2026〕3号',
      endedAt: at('2026-10-20T09:00:00'),
    },
  ],
  findings: [
    {
      id: 3,
      unitCode: 'U',
      unit: '乙局',
      kind: 'sample',
      facts: '-1 条',
      stage: 'noticed',
      foundAt: at('2026-10-05T09:00:00'),
      orderedAt: at('2026-10-06T09:00:00'),
      demand: '更正',
      notices: ['锡证督〔2026〕3号'],
      deadline: { dueAt: at('2026-10-20T24:00:00'), state: 'overdue' },
    },
  ],
  notices: [{ finding: 3, unit: '乙局', number: '锡证督〔2026〕3号', by: '李处长', at: at('2026-10-21T09:00:00') }],
};

describe('the workbook of an assessment', () => {
  const book = sheetsOf(assessmentWorkbook(assessment));
  const rows = (sheet: string) => sheetRows(book, sheet);

  it('has no number of a citizen in clear, whatever it stands in', () => {
    const person = '11010519491231002X';
    const given = structuredClone(assessment);
    for (const finding of given.findings) Object.assign(finding, { facts: `${person} 的证照未归集` });
    const text = JSON.stringify([...sheetsOf(assessmentWorkbook(given)).values()]);
    assert.ok(text.includes('1101******2X 的证照未归集'), text);
    assert.ok(!text.includes(person));
  });

  it('says in its first sheet what it is, of which time, by which calendar and formulas, with counts of rows', () => {
    assert.deepEqual([...book.keys()], ['说明', '单位考核', '逾期任务', '容错任务', '督查问题', '整改文书']);
    const head = new Map(rows('说明').map(([item, content]) => [item, content]));
    assert.equal(head.get('依据'), '《无锡市电子证照应用管理暂行办法》（锡政办发〔2019〕61号）');
    assert.equal(head.get('期间'), '2026-10-01 00:00:00 至 2026-11-01 00:00:00（不含）');
    assert.equal(head.get('生成时间'), '2026-11-02T09:00:00+08:00');
    assert.equal(head.get('工作日历'), '2026/1 24:00 60');
    for (const id of FIGURE_IDS) assert.equal(head.get(FIGURES[id].name), FIGURES[id].zh);
    assert.deepEqual(
      ['单位考核', '逾期任务', '容错任务', '督查问题', '整改文书'].map((sheet) => head.get(`行数：${sheet}`)),
      ['3', '法定时限 1 项，内控时限 0 项', '法定时限 1 项，内控时限 0 项', '1', '1'],
    );
    for (const sheet of [...book.keys()].slice(1))
      assert.equal(
        (String(head.get(`行数：${sheet}`)).match(/\d+/g) ?? []).reduce((sum, count) => sum + Number(count), 0),
        rows(sheet).length - 1,
      );
    assert.match(String(head.get('排名')), /法定及时率.*内控及时率.*无应办/);
    assert.equal(head.get('时限性质'), '法定时限与内控时限分列，不合计');
    const early = sheetsOf(assessmentWorkbook({ ...assessment, at: at('2026-10-20T09:00:00') }));
    assert.match(String(sheetRows(early, '说明')[4]?.[1]), /期间尚未结束$/);
  });

  it('ranks the units with numerator and denominator of every figure; without data it says —', () => {
    const [head = [], ...units] = rows('单位考核');
    const column = head.indexOf('法定及时率');
    assert.deepEqual(
      units.map((unit) => [...unit.slice(0, 4), ...unit.slice(column, column + 3)]),
      [
        ['1', '无应办', "'+甲局", '11320200014006470N', '100.00 %', '2', '2'],
        ['2', '无应办', '乙局', '113202000140064380', '50.00 %', '1', '2'],
        ['无应办', '无应办', '丙局', '11320200014006489N', '—', '0', '0'],
      ],
    );
    assert.equal(head.length, 4 + 3 * FIGURE_IDS.length + 8);
    assert.deepEqual(
      ['法定时限容错', '内控时限撤销', '内控时限容错'].map((name) => units[0]?.[head.indexOf(name)]),
      ['1', '2', '0'],
    );
  });

  it('has codes as text, and nothing in it is a formula', () => {
    const [, late] = rows('逾期任务');
    assert.deepEqual(late, [
      '7',
      '乙局',
      '113202000140064380',
      '异议核实答复',
      'WX-18c 第十八条',
      '法定时限',
      'dispute/1',
      '2026-10-08 10:00:00',
      '2026-10-16 00:00:00',
      '',
      '逾期',
      `'=HYPERLINK("http://x")`,
      "'@x",
    ]);
    const written = read(assessmentWorkbook(assessment), { dense: true, cellFormula: true });
    for (const name of written.SheetNames)
      for (const cells of (written.Sheets[name]?.['!data'] ?? []) as (
        { t?: string; f?: string; v?: unknown } | undefined
      )[][])
        for (const cell of cells) {
          assert.equal(cell?.t ?? 's', 's');
          assert.equal(cell?.f, undefined);
          assert.doesNotMatch(typeof cell?.v === 'string' ? cell.v : '', /^[=+\-@]/);
        }
  });

  it('keeps exempted deadlines apart, with what they rest on', () => {
    const [, exempted] = rows('容错任务');
    assert.deepEqual(exempted?.slice(-3), ['容错', '机房断电', '锡容错〔2026〕3号']);
  });

  it('lists findings with their rung, and the notices of the period', () => {
    assert.deepEqual(rows('督查问题')[1]?.slice(3), [
      '随机抽查',
      "'-1 条",
      '2026-10-05 09:00:00',
      '已发督办函',
      '2026-10-06 09:00:00',
      '更正',
      '2026-10-21 00:00:00',
      '逾期',
      '锡证督〔2026〕3号',
    ]);
    assert.deepEqual(rows('整改文书')[1], ['3', '乙局', '锡证督〔2026〕3号', '李处长', '2026-10-21 09:00:00']);
  });
});
