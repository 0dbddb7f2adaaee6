import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { refusedAction } from '../../../domain/casework/definition.ts';
import { noticeDocument, type NoticeFacts } from '../../../domain/supervision/notice.ts';
import {
  rank,
  rankingInWords,
  rankText,
  FIGURE_IDS,
  type FigureId,
  type Ratio,
} from '../../../domain/supervision/figures.ts';
import {
  FINDING,
  hasEnded,
  judge,
  STAGES,
  TRIAL_RESULTS,
  type FindingAction,
  type FindingStage,
  type TrialAnswer,
} from '../../../domain/supervision/findings.ts';
import { checkUsage, readUsageSheet } from '../../../domain/supervision/usage-sheet.ts';
import { sheetsOf } from '../../support/sheets.ts';
import { textSheet, workbookOf } from '../../../domain/spreadsheet.ts';

describe('the ladder of supervision', () => {
  /** Every step that there is, as the regulation has it. */
  const STEPS: [from: FindingStage, action: FindingAction, to: FindingStage][] = [
    ['found', 'order', 'ordered'],
    ['found', 'dismiss', 'dismissed'],
    ['found', 'transfer', 'transferred'],
    ['ordered', 'transfer', 'transferred'],
    ['reported', 'transfer', 'transferred'],
    ['noticed', 'transfer', 'transferred'],
    ['ordered', 'report', 'reported'],
    ['ordered', 'notice', 'noticed'],
    ['reported', 'pass', 'passed'],
    ['reported', 'fail', 'ordered'],
    ['noticed', 'report', 'reported'],
  ];

  const overdue = { state: 'overdue', dueAt: new Date() } as const;
  const leadsTo = (stage: FindingStage, action: FindingAction): FindingStage | null =>
    refusedAction(FINDING, { stage, deadline: overdue }, action) === null ? FINDING.actions[action].to : null;

  it('has these steps and no other', () => {
    for (const stage of Object.keys(STAGES) as FindingStage[])
      for (const action of Object.keys(FINDING.actions) as FindingAction[]) {
        const expected = STEPS.find(([from, by]) => from === stage && by === action)?.[2] ?? null;
        assert.equal(leadsTo(stage, action), expected, `${stage} ${action}`);
      }
    assert.deepEqual((Object.keys(STAGES) as FindingStage[]).filter(hasEnded), [
      'passed',
      'dismissed',
      'transferred',
      'cleared',
    ]);
  });

  it('from every rung there is a way to an end, and no notice without an order', () => {
    const reach = (from: FindingStage): Set<FindingStage> => {
      const reached = new Set<FindingStage>([from]);
      for (const stage of reached) for (const [at, , to] of STEPS) if (at === stage) reached.add(to);
      return reached;
    };
    for (const stage of Object.keys(STAGES) as FindingStage[]) assert.ok([...reach(stage)].some(hasEnded), stage);
    assert.equal(leadsTo('found', 'notice'), null);
    assert.equal(leadsTo('reported', 'notice'), null, 'what was reported as done is re-checked first');
  });
});

describe('the answer to a trial use', () => {
  const sound: TrialAnswer = { status: 'valid', flagged: false, file: true, signature: 'valid' };
  for (const [what, answer, expected] of [
    ['all is well', sound, 'good'],
    ['there is no file to be had', { ...sound, file: null, signature: null }, 'good'],
    ['nobody can check the seal', { ...sound, signature: '未核验' }, 'unverified'],
    ['nothing comes back', { ...sound, status: null }, 'not found'],
    ['another source has cancelled it', { ...sound, status: 'cancelled' }, 'not valid'],
    ['it is flagged', { ...sound, flagged: true, file: false }, 'flagged'],
    ['its file is not there', { ...sound, file: false, signature: null }, 'file missing'],
    ['its signature does not hold', { ...sound, signature: 'invalid' }, 'signature invalid'],
    ['it bears no signature', { ...sound, signature: 'unsigned' }, 'unsigned'],
  ] as [string, TrialAnswer, string][])
    it(`is “${expected}” where ${what}`, () => assert.equal(judge(answer), expected));

  it('is usable with a seal that is valid, and says nothing of the unit with one that could not be verified', () => {
    assert.equal(TRIAL_RESULTS[judge(sound)].good, true);
    assert.equal(TRIAL_RESULTS[judge({ ...sound, signature: '未核验' })].good, null);
  });
});

