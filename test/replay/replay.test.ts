import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { DeterminismViolationError } from '@temporalio/workflow';
import { bundleWorkflowCode, DefaultLogger, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import * as workflows from '../../workflows/index.ts';
import { workflowBundle } from '../support/temporal/workflows.ts';
import { HISTORIES } from '../support/temporal/histories.ts';

/** Saved by `HUB_KEEP_HISTORIES=1 ./hub test workflow`; a change of workflow code must keep them replaying. */
const historyOf = (type: string, name: string): unknown =>
  JSON.parse(readFileSync(join(HISTORIES, type, name), 'utf8'));

describe('saved histories', () => {
  it('are there for every workflow', () => {
    assert.deepEqual(readdirSync(HISTORIES).sort(), Object.keys(workflows).sort());
  });
  describe('as they are', () => {
    /** What became of each, all by one worker; a replay that succeeds has no error. */
    const outcomes = new Map<string, Error | undefined>();
    const names = readdirSync(HISTORIES).flatMap((type) =>
      readdirSync(join(HISTORIES, type)).map((name) => ({ type, name })),
    );
    before(async () => {
      const histories = names.map(({ type, name }) => ({
        workflowId: `${type}/${name}`,
        history: historyOf(type, name),
      }));
      const replays = Worker.runReplayHistories({ workflowBundle: workflowBundle() }, histories);
      for await (const { workflowId, error } of replays) outcomes.set(workflowId, error);
    });
    for (const { type, name } of names) {
      it(`${type}/${name} replays`, () => {
        assert.ok(outcomes.has(`${type}/${name}`), 'it was replayed');
        assert.ifError(outcomes.get(`${type}/${name}`));
      });
    }
  });
  describe('under other workflows', () => {
    const logger = new DefaultLogger('ERROR', () => undefined);
    let next: WorkflowBundleOption;
    let incompatible: WorkflowBundleOption;
    before(async () => {
      const bundled = (name: string): Promise<WorkflowBundleOption> =>
        bundleWorkflowCode({ workflowsPath: join(import.meta.dirname, name), logger });
      next = await bundled('next-workflows.ts');
      incompatible = await bundled('incompatible-workflows.ts');
    });
    const replay = (workflowBundle: WorkflowBundleOption, type: string, name: string): Promise<void> =>
      Worker.runReplayHistory({ workflowBundle }, historyOf(type, name), 'replayed');

    it('of cases that were open go on under a next version that guards what it does otherwise', () =>
      replay(next, 'dispute', 'waiting.json'));
    it('of open cases fail on one that does not guard it', () =>
      assert.rejects(replay(incompatible, 'dispute', 'waiting.json'), DeterminismViolationError));
    it('fail on a workflow that does something else', () => {
      const [name = ''] = readdirSync(join(HISTORIES, 'reconcileStream'));
      return assert.rejects(replay(incompatible, 'reconcileStream', name), DeterminismViolationError);
    });
  });
});
