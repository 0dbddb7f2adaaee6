import { DISPUTE_SOURCES } from '../../domain/casework/dispute.ts';
import { SHARE_OUTCOMES, type ShareOutcome } from '../../domain/casework/share-request.ts';
import type { EventView } from '../../server/api/ledger/tasks.ts';
import { useLanguage } from '../language.tsx';
import { useLadder } from './cases/ladder.ts';
import { dueMoment, moment } from './time.tsx';

type Words = readonly [zh: string, en: string];
const wordsOf = ({ zh, en }: { zh: string; en: string }): Words => [zh, en];

/** What happened in a case. Orders to rectify bring their words along, in Chinese. */
const WORDS: Record<string, Words> = {
  overdue: ['逾期', 'overdue'],
  withdraw: ['撤回', 'withdrawn'],
  // Disputes.
  raised: ['提出', 'raised'],
  'handed over': ['送达发证单位', 'handed to the issuer'],
  receive: ['发证单位确认接收', 'confirmed by the issuer'],
  mark: ['标注异议', 'marked'],
  'mark lifted': ['解除标注', 'mark lifted'],
  verify: ['核实完成', 'verified'],
  'hand-up': ['提请上级核实', 'handed up'],
  route: ['转外省处理', 'sent on'],
  'upper-answer': ['上级答复', 'answered from above'],
  tell: ['告知异议人', 'objector told'],
  correct: ['更正', 'corrected'],
  corrected: ['已见更正版本', 'corrected version seen'],
  transfer: ['移交', 'transferred'],
  merge: ['并案', 'merged'],
  'took over': ['并入他案', 'took another one over'],
  reopen: ['重新办理', 'taken up again'],
  // Outages.
  reported: ['上报', 'reported'],
  confirm: ['确认不可抗力', 'confirmed'],
  recover: ['确认故障排除', 'recovery confirmed'],
  relapse: ['故障复发', 'fault came again'],
  paper: ['手工台账入库', 'records made on paper taken'],
  proven: ['补录核验通过', 'backfill proven'],
  closed: ['办结', 'closed'],
  // Share requests.
  requested: ['提出申请', 'requested'],
  ask: ['征求意见', 'units asked'],
  say: ['发表意见', 'a unit said'],
  decide: ['作出决定', 'decided'],
  // Findings, as they were called before each city had its own words.
  责令限期改正: ['责令限期改正', 'ordered to rectify'],
  不予责令: ['不予责令', 'dismissed'],
  已发现: ['已发现', 'found'],
  已自行消除: ['已自行消除', 'gone by itself'],
  报告整改完成: ['报告整改完成', 'reported as done'],
  复查通过: ['复查通过', 're-check passed'],
  复查未通过: ['复查未通过', 're-check failed'],
  书面通报: ['书面通报', 'notice given'],
  urge: ['催办', 'urged'],
};

/** What stands beside an event, by its name; what is not here is shown as it is, and these are for programs. */
const HIDDEN = new Set(['codes', 'unitCode', 'sha256', 'id', 'inspection']);
const DETAILS: Record<string, (value: string) => Words> = {
  upheld: (value) =>
    value === 'true' ? ['异议成立', 'the objector is right'] : ['异议不成立', 'the objector is not right'],
  outcome: (value) => wordsOf(SHARE_OUTCOMES[value as ShareOutcome]),
  source: (value) => wordsOf(DISPUTE_SOURCES[value] ?? { zh: value, en: value }),
  from: (value) => [`由 ${value}`, `from ${value}`],
  to: (value) => [`至 ${value}`, `to ${value}`],
  into: (value) => [`并入异议 ${value}`, `into dispute ${value}`],
  dispute: (value) => [`异议 ${value}`, `dispute ${value}`],
  proofs: (value) => [`核验 ${value}`, `proofs ${value}`],
  batch: (value) => [`批次 ${value}`, `batch ${value}`],
  read: (value) => [`${value} 条`, `${value} records`],
  rejected: (value) => [`问题数据 ${value} 条`, `${value} rejected`],
  at: (value) => [moment(value), moment(value)],
  workingDays: (value) => [`${value} 个工作日`, `${value} working days`],
};

export function Timeline({ events }: { events: readonly EventView[] }) {
  const { say } = useLanguage();
  const steps = Object.values(useLadder().actions).map((words): [string, Words] => [words.zh, wordsOf(words)]);
  const known: Record<string, Words> = { ...Object.fromEntries(steps), ...WORDS };
  return (
    <ol className="timeline">
      {events
        .toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at))
        .map(({ at, by, what, detail }, index) => (
          <li key={index}>
            <time dateTime={at}>{what === 'overdue' ? dueMoment(at) : moment(at)}</time>
            <span className="timeline-what">{known[what] ? say(...known[what]) : what}</span>
            <span className="quiet">{by === 'hub' ? say('系统', 'the hub') : by}</span>
            <span>
              {Object.entries(detail)
                .filter(([key, value]) => !HIDDEN.has(key) && value !== null && value !== '')
                .map(([key, value]) => {
                  const text = Array.isArray(value) ? value.map(String).join('、') : String(value);
                  const words = DETAILS[key]?.(text);
                  return words ? say(...words) : text;
                })
                .join(' · ')}
            </span>
          </li>
        ))}
    </ol>
  );
}
