import { fault } from '../../domain/faults.ts';
import type { Cells, Workbook } from '../../domain/spreadsheet.ts';
import { FileThread, type ThreadLimits } from '../thread.ts';
import type { SheetsMessage } from './thread.ts';

const LIMITS: ThreadLimits = { megabytes: 1_024, partMs: 60_000 };

let last: Promise<unknown> = Promise.resolve();

/**
 * Opens a workbook that was handed in, in a thread of its own and within limits, one after the other: a small file can
 * hold more than there is time and room for. Throws a configuration error for one that cannot be opened.
 * @param name of the file, for messages
 */
export function openWorkbook(content: Buffer, name: string): Promise<Workbook> {
  const opened = last.then(() => readSheets(content, name));
  last = opened.catch(() => undefined);
  return opened;
}

async function readSheets(content: Buffer, name: string): Promise<Workbook> {
  const book = new Map<string, Cells[]>();
  const program = new URL('thread.ts', import.meta.url);
  const thread = new FileThread<SheetsMessage>(program, new Uint8Array(content), LIMITS);
  try {
    for (;;) {
      const answer = await thread.next();
      if ('end' in answer) return book;
      if ('broken' in answer) throw fault('file-broken', { file: name, ...answer.broken });
      const rows = book.get(answer.sheet);
      if (rows) rows.push(...answer.rows);
      else book.set(answer.sheet, answer.rows);
    }
  } finally {
    await thread.close();
  }
}
