import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { builtConsole } from '../../../launch/console.ts';
import { prepareEmbeddedPostgres } from '../../../launch/postgres.ts';
import { findTemporal } from '../../../launch/temporal.ts';
import { readEnvironment } from '../../../settings/environment.ts';
import { migrate, openDatabase, requireServer } from '../../../store/database.ts';
import { bundledWorkflows } from '../../../temporal/bundle.ts';
import { TEMPLATE, withName } from '../database.ts';
import { freePorts } from '../ports.ts';
import { bound, end, untilItAnswers } from '../processes.ts';

const exec = promisify(execFile);
const environment = readEnvironment();
const report = (what: string): void => {
  console.error(what);
};

const VERSITYGW = 'v1.8.0';

/** Makes something ready in a folder of the run's, and says where by a variable; what runs then, is ended by a step. */
type Preparation = (folder: string, atEnd: (step: () => Promise<unknown>) => void) => Promise<void>;

/** What stands behind a file of test/support: made ready where a chosen file of tests imports that. */
const PREPARATIONS: Record<string, Preparation> = {
  'database.ts': startPostgres,
  'temporal/workflows.ts': bundleWorkflows,
  'servers/time-skipping.ts': async () => {
    process.env.HUB_TEST_TIME_SKIPPING = await findTimeSkippingServer();
  },
  'servers/s3.ts': async () => {
    process.env.HUB_TEST_S3 = await findS3Server();
  },
  'console.ts': async () => {
    process.env.HUB_TEST_CHROMIUM = await findChromium();
  },
  'live-hub.ts': async () => {
    await findTemporal(environment, report);
    await Promise.all([builtConsole(report), bundleWorkflows()]);
  },
};

/** Makes ready what files need: those of tests, and all that they import. */
export async function prepare(reached: ReadonlySet<string>, ...given: Parameters<Preparation>): Promise<void> {
  const wanted = Object.entries(PREPARATIONS).filter(([name]) => {
    const file = join(import.meta.dirname, '..', name);
    if (!existsSync(file)) throw new Error(`${file}, which something is made ready for, is not there`);
    return reached.has(file);
  });
  await Promise.all(wanted.map(([, preparation]) => preparation(...given)));
}

/** A PostgreSQL with the migrated database that those of the tests are copies of. */
async function startPostgres(...[folder, atEnd]: Parameters<Preparation>): Promise<void> {
  const [port = 0] = await freePorts(1);
  const embedded = await prepareEmbeddedPostgres(join(folder, 'postgres'), port);
  const log = join(folder, 'postgres.log');
  const server = bound(embedded.spawn(openSync(log, 'a')));
  atEnd(() => end(server, 'SIGINT'));
  const admin = openDatabase(embedded.url, 'test');
  await untilItAnswers(server, () => requireServer(admin, embedded.url));
  // Nobody needs these data after the machine has lost its power.
  await admin.raw('ALTER SYSTEM SET fsync = off');
  await admin.raw('ALTER SYSTEM SET full_page_writes = off');
  await admin.raw('SELECT pg_reload_conf()');
  await admin.raw(`CREATE DATABASE ${TEMPLATE}`);
  await admin.destroy();
  const template = openDatabase(withName(embedded.url, TEMPLATE), 'test');
  await migrate(template, 'production');
  await template.destroy();
  process.env.HUB_TEST_DATABASE = embedded.url;
}

async function bundleWorkflows(): Promise<void> {
  const bundle = await bundledWorkflows(new DefaultLogger('ERROR', () => undefined));
  if (!('codePath' in bundle)) throw new Error('the workflows could not be kept, which all tests are to share');
  process.env.HUB_TEST_WORKFLOWS = bundle.codePath;
}

