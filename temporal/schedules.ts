import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleOptions,
} from '@temporalio/client';
import type { TypedSearchAttributes } from '@temporalio/common';
import pMap from 'p-map';
import pRetry from 'p-retry';
import { hintsOf } from '../connectors/registry.ts';
import { dailyRule } from '../settings/schemas/jurisdiction.ts';
import type { StreamConfig } from '../settings/kinds/stream.ts';
import { cutOffOf, type HubConfig } from '../settings/load.ts';
import {
  catalogScheduleId,
  dailyScheduleId,
  filesScheduleId,
  hotlineScheduleId,
  outboundScheduleId,
  proveScheduleId,
  returnScheduleId,
} from '../domain/ids.ts';
import type { catalogSync } from '../workflows/catalog-sync.ts';
import type { dailyAggregation } from '../workflows/daily-aggregation.ts';
import type { deliverOutbound } from '../workflows/deliver-outbound.ts';
import type { fetchFiles } from '../workflows/fetch-files.ts';
import type { hotlineSync } from '../workflows/hotline-sync.ts';
import type { CatalogLabel, HotlineLabel, StreamLabel, TargetLabel } from '../workflows/messages.ts';
import type { proveStream } from '../workflows/prove-stream.ts';
import type { returnSync } from '../workflows/return-sync.ts';
import {
  catalogAttributes,
  hotlineAttributes,
  streamAttributes,
  targetAttributes,
} from '../workflows/search-attributes.ts';

const AT_ONCE = 8;

/** How people see a stream in Temporal's UI. */
export const labelOf = (unit: string, stream: StreamConfig): StreamLabel => ({
  stream: stream.id,
  title: stream.name ?? stream.id,
  unit,
});

/**
 * Makes Temporal's schedules what the configuration says: creates, changes and removes those of this hub. The
 * configuration is where they are kept; Temporal only runs them. One process at a time may call this.
 */
export async function reconcileSchedules(
  client: Client,
  config: HubConfig,
): Promise<{ kept: string[]; removed: number }> {
  const wanted = new Map(wantedSchedules(config).map((options) => [options.scheduleId, options]));
  const known = await knownSchedules(client, config);
  const stale = [...known].filter((id) => !wanted.has(id));
  await pMap(stale, (id) => remove(client, id), { concurrency: AT_ONCE });
  await pMap(
    wanted.values(),
    // A server that has just started answers for some of them late.
    (options) =>
      pRetry(() => (known.has(options.scheduleId) ? change(client, options) : create(client, options)), {
        retries: 5,
        minTimeout: 500,
      }),
    { concurrency: AT_ONCE },
  );
  return { kept: [...wanted.keys()], removed: stale.length };
}

/** The schedules of this hub that Temporal has. */
async function knownSchedules(client: Client, { settings }: HubConfig): Promise<Set<string>> {
  const known = new Set<string>();
  for await (const { scheduleId, memo } of client.schedule.list())
    if (memo?.hub === settings.temporal.taskQueue) known.add(scheduleId);
  return known;
}

/** Of the schedules that were made, those that the configuration still wants and Temporal has not. */
export async function lostSchedules(client: Client, config: HubConfig, made: readonly string[]): Promise<string[]> {
  const known = await knownSchedules(client, config);
  return wantedSchedules(config)
    .map(({ scheduleId }) => scheduleId)
    .filter((id) => made.includes(id) && !known.has(id));
}

/** Makes schedules anew that Temporal has lost. */
export async function remakeSchedules(client: Client, config: HubConfig, lost: readonly string[]): Promise<void> {
  const wanted = wantedSchedules(config).filter(({ scheduleId }) => lost.includes(scheduleId));
  await pMap(wanted, (options) => create(client, options), { concurrency: AT_ONCE });
}

/**
 * Runs now what need not wait for its hour: platforms that return, and daily streams that are behind. A run that is
 * going on is left alone.
 */
