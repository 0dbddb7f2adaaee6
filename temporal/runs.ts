import { WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client';
import pMap from 'p-map';
import { findStream, type HubConfig } from '../settings/load.ts';
import { capabilitiesOf, clockOf } from '../connectors/registry.ts';
import { fault } from '../domain/faults.ts';
import {
  inspectionWorkflowId,
  replayWorkflowId,
  returnWorkflowId,
  stockWorkflowId,
  syncWorkflowId,
} from '../domain/ids.ts';
import { describeWindow, timeWindow } from '../domain/collection/window.ts';
import type { inspectSample } from '../workflows/inspect-sample.ts';
import type { Totals } from '../workflows/messages.ts';
import type { replayRejects } from '../workflows/replay-rejects.ts';
import type { returnSync } from '../workflows/return-sync.ts';
import { streamAttributes } from '../workflows/search-attributes.ts';
import type { stockImport } from '../workflows/stock-import.ts';
import type { syncWindow } from '../workflows/sync-window.ts';
import { labelOf, wakeSchedules } from './schedules.ts';

/** Runs that are started at once. */
const AT_ONCE = 4;

/** A run that somebody asked for, as it began. */
export interface StartedRun {
  /** What it reads, for people. */
  title: string;
  workflowId: string;
  result: () => Promise<Totals>;
}

/** Starts a run; throws a configuration error where one of the same kind is going on. */
async function started(
  title: string,
  start: Promise<{ workflowId: string; result: () => Promise<Totals> }>,
): Promise<StartedRun> {
  try {
    const handle = await start;
    return { title, workflowId: handle.workflowId, result: () => handle.result() };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    throw fault('run-going-on', { run: title });
  }
}

/**
 * Has a running hub read a window of a stream, or its next batches; old records (存量) from where their import stands.
 * @param again reads batches again that were taken in the window
 */
export async function startRun(
  client: Client,
  config: HubConfig,
  name: string,
  { fromMs, toMs, again = false }: { fromMs: number; toMs: number; again?: boolean | undefined },
): Promise<StartedRun> {
  const found = findStream(config, name);
  const { connector, stream } = found;
  if (stream.delivery === 'stock') return startStock(client, config, name);
  const label = labelOf(connector.name, stream);
  const { taskQueue } = config.settings.temporal;
  const capabilities = capabilitiesOf(config, found);
  if (again && capabilities.again === 'none') {
    throw fault('read-once', { stream: name, connectorKind: connector.kind });
  }
  if (capabilities.by === 'batches')
    return started(
      `${name}, its next batches`,
      client.workflow.start<typeof returnSync>('returnSync', {
        taskQueue,
        workflowId: returnWorkflowId(name),
        typedSearchAttributes: streamAttributes(label, '取批次'),
        args: [{ ...label, ...(again && { again: timeWindow(fromMs, toMs) }) }],
      }),
    );
  // What is younger may still become visible: it is left to the next run, as always.
  const readableMs = (await clockOf(config, found)) - stream.lag;
  const window = timeWindow(fromMs, Math.max(fromMs, Math.min(toMs, readableMs)));
  return started(
    `${name}, ${describeWindow(window)}`,
    client.workflow.start<typeof syncWindow>('syncWindow', {
      taskQueue,
      workflowId: syncWorkflowId(name),
      typedSearchAttributes: streamAttributes(label, '读取'),
      staticSummary: `读取 · ${label.title} · ${describeWindow(window)}`,
      args: [{ ...label, purpose: 'daily', window }],
    }),
  );
}

/** Has a running hub import what is not in yet of a stream's old records (存量); one that is going on is watched. */
export async function startStock(client: Client, config: HubConfig, name: string): Promise<StartedRun> {
  const { connector, stream } = findStream(config, name);
  const label = labelOf(connector.name, stream);
  return started(
    name,
    client.workflow.start<typeof stockImport>('stockImport', {
      taskQueue: config.settings.temporal.taskQueue,
      workflowId: stockWorkflowId(name),
      typedSearchAttributes: streamAttributes(label, '存量'),
      staticSummary: `存量 · ${label.title}`,
      workflowIdConflictPolicy: 'USE_EXISTING',
      args: [label],
    }),
  );
}

/** Has a running hub compare the records of a sample with their source. */
export async function startSample(
  client: Client,
  config: HubConfig,
  name: string,
  inspection: number,
): Promise<{ workflowId: string; result: () => Promise<void> }> {
  const { connector, stream } = findStream(config, name);
  const label = labelOf(connector.name, stream);
  return client.workflow.start<typeof inspectSample>('inspectSample', {
    taskQueue: config.settings.temporal.taskQueue,
    workflowId: inspectionWorkflowId(inspection),
    typedSearchAttributes: streamAttributes(label, '抽查'),
    staticSummary: `抽查 · ${label.title}`,
    args: [{ ...label, inspection }],
  });
}

/** Has a running hub map a stream's open rejects again, all or those by one rule. */
export async function startReplay(
  client: Client,
  config: HubConfig,
  name: string,
  rule: string | undefined,
): Promise<StartedRun> {
  const { connector, stream } = findStream(config, name);
  const label = labelOf(connector.name, stream);
  return started(
    `${name}, its open rejects`,
    client.workflow.start<typeof replayRejects>('replayRejects', {
      taskQueue: config.settings.temporal.taskQueue,
      workflowId: replayWorkflowId(name),
      typedSearchAttributes: streamAttributes(label, '重放'),
      staticSummary: `重放 · ${label.title}`,
      args: [{ ...label, rule }],
    }),
  );
}

/**
 * Has a running hub read again what was written in a span and is lost: streams by windows go on from what the database
 * knows to be in, batches of the span are asked for once more. Returns the streams whose sources hand out each only once.
 */
export async function readAgain(
  client: Client,
  config: HubConfig,
  { from, to }: { from: Date; to: Date },
): Promise<string[]> {
  const streams = config.connectors.flatMap((connector) =>
    connector.streams
      .filter(({ delivery }) => delivery !== 'stock')
      .map((stream) => ({ ...stream, ...capabilitiesOf(config, { connector, stream }) }))
      .filter(({ pushed }) => !pushed),
  );
  const daily = streams.filter(({ delivery }) => delivery === 'daily');
  await wakeSchedules(
    client,
    config,
    daily.map(({ id }) => id),
  );
  const batches = Object.groupBy(
    streams.filter(({ by }) => by === 'batches'),
    ({ again }) => (again === 'none' ? 'once' : 'again'),
  );
  const span = { fromMs: from.getTime(), toMs: to.getTime(), again: true };
  // One that cannot be read now, because a run of it is going on, keeps none of the others waiting.
  await pMap(batches.again ?? [], ({ id }) => startRun(client, config, id, span), {
    concurrency: AT_ONCE,
    stopOnError: false,
  });
  return (batches.once ?? []).map(({ id }) => id);
}
