import { z } from 'zod';
import { keyOf } from '../../../settings/values.ts';
import { shanghaiInstant } from '../../../domain/dates.ts';
import { expected } from '../../../domain/faults/expected.ts';
import type { Catalog } from '../../../domain/library/catalog.ts';
import { BASE_FIELDS, BASE_INTERFACES, INTERFACES, sharedFieldOf } from '../../../domain/sharing/grant.ts';
import { approvedCatalog } from '../../../store/library/catalog.ts';
import { listGrants, type NewGrant } from '../../../store/sharing/grants.ts';
import { grantView } from '../sharing/grants.ts';
import { InvalidRequest } from '../base/problem.ts';
import { SHARE_ENDS, SHARE_OUTCOMES, SHARE_REQUEST, type ShareStep } from '../../../domain/casework/share-request.ts';
import {
  listShareRequests,
  openShareRequest,
  opinionsOn,
  SHARE_REQUESTS,
  type ShareRequest,
} from '../../../store/casework/share-requests.ts';
import { principalOf } from '../base/access.ts';
import { act } from '../base/act.ts';
import { wake } from '../base/case-action.ts';
import { get, post } from '../base/route.ts';
import { actionRoute, canDo, pageOfCases, seenCase, type CaseRoutes } from './case-routes.ts';
import { actingUnit } from '../ledger/acting-unit.ts';
import { caseParts, caseRow, opened, openFilter, readCaseParts } from './case-view.ts';
import { idParams, instant, listOf, pageOf, paging, text, unitCode } from '../base/views.ts';

const outcome = keyOf(SHARE_OUTCOMES);

/** One share request (共享申请) of a list. */
export const shareRequestView = z
  .object({
    ...caseRow,
    closedAs: keyOf(SHARE_ENDS).nullable(),
    unitCode: z.string(),
    unitName: z.string(),
    wanted: z.string(),
    scenario: z.string(),
    neededAt: instant.nullable(),
    wish: z
      .object({
        matter: z.string(),
        matterName: z.string(),
        scenario: z.string(),
        typeCode: z.string(),
        fields: z.array(z.string()),
        interfaces: z.array(keyOf(INTERFACES)),
        legalBasis: z.string().nullable(),
        perDay: z.int().nullable(),
        until: z.string().nullable(),
      })
      .nullable()
      .meta({ description: 'The grant that it asks for (一证一接口): made when the request is granted' }),
    requestedAt: instant,
    filing: z.string().nullable().meta({ description: 'Who says that it was handed in on paper then' }),
    outcome: outcome.nullable(),
    outcomeText: z.string().nullable(),
    decidedAt: instant.nullable(),
  })
  .meta({ id: 'ShareRequest' });
export type ShareRequestView = z.input<typeof shareRequestView>;

const shareRequestDetail = shareRequestView
  .extend({
    ...caseParts,
    asked: z.array(z.object({ code: z.string(), name: z.string() })).meta({ description: 'Units that were asked' }),
    opinions: z.array(
      z.object({
        unitCode: z.string(),
        unitName: z.string(),
        opinion: z.string(),
        saidAt: instant,
        saidBy: z.string(),
      }),
    ),
    grant: grantView.nullable().meta({ description: 'What was granted, where it wished for a grant' }),
    can: z.array(keyOf(SHARE_REQUEST.actions)).meta({ description: 'What the caller can do with it now' }),
  })
  .meta({ id: 'ShareRequestDetail' });
export type ShareRequestDetail = z.input<typeof shareRequestDetail>;

/** Which requests: of the list, and of what is taken out. */
export const shareFilter = z.object({
  open: openFilter,
  outcome: listOf(outcome).optional(),
  unit: unitCode.optional(),
});
export const shareChoice = ({ outcome: outcomes, ...filter }: z.output<typeof shareFilter>) => ({
  outcomes,
  ...filter,
});

const askedDetail = z.object({ units: z.array(z.string()), codes: z.array(z.string()) });
const tag = 'share requests';

const shareRequests: CaseRoutes<ShareRequest, ShareStep> = {
  definition: SHARE_REQUEST,
  keeper: () => SHARE_REQUESTS,
  tag,
  found: ({ db }, id, principal) => seenCase(SHARE_REQUEST, id, principal, (choice) => listShareRequests(db, choice)),
  view: opened,
  answer: ({ id }) => ({ id }),
  audited: (step) => {
    if (step.action === 'ask') return { units: step.units.map(({ code }) => code) };
    if (step.action === 'say') return { unit: step.unit.code };
    return step.action === 'decide' ? { outcome: step.outcome } : {};
  },
};

