import type { CaseDefinition, CaseField, Refusal, StepOf } from './definition.ts';

/** Work that a fault stops (无锡第十条, 鄂尔多斯第十条, 上海第十一条). */
export const STOPPED_WORK = {
  issue: { zh: '制发', en: 'issuing' },
  collect: { zh: '归集', en: 'collection' },
  update: { zh: '更新', en: 'updates' },
  cancel: { zh: '注销', en: 'cancellation' },
} as const;
export type StoppedWork = keyof typeof STOPPED_WORK;

/** The largest file that can be handed in with a report, in bytes. */
export const LARGEST_EVIDENCE = 20_000_000;

/** What is known of an outage (不可抗力) that decides how it goes on. */
export interface OutageFacts {
  closedAs: string | null;
  /** When the management unit confirmed it. */
  confirmedAt: Date | null;
  streams: readonly { unitCode: string; recoveredAt: Date | null }[];
}

/** How far an outage (不可抗力) is, over all its streams. */
export const OUTAGE_STAGES = {
  stopped: { zh: '未恢复', en: 'stopped' },
  backfilling: { zh: '补录中', en: 'being backfilled' },
  backfilled: { zh: '已补录核验', en: 'backfilled and proven' },
  withdrawn: { zh: '已撤回', en: 'withdrawn' },
} as const;
export type OutageStage = keyof typeof OUTAGE_STAGES;

export function outageStage({ closedAs, streams }: OutageFacts): OutageStage {
  if (closedAs !== null) return closedAs === 'withdrawn' ? 'withdrawn' : 'backfilled';
  return streams.some(({ recoveredAt }) => recoveredAt === null) ? 'stopped' : 'backfilling';
}

/** The streams of an outage whose recovery can be confirmed, and those whose fault can come again. */
export const streamsFor = <S extends { recoveredAt: Date | null }>(
  action: 'recover' | 'relapse',
  streams: readonly S[],
): S[] => streams.filter(({ recoveredAt }) => (recoveredAt === null) === (action === 'recover'));

const streams = {
  zh: '数据流',
  en: 'Streams',
  kind: 'streams',
} as const satisfies CaseField;
const reason = { zh: '理由', en: 'Why', kind: 'text', most: 500 } as const satisfies CaseField;
const otherwise = {
  zh: '数据流 … 不在可操作的状态',
  en: 'found … in another state, or not stopped by it',
} as const satisfies Refusal<OutageFacts>;

/** What can be done with a report of force majeure (不可抗力), and with what was lost by it. */
export const OUTAGE = {
  kind: 'outage',
  zh: '故障报告',
  en: 'Outage',
  command: 'outage',
  path: '/outages',
  codes: { unknown: 'case-unknown', refused: 'case-refused' },
  stages: OUTAGE_STAGES,
  stageOf: outageStage,
  actions: {
    confirm: {
      zh: '确认不可抗力',
      en: 'Confirm the outage',
      help: {
        zh: '管理单位凭证明材料确认所覆盖的时段；确认前上报只中止尚未到期的时限，补录核验后也不销案',
        en: 'the management unit confirms it, for the time that the evidence covers; until then a report suspends only what was not due yet, and is not closed by its backfill',
      },
      needs: 'outages:accept',
      stages: ['stopped', 'backfilling'],
      path: 'confirmation',
      fields: {
        from: {
          zh: '自',
          en: 'From',
          kind: 'time',
          optional: true,
          hint: { zh: '不填即为发生时间', en: 'Its beginning, where it is left out' },
        },
        to: {
          zh: '至',
          en: 'To',
          kind: 'time',
          optional: true,
          hint: { zh: '不填即至排除时', en: 'The recovery, where it is left out' },
        },
        document: { zh: '依据文号', en: 'Document', kind: 'line', most: 200 },
      },
      refusals: {
        confirmed: { zh: '已确认', en: 'it is confirmed already', when: ({ confirmedAt }) => confirmedAt !== null },
        span: { zh: '所覆盖的时段为空，或早于发生时间', en: 'the time is empty, or begins before the outage' },
      },
    },
    recover: {
      zh: '确认故障排除',
      en: 'Confirm the recovery',
      help: {
        zh: '补录时限自排除时间起算',
        en: 'the fault is cleared (故障排除): confirmed with its time, which starts the clock of the backfill',
      },
      needs: 'outages:confirm',
      stages: ['stopped'],
      path: 'actions',
      fields: {
        streams,
        recoveredAt: {
          zh: '排除时间',
          en: 'When it was cleared',
          kind: 'time',
          optional: true,
          hint: { zh: '不填即为现在', en: 'Now, where it is left out' },
        },
      },
      refusals: {
        otherwise,
        time: {
          zh: '排除时间早于发生时间或晚于当前时间',
          en: 'the fault was cleared before it began, or in the future',
        },
      },
    },
    relapse: {
      zh: '故障复发',
      en: 'It came again',
      help: {
        zh: '补录时限停止，待再次排除后重新起算',
        en: 'the fault came again, or was not cleared: the clock stops, and starts anew with the next recovery',
      },
      needs: 'outages:confirm',
      stages: ['stopped', 'backfilling'],
      path: 'actions',
      fields: { streams, reason },
      refusals: {
        unrecovered: {
          zh: '没有已排除故障的数据流',
          en: 'none of its streams has recovered',
          when: (outage) => streamsFor('relapse', outage.streams).length === 0,
        },
        otherwise,
      },
    },
    paper: {
      zh: '导入手工台账',
      en: 'Hand in paper records',
      help: {
        zh: '故障期间手工制发的记录：列名与源端字段相同。整份导入或整份退回，同一文件只入库一次；排除后仍要补录核验',
        en: 'records made on paper meanwhile (手工台账), with the fields of the source as columns: all or nothing, the same file once; the backfill is owed all the same',
      },
      needs: 'outages:report',
      only: {
        zh: '数据流所属单位',
        en: 'the unit of the stream',
        units: (outage) => outage.streams.map(({ unitCode }) => unitCode),
      },
      stages: ['stopped', 'backfilling'],
      path: 'paper',
      fields: {
        stream: { zh: '数据流', en: 'Stream', kind: 'stream' },
        file: {
          zh: '文件',
          en: 'File',
          kind: 'records',
          hint: { zh: 'csv、xlsx、xls、jsonl', en: 'csv, xlsx, xls, jsonl' },
        },
      },
      refusals: { foreign: { zh: '该故障未涉及数据流 …', en: 'it does not stop …' } },
    },
    withdraw: {
      zh: '撤回报告',
      en: 'Withdraw',
      help: {
        zh: '误报：中止的每日时限恢复计算',
        en: 'the report was a mistake: what it suspended runs as before',
      },
      needs: 'outages:confirm',
      stages: ['stopped', 'backfilling'],
      path: 'actions',
      fields: { reason },
    },
  },
} as const satisfies CaseDefinition<OutageFacts, OutageStage>;

/** What is done with an outage; records made on paper are taken by `commitPaper` (store/casework/paper.ts). */
export type OutageStep = Exclude<StepOf<typeof OUTAGE>, { action: 'paper' }>;
