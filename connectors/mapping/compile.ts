import type { StreamConfig } from '../../settings/kinds/stream.ts';
import { credibleTimes, type TimeWindow } from '../../domain/collection/window.ts';
import type { Problem } from '../../domain/library/validation.ts';
import type { Page, RecordHints } from '../contract.ts';
import { isObject } from '../json.ts';
import { completeEvents, type HeldCertificate } from './lone-events.ts';
import { Placing, type MappedPage } from './placing.ts';
import { readKey, readRecord, readTime, type ReadContext } from './read-record.ts';
import { compileReaders } from './readers.ts';

/** What a page is mapped with beside its records. */
export interface PageContext extends ReadContext {
  /** The window that the page was asked for; where left out, it is nobody's concern of when its records are. */
  window?: TimeWindow | undefined;
  /** Problems of records by place that were found before the mapping. */
  found?: ReadonlyMap<number, Problem[]>;
  /** Certificates of the library that events without one happened to. */
  held?: readonly HeldCertificate[];
}

/** What of a page is mapped. */
export type MappablePage = Pick<Page, 'records' | 'undecodable' | 'defects' | 'warnings'>;

/** What a stream's configuration says of its records, compiled. */
export interface Mapping {
  /** Turns the records of one page into library rows and rejects, in the order in which they came. */
  map: (page: MappablePage, context: PageContext) => MappedPage;
  /** The source's key of a record, or null where it has none. */
  keyOf: (record: unknown) => string | null;
}

/**
 * Compiles a stream's configuration into a function that maps its records: each is read by the compiled readers into a
 * certificate with its problems, and then placed.
 */
export function compileMapping(stream: StreamConfig, hints: RecordHints = {}): Mapping {
  const readers = compileReaders(stream, hints);
  return {
    keyOf: (record) => readKey(readers, record),
    map: ({ records, undecodable, defects, warnings }, given) => {
      const context = { ...given, credible: credibleTimes(Date.parse(given.readAt)) };
      const placing = new Placing(warnings, given.window);
      const isRead = (record: unknown, index: number): record is Record<string, unknown> =>
        isObject(record) && !undecodable.has(index) && !defects?.has(index) && !context.found?.has(index);
      // One record is read after the other, unless what is beside an event says what it happened to.
      const completed = readers.events
        ? completeEvents(
            records.map((record, index) => (isRead(record, index) ? readRecord(readers, record, context) : null)),
            context.held ?? [],
            context,
          )
        : null;
      const rejectUnread = (record: unknown, problems: Problem[], bytes?: string): void => {
        const refused = { key: readKey(readers, record), updatedAt: readTime(readers, record, context), problems };
        // Text that was decoded in parts is no longer bytes.
        if (bytes === undefined) placing.reject(refused, JSON.stringify(record));
        else placing.reject(refused, bytes, /[^\0-\xff]/.test(bytes) ? 'json' : 'latin1');
      };
      for (const [index, record] of records.entries()) {
        const bytes = undecodable.get(index);
        const defect = defects?.get(index);
        const found = context.found?.get(index);
        if (bytes !== undefined) rejectUnread(record, [{ rule: 'encoding', field: '' }], bytes);
        else if (defect) rejectUnread(record, [defect.problem], bytesOf(defect.text));
        else if (found) rejectUnread(record, found);
        else if (isObject(record)) placing.place(completed?.[index] ?? readRecord(readers, record, context), record);
        else
          placing.reject(
            { key: null, updatedAt: null, problems: [{ rule: 'not-a-record', field: '' }] },
            JSON.stringify(record),
          );
      }
      return placing.page();
    },
  };
}

/** The bytes of a text, one character each. */
const bytesOf = (text: string): string => Buffer.from(text).toString('latin1');
