import { createReadStream } from 'node:fs';
import { pipeline, Transform, type TransformCallback } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import type { FileFormat, FileStreamConfig } from '../../settings/kinds/file.ts';
import { messageOf } from '../../domain/errors.ts';
import { fault } from '../../domain/faults.ts';
import type { FileBreak } from '../../domain/faults/files.ts';
import { parseKeepingDigits } from '../json.ts';
import { FileThread, type ThreadLimits } from '../thread.ts';
import { columnNames } from './columns.ts';
import type { WorkbookJob, WorkbookMessage } from './workbook.ts';

export type Encoding = 'utf-8' | 'gb18030';

/** A file that lies here, whole, unpacked, and was looked through once. */
export interface LocalFile {
  path: string;
  /** Name at the source, for messages. */
  name: string;
  format: FileFormat;
  encoding: Encoding;
  /** Some of its bytes may not decode. */
  garbled: boolean;
}

/** What of a stream's configuration says how its files are read. */
export type FileLayout = Pick<FileStreamConfig, 'delimiter' | 'header' | 'sheet' | 'complete'>;

/** The records of a file, one after the other; memory does not grow with its length, but for workbooks. */
export async function* rowsOf(file: LocalFile, stream: FileLayout): AsyncIterable<unknown> {
  if (file.format === 'csv') yield* csvRows(file, stream);
  else if (file.format === 'jsonl') yield* jsonRows(file, stream);
  else yield* workbookRows(file, stream);
}

/** Longest row of csv, in characters: a quote that never closes would take the rest of the file for one. */
const MAX_ROW = 1_000_000;
/** Longest line of jsonl, in characters; a file without line ends is not held whole. */
const MAX_LINE = 10_000_000;

/** The count line is the file's last; it is no record. */
const countLineOf = ({ complete }: FileLayout): RegExp | null =>
  complete && 'countLine' in complete ? new RegExp(complete.countLine) : null;

async function* csvRows(file: LocalFile, stream: FileLayout): AsyncIterable<unknown> {
  const countLine = countLineOf(stream);
  const rows = pipeline(
    createReadStream(file.path),
    new Decoded(file.encoding),
    parse({
      delimiter: stream.delimiter,
      from_line: stream.header,
      relax_column_count: true,
      relax_quotes: true,
      skip_records_with_empty_values: true,
      max_record_size: MAX_ROW,
      bom: true,
      record_delimiter: ['\r\n', '\n'],
    }),
    () => undefined, // what fails is thrown where the rows are read
  );
  let names: string[] | null = null;
  try {
    for await (const cells of rows as AsyncIterable<string[]>) {
      if (names === null) {
        names = columnNames(cells);
        continue;
      }
      // Spreadsheets fill it up with empty cells.
      if (countLine?.test(cells[0] ?? '') && cells.slice(1).every((cell) => cell === '')) continue;
      // A row with too many or too few cells is no record: the mapping refuses it as it came.
      if (cells.length !== names.length) yield cells;
      else yield Object.fromEntries(names.map((name, index) => [name, cells[index]]));
    }
  } catch (error) {
    throw error instanceof CsvError ? broken(file, { is: 'rows', why: messageOf(error) }) : error;
  }
}

const broken = (file: LocalFile, found: FileBreak): Error => fault('file-broken', { file: file.name, ...found });

async function* jsonRows(file: LocalFile, stream: FileLayout): AsyncIterable<unknown> {
  const countLine = countLineOf(stream);
  for await (const raw of linesOf(file)) {
    const line = raw.replace(/^\ufeff|\r$/g, '');
    if (line.trim() === '' || countLine?.test(line)) continue;
    yield parsedLine(line);
  }
}

/** Not with readline: to that U+2028, which JSON leaves as it is, ends a line. */
async function* linesOf(file: LocalFile): AsyncIterable<string> {
  const text = pipeline(createReadStream(file.path), new Decoded(file.encoding), () => undefined);
  let rest = '';
  for await (const part of text as AsyncIterable<string>) {
    const lines = (rest + part).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
    if (rest.length > MAX_LINE) throw broken(file, { is: 'line', most: MAX_LINE });
  }
  yield rest;
}

/** A line that is no JSON is delivered as it is, and refused by the mapping. */
function parsedLine(line: string): unknown {
  try {
    return parseKeepingDigits(line);
  } catch {
    return line;
  }
}

/** The largest workbook (`maxFile`) takes twenty times its size. */
const WORKBOOK: ThreadLimits = { megabytes: 4_096, partMs: 600_000 };

async function* workbookRows(file: LocalFile, stream: FileLayout): AsyncIterable<unknown> {
  const job: WorkbookJob = { file: file.path, sheet: stream.sheet, header: stream.header };
  const thread = new FileThread<WorkbookMessage>(new URL('workbook.ts', import.meta.url), job, WORKBOOK);
  try {
    for (;;) {
      const answer = await thread.next();
      if ('end' in answer) return;
      if ('broken' in answer) throw broken(file, answer.broken);
      yield* answer.rows;
    }
  } finally {
    await thread.close();
  }
}

/** Bytes as text; bytes that do not decode become U+FFFD. */
class Decoded extends Transform {
  readonly #decoder: InstanceType<typeof TextDecoder>;

  constructor(encoding: Encoding) {
    super({ decodeStrings: true, encoding: 'utf8' });
    this.#decoder = new TextDecoder(encoding);
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    done(null, this.#decoder.decode(chunk, { stream: true }));
  }

  override _flush(done: TransformCallback): void {
    done(null, this.#decoder.decode());
  }
}
