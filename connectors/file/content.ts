import { open } from 'node:fs/promises';
import type { FileContent } from '../../domain/faults/files.ts';

/** Bytes by which it is told what a file is. */
const LOOKED_AT = 512;

const STARTS: readonly [start: string, content: FileContent][] = [
  ['PK\x03\x04', 'zip'],
  ['PK\x05\x06', 'zip'],
  ['\xd0\xcf\x11\xe0', 'office'],
  ['%PDF', 'pdf'],
  ['\x1f\x8b', 'gzip'],
];
/** Records of BIFF 2 to 5, which workbooks of the nineties begin with. */
// eslint-disable-next-line no-control-regex -- so these files begin
const OLD_WORKBOOK = /^\x09[\0\x02\x04\x08][\x04-\x10]\0/;

/** What a file's first bytes are, whatever its name says. */
export async function contentOf(path: string): Promise<FileContent> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(LOOKED_AT), 0, LOOKED_AT, 0);
    return contentOfBytes(buffer.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}

function contentOfBytes(head: Buffer): FileContent {
  if (head.length === 0) return 'empty';
  const bytes = head.toString('latin1');
  const known = STARTS.find(([start]) => bytes.startsWith(start));
  if (known) return known[1];
  if (OLD_WORKBOOK.test(bytes)) return 'office';
  const text = bytes
    .replace(/^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)/, '')
    .replaceAll('\0', '')
    .trimStart();
  if (/^<(?:!doctype html|html|head|body|meta|table|style|script)\b/i.test(text)) return 'html';
  if (text.startsWith('<')) return 'markup';
  return /^[{[]/.test(text) ? 'json' : 'text';
}
