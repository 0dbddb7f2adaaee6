import { createHash, randomUUID, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import yauzl from 'yauzl';
import { formatOf, type FileConnectorConfig, type FileStreamConfig } from '../../settings/kinds/file.ts';
import { HubError, messageOf } from '../../domain/errors.ts';
import { fault } from '../../domain/faults.ts';
import { joinedRows } from '../joined-rows.ts';
import { isObject } from '../json.ts';
import { sidecars, type Entry, type Place } from './places.ts';
import { contentOf } from './content.ts';
import { rowsOf, type Encoding, type FileLayout, type LocalFile, type FileRows } from './rows.ts';
import type { UnreadSheets } from './workbook.ts';

/** A file that was fetched, found to be whole, and looked through once. */
export interface TakenFile extends LocalFile {
  /** SHA-256 of the file as it was delivered, hexadecimal. */
  hash: string;
  /** Records, as its count line says or as they were counted. */
  declared: number;
  unread: UnreadSheets;
}

/** Of the characters beyond ASCII, how many may be garbled in a file that is still taken for UTF-8. */
const GARBLED_SHARE = 0.01;
/** Bytes of a file by which its encoding is judged. */
const LOOKED_AT = 10_000_000;

/** Folders of files that are in use: records with personal data, of which nothing is to be left when a program ends. */
const folders = new Set<string>();
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Fetches files into a folder of its own, which only the hub's user may read. */
export class Intake {
  readonly #place: Place;
  readonly #connector: Pick<FileConnectorConfig, 'maxFile'>;
  readonly #stream: FileStreamConfig;
  #folder: string | null = null;
  /** By name, size and time: what was looked through already is not fetched again to be known. */
  readonly #hashes = new Map<string, string>();
  readonly #taken = new Map<string, TakenFile>();
  /** Files that were looked through and are broken, by name, size and time. */
  readonly #broken = new Map<string, HubError>();
  /** Files of which only a part is read, by name, size and time, and what is wrong with that. */
  readonly #partial = new Map<string, HubError>();
  readonly #layout: FileLayout;

  /** @param layout what the stream does not say of its files */
  constructor(
    place: Place,
    connector: Pick<FileConnectorConfig, 'maxFile'>,
    stream: FileStreamConfig,
    layout: Pick<FileLayout, 'columns' | 'small'> = {},
  ) {
    this.#place = place;
    this.#connector = connector;
    this.#stream = stream;
    this.#layout = { ...stream, ...layout };
  }

  /** The records of a file that was taken. */
  rows(file: TakenFile): FileRows {
    return rowsOf(file, this.#layout);
  }

  /** The content hash of a file; fetches it unless it is known. */
  async hashOf(entry: Entry): Promise<string> {
    const known = this.#hashes.get(idOf(entry));
    return known ?? (await this.take(entry)).hash;
  }

  /** The file, fetched now or before. */
  async take(entry: Entry): Promise<TakenFile> {
    const broken = this.#broken.get(idOf(entry));
    if (broken) throw broken;
    const hash = this.#hashes.get(idOf(entry));
    const known = hash === undefined ? undefined : this.#taken.get(hash);
    if (known && existsSync(known.path)) return known;
    const file = await this.#fetch(entry).catch((error: unknown) => {
      // A place that tells no size does not tell either when the file is replaced.
      if (error instanceof HubError && error.code === 'file-broken' && entry.size >= 0)
        this.#broken.set(idOf(entry), error);
      throw error;
    });
    this.#hashes.set(idOf(entry), file.hash);
    this.#taken.set(file.hash, file);
    const { records } = file.unread;
    if (records.length > 0)
      this.#partial.set(idOf(entry), fault('file-broken', { file: file.name, is: 'sheets', sheets: records }));
    return file;
  }

  /** Why a file that was taken proves nothing: there are records in it that are not read. */
  partial(entry: Entry): HubError | undefined {
    return this.#partial.get(idOf(entry));
  }

  /** Removes the copy of a file that is no longer needed. */
  async release(hash: string): Promise<void> {
    const file = this.#taken.get(hash);
    this.#taken.delete(hash);
    if (file) await rm(file.path, { force: true });
  }

  async close(): Promise<void> {
    if (this.#folder !== null) {
      await rm(this.#folder, { recursive: true, force: true });
      folders.delete(this.#folder);
    }
    this.#folder = null;
    this.#taken.clear();
  }

  async #fetch({ name }: Entry): Promise<TakenFile> {
    const folder = (this.#folder ??= mkdtempSync(join(tmpdir(), 'hub-files-')));
    folders.add(folder);
    const part = join(folder, randomUUID());
    try {
      const hash = await this.#download(name, part);
      const file = await this.#lookThrough(name, part);
      const path = join(folder, hash);
      await rename(part, path);
      return { ...file, path, hash };
    } finally {
      await rm(part, { force: true });
    }
  }

  /** Its SHA-256; the checksum that the department gave holds. */
  async #download(name: string, path: string): Promise<string> {
    const digests: Record<string, Hash> = { sha256: createHash('sha256') };
    const { complete } = this.#stream;
    const checksum = complete && 'checksum' in complete ? complete.checksum : null;
    if (checksum !== null) digests[checksum] ??= createHash(checksum);
    await pipeline(
      await this.#place.open(name),
      async function* (source: AsyncIterable<Buffer>) {
        for await (const chunk of source) {
          for (const digest of Object.values(digests)) digest.update(chunk);
          yield chunk;
        }
      },
      createWriteStream(path, { mode: 0o600 }),
    );
    const sums = Object.fromEntries(Object.entries(digests).map(([form, digest]) => [form, digest.digest('hex')]));
    if (checksum !== null) await this.#requireSum(name, sums[checksum] ?? '');
    return sums.sha256 ?? '';
  }

  async #lookThrough(name: string, path: string): Promise<Omit<TakenFile, 'hash'>> {
    if (/\.zip$/i.test(name)) await unpack(path, name);
    const format = this.#stream.format ?? formatOf(this.#stream.files) ?? 'csv';
    const workbook = format === 'xlsx' || format === 'xls';
    if (workbook) await this.#requireSize(path, name);
    if (format === 'xlsx') await requireWhole(path, name);
    const text = await encodingOf(path, this.#stream.encoding);
    const file = { path, name, format, ...text };
    const stated = await this.#statedCount(file);
    // Looked through to its end in any case: what breaks it is found here, and not when half of it is in.
    const { records, joined, unread } = await lookedThrough(rowsOf(file, this.#layout));
    return { ...file, declared: stated === null ? records : stated - joined, unread };
  }

  async #requireSum(name: string, found: string): Promise<void> {
    const [sidecar = ''] = sidecars(name, this.#stream);
    const text = (await (await this.#place.open(sidecar)).toArray()).join('');
    const expected = /[0-9a-f]{32,64}/i.exec(text)?.[0]?.toLowerCase();
    if (expected === found) return;
    throw fault('file-incomplete', { file: name, sidecar });
  }

  async #requireSize(path: string, name: string): Promise<void> {
    const { size } = await stat(path);
    const { maxFile } = this.#connector;
    if (size <= maxFile * 1_000_000) return;
    throw fault('file-too-large', { workbook: name, megabytes: Math.ceil(size / 1e6), most: maxFile });
  }

  /** What the count line says; null where the stream has none. */
  async #statedCount({ path, name, encoding }: LocalFile): Promise<number | null> {
    const { complete } = this.#stream;
    if (!complete || !('countLine' in complete)) return null;
    const handle = await open(path);
    try {
      const { size } = await handle.stat();
      const tail = Buffer.alloc(Math.min(size, 4_096));
      await handle.read(tail, 0, tail.length, size - tail.length);
      let last = new TextDecoder(encoding).decode(tail).trimEnd().split(/\r?\n/).at(-1) ?? '';
      while (last.endsWith(this.#stream.delimiter)) last = last.slice(0, -1);
      const count = new RegExp(complete.countLine).exec(last.replace(/^"|"$/g, ''))?.[1];
      if (count !== undefined) return Number(count);
      throw fault('file-incomplete', { file: name, countLine: true });
    } finally {
      await handle.close();
    }
  }
}

/**
 * The encoding of a text file, as it is stated or as its bytes tell; whether some of them do not decode. Of a workbook
 * that is one it says nothing.
 */
export async function encodingOf(
  path: string,
  stated?: FileStreamConfig['encoding'],
): Promise<{ encoding: Encoding; garbled: boolean }> {
  const content = await contentOf(path);
  if (content === 'zip' || content === 'office') return { encoding: 'utf-8', garbled: false };
  const wide = await wideEncodingOf(path);
  if (wide !== null) return { encoding: wide, garbled: !(await decodes(path, wide)) };
  const utf8 = await decodes(path, 'utf-8');
  if (utf8 && (stated ?? 'utf-8') === 'utf-8') return { encoding: 'utf-8', garbled: false };
  if (stated === 'utf-8' || (stated === undefined && (await isMostlyUtf8(path))))
    return { encoding: 'utf-8', garbled: true };
  const big5 = stated === 'big5' || (stated === undefined && (await isBig5(path)));
  const encoding = big5 ? 'big5' : 'gb18030';
  return { encoding, garbled: !(await decodes(path, encoding)) };
}

/** Of the characters beyond ASCII, how many are neither Chinese ones nor signs where Big5 is taken for GB 18030. */
const ALIEN_SHARE = 0.05;
const ALIEN = /[\u0370-\u04ff\u3040-\u312f\ue000-\uf8ff]/;

/** Whether a file is Big5: as GB 18030, the commonest characters of that are kana, foreign letters and none at all. */
const isBig5 = async (path: string): Promise<boolean> =>
  (await shareOf(ALIEN, path, 'gb18030')) > ALIEN_SHARE && decodes(path, 'big5');

/** UTF-16, which its byte order mark tells, or the zero byte of every character of ASCII; null for another encoding. */
async function wideEncodingOf(path: string): Promise<Encoding | null> {
  const head = Buffer.concat((await createReadStream(path, { end: 4_095 }).toArray()) as Buffer[]);
  if (head.length < 2) return null;
  const mark = head.readUInt16BE(0);
  if (mark === 0xfffe) return 'utf-16le';
  if (mark === 0xfeff) return 'utf-16be';
  const zeros = [...head.entries()].filter(([, byte]) => byte === 0).map(([index]) => index % 2);
  const odd = zeros.filter((place) => place === 1).length;
  const even = zeros.length - odd;
  if (Math.max(even, odd) * 4 < head.length / 2) return null;
  return odd > even ? 'utf-16le' : 'utf-16be';
}

async function decodes(path: string, encoding: Encoding): Promise<boolean> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) decoder.decode(chunk, { stream: true });
    decoder.decode();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return false;
    throw error;
  }
}

/** Whether a file with bytes that do not decode is UTF-8 with a few bad ones, rather than another encoding. */
const isMostlyUtf8 = async (path: string): Promise<boolean> =>
  (await shareOf(/\ufffd/, path, 'utf-8')) <= GARBLED_SHARE;

/** Of the characters of a file beyond ASCII, the share that a pattern matches; 0 where there are none. */
async function shareOf(pattern: RegExp, path: string, encoding: Encoding): Promise<number> {
  const decoder = new TextDecoder(encoding);
  let [beyond, matching] = [0, 0];
  for await (const chunk of createReadStream(path, { end: LOOKED_AT }) as AsyncIterable<Buffer>) {
    for (const [character] of decoder.decode(chunk, { stream: true }).matchAll(/[^\0-\x7f]/gu)) {
      beyond += 1;
      if (pattern.test(character)) matching += 1;
    }
  }
  return beyond === 0 ? 0 : matching / beyond;
}

const idOf = ({ name, size, modifiedMs }: Entry): string => `${name} ${size} ${modifiedMs}`;

/** Counts records, and the rows that they have beyond one each. */
async function lookedThrough(rows: FileRows): Promise<{ records: number; joined: number; unread: UnreadSheets }> {
  let joined = 0;
  for (let records = 0; ; records++) {
    const next = await rows.next();
    if (next.done === true) return { records, joined, unread: next.value };
    if (isObject(next.value)) joined += (joinedRows(next.value)?.length ?? 1) - 1;
  }
}

/** Folders, and what macOS and Windows add to archives. */
const OF_A_SYSTEM = /(?:\/|(?:^|\/)(?:__MACOSX\/.*|\._[^/]*|\.DS_Store|Thumbs\.db|desktop\.ini))$/i;

/** Puts the one file of an archive in the archive's place. */
async function unpack(path: string, name: string): Promise<void> {
  const unpacked = `${path}.unpacked`;
  try {
    await withArchive(path, name, async (archive) => {
      const entries = (await Array.fromAsync(entriesOf(archive, name))).filter(
        ({ fileName }) => !OF_A_SYSTEM.test(fileName),
      );
      const [entry] = entries;
      if (!entry || entries.length > 1)
        throw fault('file-broken', { file: name, is: 'archive', files: entries.length });
      if (entry.isEncrypted()) throw fault('file-broken', { file: name, is: 'encrypted' });
      await extract(archive, entry, createWriteStream(unpacked, { mode: 0o600 }));
    });
    await rename(unpacked, path);
  } finally {
    await rm(unpacked, { force: true });
  }
}

/** An xlsx is an archive, whose checksums show whether it is whole; the library that reads it does not look at them. */
async function requireWhole(path: string, name: string): Promise<void> {
  const [start] = (await createReadStream(path, { end: 1 }).toArray()) as (Buffer | undefined)[];
  // Some name another format so.
  if (start && start.toString('latin1') !== 'PK') return;
  await withArchive(path, name, async (archive) => {
    for await (const entry of entriesOf(archive, name)) {
      await extract(archive, entry, new Writable({ write: (_chunk, _encoding, done) => done() }));
    }
  });
}

async function withArchive(path: string, name: string, work: (archive: yauzl.ZipFile) => Promise<void>): Promise<void> {
  let archive: yauzl.ZipFile | undefined;
  try {
    archive = await promisify<string, yauzl.Options, yauzl.ZipFile>(yauzl.open)(path, {
      lazyEntries: true,
      autoClose: false,
    });
    await work(archive);
  } catch (error) {
    if (error instanceof HubError) throw error;
    throw fault('file-incomplete', { file: name, broken: messageOf(error) });
  } finally {
    archive?.close();
  }
}

async function extract(archive: yauzl.ZipFile, entry: yauzl.Entry, target: Writable): Promise<void> {
  const content = await promisify<yauzl.Entry, Readable>(archive.openReadStream.bind(archive))(entry);
  let sum = 0;
  await pipeline(
    content,
    async function* (source: AsyncIterable<Buffer>) {
      for await (const chunk of source) {
        sum = crc32(chunk, sum);
        yield chunk;
      }
    },
    target,
  );
  if (sum !== entry.crc32) throw new Error(`the checksum of ${entry.fileName} does not hold`);
}

/** What an archive may hold: files, and bytes of them unpacked, more of them where it is large itself. */
const MOST_ENTRIES = 1_000;
const mostBytes = (archive: yauzl.ZipFile): number => Math.max(200_000_000, 100 * archive.fileSize);

async function* entriesOf(archive: yauzl.ZipFile, name: string): AsyncIterable<yauzl.Entry> {
  const tooMuch = (what: 'entries' | 'bytes', most: number): HubError =>
    fault('file-broken', { file: name, is: 'too-much', what, most });
  if (archive.entryCount > MOST_ENTRIES) throw tooMuch('entries', MOST_ENTRIES);
  let bytes = 0;
  for (;;) {
    const entry = await new Promise<yauzl.Entry | null>((resolve, reject) => {
      archive.once('entry', resolve);
      archive.once('end', () => resolve(null));
      archive.once('error', reject);
      archive.readEntry();
    });
    archive.removeAllListeners();
    if (!entry) return;
    bytes += entry.uncompressedSize;
    if (bytes > mostBytes(archive)) throw tooMuch('bytes', mostBytes(archive));
    yield entry;
  }
}
