import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gapInWords } from '../../domain/collection/gap.ts';
import { WorkflowFailedError, WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import { addDays, DAY_MS, shanghaiDate, shanghaiInstant, timeOfDayMs } from '../../domain/dates.ts';
import { findGaps, listObligations, type Gap } from '../../store/collection/overview.ts';
import { getStream } from '../../store/collection/streams.ts';
import {
  closeDayEarlyUpdate,
  type DailyAggregationInput,
  type DailyAggregationResult,
} from '../../workflows/messages.ts';
import type { dailyAggregation } from '../../workflows/daily-aggregation.ts';
import { eventually } from '../support/eventually.ts';
import { applicationCause } from '../support/failures.ts';
import { keepHistory } from '../support/temporal/histories.ts';
import { Departments } from '../support/departments.ts';
import { SkippingHub, TASK_QUEUE } from '../support/hub.ts';

const STREAM = 'housing-permits';

describe('dailyAggregation, with time skipped', () => {
  let hub: SkippingHub;
  /** Each test takes a day of its own, because the clock only goes forward. */
  let date: string;
  before(async () => {
    hub = await SkippingHub.start(async (nowMs) => {
      const anchorMs = timeOfDayMs(shanghaiDate(nowMs), '24:00') + DAY_MS;
      return new Departments({ anchorMs, startMs: anchorMs - 3 * DAY_MS, nowMs: anchorMs, records: 300 }).start(
        'housing',
      );
    });
    // What changes in the last minutes of a day is read after it: the profile of this city lets that count.
    await hub.db('stream').update({ grace: '30 minutes' });
    date = shanghaiDate(hub.nowMs);
  });
  after(() => hub.stop());

  async function nextDay(time: string): Promise<void> {
    date = addDays(shanghaiDate(hub.nowMs), 1);
    await hub.skipTo(timeOfDayMs(date, time));
    hub.departments.get('housing').moveTo(hub.nowMs);
    hub.departments.get('housing').server.clearFaults();
  }
  async function start(): Promise<WorkflowHandle<typeof dailyAggregation>> {
    const input: DailyAggregationInput = { ...hub.label(STREAM), cutOff: '21:00', date };
    const handle = await hub.client.workflow.start<typeof dailyAggregation>('dailyAggregation', {
      workflowId: `daily:${STREAM}:${date}`,
      taskQueue: TASK_QUEUE,
      args: [input],
    });
    await eventually(async () => assert.notEqual(await stateOf(), undefined));
    return handle;
  }
  const ended = async (
    handle: WorkflowHandle<typeof dailyAggregation>,
    history: string,
  ): Promise<DailyAggregationResult> => {
    await hub.untilEnded(handle, 2 * DAY_MS);
    await keepHistory(handle, history);
    return handle.result();
  };
  const gapsOf = async (): Promise<Gap[]> => findGaps(hub.db, new Date(hub.nowMs), STREAM);
  const stateOf = async (atMs = hub.nowMs, day = date): Promise<string | undefined> => {
    const all = await listObligations(hub.db, new Date(atMs), new Date(0));
    return all.find(({ subject }) => subject === `${STREAM}/${day}`)?.state;
  };
  const becomes = (state: string): Promise<void> => eventually(async () => assert.equal(await stateOf(), state));

  it('a run that is started by hand before a stream’s first cut-off takes what is there, and the day at its cut-off', async () => {
    await hub.working(async () => {
      const handle = await hub.client.workflow.start<typeof dailyAggregation>('dailyAggregation', {
        workflowId: `daily:${STREAM}`,
        taskQueue: TASK_QUEUE,
        args: [{ ...hub.label(STREAM), cutOff: '21:00' }],
      });
      await eventually(async () => assert.ok(await hub.db('certificate').first()));
      assert.deepEqual(await ended(handle, 'started-by-hand'), { date, met: true, verified: true });
    });
    assert.equal(await stateOf(), 'met');
    const evening = await hub
      .db('certificate')
      .where('source_updated_at', '>=', shanghaiInstant(timeOfDayMs(date, '21:00')))
      .andWhere('source_updated_at', '<', shanghaiInstant(timeOfDayMs(date, '23:30')))
      .select<{ recorded_at: Date }[]>('recorded_at');
    assert.ok(evening.length > 0);
    const midnight = new Date(timeOfDayMs(date, '24:00'));
    assert.ok(
      evening.every((record) => record.recorded_at < midnight),
      'what the evening produced is in before midnight',
    );
  });

  it('meets the day at its cut-off and verifies it after midnight', async () => {
    await nextDay('20:00');
    await hub.working(async () => {
      const handle = await start();
      await hub.skipTo(timeOfDayMs(date, '20:50'));
      assert.equal(await stateOf(), 'due soon');
      await hub.skipTo(timeOfDayMs(date, '21:30'));
      await becomes('met');
      assert.deepEqual(await ended(handle, 'met-at-its-cut-off'), { date, met: true, verified: true });
    });
    assert.equal(await stateOf(), 'met');
  });

  it('a department away over the cut-off: overdue at 24:00 Shanghai time, met late on its return', async () => {
    await nextDay('20:00');
    const { server } = hub.departments.get('housing');
    await hub.working(async () => {
      const handle = await start();
      await hub.skipTo(timeOfDayMs(date, '20:55'));
      server.setFault('away', Number.MAX_SAFE_INTEGER);
      await hub.skipTo(timeOfDayMs(date, '23:59'));
      assert.equal(await stateOf(), 'due soon');
      const midnight = timeOfDayMs(date, '24:00');
      assert.equal(await stateOf(midnight - 1), 'due soon');
      assert.equal(await stateOf(midnight), 'overdue');
      await hub.skipTo(midnight + 600_000);
      assert.equal(await stateOf(), 'overdue');
      assert.equal((await handle.describe()).status.name, 'RUNNING');
      assert.ok((await gapsOf()).length > 0);

      server.clearFaults();
      assert.equal((await ended(handle, 'away-over-the-cut-off')).met, true);
    });
    assert.equal(await stateOf(), 'met late');
    assert.deepEqual(await gapsOf(), []);
  });

  it('an update closes a day before its cut-off, and is refused for another day', async () => {
    await nextDay('15:00');
    await hub.working(async () => {
      const handle = await start();
      const refused = handle.executeUpdate(closeDayEarlyUpdate, {
        args: [{ at: shanghaiInstant(hub.nowMs - DAY_MS) }],
      });
      await assert.rejects(refused, WorkflowUpdateFailedError);
      const state = await handle.executeUpdate(closeDayEarlyUpdate, { args: [{ at: shanghaiInstant(hub.nowMs) }] });
      assert.equal(state.met, true);
      assert.equal(await stateOf(), 'met');
      assert.deepEqual(await ended(handle, 'closed-early'), { date, met: true, verified: true });
    });
  });

  it('a difference that stays is named, keeps the day open, and is handed over at the next cut-off', async () => {
    await nextDay('23:00');
    // A record that the source has deleted without a trace.
    const gone = 'HOGONE';
    await hub.db.raw(
      `INSERT INTO certificate SELECT (jsonb_populate_record(c, jsonb_build_object('record_key', ?::text,
         'source_updated_at', ?::timestamptz))).* FROM certificate c LIMIT 1`,
      [gone, shanghaiInstant(timeOfDayMs(date, '12:00'))],
    );
    await hub.working(async () => {
      // The run begins a day late, an hour before the next cut-off.
      await hub.skipTo(timeOfDayMs(addDays(date, 1), '20:00'));
      const failure = await ended(await start(), 'handed-over').then(
        () => assert.fail('ended as if all were in'),
        (error: unknown) => error,
      );
      assert.ok(failure instanceof WorkflowFailedError);
      assert.equal(applicationCause(failure)?.type, 'Incomplete');
      hub.nowMs = await hub.env.currentTimeMs();
      assert.ok(hub.nowMs >= timeOfDayMs(addDays(date, 1), '21:00'));
      assert.equal(await stateOf(), 'overdue');
      const difference = (await gapsOf()).find(({ kind }) => kind === 'difference');
      assert.equal(difference?.unit, '市住房和城乡建设局');
      assert.match(gapInWords(difference).en, /source (\d+), library \d+; only in the library: HOGONE$/);

      await hub.db('certificate').where({ record_key: gone }).delete();
      date = addDays(date, 1);
      assert.equal((await ended(await start(), 'met-after-a-hand-over')).met, true);
    });
    assert.deepEqual(await gapsOf(), []);
    assert.equal(await stateOf(hub.nowMs, addDays(date, -1)), 'met late');
  });

  it('a record that becomes visible after its day was verified is found by the next day’s comparison', async () => {
    await nextDay('20:00');
    await hub.working(async () => {
      assert.equal((await ended(await start(), 'met-on-a-quiet-day')).verified, true);
      const late = await hub
        .db('certificate')
        .where('source_updated_at', '<', shanghaiInstant(timeOfDayMs(date, '20:00')))
        .orderBy('source_updated_at', 'desc')
        .first<{ record_key: string }>('record_key');
      // As if it had not been there when the day was read.
      await hub.db('certificate').where({ record_key: late.record_key }).delete();
      assert.deepEqual(await gapsOf(), []);
      date = addDays(date, 1);
      await hub.skipTo(timeOfDayMs(date, '20:00'));
      await ended(await start(), 'late-record-found');
      assert.ok(await hub.db('certificate').where({ record_key: late.record_key }).first());
    });
    assert.deepEqual(await gapsOf(), []);
  });

  it('refused credentials pause the stream with the reason; later runs leave the source alone', async () => {
    await nextDay('20:00');
    const { server } = hub.departments.get('housing');
    hub.config.connectors = hub.config.connectors.map((connector) => ({
      ...connector,
      ...(connector.id === 'housing' && { auth: { type: 'header', name: 'X-App-Key', value: { env: 'PATH' } } }),
    }));
    await hub.working(async () => {
      const failure = await ended(await start(), 'paused').catch((error: unknown) => error);
      assert.equal(applicationCause(failure)?.type, 'configuration');
      const { pausedReason } = await getStream(hub.db, STREAM);
      assert.match(pausedReason ?? '', /answered 401, the credentials are refused; check the values behind auth/);
      const { requests } = server.counts;
      date = addDays(date, 1);
      await hub.skipTo(timeOfDayMs(date, '20:00'));
      const again = await ended(await start(), 'still-paused').catch((error: unknown) => error);
      assert.match(applicationCause(again)?.message ?? '', /housing-permits is paused: .*restart the hub/);
      assert.equal(server.counts.requests, requests);
    });
  });
});
