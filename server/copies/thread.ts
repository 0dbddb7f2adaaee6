import '../../settings/hardened.ts';
import { parentPort } from 'node:worker_threads';
import { messageOf } from '../../domain/errors.ts';
import type { FileBreak } from '../../domain/faults/files.ts';
import type { CopyNote } from '../../domain/sharing/copy.ts';
import { drawCopy, type CopyFormat } from './draw.ts';

/** What the thread is asked for. */
export interface CopyJob {
  original: Uint8Array;
  format: CopyFormat;
  note: CopyNote;
}

/** What it tells: the copy, or why there is none. */
export type CopyMessage = { copy: Uint8Array } | { broken: FileBreak };

if (parentPort) {
  const port = parentPort;
  port.on('message', ({ original, format, note }: CopyJob) => {
    drawCopy(original, format, note).then(
      (copy) => port.postMessage({ copy } satisfies CopyMessage),
      (error: unknown) => port.postMessage({ broken: { is: 'unopened', why: messageOf(error) } } satisfies CopyMessage),
    );
  });
}
