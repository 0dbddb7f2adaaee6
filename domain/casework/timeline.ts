import { shanghaiWallTime } from '../dates.ts';
import type { Said } from '../said.ts';
import { DISPUTE_SOURCES } from './dispute.ts';
import { SHARE_OUTCOMES, type ShareOutcome } from './share-request.ts';

/** What happens in cases, by the name that timelines keep. */
const WORDS: Readonly<Record<string, Said>> = {
  overdue: { zh: '逾期', en: 'overdue' },
  withdraw: { zh: '撤回', en: 'withdrawn' },
  // Disputes
  raised: { zh: '提出', en: 'raised' },
  'handed over': { zh: '送达发证单位', en: 'handed to the issuer' },
  receive: { zh: '发证单位确认接收', en: 'confirmed by the issuer' },
  mark: { zh: '标注异议', en: 'marked' },
  'mark lifted': { zh: '解除标注', en: 'mark lifted' },
  verify: { zh: '核实完成', en: 'verified' },
  'hand-up': { zh: '提请上级核实', en: 'handed up' },
  route: { zh: '转外省处理', en: 'sent on' },
  'upper-answer': { zh: '上级答复', en: 'answered from above' },
  tell: { zh: '告知异议人', en: 'objector told' },
  correct: { zh: '更正', en: 'corrected' },
  corrected: { zh: '已见更正版本', en: 'corrected version seen' },
  transfer: { zh: '移交', en: 'transferred' },
  merge: { zh: '并案', en: 'merged' },
  'took over': { zh: '并入他案', en: 'took another one over' },
  reopen: { zh: '重新办理', en: 'taken up again' },
  // Outages
  reported: { zh: '上报', en: 'reported' },
  confirm: { zh: '确认不可抗力', en: 'confirmed' },
  recover: { zh: '确认故障排除', en: 'recovery confirmed' },
  relapse: { zh: '故障复发', en: 'fault came again' },
  paper: { zh: '手工台账入库', en: 'records made on paper taken' },
  proven: { zh: '补录核验通过', en: 'backfill proven' },
  closed: { zh: '办结', en: 'closed' },
  // Share requests
  requested: { zh: '提出申请', en: 'requested' },
  ask: { zh: '征求意见', en: 'units asked' },
  say: { zh: '发表意见', en: 'a unit said' },
  decide: { zh: '作出决定', en: 'decided' },
  // Findings, as they were called before each city had its own words
  责令限期改正: { zh: '责令限期改正', en: 'ordered to rectify' },
  不予责令: { zh: '不予责令', en: 'dismissed' },
  已发现: { zh: '已发现', en: 'found' },
  已自行消除: { zh: '已自行消除', en: 'gone by itself' },
  报告整改完成: { zh: '报告整改完成', en: 'reported as done' },
  复查通过: { zh: '复查通过', en: 're-check passed' },
  复查未通过: { zh: '复查未通过', en: 're-check failed' },
  书面通报: { zh: '书面通报', en: 'notice given' },
  urge: { zh: '催办', en: 'urged' },
};

/**
 * What happened, by the name that a timeline keeps.
 * @param actions those of the case; the timelines of findings keep their Chinese words, which each city has its own of
 */
export const eventInWords = (what: string, actions: readonly Said[] = []): Said =>
  (Object.hasOwn(WORDS, what) ? WORDS[what] : actions.find(({ zh }) => zh === what)) ?? { zh: what, en: what };

/** What stands beside an event, by its name; anything else is a text that somebody wrote. */
const DETAILS: Readonly<Record<string, (value: string) => Said>> = {
  upheld: (value) =>
    value === 'true'
      ? { zh: '异议成立', en: 'the objector is right' }
      : { zh: '异议不成立', en: 'the objector is not right' },
  outcome: (value) => SHARE_OUTCOMES[value as ShareOutcome],
  source: (value) => DISPUTE_SOURCES[value] ?? { zh: value, en: value },
  from: (value) => ({ zh: `由 ${value}`, en: `from ${value}` }),
  to: (value) => ({ zh: `至 ${value}`, en: `to ${value}` }),
  into: (value) => ({ zh: `并入异议 ${value}`, en: `into dispute ${value}` }),
  dispute: (value) => ({ zh: `异议 ${value}`, en: `dispute ${value}` }),
  proofs: (value) => ({ zh: `核验 ${value}`, en: `proofs ${value}` }),
  batch: (value) => ({ zh: `批次 ${value}`, en: `batch ${value}` }),
  read: (value) => ({ zh: `${value} 条`, en: `${value} records` }),
  rejected: (value) => ({ zh: `问题数据 ${value} 条`, en: `${value} rejected` }),
  at: (value) => {
    const at = shanghaiWallTime(Date.parse(value)).slice(0, 16);
    return { zh: at, en: at };
  },
  inspection: (value) => ({ zh: `检查 ${value}`, en: `inspection ${value}` }),
  workingDays: (value) => ({ zh: `${value} 个工作日`, en: `${value} working days` }),
};

/** What stands beside an event under a name. */
export function eventDetailInWords(name: string, value: unknown): Said {
  const text = Array.isArray(value) ? value.map(String).join('、') : String(value);
  const words = Object.hasOwn(DETAILS, name) ? DETAILS[name] : undefined;
  return words?.(text) ?? { zh: text, en: text };
}
