import type { StreamConfig } from '../config/connector-schema.ts';
import { sortedKeys, type Certificate, type Holder } from '../domain/certificate.ts';
import { parseDate, parseInstant, type CalendarDate, type Instant } from '../domain/dates.ts';
import { rejects, validateCertificate, type Problem, type RuleId } from '../domain/validation.ts';
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

/** One page, ready for the store. */
export interface MappedPage {
  /** The records that enter the library. */
  rows: RowBuffer;
  rejected: RejectedRecord[];
}

/** What a stream's configuration says of its records, compiled. */
export interface Mapping {
  /** Turns the records of one page into library rows and rejects, in the order in which they came. */
  map: (records: readonly unknown[], undecodable: ReadonlyMap<number, string>) => MappedPage;
  /** The source's key of a record, or null where it has none. */
  keyOf: (record: unknown) => string | null;
}

/** Longest text taken for a field of a certificate; a longer one is a fault of the record. */
const MAX_TEXT = 4000;
/** Longest serialised certificate. */
const MAX_CERTIFICATE = 1_000_000;

const STANDARD_NAMES = {
  identifier: ['certificateIdentifier', 'ZZBS'],
  typeCode: ['certificateTypeCode', 'ZZLXDM'],
  name: ['certificateName', 'ZZMC'],
  number: ['certificateNumber', 'ZZBH'],
  issuerName: ['certificateIssuingAuthorityName', 'ZZBFJG'],
  issuerCode: ['certificateIssuingAuthorityCode', 'ZZBFJGDM'],
  issuedOn: ['certificateIssuedDate', 'ZZBFRQ'],
  effectiveOn: ['certificateEffectiveDate', 'ZZYXQQSRQ'],
  expiresOn: ['certificateExpiringDate', 'ZZYXQJZRQ'],
  holderName: ['certificateHolderName', 'CZZT'],
  holderCode: ['certificateHolderCode', 'CZZTDM'],
  holderCodeType: ['certificateHolderTypeCode', 'CZZTDMLXDM'],
} as const;

type FieldName = keyof typeof STANDARD_NAMES;
type Json = Record<string, unknown>;
type Read = (record: Json) => unknown;

