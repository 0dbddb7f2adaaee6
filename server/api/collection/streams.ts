import { isGrpcServiceError } from '@temporalio/client';
import { z } from 'zod';
import { findStream, type HubConfig } from '../../../settings/load.ts';
import { keyOf } from '../../../settings/values.ts';
import { openStream, type OpenStream } from '../../../connectors/registry.ts';
import { addDays, DAY_MS, shanghaiDate, startOfDayMs } from '../../../domain/dates.ts';
import { HubError } from '../../../domain/errors.ts';
import { RULES } from '../../../domain/library/validation.ts';
import { COVERAGE_STATES, STREAM_STATES, streamReason } from '../../../domain/streams.ts';
import { countStreamStates, streamDays, streamStates, type StreamState } from '../../../store/collection/overview.ts';
import type { Principal } from '../../../store/console/sessions.ts';
import { principalOf } from '../base/access.ts';
import type { ApiOptions } from '../base/api.ts';
import { ApiProblem } from '../base/problem.ts';
import { get } from '../base/route.ts';
import { date, instant, listOf, pageOf, pageOfRows, paging, readCursor, saidView, unitCode } from '../base/views.ts';

const stateName = keyOf(STREAM_STATES);
export const coverageState = keyOf(COVERAGE_STATES);
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
    reason: saidView.meta({ description: 'Why it stands so' }),
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

/** A run that was started. */
export const runView = z.object({ workflowId: z.string() }).meta({ id: 'StartedRun' });

/** Which streams: of the list, and of what is taken out. */
export const streamFilter = z.object({ unit: unitCode.optional(), state: listOf(stateName).optional() });
export const streamCursor = z.tuple([stateName, z.string()]);

const MINUTE_MS = 60_000;
/** Counts of a list are of so many days, and so many days are on the map unless others are asked for. */
export const DAYS = 30;
const MOST_DAYS = 93;

export const UNKNOWN_STREAM = new ApiProblem(404, 'stream-unknown', {
  zh: '没有这个数据流',
  en: 'There is no such stream',
});
const TOO_LONG = new ApiProblem(400, 'period-too-long', {
  zh: `期间须在 ${MOST_DAYS} 天以内，且起始不晚于结束`,
  en: `A period has at most ${MOST_DAYS} days and begins before it ends`,
});
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
export function ofSource(error: unknown): unknown {
  if (!(error instanceof HubError) || error.kind === 'configuration') return error;
  const { code, message, zh, cure } = error;
  return new ApiProblem(502, code, { zh: `源端：${zh}`, en: message }, cure);
}

/** Opens the source of a stream that is configured, for as long as some work takes. */
export async function withSource<T>(
  config: HubConfig,
  name: string,
  work: (open: OpenStream) => Promise<T>,
): Promise<T> {
  const { connector, stream } = findStream(config, name);
  const open = openStream(config, connector, stream);
  try {
    return await work(open);
  } finally {
    await open.source.close?.();
  }
}

/** A stream as the API shows it at a moment. */
export const shownStream = ({ facts, ...state }: StreamState, at: Date): z.output<typeof streamView> => ({
  ...state,
  reason: streamReason(state.state, facts),
  lagMinutes: state.coveredTo && Math.max(0, Math.round((at.getTime() - state.coveredTo.getTime()) / MINUTE_MS)),
});

/** The days from one to another, both included. */
export function daysBetween(from: string, to: string): string[] {
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

const lookOf = ({ config, now }: ApiOptions, { units }: Principal) => ({ ...streamLook(config(), now()), units });

/** A stream that somebody sees. */
export async function seenStream(options: ApiOptions, name: string, principal: Principal): Promise<StreamState> {
  const [stream] = await streamStates(options.db, { ...lookOf(options, principal), stream: name, limit: 1 });
  if (stream) return stream;
  throw UNKNOWN_STREAM;
}

const listQuery = streamFilter.extend(paging.shape);

async function pageOfStreams(options: ApiOptions, query: z.output<typeof listQuery>, principal: Principal) {
  const [state, stream] = readCursor(query.after, streamCursor) ?? [];
  const rows = await streamStates(options.db, {
    ...lookOf(options, principal),
    unit: query.unit,
    states: query.state,
    limit: query.limit + 1,
    after: state === undefined || stream === undefined ? undefined : { state, stream },
  });
  return pageOfRows(rows, query.limit, (row) => [row.state, row.stream]);
}

const getStreams = get(
  '/streams',
  {
    needs: 'streams:read',
    summary: '归集 Streams, the worst first',
    tag: 'streams',
    query: listQuery,
    answer: pageOf(streamView),
    shared: true,
  },
  async (request, options) => {
    const at = options.now();
    const { items, next } = await pageOfStreams(options, request.query, principalOf(request));
    return { items: items.map((stream) => shownStream(stream, at)), next };
  },
);

const getStreamCounts = get(
  '/streams/counts',
  {
    needs: 'streams:read',
    summary: '各状态的数据流数 How many streams there are in each state, and their units',
    tag: 'streams',
    query: z.object({ unit: unitCode.optional() }),
    answer: countsView,
    shared: true,
  },
  async (request, options) => {
    const principal = principalOf(request);
    const counts = await countStreamStates(options.db, { ...lookOf(options, principal), unit: request.query.unit });
    const connectors = new Map(options.config().connectors.map(({ unit: code, name }) => [code, { code, name }]));
    const units = [...connectors.values()].filter(({ code }) => principal.units?.includes(code) ?? true);
    return { at: options.now(), counts, units };
  },
);

const getStreamCoverage = get(
  '/streams/coverage',
  {
    needs: 'streams:read',
    summary: '归集覆盖 Streams × days: what each day is covered by',
    tag: 'streams',
    query: listQuery.extend({ from: date.optional(), to: date.optional() }),
    answer: coveragePage,
    shared: true,
  },
  async (request, options) => {
    const principal = principalOf(request);
    const at = options.now();
    const to = request.query.to ?? shanghaiDate(at.getTime());
    const from = request.query.from ?? addDays(to, 1 - DAYS);
    const days = daysBetween(from, to);
    const { items, next } = await pageOfStreams(options, request.query, principal);
    const streams = items.map(({ stream }) => stream);
    const covered = await streamDays(options.db, { at, units: principal.units, streams, from, to });
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

/** Streams (归集数据流), all that one sees. */
export const streamRoutes = { getStreams, getStreamCounts, getStreamCoverage };
