import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { WorkflowHandle } from '@temporalio/client';
import type { Activities } from '../../activities/index.ts';
import { syncWorkflowId } from '../../domain/ids.ts';
import { timeWindow, type Window } from '../../domain/collection/window.ts';
import type { SyncWindowInput } from '../../workflows/messages.ts';
import type { syncWindow } from '../../workflows/sync-window.ts';
import { Departments } from '../support/departments.ts';
import { keepHistory } from '../support/histories.ts';
import { SkippingHub, TASK_QUEUE } from '../support/hub.ts';

const STREAM = 'housing-permits';

describe('syncWindow', () => {
  let hub: SkippingHub;
  before(async () => {
    hub = await SkippingHub.start(() => Promise.resolve(new Departments()));
  });
  after(() => hub.stop());

  async function run(
    history: string,
    window: Window,
    mocks: Partial<Activities>,
    cached = 0,
  ): Promise<{ handle: WorkflowHandle<typeof syncWindow>; result: Awaited<ReturnType<typeof syncWindow>> }> {
    const input: SyncWindowInput = { ...hub.label(STREAM), purpose: 'daily', window };
    return hub.working(
      async () => {
        const handle = await hub.client.workflow.start<typeof syncWindow>('syncWindow', {
          workflowId: syncWorkflowId(STREAM),
          taskQueue: TASK_QUEUE,
          args: [input],
        });
        const result = await handle.result();
        await keepHistory(handle, history);
        return { handle, result };
      },
      mocks,
      cached,
    );
  }
  const counts = (read: number) => ({ pages: 1, read, accepted: read, unchanged: 0, rejected: 0 });

  it('continues as new when it grows long, and goes on where it was', async () => {
    let reads = 0;
    const opened: Window[] = [];
    const { handle, result } = await run(
      'continued-as-new',
      timeWindow(0, 60_000),
      {
        openBatch: ({ window }) => Promise.resolve({ batchId: opened.push(window), declared: 1_010 }),
        readPages: () => Promise.resolve({ outcome: ++reads < 1_010 ? 'more' : 'done', ...counts(reads) }),
        closeBatch: () => Promise.resolve({ ...counts(1_010), declared: 1_010, complete: true }),
      },
      10,
    );
    assert.equal(reads, 1_010);
    assert.equal(opened.length, 1, 'the batch is carried over, not opened again');
    assert.deepEqual(result, { ...counts(1_010), batchId: 1, complete: true });
    const { runId } = await handle.describe();
    const history = await hub.client.workflow.getHandle(handle.workflowId, runId).fetchHistory();
    assert.ok((history.events?.length ?? 0) < 4_000);
    assert.notEqual(
      history.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? '',
      '',
      'the last run continues another one',
    );
  });

  it('cuts a window in two while the source moves faster than it can be read', async () => {
    const lengths: number[] = [];
    let current = 0;
    const { result } = await run('cut-in-two', timeWindow(0, 8_000), {
      openBatch: ({ window }) => {
        assert.equal(window.kind, 'time');
        current = Date.parse(window.to) - Date.parse(window.from);
        lengths.push(current);
        return Promise.resolve({ batchId: lengths.length, declared: 1 });
      },
      readPages: () => Promise.resolve({ outcome: current > 2_000 ? 'moved' : 'done', ...counts(current) }),
      closeBatch: () => Promise.resolve({ ...counts(current), declared: current, complete: true }),
    });
    assert.deepEqual(lengths, [8_000, 4_000, 2_000, 2_000, 4_000, 2_000, 2_000]);
    assert.equal(result.read, 8_000);
    assert.equal(result.complete, true);
  });

  it('is complete only when every part of it is', async () => {
    let closed = 0;
    const { result } = await run('incomplete', timeWindow(0, 4_000), {
      openBatch: ({ window }) =>
        Promise.resolve({ batchId: 1, declared: window.kind === 'time' ? Date.parse(window.to) : 0 }),
      readPages: () => Promise.resolve({ outcome: ++closed === 1 ? 'moved' : 'done', ...counts(1) }),
      closeBatch: () => Promise.resolve({ ...counts(1), declared: 1, complete: closed !== 2 }),
    });
    assert.equal(result.complete, false);
  });
});
