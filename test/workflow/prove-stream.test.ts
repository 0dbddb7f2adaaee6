import assert from 'node:assert/strict';
import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gapInWords } from '../../domain/collection/gap.ts';
import axios from 'axios';
import { compareWithTruth } from '../../cli/demo/truth.ts';
import { shanghaiDate, shanghaiInstant, startOfDayMs } from '../../domain/dates.ts';
import { inspectionWorkflowId, proveWorkflowId, returnWorkflowId } from '../../domain/ids.ts';
import { timeWindow, type TimeWindow } from '../../domain/collection/window.ts';
import { findGaps } from '../../store/collection/overview.ts';
import { findProofs, listProofs, recheckProof, type Proof } from '../../store/collection/proofs.ts';
import type { inspectSample } from '../../workflows/inspect-sample.ts';
import type { ProveStreamInput, ProveStreamResult } from '../../workflows/messages.ts';
import type { proveStream } from '../../workflows/prove-stream.ts';
import type { returnSync } from '../../workflows/return-sync.ts';
import { beginRecheck, beginSample, inspectedRecords, listInspections } from '../../store/supervision/inspections.ts';
import { getStream } from '../../store/collection/streams.ts';
import { Departments } from '../support/departments.ts';
import { keepHistory } from '../support/temporal/histories.ts';
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
        workflowId: proveWorkflowId(STREAM),
        taskQueue: TASK_QUEUE,
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
      .map((gap) => gapInWords(gap).en);

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

  it('corrections that the department delivers close its rejects; nothing differs then', async () => {
    const rejects = (): Promise<{ id: number }[]> => hub.db('reject').whereNull('resolved_at').select('id');
    assert.ok((await rejects()).length > 10);
    const { url } = hub.departments.get('housing');
    await axios.post(`${url}/_sim/tamper`, { correct: true });
    await hub.skipTo(hub.nowMs + HOUR_MS);
    window = { ...window, to: shanghaiInstant(hub.nowMs - 60_000) };
    assert.ok((await prove('corrections')).result.found > 10);
    assert.deepEqual(await rejects(), [], 'what was not read yet is read first');
    const { result, proof } = await prove('corrected');
    assert.deepEqual([result.differences, proof.sourceRefused], [0, 0]);
    const { equal, text } = await compareWithTruth(hub.db, STREAM, url);
    assert.ok(equal, text);
  });
});

