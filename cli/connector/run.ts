import { Listr } from 'listr2';
import { readEnvironment } from '../../config/environment.ts';
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

/** Has a running hub read a window, or the next batches, and waits for it. */
export async function runStream(name: string, options: StreamOptions): Promise<void> {
  const config = configOf(options);
  const { connector, stream } = findStream(config, name);
  const { temporal, embedded } = config.settings;
  const address = readEnvironment().temporalAddress ?? `127.0.0.1:${String(embedded.temporalPort)}`;
  const client = await connectTemporal(address, temporal.namespace);
  const open = openStream(config, connector, stream);
  const byBatches = open.source.nextBatch !== undefined;
  // What is younger may still become visible: it is left to the next run, as always.
  const readableMs = byBatches ? 0 : (await open.source.clock()) - stream.lag;
  await open.source.close?.();
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
          args: [label],
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
  try {
    if (options.json) return console.log(JSON.stringify(await work(), null, 2));
    const title = byBatches ? `${name}, its next batches` : `${name}, ${describeWindow(window)}`;
    await new Listr([
      {
        title,
        task: async (_, task) => {
          const { read, accepted, unchanged, rejected } = await work();
          task.title = `${title}: read ${String(read)}, accepted ${String(accepted)}, unchanged ${String(unchanged)}, rejected ${String(rejected)}`;
        },
      },
    ]).run();
  } finally {
    await client.connection.close();
  }
}
