import { X509Certificate } from 'node:crypto';
import { Certificate, ContentInfo, IssuerAndSerialNumber, SignedData, type SignerInfo } from 'pkijs';
import { partsOfCertificate } from './certificate.ts';
import { octetsOf, oidOf, readDer, sequence, partsOf, timeOf, type Der } from './der.ts';

/** A signature of one signer (CMS SignedData, RFC 5652; with SM2 of GM/T 0010 and GB/T 35275). */
export interface CmsSignature {
  /** The signer's; null where it is not among those that came with the signature. */
  certificate: X509Certificate | null;
  given: X509Certificate[];
  /** Identifiers of the method and of the digest of the content. */
  method: string;
  digest: string;
  signature: Buffer;
  /** Content that it brings itself; null for one that is about something else. */
  content: Buffer | null;
  /** What was signed in place of the content; null where the content was. */
  attributes: SignedAttributes | null;
}

interface SignedAttributes {
  raw: Buffer;
  /** Digest of the content. */
  digest: Buffer;
  signedAt: Date | null;
}

/** Content without a meaning of its own, as PKCS #7 and GM/T 0010 call it. */
const DATA = new Set(['1.2.840.113549.1.7.1', '1.2.156.10197.6.1.4.2.1']);
const CONTENT_TYPE = '1.2.840.113549.1.9.3';
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4';
const SIGNING_TIME = '1.2.840.113549.1.9.5';
const SUBJECT_KEY = '2.5.29.14';
/** Each may have to be tried as the issuer of another. */
const MOST_CERTIFICATES = 10;

/** Reads a signature, DER or, as many programs write it, BER. Throws where it has another form or several signers. */
export function readCms(bytes: Buffer): CmsSignature {
  const info = ContentInfo.fromBER(new Uint8Array(bytes));
  const signed = new SignedData({ schema: info.content as unknown });
  const [signer, ...others] = signed.signerInfos;
  const { eContentType, eContent } = signed.encapContentInfo;
  if (!signer || others.length > 0 || !DATA.has(eContentType)) throw new Error('a form that is not known');
  const given = (signed.certificates ?? [])
    .filter((item) => item instanceof Certificate)
    .slice(0, MOST_CERTIFICATES)
    .map((item) => new X509Certificate(Buffer.from(item.toSchema().toBER())));
  return {
    certificate: given.find((certificate) => isOf(signer, certificate)) ?? null,
    given,
    method: signer.signatureAlgorithm.algorithmId,
    digest: signer.digestAlgorithm.algorithmId,
    signature: Buffer.from(signer.signature.valueBlock.valueHexView),
    content: eContent ? Buffer.from(eContent.getValue()) : null,
    attributes: signer.signedAttrs ? readAttributes(Buffer.from(signer.signedAttrs.encodedValue), eContentType) : null,
  };
}

/** Whether a signer is the holder of a certificate. */
function isOf({ sid }: SignerInfo, certificate: X509Certificate): boolean {
  const { serial, issuer, extensions } = partsOfCertificate(certificate);
  if (sid instanceof IssuerAndSerialNumber) {
    return (
      serial.equals(sid.serialNumber.valueBlock.valueHexView) &&
      issuer.equals(new Uint8Array(sid.issuer.valueBeforeDecode))
    );
  }
  const key = extensions.get(SUBJECT_KEY);
  const named = (sid as { valueBlock: { valueHexView: Uint8Array } }).valueBlock.valueHexView;
  return key !== undefined && octetsOf(readDer(key.value)).equals(named);
}

/** @param raw a SET, DER, as it was signed */
function readAttributes(raw: Buffer, contentType: string): SignedAttributes {
  const values = new Map<string, Der | undefined>();
  for (const attribute of partsOf(readDer(raw))) {
    const [type, set] = sequence(attribute);
    const [value] = set ? partsOf(set) : [];
    values.set(oidOf(type), value);
  }
  if (oidOf(values.get(CONTENT_TYPE)) !== contentType) throw new Error('attributes of another content');
  return { raw, digest: octetsOf(values.get(MESSAGE_DIGEST)), signedAt: timeOf(values.get(SIGNING_TIME)) };
}
