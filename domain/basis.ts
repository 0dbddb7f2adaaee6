import type { Said } from './said.ts';

/** What a deadline rests on: a number in the regulation, or a target of the city's own. They are never counted together. */
export const BASES = {
  statutory: { zh: '法定时限', en: 'statutory' },
  internal: { zh: '内控时限', en: 'internal target' },
} as const;
export type Basis = keyof typeof BASES;
export const EVERY_BASIS = Object.keys(BASES) as [Basis, ...Basis[]];

/** Something of each basis. */
export const byBasis = <T>(of: (basis: Basis) => T): Record<Basis, T> => ({
  statutory: of('statutory'),
  internal: of('internal'),
});

/** Counts of both in words, each by its name: 法定时限 2 项，内控时限 0 项. */
export const countsInWords = (counts: Record<Basis, number>): Said => ({
  zh: EVERY_BASIS.map((basis) => `${BASES[basis].zh} ${counts[basis]} 项`).join('，'),
  en: EVERY_BASIS.map((basis) => `${BASES[basis].en}: ${counts[basis]}`).join(', '),
});
