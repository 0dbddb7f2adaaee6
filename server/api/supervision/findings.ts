import { z } from 'zod';
import { keyOf } from '../../../settings/values.ts';
import { maskNumbers } from '../../../domain/library/personal.ts';
import { may } from '../../../domain/access.ts';
import { fault } from '../../../domain/faults.ts';
import type { Given } from '../../../domain/casework/definition.ts';
import { EVERY_STATE, OBLIGATION_STATES } from '../../../domain/ledger/duties.ts';
import {
  caseSubject,
  FINDING,
  findingUnder,
  hasEnded,
  INSPECTIONS,
  STAGES,
  type FindingStep,
} from '../../../domain/supervision/findings.ts';
import { itemOf } from '../../../domain/supervision/sanctions.ts';
import { requireUnits } from '../../../store/ledger/units.ts';
import { askAll, beginRecheck, findByHand, inspectedRecords } from '../../../store/supervision/inspections.ts';
import { findEvidence } from '../../../store/casework/evidence.ts';
import { eventsOf } from '../../../store/ledger/obligations.ts';
import { startSample } from '../../../temporal/runs.ts';
import {
  detailOfStep,
  findFinding,
  findNotice,
  findingsUnder,
  giveNotice,
  listFindings,
  noticesOf,
  type Finding,
  type FindingChoice,
} from '../../../store/supervision/findings.ts';
import { listTasks } from '../../../store/ledger/tasks.ts';
import { principalOf } from '../base/access.ts';
import { act } from '../base/act.ts';
import { changeCase } from '../base/case-action.ts';
import type { ApiOptions } from '../base/api.ts';
import { fieldsOf } from '../base/case-fields.ts';
import { handedIn, keptFile, LARGEST_REPORT, sendEvidence } from '../base/evidence.ts';
import { get, post } from '../base/route.ts';
import { ApiProblem } from '../base/problem.ts';
import { actionRoute, canDo, type CaseRoutes } from '../casework/case-routes.ts';
import { begin } from '../collection/streams.ts';
import { begunView, inspectionResult, NO_RECORDS } from './inspections.ts';
import { eventView, sees, shownBy, taskView } from '../ledger/tasks.ts';
import { idParams, instant, listOf, pageOf, pageOfRows, paging, readCursor, text, unitCode } from '../base/views.ts';

const stage = keyOf(STAGES);
const kind = keyOf(INSPECTIONS);
const action = keyOf(FINDING.actions);

const cursor = z.tuple([z.int()]);
const NOT_BY_RECORDS = new ApiProblem(409, 'not-by-records', {
  zh: '该问题不是由记录发现的，或已了结',
  en: 'It was not found by its records, or has ended',
});
const deadlineView = z.object({
  id: z.int(),
  rule: z.string(),
  article: z.string(),
  startedAt: instant,
  dueAt: instant.nullable(),
  workingDays: z.int().nullable(),
  calendar: z.string().nullable(),
  state: keyOf(OBLIGATION_STATES),
});

/** What is wrong with a unit's work (问题), and how far it has come: an order, a re-check, a notice. */
export const findingView = z
  .object({
    id: z.int(),
    kind,
    unitCode: z.string(),
    unit: z.string(),
    stream: z.string().nullable(),
    cause: z.string().meta({ description: 'What it was found by, for example patrol/overdue' }),
    facts: z.string(),
    item: z.object({ id: z.string(), text: z.string() }).nullable().meta({
      description: 'Item (项) of the regulation that it falls under; null where that is not known, or there is no list',
    }),
    evidenceName: z.string().nullable().meta({ description: 'Of one that was entered by hand' }),
    stage,
    foundAt: instant,
    endedAt: instant.nullable(),
    demand: z.string().nullable(),
    orderedAt: instant.nullable(),
    orderedBy: z.string().nullable(),
    reportedAt: instant.nullable(),
    deadline: deadlineView.nullable().meta({ description: 'Of the last term; null where none was set' }),
    notices: z.array(z.string()).meta({ description: '文号 of the notices that were given' }),
  })
  .meta({ id: 'Finding' });
export type FindingView = z.input<typeof findingView>;

const findingDetail = findingView
  .extend({
    version: z.string(),
    evidenceSha256: z.string().nullable(),
    comparable: z.boolean().meta({ description: 'Whether the caller can have its records looked at again (compare)' }),
    actions: z.array(action).meta({ description: 'What the caller can do with it now' }),
    tasks: z.array(taskView).meta({ description: 'The deadline of each term that was set' }),
    records: z.array(
      z.object({
        stream: z.string(),
        key: z.string(),
        typeCode: z.string(),
        updatedAt: instant,
        proof: z.int().nullable(),
        result: inspectionResult.nullable(),
      }),
    ),
    given: z.array(z.object({ id: z.int(), number: z.string(), by: z.string(), at: instant })),
    events: z.array(eventView),
  })
  .meta({ id: 'FindingDetail' });
