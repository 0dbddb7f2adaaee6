import { z } from 'zod';
import { fault } from '../../../domain/faults.ts';
import { INTERFACES, type Grant } from '../../../domain/sharing/grant.ts';
import { keyOf } from '../../../settings/values.ts';
import { endGrant, listGrants } from '../../../store/sharing/grants.ts';
import { principalOf } from '../base/access.ts';
import { act } from '../base/act.ts';
import { get, post } from '../base/route.ts';
import { idParams, instant, listOf, pageOf, pageOfRows, paging, readCursor, text, unitCode } from '../base/views.ts';

const tag = 'sharing';

/** What a unit may do with certificates of one type, for one matter in one scenario (一证一接口). */
export const grantView = z
  .object({
    id: z.int(),
    unitCode: z.string(),
    unitName: z.string(),
    matter: z.string(),
    matterName: z.string(),
    scenario: z.string(),
    typeCode: z.string(),
    fields: z.array(z.string()).meta({ description: 'Those of the face after `face:`' }),
    interfaces: z.array(keyOf(INTERFACES)),
    legalBasis: z.string().nullable(),
    perDay: z.int().nullable().meta({ description: 'Calls a day; null: no limit' }),
    listVersion: z.int().nullable(),
    requestId: z.int().nullable(),
    grantedAt: instant,
    grantedBy: z.string(),
    until: instant.nullable(),
    endedAt: instant.nullable(),
    endedBy: z.string().nullable(),
    endReason: z.string().nullable(),
  })
  .meta({ id: 'Grant' });
export type GrantView = z.input<typeof grantView>;
export const shownGrant = (grant: Grant): z.output<typeof grantView> => grant;

const getGrants = get(
  '/grants',
  {
    needs: 'sharing:read',
    summary: '用证授权 Grants, the latest first; those that have ended with `ended`',
    tag,
    query: z
      .object({
        unit: listOf(unitCode).optional(),
        type: z.string().max(21).optional(),
        ended: z.stringbool().default(false),
      })
      .extend(paging.shape),
    answer: pageOf(grantView),
  },
  async (request, { db }) => {
    const { unit, type, ended, limit, after } = request.query;
    const { units } = principalOf(request);
    const wanted = unit?.filter((code) => units?.includes(code) !== false) ?? units;
    const [last] = readCursor(after, z.tuple([z.int()])) ?? [];
    const rows = await listGrants(db, { units: wanted, typeCode: type, ended, after: last, limit: limit + 1 });
    return pageOfRows(rows, limit, ({ id }) => [id]);
  },
);

const postGrantEnd = post(
  '/grants/:id/end',
  {
    needs: 'sharing:approve',
    summary: '终止授权 End a grant, from the next call on',
    tag,
    params: idParams,
    body: z.object({ reason: text(500) }),
    answer: z.object({ id: z.int() }),
    problems: [404],
  },
  (request, options) =>
    act(request, options, async (trx, { by, at, principal }) => {
      const { id } = request.params;
      const { reason } = request.body;
      const [grant] = await listGrants(trx, { id, units: principal.units });
      if (!grant) throw fault('grant-unknown', { id });
      await endGrant(trx, id, { by, at, reason });
      return { answer: { id }, deed: { action: 'sharing:approve', object: `grant/${id}`, detail: { reason } } };
    }),
);

/** What units may do with certificates (用证授权). */
export const grantRoutes = { getGrants, postGrantEnd };
