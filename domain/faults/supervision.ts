import { inLines, type Fault, type Lines } from './fault.ts';

/** Faults of inspections, figures, the assessment and reports of use. */
export const SUPERVISION = {
  'usage-invalid': {
    kind: 'configuration',
    say: (facts: Lines) => ({
      zh: `整份未接收：\n${inLines(facts).zh}`,
      en: `Nothing was taken:\n${inLines(facts).en}`,
    }),
    cure: { zh: '修正后重新填报', en: 'correct it and report again' },
  },
  'no-records': {
    kind: 'configuration',
    say: ({ stream }: { stream: string }) => ({
      zh: `${stream} 还没有入库的记录`,
      en: `The library holds no records of ${stream}`,
    }),
    cure: { zh: '用 ./hub status 查看各数据流', en: './hub status shows the streams' },
  },
  'not-provable': {
    kind: 'configuration',
    say: ({ stream }: { stream: string }) => ({
      zh: `${stream} 的源端不能重新列出已交付的数据`,
      en: `${stream} cannot list what it delivered before`,
    }),
    cure: ({ wanted }: { wanted: 'proof' | 'inspection' }) =>
      wanted === 'proof'
        ? {
            zh: '每一批在其声明数与入库数一致时即为归集完整；用 ./hub gaps 查看不一致的批次',
            en: 'each batch is in when its declared count is what was committed: ./hub gaps names those that differ',
          }
        : {
            zh: '请责任单位出示原始记录，再用 ./hub supervise recheck --passed 或 --failed 认定',
            en: 'have its unit show the records, and decide with ./hub supervise recheck --passed or --failed',
          },
  },
  'item-unknown': {
    kind: 'configuration',
    field: 'item',
    say: ({ item, ids }: { item: string | null; ids: readonly string[] }) => ({
      zh: ids.length === 0 ? '本市规则没有列项' : `须指明属于哪一项：${ids.join('、')}`,
      en: `found the item ${item ?? '(none)'}, expected ${ids.join(', ') || 'none: the regulation has no list'}`,
    }),
    cure: { zh: '用 ./hub rules 查看条款', en: './hub rules has the articles' },
  },
  'recheck-undecided': {
    kind: 'configuration',
    say: ({ id, ...facts }: { id: number } & ({ why: 'other' | 'absent' } | { results: string })) => {
      const why = 'results' in facts ? { zh: facts.results, en: facts.results } : UNDECIDED[facts.why];
      return {
        zh: `问题 ${id} 不能凭记录复查：${why.zh}`,
        en: `Finding ${id} cannot be re-checked by its records: ${why.en}`,
      };
    },
    cure: {
      zh: '查看责任单位的整改情况，用 --passed 或 --failed 认定',
      en: 'look at what the unit did, and say --passed or --failed',
    },
  },
  'passed-alone': {
    kind: 'configuration',
    say: { zh: '--passed 不能与 --failed、--days 同用', en: '--passed stands alone' },
    cure: { zh: '去掉 --failed 和 --days', en: 'leave --failed and --days out' },
  },
  'period-invalid': {
    kind: 'configuration',
    say: ({ found }: { found: string }) => ({
      zh: `期间为${found === '' ? '空' : `“${found}”`}，应为一个月或一年`,
      en: `found ${found === '' ? 'no period' : `“${found}”`}, expected either a month or a year`,
    }),
    cure: { zh: '写成 --month 2026-10 或 --year 2026', en: 'write --month 2026-10 or --year 2026' },
  },
  'period-backwards': {
    kind: 'configuration',
    say: { zh: '期间的结束早于起始', en: 'the period ends before it begins' },
    cure: { zh: '修正 --from 和 --to', en: 'correct --from and --to' },
  },
  'figure-unknown': {
    kind: 'configuration',
    say: ({ found }: { found: string }) => ({
      zh: `--figure：没有指标“${found}”`,
      en: `--figure: found “${found}”, expected one of the figures`,
    }),
    cure: ({ figures }: { figures: readonly string[] }) => ({
      zh: `填写 ${figures.join('、')} 之一`,
      en: `name one of ${figures.join(', ')}`,
    }),
  },
  'figure-missing': {
    kind: 'configuration',
    say: { zh: '没有说明是哪个指标的记录', en: 'The records of which figure?' },
    cure: { zh: '例如 --figure 归集率', en: '--figure 归集率' },
  },
  'rule-elsewhere': {
    kind: 'configuration',
    say: ({ rule }: { rule: string }) => ({
      zh: `${rule} 不计入该指标`,
      en: `${rule} does not count against that figure`,
    }),
    cure: ({ figure }: { figure: string }) => ({ zh: `写成 --figure ${figure}`, en: `--figure ${figure}` }),
  },
} satisfies Record<string, Fault>;

const UNDECIDED = {
  other: { zh: '不是由记录发现的', en: 'it was not found by its records' },
  absent: { zh: '其记录都已不在', en: 'none of its records is there' },
};
