import type { Readable } from 'node:stream';
import type { StoredFile } from './contract.ts';

/**
 * Where files lie under names, with `/` between their parts: a folder, or the part of a bucket whose names begin alike. A
 * file is whole or not there. Throws classified errors; those of the content itself come through as they are.
 */
export interface FilePlace {
  /** What messages call it. */
  readonly shown: string;
  /** Stores content for good, over what has its name. @param nameOf what it is called, once it is known what it is */
  put(
    content: AsyncIterable<Uint8Array>,
    limitBytes: number,
    nameOf: (stored: StoredFile) => string,
  ): Promise<StoredFile>;
  /** Null where there is none of that name. */
  open(name: string): Promise<Readable | null>;
  /** Names of all files below a folder, in no order. */
  list(folder: string): AsyncIterable<string>;
}
