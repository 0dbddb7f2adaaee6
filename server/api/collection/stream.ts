import { stringify } from 'yaml';
import { z } from 'zod';
import type { HubConfig } from '../../../settings/load.ts';
import { keyOf } from '../../../settings/values.ts';
import { explainStream, shownSettings } from '../../../connectors/examine/examine.ts';
import { addDays, DAY_MS, shanghaiDate } from '../../../domain/dates.ts';
import { HubError, messageOf } from '../../../domain/errors.ts';
import { DRIFT_ACTIONS, DRIFT_CHANGES } from '../../../domain/streams.ts';
import { lastBatches } from '../../../store/collection/batches.ts';
import { findGaps, streamDays } from '../../../store/collection/overview.ts';
import { listProofs } from '../../../store/collection/proofs.ts';
import { stockReports } from '../../../store/collection/stock.ts';
import { streamReports } from '../../../store/collection/stream-report.ts';
import { principalOf } from '../base/access.ts';
import { get } from '../base/route.ts';
import { date, instant, saidView } from '../base/views.ts';
import {
  coverageState,
  DAYS,
  daysBetween,
  rule,
  seenStream,
  shownStream,
  streamParams,
  streamView,
  withSource,
} from './streams.ts';

/** A part of a stream that is due and not proven to be in; `gapInWords` says it. */
const part = z.object({ from: instant.nullable(), to: instant.nullable() });
const gapView = z.discriminatedUnion('kind', [
  part.extend({ kind: z.enum(['interval', 'outage']) }),
  part.extend({ kind: z.literal('batch'), first: z.int(), last: z.int() }),
  part.extend({ kind: z.literal('paused'), reason: z.string(), code: z.string().nullable() }),
  part.extend({ kind: z.literal('unacknowledged'), batch: z.string() }),
  part.extend({
    kind: z.literal('difference'),
    subject: z.string(),
    source: z.int(),
    library: z.int(),
    missing: z.array(z.string()).meta({ description: 'Keys that the source alone has, the first of them' }),
    extra: z.array(z.string()).meta({ description: 'Keys that the library alone has' }),
    different: z.array(z.string()).meta({ description: 'Keys of which the content differs' }),
    repeated: z.array(z.string()).meta({ description: 'Keys that the source lists more than once' }),
  }),
]);

const streamDetail = streamView
  .extend({
    at: instant,
    pausedReason: z.string().nullable(),
    pausedCode: z.string().nullable().meta({ description: 'Names the fault that it is paused for' }),
    contact: z.enum(['delivered', 'nothing', 'unreachable', 'garbled', 'refused']).nullable(),
    contactAt: instant.nullable(),
    contactDetail: z.string().nullable(),
    rejectsByRule: z.array(z.object({ rule, records: z.int() })),
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
        keys: z.int().nullable().meta({ description: 'Different keys among those that were read' }),
        repeated: z
          .array(z.string())
          .nullable()
          .meta({ description: 'Keys that came more than once, the first of them' }),
        openedAt: instant,
        closedAt: instant.nullable(),
        acknowledgedAt: instant.nullable(),
        workflowId: z.string(),
      }),
    ),
    gapList: z.array(gapView),
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
        declared: z.int().nullable().meta({ description: 'What the source said that it has' }),
        listed: z.int().nullable().meta({ description: 'How many different records it listed' }),
        differences: z.int().meta({ description: '0: equal' }),
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
          .array(z.object({ title: saidView, lines: z.array(saidView) }))
          .meta({ description: 'As ./hub connector explain says it' }),
        settings: z.string().meta({ description: 'YAML; secrets are references' }),
        fault: z.string().nullable(),
      })
      .nullable(),
    days: z.array(z.object({ date, state: coverageState })),
  })
  .meta({ id: 'StreamDetail' });
export type StreamDetail = z.input<typeof streamDetail>;

/** Batches and proofs that are shown of one stream, and gaps that are listed; all gaps are counted. */
const SHOWN_BATCHES = 30;
const SHOWN_PROOFS = 30;
const SHOWN_GAPS = 200;

const getStream = get(
  '/streams/:name',
  {
    needs: 'streams:read',
    summary: '一个数据流 One stream: status with its reason, runs, gaps, faults with their cure, configuration',
    tag: 'streams',
    params: streamParams,
    answer: streamDetail,
    problems: [404],
  },
  async (request, options) => {
    const { db, now, config } = options;
    const { name } = request.params;
    const stream = await seenStream(options, name, principalOf(request));
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
      explained(config(), name),
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
async function explained(config: HubConfig, name: string): Promise<z.output<typeof streamDetail>['configuration']> {
  const selected = config.connectors.flatMap((connector) =>
    connector.streams.filter(({ id }) => id === name).map((stream) => ({ connector, stream })),
  )[0];
  if (!selected) return null;
  const { connector, stream } = selected;
  const shown = { connector: connector.name, kind: connector.kind, settings: stringify(shownSettings(stream)) };
  try {
    const parts = await withSource(config, name, (open) => Promise.resolve(explainStream(config, open)));
    return { ...shown, parts, fault: null };
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    return { ...shown, parts: [], fault: messageOf(error) };
  }
}

/** One stream. */
export const streamDetailRoutes = { getStream };
