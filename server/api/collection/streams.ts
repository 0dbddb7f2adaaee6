import { isGrpcServiceError } from '@temporalio/client';
import { stringify } from 'yaml';
import { z } from 'zod';
import { keyOf } from '../../../settings/values.ts';
import { findStream, type HubConfig } from '../../../settings/load.ts';
import { FROM_THE_START } from '../../../connectors/contract.ts';
import {
  checkStream,
  explainStream,
  faultOf,
  mapSample,
  maskedPreview,
  shownSettings,
  windowToPreview,
  type Checked,
  type Previewed,
} from '../../../connectors/examine/examine.ts';
import { openStream, type OpenStream } from '../../../connectors/registry.ts';
import { may } from '../../../domain/access.ts';
import { addDays, DAY_MS, shanghaiDate, startOfDayMs } from '../../../domain/dates.ts';
import { HubError, messageOf } from '../../../domain/errors.ts';
import { COVERAGE_STATES, DRIFT_ACTIONS, DRIFT_CHANGES, STREAM_STATES, streamReason } from '../../../domain/streams.ts';
import { RULES } from '../../../domain/library/validation.ts';
import { describeWindow } from '../../../domain/collection/window.ts';
import { audit } from '../../../store/console/audit.ts';
import { lastBatches } from '../../../store/collection/batches.ts';
import {
  countStreamStates,
  findGaps,
  streamDays,
  streamStates,
  type StreamState,
} from '../../../store/collection/overview.ts';
import { listProofs } from '../../../store/collection/proofs.ts';
import type { Principal } from '../../../store/console/sessions.ts';
import { streamReports } from '../../../store/collection/stream-report.ts';
import { stockReports } from '../../../store/collection/stock.ts';
import { resumeStream } from '../../../store/collection/streams.ts';
import { startRun } from '../../../temporal/runs.ts';
import { principalOf } from '../base/access.ts';
import { act } from '../base/act.ts';
import type { Api, ApiOptions } from '../base/api.ts';
import { ApiProblem } from '../base/problem.ts';
import { date, instant, listOf, pageOf, pageOfRows, paging, readCursor, said, unitCode } from '../base/views.ts';

const stateName = keyOf(STREAM_STATES);
const coverageState = keyOf(COVERAGE_STATES);
export const rule = keyOf(RULES);

/** The name of a stream, in an address. */
export const streamParams = z.object({ name: z.string().min(1).max(100) });

/** One stream (归集数据流) and how it stands. */
export const streamView = z
  .object({
    stream: z.string(),
    title: z.string(),
    unit: z.string(),
    unitCode: z.string(),
    delivery: z.enum(['daily', 'return', 'stock']),
    state: stateName.meta({ description: 'unknown: nothing was heard, which is not healthy' }),
    reason: said.meta({ description: 'Why it stands so' }),
    lastSuccessAt: instant.nullable(),
    coveredTo: instant.nullable().meta({ description: 'Proven to be in up to here; null for chains of batches' }),
    lagMinutes: z.int().nullable().meta({ description: 'How far its coverage ends before now' }),
    link: z.int().nullable().meta({ description: 'The last link of a chain of batches' }),
    declared: z.int().meta({ description: '源端: what the source said it has, of the reads of the last 30 days' }),
    read: z.int().meta({ description: '读取' }),
    committed: z.int().meta({ description: '入库: accepted, unchanged and rejected together' }),
    accepted: z.int(),
    rejected: z.int(),
    gaps: z.int(),
    openRejects: z.int(),
  })
  .meta({ id: 'Stream' });
export type StreamView = z.input<typeof streamView>;

const coverageView = z
  .object({ stream: z.string(), title: z.string(), unit: z.string(), state: stateName, days: z.array(coverageState) })
  .meta({ id: 'StreamCoverage' });
