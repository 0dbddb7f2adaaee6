import { createHash } from 'node:crypto';
import { dirname, posix } from 'node:path';
import { buffer } from 'node:stream/consumers';
import yauzl from 'yauzl';

const MOST_PARTS = 10_000;
const MOST_BYTES = 1_000_000_000;
const MOST_TIME_MS = 60_000;
const UTF8_FLAG = 0x800;
const UNICODE_PATH = 0x7075;
const DESCRIPTOR_FLAG = 0x8;
/** Lengths of what may stand behind a part whose size was not known when it was begun. */
const DESCRIPTORS = [0, 12, 16, 20, 24];
const DIRECTORY = 'PK\x01\x02';
const END = 'PK\x05\x06';

/** A file asks for more than is given to one. */
export class TooLarge extends Error {}

/** The parts of an OFD, which is a ZIP archive, by their paths: `/Doc_0/Document.xml`. */
export class Package {
  readonly #archive: yauzl.ZipFile;
  readonly #entries: ReadonlyMap<string, yauzl.Entry>;
  readonly #digests = new Map<string, Promise<Buffer>>();
  readonly #untilMs = Date.now() + MOST_TIME_MS;

  private constructor(archive: yauzl.ZipFile, entries: ReadonlyMap<string, yauzl.Entry>) {
    this.#archive = archive;
    this.#entries = entries;
  }

  /**
   * Throws where it is no archive, has a part twice or with a path that leaves it, holds anything that its directory does
   * not name so, or is larger than is looked into.
   */
  static async open(file: Buffer): Promise<Package> {
    const archive = await yauzl.fromBufferPromise(file, { lazyEntries: true, autoClose: false });
    if (archive.entryCount > MOST_PARTS) throw new TooLarge();
    const entries = new Map<string, yauzl.Entry>();
    const all: yauzl.Entry[] = [];
    let bytes = 0;
    for await (const entry of archive.eachEntry()) {
      bytes += entry.uncompressedSize;
      if (bytes > MOST_BYTES) throw new TooLarge();
      all.push(entry);
      const path = `/${nameOf(entry)}`;
      if (path.endsWith('/')) continue;
      if (entries.has(path) || path !== posix.normalize(path))
        throw new Error('a part that cannot be told from another');
      entries.set(path, entry);
    }
    await requireWhole(archive, all, file);
    return new Package(archive, entries);
  }

  get paths(): string[] {
    return [...this.#entries.keys()];
  }

  has(path: string): boolean {
    return this.#entries.has(path);
  }

  /** A part's content. Throws where there is no such part, or it is larger than that. */
  async read(path: string, mostBytes: number): Promise<Buffer> {
    const entry = this.#entry(path);
    if (entry.uncompressedSize > mostBytes) throw new TooLarge();
    return buffer(await this.#archive.openReadStreamPromise(entry));
  }

  /** The digest of a part, made once. */
  digest(path: string, method: string): Promise<Buffer> {
    const known = `${method} ${path}`;
    const digest = this.#digests.get(known) ?? this.#digest(path, method);
    this.#digests.set(known, digest);
    return digest;
  }

  async #digest(path: string, method: string): Promise<Buffer> {
    const hash = createHash(method);
    for await (const chunk of await this.#archive.openReadStreamPromise(this.#entry(path))) {
      if (Date.now() > this.#untilMs) throw new TooLarge();
      hash.update(chunk as Buffer);
    }
    return hash.digest();
  }

  #entry(path: string): yauzl.Entry {
    if (Date.now() > this.#untilMs) throw new TooLarge();
    const entry = this.#entries.get(path);
    if (!entry) throw new Error('a part is missing');
    return entry;
  }
}

/**
 * Some programs read the directory at the end of an archive, others what stands before each part: both have to say the
 * same. Throws where the parts do not fill the file up to the directory, or bear other names than there.
 */
async function requireWhole(archive: yauzl.ZipFile, entries: readonly yauzl.Entry[], file: Buffer): Promise<void> {
  let end = 0;
  let slack = [0];
  for (const entry of entries.toSorted((a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader)) {
    const { relativeOffsetOfLocalHeader: start, generalPurposeBitFlag: flag, compressedSize, fileNameRaw } = entry;
    const local = await archive.readLocalFileHeaderPromise(entry);
    const isSame = local.fileName.equals(fileNameRaw) && local.compressionMethod === entry.compressionMethod;
    if (!isSame || !slack.includes(start - end)) throw new Error('an archive that holds more than it names');
    end = local.fileDataStart + compressedSize;
    slack = (flag & DESCRIPTOR_FLAG) === 0 ? [0] : DESCRIPTORS;
  }
  const isWhole = slack.some((gap) => file.toString('latin1', end + gap, end + gap + DIRECTORY.length) === DIRECTORY);
  if (!isWhole || archive.comment.includes(END)) throw new Error('an archive that holds more than it names');
}

/** Names of an archive are UTF-8 where it says so; some programs write GBK and say nothing. */
function nameOf({ fileName, fileNameRaw, generalPurposeBitFlag: flag, extraFields }: yauzl.Entry): string {
  const isSaid = (flag & UTF8_FLAG) !== 0 || extraFields.some(({ id }) => id === UNICODE_PATH);
  const isAscii = fileNameRaw.every((byte) => byte < 0x80);
  // A second name beside one that everybody can read is for some programs only.
  if (isAscii && fileNameRaw.toString('latin1').replaceAll('\\', '/') !== fileName)
    throw new Error('a part that cannot be told from another');
  if (isSaid || isAscii) return fileName;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(fileNameRaw);
  } catch {
    return new TextDecoder('gbk').decode(fileNameRaw);
  }
}

/** Where a location (ST_Loc) leads that is written in a part; null where it leads out of the package. */
export function resolveLocation(location: string, part: string): string | null {
  const path = location.trim();
  const parts: string[] = path.startsWith('/')
    ? []
    : dirname(part)
        .split('/')
        .filter((name) => name !== '');
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue;
    if (name !== '..') parts.push(name);
    else if (parts.pop() === undefined) return null;
  }
  return `/${parts.join('/')}`;
}
