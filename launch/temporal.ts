import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { access, constants, mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Environment } from '../settings/environment.ts';
import { fault } from '../domain/faults.ts';

const run = promisify(execFile);

/** The newest version of the command line tool that `go install` can build; its server is 1.29.1. */
const GO_MODULE = 'github.com/temporalio/cli/cmd/temporal@v1.5.1';
const DOWNLOAD_TIMEOUT_MS = 120_000;

/**
 * Finds the `temporal` program: on the PATH, in the cache, by the SDK's download, or built with Go, which takes about
 * five minutes and happens once. Throws one error that names the choices when there is none.
 * @param report tells people what is being done when it takes a while
 */
export async function findTemporal(environment: Environment, report: (what: string) => void): Promise<string> {
  for (const folder of environment.path) {
    const candidate = join(folder, 'temporal');
    if (await isExecutable(candidate)) return candidate;
  }
  const folder = join(environment.cacheFolder, 'temporal');
  const built = join(folder, 'temporal');
  await mkdir(folder, { recursive: true });
  const cached = (await readdir(folder))
    .filter((name) => name.startsWith('temporal'))
    .map((name) => join(folder, name));
  for (const candidate of cached) if (await isExecutable(candidate)) return candidate;

  report('Temporal is not installed: downloading its development server');
  const downloaded = await download(folder);
  if (downloaded) return downloaded;
  const go = await firstExecutable(environment.path.map((place) => join(place, 'go')));
  if (go) {
    report('The download is out of reach: building Temporal with Go, once, about five minutes');
    await run(go, ['install', GO_MODULE], {
      env: { ...environment.all, GOBIN: join(folder, 'building') },
      maxBuffer: 1 << 26,
    });
    await rename(join(folder, 'building', 'temporal'), built);
    return built;
  }
  throw fault('temporal-missing');
}

async function download(folder: string): Promise<string | null> {
  try {
    const server = await Promise.race([
      TestWorkflowEnvironment.createLocal({ server: { executable: { type: 'cached-download', downloadDir: folder } } }),
      new Promise<never>((_, reject) => {
        setTimeout(() => {
          reject(new Error('the download took too long'));
        }, DOWNLOAD_TIMEOUT_MS).unref();
      }),
    ]);
    await server.teardown();
  } catch {
    return null; // out of reach: the next way is tried
  }
  const names = await readdir(folder);
  return firstExecutable(names.map((name) => join(folder, name)));
}

async function firstExecutable(candidates: string[]): Promise<string | null> {
  for (const candidate of candidates) if (await isExecutable(candidate)) return candidate;
  return null;
}

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

/** Starts the development server with its data in one file. */
export function spawnDevServer(
  program: string,
  options: { port: number; uiPort: number; database: string; namespace: string; log: number },
): ChildProcess {
  return spawn(
    program,
    [
      'server',
      'start-dev',
      '--ip',
      '127.0.0.1',
      '--namespace',
      options.namespace,
      '--log-level',
      'error',
      '--port',
      String(options.port),
      '--ui-port',
      String(options.uiPort),
      '--db-filename',
      options.database,
      // Schedules and searches of a busy hub exceed the development server's careful default.
      '--dynamic-config-value',
      'frontend.namespaceRPS=4800',
      '--dynamic-config-value',
      'system.forceSearchAttributesCacheRefreshOnRead=true',
    ],
    { detached: true, stdio: ['ignore', options.log, options.log] },
  );
}
