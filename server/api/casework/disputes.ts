import { z } from 'zod';
import { keyOf } from '../../../settings/values.ts';
import { may } from '../../../domain/access.ts';
import {
  DISPUTE,
  DISPUTE_ENDS,
  DISPUTE_STAGES,
  disputeStage,
  type DisputeStage,
  type DisputeStep,
} from '../../../domain/casework/dispute.ts';
import { maskNumbers } from '../../../domain/library/personal.ts';
import { normaliseCode } from '../../../domain/library/identifiers.ts';
import { DISPUTES, listDisputes, marksOn, openDispute, type Dispute } from '../../../store/casework/disputes.ts';
import { listUnits } from '../../../store/ledger/units.ts';
import { auditRequest, principalOf } from '../base/access.ts';
import { act } from '../base/act.ts';
import { wake } from '../base/case-action.ts';
import { get, post } from '../base/route.ts';
import { actionRoute, canDo, pageOfCases, seenCase, type CaseRoutes } from './case-routes.ts';
import { caseParts, caseRow, opened, openFilter, readCaseParts } from './case-view.ts';
import { idParams, instant, listOf, pageOf, paging, text, unitCode } from '../base/views.ts';

const stage = keyOf(DISPUTE_STAGES);
const end = keyOf(DISPUTE_ENDS);
const action = keyOf(DISPUTE.actions);

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
    receivedAt: instant.nullable().meta({ description: 'When it was handed to the issuer: its clocks start then' }),
    acknowledgedAt: instant.nullable().meta({ description: 'When the issuer said that it has it' }),
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

const number = text(200).transform(normaliseCode);

/** Which disputes: of the list, and of what is taken out. */
export const disputeFilter = z.object({
  stage: listOf(stage).optional(),
  open: openFilter,
  issuer: unitCode.optional(),
  number: number.optional(),
});
export const disputeChoice = ({ stage: stages, ...filter }: z.output<typeof disputeFilter>) => ({ stages, ...filter });

const tag = 'disputes';

const disputes: CaseRoutes<Dispute, DisputeStep> = {
  definition: DISPUTE,
  keeper: () => DISPUTES,
  tag,
  found: ({ db }, id, principal) => seenCase(DISPUTE, id, principal, (choice) => listDisputes(db, choice)),
  view: opened,
  answer: ({ id }) => ({ id }),
  audited: () => ({}),
};

const getDisputes = get(
  '/disputes',
  {
    needs: 'disputes:read',
    summary: '异议 Disputes, the latest first',
    tag,
    query: disputeFilter.extend(paging.shape),
    answer: pageOf(disputeView),
  },
  (request, options) => {
    const { limit, after, ...filter } = request.query;
    return pageOfCases(request, options, { limit, after }, async (page) =>
      (await listDisputes(options.db, { ...disputeChoice(filter), ...page })).map((found) =>
        withoutNumbers(staged(found)),
      ),
    );
  },
);

const getDispute = get(
  '/disputes/:id',
  {
    needs: 'disputes:read',
    summary: '一件异议 One dispute, with its deadlines and its timeline',
    tag,
    params: idParams,
    answer: disputeDetail,
    problems: [404],
  },
  async (request, options) => {
    const { db } = options;
    const principal = principalOf(request);
    const dispute = await disputes.found(options, request.params.id, principal);
    const personal = may(principal, 'disputes:personal');
    if (personal) {
      const object = `dispute/${dispute.id}`;
      await auditRequest(request, options, { action: 'disputes:personal', object, detail: {} });
    }
    const [parts, marks] = await Promise.all([readCaseParts(options, dispute, null), marksOn(db, [dispute.number])]);
    return {
      ...staged(dispute),
      ...parts,
      personal,
      ...(personal ? {} : { ...NOTHING_PERSONAL, number: maskNumbers(dispute.number) }),
      marks: marks.filter(({ typeCode }) => typeCode === dispute.typeCode),
      can: canDo(DISPUTE, dispute, principal),
    };
  },
);

const postDispute = post(
  '/disputes',
  {
    needs: 'disputes:raise',
    summary: '提出异议 Raise a dispute about a certificate',
    tag,
    body: z.object({
      number,
      typeCode: text(100).transform(normaliseCode).nullable().default(null),
      objector: text(500).nullable().default(null),
      contact: text(500).nullable().default(null),
      statement: text(20_000),
      raisedAt: instant.optional().meta({ description: 'Left out: now' }),
    }),
    answer: opened,
    problems: [404, 409, 422],
  },
  async (request, options) => {
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

const getUnitNames = get(
  '/unit-names',
  {
    needs: 'disputes:manage',
    summary: '单位名录 Units by name, for choosing one',
    tag,
    answer: z.object({ items: z.array(z.object({ code: z.string(), name: z.string() })) }),
  },
  async (_request, { db }) => ({ items: await listUnits(db) }),
);

const staged = (dispute: Dispute): Dispute & { stage: DisputeStage } => ({ ...dispute, stage: disputeStage(dispute) });

const NOTHING_PERSONAL = { objector: null, contact: null, statement: null, answer: null };

/** As a list has it: what has a number of somebody in it is read in the dispute itself, which is audited. */
const withoutNumbers = <Row extends { number: string; ticket: string | null }>(row: Row): Row => ({
  ...row,
  number: maskNumbers(row.number),
  ticket: row.ticket && maskNumbers(row.ticket),
});

/** Disputes about certificates (异议). */
export const disputeRoutes = {
  getDisputes,
  getDispute,
  postDispute,
  // What an issuer does with a dispute, and what the management unit does beside that.
  postDisputeAnswer: actionRoute(disputes, 'answer'),
  postDisputeManage: actionRoute(disputes, 'manage'),
  getUnitNames,
};
