import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Knex } from 'knex';
import { RowBuffer } from '../../../connectors/mapping/row-buffer.ts';
import { shanghaiInstant } from '../../../domain/dates.ts';
import { withEvents } from '../../../domain/library/lifecycle.ts';
import { markHistory, type StateMark, type ToldMarks } from '../../../domain/library/marks.ts';
import type { Status } from '../../../domain/library/status.ts';
import { getBatch } from '../../../store/collection/batches.ts';
import { writePage, type PageCounts } from '../../../store/collection/pages.ts';
import { findCertificates, standingNow, versionsOf } from '../../../store/library/certificates.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { certificateWith, BASE_MS, newBatch, newStream, NOW } from '../../support/library.ts';

/** A version: its second, its status, and what it says of marks. */
type Told = [at: number, status: Status, marks?: ToldMarks];
const begins = (at: number, ...marks: StateMark[]): Told => [at, 'valid', { begins: marks, ends: [] }];
const ends = (at: number, ...marks: StateMark[]): Told => [at, 'valid', { begins: [], ends: marks }];

describe('marks in the library', () => {
  let database: TestDatabase;
  let db: Knex;
  let stream: { id: number; name: string };
  let batch = 0;
  let pages = 0;
  before(async () => {
    database = await createDatabase();
    ({ db } = database);
  });
  after(() => database.drop());

  async function freshStream(): Promise<void> {
    stream = await newStream(db);
    batch = await newBatch(db, stream.id);
  }

  /** One page with these versions of one certificate, in this order. */
  async function deliver(versions: readonly Told[], deleted: number[] = []): Promise<PageCounts> {
    const rows = new RowBuffer();
    for (const [at, status, marks] of versions) {
      const certificate = certificateWith({
        number: `no-${stream.name}`,
        holders: [{ name: '甲', code: 'H1', codeType: '099' }],
        status,
        ...(marks && { marks }),
      });
      rows.append(JSON.stringify(certificate), 'K1', shanghaiInstant(BASE_MS + at * 1000), []);
    }
    pages += 1;
    const page = {
      number: pages,
      digest: String(pages),
      read: versions.length + deleted.length,
      rows: rows.toJson(),
      rejected: [],
      deleted: deleted.map((at) => ({ key: 'K1', updatedAt: shanghaiInstant(BASE_MS + at * 1000) })),
      position: null,
    };
    return writePage(db, await getBatch(db, batch), page, { untimed: false, snapshot: false }, NOW);
  }

  const second = (at: Date | undefined): number | null => (at ? (at.getTime() - BASE_MS) / 1000 : null);
  const periods = async (): Promise<unknown[]> =>
    markHistory(await versionsOf(db, stream.name, 'K1')).periods.map(({ mark, begin, end }) => [
      mark,
      second(begin?.at),
      second(end?.at),
    ]);
  const now = async (): Promise<unknown> => {
    const [found] = await findCertificates(db, `no-${stream.name}`);
    return standingNow(found ?? assert.fail('not found'));
  };

  it('states: what a version no longer says has ended, and what comes late has its place', async () => {
    await freshStream();
    await deliver([[10, 'valid', []]]);
    await deliver([[30, 'suspended', ['mortgage', 'suspension']]]);
    await deliver([[40, 'valid', ['mortgage']]]);
    await deliver([[20, 'valid', ['mortgage']]]);
    assert.deepEqual(await periods(), [
      ['mortgage', 20, null],
      ['suspension', 30, 40],
    ]);
    assert.deepEqual(await now(), { state: 'inForce', marks: ['mortgage'] });
  });

  it('events: each is kept and applied, of one page or several, in the order of their times', async () => {
    await freshStream();
    await deliver([begins(10), begins(20, 'mortgage'), begins(30, 'suspension')]);
    assert.deepEqual(await now(), { state: 'suspended', marks: ['mortgage', 'suspension'] });
    await deliver([ends(50, 'suspension'), begins(40, 'loss')]);
    await deliver([ends(45, 'loss')]);
    await deliver([[60, 'valid', { begins: ['pledge'], ends: ['mortgage'] }]]);
    assert.deepEqual(await periods(), [
      ['mortgage', 20, 60],
      ['suspension', 30, 50],
      ['loss', 40, 45],
      ['pledge', 60, null],
    ]);
    assert.deepEqual(await now(), { state: 'inForce', marks: ['pledge'] });
  });

  it('events that are delivered again are known', async () => {
    await freshStream();
    const versions = [begins(10, 'mortgage'), ends(20, 'mortgage'), begins(30, 'mortgage')];
    await deliver(versions);
    const counts = await deliver(versions);
    assert.equal(counts.accepted, 0);
    assert.deepEqual(await periods(), [
      ['mortgage', 10, 20],
      ['mortgage', 30, null],
    ]);
  });

  it('events of one instant that are told again stay in their order: what ended has ended', async () => {
    await freshStream();
    await deliver([begins(10, 'mortgage')]);
    await deliver([ends(10, 'mortgage')]);
    const again = await deliver([begins(10, 'mortgage')]);
    assert.equal(again.accepted, 0);
    assert.deepEqual(await periods(), [['mortgage', 10, 10]]);
    assert.deepEqual(await now(), { state: 'inForce', marks: [] });
    await deliver([ends(10, 'mortgage')]);
    assert.deepEqual(await now(), { state: 'inForce', marks: [] });
  });

  it('what a source states anew of the same instant counts, though it had stated it before', async () => {
    await freshStream();
    await deliver([[10, 'valid', ['mortgage']]]);
    await deliver([[10, 'valid', []]]);
    await deliver([[10, 'valid', ['mortgage']]]);
    assert.deepEqual(await now(), { state: 'inForce', marks: ['mortgage'] });
  });

  it('of one instant none is lost', async () => {
    await freshStream();
    await deliver([begins(10, 'mortgage'), begins(10, 'inspection')]);
    await deliver([begins(10, 'renewal')]);
    assert.deepEqual((await periods()).map((period) => (period as string[])[0]).sort(), [
      'inspection',
      'mortgage',
      'renewal',
    ]);
    assert.deepEqual(((await now()) as { marks: string[] }).marks.toSorted(), ['inspection', 'mortgage', 'renewal']);
  });

  it('a certificate that its source deletes has ended, and what was stated of it with it', async () => {
    await freshStream();
    await deliver([[10, 'valid', ['mortgage']]]);
    await deliver([], [20]);
    assert.deepEqual(await periods(), [['mortgage', 10, 20]]);
    assert.deepEqual(await now(), { state: 'ended', marks: [] });
  });

  it('a library of before has its marks from its statuses', async () => {
    await freshStream();
    await deliver([[10, 'valid']]);
    await deliver([[20, 'pledged']]);
    const lives = withEvents(await versionsOf(db, stream.name, 'K1'));
    assert.deepEqual(
      lives.map(({ marks, held, event }) => [marks, held, event]),
      [
        [null, [], 'issued'],
        [null, ['security'], 'pledged'],
      ],
    );
    assert.deepEqual(await now(), { state: 'inForce', marks: ['security'] });
  });
});
