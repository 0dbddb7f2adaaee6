import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { slug } from '../../../settings/values.ts';
import { principalOfLogin, type Principal } from '../../../store/console/sessions.ts';
import type { ApiOptions } from './api.ts';
import { ApiProblem } from './problem.ts';
import { claims, hmac, signedClaims, sm2, type SignedBody } from './signed.ts';

/** What a system of a user unit signs, in the header Hub-Client. */
const assertion = z.object({ client: slug, ...claims });

const REFUSED = new ApiProblem(
  401,
  'client-unknown',
  { zh: '请求签名不成立', en: 'The signature of the request does not hold' },
  {
    zh: '检查 Hub-Client：密钥、签名、时间（±5 分钟）与请求体的摘要',
    en: 'Check Hub-Client: key, signature, time (±5 minutes) and the digest of the body',
  },
);
const REPLAYED = new ApiProblem(
  401,
  'client-replayed',
  { zh: '这个签名已用过', en: 'This signature was used before' },
  { zh: '每个请求使用自己的 nonce 重新签名', en: 'Sign each request anew, with a nonce of its own' },
);

/**
 * The account that a system acts as which signs its requests (`sharing.clients` of `hub.yaml`) in place of bearing a
 * token; throws a problem where the signature does not hold.
 */
export async function signedClient(
  request: FastifyRequest,
  options: Pick<ApiOptions, 'db' | 'now' | 'config'>,
): Promise<{ principal: Principal; signed: SignedBody }> {
  const { clients } = options.config().settings.sharing;
  const { signer, signed } = await signedClaims(request, options, {
    header: 'hub-client',
    schema: assertion,
    refused: REFUSED,
    replayed: REPLAYED,
    among: 'clients',
    signerOf: (said) => clients.find(({ id }) => id === said.client),
    signing: (client) => ('key' in client ? hmac(client.key, `sharing.clients.${client.id}: key`) : sm2(client.sm2)),
  });
  const principal = await principalOfLogin(options.db, signer.account);
  if (!principal) throw REFUSED;
  return { principal: { ...principal, scopes: ['certificates:use'] }, signed };
}
