import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import iconv from 'iconv-lite';
import { utils, write, type CellObject, type WorkSheet } from 'xlsx';
import yauzl from 'yauzl';
import { ZipFile } from 'yazl';
import { fileConnectorSchema } from '../../settings/kinds/file.ts';
import { file } from '../../connectors/file/index.ts';
import { compileMapping } from '../../connectors/mapping/compile.ts';
import { readAll } from '../../connectors/examine/suite.ts';
import { sourceBy } from '../../connectors/reading.ts';

const TEMP = mkdtempSync(join(tmpdir(), 'cells-test-'));
after(() => rmSync(TEMP, { recursive: true, force: true }));

const COLUMNS = ['id', 'number', 'issuer', 'issuedOn', 'expiresOn', 'name', 'code', 'kind', 'remark'];
const cells = (n: number): string[] => [
  `K${n}`,
  `锡教${n}`,
  '市教育局',
  '2026-11-01',
  '2029-10-31',
  `持证人${n}`,
  `E0000${n}`,
  '414',
  '',
];

interface Row {
  key: string;
  number: string;
  issuerName: string | null;
  issuedOn: string;
  expiresOn: string | null;
  holders: { name: string; code: string }[];
  extension: Record<string, unknown>;
}
interface Taken {
  declared: number;
  read: number;
  rows: Row[];
  rejected: string[];
}

/** What comes of one file. */
async function taken(
  name: string,
  content: string | Buffer,
  stream: Record<string, unknown> = {},
  record: Record<string, unknown> = {},
): Promise<Taken> {
  const folder = mkdtempSync(join(TEMP, 'drop-'));
  writeFileSync(join(folder, name), content);
  writeFileSync(join(folder, `${name}.ok`), '');
  const connector = fileConnectorSchema.parse({
    name: '市教育局',
    unit: '11320200014006470N',
    kind: 'file',
    address: folder,
    streams: [
      {
        id: 'permits',
        files: `*.${name.split('.').at(-1)}`,
        complete: { marker: '.ok' },
        certificateType: { code: '11100000000013530F002', name: '教师资格证书' },
        record: {
          key: 'id',
          fields: {
            number: 'number',
            issuerName: 'issuer',
            issuedOn: 'issuedOn',
            expiresOn: 'expiresOn',
            holderName: 'name',
            holderCode: 'code',
            holderCodeType: 'kind',
          },
          ...record,
        },
        status: {},
        ...stream,
      },
    ],
  });
  const [config = assert.fail('no stream')] = connector.streams;
  const source = sourceBy('batches', file.open({ ...connector, id: 'drop' }, config));
  try {
    const { batch, ...none } = await source.nextBatch(null, {
      upToMs: Date.now(),
      known: () => Promise.resolve(new Map()),
    });
    if (!batch) return assert.fail(JSON.stringify(none));
    const pages = await readAll({ source }, batch);
    const { map } = compileMapping(config, file.hints?.(config));
    const made = pages.map((page) => map(page, { readAt: '2026-11-22T10:00:00+08:00' }));
    return {
      declared: batch.declared,
      read: pages.flatMap(({ records }) => records).length,
      rows: made.flatMap(({ rows }) => JSON.parse(rows.toJson().toString()) as Row[]),
      rejected: made.flatMap(({ rejected }) =>
        rejected.map(
          ({ key, problems }) => `${key}: ${problems.map(({ rule, field }) => `${rule} ${field}`).join(', ')}`,
        ),
      ),
    };
  } finally {
    await source.close?.();
  }
}

const csv = (...rows: string[][]): string => [COLUMNS, ...rows].map((row) => row.join(',')).join('\n');
const bookOf = (sheet: WorkSheet): Buffer =>
  write({ SheetNames: ['a'], Sheets: { a: sheet } }, { type: 'buffer', bookType: 'xlsx' }) as Buffer;
const sheetOf = (...rows: (string | null)[][]): WorkSheet => utils.aoa_to_sheet([COLUMNS, ...rows]);

