import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import { maskNumbers } from '../library/personal.ts';
import { CELL_LIMIT, neutral, storable } from '../spreadsheet.ts';

/** Most rows of one export: a sheet of a workbook holds 1,048,576. */
export const MOST_EXPORTED = 1_000_000;

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const xml = (text: string): string => text.replace(/[&<>"]/g, (character) => ESCAPES[character] ?? '');

/** 0 is A, 26 is AA. */
const columnName = (index: number): string =>
  `${index < 26 ? '' : columnName(Math.floor(index / 26) - 1)}${String.fromCharCode(65 + (index % 26))}`;

/** Numbers of somebody are masked in all that is taken out. Style 1 is text (`@`): a number with zeros before it stays as it is. */
const cell = (text: string, reference: string): string =>
  text === ''
    ? ''
    : `<c r="${reference}" s="1" t="inlineStr"><is><t xml:space="preserve">${xml(neutral(storable(maskNumbers(text).slice(0, CELL_LIMIT - 1))))}</t></is></c>`;

/** Rows of a sheet as its XML; `first` is the number of the first of them, from 1. */
export const rowsXml = (rows: readonly (readonly string[])[], first: number): string =>
  rows
    .map((cells, index) => {
      const row = String(first + index);
      return `<row r="${row}">${cells.map((text, column) => cell(text, columnName(column) + row)).join('')}</row>`;
    })
    .join('');

const HEADER = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const RELATIONS = 'http://schemas.openxmlformats.org/package/2006/relationships';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const CONTENT = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

const sheetBegins = (widths: readonly number[], frozen: boolean): string =>
  `${HEADER}<worksheet xmlns="${MAIN}"><sheetViews><sheetView workbookViewId="0">${
    frozen ? '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>' : ''
  }</sheetView></sheetViews><cols>${widths
    .map((width, index) => `<col min="${index + 1}" max="${index + 1}" width="${width}" customWidth="1" style="1"/>`)
    .join('')}</cols><sheetData>`;

/**
 * A list as a workbook (xlsx) of two sheets, 说明 and its rows, written as it is read: whatever its length, a page of it is
 * in memory. Every cell is text, and none can be taken for a formula.
 * @param pages the rows of the list, each page as {@link rowsXml} makes it, from row 2 on
 */
export function listWorkbook({
  about,
  name,
  columns,
  rows,
  pages,
}: {
  /** What it is, with which filter, as of when. */
  about: readonly (readonly [string, string])[];
  name: string;
  columns: readonly string[];
  rows: number;
  pages: AsyncIterable<Buffer>;
}): Readable {
  const zip = new ZipFile();
  const add = (path: string, text: string): void => zip.addBuffer(Buffer.from(HEADER + text), path);
  add(
    '[Content_Types].xml',
    `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${CONTENT}.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="${CONTENT}.styles+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${CONTENT}.worksheet+xml"/><Override PartName="/xl/worksheets/sheet2.xml" ContentType="${CONTENT}.worksheet+xml"/></Types>`,
  );
  add(
    '_rels/.rels',
    `<Relationships xmlns="${RELATIONS}"><Relationship Id="rId1" Type="${OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
  );
  add(
    'xl/workbook.xml',
    `<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><sheets><sheet name="说明" sheetId="1" r:id="rId1"/><sheet name="${xml(name)}" sheetId="2" r:id="rId2"/></sheets></workbook>`,
  );
  add(
    'xl/_rels/workbook.xml.rels',
    `<Relationships xmlns="${RELATIONS}"><Relationship Id="rId1" Type="${OFFICE}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="${OFFICE}/worksheet" Target="worksheets/sheet2.xml"/><Relationship Id="rId3" Type="${OFFICE}/styles" Target="styles.xml"/></Relationships>`,
  );
  add(
    'xl/styles.xml',
    `<styleSheet xmlns="${MAIN}"><fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf xfId="0"/><xf numFmtId="49" applyNumberFormat="1" xfId="0"/></cellXfs></styleSheet>`,
  );
  zip.addBuffer(
    Buffer.from(`${sheetBegins([16, 80], false)}${rowsXml(about, 1)}</sheetData></worksheet>`),
    'xl/worksheets/sheet1.xml',
  );
  const last = `${columnName(columns.length - 1)}${rows + 1}`;
  async function* sheet(): AsyncGenerator<Buffer> {
    const widths = columns.map((column) => Math.max(12, 2 * column.length + 8));
    yield Buffer.from(sheetBegins(widths, true) + rowsXml([columns], 1));
    yield* pages;
    yield Buffer.from(`</sheetData><autoFilter ref="A1:${last}"/></worksheet>`);
  }
  zip.addReadStream(Readable.from(sheet()), 'xl/worksheets/sheet2.xml');
  const output = zip.outputStream as Readable;
  zip.on('error', (error: Error) => output.destroy(error));
  zip.end();
  return output;
}