export type CoverageView = z.input<typeof coverageView>;
const coveragePage = pageOf(coverageView).extend({ days: z.array(date) });
export type CoveragePage = z.input<typeof coveragePage>;
const countsView = z.object({
  at: instant,
  counts: z.record(stateName, z.int()),
  units: z.array(z.object({ code: z.string(), name: z.string() })),
});
export type StreamCounts = z.input<typeof countsView>;

const streamDetail = streamView
  .extend({
    at: instant,
    pausedReason: z.string().nullable(),
    pausedCode: z.string().nullable().meta({ description: 'Names the fault that it is paused for' }),
    contact: z.enum(['delivered', 'nothing', 'unreachable', 'garbled', 'refused']).nullable(),
    contactAt: instant.nullable(),
    contactDetail: z.string().nullable(),
    rejectsByRule: z.array(z.object({ rule: z.string(), records: z.int() })),
    drifts: z.array(
      z.object({ field: z.string(), change: keyOf(DRIFT_CHANGES), detail: z.string(), action: keyOf(DRIFT_ACTIONS) }),
    ),
    batches: z.array(
      z.object({
        id: z.int(),
        purpose: z.string(),
        from: instant.nullable(),
        to: instant.nullable(),
        sourceBatch: z.string().nullable(),
        state: z.enum(['open', 'complete', 'different']),
        declared: z.int(),
        read: z.int().nullable(),
        accepted: z.int().nullable(),
        unchanged: z.int().nullable(),
        rejected: z.int().nullable(),
        openedAt: instant,
        closedAt: instant.nullable(),
        acknowledgedAt: instant.nullable(),
        workflowId: z.string(),
      }),
    ),
    gapList: z.array(
      z.object({
        kind: z.enum(['interval', 'outage', 'batch', 'difference', 'unacknowledged', 'paused']),
        what: z.string(),
        from: instant.nullable(),
        to: instant.nullable(),
      }),
    ),
    proofs: z.array(
      z.object({
        id: z.int(),
        from: instant.nullable(),
        to: instant.nullable(),
        batch: z.string().nullable(),
        finishedAt: instant.nullable(),
        sourceRecords: z.int(),
        sourceRefused: z.int(),
        libraryRecords: z.int(),
        missingCount: z.int(),
        extraCount: z.int(),
        differentCount: z.int(),
        fault: z.string().nullable(),
      }),
    ),
    stock: z
      .object({ planned: z.int().nullable(), done: z.int(), dueOn: date.nullable(), sealed: z.int(), refused: z.int() })
      .nullable(),
    configuration: z
      .object({
        connector: z.string(),
        kind: z.string(),
        parts: z
          .array(z.object({ title: said, lines: z.array(said) }))
          .meta({ description: 'As ./hub connector explain says it' }),
        settings: z.string().meta({ description: 'YAML; secrets are references' }),
        fault: z.string().nullable(),
      })
      .nullable(),
    days: z.array(z.object({ date, state: coverageState })),
  })
  .meta({ id: 'StreamDetail' });
export type StreamDetail = z.input<typeof streamDetail>;

const checkView = z
  .object({
    report: z
      .object({ records: z.int(), count: z.int(), clockSkewMs: z.number(), notes: z.array(z.string()) })
      .nullable(),
    accepted: z.object({ records: z.int(), of: z.int() }).nullable(),
    reasons: z.array(z.string()),
    fault: z.object({ kind: z.string(), code: z.string(), cause: z.string(), cure: z.string() }).nullable(),
  })
  .meta({ id: 'StreamCheck' });
export type CheckView = z.input<typeof checkView>;

const previewView = z
  .object({
    window: z.string(),
    records: z.int(),
    accepted: z.int(),
    rejected: z.int(),
    masked: z.boolean().meta({ description: 'What is personal is hidden' }),
    rows: z.array(
      z.object({
        raw: z.unknown(),
        mapped: z.unknown(),
        rejected: z.array(z.object({ rule, field: z.string(), found: z.string().optional() })).nullable(),
      }),
    ),
  })
  .meta({ id: 'StreamPreview' });
