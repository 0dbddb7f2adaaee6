import {
  describeWindow,
  halveWindow,
  timeWindow,
  toMs,
  type TimeWindow,
  type Window,
} from '../../domain/collection/window.ts';
import type { StreamConfig } from '../../settings/kinds/stream.ts';
import { FROM_THE_START, type Page, type Resume } from '../contract.ts';
import { countOf, pagesOf } from '../reading.ts';
import type { OpenStream } from '../registry.ts';
import { runExamples } from '../mapping/examples.ts';
import { DAY_MS, shanghaiInstant } from '../../domain/dates.ts';
import { fault } from '../../domain/faults.ts';

/** What the suite examines: one stream of a real source, and a window of it. */
export interface SuiteSubject extends Pick<OpenStream, 'source' | 'keyOf' | 'map'> {
  config: StreamConfig;
  window: Window;
}

/** One promise of the contract; throws an error that says what was found and what was expected. Nothing is written. */
export interface Check {
  name: string;
  /** Windows that it cannot be asked of are passed over. */
  applies?: (subject: SuiteSubject) => boolean;
  run: (subject: SuiteSubject) => Promise<void>;
}

const NEVER = new AbortController().signal;

/** Every page of a window. */
export async function readAll(
  { source }: Pick<SuiteSubject, 'source'>,
  window: Window,
  resume: Resume = FROM_THE_START,
): Promise<Page[]> {
  return Array.fromAsync(pagesOf(source, window, resume, NEVER));
}

const NO_KEY = '(none)';

/** Keys of the records of pages, in code-unit order; records without one as `(none)`. */
export const keysOf = ({ keyOf }: Pick<SuiteSubject, 'keyOf'>, pages: Page[]): string[] =>
  pages.flatMap(({ records }) => records.map((record) => keyOf(record) ?? NO_KEY)).sort();

const isTime = ({ window }: SuiteSubject): boolean => window.kind === 'time';

/** Keys of the records of pages that are not known to be of the window that these were asked for. */
export function outsideOf(
  { map, keyOf }: Pick<SuiteSubject, 'map' | 'keyOf'>,
  window: TimeWindow,
  pages: Page[],
): string[] {
  const context = { readAt: shanghaiInstant(Math.max(Date.now(), toMs(window))), window };
  return pages.flatMap((page) => map(page, context).outside.map((place) => keyOf(page.records[place]) ?? NO_KEY));
}

/** Keys of records that an error names. */
const NAMED = 5;

/** Throws a configuration error for records that are not of the window that was asked for. */
export function requireInside(stream: string, window: TimeWindow, outside: string[]): void {
  if (outside.length === 0) return;
  const keys = outside.slice(0, NAMED);
  throw fault('outside-window', { stream, window: describeWindow(window), records: outside.length, keys });
}

function requireEqual(found: unknown, expected: unknown, what: string): void {
  if (JSON.stringify(found) === JSON.stringify(expected)) return;
  const shown = (value: unknown): string => JSON.stringify(value).slice(0, 120);
  throw new Error(`${what}: found ${shown(found)}, expected ${shown(expected)}`);
}

/** A source that states a smaller total than its parts have hands out no more than that. */
function requireUncapped({ config, window }: SuiteSubject, parts: number, pages: Page[]): void {
  const total = pages[0]?.total ?? null;
  if (window.kind === 'time' && total !== null && total < parts)
    throw fault('total-capped', { place: config.id, window: describeWindow(window), total, parts });
}

/** A batch can bring several versions of a record, a window brings each record once; those without a key are no matter. */
function requireOnce(subject: SuiteSubject, pages: Page[]): void {
  if (subject.window.kind === 'batch') return;
  const keys = Map.groupBy(keysOf(subject, pages), (key) => key);
  const repeated = [...keys].flatMap(([key, { length }]) => (length > 1 && key !== NO_KEY ? [key] : []));
  if (repeated.length === 0) return;
  throw new Error(
    `keys that came twice: found ${repeated.length} (${repeated.slice(0, NAMED).join(', ')}), expected none; each may hide another record: pages overlap because they have no stable order, which the department gives them by a unique key; or the key is not unique`,
  );
}

