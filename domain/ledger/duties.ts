import type { Basis } from '../basis.ts';
import type { CaseKind } from '../ids.ts';

/**
 * What the hub watches deadlines of (时限任务), each with the events that can start its clock; the first is the one
 * where a rule names none. A regulation's rules name the duties that they govern, and who owes them, but for what the
 * management unit does under whatever rule (`owner`).
 */
export const DUTIES = {
  increment: { zh: '每日增量归集', en: 'daily increment', starts: ['day'] },
  lifecycle: { zh: '过程事件同步', en: 'events of certificates’ lives', starts: ['event'] },
  consistency: { zh: '数据一致', en: 'difference between source and library', starts: ['found'] },
  review: { zh: '签发审核', en: 'the issuer’s review', starts: ['unshown'] },
  stock: { zh: '存量归集', en: 'import of old records', starts: ['planned'] },
  'push-online': { zh: '在线签发推送', en: 'push of an online case', starts: ['completed'] },
  'push-offline': { zh: '离线签发推送', en: 'push of an offline case', starts: ['completed'] },
  'push-bulk': { zh: '批量签发推送', en: 'push of a bulk issue', starts: ['last-completed', 'first-completed'] },
  delivery: { zh: '送达持证主体', en: 'delivery to the holder', starts: ['completed'] },
  catalog: { zh: '目录更新', en: 'entry of the catalog', starts: ['changed'] },
  'catalog-approval': { zh: '目录审定', en: 'approval of an entry', starts: ['drafted'], owner: 'management' },
  'usage-list': { zh: '用证清单更新', en: 'list of uses', starts: ['changed'] },
  contact: { zh: '专人备案', en: 'contact person on file', starts: ['vacant'] },
  expiry: { zh: '到期提醒', en: 'reminder of an expiry', starts: ['ahead'] },
  'outage-report': { zh: '故障上报', en: 'report of an outage', starts: ['occurred'] },
  backfill: { zh: '故障后补录', en: 'backfill after an outage', starts: ['recovered'] },
  'share-filing': { zh: '提出共享申请', en: 'filing of a share request', starts: ['needed'] },
  'share-decision': { zh: '解决共享申请', en: 'decision on a share request', starts: ['requested'] },
  'dispute-receipt': { zh: '异议接收', en: 'receipt of a dispute', starts: ['raised'] },
  'dispute-mark': { zh: '异议标注', en: 'mark of a disputed certificate', starts: ['issuer-received', 'raised'] },
  'dispute-answer': { zh: '异议核实答复', en: 'answer to a dispute', starts: ['issuer-received', 'marked', 'raised'] },
  'dispute-hand-up': { zh: '异议提请上级核实', en: 'hand-up of a dispute', starts: ['manager-received', 'raised'] },
  'dispute-tell': { zh: '告知异议结果', en: 'word to the objector', starts: ['upper-answered'] },
  rectification: { zh: '限期整改', en: 'rectification', starts: ['ordered'] },
} as const satisfies Record<string, { zh: string; en: string; starts: readonly [string, ...string[]]; owner?: Owner }>;

/** How a deadline stands at a moment: computed from the ledger and a clock (store/migrations/0011), never stored. */
export const OBLIGATION_STATES = {
  overdue: { zh: '逾期', en: 'overdue' },
  'due soon': { zh: '临期', en: 'due soon' },
  open: { zh: '未到期', en: 'open' },
  suspended: { zh: '中止', en: 'suspended' },
  'no calendar': { zh: '日历未公布', en: 'no calendar' },
  met: { zh: '按期办结', en: 'met' },
  'met late': { zh: '逾期办结', en: 'met late' },
  'met suspended': { zh: '中止后办结', en: 'met after a suspension' },
  exempted: { zh: '容错', en: 'exempted' },
  cancelled: { zh: '撤销', en: 'cancelled' },
} as const;
export type ObligationState = keyof typeof OBLIGATION_STATES;
export const EVERY_STATE = Object.keys(OBLIGATION_STATES) as [ObligationState, ...ObligationState[]];
/** States of what is still owed. */
export const RUNNING_STATES: readonly ObligationState[] = ['no calendar', 'overdue', 'due soon', 'open', 'suspended'];
/** States of what can be urged: it has a due time, which runs. */
export const URGENT_STATES: readonly ObligationState[] = ['overdue', 'due soon', 'open'];

/** What a deadline is of. */
export type Duty = keyof typeof DUTIES;
/** What is owed in cases of each kind. */
export const CASE_DUTIES = {
  dispute: ['dispute-receipt', 'dispute-mark', 'dispute-answer', 'dispute-hand-up', 'dispute-tell'],
  outage: ['outage-report', 'backfill'],
  share: ['share-filing', 'share-decision'],
  rectification: ['rectification'],
} as const satisfies Record<CaseKind, readonly Duty[]>;

