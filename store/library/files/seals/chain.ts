import type { X509Certificate } from 'node:crypto';
import { isSignedBy, partsOfCertificate } from './certificate.ts';
import { ofTag, readDer, sequence, TAG } from './der.ts';

const LONGEST_CHAIN = 8;
const BASIC_CONSTRAINTS = '2.5.29.19';
/** Critical extensions that are heeded here or say nothing against signing: usage, names, policies, extended usage. */
const UNDERSTOOD = new Set([BASIC_CONSTRAINTS, '2.5.29.15', '2.5.29.17', '2.5.29.32', '2.5.29.37']);

/**
 * The certificates from one to a root, both included; null where it leads to none. Node says who issued whom, step by
 * step, as what a file brings may be hostile; who signed whom is looked at here, for SM2 as well.
 */
export function chainOf(
  certificate: X509Certificate,
  given: readonly X509Certificate[],
  roots: readonly X509Certificate[],
): X509Certificate[] | null {
  const chain = [certificate];
  for (let current = certificate; chain.length <= LONGEST_CHAIN; chain.push(current)) {
    if (!isUnderstood(current)) return null;
    if (roots.some(({ raw }) => raw.equals(current.raw))) return chain;
    const issuer = [...roots, ...given].find((other) => issued(other, current) && mayBeAbove(other, chain));
    if (!issuer || chain.some(({ raw }) => raw.equals(issuer.raw))) return null;
    current = issuer;
  }
  return null;
}

const isUnderstood = (certificate: X509Certificate): boolean =>
  partsOfCertificate(certificate)
    .extensions.entries()
    .every(([identifier, { critical }]) => !critical || UNDERSTOOD.has(identifier));

function issued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && isSignedBy(partsOfCertificate(certificate), issuer);
}

/** Whether an authority allows as many authorities below it as there are. */
function mayBeAbove(authority: X509Certificate, below: readonly X509Certificate[]): boolean {
  const constraints = partsOfCertificate(authority).extensions.get(BASIC_CONSTRAINTS);
  const [, depth] = constraints ? sequence(readDer(constraints.value)) : [];
  return !depth || below.length - 1 <= Number(`0x${ofTag(depth, TAG.integer).body.toString('hex')}`);
}
