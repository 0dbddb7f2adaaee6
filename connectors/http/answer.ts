import { isUtf8 } from 'node:buffer';
import type { HttpStreamConfig } from '../../settings/kinds/http.ts';
import type { HubError } from '../../domain/errors.ts';
import { fault, type Facts } from '../../domain/faults.ts';
import { isObject, valueAt } from '../json.ts';
import { defectsOf, parseMending, type ParsedText, type TextDefect } from '../json-text.ts';
import { undecodableOf } from '../undecodable.ts';
import { markupFault } from './markup.ts';

/** The decoded JSON of an answer. */
export interface ParsedAnswer extends ParsedText {
  /**
   * `all`: every text is what its bytes say; `some`: what did not decode is U+FFFD; `none`: the bytes were no UTF-8,
   * and texts hold one character a byte until {@link decodeRecords} mends them.
   */
  decoded: 'all' | 'some' | 'none';
}

/** By what the character set of an answer is known. */
export interface CharsetSource {
  /** As the connector says it: whatever the answer says. */
  charset?: string | undefined;
  /** The answer's Content-Type; what it says is taken where the bytes are no UTF-8. */
  contentType?: string;
}

/**
 * Parses an answer's body. Numbers of 16 digits and more keep every digit, as text. A body that is not UTF-8, and in no
 * character set that is known, is kept byte by byte, so that only the records with the bad bytes suffer. Throws a
 * transient error for an empty or broken body: a source that has nothing says so.
 */
export function parseAnswer(body: Buffer, what: string, known: CharsetSource = {}): ParsedAnswer {
  if (body.length === 0) {
    throw fault('empty-body', { place: what });
  }
  const { text, decoded } = decodedBody(body, known);
  return { ...parseJson(text.replace(/^\ufeff+/, ''), what), decoded };
}

function decodedBody(
  body: Buffer,
  { charset, contentType = '' }: CharsetSource,
): {
  text: string;
  decoded: ParsedAnswer['decoded'];
} {
  const wide = charset === undefined ? wideEncodingOf(body) : null;
  if (wide !== null) return { text: new TextDecoder(wide).decode(body), decoded: 'all' };
  if (charset === undefined && isUtf8(body)) return { text: body.toString('utf8'), decoded: 'all' };
  const label = charset ?? /charset\s*=\s*"?([\w.:-]+)/i.exec(contentType)?.[1] ?? '';
  const decoder = decoderOf(label);
  if (!decoder) return { text: body.toString('latin1'), decoded: 'none' };
  const text = decoder.decode(body);
  return { text, decoded: text.includes('\ufffd') ? 'some' : 'all' };
}

/** UTF-16, by its byte order mark or the zero byte beside the bracket that JSON begins with; null for anything else. */
function wideEncodingOf(body: Buffer): 'utf-16le' | 'utf-16be' | null {
  const [first, second] = body;
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return 'utf-16le';
  return (first === 0xfe && second === 0xff) || (first === 0 && second !== 0) ? 'utf-16be' : null;
}

/** The decoder of a character set that is named; none for Latin-1, which servers name that know of no other. */
function decoderOf(label: string): InstanceType<typeof TextDecoder> | null {
  try {
    const decoder = new TextDecoder(label);
    return ['utf-8', 'windows-1252'].includes(decoder.encoding) && label.toLowerCase() !== 'utf-8' ? null : decoder;
  } catch {
    return null;
  }
}

/** Parses JSON text; throws a transient error for text that is none. */
export function parseJson(text: string, what: string): ParsedText {
  try {
    return parseMending(text);
  } catch {
    throw text.trimStart().startsWith('<')
      ? markupFault(text.trimStart(), what)
      : fault('broken-body', { place: what, characters: text.length, is: 'cut' });
  }
}

const THOUSANDS = /^\d{1,3}(?:,\d{3})+$/;

/** A whole number at a path; throws a configuration error when there is none. */
export function numberAt(json: unknown, path: string, what: string): number {
  const value = valueAt(json, path);
  const number =
    typeof value === 'string' && value.trim() !== ''
      ? Number(THOUSANDS.test(value) ? value.replaceAll(',', '') : value)
      : value;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) return number;
  throw misshapen(json, { what, path, value, expected: 'number' });
}

/** A text or number at a path, as text; throws a configuration error when there is none. */
export function textAt(json: unknown, path: string, what: string): string {
  const value = valueAt(json, path);
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  throw misshapen(json, { what, path, value, expected: 'text' });
}

/** That an answer does not have what the configuration says is at a path. */
export const misshapen = (
  json: unknown,
  {
    what,
    path,
    value,
    expected,
  }: { what: string; path: string; value: unknown; expected: Facts<'answer-shape'>['expected'] },
): HubError => fault('answer-shape', { place: what, found: typeName(value), path, expected, fields: fieldsOf(json) });

/** Records of an answer: as they were decoded, those whose bytes did not, and those whose text has a defect. */
export interface AnsweredRecords {
  records: unknown[];
  undecodable: ReadonlyMap<number, string>;
  defects?: ReadonlyMap<number, TextDefect>;
}

/** What is known of an answer's records beside the answer. */
export interface ExpectedRecords {
  /** How many the whole window has; null where the source does not say. */
  total?: number | null;
  /** The answer is known to be a success: nothing in the list's place is an empty list. */
  successful?: boolean;
}

/**
 * The list of records at a path, also where it arrives as a JSON string, as a map from places to records, one record that
 * stands for a list of one, and null for an empty list. Throws a configuration error where there is none of these.
 */
