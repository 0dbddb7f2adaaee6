import type { CaseDefinition, CaseField, Refusal, StepOf } from '../casework/definition.ts';
import { shanghaiWallTime } from '../dates.ts';
import { BASES, type Basis } from '../basis.ts';
import type { ObligationState } from '../ledger/duties.ts';
import type { SealState } from '../library/seals.ts';
import type { Sanctions } from './sanctions.ts';

/** How findings come about: the three kinds of inspection that the texts name (SH 29, WX 24, KQ 17), or one by itself. */
export const INSPECTIONS = {
  sample: { zh: '随机抽查', en: 'sample' },
  trial: { zh: '模拟办事', en: 'trial use' },
  patrol: { zh: '电子督查', en: 'patrol' },
  task: { zh: '个案督办', en: 'one overdue deadline' },
  hand: { zh: '人工登记', en: 'entered by hand' },
} as const;
export type InspectionKind = keyof typeof INSPECTIONS;

/** What the comparison with its source showed of a sampled record. */
export const SAMPLE_RESULTS = {
  equal: { zh: '一致', good: true },
  differs: { zh: '不一致', good: false },
  'missing at source': { zh: '源端没有', good: false },
  /** The source could not list it any more, or it changed meanwhile: says nothing of the unit's work. */
  'not compared': { zh: '未能比对', good: null },
} as const satisfies Record<string, { zh: string; good: boolean | null }>;
export type SampleResult = keyof typeof SAMPLE_RESULTS;

/** What a user unit would have got that asks for a certificate which is valid by its record; the first that applies. */
export const TRIAL_RESULTS = {
  'not found': { zh: '查不到', good: false },
  'not valid': { zh: '非有效状态', good: false },
  flagged: { zh: '带问题标记', good: false },
  'file missing': { zh: '证照文件缺失', good: false },
  'signature invalid': { zh: '签章无效', good: false },
  unsigned: { zh: '无签章', good: false },
  /** All else is well; that the hub could not verify the seal says nothing of the unit’s work. */
  unverified: { zh: '签章未核验', good: null },
  good: { zh: '可用', good: true },
} as const satisfies Record<string, { zh: string; good: boolean | null }>;
export type TrialResult = keyof typeof TRIAL_RESULTS;

/** What the hub answers to a user unit about one certificate. */
export interface TrialAnswer {
  /** The state that counts, over all sources; null where the certificate is not found. */
  status: string | null;
  flagged: boolean;
  /** Whether its file is there; null where it has none to be fetched. */
  file: boolean | null;
  signature: SealState | null;
}

export function judge({ status, flagged, file, signature }: TrialAnswer): TrialResult {
  if (status === null) return 'not found';
  if (status !== 'valid') return 'not valid';
  if (flagged) return 'flagged';
  if (file === false) return 'file missing';
  if (file === null) return 'good';
  if (signature === 'invalid') return 'signature invalid';
  if (signature === 'unsigned') return 'unsigned';
  return signature === 'valid' ? 'good' : 'unverified';
}

/** A rule of the patrol (电子督查): a unit above the number gets a finding, one while it lasts. Of the profile. */
export type PatrolRule = { id: string; above: number } & (
  | { what: 'overdue-count'; basis: Basis }
  | { what: 'overdue-share' | 'late-count'; basis: Basis; within: number }
  | { what: 'rejects-open'; within: number }
  | { what: 'difference-age' }
);

/** What a patrol found of a unit, in words. */
export function patrolFacts(rule: PatrolRule, value: number): string {
  const [found, allowed] = [String(value), String(rule.above)];
  switch (rule.what) {
    case 'overdue-count':
      return `逾期未办结的${BASES[rule.basis].zh}任务 ${found} 件（限 ${allowed} 件）`;
    case 'overdue-share':
      return `近 ${rule.within} 天到期的${BASES[rule.basis].zh}任务 ${found}% 未按期办结（限 ${allowed}%）`;
    case 'late-count':
      return `近 ${rule.within} 天到期的${BASES[rule.basis].zh}任务逾期办结 ${found} 件（限 ${allowed} 件）`;
    case 'rejects-open':
      return `问题数据超过 ${rule.within} 天未更正 ${found} 条（限 ${allowed} 条）`;
    case 'difference-age':
      return `与源端的差异最长已有 ${found} 天未消除（限 ${allowed} 天）`;
  }
}

