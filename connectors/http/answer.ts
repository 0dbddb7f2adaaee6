import { isUtf8 } from 'node:buffer';
import type { HttpStreamConfig } from '../../settings/kinds/http.ts';
import { configurationError, transientError } from '../../domain/errors.ts';
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
    throw transientError(`${what}: found an empty body, expected JSON`, {
      code: 'empty-body',
      cure: 'the source answered without content; ask the department if it goes on',
    });
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
    throw transientError(
      `${what}: found ${text.length} characters that are no complete JSON (${text.trimStart().startsWith('<') ? 'markup' : 'truncated or garbled'})`,
      { code: 'broken-body', cure: 'the source’s answer was cut off or is an error page; it is asked again' },
    );
  }
}

/** A whole number at a path; throws a configuration error when there is none. */
export function numberAt(json: unknown, path: string, what: string): number {
  const value = valueAt(json, path);
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) return number;
  throw configurationError(`${what}: found ${typeName(value)} at “${path}”, expected a whole number`, {
    code: 'answer-shape',
    cure: `the answer has the fields ${fieldsOf(json)}; correct the path`,
  });
}

/** A text or number at a path, as text; throws a configuration error when there is none. */
export function textAt(json: unknown, path: string, what: string): string {
  const value = valueAt(json, path);
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  throw configurationError(`${what}: found ${typeName(value)} at “${path}”, expected text`, {
    code: 'answer-shape',
    cure: `the answer has the fields ${fieldsOf(json)}; correct the path`,
  });
}

/** The list of records at a path, also where the list arrives as a JSON string; a missing list with nothing in it is null. */
export function recordsAt(
  answer: ParsedAnswer,
  path: string,
  what: string,
): { records: unknown[]; undecodable: Map<number, string> } {
  let list = valueAt(answer.json, path);
  if (typeof list === 'string') list = parseJson(list, what);
  if (!Array.isArray(list)) {
    throw configurationError(`${what}: found ${typeName(list)} at “${path}”, expected a list of records`, {
      code: 'answer-shape',
      cure: `the answer has the fields ${fieldsOf(answer.json)}; correct response.records`,
    });
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
    throw configurationError(`${what}: found ${success.field} = ${shortCode(found)}, which means: not authorised`, {
      code: 'unauthorised',
      cure: 'check the values behind auth in the connector’s file, and what the department has granted',
    });
  }
  throw transientError(
    `${what}: found ${success.field} = ${shortCode(found)}, expected ${success.values.join(' or ')}`,
    { code: 'source-refused', cure: 'look the code up in the gateway’s manual; it is asked again meanwhile' },
  );
}

/** A result code as far as it can be shown: codes are short, anything longer could be data. */
const shortCode = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? `“${String(value).slice(0, 20)}”` : typeName(value);
