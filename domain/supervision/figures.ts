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

/**
 * The figures of supervision (WX 24, SH 29, EO 25) with their formulas. No regulation defines them: these are our own
 * definitions (standards notes §6), and are printed beside the figures.
 */
export const FIGURES = {
  collection: {
    name: '归集率',
    zh: '已入库条数 ÷ 应归集条数。应归集 = 已入库 + 库中无其他版本的未更正问题数据 + 与源端核对已知缺失的记录 + 存量计划未到的记录；归集起始时间未到的证照类型和等待目录的记录不计',
    en: 'records in the library ÷ records due: those in it, open rejects of which it has no other version, records that the source is known to have beyond these (counts of batches, reconciliations and proofs), records that a stock plan still lacks; not those that wait for an entry of their type, or of types whose 归集起始时间 has not come',
  },
  timeliness: {
    name: '及时率',
    zh: '按期办结的时限任务 ÷ 已到期的时限任务。逾期未办结的计入分母；容错、撤销、中止的另计',
    en: 'deadlines met in time ÷ deadlines whose due time has passed; overdue ones that are open count, exempted, cancelled and suspended ones are apart',
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
  disputes: {
    name: '异议按期办结率',
    zh: '按期办结的异议时限 ÷ 已到期的异议时限；容错、撤销、中止的另计',
    en: 'deadlines of disputes met in time ÷ those whose due time has passed; exempted, cancelled and suspended ones are apart',
  },
  applicability: {
    name: '适用率',
    zh: '已关联电子证照的事项 ÷ 需要证照的事项（用证单位所报，期内最后一月）',
    en: 'items with a linked certificate ÷ items that need one, as the user unit reported for the last month of the period',
  },
  application: {
    name: '应用率',
    zh: '已用电子证照的办件 ÷ 可用电子证照的办件（用证单位按月所报）',
    en: 'cases that used a certificate ÷ cases that could have, as the user unit reported by month',
  },
  success: {
    name: '成功率',
    zh: '调用成功次数 ÷ 调用次数（用证单位按月所报）',
    en: 'good calls ÷ calls, as the user unit reported by month',
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

/** Units by how they did, the best first: by each figure in turn where those before are equal; those without one last. */
export function rank<T extends { figures: Record<FigureId, Ratio> }>(units: readonly T[]): (T & { rank: number })[] {
  const better = (a: T, b: T): number => {
    for (const id of RANKED_BY) {
      const [of, to] = [shareOf(a.figures[id]), shareOf(b.figures[id])];
      if (of !== to) return (to ?? -1) - (of ?? -1);
    }
    return 0;
  };
  const sorted = units.toSorted(better);
  const ranks: number[] = [];
  for (const [index, unit] of sorted.entries()) {
    const before = sorted[index - 1];
    ranks.push(before && better(before, unit) === 0 ? (ranks[index - 1] ?? 1) : index + 1);
  }
  return sorted.map((unit, index) => ({ ...unit, rank: ranks[index] ?? 0 }));
}

/** By what units are ranked: the regulations set no weights. */
export const RANKED_BY = ['timeliness', 'collection', 'consistency', 'accuracy', 'completeness'] as const;
