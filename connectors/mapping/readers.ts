import type { StreamConfig } from '../../settings/kinds/stream.ts';
import {
  CERTIFICATE_FIELDS,
  STANDARD_NAMES,
  type Certificate,
  type CertificateField,
} from '../../domain/library/certificate.ts';
import { parseInstant, type Instant } from '../../domain/dates.ts';
import { ownValue } from '../../domain/names.ts';
import { statusWith, type MarkEvents, type StateMark } from '../../domain/library/marks.ts';
import type { Status } from '../../domain/library/status.ts';
import type { RecordHints } from '../contract.ts';
import { JOINED_ROWS } from '../joined-rows.ts';
import { valueAt } from '../json.ts';
import { compileRule, type Read } from './rule.ts';
import { NUMBER_CELL, Texts } from './texts.ts';

/** The first step of a mapping: what a stream's configuration says of its records, as functions that read them. */
export interface Readers {
  key: Read;
  /** Null where the records have no time of their own. */
  updatedAt: Read | null;
  /** Null where every record is valid. */
  status: { read: Read; states: ReadonlyMap<string, { status: Status; marks: StateMark[] }> } | null;
  /** Null where the records tell of no marks beside their status. */
  marks: { read: Read; values: ReadonlyMap<string, StateMark | 'none'> }[] | null;
  /** Null where the records tell no events. */
  events: { read: Read; values: ReadonlyMap<string, MarkEvents> } | null;
  deleted: { read: Read; values: ReadonlySet<string> } | null;
  fields: Readonly<Record<CertificateField, Read>>;
  /** Order of dates that could be read both ways. */
  dates: Readonly<Partial<Record<CertificateField, 'dmy' | 'mdy' | undefined>>>;
  /** Ends of validity that mean 长期. */
  longTerm: ReadonlySet<string>;
  /** Several holders: their list, or how their texts are split. */
  holders: { list: Read } | { split: RegExp } | { rowColumns: ReadonlySet<string> } | null;
  codeTypes: Readonly<Record<string, string>>;
  /** The type of every certificate, where the records do not say. */
  type: { code: string; name: string } | undefined;
  /** Whether a record says that its certificate was reviewed (签发审核), and by which field; null where none does. */
  review: { field: string; reviewed: (raw: Record<string, unknown>) => boolean } | null;
  /** What is kept of a record beside the fields of its certificate (照面扩展). */
  extension: { without: ReadonlySet<string>; names: ReadonlyMap<string, string> };
  /** When the case of a record was completed; null where the stream's cases are announced. */
  completedAt:
    ((raw: Record<string, unknown>, certificate: Certificate, updatedAt: Instant) => Instant | undefined) | null;
}

/** Fields of a certificate that are codes: leading zeros and every digit count. */
const CODES: ReadonlySet<CertificateField | 'key'> = new Set([
  'key',
  'identifier',
  'typeCode',
  'number',
  'issuerCode',
  'holderCode',
  'holderCodeType',
]);

export function compileReaders(
  { record, status, certificateType, completed }: StreamConfig,
  { ignore = [], numbers, deleted: marked }: RecordHints,
): Readers {
  const access = new Access(numbers);
  const deleted = status.deleted ?? marked;
  const fieldOf = (field: CertificateField): Read => {
    const rule = record.fields[field];
    if (rule === undefined) return access.standard(field);
    if (typeof rule === 'string') return access.field(field, rule);
    return compileRule(rule, rule.from === undefined ? access.standard(field) : access.field(field, rule.from));
  };
  const orderOf = (field: CertificateField): 'dmy' | 'mdy' | undefined => {
    const rule = record.fields[field];
    return typeof rule === 'object' ? rule.dates : undefined;
  };
  return {
    key: access.field('key', record.key),
    updatedAt: record.updatedAt === undefined ? null : access.at(record.updatedAt),
    ...statusOf(status, access),
    deleted: deleted ? { read: access.at(deleted.field), values: new Set(deleted.values) } : null,
    fields: Object.fromEntries(CERTIFICATE_FIELDS.map((field) => [field, fieldOf(field)])) as Readers['fields'],
    dates: { issuedOn: orderOf('issuedOn'), effectiveOn: orderOf('effectiveOn'), expiresOn: orderOf('expiresOn') },
    longTerm: new Set(record.longTerm),
    holders: holdersOf(record, access),
    codeTypes: record.codeTypes,
    type: certificateType,
    review: reviewOf(record.review),
    extension: {
      without: access.fieldsAnd([...ignore, ...record.extension.leave, JOINED_ROWS]),
      names: new Map(Object.entries(record.extension.rename)),
    },
    completedAt: completionOf(completed),
  };
}

