import type { Instant } from '../../domain/dates.ts';
import { fromMs, toMs, type TimeWindow } from '../../domain/collection/window.ts';
import { rejects, type Problem, type RuleId } from '../../domain/library/validation.ts';
import type { Page } from '../contract.ts';
import type { LoneEvent } from './lone-events.ts';
import type { ReadRecord } from './read-record.ts';
import { RowBuffer } from './row-buffer.ts';
import { QUOTED } from './texts.ts';

/** A record that does not enter the library, and why. */
export interface RejectedRecord {
  /** The source's key, where it could be read. */
  key: string | null;
  updatedAt: Instant | null;
  problems: Problem[];
  /** The record as it came: JSON text, or its bytes one character each when they did not decode. */
  raw: string;
  rawEncoding: 'json' | 'latin1';
}

/** A record that the source no longer has; it needs no more than a key. */
export interface Deletion {
  key: string;
  updatedAt: Instant;
  /** Another record of its key on the page, a later deletion or a version, stands in its place. */
  replaced?: boolean;
}

/** One page, ready for the store. */
export interface MappedPage {
  /** The records that enter the library. */
  rows: RowBuffer;
  rejected: RejectedRecord[];
  /** How many of the rows look as if they were decoded in another character set. */
  garbled: number;
  /** Deletions whose record carries no certificate; of each key the latest counts, unless on this page a version replaces it. */
  deleted: Deletion[];
  /** Of each record of the page, what rejects it; null where nothing does. */
  outcomes: (Problem[] | null)[];
  /** Places of the records that are not known to be of the window that was asked for. */
  outside: number[];
  /** Events that came without their certificate, and were rejected because it is not known. */
  events: LoneEvent[];
}

/** How many records of a page are of other times than were asked for; those without a time are known by their rejects. */
export const otherTimesIn = ({ outside, rejected }: Pick<MappedPage, 'outside' | 'rejected'>): number =>
  outside.length - rejected.filter(({ updatedAt }) => updatedAt === null).length;

/** Longest serialised certificate. */
const MAX_CERTIFICATE = 1_000_000;
/** Of a source's remark on a record. */
const MAX_REMARK = 500;

/** The third step of a mapping: where each record of a page goes, in the order in which they came. */
export class Placing {
  readonly #rows = new RowBuffer();
  readonly #rejected: RejectedRecord[] = [];
  readonly #deleted: Deletion[] = [];
  readonly #deletions = new Map<string, Deletion>();
  readonly #outcomes: (Problem[] | null)[] = [];
  readonly #events: LoneEvent[] = [];
  #garbled = 0;
  readonly #outside: number[] = [];
  readonly #warnings: Page['warnings'];
  /** In whole seconds: no source that writes its times so can tell more. */
  readonly #asked: { fromMs: number; toMs: number } | null;

  constructor(warnings: Page['warnings'], window?: TimeWindow) {
    this.#warnings = warnings;
    this.#asked = window
      ? { fromMs: Math.floor(fromMs(window) / 1000) * 1000, toMs: Math.ceil(toMs(window) / 1000) * 1000 }
      : null;
  }

  /** Puts a record into the library, takes it as a deletion, or rejects it. */
  place(read: ReadRecord, raw: unknown): void {
    const { key, updatedAt, problems } = read;
    if (read.bare) this.#rejectEvent(read, raw);
    else if (updatedAt !== null && (this.#append(read, updatedAt) || this.#delete(read, updatedAt)))
      this.#note(updatedAt, null);
    else this.reject({ key: key || null, updatedAt, problems: problems.filter(rejects) }, JSON.stringify(raw));
  }

  /** An event whose certificate is not known. */
  #rejectEvent({ key, updatedAt }: ReadRecord, raw: unknown): void {
    if (updatedAt !== null) this.#events.push({ key, updatedAt });
    const problem: Problem = { rule: 'event-unknown', field: 'key', found: key.slice(0, QUOTED) };
    this.reject({ key, updatedAt, problems: [problem] }, JSON.stringify(raw));
  }

  #append({ key, certificate, completedAt, problems }: ReadRecord, updatedAt: Instant): boolean {
    if (problems.some(rejects)) return false;
    const json = JSON.stringify(certificate);
    const fault = storageFault(json);
    if (fault !== null) {
      problems.push({ rule: fault, field: '' });
      return false;
    }
    const warning = this.#warnings?.get(key);
    if (warning !== undefined)
      problems.push({ rule: 'source-warning', field: '', found: warning.slice(0, MAX_REMARK) });
    this.#rows.append(json, key, updatedAt, problems, completedAt);
    if (problems.some(({ rule }) => rule === 'mojibake')) this.#garbled += 1;
    const deletion = this.#deletions.get(key);
    if (deletion && !isLater(deletion.updatedAt, updatedAt)) {
      deletion.replaced = true;
      this.#deletions.delete(key);
    }
    return true;
  }

  /** A deletion needs no more than its key. */
  #delete({ key, known, deleted }: ReadRecord, updatedAt: Instant): boolean {
    if (!deleted || !known) return false;
    const earlier = this.#deletions.get(key);
    const deletion: Deletion = { key, updatedAt };
    this.#deleted.push(deletion);
    if (earlier && isLater(earlier.updatedAt, updatedAt)) deletion.replaced = true;
    else {
      if (earlier) earlier.replaced = true;
      this.#deletions.set(key, deletion);
    }
    return true;
  }

  /** @param raw the record as it came */
  reject(
    refused: Pick<RejectedRecord, 'key' | 'updatedAt' | 'problems'>,
    raw: string,
    rawEncoding: RejectedRecord['rawEncoding'] = 'json',
  ): void {
    this.#note(refused.updatedAt, refused.problems);
    this.#rejected.push({ ...refused, raw, rawEncoding });
  }

  #note(updatedAt: Instant | null, problems: Problem[] | null): void {
    if (this.#asked) {
      const atMs = updatedAt === null ? NaN : Date.parse(updatedAt);
      if (!(atMs >= this.#asked.fromMs && atMs < this.#asked.toMs)) this.#outside.push(this.#outcomes.length);
    }
    this.#outcomes.push(problems);
  }

  /** The page; nothing can be placed on it afterwards. */
  page(): MappedPage {
    return {
      rows: this.#rows,
      rejected: this.#rejected,
      garbled: this.#garbled,
      outcomes: this.#outcomes,
      events: this.#events,
      deleted: this.#deleted,
      outside: this.#outside,
    };
  }
}

const isLater = (at: Instant, than: Instant): boolean => Date.parse(at) > Date.parse(than);

/** In JSON text an escape of a control character or of half a surrogate pair, not preceded by an escaped backslash. */
const UNSTORABLE = /(?<!\\)(?:\\\\)*\\u(?:(00)|d[89a-f])/;

/** What keeps a canonical text out of PostgreSQL, whose text holds neither NUL nor half a surrogate pair. */
function storageFault(json: string): RuleId | null {
  if (json.length > MAX_CERTIFICATE) return 'too-long';
  if (!json.includes('\\u')) return null;
  const match = UNSTORABLE.exec(json);
  return match && (match[1] ? 'control-character' : 'encoding');
}
