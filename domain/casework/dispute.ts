import type { Permission } from '../access.ts';

/** What is known of a dispute (异议) that decides how it goes on. */
export interface DisputeFacts {
  closedAs: 'told' | 'withdrawn' | 'merged' | null;
  receivedAt: Date | null;
  markedAt: Date | null;
  sentAt: Date | null;
  upheld: boolean | null;
  correctedAt: Date | null;
  toldAt: Date | null;
}

/** How far a dispute is. */
export const DISPUTE_STAGES = {
  raised: { zh: '待接收', en: 'waits for the issuer, or for being handed up' },
  verifying: { zh: '核实中', en: 'being verified by the issuer' },
  away: { zh: '待上级答复', en: 'handed up or sent on, waits for the answer' },
  telling: { zh: '待告知', en: 'answered, the objector is to be told' },
  correcting: { zh: '待更正', en: 'told, the certificate is to be corrected' },
  closed: { zh: '已办结', en: 'closed' },
} as const;
export type DisputeStage = keyof typeof DISPUTE_STAGES;

/** The first of these that is known of it says how far it is; where none is, it is raised. */
export const STAGE_BY_FACT = [
  ['closedAs', 'closed'],
  ['toldAt', 'correcting'],
  ['upheld', 'telling'],
  ['sentAt', 'away'],
  ['receivedAt', 'verifying'],
] as const satisfies [keyof DisputeFacts, DisputeStage][];

export const disputeStage = (facts: DisputeFacts): DisputeStage =>
  STAGE_BY_FACT.find(([fact]) => facts[fact] !== null)?.[1] ?? 'raised';

/** How a dispute ended. */
export const DISPUTE_ENDS = {
  told: { zh: '已答复告知', en: 'answered' },
  withdrawn: { zh: '已撤回', en: 'withdrawn' },
  merged: { zh: '已并案', en: 'merged' },
} as const satisfies Record<NonNullable<DisputeFacts['closedAs']>, { zh: string; en: string }>;

/** Where disputes come from, beside the connectors of hotlines, which have names of their own. */
export const DISPUTE_SOURCES: Readonly<Record<string, { zh: string; en: string }>> = {
  console: { zh: '控制台登记', en: 'console' },
  command: { zh: '命令行登记', en: 'command line' },
  hotline: { zh: '热线', en: 'hotline' },
  api: { zh: '接口', en: 'API' },
};

/** What can be done with a dispute: what it is called, what it is for, in which stages, and what one needs for it. */
export const DISPUTE_ACTIONS = {
  receive: {
    zh: '接收',
    en: 'Receive',
    needs: 'disputes:answer',
    stages: ['raised'],
    help: { zh: '发证单位已收到，答复时限起算', en: 'the issuer has received it: its clock starts' },
  },
  mark: {
    zh: '异议标注',
    en: 'Mark',
    needs: 'disputes:answer',
    stages: ['raised', 'verifying', 'away', 'telling'],
    help: { zh: '标注后，凡查用该证照处均显示', en: 'mark the certificate (异议标注): shown wherever it is read' },
  },
  verify: {
    zh: '填报核实结果',
    en: 'Verify',
    needs: 'disputes:answer',
    stages: ['verifying'],
    help: { zh: '发证单位的核实结果', en: 'the issuer’s result' },
  },
  'hand-up': {
    zh: '提请上级核实',
    en: 'Hand up',
    needs: 'disputes:manage',
    stages: ['raised', 'verifying'],
    help: {
      zh: '提请省、市主管部门核实（柯桥第十二条）',
      en: 'handed up to the province or city for verification (柯桥第十二条)',
    },
  },
  route: {
    zh: '转外省处理',
    en: 'Send on',
    needs: 'disputes:manage',
    stages: ['raised', 'verifying'],
    help: {
      zh: '外省证照按国家规定转办',
      en: 'sent on, as national rules say of certificates of other provinces',
    },
  },
  'upper-answer': {
    zh: '登记上级答复',
    en: 'Answer from above',
    needs: 'disputes:manage',
    stages: ['away'],
    help: { zh: '受理单位的答复', en: 'the answer of those it was handed up or sent on to' },
  },
  tell: {
    zh: '告知异议人',
    en: 'Tell',
    needs: 'disputes:manage',
    stages: ['telling'],
    help: { zh: '由工作人员告知异议人，留存凭证', en: 'the objector has been told by a person' },
  },
  correct: {
    zh: '登记更正',
    en: 'Correct',
    needs: 'disputes:answer',
    stages: ['telling', 'correcting'],
    help: {
      zh: '证照已更正，而归集数据中看不到新版本',
      en: 'the certificate is corrected, where no new version shows it',
    },
  },
  transfer: {
    zh: '移交',
    en: 'Transfer',
    needs: 'disputes:manage',
    stages: ['raised', 'verifying', 'away'],
    help: { zh: '改由其他发证单位负责，时限重新起算', en: 'another issuer answers for the certificate' },
  },
  merge: {
    zh: '并案',
    en: 'Merge',
    needs: 'disputes:manage',
    stages: ['raised', 'verifying', 'away', 'telling'],
    help: {
      zh: '并入同一证照的另一件异议',
      en: 'another dispute about the same certificate takes it over',
    },
  },
  withdraw: {
    zh: '撤回',
    en: 'Withdraw',
    needs: 'disputes:manage',
    stages: ['raised', 'verifying', 'away', 'telling'],
    help: { zh: '异议人撤回异议', en: 'the objector withdraws it' },
  },
  reopen: {
    zh: '重新办理',
    en: 'Take up again',
    needs: 'disputes:manage',
    stages: ['correcting', 'closed'],
    help: { zh: '开始新一轮，时限重新起算', en: 'taken up again: a new round with its own deadlines' },
  },
} as const satisfies Record<
  string,
  {
    zh: string;
    en: string;
    help: { zh: string; en: string };
    needs: Permission;
    stages: readonly DisputeStage[];
  }
>;
export type DisputeAction = keyof typeof DISPUTE_ACTIONS;

/** Why an action cannot be done now, in both languages; null when it can. */
export function refusedAction(facts: DisputeFacts, action: DisputeAction): { zh: string; en: string } | null {
  const stage = disputeStage(facts);
  const allowed: readonly DisputeStage[] = DISPUTE_ACTIONS[action].stages;
  if (!allowed.includes(stage)) {
    return {
      zh: `现为“${DISPUTE_STAGES[stage].zh}”，须为${allowed.map((each) => `“${DISPUTE_STAGES[each].zh}”`).join('或')}`,
      en: `found it ${stage} (${DISPUTE_STAGES[stage].zh}), expected ${allowed.join(' or ')}`,
    };
  }
  if (action === 'mark' && facts.markedAt !== null) return { zh: '已标注', en: 'it is marked already' };
  if (action === 'correct' && facts.upheld !== true)
    return { zh: '异议不成立，无须更正', en: 'there is nothing to correct: the objector was not right' };
  if (action === 'reopen' && facts.closedAs !== null && facts.closedAs !== 'told') {
    const { zh } = DISPUTE_ENDS[facts.closedAs];
    return { zh: `${zh}，请另行提出`, en: `it was ${facts.closedAs}; raise another one` };
  }
  return null;
}
