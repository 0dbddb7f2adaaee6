import { byBasis, EVERY_BASIS, type Basis } from '../basis.ts';
import type { Said } from '../said.ts';

/**
 * What every record has to fill, as the rules of completeness name it. A holder's name and code count once, however
 * many holders there are.
 */
export const REQUIRED_FIELDS = [
  'key',
  'updatedAt',
  'status',
  'typeCode',
  'name',
  'number',
  'issuedOn',
  'holders.name',
  'holders.code',
];

/** Required fields of one record: those above, what the face of its type requires, what was agreed with its source. */
const REQUIRED = REQUIRED_FIELDS.length + 2;

const timeliness = (term: string): string =>
  `按期入库的记录 ÷ 应入库的记录。限于当日增量适用${term}且已到期的归集日；应入库 = 源端更新时间在这些日内的在库记录 + 产生于这些日（办结或签发之日，规则按更新时间的除外）而迟到的记录 + 这些日未更正的问题数据 + 与源端核对已知缺失的记录；逾期仍未证实归齐的日至少另计 1 条。迟到的记录、逾期才更正的问题数据不作按期；容错、撤销、中止和枢纽未运行的日另计，等待目录的记录不计`;
const arrivals = (term: string): string =>
  `records in the library by their term ÷ records due, of the days of daily streams whose increment has ${term} and came due: records held that the source changed on these days, those produced on them (case completed or certificate issued, unless the profile counts changes alone) that came late, open rejects of these days, records that the source is known to have beyond these; at least one more for each day that is overdue and not proven to be in. What was refused in time and corrected late is late; days that were exempted, cancelled or suspended, and those that the hub itself missed, are apart, records that wait for the catalog do not count`;
const fulfilment = (tasks: string): string =>
  `按期办结 ÷ 已到期（${tasks}）。逾期未办结的计入分母；容错、撤销、中止（含中止后办结）和枢纽未运行的另计`;
const met = (deadlines: string): string =>
  `${deadlines} met in time ÷ those whose due time has passed; overdue ones that are open count; exempted, cancelled and suspended ones, also those met after a suspension, and those that the hub itself missed, are apart`;

/**
 * The figures of supervision (WX 24, SH 29, EO 25) with their formulas. No regulation defines them: these are our own
 * definitions (standards notes §6), and are printed beside the figures.
 */
