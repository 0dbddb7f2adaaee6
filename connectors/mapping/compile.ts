import type { FieldRule, StreamConfig } from '../../settings/kinds/stream.ts';
import {
  CERTIFICATE_FIELDS,
  sortedKeys,
  STANDARD_NAMES,
  type Certificate,
  type CertificateField,
  type Holder,
} from '../../domain/library/certificate.ts';
import { validateByCatalog, type Catalog } from '../../domain/library/catalog.ts';
import { parseDate, parseInstant, yearFirst, type CalendarDate, type Instant } from '../../domain/dates.ts';
import { normaliseCode } from '../../domain/library/identifiers.ts';
import { ownValue } from '../../domain/names.ts';
import { rejects, validateCertificate, type Problem, type RuleId } from '../../domain/library/validation.ts';
import type { Page, RecordHints } from '../contract.ts';
import { valueAt } from '../json.ts';
import { RowBuffer } from './row-buffer.ts';

/** A record that does not, and why. */
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
}

/** One page, ready for the store. */
export interface MappedPage {
  /** The records that enter the library. */
  rows: RowBuffer;
  rejected: RejectedRecord[];
  /** Deletions whose record carries no certificate: of each key the latest, unless on this page a version replaces it. */
  deleted: Deletion[];
  /** Of each record of the page, what rejects it; null where nothing does. */
  outcomes: (Problem[] | null)[];
}

/** What a page is mapped with beside its records. */
export interface PageContext {
  /** Update time of records whose stream has none: when the batch was opened. */
  readAt: Instant;
  /** The approved catalog; records are not held against it where it is left out. */
  catalog?: Catalog;
  /** Problems of records by place that were found before the mapping. */
  found?: ReadonlyMap<number, Problem[]>;
}

/** What a stream's configuration says of its records, compiled. */
export interface Mapping {
  /** Turns the records of one page into library rows and rejects, in the order in which they came. */
  map: (page: Pick<Page, 'records' | 'undecodable' | 'warnings'>, context: PageContext) => MappedPage;
  /** The source's key of a record, or null where it has none. */
  keyOf: (record: unknown) => string | null;
}

/** Longest text taken for a field of a certificate; a longer one is a fault of the record. */
const MAX_TEXT = 4000;
/** Longest serialised certificate. */
const MAX_CERTIFICATE = 1_000_000;
/** Fields that are codes: leading zeros and every digit count. */
const CODES: ReadonlySet<CertificateField | 'key'> = new Set([
  'key',
  'identifier',
  'typeCode',
  'number',
  'issuerCode',
  'holderCode',
  'holderCodeType',
]);

type Json = Record<string, unknown>;
type Read = (record: Json) => unknown;

