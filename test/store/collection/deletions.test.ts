import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Knex } from 'knex';
import { RowBuffer } from '../../../connectors/mapping/row-buffer.ts';
import { contentHash } from '../../../domain/library/certificate.ts';
import { shanghaiInstant } from '../../../domain/dates.ts';
import { HubError } from '../../../domain/errors.ts';
import { closeBatch, getBatch, restartBatch, type Gone } from '../../../store/collection/batches.ts';
import { writePage, type PageCounts, type PageRows, type PageRules } from '../../../store/collection/pages.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { certificateWith, BASE_MS, newBatch as batchOf, newStream, NOW } from '../../support/library.ts';

const TIMED: PageRules = { untimed: false, snapshot: false };
const UNTIMED: PageRules = { untimed: true, snapshot: false };
const SNAPSHOT: PageRules = { untimed: true, snapshot: true };

/** Key, update time in seconds, content. */
type Version = [key: string, at: number, content: number];

const instant = (at: number): string => shanghaiInstant(BASE_MS + at * 1000);
const certificate = ([key, , content]: Version): string =>
  JSON.stringify(
    certificateWith({
      number: `no-${key}`,
      holders: [{ name: '甲', code: 'c', codeType: '099' }],
      extension: { content },
    }),
  );
const contentOf = (version: Version): string => contentHash(certificate(version));
/** What stands for the content of a record that is gone. */
const endOf = (version: Version): string => hash('sha256', Buffer.from(contentOf(version), 'hex'), 'hex');

interface Delivered {
  rows?: Version[];
  deleted?: [key: string, at: number][];
  rejected?: [key: string | null, at: number][];
  digest?: string;
}

function pageOf(
  number: number,
  { rows = [], deleted = [], rejected = [], digest = String(number) }: Delivered,
): PageRows {
  const buffer = new RowBuffer();
  for (const row of rows) buffer.append(certificate(row), row[0], instant(row[1]), []);
  return {
    number,
    digest,
    read: rows.length + deleted.length + rejected.length,
    rows: buffer.toJson(),
    position: null,
    deleted: deleted.map(([key, at]) => ({ key, updatedAt: instant(at) })),
    rejected: rejected.map(([key, at]) => ({
      key,
      updatedAt: instant(at),
      problems: [{ rule: 'test-row' }],
      raw: JSON.stringify({ key, at }),
      rawEncoding: 'json',
    })),
  };
}

