import { z } from 'zod';
import { FROM_THE_START } from '../../../connectors/contract.ts';
import { pagesOf } from '../../../connectors/reading.ts';
import {
  checkStream,
  faultOf,
  mapSample,
  maskedPreview,
  windowToPreview,
  type Checked,
  type Previewed,
} from '../../../connectors/examine/examine.ts';
import { may } from '../../../domain/access.ts';
import { batchName } from '../../../domain/collection/window.ts';
import { addDays, shanghaiDate, startOfDayMs } from '../../../domain/dates.ts';
import { resumeStream } from '../../../store/collection/streams.ts';
import { startRun } from '../../../temporal/runs.ts';
import { auditRequest, principalOf } from '../base/access.ts';
import { act } from '../base/act.ts';
import { ApiProblem } from '../base/problem.ts';
import { get, post } from '../base/route.ts';
import { instant } from '../base/views.ts';
import { begin, ofSource, rule, runView, seenStream, streamParams, withSource } from './streams.ts';

const checkView = z
  .object({
    report: z
      .object({ records: z.int(), count: z.int(), clockSkewMs: z.number(), notes: z.array(z.string()) })
      .nullable(),
    accepted: z.object({ records: z.int(), of: z.int() }).nullable(),
    refused: z
      .array(z.object({ rule, field: z.string(), records: z.int() }))
      .meta({ description: 'Why others of the sample are rejected, the most frequent reason first' }),
    absent: z
      .array(z.object({ field: z.string(), nearest: z.string() }))
      .meta({ description: 'Fields that the mapping names and the records do not have' }),
    fault: z.object({ kind: z.string(), code: z.string(), cause: z.string(), cure: z.string() }).nullable(),
  })
  .meta({ id: 'StreamCheck' });
export type CheckView = z.input<typeof checkView>;

const previewView = z
  .object({
    from: instant.nullable(),
    to: instant.nullable(),
    batch: z.string().nullable().meta({ description: 'Of a source that delivers batches, in place of from and to' }),
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

/** A source that answers no sooner is not waited for. */
const PATIENCE_MS = 30_000;
/** Records of a preview that are shown, the rejected ones first. */
const SHOWN = 20;

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
const SLOW = new ApiProblem(
  504,
  'source-slow',
  { zh: '源端 30 秒内没有答复', en: 'The source gave no answer within 30 seconds' },
  { zh: '请检查源端是否繁忙，稍后再试', en: 'See whether the source is busy, and try again later' },
);
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

/** From when to when: without a beginning since yesterday’s, without an end up to now. */
function spanOf({ from, to }: { from?: Date | undefined; to?: Date | undefined }, at: Date) {
  const fromMs = from?.getTime() ?? startOfDayMs(addDays(shanghaiDate(at.getTime()), -1));
  const toMs = to?.getTime() ?? at.getTime();
  if (fromMs >= toMs) throw BACKWARDS;
  return { fromMs, toMs };
}

const postStreamRun = post(
  '/streams/:name/run',
  {
    needs: 'streams:run',
    summary: '立即归集 Read a stream now: what is new, or a window such as a gap',
    tag: 'streams',
    params: streamParams,
    body: z.object({
      from: instant.optional().meta({ description: 'Without: yesterday’s beginning' }),
      to: instant.optional().meta({ description: 'Without: now' }),
      again: z.boolean().optional().meta({ description: 'Reads batches again that were taken in the window' }),
    }),
    answer: runView,
    problems: [404, 409, 422, 502, 503, 504],
  },
  async (request, options) => {
    const { name } = request.params;
    const { facts } = await seenStream(options, name, principalOf(request));
    if (facts.pausedReason !== null) throw PAUSED;
    const { from, to, again } = request.body;
    return act(request, options, async (_trx, { at }) => {
      const span = spanOf({ from, to }, at);
      const run = await begin(options, (client) =>
        patiently(() => startRun(client, options.config(), name, { ...span, again })),
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

const postStreamResume = post(
  '/streams/:name/resume',
  {
    needs: 'streams:run',
    summary: '恢复 Have a paused stream be read again, once what stopped it is mended',
    tag: 'streams',
    params: streamParams,
    body: z.object({}),
    answer: z.object({}),
    problems: [404, 409, 422],
  },
  async (request, options) => {
    const { name } = request.params;
    await seenStream(options, name, principalOf(request));
    return act(request, options, async (trx) => {
      if (!(await resumeStream(trx, name))) throw NOT_PAUSED;
      return { answer: {}, deed: { action: 'streams:run', object: `stream/${name}`, detail: { did: 'resume' } } };
    });
  },
);

const postStreamCheck = post(
  '/streams/:name/check',
  {
    needs: 'streams:run',
    summary: '检查 Really ask the source for a page and a count, and map a sample; nothing is written',
    tag: 'streams',
    params: streamParams,
    body: z.object({}),
    answer: checkView,
    problems: [404, 422, 502, 504],
  },
  async (request, options) => {
    const { name } = request.params;
    await seenStream(options, name, principalOf(request));
    const checked = await patiently(() =>
      withSource(options.config(), name, checkStream).catch((error: unknown): Checked => ({
        report: null,
        accepted: null,
        refused: [],
        absent: [],
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

const getStreamPreview = get(
  '/streams/:name/preview',
  {
    needs: 'streams:read',
    summary: '预览 A page of the source’s records as they come and as they are mapped; nothing is written',
    tag: 'streams',
    params: streamParams,
    query: z.object({ from: instant.optional(), to: instant.optional() }),
    answer: previewView,
    problems: [404, 502, 504],
  },
  async (request, options) => {
    const { now, config } = options;
    const { name } = request.params;
    const principal = principalOf(request);
    await seenStream(options, name, principal);
    const at = now();
    const { fromMs, toMs } = spanOf(request.query, at);
    const { window, rows } = await patiently((signal) =>
      withSource(config(), name, async (open) => {
        const chosen = await windowToPreview(open, fromMs, toMs);
        for await (const first of pagesOf(open.source, chosen, FROM_THE_START, signal))
          return { window: chosen, rows: mapSample(open, first) };
        return { window: chosen, rows: [] as Previewed[] };
      }),
    );
    const masked = !may(principal, 'certificates:personal');
    const refused = rows.filter(({ rejected }) => rejected);
    const shown = [...refused, ...rows.filter(({ rejected }) => !rejected)].slice(0, SHOWN);
    await auditRequest(request, options, {
      action: 'streams:read',
      object: `stream/${name}`,
      detail: { did: 'preview', records: shown.length, masked },
    });
    const timed = window.kind !== 'batch';
    return {
      from: timed ? new Date(window.from) : null,
      to: timed ? new Date(window.to) : null,
      batch: timed ? null : batchName(window),
      records: rows.length,
      masked,
      accepted: rows.length - refused.length,
      rejected: refused.length,
      rows: masked ? shown.map(maskedPreview) : shown,
    };
  },
);

/** What is done with one stream. */
export const streamActionRoutes = { postStreamRun, postStreamResume, postStreamCheck, getStreamPreview };