export async function wakeSchedules(client: Client, config: HubConfig, behind: readonly string[]): Promise<void> {
  const streams = config.connectors.flatMap((connector) => connector.streams);
  const ids = streams
    .filter((stream) => stream.delivery === 'return' || behind.includes(stream.id))
    .map((stream) => (stream.delivery === 'return' ? returnScheduleId(stream.id) : dailyScheduleId(stream.id)));
  await pMap(ids, (id) => client.schedule.getHandle(id).trigger(ScheduleOverlapPolicy.SKIP), { concurrency: AT_ONCE });
}

async function create(client: Client, options: ScheduleOptions): Promise<void> {
  try {
    await client.schedule.create(options);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await change(client, options);
  }
}

async function change(client: Client, { scheduleId, spec, action, policies }: ScheduleOptions): Promise<void> {
  await client.schedule.getHandle(scheduleId).update((previous) => ({
    ...previous,
    spec,
    action: { ...action, workflowId: action.workflowId ?? scheduleId },
    policies: { ...previous.policies, ...policies },
  }));
}

async function remove(client: Client, id: string): Promise<void> {
  try {
    await client.schedule.getHandle(id).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error; // gone already
  }
}

function wantedSchedules(config: HubConfig): ScheduleOptions[] {
  return config.connectors.flatMap((connector) => [
    ...connector.streams.flatMap((stream) => {
      const label = labelOf(connector.name, stream);
      return [
        ...(stream.delivery === 'return' ? [returnSchedule(config, label)] : []),
        ...(stream.delivery === 'daily' ? [dailySchedule(config, label)] : []),
        proofSchedule(config, label),
        ...(hintsOf(config, { connector, stream }).file ? [filesSchedule(config, label)] : []),
      ];
    }),
    ...(connector.outbound ?? []).map(({ id, name }) =>
      outboundSchedule(config, { target: id, title: name ?? id, unit: connector.name }),
    ),
    ...(connector.catalog ? [catalogSchedule(config, { connector: connector.id, unit: connector.name })] : []),
    ...(typeof connector.disputes === 'object'
      ? [hotlineSchedule(config, { connector: connector.id, unit: connector.name })]
      : []),
  ]);
}

/** What a schedule runs, when, and how people read it. */
interface Scheduled {
  spec: ScheduleOptions['spec'];
  policies: ScheduleOptions['policies'];
  workflowType: string;
  args: unknown[];
  typedSearchAttributes: TypedSearchAttributes;
  staticSummary: string;
  staticDetails: string;
}

/** A schedule of this hub. Its id is also its workflow's, to which Temporal appends the scheduled time. */
function scheduleOf(
  { temporal: { taskQueue } }: HubConfig['settings'],
  id: string,
  { spec, policies, ...workflow }: Scheduled,
): ScheduleOptions {
  return {
    scheduleId: id,
    spec,
    memo: { hub: taskQueue },
    ...(policies && { policies }),
    action: { type: 'startWorkflow', workflowId: id, taskQueue, ...workflow },
  };
}

/** Messages that wait are looked for once a minute; one that has just been queued need not be told. */
function outboundSchedule({ settings }: HubConfig, label: TargetLabel): ScheduleOptions {
  return scheduleOf(settings, outboundScheduleId(label.target), {
    spec: { intervals: [{ every: '1 minute' }] },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 minute' },
    workflowType: 'deliverOutbound' satisfies typeof deliverOutbound.name,
    args: [label],
    typedSearchAttributes: targetAttributes(label),
    staticSummary: `发送 · ${label.title}`,
    staticDetails: `向${label.unit}发送待发消息：至少一次，回执留存，多次不成转为死信。`,
  });
}

/** Once a day, before the offices open: what is new is there as drafts in the morning. */
function catalogSchedule({ settings }: HubConfig, label: CatalogLabel): ScheduleOptions {
  return scheduleOf(settings, catalogScheduleId(label.connector), {
    spec: { calendars: [{ hour: 6, minute: 0 }], timezone: 'Asia/Shanghai', jitter: '1 hour' },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '12 hours' },
    workflowType: 'catalogSync' satisfies typeof catalogSync.name,
    args: [label],
    typedSearchAttributes: catalogAttributes(label),
    staticSummary: `目录 · ${label.unit}`,
    staticDetails: `${label.unit} 发布的发证目录：与已批准的目录比对，新增和变更的形成草稿，由管理单位批准。`,
  });
}

