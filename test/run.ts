import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync, mkdtempSync, rmSync } from 'node:fs';
import { glob, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { promisify } from 'node:util';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import pRetry from 'p-retry';
import { builtConsole } from '../launch/console.ts';
import { readEnvironment } from '../settings/environment.ts';
import { migrate, openDatabase, requireServer } from '../store/database.ts';
import { prepareEmbeddedPostgres } from '../launch/postgres.ts';
import { findTemporal } from '../launch/temporal.ts';
import { bundleWorkflows } from './support/bundle.ts';
import { TEMPLATE, withName } from './support/database.ts';
import { freePorts } from './support/ports.ts';

/**
 * Runs the tests: `run.ts [--quick] [part of a file’s name …]`. Prepares what they need, real servers all of it, and
 * ends with the line `N passed, N failed`.
 */
const ROOT = join(import.meta.dirname, '..');
const quick = process.argv.includes('--quick');
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const exec = promisify(execFile);

const VERSITYGW = 'v1.8.0';

/** Folders of tests; the quick ones need no servers. */
const QUICK = ['unit'];
/** The source itself: types, rules, format. */
const STATIC = ['static'];
/** Those that start whole hubs, which take as much of the machine as several of the others. */
const LIVE = ['chaos', 'browser', 'integration'];
/** Those whose workers are in the tests themselves. */
const BUNDLED = ['workflow', 'replay'];
const FULL = [...STATIC, ...QUICK, ...BUNDLED, 'connectors', 'store', 'api', ...LIVE];
const isIn = (folders: string[], file: string): boolean => folders.some((folder) => file.includes(`/test/${folder}/`));

const files: string[] = [];
for (const folder of quick ? QUICK : FULL) {
  const found: string[] = [];
  for await (const file of glob(join(ROOT, 'test', folder, '**/*.test.ts'))) found.push(file);
  files.push(
    ...found.sort().filter((file) => wanted.length === 0 || wanted.some((part) => relative(ROOT, file).includes(part))),
  );
}
const needServers = files.some((file) => !isIn([...QUICK, ...STATIC], file));

const cleanUp: (() => unknown)[] = [];
try {
  if (needServers) await prepare();
  process.exitCode = (await runAll()) ? 0 : 1;
} finally {
  for (const step of cleanUp.reverse()) await step();
}

async function prepare(): Promise<void> {
  const environment = readEnvironment();
  const folder = mkdtempSync(join(tmpdir(), 'hub-test-'));
  cleanUp.push(() => rmSync(folder, { recursive: true, force: true }));

  process.env.HUB_TEST_TEMPORAL = await findTemporal(environment, (what) => console.error(what));
  process.env.HUB_TEST_TIME_SKIPPING = await findTimeSkippingServer(environment.cacheFolder);
  process.env.HUB_TEST_S3 = await findS3Server(environment.cacheFolder);
  process.env.HUB_TEST_CHROMIUM = await findChromium(environment.path);
  if (files.some((file) => isIn(BUNDLED, file))) {
    process.env.HUB_TEST_WORKFLOWS = join(folder, 'workflows.js');
    await writeFile(process.env.HUB_TEST_WORKFLOWS, (await bundleWorkflows()).code);
  }
  if (files.some((file) => isIn(LIVE, file))) await builtConsole((what) => console.error(what));

  const [port = 0] = await freePorts(1);
  const embedded = await prepareEmbeddedPostgres(join(folder, 'postgres'), port);
  const server = embedded.spawn(openSync(join(folder, 'postgres.log'), 'a'));
  cleanUp.push(async () => {
    const ended = new Promise((done) => server.once('exit', done));
    server.kill('SIGINT');
    await ended;
  });
  const admin = openDatabase(embedded.url, 'test');
  await pRetry(() => requireServer(admin, embedded.url), { retries: 30, factor: 1, minTimeout: 200 });
  // Nobody needs these data after the machine has lost its power.
  await admin.raw('ALTER SYSTEM SET fsync = off');
  await admin.raw('SELECT pg_reload_conf()');
  await admin.raw(`CREATE DATABASE ${TEMPLATE}`);
  await admin.destroy();
  const template = openDatabase(withName(embedded.url, TEMPLATE), 'test');
  await migrate(template, 'production');
  await template.destroy();
  process.env.HUB_TEST_DATABASE = embedded.url;
}

/** The time-skipping server: in the cache, by the SDK's download, or from Maven behind a script that starts it. */
async function findTimeSkippingServer(cacheFolder: string): Promise<string> {
  const folder = join(cacheFolder, 'time-skipping');
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
      console.error('Fetching Temporal’s time-skipping test server with Maven, once');
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
 * kept as they are once they are loaded, without which many a start takes longer than the SDK waits for.
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
    const server = spawn('java', [...java(`-XX:ArchiveClassesAtExit=${archive}`), String(port)], { stdio: 'ignore' });
    const ended = once(server, 'exit');
    await pRetry(() => once(connect(port, '127.0.0.1'), 'connect'), { retries: 60, factor: 1, minTimeout: 500 });
    server.kill('SIGTERM');
    await ended;
  }
  const file = join(folder, 'temporal-test-server.sh');
  const script = `#!/bin/sh\nexec java ${java(`-XX:SharedArchiveFile=${archive}`)
    .map((flag) => `'${flag}'`)
    .join(' ')} "$@"\n`;
  if (!existsSync(file) || (await readFile(file, 'utf8')) !== script) await writeFile(file, script, { mode: 0o755 });
}

