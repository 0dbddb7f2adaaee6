import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { it } from 'node:test';

const RUN = join(import.meta.dirname, '../support/run');

it('after a test that hangs, what is left of its file is given up, with what is still open', () => {
  const args = ['--test', '--test-timeout=1000', '--test-reporter=spec', '--import', join(RUN, 'left-open.ts')];
  const env = { ...process.env };
  delete env.NODE_TEST_CONTEXT; // else it would report as if it were this file
  const { status, stdout } = spawnSync(process.execPath, [...args, join(RUN, 'hanging.ts')], { env, encoding: 'utf8' });
  assert.equal(status, 1);
  assert.match(stdout, /hanging\.ts is given up, “hangs first” did not end in time; still open: .*Timeout/);
  assert.match(stdout, /✔ passes/);
  assert.match(stdout, /✖ hangs first/);
  assert.doesNotMatch(stdout, /hangs (?:second|third)/);
});