/** An event that starts a clock. */
export type Start = (typeof DUTIES)[Duty]['starts'][number];

/** What people read for the events. */
export const STARTS: Readonly<Record<Start, { zh: string; en: string }>> = {
  day: { zh: '当日', en: 'the day itself' },
  event: { zh: '事件发生之日', en: 'the day on which the event comes about' },
  found: { zh: '差异发现', en: 'the difference is found' },
  unshown: { zh: '未见审核字段或声明', en: 'nothing shows the review' },
  planned: { zh: '存量计划下达', en: 'the stock is planned' },
  completed: { zh: '业务办结', en: 'the case is completed' },
  'last-completed': { zh: '批次最后一件办结', en: 'the last case of the batch is completed' },
  'first-completed': { zh: '批次第一件办结', en: 'the first case of the batch is completed' },
  drafted: { zh: '目录草案齐备', en: 'the draft says all that it must' },
  changed: { zh: '内容变更', en: 'what it describes changes' },
  vacant: { zh: '无专人在案', en: 'no contact is on file' },
  ahead: { zh: '进入到期提醒期', en: 'the expiry comes near' },
  occurred: { zh: '故障发生', en: 'the fault occurs' },
  recovered: { zh: '故障排除经确认', en: 'the recovery is confirmed' },
  needed: { zh: '产生用证需求', en: 'a certificate is needed' },
  requested: { zh: '收到共享申请', en: 'the request is received' },
  'issuer-received': { zh: '发证单位收到', en: 'the issuer receives it' },
  'manager-received': { zh: '综合管理单位收到', en: 'the management unit receives it' },
  raised: { zh: '异议提出', en: 'the objector raises it' },
  marked: { zh: '完成标注', en: 'the mark is set' },
  'upper-answered': { zh: '上级答复', en: 'the upper level answers' },
  ordered: { zh: '整改要求下达', en: 'the order is given' },
};

/** Who owes a duty. Which unit that is, the subject says. */
export const OWNERS = {
  issuer: { zh: '发证单位', en: 'issuer' },
  'user-unit': { zh: '用证单位', en: 'user unit' },
  'issuer-and-user': { zh: '发证单位、用证单位', en: 'issuers and user units' },
  management: { zh: '管理单位', en: 'management unit' },
} as const;
export type Owner = keyof typeof OWNERS;

/** Length of a term: working days, or the same calendar day to its end, or minutes for what is to happen at once. */
export type Term = { workingDays: number } | 'same-day' | { minutes: number };

/** The regulation of a city. */
export interface Regulation {
  title: string;
  /** 文号; left out for a draft. */
  number?: string | undefined;
  /** 送审稿: not law, and never cited as such. */
  draft: boolean;
}

/** A regulation as a document names it; a draft is always said to be one. */
export const regulationName = ({ title, number, draft }: Regulation): string =>
  `《${title}》${draft ? '（送审稿）' : number === undefined ? '' : `（${number}）`}`;

/** A rule of a regulation as the hub runs it. */
export interface Rule {
  /** Row of the rule table, for example `WX-18b`. */
  id: string;
  article: string;
  /** The duty in a few words of the regulation. */
  quote: string;
  duties: Duty[];
  /** What sets it off, in words. */
  trigger: string;
  /** Event that starts the clock. */
  starts: Start;
  owner: Owner;
  /** Null where each case gets its own (限期整改). */
  term: Term | null;
  /** internal: the text sets no number, the target is the city's own (内控时限). */
  basis: Basis;
  /** What ends it, in words. */
  ends: string;
  /** What a breach leads to, by the regulation; left out, where it says nothing of that. */
  breach?: string | undefined;
}

/** A term in words. */
export function describeTerm({ term, basis }: Pick<Rule, 'term' | 'basis'>, language: 'zh' | 'en' = 'zh'): string {
  const zh = language === 'zh';
  const length =
    term === null
      ? zh
        ? '逐案确定'
        : 'set case by case'
      : term === 'same-day'
        ? zh
          ? '当日 24:00 前'
          : 'by the end of the day'
        : 'minutes' in term
          ? `${term.minutes} ${zh ? '分钟' : 'minutes'}`
          : `${term.workingDays} ${zh ? '个工作日' : term.workingDays === 1 ? 'working day' : 'working days'}`;
  return `${length}${basis === 'internal' ? (zh ? '（内控时限）' : ' (internal target)') : ''}`;
}
