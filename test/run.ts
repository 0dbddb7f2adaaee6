import { mkdtempSync, rmSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { setTimeout as wait } from 'node:timers/promises';
import { signalled } from './support/processes.ts';
import { leftovers, RUN_VARIABLE } from './support/run/leftovers.ts';
import { processorTimes } from './support/run/processor-time.ts';

/**
 * Runs the tests: `run.ts [--quick] [part of a file’s name …]`. Prepares what the chosen files need, real servers all of
 * it, says which took longest and how long processors worked for them, fails when anything that was started is left
 * running, and ends with the line `N passed, N failed`.
 */
const ROOT = join(import.meta.dirname, '..');
const quick = process.argv.includes('--quick');
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));

/** Folders of tests; the quick ones need no servers. */
const QUICK = ['unit'];
/** Those whose files take long first, so that none is left over at the end. */
const FULL = [
  'static',
  'chaos',
  'browser',
  'integration',
  'workflow',
  'replay',
  'connectors',
  'store',
  'api',
  ...QUICK,
];
/** One more than the processors of a small machine: tests of whole hubs wait for half of their time. */
const CONCURRENCY = 3;
const LONGEST_FILE_MS = 900_000;
/** How long what was told to end may take for it. */
const LONGEST_END_MS = 10_000;
const SLOWEST = 10;

const files: string[] = [];
for (const folder of quick ? QUICK : FULL) {
  const found: string[] = [];
  for await (const file of glob(join(ROOT, 'test', folder, '**/*.test.ts'))) found.push(file);
  files.push(
    ...found.sort().filter((file) => wanted.length === 0 || wanted.some((part) => relative(ROOT, file).includes(part))),
  );
}

if (files.length === 0) throw new Error(`there is no file of tests with a name like ${wanted.join(' or ')}`);

const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort());

// All that is left in it goes with it.
const folder = mkdtempSync(join(tmpdir(), 'hub-test-'));
process.env.TMPDIR = folder;
process.env[RUN_VARIABLE] = folder;
// Temporal’s server is of Go: with more memory to fill it collects less, which is a quarter of its work.
process.env.GOGC ??= '400';
const ends: (() => Promise<unknown>)[] = [];
let [passed, failed] = [0, 0];
try {
  if (!quick) {
    const [{ reachedFrom }, { prepare }] = await Promise.all([
      import('./support/run/imports.ts'),
      import('./support/run/prepare.ts'),
    ]);
    await prepare(reachedFrom(files), folder, (step) => ends.push(step));
  }
  await runAll();
} finally {
  for (const step of ends) await step();
  failed += await endLeftovers();
  rmSync(folder, { recursive: true, force: true });
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

async function runAll(): Promise<void> {
  const took: [file: string, ms: number][] = [];
  const stream = run({
    files,
    concurrency: CONCURRENCY,
    timeout: LONGEST_FILE_MS,
    signal: stopped.signal,
    // Not forceExit: it loses reports that are still under way, and with them whole tests without a word. What a failed
    // test leaves open is ended by this.
    execArgv: ['--import', join(ROOT, 'test/support/run/left-open.ts')],
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
  stream.on('test:complete', ({ name, file, details }) => {
    if (name === file) took.push([relative(ROOT, file), details.duration_ms]);
  });
  await new Promise((done) => stream.compose(spec).on('end', done).pipe(process.stdout, { end: false }));
  const worked = processorTimes(folder);
  const shown = (seconds = 0): string => `${seconds.toFixed(1).padStart(7)} s`;
  console.log('\nThe slowest files, with the time that processors worked for them:');
  for (const [file, ms] of took.sort(([, one], [, other]) => other - one).slice(0, SLOWEST))
    console.log(`${shown(ms / 1000)} ${shown(worked.get(file))}  ${file}`);
  const all = worked.values().reduce((sum, seconds) => sum + seconds, 0);
  console.log(`Processors worked ${all.toFixed(0)} s for all files.`);
}

/** Ends what was started and is still there, and names it; how many there were. */
async function endLeftovers(): Promise<number> {
  for (const endMs = Date.now() + LONGEST_END_MS; leftovers(folder).length > 0 && Date.now() < endMs;) await wait(100);
  const left = leftovers(folder);
  for (const { pid, command, file } of left) {
    console.log(`\n✖ ${file ?? 'the run'} left a process running: ${pid} ${command}`);
    signalled(pid, 'SIGKILL');
  }
  return left.length;
}
