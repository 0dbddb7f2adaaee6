import { Option, type Command } from 'commander';
import { BASES, EVERY_BASIS, type Basis } from '../../domain/basis.ts';
import { DUTIES } from '../../domain/ledger/duties.ts';
import { fault } from '../../domain/faults.ts';
import {
  addRatios,
  APART,
  basisOf,
  FIGURE_IDS,
  FIGURES,
  percent,
  qualityOf,
  shareOf,
  type BasedFigure,
  type FigureId,
} from '../../domain/supervision/figures.ts';
import { shortfallInWords, SHORTFALLS } from '../../domain/supervision/shortfall.ts';
import { checkUsage, readUsageSheet, type UsageReport } from '../../domain/supervision/usage-sheet.ts';
import { RULE_IDS, RULES, type RuleId } from '../../domain/library/validation.ts';
import {
  saveUsage,
  shortfallOf,
  unitFigures,
  type DutyFigure,
  type FigureChoice,
  type UnitFigures,
} from '../../store/supervision/figures.ts';
import { instantOption } from '../kit/select.ts';
import { printerFor } from '../kit/clear.ts';
import { withLibrary } from '../kit/library.ts';
import { positive, type CommonOptions, withConfig, withData } from '../kit/options.ts';
import { jsonText, print, printCut, printJson, table, timeText } from '../kit/output.ts';
import { openGiven } from '../kit/workbook.ts';

interface FigureOptions extends CommonOptions {
  from?: string;
  to?: string;
  unit?: string;
  figure?: string;
  records?: boolean;
  rule?: RuleId;
  limit: number;
  unmasked?: boolean;
  json?: boolean;
}

type ReportOptions = CommonOptions & Record<'by' | 'unit' | 'name' | 'month', string> & Record<string, unknown>;

export function addFigures(program: Command): void {
  const figures = withData(withConfig(program.command('figures')))
    .description(
      'From the database alone. Without a period everything up to now counts; --figure shows one figure by duty or stream,\n' +
        'with --records what stands behind the part that is missing. A figure of nothing is —, never 100 %.',
    )
    .option('--from <time>', 'start of the period, Shanghai time')
    .option('--to <time>', 'its end, which does not belong to it')
    .option('--unit <code>', 'only this unit')
    .option('--figure <name>', `one of ${FIGURE_IDS.map((id) => `${FIGURES[id].name} (${id})`).join(', ')}`)
    .option('--records', 'list the records or deadlines that the figure lacks')
    .addOption(
      new Option('--rule <rule>', 'of 完整率 or 准确率: only records that break this rule').choices(
        RULE_IDS.filter((rule) => RULES[rule].dimension !== null),
      ),
    )
    .option('--limit <count>', 'most records to name', positive, 100)
    .option('--unmasked', 'show keys that hold a 公民身份号码')
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub figures --from 2026-10-01 --to 2026-11-01\n  ./hub figures --figure 法定按期办结率 --records --unit 11320200014006438B\n  ./hub figures --figure 准确率 --records --rule holder-code-check\n  ./hub figures report october.xlsx --by 王五',
    )
    .action((options: FigureOptions) => show(options));

  withData(withConfig(figures.command('report [file]')))
    .summary('take what user units report of a month, from a workbook or as options: items, cases, calls')
    .description(
      'A workbook (xlsx or csv) has the columns 单位代码, 单位名称, 月份, 应关联事项, 已关联事项, 可用证办件, 已用证办件, 调用次数，\n' +
        'and 成功次数; all of it is taken or, where a cell is wrong, nothing. A later report of a month counts in place of\n' +
        'an earlier one, which is kept.',
    )
    .requiredOption('--by <name>', 'who reports')
    .option('--name <text>', 'name of the unit that --unit gives the code of')
    .option('--month <month>', 'for example 2026-10')
    .option('--items <count>', 'items that need a certificate')
    .option('--items-linked <count>', 'of these with a linked electronic one')
    .option('--cases <count>', 'cases that could have used one')
    .option('--cases-used <count>', 'of these that did')
    .option('--calls <count>', 'calls for certificates')
    .option('--calls-good <count>', 'of these answered')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub figures report october.xlsx --by 王五\n  ./hub figures report --by 王五 --unit 11320200014006470N --name 市教育局 --month 2026-10 --items 12 --items-linked 9 --cases 300 --cases-used 210 --calls 250 --calls-good 248',
    )
    .action((file: string | undefined, _options: unknown, command: Command) =>
      report(file, command.optsWithGlobals<ReportOptions>()),
    );
}

/** A figure by its Chinese name or its id. */
function figureNamed(text: string): FigureId {
  const found = FIGURE_IDS.find((id) => id === text || FIGURES[id].name === text);
  if (found) return found;
  throw fault('figure-unknown', { found: text, figures: FIGURE_IDS.map((id) => FIGURES[id].name) });
}

function choiceOf(options: FigureOptions): FigureChoice {
  const from = options.from === undefined ? null : new Date(instantOption(options.from, '--from'));
  const to = options.to === undefined ? null : new Date(instantOption(options.to, '--to'));
  if (from && to && from >= to) {
    throw fault('period-backwards');
  }
  return { unit: options.unit, from, to, at: new Date() };
}

