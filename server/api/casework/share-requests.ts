import { z } from 'zod';
import { keyOf } from '../../../settings/values.ts';
import { may } from '../../../domain/access.ts';
import { SHARE_OUTCOMES } from '../../../domain/casework/share-request.ts';
import {
  actOnShareRequest,
  listShareRequests,
  openShareRequest,
  opinionsOn,
  type ShareRequest,
} from '../../../store/casework/share-requests.ts';
import type { Principal } from '../../../store/console/sessions.ts';
import { requireUnits } from '../../../store/ledger/units.ts';
import { principalOf } from '../base/access.ts';
import { act } from '../base/act.ts';
import type { Api, ApiOptions } from '../base/api.ts';
import { actOnCase, wake } from '../base/case-action.ts';
import { actingUnit, caseParts, caseRow, readCaseParts, unknownCase, withNextDue } from './case-view.ts';
import { ApiProblem } from '../base/problem.ts';
import { sees } from '../ledger/tasks.ts';
import { idParams, instant, listOf, pageOf, pageOfRows, paging, readCursor, text, unitCode } from '../base/views.ts';

const outcome = keyOf(SHARE_OUTCOMES);

/** One share request (共享申请) of a list. */
export const shareRequestView = z
  .object({
    ...caseRow,
    closedAs: z.string().nullable(),
    unitCode: z.string(),
    unitName: z.string(),
    wanted: z.string(),
    scenario: z.string(),
    neededAt: instant.nullable(),
    requestedAt: instant,
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
    can: z
      .array(z.enum(['ask', 'say', 'decide', 'withdraw']))
      .meta({ description: 'What the caller can do with it now' }),
  })
  .meta({ id: 'ShareRequestDetail' });
export type ShareRequestDetail = z.input<typeof shareRequestDetail>;

/** Which requests: of the list, and of what is taken out. */
export const shareFilter = z.object({
  open: z.stringbool().optional(),
  outcome: listOf(outcome).optional(),
  unit: unitCode.optional(),
});
export const shareChoice = ({ outcome: outcomes, ...filter }: z.output<typeof shareFilter>) => ({
  outcomes,
  ...filter,
});

const opened = z.object({ id: z.int() });
const cursor = z.tuple([z.int()]);
const askedDetail = z.object({ units: z.array(z.string()), codes: z.array(z.string()) });
const UNKNOWN = unknownCase('共享申请', 'share request');
const NOT_YOURS = new ApiProblem(403, 'not-yours', {
  zh: '只有提出申请的单位可以撤回',
  en: 'Only the unit that requested it can withdraw it',
});

