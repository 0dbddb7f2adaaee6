import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ShareClient } from '../../../settings/schemas/hub.ts';
import { slug } from '../../../settings/values.ts';
import { principalOfLogin, type Principal } from '../../../store/console/sessions.ts';
import type { ApiOptions } from './api.ts';
import { ApiProblem } from './problem.ts';
import { claims, hmacHolds, signedClaims, sm2SignatureHolds, type SignedBody } from './signed.ts';

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
  const clientOf = (said: { client: string }): ShareClient | undefined => clients.find(({ id }) => id === said.client);
  const how = { header: 'hub-client', schema: assertion, refused: REFUSED, replayed: REPLAYED };
  const said = await signedClaims(request, options, how, (given) => {
    const client = clientOf(given);
    return client && { name: `clients/${client.id}`, holds: holdsOf(client) };
  });
  const client = clientOf(said);
  const principal = client ? await principalOfLogin(options.db, client.account) : null;
  if (!client || !principal) throw REFUSED;
  const algorithm = 'key' in client ? 'sha256' : 'sm3';
  return {
    principal: { ...principal, scopes: ['certificates:use'] },
    signed: { algorithm, digest: said.body, refused: REFUSED },
  };
}

const holdsOf = (client: ShareClient) =>
  'key' in client ? hmacHolds(client.key, `sharing.clients.${client.id}: key`) : sm2SignatureHolds(client.sm2);
