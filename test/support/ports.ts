import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Below the ports that systems give to whoever connects: from 32768 on by Linux, from 49152 on by others. */
const [FIRST, LAST] = [20_000, 32_000];

/**
 * Ports for servers that are going to be started, or for none to be there. Nothing else gets them while this process
 * lives: of two neighbours it holds the lower one itself, as the sign that it has the upper one.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const sign = FIRST + 2 * Math.floor((Math.random() * (LAST - FIRST)) / 2);
    const held = await listening(sign);
    if (!held) continue;
    const free = await listening(sign + 1);
    if (free) {
      ports.push(sign + 1);
      free.close();
      await once(free, 'close');
      held.unref();
    } else held.close();
  }
  return ports;
}

/** A server on a port; null when another has it. */
async function listening(port: number): Promise<Server | null> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  return once(server, 'listening').then(
    () => server,
    () => null,
  );
}
