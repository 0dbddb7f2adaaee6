import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { keyOf } from '../../../settings/values.ts';
import { openStream } from '../../../connectors/registry.ts';
import { maskKey } from '../../../connectors/examine/discover.ts';
import { may } from '../../../domain/access.ts';
import type { Given } from '../../../domain/casework/definition.ts';
import { EVERY_STATE, OBLIGATION_STATES } from '../../../domain/ledger/duties.ts';
import { inspectionWorkflowId } from '../../../domain/ids.ts';
import {
  caseSubject,
  FINDING,
  hasEnded,
  INSPECTIONS,
  SAMPLE_RESULTS,
  STAGES,
  TRIAL_RESULTS,
  type FindingStep,
} from '../../../domain/supervision/findings.ts';
import {
  askAll,
  beginRecheck,
  beginSample,
  inspectedRecords,
  listInspections,
  runPatrol,
  runTrial,
} from '../../../store/supervision/inspections.ts';
import { eventsOf } from '../../../store/ledger/obligations.ts';
import { getStream } from '../../../store/collection/streams.ts';
import { startSample } from '../../../temporal/runs.ts';
import {
  detailOfStep,
  findFinding,
  findNotice,
  FINDINGS,
  giveNotice,
  listFindings,
  noticesOf,
  type Finding,
  type FindingChoice,
} from '../../../store/supervision/findings.ts';
import { listTasks } from '../../../store/ledger/tasks.ts';
import { principalOf } from '../base/access.ts';
import { act } from '../base/act.ts';
import type { Api, ApiOptions } from '../base/api.ts';
import { inCase } from '../base/case-action.ts';
import { fieldsOf } from '../base/case-fields.ts';
import { ApiProblem } from '../base/problem.ts';
import { actionRoute, canDo, type CaseRoutes } from '../casework/case-routes.ts';
import { begin, UNKNOWN_STREAM } from '../collection/streams.ts';
import { eventView, sees, shownBy, taskView } from '../ledger/tasks.ts';
import { idParams, instant, listOf, pageOf, pageOfRows, paging, readCursor, unitCode } from '../base/views.ts';

const stage = keyOf(STAGES);
const kind = keyOf(INSPECTIONS);
const action = keyOf(FINDING.actions);
const result = keyOf({ ...SAMPLE_RESULTS, ...TRIAL_RESULTS });

const cursor = z.tuple([z.int()]);
const MOST_SEED = 2 ** 32 - 1;
/** Short enough for a person to repeat. */
const newSeed = (): number => randomInt(1, MOST_SEED);

