import { isCellError } from '../../domain/cell-errors.ts';
import type { credibleTimes } from '../../domain/collection/window.ts';
import { isNoDay, parseDate, parseInstant, yearFirst, type CalendarDate, type Instant } from '../../domain/dates.ts';
import { isScientific, normaliseCode } from '../../domain/library/identifiers.ts';
import { withoutInvisible } from '../../domain/library/spelling.ts';
import { rejects, type Problem } from '../../domain/library/validation.ts';
import { isObject } from '../json.ts';

/** Longest text taken for a field of a certificate; a longer one is a fault of the record. */
const MAX_TEXT = 4000;
/** What programs write for ‘empty’, in any case and width, in quotes or brackets. */
const EMPTY =
  /^(?:["'(<[（＜［]?(?:null|none|nil|nan|nat|undefined|ＮＵＬＬ|ＮＯＮＥ|ｎｕｌｌ|ｎｏｎｅ)["')>\]）＞］]?|\\N|＼Ｎ|\{\}|\[\]|[-－—–─_]+|)$/i;
/** What such words begin with: hardly any text does, and every text of every record is asked. */
const BEGIN_EMPTY = '"\'(<[（＜［nNuUＮｎ\\＼{-－—–─_';
const isBlank = (text: string): boolean => BEGIN_EMPTY.includes(text.charAt(0)) && EMPTY.test(text);
/** What people write where nothing is known. No name or code is so; a state can be. */
const UNTOLD: ReadonlySet<string> = new Set(
  '无 無 空 暂无 暂缺 未知 不详 未填 未填写 待定 待补 N/A n/a NA / ／ \\ . * 0'.split(' '),
);
const LONGEST_UNTOLD = Math.max(...[...UNTOLD].map(({ length }) => length));
/** A text of which nothing could be written. */
const LOST = /^[?？]+$/;
/** Characters that nobody sees, and that alone are no name. */
const MOST_UNSEEN = 20;
/** Marks a number cell where a code belongs. */
export const NUMBER_CELL = Symbol('number cell');
/** Days since 1900 as spreadsheets count them, from 1954 to 2119. */
const SERIAL_DATE = /^[2-7]\d{4}(?:\.\d+)?$/;
/** Of a value that a problem quotes. */
export const QUOTED = 100;

/** See `credibleTimes`. */
export type CredibleTimes = ReturnType<typeof credibleTimes>;

/** The instant that a text means; null where a record cannot have been changed then. */
export function credibleInstant(text: string, { fromMs, toMs }: CredibleTimes): Instant | null {
  const instant = parseInstant(text);
  if (instant === null) return null;
  const atMs = Date.parse(instant);
  return atMs >= fromMs && atMs < toMs ? instant : null;
}

/** A text that says something. */
const told = (text: string): string => (text.length <= LONGEST_UNTOLD && UNTOLD.has(text) ? '' : text);

export const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === 'string' && isBlank(value.trim()));

/** Takes the values of one record for what its fields are, and notes what they are not. */
export class Texts {
  readonly problems: Problem[] = [];

  /** The text of a field: trimmed, nothing unseen in it, the words by which systems say ‘empty’ taken as empty. */
  text(value: unknown, field: string): string {
    return withoutInvisible(this.#asSpelt(value, field)).trim();
  }

  /** A name, with the characters that nobody sees: it is kept as it is spelt. */
  name(value: unknown, field: string): string {
    const name = this.#asSpelt(value, field);
    return name.length <= MOST_UNSEEN && withoutInvisible(name).trim() === '' ? '' : told(name);
  }

  #asSpelt(value: unknown, field: string): string {
    if (value === undefined || value === null) return '';
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    if (typeof value !== 'string') {
      if (isObject(value) && NUMBER_CELL in value)
        this.problems.push({ rule: 'code-as-number', field, found: String(value[NUMBER_CELL]) });
      else this.problems.push({ rule: 'wrong-type', field, found: Array.isArray(value) ? 'list' : typeof value });
      return '';
    }
    if (value.length > MAX_TEXT) {
      this.problems.push({ rule: 'too-long', field, found: `${value.length} characters` });
      return '';
    }
    // PostgreSQL keeps neither, and the text can be a key or be quoted.
    const unstorable = value.includes('\0') ? 'control-character' : value.isWellFormed() ? null : 'encoding';
    if (unstorable !== null) {
      this.problems.push({ rule: unstorable, field });
      return '';
    }
    const text = value.trim();
    if (isBlank(text)) return '';
    const rule = isCellError(text) ? 'cell-error' : LOST.test(text) ? 'mojibake' : null;
    if (rule === null) return text;
    this.problems.push({ rule, field, found: text.slice(0, QUOTED) });
    return '';
  }

  /** A text that must not be empty. */
  required(value: unknown, field: string, text = this.text(value, field)): string {
    if (text === '' && !this.problems.some((problem) => problem.field === field && rejects(problem)))
      this.problems.push({ rule: 'required-missing', field });
    return text;
  }

  /** A name that must not be empty. */
  requiredName(value: unknown, field: string): string {
    return this.required(value, field, this.name(value, field));
  }

  /** The source's key of a record, every digit of which counts. */
  key(value: unknown): string {
    const key = this.required(value, 'key');
    if (isScientific(key)) this.problems.push({ rule: 'digits-lost', field: 'key', found: key });
    return key;
  }

  /** A code in half width, every digit of which counts. */
  code(value: unknown, field: string): string {
    const code = told(normaliseCode(this.text(value, field)));
    if (isScientific(code)) this.problems.push({ rule: 'digits-lost', field, found: code });
    return code;
  }

  /** A code that must not be empty. */
  requiredCode(value: unknown, field: string): string {
    return this.required(value, field, this.code(value, field));
  }

  /**
   * The day that a text means; null for an empty one, too.
   * @param order of dates that could be read both ways
   */
  date(text: string, field: string, order: 'dmy' | 'mdy' | undefined): CalendarDate | null {
    if (text === '') return null;
    const date = isNoDay(text) ? null : parseDate(order === undefined ? text : yearFirst(text, order));
    if (date === null) {
      const rule = SERIAL_DATE.test(text) ? 'serial-date' : 'date-invalid';
      this.problems.push({ rule, field, found: text.slice(0, QUOTED) });
    }
    return date;
  }

  /** As {@link date}, of a field that may be empty: what programs write for no day is none, with a remark. */
  optionalDate(text: string, field: string, order: 'dmy' | 'mdy' | undefined): CalendarDate | null {
    if (!isNoDay(text)) return this.date(text, field, order);
    this.problems.push({ rule: 'no-day', field, found: text });
    return null;
  }

  /** When a record was changed, which must be there. @param credible see `credibleTimes` */
  changedAt(value: unknown, credible: CredibleTimes): Instant | null {
    const text = this.required(value, 'updatedAt');
    const instant = text === '' ? null : credibleInstant(text, credible);
    if (instant === null && text !== '')
      this.problems.push({ rule: 'cursor-invalid', field: 'updatedAt', found: text.slice(0, QUOTED) });
    return instant;
  }
}
