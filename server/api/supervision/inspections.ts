import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { keyOf } from '../../../settings/values.ts';
import { capabilitiesOf } from '../../../connectors/registry.ts';
import { inspectionWorkflowId } from '../../../domain/ids.ts';
import { INSPECTIONS, SAMPLE_RESULTS, TRIAL_RESULTS } from '../../../domain/supervision/findings.ts';
import { beginSample, listInspections, runPatrol, runTrial } from '../../../store/supervision/inspections.ts';
import { getStream } from '../../../store/collection/streams.ts';
import { startSample } from '../../../temporal/runs.ts';
import { principalOf } from '../base/access.ts';
import { act } from '../base/act.ts';
import { ApiProblem } from '../base/problem.ts';
import { get, post } from '../base/route.ts';
import { begin, UNKNOWN_STREAM } from '../collection/streams.ts';
import { sees } from '../ledger/tasks.ts';
import { instant, pageOf, pageOfRows, paging, readCursor } from '../base/views.ts';

export const inspectionResult = keyOf({ ...SAMPLE_RESULTS, ...TRIAL_RESULTS });
const cursor = z.tuple([z.int()]);
const tag = 'supervision';

const MOST_SEED = 2 ** 32 - 1;
/** Short enough for a person to repeat. */
const newSeed = (): number => randomInt(1, MOST_SEED);

/** Records that one sample draws, and that one trial use asks for of each type, at most. */
const MOST_DRAWN = 500;
const MOST_OF_TYPE = 50;

const NOT_PROVABLE = new ApiProblem(
  409,
  'not-provable',
  { zh: '该数据流的源端不能重新列出已交付的数据，无法抽查', en: 'Its source cannot list what it delivered before' },
  { zh: '请责任单位出示原始记录，人工核对', en: 'Have its unit show the records' },
);
const CITY_WIDE = new ApiProblem(403, 'not-yours', {
  zh: '模拟办事和电子督查面向全部单位，本账号只能看到部分单位',
  en: 'Trial uses and patrols are about every unit, and this account sees some of them',
});
export const NO_RECORDS = new ApiProblem(409, 'no-records', {
  zh: '该数据流还没有入库的记录',
  en: 'The library holds no record of this stream',
});

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
    results: z.partialRecord(inspectionResult, z.int()),
    findings: z.array(z.int()),
    workflowId: z.string().nullable().meta({ description: 'Of a sample: what compares it with the source' }),
  })
  .meta({ id: 'Inspection' });
export type InspectionView = z.input<typeof inspectionView>;

/** An inspection of records that was begun. */
export const begunView = z.object({
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

const getInspections = get(
  '/inspections',
  {
    needs: 'supervision:read',
    summary: '检查记录 Samples, trial uses and patrols, the latest first',
    tag,
    query: paging,
    answer: pageOf(inspectionView),
  },
  async (request, { db }) => {
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

const postInspectionSample = post(
  '/inspections/sample',
  {
    needs: 'supervision:order',
    summary: '随机抽查 Draw records of a stream by a seed and compare them with their source',
    description: 'Answers once they are drawn; the comparison goes on in a workflow.',
    tag,
    body: z.object({ stream: z.string().min(1).max(100), size: z.int().min(1).max(MOST_DRAWN), ...drawing }),
    answer: begunView,
    problems: [404, 409, 422, 503],
  },
  async (request, options) => {
    const { config } = options;
    const { stream: name, size, seed = newSeed() } = request.body;
    const principal = principalOf(request);
    const configured = config()
      .connectors.filter(({ unit }) => sees(principal, unit))
      .flatMap((connector) => connector.streams.map((stream) => ({ connector, stream })))
      .find(({ stream }) => stream.id === name);
    if (!configured) throw UNKNOWN_STREAM;
    if (capabilitiesOf(config(), configured).again === 'none') throw NOT_PROVABLE;
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

const postInspectionTrial = post(
  '/inspections/trial',
  {
    needs: 'supervision:order',
    summary: '模拟办事 Ask for certificates of each type as a user unit would, and judge the answers',
    tag,
    body: z.object({ size: z.int().min(1).max(MOST_OF_TYPE), ...drawing }),
    answer: z.object({
      id: z.int(),
      results: z.partialRecord(inspectionResult, z.int()),
      findings: z.array(z.int()),
      typesWithout: z.array(z.string()).meta({ description: 'Types of which no certificate in force was drawn' }),
    }),
  },
  (request, options) =>
    act(request, options, async (trx, { by, at, principal }) => {
      if (principal.units !== null) throw CITY_WIDE;
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

const postInspectionPatrol = post(
  '/inspections/patrol',
  {
    needs: 'supervision:order',
    summary: '电子督查 Patrol: units above the numbers of the profile get a finding',
    tag,
    answer: z.object({ id: z.int(), found: z.array(z.int()), cleared: z.array(z.int()) }),
    problems: [404, 409, 422],
  },
  (request, options) =>
    act(request, options, async (trx, { by, at, principal }) => {
      if (principal.units !== null) throw CITY_WIDE;
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

/** Inspections (督查): samples, trial uses and patrols. */
export const inspectionRoutes = { getInspections, postInspectionSample, postInspectionTrial, postInspectionPatrol };
