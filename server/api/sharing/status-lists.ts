import type { Knex } from 'knex';
import { z } from 'zod';
import type { Catalog } from '../../../domain/library/catalog.ts';
import type { Certificate } from '../../../domain/library/certificate.ts';
import type { StateOfForce } from '../../../domain/library/lifecycle.ts';
import { LIST_SIZE, LIST_TTL, STATUS_VALUES } from '../../../domain/sharing/status-list.ts';
import type { HubConfig } from '../../../settings/load.ts';
import { findStatusList, listStatusLists, statusPlace } from '../../../store/sharing/status-lists.ts';
import { ApiProblem } from '../base/problem.ts';
import { get } from '../base/route.ts';
import { idParams, instant } from '../base/views.ts';

const tag = 'share';

/** Where a list is published; relative where the hub's own address is not set. */
export const statusListUri = ({ settings }: HubConfig, list: number): string =>
  `${settings.server.publicUrl?.replace(/\/$/, '') ?? ''}/share/v1/status-lists/${list}`;

/** Where the state of a certificate stands, for whoever verifies it without network. */
export const statusReference = z
  .object({
    uri: z.string(),
    index: z
      .int()
      .min(0)
      .max(LIST_SIZE - 1),
  })
  .nullable()
  .meta({
    description: '状态列表 and the place in it, for good. Null: its state follows from other certificates (一业一证)',
  });

export async function statusReferenceOf(
  db: Knex,
  { certificate, state }: { certificate: Certificate; state: StateOfForce },
  catalog: Catalog,
  config: HubConfig,
): Promise<z.output<typeof statusReference>> {
  if ((catalog.get(certificate.typeCode)?.members ?? []).length > 0) return null;
  const { list, index } = await statusPlace(db, certificate, STATUS_VALUES[state]);
  return { uri: statusListUri(config, list), index };
}

const getStatusLists = get(
  '/status-lists',
  {
    needs: 'public',
    summary: '状态列表 Lists of states for whoever verifies without network',
    tag,
    query: z.object({ type: z.string().max(21).optional() }),
    answer: z.object({ lists: z.array(z.object({ uri: z.string(), typeCode: z.string(), madeAt: instant })) }),
  },
  async (request, { db, config }) => {
    const lists = await listStatusLists(db, request.query.type);
    return { lists: lists.map(({ id, typeCode, madeAt }) => ({ uri: statusListUri(config(), id), typeCode, madeAt })) };
  },
);

const signedList = z
  .object({
    payload: z.string().meta({ description: 'Base64url: sub, iat, exp, ttl and status_list with bits and lst' }),
    signatures: z.array(z.object({ protected: z.string(), signature: z.string() })),
  })
  .meta({ id: 'SignedStatusList' });

const UNKNOWN = new ApiProblem(404, 'status-list-unknown', {
  zh: '没有这份状态列表，或尚未发布',
  en: 'There is no such list, or it is not published yet',
});

const getStatusList = get(
  '/status-lists/:id',
  {
    needs: 'public',
    summary: '状态列表 One list, signed by Ed25519 and by SM2 (JWS, RFC 7515 §7.2.1)',
    description:
      'The IETF’s Token Status List: two bits an entry, 0 in force, 1 ended, 2 suspended. With If-None-Match, 304 where it is the same.',
    tag,
    params: idParams,
    answer: signedList,
    problems: [404],
  },
  async (request, { db }, reply) => {
    const found = await findStatusList(db, request.params.id);
    if (!found) throw UNKNOWN;
    const tagOf = `"${found.id}-${found.madeAt.getTime()}"`;
    void reply.headers({ 'Cache-Control': `public, max-age=${LIST_TTL}`, ETag: tagOf });
    if (request.headers['if-none-match'] === tagOf) return reply.code(304).send() as never;
    return found.jws;
  },
);

/** Lists of states (状态列表), without sign-in. */
export const statusListRoutes = { getStatusLists, getStatusList };