function statusOf(
  { field, values, marks, events }: StreamConfig['status'],
  access: Access,
): Pick<Readers, 'status' | 'marks' | 'events'> {
  const states = Object.entries(values).map(
    ([value, told]) =>
      [
        value,
        typeof told === 'string' ? { status: told, marks: [] } : { status: statusWith(told), marks: told },
      ] as const,
  );
  const telling = marks.length > 0 || states.some(([, told]) => told.marks.length > 0);
  return {
    status: field === undefined ? null : { read: access.at(field), states: new Map(states) },
    marks: telling
      ? marks.map((given) => ({ read: access.at(given.field), values: new Map(Object.entries(given.values)) }))
      : null,
    events: events ? { read: access.at(events.field), values: new Map(Object.entries(events.values)) } : null,
  };
}

/** Ways to the fields of a source's records; remembers which fields they lead to. */
class Access {
  /** Columns whose numbers are codes by nature; null where a code in a number cell cannot have lost digits. */
  readonly #numbers: ReadonlySet<string> | null;
  readonly #fields = new Set<string>();

  constructor(numbers: readonly string[] | undefined) {
    this.#numbers = numbers ? new Set(numbers) : null;
  }

  /** The fields that are read, and others. */
  fieldsAnd(others: readonly string[]): ReadonlySet<string> {
    return new Set([...this.#fields, ...others]);
  }

  /** What is at a path such as `data.id`. A field that is read only in part is kept. */
  at(path: string): Read {
    if (path.includes('.')) return (record) => valueAt(record, path);
    this.#fields.add(path);
    return (record) => ownValue(record, path);
  }

  /** What is at a path, for a field of a certificate. */
  field(field: CertificateField | 'key', path: string): Read {
    return this.#suspecting(field, path, this.at(path));
  }

  /** What a record has under a field's names in GB/T 36903. */
  standard(field: CertificateField): Read {
    const [english, pinyin] = STANDARD_NAMES[field];
    const [first, second, third] = [pinyin, english, pinyin.toLowerCase()].map((name) => {
      this.#fields.add(name);
      return this.#suspecting(field, name, (record) => record[name]);
    }) as [Read, Read, Read];
    return (record) => first(record) ?? second(record) ?? third(record);
  }

  /** A code in a number cell is handed on as such, so that it can be refused. */
  #suspecting(field: CertificateField | 'key', column: string, read: Read): Read {
    if (!this.#numbers || this.#numbers.has(column) || !CODES.has(field)) return read;
    return (record) => {
      const value = read(record);
      return typeof value === 'number' ? { [NUMBER_CELL]: value } : value;
    };
  }
}

function holdersOf({ holders, fields }: StreamConfig['record'], access: Access): Readers['holders'] {
  if (holders === undefined) return null;
  if (typeof holders === 'string') return { list: access.at(holders) };
  if ('rows' in holders) {
    const columns = (['holderName', 'holderCode', 'holderCodeType'] as const).flatMap((field) => {
      const rule = fields[field];
      if (typeof rule === 'string') return rule;
      return rule?.from ?? STANDARD_NAMES[field].flatMap((name) => [name, name.toLowerCase()]);
    });
    return { rowColumns: new Set(columns) };
  }
  return { split: new RegExp(`[${holders.split.replace(/[\]\\^-]/g, '\\$&')}]`) };
}

function reviewOf(review: StreamConfig['record']['review']): Readers['review'] {
  if (!review) return null;
  const { field, values } = review;
  return {
    field,
    reviewed: (raw) => {
      const found = new Texts().text(valueAt(raw, field), field);
      return values ? values.includes(found) : found !== '';
    },
  };
}

function completionOf(completed: StreamConfig['completed']): Readers['completedAt'] {
  if (!completed) return null;
  const { at } = completed;
  if (at === 'updatedAt') return (_raw, _certificate, updatedAt) => updatedAt;
  // Of a day nothing is known but that it was over at its end.
  if (at === 'issuedOn') return (_raw, { issuedOn }) => `${issuedOn}T23:59:59+08:00`;
  return (raw) => parseInstant(new Texts().text(valueAt(raw, at), 'completedAt')) ?? undefined;
}
