import type { RuleId } from '../../domain/library/validation.ts';
import { findStream } from '../../settings/load.ts';
import { startReplay } from '../../temporal/runs.ts';
import { showRun, toldTotals, withRunningHub } from './running-hub.ts';
import { configOf, type StreamOptions } from './select.ts';

/** Has a running hub map open rejects again, and shows what became of them. */
export async function replay(name: string, options: StreamOptions & { rule?: RuleId }): Promise<void> {
  const config = configOf(options);
  findStream(config, name);
  await withRunningHub(config, (client) =>
    showRun({ title: `${name}, its open rejects`, what: 'rejects', quiet: options.json }, async () => {
      const { result } = await startReplay(client, config, name, options.rule);
      return toldTotals(await result(), options.json);
    }),
  );
}
