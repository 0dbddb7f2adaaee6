import { isDeepStrictEqual } from 'node:util';
import { catalogEntrySchema } from '../../settings/schemas/catalog.ts';
import { expectation, printPath } from '../../settings/diagnostics.ts';
import type { CatalogSourceConfig, FieldRule } from '../../settings/kinds/stream.ts';
import {
  holderKindsOf,
  LEVELS,
  PUBLICITY,
  type CatalogEntry,
  type CatalogFinding,
} from '../../domain/library/catalog.ts';
import { parseDate, yearFirst } from '../../domain/dates.ts';
import { expected, expectedInWords } from '../../domain/faults/expected.ts';
import { fault } from '../../domain/faults.ts';
import type { Said } from '../../domain/said.ts';
import { normaliseCode } from '../../domain/library/identifiers.ts';
import type { ListSource } from '../contract.ts';
import { asList, isObject, valueAt } from '../json.ts';
import { compileRule } from '../mapping/rule.ts';
import { isEmpty } from '../mapping/texts.ts';

type Json = Record<string, unknown>;
/** A field of an entry; undefined where the source has nothing in it. */
type Read = (record: Json) => unknown;

/**
 * Reads a published list to its end; null for an entry that could not be decoded. Throws a transient error where the
 * source told another number of entries: an entry that is only missing here would be told as gone.
 */
export async function readWhole(source: ListSource, signal: AbortSignal): Promise<unknown[]> {
  let total: number | null = null;
  const records: unknown[] = [];
  for await (const page of source.read(signal)) {
    records.push(...page.records.map((record, index) => (page.undecodable.has(index) ? null : record)));
    total = page.total ?? total;
  }
  if (total === null || records.length === total) return records;
  throw fault('list-short', { entries: records.length, total });
}

/** What the city has of a type. */
export interface HeldEntry {
  /** The version that was decided last. */
  decided: { entry: CatalogEntry; approved: boolean } | null;
  draft: { entry: CatalogEntry; by: string } | null;
}

/** A published catalog held against the city's own. */
export interface CatalogComparison {
  /** Codes of the list, the faulty entries included. */
  listed: string[];
  unchanged: number;
  findings: CatalogFinding[];
  /** What is new or changed, to be drafted; what the source does not deliver is as the city has it. */
  drafts: CatalogEntry[];
  /** Types whose draft by this source says what the source has taken back. */
  outdated: string[];
}

/**
 * Holds a published catalog against the city's own. An entry's faults concern it alone. Fields that the source does not
 * deliver stay as they were approved; the order of a list is no difference. What the city withdrew is not drafted
 * again unless it changed since.
 * @param records the whole list; null for one that could not be decoded
 * @param by the unit that publishes: its own drafts are replaced, others' are left alone
 * @param earlier codes that earlier lists had
 */