const NOT_PROVABLE = new ApiProblem(
  409,
  'not-provable',
  { zh: '该数据流的源端不能重新列出已交付的数据，无法抽查', en: 'Its source cannot list what it delivered before' },
  { zh: '请责任单位出示原始记录，人工核对', en: 'Have its unit show the records' },
);
const NOT_BY_RECORDS = new ApiProblem(409, 'not-by-records', {
  zh: '该问题不是由记录发现的，或已了结',
  en: 'It was not found by its records, or has ended',
});
const NO_RECORDS = new ApiProblem(409, 'no-records', {
  zh: '该数据流还没有入库的记录',
  en: 'The library holds no record of this stream',
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
        result: result.nullable(),
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

/** An inspection (督查): what was drawn or counted, and what came of it. */
export const inspectionView = z
  .object({
    id: z.int(),
    kind: keyOf(INSPECTIONS),
    by: z.string(),
    startedAt: instant,
    finishedAt: instant.nullable(),
    stream: z.string().nullable(),
    title: z.string().nullable(),
    seed: z.int().nullable().meta({ description: 'The same seed draws the same records of the same library' }),
    size: z.int().nullable(),
    recheckOf: z.int().nullable().meta({ description: 'Of a re-check: the finding whose records are looked at again' }),
    drawn: z.int(),
    results: z.partialRecord(result, z.int()),
    findings: z.array(z.int()),
    workflowId: z.string().nullable().meta({ description: 'Of a sample: what compares it with the source' }),
  })
  .meta({ id: 'Inspection' });
export type InspectionView = z.input<typeof inspectionView>;

/** An inspection of records that was begun. */
const begunView = z.object({
  id: z.int(),
  drawn: z.int(),
  workflowId: z.string().nullable().meta({ description: 'What goes on with it; null where it is done' }),
});

const drawing = {
  seed: z
    .int()
    .min(1)
    .max(MOST_SEED)
    .optional()
    .meta({ description: 'Of an inspection before, to draw its records again; without: a new one' }),
};

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
const unknownNotice = new ApiProblem(404, 'notice-unknown', { zh: '没有这份通报', en: 'There is no such notice' });

/** Whether it was found by looking at records, which can be looked at again. */
const isComparable = ({ kind: of, stage: on }: Finding): boolean =>
  (of === 'sample' || of === 'trial') && !hasEnded(on);

/** Records that one sample draws, and that one trial use asks for of each type, at most. */
const MOST_DRAWN = 500;
const MOST_OF_TYPE = 50;
/** All terms of a finding: more than anybody sets. */
const MOST_TERMS = 100;

const tags = ['supervision'];

const findingsOf = ({ db, now }: ApiOptions): CaseRoutes<Finding, FindingStep> => ({
  keeper: FINDINGS,
  tag: 'supervision',
  found: async (id, principal) => {
    const finding = await findFinding(db, id, now());
    if (finding && sees(principal, finding.unitCode)) return finding;
    throw unknownFinding;
  },
  view: z.object({ id: z.int(), stage }),
  answer: ({ id, stage: reached }) => ({ id, stage: reached }),
  audited: detailOfStep,
});

export function supervisionRoutes(app: Api, options: ApiOptions): void {
  findingListRoute(app, options);
  findingRoute(app, options);
  const routes = findingsOf(options);
  for (const path of ['order', 'dismiss', 'done', 'recheck']) actionRoute(app, options, routes, path);
  compareRoute(app, options);
  giveNoticeRoute(app, options);
  noticeRoute(app, options);
  inspectionListRoute(app, options);
  sampleRoute(app, options);
  trialRoute(app, options);
  patrolRoute(app, options);
}

function findingListRoute(app: Api, { db, now }: ApiOptions): void {
  app.get(
    '/findings',
    {
      config: { needs: 'supervision:read' },
      schema: {
        summary: '责令与通报 Findings of inspections, the latest first',
        tags,
        querystring: findingFilter.extend(paging.shape),
        response: { 200: pageOf(findingView) },
      },
    },
    async (request) => {
      const { limit, after, ...filter } = request.query;
      const [id] = readCursor(after, cursor) ?? [];
      const { units } = principalOf(request);
      const rows = await listFindings(db, now(), { ...findingChoice(filter), units, after: id, limit: limit + 1 });
      return pageOfRows(rows, limit, (row) => [row.id]);
    },
  );
}

function findingRoute(app: Api, options: ApiOptions): void {
  const { db, now, config } = options;
  const { found } = findingsOf(options);
  app.get(
    '/findings/:id',
    {
      config: { needs: 'supervision:read' },
      schema: {
        summary: '一个问题 One finding: its facts and evidence, its terms, its timeline',
        tags,
        params: idParams,
        response: { 200: findingDetail },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const finding = await found(request.params.id, principal);
      const { id, inspection, unitCode: code } = finding;
      const at = now();
      const subject = caseSubject(id);
      const written = may(principal, 'certificates:personal');
      const records = await inspectedRecords(db, inspection, code);
      const which = { states: EVERY_STATE, subject, duties: ['rectification'], limit: MOST_TERMS } as const;
      const terms = await listTasks(db, at, which);
      return {
        ...finding,
        actions: canDo(FINDING, finding, principal),
        comparable: isComparable(finding) && may(principal, 'supervision:order'),
        tasks: terms.map(shownBy(config(), at)),
        records: written ? records : records.map((record) => ({ ...record, key: maskKey(record.key) })),
        given: await noticesOf(db, id),
        events: await eventsOf(db, subject),
      };
    },
  );
}

function compareRoute(app: Api, options: ApiOptions): void {
  const { config, files } = options;
  const { found } = findingsOf(options);
  app.post(
    '/findings/:id/compare',
    {
      config: { needs: 'supervision:order' },
      schema: {
        summary:
          '重新核查 Look at the records of a finding again, as they are now; whoever asks judges by what it shows',
        tags,
        params: idParams,
        body: z.object({}),
        response: { 200: begunView },
      },
    },
    async (request) => {
      const finding = await found(request.params.id, principalOf(request));
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
}

const { notice } = FINDING.actions;

function giveNoticeRoute(app: Api, options: ApiOptions): void {
  const { config } = options;
  const { found } = findingsOf(options);
  app.post(
    '/findings/:id/notice',
    {
      config: { needs: notice.needs },
      schema: {
        summary: '书面通报 Give notice of what was not rectified in time',
        tags,
        params: idParams,
        body: z.object(fieldsOf(notice.fields)),
        response: { 200: z.object({ id: z.int(), notice: z.int() }) },
      },
    },
    async (request) => {
      const { id } = await found(request.params.id, principalOf(request));
      const { number } = request.body as Given<typeof notice.fields>;
      return inCase(request, options, FINDINGS, id, async (trx, _finding, who) => {
        const given = await giveNotice(trx, config().jurisdiction, id, number, who);
        return {
          answer: { id, notice: given.id },
          deed: { action: notice.needs, detail: { action: 'notice', number } },
        };
      });
    },
  );
}

function noticeRoute(app: Api, { db }: ApiOptions): void {
  app.get(
    '/notices/:id',
    {
      config: { needs: 'supervision:read' },
      schema: {
        summary: '书面通报 A notice as it was given, to be printed',
        tags,
        params: idParams,
        response: { 200: noticeView },
      },
    },
    async (request) => {
      const given = await findNotice(db, request.params.id);
      if (given && sees(principalOf(request), given.unitCode)) return given;
      throw unknownNotice;
    },
  );
}

function inspectionListRoute(app: Api, { db }: ApiOptions): void {
  app.get(
    '/inspections',
    {
      config: { needs: 'supervision:read' },
      schema: {
        summary: '检查记录 Samples, trial uses and patrols, the latest first',
        tags,
        querystring: paging,
        response: { 200: pageOf(inspectionView) },
      },
    },
    async (request) => {
      const { limit, after } = request.query;
      const [before] = readCursor(after, cursor) ?? [];
      const rows = await listInspections(db, { units: principalOf(request).units, before, limit: limit + 1 });
      const { items, next } = pageOfRows(rows, limit, ({ id }) => [id]);
      return {
        items: items.map((row) => ({
          ...row,
          workflowId: row.kind === 'sample' ? inspectionWorkflowId(row.id) : null,
        })),
        next,
      };
    },
  );
}

function sampleRoute(app: Api, options: ApiOptions): void {
  const { config } = options;
  app.post(
    '/inspections/sample',
    {
      config: { needs: 'supervision:order' },
      schema: {
        summary: '随机抽查 Draw records of a stream by a seed and compare them with their source',
        description: 'Answers once they are drawn; the comparison goes on in a workflow.',
        tags,
        body: z.object({ stream: z.string().min(1).max(100), size: z.int().min(1).max(MOST_DRAWN), ...drawing }),
        response: { 200: begunView },
      },
    },
    async (request) => {
      const { stream: name, size, seed = newSeed() } = request.body;
      const principal = principalOf(request);
      const configured = config()
        .connectors.filter(({ unit }) => sees(principal, unit))
        .flatMap((connector) => connector.streams.map((stream) => ({ connector, stream })))
        .find(({ stream }) => stream.id === name);
      if (!configured) throw UNKNOWN_STREAM;
      const { source } = openStream(config(), configured.connector, configured.stream);
      await source.close?.();
      if (source.once) throw NOT_PROVABLE;
      return act(request, options, async (trx, { by, at }) => {
        const row = await getStream(trx, name);
        const { inspection: id, drawn } = await beginSample(trx, row, { size, seed }, { by, at });
        if (drawn === 0) throw NO_RECORDS;
        const { workflowId } = await begin(options, (client) => startSample(client, config(), name, id));
        return {
          answer: { id, drawn, workflowId },
          deed: {
            action: 'supervision:order',
            object: `inspection/${id}`,
            detail: { kind: 'sample', stream: name, size, seed },
          },
        };
      });
    },
  );
}

function trialRoute(app: Api, options: ApiOptions): void {
  app.post(
    '/inspections/trial',
    {
      config: { needs: 'supervision:order' },
      schema: {
        summary: '模拟办事 Ask for certificates of each type as a user unit would, and judge the answers',
        tags,
        body: z.object({ size: z.int().min(1).max(MOST_OF_TYPE), ...drawing }),
        response: {
          200: z.object({
            id: z.int(),
            results: z.partialRecord(result, z.int()),
            findings: z.array(z.int()),
            typesWithout: z.array(z.string()).meta({ description: 'Types of which no certificate in force was drawn' }),
          }),
        },
      },
    },
    (request) =>
      act(request, options, async (trx, { by, at }) => {
        const { size, seed = newSeed() } = request.body;
        const hasFile = (hash: string) => options.files.has(hash);
        const { inspection: id, ...done } = await runTrial(trx, { size, seed, hasFile }, { by, at });
        return {
          answer: { id, ...done },
          deed: {
            action: 'supervision:order',
            object: `inspection/${id}`,
            detail: { kind: 'trial', size, seed, found: done.findings.length },
          },
        };
      }),
  );
}

function patrolRoute(app: Api, options: ApiOptions): void {
  app.post(
    '/inspections/patrol',
    {
      config: { needs: 'supervision:order' },
      schema: {
        summary: '电子督查 Patrol: units above the numbers of the profile get a finding',
        tags,
        response: { 200: z.object({ id: z.int(), found: z.array(z.int()), cleared: z.array(z.int()) }) },
      },
    },
    (request) =>
      act(request, options, async (trx, { by, at }) => {
        const { supervision } = options.config().jurisdiction;
        const { inspection, found: opened, cleared } = await runPatrol(trx, supervision.patrol, { by, at });
        return {
          answer: { id: inspection, found: opened, cleared },
          deed: {
            action: 'supervision:order',
            object: `inspection/${inspection}`,
            detail: { kind: 'patrol', found: opened.length, cleared: cleared.length },
          },
        };
      }),
  );
}