/** The rungs of the ladder that a finding climbs; what a city calls them, {@link findingUnder} says. */
export const STAGES = {
  found: { zh: '已发现', en: 'found' },
  ordered: { zh: '限期整改', en: 'to be rectified' },
  reported: { zh: '已报整改待复查', en: 'reported as done' },
  noticed: { zh: '已发文书', en: 'notice given' },
  passed: { zh: '复查通过', en: 're-check passed' },
  dismissed: { zh: '不予处理', en: 'dismissed' },
  transferred: { zh: '已移送', en: 'handed over' },
  cleared: { zh: '已自行消除', en: 'gone by itself' },
} as const;
export type FindingStage = keyof typeof STAGES;

/** What is known of a finding that decides how it goes on. */
export interface FindingFacts {
  stage: FindingStage;
  /** Of the last term that was set; null where none was, or the profile has no rule for it. */
  deadline: { state: ObligationState; dueAt: Date | null } | null;
}

const note = { zh: '说明', en: 'Note', kind: 'text', most: 2_000 } as const satisfies CaseField;
const item = {
  zh: '所属项',
  en: 'Item',
  kind: 'item',
  optional: true,
  hint: {
    zh: '规则列有各项的，不填则按发现方式对应的项',
    en: 'Of the regulation’s list; left empty, that of what it was found by',
  },
} as const satisfies CaseField;
const unnamed = {
  code: 'item-unnamed',
  zh: '须指明属于哪一项：…',
  en: 'it has to be said which item it falls under: …',
} as const satisfies Refusal<FindingFacts>;
const days = { zh: '期限（工作日）', en: 'Term in working days', kind: 'working-days' } as const satisfies CaseField;

/**
 * What takes a finding up the ladder, and where each step leads. A failed re-check leads back to the order, whose clock
 * has run on. That something is gone by itself the patrol finds (store/supervision/inspections.ts).
 */
export const FINDING = {
  kind: 'rectification',
  zh: '问题',
  en: 'Finding',
  command: 'supervise',
  path: '/findings',
  codes: { unknown: 'finding-unknown', refused: 'finding-stage' },
  stages: STAGES,
  stageOf: ({ stage }) => stage,
  actions: {
    order: {
      zh: '限期整改',
      en: 'Set a term to rectify',
      help: { zh: '期限自下达时起算', en: 'have the unit rectify within a term, which begins now' },
      needs: 'supervision:order',
      stages: ['found'],
      to: 'ordered',
      path: 'order',
      fields: { demand: { zh: '改正要求', en: 'What is to be done', kind: 'text', most: 2_000 }, days, item },
      refusals: { unnamed },
    },
    dismiss: {
      zh: '不予处理',
      en: 'Dismiss',
      help: { zh: '不要求整改，问题了结', en: 'end a finding of which nothing follows (不予处理)' },
      needs: 'supervision:order',
      stages: ['found'],
      to: 'dismissed',
      path: 'dismiss',
      fields: { reason: { zh: '理由', en: 'Why', kind: 'text', most: 500 } },
    },
    report: {
      zh: '报告整改完成',
      en: 'Report as rectified',
      help: { zh: '由责任单位报告，待复查', en: 'the unit says that it has rectified' },
      needs: 'supervision:answer',
      stages: ['ordered', 'noticed'],
      to: 'reported',
      command: 'done',
      path: 'done',
      fields: { note: { zh: '整改情况', en: 'What was done', kind: 'text', most: 2_000 } },
    },
    pass: {
      zh: '复查通过',
      en: 'Pass',
      help: {
        zh: '改正时间按单位报告整改的时间计算',
        en: 'it is rectified: it counts as of when the unit said that it was done',
      },
      needs: 'supervision:order',
      stages: ['reported'],
      to: 'passed',
      command: 'recheck',
      path: 'recheck',
      mark: { passed: true },
      fields: { note },
    },
    fail: {
      zh: '复查未通过',
      en: 'Fail',
      help: { zh: '原期限继续计算，或另定期限', en: 'it is not: the term runs on, or another one is set' },
      needs: 'supervision:order',
      stages: ['reported'],
      to: 'ordered',
      command: 'recheck',
      path: 'recheck',
      mark: { passed: false },
      fields: {
        note,
        days: {
          ...days,
          optional: true,
          hint: { zh: '不填则原期限继续计算', en: 'Left empty, the term that runs goes on' },
        },
      },
    },
    transfer: {
      zh: '移送',
      en: 'Hand over',
      help: {
        zh: '涉嫌违纪违法的移送有权机关处理：期限不再计算，不再由本系统督办',
        en: 'what has to be handed over (涉嫌违纪、违法) leaves the ladder: its term is dropped, others see to it',
      },
      needs: 'supervision:order',
      stages: ['found', 'ordered', 'reported', 'noticed'],
      to: 'transferred',
      path: 'transfer',
      fields: {
        to: { zh: '移送机关', en: 'To whom', kind: 'line', most: 100 },
        reference: { zh: '移送文号', en: 'Reference', kind: 'line', most: 100 },
        reason: { zh: '移送事由', en: 'Why', kind: 'text', most: 500 },
      },
    },
    notice: {
      zh: '出具文书',
      en: 'Give notice',
      help: {
        zh: '针对逾期未改正的问题，将生成正式文书，可打印',
        en: 'give notice of what was not rectified in time, as the profile has it (书面通报, 督办函): the document is made, to be printed',
      },
      needs: 'supervision:order',
      stages: ['ordered'],
      to: 'noticed',
      path: 'notice',
      fields: { number: { zh: '文号', en: 'Number', kind: 'line', most: 50 }, item },
      refusals: {
        none: {
          code: 'notice-none',
          zh: '本市规则没有这一环节',
          en: 'the profile has no document for what was not rectified in time (supervision.notice)',
        },
        unruled: {
          code: 'not-overdue',
          zh: '只适用于逾期未改正的问题；本市规则没有整改的期限规则，期限未起算',
          en: 'the profile has no rule for the term of an order, so none runs',
          when: ({ deadline }) => deadline === null,
        },
        exempted: {
          code: 'not-overdue',
          zh: '只适用于逾期未改正的问题；其改正期限已容错',
          en: 'its term is exempted (容错)',
          when: ({ deadline }) => deadline?.state === 'exempted',
        },
        unknown: {
          code: 'not-overdue',
          zh: '只适用于逾期未改正的问题；日历未公布，其改正期限未定',
          en: '日历未公布: when its term ends is not known yet',
          when: ({ deadline }) => deadline?.dueAt === null,
        },
        running: {
          code: 'not-overdue',
          zh: '只适用于逾期未改正的问题；其改正期限至 … 届满',
          en: 'its term ends …, and it is not overdue',
          when: ({ deadline }) =>
            deadline?.dueAt != null && deadline.state !== 'overdue' && shanghaiWallTime(deadline.dueAt.getTime()),
        },
        taken: {
          code: 'number-taken',
          zh: '文号 … 已用于另一份文书',
          en: '… is the number of another notice',
        },
        unnamed,
      },
    },
  },
} as const satisfies CaseDefinition<FindingFacts, FindingStage> & {
  actions: Readonly<Record<string, { to: FindingStage }>>;
};

