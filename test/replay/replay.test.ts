import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { DeterminismViolationError } from '@temporalio/workflow';
import { Worker } from '@temporalio/worker';
import * as workflows from '../../workflows/index.ts';
import { HISTORIES } from '../support/histories.ts';
import { workflowBundle } from '../support/hub.ts';

/** Saved by `HUB_KEEP_HISTORIES=1 ./hub test workflow`; a change of workflow code must keep them replaying. */
const historyOf = (type: string, name: string): unknown =>
  JSON.parse(readFileSync(join(HISTORIES, type, name), 'utf8'));

describe('saved histories', () => {
  it('are there for every workflow', () => {
    assert.deepEqual(readdirSync(HISTORIES).sort(), Object.keys(workflows).sort());
  });
  for (const type of readdirSync(HISTORIES)) {
    for (const name of readdirSync(join(HISTORIES, type))) {
      it(`${type}/${name} replays`, async () => {
        await Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, historyOf(type, name), 'replayed');
      });
    }
  }
  it('of cases that were open go on under a next version that guards what it does otherwise', async () => {
    const workflowsPath = join(import.meta.dirname, 'next-workflows.ts');
    await Worker.runReplayHistory({ workflowsPath }, historyOf('dispute', 'waiting.json'), 'replayed');
  });
  it('of open cases fail on one that does not guard it', async () => {
    const workflowsPath = join(import.meta.dirname, 'incompatible-workflows.ts');
    await assert.rejects(
      Worker.runReplayHistory({ workflowsPath }, historyOf('dispute', 'waiting.json'), 'replayed'),
      DeterminismViolationError,
    );
  });
  it('fail on a workflow that does something else', async () => {
    const workflowsPath = join(import.meta.dirname, 'incompatible-workflows.ts');
    const [name = ''] = readdirSync(join(HISTORIES, 'reconcileStream'));
    await assert.rejects(
      Worker.runReplayHistory({ workflowsPath }, historyOf('reconcileStream', name), 'replayed'),
      DeterminismViolationError,
    );
  });
});
