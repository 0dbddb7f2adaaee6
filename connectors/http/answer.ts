import { isUtf8 } from 'node:buffer';
import type { HttpStreamConfig } from '../../settings/kinds/http.ts';
import type { HubError } from '../../domain/errors.ts';
import { fault, type Facts } from '../../domain/faults.ts';
import { parseKeepingDigits, valueAt } from '../json.ts';

/** The decoded JSON of an answer. */
export interface ParsedAnswer {
  json: unknown;
  /** The bytes were no UTF-8: texts hold one character a byte until {@link decodeRecords} mends them. */
  bytes: boolean;
}

/**
 * Parses an answer's body. Numbers of 16 digits and more keep every digit, as text. A body that is not UTF-8 is kept
 * byte by byte, so that only the records with the bad bytes suffer. Throws a transient error for an empty or broken
 * body: a source that has nothing says so.
 */
export function parseAnswer(body: Buffer, what: string): ParsedAnswer {
  if (body.length === 0) {
    throw fault('empty-body', { place: what });
  }
  const bytes = !isUtf8(body);
  const text = body.toString(bytes ? 'latin1' : 'utf8');
  return { json: parseJson(text.startsWith('\ufeff') ? text.slice(1) : text, what), bytes };
}

/** Parses JSON text; throws a transient error for text that is none. */
export function parseJson(text: string, what: string): unknown {
  try {
    return parseKeepingDigits(text);
  } catch {
    throw fault('broken-body', { place: what, characters: text.length, markup: text.trimStart().startsWith('<') });
  }
}

/** A whole number at a path; throws a configuration error when there is none. */
export function numberAt(json: unknown, path: string, what: string): number {
  const value = valueAt(json, path);
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
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

/** The list of records at a path, also where the list arrives as a JSON string; a missing list with nothing in it is null. */
export function recordsAt(
  answer: ParsedAnswer,
  path: string,
  what: string,
): { records: unknown[]; undecodable: Map<number, string> } {
  let list = valueAt(answer.json, path);
  if (typeof list === 'string') list = parseJson(list, what);
  if (!Array.isArray(list)) {
    throw misshapen(answer.json, { what, path, value: list, expected: 'records' });
  }
  return answer.bytes ? decodeRecords(list) : { records: list, undecodable: new Map() };
}

/** Decodes each record of a page that was kept byte by byte, and names those whose bytes are no UTF-8. */
function decodeRecords(list: unknown[]): { records: unknown[]; undecodable: Map<number, string> } {
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

/** A result code as far as it can be shown: codes are short, anything longer could be data. */
const shortCode = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? `“${String(value).slice(0, 20)}”` : typeName(value);
