import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const TICKS_PER_SECOND = 100;
const FILE = 'processor-time';

/** Notes in a run's folder how much processor time a file of tests took, all that it started and waited for included. */
export function noteProcessorTime(run: string, file: string): void {
  appendFileSync(join(run, FILE), `${file}\t${processorSeconds()}\n`);
}

/** What was noted in a run's folder, in seconds by file. */
export function processorTimes(run: string): Map<string, number> {
  const noted = join(run, FILE);
  if (!existsSync(noted)) return new Map();
  const lines = readFileSync(noted, 'utf8').trim().split('\n');
  return new Map(lines.map((line) => line.split('\t')).map(([file = '', seconds]) => [file, Number(seconds)]));
}

/** Of this process and of those that it waited for, as Linux tells (proc(5)); elsewhere of this process alone. */
function processorSeconds(): number {
  try {
    const fields = readFileSync('/proc/self/stat', 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND;
  } catch {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  }
}
