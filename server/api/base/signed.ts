import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { Transform, type Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { resolveReference } from '../../../settings/environment.ts';
import type { SecretRef } from '../../../settings/values.ts';
import { sm2Holds } from '../../../store/library/files/seals/sm2.ts';
import { claimNonce } from '../../../store/collection/nonces.ts';
import type { ApiOptions } from './api.ts';
import { unstorableIn, type ApiProblem } from './problem.ts';
import { instant } from './views.ts';

/** What everybody signs of a request, beside who they are. */
export const claims = {
  at: instant,
  nonce: z.string().regex(/^[\w-]{16,100}$/),
  /** Digest of the body, in hexadecimal. */
  body: z.string().regex(/^[0-9a-f]{64}$/),
};
type Claims = z.output<z.ZodObject<typeof claims>>;

/** A body that somebody signed, by its digest. */
export interface SignedBody {
  algorithm: 'sha256' | 'sm3';
  digest: string;
  /** What is told where the body is another. */
  refused: ApiProblem;
}

/** A header: base64url of claims in JSON, a dot, the signature of method, path and that base64url, a line each. */
const HEADER = /^([\w-]{1,4000})\.([\w+/=-]{64,200})$/;

/** How far a signer’s clock may be from the hub’s, and how long a signature is good for one request. */
const TOLERANCE_MS = 5 * 60_000;

/** A way of signing: whether a signature is somebody’s over a text, and what they take digests of bodies by. */
interface Signing {
  algorithm: SignedBody['algorithm'];
  holds: (text: string, signature: string) => boolean;
}

/** HMAC-SHA256, in hexadecimal. @param where of the configuration the key stands */
export const hmac = (key: SecretRef, where: string): Signing => ({
  algorithm: 'sha256',
  holds: (text, signature) => {
    const expected = createHmac('sha256', resolveReference(key, where)).update(text).digest();
    const given = Buffer.from(signature, 'hex');
    return given.length === expected.length && timingSafeEqual(given, expected);
  },
});

/** SM2 with SM3 (GB/T 32918.2): r and s in DER, in base64. @param point the public key, 04 x y in hexadecimal */
export const sm2 = (point: string): Signing => ({
  algorithm: 'sm3',
  holds: (text, signature) => sm2Holds(Buffer.from(text), Buffer.from(signature, 'base64'), Buffer.from(point, 'hex')),
});

/**
 * What the header of a request claims, who signed it, and the body that they signed, once the signature holds, now and
 * for the first time.
 */
export async function signedClaims<T extends Claims, S extends { id: string }>(
  request: FastifyRequest,
  { db, now }: Pick<ApiOptions, 'db' | 'now'>,
  {
    header,
    schema,
    refused,
    replayed,
    among,
    signerOf,
    signing,
  }: {
    header: string;
    schema: z.ZodType<T>;
    refused: ApiProblem;
    replayed: ApiProblem;
    /** Before their id, where nonces are kept. */
    among: string;
    /** Undefined: nobody who is known. */
    signerOf: (said: T) => S | undefined;
    signing: (signer: S) => Signing;
  },
): Promise<{ said: T; signer: S; signed: SignedBody }> {
  const [, text = '', signature = ''] = HEADER.exec(String(request.headers[header] ?? '')) ?? [];
  const said = schema.safeParse(jsonIn(text)).data;
  if (!said || unstorableIn(said)) throw refused;
  const signer = signerOf(said);
  if (!signer) throw refused;
  const { algorithm, holds } = signing(signer);
  if (!holds(`${request.method}\n${request.url}\n${text}`, signature)) throw refused;
  const at = now();
  if (Math.abs(said.at.getTime() - at.getTime()) > TOLERANCE_MS) throw refused;
  const until = new Date(said.at.getTime() + TOLERANCE_MS);
  if (!(await claimNonce(db, { connector: `${among}/${signer.id}`, nonce: said.nonce, until }, at))) throw replayed;
  return { said, signer, signed: { algorithm, digest: said.body, refused } };
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    return null;
  }
}

/** The body of a request, which fails at its end where it is not the one that was signed. */
export function checkedBody(body: Readable, { algorithm, digest, refused }: SignedBody): Readable {
  const hashing = createHash(algorithm);
  const checked = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      hashing.update(chunk);
      done(null, chunk);
    },
    flush: (done) => done(hashing.digest('hex') === digest ? null : refused),
  });
  // Nobody may be reading it any more, such as where it was too large.
  checked.on('error', () => undefined);
  return body.on('error', (error) => checked.destroy(error)).pipe(checked);
}
