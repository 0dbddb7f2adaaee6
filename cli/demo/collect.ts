import { setTimeout as wait } from 'node:timers/promises';
import {
  WithStartWorkflowOperation,
  WorkflowFailedError,
  WorkflowUpdateFailedError,
  type Client,
  type WorkflowHandle,
} from '@temporalio/client';
import type { Knex } from 'knex';
import { Listr } from 'listr2';
import pRetry from 'p-retry';
import type { StreamConfig } from '../../settings/kinds/stream.ts';
import { cutOffOf, type HubConfig } from '../../settings/load.ts';
import { Streams } from '../../connectors/registry.ts';
import { shanghaiDate, shanghaiInstant } from '../../domain/dates.ts';
import { HubError, messageOf } from '../../domain/errors.ts';
import { fault } from '../../domain/faults.ts';
import { dailyScheduleId, dailyWorkflowId, returnScheduleId } from '../../domain/ids.ts';
import { streamOverview } from '../../store/collection/overview.ts';
import { labelOf } from '../../temporal/schedules.ts';
import type { dailyAggregation } from '../../workflows/daily-aggregation.ts';
import { proveInHub, provablePeriod } from '../collection/prove.ts';
import { closeDayEarlyUpdate, type StreamLabel } from '../../workflows/messages.ts';
import { streamAttributes } from '../../workflows/search-attributes.ts';

/** One page and one count of every stream. */
export async function checkConnectors(config: HubConfig): Promise<string> {
  const streams = new Streams(config);
  const ids = config.connectors.flatMap((connector) => connector.streams.map(({ id }) => id));
  await Promise.all(ids.map((id) => streams.get(id).source.check()));
  return `接入源：${ids.length} 个数据流有应答 Connectors: ${ids.length} streams answer`;
}

/** The main job of every stream, with visible progress. Tells the streams that failed, and why. */
export async function collect(
  db: Knex,
  client: Client,
  config: HubConfig,
  nowMs: number,
): Promise<ReadonlyMap<string, string>> {
  const failed = new Map<string, string>();
  await new Listr(
    config.connectors.flatMap((connector) =>
      connector.streams.filter(isCollected).map((stream) => ({
        title: `${connector.name} · ${stream.name ?? stream.id}`,
        task: async (_: unknown, task: { title: string }) => {
          const { title } = task;
          const show = async (): Promise<void> => {
            task.title = `${title} — ${await progressOf(db, stream.id)}`;
          };
          const watched = new AbortController();
          const watching = (async () => {
            for (;;) {
              await show().catch(() => undefined); // the database is away for a moment: the title stays
              if (!(await wait(400, true, { signal: watched.signal }).catch(() => false))) return;
            }
          })();
          try {
            await collectStream(client, config, connector.name, stream, nowMs);
          } catch (error) {
            failed.set(stream.id, messageOf(error));
            throw error;
          } finally {
            watched.abort();
            await watching;
            await show();
          }
        },
      })),
    ),
    { concurrent: true, exitOnError: false },
  ).run();
  return failed;
}

/** Old records are imported when somebody asks for it. */
export const isCollected = ({ delivery }: Pick<StreamConfig, 'delivery'>): boolean => delivery !== 'stock';

/** What the proof of one stream showed, in words. */
export interface StreamProof {
  stream: string;
  equal: boolean;
  text: string;
}

/** Proves every stream that was collected and can list what it delivered, record by record. */
export async function proveAll(
  client: Client,
  config: HubConfig,
  period: readonly [fromMs: number, toMs: number],
  without: readonly string[],
): Promise<StreamProof[]> {
  const proofs: StreamProof[] = [];
  const streams = config.connectors.flatMap((connector) =>
    connector.streams
      .filter((stream) => isCollected(stream) && !without.includes(stream.id))
      .map((stream) => ({ connector, stream })),
  );
  await new Listr([
    {
      title: '逐条核验 Proof, record by record',
      task: async (_: unknown, task: { title: string }) => {
        for (const selected of streams) {
          const provable = await provablePeriod(config, selected, period);
          if (!provable) continue;
          const { id } = selected.stream;
          const { records, differences } = await proveInHub(client, config, selected, provable, false);
          const text = `${records.toLocaleString('en-US')} records, ${differences} differences`;
          proofs.push({ stream: id, equal: differences === 0, text });
          task.title = `逐条核验 Proof, record by record — ${id}: ${text}`;
        }
        task.title = `逐条核验：重读 ${proofs.length} 个数据流 Proof, record by record — ${proofs.length} streams read again`;
      },
    },
  ]).run();
  return proofs;
}

