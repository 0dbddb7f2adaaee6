import { createPublicKey, verify } from 'node:crypto';
import { bitsOf, oidOf, readDer, sequence } from './der.ts';
import { sm2Holds } from './sm2.ts';

/** Digests that still prove something, by their identifiers and by the names that OFD files use as well. */
const DIGESTS: Record<string, string> = {
  '1.2.156.10197.1.401': 'sm3',
  SM3: 'sm3',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  SHA256: 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  SHA384: 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
  SHA512: 'sha512',
};

/** What Node calls a digest; null for one that is not known, or not safe any more. */
export function digestNamed(name: string): string | null {
  const known = name.toUpperCase().replace('SHA-', 'SHA');
  return Object.hasOwn(DIGESTS, known) ? (DIGESTS[known] ?? null) : null;
}

/** How something was signed. */
export interface Method {
  digest: string;
  key: 'sm2' | 'rsa' | 'ec';
}

const SM2: Method = { digest: 'sm3', key: 'sm2' };
const METHODS: Record<string, Method> = {
  // SM2 with SM3; SM2 signatures; SM2: all three are written for the same.
  '1.2.156.10197.1.501': SM2,
  '1.2.156.10197.1.301.1': SM2,
  '1.2.156.10197.1.301': SM2,
  '1.2.840.113549.1.1.11': { digest: 'sha256', key: 'rsa' },
  '1.2.840.113549.1.1.12': { digest: 'sha384', key: 'rsa' },
  '1.2.840.113549.1.1.13': { digest: 'sha512', key: 'rsa' },
  '1.2.840.10045.4.3.2': { digest: 'sha256', key: 'ec' },
  '1.2.840.10045.4.3.3': { digest: 'sha384', key: 'ec' },
  '1.2.840.10045.4.3.4': { digest: 'sha512', key: 'ec' },
};
const RSA = '1.2.840.113549.1.1.1';
const EC_KEY = '1.2.840.10045.2.1';
const SM2_CURVE = '1.2.156.10197.1.301';

/**
 * The method that an identifier names; null for one that is not known, or not safe any more.
 * @param digest of the content, for RSA by itself
 */
export function methodOf(identifier: string, digest: string | null = null): Method | null {
  if (identifier === RSA) return digest === null || digest === 'sm3' ? null : { digest, key: 'rsa' };
  return Object.hasOwn(METHODS, identifier) ? (METHODS[identifier] ?? null) : null;
}

/** Of a key that nobody can work out from its public half (GB/T 38647, RFC 3766). */
const LEAST_BITS = { rsa: 2048, ec: 256 };

/** Whether a key (SubjectPublicKeyInfo, DER) is of a kind that still proves something. */
export function isStrongKey(key: Buffer): boolean {
  try {
    const [algorithm, point] = sequence(readDer(key));
    const [kind, curve] = sequence(algorithm);
    // The curve has to be named: one that a key brings itself can be anybody's.
    if (oidOf(kind) === EC_KEY) return oidOf(curve) !== '' && (bitsOf(point).length - 1) * 4 >= LEAST_BITS.ec;
    const { asymmetricKeyDetails: details } = createPublicKey({ key, format: 'der', type: 'spki' });
    return (details?.modulusLength ?? 0) >= LEAST_BITS.rsa;
  } catch {
    return false;
  }
}

/** Whether a signature is that of a key (SubjectPublicKeyInfo, DER) over the data; false also where it makes no sense. */
export function signatureHolds(method: Method, key: Buffer, data: Buffer, signature: Buffer): boolean {
  try {
    if (method.key === 'sm2') {
      const [algorithm, point] = sequence(readDer(key));
      const [kind, curve] = sequence(algorithm);
      return oidOf(kind) === EC_KEY && oidOf(curve) === SM2_CURVE && sm2Holds(data, signature, bitsOf(point));
    }
    const publicKey = createPublicKey({ key, format: 'der', type: 'spki' });
    return publicKey.asymmetricKeyType === method.key && verify(method.digest, data, publicKey, signature);
  } catch {
    return false;
  }
}
