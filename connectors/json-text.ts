import { isObject, parseKeepingDigits } from './json.ts';
import type { Problem } from '../domain/library/validation.ts';

/** What is wrong with the text of a part of a JSON document, and that text. */
export interface TextDefect {
  problem: Problem;
  text: string;
}

/** A JSON document, and the maps and lists in it whose text has a defect. */
export interface ParsedText {
  json: unknown;
  defects: ReadonlyMap<unknown, TextDefect>;
}

const NONE: ParsedText['defects'] = new Map();

/**
 * Parses JSON as {@link parseKeepingDigits} does, and finds keys that a map has twice, of which JSON.parse keeps the
 * last one without a word. Throws a SyntaxError for text that is no JSON.
 */
export function parseText(text: string): ParsedText {
  const json = parseKeepingDigits(text);
  return keysIn(text) <= keysOf(json) ? { json, defects: NONE } : new Reader(text).read();
}

/**
 * As {@link parseText}; what programs write and JSON does not allow (NaN, bare words, control characters, unknown
 * escapes, quotes within a text, a comma or nothing where a value belongs) is a defect of the part that has it, and not of
 * the whole. Throws a SyntaxError for text that is cut off.
 */
export function parseMending(text: string): ParsedText {
  try {
    return parseText(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return new Reader(text).read();
  }
}

/** At least as many as there are keys: colons that follow a quote, wherever they are. */
function keysIn(text: string): number {
  let keys = 0;
  for (let at = text.indexOf(':'); at >= 0; at = text.indexOf(':', at + 1)) {
    let before = at - 1;
    while (text.charCodeAt(before) <= 0x20) before -= 1;
    if (text.charCodeAt(before) === QUOTE) keys += 1;
  }
  return keys;
}

function keysOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let keys = 0;
  if (Array.isArray(value)) for (const item of value) keys += keysOf(item);
  else for (const key in value) keys += 1 + keysOf((value as Record<string, unknown>)[key]);
  return keys;
}

const QUOTE = 0x22;
/** Deeper nesting than any answer has. */
const MAX_DEPTH = 500;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** What stands where a value belongs and is none: NaN, None, -Infinity, 007. */
const WORD = /[^\s,:[\]{}"]+/y;
// eslint-disable-next-line no-control-regex -- these are what is looked for
const PLAIN = /[^"\\\0-\x1f]*/y;
const AFTER_TEXT = /[ \t\r\n]*(?:[,:}\]]|$)/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;

