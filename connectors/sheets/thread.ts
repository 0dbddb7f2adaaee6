import '../../settings/hardened.ts';
import { parentPort, workerData } from 'node:worker_threads';
import { read, type CellObject } from 'xlsx';
import { messageOf } from '../../domain/errors.ts';
import type { FileBreak } from '../../domain/faults/files.ts';
import { cellValue, type Cells } from '../../domain/spreadsheet.ts';
import { Broken } from '../thread.ts';
import { MOST, requireSmall } from './small.ts';

/** What the thread tells, a part each time it is asked: rows of a sheet; then the end, or what is wrong. */
export type SheetsMessage = { sheet: string; rows: Cells[] } | { end: true } | { broken: FileBreak };

const ROWS_AT_ONCE = 1_000;

async function* partsOf(content: Buffer): AsyncGenerator<SheetsMessage> {
  await requireSmall(content);
  const book = read(content, { dense: true, cellNF: true, cellHTML: false, cellFormula: false });
  const date1904 = book.Workbook?.WBProps?.date1904 ?? false;
  let [cells, characters] = [0, 0];
  for (const sheet of book.SheetNames) {
    const data = (book.Sheets[sheet]?.['!data'] ?? []) as (readonly (CellObject | undefined)[] | undefined)[];
    let rows: Cells[] = [];
    for (const row of data) {
      const values = Array.from(row ?? [], (cell) => cellValue(cell, date1904));
      while (values.length > 0 && values.at(-1) === null) values.pop();
      rows.push(values);
      cells += values.length;
      for (const value of values) characters += typeof value === 'string' ? value.length : 0;
      if (cells > MOST.cells) throw new Broken({ is: 'too-much', what: 'cells', most: MOST.cells });
      if (characters > MOST.characters) throw new Broken({ is: 'too-much', what: 'characters', most: MOST.characters });
      if (rows.length < ROWS_AT_ONCE) continue;
      yield { sheet, rows };
      rows = [];
    }
    yield { sheet, rows };
  }
}

if (parentPort) {
  const port = parentPort;
  const parts = partsOf(Buffer.from(workerData as Uint8Array));
  port.on('message', () => {
    parts.next().then(
      ({ value, done }) => port.postMessage(done ? { end: true } : value),
      (error: unknown) =>
        port.postMessage({
          broken: error instanceof Broken ? error.found : { is: 'unopened', why: messageOf(error) },
        } satisfies SheetsMessage),
    );
  });
}
