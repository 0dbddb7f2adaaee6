import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Knex } from 'knex';
import { RowBuffer } from '../../connectors/row-buffer.ts';
import { shanghaiInstant } from '../../domain/dates.ts';
import { findCertificates, versionsOf } from '../../store/certificates.ts';
import { getBatch } from '../../store/batches.ts';
import { writePage } from '../../store/pages.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { BASE_MS, newBatch, newStream, NOW } from '../support/library.ts';

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
        ...{ identifier: 'I.1', typeCode: 'T', name: 'N', number: 'no-1', issuerName: null, issuerCode: null },
        ...{ issuedOn: '2026-11-20', effectiveOn: null, expiresOn: '2027-01-01', longTerm: false },
        holders: [
          { name: '甲', code: 'H1', codeType: '099' },
          { name: '乙', code: 'H2', codeType: '099' },
        ],
        ...{ status: 'valid', rawStatus: '1', extension: {}, ...change },
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