/** A workbook with one of its parts rewritten. */
async function rewritten(book: Buffer, part: string, change: (text: string) => string): Promise<Buffer> {
  const zip = new ZipFile();
  const archive = await yauzl.fromBufferPromise(book);
  for await (const entry of archive.eachEntry()) {
    const content = Buffer.concat((await Array.fromAsync(await archive.openReadStreamPromise(entry))) as Buffer[]);
    const after = entry.fileName === part ? change(content.toString()) : content.toString('latin1');
    if (entry.fileName === part) assert.notEqual(after, content.toString());
    zip.addBuffer(Buffer.from(after, entry.fileName === part ? 'utf8' : 'latin1'), entry.fileName);
  }
  zip.end();
  return Buffer.concat((await Array.fromAsync(zip.outputStream)) as Buffer[]);
}

describe('cells', () => {
  it('of a merged range have its value in every row', async () => {
    const sheet = sheetOf(
      cells(1),
      ...[2, 3].map((n) => cells(n).map((cell, index) => (index === 2 || index === 4 ? null : cell))),
      cells(4),
    );
    sheet['!merges'] = [
      { s: { r: 1, c: 2 }, e: { r: 3, c: 2 } },
      { s: { r: 1, c: 4 }, e: { r: 3, c: 4 } },
    ];
    const { rows } = await taken('permits.xlsx', bookOf(sheet));
    assert.deepEqual(
      rows.map(({ key, issuerName, expiresOn }) => [key, issuerName, expiresOn]),
      [1, 2, 3, 4].map((n) => [`K${n}`, '市教育局', '2029-10-31']),
    );
  });

  it('a merged range makes no rows of its own', async () => {
    const sheet = sheetOf(cells(1));
    sheet['!merges'] = [{ s: { r: 1, c: 0 }, e: { r: 500_000, c: 16_000 } }];
    assert.equal((await taken('permits.xlsx', bookOf(sheet))).declared, 1);
  });

  it('formulas without a value, and with an error, reject their record', async () => {
    const uncalculated = await rewritten(bookOf(sheetOf(cells(1), cells(2))), 'xl/worksheets/sheet1.xml', (xml) =>
      xml.replace(/<c r="E2"[^>]*>.*?<\/c>/, '<c r="E2"><f>TEXT(EDATE(D2,36),"yyyy-mm-dd")</f></c>'),
    );
    const one = await taken('permits.xlsx', uncalculated);
    assert.deepEqual([one.rejected, one.rows.map(({ key }) => key)], [['K1: cell-error expiresOn'], ['K2']]);
    const sheet = sheetOf(cells(1), cells(2));
    sheet.C2 = { t: 'e', v: 0x17, f: 'VLOOKUP(A2,X:Y,2,0)' } satisfies CellObject;
    sheet.F2 = { t: 'e', v: 0x2a } satisfies CellObject;
    const { rejected } = await taken('permits.xlsx', bookOf(sheet));
    assert.deepEqual(rejected, ['K1: cell-error issuerName, cell-error holders[0].name']);
  });

  it('with an error that the library does not know reject their record, too', async () => {
    const book = await rewritten(bookOf(sheetOf(cells(1), cells(2))), 'xl/worksheets/sheet1.xml', (xml) =>
      xml
        .replace(/<c r="C2"[^>]*>.*?<\/c>/, '<c r="C2" t="e"><v>#SPILL!</v></c>')
        .replace(/<c r="E3"[^>]*>.*?<\/c>/, '<c r="E3" t="e"><f>X()</f><v>#CONNECT!</v></c>'),
    );
    const { rejected } = await taken('permits.xlsx', book);
    assert.deepEqual(rejected, ['K1: cell-error issuerName', 'K2: cell-error expiresOn']);
  });

  it('that are no day of the calendar cost their record alone, and what a blank one is taken for is no name', async () => {
    const sheet = sheetOf(cells(1), cells(2), cells(3), cells(4), cells(5));
    sheet.E2 = { t: 'n', v: -1, z: 'yyyy-mm-dd' };
    sheet.E3 = { t: 'n', v: 0, z: 'yyyy-mm-dd' };
    sheet.E4 = { t: 'n', v: 60, z: 'yyyy-mm-dd' };
    sheet.F5 = { t: 'n', v: 0, f: 'Z99' };
    const { rows, rejected } = await taken('permits.xlsx', bookOf(sheet));
    assert.deepEqual(
      rows.map(({ key, expiresOn }) => [key, expiresOn]),
      [
        ['K2', null],
        ['K5', '2029-10-31'],
      ],
    );
    assert.deepEqual(rejected, [
      'K1: date-invalid expiresOn',
      'K3: date-invalid expiresOn',
      'K4: required-missing holders[0].name',
    ]);
  });

  it('in the date formats of Chinese editions are dates', async () => {
    for (const format of [27, 28, 29, 30, 31, 50, 51, 52, 53, 54, 57, 58]) {
      const sheet = sheetOf(cells(1));
      sheet.D2 = { t: 'n', v: 46_327, z: 'yyyy-mm-dd' };
      const book = await rewritten(bookOf(sheet), 'xl/styles.xml', (xml) =>
        xml.replace(/(<cellXfs.*)numFmtId="(?!0")\d+"/s, `$1numFmtId="${format}"`),
      );
      const { rows, rejected } = await taken('permits.xlsx', book);
      assert.deepEqual([rows[0]?.issuedOn, rejected], ['2026-11-01', []], String(format));
    }
  });

  it('that stand for text are the text', async () => {
    const row = (number: string): string[] => cells(1).with(1, number);
    for (const [cell, text] of [
      ['"=""00012345"""', '00012345'],
      ['="00012345"', '00012345'],
      ["'00012345", '00012345'],
      ['="a""b"', 'a"b'],
      ['"=""0013""&"""""', '0013'],
      ['=A1', '=A1'],
      ["'a'", "'a'"],
    ] as const)
      assert.equal((await taken('permits.csv', csv(row(cell)))).rows[0]?.number, text, cell);
    assert.equal((await taken('permits.xlsx', bookOf(sheetOf(row("'0012"))))).rows[0]?.number, '0012');
    for (const formula of ['"=HYPERLINK(""http://x"",""锡教1"")"', '=T("0012")', '=text(A1)'])
      assert.deepEqual((await taken('permits.csv', csv(row(formula)))).rejected, ['K1: cell-error number'], formula);
  });
});

