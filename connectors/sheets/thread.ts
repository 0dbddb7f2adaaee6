import '../../settings/hardened.ts';
import { promisify } from 'node:util';
import { parentPort, workerData } from 'node:worker_threads';
import { read, type CellObject } from 'xlsx';
import yauzl from 'yauzl';
import { messageOf } from '../../domain/errors.ts';
import type { FileBreak } from '../../domain/faults/files.ts';
import { cellValue, type Cells } from '../../domain/spreadsheet.ts';
import { Broken } from '../thread.ts';

/** What the thread tells, a part each time it is asked: rows of a sheet; then the end, or what is wrong. */
export type SheetsMessage = { sheet: string; rows: Cells[] } | { end: true } | { broken: FileBreak };

const ROWS_AT_ONCE = 1_000;
/** What a workbook may have: parts, bytes of them unpacked, cells with something in them, characters of these. */
const MOST = { entries: 1_000, bytes: 200_000_000, cells: 2_000_000, characters: 50_000_000 } as const;

/** The beginning of a cell in the XML of a sheet. */
const CELL = /<(?:\w+:)?c[\s>]/g;

/** An xlsx is an archive: a small one can hold more than there is room for. */
async function requireSmall(content: Buffer): Promise<void> {
  if (content.toString('latin1', 0, 2) !== 'PK') return;
  const archive = await promisify<Buffer, yauzl.Options, yauzl.ZipFile>(yauzl.fromBuffer)(content, {
    lazyEntries: true,
  });
  if (archive.entryCount > MOST.entries) throw new Broken({ is: 'too-much', what: 'entries', most: MOST.entries });
  let [bytes, cells] = [0, 0];
  for await (const entry of archive.eachEntry()) {
    bytes += entry.uncompressedSize;
    if (bytes > MOST.bytes) throw new Broken({ is: 'too-much', what: 'bytes', most: MOST.bytes });
    // What unpacks to more than it says is an error here.
    for await (const chunk of (await archive.openReadStreamPromise(entry)) as AsyncIterable<Buffer>) {
      if (!entry.fileName.endsWith('.xml')) continue;
      // Counted before they are parsed, which takes a hundred times as long.
      cells += chunk.toString('latin1').match(CELL)?.length ?? 0;
      if (cells > MOST.cells) throw new Broken({ is: 'too-much', what: 'cells', most: MOST.cells });
    }
  }
}

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
