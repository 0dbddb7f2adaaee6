import '../../settings/hardened.ts';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { read, set_cptable, type CellObject, type WorkBook, type WorkSheet } from 'xlsx';
import { messageOf } from '../../domain/errors.ts';
import type { FileBreak, FileContent } from '../../domain/faults/files.ts';
import { cellValue } from '../../domain/spreadsheet.ts';
import { requireSmall } from '../sheets/small.ts';
import { Broken } from '../thread.ts';
import { plainText } from './cells.ts';
import { columnNames, missingFrom } from './columns.ts';
import * as codepages from 'xlsx/dist/cpexcel.full.mjs';

/** What the thread is given. */
export interface WorkbookJob {
  file: string;
  /** Of a table that was saved as text or HTML; null for a real workbook. */
  encoding: string | null;
  content: FileContent;
  sheet: string | undefined;
  /** Row with the names of the columns, from 1. */
  header: number;
  /** Columns by which the sheet with the records is known. */
  columns: readonly string[];
  /** Whether it has the limits of what is handed in. */
  small: boolean;
}

/** Sheets of a workbook beside the one that is read. */
export interface UnreadSheets {
  /** Those that have rows. */
  filled: readonly string[];
  /** Of these the ones whose rows are records, though nobody said which sheet is to be read. */
  records: readonly string[];
}

/** What it tells each time it is asked: some rows, with the last of them which other sheets have rows, or what is wrong. */
export type WorkbookMessage = { rows: Record<string, unknown>[]; unread: UnreadSheets | null } | { broken: FileBreak };

// Workbooks of Excel 95 and older name a code page.
set_cptable(codepages);

const ROWS_AT_ONCE = 1_000;

type Row = readonly (CellObject | undefined)[];

/** A sheet of which the names of the columns are known. */
interface Table {
  name: string;
  hidden: boolean;
  /** The rows below the names. */
  rows: readonly (Row | undefined)[];
  columns: string[];
  /** Expected columns that it lacks. */
  missing: string[];
  /** It has all that are expected: its rows are records. */
  records: boolean;
  filled: boolean;
}

/**
 * Opens a workbook in a thread of its own: it is parsed in one go, which may take seconds in which nothing else could
 * be done. A cell that is shown as a date is a date; any other number stays a number, so that the mapping can refuse
 * it where a code or a date belongs.
 */
function* rowsOf(job: WorkbookJob): Generator<Record<string, unknown>, UnreadSheets> {
  const book = opened(job);
  const tables = book.SheetNames.map((name, index) => tableOf(book, name, index, job));
  const table = chosen(tables, job);
  const date1904 = book.Workbook?.WBProps?.date1904 ?? false;
  for (const cells of table.rows) {
    if (!cells?.some(isFilled)) continue;
    const row: Record<string, unknown> = {};
    for (const [index, column] of table.columns.entries()) {
      const value = cellValue(cells[index], date1904);
      row[column] = typeof value === 'string' ? plainText(value) : value;
    }
    yield row;
  }
  const others = tables.filter((other) => other !== table && other.filled);
  const records = job.sheet === undefined ? others.filter((other) => holdsRecordsOf(other, table)) : [];
  const names = (sheets: readonly Table[]): string[] => sheets.map(({ name }) => name);
  return { filled: names(others), records: names(records) };
}

/** A workbook, or a table that some programs save as text or HTML under its name; of these all cells are text. */
function opened({ file, encoding }: WorkbookJob): WorkBook {
  const bytes = readFileSync(file);
  // Stubs show which cells have a formula and no value; the shown text, which have a format that the library lacks.
  if (encoding === null) return read(bytes, { dense: true, cellNF: true, cellHTML: false, sheetStubs: true });
  return read(new TextDecoder(encoding).decode(bytes), { type: 'string', dense: true, raw: true });
}

const isFilled = (cell: CellObject | undefined): boolean =>
  cell?.v !== undefined && cell.v !== '' && (cell.t !== 'z' || cell.f !== undefined);