describe('a document on what was not rectified in time', () => {
  const at = (text: string): Date => new Date(`${text}+08:00`);
  const facts: NoticeFacts = {
    number: '许证督〔2026〕3号',
    management: '许昌市政务服务和大数据管理局',
    unit: '市教育局',
    inspection: '随机抽查',
    name: '书面通报',
    order: '责令限期改正',
    regulation: { title: '许昌市电子证照管理暂行办法', number: '许政办〔2021〕13号', draft: false },
    law: {
      article: '第三十一条',
      quote: '责令限期改正；逾期不改正的，给予书面通报',
      item: { id: '五', text: '对存在问题的证照数据，未及时核对和修正的' },
      notice: '第三十一条',
    },
    foundAt: at('2026-02-09T09:00:00'),
    facts: '随机抽查 50 条，其中不一致 3 条',
    orderedAt: at('2026-02-10T10:00:00'),
    demand: '更正 3 条',
    workingDays: 5,
    termFrom: at('2026-02-10T10:00:00'),
    dueAt: at('2026-02-24T24:00:00'),
    calendar: '2026/1',
    at: at('2026-02-26T09:00:00'),
  };

  it('says what was found, ordered and not done, by which article, and when', () => {
    const text = noticeDocument(facts)
      .replace(/<style>[^]*<\/style>/, '')
      .replace(/<[^>]+>/g, '');
    for (const part of [
      '许证督〔2026〕3号',
      '关于市教育局逾期未改正有关问题的通报',
      '市教育局：',
      '2026年2月9日，我单位在随机抽查中发现',
      '上述问题属于《许昌市电子证照管理暂行办法》（许政办〔2021〕13号）第三十一条第（五）项“对存在问题的证照数据',
      '《许昌市电子证照管理暂行办法》（许政办〔2021〕13号）第三十一条“责令限期改正',
      '2026年2月10日对你单位责令限期改正',
      '第三十一条予以书面通报',
      '改正期限为5个工作日，自2026年2月10日起算，至2026年2月24日届满（工作日历 2026/1）',
      '截至2026年2月26日，整改仍未经复查通过，已逾期2天',
      '许昌市政务服务和大数据管理局2026年2月26日',
    ])
      assert.ok(text.includes(part), `${part}\n${text}`);
  });

  it('a regulation without a number is named without one', () => {
    const document = noticeDocument({ ...facts, regulation: { title: '试行办法', draft: false } });
    assert.ok(document.includes('《试行办法》第三十一条'));
  });

  it('where the regulation has no article for it, it is a letter that cites none and says that its term is internal', () => {
    const letter = noticeDocument({ ...facts, name: '督办函', order: '督办', law: null });
    for (const part of [
      '关于市教育局逾期未改正有关问题的督办函',
      '对你单位督办，要求如下',
      '个工作日（内控时限）',
      '现发督办函',
    ])
      assert.ok(letter.includes(part), part);
    assert.doesNotMatch(letter, /第[一二三四五六七八九十]+条|责令|通报|《/);
  });

  it('a draft is said to be one, and that nothing rests on it', () => {
    const regulation = { title: '管理办法', draft: true };
    const letter = noticeDocument({ ...facts, name: '督办函', order: '督促整改', law: null, regulation });
    assert.ok(letter.includes('《管理办法》（送审稿）尚未施行，本文书不以其条款为依据。'));
    assert.doesNotMatch(letter, /第[一二三四五六七八九十]+条|依据《/);
  });

  it('of what was entered by hand it names no inspection', () => {
    assert.ok(noticeDocument({ ...facts, inspection: null }).includes('2026年2月9日，我单位发现你单位'));
  });

  it('shows whatever it is given as text: nothing becomes a tag or leaves an attribute', () => {
    const plain = noticeDocument(facts).match(/<[^>]*>/g);
    const nasty = fc.string({ unit: fc.constantFrom('<', '>', '&', '"', "'", 'b', '/', ';', 'script', '证') });
    fc.assert(
      fc.property(nasty, nasty, nasty, nasty, (unit, found, demand, number) => {
        const document = noticeDocument({ ...facts, unit, facts: found, demand, number });
        assert.deepEqual(document.match(/<[^>]*>/g), plain, 'the same tags');
        assert.doesNotMatch(document.replace(/&(?:amp|lt|gt|quot|#39);/g, ''), /&/);
      }),
    );
  });
});

describe('the ranking', () => {
  const unit = (name: string, shares: Partial<Record<FigureId, [number, number]>>) => ({
    name,
    figures: Object.fromEntries(
      FIGURE_IDS.map((id): [string, Ratio] => {
        const [numerator, denominator] = shares[id] ?? [0, 0];
        return [id, { numerator, denominator }];
      }),
    ) as Record<FigureId, Ratio>,
  });
  const units = [
    unit('none', { collection: [9, 9] }),
    unit('late', { statutoryTimeliness: [1, 2], statutoryTasks: [3, 3] }),
    unit('better', { statutoryTimeliness: [9, 10], collection: [9, 10] }),
    unit('best', { statutoryTimeliness: [90, 100], collection: [10, 10] }),
    unit('as late', { statutoryTimeliness: [2, 4], statutoryTasks: [1, 3] }),
    unit('inner', { internalTimeliness: [1, 3], internalTasks: [1, 1] }),
  ];
  const placed = (by: 'records' | 'tasks') =>
    rank(units, by).map(({ name, rank: { statutory, internal } }) => `${statutory} ${internal} ${name}`);

  it('is by 及时率 of records, 法定 and 内控 apart, then by the next figure; equals share a rank; of whom nothing was due has none', () => {
    assert.deepEqual(placed('records'), [
      '1 null best',
      '2 null better',
      '3 null late',
      '3 null as late',
      'null 1 inner',
      'null null none',
    ]);
    assert.equal(rankText(null), '无应办');
  });

  it('is by 按期办结率 of tasks where the profile says so, and says which it is', () => {
    assert.deepEqual(placed('tasks').slice(0, 3), ['1 null late', '2 null as late', 'null 1 inner']);
    assert.match(rankingInWords('records').zh, /^法定名次按法定及时率、内控名次按内控及时率.*无应办/);
    assert.match(rankingInWords('tasks').zh, /^法定名次按法定按期办结率、内控名次按内控按期办结率/);
  });
});

describe('the report of a user unit', () => {
  const head = [
    '单位名称',
    '单位代码',
    '月份',
    '应关联事项',
    '已关联事项',
    '可用证办件',
    '已用证办件',
    '调用次数',
    '成功次数',
  ];
  const row = ['市教育局', '11320200014006470N', '2026-10', '3', '2', '10', '9', '4', '4'];
  const read = (...rows: string[][]) => readUsageSheet(sheetsOf(workbookOf({ 用证: textSheet([head, ...rows]) })));

  it('is read by the names of its columns, whatever their order; empty rows are passed over', () => {
    const [report, ...others] = read(
      row,
      row.map(() => ''),
    );
    assert.deepEqual(others, []);
    assert.deepEqual(report, {
      unitCode: '11320200014006470N',
      unitName: '市教育局',
      month: '2026-10',
      items: 3,
      itemsLinked: 2,
      cases: 10,
      casesUsed: 9,
      calls: 4,
      callsGood: 4,
    });
  });

  it('is refused with every fault named by its row and column', () => {
    assert.throws(
      () => read(row, row.with(2, '2026-13').with(8, '5'), row.with(1, '1132').with(3, '-1')),
      ({ message }: Error) => {
        assert.deepEqual(message.split('\n').slice(1), [
          'row 3, 月份: found “2026-13”, expected a month, for example 2026-10',
          'row 3, 成功次数: found “5”, expected at most 调用次数, 4',
          'row 4, 单位代码: found “1132”, expected an 18-character 统一社会信用代码, as text',
          'row 4, 应关联事项: found “-1”, expected a whole number, 0 where there was none',
          'row 4, 已关联事项: found “2”, expected at most 应关联事项, -1',
        ]);
        return true;
      },
    );
    assert.throws(
      () => readUsageSheet(sheetsOf(workbookOf({ 用证: textSheet([head.slice(1), row.slice(1)]) }))),
      /no column 单位名称/,
    );
    assert.throws(
      () => checkUsage({ zh: '选项', en: 'the options' }, { unitCode: '11320200014006470N' }),
      /the options, 单位名称: found “”/,
    );
  });
});
