import type { ErrorKind } from '../errors.ts';
import type { Said } from '../said.ts';

/** Words in both languages: as they are, or made of what is known where the fault is found. */
export type Worded = Said | ((facts: never) => Said);

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