export function comparePublished(
  records: readonly unknown[],
  config: CatalogSourceConfig,
  held: ReadonlyMap<string, HeldEntry>,
  { by, earlier }: { by: string; earlier: readonly string[] },
): CatalogComparison {
  const read = compileEntry(config);
  const entries = records.map((record) => (isObject(record) ? read(record) : null));
  const codes = entries.map((entry) => (typeof entry?.typeCode === 'string' ? entry.typeCode : null));
  const times = Map.groupBy(codes, (code) => code);
  const listed = [...times.keys()].filter((code) => code !== null);
  const known = new Set([...held.keys(), ...listed]);
  const result: CatalogComparison = { listed, unchanged: 0, findings: [], drafts: [], outdated: [] };

  for (const [index, published] of entries.entries()) {
    const typeCode = codes[index] ?? '';
    const told = {
      typeCode: typeCode.slice(0, 40) || `#${index + 1}`,
      name: typeof published?.name === 'string' ? published.name.slice(0, 100) : '',
    };
    const faulty = (faults: CatalogFinding['faults']): void =>
      void result.findings.push({ ...told, state: 'faulty', fields: [], faults });
    if (!published) {
      faulty([{ field: '', found: shown(records[index]), expected: expectedInWords(expected('record-decoded')) }]);
      continue;
    }
    const { decided, draft } = held.get(typeCode) ?? { decided: null, draft: null };
    const given = putOver(decided?.entry ?? null, published);
    const faults = 'faults' in given ? given.faults : [];
    const count = times.get(codes[index] ?? null)?.length ?? 0;
    if (typeCode !== '' && count > 1)
      faults.push({
        field: 'typeCode',
        found: { zh: `${count} 次`, en: `it ${count} times` },
        expected: expectedInWords(expected('once')),
      });
    const strange = 'entry' in given ? given.entry.members.filter((member) => !known.has(member)) : [];
    if (strange.length > 0)
      faults.push({
        field: 'members',
        found: { zh: strange.join('、'), en: strange.join(', ') },
        expected: expectedInWords(expected('known-types')),
      });
    if ('faults' in given || faults.length > 0) {
      faulty(faults);
      continue;
    }

    if (decided && given.fields.length === 0) {
      result.unchanged += 1;
      if (draft?.by === by) result.outdated.push(typeCode);
      continue;
    }
    const { name } = given.entry;
    const drafted = draft && draft.by !== by ? putOver(draft.entry, published) : null;
    if (drafted && !('fields' in drafted && drafted.fields.length === 0)) {
      const fields = 'fields' in drafted ? drafted.fields : given.fields;
      result.findings.push({ state: 'waiting', typeCode, name, fields, faults: [], draftedBy: draft?.by ?? '' });
      continue;
    }
    const fields = decided ? given.fields : [];
    result.findings.push({ state: decided ? 'changed' : 'new', typeCode, name, fields, faults: [] });
    // A draft of somebody else that says what is published needs no second one.
    if (!drafted) result.drafts.push(given.entry);
  }

  for (const typeCode of new Set(earlier).difference(new Set(listed))) {
    const { decided, draft } = held.get(typeCode) ?? { decided: null, draft: null };
    const entry = decided?.approved ? decided.entry : draft?.entry;
    if (entry) result.findings.push({ state: 'gone', typeCode, name: entry.name, fields: [], faults: [] });
  }
  return result;
}

/** An entry as it is published, over what the city has, with the fields that differ; or what is wrong with it. */
function putOver(
  under: CatalogEntry | null,
  published: Json,
): { entry: CatalogEntry; fields: string[] } | { faults: CatalogFinding['faults'] } {
  const face = Array.isArray(published.face)
    ? published.face.map((field: unknown) =>
        isObject(field) ? { ...under?.face.find(({ name }) => name === field.name), ...field } : field,
      )
    : undefined;
  const given: Json = { ...under, ...published, ...(face && { face }) };
  const { success, data: entry, error } = catalogEntrySchema.safeParse(given);
  if (!success) {
    return {
      faults: error.issues.map((issue) => ({
        field: printPath(issue.path),
        found: shown(issue.path.reduce<unknown>((value, key) => valueAt(value, String(key)), given)),
        expected: expectation(issue),
      })),
    };
  }
  if (!under) return { entry, fields: Object.keys(published) };
  const fields = (Object.keys(published) as (keyof CatalogEntry)[]).filter((key) => !alike(entry[key], under[key]));
  return { entry: { ...under, ...Object.fromEntries(fields.map((key) => [key, entry[key]])) }, fields };
}

/** Equal, whatever the order of a list. */
const alike = (one: unknown, other: unknown): boolean =>
  Array.isArray(one) && Array.isArray(other)
    ? one.length === other.length && one.every((item) => other.some((same) => isDeepStrictEqual(item, same)))
    : isDeepStrictEqual(one, other);

const textOf = (value: unknown): string => (typeof value === 'string' ? value.trim() : JSON.stringify(value));
function shown(value: unknown): Said | null {
  if (value === undefined || value === null) return null;
  const text = `“${textOf(value).slice(0, 60)}”`;
  return { zh: text, en: text };
}

const YES_NO = new Map([
  ...['true', '1', '是', 'Y', 'y'].map((word) => [word, true] as const),
  ...['false', '0', '否', 'N', 'n'].map((word) => [word, false] as const),
]);

