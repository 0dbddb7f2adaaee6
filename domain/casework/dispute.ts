import type { CaseDefinition, CaseField, StepOf } from './definition.ts';

/** What is known of a dispute (异议) that decides how it goes on. */
export interface DisputeFacts {
  issuerCode: string | null;
  closedAs: 'told' | 'withdrawn' | 'merged' | null;
  /** When it entered the issuer's system: its clocks start then. */
  receivedAt: Date | null;
  /** When the issuer said that it has it. */
  acknowledgedAt: Date | null;
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

export const disputeStage = (facts: Pick<DisputeFacts, (typeof STAGE_BY_FACT)[number][0]>): DisputeStage =>
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

const issuer = {
  zh: '发证单位',
  en: 'the issuer of the certificate',
  units: ({ issuerCode }: DisputeFacts) => [issuerCode],
};
const result = {
  upheld: {
    zh: '核实结果',
    en: 'Result',
    kind: 'verdict',
    yes: { zh: '异议成立', en: 'The objector is right' },
    no: { zh: '异议不成立', en: 'The objector is not right' },
  },
  answer: {
    zh: '答复内容',
    en: 'Answer',
    kind: 'personal',
    most: 20_000,
    hint: { zh: '将告知异议人', en: 'The objector is told this' },
  },
} as const satisfies Record<string, CaseField>;
const sent = {
  to: { zh: '受理单位', en: 'To whom', kind: 'line', most: 200 },
  reference: { zh: '发文号', en: 'Reference', kind: 'line', most: 200, optional: true },
} as const satisfies Record<string, CaseField>;
const because = { reason: { zh: '理由', en: 'Why', kind: 'text', most: 500 } } as const satisfies Record<
  string,
  CaseField
>;

/** What can be done with an objection to a certificate (异议). */
export const DISPUTE = {
  kind: 'dispute',
  zh: '异议',
  en: 'Dispute',
  command: 'dispute',
  path: '/disputes',
  codes: { unknown: 'case-unknown', refused: 'case-refused' },
  stages: DISPUTE_STAGES,
  stageOf: disputeStage,
  actions: {
    receive: {
      zh: '接收',
      en: 'Receive',
      help: {
        zh: '发证单位确认收到；时限自送达发证单位时起算，不因确认而推迟',
        en: 'the issuer has it; its clock starts when it was handed over, whenever that is confirmed',
      },
      needs: 'disputes:answer',
      only: issuer,
      stages: ['raised', 'verifying'],
      path: 'answer',
      fields: {
        receivedAt: {
          zh: '接收时间',
          en: 'When',
          kind: 'time',
          optional: true,
          hint: {
            zh: '不填即为现在；早于送达时间的，时限自所填时间起算',
            en: 'Now, where it is left out; an earlier time than that of the handing over counts',
          },
        },
      },
      refusals: {
        acknowledged: {
          zh: '已确认接收',
          en: 'that was said already',
          when: ({ acknowledgedAt }) => acknowledgedAt !== null,
        },
      },
    },
    mark: {
      zh: '异议标注',
      en: 'Mark',
      help: { zh: '标注后，凡查用该证照处均显示', en: 'mark the certificate (异议标注): shown wherever it is read' },
      needs: 'disputes:answer',
      only: issuer,
      stages: ['raised', 'verifying', 'away', 'telling'],
      path: 'answer',
      fields: {},
      refusals: {
        marked: { zh: '已标注', en: 'it is marked already', when: ({ markedAt }) => markedAt !== null },
      },
    },
    verify: {
      zh: '填报核实结果',
      en: 'Verify',
      help: { zh: '发证单位的核实结果', en: 'the issuer’s result' },
      needs: 'disputes:answer',
      only: issuer,
      stages: ['verifying'],
      path: 'answer',
      fields: result,
    },
    'hand-up': {
      zh: '提请上级核实',
      en: 'Hand up',
      help: {
        zh: '提请省、市主管部门核实（柯桥第十二条）',
        en: 'handed up to the province or city for verification (柯桥第十二条)',
      },
      needs: 'disputes:manage',
      stages: ['raised', 'verifying'],
      path: 'manage',
      fields: sent,
    },
    route: {
      zh: '转外省处理',
      en: 'Send on',
      help: { zh: '外省证照按国家规定转办', en: 'sent on, as national rules say of certificates of other provinces' },
      needs: 'disputes:manage',
      stages: ['raised', 'verifying'],
      path: 'manage',
      fields: sent,
    },
    'upper-answer': {
      zh: '登记上级答复',
      en: 'Answer from above',
      help: { zh: '受理单位的答复', en: 'the answer of those it was handed up or sent on to' },
      needs: 'disputes:manage',
      stages: ['away'],
      path: 'manage',
      fields: result,
    },
    tell: {
      zh: '告知异议人',
      en: 'Tell',
      help: { zh: '由工作人员告知异议人，留存凭证', en: 'the objector has been told by a person' },
      needs: 'disputes:manage',
      stages: ['telling'],
      path: 'manage',
      fields: {
        receipt: {
          zh: '告知凭证',
          en: 'What proves it',
          kind: 'line',
          most: 500,
          hint: { zh: '如通话编号、回执编号', en: 'Such as the number of a call' },
        },
      },
    },
    correct: {
      zh: '登记更正',
      en: 'Correct',
      help: {
        zh: '证照已更正，而归集数据中看不到新版本',
        en: 'the certificate is corrected, where no new version shows it',
      },
      needs: 'disputes:answer',
      only: issuer,
      stages: ['telling', 'correcting'],
      path: 'answer',
      fields: { note: { zh: '更正情况', en: 'How', kind: 'text', most: 2_000 } },
      refusals: {
        refuted: {
          zh: '异议不成立，无须更正',
          en: 'there is nothing to correct: the objector was not right',
          when: ({ upheld }) => upheld !== true,
        },
      },
    },
    transfer: {
      zh: '移交',
      en: 'Transfer',
      help: { zh: '改由其他发证单位负责，时限重新起算', en: 'another issuer answers for the certificate' },
      needs: 'disputes:manage',
      stages: ['raised', 'verifying', 'away'],
      path: 'manage',
      fields: { issuer: { zh: '发证单位', en: 'Issuer', kind: 'unit' } },
    },
    merge: {
      zh: '并案',
      en: 'Merge',
      help: { zh: '并入同一证照的另一件异议', en: 'another dispute about the same certificate takes it over' },
      needs: 'disputes:manage',
      stages: ['raised', 'verifying', 'away', 'telling'],
      path: 'manage',
      fields: { into: { zh: '并入的异议编号', en: 'Into which dispute', kind: 'case' } },
      refusals: {
        foreign: { zh: '只能并入同一证照的另一件异议', en: 'expected another dispute about the same certificate' },
        answered: { zh: '异议 … 已答复', en: '… has been answered' },
      },
    },
    withdraw: {
      zh: '撤回',
      en: 'Withdraw',
      help: { zh: '异议人撤回异议', en: 'the objector withdraws it' },
      needs: 'disputes:manage',
      stages: ['raised', 'verifying', 'away', 'telling'],
      path: 'manage',
      fields: because,
    },
    reopen: {
      zh: '重新办理',
      en: 'Take up again',
      help: { zh: '开始新一轮，时限重新起算', en: 'taken up again: a new round with its own deadlines' },
      needs: 'disputes:manage',
      stages: ['correcting', 'closed'],
      path: 'manage',
      fields: because,
      refusals: {
        withdrawn: {
          zh: '已撤回，请另行提出',
          en: 'it was withdrawn; raise another one',
          when: ({ closedAs }) => closedAs === 'withdrawn',
        },
        merged: {
          zh: '已并案，请另行提出',
          en: 'it was merged; raise another one',
          when: ({ closedAs }) => closedAs === 'merged',
        },
      },
    },
  },
} as const satisfies CaseDefinition<DisputeFacts, DisputeStage>;

export type DisputeAction = keyof typeof DISPUTE.actions;
/** What is done with a dispute. */
export type DisputeStep = StepOf<typeof DISPUTE>;
