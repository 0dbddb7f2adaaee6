import { shanghaiInstant, shanghaiWallTime, startOfDayMs } from '../dates.ts';
import { reasonInWords, type Reason } from '../ledger/reasons.ts';
import { BASES, byBasis, countsInWords, EVERY_BASIS, type Basis } from '../basis.ts';
import {
  DUTIES,
  OBLIGATION_STATES,
  regulationName,
  type Duty,
  type ObligationState,
  type Regulation,
} from '../ledger/duties.ts';
import {
  APART,
  FIGURE_IDS,
  FIGURES,
  percent,
  rank,
  rankingInWords,
  rankText,
  type FigureId,
  type Ranking,
  type Ratio,
} from './figures.ts';
import { maskNumbers } from '../library/personal.ts';
import { neutral, textSheet, workbookOf } from '../spreadsheet.ts';
import { findingUnder, INSPECTIONS, type InspectionKind, type FindingStage } from './findings.ts';

/** A period that is assessed: its name and both its ends, the second of which does not belong to it. */
export interface Period {
  period: string;
  from: Date;
  to: Date;
}

/** A month (`2026-10`) or a year (`2026`) as a period; null where a text names neither. */
export function periodNamed(text: string): Period | null {
  const [, year = '', month] = /^(20\d{2})(?:-(0[1-9]|1[0-2]))?$/.exec(text) ?? [];
  if (year === '') return null;
  const months = Number(year) * 12 + Number(month ?? '1') - 1;
  const start = (count: number): Date =>
    new Date(startOfDayMs(`${Math.floor(count / 12)}-${String((count % 12) + 1).padStart(2, '0')}-01`));
  return { period: text, from: start(months), to: start(months + (month === undefined ? 12 : 1)) };
}

interface AssessedUnit {
  code: string;
  name: string;
  figures: Record<FigureId, Ratio>;
  apart: Record<Basis, Record<(typeof APART)[number]['key'], number>>;
}

interface AssessedTask {
  id: number;
  owner: string;
  ownerCode: string;
  kind: Duty;
  rule: string;
  article: string;
  basis: Basis;
  subject: string;
  startedAt: Date;
  dueAt: Date | null;
  endedAt: Date | null;
  state: ObligationState;
  reason: Reason | null;
  document: string | null;
}

interface AssessedFinding {
  id: number;
  unitCode: string;
  unit: string;
  kind: InspectionKind;
  facts: string;
  stage: FindingStage;
  foundAt: Date;
  orderedAt: Date | null;
  demand: string | null;
  deadline: { dueAt: Date | null; state: ObligationState } | null;
  notices: string[];
}

/** What an assessment (考核) of a month or year is made of. */
export interface Assessment extends Period {
  city: string;
  regulation: Regulation;
  /** What a city calls the stages of its findings. */
  sanctions: Parameters<typeof findingUnder>[0];
  at: Date;
  /** Who asked for it, and whose rows they see, where that is not everybody’s. */
  by?: string;
  /** Tables of working days that the ledger is counted by; null before a hub has run. */
  calendar: string | null;
  /** What the units are ranked by. */
  rankedBy: Ranking;
  units: AssessedUnit[];
  /** Overdue and met late; exempted ones are apart. At most {@link MOST_ROWS} of each. */
  late: AssessedTask[];
  exempted: AssessedTask[];
  findings: AssessedFinding[];
  notices: { finding: number; unit: string; number: string; by: string; at: Date }[];
}

/** Most rows of a sheet: a workbook is made in memory. */
export const MOST_ROWS = 50_000;

const instant = (at: Date | null): string => (at ? shanghaiWallTime(at.getTime()) : '');

/**
 * The assessment as a workbook (xlsx): what it is and by which formulas, the units ranked with every figure, and what
 * stands behind the figures. Every cell is text, and none can be taken for a formula.
 */
