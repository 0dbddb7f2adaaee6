import type { Said } from './said.ts';

/** What goes on in place of a faulty file of the configuration. */
export const GOES_ON = {
  'last version': { zh: '沿用上一有效版本', en: 'its last valid version goes on' },
  'as it stands': { zh: '其余内容照用', en: 'the rest of it is in force' },
  'left out': { zh: '没有可沿用的版本，未启用', en: 'there is no version to go on by, and it is left out' },
} as const satisfies Record<string, Said>;
export type GoesOn = keyof typeof GOES_ON;

/** A file of the configuration that is not taken over as it stands. */
export interface FaultyFile {
  /** Within the folder of the configuration, `connectors/parks.yaml`. */
  file: string;
  /** The unit whose connector it is; null where it is the whole hub's, or nothing is known of it. */
  unit: string | null;
  /** What is wrong with it and how to mend it, a line each. */
  faults: readonly Said[];
  goesOn: GoesOn;
}