/** A dispute's clock may have started when it was raised: it is not left lying. */
function hotlineSchedule({ settings }: HubConfig, label: HotlineLabel): ScheduleOptions {
  return scheduleOf(settings, hotlineScheduleId(label.connector), {
    spec: { intervals: [{ every: '5 minutes' }] },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '5 minutes' },
    workflowType: 'hotlineSync' satisfies typeof hotlineSync.name,
    args: [label],
    typedSearchAttributes: hotlineAttributes(label),
    staticSummary: `工单 · ${label.unit}`,
    staticDetails: `${label.unit} 的异议工单：每件立案一次；有误的列明，不影响其他工单。`,
  });
}

function returnSchedule({ settings }: HubConfig, label: StreamLabel): ScheduleOptions {
  return scheduleOf(settings, returnScheduleId(label.stream), {
    spec: { intervals: [{ every: settings.returnEvery }] },
    // A platform that is away is asked on by the run that met it; the next run finds whatever was missed.
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: settings.returnEvery },
    workflowType: 'returnSync' satisfies typeof returnSync.name,
    args: [label],
    typedSearchAttributes: streamAttributes(label, '回传'),
    staticSummary: `回传 · ${label.title}`,
    staticDetails: `${label.unit} 回传的证照：逐批读取，入库后确认。`,
  });
}

/** New certificates bring new files all day. */
function filesSchedule({ settings }: HubConfig, label: StreamLabel): ScheduleOptions {
  return scheduleOf(settings, filesScheduleId(label.stream), {
    spec: { intervals: [{ every: '5 minutes' }], jitter: '1 minute' },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '5 minutes' },
    workflowType: 'fetchFiles' satisfies typeof fetchFiles.name,
    args: [label],
    typedSearchAttributes: streamAttributes(label, '文件'),
    staticSummary: `证照文件 · ${label.title}`,
    staticDetails: `${label.unit} 的证照文件（OFD、PDF）：逐个取回，按内容哈希存放；取不到的列明并重试。`,
  });
}

/** Every night, spread over some hours: what a proof lists costs the source as much as reading it. */
function proofSchedule({ settings }: HubConfig, label: StreamLabel): ScheduleOptions {
  return scheduleOf(settings, proveScheduleId(label.stream), {
    spec: { calendars: [{ hour: 1, minute: 0 }], timezone: 'Asia/Shanghai', jitter: '4 hours' },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '6 hours' },
    workflowType: 'proveStream' satisfies typeof proveStream.name,
    args: [label],
    typedSearchAttributes: streamAttributes(label, '比对'),
    staticSummary: `夜间比对 · ${label.title}`,
    staticDetails: `${label.unit}：逐条比对昨日数据，及最久未比对的一段历史；差异列明并登记为任务。`,
  });
}

function dailySchedule(config: HubConfig, label: StreamLabel): ScheduleOptions {
  const { settings, jurisdiction } = config;
  const cutOff = cutOffOf(config, label.stream);
  const [hour = 0, minute = 0] = cutOff.split(':').map(Number);
  const { article, quote } = dailyRule(jurisdiction);
  return scheduleOf(settings, dailyScheduleId(label.stream), {
    spec: { calendars: [{ hour: hour % 24, minute }], timezone: 'Asia/Shanghai', jitter: '5 minutes' },
    // A day that is still worked at is not begun twice; the next one waits its turn.
    policies: { overlap: ScheduleOverlapPolicy.BUFFER_ONE, catchupWindow: '12 hours' },
    workflowType: 'dailyAggregation' satisfies typeof dailyAggregation.name,
    args: [{ ...label, cutOff }],
    typedSearchAttributes: streamAttributes(label, '每日归集'),
    staticSummary: `每日归集 · ${label.title}`,
    staticDetails: `${label.unit} 的每日增量：${cutOff} 日终，限当日 ${jurisdiction.daily.due} 前。依据 ${jurisdiction.regulation.title}${article}:${quote}`,
  });
}
