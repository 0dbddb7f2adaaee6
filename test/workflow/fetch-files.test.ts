import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { filesWorkflowId } from '../../domain/ids.ts';
import { timeWindow } from '../../domain/collection/window.ts';
import { faultInWords } from '../../domain/faults.ts';
import {
  fileReports,
  filesOf,
  missingFiles,
  retryFiles,
  type MissingFile,
} from '../../store/library/certificate-files.ts';
import { getStream } from '../../store/collection/streams.ts';
import type { fetchFiles } from '../../workflows/fetch-files.ts';
import type { FetchFilesResult } from '../../workflows/messages.ts';
import { Departments } from '../support/departments.ts';
import { keepHistory } from '../support/temporal/histories.ts';
import { SkippingHub, TASK_QUEUE } from '../support/hub.ts';

const STREAM = 'transport-licences';
const HOUR_MS = 3_600_000;

describe('fetchFiles', () => {
  let hub: SkippingHub;
  before(async () => {
    hub = await SkippingHub.start((nowMs) =>
      new Departments({ anchorMs: nowMs, nowMs, startMs: nowMs - 24 * HOUR_MS, records: 300 }).start('transport'),
    );
    await hub.collect(STREAM, timeWindow(hub.nowMs - 48 * HOUR_MS, hub.nowMs));
  });
  after(() => hub.stop());

  const fetch = (history?: string): Promise<FetchFilesResult> =>
    hub.working(async () => {
      const handle = await hub.client.workflow.start<typeof fetchFiles>('fetchFiles', {
        workflowId: filesWorkflowId(STREAM),
        taskQueue: TASK_QUEUE,
        args: [hub.label(STREAM)],
      });
      await hub.untilEnded(handle, HOUR_MS);
      if (history !== undefined) await keepHistory(handle, history);
      return handle.result();
    });
  const whyOf = (file: MissingFile | undefined): string => faultInWords(file?.lastError ?? '').en;
  const held = async (): Promise<string[]> => {
    const rows = await hub
      .db('certificate')
      .whereNot('status', 'deleted')
      .orderBy('record_key')
      .select<{ record_key: string }[]>('record_key');
    return rows.map(({ record_key: key }) => key);
  };
  /** As the department has them. */
  const isLost = (key: string): boolean => key.endsWith('40');

  it('a source that is away is left alone, and nothing is lost by it', async () => {
    const { server } = hub.departments.get('transport');
    server.setFault('away', 50);
    const { fetched, missing } = await fetch();
    server.clearFaults();
    assert.equal(fetched, 0);
    assert.ok(missing > 0 && missing <= 20, 'what keeps one file away keeps all');
    assert.match(whyOf((await missingFiles(hub.db, STREAM, 1))[0]), /no complete answer|no answer/);
    assert.equal(await retryFiles(hub.db, (await getStream(hub.db, STREAM)).id, new Date(hub.nowMs)), missing);
  });

  it('every certificate’s file is fetched and kept by its content, what the source lacks is listed', async () => {
    const keys = await held();
    const lost = keys.filter(isLost);
    assert.ok(lost.length > 0 && keys.length > 250);
    assert.deepEqual(await fetch('fetched'), { fetched: keys.length - lost.length, missing: lost.length });
    const missing = await missingFiles(hub.db, STREAM, 100);
    assert.deepEqual(missing.map(({ key }) => key).sort(), lost);
    assert.match(whyOf(missing[0]), /transport GET a certificate’s file: answered 404/);
    const [report] = await fileReports(hub.db);
    assert.deepEqual(
      [report?.wanted, report?.fetched, report?.missing, report?.unsigned],
      [keys.length, keys.length - lost.length, lost.length, keys.length - lost.length],
    );
    const key = keys.find((candidate) => !isLost(candidate)) ?? '';
    const [file] = await filesOf(hub.db, STREAM, key);
    assert.ok(file);
    assert.equal(file.stated, '已签章');
    assert.equal((await buffer(await hub.files.get(file.hash))).toString(), `%PDF-1.7\n% ${key}\n%%EOF\n`);
    // Hours later only the missing ones are asked for again.
    assert.deepEqual(await fetch(), { fetched: 0, missing: lost.length });
  });

  it('a new version has its file fetched again; the same content is noted once, another beside it', async () => {
    const key = (await held()).find((candidate) => !isLost(candidate)) ?? '';
    const before = await filesOf(hub.db, STREAM, key);
    const wantAgain = () =>
      hub
        .db('certificate_file')
        .where({ record_key: key })
        .update({ next_attempt_at: new Date(hub.nowMs), wanted_at: new Date(hub.nowMs) });
    await wantAgain();
    assert.equal((await fetch()).fetched, 1);
    const again = await filesOf(hub.db, STREAM, key);
    const judgedAt = again[0]!.judgedAt;
    assert.deepEqual(again, [{ ...before[0]!, judgedAt }]);
    assert.ok(judgedAt > before[0]!.judgedAt, 'its seals are judged anew');
    await hub.db('certificate_file').where({ record_key: key }).update({ reference: '/files/ANOTHER.pdf' });
    await wantAgain();
    await fetch();
    const after = await filesOf(hub.db, STREAM, key);
    assert.equal(after.length, before.length + 1);
    assert.deepEqual(after.slice(1), again);
  });

  it('credentials are not sent to another host', async () => {
    const [key = ''] = await held();
    await hub
      .db('certificate_file')
      .where({ record_key: key })
      .update({ reference: 'http://elsewhere.example/a.pdf', next_attempt_at: new Date(hub.nowMs) });
    assert.equal((await fetch()).fetched, 0);
    const missing = await missingFiles(hub.db, STREAM, 100);
    assert.match(whyOf(missing.find((file) => file.key === key)), /not on the host of baseUrl/);
  });
});
