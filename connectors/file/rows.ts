import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline, Transform, type TransformCallback } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import type { FileFormat, FileStreamConfig } from '../../settings/kinds/file.ts';
import { messageOf } from '../../domain/errors.ts';
import { fault } from '../../domain/faults.ts';
import type { FileBreak } from '../../domain/faults/files.ts';
import { isObject } from '../json.ts';
import { RowJoiner } from '../joined-rows.ts';
import { parseText } from '../json-text.ts';
import { plainText } from './cells.ts';
import { columnNames, missingFrom } from './columns.ts';
import { contentOf } from './content.ts';
import type { UnreadSheets, WorkbookJob, WorkbookMessage } from './workbook.ts';
import { FileThread, type ThreadLimits } from '../thread.ts';

export type Encoding = 'utf-8' | 'gb18030' | 'big5' | 'utf-16le' | 'utf-16be';

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

/** What says how files are read. */
export interface FileLayout extends Pick<FileStreamConfig, 'delimiter' | 'header' | 'sheet' | 'complete'> {
  /** Columns without which a file is not the one that is expected, whatever else it has; none where left out. */
  columns?: readonly string[];
  /** By which rows of one record are known; where left out, every row is one of its own. */
  record?: Pick<FileStreamConfig['record'], 'key' | 'updatedAt'>;
  /** Whether workbooks have the limits of what is handed in; where left out, those of files that departments deliver. */
  small?: boolean;
}

/** Records; in the end what else the file has. */
export type FileRows = AsyncGenerator<unknown, UnreadSheets>;

export const NOTHING_UNREAD: UnreadSheets = { filled: [], records: [] };

/**
 * The records of a file, one after the other; memory does not grow with its length, but for workbooks. Throws a
 * configuration error for a file that is not the expected table: that is no file without records.
 */
export async function* rowsOf(file: LocalFile, stream: FileLayout): FileRows {
  const rows = allRowsOf(file, stream);
  if (!stream.record) return yield* rows;
  const joiner = new RowJoiner(stream.record);
  try {
    for (;;) {
      const next = await rows.next();
      const record = next.done === true || !isObject(next.value) ? joiner.end() : joiner.next(next.value);
      if (record !== null) yield record;
      if (next.done === true) return next.value;
      if (!isObject(next.value)) yield next.value;
    }
  } finally {
    await rows.return(NOTHING_UNREAD);
  }
}

async function* allRowsOf(file: LocalFile, stream: FileLayout): FileRows {
  if (file.format !== 'csv' && file.format !== 'jsonl') return yield* workbookRows(file, stream);
  yield* file.format === 'csv' ? csvRows(file, stream) : jsonRows(file, stream);
  return NOTHING_UNREAD;
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
  const { columns = [] } = stream;
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
      record_delimiter: (await endsLinesByReturns(file.path)) ? ['\r'] : ['\r\n', '\n'],
    }),
    () => undefined, // what fails is thrown where the rows are read
  );
  let names: string[] | null = null;
  let row = stream.header - 1;
  try {
    for await (const cells of partedRows(rows as AsyncIterable<string[]>, columns)) {
      row += 1;
      // Spreadsheets fill it up with empty cells.
      if (countLine?.test(cells[0] ?? '') && cells.slice(1).every((cell) => cell === '')) {
        names ??= [];
        continue;
      }
      if (names === null) {
        names = columnNames(cells);
        await requireColumns(file, stream, names);
        continue;
      }
      // Some write a delimiter after the last cell, too.
      while (cells.length > names.length && cells.at(-1) === '') cells.pop();
      const width = names.length;
      if (cells.some((cell) => swallowsRows(cell, stream.delimiter, width))) throw broken(file, { is: 'quote', row });
      // A row with too many or too few cells is no record: the mapping refuses it as it came.
      if (cells.length !== names.length) yield cells;
      else yield Object.fromEntries(names.map((name, index) => [name, plainText(cells[index] ?? '')]));
    }
  } catch (error) {
    throw error instanceof CsvError ? broken(file, { is: 'rows', why: messageOf(error) }) : error;
  }
  if (names === null && columns.length > 0) await requireColumns(file, stream, []);
}

/** Ends of lines beside those that the file has: of a part that another program wrote. */
const OTHER_LINE_END = /\r(?!\n)|[\u0085\u2028\u2029]/;

/** Rows, those apart that stand in one because a line of theirs ends otherwise. @param expected columns */
async function* partedRows(rows: AsyncIterable<string[]>, expected: readonly string[]): AsyncIterable<string[]> {
  let width: number | null = null;
  for await (const cells of rows) {
    const parts: string[][] =
      cells.length !== width && cells.some((cell) => OTHER_LINE_END.test(cell)) ? partsOf(cells) : [];
    const [first = cells] = parts;
    const apart: boolean =
      parts.every(({ length }) => length === (width ?? first.length)) &&
      (width !== null || missingFrom(columnNames(first), expected).length === 0);
    width ??= apart ? first.length : cells.length;
    if (parts.length > 1 && apart) yield* parts;
    else yield cells;
  }
}

