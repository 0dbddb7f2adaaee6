import { SSF, utils, write, type CellObject, type WorkSheet } from 'xlsx';
import { UNCALCULATED } from './cell-errors.ts';

/** The library's own typings leave its date functions open. */
const dates = SSF as {
  is_date: (format: string) => boolean;
  /** Null for a number that is no day of the calendar. */
  parse_date_code: (
    value: number,
    options: { date1904: boolean },
  ) => Record<'y' | 'm' | 'd' | 'H' | 'M' | 'S', number> | null;
};

/** How the library writes a date in one of the formats that only East Asian editions of Excel have (27 to 31, 50 to 58). */
const BUILT_IN_DATE = /^\d{1,2}\/\d{1,2}\/\d{2}$/;

/** What a cell of a workbook says: a cell that is shown as a date is a date, any other number stays a number. */
export function cellValue(cell: CellObject | undefined, date1904: boolean): string | number | boolean | null {
  // The library knows no value of the younger errors.
  if (cell?.t === 'e') return cell.w ?? '#ERROR';
  if (cell?.v === undefined) return null;
  // A stub: an empty cell, or a formula that has no value.
  if (cell.t === 'z') return cell.f === undefined ? null : UNCALCULATED;
  if (cell.t === 'n' && (typeof cell.z === 'string' ? dates.is_date(cell.z) : BUILT_IN_DATE.test(cell.w ?? ''))) {
    const parts = dates.parse_date_code(Number(cell.v), { date1904 });
    if (parts === null) return Number(cell.v);
    const { y, m, d, H, M, S } = parts;
    const date = `${y}-${pad(m)}-${pad(d)}`;
    return H + M + S === 0 ? date : `${date} ${pad(H)}:${pad(M)}:${pad(S)}`;
  }
  return cell.v instanceof Date ? cell.v.toISOString() : cell.v;
}

const pad = (value: number): string => String(Math.floor(value)).padStart(2, '0');

/** As text, whatever it looks like: a spreadsheet neither calculates it nor shortens it. */
const textCell = (text: string): CellObject => ({ t: 's', v: text, z: '@' });

/** Most characters that a cell can hold. */
export const CELL_LIMIT = 32_767;

// eslint-disable-next-line no-control-regex -- these are what a workbook cannot hold
const NOT_STORABLE = /[\0-\x08\v\f\x0e-\x1f\ufffe\uffff]/g;

/** Text as a cell can hold it. */
export const storable = (text: string): string =>
  text.toWellFormed().replace(/\r\n?/g, '\n').replace(NOT_STORABLE, '\ufffd');

/** Text that no program takes for a formula, also once the sheet was saved as CSV. */
export const neutral = (text: string): string => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);

/** A sheet of which every cell is text. */
export const textSheet = (rows: readonly (readonly string[])[]): WorkSheet =>
  utils.aoa_to_sheet(rows.map((row) => row.map(textCell)));

/** A workbook (xlsx) of sheets by name. */
export function workbookOf(sheets: Readonly<Record<string, WorkSheet>>): Buffer {
  const book = utils.book_new();
  for (const [name, sheet] of Object.entries(sheets)) utils.book_append_sheet(book, sheet, name);
  return write(book, { type: 'buffer', bookType: 'xlsx', compression: true }) as Buffer;
}

/** The values of a row; empty ones at its end are left out. */
export type Cells = ReturnType<typeof cellValue>[];

/** The rows of each sheet of a workbook that was opened, by the sheets' names in their order. */
export type Workbook = ReadonlyMap<string, readonly Cells[]>;

/** The rows of a sheet, or of the first one where there is no such sheet or none is named. */
export const sheetRows = (book: Workbook, sheet?: string): readonly Cells[] =>
  (sheet === undefined ? undefined : book.get(sheet)) ?? [...book.values()][0] ?? [];
