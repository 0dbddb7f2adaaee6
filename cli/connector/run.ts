import { Listr } from 'listr2';
import { readEnvironment } from '../../config/environment.ts';
import { configurationError, messageOf, systemError, transientError } from '../../domain/errors.ts';
import { findStream } from '../../config/load.ts';
import { syncWorkflowId, returnWorkflowId } from '../../domain/ids.ts';
import { describeWindow, timeWindow } from '../../domain/window.ts';
import { connectTemporal } from '../../temporal/client.ts';
import { labelOf } from '../../temporal/schedules.ts';
import { streamAttributes } from '../../workflows/search-attributes.ts';
import { openStream } from '../../connectors/registry.ts';
import type { returnSync } from '../../workflows/return-sync.ts';
import type { syncWindow } from '../../workflows/sync-window.ts';
import { boundsOf, configOf, type StreamOptions } from './select.ts';

/** What both workflows answer. */
type DeliveredTotals = Awaited<ReturnType<typeof syncWindow>> | Awaited<ReturnType<typeof returnSync>>;

/** The innermost message: what an activity said. */
function causeOf(error: unknown): string {
  return error instanceof Error && error.cause !== undefined ? causeOf(error.cause) : messageOf(error);
}

/** Has a running hub read a window, or the next batches, and waits for it. */
export async function runStream(name: string, options: StreamOptions & { again?: boolean }): Promise<void> {
  const config = configOf(options);
  const { connector, stream } = findStream(config, name);
  const { temporal, embedded } = config.settings;
  const address = readEnvironment().temporalAddress ?? `127.0.0.1:${String(embedded.temporalPort)}`;
  const client = await connectTemporal(address, temporal.namespace).catch((error: unknown) => {
    throw transientError(`No hub can be reached: ${messageOf(error)}`, {
      code: 'no-hub',
      cure: 'start ./hub up or ./hub demo in another terminal, or set TEMPORAL_ADDRESS',
    });
  });
  const open = openStream(config, connector, stream);
  const byBatches = open.source.nextBatch !== undefined;
  // What is younger may still become visible: it is left to the next run, as always.
  const readableMs = byBatches ? 0 : (await open.source.clock()) - stream.lag;
  await open.source.close?.();
  if (options.again && open.source.once) {
    throw configurationError(`${name} is read from ${connector.kind}: a batch that was taken is not there any more`, {
      code: 'read-once',
      cure: 'ask the department to deliver it once more: to set the rows to open again, or to push them again',
    });
  }
  const label = labelOf(connector.name, stream);
  const common = {
    taskQueue: temporal.taskQueue,
    typedSearchAttributes: streamAttributes(label, byBatches ? '取批次' : '读取'),
  };
  const [fromMs, toMs] = boundsOf(options);
  const window = timeWindow(fromMs, Math.max(fromMs, Math.min(toMs, readableMs)));
  const work = byBatches
    ? () =>
        client.workflow.execute<typeof returnSync>('returnSync', {
          ...common,
          workflowId: returnWorkflowId(name),
          args: [{ ...label, ...(options.again && { again: timeWindow(fromMs, toMs) }) }],
        })
    : () =>
        client.workflow.execute<typeof syncWindow>('syncWindow', {
          ...{
            ...common,
            workflowId: syncWorkflowId(name),
            staticSummary: `读取 · ${label.title} · ${describeWindow(window)}`,
          },
          args: [{ ...label, purpose: 'daily', window }],
        });
  const told = (): Promise<DeliveredTotals> =>
    work().catch((error: unknown) => {
      throw systemError(`${name}: ${causeOf(error)}`, {
        code: 'run-failed',
        cure: './hub connector status shows how the source answered',
      });
    });
  try {
    if (options.json) return console.log(JSON.stringify(await told(), null, 2));
    const title = byBatches ? `${name}, its next batches` : `${name}, ${describeWindow(window)}`;
    await new Listr([
      {
        title,
        task: async (_, task) => {
          const { read, accepted, unchanged, rejected } = await told();
          task.title = `${title}: read ${String(read)}, accepted ${String(accepted)}, unchanged ${String(unchanged)}, rejected ${String(rejected)}`;
        },
      },
    ]).run();
  } finally {
    await client.connection.close();
  }
}
