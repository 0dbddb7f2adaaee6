import { ownValue } from '../domain/names.ts';

/** Numbers that JavaScript would write otherwise: too many digits, zeros at the end of a fraction, exponents. */
const OTHERWISE = /[:,[]\s*-?\d(?:[\d.]{15}|\d*\.\d*0[\s,}\]]|[\d.]*[eE])/;

/**
 * Parses JSON; numbers that JavaScript would write otherwise (120.50, 1E5, more than 15 digits) keep their spelling, as
 * text. Throws a SyntaxError for text that is no JSON.
 */
export const parseKeepingDigits = (text: string): unknown =>
  OTHERWISE.test(text) ? JSON.parse(text, keepSpelling) : JSON.parse(text);

const keepSpelling = (_key: string, value: unknown, { source }: { source?: string } = {}): unknown =>
  typeof value !== 'number' || source === undefined || String(value) === source ? value : source;

/** Lists and maps within each other, from which on JSON is refused: to work through deeper ones would overflow the stack. */
const DEEPEST = 1_000;

/** Whether JSON text is nested more deeply than anything that is meant. */
export function isTooDeep(text: string): boolean {
  let [depth, quoted] = [0, false];
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (quoted) {
      if (character === '\\') index += 1;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === '{' || character === '[') {
      depth += 1;
      if (depth > DEEPEST) return true;
    } else if (character === '}' || character === ']') depth -= 1;
  }
  return false;
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A list, also one that arrives as JSON text; null for anything else. */
export function asList(value: unknown): unknown[] | null {
  if (Array.isArray(value)) return value as unknown[];
  if (typeof value !== 'string' || !value.trimStart().startsWith('[')) return null;
  try {
    return asList(JSON.parse(value));
  } catch {
    return null;
  }
}

/** A JSON value with every leaf of it, whatever is neither a list nor a map, changed. */
export function mapLeaves(value: unknown, change: (leaf: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => mapLeaves(item, change));
  if (typeof value !== 'object' || value === null) return change(value);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapLeaves(item, change)]));
}

/** The value at a path such as `data.list`, `$` for the whole; undefined when there is none. */
export function valueAt(json: unknown, path: string): unknown {
  if (path === '$') return json;
  return path
    .split('.')
    .reduce<unknown>(
      (value, key) =>
        typeof value === 'object' && value !== null ? ownValue(value as Record<string, unknown>, key) : undefined,
      json,
    );
}
