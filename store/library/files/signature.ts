import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { Certificate, ContentInfo, SignedData, type SignerInfo } from 'pkijs';
import yauzl from 'yauzl';
import { configurationError, messageOf } from '../../../domain/errors.ts';

/**
 * What is known of the signatures of a file:
 * - `valid`: all of them hold, the last covers the whole file, and every signer's certificate leads to a trusted root.
 *   Whether a certificate was revoked is not looked up, nor whether the signer may sign for the issuer.
 * - `invalid`: one of them does not hold; the file, or the signature, is not what was signed.
 * - `unsigned`: there is none.
 * - `未核验`: nothing of this could be shown; `detail` says why.
 */
export interface SignatureStatus {
  state: 'valid' | 'invalid' | 'unsigned' | '未核验';
  /** For people, without personal data. */
  detail: string;
  /** Names on the certificates whose signatures hold, trusted or not. */
  signers: string[];
}

export interface Trust {
  /** Root certificates of those who may sign; see {@link readRoots}. */
  roots?: readonly X509Certificate[];
  /** When the file was got: it was signed before, so certificates must have been in force then. */
  at?: Date;
}

type Verdict = Omit<SignatureStatus, 'signers'> & { signer?: string };

const unchecked = (detail: string): Verdict => ({ state: '未核验', detail });
const HASHES: Record<string, string> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};
/** RSA, and RSA and ECDSA with SHA-2; RSA by itself takes the hash of the content. */
const SIGNATURES = /^1\.2\.840\.(?:113549\.1\.1\.(?:1|11|12|13)|10045\.4\.3\.[234])$/;
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4';
const DATA = '1.2.840.113549.1.7.1';
const KEY_USAGE = '2.5.29.15';
/** What the identifiers of all SM algorithms begin with (1.2.156.10197.1), in DER. */
const SM = Buffer.from('2a811ccf5501', 'hex');
const LONGEST_CHAIN = 8;
/** Each of them is checked over the whole file. */
const MOST_SIGNATURES = 50;

/** Checks the signatures of a PDF; says of an OFD whether it has any. Throws nothing, whatever the file holds. */
export async function signatureOf(file: Buffer, trust: Trust = {}): Promise<SignatureStatus> {
  let verdicts: Verdict[];
  try {
    if (file.subarray(0, 1024).includes('%PDF-')) verdicts = await pdfVerdicts(file, trust);
    else if (file.subarray(0, 4).equals(Buffer.from('PK\x03\x04'))) verdicts = [await ofdVerdict(file)];
    else verdicts = [unchecked('neither a PDF nor an OFD file')];
  } catch (error) {
    verdicts = [unchecked(`the file cannot be read: ${messageOf(error)}`)];
  }
  const worst = (['invalid', '未核验', 'unsigned', 'valid'] as const)
    .map((state) => verdicts.find((verdict) => verdict.state === state))
    .find((verdict) => verdict !== undefined);
  const { state, detail } = worst ?? unchecked('nothing was found out');
  return { state, detail, signers: verdicts.flatMap(({ signer }) => signer ?? []) };
}

/** The certificates of a PEM file. Throws a configuration error. */
export function readRoots(file: string): X509Certificate[] {
  try {
    const pem = readFileSync(file, 'utf8').match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs) ?? [];
    if (pem.length === 0) throw new Error(`${file} holds no certificate in PEM form`);
    return pem.map((text) => new X509Certificate(text));
  } catch (error) {
    throw configurationError(`The trusted roots cannot be read: ${messageOf(error)}`, {
      code: 'roots-unreadable',
      cure: 'correct files.trustedRoots in hub.yaml',
    });
  }
}

/**
 * A signature of a PDF covers two ranges of bytes, all but the text between them, which holds the signature itself in
 * hexadecimal (ISO 32000-1, 12.8.1). A signature stands in the file as it is, never compressed, so it is found without
 * reading the rest. Later signatures are appended and cover what was before.
 */
async function pdfVerdicts(file: Buffer, trust: Trust): Promise<Verdict[]> {
  const text = file.toString('latin1');
  const found = text.match(/\/ByteRange(?![A-Za-z])/g)?.length ?? 0;
  if (found === 0) return [{ state: 'unsigned', detail: 'a PDF without a signature' }];
  const ranges = [...text.matchAll(/\/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]/g)].map((match) =>
    match.slice(1).map(Number),
  );
  if (ranges.length < found) return [unchecked('a PDF with a signature whose range of bytes cannot be read')];
  if (found > MOST_SIGNATURES) return [unchecked('a PDF with too many signatures')];
  const verdicts: Verdict[] = [];
  let covered = 0;
  for (const [start = 0, before = 0, resume = 0, after = 0] of ranges) {
    const end = resume + after;
    const hex = text.slice(before + 1, resume - 1);
    // Nothing but the signature may hide where it does not look.
    const whole = start === 0 && end <= file.length && text[before] === '<' && text[resume - 1] === '>';
    if (!whole || hex.length % 2 === 1 || !/^[0-9A-Fa-f]+$/.test(hex)) {
      verdicts.push(unchecked('a PDF with a signature that leaves out more than itself'));
      continue;
    }
    const signed = Buffer.concat([file.subarray(0, before), file.subarray(resume, end)]);
    verdicts.push(await cmsVerdict(Buffer.from(hex, 'hex'), signed, trust));
    covered = Math.max(covered, end);
  }
  if (covered < file.length)
    verdicts.push(unchecked(`${file.length - covered} bytes were added after the last signature`));
  return verdicts;
}

