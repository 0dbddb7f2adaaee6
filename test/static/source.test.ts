import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const ROOT = join(import.meta.dirname, '../..');
const run = promisify(execFile);

/** Runs one of the project's tools on the whole tree; its complaints are the failure. */
async function tool(...args: string[]): Promise<void> {
  const complaints = await run(process.execPath, args, { cwd: ROOT, maxBuffer: 1 << 26 }).then(
    () => '',
    (error: unknown) => {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      return stdout + stderr;
    },
  );
  assert.equal(complaints, '');
}

describe('the source', { concurrency: 2 }, () => {
  for (const project of ['.', 'console'])
    it(`has types that hold: ${project}`, () => tool('node_modules/typescript/bin/tsc', '-p', project));
  it('keeps the rules, who may import whom among them', () => tool('node_modules/eslint/bin/eslint.js', '.'));
  it('is formatted', () =>
    tool('node_modules/prettier/bin/prettier.cjs', '--check', '--cache', '--log-level', 'warn', '.'));
  it('has workflows that bundle without anything a workflow may not use', async () => {
    const told: string[] = [];
    const logger = new DefaultLogger('WARN', ({ message }) => told.push(message));
    const { code } = await bundleWorkflowCode({ workflowsPath: join(ROOT, 'workflows/index.ts'), logger });
    assert.ok(code.length > 100_000);
    assert.deepEqual(told, []);
    const workflowsPath = join(ROOT, 'test/support/forbidden-workflow.ts');
    await assert.rejects(bundleWorkflowCode({ workflowsPath, logger }), /Webpack finished with errors/);
    assert.match(told.join('\n'), /forbidden-workflow.*node:fs|node:fs.*forbidden-workflow/s);
  });
});
