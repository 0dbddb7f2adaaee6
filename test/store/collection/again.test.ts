import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { timeWindow, type TimeWindow } from '../../../domain/collection/window.ts';
import { DAY_MS } from '../../../domain/dates.ts';
import { fileConnectorSchema } from '../../../settings/kinds/file.ts';
import { Collecting } from '../../support/collecting.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { approveType } from '../../support/deliveries.ts';
import { permit, PERMIT_TYPE } from '../../support/servers/gateway.ts';

const START_MS = Date.parse('2026-11-20T00:00:00+08:00');
/** Of a record that its rules refuse. */
const BAD = 'bad';
const FULL = { content: 'full', deletes: { share: 1 } };

describe('batches that are read again mend what befell their records, and nothing else', () => {
  let database: TestDatabase;
  let folder: string;
  let nowMs: number;
  let runs = 0;
  before(async () => {
    database = await createDatabase();
    await approveType(database, PERMIT_TYPE);
  });
  after(() => database.drop());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'again-'));
    nowMs = START_MS;
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** A stream of files whose records have no time of their own. */
  function collecting(stream: Record<string, unknown> = {}): Promise<Collecting> {
    const id = `again-${++runs}`;
    const record = { key: 'id' };
    const status = { field: 'zt', values: { '1': 'valid' } };
    const connector = fileConnectorSchema.parse({
      name: '市公园管理局',
      unit: '11320200014006438B',
      kind: 'file',
      address: folder,
      streams: [{ id, files: '{date}.jsonl', complete: { marker: '.ok' }, record, status, ...stream }],
    });
    return Collecting.create(database.db, { ...connector, id }, { sinceMs: START_MS, now: () => new Date(nowMs) });
  }
  /** Delivers the file of a day, of records by their content, and has it taken. */
  async function deliver(subject: Collecting, day: number, records: Record<string, string>): Promise<void> {
    nowMs = START_MS + day * DAY_MS + 12 * 3_600_000;
    const lines = Object.entries(records).map(([key, issuer]) =>
      JSON.stringify(permit(key, '', { ZZBFJG: issuer, zt: issuer === BAD ? '9' : '1' })),
    );
    const file = join(folder, `${20_261_120 + day}.jsonl`);
    writeFileSync(file, `${lines.join('\n')}\n`);
    writeFileSync(`${file}.ok`, '');
    await subject.takeBatches();
  }
  const days = (from: number, to: number): TimeWindow => timeWindow(START_MS + from * DAY_MS, START_MS + to * DAY_MS);
  /** Reads what was taken on these days again, an hour later. */
  async function again(subject: Collecting, from: number, to: number): Promise<void> {
    nowMs += 3_600_000;
    await subject.takeBatches(days(from, to));
  }
  const held = ({ id }: Collecting) => database.db('certificate').where({ stream_id: id });
  const library = async (subject: Collecting): Promise<Record<string, string>> => {
    const rows: { key: string; issuer: string; status: string }[] = await held(subject)
      .orderBy('record_key')
      .select({ key: 'record_key', issuer: 'issuer_name', status: 'status' });
    return Object.fromEntries(rows.map(({ key, issuer, status }) => [key, status === 'deleted' ? status : issuer]));
  };
  const owed = ({ id }: Collecting) =>
    database.db('reject').where({ stream_id: id }).whereNull('resolved_at').pluck<string[]>('record_key');

  it('what was lost, changed or ended comes back as it was, and so do rejects', async () => {
    const subject = await collecting();
    await deliver(subject, 0, { A: 'a', B: 'b', C: 'c', D: BAD });
    const sound = await library(subject);
    assert.deepEqual(sound, { A: 'a', B: 'b', C: 'c' });
    await held(subject).where({ record_key: 'A' }).delete();
    await held(subject)
      .where({ record_key: 'B' })
      .update({ status: 'deleted', content_hash: Buffer.from('x') });
    await held(subject)
      .where({ record_key: 'C' })
      .update({ issuer_name: 'z', content_hash: Buffer.from('z') });
    await database.db('reject').where({ stream_id: subject.id }).delete();
    await again(subject, 0, 1);
    assert.deepEqual(await library(subject), sound);
    assert.deepEqual(await owed(subject), ['D']);
  });

  it('what came later is not set back by what came before, however much of it is read again', async () => {
    const subject = await collecting();
    await deliver(subject, 0, { A: 'first', B: 'b' });
    await deliver(subject, 1, { A: 'second' });
    const expected = { A: 'second', B: 'b' };
    for (const [from, to] of [
      [0, 1],
      [1, 2],
      [0, 2],
    ] as const) {
      await again(subject, from, to);
      assert.deepEqual(await library(subject), expected);
    }
    await subject.prove();
    assert.deepEqual(await subject.gapsInWords(), []);
  });

  it('what was refused and came sound later is not owed once more', async () => {
    const subject = await collecting();
    await deliver(subject, 0, { A: 'a' });
    await deliver(subject, 1, { A: BAD });
    assert.deepEqual(await owed(subject), ['A']);
    await deliver(subject, 2, { A: 'a', B: 'b' });
    assert.deepEqual(await owed(subject), []);
    await again(subject, 1, 2);
    assert.deepEqual(await owed(subject), []);
    await deliver(subject, 3, { A: BAD, C: 'c' });
    assert.deepEqual(await owed(subject), ['A']);
  });

  it('of files with all records the last one counts, also where it is an earlier state that came back', async () => {
    const subject = await collecting(FULL);
    await deliver(subject, 0, { A: 'first', B: 'b' });
    await deliver(subject, 1, { A: 'second', C: 'c' });
    const second = { A: 'second', B: 'deleted', C: 'c' };
    assert.deepEqual(await library(subject), second);
    await held(subject).where({ record_key: 'C' }).delete();
    await again(subject, 0, 1);
    assert.deepEqual(await library(subject), second);
    await deliver(subject, 2, { A: 'first', B: 'b' });
    const first = { A: 'first', B: 'b', C: 'deleted' };
    assert.deepEqual(await library(subject), first);
    for (const day of [0, 1, 2]) {
      await again(subject, day, day + 1);
      assert.deepEqual(await library(subject), first);
    }
    await subject.prove();
    assert.deepEqual(await subject.gapsInWords(), []);
  });

  it('a file that lacked rows and was replaced holds up nothing', async () => {
    const subject = await collecting({ complete: { countLine: '^\\{"count":(\\d+)\\}$' } });
    const file = join(folder, '20261120.jsonl');
    const write = (keys: string[], count: number): void =>
      writeFileSync(
        file,
        `${keys.map((key) => JSON.stringify(permit(key, '', { zt: '1' }))).join('\n')}\n{"count":${count}}\n`,
      );
    write(['A'], 2);
    await subject.takeBatches();
    const [difference = '', ...others] = await subject.gapsInWords('difference');
    assert.match(difference, /^file 20261120\.jsonl \(\w{8}\): source 2, library 1$/);
    assert.deepEqual(others, []);
    write(['A', 'B'], 2);
    await subject.takeBatches();
    assert.deepEqual(Object.keys(await library(subject)), ['A', 'B']);
  });

  it('a file that is gone holds up neither the others nor what comes next', async () => {
    const subject = await collecting();
    await deliver(subject, 0, { A: 'a' });
    await deliver(subject, 1, { B: 'b' });
    rmSync(join(folder, '20261120.jsonl'));
    await held(subject).delete();
    await again(subject, 0, 2);
    assert.deepEqual(await library(subject), { B: 'b' });
    await deliver(subject, 2, { C: 'c' });
    assert.deepEqual(await library(subject), { B: 'b', C: 'c' });
  });
});