/** The time-skipping server: in the cache, by the SDK's download, or from Maven behind a script that starts it. */
async function findTimeSkippingServer(): Promise<string> {
  const folder = join(environment.cacheFolder, 'time-skipping');
  await mkdir(folder, { recursive: true });
  const programs = async (): Promise<string[]> => {
    if (existsSync(join(folder, 'lib'))) await writeScript(folder);
    return (await readdir(folder)).filter((name) => name.startsWith('temporal-test-server'));
  };
  if ((await programs()).length === 0) {
    try {
      const server = { executable: { type: 'cached-download' as const, downloadDir: folder } };
      await (await TestWorkflowEnvironment.createTimeSkipping({ server })).teardown();
    } catch {
      report('Fetching Temporal’s time-skipping test server with Maven, once');
      await fetchWithMaven(folder);
    }
  }
  const [program] = await programs();
  if (program === undefined)
    throw new Error('Temporal’s time-skipping test server was not found: it needs its download, or Java and Maven');
  return join(folder, program);
}

async function fetchWithMaven(folder: string): Promise<void> {
  const dependency =
    '<groupId>io.temporal</groupId><artifactId>temporal-test-server</artifactId><version>1.38.0</version>';
  await writeFile(
    join(folder, 'pom.xml'),
    `<project><modelVersion>4.0.0</modelVersion><groupId>hub</groupId><artifactId>time-skipping</artifactId><version>1</version>` +
      `<dependencies><dependency>${dependency}</dependency></dependencies></project>`,
  );
  await exec('mvn', [
    '-q',
    '-B',
    '-f',
    join(folder, 'pom.xml'),
    'dependency:copy-dependencies',
    `-DoutputDirectory=${join(folder, 'lib')}`,
  ]);
}

/**
 * Writes what starts the server. Each one lives for seconds: its code is not optimized for long, and its classes are
 * kept as they are once they are loaded.
 */
async function writeScript(folder: string): Promise<void> {
  const archive = join(folder, 'classes.jsa');
  const java = (...flags: string[]): string[] => [
    '-XX:+IgnoreUnrecognizedVMOptions',
    '-XX:TieredStopAtLevel=1',
    '-XX:+UseSerialGC',
    ...flags,
    '-cp',
    join(folder, 'lib/*'),
    'io.temporal.testserver.TestServer',
  ];
  if (!existsSync(archive)) {
    const [port = 0] = await freePorts(1);
    const flags = java(`-XX:ArchiveClassesAtExit=${archive}`);
    const server = bound(spawn('java', [...flags, String(port)], { stdio: 'ignore' }));
    await untilItAnswers(server, () => once(connect(port, '127.0.0.1'), 'connect'));
    await end(server, 'SIGTERM');
  }
  const file = join(folder, 'temporal-test-server.sh');
  const script = `#!/bin/sh\nexec java ${java(`-XX:SharedArchiveFile=${archive}`)
    .map((flag) => `'${flag}'`)
    .join(' ')} "$@"\n`;
  if (!existsSync(file) || (await readFile(file, 'utf8')) !== script) await writeFile(file, script, { mode: 0o755 });
}

/** An S3-compatible server, Versity's gateway over a folder: in the cache, or built from its source once. */
async function findS3Server(): Promise<string> {
  const folder = join(environment.cacheFolder, `versitygw-${VERSITYGW}`);
  const program = join(folder, 'versitygw');
  if (existsSync(program)) return program;
  report('Building the S3 server of the tests with Go, once; this takes two minutes');
  await exec('go', ['install', `github.com/versity/versitygw/cmd/versitygw@${VERSITYGW}`], {
    env: { ...process.env, GOBIN: folder, CGO_ENABLED: '0' },
  }).catch((cause: unknown) => {
    throw new Error('the tests of the file store need Go, to build their S3 server', { cause });
  });
  return program;
}

async function findChromium(): Promise<string> {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']) {
    for (const folder of environment.path) {
      const file = join(folder, name);
      const found = await exec(file, ['--version']).catch(() => null);
      if (found) return file;
    }
  }
  throw new Error('the browser tests need Chromium: install it (apt-get install chromium) so that it is on the PATH');
}
