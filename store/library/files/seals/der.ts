/**
 * One value of DER (ITU-T X.690), looked into only where somebody asks: a list of revocation has a hundred thousand
 * entries, for each of which a parser into objects (asn1js) takes kilobytes, and what a file brings may be hostile.
 */
export interface Der {
  tag: number;
  /** All of it, as it stands: what was signed. */
  raw: Buffer;
  body: Buffer;
}

export const TAG = {
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
} as const;
/** The tag of a value that a structure numbers, constructed. */
export const numbered = (number: number): number => 0xa0 | number;

const MOST_LENGTH_BYTES = 4;

/** The value that the bytes begin with, whatever follows. Throws where they hold none. */
function next(bytes: Buffer): Der {
  const [tag, first] = bytes;
  if (tag === undefined || first === undefined) throw new Error('DER ends within a value');
  if ((tag & 0x1f) === 0x1f) throw new Error('DER with a tag of several bytes');
  const more = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || more > MOST_LENGTH_BYTES) throw new Error('DER without a definite length');
  if (bytes.length < 2 + more) throw new Error('DER ends within a value');
  const length = more === 0 ? first : bytes.readUIntBE(2, more);
  if (more > 0 && length < (more === 1 ? 0x80 : 2 ** (8 * (more - 1)))) throw new Error('a length of DER is padded');
  const end = 2 + more + length;
  if (bytes.length < end) throw new Error('DER ends within a value');
  return { tag, raw: bytes.subarray(0, end), body: bytes.subarray(2 + more, end) };
}

/** Reads bytes that are one value. Throws where they are not. */
export function readDer(bytes: Buffer): Der {
  const value = next(bytes);
  if (value.raw.length < bytes.length) throw new Error('bytes after the end of DER');
  return value;
}

/** What a constructed value holds, one after the other. */
export function* partsOf(value: Der): Generator<Der> {
  if ((value.tag & 0x20) === 0) throw new Error('DER that holds no parts');
  for (let rest = value.body; rest.length > 0;) {
    const part = next(rest);
    yield part;
    rest = rest.subarray(part.raw.length);
  }
}

/** A value that must be there. */
export function there(value: Der | undefined): Der {
  if (!value) throw new Error('a part of the DER is missing');
  return value;
}

/** A value that must be there, and of this kind. */
export function ofTag(value: Der | undefined, tag: number): Der {
  if (value?.tag !== tag) throw new Error(`DER has ${value?.tag ?? 'nothing'} where ${tag} is expected`);
  return value;
}

/** The parts of a SEQUENCE. */
export const sequence = (value: Der | undefined): Der[] => [...partsOf(ofTag(value, TAG.sequence))];

/** A SEQUENCE of parts that stand elsewhere. */
export function sequenceOf(parts: readonly Der[]): Buffer {
  const body = Buffer.concat(parts.map(({ raw }) => raw));
  const length = Buffer.alloc(MOST_LENGTH_BYTES);
  length.writeUInt32BE(body.length);
  const bytes = length.subarray(length.findIndex((byte) => byte !== 0));
  const head = body.length < 0x80 ? [body.length] : [0x80 | bytes.length, ...bytes];
  return Buffer.concat([Buffer.of(TAG.sequence, ...head), body]);
}

/** What a structure numbers so (EXPLICIT), without the number. */
export function numberedPart(parts: readonly Der[], number: number): Der | undefined {
  const part = parts.find(({ tag }) => tag === numbered(number));
  return part && readDer(part.body);
}

/** The bytes of a BIT STRING that is whole bytes. */
export function bitsOf(value: Der | undefined): Buffer {
  const { body } = ofTag(value, TAG.bits);
  if (body[0] !== 0) throw new Error('a BIT STRING that is not whole bytes');
  return body.subarray(1);
}

export const octetsOf = (value: Der | undefined): Buffer => ofTag(value, TAG.octets).body;

/** An OBJECT IDENTIFIER as people write it. */
export function oidOf(value: Der | undefined): string {
  const numbers: number[] = [];
  let number = 0;
  for (const byte of ofTag(value, TAG.oid).body) {
    number = number * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    numbers.push(number);
    number = 0;
  }
  const [first = 0, ...rest] = numbers;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - 40 * root, ...rest].join('.');
}

const TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:\.\d+)?(?:(Z)|([+-])(\d\d)(\d\d))?$/;

/** A UTCTime or GeneralizedTime; null for anything else. Shanghai time where it names no offset, as some makers write. */
export function timeOf(value: Der | undefined): Date | null {
  const text = value?.body.toString('latin1') ?? '';
  switch (value?.tag) {
    case TAG.generalizedTime:
      return timeIn(text);
    case TAG.utcTime:
      return timeIn((text < '5' ? '20' : '19') + text);
    default:
      return null;
  }
}

/** The text of a GeneralizedTime; null for any other. */
export function timeIn(text: string): Date | null {
  const match = TIME.exec(text);
  if (!match) return null;
  const [, year = '', month = '', day = '', hours = '', minutes = '', seconds = '00', zulu, sign, east, rest] = match;
  const offset = zulu ?? (sign === undefined ? '+08:00' : `${sign}${east}:${rest}`);
  const atMs = Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}${offset}`);
  return Number.isNaN(atMs) ? null : new Date(atMs);
}