export type FindingDetail = z.input<typeof findingDetail>;

const noticeView = z
  .object({
    id: z.int(),
    finding: z.int(),
    unit: z.string(),
    unitCode: z.string(),
    number: z.string(),
    by: z.string(),
    at: instant,
    document: z.string().meta({ description: 'The notice as it was given, an HTML page to be printed' }),
  })
  .meta({ id: 'Notice' });
export type NoticeView = z.input<typeof noticeView>;

/** Which findings a list has. */
export const findingFilter = z.object({
  stage: listOf(stage)
    .optional()
    .meta({ description: 'On these rungs; noticed: with a notice and not ended. Without, those that have not ended' }),
  kind: kind.optional(),
  unit: unitCode.optional(),
  ended: z.enum(['yes']).optional().meta({ description: 'Also those that have ended' }),
});

/** What a filter says, in the words of the store. */
export const findingChoice = ({ stage: stages, kind: inspection, unit, ended }: z.output<typeof findingFilter>) =>
  ({ stages, kind: inspection, unit, ended: ended === 'yes' }) satisfies FindingChoice;

const unknownFinding = new ApiProblem(404, 'finding-unknown', { zh: '没有这个问题', en: 'There is no such finding' });
const unknownNotice = new ApiProblem(404, 'notice-unknown', { zh: '没有这份文书', en: 'There is no such notice' });

/** Whether it was found by looking at records, which can be looked at again. */
const isComparable = ({ kind: of, stage: on }: Finding): boolean =>
  (of === 'sample' || of === 'trial') && !hasEnded(on);

/** All terms of a finding: more than anybody sets. */
const MOST_TERMS = 100;

const tag = 'supervision';

/** A finding with the item that it falls under, in the words of the profile. */
const shown = (config: ApiOptions['config'], finding: Finding) => ({
  ...finding,
  item: itemOf(config().jurisdiction.supervision, finding),
});

const findings: CaseRoutes<Finding, FindingStep> = {
  definition: FINDING,
  keeper: ({ config }) => findingsUnder(config().jurisdiction.supervision),
  tag,
  found: async ({ db, now }, id, principal) => {
    const finding = await findFinding(db, id, now());
    if (finding && sees(principal, finding.unitCode)) return finding;
    throw unknownFinding;
  },
  view: z.object({ id: z.int(), stage }),
  answer: ({ id, stage: reached }) => ({ id, stage: reached }),
  audited: detailOfStep,
};

const getFindings = get(
  '/findings',
  {
    needs: 'supervision:read',
    summary: '问题整改 Findings of inspections, the latest first',
    tag,
    query: findingFilter.extend(paging.shape),
    answer: pageOf(findingView),
  },
  async (request, { db, now, config }) => {
    const { limit, after, ...filter } = request.query;
    const [id] = readCursor(after, cursor) ?? [];
    const { units } = principalOf(request);
    const rows = await listFindings(db, now(), { ...findingChoice(filter), units, after: id, limit: limit + 1 });
    return pageOfRows(
      rows.map((row) => shown(config, row)),
      limit,
      (row) => [row.id],
    );
  },
);

const getFinding = get(
  '/findings/:id',
  {
    needs: 'supervision:read',
    summary: '一个问题 One finding: its facts and evidence, its terms, its timeline',
    tag,
    params: idParams,
    answer: findingDetail,
    problems: [404],
  },
  async (request, options) => {
    const { db, now, config } = options;
    const { supervision } = config().jurisdiction;
    const principal = principalOf(request);
    const finding = await findings.found(options, request.params.id, principal);
    const { id, inspection, unitCode: code } = finding;
    const at = now();
    const subject = caseSubject(id);
    const written = may(principal, 'certificates:personal');
    const records = await inspectedRecords(db, inspection, code);
    const which = { states: EVERY_STATE, subject, duties: ['rectification'], limit: MOST_TERMS } as const;
    const terms = await listTasks(db, at, which);
    return {
      ...shown(config, finding),
      actions: canDo(findingUnder(supervision), finding, principal),
      comparable: isComparable(finding) && may(principal, 'supervision:order'),
      tasks: terms.map(shownBy(config(), at)),
      records: written ? records : records.map((record) => ({ ...record, key: maskNumbers(record.key) })),
      given: await noticesOf(db, id),
      events: await eventsOf(db, subject),
    };
  },
);