describe('proveStream of a source of batches, and of a night', () => {
  const DAY_MS = 24 * HOUR_MS;
  let hub: SkippingHub;
  before(async () => {
    hub = await SkippingHub.start((nowMs) =>
      new Departments({ anchorMs: nowMs, nowMs, startMs: nowMs - 4 * DAY_MS, records: 1_600 }).start(
        'housing',
        'education',
        'province',
      ),
    );
    await hub.collect('housing-permits', timeWindow(hub.nowMs - 5 * DAY_MS, hub.nowMs));
    for (const stream of ['education-teachers', 'province-return']) {
      await hub.working(() =>
        hub.client.workflow.execute<typeof returnSync>('returnSync', {
          workflowId: returnWorkflowId(stream),
          taskQueue: TASK_QUEUE,
          args: [hub.label(stream)],
        }),
      );
    }
  });
  after(() => hub.stop());

  const prove = async (stream: string, input: Partial<ProveStreamInput>, history?: string): Promise<Proof[]> => {
    const result = await hub.working(async () => {
      const handle = await hub.client.workflow.start<typeof proveStream>('proveStream', {
        workflowId: proveWorkflowId(stream),
        taskQueue: TASK_QUEUE,
        args: [{ ...hub.label(stream), ...input }],
      });
      await hub.untilEnded(handle, DAY_MS);
      if (history !== undefined) await keepHistory(handle, history);
      return handle.result();
    });
    return findProofs(hub.db, result.proofs);
  };
  const taken = (): TimeWindow => timeWindow(hub.nowMs - DAY_MS, hub.nowMs + DAY_MS);

  it('of a sample exactly its windows are proven, and what the department rewrote is found in it', async () => {
    const { url } = hub.departments.get('housing');
    const who = { by: '李处长', at: new Date(hub.nowMs) };
    const compare = (stream: string, inspection: number, history?: string) =>
      hub.working(async () => {
        const handle = await hub.client.workflow.start<typeof inspectSample>('inspectSample', {
          workflowId: inspectionWorkflowId(inspection),
          taskQueue: TASK_QUEUE,
          args: [{ ...hub.label(stream), inspection }],
        });
        await hub.untilEnded(handle, DAY_MS);
        if (history !== undefined) await keepHistory(handle, history);
      });
    const inspect = async (stream: string, history?: string) => {
      const row = await getStream(hub.db, stream);
      const { inspection, drawn } = await beginSample(hub.db, row, { size: 15, seed: 11 }, who);
      assert.equal(drawn, 15);
      const [begun] = await listInspections(hub.db, { limit: 1 });
      assert.deepEqual([begun?.id, begun?.drawn, begun?.results, begun?.finishedAt], [inspection, 15, {}, null]);
      await compare(stream, inspection, history);
      const [done] = await listInspections(hub.db, { id: inspection, limit: 1 });
      assert.ok(done?.finishedAt);
      const records = await inspectedRecords(hub.db, inspection, row.unitCode);
      const proofs = await findProofs(
        hub.db,
        records.flatMap(({ proof }) => proof ?? []),
      );
      return { ...done, records, proofs };
    };
    const equal = await inspect('housing-permits', 'sample');
    assert.deepEqual([equal.results, equal.findings], [{ equal: 15 }, []]);
    for (const { updatedAt, proof } of equal.records) {
      const { from, to } = equal.proofs.find(({ id }) => id === proof) ?? {};
      assert.ok(from && to && from <= updatedAt && updatedAt < to, 'each in the second in which it lies');
      assert.equal(to.getTime() - from.getTime(), 1000);
    }
    const ofBatches = await inspect('province-return', 'sample-of-batches');
    assert.deepEqual(ofBatches.results, { equal: 15 });
    assert.ok(ofBatches.proofs.every(({ batch }) => batch !== null));
    const { keys } = (await axios.post<{ keys: string[] }>(`${url}/_sim/tamper`, { rewrite: 150 })).data;
    const { records, findings } = await inspect('housing-permits');
    assert.deepEqual(
      records.map(({ key }) => key),
      equal.records.map(({ key }) => key),
      'the same seed',
    );
    for (const { key, result } of records) assert.equal(result, keys.includes(key) ? 'differs' : 'equal', key);
    assert.ok(records.some(({ result }) => result === 'differs') && findings.length === 1);
    await axios.post(`${url}/_sim/tamper`, { undo: true });
    const again = await beginRecheck(hub.db, findings[0] ?? 0, who);
    assert.equal(again.drawn, records.filter(({ result }) => result === 'differs').length);
    await compare('housing-permits', again.inspection);
    const [done] = await listInspections(hub.db, { id: again.inspection, limit: 1 });
    assert.deepEqual([done?.recheckOf, done?.results, done?.findings], [findings[0], { equal: again.drawn }, []]);
  });

  for (const stream of ['education-teachers', 'province-return']) {
    it(`${stream}: batches are read again, and equal; what is made to differ is named with its batch`, async () => {
      const equal = await prove(stream, { taken: taken() }, `batches-${stream}`);
      assert.ok(equal.length > 1);
      const batches = await hub
        .db('batch')
        .join('stream', 'stream.id', 'stream_id')
        .where({ name: stream, state: 'complete' });
      assert.deepEqual(
        equal.map(({ batch }) => batch).sort(),
        batches.map((row: { source_batch: string }) => row.source_batch).sort(),
      );
      assert.deepEqual(
        equal.filter((proof) => proof.differences > 0 || proof.fault !== null),
        [],
      );
      assert.ok(equal.reduce((sum, { sourceRecords }) => sum + sourceRecords, 0) >= 1_400);

      const rows = await hub
        .db('certificate')
        .join('stream', 'stream.id', 'stream_id')
        .where({ 'stream.name': stream, status: 'valid' })
        .orderBy('record_key')
        .select<{ record_key: string }[]>('record_key');
      const [lost = '', changed = ''] = rows.map(({ record_key: key }) => key);
      await hub.db('certificate').where({ record_key: lost }).delete();
      await hub.db.raw(`UPDATE certificate SET content_hash = sha256('other') WHERE record_key = ?`, [changed]);
      const differing = (await prove(stream, { taken: taken() })).filter((proof) => proof.differences > 0);
      assert.deepEqual([...new Set(differing.flatMap(({ missing }) => missing))], [lost]);
      assert.deepEqual([...new Set(differing.flatMap(({ different }) => different))], [changed]);
      assert.deepEqual(
        differing.flatMap(({ extra }) => extra),
        [],
      );
      const tasks = (await findGaps(hub.db, new Date(hub.nowMs), stream)).filter(({ kind }) => kind === 'difference');
      assert.equal(tasks.length, differing.length);
      const mended = await prove(stream, { taken: taken(), mend: true });
      assert.deepEqual(
        mended.filter((proof) => proof.differences > 0),
        [],
      );
      assert.deepEqual(
        (await findGaps(hub.db, new Date(hub.nowMs), stream)).filter(({ kind }) => kind === 'difference'),
        [],
      );
    });
  }

  it('a batch that its source has no more is not compared, and that is said', async () => {
    const folder = hub.departments.get('education').address ?? '';
    const [name = ''] = readdirSync(folder).filter((file) => file.endsWith('.csv'));
    renameSync(join(folder, name), join(folder, `${name}.gone`));
    const proofs = await prove('education-teachers', { taken: taken() }, 'batch-gone');
    renameSync(join(folder, `${name}.gone`), join(folder, name));
    const faults = proofs.flatMap(({ fault }) => fault ?? []);
    assert.equal(faults.length, 1);
    assert.match(faults[0] ?? '', /jszg-/);
    assert.equal(proofs.filter(({ fault }) => fault === null).length, proofs.length - 1);
  });

  it('a night proves yesterday and the part that was proven longest ago, in turn', async () => {
    await hub.skipTo(startOfDayMs(shanghaiDate(hub.nowMs)) + 26 * HOUR_MS);
    const first = await prove('housing-permits', {}, 'night');
    const yesterdayMs = startOfDayMs(shanghaiDate(hub.nowMs)) - DAY_MS;
    assert.deepEqual(first.map(({ from, to }) => [from?.getTime(), to?.getTime()]).at(-1), [
      yesterdayMs,
      yesterdayMs + DAY_MS,
    ]);
    const second = await prove('housing-permits', {});
    const others = [first, second].map((proofs) => proofs.find(({ from }) => from?.getTime() !== yesterdayMs));
    assert.ok(others[0]?.from && others[1]?.from);
    assert.ok(others[1].from < others[0].from, 'another part, one that was not proven yet');
    assert.deepEqual(
      [...first, ...second].filter((proof) => proof.differences > 0),
      [],
    );
    // The latest batch was proven the longest ago, by the tests above; each night takes the next ones.
    const batches = await prove('province-return', {});
    assert.ok(batches.length > 0 && batches.length <= 10);
  });

  it('evidence is listed, exported and checked again', async () => {
    const [proof] = await prove('housing-permits', { window: timeWindow(hub.nowMs - 6 * DAY_MS, hub.nowMs - DAY_MS) });
    assert.ok(proof);
    const range = { from: new Date(hub.nowMs - DAY_MS), to: new Date(hub.nowMs + DAY_MS) };
    const listed = await listProofs(hub.db, { ...range, stream: 'housing-permits' });
    assert.equal(listed[0]?.id, proof.id);
    const same = await recheckProof(hub.db, proof);
    assert.deepEqual([same.records, same.digest], [proof.libraryRecords, proof.libraryDigest]);
    await hub
      .db('certificate')
      .where('record_key', 'like', 'HO%')
      .where('status', 'valid')
      .limit(1)
      .update({ content_hash: Buffer.alloc(32) });
    assert.notEqual((await recheckProof(hub.db, proof)).digest, proof.libraryDigest);
  });
});
