import { basename } from 'node:path';
import { formatOf } from '../../settings/kinds/file.ts';
import { fault } from '../../domain/faults.ts';
import { encodingOf } from './intake.ts';
import { rowsOf } from './rows.ts';

/** The rows of a csv or workbook that somebody hands in at the command line, by the names in its first row. */
export async function* rowsOfFile(path: string): AsyncIterable<unknown> {
  const name = basename(path);
  const format = formatOf(name);
  if (format === null || /\.zip$/i.test(name)) {
    throw fault('file-format', { file: name });
  }
  const text = await encodingOf(path);
  if (text.garbled) {
    throw fault('file-encoding', { file: name });
  }
  yield* rowsOf({ path, name, format, ...text }, { delimiter: ',', header: 1 });
}