describe('rows of one key', () => {
  const joint = [cells(1), cells(1).with(5, '李四').with(6, 'E00000009'), cells(2)];

  it('are one record with all holders, where the mapping says so', async () => {
    for (const stream of [{}, { page: { size: 1 } }, { complete: { countLine: '^共(\\d+)条$' } }]) {
      const content = 'complete' in stream ? `${csv(...joint)}\n共3条` : csv(...joint);
      const { declared, read, rows, rejected } = await taken('permits.csv', content, stream, {
        holders: { rows: true },
      });
      assert.deepEqual([declared, read, rejected], [2, 2, []]);
      assert.deepEqual(
        rows.map(({ key, holders, extension }) => [key, holders.map(({ name, code }) => `${name} ${code}`), extension]),
        [
          ['K1', ['持证人1 E00001', '李四 E00000009'], { remark: '' }],
          ['K2', ['持证人2 E00002'], { remark: '' }],
        ],
      );
    }
    const { rows } = await taken('permits.xlsx', bookOf(sheetOf(...joint)), {}, { holders: { rows: true } });
    assert.equal(rows[0]?.holders.length, 2);
  });

  it('are rejected otherwise, together, wherever a page ends; the last one never wins', async () => {
    for (const size of [1, 2, 1000]) {
      const { declared, read, rows, rejected } = await taken('permits.csv', csv(...joint), { page: { size } });
      assert.deepEqual(
        [declared, read, rows.map(({ key }) => key), rejected],
        [2, 2, ['K2'], ['K1: key-repeated key']],
      );
    }
  });

  it('are rejected where they differ in more than their holders', async () => {
    const other = [cells(1), cells(1).with(5, '李四').with(4, '2030-01-01')];
    const { rejected } = await taken('permits.csv', csv(...other), {}, { holders: { rows: true } });
    assert.deepEqual(rejected, ['K1: key-repeated key']);
  });

  it('are found further apart, too: the first one stands, the other is rejected', async () => {
    const apart = [cells(1), cells(2), cells(1).with(5, '李四')];
    for (const record of [{}, { holders: { rows: true } }]) {
      const { rows, rejected } = await taken('permits.csv', csv(...apart), {}, record);
      assert.deepEqual(
        rows.map(({ key, holders }) => [key, holders[0]?.name]),
        [
          ['K1', '持证人1'],
          ['K2', '持证人2'],
        ],
      );
      assert.deepEqual(rejected, ['K1: key-repeated key']);
    }
  });

  it('are versions where their times differ, and nothing new where they are equal', async () => {
    const timed = [cells(1).with(8, '2026-11-01 10:00:00'), cells(1).with(8, '2026-11-02 10:00:00').with(5, '李四')];
    const versions = await taken('permits.csv', csv(...timed), {}, { updatedAt: 'remark' });
    assert.deepEqual([versions.declared, versions.rows.length, versions.rejected], [2, 2, []]);
    const equal = await taken('permits.csv', csv(cells(1), cells(1)));
    assert.deepEqual([equal.declared, equal.rows.length, equal.rejected], [2, 2, []]);
  });

  it('are found whatever nobody sees in their keys', async () => {
    for (const key of ['K1\u200b', ' K1', 'K1\ufeff ']) {
      const { rejected } = await taken('permits.csv', csv(cells(1), cells(2).with(0, key)));
      assert.deepEqual(rejected, ['K1: key-repeated key'], JSON.stringify(key));
    }
  });

  it('whose digits are lost are rejected one by one', async () => {
    const lost = [1, 2, 3].map((n) => cells(n).with(0, '3.20201E+17'));
    assert.deepEqual(
      (await taken('permits.csv', csv(...lost))).rejected,
      Array(3).fill('3.20201E+17: digits-lost key'),
    );
  });
});

