import type { StreamConfig } from '../../settings/kinds/stream.ts';
import type { DriftAction, DriftChange } from '../../domain/streams.ts';
import type { Problem } from '../../domain/library/validation.ts';

/** What is known of one field of a source's records. */
export interface Field {
  /** Types that were seen, a bit each ({@link TYPE_NAMES}); null has none. */
  types: number;
  /** Every record has had it. */
  always: boolean;
}

export type FieldCensus = Map<string, Field>;

export const TYPE_NAMES = { string: 1, number: 2, boolean: 4, list: 8, object: 16 } as const;

/** One difference between what a source's records have and what they had. */
export interface Drift {
  field: string;
  change: DriftChange;
  /** For people: the types before and now. */
  detail: string;
  action: DriftAction;
}

/** The fields of some records and their types. */
export function census(records: readonly unknown[]): FieldCensus {
  const fields = new Map<string, { types: number; count: number }>();
  let objects = 0;
  for (const record of records) {
    if (typeof record !== 'object' || record === null) continue;
    objects += 1;
    for (const name in record) {
      let field = fields.get(name);
      if (!field) fields.set(name, (field = { types: 0, count: 0 }));
      field.types |= typeBit((record as Record<string, unknown>)[name]);
      field.count += 1;
    }
  }
  return new Map([...fields].map(([name, { types, count }]) => [name, { types, always: count === objects }]));
}

function typeBit(value: unknown): number {
  if (value === null || value === undefined) return 0;
  if (Array.isArray(value)) return TYPE_NAMES.list;
  return TYPE_NAMES[typeof value as keyof typeof TYPE_NAMES];
}

/** The names of the types in a field's bits. */
export const typesOf = (bits: number): string[] =>
  Object.entries(TYPE_NAMES).flatMap(([name, bit]) => ((bits & bit) === 0 ? [] : [name]));

const shownTypes = (bits: number): string => typesOf(bits).join(' or ') || 'null';

/** What a page's fields differ in from those that the stream is known by, as its contract takes it. */
export function findDrift(known: FieldCensus, seen: FieldCensus, contract: StreamConfig['contract']): Drift[] {
  const drifts: Drift[] = [];
  for (const [field, { types }] of seen) {
    const before = known.get(field);
    if (!before) drifts.push({ field, change: 'added', detail: shownTypes(types), action: contract.added });
    else if ((types & ~before.types) !== 0 && before.types !== 0) {
      const detail = `${shownTypes(before.types)} became ${shownTypes(types & ~before.types)}`;
      drifts.push({ field, change: 'retyped', detail, action: contract.retyped });
    }
  }
  if (seen.size === 0) return drifts;
  for (const [field, { always, types }] of known) {
    if (always && !seen.has(field))
      drifts.push({ field, change: 'missing', detail: shownTypes(types), action: contract.missing });
  }
  return drifts.filter(({ action }) => action !== 'accept');
}

/** The problems of single records that come of drifts whose records are to be rejected: place on the page → problems. */
export function driftProblems(
  known: FieldCensus,
  drifts: readonly Drift[],
  records: readonly unknown[],
): Map<number, Problem[]> {
  const found = new Map<number, Problem[]>();
  for (const { field, change, action } of drifts) {
    if (action !== 'reject') continue;
    for (const [index, record] of records.entries()) {
      if (typeof record !== 'object' || record === null) continue;
      const value = (record as Record<string, unknown>)[field];
      const hit =
        change === 'missing' ||
        (change === 'added' ? field in record : (typeBit(value) & ~(known.get(field)?.types ?? 0)) !== 0);
      if (!hit) continue;
      const problems = found.get(index) ?? [];
      problems.push({ rule: `field-${change}`, field });
      found.set(index, problems);
    }
  }
  return found;
}

/**
 * Takes what was seen into what is known; true when that is news. Once the fields are settled, one that is missing stays
 * known, and is told again each time.
 */
export function learn(known: FieldCensus, seen: FieldCensus, settled: boolean): boolean {
  let news = false;
  const first = known.size === 0;
  const put = (name: string, field: Field): void => {
    const before = known.get(name);
    if (before?.types === field.types && before.always === field.always) return;
    known.set(name, field);
    news = true;
  };
  for (const [name, { types, always }] of seen) {
    const before = known.get(name);
    if (before) put(name, { types: before.types | types, always: before.always && (always || settled) });
    else put(name, { types, always: always && first });
  }
  if (settled || seen.size === 0) return news;
  for (const [name, { types }] of known) if (!seen.has(name)) put(name, { types, always: false });
  return news;
}
