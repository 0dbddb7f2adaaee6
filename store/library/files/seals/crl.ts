import type { X509Certificate } from 'node:crypto';
import { extensionsIn, isFor, isSignedBy, partsOfCertificate, readSigned, type Signed } from './certificate.ts';
import { numbered, numberedPart, ofTag, partsOf, readDer, sequence, TAG, timeOf, type Der } from './der.ts';

/** A list of revoked certificates (证书吊销列表, RFC 5280). */
export interface Crl extends Signed {
  /** Name of the authority as it stands, DER. */
  issuer: Buffer;
  issuedAt: Date;
  nextAt: Date;
  /** By serial number, hexadecimal. */
  revoked: Map<string, Revocation>;
  /** Null where it is for all certificates of its authority. */
  scope: Scope | null;
}

export interface Revocation {
  at: Date;
  /** CRLReason; null where none is given. */
  reason: number | null;
}

/** For which certificates a partial list is. */
interface Scope {
  /** Where it is published, as certificates name it; empty: for all. */
  points: Buffer[];
  users: boolean;
  authorities: boolean;
}

const REASON = '2.5.29.21';
const DISTRIBUTION = '2.5.29.28';
const POINTS = '2.5.29.31';

/** Reads a list (DER). Throws where it is none, or of a kind that is not understood: a delta, an indirect one. */
export function readCrl(bytes: Buffer): Crl {
  const signed = readSigned(bytes);
  const fields = [...partsOf(signed.content)];
  if (fields[0]?.tag === TAG.integer) fields.shift();
  const [, issuer, issued, next, ...rest] = fields;
  const issuedAt = timeOf(issued);
  const nextAt = timeOf(next);
  if (!issuedAt) throw new Error('it does not say when it was issued');
  // Without it nobody could tell that it is out of date.
  if (!nextAt) throw new Error('it does not say until when it holds (nextUpdate)');
  const extensions = extensionsIn(numberedPart(rest, 0));
  for (const [identifier, { critical }] of extensions)
    if (critical && identifier !== DISTRIBUTION) throw new Error(`its extension ${identifier} is not understood`);
  const distribution = extensions.get(DISTRIBUTION);
  return {
    ...signed,
    issuer: ofTag(issuer, TAG.sequence).raw,
    issuedAt,
    nextAt,
    revoked: new Map(entriesOf(rest.find(({ tag }) => tag === TAG.sequence))),
    scope: distribution ? scopeIn(distribution.value) : null,
  };
}

function* entriesOf(list: Der | undefined): Generator<[string, Revocation]> {
  if (!list) return;
  for (const entry of partsOf(list)) {
    const [serial, since, extensions] = sequence(entry);
    const at = timeOf(since);
    if (!at) throw new Error('an entry does not say since when');
    const reason = extensionsIn(extensions).get(REASON);
    yield [
      ofTag(serial, TAG.integer).body.toString('hex'),
      { at, reason: reason ? (readDer(reason.value).body[0] ?? null) : null },
    ];
  }
}

function scopeIn(value: Buffer): Scope {
  const scope: Scope = { points: [], users: true, authorities: true };
  for (const field of sequence(readDer(value))) {
    if (field.tag === numbered(0) && field.body[0] === numbered(0)) scope.points = namesIn(readDer(field.body));
    else if (field.tag === 0x81) scope.authorities = field.body[0] === 0;
    else if (field.tag === 0x82) scope.users = field.body[0] === 0;
    else throw new Error('it is for some reasons only, for certificates of others, or of a point without a full name');
  }
  return scope;
}

/** The full names in a DistributionPointName. */
const namesIn = (name: Der | undefined): Buffer[] =>
  name?.tag === numbered(0) ? [...partsOf(name)].map(({ raw }) => raw) : [];

/** Whether a list is for a certificate. */
function isAbout({ issuer, scope }: Crl, certificate: X509Certificate): boolean {
  const parts = partsOfCertificate(certificate);
  if (!parts.issuer.equals(issuer)) return false;
  if (!scope) return true;
  if (certificate.ca ? !scope.authorities : !scope.users) return false;
  const points = parts.extensions.get(POINTS);
  const names = (points ? sequence(readDer(points.value)) : []).flatMap((point) =>
    namesIn(numberedPart(sequence(point), 0)),
  );
  return scope.points.length === 0 || scope.points.some((name) => names.some((other) => other.equals(name)));
}

/** Lists whose signatures were found to hold, and by whom: large ones are not hashed again for every file. */
const authentic = new WeakMap<Crl, string>();

function isAuthentic(list: Crl, authority: X509Certificate): boolean {
  if (authentic.get(list) === authority.fingerprint256) return true;
  const holds = isFor('lists', authority) && isSignedBy(list, authority);
  if (holds) authentic.set(list, authority.fingerprint256);
  return holds;
}

/** The newest list of an authority that is about a certificate; null where there is none. */
export function listFor(certificate: X509Certificate, authority: X509Certificate, lists: readonly Crl[]): Crl | null {
  const about = lists.filter((list) => isAbout(list, certificate) && isAuthentic(list, authority));
  return about.sort((a, b) => b.issuedAt.getTime() - a.issuedAt.getTime())[0] ?? null;
}

export const revocationOf = (certificate: X509Certificate, list: Crl): Revocation | null =>
  list.revoked.get(partsOfCertificate(certificate).serial.toString('hex')) ?? null;
