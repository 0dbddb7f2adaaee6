import { z } from 'zod';
import { keyOf } from '../../../settings/values.ts';
import { may } from '../../../domain/access.ts';
import {
  DISPUTE_ACTIONS,
  DISPUTE_ENDS,
  DISPUTE_STAGES,
  disputeStage,
  refusedAction,
  type DisputeAction,
  type DisputeStage,
} from '../../../domain/casework/dispute.ts';
import { normaliseCode } from '../../../domain/library/identifiers.ts';
import { audit } from '../../../store/console/audit.ts';
import {
  actOnDispute,
  listDisputes,
  marksOn,
  openDispute,
  type Dispute,
  type DisputeStep,
} from '../../../store/casework/disputes.ts';
import type { Principal } from '../../../store/console/sessions.ts';
import { listUnits, requireUnits } from '../../../store/ledger/units.ts';
import { principalOf } from '../base/access.ts';
import { act } from '../base/act.ts';
import type { Api, ApiOptions } from '../base/api.ts';
import { actOnCase, wake } from '../base/case-action.ts';
import { caseParts, caseRow, readCaseParts, unknownCase, withNextDue } from './case-view.ts';
import { idParams, instant, listOf, pageOf, pageOfRows, paging, readCursor, text, unitCode } from '../base/views.ts';

const stage = keyOf(DISPUTE_STAGES);
const end = keyOf(DISPUTE_ENDS);
const action = keyOf(DISPUTE_ACTIONS);

/** One dispute (异议) of a list: nothing personal. */
export const disputeView = z
  .object({
    ...caseRow,
    stage,
    closedAs: end.nullable(),
    round: z.int(),
    source: z.string(),
    ticket: z.string().nullable(),
    number: z.string().meta({ description: '证照编号' }),
    typeCode: z.string().nullable(),
    issuerCode: z.string().nullable(),
    issuerName: z.string().nullable(),
    raisedAt: instant,
    receivedAt: instant.nullable(),
    markedAt: instant.nullable(),
    upheld: z.boolean().nullable(),
    toldAt: instant.nullable(),
  })
  .meta({ id: 'Dispute' });
export type DisputeView = z.input<typeof disputeView>;

const disputeDetail = disputeView
  .extend({
    ...caseParts,
    sentTo: z.string().nullable(),
    sentReference: z.string().nullable(),
    sentAt: instant.nullable(),
    verifiedAt: instant.nullable(),
    correctedAt: instant.nullable(),
    correction: z.string().nullable(),
    toldReceipt: z.string().nullable(),
    mergedInto: z.int().nullable(),
    objector: z.string().nullable().meta({ description: 'Personal, like contact, statement and answer' }),
    contact: z.string().nullable(),
    statement: z.string().nullable(),
    answer: z.string().nullable(),
    personal: z.boolean().meta({ description: 'Whether what is personal is shown; each reading is audited' }),
    marks: z
      .array(z.object({ dispute: z.int(), markedAt: instant }))
      .meta({ description: 'Marks in force on the certificate (异议标注)' }),
    can: z.array(action).meta({ description: 'What the caller can do with it now' }),
  })
  .meta({ id: 'DisputeDetail' });
export type DisputeDetail = z.input<typeof disputeDetail>;

const answered = { upheld: z.boolean(), answer: text(20_000) };
const sent = { to: text(200), reference: text(200).nullable().default(null) };
const because = { reason: text(500) };

/** What an issuer does with a dispute. */
const answerBody = z.discriminatedUnion('action', [
  z.object({ action: z.literal('receive'), receivedAt: instant.optional() }),
  z.object({ action: z.literal('mark') }),
  z.object({ action: z.literal('verify'), ...answered }),
  z.object({ action: z.literal('correct'), note: text(2_000) }),
]);

/** What the management unit does with one beside that. */
const manageBody = z.discriminatedUnion('action', [
  z.object({ action: z.literal('hand-up'), ...sent }),
  z.object({ action: z.literal('route'), ...sent }),
  z.object({ action: z.literal('upper-answer'), ...answered }),
  z.object({ action: z.literal('tell'), receipt: text(500) }),
  z.object({ action: z.literal('transfer'), issuer: unitCode }),
  z.object({ action: z.literal('merge'), into: z.int().positive() }),
  z.object({ action: z.literal('withdraw'), ...because }),
  z.object({ action: z.literal('reopen'), ...because }),
]);

const number = text(200).transform(normaliseCode);

/** Which disputes: of the list, and of what is taken out. */
export const disputeFilter = z.object({
  stage: listOf(stage).optional(),
  open: z.stringbool().optional().meta({ description: 'true: only those that are not closed' }),
  issuer: unitCode.optional(),
  number: number.optional(),
});
export const disputeChoice = ({ stage: stages, ...filter }: z.output<typeof disputeFilter>) => ({ stages, ...filter });

const opened = z.object({ id: z.int() });
const cursor = z.tuple([z.int()]);
const UNKNOWN = unknownCase('异议', 'dispute');

