/** How a share request is resolved (予以解决): the regulation does not say what that means, so it is one of these. */
export const SHARE_OUTCOMES = {
  granted: { zh: '同意', en: 'granted' },
  refused: { zh: '说明理由不同意', en: 'refused with the reason' },
  alternative: { zh: '替代方案', en: 'another way' },
} as const;
export type ShareOutcome = keyof typeof SHARE_OUTCOMES;
