import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import iconv from 'iconv-lite';
import { utils, write, type WorkBook } from 'xlsx';
import { ZipFile } from 'yazl';
import { fileConnectorSchema, type FileStreamConfig } from '../../settings/kinds/file.ts';
import type { BatchSource } from '../../connectors/contract.ts';
import { file } from '../../connectors/file/index.ts';
import { compileMapping } from '../../connectors/mapping/compile.ts';
import { readAll } from '../../connectors/examine/suite.ts';
import { sourceBy } from '../../connectors/reading.ts';
import { HubError } from '../../domain/errors.ts';

const TEMP = mkdtempSync(join(tmpdir(), 'unreadable-test-'));
after(() => rmSync(TEMP, { recursive: true, force: true }));

const COLUMNS = ['流水号', '证书编号', '持证人', '证件号码', '证件类型', '发证日期', '状态'];
const row = (n: number): string[] => [`K${n}`, `锡教${n}`, `持证人${n}`, `E0000${n}`, '414', '2026-11-01', '1'];
const HEADER = COLUMNS.join(',');
const csv = (...numbers: number[]): string => [HEADER, ...numbers.map((n) => row(n).join(','))].join('\r\n') + '\r\n';

const STREAM = {
  id: 'permits',
  complete: { marker: '.ok' },
  certificateType: { code: '11100000000013530F002', name: '教师资格证书' },
  record: {
    key: '流水号',
    fields: {
      number: '证书编号',
      holderName: '持证人',
      holderCode: '证件号码',
      holderCodeType: '证件类型',
      issuedOn: '发证日期',
    },
  },
  status: { field: '状态', values: { '1': 'valid' } },
};

interface Opened {
  source: BatchSource;
  stream: FileStreamConfig;
  folder: string;
}

const opened: BatchSource[] = [];
const closing: (() => void)[] = [];
afterEach(async () => {
  for (const source of opened.splice(0)) await source.close?.();
  for (const close of closing.splice(0)) close();
});

function openAt(address: string, change: Record<string, unknown>, now?: () => number): Omit<Opened, 'folder'> {
  const connector = fileConnectorSchema.parse({
    name: '市教育局',
    unit: '11320200014006470N',
    kind: 'file',
    address,
    streams: [{ ...STREAM, files: 'permits-{date}.csv', ...change }],
  });
  const [stream = assert.fail('no stream')] = connector.streams;
  const source = sourceBy('batches', file.open({ ...connector, id: 'drop' }, stream, now && { now }));
  opened.push(source);
  return { source, stream };
}

/** A folder with files and the markers that say that they are whole. */
function dropped(files: Record<string, string | Buffer>, change: Record<string, unknown> = {}): Opened {
  const folder = mkdtempSync(join(TEMP, 'drop-'));
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), content);
    writeFileSync(join(folder, `${name}.ok`), '');
  }
  return { ...openAt(folder, change), folder };
}
const today = (content: string | Buffer, change: Record<string, unknown> = {}): Opened =>
  dropped({ 'permits-20261120.csv': content }, change);
const workbook = (book: WorkBook): Buffer => write(book, { type: 'buffer', bookType: 'xlsx' }) as Buffer;
const inWorkbook = (book: WorkBook, change: Record<string, unknown> = {}): Opened =>
  dropped({ 'permits-20261120.xlsx': workbook(book) }, { files: 'permits-{date}.xlsx', ...change });

async function zipOf(files: Record<string, string>): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, content] of Object.entries(files)) zip.addBuffer(Buffer.from(content), name);
  zip.end();
  return Buffer.concat((await Array.fromAsync(zip.outputStream)) as Buffer[]);
}

/** Everything that a source delivers: keys of the records, days that are proven, and what cannot be read. */
async function delivered({ source, stream }: Pick<Opened, 'source' | 'stream'>) {
  const { keyOf } = compileMapping(stream, file.hints?.(stream));
  const known = new Map<string, boolean>();
  const keys: (string | null)[] = [];
  for (;;) {
    const next = await source.nextBatch(null, { upToMs: Date.now(), known: () => Promise.resolve(known) });
    if (next.batch === null) {
      const { proven, unreadable = [] } = next;
      return { keys, days: proven.map(({ window }) => window.from.slice(0, 10)), unreadable };
    }
    known.set(next.batch.id, true);
    for (const { records } of await readAll({ source }, next.batch)) keys.push(...records.map(keyOf));
  }
}