export function disputeRoutes(app: Api, options: ApiOptions): void {
  const { db, now } = options;

  app.get(
    '/disputes',
    {
      config: { needs: 'disputes:read' },
      schema: {
        summary: '异议 Disputes, the latest first',
        tags: ['disputes'],
        querystring: disputeFilter.extend(paging.shape),
        response: { 200: pageOf(disputeView) },
      },
    },
    async (request) => {
      const { limit, after, ...filter } = request.query;
      const [before] = readCursor(after, cursor) ?? [];
      const { units } = principalOf(request);
      const rows = await listDisputes(db, { ...disputeChoice(filter), units, before, limit: limit + 1 });
      const { items, next } = pageOfRows(rows, limit, ({ id }) => [id]);
      return { items: await withNextDue(options, items.map(staged)), next };
    },
  );

  const found = async (id: number, { units }: Principal): Promise<Dispute> => {
    const [dispute] = await listDisputes(db, { id, units, limit: 1 });
    if (dispute) return dispute;
    throw UNKNOWN;
  };

  app.get(
    '/disputes/:id',
    {
      config: { needs: 'disputes:read' },
      schema: {
        summary: '一件异议 One dispute, with its deadlines and its timeline',
        tags: ['disputes'],
        params: idParams,
        response: { 200: disputeDetail },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const dispute = await found(request.params.id, principal);
      const personal = may(principal, 'disputes:personal');
      if (personal) {
        const { accountId, login: actor, role } = principal;
        const object = `dispute/${dispute.id}`;
        await audit(db, { at: now(), accountId, actor, role, action: 'disputes:personal', object, detail: {} });
      }
      const [[row], parts, marks] = await Promise.all([
        withNextDue(options, [staged(dispute)]),
        readCaseParts(options, dispute, null),
        marksOn(db, [dispute.number]),
      ]);
      if (!row) throw UNKNOWN;
      return {
        ...row,
        ...parts,
        personal,
        ...(personal ? {} : { objector: null, contact: null, statement: null, answer: null }),
        marks: marks.filter(({ typeCode }) => typeCode === dispute.typeCode),
        can: (Object.keys(DISPUTE_ACTIONS) as DisputeAction[]).filter(
          (each) => may(principal, DISPUTE_ACTIONS[each].needs) && refusedAction(dispute, each) === null,
        ),
      };
    },
  );

  app.post(
    '/disputes',
    {
      config: { needs: 'disputes:raise' },
      schema: {
        summary: '提出异议 Raise a dispute about a certificate',
        tags: ['disputes'],
        body: z.object({
          number,
          typeCode: text(100).transform(normaliseCode).nullable().default(null),
          objector: text(500).nullable().default(null),
          contact: text(500).nullable().default(null),
          statement: text(20_000),
          raisedAt: instant.optional().meta({ description: 'Left out: now' }),
        }),
        response: { 200: opened },
      },
    },
    async (request) => {
      const answer = await act(request, options, async (trx, { by, at, principal }) => {
        const { raisedAt = at, ...given } = request.body;
        const raisedBy = principal.unitCode;
        const { id } = await openDispute(
          trx,
          { source: 'console', ticket: null, ...given, raisedAt, raisedBy },
          { by, at },
        );
        return { answer: { id }, deed: { action: 'disputes:raise', object: `dispute/${id}` } };
      });
      wake(options, { kind: 'dispute', id: answer.id, round: 1 });
      return answer;
    },
  );

  const route = { params: idParams, response: { 200: opened }, tags: ['disputes'] };

  app.post(
    '/disputes/:id/answer',
    {
      config: { needs: 'disputes:answer' },
      schema: {
        summary: '发证单位办理异议 What the issuer does: receive, mark, verify, correct',
        body: answerBody,
        ...route,
      },
    },
    async (request) => {
      const { id } = await found(request.params.id, principalOf(request));
      return actOnCase(request, options, { kind: 'dispute', id }, async (trx, who) => {
        await actOnDispute(trx, id, request.body satisfies DisputeStep, who);
        return { answer: { id }, deed: { action: 'disputes:answer', detail: { action: request.body.action } } };
      });
    },
  );

  app.post(
    '/disputes/:id/manage',
    {
      config: { needs: 'disputes:manage' },
      schema: {
        summary: '管理单位办理异议 What the management unit does: hand up, tell, transfer …',
        body: manageBody,
        ...route,
      },
    },
    async (request) => {
      const { id } = await found(request.params.id, principalOf(request));
      return actOnCase(request, options, { kind: 'dispute', id }, async (trx, who) => {
        const { body } = request;
        let step: DisputeStep;
        if (body.action === 'transfer') {
          const [issuer] = await requireUnits(trx, [body.issuer]);
          if (!issuer) throw UNKNOWN;
          step = { action: 'transfer', issuer };
        } else step = body;
        await actOnDispute(trx, id, step, who);
        return { answer: { id }, deed: { action: 'disputes:manage', detail: { action: body.action } } };
      });
    },
  );

  app.get(
    '/unit-names',
    {
      config: { needs: 'disputes:manage' },
      schema: {
        summary: '单位名录 Units by name, for choosing one',
        tags: ['disputes'],
        response: { 200: z.object({ items: z.array(z.object({ code: z.string(), name: z.string() })) }) },
      },
    },
    async () => ({ items: await listUnits(db) }),
  );
}

const staged = (dispute: Dispute): Dispute & { stage: DisputeStage } => ({ ...dispute, stage: disputeStage(dispute) });
