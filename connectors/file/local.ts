import { basename } from 'node:path';
import { formatOf } from '../../settings/kinds/file.ts';
import { configurationError } from '../../domain/errors.ts';
import { encodingOf } from './intake.ts';
import { rowsOf } from './rows.ts';

/** The rows of a csv or workbook that somebody hands in at the command line, by the names in its first row. */
export async function* rowsOfFile(path: string): AsyncIterable<unknown> {
  const name = basename(path);
  const format = formatOf(name);
  if (format === null || /\.zip$/i.test(name)) {
    throw configurationError(`${name}: found no format in its name, expected .csv, .xlsx, .xls or .jsonl`, {
      code: 'file-format',
      cure: 'save it as one of these',
    });
  }
  const workbook = format === 'xlsx' || format === 'xls';
  const text = workbook ? ({ encoding: 'utf-8', garbled: false } as const) : await encodingOf(path);
  if (text.garbled) {
    throw configurationError(`${name}: found bytes that are neither UTF-8 nor GB 18030`, {
      code: 'file-broken',
      cure: 'save it as UTF-8',
    });
  }
  yield* rowsOf({ path, name, format, ...text }, { delimiter: ',', header: 1 });
}
