import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { readBatch } from '../../../activities/read-batch.ts';
import type { Page, WindowSource } from '../../../connectors/contract.ts';
import { digestOf } from '../../../connectors/digest.ts';
import { compileMapping } from '../../../connectors/mapping/compile.ts';
import { HubError } from '../../../domain/errors.ts';
import { httpConnectorSchema } from '../../../settings/kinds/http.ts';
import { batchCounts, getBatch } from '../../../store/collection/batches.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { newBatch, newStream, NOW } from '../../support/library.ts';

describe('a read of which everything is rejected', () => {
  let database: TestDatabase;
  before(async () => {
    database = await createDatabase();
  });
  after(() => database.drop());

  /** Reads pages of so many records that lack what a certificate has; how many were read and rejected. */
  async function read(sizes: number[], rejects: Record<string, number> = {}): Promise<string> {
    const { db } = database;
    const { id } = await newStream(db);
    const connector = httpConnectorSchema.parse({
      name: '市公园管理局',
      unit: '11320200014006438B',
      kind: 'http',
      baseUrl: 'http://parks.example',
      streams: [
        {
          id: 'parks',
          path: '/list',
          response: { records: 'list', total: 'total' },
          record: { key: 'id', updatedAt: 'at' },
          status: {},
          rejects,
        },
      ],
    });
    const [config = assert.fail('no stream')] = connector.streams;
    const pages = sizes.map((size, number): Page => {
      const records = Array.from({ length: size }, (_, n) => ({ id: `K${number}-${n}`, at: '2026-11-20 10:00:00' }));
      return { number, records, undecodable: new Map(), total: null, digest: digestOf(records), position: null };
    });
    const source = {
      by: 'windows',
      sequential: true,
      read: async function* () {
        yield* await Promise.resolve(pages);
      },
    } as Partial<WindowSource> as WindowSource;
    const batch = await getBatch(db, await newBatch(db, id));
    const capabilities = { by: 'windows', again: 'all' } as const;
    const opened = { config, connector: { ...connector, id: 'parks' }, capabilities, source, hints: {} };
    const stream = { ...opened, ...compileMapping(config) };
    await readBatch({ db, now: () => NOW }, stream, batch, new AbortController().signal);
    const counts = await batchCounts(db, batch);
    return `${counts.rejected} of ${counts.read}`;
  }
  const stops = (error: unknown): boolean =>
    error instanceof HubError && error.kind === 'configuration' && error.code === 'too-many-rejects';

  it('stops the stream once they are too many for chance, as a wrong mapping of a small stream does', async () => {
    await assert.rejects(read([29]), stops);
    await assert.rejects(read([10, 10]), stops);
  });

  it('is the casework of its unit while they are few, or where the stream allows it', async () => {
    assert.equal(await read([19]), '19 of 19');
    assert.equal(await read([29], { share: 1 }), '29 of 29');
  });
});
