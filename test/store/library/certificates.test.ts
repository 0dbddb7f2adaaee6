import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Knex } from 'knex';
import { RowBuffer } from '../../../connectors/mapping/row-buffer.ts';
import { shanghaiInstant } from '../../../domain/dates.ts';
import { findCertificates, REVIVED, revivedCertificates, versionsOf } from '../../../store/library/certificates.ts';
import { getBatch } from '../../../store/collection/batches.ts';
import { writePage } from '../../../store/collection/pages.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { certificateWith, BASE_MS, newBatch, newStream, NOW } from '../../support/library.ts';

describe('looking certificates up', () => {
  let database: TestDatabase;
  let db: Knex;
  let stream: { id: number; name: string };
  before(async () => {
    database = await createDatabase();
    ({ db } = database);
    stream = await newStream(db);
    const batch = await newBatch(db, stream.id, 5);
    const version = (page: number, at: number, change: object) => {
      const rows = new RowBuffer();
      const certificate = {
        identifier: 'I.1',
        typeCode: 'T',
        name: 'N',
        number: 'no-1',
        issuerName: null,
        issuerCode: null,
        issuedOn: '2026-11-20',
        effectiveOn: null,
        expiresOn: '2027-01-01',
        longTerm: false,
        holders: [
          { name: '甲', code: 'H1', codeType: '099' },
          { name: '乙', code: 'H2', codeType: '099' },
        ],
        status: 'valid',
        rawStatus: '1',
        extension: {},
        ...change,
      };
      rows.append(JSON.stringify(certificate), 'K1', shanghaiInstant(BASE_MS + at * 1000), []);
      return {
        number: page,
        digest: String(page),
        read: 1,
        rows: rows.toJson(),
        rejected: [],
        deleted: [],
        position: null,
      };
    };
    // The middle one comes last.
    const pages = [
      version(0, 10, {}),
      version(1, 30, { expiresOn: '2028-01-01' }),
      version(2, 20, { status: 'suspended' }),
    ];
    for (const page of pages)
      await writePage(db, await getBatch(db, batch), page, { untimed: false, snapshot: false }, NOW);
  });
  after(() => database.drop());

  it('by identifier, number and any holder’s code', async () => {
    for (const code of ['I.1', 'no-1', 'H1', 'H2']) {
      const [found, ...others] = await findCertificates(db, code);
      assert.deepEqual(
        [found?.key, found?.stream, found?.expiresOn, others.length],
        ['K1', stream.name, '2028-01-01', 0],
      );
    }
    assert.deepEqual(await findCertificates(db, 'H3'), []);
  });

  it('as they are printed: in full width, with blanks, in small letters', async () => {
    // As the mapping folds what a source says.
    const folded = { number: '锡建施(2026)第1号', identifier: '1.2.156.3005.2' };
    const holders = JSON.stringify([{ name: '甲', code: '91460100MA5THWMM2J', codeType: '001' }]);
    const before = await db('certificate').where({ record_key: 'K1' }).first<object>('number', 'identifier', 'holders');
    await db('certificate')
      .where({ record_key: 'K1' })
      .update({ ...folded, holders });
    for (const printed of [
      '锡建施（2026）第1号',
      ' 锡建施 ( 2026 ) 第１号 ',
      '１.２.１５６.３００５.２',
      '９１４６０１００ＭＡ５ＴＨＷＭＭ２Ｊ',
      '91460100ma5thwmm2j',
    ])
      assert.deepEqual(
        (await findCertificates(db, printed)).map(({ key }) => key),
        ['K1'],
        printed,
      );
    await db('certificate')
      .where({ record_key: 'K1' })
      .update({ ...before, holders: JSON.stringify((before as { holders: unknown }).holders) });
  });

  it('with every version in the order of its own time, whatever came first', async () => {
    const versions = await versionsOf(db, stream.name, 'K1');
    assert.deepEqual(
      versions.map(({ status, updatedAt, expiresOn }) => [(updatedAt.getTime() - BASE_MS) / 1000, status, expiresOn]),
      [
        [10, 'valid', '2027-01-01'],
        [20, 'suspended', '2027-01-01'],
        [30, 'valid', '2028-01-01'],
      ],
    );
  });

  it('by an index each', () =>
    db.transaction(async (trx) => {
      await trx.raw('SET LOCAL enable_seqscan = off');
      const planOf = async (where: string): Promise<string> => {
        const { rows } = await trx.raw<{ rows: { 'QUERY PLAN': string }[] }>(
          `EXPLAIN SELECT FROM certificate WHERE ${where}`,
        );
        return rows.map((row) => row['QUERY PLAN']).join('\n');
      };
      assert.match(await planOf(`identifier = 'I'`), /certificate_by_identifier/);
      assert.match(await planOf(`number = 'n'`), /certificate_by_number/);
      assert.match(await planOf(`(holders->0->>'code') COLLATE "C" = 'H'`), /certificate_by_holder/);
      assert.match(
        await planOf(`holders @> '[{"code": "H"}]' AND jsonb_array_length(holders) > 1`),
        /certificate_by_other_holders/,
      );
    }));
});

