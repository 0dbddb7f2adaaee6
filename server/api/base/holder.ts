import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { Transform, type Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { resolveReference } from '../../../settings/environment.ts';
import type { PortalSettings } from '../../../settings/schemas/hub.ts';
import { keyOf, slug } from '../../../settings/values.ts';
import type { Holder } from '../../../domain/library/certificate.ts';
import { HOLDER_CODE_TYPES } from '../../../domain/library/codes.ts';
import { STRENGTHS, type Strength } from '../../../domain/sharing/holder.ts';
import { claimNonce } from '../../../store/collection/nonces.ts';
import type { ApiOptions } from './api.ts';
import { ApiProblem, unstorableIn } from './problem.ts';
import { holderCode, instant, text } from './views.ts';

/** A holder (持证主体) of whom a portal says who they are, for one request. */
export interface AssertedHolder extends Holder {
  portal: Pick<PortalSettings, 'id' | 'name' | 'unit'>;
  strength: Strength;
  /** SHA-256 of the request’s body, in hexadecimal. */
  body: string;
}

/** What a portal signs of a holder, in the header Hub-Holder: base64url of this JSON, a dot, the signature. */
const assertion = z.object({
  portal: slug,
  name: text(200),
  code: holderCode,
  codeType: keyOf(HOLDER_CODE_TYPES),
  strength: keyOf(STRENGTHS),
  at: instant,
  nonce: z.string().regex(/^[\w-]{16,100}$/),
  body: z.string().regex(/^[0-9a-f]{64}$/),
});
const HEADER = /^([\w-]{1,4000})\.([0-9a-f]{64})$/;

/** How far a portal’s clock may be from the hub’s, and how long an assertion is good for one request. */
const TOLERANCE_MS = 5 * 60_000;

const REFUSED = new ApiProblem(
  401,
  'holder-unknown',
  { zh: '门户的身份断言不成立', en: 'The portal’s assertion of who this is does not hold' },
  {
    zh: '检查 Hub-Holder：密钥、签名、时间（±5 分钟）与请求体的摘要',
    en: 'Check Hub-Holder: key, signature, time (±5 minutes) and the digest of the body',
  },
);
const REPLAYED = new ApiProblem(
  401,
  'holder-replayed',
  { zh: '这个身份断言已用过', en: 'This assertion was used before' },
  { zh: '每个请求使用自己的 nonce', en: 'Sign each request anew, with a nonce of its own' },
);

/** Who a request is by, as the portal that it comes through has signed; throws a problem where that does not hold. */
export async function assertedHolder(
  request: FastifyRequest,
  { db, now, config }: Pick<ApiOptions, 'db' | 'now' | 'config'>,
): Promise<AssertedHolder> {
  const [, claims = '', signature = ''] = HEADER.exec(String(request.headers['hub-holder'] ?? '')) ?? [];
  const said = assertion.safeParse(jsonIn(claims)).data;
  if (!said || unstorableIn(said)) throw REFUSED;
  const portal = config().settings.holders.portals.find(({ id }) => id === said.portal);
  if (!portal) throw REFUSED;
  const { id, name, unit, key } = portal;
  const signed = `${request.method}\n${request.url}\n${claims}`;
  const expected = createHmac('sha256', resolveReference(key, `holders.portals.${id}: key`))
    .update(signed)
    .digest();
  if (!timingSafeEqual(expected, Buffer.from(signature, 'hex'))) throw REFUSED;
  const at = now();
  if (Math.abs(said.at.getTime() - at.getTime()) > TOLERANCE_MS) throw REFUSED;
  const until = new Date(said.at.getTime() + TOLERANCE_MS);
  if (!(await claimNonce(db, { connector: `holders/${id}`, nonce: said.nonce, until }, at))) throw REPLAYED;
  return { ...said, portal: { id, name, unit } };
}

function jsonIn(claims: string): unknown {
  try {
    return JSON.parse(Buffer.from(claims, 'base64url').toString());
  } catch {
    return null;
  }
}

/** The body of a request, which fails at its end where it is not the one that was signed. */
export function signedBody(body: Readable, { body: digest }: AssertedHolder): Readable {
  const hashing = createHash('sha256');
  const checked = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      hashing.update(chunk);
      done(null, chunk);
    },
    flush: (done) => done(hashing.digest('hex') === digest ? null : REFUSED),
  });
  // Nobody may be reading it any more, such as where it was too large.
  checked.on('error', () => undefined);
  return body.on('error', (error) => checked.destroy(error)).pipe(checked);
}
