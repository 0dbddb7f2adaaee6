import { setTimeout } from 'node:timers/promises';
import { messageOf } from '../domain/errors.ts';
import { loadValid, type HubConfig } from './load.ts';
import type { Logger } from './logger.ts';

/** How often the configuration's files are looked at. */
const WATCH_EVERY_MS = 5_000;

/**
 * Looks at the configuration's files until `stopped`. What is valid of a change is handed to `apply`; what is not, or could
 * not be applied, is logged once, and what was valid last goes on.
 */
export async function watchConfig(
  current: HubConfig,
  { apply, logger }: { apply: (config: HubConfig) => Promise<void> | void; logger: Logger },
  stopped: AbortSignal,
): Promise<void> {
  let { fingerprint, versions } = current;
  let told = '';
  const tell = (faults: string): void => {
    if (faults !== '' && faults !== told)
      logger.error('what is faulty in the configuration is not taken over', { error: faults });
    told = faults;
  };
  const tellFaulty = ({ faulty }: HubConfig): void =>
    tell(faulty.flatMap(({ faults }) => faults.map(({ en }) => en)).join('\n'));
  tellFaulty(current);
  for (;;) {
    const waited = await setTimeout(WATCH_EVERY_MS, true, { signal: stopped }).catch(() => false);
    if (!waited) return;
    try {
      const config = loadValid(current.choice, versions);
      if (config.fingerprint === fingerprint) continue;
      await apply(config);
      ({ fingerprint, versions } = config);
      tellFaulty(config);
    } catch (error) {
      tell(messageOf(error));
    }
  }
}
