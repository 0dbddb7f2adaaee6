import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { HubError, messageOf } from '../../../domain/errors.ts';
import { fault } from '../../../domain/faults.ts';
import type { StoredFile } from './contract.ts';

const HEAD_BYTES = 1024;

/**
 * Writes content to an open file and measures it on the way. Throws the content's own errors as they are, a
 * configuration error for content above the limit, and the disk's errors as {@link diskError} has them.
 */
export async function spool(
  content: AsyncIterable<Uint8Array>,
  limitBytes: number,
  file: FileHandle,
  place: string,
): Promise<StoredFile> {
  const digest = createHash('sha256');
  let size = 0;
  let head = Buffer.alloc(0);
  let fault: { error: unknown } | undefined;
  async function* measured(): AsyncIterable<Uint8Array> {
    try {
      for await (const chunk of content) {
        size += chunk.length;
        if (size > limitBytes) throw tooLarge(limitBytes);
        digest.update(chunk);
        if (head.length < HEAD_BYTES) head = Buffer.concat([head, chunk]).subarray(0, HEAD_BYTES);
        yield chunk;
      }
    } catch (error) {
      fault = { error };
      throw error;
    }
  }
  try {
    await file.writeFile(measured());
  } catch (error) {
    throw fault ? fault.error : diskError(error, place);
  }
  return { hash: digest.digest('hex'), size, head };
}

const tooLarge = (limitBytes: number): HubError => fault('file-too-large', { limitBytes });

/** An error of the file system, classified; those of our own as they are. */
export function diskError(error: unknown, place: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof HubError || code === undefined) return error;
  const why = messageOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') return fault('file-store-full', { place, why }, { cause: error });
  if (['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'ENOENT', 'ELOOP', 'EISDIR'].includes(code))
    return fault('file-store-refused', { place, why }, { cause: error });
  return fault('file-store-broken', { place, why }, { cause: error });
}
