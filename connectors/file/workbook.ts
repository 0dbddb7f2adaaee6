import '../../settings/hardened.ts';
import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { read, set_cptable, type CellObject } from 'xlsx';
import type { FileBreak } from '../../domain/faults/files.ts';
import { cellValue } from '../../domain/spreadsheet.ts';
import { columnNames } from './columns.ts';
import * as codepages from 'xlsx/dist/cpexcel.full.mjs';

/** What the thread is given. */
export interface WorkbookJob {
  file: string;
  sheet: string | undefined;
  /** Row with the names of the columns, from 1. */
  header: number;
}

/** What it tells: rows, a hundred or a thousand at a time, each asked for; then the end, or what is wrong. */
export type WorkbookMessage = { rows: Record<string, unknown>[] } | { end: true } | { broken: FileBreak };

// Workbooks of Excel 95 and older name a code page.
set_cptable(codepages);

const ROWS_AT_ONCE = 1_000;

/**
 * Opens a workbook in a thread of its own: it is parsed in one go, which may take seconds in which nothing else could
 * be done. A cell that is shown as a date is a date; any other number stays a number, so that the mapping can refuse
 * it where a code or a date belongs.
 */
function* rowsOf({ file, sheet, header }: WorkbookJob): Generator<Record<string, unknown>> {
  const book = read(readFileSync(file), { dense: true, cellNF: true, cellText: false, cellHTML: false });
  const name = sheet ?? book.SheetNames[0] ?? '';
  const found = book.Sheets[name];
  if (!found) throw new Broken({ is: 'sheet', sheets: book.SheetNames, expected: name });
  const data = (found['!data'] ?? []) as (readonly (CellObject | undefined)[] | undefined)[];
  const date1904 = book.Workbook?.WBProps?.date1904 ?? false;
  const names = columnNames(
    Array.from(data[header - 1] ?? [], (cell) => (cell?.v === undefined ? '' : String(cell.v))),
  );
  if (names.length === 0) throw new Broken({ is: 'header', row: header });
  for (const cells of data.slice(header)) {
    if (!cells?.some((cell) => cell?.v !== undefined && cell.v !== '')) continue;
    const row: Record<string, unknown> = {};
    for (const [index, column] of names.entries()) row[column] = cellValue(cells[index], date1904);
    yield row;
  }
}

class Broken extends Error {
  readonly found: FileBreak;

  constructor(found: FileBreak) {
    super(found.is);
    this.found = found;
  }
}

if (parentPort) {
  const port = parentPort;
  const rows = rowsOf(workerData as WorkbookJob);
  port.on('message', () => port.postMessage(next(rows)));
}

function next(rows: Generator<Record<string, unknown>>): WorkbookMessage {
  try {
    const part: Record<string, unknown>[] = [];
    // Not with take(): that ends the generator.
    while (part.length < ROWS_AT_ONCE) {
      const next = rows.next();
      if (next.done) break;
      part.push(next.value);
    }
    return part.length > 0 ? { rows: part } : { end: true };
  } catch (error) {
    return { broken: error instanceof Broken ? error.found : { is: 'unopened', why: (error as Error).message } };
  }
}