/** Nothing of it comes in, its day is not proven, and the reason is told. */
async function assertUnreadable(one: Opened, reason: RegExp, chinese = /./): Promise<void> {
  const { keys, days, unreadable } = await delivered(one);
  assert.deepEqual([keys, days], [[], []]);
  assert.deepEqual(
    unreadable.map(({ date, fault }) => [date, fault.code]),
    [['2026-11-20', 'file-broken']],
  );
  assert.match(unreadable[0]?.fault.message ?? '', reason);
  assert.match(unreadable[0]?.fault.zh ?? '', chinese);
  await assert.rejects(one.source.check(), (error) => error instanceof HubError && error.code === 'file-broken');
}

describe('what is not the expected table is not an empty day', () => {
  it('a web page, another kind of file and an empty one, each named for what it is', async () => {
    const page = '<!DOCTYPE html>\n<html><body>页面不存在，请重新登录</body></html>\n';
    await assertUnreadable(today(page), /an HTML page/, /网页/);
    await assertUnreadable(today('<?xml version="1.0"?>\n<error>denied</error>\n'), /is XML/);
    await assertUnreadable(today('{"code":401,"msg":"请登录"}\n'), /begins as JSON/);
    await assertUnreadable(today('%PDF-1.4\n%\n'), /a PDF/);
    await assertUnreadable(today(''), /no content/, /没有内容/);
    await assertUnreadable(today(page, { files: 'permits-{date}.csv', format: 'jsonl' }), /an HTML page/);
    await assertUnreadable(dropped({ 'permits-20261120.xls': page }, { files: 'permits-{date}.xls' }), /an HTML page/);
  });

  it('a header without the mapped columns, which it names', async () => {
    await assertUnreadable(today('编号,名称\r\n'), /2 columns of row 1 have no 流水号/, /没有列名 流水号/);
    await assertUnreadable(today(csv(1).replaceAll(',', '\t')), /1 columns/);
    await assertUnreadable(today(csv(1).replace('持证人,', '姓名,')), /have no 持证人/);
    // Data where the names belong: what it says is personal, and is not told.
    const { unreadable } = await delivered(today(`${row(1).join(',')}\r\n`));
    assert.ok(!unreadable[0]?.fault.message.includes('持证人1'));
  });

  it('an error in the place of a file of JSON lines', async () => {
    const lines = { files: 'permits-{date}.jsonl' };
    const line = (n: number): string =>
      JSON.stringify(Object.fromEntries(COLUMNS.map((name, index) => [name, row(n)[index]])));
    const one = (content: string): Opened => dropped({ 'permits-20261120.jsonl': content }, lines);
    for (const content of ['{"code":404,"msg":"文件不存在"}', `{"code":0,"data":[${line(1)}]}`, `[${line(1)}]`])
      await assertUnreadable(one(content), /begins as JSON does/);
    for (const content of [
      `${line(1)}\n${line(2)}\n`,
      `\ufeff${line(1)},\n\ufeff${line(2)},\n`,
      `[\n${line(1)},\n${line(2)}\n]\n`,
      `${line(1)}\r${line(2)}`,
    ])
      assert.deepEqual((await delivered(one(content))).keys, ['K1', 'K2'], content);
  });

  it('a table without records is an empty day', async () => {
    assert.deepEqual(await delivered(today(csv())), { keys: [], days: ['2026-11-20'], unreadable: [] });
    const counted = { complete: { countLine: '^共(\\d+)条$' } };
    assert.deepEqual((await delivered(today(`${csv()}共0条\r\n`, counted))).days, ['2026-11-20']);
  });

  it('a quote that does not close, whether another one closes it later or not', async () => {
    const unclosed = csv(1, 2, 3).replace('持证人2', '"持证人2');
    await assertUnreadable(today(unclosed), /Quote Not Closed/);
    const closedLater = csv(1, 2, 3).replace('持证人1', '"持证人1').replace('持证人2', '"持证人2"');
    await assertUnreadable(today(closedLater), /takes in the rows after it/, /引号没有闭合/);
    const { keys } = await delivered(today(csv(1, 2).replace('持证人1', '"持证人1\n又名某某"')));
    assert.deepEqual(keys, ['K1', 'K2']);
  });

  it('one bad file does not keep back the days after it, and its day is not proven until it is replaced', async () => {
    const one = dropped({
      'permits-20261118.csv': csv(1).replace('持证人1', '"持证人1'),
      'permits-20261119.csv': csv(2),
      'permits-20261120.csv': csv(3),
    });
    const { keys, days, unreadable } = await delivered(one);
    assert.deepEqual(
      [keys, days],
      [
        ['K2', 'K3'],
        ['2026-11-19', '2026-11-20'],
      ],
    );
    assert.deepEqual(
      unreadable.map(({ name }) => name),
      ['permits-20261118.csv'],
    );
    writeFileSync(join(one.folder, 'permits-20261118.csv'), csv(1));
    utimesSync(join(one.folder, 'permits-20261118.csv'), new Date(), new Date());
    const mended = await delivered(one);
    assert.deepEqual([mended.days.length, mended.unreadable], [3, []]);
  });

  it('neither does one that is cut off', async () => {
    const book = workbook({ SheetNames: ['a'], Sheets: { a: utils.aoa_to_sheet([COLUMNS, row(1)]) } });
    const one = dropped(
      { 'permits-20261119.xlsx': book.subarray(0, book.length / 2), 'permits-20261120.xlsx': book },
      { files: 'permits-{date}.xlsx' },
    );
    const { days, unreadable } = await delivered(one);
    assert.deepEqual(days, ['2026-11-20']);
    assert.deepEqual(
      unreadable.map(({ name, fault }) => [name, fault.kind, fault.code]),
      [['permits-20261119.xlsx', 'transient', 'file-incomplete']],
    );
  });

  describe('in a workbook', () => {
    const records = (...numbers: number[]) => utils.aoa_to_sheet([COLUMNS, ...numbers.map(row)]);
    const hidden = (...states: number[]) => ({ Sheets: states.map((Hidden) => ({ Hidden: Hidden as 0 | 1 | 2 })) });

    it('the visible sheet with the records is read, and what is not read is told', async () => {
      const codes = utils.aoa_to_sheet([
        ['代码', '含义'],
        ['1', '有效'],
      ]);
      for (const state of [1, 2]) {
        const one = inWorkbook({
          SheetNames: ['样例', '数据'],
          Sheets: { 样例: records(99), 数据: records(1, 2) },
          Workbook: hidden(state, 0),
        });
        assert.deepEqual((await delivered(one)).keys, ['K1', 'K2']);
        assert.match((await one.source.check()).notes.join(), /not read on 样例/);
      }
      const one = inWorkbook({ SheetNames: ['字典', '数据'], Sheets: { 字典: codes, 数据: records(1) } });
      assert.deepEqual((await delivered(one)).keys, ['K1']);
      assert.match((await one.source.check()).notes.join(), /not read on 字典/);
    });

    it('records on several sheets prove no day, unless the sheet is named', async () => {
      const further = utils.aoa_to_sheet([row(3), row(4)]);
      const one = utils.aoa_to_sheet([row(3)]);
      for (const second of [records(3, 4), further, one]) {
        const book = { SheetNames: ['Sheet1', 'Sheet2'], Sheets: { Sheet1: records(1, 2), Sheet2: second } };
        const both = inWorkbook(book);
        const { keys, days, unreadable } = await delivered(both);
        assert.deepEqual([keys, days], [['K1', 'K2'], []]);
        assert.match(unreadable[0]?.fault.message ?? '', /not read on Sheet2/);
        assert.match((await both.source.check()).notes.join(), /not read on Sheet2, and the day is not proven/);
        const named = inWorkbook(book, { sheet: 'Sheet1' });
        assert.deepEqual(await delivered(named), { keys: ['K1', 'K2'], days: ['2026-11-20'], unreadable: [] });
        assert.match((await named.source.check()).notes.join(), /not read on Sheet2$/);
      }
    });

    it('so do records that have fewer columns than those that are read', async () => {
      const remarks = Array.from({ length: 9 }, (_, place) => `备注${place}`);
      const wide = utils.aoa_to_sheet([
        [...COLUMNS, ...remarks],
        [...row(1), ...remarks],
      ]);
      const one = inWorkbook({ SheetNames: ['a', 'b'], Sheets: { a: wide, b: records(2) } });
      const { keys, days } = await delivered(one);
      assert.deepEqual([keys, days], [['K1'], []]);
    });

    it('no visible sheet with the columns is no empty day', async () => {
      const book = {
        SheetNames: ['说明', '数据'],
        Sheets: { 说明: utils.aoa_to_sheet([['填表说明']]), 数据: records(1) },
      };
      await assertUnreadable(inWorkbook({ ...book, Workbook: hidden(0, 1) }), /have no 流水号/);
    });
  });

  describe('over HTTP', () => {
    const NOW = Date.parse('2026-11-20T12:00:00+08:00');
    async function served(listener: RequestListener): Promise<Omit<Opened, 'folder'>> {
      const server = createServer(listener);
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      closing.push(() => server.close());
      return openAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}/drop`, {}, () => NOW);
    }

    it('days for which a server answers with a page under 200 are not proven', async () => {
      const one = await served(({ url = '', method }, response) => {
        const found = url.endsWith('/permits-20261119.csv');
        const content = found ? csv(1) : '<html><body>页面不存在</body></html>';
        response.writeHead(200, { 'Content-Type': found ? 'text/csv' : 'text/html' });
        response.end(method === 'HEAD' ? undefined : content);
      });
      const { keys, days, unreadable } = await delivered(one);
      assert.deepEqual([keys, days], [['K1'], ['2026-11-19']]);
      assert.deepEqual([unreadable.length, unreadable.at(-1)?.date], [31, '2026-11-20']);
    });

    it('a page in the place of a file is looked at again, where the server tells no size', async () => {
      let content = '<html><body>请稍候</body></html>';
      const one = await served(({ url = '', method }, response) => {
        if (!url.includes('20261119')) return response.writeHead(404).end();
        response.writeHead(200);
        return response.end(method === 'HEAD' ? undefined : content);
      });
      assert.equal((await delivered(one)).unreadable.length, 1);
      content = csv(1);
      assert.deepEqual((await delivered(one)).keys, ['K1']);
    });

    it('an address with parameters, which would be ignored, is refused', () => {
      for (const address of ['https://host/drop?token=x', 'http://host/?x'])
        assert.throws(
          () => openAt(address, {}),
          (error) => error instanceof HubError && error.code === 'address-invalid',
        );
    });

    it('a packed answer that cannot be unpacked, or a part of one, is unreadable and keeps back no other', async () => {
      const whole = gzipSync(csv(...Array.from({ length: 400 }, (_, n) => n)));
      let [content, status] = [whole.subarray(0, Math.floor(whole.length * 0.6)), 200];
      const one = await served(({ url = '', method }, response) => {
        if (url.endsWith('.ok')) return response.writeHead(200).end();
        const body = (sent: Buffer): void => void response.end(method === 'HEAD' ? undefined : sent);
        if (url.includes('20261120')) return body(Buffer.from(csv(1000)));
        if (!url.includes('20261119')) return response.writeHead(404).end();
        response.writeHead(status, { 'Content-Encoding': 'gzip', 'Content-Length': content.length });
        return body(content);
      });
      const assertOnlyAfter = async (): Promise<void> => {
        const { keys, days, unreadable } = await delivered(one);
        assert.deepEqual([keys, days], [['K1000'], ['2026-11-20']]);
        assert.deepEqual(
          unreadable.map(({ date, fault }) => [date, fault.kind, fault.code]),
          [['2026-11-19', 'transient', 'file-incomplete']],
        );
      };
      await assertOnlyAfter();
      content = whole.subarray(0, -1);
      await assertOnlyAfter();
      content = Buffer.concat([whole, Buffer.from('garbage')]);
      await assertOnlyAfter();
      [content, status] = [gzipSync(csv(1, 2)), 206];
      await assertOnlyAfter();
      [content, status] = [whole, 200];
      assert.equal((await delivered(one)).keys.length, 401);
    });
  });
});

describe('odd files that can be read', () => {
  it('lines that end in CR alone, delimiters after the last cell, and UTF-16', async () => {
    const keys = ['K1', 'K2', 'K3'];
    const text = csv(1, 2, 3);
    const trailing = text.replace(/(?<=,1)\r\n/g, ',,\r\n');
    assert.notEqual(trailing, text);
    for (const content of [
      text.replaceAll('\r\n', '\r'),
      trailing,
      iconv.encode(text, 'utf-16le', { addBOM: true }),
      iconv.encode(text, 'utf-16be', { addBOM: true }),
    ])
      assert.deepEqual(await delivered(today(content)), { keys, days: ['2026-11-20'], unreadable: [] });
    const plain = csv(1, 2, 3).replace(HEADER, 'k,n,h,c,t,d,s');
    const fields = { number: 'n', holderName: 'h', holderCode: 'c', holderCodeType: 't', issuedOn: 'd' };
    const english = { record: { key: 'k', fields }, status: { field: 's', values: { '1': 'valid' } } };
    assert.deepEqual((await delivered(today(iconv.encode(plain, 'utf-16le'), english))).keys, keys);
  });

  it('lines that end in several ways, by parts that were put together', async () => {
    const keys = ['K1', 'K2', 'K3'];
    const text = csv(1, 2, 3);
    const [header = '', first = '', second = '', third = ''] = text.split('\r\n');
    for (const content of [
      `${header}\r\n${first}\n${second}\r${third}\r\n`,
      `${header}\r${first}\n${second}\n${third}`,
      `${header}\r${first}\r${second}\n${third}`,
      text.replaceAll('\r\n', '\r\r\n'),
      text.replaceAll('\r\n', '\u2028'),
      `\ufeff${header}\n\ufeff${first}\n${second}\n${third}`,
    ])
      assert.deepEqual(await delivered(today(content)), { keys, days: ['2026-11-20'], unreadable: [] }, content);
  });

  it('Big5, which is not taken for GBK', async () => {
    const names = csv(1, 2, 3).replaceAll(/[\u4e00-\u9fff]{2,}(?=.*\n)/g, '無錫市園林局');
    const english = names.replace(/^.*/, 'k,n,h,c,t,d,s');
    const fields = { number: 'n', holderName: 'h', holderCode: 'c', holderCodeType: 't', issuedOn: 'd' };
    const mapping = { record: { key: 'k', fields }, status: { field: 's', values: { '1': 'valid' } } };
    for (const stated of [{}, { encoding: 'big5' }]) {
      const one = today(iconv.encode(english, 'big5'), { ...mapping, ...stated });
      assert.match((await one.source.check()).notes.join(), /csv in big5/);
      assert.deepEqual((await delivered(one)).keys, ['K1', 'K2', 'K3']);
    }
    const gbk = today(iconv.encode(english, 'gbk'), mapping);
    assert.match((await gbk.source.check()).notes.join(), /csv in gb18030/);
  });

  it('an archive with what macOS and Windows add to it', async () => {
    const zip = await zipOf({
      'permits.csv': csv(1),
      '__MACOSX/._permits.csv': 'x',
      '.DS_Store': 'x',
      'Thumbs.db': 'x',
    });
    const one = dropped({ 'permits-20261120.csv.zip': zip }, { files: 'permits-{date}.csv.zip' });
    assert.deepEqual((await delivered(one)).keys, ['K1']);
  });
});