export function assessmentWorkbook(assessment: Assessment): Buffer {
  const { units, late, exempted, findings, notices, at, to, regulation } = assessment;
  const { stages } = findingUnder(assessment.sanctions);
  const cut = (rows: readonly unknown[], said = String(rows.length)): string =>
    rows.length < MOST_ROWS ? said : `${said}（已达上限，其余未列；按单位用 ./hub tasks 查）`;
  const tasksCut = (tasks: readonly AssessedTask[]): string =>
    cut(tasks, countsInWords(byBasis((basis) => tasks.filter((task) => task.basis === basis).length)).zh);
  const sheets = {
    说明: [
      ['项目', '内容'],
      ['城市', assessment.city],
      [regulation.draft ? '参照' : '依据', regulationName(regulation)],
      ['考核期', assessment.period],
      ['期间', `${instant(assessment.from)} 至 ${instant(to)}（不含）${to > at ? ',期间尚未结束' : ''}`],
      ['生成时间', shanghaiInstant(at.getTime())],
      ...(assessment.by === undefined ? [] : [['导出人', assessment.by]]),
      ['工作日历', assessment.calendar ?? '无'],
      ['排名', rankingInWords(assessment.rankedBy).zh],
      [
        '时限性质',
        `法定时限与内控时限分列，不合计${regulation.draft ? '；送审稿尚未施行，“法定时限”仅指其条文所定的时限' : ''}`,
      ],
      ['无数据', '— 表示期内无可计算的数据，不作 100%'],
      ...FIGURE_IDS.map((id) => [FIGURES[id].name, FIGURES[id].zh]),
      ['行数：单位考核', String(units.length)],
      ['行数：逾期任务', tasksCut(late)],
      ['行数：容错任务', tasksCut(exempted)],
      ['行数：督查问题', cut(findings)],
      ['行数：整改文书', String(notices.length)],
    ],
    单位考核: [
      [
        ...EVERY_BASIS.map((basis) => `${BASES[basis].zh}名次`),
        '单位',
        '单位代码',
        ...FIGURE_IDS.flatMap((id) => [FIGURES[id].name, `${FIGURES[id].name}分子`, `${FIGURES[id].name}分母`]),
        ...EVERY_BASIS.flatMap((basis) => APART.map(({ zh }) => `${BASES[basis].zh}${zh}`)),
      ],
      ...rank(units, assessment.rankedBy).map(({ rank: places, name, code, figures, apart }) => [
        ...EVERY_BASIS.map((basis) => rankText(places[basis])),
        name,
        code,
        ...FIGURE_IDS.flatMap((id) => [
          percent(figures[id]),
          String(figures[id].numerator),
          String(figures[id].denominator),
        ]),
        ...EVERY_BASIS.flatMap((basis) => APART.map(({ key }) => String(apart[basis][key]))),
      ]),
    ],
    逾期任务: taskRows(late),
    容错任务: taskRows(exempted),
    督查问题: [
      [
        '编号',
        '单位',
        '单位代码',
        '方式',
        '事实',
        '发现时间',
        '阶段',
        '下达时间',
        '要求',
        '到期',
        '期限状态',
        '文书文号',
      ],
      ...findings.map(
        ({ id, unit, unitCode, kind, facts, foundAt, stage, orderedAt, demand, deadline, notices: numbers }) => [
          String(id),
          unit,
          unitCode,
          INSPECTIONS[kind].zh,
          facts,
          instant(foundAt),
          stages[stage].zh,
          instant(orderedAt),
          demand ?? '',
          instant(deadline?.dueAt ?? null),
          deadline ? OBLIGATION_STATES[deadline.state].zh : '',
          numbers.join(' '),
        ],
      ),
    ],
    整改文书: [
      ['问题编号', '单位', '文号', '签发人', '出具时间'],
      ...notices.map(({ finding, unit, number, by, at: given }) => [String(finding), unit, number, by, instant(given)]),
    ],
  };
  return workbookOf(
    Object.fromEntries(
      Object.entries(sheets).map(([name, rows]) => {
        const sheet = textSheet(rows.map((row) => row.map((cell) => neutral(maskNumbers(cell)))));
        sheet['!cols'] = (rows[0] ?? []).map((head, column) => ({
          wch: column === 1 ? 40 : Math.max(12, 2 * head.length),
        }));
        if (sheet['!ref'] !== undefined) sheet['!autofilter'] = { ref: sheet['!ref'] };
        return [name, sheet];
      }),
    ),
  );
}

const taskRows = (tasks: readonly AssessedTask[]): string[][] => [
  ['编号', '单位', '单位代码', '时限任务', '条款', '时限性质', '对象', '起算', '到期', '办结', '状态', '原因', '文号'],
  ...tasks.map((task) => [
    String(task.id),
    task.owner,
    task.ownerCode,
    DUTIES[task.kind].zh,
    `${task.rule} ${task.article}`,
    BASES[task.basis].zh,
    task.subject,
    instant(task.startedAt),
    instant(task.dueAt),
    instant(task.endedAt),
    OBLIGATION_STATES[task.state].zh,
    task.reason === null ? '' : reasonInWords(task.reason).zh,
    task.document ?? '',
  ]),
];
