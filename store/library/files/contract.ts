import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { fault } from '../../../domain/faults.ts';

/** What a file turned out to be while it was stored. */
export interface StoredFile {
  /** SHA-256 of the content, 64 hexadecimal digits: the name that it is fetched by. */
  hash: string;
  /** Bytes. */
  size: number;
  /** The first bytes, up to 1 KiB, which tell PDF and OFD apart. */
  head: Buffer;
}

/**
 * Keeps files by the hash of their content: the same content is kept once, and never changes. Throws classified errors;
 * those of the content itself come through as they are.
 */
export interface FileStore {
  /**
   * Returns once the content is stored for good. Nothing is left of content that ends with an error or is larger than
   * `limitBytes` (configuration error `file-too-large`).
   */
  put(content: AsyncIterable<Uint8Array>, limitBytes: number): Promise<StoredFile>;
  /** Throws the system error `file-missing` when there is none. */
  get(hash: string): Promise<Readable>;
  has(hash: string): Promise<boolean>;
  /** Throws when files cannot be written and read; also clears away what crashed processes left. */
  check(): Promise<void>;
}

/** Reads a stored file and says whether it still has the content that it was stored with. */
export async function isIntact(store: FileStore, hash: string): Promise<boolean> {
  const digest = createHash('sha256');
  for await (const chunk of await store.get(hash)) digest.update(chunk as Uint8Array);
  return digest.digest('hex') === hash;
}

/** `ab/cd/<hash>`: no folder gets too many entries. Throws where something else is taken for a hash. */
export function pathOf(hash: string): string {
  if (/^[0-9a-f]{64}$/.test(hash)) return `${hash.slice(0, 2)}/${hash.slice(2, 4)}/${hash}`;
  throw fault('file-hash', { hash });
}