/** What every kind of connector keeps to, against any source, without writing anything. */
export const CHECKS: Check[] = [
  {
    name: 'the mapping’s own examples hold',
    run: ({ config, map }) => {
      const faults = runExamples(config, map);
      if (faults.length > 0) throw new Error(faults.join('; '));
      return Promise.resolve();
    },
  },
  {
    name: 'check really asks for a page and a count',
    run: async ({ source }) => {
      const { clockSkewMs } = await source.check();
      if (Math.abs(clockSkewMs) > 60_000)
        throw new Error(
          `the source’s clock differs from ours by ${Math.round(clockSkewMs / 1000)} s; raise lag, or have it set`,
        );
    },
  },
  {
    name: 'the count is what a read delivers, and every record comes once',
    run: async (subject) => {
      const pages = await readAll(subject, subject.window);
      const read = pages.reduce((sum, { records }) => sum + records.length, 0);
      const count = await countOf(subject.source, subject.window);
      requireUncapped(subject, count, pages);
      requireEqual(read, count, 'records read against the source’s count');
      requireOnce(subject, pages);
      requireEqual(
        pages.map(({ number }) => number).sort((a, b) => a - b),
        pages.map((_, index) => index),
        'page numbers',
      );
    },
  },
  {
    name: 'reading twice delivers the same',
    run: async (subject) => {
      const digests = async (): Promise<string[]> =>
        (await readAll(subject, subject.window)).map(({ digest }) => digest).sort();
      requireEqual(await digests(), await digests(), 'pages of two reads');
    },
  },
  {
    name: 'a read that was cut off after any page goes on with exactly the rest',
    run: async (subject) => {
      const pages = await readAll(subject, subject.window);
      for (let done = 0; done <= pages.length; done++) {
        const committed = new Map(pages.slice(0, done).map((page) => [page.number, page]));
        const rest = await readAll(subject, subject.window, { committed, total: pages[0]?.total ?? null });
        requireEqual(keysOf(subject, rest), keysOf(subject, pages.slice(done)), `records after ${done} pages`);
      }
    },
  },
  {
    name: 'windows that meet share no record and miss none',
    applies: isTime,
    run: async (subject) => {
      let windows = [subject.window];
      for (let depth = 0; depth < 3; depth++)
        windows = windows.flatMap((window) => (window.kind === 'time' ? halveWindow(window) : null) ?? [window]);
      const keys: string[] = [];
      for (const window of windows) {
        const part = keysOf(subject, await readAll(subject, window));
        requireEqual(part.length, await countOf(subject.source, window), 'records of a part against its count');
        keys.push(...part);
      }
      requireEqual(keys.sort(), keysOf(subject, await readAll(subject, subject.window)), 'records of the parts');
    },
  },
  {
    name: 'every record that a window brings is of that window',
    applies: isTime,
    run: async (subject) => {
      const { config, window } = subject;
      if (window.kind !== 'time') return;
      requireInside(config.id, window, outsideOf(subject, window, await readAll(subject, window)));
    },
  },
  {
    name: 'a window in the future is empty, and known to be',
    applies: isTime,
    run: async (subject) => {
      const future = timeWindow(Date.now() + 30 * DAY_MS, Date.now() + 31 * DAY_MS);
      requireEqual(await countOf(subject.source, future), 0, 'count');
      requireEqual(keysOf(subject, await readAll(subject, future)), [], 'records');
    },
  },
  {
    name: 'stops when it is told to',
    applies: ({ window }) => window.kind === 'time' || window.declared > 0,
    run: async ({ source, window }) => {
      const stop = new AbortController();
      let pages = 0;
      try {
        for await (const page of pagesOf(source, window, FROM_THE_START, stop.signal)) {
          pages += 1;
          if (page.records.length > 0) stop.abort(new Error('stopped'));
        }
      } catch (error) {
        if (error === stop.signal.reason) return;
        throw error;
      }
      if (pages > 1) throw new Error('the read went on to its end');
    },
  },
];