/** Compiles a stream's configuration into a function that maps its records. */
export function compileMapping(stream: StreamConfig, hints: RecordHints = {}): Mapping {
  const { record: config, status } = stream;
  const consumed = new Set<string>([...(hints.ignore ?? []), ...config.extension.leave]);
  const numbers = hints.numbers && new Set(hints.numbers);
  const accessor = (path: string): Read => {
    const keys = path.split('.');
    const [first = ''] = keys;
    if (keys.length === 1) {
      consumed.add(first);
      return (record) => ownValue(record, first);
    }
    return (record) => valueAt(record, path);
  };
  const standardAccessor = (field: CertificateField): Read => {
    const [english, pinyin] = STANDARD_NAMES[field];
    const lower = pinyin.toLowerCase();
    const read = [pinyin, english, lower].map((name) => {
      consumed.add(name);
      return suspicious(field, name, (record) => record[name]);
    }) as [Read, Read, Read];
    return (record) => read[0](record) ?? read[1](record) ?? read[2](record);
  };
  const fieldAccessor = (field: CertificateField): Read => {
    const rule = config.fields[field];
    if (rule === undefined) return standardAccessor(field);
    if (typeof rule === 'string') return suspicious(field, rule, accessor(rule));
    return compileRule(
      rule,
      rule.from === undefined ? standardAccessor(field) : suspicious(field, rule.from, accessor(rule.from)),
    );
  };
  /** A code in a number cell is handed on as such, so that it can be refused. */
  function suspicious(field: CertificateField | 'key', column: string, read: Read): Read {
    if (!numbers || numbers.has(column) || !CODES.has(field)) return read;
    return (record) => {
      const value = read(record);
      return typeof value === 'number' ? { [NUMBER_CELL]: value } : value;
    };
  }

  const readKey = suspicious('key', config.key, accessor(config.key));
  const readUpdatedAt = config.updatedAt === undefined ? null : accessor(config.updatedAt);
  const readStatus = status.field === undefined ? null : accessor(status.field);
  const deletedBy = status.deleted ?? hints.deleted;
  const deleted = deletedBy && { read: accessor(deletedBy.field), values: new Set(deletedBy.values) };
  const read = Object.fromEntries(CERTIFICATE_FIELDS.map((field) => [field, fieldAccessor(field)])) as Record<
    CertificateField,
    Read
  >;
  const orderOf = (field: CertificateField): 'dmy' | 'mdy' | undefined => {
    const rule = config.fields[field];
    return typeof rule === 'object' ? rule.dates : undefined;
  };
  const orders = {
    issuedOn: orderOf('issuedOn'),
    effectiveOn: orderOf('effectiveOn'),
    expiresOn: orderOf('expiresOn'),
  };
  const readHolders = typeof config.holders === 'string' ? accessor(config.holders) : null;
  const splitHolders =
    typeof config.holders === 'object' ? new RegExp(`[${config.holders.split.replace(/[\]\\^-]/g, '\\$&')}]`) : null;
  const renamed = new Map(Object.entries(config.extension.rename));
  const longTerm = new Set(config.longTerm);
  const readCompleted = completionReader(stream.completed);
  const statuses = new Map(Object.entries(status.values));

  /** Appends the record to `rows`, takes it as a deletion, or says why not. */
  function mapRecord(
    raw: unknown,
    { readAt, catalog }: PageContext,
    rows: RowBuffer,
    warnings: Page['warnings'],
    deletions: Map<string, Instant>,
  ): Omit<RejectedRecord, 'raw' | 'rawEncoding'> | null {
    if (!isObject(raw)) return { key: null, updatedAt: null, problems: [{ rule: 'not-a-record', field: '' }] };
    const problems: Problem[] = [];
    const text = (value: unknown, field: string): string => readText(value, field, problems);
    const required = (value: unknown, field: string): string => {
      const before = problems.length;
      const result = text(value, field);
      if (result === '' && problems.length === before) problems.push({ rule: 'required-missing', field });
      return result;
    };
    const code = (value: unknown, field: string): string => {
      const result = normaliseCode(text(value, field));
      if (SCIENTIFIC.test(result)) problems.push({ rule: 'digits-lost', field, found: result });
      return result;
    };
    const date = (value: string, field: keyof typeof orders): CalendarDate | null => {
      if (value === '') return null;
      const order = orders[field];
      const parsed = parseDate(order === undefined ? value : yearFirst(value, order));
      if (parsed === null) {
        const rule = SERIAL_DATE.test(value) ? 'serial-date' : 'date-invalid';
        problems.push({ rule, field, found: value.slice(0, 100) });
      }
      return parsed;
    };

    const key = required(readKey(raw), 'key');
    let updatedAt: Instant | null = readAt;
    if (readUpdatedAt) {
      const updatedText = required(readUpdatedAt(raw), 'updatedAt');
      updatedAt = updatedText === '' ? null : parseInstant(updatedText);
      if (updatedAt === null && updatedText !== '') {
        problems.push({ rule: 'cursor-invalid', field: 'updatedAt', found: updatedText.slice(0, 100) });
      }
    }
    const known = problems.length === 0;

    const expiry = text(read.expiresOn(raw), 'expiresOn');
    const isLongTerm = longTerm.has(expiry);
    const rawStatus = readStatus ? required(readStatus(raw), 'status') : '';
    let state = readStatus ? statuses.get(rawStatus) : 'valid';
    const isDeleted = deleted?.values.has(text(deleted.read(raw), 'deleted')) ?? false;
    if (isDeleted) state = 'deleted';
    else if (state === undefined && rawStatus !== '') {
      problems.push({ rule: 'status-unmapped', field: 'status', found: rawStatus.slice(0, 100) });
    }

    const certificate: Certificate = {
      identifier: code(read.identifier(raw), 'identifier') || null,
      typeCode: code(read.typeCode(raw), 'typeCode') || required(stream.certificateType?.code, 'typeCode'),
      name: text(read.name(raw), 'name') || required(stream.certificateType?.name, 'name'),
      number: code(required(read.number(raw), 'number'), 'number'),
      issuerName: text(read.issuerName(raw), 'issuerName') || null,
      issuerCode: code(read.issuerCode(raw), 'issuerCode') || null,
      issuedOn: date(required(read.issuedOn(raw), 'issuedOn'), 'issuedOn') ?? '',
      effectiveOn: date(text(read.effectiveOn(raw), 'effectiveOn'), 'effectiveOn'),
      expiresOn: isLongTerm ? null : date(expiry, 'expiresOn'),
      longTerm: isLongTerm,
      holders: mapHolders(raw, required, code, problems),
      status: state ?? 'other',
      rawStatus,
      extension: {},
    };
    const extension = sortedKeys(renamed.size === 0 ? raw : withNames(raw, renamed), consumed);
    if (typeof extension === 'string') problems.push({ rule: extension, field: '' });
    else certificate.extension = extension;

    // Rules about a whole certificate say nothing useful of one whose fields could not be read.
    if (problems.length === 0) {
      validateCertificate(certificate, (updatedAt ?? readAt).slice(0, 10), problems);
      // Only what nothing else keeps out waits for an entry of its type.
      if (catalog && !isDeleted && !problems.some(rejects)) validateByCatalog(certificate, catalog, problems);
    }
    if (!problems.some(rejects) && updatedAt !== null) {
      const json = JSON.stringify(certificate);
      const fault = storable(json);
      if (fault === null) {
        const warning = warnings?.get(key);
        if (warning !== undefined) problems.push({ rule: 'source-warning', field: '', found: warning.slice(0, 500) });
        rows.append(json, key, updatedAt, problems, readCompleted?.(raw, certificate, updatedAt));
        if (!isLater(deletions.get(key), updatedAt)) deletions.delete(key);
        return null;
      }
      problems.push({ rule: fault, field: '' });
    }
    // A deletion needs no more than its key.
    if (isDeleted && known && updatedAt !== null) {
      if (!isLater(deletions.get(key), updatedAt)) deletions.set(key, updatedAt);
      return null;
    }
    return { key: key || null, updatedAt, problems: problems.filter(rejects) };
  }

  function mapHolders(
    raw: Json,
    required: (value: unknown, field: string) => string,
    code: (value: unknown, field: string) => string,
    problems: Problem[],
  ): Holder[] {
    const at = (index: number, field: string): string => `holders[${index}].${field}`;
    const typeOf = (value: string): string => ownValue(config.codeTypes, value) ?? value;
    if (splitHolders) {
      const parts = (value: string): string[] => value.split(splitHolders).map((part) => part.trim());
      const names = parts(required(read.holderName(raw), at(0, 'name')));
      const codes = parts(code(read.holderCode(raw), at(0, 'code')).toUpperCase());
      const types = parts(code(read.holderCodeType(raw), at(0, 'codeType')));
      if (names.length !== codes.length || (types.length !== 1 && types.length !== names.length)) {
        problems.push({ rule: 'holders-unequal', field: 'holders' });
      }
      return names.map((name, index) => ({
        name,
        code: codes[index] ?? '',
        codeType: typeOf(types[types.length === 1 ? 0 : index] ?? ''),
      }));
    }
    const items = holderItems(readHolders?.(raw)) ?? [raw];
    return items.map((item, index) => ({
      name: required(read.holderName(item), at(index, 'name')),
      code: code(read.holderCode(item), at(index, 'code')).toUpperCase(),
      codeType: typeOf(code(read.holderCodeType(item), at(index, 'codeType'))),
    }));
  }

  const keyOf = (record: unknown): string | null => (isObject(record) && readText(readKey(record), 'key', [])) || null;

  function map(
    { records, undecodable, warnings }: Pick<Page, 'records' | 'undecodable' | 'warnings'>,
    context: PageContext,
  ): MappedPage {
    const rows = new RowBuffer();
    const rejected: RejectedRecord[] = [];
    const deletions = new Map<string, Instant>();
    const outcomes = records.map((record, index): Problem[] | null => {
      const bytes = undecodable.get(index);
      const problems = bytes === undefined ? context.found?.get(index) : [{ rule: 'encoding', field: '' } as const];
      if (problems !== undefined) {
        const raw = bytes ?? JSON.stringify(record);
        // Text that was decoded in parts is no longer bytes.
        const rawEncoding = bytes === undefined || /[^\0-\xff]/.test(bytes) ? 'json' : 'latin1';
        rejected.push({ ...keyAndTime(record, context), problems, raw, rawEncoding });
        return problems;
      }
      const refused = mapRecord(record, context, rows, warnings, deletions);
      if (refused) rejected.push({ ...refused, raw: JSON.stringify(record), rawEncoding: 'json' });
      return refused?.problems ?? null;
    });
    return {
      rows,
      rejected,
      outcomes,
      deleted: [...deletions].map(([key, updatedAt]) => ({ key, updatedAt })),
    };
  }

  function keyAndTime(record: unknown, { readAt }: PageContext): { key: string | null; updatedAt: Instant | null } {
    if (!readUpdatedAt) return { key: keyOf(record), updatedAt: readAt };
    const updatedAt = isObject(record) ? readText(readUpdatedAt(record), 'updatedAt', []) : '';
    return { key: keyOf(record), updatedAt: parseInstant(updatedAt) };
  }

  return { map, keyOf };
}

