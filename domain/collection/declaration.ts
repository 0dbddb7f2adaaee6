import type { Said } from '../said.ts';

/** What is declared of a whole stream, with the document that it rests on. */
export const DECLARATIONS = {
  /** 经技术认定（或依法）无法同步: events of its certificates are not owed on their day, its daily increments are. */
  unsynchronisable: { zh: '经认定无法同步制发与更新', en: 'cannot be synchronised' },
  /** 签发审核: the issuer reviews each certificate before it signs it, though its records do not say so. */
  reviewed: { zh: '签发时经审核', en: 'reviewed before signing' },
} as const satisfies Record<string, Said>;
export type Declared = keyof typeof DECLARATIONS;
