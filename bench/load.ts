import { Agent, request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

/**
 * Readers of the API, pushers and one who asks for the health page, all at once for some seconds: a process of their own,
 * so that they do not use the server's. Reads what to do from its first message, and sends back what it measured.
 */
export interface Load {
  address: string;
  seconds: number;
  readers: number;
  cookies: string[];
  /** What readers ask for, one after the other, each beginning elsewhere. */
  urls: string[];
  /** Streams that are pushed to, by a pusher each. */
  streams: string[];
  token: string;
}

/** How answers came: how many, and after how long. */
export interface Answers {
  count: number;
  failed: number;
  medianMs: number;
  p95Ms: number;
  worstMs: number;
}
export type Measured = Record<'read' | 'push' | 'health', Answers>;

process.once('message', (load: Load) => {
  void run(load).then((measured) => process.send?.(measured, () => process.disconnect()));
});

async function run({ address, seconds, readers, cookies, urls, streams, token }: Load): Promise<Measured> {
  const endMs = performance.now() + seconds * 1000;
  const times: Record<keyof Measured, number[]> = { read: [], push: [], health: [] };
  const failed: Record<keyof Measured, number> = { read: 0, push: 0, health: 0 };
  const until = async (kind: keyof Measured, ask: (turn: number) => Promise<number>, pauseMs = 0): Promise<void> => {
    for (let turn = 0; performance.now() < endMs; turn++) {
      const startMs = performance.now();
      const status = await ask(turn).catch(() => 0);
      times[kind].push(performance.now() - startMs);
      if (status !== 200) failed[kind] += 1;
      if (pauseMs > 0) await wait(pauseMs);
    }
  };
  // Each from an address of its own: requests of one are limited.
  const agents: Agent[] = [];
  const agentAt = (place: number): Agent => {
    const agent = new Agent({ keepAlive: true, localAddress: `127.0.1.${place + 1}` });
    agents.push(agent);
    return agent;
  };
  const reading = Array.from({ length: readers }, (_, reader) => {
    const agent = agentAt(reader);
    const headers = { cookie: cookies[reader % cookies.length] ?? '' };
    return until('read', (turn) => send(agent, `${address}${urls[(reader * 7 + turn) % urls.length] ?? ''}`, headers));
  });
  const pushing = streams.map((stream, pusher) => {
    const agent = agentAt(readers + pusher);
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    return until('push', (turn) =>
      send(agent, `${address}/inbox/v1/${stream}`, headers, JSON.stringify(batch(`${process.pid}-${pusher}-${turn}`))),
    );
  });
  const looking = agentAt(readers + streams.length);
  const health = until('health', () => send(looking, `${address}/health`, {}), 200);
  await Promise.all([...reading, ...pushing, health]);
  for (const agent of agents) agent.destroy();
  const answers = (kind: keyof Measured): Answers => {
    const sorted = times[kind].toSorted((a, b) => a - b);
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return { count: sorted.length, failed: failed[kind], medianMs: at(0.5), p95Ms: at(0.95), worstMs: at(1) };
  };
  return { read: answers('read'), push: answers('push'), health: answers('health') };
}

/** Fifty records that were never pushed before. */
const batch = (name: string): object[] =>
  Array.from({ length: 50 }, (_, index) => ({
    id: `${name}-${index}`,
    at: '2026-11-20 10:00:00',
    state: 'A',
    ZZBH: `压${name}-${index}`,
    ZZBFRQ: '2026-11-20',
    CZZT: '无锡甲有限公司',
    CZZTDM: '91460100MA5THWMM2J',
    CZZTDMLXDM: '001',
  }));

function send(agent: Agent, url: string, headers: Record<string, string>, body?: string): Promise<number> {
  return new Promise((done, fail) => {
    const asked = request(url, { agent, headers, method: body === undefined ? 'GET' : 'POST' }, (answer) => {
      answer.resume();
      answer.once('end', () => done(answer.statusCode ?? 0));
      answer.once('error', fail);
    });
    asked.once('error', fail);
    asked.end(body);
  });
}
