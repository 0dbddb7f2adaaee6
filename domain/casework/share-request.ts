import type { CaseDefinition, StepOf } from './definition.ts';

/** How a share request is resolved (予以解决): the regulation does not say what that means, so it is one of these. */
export const SHARE_OUTCOMES = {
  granted: { zh: '同意', en: 'granted' },
  refused: { zh: '说明理由不同意', en: 'refused with the reason' },
  alternative: { zh: '替代方案', en: 'another way' },
} as const;
export type ShareOutcome = keyof typeof SHARE_OUTCOMES;

/** How a share request ended. */
export const SHARE_ENDS = { ...SHARE_OUTCOMES, withdrawn: { zh: '已撤回', en: 'withdrawn' } } as const;

/** What is known of a share request (共享申请) that decides how it goes on. */
export interface ShareFacts {
  unitCode: string;
  closedAs: keyof typeof SHARE_ENDS | null;
}

/** How far a share request is. */
export const SHARE_STAGES = { open: { zh: '待解决', en: 'to be decided' }, ...SHARE_ENDS } as const;
export type ShareStage = keyof typeof SHARE_STAGES;

export const shareStage = ({ closedAs }: Pick<ShareFacts, 'closedAs'>): ShareStage => closedAs ?? 'open';

/** What can be done with a request for a certificate that the city does not share yet (共享申请). */
export const SHARE_REQUEST = {
  kind: 'share',
  zh: '共享申请',
  en: 'Share request',
  command: 'share',
  path: '/share-requests',
  codes: { unknown: 'case-unknown', refused: 'case-refused' },
  stages: SHARE_STAGES,
  stageOf: shareStage,
  actions: {
    ask: {
      zh: '征求意见',
      en: 'Ask units',
      help: {
        zh: '被征求的单位可查看本申请并发表意见',
        en: 'ask units that take part; they see the request from then on, and can say',
      },
      needs: 'share:decide',
      stages: ['open'],
      path: 'ask',
      fields: { units: { zh: '单位', en: 'Units', kind: 'units' } },
    },
    say: {
      zh: '发表意见',
      en: 'Say',
      help: { zh: '参与单位的意见', en: 'what one of the units that take part says' },
      needs: 'share:say',
      stages: ['open'],
      path: 'say',
      fields: {
        opinion: { zh: '意见', en: 'Opinion', kind: 'text', most: 2_000 },
        unit: {
          zh: '代为登记的单位',
          en: 'For which unit',
          kind: 'own-unit',
          hint: { zh: '不填即为本单位', en: 'One’s own, where it is left out' },
        },
      },
    },
    decide: {
      zh: '作出决定',
      en: 'Decide',
      help: { zh: '予以解决', en: 'resolve it (予以解决)' },
      needs: 'share:decide',
      stages: ['open'],
      path: 'decide',
      fields: {
        outcome: { zh: '结果', en: 'Outcome', kind: 'choice', options: SHARE_OUTCOMES },
        text: {
          zh: '说明',
          en: 'In words',
          kind: 'text',
          most: 2_000,
          hint: {
            zh: '同意的内容、不同意的理由，或替代方案',
            en: 'What is granted, why it is refused, or which other way there is',
          },
        },
      },
    },
    withdraw: {
      zh: '撤回申请',
      en: 'Withdraw',
      help: { zh: '申请单位不再需要', en: 'the unit needs it no more' },
      needs: 'share:request',
      only: { zh: '提出申请的单位', en: 'the unit that requested it', units: ({ unitCode }) => [unitCode] },
      stages: ['open'],
      path: 'withdraw',
      fields: { reason: { zh: '理由', en: 'Why', kind: 'text', most: 500 } },
    },
  },
} as const satisfies CaseDefinition<ShareFacts, ShareStage>;

/** What is done with a share request. */
export type ShareStep = StepOf<typeof SHARE_REQUEST>;
