import { HubError } from '../domain/errors.ts';
import { fault } from '../domain/faults.ts';
import type { Window } from '../domain/collection/window.ts';
import type { Page, Resume, Source, SourceBy, SourceOf } from './contract.ts';

/**
 * The source, for work that was planned for one that is read in this way. Throws a configuration error where the stream
 * has come to be read in the other way since: nothing would be found, and taken for all that there is.
 */
export function sourceBy<B extends Source['by']>(by: B, source: Source): SourceBy<B> {
  if (source.by === by) return source as SourceBy<B>;
  throw fault('read-otherwise', { now: source.by, planned: by });
}

/** Hands a window on with its source, whichever kind it is of. */
const withSource = <T>(
  source: Source,
  window: Window,
  work: <W extends Window>(source: SourceOf<W>, window: W) => T,
): T =>
  window.kind === 'time' ? work(sourceBy('windows', source), window) : work(sourceBy('batches', source), window);

/** How many records a source says it has in a window of either kind. */
export const countOf = (source: Source, window: Window): Promise<number> =>
  withSource(source, window, (own, part) => own.count(part));

/** The pages of a window of either kind. */
export const pagesOf = (source: Source, window: Window, resume: Resume, signal: AbortSignal): AsyncIterable<Page> =>
  withSource(source, window, (own, part) => own.read(part, resume, signal));

/** Whether an error says that a batch is not there any more: what was delivered once need not be there for ever. */
export const isGone = (error: unknown): error is HubError =>
  error instanceof HubError && (error.kind === 'configuration' || error.code === 'file-gone');
