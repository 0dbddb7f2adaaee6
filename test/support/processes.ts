import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';

/** Far longer than any server takes on a busy machine. */
const LONGEST_START_MS = 120_000;

/** Has a program end with this process, however that ends but by force. */
export function bound<Program extends ChildProcess>(program: Program): Program {
  const kill = (): void => void program.kill('SIGKILL');
  process.once('exit', kill);
  program.once('exit', () => process.off('exit', kill));
  return program;
}

const isOver = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

/** Waits until a program has ended, also one that ended before. */
export async function ended(program: ChildProcess): Promise<void> {
  if (!isOver(program)) await once(program, 'exit');
}

/** Sends a program a signal and waits until it has ended; one that has died meanwhile is gone, too. */
export async function end(program: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  program.kill(signal);
  await ended(program);
}

/** Asks a program until it answers; throws what it has told when it ends before that, or never answers. */
export async function untilItAnswers(
  program: ChildProcess,
  ask: () => Promise<unknown>,
  told: () => string = () => '',
): Promise<void> {
  for (const endMs = Date.now() + LONGEST_START_MS; ; await wait(50)) {
    try {
      await ask();
      return;
    } catch (cause) {
      const how = isOver(program) ? 'ended before it answered' : Date.now() > endMs ? 'does not answer' : null;
      if (how !== null) throw new Error(`${program.spawnfile} ${how}\n${told()}`, { cause });
    }
  }
}

/** Whether there is a process, of whoever. */
export const isAlive = (pid: number): boolean => signalled(pid, 0);

/** Sends a process a signal; false when it is gone. */
export function signalled(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Does something while a process does nothing at all, and answers nobody. */
export async function whileFrozen<T>(pid: number, work: () => Promise<T>): Promise<T> {
  if (!signalled(pid, 'SIGSTOP')) throw new Error(`process ${pid}, which was to be stopped, is gone`);
  try {
    return await work();
  } finally {
    signalled(pid, 'SIGCONT');
  }
}
