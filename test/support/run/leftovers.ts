import { readdirSync, readFileSync } from 'node:fs';

/** A process that a file of tests started and left running. */
export interface Leftover {
  pid: number;
  command: string;
  /** The file; null where the run itself started it. */
  file: string | null;
}

/** The variables by which what a run starts is known, however far down; every process hands them on. */
export const RUN_VARIABLE = 'HUB_TEST_RUN';
export const FILE_VARIABLE = 'HUB_TEST_FILE';

/** The processes of a run that are still there, as Linux tells; where there is no /proc, nothing is known. */
export function leftovers(run: string): Leftover[] {
  const found: Leftover[] = [];
  for (const pid of pids()) {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
      if (!environment.includes(`${RUN_VARIABLE}=${run}`)) continue;
      const file = environment.find((entry) => entry.startsWith(`${FILE_VARIABLE}=`));
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      found.push({ pid, command, file: file?.slice(FILE_VARIABLE.length + 1) ?? null });
    } catch {
      continue; // it has ended meanwhile, or is somebody else's
    }
  }
  return found;
}

function pids(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}
