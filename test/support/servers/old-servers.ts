import { createServer as createHttp2Server } from 'node:http2';
import { createServer, type AddressInfo, type Server } from 'node:net';

/**
 * Stand-ins for servers too old to be had as packages. They answer the question for their version and nothing else,
 * over the real protocols.
 */
interface OldServer {
  port: number;
  close: () => void;
}

async function listening(server: Server | ReturnType<typeof createHttp2Server>): Promise<OldServer> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

/** Speaks PostgreSQL's protocol, and gives the same answer to every query: its version. */
export function oldPostgres(version: string): Promise<OldServer> {
  const message = (type: string, ...parts: Buffer[]): Buffer => {
    const body = Buffer.concat(parts);
    const head = Buffer.alloc(5);
    head.write(type, 0, 'latin1');
    head.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  };
  const int16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
  const int32 = (value: number): Buffer => Buffer.concat([int16(value >> 16), int16(value & 65_535)]);
  const ready = message('Z', Buffer.from('I'));
  const text = Buffer.from(version);
  const column = Buffer.concat([
    Buffer.from('server_version\0'),
    int32(0),
    int16(0),
    int32(25),
    int16(-1),
    int32(-1),
    int16(0),
  ]);
  const answer = Buffer.concat([
    message('T', int16(1), column),
    message('D', int16(1), int32(text.length), text),
    message('C', Buffer.from('SHOW\0')),
    ready,
  ]);
  return listening(
    createServer((socket) => {
      let greeted = false;
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        if (!greeted) socket.write(Buffer.concat([message('R', int32(0)), ready]));
        else if (bytes[0] === 0x51) socket.write(answer);
        greeted = true;
      });
    }),
  );
}

/** Speaks gRPC, and answers GetSystemInfo with its version. */
export function oldTemporal(version: string): Promise<OldServer> {
  const text = Buffer.from(version);
  const body = Buffer.concat([Buffer.from([0x0a, text.length]), text]);
  const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, body.length]), body]);
  const server = createHttp2Server();
  server.on('stream', (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(frame);
  });
  return listening(server);
}
