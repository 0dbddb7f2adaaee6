import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { Knex } from 'knex';
import { RowBuffer } from '../../../connectors/mapping/row-buffer.ts';
import { contentHash } from '../../../domain/library/certificate.ts';
import { shanghaiInstant } from '../../../domain/dates.ts';
import { closeBatch, getBatch, restartBatch } from '../../../store/collection/batches.ts';
import { writePage, type PageCounts, type PageRows } from '../../../store/collection/pages.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { certificateWith, BASE_MS, newBatch as batchOf, newStream, NOW } from '../../support/library.ts';

/** One delivered record: its key, its update time in seconds, its content, whether it breaks a rule. */
interface Delivered {
  key: number;
  at: number;
  content: number;
  bad: boolean;
}

const certificate = ({ key, content }: Delivered): Record<string, unknown> =>
  certificateWith({
    number: `no-${key}`,
    holders: [{ name: '甲', code: 'c', codeType: '099' }],
    extension: { content },
  });
const instant = (at: number): string => shanghaiInstant(BASE_MS + at * 1000);
const keyOf = (key: number): string => `K${key}`;

function pageOf(number: number, records: Delivered[]): PageRows {
  const rows = new RowBuffer();
  const rejected = [];
  for (const record of records) {
    const key = keyOf(record.key);
    if (!record.bad) rows.append(JSON.stringify(certificate(record)), key, instant(record.at), []);
    else {
      const problems = [{ rule: 'test-row' }];
      rejected.push({ key, updatedAt: instant(record.at), problems, raw: JSON.stringify(record), rawEncoding: 'json' });
    }
  }
  return {
    number,
    digest: String(number),
    read: records.length,
    rows: rows.toJson(),
    rejected,
    deleted: [],
    position: null,
  };
}

const RULES = { untimed: false, snapshot: false };

