import type { SealState } from '../library/seals.ts';

/** How work is inspected (SH 29, WX 24, XC 31). */
export const INSPECTIONS = {
  sample: { zh: '随机抽查', en: 'sample' },
  trial: { zh: '模拟办事', en: 'trial use' },
  patrol: { zh: '电子督查', en: 'patrol' },
  task: { zh: '个案督办', en: 'one overdue deadline' },
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
  | { what: 'overdue-count' | 'difference-age' }
  | { what: 'overdue-share' | 'late-count' | 'rejects-open'; within: number }
);

/** What a patrol found of a unit, in words. */
export function patrolFacts(rule: PatrolRule, value: number): string {
  const [found, allowed] = [String(value), String(rule.above)];
  switch (rule.what) {
    case 'overdue-count':
      return `逾期未办结的时限任务 ${found} 件（限 ${allowed} 件）`;
    case 'overdue-share':
      return `近 ${rule.within} 天到期的时限任务 ${found}% 未按期办结（限 ${allowed}%）`;
    case 'late-count':
      return `近 ${rule.within} 天到期的时限任务逾期办结 ${found} 件（限 ${allowed} 件）`;
    case 'rejects-open':
      return `问题数据超过 ${rule.within} 天未更正 ${found} 条（限 ${allowed} 条）`;
    case 'difference-age':
      return `与源端的差异最长已有 ${found} 天未消除（限 ${allowed} 天）`;
  }
}

/** The rungs of the ladder that a finding climbs (XC 31: 责令限期改正, 逾期不改正的给予书面通报). */
export const STAGES = {
  found: { zh: '已发现', en: 'found' },
  ordered: { zh: '责令限期改正', en: 'ordered to rectify' },
  reported: { zh: '已报整改待复查', en: 'reported as done' },
  noticed: { zh: '已书面通报', en: 'notice given' },
  passed: { zh: '复查通过', en: 're-check passed' },
  dismissed: { zh: '不予责令', en: 'dismissed' },
  cleared: { zh: '已自行消除', en: 'gone by itself' },
} as const;
export type FindingStage = keyof typeof STAGES;

/** What moves a finding. */
export const ACTIONS = {
  order: { zh: '责令限期改正', en: 'Order rectification' },
  dismiss: { zh: '不予责令', en: 'Dismiss' },
  clear: { zh: '自行消除', en: 'Gone by itself' },
  report: { zh: '报告整改完成', en: 'Report as rectified' },
  pass: { zh: '复查通过', en: 'Pass' },
  fail: { zh: '复查未通过', en: 'Fail' },
  notice: { zh: '书面通报', en: 'Give notice' },
} as const;
export type Action = keyof typeof ACTIONS;

/**
 * What can be done with a finding on each rung, and where that leads. A failed re-check leads back to the order, whose
 * clock has run on; whether a notice may be given is also the ledger's business: only when the term is over.
 */
const LADDER: Record<FindingStage, Partial<Record<Action, FindingStage>>> = {
  found: { order: 'ordered', dismiss: 'dismissed', clear: 'cleared' },
  ordered: { report: 'reported', notice: 'noticed' },
  reported: { pass: 'passed', fail: 'ordered' },
  noticed: { report: 'reported' },
  passed: {},
  dismissed: {},
  cleared: {},
};

/** Where an action leads; null where it is not possible. */
export const nextStage = (stage: FindingStage, action: Action): FindingStage | null => LADDER[stage][action] ?? null;
export const actionsOn = (stage: FindingStage): Action[] => Object.keys(LADDER[stage]) as Action[];
/** Nothing follows any more. */
export const hasEnded = (stage: FindingStage): boolean => actionsOn(stage).length === 0;

/** The case of a finding in the ledger and in the timeline; deadlines of further terms have subjects below it. */
export const caseSubject = (finding: number, term = 1): string => `${CASES}${finding}${term === 1 ? '' : `/${term}`}`;
export const CASES = 'rectification/';
