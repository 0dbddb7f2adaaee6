import { relative } from 'node:path';
import { after } from 'node:test';
import { isMainThread } from 'node:worker_threads';
import { FILE_VARIABLE } from './leftovers.ts';

const LONGEST_MS = 10_000;

// Loaded before each file of tests, and by nothing that one starts.
if (isMainThread) {
  process.execArgv.length = 0;
  const [, file = ''] = process.argv;
  process.env[FILE_VARIABLE] = relative(process.cwd(), file);

  // However it ends, what is bound to its end is ended.
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)
    process.once(signal, () => process.exit(code));

  // What is open after the last test holds up the whole run until somebody ends it, and nobody knew where.
  after(() => {
    setTimeout(() => {
      const open = process.getActiveResourcesInfo().join(', ');
      console.error(`${file} did not end within ${LONGEST_MS / 1000} seconds after its tests; still open: ${open}`);
      process.exit(1);
    }, LONGEST_MS).unref();
  });
}
