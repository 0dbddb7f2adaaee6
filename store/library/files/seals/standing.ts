import type { X509Certificate } from 'node:crypto';
import { shanghaiInstant } from '../../../../domain/dates.ts';
import type { FoundReason } from '../../../../domain/library/seals.ts';
import { isFor, partsOfCertificate } from './certificate.ts';
import { chainOf } from './chain.ts';
import { listFor, revocationOf } from './crl.ts';
import { isStrongKey } from './methods.ts';
import type { Trust } from './trust.ts';

/** What seals are judged by. */
export interface Circumstances extends Trust {
  /** When the file was got: it was signed before. */
  gotAt: Date;
  now: Date;
}

/** CRLReason of a key that others may have had, the authority's included. */
const COMPROMISED = new Set([1, 2]);

/**
 * What speaks against a certificate by which something was signed.
 * @param given certificates that came with it
 * @param at when it was used
 */
export function doubtsAbout(
  certificate: X509Certificate,
  given: readonly X509Certificate[],
  at: Date,
  whose: 'signer' | 'maker',
  { roots, crls, now }: Circumstances,
): FoundReason[] {
  const doubts: FoundReason[] = [];
  if (!isFor('signing', certificate)) doubts.push({ code: 'usage-wrong', whose });
  const chain = chainOf(certificate, given, roots);
  if (!chain) doubts.push({ code: 'root-unknown', whose });
  for (const [index, link] of (chain ?? [certificate]).entries()) {
    if (!isStrongKey(partsOfCertificate(link).key)) doubts.push({ code: 'method-unknown' });
    const { validFromDate: from, validToDate: to } = link;
    if (from > at || to < at)
      doubts.push({ code: 'certificate-lapsed', whose, from: instantOf(from), to: instantOf(to) });
    const authority = chain?.[index + 1];
    if (!authority || crls.length === 0) continue;
    const list = listFor(link, authority, crls);
    const revocation = list && revocationOf(link, list);
    if (revocation && revocation.at <= at) doubts.push({ code: 'revoked', whose, at: instantOf(revocation.at) });
    else if (revocation && COMPROMISED.has(revocation.reason ?? 0))
      doubts.push({ code: 'compromised', whose, at: instantOf(revocation.at) });
    if (!list) doubts.push({ code: 'list-missing', whose });
    else if (list.nextAt < now) doubts.push({ code: 'list-stale', whose, since: instantOf(list.nextAt) });
  }
  return doubts;
}

export const instantOf = (date: Date): string => shanghaiInstant(date.getTime());
