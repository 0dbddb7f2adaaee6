import { readdirSync, readFileSync } from 'node:fs';

const SAMPLE_EVERY_MS = 500;
/** Linux counts in hundredths, whatever its clock. */
const TICKS_PER_SECOND = 100;

export interface Usage {
  /** CPU seconds, by program and of all together. */
  cpu: Record<string, number>;
  /** Most that was held at one moment, MiB, by program and of all together. */
  peak: Record<string, number>;
}

/** CPU time and memory of some processes and all that they started, read from /proc. */
export class ProcessWatch {
  readonly #pids: () => number[];
  readonly #timer: NodeJS.Timeout;
  readonly #startTicks: Map<number, number>;
  readonly #used = new Map<number, { name: string; ticks: number }>();
  readonly #peak: Record<string, number> = {};

  constructor(pids: () => number[]) {
    this.#pids = pids;
    this.#startTicks = new Map(this.#family().map((pid) => [pid, ticksOf(pid)]));
    this.#timer = setInterval(() => {
      this.#sample();
    }, SAMPLE_EVERY_MS);
  }

  stop(): Usage {
    clearInterval(this.#timer);
    this.#sample();
    const cpu: Record<string, number> = { all: 0 };
    for (const [pid, { name, ticks }] of this.#used) {
      const seconds = (ticks - (this.#startTicks.get(pid) ?? 0)) / TICKS_PER_SECOND;
      cpu[name] = (cpu[name] ?? 0) + seconds;
      cpu.all = (cpu.all ?? 0) + seconds;
    }
    return { cpu, peak: this.#peak };
  }

  #family(): number[] {
    const parents = new Map<number, number>();
    for (const name of readdirSync('/proc')) if (/^\d+$/.test(name)) parents.set(Number(name), parentOf(Number(name)));
    const found = new Set(this.#pids());
    for (let before = 0; before !== found.size;) {
      before = found.size;
      for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
    }
    return [...found];
  }

  #sample(): void {
    const now: Record<string, number> = { all: 0 };
    for (const pid of this.#family()) {
      const name = this.#used.get(pid)?.name ?? nameOf(pid);
      this.#used.set(pid, { name, ticks: ticksOf(pid) });
      const held = heldBy(pid);
      now[name] = (now[name] ?? 0) + held;
      now.all = (now.all ?? 0) + held;
    }
    for (const [name, held] of Object.entries(now)) this.#peak[name] = Math.max(this.#peak[name] ?? 0, held);
  }
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // the process has ended meanwhile
  }
};
const statOf = (pid: number): string[] =>
  read(`/proc/${pid}/stat`)
    .replace(/^.*\) /, '')
    .split(' ');
const parentOf = (pid: number): number => Number(statOf(pid)[1] ?? 0);
const ticksOf = (pid: number): number => Number(statOf(pid)[11] ?? 0) + Number(statOf(pid)[12] ?? 0);
/** Memory in MiB, that which is shared divided among those who share it. */
const heldBy = (pid: number): number =>
  Number(/^Pss: +(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1024;
function nameOf(pid: number): string {
  const command = read(`/proc/${pid}/cmdline`);
  return command.includes('postgres') ? 'PostgreSQL' : command.includes('start-dev') ? 'Temporal' : 'worker';
}