/** What can be done with a finding under the sanctions of a city, in its words; what the city has not is refused. */
export function findingUnder({
  order,
  notice,
}: {
  order: Sanctions['order'];
  notice?: { name: string } | null | undefined;
}): CaseDefinition<FindingFacts, FindingStage, FindingAction> {
  const { stages, actions } = FINDING;
  const { none } = actions.notice.refusals;
  return {
    ...FINDING,
    stages: {
      ...stages,
      ordered: { ...stages.ordered, zh: order.name },
      noticed: notice ? { ...stages.noticed, zh: `已发${notice.name}` } : stages.noticed,
    },
    actions: {
      ...actions,
      order: { ...actions.order, zh: order.name },
      notice: notice
        ? { ...actions.notice, zh: notice.name }
        : { ...actions.notice, refusals: { ...actions.notice.refusals, none: { ...none, when: () => true } } },
    },
  };
}

export type FindingAction = keyof typeof FINDING.actions;
/** What is done with a finding. */
export type FindingStep =
  | Exclude<StepOf<typeof FINDING>, { action: 'pass' | 'fail' | 'notice' }>
  /** `inspection`: the one that looked at the records again. */
  | (Extract<StepOf<typeof FINDING>, { action: 'pass' | 'fail' }> & { inspection?: number })
  /** With the document, as it is printed. */
  | (Extract<StepOf<typeof FINDING>, { action: 'notice' }> & { document: string });

/** Nothing follows any more. */
export const hasEnded = (stage: FindingStage): boolean =>
  Object.values(FINDING.actions).every(({ stages }) => !(stages as readonly FindingStage[]).includes(stage));

/** The case of a finding in the ledger and in the timeline; deadlines of further terms have subjects below it. */
export const caseSubject = (finding: number, term = 1): string => `${CASES}${finding}${term === 1 ? '' : `/${term}`}`;
export const CASES = 'rectification/';
