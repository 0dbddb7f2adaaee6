import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { hash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { configurationError, messageOf, systemError } from '../domain/errors.ts';

const LONGEST_LOG = 20_000_000;
const FIRST_RESTART_MS = 500;
const LAST_RESTART_MS = 30_000;
/** A part that lived this long starts over with short waits. */
const STABLE_MS = 60_000;
const STOP_MS = 40_000;
/** Far longer than a part takes on a busy machine. */
const LONGEST_START_MS = 180_000;

/** One process that a hub consists of. */
export interface Part {
  name: string;
  /** Starts it, its output going to the open file. */
  spawn: (log: number) => ChildProcess;
  /** Resolves when it can be used. */
  ready: (child: ChildProcess) => Promise<unknown>;
  stopSignal: NodeJS.Signals;
}

interface Running {
  part: Part;
  child: ChildProcess;
  startedMs: number;
  /** Wait before the next restart. */
  waitMs: number;
}

/**
 * Keeps the processes of one hub running: starts them one after the other, starts a part again that ends by itself, and
 * stops all of them in reverse order. One supervisor at a time may hold a data folder.
 */
export class Supervisor {
  readonly folder: string;
  readonly #report: (line: string) => void;
  readonly #parts: Running[] = [];
  #lock: Server | null = null;
  #stopping = false;

  /** @param report takes one line for people when a part ends or is started again */
  constructor(folder: string, report: (line: string) => void) {
    this.folder = resolve(folder);
    this.#report = report;
  }

  /** Takes the data folder; throws when another hub has it or when it cannot be written to. */
  async lock(): Promise<void> {
    try {
      mkdirSync(join(this.folder, 'logs'), { recursive: true });
      writeFileSync(join(this.folder, 'writable'), '');
      rmSync(join(this.folder, 'writable'));
    } catch (error) {
      throw configurationError(`The data folder ${this.folder} cannot be written to: ${messageOf(error)}`, {
        code: 'data-unwritable',
        cure: 'give the folder to the user who runs the hub, or choose another one with --data',
      });
    }
    // A socket is held as long as its process lives, however that ends. Its path must be short.
    const path = join(tmpdir(), `hub-${hash('sha256', this.folder, 'hex').slice(0, 16)}.sock`);
    if (await answers(path)) {
      throw configurationError(`Another hub is running on the data in ${this.folder}`, {
        code: 'second-instance',
        cure: 'stop it first (Ctrl-C in its terminal), or choose another folder with --data',
      });
    }
    rmSync(path, { force: true });
    const server = createServer((socket) => socket.end());
    await new Promise<void>((done, fail) => server.once('error', fail).listen(path, done));
    server.unref();
    this.#lock = server;
    await this.#endOrphans();
  }

  /** Starts a part and waits until it is ready; throws with the end of its log when it does not get there. */
  async start(part: Part): Promise<void> {
    const entry: Running = { part, child: this.#spawn(part), startedMs: Date.now(), waitMs: FIRST_RESTART_MS };
    this.#parts.push(entry);
    const ended = new Promise<never>((_, reject) => {
      entry.child.once('error', reject);
      entry.child.once('exit', (code, signal) => {
        reject(
          systemError(`${part.name} ended at its start (${signal ?? String(code)}): ${this.#endOfLog(part.name)}`, {
            code: 'part-ended',
          }),
        );
      });
    });
    const started = new AbortController();
    const late = wait(LONGEST_START_MS, undefined, { signal: started.signal }).then(() => {
      throw systemError(
        `${part.name} was not ready after ${LONGEST_START_MS / 60_000} minutes: ${this.#endOfLog(part.name)}`,
        { code: 'part-not-ready' },
      );
    });
    try {
      await Promise.race([part.ready(entry.child), ended, late]);
    } finally {
      started.abort();
      // From here on an end is answered by a restart.
      for (const outcome of [ended, late]) outcome.catch(() => undefined);
    }
    entry.child.once('exit', (code, signal) => void this.#restart(entry, signal ?? String(code)));
    if (entry.child.exitCode !== null || entry.child.signalCode !== null) void this.#restart(entry, 'at once');
  }

  /** Process ids by part, for those who want to see one die. */
  pids(): Record<string, number> {
    return Object.fromEntries(this.#parts.map(({ part, child }) => [part.name, child.pid ?? 0]));
  }

  /** Stops every part, the last one started first. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const { part, child } of this.#parts.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((done) => child.once('exit', done));
      child.kill(part.stopSignal);
      const late = wait(STOP_MS, 'late', { ref: false });
      if ((await Promise.race([ended, late])) === 'late') child.kill('SIGKILL');
    }
    this.#parts.length = 0;
    rmSync(this.#pidsFile, { force: true });
    this.#lock?.close();
  }

  /** Kills whatever still runs, for a user who does not want to wait. */
  kill(): void {
    this.#stopping = true;
    for (const { child } of this.#parts) child.kill('SIGKILL');
  }

  #spawn(part: Part): ChildProcess {
    const path = this.#logOf(part.name);
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > LONGEST_LOG) renameSync(path, `${path}.1`);
    const log = openSync(path, 'a');
    try {
      return part.spawn(log);
    } finally {
      closeSync(log);
      queueMicrotask(() => writeFileSync(this.#pidsFile, JSON.stringify(this.pids())));
    }
  }

  async #restart(entry: Running, how: string): Promise<void> {
    if (this.#stopping) return;
    if (Date.now() - entry.startedMs > STABLE_MS) entry.waitMs = FIRST_RESTART_MS;
    this.#report(`${entry.part.name} ended (${how}); it is started again`);
    await wait(entry.waitMs);
    entry.waitMs = Math.min(entry.waitMs * 2, LAST_RESTART_MS);
    if (this.#isStopping()) return;
    entry.startedMs = Date.now();
    entry.child = this.#spawn(entry.part);
    entry.child.once('error', (error) => {
      this.#report(`${entry.part.name}: ${messageOf(error)}`);
    });
    entry.child.once('exit', (code, signal) => void this.#restart(entry, signal ?? String(code)));
  }

  /** Asked again after a wait, during which it may have changed. */
  #isStopping(): boolean {
    return this.#stopping;
  }

  /** Servers that outlived a supervisor which was killed; they are known by their id and by the folder they serve. */
  async #endOrphans(): Promise<void> {
    let pids: Record<string, number>;
    try {
      pids = JSON.parse(readFileSync(this.#pidsFile, 'utf8')) as Record<string, number>;
    } catch {
      return; // nothing was left behind
    }
    for (const [name, pid] of Object.entries(pids)) {
      if (!commandOf(pid).includes(this.folder)) continue;
      this.#report(`${name} is still running from an earlier hub that was killed; it is stopped`);
      process.kill(pid, 'SIGINT');
      for (let tries = 0; tries < 100 && commandOf(pid).includes(this.folder); tries++) await wait(100);
    }
  }

  #endOfLog(name: string): string {
    const lines = readFileSync(this.#logOf(name), 'utf8').trim().split('\n');
    // What went wrong, not where in the code.
    return lines
      .filter((line) => !/^\s+at /.test(line))
      .slice(-3)
      .join(' / ')
      .slice(-600);
  }

  get #pidsFile(): string {
    return join(this.folder, 'pids.json');
  }

  #logOf(name: string): string {
    return join(this.folder, 'logs', `${name}.log`);
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => {
      done(false);
    });
  });
}

/** The command line of a process, or nothing when there is none. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
