import { setTimeout } from 'node:timers/promises';
import { messageOf } from '../domain/errors.ts';
import { loadConfig, type ConfigChoice, type HubConfig } from './load.ts';

/** How often the configuration's files are looked at. */
const WATCH_EVERY_MS = 5_000;

/**
 * Looks at the configuration's files until `stopped`. A change that is valid is handed to `apply`; one that is not, or
 * that could not be applied, is reported once, and what was valid last goes on.
 */
export async function watchConfig(
  choice: ConfigChoice,
  current: HubConfig,
  { apply, report }: { apply: (config: HubConfig) => Promise<void> | void; report: (fault: string) => void },
  stopped: AbortSignal,
): Promise<void> {
  let { fingerprint } = current;
  let reported = '';
  for (;;) {
    const waited = await setTimeout(WATCH_EVERY_MS, true, { signal: stopped }).catch(() => false);
    if (!waited) return;
    try {
      const config = loadConfig(choice);
      if (config.fingerprint === fingerprint) continue;
      await apply(config);
      ({ fingerprint } = config);
      reported = '';
    } catch (error) {
      const fault = messageOf(error);
      if (fault !== reported) report(fault);
      reported = fault;
    }
  }
}
