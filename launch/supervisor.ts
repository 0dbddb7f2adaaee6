import type { ChildProcess } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { hash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { messageOf } from '../domain/errors.ts';
import { fault } from '../domain/faults.ts';
import { outliveUnwritable } from '../settings/logger.ts';

const LONGEST_LOG = 20_000_000;
/** How often the logs of parts are looked at. */
const ROTATE_EVERY_MS = 5_000;
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
  /** Resolves when it can be used; nobody waits for it any more once the signal is aborted. */
  ready: (child: ChildProcess, signal: AbortSignal) => Promise<unknown>;
  stopSignal: NodeJS.Signals;
}

interface Running {
  part: Part;
  child: ChildProcess;
  /** How the process ended, once it has. */
  ended: Promise<string>;
  /** Settled when the process can be used or has ended; replaced when it is started again. */
  settled: Promise<unknown>;
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
  #rotating: NodeJS.Timeout | undefined;
  #stopping = false;

  /** @param report takes one line for people when a part ends or is started again */
  constructor(folder: string, report: (line: string) => void) {
    outliveUnwritable();
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
      throw fault('data-unwritable', { folder: this.folder, why: messageOf(error) });
    }
    // A socket is held as long as its process lives, however that ends. Its path must be short.
    const path = join(tmpdir(), `hub-${hash('sha256', this.folder, 'hex').slice(0, 16)}.sock`);
    const server = createServer((socket) => socket.end());
    const listen = (): Promise<void> =>
      new Promise((done, fail) => {
        server.once('error', fail).listen(path, done);
      });
    // The second of two that start at once finds the first one's socket, not merely no answer yet.
    await listen().catch(async () => {
      if (await answers(path)) {
        throw fault('second-instance', { folder: this.folder });
      }
      rmSync(path, { force: true });
      await listen();
    });
    server.unref();
    this.#lock = server;
    this.#rotating = setInterval(() => this.#rotate(), ROTATE_EVERY_MS).unref();
    await this.#endOrphans();
  }

  /** Starts a part and waits until it is ready; throws with the end of its log when it does not get there. */
  async start(part: Part): Promise<void> {
    const entry: Running = {
      part,
      ...this.#spawn(part),
      settled: Promise.resolve(),
      startedMs: Date.now(),
      waitMs: FIRST_RESTART_MS,
    };
    this.#parts.push(entry);
    this.#notePids();
    const started = new AbortController();
    const ready = part.ready(entry.child, started.signal);
    const ended = entry.ended.then((how) => {
      throw fault('part-ended', { part: part.name, how, log: this.#endOfLog(part.name) });
    });
    const late = wait(LONGEST_START_MS, undefined, { signal: started.signal }).then(() => {
      throw fault('part-not-ready', {
        part: part.name,
        minutes: LONGEST_START_MS / 60_000,
        log: this.#endOfLog(part.name),
      });
    });
    try {
      await Promise.race([ready, ended, late]);
    } finally {
      started.abort();
      // From here on an end is answered by a restart.
      for (const outcome of [ready, ended, late]) outcome.catch(() => undefined);
    }
    this.#keep(entry);
  }

  /** Process ids of the parts that run, for those who want to see one die. */
  pids(): Record<string, number> {
    const running = this.#parts.filter(({ child }) => runs(child));
    return Object.fromEntries(running.map(({ part, child }) => [part.name, child.pid ?? 0]));
  }

  /** Waits until a part can be used, also while it is started again; its process at that time. */
  async up(name: string): Promise<ChildProcess> {
    const entry = this.#parts.find(({ part }) => part.name === name);
    if (!entry) throw new Error(`there is no part ${name}`);
    for (let settled; settled !== entry.settled;) {
      settled = entry.settled;
      await settled;
    }
    return entry.child;
  }

  /** Stops every part, the last one started first. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const { part, child, ended } of this.#parts.toReversed()) {
      if (!runs(child)) continue;
      child.kill(part.stopSignal);
      const inTime = new AbortController();
      const late = wait(STOP_MS, 'late', { signal: inTime.signal }).catch(() => undefined);
      if ((await Promise.race([ended, late])) === 'late') child.kill('SIGKILL');
      inTime.abort();
      await ended;
    }
    this.#parts.length = 0;
    rmSync(this.#pidsFile, { force: true });
    clearInterval(this.#rotating);
    this.#lock?.close();
  }

  /** Kills whatever still runs, for a user who does not want to wait. */
  kill(): void {
    this.#stopping = true;
    for (const { child } of this.#parts) child.kill('SIGKILL');
  }

  #spawn(part: Part): Pick<Running, 'child' | 'ended'> {
    const log = openSync(this.#logOf(part.name), 'a');
    try {
      const child = part.spawn(log);
      return { child, ended: endOf(child) };
    } finally {
      closeSync(log);
    }
  }

  /** Puts what is long of the logs aside. A part keeps its file, to whose end it writes, and goes on in it from the start. */
  #rotate(): void {
    for (const { part } of this.#parts) {
      const path = this.#logOf(part.name);
      if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) <= LONGEST_LOG) continue;
      try {
        copyFileSync(path, `${path}.1`);
        truncateSync(path);
      } catch {
        // No room for both: it stays as it is until there is.
        rmSync(`${path}.1`, { force: true });
      }
    }
  }

  /** Starts a part again whenever it ends. */
  #keep(entry: Running): void {
    void entry.ended.then((how) => {
      entry.settled = this.#restart(entry, how);
    });
  }

  /** Resolves when the part can be used or has ended once more. */
  async #restart(entry: Running, how: string): Promise<void> {
    if (this.#stopping) return;
    const { part } = entry;
    if (Date.now() - entry.startedMs > STABLE_MS) entry.waitMs = FIRST_RESTART_MS;
    this.#report(`${part.name} ended (${how}); it is started again`);
    await wait(entry.waitMs);
    entry.waitMs = Math.min(entry.waitMs * 2, LAST_RESTART_MS);
    if (this.#isStopping()) return;
    entry.startedMs = Date.now();
    Object.assign(entry, this.#spawn(part));
    this.#notePids();
    this.#keep(entry);
    const over = new AbortController();
    const ready = part.ready(entry.child, over.signal).catch(() => undefined);
    await Promise.race([ready, entry.ended]);
    over.abort();
  }

  /** Asked again after a wait, during which it may have changed. */
  #isStopping(): boolean {
    return this.#stopping;
  }

  /** For whoever finds the servers when this process was killed; whole at any moment, since others read it. */
  #notePids(): void {
    try {
      writeFileSync(`${this.#pidsFile}.new`, JSON.stringify(this.pids()));
      renameSync(`${this.#pidsFile}.new`, this.#pidsFile);
    } catch (error) {
      // As on a full disk: the parts run all the same.
      this.#report(`${this.#pidsFile} cannot be written: ${messageOf(error)}`);
    }
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
      const runsOn = (): boolean => commandOf(pid).includes(this.folder);
      if (!runsOn()) continue;
      this.#report(`${name} is still running from an earlier hub that was killed; it is stopped`);
      signalIfThere(pid, 'SIGINT');
      for (const endMs = Date.now() + STOP_MS; runsOn(); await wait(100))
        if (Date.now() > endMs) signalIfThere(pid, 'SIGKILL');
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

const runs = ({ exitCode, signalCode, pid }: ChildProcess): boolean =>
  pid !== undefined && exitCode === null && signalCode === null;

/** Resolves with how a process ended, or why it could not be started. */
const endOf = (child: ChildProcess): Promise<string> =>
  new Promise((done) => {
    child.once('exit', (code, signal) => {
      done(signal ?? String(code));
    });
    child.once('error', (error) => {
      done(messageOf(error));
    });
  });

function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
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
