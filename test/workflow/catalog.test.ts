import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createCollectActivities } from '../../activities/collect.ts';
import { compareWithTruth } from '../../cli/demo/truth.ts';
import { Streams } from '../../connectors/registry.ts';
import { replayWorkflowId } from '../../domain/ids.ts';
import { HubError } from '../../domain/errors.ts';
import { timeWindow } from '../../domain/collection/window.ts';
import {
  approveDrafts,
  draftEntries,
  entryVersions,
  waitingTypes,
  withdrawEntries,
} from '../../store/library/catalog.ts';
import { findGaps } from '../../store/collection/overview.ts';
import { rejectGroups } from '../../store/collection/rejects.ts';
import type { replayRejects } from '../../workflows/replay-rejects.ts';
import { Departments } from '../support/departments.ts';
import { SkippingHub, TASK_QUEUE } from '../support/hub.ts';

const STREAM = 'housing-permits';
const TYPE = '11100000000013338W011';
const HOUR_MS = 3_600_000;

describe('a type without an entry in the catalog', () => {
  let hub: SkippingHub;
  before(async () => {
    hub = await SkippingHub.start((nowMs) =>
      new Departments({ anchorMs: nowMs, nowMs, startMs: nowMs - 3 * 24 * HOUR_MS, records: 1_500 }).start('housing'),
    );
  });
  after(() => hub.stop());

  it('lets no record in, loses none, pauses nothing; what waited goes in once the entry is approved', async () => {
    const at = new Date(hub.nowMs);
    await withdrawEntries(hub.db, [TYPE], 'M', at);
    await assert.rejects(
      withdrawEntries(hub.db, [TYPE, '11100000000013522L003'], 'M', at),
      (error) => error instanceof HubError && error.message === `${TYPE}: no approved entry`,
    );
    const read = await hub.collect(STREAM, timeWindow(hub.nowMs - 72 * HOUR_MS, hub.nowMs));
    // Far beyond the share of rejects that stops a read; what is deleted at the source is in as such.
    assert.ok(read.complete && read.accepted < 50);
    assert.ok(read.rejected > 1_400);
    // The fields of what waits are known: none of them is news later.
    assert.ok((await hub.db('stream_field').select('field')).length > 5);
    assert.deepEqual(await hub.db('drift').select('field'), []);
    const [waiting, ...others] = await waitingTypes(hub.db);
    assert.deepEqual(others, []);
    assert.equal(waiting?.typeCode, TYPE);
    assert.ok(waiting.records > 1_000);
    assert.deepEqual(
      (await findGaps(hub.db, at, STREAM)).filter(({ kind }) => kind === 'paused'),
      [],
    );

    const [version] = await entryVersions(hub.db, [TYPE]);
    assert.ok(version);
    assert.deepEqual([version.state, version.version], ['withdrawn', 1]);
    const entry = { ...version.entry, name: '建筑工程施工许可证' };
    assert.deepEqual(await draftEntries(hub.db, [entry], 'M', at), { drafted: 1, unchanged: 0 });
    assert.deepEqual(await draftEntries(hub.db, [entry], 'M', at), { drafted: 0, unchanged: 1 });
    await approveDrafts(hub.db, [TYPE], 'M', at);
    assert.deepEqual(
      (await entryVersions(hub.db, [TYPE])).map(({ state, version: number }) => [number, state]),
      [
        [2, 'approved'],
        [1, 'withdrawn'],
      ],
    );
    const replayed = await hub.working(() =>
      hub.client.workflow.execute<typeof replayRejects>('replayRejects', {
        workflowId: replayWorkflowId(STREAM),
        taskQueue: TASK_QUEUE,
        args: [{ ...hub.label(STREAM), rule: 'type-unlisted' }],
      }),
    );
    // A fault that is looked for last may come out only now.
    assert.deepEqual([replayed.read, replayed.unchanged], [waiting.records, 0]);
    assert.ok(replayed.rejected < 5);
    assert.deepEqual(await waitingTypes(hub.db), []);
    assert.ok((await rejectGroups(hub.db, { stream: STREAM })).every(({ rule }) => rule !== 'type-unlisted'));
    const { equal, text } = await compareWithTruth(hub.db, STREAM, hub.departments.get('housing').url);
    assert.ok(equal, text);
  });

  it('that is approved while its records are read: they go in when the read is closed', async () => {
    const at = new Date(hub.nowMs);
    await withdrawEntries(hub.db, [TYPE], 'M', at);
    const [version] = await entryVersions(hub.db, [TYPE]);
    assert.ok(version);
    // As if none of it had been read before.
    for (const table of ['certificate', 'reject']) await hub.db(table).delete();
    const streams = new Streams(hub.config, { now: () => hub.nowMs });
    const real = createCollectActivities({ db: hub.db, streams: () => streams, now: () => new Date(hub.nowMs) });
    const waited: number[] = [];
    const window = timeWindow(hub.nowMs - 72 * HOUR_MS, hub.nowMs);
    await hub.collect(STREAM, window, {
      closeBatch: async (input) => {
        waited.push(...(await waitingTypes(hub.db)).map(({ records }) => records));
        await draftEntries(hub.db, [version.entry], 'M', at);
        await approveDrafts(hub.db, [TYPE], 'M', at);
        return real.closeBatch(input);
      },
    });
    await streams.close();
    assert.ok((waited[0] ?? 0) > 1_000);
    assert.deepEqual(await waitingTypes(hub.db), []);
    const { equal, text } = await compareWithTruth(hub.db, STREAM, hub.departments.get('housing').url);
    assert.ok(equal, text);
  });
});
