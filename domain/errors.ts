/**
 * What kind of fault an error is, decided once, where it is first understood:
 * - `configuration`: an operator must change something; the stream is paused and nothing is retried.
 * - `transient`: the other side is busy, away or garbled; the same call is worth repeating.
 * - `system`: our own fault or a broken promise of a source; it fails loudly and raises an alert.
 *
 * The fourth kind, a record's own fault, is not an error but a reject (`domain/library/validation.ts`).
 */
export type ErrorKind = 'configuration' | 'transient' | 'system';

/** What a caller may say about a {@link HubError} beside its message. */
export interface HubErrorDetails {
  /** Names the fault for programs, for example `source-away`; stable. */
  code: string;
  /** How to mend it, one sentence. */
  cure?: string;
  /** The message in Chinese, where people read it in the console. */
  zh?: string;
  /** How long the other side asked us to wait (Retry-After). */
  retryAfterMs?: number;
  cause?: unknown;
}

/** Every error the hub raises on purpose. Its message holds no personal data and no secret. */
export class HubError extends Error {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly cure: string | undefined;
  readonly zh: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(kind: ErrorKind, message: string, details: HubErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'HubError';
    this.kind = kind;
    this.code = details.code;
    this.cure = details.cure;
    this.zh = details.zh;
    this.retryAfterMs = details.retryAfterMs;
  }
}

export const configurationError = (message: string, details: HubErrorDetails): HubError =>
  new HubError('configuration', message, details);
export const transientError = (message: string, details: HubErrorDetails): HubError =>
  new HubError('transient', message, details);
export const systemError = (message: string, details: HubErrorDetails): HubError =>
  new HubError('system', message, details);

/** The message of anything thrown, for people. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