export const FIGURES = {
  types: {
    name: '应归尽归率',
    zh: '已接入的证照类型 ÷ 应归集的证照类型。应归集 = 归集起始时间已过（未填的，自目录批准起）的已批准目录类型；已接入 = 有在用数据流归集过该类型，或专为该类型的数据流已核对归齐（源端没有证照的）；只配置、只在目录中指名为来源的不算',
    en: 'types of certificate that a stream in use has brought, or that one for the type alone was proven to be read whole for, ÷ types due; to be configured or named as a source is not enough: those of the approved catalog whose 归集起始时间 has passed (without one, from their approval on)',
  },
  collection: {
    name: '归集率',
    zh: '已入库条数 ÷ 应归集条数。应归集 = 已入库 + 库中无其他版本的未更正问题数据 + 与源端核对已知缺失的记录 + 存量计划未到的记录 + 未接入的应归集证照类型（条数不明，每类至少计 1 条）；归集起始时间未到的证照类型和等待目录的记录不计',
    en: 'records in the library ÷ records due: those in it, open rejects of which it has no other version, records that the source is known to have beyond these (counts of batches, reconciliations and proofs), records that a stock plan still lacks, at least one of each type due that no stream brings; not those that wait for an entry of their type, or of types whose 归集起始时间 has not come',
  },
  statutoryTimeliness: {
    name: '法定及时率',
    zh: timeliness('法定时限'),
    en: arrivals('a statutory term'),
  },
  internalTimeliness: {
    name: '内控及时率',
    zh: timeliness('内控时限'),
    en: arrivals('a target of the city’s own'),
  },
  statutoryTasks: {
    name: '法定按期办结率',
    zh: fulfilment('法定时限的时限任务'),
    en: met('statutory deadlines'),
  },
  internalTasks: {
    name: '内控按期办结率',
    zh: fulfilment('内控时限的时限任务'),
    en: met('deadlines of the city’s own'),
  },
  completeness: {
    name: '完整率',
    zh: `已填必填项 ÷ 应填必填项。每条记录 ${REQUIRED} 项：${REQUIRED_FIELDS.join('、')}，证照类型必填照面信息合为一项，与源端约定的字段合为一项`,
    en: `required fields filled ÷ required fields. Required of each record, ${REQUIRED} fields: ${REQUIRED_FIELDS.join(', ')}; the required 照面信息 of its type, as one; the fields agreed with its source, as one`,
  },
  accuracy: {
    name: '准确率',
    zh: '通过全部格式、校验位、代码、日期规则的记录 ÷ 全部记录（在库的和库中无其他版本的未更正问题数据；等待目录的不计）',
    en: 'records passing every format, check-digit, code and date rule ÷ records: those held, and those of the open rejects that no other version is held of; not those that wait for an entry of their type',
  },
  consistency: {
    name: '一致率',
    zh: '与源端逐条比对一致的记录 ÷ 比对的记录（期内完成的比对，同一范围以最后一次为准）',
    en: 'records equal at the source and in the library ÷ records compared one by one, by the last proof of each window that ended in the period',
  },
  statutoryDisputes: {
    name: '法定异议按期办结率',
    zh: fulfilment('法定时限的异议任务，自收到异议起算'),
    en: met('statutory deadlines of disputes, from their receipt on'),
  },
  internalDisputes: {
    name: '内控异议按期办结率',
    zh: fulfilment('内控时限的异议任务，自收到异议起算'),
    en: met('deadlines of disputes of the city’s own, from their receipt on'),
  },
  applicability: {
    name: '适用率',
    zh: '已有授权的事项 ÷ 已审定用证清单的事项（期内最后一月；未经枢纽用证的月份按用证单位所报）',
    en: 'items of the approved list of uses with a grant ÷ its items, of the last month of the period; months without uses in the log as the user unit reported',
  },
  application: {
    name: '应用率',
    zh: '已用电子证照的办件 ÷ 用证的办件（按用证日志的业务流水号；未经枢纽用证的月份按用证单位所报）',
    en: 'cases that were shown a certificate ÷ cases that asked for one, by the business numbers of the log; months without uses in it as the user unit reported',
  },
  success: {
    name: '成功率',
    zh: '已答复的调用 ÷ 调用次数（按用证日志；未经枢纽用证的月份按用证单位所报）',
    en: 'calls that were answered with a certificate ÷ calls, by the log of uses; months without uses in it as the user unit reported',
  },
} as const;
export type FigureId = keyof typeof FIGURES;
export const FIGURE_IDS = Object.keys(FIGURES) as FigureId[];

/** A figure as it is counted. */
export interface Ratio {
  numerator: number;
  denominator: number;
}

/** A figure as a share of 1; null where there is nothing to count: 0/0 is not 100 %. */
export const shareOf = ({ numerator, denominator }: Ratio): number | null =>
  denominator === 0 ? null : numerator / denominator;

/** For people. Rounded down: 100 % is said of nothing that has a fault. The eight digits undo what binary fractions lose. */
export function percent(ratio: Ratio): string {
  const share = shareOf(ratio);
  return share === null ? '—' : `${(Math.floor(Number((share * 10_000).toFixed(8))) / 100).toFixed(2)} %`;
}

export const addRatios = (ratios: readonly Ratio[]): Ratio => ({
  numerator: ratios.reduce((sum, { numerator }) => sum + numerator, 0),
  denominator: ratios.reduce((sum, { denominator }) => sum + denominator, 0),
});

/** What 完整率 and 准确率 are made of. */
export interface QualityCounts {
  /** Records that were judged. */
  records: number;
  /** Of these, how many break a rule of completeness; of accuracy. */
  incomplete: number;
  inaccurate: number;
  /** Required fields that are not filled. */
  missingFields: number;
}

/** 完整率 and 准确率 of some records. */
export const qualityOf = (counts: QualityCounts): Record<'completeness' | 'accuracy', Ratio> => ({
  completeness: { numerator: REQUIRED * counts.records - counts.missingFields, denominator: REQUIRED * counts.records },
  accuracy: { numerator: counts.records - counts.inaccurate, denominator: counts.records },
});

/** Figures of deadlines, of each basis its own: 法定 and 内控 are never in one number. */
export const BASED_FIGURES = {
  timeliness: { statutory: 'statutoryTimeliness', internal: 'internalTimeliness' },
  tasks: { statutory: 'statutoryTasks', internal: 'internalTasks' },
  disputes: { statutory: 'statutoryDisputes', internal: 'internalDisputes' },
} as const satisfies Record<string, Record<Basis, FigureId>>;
export type BasedFigure = keyof typeof BASED_FIGURES;

