import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { utils, write } from 'xlsx';
import yazl from 'yazl';
import { openWorkbook } from '../../../connectors/sheets/open.ts';
import { HubError } from '../../../domain/errors.ts';
import { sheetRows, textSheet, workbookOf } from '../../../domain/spreadsheet.ts';

/** An xlsx with one sheet of some XML. */
async function workbookWith(sheet: string | Buffer, shared = ''): Promise<Buffer> {
  const archive = new yazl.ZipFile();
  const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
  const office = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
  const parts: Record<string, string | Buffer> = {
    '[Content_Types].xml':
      '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>',
    '_rels/.rels': `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="${office}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    'xl/workbook.xml': `<workbook xmlns="${main}" xmlns:r="${office}"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="${office}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="${office}/sharedStrings" Target="sharedStrings.xml"/></Relationships>`,
    'xl/worksheets/sheet1.xml': sheet,
    'xl/sharedStrings.xml': `<sst xmlns="${main}">${shared}</sst>`,
  };
  for (const [name, content] of Object.entries(parts)) archive.addBuffer(Buffer.from(content), name);
  archive.end();
  return contentOf(archive);
}
const sheetOf = (rows: string): string =>
  `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>${rows}</sheetData></worksheet>`;

/** What a workbook is refused with, and the longest that this thread could not do anything else meanwhile. */
async function refusal(content: Buffer): Promise<{ message: string; stoppedMs: number }> {
  let [lastMs, stoppedMs] = [performance.now(), 0];
  const timer = setInterval(() => {
    const nowMs = performance.now();
    stoppedMs = Math.max(stoppedMs, nowMs - lastMs);
    lastMs = nowMs;
  }, 5);
  try {
    await openWorkbook(content, 'a.xlsx');
    return { message: 'opened', stoppedMs };
  } catch (error) {
    assert.ok(error instanceof HubError, String(error));
    return { message: error.message, stoppedMs };
  } finally {
    clearInterval(timer);
  }
}

describe('a workbook that is handed in', () => {
  it('is opened with the values of its sheets in their order', async () => {
    const book = utils.book_new();
    utils.book_append_sheet(book, utils.aoa_to_sheet([['a', 1, true], [], ['b', null, 2.5]]), '一');
    utils.book_append_sheet(book, utils.aoa_to_sheet([['c']]), '二');
    const opened = await openWorkbook(write(book, { type: 'buffer' }) as Buffer, 'a.xlsx');
    assert.deepEqual([...opened.keys()], ['一', '二']);
    assert.deepEqual(sheetRows(opened, '二'), [['c']]);
    assert.deepEqual(sheetRows(opened, '三'), [['a', 1, true], [], ['b', null, 2.5]]);
    const rows = Array.from({ length: 2_500 }, (_, index) => [String(index)]);
    assert.deepEqual(sheetRows(await openWorkbook(workbookOf({ a: textSheet(rows) }), 'a.xlsx')), rows);
  });

  it('and refused where it is none', async () => {
    const whole = workbookOf({ a: textSheet([['x']]) });
    for (const content of [whole.subarray(0, 500), Buffer.from([0x50, 0x4b, 3, 4, 1, 2])])
      assert.match((await refusal(content)).message, /^a\.xlsx: cannot be opened as a workbook/);
  });

  it('and refused where a small one takes too much, while everything else goes on', async () => {
    const manyCells = sheetOf(`<row>${'<c><v>1</v></c>'.repeat(50)}</row>`.repeat(50_000));
    const longCells = sheetOf(`<row>${'<c t="s"><v>0</v></c>'.repeat(40)}</row>`.repeat(1_000));
    const cases: [Promise<Buffer>, RegExp][] = [
      [workbookWith(manyCells), /takes more than 2,000,000 cells/],
      [workbookWith(longCells, `<si><t>${'长'.repeat(30_000)}</t></si>`), /takes more than 50,000,000 characters/],
      [workbookWith(Buffer.alloc(201_000_000, ' ')), /takes more than 200,000,000 bytes when it is unpacked/],
      [manyParts(), /takes more than 1,000 parts/],
    ];
    for (const [made, expected] of cases) {
      const content = await made;
      assert.ok(content.length < 1_300_000, `${content.length} bytes`);
      const { message, stoppedMs } = await refusal(content);
      assert.match(message, expected);
      assert.ok(stoppedMs < 1_000, `${expected.source}: nothing else was done for ${stoppedMs} ms`);
    }
  });
});

async function manyParts(): Promise<Buffer> {
  const archive = new yazl.ZipFile();
  for (let index = 0; index < 1_001; index++) archive.addBuffer(Buffer.from('x'), `xl/${index}.xml`);
  archive.end();
  return contentOf(archive);
}

const contentOf = async ({ outputStream }: yazl.ZipFile): Promise<Buffer> =>
  Buffer.concat(await Array.fromAsync(outputStream as unknown as AsyncIterable<Buffer>));