export function recordsAt(
  { json, decoded, ...answer }: ParsedAnswer,
  path: string,
  what: string,
  { total = null, successful = false }: ExpectedRecords = {},
): AnsweredRecords {
  let list = valueAt(json, path);
  let { defects } = answer;
  if (typeof list === 'string' && list.trim() !== '') ({ json: list, defects } = parseJson(list, what));
  if (isNothing(list) && (total === 0 || (endsInNull(json, path) && (total !== null || successful)))) list = [];
  if (isNumbered(list)) list = Object.values(list);
  if (isObject(list) && (total === 1 || (total === null && !Object.values(list).some(Array.isArray)))) list = [list];
  if (!Array.isArray(list)) {
    throw misshapen(json, { what, path, value: list, expected: 'records' });
  }
  const records = list as unknown[];
  const defective = defectsOf(records, defects);
  // What the answer says around its records: nobody knows which of two values is meant.
  if (!defective?.size && defects.get(json)?.problem.rule === 'field-repeated') {
    throw fault('broken-body', { place: what, characters: JSON.stringify(json).length, is: 'repeated' });
  }
  const read = decoded === 'none' ? decodeRecords(records) : { records, undecodable: NONE };
  if (decoded === 'some') read.undecodable = undecodableOf(records);
  return { ...read, ...(defective && { defects: defective }) };
}

const NONE: ReadonlyMap<number, string> = new Map();
/** A list that was written as a map from places to records. */
const isNumbered = (value: unknown): value is Record<string, unknown> =>
  isObject(value) &&
  Object.keys(value).length > 0 &&
  Object.entries(value).every(([key, record]) => /^\d+$/.test(key) && isObject(record));
const isNothing = (value: unknown): boolean =>
  value === undefined || value === null || value === '' || (isObject(value) && Object.keys(value).length === 0);

/** Whether a path ends in null, or leads through it. */
export function endsInNull(json: unknown, path: string): boolean {
  const steps = path.split('.');
  return steps.some((_, index) => valueAt(json, steps.slice(0, index + 1).join('.')) === null);
}

/** Decodes each record of a page that was kept byte by byte, and names those whose bytes are no UTF-8. */
function decodeRecords(list: unknown[]): { records: unknown[]; undecodable: ReadonlyMap<number, string> } {
  const undecodable = new Map<number, string>();
  const records = list.map((record, index) => {
    const text = JSON.stringify(record);
    const bytes = Buffer.from(text, 'latin1');
    if (isUtf8(bytes)) return JSON.parse(bytes.toString('utf8')) as unknown;
    undecodable.set(index, text);
    return record;
  });
  return { records, undecodable };
}

export const typeName = (value: unknown): string =>
  value === undefined ? 'nothing' : value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;

function fieldsOf(json: unknown): string {
  return typeof json === 'object' && json !== null
    ? Object.keys(json).slice(0, 20).join(', ') || '(none)'
    : typeName(json);
}

/** What an answer's success is known by, beyond its HTTP status. */
export type Success = NonNullable<HttpStreamConfig['response']['success']>;

/** The result code means: not authorised. */
export const isDenied = (json: unknown, { field, denied }: Success): boolean =>
  denied.includes(String(valueAt(json, field)));

/** Throws when an answer's result code is none of success; the source's message is not shown, it may hold data. */
export function requireSuccess(json: unknown, success: Success, what: string): void {
  const found = valueAt(json, success.field);
  if (success.values.includes(String(found))) return;
  if (isDenied(json, success)) {
    throw fault('unauthorised', { place: what, field: success.field, found: shortCode(found) });
  }
  throw fault('source-refused', {
    place: what,
    field: success.field,
    found: shortCode(found),
    expected: success.values,
  });
}

const SAYS_SUCCESS = /^(?:is_?)?(?:success|successful|succeeded|ok)$/i;
const SAYS_RESULT =
  /^(?:(?:ret|result|resp|response|err|error|biz|sub|status)_?)?(?:code|status|no|result|ret|state)$/i;
const SAYS_ERROR = /^(?:err|errors?|err_?msg|error_?(?:msg|message|info|desc)|exception)$/i;
/** What such a field holds where there is no error; any other text is one. */
const NO_ERROR = /^(?:|0+|ok|none|null|no|false|success(?:ful|ed)?|成功|操作成功|查询成功)$/i;
/** Results that mean nothing else in any gateway: of HTTP, below nothing, and words. */
const FAILED = /^(?:[45]\d\d|-\d+|fail(?:ed|ure)?|err(?:or)?|exception|unauthori[sz]ed|forbidden|denied)$/i;

/**
 * Throws a transient error for an answer without records that says that something failed, where no rule tells by what
 * success is known: it is no empty window. A field is believed only where it can mean nothing else.
 */
export function requireNoError(json: unknown, what: string): void {
  if (!isObject(json)) return;
  for (const [field, value] of Object.entries(json)) {
    const text = textOf(value);
    const fails =
      (SAYS_SUCCESS.test(field) && /^(?:false|0|n|no|fail(?:ed)?)$/i.test(text)) ||
      (SAYS_RESULT.test(field) && FAILED.test(text)) ||
      (SAYS_ERROR.test(field) && !NO_ERROR.test(text));
    if (fails) throw fault('error-answer', { place: what, field, found: shortCode(value) });
  }
}

/** What a field holds, as text: nothing, something that is no text, or the value. */
function textOf(value: unknown): string {
  if (typeof value === 'object') return value === null || Object.keys(value).length === 0 ? '' : 'something';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A result code as far as it can be shown: codes are short, anything longer could be data. */
const shortCode = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? `“${String(value).slice(0, 20)}”`
    : typeName(value);
