import type { Certificate } from './certificate.ts';
import { foldName } from './spelling.ts';

/** Fields of which sources can differ about one certificate; the end of validity includes 长期. */
export const MERGED_FIELDS = [
  ...(['identifier', 'name', 'issuerName', 'issuerCode', 'issuedOn', 'effectiveOn', 'expiresOn'] as const),
  ...(['holders', 'status'] as const),
] as const;

export type MergedField = (typeof MERGED_FIELDS)[number];

/** Which streams are believed first; streams that are not named follow, the latest change first. */
export interface Precedence {
  sources: readonly string[];
  /** For single fields, before `sources`. */
  fieldSources: Readonly<Partial<Record<MergedField, readonly string[]>>>;
}

/** One certificate as one stream has it now. */
export type Sourced = Certificate & { stream: string; updatedAt: Date };

/** One certificate out of what several streams say of it. */
export interface MergedCertificate {
  certificate: Certificate;
  /** Whose value each field has; only fields that any stream states. */
  origin: Partial<Record<MergedField, string>>;
  /** Fields of which streams state different values, with who states what. */
  conflicts: StatedValues[];
  /** Fields that streams spell differently and mean the same by. */
  variants: StatedValues[];
}

/** What each stream states of a field. */
export interface StatedValues {
  field: MergedField;
  values: { stream: string; value: unknown }[];
}

/**
 * Makes one certificate of what several streams say of it, field by field: the first stream by precedence that states a
 * value gives it. A stream that has deleted its record has no say, unless all have. The result depends on what the
 * streams hold and on nothing else.
 */
export function mergeSources(records: readonly Sourced[], precedence: Precedence): MergedCertificate {
  const alive = records.filter(({ status }) => status !== 'deleted');
  const heard = [...(alive.length > 0 ? alive : records)].sort(
    (a, b) => b.updatedAt.getTime() - a.updatedAt.getTime() || (a.stream < b.stream ? -1 : 1),
  );
  const [first] = heard;
  if (!first) throw new Error('there is nothing to merge');
  const inOrder = (field: MergedField): Sourced[] => {
    const order = [...(precedence.fieldSources[field] ?? []), ...precedence.sources];
    const rank = ({ stream }: Sourced): number => (order.includes(stream) ? order.indexOf(stream) : order.length);
    return heard.toSorted((a, b) => rank(a) - rank(b));
  };

  const origin: MergedCertificate['origin'] = {};
  const conflicts: StatedValues[] = [];
  const variants: StatedValues[] = [];
  const certificate: Certificate = { ...first };
  for (const field of MERGED_FIELDS) {
    const stated = inOrder(field).filter((record) => valueOf(record, field) !== null);
    const [winner] = stated;
    if (!winner) continue;
    origin[field] = winner.stream;
    Object.assign(certificate, { [field]: winner[field] });
    if (field === 'expiresOn') certificate.longTerm = winner.longTerm;
    if (field === 'status') {
      certificate.rawStatus = winner.rawStatus;
      certificate.marks = winner.marks ?? null;
    }
    const values = stated.map((record) => ({ stream: record.stream, value: valueOf(record, field) }));
    const differ = (texts: string[]): boolean => new Set(texts).size > 1;
    if (!differ(values.map(({ value }) => JSON.stringify(value)))) continue;
    const meant = stated.map((record) => JSON.stringify(valueOf(record, field, foldName)));
    (differ(meant) ? conflicts : variants).push({ field, values });
  }
  certificate.extension = extensionOf(heard, precedence);
  return { certificate, origin, conflicts, variants };
}

const asSpelt = (name: string): string => name;

/** What a stream states of a field; null where it states nothing. @param spelling of names */
function valueOf(record: Sourced, field: MergedField, spelling: (name: string) => string = asSpelt): unknown {
  if (field === 'expiresOn' && record.longTerm) return '长期';
  if (field === 'name' || field === 'issuerName') return record[field] === null ? null : spelling(record[field]);
  if (field === 'holders') {
    return record.holders
      .map(({ code, codeType, name }) => ({ name: spelling(name), code, codeType }))
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  return record[field];
}

/** Fields that are printed on the certificate differ from stream to stream in name: all are kept, the first to name one wins. */
function extensionOf(heard: readonly Sourced[], { sources }: Precedence): Record<string, unknown> {
  const rank = ({ stream }: Sourced): number => (sources.includes(stream) ? sources.indexOf(stream) : sources.length);
  const inOrder = heard.toSorted((a, b) => rank(a) - rank(b));
  return Object.assign({}, ...inOrder.map(({ extension }) => extension).reverse()) as Record<string, unknown>;
}