describe('tables that are saved as .xls', () => {
  const rows = [cells(1).with(6, '320200199001011235').with(7, '111').with(8, '00123'), cells(2)];
  const page = (charset: string): string =>
    `<html><head><meta http-equiv="Content-Type" content="text/html; charset=${charset}"></head><body><table>${[
      COLUMNS,
      ...rows,
    ]
      .map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join('')}</tr>`)
      .join('')}</table></body></html>`;
  const tabs = [COLUMNS, ...rows].map((row) => row.join('\t')).join('\r\n');

  for (const [what, content] of [
    ['HTML in GBK', iconv.encode(page('gb2312'), 'gbk')],
    ['HTML in UTF-8', Buffer.from(page('utf-8'))],
    ['tabs in GBK', iconv.encode(tabs, 'gbk')],
    ['tabs in UTF-8', Buffer.from(tabs)],
    ['tabs in UTF-16', iconv.encode(tabs, 'utf-16le', { addBOM: true })],
  ] as const)
    it(`${what}: names are names, every digit is kept`, async () => {
      const { rows: made, rejected } = await taken('permits.xls', content);
      assert.deepEqual(rejected, []);
      assert.deepEqual(
        made.map(({ number, holders: [holder], extension }) => [number, holder?.name, holder?.code, extension.remark]),
        [
          ['锡教1', '持证人1', '320200199001011235', '00123'],
          ['锡教2', '持证人2', 'E00002', null],
        ],
      );
    });
});
