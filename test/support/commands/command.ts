import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { bound, untilItAnswers } from '../processes.ts';

export const MAIN = join(import.meta.dirname, '../../../cli/main.ts');

/** A `hub` command that runs, and what it has printed so far. */
export interface RunningCommand {
  child: ChildProcess;
  printed: { stdout: string; stderr: string };
  /** Waits until its standard output contains a text. */
  prints: (text: string) => Promise<void>;
  /** Waits for its end. */
  exit: () => Promise<{ code: number | null; stdout: string; stderr: string }>;
}

/** What a command is given: an environment without servers of its own unless `env` names them. */
const environment = (env: Record<string, string>): NodeJS.ProcessEnv => ({
  ...process.env,
  DATABASE_URL: '',
  TEMPORAL_ADDRESS: '',
  ...env,
});

/** Starts `hub` with arguments. */
export function startHub(args: string[], env: Record<string, string> = {}): RunningCommand {
  const child = bound(
    spawn(process.execPath, [MAIN, ...args], { env: environment(env), stdio: ['ignore', 'pipe', 'pipe'] }),
  );
  const printed = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => (printed[name] += text));
  const ended = once(child, 'close') as Promise<[number | null]>;
  return {
    child,
    printed,
    prints: (text) =>
      untilItAnswers(
        child,
        () =>
          printed.stdout.includes(text) ? Promise.resolve() : Promise.reject(new Error(`no “${text}” was printed`)),
        () => printed.stdout + printed.stderr,
      ),
    exit: async () => {
      const [code] = await ended;
      return { code, ...printed };
    },
  };
}

type Ended = Awaited<ReturnType<RunningCommand['exit']>>;

/** What the host of commands is asked to run. */
export interface HostedCommand {
  args: string[];
  env: NodeJS.ProcessEnv;
}

let host: ReturnType<typeof startHost> | undefined;
let last: Promise<unknown> = Promise.resolve();

/** Runs `hub` to its end in a process that has run others before, which spares loading it all again. */
export function runHosted(args: string[], env: Record<string, string> = {}): Promise<Ended> {
  const ended = last.then(() => (host ??= startHost())({ args, env: environment(env) }));
  last = ended.catch(() => undefined);
  return ended;
}

/** Starts the host, which keeps its test alive only while it runs a command; returns what asks it. */
function startHost(): (command: HostedCommand) => Promise<Ended> {
  const child = bound(fork(join(import.meta.dirname, 'command-host.ts'), { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] }));
  const { stdout, stderr } = child as ChildProcess & Record<'stdout' | 'stderr', Socket>;
  const handles = [child, child.channel, stdout, stderr];
  child.once('exit', () => (host = undefined));
  const printed = { stdout: '', stderr: '' };
  let code: number | null = null;
  let look = (): void => undefined;
  stdout.setEncoding('utf8').on('data', (text: string) => {
    printed.stdout += text;
    look();
  });
  stderr.setEncoding('utf8').on('data', (text: string) => {
    printed.stderr += text;
    look();
  });
  child.on('message', (ended: number) => {
    code = ended;
    look();
  });
  return (command) =>
    new Promise((done, fail) => {
      const died = (): void => {
        fail(new Error(`the host of commands died of ${command.args.join(' ')}: ${printed.stderr}`));
      };
      child.once('exit', died);
      look = () => {
        if (code === null || !printed.stdout.endsWith('\0') || !printed.stderr.endsWith('\0')) return;
        for (const handle of handles) handle?.unref();
        child.off('exit', died);
        done({ code, stdout: printed.stdout.slice(0, -1), stderr: printed.stderr.slice(0, -1) });
      };
      Object.assign(printed, { stdout: '', stderr: '' });
      code = null;
      for (const handle of handles) handle?.ref();
      child.send(command);
    });
}

const known = new Set<string | undefined>();

/**
 * Runs `hub` to its end: the first command of each name in a process of its own, as users have it, the others of that
 * name where others ran before.
 */
export function runHub(args: string[], env?: Record<string, string>): Promise<Ended> {
  const [name] = args;
  if (known.has(name)) return runHosted(args, env);
  known.add(name);
  return startHub(args, env).exit();
}
