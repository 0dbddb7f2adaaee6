import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it, type TestContext } from 'node:test';
import { provide } from '../../settings/environment.ts';
import { exchangeConnectorSchema } from '../../settings/kinds/database.ts';
import type { BatchSource, Committed, Page } from '../../connectors/contract.ts';
import { openStream, type OpenStream } from '../../connectors/registry.ts';
import { sourceBy } from '../../connectors/reading.ts';
import { keysOf, readAll } from '../../connectors/examine/suite.ts';
import { HubError } from '../../domain/errors.ts';
import { fromMs, timeWindow, toMs, type BatchWindow } from '../../domain/collection/window.ts';
import { PLACES, type Place, type Row } from '../support/servers/source-databases.ts';
import { acceptance, type Candidate } from './acceptance.ts';

const HOUR_MS = 3_600_000;
const numbered = (index: number): string => `K${String(index).padStart(4, '0')}`;

/** A row as the department fills it in; a deletion has nothing but its key. */
function operationRow(id: number, key: string, operation: string, consumed = 0): string {
  const deletes = /^d/i.test(operation);
  const values = [key, `苏(2025)第${key}号`, '李明', '11010519491231002X', '111', '2025-03-10'];
  const texts = values.map((value, index) => (deletes && index > 0 ? 'NULL' : `'${value}'`));
  return `(${id}, '${operation}', '2025-03-10 08:00:00', ${texts.join(', ')}, ${consumed}, NULL)`;
}

const insert = (place: Place, rows: string[]): Promise<unknown> =>
  place.run(`INSERT INTO biz_permit VALUES ${rows.join(', ')}`);

/** Empty tables, as a front-end exchange database has them. */
async function createTables(place: Place): Promise<void> {
  await place.run(`DROP TABLE IF EXISTS biz_permit; DROP TABLE IF EXISTS biz_permit_error;
    CREATE TABLE biz_permit (dsc_biz_record_id BIGINT PRIMARY KEY, dsc_biz_operation VARCHAR(10),
      dsc_biz_timestamp VARCHAR(30), LSH VARCHAR(20), ZZBH VARCHAR(60), CZZT VARCHAR(60), CZZTDM VARCHAR(60),
      CZZTDMLXDM VARCHAR(10), ZZBFRQ VARCHAR(60), hub_flag INT, hub_time VARCHAR(30));
    CREATE TABLE biz_permit_error (record_id BIGINT, error_code VARCHAR(60), error_remark VARCHAR(500),
      created_at VARCHAR(30))`);
}

type OpenBatches = OpenStream & { source: BatchSource };

/** A stream as its YAML would configure it. */
function open(variable: string, stream: object = {}, connector: object = {}): OpenBatches {
  const parsed = exchangeConnectorSchema.parse({
    kind: 'exchange',
    name: '市文化广电和旅游局',
    unit: '11320200014006462U',
    address: { env: variable },
    streams: [
      {
        id: 'permits',
        table: 'biz_permit',
        page: { size: 100 },
        status: {},
        consumed: { field: 'hub_flag', at: 'hub_time' },
        receipts: { table: 'biz_permit_error' },
        certificateType: { code: '11100000000013514R010', name: '娱乐经营许可证' },
        record: {
          key: 'LSH',
          updatedAt: 'dsc_biz_timestamp',
          fields: { issuerName: { constant: '市文旅局' }, issuerCode: { constant: '11320200014006462U' } },
        },
        ...stream,
      },
    ],
    ...connector,
  });
  const [only = assert.fail('no stream')] = parsed.streams;
  const opened = openStream({ ownKinds: new Map() }, { ...parsed, id: 'culture' }, only);
  return { ...opened, source: sourceBy('batches', opened.source) };
}

/** The batch after another, wanted up to an instant that is far from reached; or up to the given one. */
async function batchOf(
  source: BatchSource,
  before: BatchWindow | null = null,
  upToMs = Date.now() + 24 * HOUR_MS,
): Promise<BatchWindow> {
  const next = await source.nextBatch(before, { upToMs, known: () => Promise.resolve(new Map()) });
  return next.batch ?? assert.fail('no batch');
}

const committed = (pages: Page[], rejected: Committed['rejected'] = []): Committed => ({
  records: pages.reduce((sum, { records }) => sum + records.length, 0),
  positions: pages.flatMap(({ position }) => position ?? []),
  rejected,
});

