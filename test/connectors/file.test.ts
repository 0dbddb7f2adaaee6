import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { mkdirSync, renameSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import iconv from 'iconv-lite';
import { utils, write } from 'xlsx';
import yazl from 'yazl';
import { provide } from '../../settings/environment.ts';
import {
  fileConnectorSchema,
  formatOf,
  type FileConnectorConfig,
  type FileStreamConfig,
} from '../../settings/kinds/file.ts';
import type { BatchSource, NextBatch, Page } from '../../connectors/contract.ts';
import { file } from '../../connectors/file/index.ts';
import { openPlace } from '../../connectors/file/places.ts';
import { compileMapping } from '../../connectors/mapping/compile.ts';
import { sourceBy } from '../../connectors/reading.ts';
import { parsed } from '../support/parsed.ts';
import { readAll } from '../../connectors/examine/suite.ts';
import { addDays, shanghaiDate, startOfDayMs } from '../../domain/dates.ts';
import { HubError, type ErrorKind } from '../../domain/errors.ts';
import { timeWindow, type BatchWindow } from '../../domain/collection/window.ts';
import { eventually } from '../support/eventually.ts';
import { freePorts } from '../support/ports.ts';
import { SftpServer } from '../support/servers/sftp.ts';
import { acceptance, type Candidate } from './acceptance.ts';

/** Everything that the tests and the connector put down for a while. */
const TEMP = mkdtempSync(join(tmpdir(), 'file-test-'));
provide('TMPDIR', TEMP);
after(() => rmSync(TEMP, { recursive: true, force: true }));

const FIXTURES = join(import.meta.dirname, '../files');
const fixture = (name: string): Buffer => readFileSync(join(FIXTURES, name));

const NAMES = ['流水号', '证书编号', '持证人', '证件号码', '证件类型', '发证日期', '更新时间'];
const HEADER = `${NAMES.join(',')}\n`;
const pad = (value: number, width = 2): string => String(value).padStart(width, '0');

/** The records that the files of 600 have, counted from 1. */
function cellsOf(n: number): string[] {
  const key = pad(n, 6);
  const at = `2026-11-20 ${pad(9 + Math.floor(n / 3600))}:${pad(Math.floor(n / 60) % 60)}:${pad(n % 60)}`;
  return [key, `锡教${key}`, `持证人${key}`, `E00${key}`, '414', `2026-11-${pad((n % 28) + 1)}`, at];
}
const csvRows = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, index) => `${cellsOf(from + index).join(',')}\n`).join('');
const csv = (to: number): string => HEADER + csvRows(1, to);
const jsonRow = (n: number): string =>
  `${JSON.stringify(Object.fromEntries(NAMES.map((name, index) => [name, cellsOf(n)[index]])))}\n`;
const jsonl = (to: number): string => Array.from({ length: to }, (_, index) => jsonRow(index + 1)).join('');
const KEYS = Array.from({ length: 600 }, (_, index) => pad(index + 1, 6));

interface Opened {
  connector: FileConnectorConfig;
  stream: FileStreamConfig;
  source: BatchSource;
}

const FIELDS = {
  number: '证书编号',
  holderName: '持证人',
  holderCode: '证件号码',
  holderCodeType: '证件类型',
  issuedOn: '发证日期',
};

/** A source made from what a YAML file would say. */
function opened(address: string, stream: Record<string, unknown>, connector: Record<string, unknown> = {}): Opened {
  const connectorRead = parsed(fileConnectorSchema, {
    name: '市教育局',
    unit: '11320200014006470N',
    kind: 'file',
    address,
    ...connector,
    streams: [
      {
        id: 'permits',
        status: {},
        certificateType: { code: '11100000000013530F002', name: '教师资格证书' },
        record: { key: '流水号', updatedAt: '更新时间', fields: FIELDS },
        ...stream,
      },
    ],
  });
  const whole = { ...connectorRead, id: 'drop' };
  const [first = assert.fail('no stream')] = whole.streams;
  return { connector: whole, stream: first, source: sourceBy('batches', file.open(whole, first)) };
}

/** What follows; throws what makes a file unreadable where nothing does. */
async function nextOf(source: BatchSource, known: string[] = [], after: BatchWindow | null = null): Promise<NextBatch> {
  const next = await source.nextBatch(after, {
    upToMs: Date.now(),
    known: (ids: string[]) => Promise.resolve(new Map(ids.filter((id) => known.includes(id)).map((id) => [id, true]))),
  });
  if (next.batch) return next;
  for (const { fault } of next.unreadable ?? []) throw fault;
  return { batch: null, proven: next.proven };
}
const batchOf = async (source: BatchSource, known: string[] = []): Promise<BatchWindow> =>
  (await nextOf(source, known)).batch ?? assert.fail('no batch');

const asked = (kind: ErrorKind, code: string, text = /./) => {
  return (error: unknown): boolean => {
    assert.ok(error instanceof HubError, `not classified: ${String(error)}`);
    assert.deepEqual([error.kind, error.code], [kind, code], error.message);
    assert.match(`${error.message}; ${error.cure?.en ?? ''}`, text);
    return true;
  };
};

/** What becomes of the records of the first batch: the rules that each breaks, and those that enter the library. */
async function mapped({ source, stream }: Opened): Promise<{ rules: string[]; rows: Record<string, unknown>[] }> {
  const { map } = compileMapping(stream, file.hints?.(stream));
  const pages = (await readAll({ source }, await batchOf(source))).map((page) =>
    map(page, { readAt: '2026-11-22T10:00:00+08:00' }),
  );
  return {
    rules: pages.flatMap(({ outcomes }) =>
      outcomes.map((problems) => problems?.map(({ rule, field }) => `${rule} ${field}`.trim()).join(', ') ?? ''),
    ),
    rows: pages.flatMap(({ rows }) => JSON.parse(rows.toJson().toString()) as Record<string, unknown>[]),
  };
}
const recordsOf = (pages: Page[]): unknown[] => pages.flatMap(({ records }) => records);

