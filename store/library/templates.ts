import { buffer } from 'node:stream/consumers';
import { hash as digestOf } from 'node:crypto';
import { Readable } from 'node:stream';
import { LARGEST_TEMPLATE } from '../../domain/library/catalog.ts';
import type { EntryVersion } from './catalog.ts';
import type { FileStore } from './files/contract.ts';

/** Stores a template (证照模板); its SHA-256. Throws a configuration error where it is larger than a template may be. */
export async function keepTemplate(store: FileStore, content: Uint8Array): Promise<string> {
  return (await store.put(Readable.from([content]), LARGEST_TEMPLATE)).hash;
}

/** A stored template; null where it is not stored, or is not any more what was stored. */
export async function readTemplate(store: FileStore, hash: string): Promise<Buffer | null> {
  if (!(await store.has(hash))) return null;
  const content = await buffer(await store.get(hash));
  return digestOf('sha256', content) === hash ? content : null;
}

/** Whether a version names a template whose file is not to be had: nothing such is approved. */
export async function lacksTemplate(
  store: FileStore,
  { entry, templateHash }: Pick<EntryVersion, 'entry' | 'templateHash'>,
): Promise<boolean> {
  return entry.template !== null && (templateHash === null || (await readTemplate(store, templateHash)) === null);
}
