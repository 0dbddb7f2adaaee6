import { randomUUID } from 'node:crypto';
import { access, mkdir, open, opendir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { fault } from '../../../domain/faults.ts';
import { isIntact, pathOf, type FileStore, type StoredFile } from './contract.ts';
import type { FilePlace } from './place.ts';
import { diskError, spool } from './spool.ts';

/** A temporary file that nothing was written to for this long belongs to a process that died. */
const ABANDONED_MS = 3_600_000;

/**
 * Files in a folder, whole or not there. What is still coming in lies in `incoming/`, on the same disk, so that it can be
 * renamed. Several processes, also of several machines, may share the folder.
 */
export class FolderPlace implements FilePlace {
  readonly shown: string;
  readonly #incoming: string;

  constructor(folder: string) {
    this.shown = resolve(folder);
    this.#incoming = join(this.shown, 'incoming');
  }

  async put(
    content: AsyncIterable<Uint8Array>,
    limitBytes: number,
    nameOf: (stored: StoredFile) => string,
  ): Promise<StoredFile> {
    const temporary = join(this.#incoming, randomUUID());
    const file = await this.#classified(async () => {
      await mkdir(this.#incoming, { recursive: true });
      return open(temporary, 'wx', 0o600);
    });
    try {
      const stored = await spool(content, limitBytes, file, this.shown);
      await this.#classified(async () => {
        await file.sync();
        // What is there already is replaced by the same, which also mends it.
        await this.#settle(temporary, join(this.shown, nameOf(stored)));
      });
      return stored;
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    } finally {
      await file.close();
    }
  }

  open(name: string): Promise<Readable | null> {
    return this.#classified(async () => {
      const file = await open(join(this.shown, name)).catch(nullIfAbsent);
      return file?.createReadStream() ?? null;
    });
  }

  has(name: string): Promise<boolean> {
    return this.#classified(async () => (await access(join(this.shown, name)).catch(nullIfAbsent)) !== null);
  }

  async *list(folder: string): AsyncIterable<string> {
    const path = join(this.shown, folder);
    const found = await this.#classified(() => opendir(path, { recursive: true }).catch(nullIfAbsent));
    for await (const entry of found ?? [])
      if (!entry.isDirectory()) yield relative(path, join(entry.parentPath, entry.name));
  }

  /** Clears away what crashed processes left. */
  async clear(): Promise<void> {
    await this.#classified(async () => {
      for (const name of await readdir(this.#incoming)) {
        const path = join(this.#incoming, name);
        const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
        if (mtimeMs < Date.now() - ABANDONED_MS) await rm(path, { force: true });
      }
    });
  }

  /** Gives a complete file its name. The folders are synced too: a power cut takes back neither the file nor its name. */
  async #settle(temporary: string, path: string): Promise<void> {
    const folder = dirname(path);
    const made = await mkdir(folder, { recursive: true });
    await rename(temporary, path);
    await syncFolder(folder);
    if (made === undefined) return;
    await syncFolder(dirname(folder));
    await syncFolder(this.shown);
  }

  async #classified<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw diskError(error, this.shown);
    }
  }
}

/** Files in a folder, by the hash of their content: `ab/cd/<hash>`. */
export class FolderStore implements FileStore {
  readonly #place: FolderPlace;

  constructor(folder: string) {
    this.#place = new FolderPlace(folder);
  }

  put(content: AsyncIterable<Uint8Array>, limitBytes: number): Promise<StoredFile> {
    return this.#place.put(content, limitBytes, ({ hash }) => pathOf(hash));
  }

  async get(hash: string): Promise<Readable> {
    const file = await this.#place.open(pathOf(hash));
    if (file) return file;
    throw fault('file-missing', { hash, place: this.#place.shown });
  }

  has(hash: string): Promise<boolean> {
    return this.#place.has(pathOf(hash));
  }

  async check(): Promise<void> {
    const { hash } = await this.put(Readable.from([Buffer.from('certificate hub\n')]), 100);
    if (!(await isIntact(this, hash))) throw fault('file-store-broken', { place: this.#place.shown, lost: true });
    await this.#place.clear();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Null for what is not there; throws any other error. */
function nullIfAbsent(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
  throw error;
}
