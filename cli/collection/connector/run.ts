import { findStream } from '../../../settings/load.ts';
import { startRun } from '../../../temporal/runs.ts';
import { showRun, toldTotals, withRunningHub } from '../../kit/running-hub.ts';
import { windowBounds, configOf, type StreamOptions } from '../../kit/select.ts';

/** Has a running hub read a window, or the next batches, and waits for it. */
export async function runStream(name: string, options: StreamOptions & { again?: boolean }): Promise<void> {
  const config = configOf(options);
  findStream(config, name);
  const [fromMs, toMs] = windowBounds(options);
  await withRunningHub(config, async (client) => {
    const { title, result } = await startRun(client, config, name, { fromMs, toMs, again: options.again });
    await showRun({ title, what: 'source', quiet: options.json }, async () => toldTotals(await result(), options.json));
  });
}
