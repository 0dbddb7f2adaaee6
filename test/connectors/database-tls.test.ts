import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { after, before, describe, it } from 'node:test';
import { openDepartmentDatabase } from '../../connectors/database/connection.ts';
import { HubError } from '../../domain/errors.ts';
import { addressed } from '../support/servers/source-databases.ts';

const SSL_REQUEST = 80_877_103;

/** What PostgreSQL does until somebody has signed in; it notes whether they came encrypted. */
class Door {
  readonly server: Server;
  readonly came: ('plain' | 'encrypted')[] = [];
  /** Whether it has TLS. */
  tls = true;

  constructor(folder: string) {
    const context = { key: readFileSync(join(folder, 'key.pem')), cert: readFileSync(join(folder, 'cert.pem')) };
    this.server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (first) => {
        if (first.readInt32BE(4) !== SSL_REQUEST) return this.#come('plain', socket);
        socket.write(this.tls ? 'S' : 'N');
        if (!this.tls) {
          socket.once('data', () => this.#come('plain', socket));
          return;
        }
        const secure = new TLSSocket(socket, { isServer: true, ...context });
        secure.on('error', () => undefined);
        secure.once('data', () => this.#come('encrypted', secure));
      });
    });
  }

  #come(how: 'plain' | 'encrypted', socket: Socket): void {
    this.came.push(how);
    socket.destroy();
  }
}

describe('the address of a department’s database', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hub-tls-'));
  let door: Door;
  let port = 0;
  before(async () => {
    execFileSync(
      'openssl',
      `req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=db -addext subjectAltName=DNS:localhost`.split(
        ' ',
      ),
      { cwd: folder, stdio: 'ignore' },
    );
    door = new Door(folder);
    await new Promise<void>((resolve) => door.server.listen(0, resolve));
    ({ port } = door.server.address() as AddressInfo);
  });
  after(() => {
    door.server.close();
    rmSync(folder, { recursive: true });
  });

  const open = (address: string) =>
    openDepartmentDatabase({ id: 'land', address: { env: addressed(address) } }, { write: false });
  /** How somebody came who has this address, and the code of what it ended with. */
  async function attempt(parameters: string, host = 'localhost', scheme = 'postgres'): Promise<[unknown[], string]> {
    door.came.length = 0;
    const database = open(`${scheme}://hub:geheim@${host}:${port}/certs${parameters}`);
    try {
      await database.rows((db) => db.raw('SELECT 1') as never, 'test');
      return [[...door.came], 'read'];
    } catch (error) {
      assert.ok(error instanceof HubError, String(error));
      assert.ok(!error.message.includes('geheim'));
      return [[...new Set(door.came)], error.code];
    } finally {
      await database.knex.destroy();
    }
  }

  it('asks for TLS, and has it or no connection', async () => {
    const root = `&sslrootcert=${join(folder, 'cert.pem')}`;
    assert.deepEqual(await attempt('?sslmode=verify-full'), [[], 'tls-refused']);
    assert.deepEqual(await attempt(`?sslmode=verify-full${root}`), [['encrypted'], 'source-away']);
    assert.deepEqual(await attempt(`?sslmode=verify-full${root}`, '127.0.0.1'), [[], 'tls-refused']);
    assert.deepEqual(await attempt(`?sslmode=verify-ca${root}`, '127.0.0.1'), [['encrypted'], 'source-away']);
    assert.deepEqual(await attempt('?sslmode=require'), [['encrypted'], 'source-away']);
    assert.deepEqual(await attempt('?sslmode=disable'), [['plain'], 'source-away']);
    assert.deepEqual(await attempt(''), [['plain'], 'source-away']);
    door.tls = false;
    assert.deepEqual(await attempt('?sslmode=verify-full'), [[], 'tls-refused']);
    assert.deepEqual(await attempt('?sslmode=require'), [[], 'tls-refused']);
    door.tls = true;
  });

  it('of another machine asks for it by itself', () => {
    const asked = (address: string): unknown => {
      const { config } = open(address).knex.client as {
        config: {
          connection: { ssl?: { rejectUnauthorized: boolean; verifyIdentity: boolean }; connectString?: string };
        };
      };
      const { connection } = config;
      return connection.ssl ? [connection.ssl.rejectUnauthorized, connection.ssl.verifyIdentity] : null;
    };
    for (const scheme of ['postgres', 'postgresql', 'kingbase', 'opengauss', 'mysql', 'mariadb']) {
      assert.deepEqual(asked(`${scheme}://hub@db.example/certs`), [true, true], scheme);
      assert.deepEqual(asked(`${scheme}://hub@db.example/certs?sslmode=require`), [false, false], scheme);
      assert.equal(asked(`${scheme}://hub@db.example/certs?sslmode=disable`), null, scheme);
      for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '[::1]'])
        assert.equal(asked(`${scheme}://hub@${host}/certs`), null, `${scheme} ${host}`);
    }
    assert.deepEqual(asked('mysql://hub@db.example/certs?ssl-mode=VERIFY_CA'), [true, false]);
  });

  it('is refused for a parameter or a value that is not honoured', () => {
    for (const address of [
      'postgres://hub@db.example/certs?sslmod=verify-full',
      'postgres://hub@db.example/certs?sslmode=prefer',
      'postgres://hub@db.example/certs?sslmode=require&sslmode=disable',
      'postgres://hub@db.example/certs?host=/tmp',
      'postgres://hub@db.example/certs?constructor=1',
      'mysql://hub@db.example/certs?ssl-mode=PREFERRED',
      'mysql://hub@db.example/certs?useSSL=true',
    ])
      assert.throws(
        () => open(address),
        (error) => error instanceof HubError && error.code === 'address-parameter',
        address,
      );
    assert.throws(
      () => open('postgres://hub@db.example/certs?sslrootcert=/nowhere.pem'),
      /land: address: sslrootcert: cannot be read/,
    );
  });
});