function partsOf(cells: readonly string[]): string[][] {
  const rows: string[][] = [[]];
  for (const cell of cells) {
    const [first = '', ...others] = cell.split(OTHER_LINE_END);
    rows.at(-1)?.push(first);
    for (const other of others) rows.push([other]);
  }
  return rows.filter((row) => row.some((cell) => cell !== ''));
}

async function requireColumns(file: LocalFile, { header, columns = [] }: FileLayout, names: string[]): Promise<void> {
  const missing = missingFrom(names, columns);
  if (missing.length === 0) return;
  const content = await contentOf(file.path);
  throw broken(file, { is: 'columns', row: header, columns: names.length, missing, content });
}

/** Whether a cell holds further rows: a line of it begins a quoted cell, or has most of the cells that a row has. */
const swallowsRows = (cell: string, delimiter: string, width: number): boolean =>
  cell.includes('\n') &&
  cell
    .split('\n')
    .slice(1)
    .map((line) => line.split(delimiter))
    .some((cells) => cells.length > Math.max(2, width / 2) || cells.some((part) => part.startsWith('"')));

/** Bytes by which it is told how lines end. */
const LINE_LOOKED_AT = 65_536;

/** Whether lines end in CR alone, as old programs of Apple write them. */
async function endsLinesByReturns(path: string): Promise<boolean> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(LINE_LOOKED_AT), 0, LINE_LOOKED_AT, 0);
    const head = buffer.subarray(0, bytesRead);
    return head.includes('\r') && !head.includes('\n');
  } finally {
    await handle.close();
  }
}

const broken = (file: LocalFile, found: FileBreak): Error => fault('file-broken', { file: file.name, ...found });

async function* jsonRows(file: LocalFile, stream: FileLayout): AsyncIterable<unknown> {
  const countLine = countLineOf(stream);
  const { columns = [] } = stream;
  let [lines, records] = [0, 0];
  for await (const raw of linesOf(file)) {
    const line = raw.replace(/^\ufeff+/, '');
    if (OF_A_LIST.test(line) || countLine?.test(line)) continue;
    const record = parsedLine(line);
    lines += 1;
    records += Number(isRecordOf(record, columns));
    yield record;
  }
  if (lines > 0 && records === 0) await requireColumns(file, { ...stream, header: 1 }, []);
}

/** A line with nothing in it, or with the bracket of a list that has a record on each line. */
const OF_A_LIST = /^\s*[[\]]?\s*$/;

/** Whether a line has what most records have; an error in the place of a file has not. */
const isRecordOf = (record: unknown, columns: readonly string[]): boolean =>
  isObject(record) && columns.filter((column) => Object.hasOwn(record, column)).length * 2 >= columns.length;

/** Not with readline: to that U+2028, which JSON leaves as it is, ends a line. */
async function* linesOf(file: LocalFile): AsyncIterable<string> {
  const text = pipeline(createReadStream(file.path), new Decoded(file.encoding), () => undefined);
  let rest = '';
  for await (const part of text as AsyncIterable<string>) {
    const lines = (rest + part).split(/[\r\n]/);
    rest = lines.pop() ?? '';
    yield* lines;
    if (rest.length > MAX_LINE) throw broken(file, { is: 'line', most: MAX_LINE });
  }
  yield rest;
}

/** A line that is no JSON, or has a field twice, is delivered as it is, and refused by the mapping. */
function parsedLine(line: string): unknown {
  try {
    const { json, defects } = parseText(line.replace(/,\s*$/, ''));
    return defects.size === 0 ? json : line;
  } catch {
    return line;
  }
}

/** The largest workbook (`maxFile`) takes twenty times its size. */
const WORKBOOK: ThreadLimits = { megabytes: 4_096, partMs: 600_000 };

async function* workbookRows(file: LocalFile, stream: FileLayout): FileRows {
  const { sheet, header, columns = [], small = false } = stream;
  const content = await contentOf(file.path);
  const binary = content === 'zip' || content === 'office';
  const job: WorkbookJob = {
    file: file.path,
    encoding: binary ? null : file.encoding,
    content,
    sheet,
    header,
    columns,
    small,
  };
  const thread = new FileThread<WorkbookMessage>(new URL('workbook.ts', import.meta.url), job, WORKBOOK);
  try {
    for (;;) {
      const answer = await thread.next();
      if ('broken' in answer) throw broken(file, answer.broken);
      yield* answer.rows;
      if (answer.unread !== null) return answer.unread;
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