/** Writes files into a folder of their own. */
function folderOf(files: Record<string, string | Buffer>): string {
  const folder = mkdtempSync(join(TEMP, 'drop-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

/** Copies that the connector keeps of files. */
const copies = (): string[] =>
  readdirSync(TEMP)
    .filter((name) => name.startsWith('hub-files-'))
    .flatMap((name) => readdirSync(join(TEMP, name)).map((copy) => join(TEMP, name, copy)));

/** A web server with files. */
class WebFolder {
  readonly files = new Map<string, Buffer>();
  /** What is done with the second half of an answer. */
  fault: 'cut' | 'stall' | 'drip' | null = null;
  #server: Server | null = null;
  #port = 0;

  async listen(): Promise<this> {
    const server = createServer(({ method, url = '', headers }, response) => {
      if (headers.authorization !== `Basic ${Buffer.from('hub:secret').toString('base64')}`)
        return response.writeHead(401).end();
      const content = this.files.get(decodeURIComponent(url.replace('/drop/', '')));
      if (!content) return response.writeHead(404).end('nothing here');
      response.writeHead(200, { 'Content-Length': content.length });
      if (method === 'HEAD') return response.end();
      if (this.fault === null) return response.end(content);
      return response.write(content.subarray(0, content.length / 2), () => {
        if (this.fault === 'cut') response.destroy();
        if (this.fault !== 'drip') return;
        const drops = setInterval(() => response.write(' '), 50);
        response.on('close', () => clearInterval(drops));
      });
    });
    // Away and back it is where it was, which nobody else may be meanwhile.
    if (this.#port === 0) [this.#port = 0] = await freePorts(1);
    await new Promise<void>((done) => server.listen(this.#port, '127.0.0.1', done));
    this.#server = server;
    return this;
  }

  get address(): string {
    return `http://hub@127.0.0.1:${this.#port}/drop`;
  }

  async close(): Promise<void> {
    const server = this.#server;
    server?.closeAllConnections();
    await new Promise((done) => (server ? server.close(done) : done(null)));
  }
}

provide('HUB_TEST_FILE_PASSWORD', 'secret');
provide('HUB_TEST_FILE_WRONG', 'wrong');
const PASSWORD = { password: { env: 'HUB_TEST_FILE_PASSWORD' } };
const COUNT_LINE = { countLine: '^共(\\d+)条$' };
const JSON_COUNT = { countLine: '^\\{"count":(\\d+)\\}$' };
const compact = (date: string): string => date.replaceAll('-', '');

async function candidate(
  { source, stream }: Opened,
  rest: Pick<Candidate, 'intruder' | 'away'> & { closing?: () => unknown },
): Promise<Candidate> {
  return {
    source,
    config: stream,
    window: await batchOf(source),
    keys: KEYS,
    ...rest,
    ...compileMapping(stream, file.hints?.(stream)),
    close: async () => {
      await source.close?.();
      await rest.closing?.();
    },
  };
}

/** Puts another file in the place of one, and the first one back. */
const replaced = (path: string) => (): Promise<() => Promise<void>> => {
  copyFileSync(path, `${path}.kept`);
  writeFileSync(path, 'another file');
  return Promise.resolve(() => Promise.resolve(renameSync(`${path}.kept`, path)));
};

acceptance('file · csv in a folder', () => {
  const folder = folderOf({ 'permits-20261120.csv': fixture('permits.csv'), 'permits-20261120.csv.ok': '' });
  const stream = { files: 'permits-{date}.csv', complete: { marker: '.ok' }, page: { size: 100 } };
  return candidate(opened(folder, stream), {
    intruder: () => opened(join(folder, 'nowhere'), stream).source,
    away: replaced(join(folder, 'permits-20261120.csv')),
  });
});

acceptance('file · xlsx in a folder', () => {
  const folder = folderOf({ 'permits-20261120.xlsx': fixture('permits.xlsx') });
  const stream = { files: 'permits-{date}.xlsx', page: { size: 100 } };
  return candidate(opened(folder, stream), {
    intruder: () => opened(join(folder, 'nowhere'), stream).source,
    away: replaced(join(folder, 'permits-20261120.xlsx')),
  });
});

acceptance('file · jsonl over HTTP', async () => {
  const web = await new WebFolder().listen();
  const day = addDays(shanghaiDate(Date.now()), -2);
  web.files.set(`permits-${compact(day)}.jsonl`, Buffer.from(`${jsonl(600)}{"count":600}\n`));
  const stream = { files: 'permits-{date}.jsonl', complete: JSON_COUNT, page: { size: 100 } };
  return candidate(opened(web.address, stream, PASSWORD), {
    intruder: () => opened(web.address, stream, { password: { env: 'HUB_TEST_FILE_WRONG' } }).source,
    away: async () => {
      await web.close();
      return async () => {
        await web.listen();
      };
    },
    closing: () => web.close(),
  });
});

acceptance('file · zipped csv over SFTP', async () => {
  const sftp = await SftpServer.start();
  provide('HUB_TEST_FILE_KEY', sftp.privateKey);
  const address = sftp.address(folderOf({ 'permits-20261120.csv.zip': fixture('permits.csv.zip') }));
  const stream = { files: 'permits-{date}.csv.zip', page: { size: 100 } };
  const connector = { privateKey: { env: 'HUB_TEST_FILE_KEY' }, hostKey: sftp.fingerprint };
  return candidate(opened(address, stream, connector), {
    intruder: () => opened(address, stream, { ...connector, hostKey: `SHA256:${'A'.repeat(43)}` }).source,
    away: async () => {
      await sftp.pause();
      return () => sftp.resume();
    },
    closing: () => sftp.stop(),
  });
});

describe('file beyond the suite', () => {
  const open: Opened[] = [];
  function inFolder(
    files: Record<string, string | Buffer>,
    stream: Record<string, unknown>,
    connector: Record<string, unknown> = {},
  ): Opened & { folder: string } {
    const folder = folderOf(files);
    const one = opened(folder, stream, connector);
    open.push(one);
    return { ...one, folder };
  }
  afterEach(async () => {
    for (const { source } of open.splice(0)) await source.close?.();
    assert.deepEqual(copies(), [], 'copies that are left after the connector was closed');
  });

  const MARKED = { files: 'permits-{date}.csv', complete: { marker: '.ok' } };
  /** A csv with its marker. */
  const marked = (content: string | Buffer, change: Record<string, unknown> = {}): Opened & { folder: string } =>
    inFolder({ 'permits-20261120.csv': content, 'permits-20261120.csv.ok': '' }, { ...MARKED, ...change });
  const counted = (content: string, change: Record<string, unknown> = {}): Opened & { folder: string } =>
    inFolder({ 'permits-20261120.csv': content }, { files: 'permits-{date}.csv', complete: COUNT_LINE, ...change });
  const workbook = (name: string, change: Record<string, unknown> = {}): Opened & { folder: string } =>
    inFolder(
      { [`register.${name}`]: fixture(`register.${name}`), [`register.${name}.ok`]: '' },
      { files: `*.${name}`, header: 2, complete: { marker: '.ok' }, ...change },
    );

  describe('whole files', () => {
    it('a file without its marker is not offered, and the check says what it waits for', async () => {
      const { source, folder } = inFolder({ 'permits-20261120.csv': csv(3) }, MARKED);
      assert.deepEqual(await nextOf(source), { batch: null, proven: [] });
      const { notes, count } = await source.check();
      assert.equal(count, 0);
      assert.ok(notes.includes('permits-20261120.csv waits for permits-20261120.csv.ok'));
      assert.deepEqual(await source.sample(), []);
      writeFileSync(join(folder, 'permits-20261120.csv.ok'), '');
      const { declared, next } = await batchOf(source);
      assert.deepEqual([declared, next], [3, 'permits-20261120.csv']);
    });

    it('a count line declares the count and is no record', async () => {
      const json = inFolder(
        { 'permits.jsonl': `${jsonl(3)}{"count":4}\n` },
        { files: '*.jsonl', complete: JSON_COUNT },
      );
      for (const { source } of [
        counted(`${csv(3)}共4条\n`),
        counted(`${csv(3)}"共4条"\r\n\r\n`),
        // As a spreadsheet writes it: every line has as many cells as the widest.
        counted(`${csv(3)}共4条,,,,,,\n`),
        json,
      ]) {
        const window = await batchOf(source);
        assert.equal(window.declared, 4);
        assert.equal(await source.count(window), 4);
        assert.deepEqual(
          recordsOf(await readAll({ source }, window)).map((record) => (record as Record<string, string>).流水号),
          KEYS.slice(0, 3),
        );
      }
    });

    it('a file whose last line is not the count is not whole yet', async () => {
      const json = inFolder({ 'permits.jsonl': jsonl(3) }, { files: '*.jsonl', complete: JSON_COUNT });
      for (const { source } of [counted(csv(3)), counted(`${csv(3)}共`), json]) {
        await assert.rejects(nextOf(source), asked('transient', 'file-incomplete', /last line/));
      }
    });

    it('a checksum that is another is transient, and the file is taken once it holds', async () => {
      for (const checksum of ['md5', 'sha256', 'sm3']) {
        const sum = createHash(checksum).update(csv(3)).digest('hex');
        const name = 'permits-20261120.csv';
        const { source, folder } = inFolder(
          { [name]: csv(3).slice(0, -9), [`${name}.${checksum}`]: `${sum.toUpperCase()}  ${name}\n` },
          { files: 'permits-{date}.csv', complete: { checksum } },
        );
        await assert.rejects(nextOf(source), asked('transient', 'file-incomplete', /checksum/));
        writeFileSync(join(folder, name), csv(3));
        assert.equal((await batchOf(source)).declared, 3);
        writeFileSync(join(folder, `${name}.${checksum}`), '');
        writeFileSync(join(folder, name), csv(4));
        await assert.rejects(nextOf(source), asked('transient', 'file-incomplete', /checksum/));
      }
    });

    it('a workbook or an archive that is still being written is transient', async () => {
      for (const name of ['permits.xlsx', 'permits.csv.zip']) {
        const content = fixture(name);
        for (const length of [0, 100, content.length / 2, content.length - 1]) {
          const { source } = inFolder({ [name]: content.subarray(0, length) }, { files: name });
          await assert.rejects(nextOf(source), asked('transient', 'file-incomplete', new RegExp(name)));
        }
      }
    });

    it('a workbook or an archive whose own checksums do not hold is transient', async () => {
      for (const name of ['permits.xlsx', 'permits.csv.zip']) {
        for (const at of [0.2, 0.5, 0.9]) {
          const content = Buffer.from(fixture(name));
          content.fill(0, Math.floor(content.length * at), Math.floor(content.length * at) + 64);
          const { source } = inFolder({ [name]: content }, { files: name });
          await assert.rejects(nextOf(source), asked('transient', 'file-incomplete', new RegExp(name)));
        }
      }
    });

    it('a small archive that unpacks to more than there is room for is for the department to mend', async () => {
      for (const [name, inner] of [
        ['a.csv.zip', 'a.csv'],
        ['a.xlsx', 'xl/worksheets/sheet1.xml'],
      ] as const) {
        const archive = new yazl.ZipFile();
        archive.addBuffer(Buffer.alloc(201_000_000, ' '), inner);
        archive.end();
        const content = Buffer.concat(await Array.fromAsync(archive.outputStream as unknown as AsyncIterable<Buffer>));
        assert.ok(content.length < 1_000_000);
        const { source } = inFolder({ [name]: content }, { files: name });
        await assert.rejects(nextOf(source), asked('configuration', 'file-broken', /200,000,000 bytes when/));
      }
    });

    it('an archive of two files, or with a password, is for the department to mend', async () => {
      const two = inFolder({ 'two.csv.zip': fixture('two.csv.zip') }, { files: '*.csv.zip' });
      await assert.rejects(nextOf(two.source), asked('configuration', 'file-broken', /two.csv.zip.*2 files/));
      const locked = inFolder({ 'locked.csv.zip': fixture('locked.csv.zip') }, { files: '*.csv.zip' });
      await assert.rejects(nextOf(locked.source), asked('configuration', 'file-broken', /locked.csv.zip.*encrypted/));
    });
  });

  describe('the chain', () => {
    it('takes the oldest day first, each content once, and a changed file anew', async () => {
      const { source, folder } = inFolder(
        { 'a-20261121.csv': csv(2), 'b-20261120.csv': csv(1), 'a-20261121.csv.ok': '', 'b-20261120.csv.ok': '' },
        { ...MARKED, files: '*-{date}.csv' },
      );
      const first = await batchOf(source);
      assert.deepEqual([first.next, first.ordinal, first.after], ['b-20261120.csv', 1, null]);
      const { batch: second } = await nextOf(source, [first.id], first);
      assert.deepEqual([second?.next, second?.ordinal, second?.after], ['a-20261121.csv', 2, 'b-20261120.csv']);
      const known = [first.id, second?.id ?? ''];
      for (const name of ['c-20261122.csv', 'c-20261122.csv.ok']) writeFileSync(join(folder, name), csv(2));
      assert.equal((await nextOf(source, known)).batch, null, 'the same content under another name');
      writeFileSync(join(folder, 'b-20261120.csv'), csv(3));
      const changed = await batchOf(source, known);
      assert.deepEqual([changed.next, changed.declared], ['b-20261120.csv', 3]);
    });

    it('takes a file with all records again where the state that it is comes back, and that once', async () => {
      const days = ['20261120', '20261121', '20261122'];
      const states = { [days[0]!]: csv(1), [days[1]!]: csv(2), [days[2]!]: csv(1) };
      const { source, folder } = inFolder(
        {},
        { ...MARKED, content: 'full', record: { key: '流水号', fields: FIELDS } },
      );
      const chain: BatchWindow[] = [];
      const next = async () =>
        (
          await nextOf(
            source,
            chain.map(({ id }) => id),
            chain.at(-1) ?? null,
          )
        ).batch;
      for (const [day, content] of Object.entries(states)) {
        writeFileSync(join(folder, `permits-${day}.csv`), content);
        writeFileSync(join(folder, `permits-${day}.csv.ok`), '');
        chain.push((await next()) ?? assert.fail(`nothing of ${day}`));
        assert.equal(await next(), null);
      }
      const [first, , again] = chain;
      assert.deepEqual(
        chain.map(({ next: name, ordinal }) => [name, ordinal]),
        days.map((day, index) => [`permits-${day}.csv`, index + 1]),
      );
      assert.equal(again?.id, `${first?.id}#3`);
      assert.equal(recordsOf(await readAll({ source }, again)).length, 1);
    });

    it('proves the days of the files that it has, and no other', async () => {
      const { source, folder } = inFolder(
        { 'permits-2026-11-18.csv': csv(1), 'permits-2026-11-18.csv.ok': '', 'permits-2026-11-19.csv': csv(2) },
        { ...MARKED, date: 'yyyy-MM-dd' },
      );
      const { id } = await batchOf(source);
      const day = (date: string) => timeWindow(startOfDayMs(date), startOfDayMs(addDays(date, 1)));
      assert.deepEqual(await nextOf(source, [id]), { batch: null, proven: [{ window: day('2026-11-18'), batch: id }] });
      writeFileSync(join(folder, 'permits-2026-11-19.csv.ok'), '');
      const second = await batchOf(source, [id]);
      assert.deepEqual(await nextOf(source, [id, second.id]), {
        batch: null,
        proven: [
          { window: day('2026-11-18'), batch: id },
          { window: day('2026-11-19'), batch: second.id },
        ],
      });
    });

    it('a file without a date, or with one that does not exist, is of the day of its last change', async () => {
      for (const [name, files] of [
        ['permits.csv', '*.csv'],
        ['permits-20261332.csv', 'permits-{date}.csv'],
      ] as const) {
        const { source, folder } = inFolder({ [name]: csv(1), [`${name}.ok`]: '' }, { ...MARKED, files });
        const at = new Date('2026-11-19T23:30:00+08:00');
        utimesSync(join(folder, name), at, at);
        const { id } = await batchOf(source);
        const window = timeWindow(startOfDayMs('2026-11-19'), startOfDayMs('2026-11-20'));
        assert.deepEqual(await nextOf(source, [id]), { batch: null, proven: [{ window, batch: id }] });
      }
    });

    it('an acknowledged file stays where it was, its copy does not', async () => {
      const { source, folder } = marked(csv(3));
      const window = await batchOf(source);
      assert.equal(copies().length, 1);
      await source.acknowledge(window, { records: 3, positions: [], rejected: [] });
      await source.acknowledge(window, { records: 3, positions: [], rejected: [] });
      assert.deepEqual(copies(), []);
      assert.ok(existsSync(join(folder, 'permits-20261120.csv')));
      assert.equal(recordsOf(await readAll({ source }, window)).length, 3);
    });

    it('no copies are kept of files that are in the chain already', async () => {
      const { source } = marked(csv(3));
      const hash = createHash('sha256').update(csv(3)).digest('hex');
      assert.equal((await nextOf(source, [hash])).batch, null);
      assert.deepEqual(copies(), []);
    });

    it('a copy that somebody removed is fetched again', async () => {
      const { source } = marked(csv(3));
      const window = await batchOf(source);
      for (const copy of copies()) unlinkSync(copy);
      assert.equal(recordsOf(await readAll({ source }, window)).length, 3);
    });

    it('two that ask at once do not disturb each other', async () => {
      const files = Object.fromEntries(
        Array.from({ length: 4 }, (_, n) => [`permits-2026112${n}.csv`, `${csv(5000 + n)}共${5000 + n}条\n`]),
      );
      const { source } = inFolder(files, { files: 'permits-{date}.csv', complete: COUNT_LINE });
      const [first, { count }] = await Promise.all([batchOf(source), source.check()]);
      assert.deepEqual([first.declared, count], [5000, 5003]);
      assert.equal(recordsOf(await readAll({ source }, first)).length, 5000);
    });

    it('stops before the last page, too', async () => {
      const { source } = marked(csv(150), { page: { size: 100 } });
      const stop = new AbortController();
      let pages = 0;
      const reading = async (): Promise<void> => {
        for await (const page of source.read(
          await batchOf(source),
          { committed: new Map(), total: null },
          stop.signal,
        )) {
          pages += page.records.length > 0 ? 1 : 0;
          stop.abort(new Error('stopped'));
        }
      };
      await assert.rejects(reading(), /stopped/);
      assert.equal(pages, 1);
    });

    it('each file may be the whole of what the department has', () => {
      const hints = (change: Record<string, unknown>) => file.hints?.(marked(csv(1), change).stream);
      assert.deepEqual(hints({ content: 'full', deletes: { share: 0.1 }, numbers: ['证书编号'] }), {
        numbers: ['证书编号'],
        deletes: { share: 0.1 },
      });
      assert.deepEqual(hints({ content: 'full' }), { numbers: [] });
    });
  });

  describe('the configuration', () => {
    const refused: [string, string, Record<string, unknown>, RegExp][] = [
      ['csv without a word on when it is whole', '/drop', { files: '*.csv' }, /how a file is known to be whole/],
      [
        'a count line of a workbook',
        '/drop',
        { files: '*.xlsx', complete: COUNT_LINE },
        /only csv and jsonl have lines/,
      ],
      ['a name that does not tell the format', '/drop', { ...MARKED, files: '*.txt' }, /the name does not tell/],
      ['a name with a folder', '/drop', { ...MARKED, files: 'in/*.csv' }, /without folders/],
      ['deletions from increments', '/drop', { ...MARKED, deletes: { share: 0.1 } }, /content: full beside deletes/],
      ['HTTP without {date}', 'https://host/drop', { ...MARKED, files: 'permits.csv' }, /a name with \{date\}/],
      ['SFTP without the server’s key', 'sftp://hub@host/drop', MARKED, /fingerprint/],
      ['another way to come by files', 'ftp://host/drop', MARKED, /a folder, sftp:/],
    ];
    for (const [what, address, stream, message] of refused)
      it(`refuses ${what}`, () => {
        assert.throws(() => opened(address, stream), message);
      });

    it('takes the format from a name, also of an archive', () => {
      const names = ['a-{date}.csv', 'a.CSV.zip', '*.xlsx', 'a.b.jsonl', 'a.xls', 'a.zip', 'a'];
      assert.deepEqual(names.map(formatOf), ['csv', 'csv', 'xlsx', 'jsonl', 'xls', null, null]);
    });

    it('an address from the environment is held to the same, once it is known', () => {
      provide('HUB_TEST_FILE_ADDRESS', 'sftp://hub@127.0.0.1/drop');
      const { connector, stream } = opened('/drop', MARKED);
      const open = (address: string) => () => file.open({ ...connector, address: { env: address } } as never, stream);
      assert.throws(open('HUB_TEST_FILE_ADDRESS'), asked('configuration', 'host-key', /ssh-keyscan/));
      assert.throws(open('HUB_TEST_FILE_NOWHERE'), asked('configuration', 'secret-missing', /HUB_TEST_FILE_NOWHERE/));
    });
  });

  describe('text', () => {
    it('finds the encoding, and says which', async () => {
      const text = csv(300);
      for (const [content, said] of [
        [Buffer.from(text), 'csv in utf-8'],
        [Buffer.from(`\ufeff${text}`), 'csv in utf-8'],
        [iconv.encode(text, 'gbk'), 'csv in gb18030'],
      ] as const) {
        const one = marked(content);
        assert.match((await one.source.check()).notes.join(), new RegExp(said));
        const { rules, rows } = await mapped(one);
        assert.ok(rules.length === 300 && rules.every((rule) => rule === ''));
        assert.deepEqual([rows[299]?.key, rows[299]?.number], ['000300', '锡教000300']);
        assert.deepEqual((rows[299]?.holders as { name: string }[])[0]?.name, '持证人000300');
      }
    });

    it('of a UTF-8 file with one bad byte only that row is rejected', async () => {
      const content = Buffer.from(csv(100));
      content[content.indexOf('持证人000042')] = 0xff;
      for (const change of [{}, { encoding: 'utf-8' }]) {
        const { rules, rows } = await mapped(marked(content, change));
        assert.deepEqual(
          rules.flatMap((rule, index) => (rule === '' ? [] : [`${index} ${rule}`])),
          ['41 encoding'],
        );
        assert.equal(rows.length, 99);
      }
    });

    it('of a GBK file with one bad byte only that row is rejected', async () => {
      const content = iconv.encode(csv(100), 'gbk');
      content[content.indexOf(iconv.encode('持证人000042', 'gbk')) + 5] = 0xff;
      const { rules } = await mapped(marked(content));
      assert.deepEqual(
        rules.flatMap((rule, index) => (rule === '' ? [] : [`${index} ${rule}`])),
        ['41 encoding'],
      );
    });

    it('a row with too many or too few cells is rejected, the others are kept', async () => {
      const one = marked(`${csv(2)}000003,多,一,格,414,2026-11-01,2026-11-20 09:00:00,!\n少,一格\n${csvRows(4, 5)}`);
      const { rules, rows } = await mapped(one);
      assert.deepEqual(rules, ['', '', 'not-a-record', 'not-a-record', '', '']);
      assert.deepEqual(
        rows.map(({ key }) => key),
        ['000001', '000002', '000004', '000005'],
      );
    });

    it('rows of empty cells are none', async () => {
      assert.equal((await batchOf(marked(`${csv(2)},,,,,,\n  , ,,,,,\n`).source)).declared, 2);
    });

    it('a quote that never closes is for the department to mend', async () => {
      for (const content of [
        `${csv(2)}000003,"锡教000003,持证人\n${csvRows(4, 5)}`,
        `${csv(2)}"${csvRows(3, 20_000)}`,
      ]) {
        await assert.rejects(nextOf(marked(content).source), asked('configuration', 'file-broken', /permits-20261120/));
      }
    });

    it('reads quoted cells, other delimiters and names below a title', async () => {
      const quoted = csv(2).replace('持证人000001', '"甲,""乙""\n丙"');
      const { rows } = await mapped(
        marked(`教师资格证书,,,,,,\n${quoted}`.replaceAll(',', ';'), { delimiter: ';', header: 2 }),
      );
      assert.equal((rows[0]?.holders as { name: string }[])[0]?.name, '甲;"乙"\n丙');
      assert.equal(rows.length, 2);
    });

    it('a line of jsonl ends where the line ends, and one that is no JSON is rejected alone', async () => {
      const odd = jsonRow(2).replace('持证人000002', '甲\u2028乙\u2029丙\u0085丁');
      const content = `\ufeff${jsonRow(1)}${odd}{"流水号":\r\n\n${jsonRow(4).replace('\n', '\r\n')}${jsonRow(5).trim()}`;
      const { rules, rows } = await mapped(
        inFolder({ 'permits.jsonl': content, 'permits.jsonl.ok': '' }, { ...MARKED, files: '*.jsonl' }),
      );
      assert.deepEqual(rules, ['', '', 'not-a-record', '', '']);
      assert.deepEqual(
        rows.map(({ key }) => key),
        ['000001', '000002', '000004', '000005'],
      );
    });

    it('a jsonl file without line ends is for the department to mend', async () => {
      const content = `[${'{},'.repeat(4_000_000)}{}]`;
      const { source } = inFolder(
        { 'permits.jsonl': content, 'permits.jsonl.ok': '' },
        { ...MARKED, files: '*.jsonl' },
      );
      await assert.rejects(nextOf(source), asked('configuration', 'file-broken', /permits.jsonl: a line of more than/));
    });

    it('long files take no more memory than short ones', { timeout: 120_000 }, async () => {
      const csvFile = marked('');
      const jsonFile = inFolder({ 'permits.jsonl.ok': '' }, { ...MARKED, files: '*.jsonl' });
      writeFileSync(join(csvFile.folder, 'permits-20261120.csv'), csv(200_000));
      writeFileSync(join(jsonFile.folder, 'permits.jsonl'), jsonl(200_000));
      setFlagsFromString('--expose-gc');
      const collect = runInNewContext('gc') as () => void;
      const held = (): number => {
        collect();
        const { heapUsed, external } = process.memoryUsage();
        return heapUsed + external;
      };
      for (const { source } of [csvFile, jsonFile]) {
        const start = held();
        const window = await batchOf(source);
        let [records, most] = [0, held()];
        for await (const page of source.read(
          window,
          { committed: new Map(), total: null },
          new AbortController().signal,
        )) {
          records += page.records.length;
          if (page.number % 50 === 0) most = Math.max(most, held());
        }
        assert.deepEqual([records, window.declared], [200_000, 200_000]);
        assert.ok(most - start < 25_000_000, `held ${Math.round((most - start) / 1e6)} MB more`);
      }
    });

    it(
      'a look at the beginning of a long file leaves nothing open',
      { skip: !existsSync('/proc/self/fd') },
      async () => {
        const json = inFolder(
          { 'permits.jsonl': jsonl(5000), 'permits.jsonl.ok': '' },
          { ...MARKED, files: '*.jsonl' },
        );
        const openFiles = (): string[] =>
          readdirSync('/proc/self/fd').flatMap((fd) => {
            try {
              const path = readlinkSync(`/proc/self/fd/${fd}`);
              return path.includes('hub-files-') ? [path] : [];
            } catch {
              return []; // the one that lists the folder
            }
          });
        for (const { source } of [marked(csv(5000)), json]) {
          for (let time = 0; time < 5; time++) assert.equal((await source.sample()).length, 200);
          await eventually(() => assert.deepEqual(openFiles(), []));
        }
      },
    );
  });

  describe('workbooks', () => {
    for (const name of ['xlsx', 'xls']) {
      it(`${name}: dates are dates, text is text; serial dates, numbers and lost digits are told`, async () => {
        const one = workbook(name);
        assert.equal((await batchOf(one.source)).declared, 5, 'the title and the empty rows do not count');
        const { rules, rows } = await mapped(one);
        assert.deepEqual(rules, [
          '',
          'code-as-number holders[0].code',
          'serial-date issuedOn',
          'code-as-number number',
          'digits-lost number',
        ]);
        const [first] = rows;
        assert.deepEqual(
          [first?.key, first?.number, first?.issuedOn, first?.updatedAt],
          ['000001', '00123', '2026-11-01', '2026-11-20T09:30:00+08:00'],
        );
        assert.deepEqual((first?.holders as unknown[])[0], { name: '张三', code: 'E00000001', codeType: '414' });
      });

      it(`${name}: dates in other formats, times and a column without a name come as they are shown`, async () => {
        const { source } = workbook(name);
        const records = recordsOf(await readAll({ source }, await batchOf(source))) as Record<string, unknown>[];
        assert.deepEqual(Object.keys(records[0] ?? {}), [...NAMES.slice(0, 6), 'column 7', '更新时间']);
        assert.deepEqual([records[1]?.发证日期, records[4]?.['column 7']], ['2026-11-02', '补发']);
        assert.deepEqual(
          records.map(({ 更新时间 }) => 更新时间),
          [0, 1, 2, 3, 4].map((second) => `2026-11-20 09:30:0${second}`),
        );
      });
    }

    it('numbers are taken where the configuration says that they are numbers by nature', async () => {
      const { rules, rows } = await mapped(workbook('xlsx', { numbers: ['证书编号'] }));
      assert.equal(rules[3], '');
      assert.equal(rows[1]?.number, '126');
    });

    it('numbers in code columns are refused under the standard’s own names, too', async () => {
      const head = ['流水号', 'ZZBH', 'CZZT', 'CZZTDM', 'CZZTDMLXDM', 'ZZBFRQ'];
      const sheet = utils.aoa_to_sheet([head, ['1', 123, '张三', 'E00000001', '414', '2026-11-01']]);
      const { rules } = await mapped(
        inFolder(
          { 'permits.xlsx': write({ SheetNames: ['a'], Sheets: { a: sheet } }, { type: 'buffer' }) as Buffer },
          { files: '*.xlsx', record: { key: '流水号' } },
        ),
      );
      assert.match(rules.join(), /code-as-number number/);
    });

    it('a key in a number cell that lost digits is refused: two records would become one', async () => {
      const rows = [cellsOf(1), cellsOf(2)].map(([, ...cells], index) => [110101199003071230 + index, ...cells]);
      const sheet = utils.aoa_to_sheet([NAMES, ...rows]);
      const { rules } = await mapped(
        inFolder(
          { 'permits.xlsx': write({ SheetNames: ['a'], Sheets: { a: sheet } }, { type: 'buffer' }) as Buffer },
          { files: '*.xlsx' },
        ),
      );
      assert.ok(
        rules.every((rule) => rule.includes('code-as-number')),
        rules.join('; '),
      );
    });

    it('dates count from 1904 where the workbook says so', async () => {
      const sheet = utils.aoa_to_sheet([NAMES, cellsOf(1)]);
      sheet.F2 = { t: 'n', v: 46327 - 1462, z: 'yyyy-mm-dd' };
      const book = { SheetNames: ['a'], Sheets: { a: sheet }, Workbook: { WBProps: { date1904: true } } };
      const { rows } = await mapped(
        inFolder({ 'permits.xlsx': write(book, { type: 'buffer' }) as Buffer }, { files: '*.xlsx' }),
      );
      assert.equal(rows[0]?.issuedOn, '2026-11-01');
    });

    it('reads the sheet that is named, and of an unknown one says which there are', async () => {
      for (const name of ['xlsx', 'xls']) {
        const { rows } = await mapped(workbook(name, { sheet: '补充' }));
        assert.deepEqual(
          rows.map(({ key }) => key),
          ['000011'],
        );
        const { source } = workbook(name, { sheet: '别的' });
        await assert.rejects(nextOf(source), asked('configuration', 'file-broken', /目录, 补充.*别的.*correct sheet/));
      }
    });

    it('a header row that is empty is a matter of configuration', async () => {
      const { source } = workbook('xlsx', { header: 30 });
      await assert.rejects(nextOf(source), asked('configuration', 'file-broken', /row 30.*correct header/));
    });

    it('a workbook that is too large names maxFile', async () => {
      const { source } = inFolder(
        { 'permits.xlsx': Buffer.concat([fixture('permits.xlsx'), Buffer.alloc(1_000_000)]) },
        { files: '*.xlsx' },
        { maxFile: 1 },
      );
      await assert.rejects(nextOf(source), asked('configuration', 'file-too-large', /permits.xlsx.*maxFile/));
    });

    it('the event loop goes on while a workbook is opened', { timeout: 120_000 }, async () => {
      const sheet = utils.aoa_to_sheet([NAMES, ...Array.from({ length: 20_000 }, (_, index) => cellsOf(index + 1))]);
      const content = write(
        { SheetNames: ['a'], Sheets: { a: sheet } },
        { type: 'buffer', compression: true },
      ) as Buffer;
      const { source } = inFolder({ 'permits.xlsx': content }, { files: '*.xlsx' });
      const started = performance.now();
      let [last, longest] = [started, 0];
      const tick = (): void => {
        longest = Math.max(longest, performance.now() - last);
        last = performance.now();
      };
      const timer = setInterval(tick, 5);
      const { declared } = await batchOf(source);
      tick();
      clearInterval(timer);
      assert.equal(declared, 20_000);
      assert.equal(recordsOf(await readAll({ source }, await batchOf(source))).length, 20_000);
      // Opened in the loop itself it would stand still for nearly all of the time, however fast the machine.
      assert.ok(longest < (last - started) / 2, `stood still ${longest} of ${last - started} ms`);
    });
  });

  describe('places', () => {
    it('a file that goes away while it is looked for is no missing folder', async () => {
      const { connector, stream, source, folder } = marked(csv(3));
      const place = openPlace(connector, stream);
      await assert.rejects(place.open('permits-20261119.csv'), asked('transient', 'file-gone'));
      mkdirSync(join(folder, 'permits-20261119.csv'));
      assert.equal((await batchOf(source)).next, 'permits-20261120.csv');
    });

    it('over HTTP a file that breaks off, stalls or drips is transient', { timeout: 60_000 }, async () => {
      const web = await new WebFolder().listen();
      try {
        const name = `permits-${compact(addDays(shanghaiDate(Date.now()), -1))}.jsonl`;
        web.files.set(name, Buffer.from(`${jsonl(5000)}{"count":5000}\n`));
        const from = (timeout: string): BatchSource => {
          const stream = { files: 'permits-{date}.jsonl', complete: JSON_COUNT };
          const one = opened(web.address, stream, { ...PASSWORD, timeout });
          open.push(one);
          return one.source;
        };
        web.fault = 'cut';
        await assert.rejects(nextOf(from('30s')), asked('transient', 'source-away'));
        web.fault = 'stall';
        await assert.rejects(nextOf(from('2s')), asked('transient', 'source-away'));
        web.fault = 'drip';
        await assert.rejects(nextOf(from('2s')), asked('transient', 'source-away'));
        web.fault = null;
        assert.equal((await batchOf(from('30s'))).declared, 5000);
      } finally {
        await web.close();
      }
    });

    describe('over SFTP', () => {
      let sftp: SftpServer;
      before(async () => {
        sftp = await SftpServer.start();
        provide('HUB_TEST_FILE_KEY', sftp.privateKey);
      });
      after(() => sftp.stop());
      const remote = (folder: string, connector: Record<string, unknown> = {}): Opened => {
        const one = opened(sftp.address(folder), MARKED, {
          privateKey: { env: 'HUB_TEST_FILE_KEY' },
          hostKey: sftp.fingerprint,
          ...connector,
        });
        open.push(one);
        return one;
      };

      it('reads a folder whose name needs escaping', async () => {
        const folder = join(TEMP, '市 教育局#1');
        mkdirSync(folder);
        for (const name of ['permits-20261120.csv', 'permits-20261120.csv.ok'])
          writeFileSync(join(folder, name), csv(3));
        const { source } = remote(encodeURI(folder).replaceAll('#', '%23'));
        assert.equal((await batchOf(source)).declared, 3);
      });

      it('a missing folder, a key that is none and one that is not known are matters of configuration', async () => {
        await assert.rejects(nextOf(remote('/no/such/folder').source), asked('configuration', 'folder-missing'));
        provide('HUB_TEST_FILE_NO_KEY', 'no key');
        const broken = remote('/', { privateKey: { env: 'HUB_TEST_FILE_NO_KEY' } });
        await assert.rejects(nextOf(broken.source), asked('configuration', 'unauthorised'));
        const other = await SftpServer.start();
        provide('HUB_TEST_FILE_OTHER_KEY', other.privateKey);
        await other.stop();
        const unknown = remote('/', { privateKey: { env: 'HUB_TEST_FILE_OTHER_KEY' } });
        await assert.rejects(nextOf(unknown.source), asked('configuration', 'unauthorised', /refuses the credentials/));
      });

      it('a host key that is another names both', async () => {
        const { source } = remote('/', { hostKey: `SHA256:${'A'.repeat(43)}` });
        await assert.rejects(
          nextOf(source),
          asked('configuration', 'host-key', new RegExp(sftp.fingerprint.replace(/[+]/g, '\\+'))),
        );
      });

      it('a file that breaks off is transient', { timeout: 60_000 }, async () => {
        const folder = folderOf({ 'permits-20261120.csv': Buffer.alloc(50_000_000) });
        const { connector, stream } = remote(folder);
        const place = openPlace(connector, stream);
        const content = await place.open('permits-20261120.csv');
        const reading = async (): Promise<void> => {
          let read = 0;
          for await (const chunk of content as AsyncIterable<Buffer>) {
            if (read === 0) await sftp.pause();
            read += chunk.length;
          }
        };
        try {
          await assert.rejects(reading(), asked('transient', 'source-away'));
        } finally {
          await sftp.resume();
          await place.close();
        }
      });

      it('a server that answers nothing more is transient', { timeout: 60_000 }, async () => {
        const folder = folderOf({ 'permits-20261120.csv': csv(3), 'permits-20261120.csv.ok': '' });
        const { source } = remote(folder, { timeout: '3s' });
        assert.equal((await batchOf(source)).declared, 3);
        sftp.freeze(true);
        try {
          await assert.rejects(nextOf(source), asked('transient', 'source-away'));
        } finally {
          sftp.freeze(false);
        }
        assert.equal((await batchOf(source)).declared, 3);
      });
    });
  });
});
