import { isDeepStrictEqual } from 'node:util';
import { sortedKeys, type Certificate, type Holder } from '../../domain/library/certificate.ts';
import { validateByCatalog, type Catalog } from '../../domain/library/catalog.ts';
import { statusWith, type StateMark, type ToldMarks } from '../../domain/library/marks.ts';
import { isEndless, isNoDay, type Instant } from '../../domain/dates.ts';
import { ownValue } from '../../domain/names.ts';
import { normaliseCode } from '../../domain/library/identifiers.ts';
import { rejects, validateCertificate, type Problem } from '../../domain/library/validation.ts';
import { joinedRows } from '../joined-rows.ts';
import { asList, isObject } from '../json.ts';
import type { Readers } from './readers.ts';
import { credibleInstant, QUOTED, Texts, type CredibleTimes } from './texts.ts';

type Json = Record<string, unknown>;

/** What a record is read with beside itself. */
export interface ReadContext {
  /** Update time of records whose stream has none: when the batch was opened. */
  readAt: Instant;
  /** The approved catalog; records are not held against it where it is left out. */
  catalog?: Catalog;
}

/** The same, and when the records can have been changed. */
export interface JudgedContext extends ReadContext {
  credible: CredibleTimes;
}

/** A record as its stream's mapping understands it. */
export interface ReadRecord {
  /** The source's key; empty where it could not be read. */
  key: string;
  updatedAt: Instant | null;
  /** Key and time could be read. */
  known: boolean;
  /** The source marks it as deleted. */
  deleted: boolean;
  /** It tells an event, and nothing of the certificate that this happened to. */
  bare: boolean;
  certificate: Certificate;
  /** When its case was completed, where the record says so. */
  completedAt: Instant | undefined;
  /** What is wrong with it; flags included. */
  problems: Problem[];
}

/** The second step of a mapping: reads a record into a certificate, and notes everything that is wrong with it. */
export function readRecord(readers: Readers, raw: Json, { readAt, credible, catalog }: JudgedContext): ReadRecord {
  const texts = new Texts();
  const { problems } = texts;
  const key = texts.key(readers.key(raw));
  const updatedAt = readers.updatedAt ? texts.changedAt(readers.updatedAt(raw), credible) : readAt;
  const known = !problems.some(rejects);
  const { certificate, deleted } = readCertificate(readers, raw, texts);
  if (known && !deleted && tellsEventAlone(readers, raw, certificate, problems))
    return { key, updatedAt, known, deleted, bare: true, certificate, completedAt: undefined, problems };
  // Rules about a whole certificate say nothing useful of one whose fields could not be read.
  if (!problems.some(rejects)) {
    validateCertificate(certificate, (updatedAt ?? readAt).slice(0, 10), problems);
    if (readers.review && !deleted && !readers.review.reviewed(raw))
      problems.push({ rule: 'review-missing', field: `extension.${readers.review.field}` });
    // Only what nothing else keeps out waits for an entry of its type.
    if (catalog && !deleted && !problems.some(rejects)) validateByCatalog(certificate, catalog, problems);
  }
  const completedAt = updatedAt === null ? undefined : readers.completedAt?.(raw, certificate, updatedAt);
  return { key, updatedAt, known, deleted, bare: false, certificate, completedAt, problems };
}

/** Whether a record names an event, and has nothing by which one certificate is told from others. */
function tellsEventAlone(
  { events }: Readers,
  raw: Json,
  { number, issuedOn, holders }: Certificate,
  problems: readonly Problem[],
): boolean {
  if (!events || new Texts().text(events.read(raw), 'event') === '') return false;
  const isEmpty = number === '' && issuedOn === '' && holders.every(({ name, code }) => name === '' && code === '');
  return isEmpty && problems.filter(rejects).every(({ rule }) => rule === 'required-missing');
}

/**
 * The record of an event that came without its certificate: the certificate as it was before, with what the event says.
 * A status that the record has is that of the certificate since.
 */