async function candidate(create: () => Promise<Place>): Promise<Candidate & Pick<Place, 'rows'>> {
  const place = await create();
  await createTables(place);
  // Every operation on a record is a row; a third of the rows was consumed before.
  const all = Array.from({ length: 900 }, (_, index) => index);
  await insert(
    place,
    all.map((index) => operationRow(index * 3 + 1, numbered(index % 400), 'U', index % 3 === 0 ? 1 : 0)),
  );
  const opened = open(place.variable);
  return {
    ...opened,
    window: await batchOf(opened.source),
    away: place.away,
    rows: place.rows,
    keys: all
      .filter((index) => index % 3 !== 0)
      .map((index) => numbered(index % 400))
      .sort(),
    intruder: () => {
      provide('HUB_TEST_WRONG', 'wrong');
      return create === PLACES.SQLite
        ? open(place.variable, { table: 'biz_licence' }).source
        : open(place.variable, {}, { password: { env: 'HUB_TEST_WRONG' } }).source;
    },
    close: async () => {
      await opened.source.close?.();
      await place.close();
    },
  };
}

for (const [name, create] of Object.entries({ SQLite: PLACES.SQLite, MariaDB: PLACES.MariaDB })) {
  acceptance(
    `exchange · ${name}`,
    () => candidate(create),
    (subject) => {
      it('nothing of all this marks a row, or writes a receipt', async () => {
        const marks =
          'SELECT hub_flag AS flag, COUNT(*) AS n, COUNT(hub_time) AS timed FROM biz_permit GROUP BY hub_flag';
        assert.deepEqual(
          (await subject().rows(`${marks} ORDER BY hub_flag`)).map(({ flag, n, timed }) =>
            [flag, n, timed].map(Number),
          ),
          [
            [0, 600, 0],
            [1, 300, 0],
          ],
        );
        assert.deepEqual(await subject().rows('SELECT * FROM biz_permit_error'), []);
      });
    },
  );

  describe(`exchange beyond the suite · ${name}`, () => {
    let place: Place;
    before(async () => {
      place = await create();
    });
    beforeEach(() => createTables(place));
    after(() => place.close());

    const opened = (test: TestContext, stream: object = {}): OpenBatches => {
      const { source, ...rest } = open(place.variable, { page: { size: 4 }, ...stream });
      test.after(() => source.close?.());
      return { ...rest, source };
    };
    const numbers = async (where: string): Promise<number[]> =>
      (
        await place.rows(`SELECT dsc_biz_record_id AS id FROM biz_permit WHERE ${where} ORDER BY dsc_biz_record_id`)
      ).map(({ id }) => Number(id));

    it('acknowledge marks exactly the rows that were read', async (test) => {
      const { source } = opened(test);
      const ids = Array.from({ length: 10 }, (_, index) => 10 * index + 10);
      await insert(place, [
        ...ids.map((id) => operationRow(id, numbered(id), 'U')),
        operationRow(5, numbered(5), 'U', 1),
      ]);
      const batch = await batchOf(source);
      assert.deepEqual([batch.ordinal, batch.after, batch.next, batch.declared], [1, null, '100', 10]);
      const pages = await readAll({ source }, batch);
      await insert(place, [operationRow(15, numbered(15), 'U'), operationRow(110, numbered(110), 'U')]);
      assert.deepEqual(await numbers('hub_flag = 1'), [5]);
      await source.acknowledge(batch, committed(pages));
      assert.deepEqual(await numbers('hub_flag = 0'), [15, 110]);
      assert.deepEqual(await numbers('hub_time IS NOT NULL'), ids);
      const next = await batchOf(source, batch);
      assert.deepEqual([next.ordinal, next.after, next.declared], [2, '100', 2]);
      assert.deepEqual(
        (await readAll({ source }, next)).flatMap(({ records }) =>
          records.map((record) => Number((record as Row).dsc_biz_record_id)),
        ),
        [15, 110],
      );
    });

    it('an acknowledgement that came through in part is repeated to its end', async (test) => {
      const { source } = opened(test, { page: { size: 1000 } });
      await insert(
        place,
        Array.from({ length: 1200 }, (_, index) => operationRow(index, numbered(index), 'U')),
      );
      const batch = await batchOf(source);
      const pages = await readAll({ source }, batch);
      const [first] = pages;
      await source.acknowledge(batch, committed(first ? [first] : []));
      assert.equal((await numbers('hub_flag = 0')).length, 200);
      await source.acknowledge(batch, committed(pages));
      assert.deepEqual(await numbers('hub_flag <> 1'), []);
    });

    it('a rejected row has one receipt, however often it is acknowledged', async (test) => {
      const { source } = opened(test);
      await insert(
        place,
        [1, 2, 3, 4, 5, 6].map((id) => operationRow(id, numbered(id), 'U')),
      );
      await place.run("INSERT INTO biz_permit_error VALUES (99, 'of-another', 'kept', '2025-03-10')");
      const batch = await batchOf(source);
      const pages = await readAll({ source }, batch);
      const records = pages.flatMap((page) => page.records);
      const result = committed(pages, [
        {
          record: records[1],
          problems: [
            { rule: 'date-invalid', field: 'issuedOn', found: '张三 13800000000' },
            { rule: 'required-missing', field: 'number' },
          ],
        },
        { record: records[4], problems: [{ rule: 'wrong-type', field: 'name' }] },
      ]);
      for (let times = 0; times < 2; times++) await source.acknowledge(batch, result);
      const receipts = await place.rows(
        'SELECT record_id AS id, error_code, error_remark, created_at FROM biz_permit_error ORDER BY record_id',
      );
      assert.deepEqual(
        receipts.map(({ id, error_code, error_remark }) => [Number(id), error_code, error_remark]),
        [
          [2, 'date-invalid', 'issuedOn:日期不存在或不合理;number:必填项为空'],
          [5, 'wrong-type', 'name:类型不符'],
          [99, 'of-another', 'kept'],
        ],
      );
      assert.ok(receipts.every(({ created_at: at }) => typeof at === 'string'));
      assert.deepEqual(await numbers('hub_flag = 0'), []);
    });

    it('no receipt is written where no table is named, and check says so', async (test) => {
      const { source } = opened(test, { receipts: undefined });
      await insert(place, [operationRow(1, numbered(1), 'U')]);
      const batch = await batchOf(source);
      const pages = await readAll({ source }, batch);
      const [record] = pages[0]?.records ?? [];
      const rejected = [{ record, problems: [{ rule: 'wrong-type', field: 'name' } as const] }];
      await source.acknowledge(batch, committed(pages, rejected));
      assert.deepEqual(await place.rows('SELECT * FROM biz_permit_error'), []);
      assert.deepEqual(await numbers('hub_flag = 1'), [1]);
      assert.match((await source.check()).notes.join(), /no receipts table is named/);
    });

    for (const [inserts, updates, deletes] of [
      ['I', 'U', 'D'],
      ['insert', 'update', 'delete'],
    ] as const) {
      it(`takes ${inserts}, ${updates} and ${deletes}`, async (test) => {
        const { source, map } = opened(test, { page: { size: 100 } });
        await insert(place, [
          operationRow(1, 'A', inserts),
          operationRow(2, 'B', updates),
          operationRow(3, 'C', deletes),
          operationRow(4, 'A', deletes),
          operationRow(5, 'D', deletes),
          operationRow(6, 'D', inserts),
        ]);
        const [page = assert.fail('no page')] = await readAll({ source }, await batchOf(source));
        const mapped = map(page, { readAt: '2025-03-10T09:00:00+08:00' });
        assert.deepEqual(mapped.rejected, []);
        assert.deepEqual(
          mapped.deleted
            .filter(({ replaced }) => !replaced)
            .map(({ key }) => key)
            .sort(),
          ['A', 'C'],
        );
        const rows = JSON.parse(mapped.rows.toJson().toString()) as Row[];
        assert.deepEqual(
          rows.map(({ key, status }) => [key, status]),
          [
            ['A', 'valid'],
            ['B', 'valid'],
            ['D', 'valid'],
          ],
        );
        assert.deepEqual(rows[0]?.extension, {});
      });
    }

    it('open rows that did not match their count are not offered as another batch; with one more, or opened anew, they are', async (test) => {
      const { source } = opened(test);
      await insert(
        place,
        [1, 2, 3].map((id) => operationRow(id, numbered(id), 'U')),
      );
      const batch = await batchOf(source);
      const upToMs = Date.now() + 24 * HOUR_MS;
      const known = (ids: string[]) =>
        Promise.resolve(new Map(ids.filter((id) => id === batch.id).map((id) => [id, false])));
      assert.deepEqual(await source.nextBatch(null, { upToMs, known }), { batch: null, proven: [] });
      const done = (ids: string[]) => Promise.resolve(new Map(ids.map((id) => [id, true])));
      assert.equal((await source.nextBatch(null, { upToMs, known: done })).batch?.id, batch.id);
      await insert(place, [operationRow(4, numbered(4), 'U')]);
      const next = await source.nextBatch(null, { upToMs, known });
      assert.deepEqual([next.batch?.declared, next.batch?.next], [4, '4']);
    });

    it('takes no more than most rows as one batch, and proves what it has seen the end of', async (test) => {
      const { source, keyOf } = opened(test, { most: 6, lag: '1s' });
      await insert(
        place,
        Array.from({ length: 10 }, (_, index) => operationRow(index + 1, numbered(index), 'U')),
      );
      const first = await batchOf(source);
      assert.deepEqual([first.next, first.declared], ['6', 6]);
      const pages = await readAll({ source }, first);
      assert.deepEqual(
        keysOf({ keyOf }, pages),
        Array.from({ length: 6 }, (_, index) => numbered(index)),
      );
      await source.acknowledge(first, committed(pages));
      // A full batch proves nothing, even of a time long ago.
      const second = await batchOf(source, first, 0);
      assert.deepEqual([second.next, second.declared], ['10', 4]);
      await source.acknowledge(second, committed(await readAll({ source }, second)));
      const none = await source.nextBatch(second, {
        upToMs: Date.now() - HOUR_MS,
        known: () => Promise.resolve(new Map()),
      });
      assert.ok(none.batch === null);
      const [proof = assert.fail('nothing is proven')] = none.proven;
      assert.equal(fromMs(proof.window), 0);
      assert.ok(toMs(proof.window) <= Date.now() - 1000);
      assert.deepEqual(proof.window, timeWindow(0, toMs(proof.window)));
    });

    it('rows can be open by having no mark, and marked by a word', async (test) => {
      await place.run('ALTER TABLE biz_permit ADD COLUMN zt VARCHAR(10)');
      await place.run(`INSERT INTO biz_permit (dsc_biz_record_id, LSH, dsc_biz_operation, zt)
        VALUES (1, 'A', 'U', NULL), (2, 'B', 'U', '已取'), (3, 'C', 'U', NULL)`);
      const { source } = opened(test, { consumed: { field: 'zt', open: null, done: '已取' } });
      const batch = await batchOf(source);
      assert.equal(batch.declared, 2);
      await source.acknowledge(batch, committed(await readAll({ source }, batch)));
      assert.deepEqual(await numbers('zt IS NULL'), []);
    });

    it('numbers of rows beyond what a JavaScript number holds', async (test) => {
      const ids = [9007199254740992n, 9007199254740993n, 9007199254740994n, 9007199254740995n];
      await place.run(
        `INSERT INTO biz_permit (dsc_biz_record_id, LSH, hub_flag) VALUES ${ids.map((id) => `(${String(id)}, '${String(id)}', 0)`).join(', ')}`,
      );
      const { source, keyOf } = opened(test, { most: 3, page: { size: 1 } });
      const batch = await batchOf(source);
      assert.deepEqual([batch.next, batch.declared], [String(ids[2]), 3]);
      const pages = await readAll({ source }, batch);
      assert.deepEqual(keysOf({ keyOf }, pages), ids.slice(0, 3).map(String));
      await source.acknowledge(batch, committed(pages));
      const open = await place.rows('SELECT LSH FROM biz_permit WHERE hub_flag = 0');
      assert.deepEqual(open, [{ LSH: String(ids[3]) }]);
    });

    it('wrong names are told as a matter of configuration, by their names', async (test) => {
      await insert(place, [operationRow(1, 'A', 'U')]);
      for (const [stream, wrong] of [
        [{ table: 'biz_licence' }, /biz_licence/],
        [{ rowId: 'xh' }, /xh/],
        [{ consumed: { field: 'bz' } }, /bz/],
        [{ receipts: { table: 'biz_wrong' } }, /biz_wrong/],
      ] as const) {
        await assert.rejects(opened(test, stream).source.check(), (error) => {
          assert.ok(error instanceof HubError);
          assert.equal(error.kind, 'configuration', error.message);
          assert.match(error.message, wrong);
          return true;
        });
      }
      const { notes } = await opened(test, { operation: { field: 'cz' } }).source.check();
      assert.match(notes.join(), /the column cz is not there; the table has dsc_biz_record_id, dsc_biz_operation/);
    });
  });
}
