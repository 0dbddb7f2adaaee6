import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../../..');
const run = promisify(execFile);

/** Runs one of the project's tools on the whole tree; its complaints are the failure. */
export async function tool(...args: string[]): Promise<void> {
  const complaints = await run(process.execPath, args, { cwd: ROOT, maxBuffer: 1 << 26 }).then(
    () => '',
    (error: unknown) => {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      return stdout + stderr;
    },
  );
  assert.equal(complaints, '');
}
