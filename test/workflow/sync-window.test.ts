import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { WorkflowHandle } from '@temporalio/client';
import type { Activities } from '../../activities/index.ts';
import { syncWorkflowId } from '../../domain/ids.ts';
import { timeWindow, type Window } from '../../domain/collection/window.ts';
import { httpConnectorSchema } from '../../settings/kinds/http.ts';
import { configuredStreams } from '../../store/apply-config.ts';
import { saveStreams } from '../../store/collection/streams.ts';
import { findAlerts } from '../../store/ledger/alerts.ts';
import type { SyncWindowInput } from '../../workflows/messages.ts';
import type { syncWindow } from '../../workflows/sync-window.ts';
import { Departments } from '../support/departments.ts';
import { keepHistory } from '../support/temporal/histories.ts';
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

  it('a source that never stands still costs few requests, leaves no batch open, and is told with its owner', async () => {
    let [requests, growing] = [0, true];
    const server = createServer((request, response) => {
      requests += 1;
      const page = Number(new URL(request.url ?? '', 'http://parks').searchParams.get('page'));
      const list = [1, 2].map((n) => ({ id: `K${page * 2 + n}`, gxsj: '2026-11-20 10:00:00' }));
      response.end(JSON.stringify({ total: growing ? 4 + requests : 4, list }));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const parks = httpConnectorSchema.parse({
        name: '市公园管理局',
        unit: '11320200014006438B',
        kind: 'http',
        baseUrl: `http://127.0.0.1:${port}`,
        streams: [
          {
            id: 'parks',
            path: '/list?from={from}&to={to}&page={page}',
            response: { records: 'list', total: 'total' },
            record: { key: 'id', updatedAt: 'gxsj' },
            status: {},
            page: { size: 2 },
          },
        ],
      });
      hub.config.connectors.push({ ...parks, id: 'parks' });
      await saveStreams(hub.db, configuredStreams(hub.config), new Date(hub.nowMs));
      const window = timeWindow(hub.nowMs - 2 * 3_600_000, hub.nowMs);
      const moving = async (): Promise<string[]> =>
        (await findAlerts(hub.db, 'discrepancy', new Date(hub.nowMs))).flatMap(({ message: { zh } }) =>
          zh.includes('读取期间一直在变') ? [zh] : [],
        );

      assert.equal((await hub.collect('parks', window)).complete, false);
      const windows = hub.db('batch').join('stream', 'stream.id', 'stream_id').where({ name: 'parks' });
      const batches = await windows.select<{ state: string; seconds: number }[]>(
        'state',
        hub.db.raw('extract(epoch FROM read_to - read_from)::integer AS seconds'),
      );
      assert.deepEqual([...new Set(batches.map(({ state }) => state))], ['different']);
      assert.ok(Math.min(...batches.map(({ seconds }) => seconds)) >= 60);
      // Each of the 32 is asked for its total, read, and compared with the totals of its halves.
      assert.ok(requests < 300, `${requests} requests`);
      const [alert, ...others] = await moving();
      assert.match(alert ?? '', /^市住房和城乡建设局：parks 源端 \d+ 条记录在读取期间一直在变/);
      assert.deepEqual(others, []);

      // Asked again before long it is not cut again, and once it stands still all of it is read and nothing is left of it.
      requests = 0;
      await hub.collect('parks', window);
      assert.ok(requests < 20, `${requests} requests`);
      growing = false;
      assert.equal((await hub.collect('parks', window)).complete, true);
      assert.deepEqual(await moving(), []);
    } finally {
      server.closeAllConnections();
      server.close();
    }
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