export function happenedTo(certificate: Certificate, event: ReadRecord, { readAt, catalog }: ReadContext): ReadRecord {
  const { status, rawStatus, marks = null, extension } = event.certificate;
  const said = Object.entries(extension).filter(([, value]) => value !== null && value !== '');
  const together = sortedKeys({ ...certificate.extension, ...Object.fromEntries(said) });
  const problems: Problem[] = [];
  const since: Certificate = {
    ...certificate,
    holders: certificate.holders.map(({ name, code, codeType }) => ({ name, code, codeType })),
    ...(rawStatus === '' ? { status: certificate.status, rawStatus: certificate.rawStatus } : { status, rawStatus }),
    marks,
    extension: typeof together === 'string' ? certificate.extension : together,
  };
  validateCertificate(since, (event.updatedAt ?? readAt).slice(0, 10), problems);
  if (catalog && !problems.some(rejects)) validateByCatalog(since, catalog, problems);
  return { ...event, bare: false, certificate: since, problems };
}

/** The certificate that a record holds. What could not be read of it is empty. */
function readCertificate(readers: Readers, raw: Json, texts: Texts): Pick<ReadRecord, 'certificate' | 'deleted'> {
  const { fields, dates, type } = readers;
  const expiry = texts.text(fields.expiresOn(raw), 'expiresOn');
  const longTerm = readers.longTerm.has(expiry) || isEndless(expiry) || /^infinity$/i.test(expiry);
  const expiresOn = texts.optionalDate(longTerm && !isNoDay(expiry) ? '' : expiry, 'expiresOn', dates.expiresOn);
  const { deleted, status, rawStatus, marks } = readStatus(readers, raw, texts);
  const certificate: Certificate = {
    identifier: texts.code(fields.identifier(raw), 'identifier') || null,
    typeCode: texts.code(fields.typeCode(raw), 'typeCode') || texts.required(type?.code, 'typeCode'),
    name: texts.name(fields.name(raw), 'name') || texts.required(type?.name, 'name'),
    number: texts.requiredCode(fields.number(raw), 'number'),
    issuerName: texts.name(fields.issuerName(raw), 'issuerName') || null,
    issuerCode: texts.code(fields.issuerCode(raw), 'issuerCode') || null,
    issuedOn: texts.date(texts.required(fields.issuedOn(raw), 'issuedOn'), 'issuedOn', dates.issuedOn) ?? '',
    effectiveOn: texts.optionalDate(
      texts.text(fields.effectiveOn(raw), 'effectiveOn'),
      'effectiveOn',
      dates.effectiveOn,
    ),
    expiresOn,
    longTerm,
    holders: readHolders(readers, raw, texts),
    status,
    rawStatus,
    ...(marks && { marks }),
    extension: readExtension(readers, raw, texts),
  };
  return { certificate, deleted };
}

function readStatus(
  readers: Readers,
  raw: Json,
  texts: Texts,
): Pick<Certificate, 'status' | 'rawStatus' | 'marks'> & { deleted: boolean } {
  const { status, deleted: marker } = readers;
  const rawStatus = status ? texts.required(status.read(raw), 'status') : '';
  const deleted = marker?.values.has(texts.text(marker.read(raw), 'deleted')) ?? false;
  if (deleted) return { status: 'deleted', rawStatus, deleted };
  const found = status ? status.states.get(rawStatus) : VALID;
  if (found === undefined && rawStatus !== '') rejectUnmapped(texts, 'status', rawStatus);
  const said = found?.status ?? 'other';
  const marks = readMarks(readers, raw, found?.marks ?? [], texts);
  // Where only marks say that it is suspended, so does its status, by which certificates in force are chosen.
  const held = said === 'valid' && Array.isArray(marks) ? statusWith(marks) : said;
  return { status: held, rawStatus, ...(marks && { marks }), deleted };
}

const VALID = { status: 'valid', marks: [] } as const;

/** What a record tells of marks; null where its stream tells of none beside the status. */
function readMarks({ marks, events }: Readers, raw: Json, ofStatus: readonly StateMark[], texts: Texts): ToldMarks {
  if (events) {
    const value = texts.text(events.read(raw), 'event');
    const told = events.values.get(value);
    if (told === undefined && value !== '') rejectUnmapped(texts, 'event', value);
    return told ?? { begins: [], ends: [] };
  }
  if (!marks) return null;
  const held = new Set(ofStatus);
  for (const { read, values } of marks) {
    for (const value of readItems(read(raw), 'marks', texts)) {
      const mark = values.get(value);
      if (mark === undefined) rejectUnmapped(texts, 'marks', value);
      else if (mark !== 'none') held.add(mark);
    }
  }
  return [...held].sort();
}