/** Compiles which field of the source holds what; an entry read so has only fields that the source has a value for. */
function compileEntry({ fields }: CatalogSourceConfig): (record: Json) => Json {
  const { face, items, collectFrom } = fields;
  const order = typeof collectFrom === 'object' ? collectFrom.dates : undefined;
  const date = (text: string): string => parseDate(order === undefined ? text : yearFirst(text, order)) ?? text;
  const unit = (given: typeof fields.issuer): Read | undefined =>
    given && map({ name: textRule(given.name), code: textRule(given.code, normaliseCode) });
  return filled({
    typeCode: textRule(fields.typeCode, normaliseCode),
    name: textRule(fields.name),
    category: textRule(fields.category),
    issuer: unit(fields.issuer),
    definer: unit(fields.definer),
    holders: listRule(fields.holders, kindsOf),
    template: textRule(fields.template),
    face:
      face &&
      each(face.list, {
        name: textRule(face.name),
        label: textRule(face.label),
        required: textRule(face.required, (text) => YES_NO.get(text) ?? text),
        type: textRule(face.type),
        values: listRule(face.values),
      }),
    collectFrom: textRule(collectFrom, date),
    publicity: textRule(fields.publicity, wordOf(PUBLICITY)),
    level: textRule(fields.level, wordOf(LEVELS)),
    items: items && each(items.list, { code: textRule(items.code), name: textRule(items.name) }),
    validYears: textRule(fields.validYears, (text) =>
      text === '长期' ? null : /^\d+$/.test(text) ? Number(text) : text,
    ),
    members: listRule(fields.members, normaliseCode),
  });
}

type Reads = Record<string, Read | undefined>;

const filled =
  (reads: Reads) =>
  (record: Json): Json =>
    Object.fromEntries(
      Object.entries(reads).flatMap(([key, read]) => {
        const value = read?.(record);
        return value === undefined ? [] : [[key, value]];
      }),
    );

const map =
  (reads: Reads): Read =>
  (record) => {
    const value = filled(reads)(record);
    return Object.keys(value).length > 0 ? value : undefined;
  };

const each =
  (path: string, reads: Reads): Read =>
  (record) => {
    const value = valueAt(record, path);
    if (isEmpty(value)) return undefined;
    const list = asList(value);
    if (!list) return value;
    return list.length === 0 ? undefined : list.map((item) => (isObject(item) ? filled(reads)(item) : item));
  };

function ruleOf(rule: FieldRule): Read {
  if (typeof rule === 'string') return (record) => valueAt(record, rule);
  const { from } = rule;
  return compileRule(rule, (record) => (from === undefined ? undefined : valueAt(record, from)));
}

export function textRule(
  rule: FieldRule | undefined,
  change: (text: string) => unknown = (text) => text,
): Read | undefined {
  if (rule === undefined) return undefined;
  const read = ruleOf(rule);
  return (record) => {
    const value = read(record);
    if (isEmpty(value)) return undefined;
    return typeof value === 'object' ? value : change(textOf(value));
  };
}

/** A list, or one text with its values between separators; a lookup holds for each of them. */
function listRule(rule: FieldRule | undefined, change?: (text: string) => unknown): Read | undefined {
  if (rule === undefined) return undefined;
  const { lookup, ...whole } = typeof rule === 'string' ? { from: rule } : rule;
  const read = ruleOf(whole);
  const one = textRule({ from: 'value', lookup }, change);
  return (record) => {
    const value = read(record);
    if (isEmpty(value)) return undefined;
    const values = asList(value) ?? (typeof value === 'object' ? [value] : textOf(value).split(/[、;;,,\n]/));
    const list = values.flatMap((item) => one?.({ value: item }) ?? []);
    return list.length === 0 ? undefined : list;
  };
}

/** Kinds of holders of a Chinese word; any other text as it is. */
const kindsOf = (text: string): string | string[] => {
  const kinds = holderKindsOf(text);
  return kinds.length > 0 ? kinds : text;
};

/** Our word for the Chinese one; any other text as it is. */
const wordOf =
  (words: Readonly<Record<string, string>>) =>
  (text: string): string =>
    Object.entries(words).find(([, chinese]) => chinese === text)?.[0] ?? text;
