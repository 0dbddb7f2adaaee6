import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { tool } from '../support/commands/tool.ts';

const ROOT = join(import.meta.dirname, '../..');

describe('the source', () => {
  it('is formatted', () =>
    tool('node_modules/prettier/bin/prettier.cjs', '--check', '--cache', '--log-level', 'warn', '.'));
  it('has workflows that bundle without anything a workflow may not use', async () => {
    const told: string[] = [];
    const logger = new DefaultLogger('WARN', ({ message }) => told.push(message));
    const { code } = await bundleWorkflowCode({ workflowsPath: join(ROOT, 'workflows/index.ts'), logger });
    assert.ok(code.length > 100_000);
    assert.deepEqual(told, []);
    const workflowsPath = join(ROOT, 'test/support/temporal/forbidden-workflow.ts');
    await assert.rejects(bundleWorkflowCode({ workflowsPath, logger }), /Webpack finished with errors/);
    assert.match(told.join('\n'), /forbidden-workflow.*node:fs|node:fs.*forbidden-workflow/s);
  });
});