/** The items of a list, or of a text with 、 or commas between them. */
const readItems = (value: unknown, field: string, texts: Texts): string[] =>
  (asList(value) ?? [value]).flatMap((item) =>
    texts
      .text(item, field)
      .split(/[、，,;；]/)
      .map((part) => part.trim())
      .filter(Boolean),
  );

const rejectUnmapped = (texts: Texts, field: string, found: string): void =>
  void texts.problems.push({ rule: 'status-unmapped', field, found: found.slice(0, QUOTED) });

const ofHolder = (index: number, field: string): string => `holders[${index}].${field}`;

function readHolders(readers: Readers, raw: Json, texts: Texts): Holder[] {
  const { fields, holders } = readers;
  if (holders && 'split' in holders) return splitHolders(readers, holders.split, raw, texts);
  const rows = joinedRows(raw);
  if (rows) requireOneRecord(rows, holders && 'rowColumns' in holders ? holders.rowColumns : null, texts);
  const items = rows ?? (holders && 'list' in holders ? holderItems(holders.list(raw)) : null) ?? [raw];
  return items.map((item, index) => ({
    name: texts.requiredName(fields.holderName(item), ofHolder(index, 'name')),
    code: texts.code(fields.holderCode(item), ofHolder(index, 'code')).toUpperCase(),
    codeType: codeTypeOf(readers, texts.text(fields.holderCodeType(item), ofHolder(index, 'codeType'))),
  }));
}

/** Several rows of one key are one record only where they differ in nothing but their holders. */
function requireOneRecord(rows: Json[], columns: ReadonlySet<string> | null, { problems }: Texts): void {
  const [first = {}, ...others] = rows;
  const differing = Object.keys(first).find(
    (column) => !columns?.has(column) && others.some((row) => !isDeepStrictEqual(row[column], first[column])),
  );
  if (columns && differing === undefined && others.length > 0) return;
  const found = `${rows.length} rows${differing === undefined ? '' : `, ${differing}`}`;
  problems.push({ rule: 'key-repeated', field: 'key', found });
}

/** Holders whose names, codes and types stand in one text each, in the same order. */
function splitHolders(readers: Readers, split: RegExp, raw: Json, texts: Texts): Holder[] {
  const { fields } = readers;
  const parts = (text: string): string[] => text.split(split).map((part) => part.trim());
  const names = parts(texts.requiredName(fields.holderName(raw), ofHolder(0, 'name')));
  const codes = parts(texts.code(fields.holderCode(raw), ofHolder(0, 'code')).toUpperCase());
  const types = parts(texts.text(fields.holderCodeType(raw), ofHolder(0, 'codeType')));
  if (names.length !== codes.length || (types.length !== 1 && types.length !== names.length))
    texts.problems.push({ rule: 'holders-unequal', field: 'holders' });
  return names.map((name, index) => ({
    name: texts.requiredName(name, ofHolder(index, 'name')),
    code: texts.code(codes[index] ?? '', ofHolder(index, 'code')),
    codeType: codeTypeOf(readers, types[types.length === 1 ? 0 : index] ?? ''),
  }));
}

function codeTypeOf({ codeTypes }: Readers, text: string): string {
  const type = normaliseCode(text);
  return ownValue(codeTypes, type) ?? type;
}

/** The holders of a list, also of one that arrives as JSON text; null where there is no list with anything in it. */
function holderItems(value: unknown): Json[] | null {
  const list = asList(value);
  if (list === null || list.length === 0) return null; // the single fields are read instead
  return list.map((item) => (isObject(item) ? item : {}));
}

/** Everything else that the record has, under the names that it is to have. */
function readExtension({ extension: { without, names } }: Readers, raw: Json, texts: Texts): Json {
  const named =
    names.size === 0
      ? raw
      : Object.fromEntries(Object.entries(raw).map(([name, value]) => [names.get(name) ?? name, value]));
  const extension = sortedKeys(named, without);
  if (typeof extension !== 'string') return extension;
  texts.problems.push({ rule: extension, field: '' });
  return {};
}

/** The source's key of a record, or null where it has none. */
export const readKey = ({ key }: Readers, record: unknown): string | null =>
  (isObject(record) && new Texts().text(key(record), 'key')) || null;

/** When the source last changed a record of which nothing else may be readable. */
export function readTime({ updatedAt }: Readers, record: unknown, { readAt, credible }: JudgedContext): Instant | null {
  if (!updatedAt) return readAt;
  return isObject(record) ? credibleInstant(new Texts().text(updatedAt(record), 'updatedAt'), credible) : null;
}
