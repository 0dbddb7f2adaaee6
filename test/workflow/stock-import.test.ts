import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Context } from '@temporalio/activity';
import { compareWithTruth } from '../../cli/demo/truth.ts';
import { findStream } from '../../settings/load.ts';
import { createStockActivities } from '../../activities/stock.ts';
import { Streams } from '../../connectors/registry.ts';
import { outboundWorkflowId, stockWorkflowId } from '../../domain/ids.ts';
import { forgetRefused, percentDone, stockReports, type StockReport } from '../../store/collection/stock.ts';
import { getStream, saveStreams } from '../../store/collection/streams.ts';
import { configuredStreams } from '../../store/apply-config.ts';
import type { deliverOutbound } from '../../workflows/deliver-outbound.ts';
import type { stockImport } from '../../workflows/stock-import.ts';
import { Departments } from '../support/departments.ts';
import { keepHistory } from '../support/temporal/histories.ts';
import { SkippingHub, TASK_QUEUE } from '../support/hub.ts';

const STREAM = 'land-stock';
const RECORDS = 1_500;

describe('stockImport', () => {
  let hub: SkippingHub;
  before(async () => {
    hub = await SkippingHub.start((nowMs) =>
      new Departments({ anchorMs: nowMs, nowMs, records: RECORDS }).start('land', 'housing'),
    );
  });
  after(() => hub.stop());

  const report = async (): Promise<StockReport> => {
    const [found] = await stockReports(hub.db, STREAM);
    assert.ok(found);
    return found;
  };
  const start = () =>
    hub.client.workflow.start<typeof stockImport>('stockImport', {
      workflowId: stockWorkflowId(STREAM),
      taskQueue: TASK_QUEUE,
      args: [hub.label(STREAM)],
    });
  const deliver = () =>
    hub.client.workflow.execute<typeof deliverOutbound>('deliverOutbound', {
      workflowId: outboundWorkflowId('city-seals'),
      taskQueue: TASK_QUEUE,
      args: [{ target: 'city-seals', title: '签章', unit: '甲局' }],
    });
  /** Sends what was handed over until all of it is answered. */
  const answered = async (open: (now: StockReport) => boolean): Promise<void> => {
    for (let round = 0; open(await report()); round++) {
      assert.ok(round < 40, 'the e-seal service answers');
      await deliver();
      await hub.skipTo(hub.nowMs + 10 * 60_000);
    }
  };

  it('owes no day and is in no gap: it is imported when somebody asks', async () => {
    const { planned, done } = await report();
    assert.deepEqual([planned, done], [null, 0]);
    assert.equal((await getStream(hub.db, STREAM)).delivery, 'stock');
  });

  it('that is stopped in the middle goes on where it was', async () => {
    const streams = new Streams(hub.config, { now: () => hub.nowMs });
    const real = createStockActivities({ db: hub.db, streams: () => streams, now: () => new Date(hub.nowMs) });
    let looks = 0;
    let stop: (() => Promise<unknown>) | undefined;
    await hub.working(
      async () => {
        const handle = await start();
        stop = () => handle.cancel();
        await assert.rejects(handle.result());
        await keepHistory(handle, 'stopped');
      },
      {
        stockProgress: async (input) => {
          looks += 1;
          if (looks === 5) {
            await stop?.();
            // The test server’s clock stands still for good when a workflow ends while one of its activities runs: this
            // one is waited for, and no other is begun once it knows that it is cancelled.
            await Context.current().cancelled.catch(() => undefined);
          }
          return real.stockProgress(input);
        },
      },
    );
    await streams.close();
    const { planned, done } = await report();
    assert.ok(planned !== null && done > 0 && done < planned, `${done} of ${String(planned)}`);
  });

  it('ends with everything in, handed to the e-seal service, and its answers taken back', async () => {
    const before = await report();
    const totals = await hub.working(async () => {
      const handle = await start();
      await answered(
        ({ done, planned, handed, sealed, refused }) =>
          done < (planned ?? 0) || handed === 0 || sealed + refused < handed,
      );
      await hub.untilEnded(handle, 24 * 3_600_000);
      await keepHistory(handle, 'sealed');
      return handle.result();
    });
    const after = await report();
    assert.equal(percentDone(after), 100);
    assert.ok(totals.read > 0 && totals.read < (after.planned ?? 0), 'what was in is not read again');
    assert.ok(before.done > 0);
    const valid = await hub
      .db('certificate')
      .join('stream', 'stream.id', 'stream_id')
      .where({ 'stream.name': STREAM, status: 'valid' })
      .select<{ record_key: string }[]>('record_key');
    const refused = valid.filter(({ record_key: key }) => key.endsWith('7')).length;
    assert.deepEqual([after.handed, after.refused, after.sealed], [valid.length, refused, valid.length - refused]);
    assert.ok(refused > 0);
    const [seal] = await hub
      .db('seal')
      .where({ state: 'sealed' })
      .select<{ record_key: string; reference: string }[]>('*');
    assert.equal(seal?.reference, `YZ-${seal?.record_key ?? ''}`);
  });

  it('run again reads nothing; what was refused is handed over once more, when that is asked for', async () => {
    const { refused, handed: all } = await report();
    const run = async () =>
      hub.working(async () => {
        const handle = await start();
        await answered((now) => now.handed < all || now.sealed + now.refused < all);
        await hub.untilEnded(handle, 24 * 3_600_000);
        return handle.result();
      });
    const messages = async (): Promise<number> => (await hub.db('outbox').count<{ count: number }[]>())[0]?.count ?? 0;
    const before = await messages();
    assert.equal((await run()).read, 0);
    assert.equal(await messages(), before);
    assert.equal(await forgetRefused(hub.db, (await getStream(hub.db, STREAM)).id), refused);
    await run();
    const after = await report();
    assert.deepEqual([after.handed, after.refused], [all, refused]);
    assert.ok((await messages()) > before);
  });
});

describe('stockImport of files', () => {
  const FILES = 'education-teachers';
  let hub: SkippingHub;
  before(async () => {
    hub = await SkippingHub.start((nowMs) =>
      new Departments({ anchorMs: nowMs, nowMs, records: 300 }).start('education'),
    );
    Object.assign(findStream(hub.config, FILES).stream, {
      delivery: 'stock',
      stock: { planned: 400, sealAtOnce: 200 },
    });
    await saveStreams(hub.db, configuredStreams(hub.config), new Date(hub.nowMs));
  });
  after(() => hub.stop());

  it('takes every file, and shows how much of what the unit promised is in', async () => {
    const totals = await hub.working(async () => {
      const handle = await hub.client.workflow.start<typeof stockImport>('stockImport', {
        workflowId: stockWorkflowId(FILES),
        taskQueue: TASK_QUEUE,
        args: [hub.label(FILES)],
      });
      await hub.untilEnded(handle, 24 * 3_600_000);
      await keepHistory(handle, 'files');
      return handle.result();
    });
    const [found] = await stockReports(hub.db, FILES);
    assert.ok(found && totals.read > 300 && totals.rejected > 0);
    assert.deepEqual([found.planned, found.done, found.handed], [400, totals.read, 0]);
    assert.equal(percentDone(found), Math.floor((100 * totals.read) / 400));
    const { equal, text } = await compareWithTruth(hub.db, FILES, hub.departments.get('education').url);
    assert.ok(equal, text);
  });
});