describe('records that are gone', () => {
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

  const newBatch = (declared = 0): Promise<number> => batchOf(db, streamId, declared);
  const write = async (batch: number, page: PageRows, rules: PageRules): Promise<PageCounts> =>
    writePage(db, await getBatch(db, batch), page, rules, NOW);
  /** Commits one page in a batch of its own. */
  const commit = async (delivered: Delivered, rules = TIMED): Promise<Omit<PageCounts, 'read'>> => {
    const { accepted, unchanged, rejected } = await write(await newBatch(), pageOf(0, delivered), rules);
    return { accepted, unchanged, rejected };
  };
  /** Key → status, update time in seconds, hash of the content. */
  const held = async (): Promise<Record<string, [string, number, string]>> => {
    const rows = await db('certificate')
      .where({ stream_id: streamId })
      .orderBy('record_key')
      .select<{ record_key: string; status: string; source_updated_at: Date; content_hash: Buffer }[]>('*');
    return Object.fromEntries(
      rows.map(({ record_key: key, status, source_updated_at: at, content_hash: content }) => [
        key,
        [status, (at.getTime() - BASE_MS) / 1000, content.toString('hex')],
      ]),
    );
  };
  const openRejects = (): Promise<(string | null)[]> =>
    db('reject').where({ stream_id: streamId }).whereNull('resolved_at').pluck<(string | null)[]>('record_key');
  const ACCEPTED = { accepted: 1, unchanged: 0, rejected: 0 };
  const UNCHANGED = { accepted: 0, unchanged: 1, rejected: 0 };

  describe('deletions that have no more than a key', () => {
    it('end the record that is held, under a content of its own, and keep what it was', async () => {
      await commit({ rows: [['a', 1, 1]] });
      assert.deepEqual(await commit({ deleted: [['a', 2]] }), ACCEPTED);
      assert.deepEqual(await held(), { a: ['deleted', 2, endOf(['a', 1, 1])] });
      const history = db('certificate_history').where({ stream_id: streamId });
      assert.deepEqual(await history.pluck('status'), ['valid']);
    });

    it('of the same instant as what is held end it too', async () => {
      await commit({ rows: [['a', 1, 1]] });
      assert.deepEqual(await commit({ deleted: [['a', 1]] }), ACCEPTED);
      assert.deepEqual(await held(), { a: ['deleted', 1, endOf(['a', 1, 1])] });
    });

    it('of an unknown key leave nothing', async () => {
      assert.deepEqual(await commit({ deleted: [['a', 1]] }), UNCHANGED);
      assert.deepEqual(await held(), {});
    });

    it('end what comes after them and is older', async () => {
      await commit({ deleted: [['a', 5]] });
      assert.deepEqual(await commit({ rows: [['a', 4, 4]] }), ACCEPTED);
      assert.deepEqual(await held(), { a: ['deleted', 5, endOf(['a', 4, 4])] });
      await commit({ rows: [['a', 6, 6]] });
      assert.deepEqual(await held(), { a: ['valid', 6, contentOf(['a', 6, 6])] });
    });

    it('count with the latest time, whatever came between them', async () => {
      await commit({ rows: [['a', 1, 1]] });
      await commit({ deleted: [['a', 2]] });
      await commit({ deleted: [['a', 4]] });
      await commit({ rows: [['a', 3, 3]] });
      assert.deepEqual(await held(), { a: ['deleted', 4, endOf(['a', 3, 3])] });
    });

    it('of an unknown key resolve what is rejected of the record later and is older', async () => {
      await commit({ deleted: [['a', 5]] });
      const batch = await newBatch(1);
      await write(batch, pageOf(0, { rejected: [['a', 4]] }), TIMED);
      await closeBatch(db, await getBatch(db, batch), { declared: 1, delivery: true }, NOW);
      assert.deepEqual(await openRejects(), []);
    });

    it('older than what is held are passed over', async () => {
      await commit({ rows: [['a', 5, 1]] });
      assert.deepEqual(await commit({ deleted: [['a', 4]] }), UNCHANGED);
      assert.deepEqual(await held(), { a: ['valid', 5, contentOf(['a', 5, 1])] });
    });

    it('that come again change nothing', async () => {
      await commit({ rows: [['a', 1, 1]] });
      await commit({ deleted: [['a', 2]] });
      const before = await held();
      assert.deepEqual(await commit({ deleted: [['a', 2]] }), UNCHANGED);
      assert.deepEqual(await held(), before);
    });

    it('of which one page has several count the latest', async () => {
      await commit({ rows: [['a', 5, 1]] });
      const deleted: [string, number][] = [
        ['a', 7],
        ['a', 9],
        ['a', 3],
      ];
      await commit({ deleted });
      assert.deepEqual(await held(), { a: ['deleted', 9, endOf(['a', 5, 1])] });
    });

    it('are undone by a later version, and by none that is older', async () => {
      await commit({ rows: [['a', 1, 1]] });
      await commit({ deleted: [['a', 5]] });
      assert.deepEqual(await commit({ rows: [['a', 4, 1]] }), UNCHANGED);
      assert.equal((await held()).a?.[0], 'deleted');
      assert.deepEqual(await commit({ rows: [['a', 6, 1]] }), ACCEPTED);
      assert.deepEqual(await held(), { a: ['valid', 6, contentOf(['a', 6, 1])] });
    });

    it('resolve what was rejected of the record before', async () => {
      await commit({ rows: [['a', 1, 1]], rejected: [['b', 1]] });
      await commit({ deleted: [['b', 2]] });
      assert.deepEqual(await openRejects(), []);
    });

    it('end only records of their own stream', async () => {
      await commit({ rows: [['a', 1, 1]] });
      const [here, there] = [streamId, (await newStream(db)).id];
      streamId = there;
      await commit({ deleted: [['a', 2]] });
      streamId = here;
      assert.equal((await held()).a?.[0], 'valid');
    });
  });

  describe('a record that comes and goes on one page', () => {
    const both: Delivered = { rows: [['a', 5, 1]], deleted: [['a', 9]] };
    const gone = { a: ['deleted', 9, endOf(['a', 5, 1])] };

    it('is held as deleted, and nothing changes when the page comes again', async () => {
      await commit(both);
      assert.deepEqual(await held(), gone);
      await commit(both);
      assert.deepEqual(await held(), gone);
    });

    it('has its version in the history, as if it had come on two', async () => {
      await commit(both);
      const history = await db('certificate_history').where({ stream_id: streamId }).select('status', 'content_hash');
      assert.deepEqual(history, [{ status: 'valid', content_hash: Buffer.from(contentOf(['a', 5, 1]), 'hex') }]);
    });

    it('is held as deleted where an older version was held', async () => {
      await commit({ rows: [['a', 1, 0]] });
      await commit(both);
      assert.deepEqual(await held(), gone);
    });

    it('is held as deleted where the same version was held', async () => {
      await commit({ rows: [['a', 5, 1]] });
      await commit(both);
      assert.deepEqual(await held(), gone);
    });

    it('is held as deleted where a version between both was held', async () => {
      await commit({ rows: [['a', 7, 7]] });
      await commit(both);
      assert.deepEqual(await held(), { a: ['deleted', 9, endOf(['a', 7, 7])] });
    });

    it('stays where what is held is newer than both', async () => {
      await commit({ rows: [['a', 10, 10]] });
      await commit(both);
      assert.deepEqual(await held(), { a: ['valid', 10, contentOf(['a', 10, 10])] });
    });

    it('stays where its version is newer than the deletion', async () => {
      await commit({ rows: [['a', 9, 1]], deleted: [['a', 5]] });
      assert.deepEqual(await held(), { a: ['valid', 9, contentOf(['a', 9, 1])] });
    });

    it('of a stream without times is held as deleted where the same content was held', async () => {
      await commit({ rows: [['a', 1, 1]] }, UNTIMED);
      await commit(both, UNTIMED);
      assert.deepEqual(await held(), gone);
    });
  });

  describe('versions', () => {
    it('of a stream without times are unchanged as long as their content is', async () => {
      await commit({ rows: [['a', 1, 1]] }, UNTIMED);
      assert.deepEqual(await commit({ rows: [['a', 2, 1]] }, UNTIMED), UNCHANGED);
      assert.deepEqual(await held(), { a: ['valid', 1, contentOf(['a', 1, 1])] });
      assert.deepEqual(await commit({ rows: [['a', 3, 2]] }, UNTIMED), ACCEPTED);
      assert.deepEqual(await held(), { a: ['valid', 3, contentOf(['a', 3, 2])] });
    });

    it('of a stream without times can come back: what is refused, and what is held instead of it', async () => {
      const refused: [string, number] = ['a', 0];
      await commit({ rows: [['a', 1, 1]] }, UNTIMED);
      await commit({ rejected: [refused] }, UNTIMED);
      assert.equal((await openRejects()).length, 1);
      await commit({ rows: [['a', 3, 1]] }, UNTIMED);
      assert.deepEqual(await openRejects(), []);
      await commit({ rejected: [refused] }, UNTIMED);
      assert.equal((await openRejects()).length, 1);
      await db('reject').where({ stream_id: streamId }).update({ correction: '{}', resolved_at: NOW });
      await commit({ rejected: [refused] }, UNTIMED);
      assert.deepEqual(await openRejects(), []);
    });

    it('of a stream with times are new with each time', async () => {
      await commit({ rows: [['a', 1, 1]] });
      assert.deepEqual(await commit({ rows: [['a', 2, 1]] }), ACCEPTED);
      assert.equal((await held()).a?.[1], 2);
    });

    it('of one instant on one page: the last wins', async () => {
      const versions: Version[] = [
        ['a', 1, 1],
        ['b', 1, 9],
        ['a', 1, 2],
        ['a', 1, 3],
      ];
      await commit({ rows: versions });
      assert.equal((await held()).a?.[2], contentOf(['a', 1, 3]));
      await commit({ rows: versions.toReversed() });
      assert.equal((await held()).a?.[2], contentOf(['a', 1, 1]));
    });

    it('of different times on one page: the latest wins, wherever it stands', async () => {
      const rows: Version[] = [
        ['a', 1, 1],
        ['a', 3, 3],
        ['a', 2, 2],
      ];
      await commit({ rows });
      assert.deepEqual(await held(), { a: ['valid', 3, contentOf(['a', 3, 3])] });
    });
  });

  it('a page that is in already with other records means that the source moved, and changes nothing', async () => {
    const batch = await newBatch();
    await write(batch, pageOf(0, { rows: [['a', 1, 1]], digest: 'one' }), TIMED);
    const before = await held();
    await assert.rejects(
      write(batch, pageOf(0, { rows: [['b', 1, 1]], deleted: [['a', 2]], digest: 'two' }), TIMED),
      (error) => error instanceof HubError && error.kind === 'transient' && error.code === 'source-moved',
    );
    assert.deepEqual(await held(), before);
    await restartBatch(db, batch);
    await write(batch, pageOf(0, { rows: [['b', 1, 1]], digest: 'two' }), TIMED);
    assert.deepEqual(Object.keys(await held()), ['a', 'b']);
  });

  describe('batches that have all records', () => {
    const keys = (count: number): Version[] => Array.from({ length: count }, (_, index) => [`k${index}`, 1, 1]);
    const statuses = async (): Promise<Record<string, string>> =>
      Object.fromEntries(Object.entries(await held()).map(([key, [status]]) => [key, status]));
    const kept = async (): Promise<number> => (await db('snapshot_key').select<unknown[]>('*')).length;

    /** Reads all records, in pages of three. */
    async function readAll(
      { rows = [], ...rest }: Delivered,
      { declared, rules = SNAPSHOT }: { declared?: number; rules?: PageRules } = {},
    ): Promise<{ complete: boolean; gone: Gone | null }> {
      const batch = await newBatch();
      let pages = 0;
      for (let start = 0; start < rows.length; start += 3)
        await write(batch, pageOf(pages++, { rows: rows.slice(start, start + 3) }), rules);
      await write(batch, pageOf(pages, rest), rules);
      assert.ok((await kept()) > 0);
      const read = rows.length + (rest.rejected?.length ?? 0);
      return closeBatch(
        db,
        await getBatch(db, batch),
        { declared: declared ?? read, delivery: true, deletes: { share: 0.2 } },
        NOW,
      );
    }

    it('end what they lack, up to a share', async () => {
      assert.deepEqual((await readAll({ rows: keys(10) })).gone, { missing: 0, held: 10, refused: false });
      const { gone } = await readAll({ rows: keys(8) });
      assert.deepEqual(gone, { missing: 2, held: 10, refused: false });
      const after = await held();
      assert.deepEqual([after.k9?.[0], after.k9?.[2]], ['deleted', endOf(['k9', 1, 1])]);
      assert.equal(Object.values(after).filter(([status]) => status === 'valid').length, 8);
      assert.equal(await kept(), 0);
    });

    it('end nothing at all beyond it', async () => {
      await readAll({ rows: keys(10) });
      const before = await held();
      const { gone, complete } = await readAll({ rows: keys(7) });
      assert.deepEqual([gone, complete], [{ missing: 3, held: 10, refused: true }, true]);
      assert.deepEqual(await held(), before);
      assert.equal(await kept(), 0);
    });

    it('end nothing when they are not complete', async () => {
      await readAll({ rows: keys(10) });
      const { gone, complete } = await readAll({ rows: keys(9) }, { declared: 10 });
      assert.deepEqual([gone, complete], [null, false]);
      assert.ok(Object.values(await statuses()).every((status) => status === 'valid'));
      assert.equal(await kept(), 0);
    });

    it('do not end a record that they have and that is rejected', async () => {
      await readAll({ rows: keys(10) });
      const { gone } = await readAll({ rows: keys(9), rejected: [['k9', 2]] });
      assert.deepEqual(gone, { missing: 0, held: 10, refused: false });
      assert.equal((await statuses()).k9, 'valid');
    });

    it('owe no correction of what they lack', async () => {
      await readAll({ rows: keys(10), rejected: [['k10', 1]] });
      assert.deepEqual(await openRejects(), ['k10']);
      await readAll({ rows: keys(9), rejected: [['k9', 2]] });
      assert.deepEqual(await openRejects(), ['k9']);
    });

    it('owe the correction of a record without a key as long as they have it', async () => {
      await readAll({ rows: keys(3), rejected: [[null, 1]] });
      assert.deepEqual(await openRejects(), [null]);
      await readAll({ rows: keys(3), rejected: [[null, 2]] });
      assert.deepEqual(await openRejects(), [null], 'the one before is another one');
      await readAll({ rows: keys(3) });
      assert.deepEqual(await openRejects(), []);
    });

    it('count what is gone already no more, and bring back what returns', async () => {
      await readAll({ rows: keys(10) });
      await readAll({ rows: keys(9) });
      assert.deepEqual((await readAll({ rows: keys(9) })).gone, { missing: 0, held: 9, refused: false });
      const later = (NOW.getTime() - BASE_MS) / 1000 + 1;
      await readAll({ rows: keys(10).map(([key, , content]) => [key, later, content]) });
      assert.equal((await statuses()).k9, 'valid');
    });

    it('bring back what returns also where records have times, and its own has not changed', async () => {
      const timed = { rules: { untimed: false, snapshot: true } };
      await readAll({ rows: keys(10) }, timed);
      await readAll({ rows: keys(9) }, timed);
      assert.equal((await statuses()).k9, 'deleted');
      await readAll({ rows: keys(10) }, timed);
      assert.equal((await statuses()).k9, 'valid');
    });

    it('that are not known to have all records end nothing', async () => {
      await readAll({ rows: keys(10) });
      const { complete, gone } = await closeBatch(
        db,
        await getBatch(db, await newBatch()),
        { declared: 0, delivery: true },
        NOW,
      );
      assert.deepEqual([complete, gone], [true, null]);
      assert.ok(Object.values(await statuses()).every((status) => status === 'valid'));
    });

    it('begun anew know only what the last attempt had', async () => {
      await readAll({ rows: keys(10) });
      const batch = await newBatch();
      await write(batch, pageOf(0, { rows: keys(10) }), SNAPSHOT);
      await restartBatch(db, batch);
      await write(batch, pageOf(0, { rows: keys(9) }), SNAPSHOT);
      const { gone } = await closeBatch(
        db,
        await getBatch(db, batch),
        { declared: 9, delivery: true, deletes: { share: 0.2 } },
        NOW,
      );
      assert.deepEqual(gone, { missing: 1, held: 10, refused: false });
      assert.equal((await statuses()).k9, 'deleted');
    });
  });
});
