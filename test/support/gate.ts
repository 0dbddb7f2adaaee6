import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** A way to a server that can be shut: it goes on taking connections then, and nothing comes through. */
export interface Gate {
  /** The server’s address by this way. */
  url: string;
  shut: () => void;
  open: () => void;
  close: () => Promise<void>;
}

export async function gateBefore(server: string): Promise<Gate> {
  const to = new URL(server);
  const pairs = new Set<readonly [Socket, Socket]>();
  let isShut = false;
  const join = (pair: readonly [Socket, Socket]): void => {
    const [client, behind] = pair;
    client.pipe(behind);
    behind.pipe(client);
  };
  const gate = createServer((client) => {
    const behind = connect(Number(to.port), to.hostname);
    const pair = [client, behind] as const;
    pairs.add(pair);
    for (const [one, other] of [pair, [behind, client]] as const) {
      one.on('error', () => undefined);
      one.on('close', () => {
        pairs.delete(pair);
        other.destroy();
      });
    }
    if (!isShut) join(pair);
  });
  gate.listen(0, '127.0.0.1');
  await once(gate, 'listening');
  const url = new URL(server);
  url.host = `127.0.0.1:${(gate.address() as AddressInfo).port}`;
  return {
    url: url.toString(),
    shut: () => {
      isShut = true;
      for (const [client, behind] of pairs) {
        client.unpipe(behind).pause();
        behind.unpipe(client).pause();
      }
    },
    open: () => {
      isShut = false;
      for (const pair of pairs) join(pair);
    },
    close: async () => {
      const closed = once(gate, 'close');
      gate.close();
      for (const [client] of pairs) client.destroy();
      await closed;
    },
  };
}
