import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePorts } from '../ports.ts';
import { bound, end, signalled } from '../processes.ts';

const SSHD = '/usr/sbin/sshd';
const exec = promisify(execFile);

/** A real SFTP server, which the current user may enter with a key. */
export class SftpServer {
  /** Of the server’s key, `SHA256:…`. */
  readonly fingerprint: string;
  /** What the user enters with, in OpenSSH form. */
  readonly privateKey: string;
  readonly #folder: string;
  readonly #port: number;
  #process: ChildProcess | null = null;

  private constructor(folder: string, port: number, fingerprint: string) {
    this.#folder = folder;
    this.#port = port;
    this.fingerprint = fingerprint;
    this.privateKey = readFileSync(join(folder, 'user'), 'utf8');
  }

  static async start(): Promise<SftpServer> {
    if (!existsSync(SSHD)) throw new Error(`${SSHD} is missing: install the Debian package openssh-server`);
    // Of root's sshd only: the folder it locks its unprivileged half into.
    if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
    const folder = mkdtempSync(join(tmpdir(), 'sftp-'));
    for (const name of ['host', 'user'])
      await exec('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)]);
    const { stdout } = await exec('ssh-keygen', ['-lf', join(folder, 'host.pub')]);
    const [port = 0] = await freePorts(1);
    writeFileSync(
      join(folder, 'config'),
      [
        `ListenAddress 127.0.0.1:${port}`,
        `HostKey ${join(folder, 'host')}`,
        `AuthorizedKeysFile ${join(folder, 'user.pub')}`,
        'PidFile none',
        'StrictModes no',
        'UsePAM no',
        'PasswordAuthentication no',
        'KbdInteractiveAuthentication no',
        'PermitRootLogin prohibit-password',
        'Subsystem sftp internal-sftp',
        '',
      ].join('\n'),
    );
    const server = new SftpServer(folder, port, stdout.split(' ')[1] ?? '');
    await server.resume();
    return server;
  }

  address(folder: string): string {
    return `sftp://${encodeURIComponent(userInfo().username)}@127.0.0.1:${this.#port}${folder}`;
  }

  /** Listens again, on the same port. */
  async resume(): Promise<void> {
    const started = bound(
      spawn(SSHD, ['-D', '-e', '-f', join(this.#folder, 'config')], { stdio: ['ignore', 'ignore', 'pipe'] }),
    );
    this.#process = started;
    let told = '';
    for await (const text of started.stderr.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
      told += String(text);
      if (told.includes('Server listening on')) {
        started.stderr.resume();
        return;
      }
    }
    throw new Error(`${SSHD} did not start: ${told}`);
  }

  /** Takes it away, with the sessions that are open. */
  async pause(): Promise<void> {
    if (!this.#process) return;
    // Stopped first, or it would take in the next session while the open ones are ended.
    this.#process.kill('SIGSTOP');
    for (const pid of this.#sessions()) signalled(pid, 'SIGKILL');
    await end(this.#process, 'SIGKILL');
    this.#process = null;
  }

  /** Lets the open sessions answer nothing more, without ending them; or answer again. */
  freeze(frozen: boolean): void {
    for (const pid of this.#sessions()) signalled(pid, frozen ? 'SIGSTOP' : 'SIGCONT');
  }

  async stop(): Promise<void> {
    await this.pause();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The processes that the server started, and theirs. */
  #sessions(pid = this.#process?.pid): number[] {
    if (pid === undefined) return [];
    let children: string;
    try {
      children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    } catch (error) {
      // A session ends whenever it likes.
      if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
      throw error;
    }
    return children
      .split(' ')
      .filter(Boolean)
      .map(Number)
      .flatMap((child) => [child, ...this.#sessions(child)]);
  }
}