/**
 * The main job of one stream: what the platform returned, or the department’s day up to `nowMs`. Waits while Temporal
 * is away; throws what the workflow ended with.
 */
export async function collectStream(
  client: Client,
  config: HubConfig,
  unit: string,
  stream: StreamConfig,
  nowMs: number,
): Promise<void> {
  await pRetry(
    () =>
      stream.delivery === 'return'
        ? returned(client, stream.id)
        : closedForTheDay(client, config, stream, labelOf(unit, stream), nowMs),
    {
      retries: 100,
      factor: 1.2,
      minTimeout: 200,
      maxTimeout: 1_000,
      shouldRetry: ({ error }) =>
        !(
          error instanceof HubError ||
          error instanceof WorkflowFailedError ||
          error instanceof WorkflowUpdateFailedError
        ),
    },
  );
}

async function progressOf(db: Knex, stream: string): Promise<string> {
  const row = (await streamOverview(db, new Date())).find((candidate) => candidate.stream === stream);
  if (!row) return '';
  const shown = (value: number): string => value.toLocaleString('en-US');
  return `读取 read ${shown(row.read)}，接收 accepted ${shown(row.accepted)}，未变 unchanged ${shown(row.unchanged)}，拒收 rejected ${shown(row.rejected)}`;
}

/** Waits for the schedule's run that the worker started when it came up. */
async function returned(client: Client, stream: string): Promise<void> {
  const schedule = client.schedule.getHandle(returnScheduleId(stream));
  for (;;) {
    const { info } = await schedule.describe();
    const last = info.recentActions.at(-1)?.action;
    if (info.runningActions.length === 0 && last?.type === 'startWorkflow') {
      const { workflowId, firstExecutionRunId } = last.workflow;
      await client.workflow.getHandle(workflowId, firstExecutionRunId).result();
      return;
    }
    await wait(300);
  }
}

/**
 * Finds the day's run, the one that the worker had started or one of an earlier demonstration, or starts it, and tells
 * it that the department has closed for the day.
 */
async function closedForTheDay(
  client: Client,
  config: HubConfig,
  stream: StreamConfig,
  label: StreamLabel,
  nowMs: number,
): Promise<void> {
  const date = shanghaiDate(nowMs);
  const startWorkflowOperation = new WithStartWorkflowOperation<typeof dailyAggregation>('dailyAggregation', {
    workflowId: dailyWorkflowId(stream.id, date),
    taskQueue: config.settings.temporal.taskQueue,
    args: [{ ...label, cutOff: cutOffOf(config, stream.id), date }],
    typedSearchAttributes: streamAttributes(label, '每日归集'),
    staticSummary: `每日归集 · ${label.title} · ${date}`,
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  const args: [{ at: string }] = [{ at: shanghaiInstant(nowMs) }];
  const scheduled = await runOfSchedule(client, stream.id);
  const ofSchedule = scheduled?.executeUpdate(closeDayEarlyUpdate, { args }) ?? Promise.resolve(null);
  const { met } =
    // Refused by a run that is for another day.
    (await ofSchedule.catch(() => null)) ??
    (await client.workflow.executeUpdateWithStart(closeDayEarlyUpdate, { args, startWorkflowOperation }));
  if (!met) throw fault('day-open', { stream: stream.id, date });
}

/** The run that the worker had the schedule start when it came up, which takes a moment; null when there is none. */
async function runOfSchedule(client: Client, stream: string): Promise<WorkflowHandle | null> {
  for (let tries = 0; tries < 10; tries++) {
    const { info } = await client.schedule.getHandle(dailyScheduleId(stream)).describe();
    const [running] = info.runningActions;
    if (running?.type === 'startWorkflow') return client.workflow.getHandle(running.workflow.workflowId);
    await wait(200);
  }
  return null;
}
