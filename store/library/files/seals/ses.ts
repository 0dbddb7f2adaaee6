import { createHash, X509Certificate } from 'node:crypto';
import { parseInstant } from '../../../../domain/dates.ts';
import { bitsOf, octetsOf, oidOf, readDer, sequence, sequenceOf, TAG, there, timeIn, timeOf, type Der } from './der.ts';
import { digestNamed } from './methods.ts';

const MOST_LISTED = 1_000;

/** A signature over something, with the certificate of its signer. */
interface SignedBy {
  content: Buffer;
  certificate: X509Certificate;
  /** Identifier of the method. */
  method: string;
  signature: Buffer;
}

/** A seal (电子印章), signed by its maker. */
export interface SealData extends SignedBy {
  /** As it stands, to be compared with the seal that lies beside it. */
  raw: Buffer;
  name: string;
  madeAt: Date;
  from: Date;
  to: Date;
  /** Whether it may be used with a certificate. */
  lists: (certificate: X509Certificate) => boolean;
}

/** What a seal made (电子签章数据). */
export interface SealedData extends SignedBy {
  seal: SealData;
  /** Digest of what was sealed. */
  digest: Buffer;
  /** Null where the time is written in a way of the maker's own. */
  signedAt: Date | null;
}

/**
 * Reads a SES_Signature, of GB/T 38540-2020 (version 4) or of GM/T 0031-2014 before it: there the signer's certificate
 * is part of what is signed, the maker signs over its certificate as well, and times are UTCTime or text. A time stamp
 * at the end is not looked at. Throws where it is neither.
 */
export function readSealed(bytes: Buffer): SealedData {
  const [content, ...after] = sequence(readDer(bytes));
  const [, seal, time, digest, , ...more] = sequence(content);
  const [certificate, method, signature] = after.length === 1 ? [...more, ...after] : after;
  return {
    content: there(content).raw,
    certificate: new X509Certificate(octetsOf(certificate)),
    method: oidOf(method),
    signature: bitsOf(signature),
    seal: readSeal(seal),
    digest: bitsOf(digest),
    signedAt: time?.tag === TAG.bits ? timeInText(bitsOf(time).toString('latin1')) : timeOf(time),
  };
}

function readSeal(seal: Der | undefined): SealData {
  const [info, ...after] = sequence(seal);
  const isOld = after.length === 1;
  const [maker, method, signature] = isOld ? sequence(after[0]) : after;
  const [, , properties] = sequence(info);
  const [, name, ...rest] = sequence(properties);
  // Since version 4 it says whether its list has certificates (1) or digests of them (2).
  const kind = rest[0]?.tag === TAG.integer ? rest.shift()?.body[0] : 1;
  const [list, madeAt, from, to] = rest;
  const listed = sequence(list).slice(0, MOST_LISTED);
  return {
    raw: there(seal).raw,
    content: isOld ? sequenceOf([info, maker, method].map(there)) : there(info).raw,
    certificate: new X509Certificate(octetsOf(maker)),
    method: oidOf(method),
    signature: bitsOf(signature),
    name: there(name).body.toString('utf8'),
    madeAt: dateOf(madeAt),
    from: dateOf(from),
    to: dateOf(to),
    lists: ({ raw }) => listed.some((item) => (kind === 2 ? isDigest(item, raw) : octetsOf(item).equals(raw))),
  };
}

function isDigest(item: Der, certificate: Buffer): boolean {
  const [name, value] = sequence(item);
  const digest = digestNamed(there(name).body.toString('latin1'));
  return digest !== null && createHash(digest).update(certificate).digest().equals(octetsOf(value));
}

function dateOf(value: Der | undefined): Date {
  const date = timeOf(value);
  if (!date) throw new Error('a seal without its dates');
  return date;
}

/** A time as text: that of a GeneralizedTime, or as people write it. */
export function timeInText(text: string): Date | null {
  const instant = parseInstant(text.trim());
  return timeIn(text.trim()) ?? (instant === null ? null : new Date(instant));
}
