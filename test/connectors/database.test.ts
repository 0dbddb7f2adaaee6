import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import iconv from 'iconv-lite';
import { provide } from '../../settings/environment.ts';
import { databaseConnectorSchema, type DatabaseStreamConfig, type Scheme } from '../../settings/kinds/database.ts';
import { FROM_THE_START, type NextBatch, type OpenOptions, type Page, type Source } from '../../connectors/contract.ts';
import { openDepartmentDatabase, sqlWriter } from '../../connectors/database/connection.ts';
import { RowReader } from '../../connectors/database/rows.ts';
import { openStream, type OpenStream } from '../../connectors/registry.ts';
import { countOf, pagesOf, sourceBy } from '../../connectors/reading.ts';
import { CHECKS, keysOf, readAll, type SuiteSubject } from '../../connectors/examine/suite.ts';
import { shanghaiWallTime } from '../../domain/dates.ts';
import { HubError, type ErrorKind } from '../../domain/errors.ts';
import { fromMs, timeWindow, toMs, type BatchWindow } from '../../domain/collection/window.ts';
import { addressed, PLACES, type Place } from '../support/servers/source-databases.ts';
import { acceptance, type Candidate } from './acceptance.ts';

const EIGHT_MS = Date.parse('2025-03-10T08:00:00+08:00');
const HOUR_MS = 3_600_000;
const WINDOW = timeWindow(EIGHT_MS, EIGHT_MS + 4 * HOUR_MS);
const numbered = (letter: string, index: number): string => `${letter}${String(index).padStart(4, '0')}`;
const times = <T>(length: number, make: (index: number) => T): T[] => Array.from({ length }, (_, index) => make(index));

type Value = string | number | bigint | null;

/** Sevens of rows share an instant, two instants share a millisecond; neither ends where a page does. */
const ROWS: Value[][] = times(600, (index) => {
  const instant = Math.floor(index / 7);
  const time = shanghaiWallTime(EIGHT_MS + Math.floor(instant / 2) * 300_000);
  return [numbered('K', (index * 7919) % 600), `${time}.000${instant % 2 === 0 ? '100' : '900'}`, 10 * index + 10];
});
const KEYS = times(600, (index) => numbered('K', index));

const literal = (value: Value): string => (typeof value === 'string' ? `'${value}'` : String(value));
const insert = (place: Place, table: string, rows: Value[][]): Promise<unknown> =>
  place.run(`INSERT INTO ${table} VALUES ${rows.map((row) => `(${row.map(literal).join(', ')})`).join(', ')}`);

/** Puts a new table in the place of an old one. */
async function createTable(place: Place, table: string, columns: string, rows: Value[][]): Promise<void> {
  await place.run(`DROP TABLE IF EXISTS ${table}`);
  await place.run(`CREATE TABLE ${table} (${columns})`);
  await insert(place, table, rows);
}

const createCerts = (place: Place): Promise<void> =>
  createTable(place, 'certs', `id VARCHAR(20) PRIMARY KEY, updated ${place.time}, seq BIGINT`, ROWS);

/** A stream as its YAML would configure it. */
function open(variable: string, stream: object = {}, connector: object = {}, trace?: OpenOptions['trace']): OpenStream {
  const parsed = databaseConnectorSchema.parse({
    kind: 'database',
    name: '市自然资源和规划局',
    unit: '113202000140064541',
    address: { env: variable },
    streams: [
      {
        id: 'certs',
        table: 'certs',
        status: {},
        page: { size: 100 },
        record: { key: 'id', updatedAt: 'updated' },
        ...stream,
      },
    ],
    ...connector,
  });
  const [only = assert.fail('no stream')] = parsed.streams;
  return openStream({ ownKinds: new Map() }, { ...parsed, id: 'land' }, only, trace && { trace });
}

const following = (source: Source, before: BatchWindow | null, upToMs: number): Promise<NextBatch> =>
  sourceBy('batches', source).nextBatch(before, { upToMs, known: () => Promise.resolve(new Map()) });

/** The batch after another, wanted up to an instant that is far from reached; or up to the given one. */
async function batchAfter(
  source: Source,
  before: BatchWindow | null,
  upToMs = Date.now() + 24 * HOUR_MS,
): Promise<BatchWindow | null> {
  return (await following(source, before, upToMs)).batch;
}

async function candidate(create: () => Promise<Place>, stream: object = {}): Promise<Candidate> {
  const place = await create();
  await createCerts(place);
  const opened = open(place.variable, stream);
  const byBatches = opened.source.by === 'batches';
  const window = byBatches ? ((await batchAfter(opened.source, null)) ?? assert.fail('no batch')) : WINDOW;
  return {
    ...opened,
    window,
    keys: KEYS,
    away: place.away,
    intruder: () => {
      provide('HUB_TEST_WRONG', 'wrong');
      return create === PLACES.SQLite
        ? open(place.variable, { ...stream, table: 'permits' }).source
        : open(place.variable, stream, { password: { env: 'HUB_TEST_WRONG' } }).source;
    },
    close: async () => {
      await opened.source.close?.();
      await place.close();
    },
  };
}

