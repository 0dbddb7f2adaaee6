import type { Said } from './said.ts';

/**
 * What kind of fault an error is, decided once, where it is first understood:
 * - `configuration`: an operator must change something; the stream is paused and nothing is retried.
 * - `transient`: the other side is busy, away or garbled; the same call is worth repeating.
 * - `system`: our own fault or a broken promise of a source; it fails loudly and raises an alert.
 *
 * The fourth kind, a record's own fault, is not an error but a reject (`domain/library/validation.ts`).
 */
export type ErrorKind = 'configuration' | 'transient' | 'system';

/** What may be known of a {@link HubError} beside its words. */
export interface HubErrorDetails {
  /** How to mend it, one sentence. */
  cure?: Said;
  /** What its words are made of, where they are made of something. */
  facts?: unknown;
  /** How long the other side asked us to wait (Retry-After). */
  retryAfterMs?: number | undefined;
  cause?: unknown;
}

/**
 * Every error the hub raises on purpose; `fault` of `domain/faults.ts` makes it. Its message is in English, for logs and the
 * command line; neither it nor the Chinese holds personal data or a secret.
 */
export class HubError extends Error {
  readonly kind: ErrorKind;
  /** Names the fault for programs, for example `source-away`; stable. */
  readonly code: string;
  readonly zh: string;
  readonly facts: unknown;
  readonly cure: Said | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(kind: ErrorKind, code: string, said: Said, { cure, facts, retryAfterMs, cause }: HubErrorDetails = {}) {
    super(said.en, cause === undefined ? undefined : { cause });
    this.name = 'HubError';
    this.kind = kind;
    this.code = code;
    this.zh = said.zh;
    this.facts = facts;
    this.cure = cure;
    this.retryAfterMs = retryAfterMs;
  }
}

/** An error of a kind of one's own (`config/connectors/kinds/`), whose faults are in no table of the hub's. */
export const ownFault = (kind: ErrorKind, code: string, said: Said, cure?: Said): HubError =>
  new HubError(kind, code, said, cure && { cure });

/** The message of anything thrown, for people. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