/** An S3-compatible server, Versity's gateway over a folder: in the cache, or built from its source once. */
async function findS3Server(cacheFolder: string): Promise<string> {
  const folder = join(cacheFolder, `versitygw-${VERSITYGW}`);
  const program = join(folder, 'versitygw');
  if (existsSync(program)) return program;
  console.error('Building the S3 server of the tests with Go, once; this takes two minutes');
  await exec('go', ['install', `github.com/versity/versitygw/cmd/versitygw@${VERSITYGW}`], {
    env: { ...process.env, GOBIN: folder, CGO_ENABLED: '0' },
  }).catch((cause: unknown) => {
    throw new Error('the tests of the file store need Go, to build their S3 server', { cause });
  });
  return program;
}

async function findChromium(path: string[]): Promise<string> {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']) {
    for (const folder of path) {
      const file = join(folder, name);
      const found = await exec(file, ['--version']).catch(() => null);
      if (found) return file;
    }
  }
  throw new Error('the browser tests need Chromium: install it (apt-get install chromium) so that it is on the PATH');
}

async function runAll(): Promise<boolean> {
  let [passed, failed] = [0, 0];
  const groups: [files: string[], concurrency: number][] = [
    [files.filter((file) => !isIn(LIVE, file)), 2],
    [files.filter((file) => isIn(LIVE, file)), 2],
  ];
  for (const [group, concurrency] of groups.filter(([{ length }]) => length > 0)) {
    const stream = run({
      files: group,
      concurrency,
      timeout: 600_000,
      // Not forceExit: it loses reports that are still under way, and with them whole tests without a word. What a failed
      // test leaves running is ended by the time limit.
      execArgv: ['--import', join(ROOT, 'test/support/time-limit.ts')],
    });
    stream.on('test:pass', ({ details, skip, todo }) => {
      if (details.type === 'suite') return;
      // A skipped test proves nothing, so it does not pass.
      if (skip === undefined && todo === undefined) passed += 1;
      else failed += 1;
    });
    stream.on('test:fail', ({ details }) => {
      if (details.type !== 'suite') failed += 1;
    });
    await new Promise((done) => stream.compose(spec).on('end', done).pipe(process.stdout, { end: false }));
  }
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0;
}
