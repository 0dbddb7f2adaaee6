import type { X509Certificate } from 'node:crypto';
import {
  bitsOf,
  numbered,
  numberedPart,
  octetsOf,
  oidOf,
  ofTag,
  partsOf,
  readDer,
  sequence,
  TAG,
  type Der,
} from './der.ts';
import { methodOf, signatureHolds } from './methods.ts';

/** What something signed by an authority has in common: a certificate, a list of revocation. */
export interface Signed {
  /** What was signed. */
  content: Der;
  /** Identifier of the method. */
  method: string;
  signature: Buffer;
}

/** Reads SEQUENCE { content, method, signature }. Throws where it is none. */
export function readSigned(bytes: Buffer): Signed {
  const [content, method, signature] = sequence(readDer(bytes));
  return { content: ofTag(content, TAG.sequence), method: oidOf(sequence(method)[0]), signature: bitsOf(signature) };
}

/** Extensions of a certificate or of a list of revocation, by their identifiers. */
export type Extensions = Map<string, { critical: boolean; value: Buffer }>;

/** Reads a list of extensions; none where there is no list. */
export function extensionsIn(list: Der | undefined): Extensions {
  const found: Extensions = new Map();
  for (const extension of list ? sequence(list) : []) {
    const [identifier, ...rest] = sequence(extension);
    found.set(oidOf(identifier), { critical: rest.length > 1, value: octetsOf(rest.at(-1)) });
  }
  return found;
}

/** What Node does not tell of a certificate (RFC 5280, GB/T 20518). */
export interface CertificateParts extends Signed {
  serial: Buffer;
  /** Names as they stand, DER. */
  issuer: Buffer;
  subject: Buffer;
  key: Buffer;
  extensions: Extensions;
}

const known = new WeakMap<X509Certificate, CertificateParts>();

/** Throws where the certificate is not DER throughout. */
export function partsOfCertificate(certificate: X509Certificate): CertificateParts {
  let parts = known.get(certificate);
  if (!parts) {
    const signed = readSigned(certificate.raw);
    const fields = [...partsOf(signed.content)];
    if (fields[0]?.tag === numbered(0)) fields.shift();
    const [serial, , issuer, , subject, key, ...rest] = fields;
    parts = {
      ...signed,
      serial: ofTag(serial, TAG.integer).body,
      issuer: ofTag(issuer, TAG.sequence).raw,
      subject: ofTag(subject, TAG.sequence).raw,
      key: ofTag(key, TAG.sequence).raw,
      extensions: extensionsIn(numberedPart(rest, 3)),
    };
    known.set(certificate, parts);
  }
  return parts;
}

/** Whether something was signed with the key of a certificate. */
export function isSignedBy({ content, method, signature }: Signed, certificate: X509Certificate): boolean {
  const how = methodOf(method);
  return how !== null && signatureHolds(how, partsOfCertificate(certificate).key, content.raw, signature);
}

const KEY_USAGE = '2.5.29.15';
const EXTENDED_USAGE = '2.5.29.37';
/** Purposes of certificates that sign no documents: servers, code, time stamps, answers on revocation (RFC 5280). */
const OTHER_PURPOSES = ['1', '3', '8', '9'].map((purpose) => `1.3.6.1.5.5.7.3.${purpose}`);
/** Bits of the first byte of keyUsage; signing is digitalSignature or nonRepudiation. */
const USES = { signing: 0xc0, lists: 0x02 };

/** Whether a certificate leaves a use open; one that says nothing leaves all open. */
export function isFor(use: keyof typeof USES, certificate: X509Certificate): boolean {
  const { extensions } = partsOfCertificate(certificate);
  const purposes = extensions.get(EXTENDED_USAGE);
  if (
    use === 'signing' &&
    purposes &&
    sequence(readDer(purposes.value)).every((one) => OTHER_PURPOSES.includes(oidOf(one)))
  )
    return false;
  const usage = extensions.get(KEY_USAGE);
  return !usage || ((ofTag(readDer(usage.value), TAG.bits).body[1] ?? 0) & USES[use]) !== 0;
}

/** The names of whom a certificate is for: organization (O), unit (OU) and common name (CN). */
export function namesOn({ subject }: X509Certificate): string[] {
  const names = subject.split('\n').flatMap((line) => /^(?:O|OU|CN)=(.*)$/.exec(line)?.[1] ?? []);
  return names.map((name) => name.replace(/\\(.)/g, '$1'));
}

/**
 * Whether a certificate bears the code of a unit, in its subject or an extension: authorities have different places for it
 * (GB/T 20518). Not in its key, which its holder can choose.
 */
export function bearsCode(certificate: X509Certificate, code: string): boolean {
  const { subject, extensions } = partsOfCertificate(certificate);
  return subject.includes(code) || [...extensions.values()].some(({ value }) => value.includes(code));
}