/** The cells of a sheet; those of a merged range all have the value of its first one. */
function cellsOf(sheet: WorkSheet | undefined): readonly (Row | undefined)[] {
  const rows = (sheet?.['!data'] ?? []) as ((CellObject | undefined)[] | undefined)[];
  for (const { s: first, e: last } of sheet?.['!merges'] ?? []) {
    const cell = rows[first.r]?.[first.c];
    if (!cell) continue;
    for (const row of rows.slice(first.r, last.r + 1)) {
      // A row without a value of its own is none.
      if (!row?.some(isFilled)) continue;
      for (let column = first.c; column <= last.c && column <= MOST_COLUMNS; column++) row[column] = cell;
    }
  }
  return rows;
}

/** Dates, years and numbers, as names of columns have none. */
const OF_VALUES = /\d{4}/;
/** Beyond these no table goes, and merged ranges may. */
const MOST_COLUMNS = 1_000;

function tableOf(book: WorkBook, name: string, index: number, { header, columns: expected }: WorkbookJob): Table {
  const data = cellsOf(book.Sheets[name]);
  const columns = columnNames(
    Array.from(data[header - 1] ?? [], (cell) => (cell?.v === undefined ? '' : String(cell.v))),
  );
  const missing = missingFrom(columns, expected);
  // The row with the names holds values where a table goes on without them.
  const goesOn = missing.length > 0 && columns.some((column) => OF_VALUES.test(column));
  const rows = data.slice(goesOn ? header - 1 : header);
  return {
    name,
    hidden: (book.Workbook?.Sheets?.[index]?.Hidden ?? 0) !== 0,
    rows,
    columns,
    missing,
    records: expected.length > 0 && missing.length === 0,
    filled: rows.some((row) => row?.some(isFilled)),
  };
}

/** The sheet that is named; else the first visible one that has the expected columns, rather one with rows. */
function chosen(tables: readonly Table[], { sheet, header, content }: WorkbookJob): Table {
  const named = tables.find(({ name }) => name === sheet);
  if (sheet !== undefined && !named)
    throw new Broken({ is: 'sheet', sheets: tables.map(({ name }) => name), expected: sheet });
  const visible = named ? [named] : tables.filter(({ hidden }) => !hidden);
  const fitting = visible.filter(({ missing, columns }) => missing.length === 0 && columns.length > 0);
  const found = fitting.find(({ filled }) => filled) ?? fitting[0];
  if (found) return found;
  const [first] = visible;
  if (!first || first.columns.length === 0) throw new Broken({ is: 'header', row: header });
  throw new Broken({ is: 'columns', row: header, columns: first.columns.length, missing: first.missing, content });
}

/**
 * Whether a visible sheet has the columns of records, or rows as wide as those of another; a list of codes or an
 * explanation is narrower.
 */
function holdsRecordsOf({ hidden, rows, columns, records }: Table, other: Table): boolean {
  const wide = other.columns.length / 2;
  const isWide = (): boolean =>
    columns.length > wide && rows.some((row) => row !== undefined && row.filter(isFilled).length > wide);
  return !hidden && (records || isWide());
}

if (parentPort) {
  const port = parentPort;
  const job = workerData as WorkbookJob;
  const rows = rowsOf(job);
  const begun = job.small ? readFile(job.file).then(requireSmall) : Promise.resolve();
  begun.catch(() => undefined); // thrown where the rows are asked for
  port.on('message', () => {
    void next(begun, rows, job).then((message) => port.postMessage(message));
  });
}

async function next(
  begun: Promise<void>,
  rows: ReturnType<typeof rowsOf>,
  { content }: WorkbookJob,
): Promise<WorkbookMessage> {
  try {
    await begun;
    const part: Record<string, unknown>[] = [];
    // Not with take(): that ends the generator.
    while (part.length < ROWS_AT_ONCE) {
      const next = rows.next();
      if (next.done) return { rows: part, unread: next.value };
      part.push(next.value);
    }
    return { rows: part, unread: null };
  } catch (error) {
    return { broken: error instanceof Broken ? error.found : { is: 'unopened', why: messageOf(error), content } };
  }
}
