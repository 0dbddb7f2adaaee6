import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { eventually } from './eventually.ts';

const MAIN = join(import.meta.dirname, '../../cli/main.ts');

/** A `hub` command that runs, and what it has printed so far. */
export interface RunningCommand {
  child: ChildProcess;
  printed: { stdout: string; stderr: string };
  /** Waits until its standard output contains a text. */
  prints: (text: string) => Promise<void>;
  /** Waits for its end. */
  exit: () => Promise<{ code: number | null; stdout: string; stderr: string }>;
}

/** Starts `hub` with arguments, in an environment without servers of its own unless `env` names them. */
export function startHub(args: string[], env: Record<string, string> = {}): RunningCommand {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, DATABASE_URL: '', TEMPORAL_ADDRESS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => (printed[name] += text));
  const ended = once(child, 'close') as Promise<[number | null]>;
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('close', () => process.off('exit', kill));
  return {
    child,
    printed,
    prints: (text) =>
      eventually(() => {
        if (printed.stdout.includes(text)) return;
        throw new Error(`“${text}” was not printed, but:\n${printed.stdout}${printed.stderr}`);
      }, 120_000),
    exit: async () => {
      const [code] = await ended;
      return { code, ...printed };
    },
  };
}

/** Runs `hub` to its end. */
export const runHub = (args: string[], env?: Record<string, string>): ReturnType<RunningCommand['exit']> =>
  startHub(args, env).exit();