/** When the case of a record was completed; nothing where the record does not say, or the stream's cases are announced. */
function completionReader(
  completed: StreamConfig['completed'],
): ((raw: Json, certificate: Certificate, updatedAt: Instant) => Instant | undefined) | null {
  if (!completed) return null;
  const { at } = completed;
  if (at === 'updatedAt') return (_raw, _certificate, updatedAt) => updatedAt;
  // Of a day nothing is known but that it was over at its end.
  if (at === 'issuedOn') return (_raw, { issuedOn }) => `${issuedOn}T23:59:59+08:00`;
  return (raw) => parseInstant(readText(valueAt(raw, at), 'completedAt', [])) ?? undefined;
}

/** Marks a number cell where a code belongs. */
const NUMBER_CELL = Symbol('number cell');
/** A long number as spreadsheets write it once its digits are gone. */
const SCIENTIFIC = /^\d(?:\.\d+)?E\+?\d{2,}$/i;
/** Days since 1900 as spreadsheets count them, from 1954 to 2119. */
const SERIAL_DATE = /^[2-7]\d{4}(?:\.\d+)?$/;

/** A field as its rule says; `read` gives what the source has in it. */
export function compileRule(rule: Exclude<FieldRule, string>, read: Read): Read {
  const { constant, lookup } = rule;
  if (constant !== undefined) return () => constant;
  const table = lookup && new Map(Object.entries(lookup));
  return (record) => {
    const value = read(record);
    const given = isEmpty(value) && rule.default !== undefined ? rule.default : value;
    if (!table || (typeof given !== 'string' && typeof given !== 'number')) return given;
    return table.get(String(given).trim()) ?? given;
  };
}

