import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { PortalSettings } from '../../../settings/schemas/hub.ts';
import { keyOf, slug } from '../../../settings/values.ts';
import type { Holder } from '../../../domain/library/certificate.ts';
import { HOLDER_CODE_TYPES } from '../../../domain/library/codes.ts';
import { STRENGTHS, type Strength } from '../../../domain/sharing/holder.ts';
import type { ApiOptions } from './api.ts';
import { ApiProblem } from './problem.ts';
import { claims, hmac, signedClaims, type SignedBody } from './signed.ts';
import { holderCode, text } from './views.ts';

/** A holder (持证主体) of whom a portal says who they are, for one request. */
export interface AssertedHolder extends Holder {
  portal: Pick<PortalSettings, 'id' | 'name' | 'unit'>;
  strength: Strength;
  signed: SignedBody;
}

/** What a portal signs of a holder, in the header Hub-Holder. */
const assertion = z.object({
  portal: slug,
  name: text(200),
  code: holderCode,
  codeType: keyOf(HOLDER_CODE_TYPES),
  strength: keyOf(STRENGTHS),
  ...claims,
});

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
  options: Pick<ApiOptions, 'db' | 'now' | 'config'>,
): Promise<AssertedHolder> {
  const { portals } = options.config().settings.holders;
  const {
    said,
    signer: { id, name, unit },
    signed,
  } = await signedClaims(request, options, {
    header: 'hub-holder',
    schema: assertion,
    refused: REFUSED,
    replayed: REPLAYED,
    among: 'holders',
    signerOf: (given) => portals.find((portal) => portal.id === given.portal),
    signing: (portal) => hmac(portal.key, `holders.portals.${portal.id}: key`),
  });
  return { ...said, portal: { id, name, unit }, signed };
}
