import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { randomBytes } from 'node:crypto';

/** What can be switched on at run time; each hits the requests for pages, `away` hits every request. */
export const FAULTS = [
  'rate-limit',
  'error',
  'timeout',
  'empty-body',
  'truncated',
  'repeated-page',
  'short-page',
  'token-expiry',
  'away',
] as const;
export type Fault = (typeof FAULTS)[number];

/** An answer as bytes that a department puts together. */
export type Answer = Buffer | string;

export interface Request {
  url: URL;
  body: string;
  headers: IncomingMessage['headers'];
}

/** How a department answers one of its addresses. */
export interface Route {
  method: 'GET' | 'POST';
  path: RegExp;
  /** Whether it delivers a page, which faults may spoil. */
  page?: boolean;
  /** @param change how a fault bends the page that is asked for */
  answer: (request: Request, match: RegExpExecArray, change: PageChange) => Result | Promise<Result>;
}

/** Addresses by which tests and the demonstration speak with a department. */
export type Control = Record<string, (request: Request) => Answer | Promise<Answer>>;

export type Result = Answer | { status: number; body: Answer };

export interface PageChange {
  /** Added to the page number. */
  shift: number;
  /** Rows cut off the end. */
  drop: number;
}

/** One simulated department: its routes, its faults, its tokens, and what it has seen. */
export class DepartmentServer {
  readonly #server: Server;
  readonly #routes: Route[];
  readonly #faults = new Map<Fault, { times: number; after: number }>();
  readonly #tokens = new Set<string>();
  readonly #control: Control;
  readonly counts = { requests: 0, pages: 0, faults: 0 };
  /** The department's clock, as its Date header tells it. */
  clock: () => number = Date.now;

  constructor(routes: Route[], control: Control) {
    this.#routes = routes;
    this.#control = control;
    this.#server = createServer({ keepAlive: true }, (incoming, response) => void this.#handle(incoming, response));
  }

  /** Starts listening on the loopback address; returns the port. */
  listen(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', () => {
        const address = this.#server.address();
        resolve(typeof address === 'object' && address ? address.port : port);
      });
    });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Switches a fault on for some requests, leaving the first few alone; 0 times switches it off. */
  setFault(fault: Fault, times: number, after = 0): void {
    if (times > 0) this.#faults.set(fault, { times, after });
    else this.#faults.delete(fault);
  }

  clearFaults(): void {
    this.#faults.clear();
  }

  issueToken(): string {
    const token = randomBytes(12).toString('hex');
    this.#tokens.add(token);
    return token;
  }

  accepts(request: Request): boolean {
    return this.#tokens.has((request.headers.authorization ?? '').replace('Bearer ', ''));
  }

  #use(fault: Fault): boolean {
    const state = this.#faults.get(fault);
    if (!state) return false;
    if (state.after > 0) {
      state.after -= 1;
      return false;
    }
    this.counts.faults += 1;
    this.setFault(fault, state.times - 1);
    return true;
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const request: Request = {
      url: new URL(incoming.url ?? '/', 'http://department'),
      body: Buffer.concat(chunks).toString('utf8'),
      headers: incoming.headers,
    };
    const { pathname } = request.url;
    const control = this.#control[`${incoming.method ?? ''} ${pathname}`];
    if (control) {
      send(response, 200, await control(request));
      return;
    }
    if (pathname === '/_sim/faults') {
      send(response, 200, this.#changeFaults(incoming.method ?? '', request));
      return;
    }

    this.counts.requests += 1;
    if (this.#use('away')) {
      incoming.socket.destroy();
      return;
    }
    response.setHeader('Date', new Date(this.clock()).toUTCString());
    for (const route of this.#routes) {
      const match = route.method === incoming.method ? route.path.exec(pathname) : null;
      if (!match) continue;
      const change: PageChange = { shift: 0, drop: 0 };
      if (route.page) {
        this.counts.pages += 1;
        if (this.#use('rate-limit')) return send(response, 429, '{}', { 'Retry-After': '1' });
        if (this.#use('error')) return send(response, 500, '{"error":"internal"}');
        if (this.#use('timeout')) return; // never answered
        if (this.#use('empty-body')) return send(response, 200, '');
        if (this.#use('token-expiry')) this.#tokens.clear();
        if (this.#use('repeated-page')) change.shift = -1;
        if (this.#use('short-page')) change.drop = 1;
      }
      const answer = await route.answer(request, match, change);
      const { status, body } =
        typeof answer === 'string' || Buffer.isBuffer(answer) ? { status: 200, body: answer } : answer;
      if (route.page && this.#use('truncated'))
        return send(response, status, Buffer.from(body).subarray(0, Math.floor(body.length / 2)));
      return send(response, status, body);
    }
    send(response, 404, '{"error":"no such address"}');
  }

  #changeFaults(method: string, request: Request): string {
    if (method === 'DELETE') this.clearFaults();
    if (method === 'POST') {
      const { fault, times = 1 } = JSON.parse(request.body) as { fault: Fault; times?: number };
      if (!FAULTS.includes(fault)) return JSON.stringify({ error: `unknown fault; one of ${FAULTS.join(', ')}` });
      this.setFault(fault, times);
    }
    return JSON.stringify(Object.fromEntries(this.#faults));
  }
}

function send(response: ServerResponse, status: number, body: Answer, headers: Record<string, string> = {}): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': bytes.length, ...headers });
  response.end(bytes);
}
