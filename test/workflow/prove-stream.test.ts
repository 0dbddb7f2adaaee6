import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import axios from 'axios';
import { compareWithTruth } from '../../cli/demo/truth.ts';
import { shanghaiDate } from '../../domain/dates.ts';
import { proveWorkflowId } from '../../domain/ids.ts';
import { timeWindow, type TimeWindow } from '../../domain/window.ts';
import { findGaps } from '../../store/overview.ts';
import { findProofs, type Proof } from '../../store/proofs.ts';
import type { ProveStreamResult } from '../../workflows/messages.ts';
import type { proveStream } from '../../workflows/prove-stream.ts';
import { Departments } from '../support/departments.ts';
import { keepHistory } from '../support/histories.ts';
import { SkippingHub, TASK_QUEUE } from '../support/hub.ts';

const STREAM = 'housing-permits';
const HOUR_MS = 3_600_000;

describe('proveStream', () => {
  let hub: SkippingHub;
  let window: TimeWindow;
  before(async () => {
    hub = await SkippingHub.start((nowMs) =>
      new Departments({ anchorMs: nowMs, nowMs, startMs: nowMs - 72 * HOUR_MS, records: 3_000 }).start('housing'),
    );
    window = timeWindow(hub.nowMs - 73 * HOUR_MS, hub.nowMs);
    await hub.collect(STREAM, window);
  });
  after(() => hub.stop());

  const prove = async (history: string, mend = false): Promise<{ result: ProveStreamResult; proof: Proof }> => {
    const result = await hub.working(async () => {
      const handle = await hub.client.workflow.start<typeof proveStream>('proveStream', {
        ...{ workflowId: proveWorkflowId(STREAM), taskQueue: TASK_QUEUE },
        args: [{ ...hub.label(STREAM), window, mend }],
      });
      await hub.untilEnded(handle, 24 * HOUR_MS);
      await keepHistory(handle, history);
      return handle.result();
    });
    const [proof] = await findProofs(hub.db, result.proofs);
    assert.ok(proof);
    return { result, proof };
  };
  const tasks = async (): Promise<string[]> =>
    (await findGaps(hub.db, new Date(hub.nowMs), STREAM))
      .filter(({ kind }) => kind === 'difference')
      .map(({ what }) => what);

  it('an equal library is proven: both sides have the same digest, nothing is a task', async () => {
    const { result, proof } = await prove('equal');
    assert.equal(result.differences, 0);
    assert.ok(proof.sourceRefused > 0, 'refused records are accounted for as rejects');
    assert.equal(proof.sourceRecords - proof.sourceRefused, proof.libraryRecords);
    assert.equal(proof.sourceDigest, proof.libraryDigest);
    assert.deepEqual(await tasks(), []);
    assert.deepEqual(await hub.db('proof_key').select('proof_id'), []);
  });

  it('names exactly what was made to differ, though the counts are equal; mending leaves nothing', async () => {
    const chosen = await hub
      .db('certificate')
      .where('status', 'valid')
      .orderBy('record_key')
      .limit(3)
      .select<{ record_key: string }[]>('record_key');
    const [lost = '', changed = '', copied = ''] = chosen.map((row) => row.record_key);
    const reject = await hub
      .db('reject')
      .whereNull('resolved_at')
      .whereNotNull('record_key')
      .orderBy('id')
      .first<{ id: number; record_key: string }>('id', 'record_key');
    await hub.db('certificate').where({ record_key: lost }).delete();
    await hub.db.raw(`UPDATE certificate SET content_hash = sha256('other') WHERE record_key = ?`, [changed]);
    await hub.db.raw(
      `INSERT INTO certificate SELECT (jsonb_populate_record(c, '{"record_key": "HOGONE"}')).* FROM certificate c WHERE record_key = ?`,
      [copied],
    );
    await hub.db('reject').where({ id: reject.id }).delete();

    const { result, proof } = await prove('differs');
    assert.deepEqual(
      [proof.missing, proof.extra, proof.different],
      [[lost, reject.record_key].sort(), ['HOGONE'], [changed]],
    );
    assert.equal(result.differences, 4);
    assert.notEqual(proof.sourceDigest, proof.libraryDigest);
    const [task, ...others] = await tasks();
    assert.deepEqual(others, []);
    assert.match(
      task ?? '',
      new RegExp(`missing: .*${lost}.*; only in the library: HOGONE; other content: ${changed}$`),
    );

    await hub.db('certificate').where({ record_key: 'HOGONE' }).delete();
    const mended = await prove('mended', true);
    assert.deepEqual([mended.result.found, mended.result.differences, mended.result.mended.length], [3, 0, 1]);
    assert.equal(mended.proof.sourceDigest, mended.proof.libraryDigest);
    assert.deepEqual(await tasks(), []);
    const { equal, text } = await compareWithTruth(hub.db, STREAM, hub.departments.get('housing').url);
    assert.ok(equal, text);
  });

  it('names what the department rewrote or lost without a word, and nothing once that is mended', async () => {
    const { url } = hub.departments.get('housing');
    const tamper = async (change: object): Promise<string[]> =>
      (await axios.post<{ keys: string[] }>(`${url}/_sim/tamper`, change)).data.keys;
    const rewritten = await tamper({ rewrite: 3 });
    assert.equal(rewritten.length, 3);
    const first = await prove('rewritten');
    assert.deepEqual([first.proof.missing, first.proof.extra, first.proof.different], [[], [], rewritten.sort()]);
    // A comparison of counts would have found nothing.
    assert.equal(first.proof.sourceRecords - first.proof.sourceRefused, first.proof.libraryRecords);
    assert.equal((await prove('rewritten-mended', true)).result.differences, 0);

    await tamper({ undo: true });
    assert.equal((await prove('rewritten-back', true)).result.differences, 0);
    const lost = await tamper({ lose: shanghaiDate(hub.nowMs - 24 * HOUR_MS) });
    assert.ok(lost.length > 500);
    const { proof } = await prove('lost-day');
    assert.deepEqual([proof.missing, proof.extraCount, proof.different], [[], lost.length, []]);
    assert.deepEqual(proof.extra, lost.sort().slice(0, 1_000));
    assert.equal((await tasks()).length, 1);
    await tamper({ undo: true });
    assert.equal((await prove('found-again')).result.differences, 0);
    assert.deepEqual(await tasks(), []);
  });
});
