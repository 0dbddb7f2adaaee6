import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { gapInWords } from '../../domain/collection/gap.ts';
import { WorkflowExecutionAlreadyStartedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Activities } from '../../activities/index.ts';
import { compareWithTruth } from '../../cli/demo/truth.ts';
import { returnWorkflowId, syncWorkflowId } from '../../domain/ids.ts';
import { timeWindow } from '../../domain/collection/window.ts';
import { findGaps } from '../../store/collection/overview.ts';
import type { ReturnSyncInput } from '../../workflows/messages.ts';
import type { returnSync } from '../../workflows/return-sync.ts';
import type { syncWindow } from '../../workflows/sync-window.ts';
import { Departments } from '../support/departments.ts';
import { eventually } from '../support/eventually.ts';
import { applicationCause } from '../support/failures.ts';
import { keepHistory } from '../support/temporal/histories.ts';
import { SkippingHub, TASK_QUEUE } from '../support/hub.ts';

const STREAM = 'province-return';
const HOUR_MS = 3_600_000;

describe('returnSync', () => {
  let hub: SkippingHub;
  before(async () => {
    hub = await SkippingHub.start((nowMs) =>
      new Departments({ anchorMs: nowMs, nowMs, startMs: nowMs - 3 * 24 * HOUR_MS, records: 3_000 }).start('province'),
    );
  });
  after(() => hub.stop());
  beforeEach(async () => {
    await hub.db.raw('TRUNCATE certificate, reject, batch, discrepancy CASCADE');
    await hub.db.raw(`UPDATE coverage SET ordinals = '{}'`);
    department().acknowledgements.length = 0;
    department().onAcknowledge = null;
    department().server.clearFaults();
  });

  const department = () => hub.departments.get('province');
  const gaps = () => findGaps(hub.db, new Date(hub.nowMs), STREAM);
  const start = (rest: Partial<ReturnSyncInput> = {}): Promise<WorkflowHandle<typeof returnSync>> =>
    hub.client.workflow.start<typeof returnSync>('returnSync', {
      workflowId: returnWorkflowId(STREAM),
      taskQueue: TASK_QUEUE,
      args: [{ ...hub.label(STREAM), ...rest }],
    });
  const run = async (
    history: string,
    mocks: Partial<Activities> = {},
    rest: Partial<ReturnSyncInput> = {},
  ): Promise<Awaited<ReturnType<typeof returnSync>>> =>
    hub.working(async () => {
      const handle = await start(rest);
      await hub.untilEnded(handle, 24 * HOUR_MS);
      await keepHistory(handle, history);
      return handle.result();
    }, mocks);
  const equalsTheTruth = async (): Promise<void> => {
    const { equal, text } = await compareWithTruth(hub.db, STREAM, department().url);
    assert.ok(equal, text);
  };

  it('takes every batch and acknowledges each one after it is committed, never before', async () => {
    const early: string[] = [];
    department().onAcknowledge = async (batch) => {
      const safe = await hub.db.raw<{ rows: unknown[] }>(
        `SELECT FROM batch WHERE source_batch = ? AND state = 'complete' AND accepted + unchanged + rejected = declared
           AND declared = (SELECT sum(read) FROM batch_page WHERE batch_id = batch.id)`,
        [batch],
      );
      if (safe.rows.length !== 1) early.push(batch);
    };
    const result = await run('all-batches');
    assert.ok(result.batches >= 5);
    assert.equal(department().acknowledgements.length, result.batches);
    assert.equal(new Set(department().acknowledgements.map(({ batch }) => batch)).size, result.batches);
    assert.deepEqual(early, []);
    assert.deepEqual(await gaps(), []);
    await equalsTheTruth();
    assert.deepEqual(await run('nothing-new'), { batches: 0, read: 0, accepted: 0, unchanged: 0, rejected: 0 });
  });

  it('a batch that stays short is not acknowledged, becomes a task of the platform, and is mended by a later run', async () => {
    // Three reads of the first batch, each asking four times for its only page.
    department().server.setFault('short-page', 12);
    const failure = await run('a-batch-stays-short').catch((error: unknown) => error);
    assert.equal(applicationCause(failure)?.type, 'Incomplete');
    const open = await gaps();
    assert.deepEqual(
      open.map(({ kind }) => kind),
      ['batch', 'difference'],
    );
    assert.match(open[1] ? gapInWords(open[1]).en : '', /^batch HL\d+: source (\d+), library \d+$/);
    assert.equal(open[1]?.unit, '省电子证照回传平台');
    const { id: first } = await hub.db('batch').orderBy('ordinal').first<{ id: string }>({ id: 'source_batch' });
    assert.ok(!department().acknowledgements.some(({ batch }) => batch === first));
    assert.ok(department().acknowledgements.length >= 4, 'the batches after it went on');

    await run('the-short-batch-mended');
    assert.equal(department().acknowledgements.at(-1)?.batch, first);
    assert.deepEqual(await gaps(), []);
    await equalsTheTruth();
  });

  it('a batch that was committed when the run died is acknowledged by the next run, without being read again', async () => {
    const died = await run('died-before-acknowledging', {
      acknowledgeBatch: () => {
        throw ApplicationFailure.nonRetryable('died');
      },
    }).catch((error: unknown) => error);
    assert.equal(applicationCause(died)?.message, 'died');
    assert.deepEqual(
      (await gaps()).map(({ kind }) => kind),
      ['unacknowledged'],
    );
    await run('acknowledged-later');
    const reads = await hub.db.raw<{ rows: unknown[] }>(
      'SELECT FROM batch GROUP BY ordinal HAVING count(*) > 1 OR min(acknowledged_at) IS NULL',
    );
    assert.deepEqual(reads.rows, []);
    assert.deepEqual(await gaps(), []);
  });

  it('batches that were taken in a time are read again when that is asked for, and no others', async () => {
    const first = await run('taken-once');
    const reads = async () => {
      const { rows } = await hub.db.raw<{ rows: { reads: number }[] }>(
        'SELECT count(*)::int AS reads FROM batch GROUP BY ordinal ORDER BY ordinal',
      );
      return rows.map((row) => row.reads);
    };
    // As an earlier, wrong mapping might have left it.
    await hub.db.raw(`UPDATE certificate SET name = 'wrong', content_hash = '\\x00'`);
    await hub.db.raw(`UPDATE batch SET opened_at = opened_at - interval '3 days' WHERE ordinal <= 2`);
    const day = 24 * HOUR_MS;
    const again = timeWindow(hub.nowMs - day, hub.nowMs + day);
    const second = await run('taken-again', {}, { again });
    assert.equal(second.batches, first.batches - 2);
    assert.ok(second.accepted > 0);
    assert.deepEqual(
      await reads(),
      Array.from({ length: first.batches }, (_, index) => (index < 2 ? 1 : 2)),
    );
    await run('the-rest-again', {}, { again: timeWindow(hub.nowMs - 4 * day, hub.nowMs - 2 * day) });
    assert.deepEqual(await gaps(), []);
    await equalsTheTruth();
  });

  it('a stream is read once at a time: a second start is refused, and a run waits for its turn', async () => {
    const released = Promise.withResolvers<undefined>();
    let opened = 0;
    const mocks: Partial<Activities> = {
      openBatch: async () => {
        opened += 1;
        await released.promise;
        return { batchId: opened, declared: 0 };
      },
      closeBatch: () =>
        Promise.resolve({
          pages: 1,
          read: 0,
          accepted: 0,
          unchanged: 0,
          rejected: 0,
          declared: 0,
          complete: true,
        }),
      acknowledgeBatch: () => Promise.resolve(),
      findNextBatch: ({ after }) =>
        Promise.resolve(after ? null : { kind: 'batch', ordinal: 1, id: 'B1', after: null, next: 'c', declared: 0 }),
      readPages: () => Promise.resolve({ outcome: 'done', pages: 1, read: 0, accepted: 0, unchanged: 0, rejected: 0 }),
    };
    await hub.working(async () => {
      const input = {
        ...hub.label(STREAM),
        purpose: 'return' as const,
        window: { kind: 'batch' as const, ordinal: 1, id: 'B1', after: null, next: 'c', declared: 0 },
      };
      const options = { workflowId: syncWorkflowId(STREAM), taskQueue: TASK_QUEUE, args: [input] as [typeof input] };
      const first = await hub.client.workflow.start<typeof syncWindow>('syncWindow', options);
      await assert.rejects(
        hub.client.workflow.start<typeof syncWindow>('syncWindow', options),
        WorkflowExecutionAlreadyStartedError,
      );
      await eventually(() => assert.equal(opened, 1));
      const second = await start();
      await eventually(async () => {
        const { events } = await second.fetchHistory();
        assert.ok(
          events?.some(({ timerStartedEventAttributes }) => timerStartedEventAttributes),
          'it waits',
        );
      });
      assert.equal(opened, 1, 'and does not read beside the first');
      released.resolve(undefined);
      await hub.untilEnded(second, HOUR_MS);
      await keepHistory(second, 'waited-for-its-turn');
      await keepHistory(first, 'a-batch');
      await first.result();
      assert.equal((await second.result()).batches, 1);
      assert.equal(opened, 2);
    }, mocks);
  });
});