for (const [name, create] of Object.entries(PLACES)) acceptance(`database · ${name}`, () => candidate(create));
acceptance('database · by sequence', () => candidate(PLACES.SQLite, { cursor: { sequence: 'seq' } }));
acceptance('database · snapshots', () => candidate(PLACES.SQLite, { cursor: 'snapshot', record: { key: 'id' } }));
acceptance('database · by time and sequence', () =>
  candidate(PLACES.SQLite, { cursor: { sequence: 'seq', within: 'time' } }),
);

const told = (kind: ErrorKind, text: RegExp) => (error: unknown) => {
  assert.ok(error instanceof HubError);
  assert.deepEqual([error.kind, error.cure === undefined], [kind, false], error.message);
  assert.match(error.message, text);
  return true;
};

const ONCE = 'the count is what a read delivers, and every record comes once';

/** What the suite asks, of a window other than the acceptance's; and that it delivers these keys. */
async function keeps(subject: SuiteSubject, keys: string[], checks = CHECKS): Promise<void> {
  for (const { applies, run } of checks) if (applies?.(subject) !== false) await run(subject);
  assert.deepEqual(keysOf(subject, await readAll(subject, subject.window)), [...keys].sort());
}

for (const [name, create] of Object.entries(PLACES)) {
  describe(`database beyond the suite · ${name}`, () => {
    let place: Place;
    before(async () => {
      place = await create();
    });
    after(() => place.close());

    const opened = (test: TestContext, stream: object = {}): SuiteSubject => {
      const { source, ...rest } = open(place.variable, stream);
      test.after(() => source.close?.());
      return { ...rest, source, window: WINDOW };
    };
    const byTime = (rows: Value[][]): Promise<void> =>
      createTable(place, 'certs', `id VARCHAR(20), updated ${place.time}`, rows);
    const at = (index: number, rest = ''): string => `${shanghaiWallTime(EIGHT_MS + index * 1000)}${rest}`;

    it('rows that change while a window is read are neither lost nor doubled once it is read again', async (test) => {
      await createCerts(place);
      const subject = opened(test, { page: { size: 20 } });
      const [read, unread, removed] = [20, 580, 590].map((index) => String(ROWS[index]?.[0]));
      const later = timeWindow(toMs(WINDOW), toMs(WINDOW) + HOUR_MS);
      const pages: Page[] = [];
      for await (const page of pagesOf(subject.source, WINDOW, FROM_THE_START, new AbortController().signal)) {
        pages.push(page);
        if (page.number !== 1) continue;
        await place.run(`UPDATE certs SET updated = '${at(14_399)}' WHERE id = '${String(read)}'`);
        await place.run(`UPDATE certs SET updated = '${at(14_400)}' WHERE id = '${String(unread)}'`);
        await place.run(`DELETE FROM certs WHERE id = '${String(removed)}'`);
        await insert(place, 'certs', [['NEW', at(1), 1]]);
      }
      const during = keysOf(subject, pages);
      assert.deepEqual(
        [read, unread, removed, 'NEW'].map((key) => during.filter((other) => other === key).length),
        [2, 0, 0, 0],
      );
      assert.deepEqual(
        keysOf(subject, await readAll(subject, WINDOW)),
        [...KEYS, 'NEW'].filter((key) => key !== unread && key !== removed).sort(),
      );
      assert.deepEqual(keysOf(subject, await readAll(subject, later)), [unread]);
    });

    it('more rows of one instant than are fetched at once', async (test) => {
      await byTime(times(130, (index) => [numbered('K', (index * 37) % 130), at(5, '.123456')]));
      await keeps(opened(test, { page: { size: 7 } }), KEYS.slice(0, 130));
    });

    it('the same key again and again, at one instant and at others', async (test) => {
      const rows = times(120, (index) => [numbered('K', index % 3), at(Math.floor(index / 100), '.000001')]);
      await byTime(rows);
      await keeps(
        opened(test, { page: { size: 10 } }),
        rows.map(([key]) => String(key)),
        CHECKS.filter(({ name: check }) => check !== ONCE),
      );
      const once = CHECKS.find(({ name: check }) => check === ONCE);
      await assert.rejects(
        async () => once?.run(opened(test)),
        /keys that came twice: found 3 \(K0000, K0001, K0002\)/,
      );
    });

    it('a window holds its first instant and not its end, to the microsecond', async (test) => {
      await byTime([
        ['before', '2025-03-10 07:59:59.999999'],
        ['first', '2025-03-10 08:00:00.000000'],
        ['last', '2025-03-10 11:59:59.999999'],
        ['after', '2025-03-10 12:00:00.000000'],
      ]);
      await keeps(opened(test), ['first', 'last']);
    });

    it('a window can end within a second', async (test) => {
      await byTime(times(10, (index) => [numbered('K', index), at(0, `.${index}00000`)]));
      const subject = opened(test);
      const parts = [0, 300, 1000].map((ms, index, all) => timeWindow(EIGHT_MS + (all[index - 1] ?? 0), EIGHT_MS + ms));
      const keys = await Promise.all(parts.map(async (part) => keysOf(subject, await readAll(subject, part))));
      assert.deepEqual(keys, [[], KEYS.slice(0, 3), KEYS.slice(3, 10)]);
    });

    it('rows without a key are delivered as they are, and take no other with them', async (test) => {
      await byTime(times(60, (index) => [index % 3 === 0 ? null : numbered('K', index), at(Math.floor(index / 20))]));
      const keys = times(60, (index) => (index % 3 === 0 ? '(none)' : numbered('K', index)));
      await keeps(opened(test, { page: { size: 1 } }), keys);
    });

    it('reads a query in the place of a table', async (test) => {
      await createCerts(place);
      const query = "SELECT id AS zzbh, updated AS gxsj FROM certs\nWHERE id < 'K0300' -- the old ones\n;\n";
      await keeps(opened(test, { table: undefined, query, record: { key: 'zzbh', updatedAt: 'gxsj' } }), [
        ...KEYS.slice(0, 300),
      ]);
    });

    it('reads times that are text or numbers', async (test) => {
      const instants = times(60, (index) => EIGHT_MS + Math.floor(index / 7) * 1000);
      const forms: [string, string, (ms: number) => Value][] = [
        ['compact', 'CHAR(14)', (ms) => shanghaiWallTime(ms).replace(/\D/g, '')],
        ['datetime', 'VARCHAR(19)', shanghaiWallTime],
        ['date-time-ms', 'VARCHAR(23)', (ms) => `${shanghaiWallTime(ms)}.000`],
        ['iso', 'VARCHAR(25)', (ms) => `${shanghaiWallTime(ms).replace(' ', 'T')}+08:00`],
        ['epoch-ms', 'BIGINT', (ms) => ms],
        ['epoch-s', 'BIGINT', (ms) => ms / 1000],
      ];
      for (const [timeFormat, type, write] of forms) {
        const rows = instants.map((ms, index) => [numbered('K', (index * 7) % 60), write(ms)]);
        await createTable(place, 'certs', `id VARCHAR(20), updated ${type}`, rows);
        await test.test(timeFormat, (inner) =>
          keeps(opened(inner, { timeFormat, page: { size: 3 } }), KEYS.slice(0, 60)),
        );
      }
    });

    it('check names rows without a time', async (test) => {
      await byTime([
        ['a', at(1)],
        ['b', null],
        ['c', null],
      ]);
      const { notes } = await opened(test).source.check();
      assert.match(notes.join(), /2 rows have no value in updated: no window will ever hold them/);
      await byTime([['a', at(1)]]);
      assert.deepEqual((await opened(test).source.check()).notes, []);
    });

    it('rows that no window reaches are counted: without a time, before any, or ahead', async (test) => {
      const beyond = async (rows: Value[][]): Promise<number | undefined> => {
        await byTime(rows);
        return sourceBy('windows', opened(test).source).beyond?.();
      };
      const sound: Value[][] = [
        ['a', at(1)],
        ['b', at(2)],
      ];
      assert.equal(await beyond(sound), 0);
      const ahead = `${Number(at(1).slice(0, 4)) + 60}${at(1).slice(4)}`;
      assert.equal(await beyond([...sound, ['c', null], ['d', `1970-01-01${at(1).slice(10)}`], ['e', ahead]]), 3);
    });

    it('times that are text are refused where they are written in several forms, and counted as out of reach', async (test) => {
      const day = at(1).slice(0, 10);
      const spellings = [
        `${day} 10:00:00`,
        `${day.replaceAll('-', '/')} 11:00:00`,
        `${day}T12:00:00`,
        `${day.replaceAll('-', '')}130000`,
        ` ${day} 14:00:00`,
        `${day} 9:05:00`,
      ];
      const others: Value[] = ['', null, '昨天'];
      const fill = (values: Value[]): Promise<void> =>
        createTable(
          place,
          'certs',
          'id VARCHAR(20), updated VARCHAR(30)',
          values.map((value, index) => [numbered('K', index), value]),
        );
      await fill([...spellings, ...others]);
      const subject = opened(test, { timeFormat: 'datetime' });
      const cure = (error: unknown): boolean =>
        error instanceof HubError && (error.cure?.en ?? '').includes('use a query that makes it a column of times');
      await assert.rejects(
        subject.source.check(),
        (error) =>
          told('configuration', /6 rows have a updated that is not written as timeFormat: datetime says/)(error) &&
          cure(error),
      );
      assert.equal(await sourceBy('windows', subject.source).beyond?.(), 8);
      if (name !== 'SQLite' && name !== 'MariaDB')
        // The server compares no text with a time.
        await assert.rejects(opened(test).source.check(), told('configuration', /42883/));
      else
        await assert.rejects(
          opened(test).source.check(),
          told('configuration', /is not written as timeFormat: native says/),
        );
      // What is no time at all does not make the others wrong.
      await fill([`${day} 10:00:00`, ...others]);
      const { notes } = await opened(test, { timeFormat: 'datetime' }).source.check();
      assert.deepEqual(notes, [
        '1 rows have no value in updated: no window will ever hold them, ask the department to fill it',
        '2 rows have a time that is none, or lies ahead: no window holds them, ask the department to correct it',
      ]);
    });

    it('the times of a table are looked at once for its check', async (test) => {
      await createCerts(place);
      const asked: string[] = [];
      const { source } = open(place.variable, {}, {}, ({ request }) => asked.push(request));
      test.after(() => source.close?.());
      const { count, records, notes } = await source.check();
      assert.deepEqual([count, records, notes], [0, 0, []]);
      assert.equal(asked.filter((request) => /count\(/i.test(request)).length, 1);
    });

    it('numbers keep their digits', async (test) => {
      const decimal = name === 'SQLite' ? 'TEXT' : 'DECIMAL(30, 4)';
      await createTable(place, 'certs', `id BIGINT, amount ${decimal}, updated ${place.time}`, [
        [9007199254740993n, '12345678901234567890.1230', at(1)],
        [9007199254740992n, '0.1000', at(1)],
        [-1, '-5.0000', at(2)],
      ]);
      const subject = opened(test, { page: { size: 1 } });
      const records = (await readAll(subject, WINDOW)).flatMap((page) => page.records as Record<string, unknown>[]);
      assert.deepEqual(
        records.map(({ id, amount }) => [String(id), amount]),
        [
          ['9007199254740992', '0.1000'],
          ['9007199254740993', '12345678901234567890.1230'],
          ['-1', '-5.0000'],
        ],
      );
    });

    it('binary columns are left out', async (test) => {
      const type = name === 'PostgreSQL' ? 'BYTEA' : 'BLOB';
      await createTable(place, 'certs', `id VARCHAR(20), photo ${type}, updated ${place.time}`, [['a', 'x', at(1)]]);
      if (name === 'SQLite') await place.run("UPDATE certs SET photo = x'00ff'");
      const [page] = await readAll(opened(test), WINDOW);
      assert.deepEqual(
        page?.records.map((record) => Object.keys(record as object)),
        [['id', 'updated']],
      );
    });

    it('a sequence beyond what a JavaScript number holds', async (test) => {
      const first = 9007199254740980n;
      const rows = times(40, (index) => [numbered('K', index), first + BigInt(index)]);
      await createTable(place, 'certs', 'id VARCHAR(20), seq BIGINT', rows);
      const subject = opened(test, { cursor: { sequence: 'seq' }, most: 14, page: { size: 2 }, record: { key: 'id' } });
      const ends: string[] = [];
      for (let batch = await batchAfter(subject.source, null); batch; batch = await batchAfter(subject.source, batch)) {
        await keeps({ ...subject, window: batch }, KEYS.slice(14 * ends.length, Math.min(14 * (ends.length + 1), 40)));
        ends.push(batch.next);
      }
      assert.deepEqual(
        ends,
        [13n, 27n, 39n].map((index) => String(first + index)),
      );
    });

    it('a sequence is proven up to the moment at which its end was reached', async (test) => {
      await createTable(
        place,
        'certs',
        'id VARCHAR(20), seq BIGINT',
        times(5, (index) => [numbered('K', index), index]),
      );
      const { source } = opened(test, { cursor: { sequence: 'seq' }, most: 3, lag: '1s', record: { key: 'id' } });
      const first = await batchAfter(source, null);
      // A full batch proves nothing, even of a time long ago.
      const batch = await batchAfter(source, first, 0);
      assert.deepEqual([first?.next, batch?.next], ['2', '4']);
      const beforeMs = Date.now() - 60_000;
      const none = await following(source, batch, beforeMs);
      assert.ok(none.batch === null);
      const [proof] = none.proven;
      assert.deepEqual([none.proven.length, proof && fromMs(proof.window)], [1, 0]);
      assert.ok(proof && toMs(proof.window) >= beforeMs && toMs(proof.window) <= Date.now() - 1000);
    });

    it('late commits behind the end of a sequence come in with its overlap', async (test) => {
      const columns = 'id VARCHAR(20), seq BIGINT';
      const rows = times(100, (index) => [numbered('K', index), index * 2]);
      const stream = { cursor: { sequence: 'seq' }, page: { size: 4 }, record: { key: 'id' } };
      const second = async (subject: SuiteSubject): Promise<SuiteSubject> => {
        await createTable(place, 'certs', columns, rows);
        const first = await batchAfter(subject.source, null);
        await insert(place, 'certs', [
          ['LATE', 191],
          ['NEW', 300],
        ]);
        return { ...subject, window: (await batchAfter(subject.source, first)) ?? assert.fail('no batch') };
      };
      await keeps(await second(opened(test, stream)), ['NEW']);
      const overlapping = await second(opened(test, { ...stream, overlap: '20rows' }));
      await keeps(overlapping, [...KEYS.slice(90, 100), 'LATE', 'NEW']);
    });

    it('a snapshot is wanted once for each instant', async (test) => {
      await createCerts(place);
      const { source } = opened(test, { cursor: 'snapshot', record: { key: 'id' } });
      const first = (await batchAfter(source, null)) ?? assert.fail('no snapshot');
      assert.deepEqual([first.ordinal, first.after, first.declared], [1, null, 600]);
      const takenMs = Date.parse(first.next);
      assert.deepEqual(await following(source, first, takenMs), {
        batch: null,
        proven: [{ window: timeWindow(0, takenMs), batch: first.id }],
      });
      const old = { ...first, next: '2025-03-10T08:00:00+08:00' };
      const second = await batchAfter(source, old, EIGHT_MS + HOUR_MS);
      assert.deepEqual([second?.ordinal, second?.after, second?.declared], [2, old.next, 600]);
    });

    it('wrong names are told as a matter of configuration, by their names', async (test) => {
      await createCerts(place);
      const wrong: [object, RegExp][] = [
        [{ table: 'certificates' }, /certificates/],
        [{ record: { key: 'zzbh', updatedAt: 'updated' } }, /zzbh/],
        [{ record: { key: 'id', updatedAt: 'gxsj' } }, /gxsj/],
        [{ cursor: { sequence: 'xh' } }, /xh/],
        [{ table: undefined, query: 'SELECT id, updated FROM certificates' }, /certificates/],
      ];
      for (const [stream, name] of wrong)
        await assert.rejects(opened(test, stream).source.check(), told('configuration', name));
    });

    it('says of a key that no row has, and of a table without rows, that it is so', async (test) => {
      await createCerts(place);
      const stream = { cursor: { sequence: 'seq' }, record: { key: 'zzbh' } };
      const { notes } = await opened(test, stream).source.check();
      assert.match(notes.join(), /the column zzbh is not there; the table has id, updated, seq/);
      await place.run('DELETE FROM certs');
      assert.match((await opened(test).source.check()).notes.join(), /the table has no rows/);
    });

    if (name === 'SQLite') {
      it('a file that is not there is told, and not made', async (test) => {
        const file = join(tmpdir(), `nothing-${randomBytes(6).toString('hex')}.db`);
        test.after(() => rmSync(file, { force: true }));
        const { source } = open(addressed(`sqlite:${file}`));
        await assert.rejects(source.check(), told('configuration', /./));
        await source.close?.();
        assert.equal(existsSync(file), false);
      });
      return;
    }

    it('the session refuses to write', async (test) => {
      await createTable(place, 'written', 'n INT', [[0]]);
      await place.run(
        name === 'PostgreSQL'
          ? 'CREATE FUNCTION write_it() RETURNS INT LANGUAGE sql AS $$ INSERT INTO written VALUES (1) RETURNING n $$'
          : 'CREATE FUNCTION write_it() RETURNS INT MODIFIES SQL DATA BEGIN INSERT INTO written VALUES (1); RETURN 1; END',
      );
      const stream = { cursor: 'snapshot', table: undefined, record: { key: 'id' } };
      const query = 'SELECT write_it() AS id';
      await assert.rejects(opened(test, { ...stream, query }).source.check(), told('configuration', /read.only/i));
      if (name === 'PostgreSQL') {
        const modifying = 'WITH gone AS (DELETE FROM written RETURNING n) SELECT n AS id FROM gone';
        await assert.rejects(
          opened(test, { ...stream, query: modifying }).source.check(),
          told('configuration', /data-modifying/),
        );
      }
      await createTable(place, 'certs', 'id INT', [[1]]);
      const { source } = opened(test, { cursor: 'snapshot', table: 'written', record: { key: 'n' } });
      assert.equal((await source.check()).count, 1);
    });

    it('a column of days is delivered once, however a day is cut', async (test) => {
      const days = ['2025-03-09', '2025-03-10', '2025-03-11'];
      const rows = times(90, (index) => [numbered('K', index), days[index % 3] ?? null]);
      await createTable(place, 'certs', 'id VARCHAR(20), updated DATE', rows);
      const subject = opened(test, { page: { size: 4 } });
      const startMs = Date.parse('2025-03-10T00:00:00+08:00');
      const day = { ...subject, window: timeWindow(startMs, startMs + 24 * HOUR_MS) };
      await keeps(
        day,
        rows.filter(([, date]) => date === days[1]).map(([key]) => String(key)),
      );
      assert.equal(await countOf(subject.source, WINDOW), 0);
    });

    it('a column of instants with a zone goes by Shanghai time', async (test) => {
      const type = name === 'PostgreSQL' ? 'TIMESTAMPTZ' : 'TIMESTAMP(6) NULL';
      const zone = name === 'PostgreSQL' ? "SET TIME ZONE 'UTC'" : "SET time_zone = '+00:00'";
      await createTable(place, 'certs', `id VARCHAR(20), updated ${type}`, [['x', null]]);
      const values = times(40, (index) => `('${numbered('K', index)}', '2025-03-10 00:00:0${index % 10}.5')`);
      await place.run(`${zone}; DELETE FROM certs; INSERT INTO certs VALUES ${values.join(', ')}`);
      await keeps(opened(test, { page: { size: 3 } }), KEYS.slice(0, 40));
    });

    it('numbers within JSON keep their digits', async (test) => {
      const json = '{"n": 9007199254740993, "few": 1.5}';
      await createTable(place, 'certs', `id VARCHAR(20), holder JSON, updated ${place.time}`, [['a', json, at(1)]]);
      const [page] = await readAll(opened(test), WINDOW);
      const [record] = (page?.records ?? []) as { holder: unknown }[];
      assert.deepEqual(record?.holder, { n: '9007199254740993', few: 1.5 });
    });

    if (name === 'PostgreSQL') {
      it('dates are ISO, whatever the database likes better', async (test) => {
        await byTime([['a', at(1, '.5')]]);
        await place.run(
          "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET datestyle = German', current_database()); END $$",
        );
        const subject = opened(test);
        const [page] = await readAll(subject, WINDOW);
        await place.run("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET datestyle', current_database()); END $$");
        assert.deepEqual(page?.records, [{ id: 'a', updated: '2025-03-10 08:00:01.5' }]);
      });
      return;
    }

    it('keys that the database holds to be equal', async (test) => {
      const words = ['a1', 'A1', 'ａ1', 'e1', 'é1', 'É1', 'strasse', 'STRASSE', 'か1', 'カ1', '证1', '證1'];
      for (const collation of ['utf8mb4_general_ci', 'utf8mb4_unicode_ci', 'utf8mb4_bin']) {
        await place.run('DROP TABLE IF EXISTS certs');
        await place.run(`CREATE TABLE certs (id VARCHAR(20), updated DATETIME(6)) COLLATE ${collation}`);
        await insert(
          place,
          'certs',
          words.map((word) => [word, at(1)]),
        );
        for (const size of [1, 2]) {
          await test.test(`${collation}, pages of ${size}`, (inner) => keeps(opened(inner, { page: { size } }), words));
        }
        await test.test(`${collation}, snapshot`, async (inner) => {
          const subject = opened(inner, { cursor: 'snapshot', page: { size: 1 }, record: { key: 'id' } });
          await keeps({ ...subject, window: (await batchAfter(subject.source, null)) ?? assert.fail('none') }, words);
        });
      }
    });
  });
}

describe('values that a database writes in its own way', () => {
  const COLUMNS = {
    number: 'no',
    holderName: 'name',
    holderCode: 'code',
    holderCodeType: 'kind',
    issuedOn: 'd1',
    expiresOn: 'd2',
  };
  const STREAM = {
    certificateType: { code: '11100000000013338W011', name: '建筑工程施工许可证' },
    record: { key: 'id', updatedAt: 'updated', fields: COLUMNS },
  };
  const CODE = '320200199001011235';

  /** The rows that a table gives, by key: name of the holder, days, and the rules that flag or reject it. */
  async function taken(test: TestContext, place: Place, connector: object = {}): Promise<unknown[]> {
    const opened = open(place.variable, STREAM, connector);
    test.after(async () => {
      await opened.source.close?.();
      await place.close();
    });
    const pages = await readAll(opened, WINDOW);
    return pages.flatMap((page) => {
      const { rows, rejected } = opened.map(page, { readAt: '2025-03-10T12:00:00+08:00' });
      const made = JSON.parse(rows.toJson().toString()) as Record<string, unknown>[];
      return [
        ...made.map(({ key, holders, issuedOn, expiresOn, longTerm, flags }) => [
          key,
          (holders as { name: string }[])[0]?.name,
          issuedOn,
          longTerm === true ? '长期' : expiresOn,
          ((flags ?? []) as { rule: string; field: string }[]).map(({ rule, field }) => `${rule} ${field}`).join(),
        ]),
        ...rejected.map(({ key, problems }) => [key, problems.map(({ rule, field }) => `${rule} ${field}`).join()]),
      ];
    });
  }

  it('PostgreSQL: infinity is no end, with a remark; a time with a zone is read to the microsecond', async (test) => {
    const place = await PLACES.PostgreSQL();
    await place.run(
      'CREATE TABLE certs (id text, no text, name text, code text, kind text, d1 date, d2 date, updated timestamptz)',
    );
    await place.run(`INSERT INTO certs VALUES
      ('a', 'N1', '张三', '${CODE}', '111', '2025-03-01', 'infinity', '2025-03-10 09:00:00.123456+08'),
      ('b', 'N2', '李四', '${CODE}', '111', '2025-03-01', '-infinity', '2025-03-10 09:00:01+08'),
      ('c', 'N3', '王五', '${CODE}', '111', 'infinity', '2029-01-01', '2025-03-10 09:00:02+08')`);
    assert.deepEqual(await taken(test, place), [
      ['a', '张三', '2025-03-01', '长期', 'no-day expiresOn'],
      ['b', '李四', '2025-03-01', null, 'no-day expiresOn'],
      ['c', 'date-invalid issuedOn'],
    ]);
  });

  describe('MariaDB', () => {
    const create = async (charset: string): Promise<Place> => {
      const place = await PLACES.MariaDB();
      await place.run(
        `CREATE TABLE certs (id varchar(20), no varchar(60) CHARACTER SET utf8mb4, name varchar(60), code varchar(20), kind char(3), d1 date, d2 date, updated datetime) CHARSET ${charset}`,
      );
      return place;
    };
    const hex = (text: string): string => `x'${iconv.encode(text, 'gbk').toString('hex')}'`;
    const row = (id: string, name: string, d2 = "'2029-01-01'"): string =>
      `('${id}', '锡园${id}', ${name}, '${CODE}', '111', '2025-03-01', ${d2}, '2025-03-10 09:00:00')`;

    it('day zero is none with a remark', async (test) => {
      const place = await create('utf8mb4');
      await place.run(`SET sql_mode = ''; INSERT INTO certs VALUES ${row('a', "'张三'", "'0000-00-00'")}`);
      assert.deepEqual(await taken(test, place), [['a', '张三', '2025-03-01', null, 'no-day expiresOn']]);
    });

    it('bytes of GBK in columns of latin1 are flagged, and read as what they are where the connector says so', async (test) => {
      const place = await create('latin1');
      await place.run(
        `INSERT INTO certs VALUES ${row('a', hex('张三'))}, ${row('b', hex('锡〔某〕'))}, ${row('c', "'Li Si'")}`,
      );
      const found = (await taken(test, { ...place, close: () => Promise.resolve() }, { charset: 'gbk' })) as string[][];
      assert.deepEqual(
        found.map(([key, name, , , rules]) => [key, name, rules]),
        [
          ['a', '张三', ''],
          ['b', '锡〔某〕', ''],
          ['c', 'Li Si', ''],
        ],
      );
      const unread = (await taken(test, place)) as string[][];
      assert.deepEqual(
        unread.map(([, , , , rules]) => rules),
        ['mojibake holders[0].name', 'mojibake holders[0].name', ''],
      );
    });
  });

  it('a character set of another server, and a parameter that would be ignored, are refused', () => {
    for (const [address, connector, words] of [
      ['postgres://hub@127.0.0.1/certs', { charset: 'gbk' as const }, /charset: it is for mysql and mariadb/],
      ['mysql://hub@127.0.0.1/certs?charset=gbk', {}, /found the parameter charset/],
      ['postgres://hub@127.0.0.1/certs?application=x', {}, /found the parameter application/],
    ] as const)
      assert.throws(
        () =>
          openDepartmentDatabase({ id: 'land', address: { env: addressed(address) }, ...connector }, { write: false }),
        told('configuration', words),
      );
  });
});

describe('database servers that are not here', () => {
  const range = { fromMs: EIGHT_MS, toMs: EIGHT_MS + HOUR_MS };
  const place = { at: '2025-03-10 08:30:00.1234567', keys: ['K1'] };
  const stream = { table: 'dbo.certs', cursor: 'time', timeFormat: 'native', record: { key: 'ID', updatedAt: 'GXSJ' } };
  const writer = (scheme: Scheme, change: object = {}) => {
    const { knex, dialect } = sqlWriter(scheme);
    const reader = new RowReader({ ...stream, ...change } as unknown as DatabaseStreamConfig, dialect);
    return {
      count: reader.count(knex, range).toSQL().toNative().sql,
      second: reader.page(knex, range, place, 500).toSQL().toNative(),
    };
  };

  it('SQL Server', () => {
    const { count, second } = writer('sqlserver');
    assert.equal(
      count,
      'select count(*) as [n] from [dbo].[certs] as [hub_source] where [GXSJ] >= CAST(@p0 AS datetime2) and [GXSJ] < CAST(@p1 AS datetime2)',
    );
    assert.equal(
      second.sql,
      'select top (@p0) [hub_source].*, CONVERT(varchar(33), CAST([GXSJ] AS datetime2), 121) AS [hub_at] from [dbo].[certs] as [hub_source] ' +
        'where [GXSJ] < CAST(@p1 AS datetime2) and [ID] is not null and [GXSJ] >= CAST(@p2 AS datetime2) ' +
        'and ([GXSJ] > CAST(@p3 AS datetime2) or ([GXSJ] = CAST(@p4 AS datetime2) and [ID] >= @p5)) order by [GXSJ] asc, [ID] asc',
    );
    assert.deepEqual(second.bindings, [501, '2025-03-10 09:00:00', place.at, place.at, place.at, 'K1']);
  });

  for (const scheme of ['oracle', 'dameng'] as const) {
    it(scheme, () => {
      const time = (index: number): string => `TO_TIMESTAMP(:${index}, 'YYYY-MM-DD HH24:MI:SS.FF')`;
      const { count, second } = writer(scheme);
      assert.equal(
        count,
        `select count(*) "n" from "dbo"."certs" "hub_source" where "GXSJ" >= ${time(1)} and "GXSJ" < ${time(2)}`,
      );
      assert.equal(
        second.sql,
        `select * from (select "hub_source".*, TO_CHAR(CAST("GXSJ" AS TIMESTAMP), 'YYYY-MM-DD HH24:MI:SS.FF9') AS "hub_at" ` +
          `from "dbo"."certs" "hub_source" where "GXSJ" < ${time(1)} and "ID" is not null and "GXSJ" >= ${time(2)} ` +
          `and ("GXSJ" > ${time(3)} or ("GXSJ" = ${time(4)} and "ID" >= :5)) order by "GXSJ" asc, "ID" asc) where rownum <= :6`,
      );
      assert.deepEqual(second.bindings, ['2025-03-10 09:00:00', place.at, place.at, place.at, 'K1', 501]);
    });
  }

  it('a query bears the alias by which its columns are asked', () => {
    const change = { table: undefined, query: 'SELECT * FROM certs' };
    assert.match(
      writer('oracle', change).second.sql,
      /"hub_source"\.\*.* from \(SELECT \* FROM certs\s*\) "hub_source" /,
    );
    assert.match(
      writer('sqlserver', change).second.sql,
      /\[hub_source\]\.\*.* from \(SELECT \* FROM certs\s*\) \[hub_source\] /,
    );
  });

  it('no page is asked for by OFFSET', () => {
    for (const scheme of ['postgres', 'mysql', 'sqlserver', 'oracle', 'dameng', 'sqlite'] as const)
      assert.doesNotMatch(writer(scheme).second.sql, /offset/i);
  });

  it('a driver that is not installed is named', () => {
    for (const [scheme, driver] of [
      ['sqlserver', 'tedious'],
      ['oracle', 'oracledb'],
      ['dameng', 'dmdb'],
    ]) {
      const address = `${String(scheme)}://hub@127.0.0.1/certs`;
      assert.throws(
        () => openDepartmentDatabase({ id: 'land', address }, { write: false }),
        (error) =>
          error instanceof HubError &&
          error.kind === 'configuration' &&
          error.message === `${String(scheme)}: the package ${String(driver)} is not installed` &&
          error.cure?.en.startsWith('npm install it;') === true,
      );
    }
  });

  it('an address without a scheme, a host or a set variable is told without showing it', () => {
    const opening = (address: string) => () =>
      openDepartmentDatabase({ id: 'land', address: { env: addressed(address) } }, { write: false });
    for (const address of ['hub:geheim@host/certs', 'mysql://hub:geheim@[host/certs']) {
      assert.throws(opening(address), told('configuration', /^land: address: found no address of a database/));
      assert.throws(opening(address), (error: Error) => !error.message.includes('geheim'));
    }
    assert.throws(
      () => openDepartmentDatabase({ id: 'land', address: { env: 'HUB_TEST_UNSET' } }, { write: false }),
      told('configuration', /HUB_TEST_UNSET is not set/),
    );
  });
});
