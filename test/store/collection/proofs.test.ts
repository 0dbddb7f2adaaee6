import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Knex } from 'knex';
import { RowBuffer } from '../../../connectors/mapping/row-buffer.ts';
import { timeWindow, type TimeWindow } from '../../../domain/collection/window.ts';
import { DAY_MS, shanghaiInstant } from '../../../domain/dates.ts';
import { closeBatch, getBatch } from '../../../store/collection/batches.ts';
import { writePage, type PageRows } from '../../../store/collection/pages.ts';
import { finishProof, listPage, startProof, type Proof } from '../../../store/collection/proofs.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { certificateWith, BASE_MS, newBatch, newStream, NOW } from '../../support/library.ts';

/** A record: its key, hours after the start of its day, what it says. */
type Listed = readonly [key: string, hours: number, content?: string];

const at = (hours: number): string => shanghaiInstant(BASE_MS + hours * 3_600_000);
const pageOf = (number: number, records: readonly Listed[]): PageRows => {
  const rows = new RowBuffer();
  for (const [key, hours, content = 'a'] of records) {
    const certificate = certificateWith({ name: '证', number: key, extension: { content } });
    rows.append(JSON.stringify(certificate), key, at(hours), []);
  }
  return {
    number,
    digest: `${number}`,
    read: records.length,
    rows: rows.toJson(),
    rejected: [],
    deleted: [],
    position: null,
  };
};
const DAY = timeWindow(BASE_MS, BASE_MS + DAY_MS);
const TWO_DAYS = timeWindow(BASE_MS, BASE_MS + 2 * DAY_MS);