/** What a figure of deadlines is of, and on which basis; null for every other figure. */
export function basisOf(figure: FigureId): { of: BasedFigure; basis: Basis } | null {
  for (const [of, ids] of Object.entries(BASED_FIGURES) as [BasedFigure, Record<Basis, FigureId>][])
    for (const basis of EVERY_BASIS) if (ids[basis] === figure) return { of, basis };
  return null;
}

/** What is counted apart from deadlines met and missed by units; what was met after a suspension belongs to 中止. */
export const APART = [
  { key: 'exempted', zh: '容错', en: 'exempted' },
  { key: 'cancelled', zh: '撤销', en: 'cancelled' },
  { key: 'suspended', zh: '中止', en: 'suspended' },
  { key: 'missed', zh: '枢纽未运行', en: 'missed by the hub' },
] as const;

/** What units are ranked by first, as the profile says: whether records, or whether tasks were in time. */
export const RANKINGS = {
  records: { figure: 'timeliness', zh: '及时率（记录）', en: '及时率 (records)' },
  tasks: { figure: 'tasks', zh: '按期办结率（任务）', en: '按期办结率 (tasks)' },
} as const satisfies Record<string, Said & { figure: BasedFigure }>;
export type Ranking = keyof typeof RANKINGS;

/** By what units are ranked where the first figure is equal: the regulations set no weights. */
const RANKED_BY = ['types', 'collection', 'consistency', 'accuracy', 'completeness'] as const;

/** How the ranking reads, printed beside it. */
export function rankingInWords(by: Ranking): Said {
  const ids = BASED_FIGURES[RANKINGS[by].figure];
  const [statutory, internal] = [FIGURES[ids.statutory].name, FIGURES[ids.internal].name];
  const then = RANKED_BY.map((id) => FIGURES[id].name).join('、');
  return {
    zh: `法定名次按${statutory}、内控名次按${internal}由高到低，相同的依次按${then}；期内该率无应办的单位不排名（无应办）。依据为${RANKINGS[by].zh}，由本市规则设定（supervision.rankedBy），法规未定权重，不计总分`,
    en: `the statutory rank is by ${statutory}, the internal one by ${internal}, then by ${then}; a unit of which nothing was due by that figure has none (无应办). That it is by ${RANKINGS[by].en} is the profile’s setting (supervision.rankedBy); the regulations set no weights`,
  };
}

/** For people: a rank, or that nothing was due. */
export const rankText = (rank: number | null): string => (rank === null ? '无应办' : String(rank));

/**
 * Units by how they did, each basis a ranking of its own, the best first: by the figure of the ranking, then by those
 * that follow where it is equal. Of whom nothing was due by that figure, there is no rank. In the order of the statutory
 * ranks, then of the internal ones; the others last.
 */
export function rank<T extends { figures: Record<FigureId, Ratio> }>(
  units: readonly T[],
  by: Ranking,
): (T & { rank: Record<Basis, number | null> })[] {
  const places = byBasis((basis) => placesOf(units, BASED_FIGURES[RANKINGS[by].figure][basis]));
  const placeOf = (unit: T, basis: Basis): number => places[basis].get(unit) ?? Infinity;
  return units
    .toSorted((a, b) => {
      for (const basis of EVERY_BASIS) {
        const [of, to] = [placeOf(a, basis), placeOf(b, basis)];
        if (of !== to) return of < to ? -1 : 1;
      }
      return 0;
    })
    .map((unit) => ({ ...unit, rank: byBasis((basis) => places[basis].get(unit) ?? null) }));
}

/** The places of those that have a figure; equal ones share the better one. */
function placesOf<T extends { figures: Record<FigureId, Ratio> }>(
  units: readonly T[],
  first: FigureId,
): ReadonlyMap<T, number> {
  const better = (a: T, b: T): number => {
    for (const id of [first, ...RANKED_BY]) {
      const [of, to] = [shareOf(a.figures[id]), shareOf(b.figures[id])];
      if (of !== to) return (to ?? -1) - (of ?? -1);
    }
    return 0;
  };
  const places = new Map<T, number>();
  let last: { unit: T; place: number } | null = null;
  const due = units.filter(({ figures }) => shareOf(figures[first]) !== null).toSorted(better);
  for (const [index, unit] of due.entries()) {
    last = { unit, place: last && better(last.unit, unit) === 0 ? last.place : index + 1 };
    places.set(unit, last.place);
  }
  return places;
}