export type PreviewView = z.input<typeof previewView>;

/** A run that was started. */
export const runView = z.object({ workflowId: z.string() }).meta({ id: 'StartedRun' });

/** Which streams: of the list, and of what is taken out. */
export const streamFilter = z.object({ unit: unitCode.optional(), state: listOf(stateName).optional() });
export const streamCursor = z.tuple([stateName, z.string()]);

const MINUTE_MS = 60_000;
/** Counts of a list are of so many days, and so many days are on the map unless others are asked for. */
const DAYS = 30;
const MOST_DAYS = 93;
/** A source that answers no sooner is not waited for. */
const PATIENCE_MS = 30_000;
/** Records of a preview that are shown, the rejected ones first. */
const SHOWN = 20;
const SHOWN_BATCHES = 30;
const SHOWN_PROOFS = 30;
/** Gaps and differences that are listed of one stream; all are counted. */
const SHOWN_GAPS = 200;

export const UNKNOWN_STREAM = new ApiProblem(404, 'stream-unknown', {
  zh: '没有这个数据流',
  en: 'There is no such stream',
});
const NOT_PAUSED = new ApiProblem(409, 'not-paused', { zh: '该数据流没有暂停', en: 'The stream is not paused' });
const PAUSED = new ApiProblem(
  409,
  'stream-paused',
  { zh: '该数据流已暂停，没有启动', en: 'The stream is paused; nothing was started' },
  {
    zh: '修正配置后自动恢复；若原因在配置之外，修好后先点“恢复”',
    en: 'It goes on when the configuration is mended; where the cause lies elsewhere, mend it and resume',
  },
);
const BACKWARDS = new ApiProblem(400, 'window-backwards', {
  zh: '起始时间须早于结束时间',
  en: 'The window ends before it begins',
});
const TOO_LONG = new ApiProblem(400, 'period-too-long', {
  zh: `期间须在 ${MOST_DAYS} 天以内，且起始不晚于结束`,
  en: `A period has at most ${MOST_DAYS} days and begins before it ends`,
});
const SLOW = new ApiProblem(
  504,
  'source-slow',
  { zh: '源端 30 秒内没有答复', en: 'The source gave no answer within 30 seconds' },
  { zh: '请检查源端是否繁忙，稍后再试', en: 'See whether the source is busy, and try again later' },
);
const AWAY = new ApiProblem(
  503,
  'temporal-away',
  { zh: '任务引擎（Temporal）暂不可用，没有启动', en: 'Temporal cannot be reached; nothing was started' },
  {
    zh: '恢复后再试；到点的归集在恢复后自动补上',
    en: 'Try again when it is back; what was due meanwhile is made up for then',
  },
);

/** Has a running hub begin something; says in words when Temporal is away or the source does not answer. */
export async function begin(
  { temporal }: Pick<ApiOptions, 'temporal'>,
  start: (client: Awaited<ReturnType<ApiOptions['temporal']>>) => Promise<{ workflowId: string }>,
): Promise<{ workflowId: string }> {
  let client;
  try {
    client = await temporal();
  } catch {
    throw AWAY;
  }
  try {
    const { workflowId } = await start(client);
    return { workflowId };
  } catch (error) {
    throw isGrpcServiceError(error) ? AWAY : ofSource(error);
  }
}

/** What a source failed with, as an answer; configuration errors have one of their own. */
function ofSource(error: unknown): unknown {
  if (!(error instanceof HubError) || error.kind === 'configuration') return error;
  const { message, zh = message, cure } = error;
  return new ApiProblem(
    502,
    error.code,
    { zh: `源端：${zh}`, en: message },
    cure === undefined ? null : { zh: cure, en: cure },
  );
}

/** Waits for a source no longer than anybody at a page would. */
async function patiently<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const given = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(SLOW), { once: true }));
  try {
    return await Promise.race([work(signal), given]);
  } catch (error) {
    throw signal.aborted ? SLOW : ofSource(error);
  }
}