describe('writing a page', () => {
  let database: TestDatabase;
  let db: Knex;
  let streamId = 0;
  before(async () => {
    database = await createDatabase();
    ({ db } = database);
  });
  after(() => database.drop());

  async function freshStream(): Promise<void> {
    ({ id: streamId } = await newStream(db));
  }
  const newBatch = (declared: number): Promise<number> => batchOf(db, streamId, declared);
  const write = async (batchId: number, page: PageRows): Promise<PageCounts> =>
    writePage(db, await getBatch(db, batchId), page, RULES, NOW);

  const held = async (): Promise<Record<string, [number, number]>> => {
    const rows = await db('certificate')
      .where({ stream_id: streamId })
      .select<{ record_key: string; source_updated_at: Date; extension: { content: number } }[]>('*');
    return Object.fromEntries(
      rows.map((row) => [row.record_key, [(row.source_updated_at.getTime() - BASE_MS) / 1000, row.extension.content]]),
    );
  };
  /** Times of the versions before the present one, oldest first. */
  const historyOf = async (key: string): Promise<number[]> => {
    const rows = await db('certificate_history')
      .where({ stream_id: streamId, record_key: key })
      .orderBy('source_updated_at')
      .select<{ at: Date }[]>({ at: 'source_updated_at' });
    return rows.map(({ at }) => (at.getTime() - BASE_MS) / 1000);
  };
  const openRejects = async (): Promise<string[]> =>
    (await db('reject').where({ stream_id: streamId }).whereNull('resolved_at').pluck<string[]>('record_key')).sort();

  it('counts what is new, what is known and what is refused', async () => {
    await freshStream();
    const batch = await newBatch(3);
    const records = [
      { key: 1, at: 1, content: 1, bad: false },
      { key: 2, at: 1, content: 1, bad: false },
      { key: 3, at: 1, content: 1, bad: true },
    ];
    assert.deepEqual(await write(batch, pageOf(0, records)), { read: 3, accepted: 2, unchanged: 0, rejected: 1 });
    assert.deepEqual(await write(batch, pageOf(1, records)), { read: 3, accepted: 0, unchanged: 2, rejected: 1 });
    assert.deepEqual(await openRejects(), ['K3']);
  });

  it('a page that is written twice is counted once', async () => {
    await freshStream();
    const batch = await newBatch(1);
    const page = pageOf(0, [{ key: 1, at: 1, content: 1, bad: false }]);
    const [first, second] = [await write(batch, page), await write(batch, page)];
    assert.deepEqual(first, second);
    const { rows } = await db.raw<{ rows: { sum: number }[] }>(
      'SELECT sum(read)::int AS sum FROM batch_page WHERE batch_id = ?',
      [batch],
    );
    assert.equal(rows[0]?.sum, 1);
  });

  it('two writers of the same page at once still count it once', async () => {
    await freshStream();
    const batch = await newBatch(50);
    const page = pageOf(
      0,
      Array.from({ length: 50 }, (_, key) => ({ key, at: 1, content: 1, bad: false })),
    );
    const counts = await Promise.all([write(batch, page), write(batch, page), write(batch, page)]);
    for (const count of counts) assert.deepEqual(count, { read: 50, accepted: 50, unchanged: 0, rejected: 0 });
  });

  it('an older version never replaces a newer one, the same time with other content does', async () => {
    await freshStream();
    const batch = await newBatch(4);
    await write(batch, pageOf(0, [{ key: 1, at: 10, content: 10, bad: false }]));
    await write(batch, pageOf(1, [{ key: 1, at: 5, content: 5, bad: false }]));
    assert.deepEqual(await held(), { K1: [10, 10] });
    await write(batch, pageOf(2, [{ key: 1, at: 10, content: 11, bad: false }]));
    assert.deepEqual(await held(), { K1: [10, 11] });
  });

  it('keeps every version that it replaces, unasked', async () => {
    await freshStream();
    const batch = await newBatch(3);
    for (const [page, at] of [1, 2, 3].entries())
      await write(batch, pageOf(page, [{ key: 1, at, content: at, bad: false }]));
    await db.raw(`UPDATE certificate SET status = 'revoked' WHERE stream_id = ?`, [streamId]);
    const history = await db('certificate_history')
      .where({ stream_id: streamId })
      .orderBy('replaced_at')
      .select<{ extension: { content: number }; status: string }[]>('extension', 'status');
    assert.deepEqual(
      history.map(({ extension, status }) => [extension.content, status]),
      [
        [1, 'valid'],
        [2, 'valid'],
        [3, 'valid'],
      ],
    );
  });

  it('keeps versions that come after newer ones, each once, in their place', async () => {
    await freshStream();
    const batch = await newBatch(9);
    const version = (at: number, content = at) => ({ key: 1, at, content, bad: false });
    await write(batch, pageOf(0, [version(5)]));
    await write(batch, pageOf(1, [version(3), version(8), version(4)]));
    await write(batch, pageOf(2, [version(6), version(4), version(8)]));
    await write(batch, pageOf(3, [version(3), version(8), version(5)]));
    assert.deepEqual(await held(), { K1: [8, 8] });
    assert.deepEqual(await historyOf('K1'), [3, 4, 5, 6]);
  });

  it('a corrected version resolves its reject, a newer bad one takes its place', async () => {
    await freshStream();
    const batch = await newBatch(5);
    await write(
      batch,
      pageOf(0, [
        { key: 1, at: 1, content: 1, bad: true },
        { key: 2, at: 1, content: 1, bad: true },
      ]),
    );
    await write(
      batch,
      pageOf(1, [
        { key: 1, at: 2, content: 2, bad: false },
        { key: 2, at: 2, content: 2, bad: true },
      ]),
    );
    await closeBatch(db, await getBatch(db, batch), { declared: 4, delivery: true }, NOW);
    assert.deepEqual(await openRejects(), ['K2']);
    assert.deepEqual(await db('reject').where({ stream_id: streamId }).whereNull('resolved_at').pluck('raw'), [
      JSON.stringify({ key: 2, at: 2, content: 2, bad: true }),
    ]);
  });

  it('a record that its source mends without a new time resolves its reject, and opens it again when it is spoilt again', async () => {
    await freshStream();
    const [sound, spoilt] = [false, true].map((bad) => ({ key: 1, at: 2, content: 1, bad }));
    const deliver = async (...records: (Delivered | undefined)[]): Promise<string[]> => {
      const batch = await newBatch(records.length);
      const given = records.filter((record) => record !== undefined);
      await write(batch, pageOf(0, given));
      await closeBatch(db, await getBatch(db, batch), { declared: given.length, delivery: true }, NOW);
      return openRejects();
    };
    assert.deepEqual(await deliver(sound), []);
    assert.deepEqual(await deliver(spoilt), ['K1']);
    assert.deepEqual(await deliver(sound), [], 'it is in the library as it was');
    assert.deepEqual(await deliver(spoilt), ['K1']);
    assert.deepEqual(await deliver({ key: 1, at: 1, content: 1, bad: false }), ['K1'], 'an older one says nothing');
    assert.deepEqual(await deliver({ key: 1, at: 3, content: 1, bad: false }), []);
    assert.deepEqual(await deliver(spoilt), [], 'what was replaced stays so');
    assert.deepEqual(await deliver({ key: 1, at: 4, content: 1, bad: true }), ['K1']);
    assert.deepEqual(await deliver(spoilt, sound), ['K1'], 'and opens nothing beside a newer one');
    assert.equal((await db('reject').where({ stream_id: streamId }).whereNull('resolved_at')).length, 1);
  });

  it('a batch covers its window when the three counts agree, and not one short of it', async () => {
    for (const [declared, complete] of [
      [2, true],
      [3, false],
      [1, false],
    ] as const) {
      await freshStream();
      const batch = await newBatch(declared);
      await write(
        batch,
        pageOf(0, [
          { key: 1, at: 1, content: 1, bad: false },
          { key: 2, at: 1, content: 1, bad: true },
        ]),
      );
      const result = await closeBatch(db, await getBatch(db, batch), { declared, delivery: true }, NOW);
      assert.equal(result.complete, complete);
      const { rows } = await db.raw<{ rows: { empty: boolean }[] }>(
        'SELECT isempty(times) AS empty FROM coverage WHERE stream_id = ?',
        [streamId],
      );
      assert.equal(rows[0]?.empty, !complete);
    }
  });

  it('a batch that is begun anew counts only its last attempt', async () => {
    await freshStream();
    const batch = await newBatch(1);
    await write(batch, pageOf(0, [{ key: 1, at: 1, content: 1, bad: false }]));
    await restartBatch(db, batch);
    await write(batch, pageOf(0, [{ key: 1, at: 1, content: 1, bad: false }]));
    const { read, accepted, unchanged, complete } = await closeBatch(
      db,
      await getBatch(db, batch),
      { declared: 1, delivery: true },
      NOW,
    );
    assert.deepEqual({ read, accepted, unchanged, complete }, { read: 1, accepted: 0, unchanged: 1, complete: true });
  });

  it('whatever order pages come in, however often, and side by side: the same library', async () => {
    const delivered = fc.record({ key: fc.nat(5), at: fc.nat(6), content: fc.nat(2), bad: fc.boolean() });
    // One version of a record has one content.
    const versions = fc.uniqueArray(delivered, { selector: ({ key, at }) => `${key}/${at}`, maxLength: 24 });
    await fc.assert(
      fc.asyncProperty(
        versions,
        fc.array(fc.nat(), { minLength: 1, maxLength: 40 }),
        fc.boolean(),
        async (records, picks, sideBySide) => {
          await freshStream();
          const batch = await newBatch(0);
          const shuffled = [
            ...records,
            ...picks.flatMap((pick) => records.slice(pick % (records.length || 1), (pick % (records.length || 1)) + 1)),
          ];
          shuffled.sort(
            (a, b) =>
              ((a.key * 7 + a.at * 13 + (picks[0] ?? 0)) % 11) - ((b.key * 7 + b.at * 13 + (picks[0] ?? 0)) % 11),
          );
          const pages: PageRows[] = [];
          for (let start = 0; start < shuffled.length; start += 5)
            pages.push(pageOf(pages.length, shuffled.slice(start, start + 5)));
          if (sideBySide) await Promise.all(pages.map((page) => write(batch, page)));
          else for (const page of pages) await write(batch, page);
          await closeBatch(db, await getBatch(db, batch), { declared: shuffled.length, delivery: true }, NOW);

          const library: Record<string, [number, number]> = {};
          const refused = new Map<string, number>();
          for (const { key, at, content, bad } of records) {
            const name = keyOf(key);
            if (bad) refused.set(name, Math.max(refused.get(name) ?? -1, at));
            else if ((library[name]?.[0] ?? -1) < at) library[name] = [at, content];
          }
          assert.deepEqual(await held(), library);
          // Every sound version that was ever delivered is there, whatever came first.
          for (const [name, [at]] of Object.entries(library)) {
            const delivered = records.filter(({ key, bad }) => !bad && keyOf(key) === name).map((record) => record.at);
            // One that two writers brought at once may be kept twice.
            assert.deepEqual([...new Set([...(await historyOf(name)), at])], delivered.sort());
          }
          const stillOpen = [...refused].filter(([name, at]) => at > (library[name]?.[0] ?? -1)).map(([name]) => name);
          assert.deepEqual(await openRejects(), stillOpen.sort());
        },
      ),
      { numRuns: 60 },
    );
  });

  it('a value that PostgreSQL refuses fails the page as a whole and leaves nothing of it', async () => {
    await freshStream();
    const batch = await newBatch(2);
    const rows = new RowBuffer();
    rows.append(JSON.stringify(certificate({ key: 1, at: 1, content: 1, bad: false })), 'K1', instant(1), []);
    const broken = { ...certificate({ key: 2, at: 1, content: 1, bad: false }), issuedOn: 'never' };
    rows.append(JSON.stringify(broken), 'K2', instant(1), []);
    await assert.rejects(write(batch, { ...pageOf(0, []), read: 2, rows: rows.toJson() }));
    assert.deepEqual(await held(), {});
  });

  it('keys of a stream that the statistics do not know yet are looked up by key, not by reading the stream', async () => {
    await db.raw('TRUNCATE certificate');
    await freshStream();
    const many = Array.from({ length: 2_000 }, (_, key) => ({ key, at: key, content: 1, bad: false }));
    await write(await newBatch(many.length), pageOf(0, many));
    await db.raw('VACUUM ANALYZE certificate');
    await freshStream();
    await write(await newBatch(many.length), pageOf(0, many));
    const { rows } = await db.raw<{ rows: { 'QUERY PLAN': string }[] }>(
      'EXPLAIN SELECT content_hash FROM certificate WHERE stream_id = ? AND record_key = ?',
      [streamId, 'K1'],
    );
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    assert.match(plan, /Index Scan using certificate_pkey/);
  });

  it('stores content hashes as the domain computes them', async () => {
    await freshStream();
    const record = { key: 1, at: 1, content: 1, bad: false };
    await write(await newBatch(1), pageOf(0, [record]));
    const row = await db('certificate').where({ stream_id: streamId }).first<{ content_hash: Buffer }>('content_hash');
    assert.equal(row.content_hash.toString('hex'), contentHash(JSON.stringify(certificate(record))));
  });
});
