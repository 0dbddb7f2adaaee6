import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { read, write } from 'xlsx';
import { compareWithTruth } from '../../cli/demo/truth.ts';
import { replayWorkflowId } from '../../domain/ids.ts';
import { readRejectSheet, writeRejectSheet } from '../../domain/collection/reject-sheet.ts';
import { sheetsOf } from '../support/sheets.ts';
import { timeWindow } from '../../domain/collection/window.ts';
import { openRejects, rejectGroups, saveCorrections, type OpenReject } from '../../store/collection/rejects.ts';
import { getStream } from '../../store/collection/streams.ts';
import type { Totals } from '../../workflows/messages.ts';
import type { replayRejects } from '../../workflows/replay-rejects.ts';
import { Departments } from '../support/departments.ts';
import { keepHistory } from '../support/temporal/histories.ts';
import { SkippingHub, TASK_QUEUE } from '../support/hub.ts';

const STREAM = 'housing-permits';
const HOUR_MS = 3_600_000;

describe('replayRejects', () => {
  let hub: SkippingHub;
  let streamId: number;
  before(async () => {
    hub = await SkippingHub.start((nowMs) =>
      new Departments({ anchorMs: nowMs, nowMs, startMs: nowMs - 3 * 24 * HOUR_MS, records: 3_000 }).start('housing'),
    );
    ({ id: streamId } = await getStream(hub.db, STREAM));
  });
  after(() => hub.stop());

  const statuses = (): Record<string, unknown> => {
    const config = hub.config.connectors.flatMap(({ streams }) => streams).find(({ id }) => id === STREAM);
    if (!config) throw new Error('the stream is configured');
    return config.status.values;
  };
  const replay = (history: string, rule?: string): Promise<Totals> =>
    hub.working(async () => {
      const handle = await hub.client.workflow.start<typeof replayRejects>('replayRejects', {
        workflowId: replayWorkflowId(STREAM),
        taskQueue: TASK_QUEUE,
        args: [{ ...hub.label(STREAM), rule }],
      });
      const result = await handle.result();
      await keepHistory(handle, history);
      return result;
    });
  const groups = async (): Promise<Record<string, number>> =>
    Object.fromEntries((await rejectGroups(hub.db, { stream: STREAM })).map(({ rule, open }) => [rule, open]));
  const equalsTheTruth = async (): Promise<void> => {
    const { equal, text } = await compareWithTruth(hub.db, STREAM, hub.departments.get('housing').url);
    assert.ok(equal, text);
  };
  /** The open rejects by one rule, as a workbook that a unit changed. */
  const corrected = (open: OpenReject[], change: (field: string, row: number) => string | undefined): Buffer => {
    const book = read(writeRejectSheet(open), { dense: true });
    const rows = book.Sheets['问题数据']?.['!data'] ?? [];
    const names = rows[0]?.map(({ v }) => String(v)) ?? [];
    for (const [row, cells] of rows.slice(1).entries()) {
      for (const [column, name] of names.entries()) {
        const text = change(name, row);
        if (text !== undefined) cells[column] = { t: 's', v: text };
      }
    }
    return write(book, { type: 'buffer', bookType: 'xlsx' }) as Buffer;
  };

  it('records that a wrong mapping refused enter the library once it is mended, without being read again', async () => {
    const values = statuses();
    const { '04': cancelled } = values;
    delete values['04'];
    const { rejected } = await hub.collect(STREAM, timeWindow(hub.nowMs - 72 * HOUR_MS, hub.nowMs));
    const before = await groups();
    const refused = before['status-unmapped'] ?? 0;
    assert.ok(refused > 10 && rejected > refused);
    values['04'] = cancelled;
    // Nothing is asked: the department is away.
    hub.departments.get('housing').server.setFault('away', 1_000);
    assert.deepEqual(await replay('mapping-mended', 'status-unmapped'), {
      read: refused,
      accepted: refused,
      unchanged: 0,
      rejected: 0,
    });
    hub.departments.get('housing').server.clearFaults();
    delete before['status-unmapped'];
    assert.deepEqual(await groups(), before);
    await equalsTheTruth();
  });

  it('replaying what is still wrong changes nothing', async () => {
    const before = await groups();
    const { read: seen, rejected, accepted } = await replay('still-wrong');
    assert.deepEqual([rejected, accepted], [seen, 0]);
    assert.ok(seen > 0);
    assert.deepEqual(await groups(), before);
  });

  it('a corrected record closes its casework when it is in, one that is still wrong says so, a newer version stays', async () => {
    const rule = 'date-invalid';
    const open = (await openRejects(hub.db, streamId, { rule })).slice(0, 3);
    assert.equal(open.length, 3);
    const [good, bad, late] = open;
    assert.ok(good && bad && late);
    // Its department sent a newer version meanwhile.
    await hub.db.raw(
      `INSERT INTO certificate SELECT stream_id, ?, number, type_code, name, identifier, issuer_name, issuer_code,
         issued_on, effective_on, expires_on, long_term, holders, status, raw_status, extension, flags, content_hash,
         now() + interval '10 years', batch_id, recorded_at FROM certificate WHERE stream_id = ? LIMIT 1`,
      [late.key, streamId],
    );
    const sheet = corrected(open, (field, row) => {
      if (field === 'issueDate' || field === 'validFrom' || field === 'validTo') return '2026-01-02';
      return field === 'state' && row === 1 ? '99' : undefined;
    });
    const corrections = readRejectSheet(sheetsOf(sheet), await openRejects(hub.db, streamId, {}));
    assert.deepEqual(
      corrections.map(({ id }) => id),
      open.map(({ id }) => id),
    );
    await saveCorrections(hub.db, streamId, corrections, new Date(hub.nowMs));
    const totals = await replay('corrected');
    assert.deepEqual([totals.accepted, totals.unchanged], [1, 1]);

    const held = async (key: string | null): Promise<unknown> =>
      hub.db('certificate').where({ stream_id: streamId, record_key: key }).first('issued_on', 'source_updated_at');
    assert.equal(
      ((await held(good.key)) as { source_updated_at: Date }).source_updated_at.getTime(),
      good.updatedAt?.getTime(),
    );
    assert.equal(await held(bad.key), undefined);
    assert.ok(((await held(late.key)) as { source_updated_at: Date }).source_updated_at.getFullYear() > 2030);
    const left = await openRejects(hub.db, streamId, {});
    assert.ok(!left.some(({ id }) => id === good.id || id === late.id));
    assert.deepEqual(
      left.find(({ id }) => id === bad.id)?.problems.map((problem) => problem.rule),
      ['status-unmapped'],
    );
    const [group] = (await rejectGroups(hub.db, { stream: STREAM })).filter(
      (found) => found.rule === 'status-unmapped',
    );
    assert.deepEqual([group?.open, group?.corrected, group?.fields], [1, 1, ['status']]);
  });
});
