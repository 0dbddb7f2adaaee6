import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { compareWithTruth } from '../../cli/demo/truth.ts';
import { dailyWorkflowId } from '../../domain/ids.ts';
import { shanghaiDate, timeOfDayMs } from '../../domain/dates.ts';
import { findGaps } from '../../store/collection/overview.ts';
import { getDay, openDays } from '../../store/collection/days.ts';
import { streamReports } from '../../store/collection/stream-report.ts';
import type { dailyAggregation } from '../../workflows/daily-aggregation.ts';
import { Departments, STREAM_OF } from '../support/departments.ts';
import { keepHistory } from '../support/temporal/histories.ts';
import { SkippingHub, TASK_QUEUE } from '../support/hub.ts';

const HOUR_MS = 3_600_000;
const CUT_OFF = '21:00';

describe('a day of a source of batches', () => {
  let hub: SkippingHub;
  let date: string;
  before(async () => {
    hub = await SkippingHub.start((nowMs) =>
      new Departments({ anchorMs: nowMs, nowMs, startMs: nowMs - 2 * 24 * HOUR_MS, records: 300 }).start(
        'culture',
        'education',
      ),
    );
    date = shanghaiDate(hub.nowMs);
    await openDays(hub.db, new Date(hub.nowMs));
  });
  after(() => hub.stop());

  const start = (id: 'culture' | 'education', day: string) =>
    hub.client.workflow.start<typeof dailyAggregation>('dailyAggregation', {
      workflowId: dailyWorkflowId(STREAM_OF[id], day),
      taskQueue: TASK_QUEUE,
      args: [{ ...hub.label(STREAM_OF[id]), cutOff: CUT_OFF, date: day }],
    });
  const state = async (id: 'culture' | 'education', day: string) => {
    const found = await getDay(hub.db, STREAM_OF[id], day);
    return { met: found?.metAt != null, verified: found?.verifiedAt != null };
  };
  const folder = (): string => hub.departments.get('education').address ?? '';

  it('rows of an exchange database: the day is met when no open row is left, verified after midnight', async () => {
    await hub.working(async () => {
      const handle = await start('culture', date);
      await hub.untilEnded(handle, 40 * HOUR_MS);
      await keepHistory(handle, 'exchange');
      assert.deepEqual(await handle.result(), { date, met: true, verified: true });
    });
    const { equal, text } = await compareWithTruth(hub.db, STREAM_OF.culture, hub.departments.get('culture').url);
    assert.ok(equal, text);
    const db = new DatabaseSync((hub.departments.get('culture').address ?? '').slice('sqlite:'.length));
    const open = db.prepare('SELECT count(*) AS n FROM biz_permit WHERE hub_flag = 0').get();
    assert.equal(open?.n, 0);
    const receipts = db
      .prepare('SELECT count(*) AS n, count(DISTINCT record_id) AS different FROM biz_permit_error')
      .get();
    assert.ok(Number(receipts?.n) > 0);
    assert.equal(receipts?.n, receipts?.different);
    db.close();
  });

  it('files: the day stays open, and then overdue, until its file is there; then it is met late', async () => {
    const day = shanghaiDate(hub.nowMs);
    await openDays(hub.db, new Date(hub.nowMs));
    // Nothing of today: neither the hub nor the department knows yet whether there is something.
    const names = readdirSync(folder());
    const todays = names.filter((name) => name.includes(day.replaceAll('-', '')));
    for (const name of todays) renameSync(join(folder(), name), join(folder(), `${name}.later`));
    await hub.working(async () => {
      const handle = await start('education', day);
      await hub.skipTo(timeOfDayMs(day, '24:00') + HOUR_MS);
      assert.deepEqual(await state('education', day), { met: false, verified: false });
      const report = (await streamReports(hub.db)).find(({ stream }) => stream === STREAM_OF.education);
      assert.equal(report?.contact, 'nothing');
      const name = join(folder(), `jszg-${day.replaceAll('-', '')}.csv`);
      // Title and names of the columns alone: a day without anything new.
      const another = readFileSync(
        join(folder(), names.find((other) => other.endsWith('.csv') && !todays.includes(other)) ?? ''),
      );
      writeFileSync(name, another.subarray(0, another.indexOf('\n', another.indexOf('\n') + 1) + 1));
      await hub.skipTo(hub.nowMs + HOUR_MS);
      // Not whole yet: its marker is missing.
      assert.deepEqual(await state('education', day), { met: false, verified: false });
      appendFileSync(`${name}.ok`, '');
      await hub.untilEnded(handle, 24 * HOUR_MS);
      await keepHistory(handle, 'file-late');
      assert.equal((await handle.result()).met, true);
    });
    assert.deepEqual(await findGaps(hub.db, new Date(timeOfDayMs(day, '24:00')), STREAM_OF.education), []);
    for (const name of todays) rmSync(join(folder(), `${name}.later`));
  });
});
