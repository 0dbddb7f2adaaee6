import { DAY_MS, type Instant, shanghaiInstant } from '../dates.ts';

/** A half-open interval `[from, to)` of a stream's time cursor. */
export interface TimeWindow {
  kind: 'time';
  from: Instant;
  to: Instant;
}

/**
 * One batch of a source that gives only an opaque cursor. The unbroken chain of batches plays the interval's part:
 * each one starts at the cursor where the one before ended, and `ordinal` counts them from 1.
 */
export interface BatchWindow {
  kind: 'batch';
  ordinal: number;
  /** The source's own name of the batch. */
  id: string;
  /** The cursor it was asked with; null for the first batch of all. */
  after: string | null;
  /** The cursor that the next batch is asked with. */
  next: string;
  /** How many records the source declares. */
  declared: number;
}

/** The part of a stream that one sync reads. */
export type Window = TimeWindow | BatchWindow;

export const timeWindow = (fromMs: number, toMs: number): TimeWindow => ({
  kind: 'time',
  from: shanghaiInstant(fromMs),
  to: shanghaiInstant(toMs),
});

export const fromMs = (window: TimeWindow): number => Date.parse(window.from);
export const toMs = (window: TimeWindow): number => Date.parse(window.to);

/** The link of a chain that follows another; the first one where there is none before. */
export const followingBatch = (
  after: BatchWindow | null,
  { id, next, declared }: Pick<BatchWindow, 'id' | 'next' | 'declared'>,
): BatchWindow => ({
  kind: 'batch',
  ordinal: (after?.ordinal ?? 0) + 1,
  id,
  after: after?.next ?? null,
  next,
  declared,
});

/** Longest period that a proof lists at once. */
export const PROOF_SLICE_MS = 31 * DAY_MS;

/**
 * The times at which a record can have been changed, epoch milliseconds: zero dates and the first day of computers are
 * none, and what lies more than a day ahead is an error.
 */
export const credibleTimes = (nowMs: number): { fromMs: number; toMs: number } => ({
  fromMs: Date.UTC(1971, 0, 1),
  toMs: nowMs + DAY_MS,
});

/** Cuts a window into consecutive ones of at most `maxMs`. */
export function sliceWindow(window: TimeWindow, maxMs: number): TimeWindow[] {
  const slices: TimeWindow[] = [];
  const end = toMs(window);
  for (let start = fromMs(window); start < end; start += maxMs) {
    slices.push(timeWindow(start, Math.min(start + maxMs, end)));
  }
  return slices;
}

/** Both halves of a window, cut at a whole second; null when it is too short to be cut. */
export function halveWindow(window: TimeWindow): [TimeWindow, TimeWindow] | null {
  const [start, end] = [fromMs(window), toMs(window)];
  const middle = Math.floor((start + end) / 2000) * 1000;
  return middle > start && middle < end ? [timeWindow(start, middle), timeWindow(middle, end)] : null;
}

const isFile = ({ id }: BatchWindow): boolean => /^[0-9a-f]{64}$/.test(id);

/** What a batch is called: a file, which is known by its content, by its name. */
export const batchName = (batch: BatchWindow): string =>
  isFile(batch) ? `${batch.next} (${batch.id.slice(0, 8)})` : batch.id;

/** A window in a few words, for logs, summaries and errors. */
export function describeWindow(window: Window): string {
  if (window.kind === 'batch') return `${isFile(window) ? 'file' : 'batch'} ${batchName(window)}`;
  const [from, to] = [window.from.slice(0, 19).replace('T', ' '), window.to.slice(0, 19).replace('T', ' ')];
  return `${from} – ${from.slice(0, 10) === to.slice(0, 10) ? to.slice(11) : to}`;
}

/** By which a committed page is known again, and where the next one begins. */
export interface PageMark {
  digest: string;
  position: string | null;
}
