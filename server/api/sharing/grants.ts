import { z } from 'zod';
import { INTERFACES, type Grant } from '../../../domain/sharing/grant.ts';
import { keyOf } from '../../../settings/values.ts';
import { approvedCatalog } from '../../../store/library/catalog.ts';
import { endGrant, listGrants } from '../../../store/sharing/grants.ts';
import { approveUsageList, usageLists } from '../../../store/sharing/usage-lists.ts';
import { principalOf } from '../base/access.ts';
import { act } from '../base/act.ts';
import { get, post } from '../base/route.ts';
import { idParams, instant, listOf, pageOf, pageOfRows, paging, readCursor, text, unitCode } from '../base/views.ts';

const tag = 'sharing';

const item = z.object({
  code: z.string(),
  name: z.string(),
  scenario: z.string(),
  types: z.array(z.string()),
  fields: z.array(z.string()).optional().meta({ description: 'Left out: what stands on every certificate' }),
  interfaces: z.array(keyOf(INTERFACES)).optional().meta({ description: 'Left out: find and verify' }),
  legalBasis: z.string().optional(),
});

/** One version of the list of uses (用证清单) of a user unit. */
export const usageListView = z
  .object({
    unitCode: z.string(),
    unitName: z.string(),
    version: z.int(),
    items: z.array(item),
    takenAt: instant,
    takenBy: z.string(),
    approvedAt: instant.nullable().meta({ description: 'Null: it waits for approval, and grants nothing' }),
    approvedBy: z.string().nullable(),
  })
  .meta({ id: 'UsageList' });
export type UsageListView = z.input<typeof usageListView>;

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

const getUsageLists = get(
  '/usage-lists',
  {
    needs: 'sharing:read',
    summary: '用证清单 The latest list of each unit; with `unit` every version of its own',
    tag,
    query: z.object({ unit: unitCode.optional() }),
    answer: z.object({ lists: z.array(usageListView) }),
  },
  async (request, { db }) => {
    const { units } = principalOf(request);
    const lists = await usageLists(db, request.query.unit);
    return { lists: lists.filter(({ unitCode: code }) => units?.includes(code) !== false) };
  },
);

const postUsageListApprove = post(
  '/usage-lists/:unit/approve',
  {
    needs: 'sharing:approve',
    summary: '审定用证清单 Approve the latest version of a unit’s list: from now on it grants what it lists',
    tag,
    params: z.object({ unit: unitCode }),
    body: z.object({ version: z.int().positive().meta({ description: 'The version that was looked at' }) }),
    answer: z.object({
      made: z.int(),
      ended: z.int(),
      unshared: z.array(z.string()).meta({ description: 'Types that it lists and that are not shared' }),
    }),
    problems: [409],
  },
  (request, options) =>
    act(request, options, async (trx, { by, at }) => {
      const { unit } = request.params;
      const { version } = request.body;
      const answer = await approveUsageList(trx, unit, version, await approvedCatalog(trx), { by, at });
      const detail = { version, made: answer.made, ended: answer.ended };
      return { answer, deed: { action: 'sharing:approve', object: `usage-list/${unit}`, detail } };
    }),
);

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
    act(request, options, async (trx, { by, at }) => {
      const { id } = request.params;
      const { reason } = request.body;
      await endGrant(trx, id, { by, at, reason });
      return { answer: { id }, deed: { action: 'sharing:approve', object: `grant/${id}`, detail: { reason } } };
    }),
);

/** Lists of uses (用证清单) and what they grant. */
export const grantRoutes = { getUsageLists, postUsageListApprove, getGrants, postGrantEnd };
