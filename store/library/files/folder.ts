import { randomUUID } from 'node:crypto';
import { access, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { fault } from '../../../domain/faults.ts';
import { isIntact, pathOf, type FileStore, type StoredFile } from './contract.ts';
import { diskError, spool } from './spool.ts';

/** A temporary file that nothing was written to for this long belongs to a process that died. */
const ABANDONED_MS = 3_600_000;

/**
 * Files in a folder: `ab/cd/<hash>`, whole or not there. What is still coming in lies in `incoming/`, on the same disk,
 * so that it can be renamed. Several processes, also of several machines, may share the folder.
 */
export class FolderStore implements FileStore {
  readonly #folder: string;
  readonly #incoming: string;

  constructor(folder: string) {
    this.#folder = resolve(folder);
    this.#incoming = join(this.#folder, 'incoming');
  }

  async put(content: AsyncIterable<Uint8Array>, limitBytes: number): Promise<StoredFile> {
    const temporary = join(this.#incoming, randomUUID());
    const file = await this.#classified(async () => {
      await mkdir(this.#incoming, { recursive: true });
      return open(temporary, 'wx', 0o600);
    });
    try {
      const stored = await spool(content, limitBytes, file, this.#folder);
      await this.#classified(async () => {
        await file.sync();
        // What is there already is replaced by the same, which also mends it.
        await this.#settle(temporary, join(this.#folder, pathOf(stored.hash)));
      });
      return stored;
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    } finally {
      await file.close();
    }
  }

  get(hash: string): Promise<Readable> {
    const path = join(this.#folder, pathOf(hash));
    return this.#classified(async () => {
      const file = await open(path).catch((error: unknown) => {
        if (isAbsent(error)) throw fault('file-missing', { hash, place: this.#folder });
        throw error;
      });
      return file.createReadStream();
    });
  }

  has(hash: string): Promise<boolean> {
    const path = join(this.#folder, pathOf(hash));
    return this.#classified(() =>
      access(path).then(
        () => true,
        (error: unknown) => {
          if (isAbsent(error)) return false;
          throw error;
        },
      ),
    );
  }

  async check(): Promise<void> {
    const { hash } = await this.put(Readable.from([Buffer.from('certificate hub\n')]), 100);
    if (!(await isIntact(this, hash))) throw fault('file-store-broken', { place: this.#folder, lost: true });
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
    await syncFolder(this.#folder);
  }

  async #classified<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw diskError(error, this.#folder);
    }
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

const isAbsent = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';
