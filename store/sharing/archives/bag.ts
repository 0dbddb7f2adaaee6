import { createHash } from 'node:crypto';
import { text } from 'node:stream/consumers';
import {
  DIGESTS,
  manifestFile,
  tagManifestFile,
  type ArchiveEntry,
  type Digest,
} from '../../../domain/sharing/archive.ts';
import type { FilePlace } from '../../library/files/place.ts';

/** No file of a package is larger than a disk. */
const NO_LIMIT = Infinity;

type Measured = Omit<ArchiveEntry, 'name'>;

/** Content with its digests, which are whole once it was read to its end. */
export function measured(content: AsyncIterable<Uint8Array>): {
  bytes: AsyncIterable<Uint8Array>;
  digests: () => Measured;
} {
  const hashes = DIGESTS.map((digest) => createHash(digest));
  let size = 0;
  async function* bytes(): AsyncIterable<Uint8Array> {
    for await (const chunk of content) {
      for (const each of hashes) each.update(chunk);
      size += chunk.length;
      yield chunk;
    }
  }
  return {
    bytes: bytes(),
    digests: () => {
      const [sha256 = '', sm3 = ''] = hashes.map((each) => each.digest('hex'));
      return { size, sha256, sm3 };
    },
  };
}

/** Reads content to its end for its digests. */
export async function digestsOf(content: AsyncIterable<Uint8Array>): Promise<Measured> {
  const { bytes, digests } = measured(content);
  const iterator = bytes[Symbol.asyncIterator]();
  while (!(await iterator.next()).done);
  return digests();
}

/** A manifest of BagIt: a digest and a name a line. */
export const manifestText = (entries: readonly ArchiveEntry[], digest: Digest): string =>
  entries
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((entry) => `${entry[digest]}  ${entry.name}\n`)
    .join('');

/** Digests by name; null where it is no manifest. */
export function readManifest(written: string): Map<string, string> | null {
  const listed = new Map<string, string>();
  for (const line of written.split('\n').slice(0, -1)) {
    const [, digest, name] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
    if (digest === undefined || name === undefined) return null;
    listed.set(name, digest);
  }
  return written.endsWith('\n') ? listed : null;
}

/** A package in its place. */
export class Bag {
  readonly name: string;
  readonly #place: FilePlace;

  constructor(place: FilePlace, name: string) {
    this.#place = place;
    this.name = name;
  }

  open(entry: string): ReturnType<FilePlace['open']> {
    return this.#place.open(`${this.name}/${entry}`);
  }

  /** A small file; null where there is none. */
  async read(entry: string): Promise<string | null> {
    const content = await this.open(entry);
    return content && text(content);
  }

  list(): AsyncIterable<string> {
    return this.#place.list(this.name);
  }

  async put(name: string, content: AsyncIterable<Uint8Array>): Promise<ArchiveEntry> {
    const { bytes, digests } = measured(content);
    await this.#place.put(bytes, NO_LIMIT, () => `${this.name}/${name}`);
    return { name, ...digests() };
  }

  /** Digests of all files that its manifests have, by name; without what cannot be read of them. */
  async manifest(digest: Digest): Promise<Map<string, string>> {
    const both = [manifestFile(digest), tagManifestFile(digest)].map(async (file) =>
      readManifest((await this.read(file)) ?? ''),
    );
    return new Map((await Promise.all(both)).flatMap((listed) => [...(listed ?? [])]));
  }
}