/** The holders of a list, also of one that arrives as JSON text; null where there is no list with anything in it. */
function holderItems(value: unknown): Json[] | null {
  const list = asList(value);
  if (list === null || list.length === 0) return null; // the single fields are read instead
  return list.map((item) => (isObject(item) ? item : {}));
}

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

function withNames(raw: Json, names: ReadonlyMap<string, string>): Json {
  return Object.fromEntries(Object.entries(raw).map(([key, value]) => [names.get(key) ?? key, value]));
}

const isLater = (at: Instant | undefined, than: Instant): boolean =>
  at !== undefined && Date.parse(at) > Date.parse(than);

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What systems write for ‘empty’. */
const EMPTY: ReadonlySet<string> = new Set(['', 'null', 'NULL', 'undefined']);
export const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === 'string' && EMPTY.has(value.trim()));

/** The text of a field: trimmed, the words by which systems say ‘empty’ taken as empty. */
function readText(value: unknown, field: string, problems: Problem[]): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'string') {
    if (isObject(value) && NUMBER_CELL in value) {
      problems.push({ rule: 'code-as-number', field, found: String(value[NUMBER_CELL]) });
      return '';
    }
    problems.push({ rule: 'wrong-type', field, found: Array.isArray(value) ? 'list' : typeof value });
    return '';
  }
  if (value.length > MAX_TEXT) {
    problems.push({ rule: 'too-long', field, found: `${value.length} characters` });
    return '';
  }
  const text = value.trim();
  return EMPTY.has(text) ? '' : text;
}

/** In JSON text an escape of a control character or of half a surrogate pair, not preceded by an escaped backslash. */
const UNSTORABLE = /(?<!\\)(?:\\\\)*\\u(?:(00)|d[89a-f])/;

/** What keeps a canonical text out of PostgreSQL, whose text holds neither NUL nor half a surrogate pair. */
function storable(json: string): RuleId | null {
  if (json.length > MAX_CERTIFICATE) return 'too-long';
  if (!json.includes('\\u')) return null;
  const match = UNSTORABLE.exec(json);
  return match && (match[1] ? 'control-character' : 'encoding');
}