/** Compiles a stream's configuration into a function that maps its records. */
export function compileMapping(stream: StreamConfig): Mapping {
  const { record: config, status } = stream;
  const consumed = new Set<string>();
  const accessor = (path: string): Read => {
    const keys = path.split('.');
    const [first = ''] = keys;
    if (keys.length === 1) {
      consumed.add(first);
      return (record) => record[first];
    }
    return (record) => keys.reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), record);
  };
  const fieldAccessor = (field: FieldName): Read => {
    const path = config.fields[field];
    if (path !== undefined) return accessor(path);
    const [english, pinyin] = STANDARD_NAMES[field];
    const lower = pinyin.toLowerCase();
    for (const name of [english, pinyin, lower]) consumed.add(name);
    return (record) => record[pinyin] ?? record[english] ?? record[lower];
  };

  const readKey = accessor(config.key);
  const readUpdatedAt = accessor(config.updatedAt);
  const readStatus = accessor(status.field);
  const deleted = status.deleted && { read: accessor(status.deleted.field), values: new Set(status.deleted.values) };
  const read = Object.fromEntries(
    (Object.keys(STANDARD_NAMES) as FieldName[]).map((field) => [field, fieldAccessor(field)]),
  ) as Record<FieldName, Read>;
  const readHolders = config.holders === undefined ? null : accessor(config.holders);
  const longTerm = new Set(config.longTerm);
  const statuses = new Map(Object.entries(status.values));

  /** Appends the record to `rows`, or says why not. */
  function mapRecord(raw: unknown, rows: RowBuffer): Omit<RejectedRecord, 'raw' | 'rawEncoding'> | null {
    if (!isObject(raw)) return { key: null, updatedAt: null, problems: [{ rule: 'not-a-record', field: '' }] };
    const problems: Problem[] = [];
    const text = (value: unknown, field: string): string => readText(value, field, problems);
    const required = (value: unknown, field: string): string => {
      const before = problems.length;
      const result = text(value, field);
      if (result === '' && problems.length === before) problems.push({ rule: 'required-missing', field });
      return result;
    };
    const date = (value: string, field: string): CalendarDate | null => {
      if (value === '') return null;
      const parsed = parseDate(value);
      if (parsed === null) problems.push({ rule: 'date-invalid', field, found: value.slice(0, 100) });
      return parsed;
    };

    const key = required(readKey(raw), 'key');
    const updatedText = required(readUpdatedAt(raw), 'updatedAt');
    const updatedAt = updatedText === '' ? null : parseInstant(updatedText);
    if (updatedAt === null && updatedText !== '') {
      problems.push({ rule: 'cursor-invalid', field: 'updatedAt', found: updatedText.slice(0, 100) });
    }

    const expiry = text(read.expiresOn(raw), 'expiresOn');
    const isLongTerm = longTerm.has(expiry);
    const rawStatus = required(readStatus(raw), 'status');
    let state = statuses.get(rawStatus);
    if (state === undefined && rawStatus !== '') {
      problems.push({ rule: 'status-unmapped', field: 'status', found: rawStatus.slice(0, 100) });
    }
    if (deleted?.values.has(text(deleted.read(raw), 'deleted'))) state = 'deleted';

    const issuedText = required(read.issuedOn(raw), 'issuedOn');
    const certificate: Certificate = {
      identifier: text(read.identifier(raw), 'identifier') || null,
      typeCode: text(read.typeCode(raw), 'typeCode') || required(stream.certificateType?.code, 'typeCode'),
      name: text(read.name(raw), 'name') || required(stream.certificateType?.name, 'name'),
      number: normaliseCode(required(read.number(raw), 'number')),
      issuerName: text(read.issuerName(raw), 'issuerName') || null,
      issuerCode: text(read.issuerCode(raw), 'issuerCode') || null,
      issuedOn: date(issuedText, 'issuedOn') ?? '',
      effectiveOn: date(text(read.effectiveOn(raw), 'effectiveOn'), 'effectiveOn'),
      expiresOn: isLongTerm ? null : date(expiry, 'expiresOn'),
      longTerm: isLongTerm,
      holders: mapHolders(raw, required, text),
      status: state ?? 'other',
      rawStatus,
      extension: {},
    };
    const extension = sortedKeys(raw, consumed);
    if (extension === null) problems.push({ rule: 'too-deep', field: '' });
    else certificate.extension = extension;

    // Rules about a whole certificate say nothing useful of one whose fields could not be read.
    if (problems.length === 0) validateCertificate(certificate, problems);
    if (!problems.some(rejects) && updatedAt !== null) {
      const json = JSON.stringify(certificate);
      const fault = storable(json);
      if (fault === null) {
        rows.append(json, key, updatedAt, problems);
        return null;
      }
      problems.push({ rule: fault, field: '' });
    }
    return { key: key || null, updatedAt, problems: problems.filter(rejects) };
  }

  function mapHolders(
    raw: Json,
    required: (value: unknown, field: string) => string,
    text: (value: unknown, field: string) => string,
  ): Holder[] {
    const list = readHolders?.(raw);
    const items: Json[] =
      Array.isArray(list) && list.length > 0 ? list.map((item) => (isObject(item) ? item : {})) : [raw];
    return items.map((item, index) => {
      const at = (field: string): string => `holders[${String(index)}].${field}`;
      const code = normaliseCode(text(read.holderCode(item), at('code'))).toUpperCase();
      const codeType = text(read.holderCodeType(item), at('codeType'));
      return {
        name: required(read.holderName(item), at('name')),
        code,
        codeType: config.codeTypes[codeType] ?? codeType,
      };
    });
  }

  const keyOf = (record: unknown): string | null => (isObject(record) && readText(readKey(record), 'key', [])) || null;

  function map(records: readonly unknown[], undecodable: ReadonlyMap<number, string>): MappedPage {
    const rows = new RowBuffer();
    const rejected: RejectedRecord[] = [];
    for (const [index, record] of records.entries()) {
      const bytes = undecodable.get(index);
      if (bytes !== undefined) {
        rejected.push({
          ...keyAndTime(record),
          problems: [{ rule: 'encoding', field: '' }],
          raw: bytes,
          rawEncoding: 'latin1',
        });
        continue;
      }
      const refused = mapRecord(record, rows);
      if (refused) rejected.push({ ...refused, raw: JSON.stringify(record), rawEncoding: 'json' });
    }
    return { rows, rejected };
  }

  function keyAndTime(record: unknown): { key: string | null; updatedAt: Instant | null } {
    const updatedAt = isObject(record) ? readText(readUpdatedAt(record), 'updatedAt', []) : '';
    return { key: keyOf(record), updatedAt: parseInstant(updatedAt) };
  }

  return { map, keyOf };
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The text of a field: trimmed, the words by which systems say ‘empty’ taken as empty. */
function readText(value: unknown, field: string, problems: Problem[]): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'string') {
    problems.push({ rule: 'wrong-type', field, found: Array.isArray(value) ? 'list' : typeof value });
    return '';
  }
  if (value.length > MAX_TEXT) {
    problems.push({ rule: 'too-long', field, found: `${String(value.length)} characters` });
    return '';
  }
  const text = value.trim();
  return text === 'null' || text === 'NULL' || text === 'undefined' ? '' : text;
}

/** Full-width letters, digits and brackets in half width, without blanks. */
function normaliseCode(text: string): string {
  return /^[\x21-\x7e]*$/.test(text) ? text : text.normalize('NFKC').replace(/\s+/g, '');
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