const getShareRequests = get(
  '/share-requests',
  {
    needs: 'share:read',
    summary: '共享申请 Share requests, the latest first',
    tag,
    query: shareFilter.extend(paging.shape),
    answer: pageOf(shareRequestView),
  },
  (request, options) => {
    const { limit, after, ...filter } = request.query;
    return pageOfCases(request, options, { limit, after }, (page) =>
      listShareRequests(options.db, { ...shareChoice(filter), ...page }),
    );
  },
);

const getShareRequest = get(
  '/share-requests/:id',
  {
    needs: 'share:read',
    summary: '一件共享申请 One request, with what the units say, its deadlines and its timeline',
    tag,
    params: idParams,
    answer: shareRequestDetail,
    problems: [404],
  },
  async (request, options) => {
    const principal = principalOf(request);
    const share = await shareRequests.found(options, request.params.id, principal);
    const [parts, opinions, [grant]] = await Promise.all([
      readCaseParts(options, share, null),
      opinionsOn(options.db, share.id),
      listGrants(options.db, { requestId: share.id, ended: true }),
    ]);
    const asked = parts.events
      .filter(({ what }) => what === 'ask')
      .map(({ detail }) => askedDetail.parse(detail))
      .flatMap(({ units, codes }) => codes.map((code, index) => ({ code, name: units[index] ?? code })));
    return {
      ...share,
      ...parts,
      opinions,
      grant: grant ?? null,
      asked: [...new Map(asked.map((unit) => [unit.code, unit])).values()],
      can: canDo(SHARE_REQUEST, share, principal),
    };
  },
);

/** One use of one type (一证一接口). */
const use = z.object({
  matter: text(100),
  matterName: text(200),
  typeCode: z.string().regex(/^[0-9A-Z]{21}$/, '证照类型代码'),
  fields: z.array(text(100)).min(1).max(100).optional(),
  interfaces: z.array(keyOf(INTERFACES)).min(1).optional(),
  legalBasis: text(500).optional(),
  perDay: z.int().positive().optional(),
  until: instant.optional(),
});
type Use = z.output<typeof use>;

const postShareRequest = post(
  '/share-requests',
  {
    needs: 'share:request',
    summary: '提出共享申请 Request a certificate that is not shared yet',
    tag,
    body: z.object({
      wanted: text(500),
      scenario: text(1_000),
      neededAt: instant.optional().meta({ description: 'When the need arose, where that is known' }),
      unit: unitCode.optional().meta({ description: 'Left out: one’s own unit' }),
      use: use
        .optional()
        .meta({ description: 'For one use of one type, in the scenario: granting the request makes this grant' }),
      filed: z
        .object({ at: instant, saidBy: text(200) })
        .optional()
        .meta({ description: 'Handed in on paper before: when, and who says so' }),
    }),
    answer: opened,
    problems: [404, 409, 422],
  },
  async (request, options) => {
    const answer = await act(request, options, async (trx, { by, at, principal }) => {
      const { unit: named, neededAt = null, use, ...given } = request.body;
      const unit = await actingUnit(trx, principal, named);
      const wish = use && wishOf(use, given.scenario, await approvedCatalog(trx));
      const id = await openShareRequest(trx, { ...given, wish, unit, neededAt }, { by, at });
      const detail = { unit: unit.code };
      return { answer: { id }, deed: { action: 'share:request', object: `share/${id}`, detail } };
    });
    wake(options, { kind: 'share', id: answer.id, round: 1 });
    return answer;
  },
);

/** The grant that a request is for. Throws where it names a field that certificates of the type do not have. */
function wishOf(
  { matter, matterName, typeCode, fields, interfaces, legalBasis, perDay, until }: Use,
  scenario: string,
  catalog: Catalog,
): NewGrant {
  const entry = catalog.get(typeCode);
  const named = fields?.map((word, index) => {
    const field = sharedFieldOf(word, entry);
    if (field) return field;
    const among = entry?.face.map(({ label }) => label) ?? [];
    const message = expected('shared-field', { among });
    throw new InvalidRequest([{ code: 'custom', path: ['use', 'fields', index], message, input: word, params: {} }]);
  });
  return {
    matter,
    matterName,
    scenario,
    typeCode,
    fields: named ?? [...BASE_FIELDS],
    interfaces: interfaces ?? [...BASE_INTERFACES],
    legalBasis: legalBasis ?? null,
    perDay: perDay ?? null,
    until: until ? shanghaiInstant(until.getTime()) : null,
  };
}

/** Requests for certificates that are not shared yet (共享申请). */
export const shareRequestRoutes = {
  getShareRequests,
  getShareRequest,
  postShareRequest,
  postShareRequestAsk: actionRoute(shareRequests, 'ask'),
  postShareRequestSay: actionRoute(shareRequests, 'say'),
  postShareRequestDecide: actionRoute(shareRequests, 'decide'),
  postShareRequestWithdraw: actionRoute(shareRequests, 'withdraw'),
};
