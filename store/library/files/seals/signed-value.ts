import { createHash, type X509Certificate } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { DAY_MS } from '../../../../domain/dates.ts';
import { decisive, type FoundReason, type Seal } from '../../../../domain/library/seals.ts';
import { namesOn, partsOfCertificate } from './certificate.ts';
import { readCms, type CmsSignature } from './cms.ts';
import { digestNamed, methodOf, signatureHolds } from './methods.ts';
import { readSealed, type SealedData } from './ses.ts';
import { doubtsAbout, instantOf, type Circumstances } from './standing.ts';

/** How far the clock of who signs may be ahead of ours. */
const AHEAD_MS = DAY_MS;
const OID_TAG = 0x06;

/** What a signed value is about. */
export interface SignedContent {
  content: Buffer;
  /** When it was signed, as something beside the signature says; where the signature itself does not. */
  statedAt: Date | null;
  /** Whether the signature must have the form that PDF asks for: over attributes, without content of its own. */
  detached: boolean;
  /** The seal that lies beside it and is shown to people. */
  shown: Buffer | null;
}

/** A seal or signature, and by whose certificate it was made. */
export interface Judged {
  seal: Seal;
  /** Bytes that came after it into the file and that others have signed; of an OFD, where each protects all, none. */
  since: number;
  certificate: X509Certificate | null;
}

/** What was found in a file: its seals and signatures, and what speaks against the file beside them. */
export interface Findings {
  judged: Judged[];
  doubts: FoundReason[];
}

/** The judgement on what cannot be read as a seal or signature. */
export const unread = (reason: FoundReason): Judged => ({
  seal: { reason, name: null, signer: null, maker: null, signedAt: null },
  since: 0,
  certificate: null,
});

/** Judges the value of a seal or of a signature; throws nothing. */
export async function judgeSignedValue(value: Buffer, subject: SignedContent, by: Circumstances): Promise<Judged> {
  // A file can have many, each of which takes a while: others get their turn between them.
  await setImmediate();
  try {
    return isCms(value) ? judgeSignature(readCms(value), subject, by) : judgeSealed(readSealed(value), subject, by);
  } catch {
    return unread({ code: 'form-unknown' });
  }
}

/** CMS begins with the identifier of its type. */
function isCms(value: Buffer): boolean {
  const length = value[1] ?? 0;
  return value[length <= 0x80 ? 2 : 2 + (length & 0x7f)] === OID_TAG;
}

function judgeSealed(sealed: SealedData, { content, statedAt, shown }: SignedContent, by: Circumstances): Judged {
  const { seal, certificate } = sealed;
  const signedAt = sealed.signedAt ?? statedAt;
  const at = signedAt ?? by.gotAt;
  const method = methodOf(sealed.method);
  const making = methodOf(seal.method);
  const doubts: FoundReason[] = [];
  if (!method || !making) doubts.push({ code: 'method-unknown' });
  if (method && !digestOf(method.digest, content).equals(sealed.digest)) doubts.push({ code: 'content-changed' });
  if (method && !signatureHolds(method, keyOf(certificate), sealed.content, sealed.signature))
    doubts.push({ code: 'signature-broken' });
  if (making && !signatureHolds(making, keyOf(seal.certificate), seal.content, seal.signature))
    doubts.push({ code: 'seal-broken' });
  if (shown && !shown.equals(seal.raw)) doubts.push({ code: 'seal-differs' });
  if (!seal.lists(certificate)) doubts.push({ code: 'signer-unlisted' });
  if (seal.from > at || seal.to < at)
    doubts.push({ code: 'seal-lapsed', from: instantOf(seal.from), to: instantOf(seal.to) });
  doubts.push(...doubtsAboutSigner(certificate, [], at, by));
  doubts.push(...doubtsAbout(seal.certificate, [], seal.madeAt, 'maker', by));
  return {
    seal: {
      reason: conclusion(doubts, by),
      name: seal.name,
      signer: nameOf(certificate),
      maker: nameOf(seal.certificate),
      signedAt: signedAt && instantOf(signedAt),
    },
    since: 0,
    certificate,
  };
}

function judgeSignature(
  cms: CmsSignature,
  { content, statedAt, detached, shown }: SignedContent,
  by: Circumstances,
): Judged {
  const { attributes, certificate, given } = cms;
  if (shown || (detached && (!attributes || cms.content))) return unread({ code: 'form-unknown' });
  const digest = digestNamed(cms.digest);
  const method = methodOf(cms.method, digest);
  if (!digest || !method) return unread({ code: 'method-unknown' });
  const expected = digestOf(digest, content);
  // What it brings itself is the content, its digest (as GB/T 33190 asks for), or that in base64.
  const signed = cms.content ?? content;
  const isAbout = [content, expected, Buffer.from(expected.toString('base64'))].some((form) => form.equals(signed));
  if (!isAbout || (attributes && !digestOf(digest, signed).equals(attributes.digest)))
    return unread({ code: 'content-changed' });
  if (!certificate) return unread({ code: 'certificate-missing' });
  const signedAt = attributes?.signedAt ?? statedAt;
  const doubts: FoundReason[] = [];
  if (!signatureHolds(method, keyOf(certificate), attributes?.raw ?? signed, cms.signature))
    doubts.push({ code: 'signature-broken' });
  doubts.push(...doubtsAboutSigner(certificate, given, signedAt ?? by.gotAt, by));
  return {
    seal: {
      reason: conclusion(doubts, by),
      name: null,
      signer: nameOf(certificate),
      maker: null,
      signedAt: signedAt && instantOf(signedAt),
    },
    since: 0,
    certificate,
  };
}

function doubtsAboutSigner(
  certificate: X509Certificate,
  given: readonly X509Certificate[],
  at: Date,
  by: Circumstances,
): FoundReason[] {
  const isAhead = at.getTime() > by.gotAt.getTime() + AHEAD_MS;
  const doubts = doubtsAbout(certificate, given, at, 'signer', by);
  return isAhead ? [{ code: 'dated-ahead', signedAt: instantOf(at) }, ...doubts] : doubts;
}

const conclusion = (doubts: readonly FoundReason[], { crls }: Circumstances): FoundReason =>
  decisive(doubts) ?? { code: 'sound', revocation: crls.length > 0 };

const digestOf = (digest: string, content: Buffer): Buffer => createHash(digest).update(content).digest();
const keyOf = (certificate: X509Certificate): Buffer => partsOfCertificate(certificate).key;

const nameOf = (certificate: X509Certificate): string => [...new Set(namesOn(certificate))].join(' ');