function show(options: FigureOptions): Promise<void> {
  const figure = options.figure === undefined ? undefined : figureNamed(options.figure);
  if (options.records) return list(figure, options);
  const choice = choiceOf(options);
  return withLibrary(options, async (db) => {
    const units = await unitFigures(db, choice);
    if (options.json) return printJson(asJson(units, choice));
    print(`${periodOf(choice)}，${timeText(choice.at)} 核; as of ${timeText(choice.at)}`);
    if (units.length === 0)
      return print('没有单位有数据流、时限任务或用证报告。 No unit has streams, deadlines or reports of use.');
    print(figure === undefined ? overview(units) : one(units, figure));
    for (const id of figure === undefined ? FIGURE_IDS : [figure])
      print(`${FIGURES[id].name} = ${FIGURES[id].zh}\n  = ${FIGURES[id].en}`);
    print(`法定时限与内控时限分列，不合计。The law’s terms and the city’s own targets are never in one number.`);
    const unproven = units.flatMap(({ streams }) => streams).filter((stream) => stream.unproven > 0).length;
    if (unproven > 0)
      print(
        `▲ ${unproven} 个数据流在期间内尚有时段未读全，源端数量未知，见 ./hub gaps。 Of ${unproven} streams parts of the period were not read whole yet: what the source has there is not known. ./hub gaps lists them.`,
      );
  });
}

const periodOf = ({ from, to }: FigureChoice): string =>
  from === null && to === null
    ? 'Everything up to now'
    : `From ${from ? timeText(from) : 'the beginning'} to ${to ? timeText(to) : 'now'}`;

const asJson = (units: readonly UnitFigures[], { from, to, at }: FigureChoice) => ({
  from,
  to,
  at,
  formulas: FIGURES,
  units: units.map(({ figures, ...unit }) => ({
    ...unit,
    figures: Object.fromEntries(FIGURE_IDS.map((id) => [id, { ...figures[id], share: shareOf(figures[id]) }])),
  })),
});

const overview = (units: readonly UnitFigures[]): string =>
  table(units, [
    ['单位', ({ name }) => name],
    ['统一社会信用代码', ({ code }) => code],
    ...FIGURE_IDS.map((id): [string, (unit: UnitFigures) => string, 'right'] => [
      FIGURES[id].name,
      ({ figures }) => percent(figures[id]),
      'right',
    ]),
    ...EVERY_BASIS.flatMap((basis) =>
      APART.map(({ key, zh }): [string, (unit: UnitFigures) => string | number, 'right'] => [
        `${BASES[basis].zh}${zh}`,
        ({ apart }) => apart[basis][key] || '',
        'right',
      ]),
    ),
  ]);

/** One figure of every unit, with what it is counted from, by duty or by stream. */
function one(units: readonly UnitFigures[], figure: FigureId): string {
  const totals = table(
    [
      ...units.map(({ name, figures }) => ({ name, ratio: figures[figure] })),
      { name: '合计', ratio: addRatios(units.map(({ figures }) => figures[figure])) },
    ],
    [
      ['单位', ({ name }) => name],
      ['分子', ({ ratio }) => ratio.numerator, 'right'],
      ['分母', ({ ratio }) => ratio.denominator, 'right'],
      [FIGURES[figure].name, ({ ratio }) => percent(ratio), 'right'],
    ],
  );
  const based = basisOf(figure);
  if (based && based.of !== 'timeliness') return `${totals}\n\n${dutyTable(units, figure, based.basis, based.of)}`;
  if (based) return `${totals}\n\n${arrivalTable(units, figure, based.basis)}`;
  if (figure === 'completeness' || figure === 'accuracy') return `${totals}\n\n${qualityTable(units, figure)}`;
  if (figure === 'collection' || figure === 'consistency') return `${totals}\n\n${streamTable(units, figure)}`;
  return totals;
}

function arrivalTable(units: readonly UnitFigures[], figure: FigureId, basis: Basis): string {
  return table(
    units.flatMap(({ streams }) => streams),
    [
      ['单位', ({ unit }) => unit],
      ['数据流', ({ stream }) => stream],
      ['按期入库', ({ timeliness }) => timeliness[basis].numerator, 'right'],
      ['应入库', ({ timeliness }) => timeliness[basis].denominator, 'right'],
      [FIGURES[figure].name, ({ timeliness }) => percent(timeliness[basis]), 'right'],
    ],
  );
}

function dutyTable(
  units: readonly UnitFigures[],
  figure: FigureId,
  basis: Basis,
  of: Exclude<BasedFigure, 'timeliness'>,
): string {
  const rows = units.flatMap(({ name, duties }) =>
    duties.map((duty): DutyFigure & { name: string } => ({ name, ...duty })),
  );
  return table(
    rows.filter((row) => row.basis === basis && (of === 'tasks' || row.duty.startsWith('dispute-'))),
    [
      ['单位', ({ name }) => name],
      [`${BASES[basis].zh}任务`, ({ duty }) => DUTIES[duty].zh],
      ['按期', ({ numerator }) => numerator, 'right'],
      ['逾期办结', ({ late }) => late, 'right'],
      ['逾期', ({ overdue }) => overdue, 'right'],
      ['容错', ({ exempted }) => exempted || '', 'right'],
      ['撤销', ({ cancelled }) => cancelled || '', 'right'],
      ['中止', ({ suspended }) => suspended || '', 'right'],
      ['枢纽未运行', ({ missed }) => missed || '', 'right'],
      [FIGURES[figure].name, (row) => percent(row), 'right'],
    ],
  );
}

