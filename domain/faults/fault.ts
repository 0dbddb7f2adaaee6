import type { ErrorKind } from '../errors.ts';
import type { Said } from '../said.ts';

/** Words in both languages: as they are, or made of what is known where the fault is found. */
export type Worded = Said | ((facts: never) => Said);

/** Words with what is known put in. */
export const worded = (words: Worded, facts: unknown): Said =>
  typeof words === 'function' ? (words as (facts: unknown) => Said)(facts) : words;

/** What a fault is, once and for all. Its words hold no personal data and no secret: nor do the facts they are made of. */
export interface Fault {
  kind: ErrorKind;
  /** What the API answers; 400 where nothing is said. Only faults of configuration are answered. */
  status?: 404 | 409 | 422;
  /** The field of a form beside which it is said. */
  field?: string;
  /**
   * What it is, in Chinese and in a few words: for faults that are kept with a stream by their code and English message,
   * and read when the facts are gone. Their cures need no facts either.
   */
  brief?: string;
  /** Where, what was found, what was expected. */
  say: Worded;
  /** How to mend it. */
  cure?: Worded;
}

/** Several faults that are told at once, a line each. */
export interface Lines {
  lines: readonly Said[];
}

/** The lines of a fault, one below the other or otherwise. */
export const inLines = ({ lines }: Lines, between: Said = { zh: '\n', en: '\n' }): Said => ({
  zh: lines.map(({ zh }) => zh).join(between.zh),
  en: lines.map(({ en }) => en).join(between.en),
});
