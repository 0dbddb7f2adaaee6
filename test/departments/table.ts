import { contentHash, type Certificate } from '../../domain/library/certificate.ts';
import type { RuleId } from '../../domain/library/validation.ts';
import { BAD_BYTES, DEFECTS, recordsBefore, versionsOf, type Scale, type Version } from './records.ts';
import { AS_NUMBER, type Format } from './trades.ts';

/** What the hub must hold of one record in the end. */
export type Truth = { key: string; hash: string; status: string } | { key: string; rule: RuleId };

/**
 * Rows of a department as one buffer of JSON, sorted by time and key, so that any page of any window is a slice of it
 * and serving millions of records costs next to nothing.
 */
export interface Table {
  times: Float64Array;
  /** Slices the rows `[from, to)`, with commas between them and without brackets. */
  slice: (from: number, to: number) => Buffer;
}

const NUMBER_MARK = new RegExp(`"${AS_NUMBER}(\\d+)"`, 'g');
const BAD = Buffer.from(BAD_BYTES);

export function rowBytes(format: Format, version: Version): Buffer {
  const bytes = Buffer.from(JSON.stringify(format.raw(version)).replace(NUMBER_MARK, '$1'));
  for (let at = bytes.indexOf(BAD); at >= 0; at = bytes.indexOf(BAD, at)) bytes.fill(0xff, at, at + BAD.length);
  return bytes;
}

/** Lays rows out in the order given; each is made once and dropped. */
export function layOut(count: number, timeOf: (position: number) => number, row: (position: number) => Buffer): Table {
  const times = new Float64Array(count);
  const offsets = new Float64Array(count + 1);
  let bytes = Buffer.allocUnsafe(1 << 16);
  let end = 0;
  for (let position = 0; position < count; position++) {
    const next = row(position);
    if (end + next.length + 1 > bytes.length) bytes = Buffer.concat([bytes], 2 * (bytes.length + next.length));
    end += next.copy(bytes, end);
    end = bytes.writeUInt8(0x2c, end);
    times[position] = timeOf(position);
    offsets[position + 1] = end;
  }
  return {
    times,
    slice: (from, to) => (to > from ? bytes.subarray(offsets[from], (offsets[to] ?? 1) - 1) : Buffer.alloc(0)),
  };
}

/** A table of current states, as a department's database shows them at a moment. */
export function currentStates(format: Format, scale: Scale, nowMs: number): Table {
  const total = recordsBefore(scale, nowMs);
  const latest = (index: number): Version | undefined => versionsOf(format.trade, scale, index, nowMs).at(-1);
  const timeOf = new Float64Array(total);
  for (let index = 0; index < total; index++) timeOf[index] = latest(index)?.updatedMs ?? -1;
  const order = Array.from({ length: total }, (_, index) => index)
    .filter((index) => (timeOf[index] ?? -1) >= 0)
    .sort((a, b) => (timeOf[a] ?? 0) - (timeOf[b] ?? 0) || a - b);
  return layOut(
    order.length,
    (position) => timeOf[order[position] ?? 0] ?? 0,
    (position) => {
      const version = latest(order[position] ?? 0);
      if (!version) throw new Error('a visible record has a version');
      return rowBytes(format, version);
    },
  );
}

/** First position whose time is not before `atMs`. */
export function positionOf(times: Float64Array, atMs: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What the hub must hold at a moment: the department's own truth, told record by record. */
export function* truthAt(format: Format, scale: Scale, nowMs: number): Generator<Truth> {
  for (let index = 0; index < recordsBefore(scale, nowMs); index++) {
    const last = versionsOf(format.trade, scale, index, nowMs).at(-1);
    if (!last) continue;
    if (last.defect !== null) yield { key: last.key, rule: DEFECTS[last.defect] };
    else
      yield {
        key: last.key,
        hash: hashOf(format, versionsOf(format.trade, scale, index, nowMs), last),
        status: last.certificate.status,
      };
  }
}

/** A deletion that carries no certificate leaves the earlier one in place, under a hash of its hash. */
function hashOf(format: Format, versions: Version[], last: Version): string {
  const before = versions.at(-2);
  if (!format.bareDeletions || !last.deleted || !before) return contentHash(JSON.stringify(expected(format, last)));
  return contentHash(Buffer.from(contentHash(JSON.stringify(expected(format, before))), 'hex'));
}

/** The certificate that must come of a version, put together in canonical order and without the hub's mapping. */
function expected(format: Format, version: Version): Certificate {
  const {
    identifier,
    typeCode,
    name,
    number,
    issuerName,
    issuerCode,
    issuedOn,
    effectiveOn,
    expiresOn,
    longTerm,
    holders,
    status,
    rawStatus,
  } = version.certificate;
  return {
    identifier,
    typeCode,
    name,
    number,
    issuerName,
    issuerCode,
    issuedOn,
    effectiveOn,
    expiresOn,
    longTerm,
    holders,
    status,
    rawStatus,
    extension: format.extension(version),
  };
}
