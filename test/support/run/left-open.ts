import { relative } from 'node:path';
import { after, afterEach } from 'node:test';
import { isMainThread } from 'node:worker_threads';
import { FILE_VARIABLE, RUN_VARIABLE } from './leftovers.ts';
import { noteProcessorTime } from './processor-time.ts';

const LONGEST_MS = 10_000;
/** How long the report of a test that hung has to get out. */
const REPORT_MS = 500;

// Loaded before each file of tests, and by nothing that one starts.
if (isMainThread) {
  process.execArgv.length = 0;
  const [, file = ''] = process.argv;
  process.env[FILE_VARIABLE] = relative(process.cwd(), file);
  const run = process.env[RUN_VARIABLE];
  if (run !== undefined) process.once('exit', () => noteProcessorTime(run, relative(process.cwd(), file)));

  // However it ends, what is bound to its end is ended.
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)
    process.once(signal, () => process.exit(code));

  // What waits for what never comes is still there when the next test begins, which would wait as long.
  afterEach((context) => {
    if (!hung('error' in context ? context.error : null)) return;
    console.error(`${file} is given up, “${context.name}” did not end in time; still open: ${open()}`);
    setTimeout(() => process.exit(1), REPORT_MS);
  });

  // What is open after the last test holds up the whole run until somebody ends it, and nobody knew where.
  after(() => {
    setTimeout(() => {
      console.error(`${file} did not end within ${LONGEST_MS / 1000} seconds after its tests; still open: ${open()}`);
      process.exit(1);
    }, LONGEST_MS).unref();
  });
}

function hung(error: unknown): boolean {
  return error instanceof Error && 'failureType' in error && error.failureType === 'testTimeoutFailure';
}

/** What keeps this process alive, with the other ends of its connections and the numbers of its processes. */
function open(): string {
  const { libuv } = process.report.getReport() as { libuv: OpenHandle[] };
  const ends = libuv.flatMap(({ type, pid, remoteEndpoint: end }) =>
    pid !== undefined ? [`${type} ${pid}`] : end ? [`${type} to ${end.host}:${end.port}`] : [],
  );
  return [...process.getActiveResourcesInfo(), ...ends].join(', ');
}

/** As a report of Node’s tells it. */
interface OpenHandle {
  type: string;
  pid?: number;
  remoteEndpoint?: { host: string; port: number } | null;
}
