import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Activities } from '../../activities/index.ts';
import { gapInWords } from '../../domain/collection/gap.ts';
import { compareWithTruth } from '../../cli/demo/truth.ts';
import { reconcileWorkflowId } from '../../domain/ids.ts';
import { describeWindow, timeWindow, type TimeWindow } from '../../domain/collection/window.ts';
import { createReconcileActivities } from '../../activities/reconcile.ts';
import type { Streams } from '../../connectors/registry.ts';
import { countLibrary, openDiscrepancy } from '../../store/collection/reconciliation.ts';
import { getStream } from '../../store/collection/streams.ts';
import { findGaps } from '../../store/collection/overview.ts';
import type { ReconcileStreamResult } from '../../workflows/messages.ts';
import type { reconcileStream } from '../../workflows/reconcile-stream.ts';
import { Departments } from '../support/departments.ts';
import { applicationCause } from '../support/failures.ts';
import { keepHistory } from '../support/temporal/histories.ts';
import { SkippingHub, TASK_QUEUE } from '../support/hub.ts';

const STREAM = 'housing-permits';
const HOUR_MS = 3_600_000;

describe('reconcileStream', () => {
  let hub: SkippingHub;
  let window: TimeWindow;
  before(async () => {
    hub = await SkippingHub.start((nowMs) =>
      new Departments({ anchorMs: nowMs, nowMs, startMs: nowMs - 72 * HOUR_MS, records: 12_000 }).start('housing'),
    );
    window = timeWindow(hub.nowMs - 73 * HOUR_MS, hub.nowMs);
    await hub.collect(STREAM, window);
  });
  after(() => hub.stop());

  const run = (history: string, mocks: Partial<Activities> = {}): Promise<ReconcileStreamResult> =>
    hub.working(async () => {
      const handle = await hub.client.workflow.start<typeof reconcileStream>('reconcileStream', {
        workflowId: reconcileWorkflowId(STREAM),
        taskQueue: TASK_QUEUE,
        args: [{ ...hub.label(STREAM), window }],
      });
      await hub.untilEnded(handle, 24 * HOUR_MS);
      await keepHistory(handle, history);
      return handle.result();
    }, mocks);
  const equalsTheTruth = async (): Promise<void> => {
    const { equal, text } = await compareWithTruth(hub.db, STREAM, hub.departments.get('housing').url);
    assert.ok(equal, text);
  };

  it('is one comparison when nothing differs', async () => {
    assert.deepEqual(await run('equal'), { compared: 1, reread: 0, differences: 0 });
    await equalsTheTruth();
  });

  it('finds lost records by halving and reads only their surroundings again', async () => {
    const lost = await hub.db.raw<{ rows: unknown[] }>(
      `DELETE FROM certificate WHERE record_key IN
         (SELECT record_key FROM (SELECT record_key, row_number() OVER (ORDER BY source_updated_at) AS n FROM certificate) AS numbered
          WHERE n IN (1, 6000)) RETURNING record_key`,
    );
    assert.equal(lost.rows.length, 2);
    const before = await hub.db('batch').max<{ max: number }>('id').first();
    const result = await run('halved-and-mended');
    assert.equal(result.differences, 0);
    assert.equal(result.reread, 2);
    const reread = await hub
      .db('batch')
      .where('id', '>', before?.max ?? 0)
      .sum<{ sum: number }>('read')
      .first();
    assert.ok(Number(reread?.sum) < 4_500, `${String(reread?.sum)} records were read again`);
    await equalsTheTruth();
  });

  it('names what still differs, on both sides, and never ends as a success over it', async () => {
    const [kept] = await hub
      .db('certificate')
      .orderBy('record_key')
      .limit(1)
      .select<{ record_key: string }[]>('record_key');
    await hub.db.raw(
      `INSERT INTO certificate SELECT (jsonb_populate_record(c, '{"record_key": "HOGONE"}')).* FROM certificate c WHERE record_key = ?`,
      [kept?.record_key ?? ''],
    );
    const failure = await run('a-difference-stays').catch((error: unknown) => error);
    assert.equal(applicationCause(failure)?.type, 'Incomplete');
    const gaps = await findGaps(hub.db, new Date(hub.nowMs), STREAM);
    const difference = gaps.find(({ kind }) => kind === 'difference');
    assert.ok(difference);
    assert.match(gapInWords(difference).en, /; only in the library: HOGONE$/);
    await hub.db('certificate').where({ record_key: 'HOGONE' }).delete();
    assert.equal((await run('mended-at-the-source')).differences, 0);
    assert.deepEqual(await hub.db('discrepancy').whereNull('closed_at'), []);
    await equalsTheTruth();
  });

  it('a difference that no half of its window has stays, named', async () => {
    const added: number[] = [];
    const differs = (): Promise<unknown> =>
      run('halves-do-not-add-up', {
        compareCounts: ({ window: { from, to } }) => {
          const whole = from === window.from && to === window.to;
          return Promise.resolve({ source: whole ? 9_000 : 4_000, library: whole ? 8_000 : 4_000, small: false });
        },
        addUp: ({ halves }) => Promise.resolve({ differs: added.push(halves.length) === 1 }),
      });
    const failure = await differs().catch((error: unknown) => error);
    assert.equal(applicationCause(failure)?.type, 'Incomplete');
    assert.deepEqual(added, [2]);
    assert.equal(((await differs()) as ReconcileStreamResult).differences, 0, 'the halves explain it now');
  });

  it('a window is as many records as its halves; one too many and one too few are not equal', async () => {
    const stream = await getStream(hub.db, STREAM);
    const totals = new Map<string, number>();
    const streams = {
      getBy: () => ({
        source: { count: ({ from, to }: TimeWindow) => Promise.resolve(totals.get(`${from} ${to}`) ?? 0) },
      }),
    } as unknown as Streams;
    const now = (): Date => new Date(hub.nowMs);
    const activities = createReconcileActivities({ db: hub.db, streams: () => streams, now });
    const at = (hours: number): number => hub.nowMs - (73 - hours) * HOUR_MS;
    const [first, second] = [timeWindow(at(0), at(36)), timeWindow(at(36), at(73))];
    const say = (of: TimeWindow, count: number) => totals.set(`${of.from} ${of.to}`, count);
    const known = () => hub.db('discrepancy').whereNull('closed_at').orderBy('id').pluck('subject');
    const held = await countLibrary(hub.db, stream.id, window);
    const inFirst = await countLibrary(hub.db, stream.id, first);
    say(window, held);
    say(first, inFirst);
    say(second, held - inFirst);
    assert.deepEqual(await activities.addUp({ stream: STREAM, window, halves: [first, second] }), { differs: false });

    say(window, held + 1);
    assert.deepEqual(await activities.addUp({ stream: STREAM, window, halves: [first, second] }), { differs: true });
    assert.deepEqual(await known(), [describeWindow(window)]);
    const [gap] = (await findGaps(hub.db, now(), STREAM)).filter(({ kind }) => kind === 'difference');
    assert.ok(gap?.kind === 'difference');
    assert.deepEqual([gap.source, gap.library], [held + 1, held], 'what it says, and what its halves are');
    say(window, held);
    await activities.compareCounts({ stream: STREAM, window });
    assert.deepEqual(await known(), []);

    say(first, inFirst + 1);
    say(second, held - inFirst - 1);
    const names = { onlyAtSource: ['x'], onlyInLibrary: [] };
    const counts = { sourceCount: inFirst + 1, libraryCount: inFirst };
    await openDiscrepancy(hub.db, stream, { subject: 'first', window: first, ...names, ...counts }, now());
    await activities.compareCounts({ stream: STREAM, window });
    assert.deepEqual(await known(), ['first'], 'the sum is equal, the part is not');
    say(first, inFirst);
    await activities.compareCounts({ stream: STREAM, window });
    assert.deepEqual(await known(), []);
  });
});
