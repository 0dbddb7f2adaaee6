import { read, type CellObject } from 'xlsx';
import { cellValue, type Cells, type Workbook } from '../../domain/spreadsheet.ts';

/** The rows of a workbook that a test made, without a thread for each. */
export function sheetsOf(content: Buffer): Workbook {
  const book = read(content, { dense: true, cellNF: true });
  const rowsOf = (name: string): Cells[] =>
    Array.from((book.Sheets[name]?.['!data'] ?? []) as (CellObject | undefined)[][], (row) =>
      Array.from(row, (cell) => cellValue(cell, false)),
    );
  return new Map(book.SheetNames.map((name) => [name, rowsOf(name)]));
}