describe('certificates that live on after their end', () => {
  let database: TestDatabase;
  let db: Knex;
  let stream: { id: number; name: string };
  before(async () => {
    database = await createDatabase();
    ({ db } = database);
    stream = await newStream(db);
  });
  after(() => database.drop());

  /** Versions of one certificate, in the order in which they come, a page each. */
  async function deliver(key: string, ...versions: [second: number, status: string][]): Promise<void> {
    const batch = await getBatch(db, await newBatch(db, stream.id, versions.length));
    for (const [page, [second, status]] of versions.entries()) {
      const rows = new RowBuffer();
      const certificate = certificateWith({ typeCode: key.slice(0, 1), number: key, status });
      rows.append(JSON.stringify(certificate), key, shanghaiInstant(BASE_MS + second * 1000), []);
      await writePage(
        db,
        batch,
        {
          number: page,
          digest: `${key} ${page}`,
          read: 1,
          rows: rows.toJson(),
          rejected: [],
          deleted: [],
          position: null,
        },
        { untimed: false, snapshot: false },
        NOW,
      );
    }
  }
  const revived = async (typeCode?: string, limit = 100): Promise<unknown[]> =>
    (await revivedCertificates(db, { typeCode, limit })).map((row) => [
      row.key,
      row.endedAs,
      (row.endedAt.getTime() - BASE_MS) / 1000,
      row.status,
      (row.updatedAt.getTime() - BASE_MS) / 1000,
    ]);

  it('are named with their last final state, whatever came first, until they end again', async () => {
    await deliver('a-ends', [1, 'valid'], [2, 'cancelled']);
    await deliver('a-ends-late', [3, 'valid'], [1, 'suspended'], [2, 'expired']);
    await deliver('a-ends-twice', [1, 'cancelled'], [2, 'valid'], [3, 'revoked']);
    await deliver('a-lives-on', [1, 'cancelled'], [2, 'revoked'], [3, 'valid'], [4, 'suspended']);
    await deliver('b-out-of-order', [9, 'valid'], [5, 'cancelled'], [4, 'valid']);
    await deliver('c-same-instant', [1, 'cancelled'], [1, 'valid']);
    const [lives, outOfOrder, sameInstant] = [
      ['a-lives-on', 'revoked', 2, 'suspended', 4],
      ['b-out-of-order', 'cancelled', 5, 'valid', 9],
      ['c-same-instant', 'cancelled', 1, 'valid', 1],
    ];
    assert.deepEqual(await revived(), [lives, outOfOrder, sameInstant]);
    assert.deepEqual(await revived('b'), [outOfOrder]);
    assert.deepEqual(await revived(undefined, 1), [lives]);
    await deliver('a-lives-on', [5, 'cancelled']);
    assert.deepEqual(await revived(), [outOfOrder, sameInstant]);
  });

  it('are found by the index of final versions, and by key', () =>
    db.transaction(async (trx) => {
      // Of a library that fits on one page any index will do.
      await trx.raw(
        `INSERT INTO certificate (stream_id, record_key, number, type_code, name, issued_on, long_term, holders, status,
           raw_status, extension, content_hash, source_updated_at, batch_id, recorded_at)
         SELECT :id, 'k' || n, 'n' || n, 'T', 'N', '2026-11-20', true, '[]', 'valid', '1', '{}', '', :at, 0, :at
         FROM generate_series(1, 5000) AS n`,
        { id: stream.id, at: NOW },
      );
      await trx.raw('SET LOCAL enable_seqscan = off');
      const { rows } = await trx.raw<{ rows: { 'QUERY PLAN': string }[] }>(`EXPLAIN ${REVIVED}`, {
        typeCode: null,
        limit: 10,
      });
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      assert.match(plan, /certificate_history_ended/);
      assert.match(plan, /certificate_pkey/);
      assert.doesNotMatch(plan, /Seq Scan on certificate/);
    }));
});
