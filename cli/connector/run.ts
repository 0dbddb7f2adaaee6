import { findStream } from '../../config/load.ts';
import { openStream } from '../../connectors/registry.ts';
import { configurationError } from '../../domain/errors.ts';
import { returnWorkflowId, syncWorkflowId } from '../../domain/ids.ts';
import { describeWindow, timeWindow } from '../../domain/window.ts';
import { labelOf } from '../../temporal/schedules.ts';
import type { returnSync } from '../../workflows/return-sync.ts';
import { streamAttributes } from '../../workflows/search-attributes.ts';
import type { syncWindow } from '../../workflows/sync-window.ts';
import { showRun, toldTotals, withRunningHub } from '../running-hub.ts';
import { boundsOf, configOf, type StreamOptions } from './select.ts';

/** Has a running hub read a window, or the next batches, and waits for it. */
export async function runStream(name: string, options: StreamOptions & { again?: boolean }): Promise<void> {
  const config = configOf(options);
  const { connector, stream } = findStream(config, name);
  const label = labelOf(connector.name, stream);
  const cure = './hub connector status shows how the source answered';
  await withRunningHub(config, async (client) => {
    const { source } = openStream(config, connector, stream);
    const byBatches = source.nextBatch !== undefined;
    // What is younger may still become visible: it is left to the next run, as always.
    const readableMs = byBatches ? 0 : (await source.clock()) - stream.lag;
    await source.close?.();
    if (options.again && source.once) {
      throw configurationError(`${name} is read from ${connector.kind}: a batch that was taken is not there any more`, {
        code: 'read-once',
        cure: 'ask the department to deliver it once more: to set the rows to open again, or to push them again',
      });
    }
    const [fromMs, toMs] = boundsOf(options);
    const { taskQueue } = config.settings.temporal;
    if (byBatches) {
      await showRun({ title: `${name}, its next batches`, cure, quiet: options.json }, async () => {
        const totals = await client.workflow.execute<typeof returnSync>('returnSync', {
          ...{
            taskQueue,
            workflowId: returnWorkflowId(name),
            typedSearchAttributes: streamAttributes(label, '取批次'),
          },
          args: [{ ...label, ...(options.again && { again: timeWindow(fromMs, toMs) }) }],
        });
        return toldTotals(totals, options.json);
      });
      return;
    }
    const window = timeWindow(fromMs, Math.max(fromMs, Math.min(toMs, readableMs)));
    await showRun({ title: `${name}, ${describeWindow(window)}`, cure, quiet: options.json }, async () => {
      const totals = await client.workflow.execute<typeof syncWindow>('syncWindow', {
        ...{ taskQueue, workflowId: syncWorkflowId(name), typedSearchAttributes: streamAttributes(label, '读取') },
        staticSummary: `读取 · ${label.title} · ${describeWindow(window)}`,
        args: [{ ...label, purpose: 'daily', window }],
      });
      return toldTotals(totals, options.json);
    });
  });
}
