import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import mysql from 'mysql2/promise';
import { freePorts } from '../ports.ts';
import { ended, untilItAnswers } from '../processes.ts';

/** A MariaDB server of a test's own, in a folder of its own; what it keeps outlives `stop`. */
export interface MariaServer {
  port: number;
  /** Address of a database, new where its name is, with the password of the user `hub`. */
  database: (name: string) => Promise<string>;
  /** Runs statements in a database. */
  run: (database: string, sql: string) => Promise<unknown>;
  start: () => Promise<void>;
  stop: () => Promise<void>;
  /** Stops it for good and deletes its folder. */
  close: () => Promise<void>;
}

const PASSWORD = 'hub-of-the-test';
/** Runs a program until its input closes: a test that ends before its time, however it ends, takes the server along. */
const UNTIL_CLOSED = '"$@" & read -r _; kill $!; wait $!';

/** Starts the server that Debian's package mariadb-server brings. */
export async function startMariadb(): Promise<MariaServer> {
  const [install, program] = [programOf('mariadb-install-db'), programOf('mariadbd')];
  const folder = mkdtempSync(join(tmpdir(), 'mariadb-'));
  const data = join(folder, 'data');
  const log = join(folder, 'log');
  const setup = join(folder, 'setup.sql');
  writeFileSync(
    setup,
    // The name of the host is not looked up, so no anonymous user of localhost comes before this one.
    `CREATE USER IF NOT EXISTS hub@'127.0.0.1' IDENTIFIED BY '${PASSWORD}';\nGRANT ALL ON *.* TO hub@'127.0.0.1';\n`,
  );
  // Each server clears its folder of temporary tables when it starts, of another's as well.
  const own = [`--user=${userInfo().username}`, `--datadir=${data}`, `--tmpdir=${folder}`];
  await promisify(execFile)(install, ['--no-defaults', ...own, '--skip-test-db']);
  const [port = 0] = await freePorts(1);
  const args = [
    '--no-defaults',
    ...own,
    `--init-file=${setup}`,
    `--socket=${join(folder, 'socket')}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    '--skip-networking=0',
    '--skip-name-resolve',
    '--character-set-server=utf8mb4',
    '--innodb-flush-log-at-trx-commit=0',
  ];
  let server: ChildProcess | null = null;

  const run = async (database: string, sql: string): Promise<unknown> => {
    const connection = await mysql.createConnection({
      host: '127.0.0.1',
      port,
      user: 'hub',
      password: PASSWORD,
      database,
      charset: 'utf8mb4',
      multipleStatements: true,
      dateStrings: true,
    });
    try {
      return (await connection.query(sql))[0];
    } finally {
      await connection.end();
    }
  };
  const stop = async (): Promise<void> => {
    if (!server) return;
    server.stdin?.end();
    await ended(server);
    server = null;
  };
  const close = async (): Promise<void> => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const start = async (): Promise<void> => {
    const output = openSync(log, 'a');
    server = spawn('sh', ['-c', UNTIL_CLOSED, 'sh', program, ...args], { stdio: ['pipe', output, output] });
    closeSync(output);
    try {
      await untilItAnswers(
        server,
        () => run('', 'SELECT 1'),
        () => readFileSync(log, 'utf8').slice(-2000),
      );
    } catch (error) {
      await close();
      throw error;
    }
  };

  await start();
  const database = async (name: string): Promise<string> => {
    await run('', `CREATE DATABASE IF NOT EXISTS ${name}`);
    return `mariadb://hub:${PASSWORD}@127.0.0.1:${port}/${name}`;
  };
  return { port, database, run, start, stop, close };
}

function programOf(name: string): string {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  const found = folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
  if (found === undefined) throw new Error(`${name} was not found: install Debian’s package mariadb-server`);
  return found;
}