const getFindingEvidence = get(
  '/findings/:id/evidence',
  {
    needs: 'supervision:read',
    summary: '证明材料 The file that was handed in with a finding',
    tag,
    params: idParams,
    answer: { type: 'application/octet-stream' },
    problems: [404],
  },
  async (request, options, reply) => {
    const { id } = await findings.found(options, request.params.id, principalOf(request));
    return sendEvidence(request, reply, options, await findEvidence(options.db, 'finding', id), `rectification/${id}`);
  },
);

const postFinding = post(
  '/findings',
  {
    needs: 'supervision:order',
    bodyLimit: LARGEST_REPORT,
    summary: '登记问题 Enter a finding by hand, with what shows it',
    tag,
    body: z.object({
      unit: unitCode,
      item: text(10)
        .optional()
        .meta({ description: 'Item (项) of the regulation; needed where the profile lists them' }),
      facts: text(2_000),
      evidence: handedIn,
    }),
    answer: z.object({ id: z.int() }),
    problems: [404, 409, 422],
  },
  (request, options) =>
    act(request, options, async (trx, who) => {
      const { supervision } = options.config().jurisdiction;
      const { unit: code, item = null, facts, evidence } = request.body;
      // One that somebody does not see is to them as one that there is not.
      if (!sees(who.principal, code)) throw fault('unit-unknown', { units: [code] });
      const [unit = { code, name: code }] = await requireUnits(trx, [code]);
      const file = keptFile(evidence);
      const id = await findByHand(trx, supervision, { unit, item, facts, evidence: file }, who);
      return {
        answer: { id },
        deed: {
          action: 'supervision:order',
          object: `rectification/${id}`,
          detail: { kind: 'hand', unit: code, evidence: file.name, sha256: file.sha256 },
        },
      };
    }),
);

const postFindingCompare = post(
  '/findings/:id/compare',
  {
    needs: 'supervision:order',
    summary: '重新核查 Look at the records of a finding again, as they are now; whoever asks judges by what it shows',
    tag,
    params: idParams,
    body: z.object({}),
    answer: begunView,
    problems: [404, 409, 422, 503],
  },
  async (request, options) => {
    const { config, files } = options;
    const finding = await findings.found(options, request.params.id, principalOf(request));
    if (!isComparable(finding)) throw NOT_BY_RECORDS;
    return act(request, options, async (trx, who) => {
      const { inspection: id, drawn } = await beginRecheck(trx, finding.id, who);
      if (drawn === 0) throw NO_RECORDS;
      const { stream } = finding;
      const { workflowId } =
        finding.kind === 'sample' && stream !== null
          ? await begin(options, (client) => startSample(client, config(), stream, id))
          : await askAll(trx, id, (hash) => files.has(hash), who.at).then(() => ({ workflowId: null }));
      return {
        answer: { id, drawn, workflowId },
        deed: {
          action: 'supervision:order',
          object: `rectification/${finding.id}`,
          detail: { kind: finding.kind, records: drawn },
        },
      };
    });
  },
);

const { notice } = FINDING.actions;

const postFindingNotice = post(
  '/findings/:id/notice',
  {
    needs: notice.needs,
    summary: '出具文书 Give notice of what was not rectified in time, as the profile has it (书面通报, 督办函)',
    tag,
    params: idParams,
    body: z.object(fieldsOf(notice.fields)),
    answer: z.object({ id: z.int(), notice: z.int() }),
    problems: [404, 409, 422],
  },
  async (request, options) => {
    const { jurisdiction } = options.config();
    const { id } = await findings.found(options, request.params.id, principalOf(request));
    const body = request.body as Given<typeof notice.fields>;
    return changeCase(request, options, findings.keeper(options), id, async (trx, _finding, who) => {
      const given = await giveNotice(trx, jurisdiction, id, body, who);
      return {
        answer: { id, notice: given.id },
        deed: { action: notice.needs, detail: { action: 'notice', number: body.number } },
      };
    });
  },
);

const getNotice = get(
  '/notices/:id',
  {
    needs: 'supervision:read',
    summary: '文书 A notice or letter as it was given, to be printed',
    tag,
    params: idParams,
    answer: noticeView,
    problems: [404],
  },
  async (request, { db }) => {
    const given = await findNotice(db, request.params.id);
    if (given && sees(principalOf(request), given.unitCode)) return given;
    throw unknownNotice;
  },
);

/** What is wrong with units’ work (问题整改), and the notices that were given. */
export const findingRoutes = {
  getFindings,
  getFinding,
  getFindingEvidence,
  postFinding,
  postFindingOrder: actionRoute(findings, 'order'),
  postFindingDismiss: actionRoute(findings, 'dismiss'),
  postFindingTransfer: actionRoute(findings, 'transfer'),
  postFindingDone: actionRoute(findings, 'done'),
  postFindingRecheck: actionRoute(findings, 'recheck'),
  postFindingCompare,
  postFindingNotice,
  getNotice,
};