export function shareRequestRoutes(app: Api, options: ApiOptions): void {
  const { db } = options;

  app.get(
    '/share-requests',
    {
      config: { needs: 'share:read' },
      schema: {
        summary: '共享申请 Share requests, the latest first',
        tags: ['share requests'],
        querystring: shareFilter.extend(paging.shape),
        response: { 200: pageOf(shareRequestView) },
      },
    },
    async (request) => {
      const { limit, after, ...filter } = request.query;
      const [before] = readCursor(after, cursor) ?? [];
      const { units } = principalOf(request);
      const rows = await listShareRequests(db, { ...shareChoice(filter), units, before, limit: limit + 1 });
      const { items, next } = pageOfRows(rows, limit, ({ id }) => [id]);
      return { items: await withNextDue(options, items), next };
    },
  );

  const found = async (id: number, { units }: Principal): Promise<ShareRequest> => {
    const [share] = await listShareRequests(db, { id, units, limit: 1 });
    if (share) return share;
    throw UNKNOWN;
  };

  app.get(
    '/share-requests/:id',
    {
      config: { needs: 'share:read' },
      schema: {
        summary: '一件共享申请 One request, with what the units say, its deadlines and its timeline',
        tags: ['share requests'],
        params: idParams,
        response: { 200: shareRequestDetail },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const share = await found(request.params.id, principal);
      const [[row], parts, opinions] = await Promise.all([
        withNextDue(options, [share]),
        readCaseParts(options, share, null),
        opinionsOn(db, share.id),
      ]);
      if (!row) throw UNKNOWN;
      const asked = parts.events
        .filter(({ what }) => what === 'ask')
        .map(({ detail }) => askedDetail.parse(detail))
        .flatMap(({ units, codes }) => codes.map((code, index) => ({ code, name: units[index] ?? code })));
      const possible = share.closedAt === null ? (['ask', 'say', 'decide', 'withdraw'] as const) : [];
      return {
        ...row,
        ...parts,
        opinions,
        asked: [...new Map(asked.map((unit) => [unit.code, unit])).values()],
        can: possible.filter(
          (each) => may(principal, NEEDS[each]) && (each !== 'withdraw' || sees(principal, share.unitCode)),
        ),
      };
    },
  );

  app.post(
    '/share-requests',
    {
      config: { needs: 'share:request' },
      schema: {
        summary: '提出共享申请 Request a certificate that is not shared yet',
        tags: ['share requests'],
        body: z.object({
          wanted: text(500),
          scenario: text(1_000),
          neededAt: instant.optional().meta({ description: 'When the need arose, where that is known' }),
          unit: unitCode.optional().meta({ description: 'Left out: one’s own unit' }),
        }),
        response: { 200: opened },
      },
    },
    async (request) => {
      const answer = await act(request, options, async (trx, { by, at, principal }) => {
        const { unit: named, neededAt = null, ...given } = request.body;
        if (neededAt !== null && neededAt > at) throw AHEAD;
        const unit = await actingUnit(trx, principal, named);
        const id = await openShareRequest(trx, { ...given, unit, neededAt }, { by, at });
        const detail = { unit: unit.code };
        return { answer: { id }, deed: { action: 'share:request', object: `share/${id}`, detail } };
      });
      wake(options, { kind: 'share', id: answer.id, round: 1 });
      return answer;
    },
  );

  const route = { params: idParams, response: { 200: opened }, tags: ['share requests'] };

  app.post(
    '/share-requests/:id/ask',
    {
      config: { needs: 'share:decide' },
      schema: {
        summary: '征求意见 Ask units that take part; they see the request from then on',
        ...route,
        body: z.object({ units: z.array(unitCode).min(1).max(100) }),
      },
    },
    async (request) => {
      const { id } = await found(request.params.id, principalOf(request));
      return actOnCase(request, options, { kind: 'share', id }, async (trx, who) => {
        const units = await requireUnits(trx, request.body.units);
        await actOnShareRequest(trx, id, { action: 'ask', units }, who);
        return {
          answer: { id },
          deed: { action: 'share:decide', detail: { action: 'ask', units: request.body.units } },
        };
      });
    },
  );

  app.post(
    '/share-requests/:id/say',
    {
      config: { needs: 'share:say' },
      schema: {
        summary: '发表意见 What a unit that takes part says',
        ...route,
        body: z.object({
          opinion: text(2_000),
          unit: unitCode.optional().meta({ description: 'Left out: one’s own unit' }),
        }),
      },
    },
    async (request) => {
      const { id } = await found(request.params.id, principalOf(request));
      return actOnCase(request, options, { kind: 'share', id }, async (trx, who) => {
        const unit = await actingUnit(trx, who.principal, request.body.unit);
        await actOnShareRequest(trx, id, { action: 'say', unit, opinion: request.body.opinion }, who);
        return { answer: { id }, deed: { action: 'share:say', detail: { unit: unit.code } } };
      });
    },
  );

  app.post(
    '/share-requests/:id/decide',
    {
      config: { needs: 'share:decide' },
      schema: {
        summary: '作出决定 Decide a request (予以解决)',
        ...route,
        body: z.object({ outcome, text: text(2_000) }),
      },
    },
    async (request) => {
      const { id } = await found(request.params.id, principalOf(request));
      return actOnCase(request, options, { kind: 'share', id }, async (trx, who) => {
        await actOnShareRequest(trx, id, { action: 'decide', ...request.body }, who);
        const detail = { action: 'decide', outcome: request.body.outcome };
        return { answer: { id }, deed: { action: 'share:decide', detail } };
      });
    },
  );

  app.post(
    '/share-requests/:id/withdraw',
    {
      config: { needs: 'share:request' },
      schema: { summary: '撤回申请 The unit needs it no more', ...route, body: z.object({ reason: text(500) }) },
    },
    async (request) => {
      const principal = principalOf(request);
      const { id, unitCode: requester } = await found(request.params.id, principal);
      if (!sees(principal, requester)) throw NOT_YOURS;
      return actOnCase(request, options, { kind: 'share', id }, async (trx, who) => {
        await actOnShareRequest(trx, id, { action: 'withdraw', ...request.body }, who);
        return { answer: { id }, deed: { action: 'share:request', detail: { action: 'withdraw' } } };
      });
    },
  );
}

const NEEDS = { ask: 'share:decide', say: 'share:say', decide: 'share:decide', withdraw: 'share:request' } as const;
const AHEAD = new ApiProblem(400, 'share-ahead', {
  zh: '需求产生时间晚于当前时间',
  en: 'The need cannot lie ahead of the clock',
});