function streamTable(units: readonly UnitFigures[], figure: 'collection' | 'consistency'): string {
  return table(
    units.flatMap(({ streams }) => streams),
    [
      ['单位', ({ unit }) => unit],
      ['数据流', ({ stream }) => stream],
      ['分子', (stream) => stream[figure].numerator, 'right'],
      ['分母', (stream) => stream[figure].denominator, 'right'],
      ...(figure === 'collection'
        ? ([
            ['问题数据', ({ rejects }) => rejects || '', 'right'],
            ['等待目录', ({ waiting }) => waiting || '', 'right'],
            ['已知缺失', ({ lacking }) => lacking || '', 'right'],
            ['未读时段', ({ unproven }) => unproven || '', 'right'],
          ] satisfies Parameters<typeof table<UnitFigures['streams'][number]>>[1])
        : []),
      [FIGURES[figure].name, (stream) => percent(stream[figure]), 'right'],
    ],
  );
}

function qualityTable(units: readonly UnitFigures[], figure: 'completeness' | 'accuracy'): string {
  const streams = units.flatMap((unit) => unit.streams);
  const broken = streams.flatMap(({ stream, rules }) =>
    rules.filter(({ rule }) => RULES[rule].dimension === figure).map((row) => ({ stream, ...row })),
  );
  const byStream = table(streams, [
    ['单位', ({ unit }) => unit],
    ['数据流', ({ stream }) => stream],
    ['在库', ({ held }) => held, 'right'],
    ['问题数据', ({ rejects }) => rejects, 'right'],
    ['等待目录', ({ waiting }) => waiting || '', 'right'],
    ['条数', ({ records }) => records, 'right'],
    ['违反规则', ({ incomplete, inaccurate }) => (figure === 'completeness' ? incomplete : inaccurate), 'right'],
    [FIGURES[figure].name, (counts) => percent(qualityOf(counts)[figure]), 'right'],
  ]);
  if (broken.length === 0) return byStream;
  const byRule = table(broken, [
    ['数据流', ({ stream }) => stream],
    ['规则', ({ rule }) => rule],
    ['问题', ({ rule }) => RULES[rule].zh],
    ['条数', ({ records }) => records, 'right'],
  ]);
  return `${byStream}\n\n${byRule}\n--records 列出数据，--rule 规则 只列一条规则的。 --records names them, --rule RULE those of one rule.`;
}

function list(figure: FigureId | undefined, options: FigureOptions): Promise<void> {
  const ofRule = options.rule === undefined ? undefined : RULES[options.rule].dimension;
  const chosen = figure ?? ofRule;
  if (chosen == null) throw fault('figure-missing');
  if (ofRule != null && ofRule !== chosen)
    throw fault('rule-elsewhere', { rule: options.rule ?? '', figure: FIGURES[ofRule].name });
  return withLibrary(options, async (db) => {
    const found = await shortfallOf(db, chosen, { ...choiceOf(options), rule: options.rule, limit: options.limit });
    const print = await printerFor(db, options.unmasked, {
      action: 'certificates:personal',
      object: `figure/${chosen}`,
      detail: { records: found.length },
    });
    if (options.json) return print(jsonText(found));
    if (found.length === 0) return print('没有缺失。 Nothing is missing.');
    print(
      table(found, [
        ['单位', ({ unit }) => unit],
        ['来源', ({ source }) => source],
        ['记录', ({ record }) => record ?? ''],
        ['类别', ({ what }) => SHORTFALLS[what].zh],
        ['说明', (row) => shortfallInWords(row).zh],
        ['时间', ({ at }) => (at ? timeText(at) : '')],
      ]),
    );
    if (found.length === options.limit) printCut(options.limit, '条');
  });
}

async function report(file: string | undefined, options: ReportOptions): Promise<void> {
  const reports: UsageReport[] =
    file === undefined
      ? [
          checkUsage(
            { zh: '选项', en: 'the options' },
            {
              unitCode: options.unit,
              unitName: options.name,
              month: options.month,
              items: options.items,
              itemsLinked: options.itemsLinked,
              cases: options.cases,
              casesUsed: options.casesUsed,
              calls: options.calls,
              callsGood: options.callsGood,
            },
          ),
        ]
      : readUsageSheet(await openGiven(file));
  return withLibrary(options, async (db) => {
    await saveUsage(db, reports, { by: options.by, at: new Date() });
    print(
      `收到用证报告 ${reports.length} 份。 Took ${reports.length} reports of ${[...new Set(reports.map(({ month }) => month))].join(', ')}`,
    );
  });
}