/** Judges a detached CMS signature (RFC 5652) with one signer. */
async function cmsVerdict(cms: Buffer, content: Buffer, trust: Trust): Promise<Verdict> {
  if (cms.includes(SM)) return unchecked('signed with SM2/SM3, which no maintained library verifies');
  let signed: SignedData;
  try {
    const info = ContentInfo.fromBER(new Uint8Array(cms.subarray(0, derLength(cms))));
    signed = new SignedData({ schema: info.content as unknown });
  } catch {
    return unchecked('a signature of a form that is not known');
  }
  const [signer, ...others] = signed.signerInfos;
  const { eContentType, eContent } = signed.encapContentInfo;
  const stated = signer && statedDigest(signer);
  // With content of its own a signature says nothing of the file's.
  if (!stated || others.length > 0 || eContentType !== DATA || eContent)
    return unchecked('a signature of a form that is not known');
  const algorithm = HASHES[signer.digestAlgorithm.algorithmId];
  if (algorithm === undefined || !SIGNATURES.test(signer.signatureAlgorithm.algorithmId))
    return unchecked('signed by a method that is not known, or not safe any more');
  if (!createHash(algorithm).update(content).digest().equals(stated))
    return { state: 'invalid', detail: 'the content is not what was signed' };
  try {
    const data = content.buffer.slice(content.byteOffset, content.byteOffset + content.length) as ArrayBuffer;
    const result = await signed.verify({ signer: 0, data, extendedMode: true });
    if (result.signatureVerified !== true || !result.signerCertificate)
      return { state: 'invalid', detail: 'the signature does not hold' };
    const certificate = result.signerCertificate;
    const name = nodeCertificate(certificate).subject.replaceAll('\n', ', ');
    return { ...trusted(certificate, signed, trust), signer: name };
  } catch (error) {
    return unchecked(`the signature cannot be verified: ${messageOf(error)}`);
  }
}

/** Whether the signer's certificate leads to a root: OpenSSL is asked step by step, as what the file brings may be hostile. */
function trusted(signer: Certificate, { certificates }: SignedData, { roots = [], at = new Date() }: Trust): Verdict {
  const usage = signer.extensions?.find(({ extnID }) => extnID === KEY_USAGE)?.extnValue.valueBlock.valueHexView;
  // digitalSignature or nonRepudiation, in the first byte of a BIT STRING.
  if (usage && ((usage[3] ?? 0) & 0xc0) === 0) return unchecked('signed with a certificate that is not for signing');
  const given = (certificates ?? []).filter((item) => item instanceof Certificate).map(nodeCertificate);
  let current = nodeCertificate(signer);
  for (let step = 0; step < LONGEST_CHAIN; step += 1) {
    if (current.validFromDate > at || current.validToDate < at)
      return unchecked('the signature holds; a certificate was not in force when the file was got');
    if (roots.some(({ raw }) => raw.equals(current.raw)))
      return { state: 'valid', detail: 'the signature holds and covers the whole file; revocation was not looked up' };
    const issuer = [...roots, ...given].find(
      (other) => other.ca && current.checkIssued(other) && current.verify(other.publicKey) && other !== current,
    );
    if (!issuer || issuer.raw.equals(current.raw)) break;
    current = issuer;
  }
  return unchecked('the signature holds; its certificate does not lead to a trusted root');
}

const nodeCertificate = (certificate: Certificate): X509Certificate =>
  new X509Certificate(Buffer.from(certificate.toSchema().toBER()));

function statedDigest(signer: SignerInfo): Buffer | null {
  const attribute = signer.signedAttrs?.attributes.find(({ type }) => type === MESSAGE_DIGEST);
  const value = attribute?.values[0] as { valueBlock: { valueHexView: Uint8Array } } | undefined;
  return value ? Buffer.from(value.valueBlock.valueHexView) : null;
}

/** Bytes of a DER value with its head; zeros that fill the space reserved for a signature come after. */
function derLength(bytes: Buffer): number {
  const first = bytes[1] ?? 0;
  if (first <= 0x80) return first === 0x80 ? bytes.length : first + 2;
  const count = first & 0x7f;
  return bytes.readUIntBE(2, count) + 2 + count;
}

/** OFD is a ZIP whose OFD.xml names the list of signatures, if there is one (GB/T 33190-2016, 7.4 and 18). */
async function ofdVerdict(file: Buffer): Promise<Verdict> {
  const archive = await yauzl.fromBufferPromise(file, { lazyEntries: true });
  for await (const entry of archive.eachEntry()) {
    if (entry.fileName.toUpperCase() !== 'OFD.XML' || entry.uncompressedSize > 1_000_000) continue;
    const xml = (await buffer(await archive.openReadStreamPromise(entry))).toString('utf8');
    return /<(?:\w+:)?Signatures\s*>/.test(xml)
      ? unchecked('a signed OFD: no maintained library verifies its seals (GB/T 38540, SM2/SM3)')
      : { state: 'unsigned', detail: 'an OFD without a signature' };
  }
  return unchecked('neither a PDF nor an OFD file');
}