/** Reads JSON character by character, for documents of which JSON.parse does not tell enough. */
class Reader {
  readonly #text: string;
  readonly #open: { value: object; start: number; problem: Problem | null }[] = [];
  readonly #defects = new Map<unknown, TextDefect>();
  /** Maps and lists with a quote within a text: where that ends is a guess. */
  readonly #guessed = new Set<unknown>();
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): ParsedText {
    const json = this.#value('');
    this.#blanks();
    if (this.#at < this.#text.length) throw this.#unexpected();
    return { json, defects: this.#defects };
  }

  #value(field: string): unknown {
    this.#blanks();
    const next = this.#text[this.#at];
    if (next === '{') return this.#map();
    if (next === '[') return this.#list(field);
    if (next === '"') return this.#string(field);
    const start = this.#at;
    const word = this.#match(WORD);
    if (word === '') {
      if (next !== ',' && next !== '}' && next !== ']') throw this.#unexpected();
      this.#note('json-invalid', field, next, start);
      return null;
    }
    if (word === 'true' || word === 'false') return word === 'true';
    if (word === 'null') return null;
    NUMBER.lastIndex = start;
    if (NUMBER.exec(this.#text)?.[0] === word) return parseKeepingDigits(word);
    if (this.#open.length === 0) throw this.#unexpected();
    this.#note('json-invalid', field, word.slice(0, 20), start);
    return null;
  }

  #map(): object {
    const value: Record<string, unknown> = {};
    this.#enter(value);
    for (let first = true; !this.#closes('}', first); first = false) {
      this.#blanks();
      if (this.#text[this.#at] !== '"') throw this.#unexpected();
      const start = this.#at;
      const key = this.#string('');
      this.#blanks();
      if (this.#text[this.#at] !== ':') throw this.#unexpected();
      this.#at += 1;
      if (Object.hasOwn(value, key)) this.#note('field-repeated', key, key, start);
      // As JSON.parse does it: a property of the map itself, whatever it is called.
      Object.defineProperty(value, key, {
        value: this.#value(key),
        configurable: true,
        enumerable: true,
        writable: true,
      });
    }
    return this.#leave(value);
  }

  #list(field: string): unknown[] {
    const value: unknown[] = [];
    this.#enter(value);
    for (let first = true; !this.#closes(']', first); first = false) value.push(this.#value(field));
    // A wrong guess could end one record and begin another.
    if (value.some((item) => this.#guessed.has(item)) && this.#isOneUnlike(value)) throw this.#unexpected();
    return this.#leave(value);
  }

  /** Whether a map or list ends here; a comma before any but its first part is passed. */
  #closes(end: string, first: boolean): boolean {
    this.#blanks();
    const next = this.#text[this.#at];
    if (next === end) {
      this.#at += 1;
      return true;
    }
    if (first) return false;
    if (next !== ',') throw this.#unexpected();
    const comma = this.#at;
    this.#at += 1;
    this.#blanks();
    if (this.#text[this.#at] !== end) return false;
    this.#note('json-invalid', '', ',', comma);
    this.#at += 1;
    return true;
  }

  #string(field: string): string {
    const parts: string[] = [];
    for (this.#at += 1; ;) {
      parts.push(this.#match(PLAIN));
      const start = this.#at;
      const next = this.#text[start];
      if (next === undefined) throw this.#unexpected();
      if (next === '"' && this.#isClosing(start)) {
        this.#at += 1;
        return parts.join('');
      }
      const escape = this.#match(ESCAPE);
      if (escape !== '') parts.push(JSON.parse(`"${escape}"`) as string);
      else {
        const found = next === '\\' ? this.#text.slice(start, start + 2) : next === '"' ? next : `U+${hex(next)}`;
        this.#note('json-invalid', field, found, start);
        if (next === '"') for (const { value } of this.#open) this.#guessed.add(value);
        parts.push(next);
        this.#at += 1;
      }
    }
  }

  /** Whether a quote ends its text: what may follow a text follows it. */
  #isClosing(quote: number): boolean {
    AFTER_TEXT.lastIndex = quote + 1;
    return AFTER_TEXT.test(this.#text);
  }

  /** Whether an item with a guess in it lacks a key that all others have. */
  #isOneUnlike(items: readonly unknown[]): boolean {
    const counts = new Map<string, number>();
    for (const item of items)
      for (const key of Object.keys(isObject(item) ? item : {})) counts.set(key, (counts.get(key) ?? 0) + 1);
    const lackedByOne = [...counts].flatMap(([key, count]) => (count === items.length - 1 ? [key] : []));
    return items.some(
      (item) => this.#guessed.has(item) && lackedByOne.some((key) => !(isObject(item) && Object.hasOwn(item, key))),
    );
  }

  #enter(value: object): void {
    if (this.#open.length >= MAX_DEPTH) throw this.#unexpected();
    this.#open.push({ value, start: this.#at, problem: null });
    this.#at += 1;
  }

  #leave<T extends object>(value: T): T {
    const { start, problem } = this.#open.pop() ?? { start: 0, problem: null };
    if (problem) this.#defects.set(value, { problem, text: this.#text.slice(start, this.#at) });
    return value;
  }

  /** A defect is one of every map and list that it is within; of each the first one is told. */
  #note(rule: 'json-invalid' | 'field-repeated', field: string, found: string, at: number): void {
    for (const open of this.#open) open.problem ??= { rule, field, found: `${found}, character ${at + 1}` };
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #blanks(): void {
    while (' \t\r\n'.includes(this.#text[this.#at] ?? 'x')) this.#at += 1;
  }

  #unexpected(): SyntaxError {
    return new SyntaxError(`unexpected text at character ${this.#at + 1}`);
  }
}

const hex = (character: string): string => character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');

/** The defects of the records of a list, by their place. */
export function defectsOf(
  records: readonly unknown[],
  defects: ParsedText['defects'],
): ReadonlyMap<number, TextDefect> | undefined {
  if (defects.size === 0) return undefined;
  return new Map(
    records.flatMap((record, index) => {
      const defect = isObject(record) ? defects.get(record) : undefined;
      return defect ? [[index, defect] as const] : [];
    }),
  );
}