describe('a proof, and a batch', () => {
  let database: TestDatabase;
  let db: Knex;
  let streamId = 0;
  before(async () => {
    database = await createDatabase();
    ({ db } = database);
  });
  after(() => database.drop());
  beforeEach(async () => {
    ({ id: streamId } = await newStream(db));
  });

  const take = async (records: readonly Listed[], when = NOW): Promise<void> => {
    const batch = await getBatch(db, await newBatch(db, streamId, records.length));
    await writePage(db, batch, pageOf(0, records), { untimed: false, snapshot: false }, when);
  };
  /** What a source is proven by that lists these records of a window, and says that it has so many. */
  const prove = async (
    window: TimeWindow,
    records: readonly Listed[],
    { declared = records.length, meanwhile = () => Promise.resolve() } = {},
  ): Promise<Proof> => {
    const startedAt = new Date(NOW.getTime() + 60_000);
    const id = await startProof(db, streamId, window, startedAt);
    await listPage(db, id, pageOf(0, records));
    await meanwhile();
    return finishProof(db, id, streamId, window, { untimed: false, declared }, startedAt);
  };

  it('is equal where counts, total and digests are', async () => {
    await take([
      ['A', 1],
      ['B', 2],
    ]);
    const proof = await prove(DAY, [
      ['A', 1],
      ['B', 2],
    ]);
    assert.deepEqual([proof.differences, proof.declared, proof.listed], [0, 2, 2]);
    assert.deepEqual([proof.sourceRecords, proof.sourceDigest], [proof.libraryRecords, proof.libraryDigest]);
  });

  it('differs where the source says that it has more than it lists', async () => {
    await take([
      ['A', 1],
      ['B', 2],
    ]);
    const proof = await prove(
      DAY,
      [
        ['A', 1],
        ['B', 2],
      ],
      { declared: 4 },
    );
    assert.deepEqual([proof.differences, proof.missing, proof.extra, proof.different], [2, [], [], []]);
  });

  it('counts a record that is listed twice once, and names it', async () => {
    await take([
      ['A', 1],
      ['B', 2],
    ]);
    const proof = await prove(DAY, [
      ['A', 1],
      ['B', 2],
      ['B', 2],
    ]);
    assert.deepEqual([proof.differences, proof.listed, proof.repeated], [1, 2, ['B']]);
  });

  it('of one day and of two days says the same of a record that the library has in a newer version', async () => {
    await take([
      ['A', 1],
      ['B', 30],
    ]);
    const both: Listed[] = [
      ['A', 1],
      ['B', 2],
    ];
    assert.deepEqual((await prove(TWO_DAYS, both)).different, ['B']);
    assert.deepEqual((await prove(DAY, both)).different, ['B']);
    const second = timeWindow(BASE_MS + DAY_MS, BASE_MS + 2 * DAY_MS);
    assert.deepEqual((await prove(second, [])).extra, ['B']);
  });

  it('leaves to the next what came in while it was made', async () => {
    await take([['A', 1]]);
    const late = new Date(NOW.getTime() + 120_000);
    const meanwhile = () =>
      take(
        [
          ['A', 20, 'b'],
          ['C', 3],
        ],
        late,
      );
    assert.equal((await prove(DAY, [['A', 1]], { meanwhile })).differences, 0);
    const next = await prove(TWO_DAYS, [['A', 1]]);
    assert.equal(next.differences, 0, 'it is not older than the proof');
    await db('certificate').where({ stream_id: streamId }).update({ recorded_at: NOW });
    const { different, extra } = await prove(TWO_DAYS, [['A', 1]]);
    assert.deepEqual([different, extra], [['A'], ['C']]);
  });

  it('names what the source has deleted and the library holds', async () => {
    await take([
      ['A', 1],
      ['B', 2],
    ]);
    const startedAt = new Date(NOW.getTime() + 60_000);
    const id = await startProof(db, streamId, DAY, startedAt);
    await listPage(db, id, { ...pageOf(0, [['A', 1]]), deleted: [{ key: 'B', updatedAt: at(3) }] });
    const rules = { untimed: false, declared: 2 };
    const proof = await finishProof(db, id, streamId, DAY, rules, startedAt);
    assert.deepEqual([proof.differences, proof.different], [1, ['B']]);
  });

  describe('of a batch', () => {
    const read = async (pages: readonly (readonly Listed[])[], { delivery = false, lost = 0 } = {}) => {
      const records = pages.flat().length;
      const batch = await getBatch(db, await newBatch(db, streamId, records));
      for (const [number, page] of pages.entries()) {
        const mapped = pageOf(number, page);
        const counted = { ...mapped, read: mapped.read + (number === 0 ? lost : 0) };
        await writePage(db, batch, counted, { untimed: false, snapshot: false, versions: delivery }, NOW);
      }
      const {
        complete,
        keys,
        repeated,
        read: all,
      } = await closeBatch(db, batch, { declared: records + lost, delivery }, NOW);
      assert.equal((await db('page_key').where({ batch_id: batch.id })).length, 0);
      return { complete, keys, repeated, read: all };
    };
    const OVERLAPPING = [
      [
        ['A', 1],
        ['B', 2],
      ],
      [
        ['B', 2],
        ['C', 3],
      ],
    ] as const;

    it('asked page by page, a record that came twice took the place of another: it is not complete', async () => {
      assert.deepEqual(await read(OVERLAPPING), { complete: false, keys: 3, repeated: ['B'], read: 4 });
      // Also where nothing of it is new.
      assert.deepEqual(await read(OVERLAPPING), { complete: false, keys: 3, repeated: ['B'], read: 4 });
    });

    it('that is one delivery, what stands in it twice is named', async () => {
      const repeated = await read(OVERLAPPING, { delivery: true });
      assert.deepEqual(repeated, { complete: true, keys: 3, repeated: ['B'], read: 4 });
    });

    it('several versions of a record are no repetition, the same one twice is', async () => {
      const delivered = { delivery: true };
      const pages = [
        [
          ['A', 1],
          ['A', 2, 'b'],
        ],
        [['A', 3]],
      ] as const;
      assert.deepEqual(await read(pages, delivered), { complete: true, keys: 3, repeated: [], read: 3 });
      const again = await read([[['A', 1]], [['A', 1]]], delivered);
      assert.deepEqual([again.keys, again.repeated], [1, ['A']]);
    });

    it('a record that got lost between reading and the library leaves it incomplete', async () => {
      assert.equal((await read([[['A', 1]]], { lost: 1 })).complete, false);
    });
  });
});