const shownStream = ({ facts, ...state }: StreamState, at: Date): z.output<typeof streamView> => ({
  ...state,
  reason: streamReason(state.state, facts),
  lagMinutes: state.coveredTo && Math.max(0, Math.round((at.getTime() - state.coveredTo.getTime()) / MINUTE_MS)),
});

/** The days from one to another, both included. */
function daysBetween(from: string, to: string): string[] {
  const count = Math.round((startOfDayMs(to) - startOfDayMs(from)) / DAY_MS) + 1;
  if (count < 1 || count > MOST_DAYS) throw TOO_LONG;
  return Array.from({ length: count }, (_, index) => addDays(from, index));
}

/** What every look at the streams is by: of 30 days, and when silence means that nothing is known. */
export const streamLook = ({ settings }: HubConfig, at: Date) => ({
  at,
  since: new Date(at.getTime() - DAYS * DAY_MS),
  quietMs: Math.max(3 * settings.returnEvery, 60 * MINUTE_MS),
});

export function streamRoutes(app: Api, options: ApiOptions): void {
  const { db, now, config } = options;

  const look = ({ units }: Principal) => ({ ...streamLook(config(), now()), units });
  const found = async (name: string, principal: Principal): Promise<StreamState> => {
    const [stream] = await streamStates(db, { ...look(principal), stream: name, limit: 1 });
    if (stream) return stream;
    throw UNKNOWN_STREAM;
  };
  const opened = async <T>(name: string, work: (open: OpenStream) => Promise<T>): Promise<T> => {
    const { connector, stream } = findStream(config(), name);
    const open = openStream(config(), connector, stream);
    try {
      return await work(open);
    } finally {
      await open.source.close?.();
    }
  };
  const page = async (query: z.output<typeof streamFilter> & z.output<typeof paging>, principal: Principal) => {
    const [state, stream] = readCursor(query.after, streamCursor) ?? [];
    const rows = await streamStates(db, {
      ...look(principal),
      unit: query.unit,
      states: query.state,
      limit: query.limit + 1,
      after: state === undefined || stream === undefined ? undefined : { state, stream },
    });
    return pageOfRows(rows, query.limit, (row) => [row.state, row.stream]);
  };

  app.get(
    '/streams',
    {
      config: { needs: 'streams:read' },
      schema: {
        summary: '归集 Streams, the worst first',
        tags: ['streams'],
        querystring: streamFilter.extend(paging.shape),
        response: { 200: pageOf(streamView) },
      },
    },
    async (request) => {
      const at = now();
      const { items, next } = await page(request.query, principalOf(request));
      return { items: items.map((stream) => shownStream(stream, at)), next };
    },
  );

  app.get(
    '/streams/counts',
    {
      config: { needs: 'streams:read' },
      schema: {
        summary: '各状态的数据流数 How many streams there are in each state, and their units',
        tags: ['streams'],
        querystring: z.object({ unit: unitCode.optional() }),
        response: { 200: countsView },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const counts = await countStreamStates(db, { ...look(principal), unit: request.query.unit });
      const connectors = new Map(config().connectors.map(({ unit: code, name }) => [code, { code, name }]));
      const units = [...connectors.values()].filter(({ code }) => principal.units?.includes(code) ?? true);
      return { at: now(), counts, units };
    },
  );

  app.get(
    '/streams/coverage',
    {
      config: { needs: 'streams:read' },
      schema: {
        summary: '归集覆盖 Streams × days: what each day is covered by',
        tags: ['streams'],
        querystring: streamFilter.extend(paging.shape).extend({ from: date.optional(), to: date.optional() }),
        response: { 200: coveragePage },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const at = now();
      const to = request.query.to ?? shanghaiDate(at.getTime());
      const from = request.query.from ?? addDays(to, 1 - DAYS);
      const days = daysBetween(from, to);
      const { items, next } = await page(request.query, principal);
      const streams = items.map(({ stream }) => stream);
      const covered = await streamDays(db, { at, units: principal.units, streams, from, to });
      return {
        days,
        items: items.map(({ stream, title, unit, state }) => ({
          stream,
          title,
          unit,
          state,
          days: covered.get(stream) ?? [],
        })),
        next,
      };
    },
  );

  app.get(
    '/streams/:name',
    {
      config: { needs: 'streams:read' },
      schema: {
        summary: '一个数据流 One stream: status with its reason, runs, gaps, faults with their cure, configuration',
        tags: ['streams'],
        params: streamParams,
        response: { 200: streamDetail },
      },
    },
    async (request) => {
      const { name } = request.params;
      const principal = principalOf(request);
      const stream = await found(name, principal);
      const at = now();
      const to = shanghaiDate(at.getTime());
      const from = addDays(to, 1 - DAYS);
      const [[report], batches, gapList, proofs, [stock], days, configuration] = await Promise.all([
        streamReports(db, name),
        lastBatches(db, name, SHOWN_BATCHES),
        findGaps(db, at, name),
        listProofs(db, { stream: name, from: new Date(at.getTime() - 365 * DAY_MS), to: at, limit: SHOWN_PROOFS }),
        stream.delivery === 'stock' ? stockReports(db, name) : [undefined],
        streamDays(db, { at, units: null, streams: [name], from, to }),
        explained(name),
      ]);
      const { contact = null, contactAt = null, contactDetail = null } = report ?? {};
      const { pausedReason = null, pausedCode = null } = report ?? {};
      const states = days.get(name) ?? [];
      return {
        ...shownStream(stream, at),
        at,
        pausedReason,
        pausedCode,
        contact,
        contactAt,
        contactDetail,
        batches,
        proofs,
        configuration,
        gapList: gapList.slice(0, SHOWN_GAPS),
        rejectsByRule: report?.openRejects ?? [],
        drifts: report?.drifts ?? [],
        stock: stock ?? null,
        days: daysBetween(from, to).flatMap((day, index) => {
          const state = states[index];
          return state === undefined ? [] : [{ date: day, state }];
        }),
      };
    },
  );

  /** The configuration as `./hub connector explain --full` shows it; null for a stream that it does not have any more. */
  async function explained(name: string): Promise<z.output<typeof streamDetail>['configuration']> {
    const current = config();
    const selected = current.connectors.flatMap((connector) =>
      connector.streams.filter(({ id }) => id === name).map((stream) => ({ connector, stream })),
    )[0];
    if (!selected) return null;
    const { connector, stream } = selected;
    const shown = { connector: connector.name, kind: connector.kind, settings: stringify(shownSettings(stream)) };
    try {
      const parts = await opened(name, (open) => Promise.resolve(explainStream(current, open)));
      return { ...shown, parts, fault: null };
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      return { ...shown, parts: [], fault: messageOf(error) };
    }
  }

  app.post(
    '/streams/:name/run',
    {
      config: { needs: 'streams:run' },
      schema: {
        summary: '立即归集 Read a stream now: what is new, or a window such as a gap',
        tags: ['streams'],
        params: streamParams,
        body: z.object({
          from: instant.optional().meta({ description: 'Without: yesterday’s beginning' }),
          to: instant.optional().meta({ description: 'Without: now' }),
          again: z.boolean().optional().meta({ description: 'Reads batches again that were taken in the window' }),
        }),
        response: { 200: runView },
      },
    },
    async (request) => {
      const { name } = request.params;
      const { facts } = await found(name, principalOf(request));
      if (facts.pausedReason !== null) throw PAUSED;
      const { from, to, again } = request.body;
      return act(request, options, async (_trx, { at }) => {
        const fromMs = from?.getTime() ?? startOfDayMs(addDays(shanghaiDate(at.getTime()), -1));
        const toMs = to?.getTime() ?? at.getTime();
        if (fromMs >= toMs) throw BACKWARDS;
        const run = await begin(options, (client) =>
          patiently(() => startRun(client, config(), name, { fromMs, toMs, again })),
        );
        return {
          answer: run,
          deed: {
            action: 'streams:run',
            object: `stream/${name}`,
            detail: {
              did: 'run',
              from: from?.toISOString() ?? null,
              to: to?.toISOString() ?? null,
              again: again ?? false,
            },
          },
        };
      });
    },
  );

  app.post(
    '/streams/:name/resume',
    {
      config: { needs: 'streams:run' },
      schema: {
        summary: '恢复 Have a paused stream be read again, once what stopped it is mended',
        tags: ['streams'],
        params: streamParams,
        body: z.object({}),
        response: { 200: z.object({}) },
      },
    },
    async (request) => {
      const { name } = request.params;
      await found(name, principalOf(request));
      return act(request, options, async (trx) => {
        if (!(await resumeStream(trx, name))) throw NOT_PAUSED;
        return { answer: {}, deed: { action: 'streams:run', object: `stream/${name}`, detail: { did: 'resume' } } };
      });
    },
  );

  app.post(
    '/streams/:name/check',
    {
      config: { needs: 'streams:run' },
      schema: {
        summary: '检查 Really ask the source for a page and a count, and map a sample; nothing is written',
        tags: ['streams'],
        params: streamParams,
        body: z.object({}),
        response: { 200: checkView },
      },
    },
    async (request) => {
      const { name } = request.params;
      await found(name, principalOf(request));
      const checked = await patiently(() =>
        opened(name, checkStream).catch((error: unknown): Checked => ({
          report: null,
          accepted: null,
          reasons: [],
          fault: faultOf(error),
        })),
      );
      return act(request, options, () =>
        Promise.resolve({
          answer: checked,
          deed: {
            action: 'streams:run',
            object: `stream/${name}`,
            detail: { did: 'check', fault: checked.fault?.kind ?? null },
          },
        }),
      );
    },
  );

  app.get(
    '/streams/:name/preview',
    {
      config: { needs: 'streams:read' },
      schema: {
        summary: '预览 A page of the source’s records as they come and as they are mapped; nothing is written',
        tags: ['streams'],
        params: streamParams,
        querystring: z.object({ from: instant.optional(), to: instant.optional() }),
        response: { 200: previewView },
      },
    },
    async (request) => {
      const { name } = request.params;
      const principal = principalOf(request);
      await found(name, principal);
      const at = now();
      const fromMs = request.query.from?.getTime() ?? startOfDayMs(addDays(shanghaiDate(at.getTime()), -1));
      const toMs = request.query.to?.getTime() ?? at.getTime();
      if (fromMs >= toMs) throw BACKWARDS;
      const { window, rows } = await patiently((signal) =>
        opened(name, async (open) => {
          const chosen = await windowToPreview(open, fromMs, toMs);
          for await (const first of open.source.read(chosen, FROM_THE_START, signal))
            return { window: chosen, rows: mapSample(open, first) };
          return { window: chosen, rows: [] as Previewed[] };
        }),
      );
      const masked = !may(principal, 'certificates:personal');
      const refused = rows.filter(({ rejected }) => rejected);
      const shown = [...refused, ...rows.filter(({ rejected }) => !rejected)].slice(0, SHOWN);
      await audit(db, {
        at,
        accountId: principal.accountId,
        actor: principal.login,
        role: principal.role,
        action: 'streams:read',
        object: `stream/${name}`,
        detail: { did: 'preview', records: shown.length, masked },
      });
      return {
        window: describeWindow(window),
        records: rows.length,
        masked,
        accepted: rows.length - refused.length,
        rejected: refused.length,
        rows: masked ? shown.map(maskedPreview) : shown,
      };
    },
  );
}
