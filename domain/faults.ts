import { HubError, type HubErrorDetails } from './errors.ts';
import { CASEWORK } from './faults/casework.ts';
import { COMMANDS } from './faults/commands.ts';
import { CONSOLE } from './faults/console.ts';
import { worded, type Fault } from './faults/fault.ts';
import { FILES } from './faults/files.ts';
import { HUB_FAULTS } from './faults/hub.ts';
import { LEDGER } from './faults/ledger.ts';
import { LIBRARY } from './faults/library.ts';
import { SETTINGS } from './faults/settings.ts';
import { SOURCES } from './faults/sources.ts';
import { SUPERVISION } from './faults/supervision.ts';
import type { Said } from './said.ts';

/** Every fault of the hub by its code, which names it for programs and stays. A new one goes into the table of its room. */
export const FAULTS = {
  ...SOURCES,
  ...FILES,
  ...SETTINGS,
  ...LEDGER,
  ...LIBRARY,
  ...CASEWORK,
  ...SUPERVISION,
  ...CONSOLE,
  ...HUB_FAULTS,
  ...COMMANDS,
} satisfies Record<string, Fault>;

export type FaultCode = keyof typeof FAULTS;

type Entry<Code extends FaultCode> = (typeof FAULTS)[Code];
type FactsIn<Words> = Words extends (facts: infer Facts) => Said ? Facts : unknown;
/** What must be known to say a fault and its cure; unknown where nothing must. */
export type Facts<Code extends FaultCode> = FactsIn<Entry<Code>['say']> &
  (Entry<Code> extends { cure: infer Cure } ? FactsIn<Cure> : unknown);

type More = Pick<HubErrorDetails, 'cause' | 'retryAfterMs'>;
type Given<Code extends FaultCode> =
  unknown extends Facts<Code> ? [facts?: undefined, more?: More] : [facts: Facts<Code>, more?: More];

/** Makes an error of a fault: the only way in which the hub makes one. */
export function fault<Code extends FaultCode>(code: Code, ...[facts, more]: Given<Code>): HubError {
  const { kind, say, cure }: Fault = FAULTS[code];
  return new HubError(kind, code, worded(say, facts), {
    ...more,
    facts,
    ...(cure && { cure: worded(cure, facts) }),
  });
}

/** The fault of a code, unless it is one of a kind of one's own. */
export const faultNamed = (code: string | null): Fault | undefined =>
  code !== null && Object.hasOwn(FAULTS, code) ? FAULTS[code as FaultCode] : undefined;

/** A fault as the database keeps it: its code and what is known of it; or a sentence of before that was so. */
export type KeptFault = string;

/** A fault to be kept. One of a kind of one’s own is in no table, and is kept as it says itself. */
export const keptFault = ({ code, facts, zh, message: en }: HubError): KeptFault =>
  JSON.stringify(faultNamed(code) ? { code, facts } : { code, zh, en });

/** A kept fault as people read it. */
export function faultInWords(kept: KeptFault): Said {
  let read: unknown;
  try {
    read = JSON.parse(kept);
  } catch {
    return { zh: kept, en: kept };
  }
  const { code, facts, zh, en } = read as { code: string; facts?: unknown } & Partial<Said>;
  const known = faultNamed(code);
  if (known) return worded(known.say, facts ?? {});
  return { zh: zh ?? code, en: en ?? code };
}
