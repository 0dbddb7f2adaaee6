import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import {
  FILE_FORMATS,
  fileConnectorSchema,
  fileStream,
  formatOf,
  type FileStreamConfig,
} from '../../settings/kinds/file.ts';
import type { StreamConfig } from '../../settings/kinds/stream.ts';
import { messageOf } from '../../domain/errors.ts';
import { fault } from '../../domain/faults.ts';
import { hasReservedStep, ownValue } from '../../domain/names.ts';
import type { Page } from '../contract.ts';
import { isObject } from '../json.ts';
import { filePage } from './index.ts';
import { Intake } from './intake.ts';
import type { Place } from './places.ts';

/** A file that somebody hands in with records of a stream, whatever the stream is usually read from. */
export interface HandedIn {
  name: string;
  /** SHA-256 of the file, hexadecimal. */
  hash: string;
  declared: number;
  /** Its records, from the start each time. */
  pages: () => AsyncIterable<Page>;
  close: () => Promise<void>;
}

/**
 * Opens a file whose columns are the source’s fields, as those of a department are opened: encoding, archives and
 * damage are seen to. Column `a.b` is the field b within a. A stream of files says where their header is. One is open at
 * a time, and a workbook within limits: a small file can hold more than there is room for.
 */
export async function openHandedIn(path: string, stream: StreamConfig): Promise<HandedIn> {
  const name = basename(path);
  const format = formatOf(name);
  if (format === null) {
    throw fault('file-kind', { file: name, formats: FILE_FORMATS });
  }
  const size = await stat(path).then(
    (found) => found.size,
    (error: unknown) => {
      throw fault('file-unreadable', { file: name, why: messageOf(error) });
    },
  );
  const own = 'files' in stream ? (stream as FileStreamConfig) : fileStream.parse({ ...BARE, files: name });
  const config: FileStreamConfig = { ...own, id: stream.id, files: name, format, complete: undefined };
  const place: Place = {
    shown: name,
    list: () => Promise.resolve([]),
    open: () => Promise.resolve(createReadStream(path)),
    close: () => Promise.resolve(),
  };
  const maxFile = fileConnectorSchema.shape.maxFile.parse(undefined);
  const intake = new Intake(place, { maxFile }, config, { small: true });
  const before = last;
  const { promise: closed, resolve: end } = Promise.withResolvers<unknown>();
  last = before.then(() => closed);
  const close = (): Promise<void> => intake.close().finally(() => end(null));
  await before;
  const taken = await intake.take({ name, size, modifiedMs: 0 }).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  async function* pages(): AsyncIterable<Page> {
    let number = 0;
    let records: unknown[] = [];
    for await (const row of intake.rows(taken)) {
      records.push(isObject(row) ? nested(row, name) : row);
      if (records.length < config.page.size) continue;
      yield filePage(number, records, taken.garbled);
      number += 1;
      records = [];
    }
    if (records.length > 0) yield filePage(number, records, taken.garbled);
  }
  return { name, hash: taken.hash, declared: taken.declared, pages, close };
}

/** Settles when all files that were handed in before are closed. */
let last: Promise<unknown> = Promise.resolve();

/** What a stream of files must say, which does not matter to how a file is read. */
const BARE = { id: 'handed-in', record: { key: 'key' }, status: {} };

/** Throws a configuration error for a column whose name would reach beyond the record. */
function nested(row: Record<string, unknown>, file: string): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [column, value] of Object.entries(row)) {
    if (hasReservedStep(column)) {
      throw fault('file-columns', { file, reserved: column.slice(0, 100) });
    }
    const keys = column.split('.');
    const last = keys.pop() ?? column;
    let within = result;
    for (const key of keys) {
      const next = ownValue(within, key);
      within = isObject(next) ? next : (within[key] = {});
    }
    within[last] = value;
  }
  return result;
}
