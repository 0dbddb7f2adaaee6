import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';

const FORMS = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
} as const;

/**
 * The content of an answer, unpacked as its Content-Encoding says. What ends before its own end is an error here, where
 * axios hands on what there is, and takes it for all.
 */
export function unpacked(content: Readable, headers: Readonly<Partial<Record<string, unknown>>>): Readable {
  const { 'content-encoding': given } = headers;
  const encoding = typeof given === 'string' ? given.toLowerCase() : '';
  if (!Object.hasOwn(FORMS, encoding)) return content;
  return pipeline(content, FORMS[encoding as keyof typeof FORMS](), () => undefined);
}
