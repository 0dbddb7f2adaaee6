import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { S3Settings } from '../../../settings/schemas/hub.ts';
import { freePorts } from '../ports.ts';
import { bound, end, untilItAnswers } from '../processes.ts';

/** An S3-compatible server with the bucket `files`, behind a line that can be cut. */
export class S3Server {
  /** What a hub is told of it. */
  readonly settings: S3Settings;
  /** Where the server keeps its buckets. */
  readonly folder: string;
  readonly #process: ChildProcess;
  readonly #line: Line;

  private constructor(folder: string, process: ChildProcess, line: Line) {
    this.folder = folder;
    this.#process = process;
    this.#line = line;
    this.settings = {
      endpoint: `http://127.0.0.1:${line.port}`,
      region: 'cn-east',
      bucket: 'files',
      prefix: 'hub/',
      pathStyle: true,
      accessKey: { env: 'HUB_TEST_S3_ACCESS' },
      secretKey: { env: 'HUB_TEST_S3_SECRET' },
    };
  }

  static async start(): Promise<S3Server> {
    const program = process.env.HUB_TEST_S3;
    if (program === undefined) throw new Error('run tests that need an S3 server with ./hub test');
    process.env.HUB_TEST_S3_ACCESS = 'hub';
    process.env.HUB_TEST_S3_SECRET = 'hub-of-the-test';
    const folder = mkdtempSync(join(tmpdir(), 's3-'));
    mkdirSync(join(folder, 'files'));
    const [port = 0, lent = 0] = await freePorts(2);
    const started = bound(
      spawn(program, ['--port', `127.0.0.1:${port}`, '--region', 'cn-east', '--quiet', 'posix', folder], {
        env: { ...process.env, ROOT_ACCESS_KEY: 'hub', ROOT_SECRET_KEY: 'hub-of-the-test' },
        stdio: 'ignore',
      }),
    );
    await untilItAnswers(started, () => fetch(`http://127.0.0.1:${port}/`));
    const line = new Line(lent, port);
    await line.open();
    return new S3Server(folder, started, line);
  }

  /** Breaks the connection that carries this many more bytes, whichever way; the next one is whole. */
  breakAfter(bytes: number): void {
    this.#line.budget = bytes;
  }

  /** Breaks all connections and lets none be made. */
  cut(): void {
    this.#line.cut();
  }

  /** Lets nothing through any more, without breaking anything. */
  hold(): void {
    this.#line.hold();
  }

  /** The line is whole again. */
  async mend(): Promise<void> {
    this.#line.cut();
    await this.#line.open();
  }

  async stop(): Promise<void> {
    this.#line.cut();
    await end(this.#process, 'SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Carries bytes between a port of its own and the server's. */
class Line {
  readonly port: number;
  /** Bytes until the connection that carries the last of them breaks. */
  budget = Infinity;
  readonly #server: number;
  readonly #sockets = new Set<Socket>();
  #listening: Server | null = null;
  #held = false;

  constructor(port: number, server: number) {
    this.port = port;
    this.#server = server;
  }

  async open(): Promise<void> {
    this.#held = false;
    const listening = createServer((near) => {
      const far = connect(this.#server, '127.0.0.1');
      this.#carry(near, far);
      this.#carry(far, near);
    });
    await new Promise<void>((done) => listening.listen(this.port, '127.0.0.1', done));
    this.#listening = listening;
  }

  cut(): void {
    this.#listening?.close();
    this.#listening = null;
    for (const socket of this.#sockets) socket.destroy();
  }

  hold(): void {
    this.#held = true;
  }

  #carry(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on('error', () => undefined);
    from.on('end', () => {
      if (!this.#held) to.end();
    });
    from.on('close', () => {
      this.#sockets.delete(from);
      if (!from.readableEnded) to.destroy();
    });
    from.on('data', (bytes) => {
      if (this.#held) return;
      this.budget -= bytes.length;
      if (this.budget > 0) {
        to.write(bytes);
        return;
      }
      this.budget = Infinity;
      from.destroy();
    });
  }
}
