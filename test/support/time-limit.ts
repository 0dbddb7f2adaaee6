import { isMainThread } from 'node:worker_threads';

const LONGEST_MS = 600_000;

// Loaded before each file of tests. Tests have a time limit of their own; this one is for hooks that wait forever, and
// for what is left open after the last test: either would hold up the run until somebody ends it, and nobody knew where.
if (isMainThread)
  setTimeout(() => {
    const open = process.getActiveResourcesInfo().join(', ');
    console.error(`${process.argv[1]} did not end within ${LONGEST_MS / 60_000} minutes; still open: ${open}`);
    process.exit(1);
  }, LONGEST_MS).unref();
