import { FileThread, type ThreadLimits } from '../../connectors/thread.ts';
import type { Said } from '../../domain/said.ts';
import type { CopyNote } from '../../domain/sharing/copy.ts';
import type { CopyFormat } from './draw.ts';
import type { CopyJob, CopyMessage } from './thread.ts';

const LIMITS: ThreadLimits = { megabytes: 512, partMs: 20_000 };
/** Largest file that copies are made of, in bytes. */
export const LARGEST_ORIGINAL = 20 << 20;
/** Points of a PNG, which is drawn out in memory. */
const MOST_POINTS = 25_000_000;
/** Copies that are made or wait at once; each is made after the other. */
const MOST_AT_ONCE = 20;

/** Why no copy can be made of a file. */
export const UNCOPIED = {
  format: {
    zh: '只能对 PDF、PNG、JPEG 文件制作加注件；在 OFD 文件上加注会破坏其签章，只提供原件',
    en: 'Copies are made of PDF, PNG and JPEG files only. Writing on an OFD file would break its seals: only the original is to be had',
  },
  size: {
    zh: '文件过大，不能制作加注件：至多 20 MiB、2500 万像素，制作至多 20 秒',
    en: 'The file is too large for a copy: at most 20 MiB, 25 million points and 20 seconds',
  },
  broken: {
    zh: '文件已加密或有损坏，不能制作加注件',
    en: 'The file is locked by a password or damaged: no copy can be made of it',
  },
} as const satisfies Record<string, Said>;

let busy = 0;
let last: Promise<unknown> = Promise.resolve();
/** The thread that makes copies, while there are any to make. */
let thread: FileThread<CopyMessage> | null = null;

async function endThread(): Promise<void> {
  const ending = thread;
  thread = null;
  await ending?.close();
}

/** Does what makes a copy once those before it are done, so that one at a time takes memory; null: too many wait. */
export function inTurn<T>(work: () => Promise<T>): Promise<T> | null {
  if (busy >= MOST_AT_ONCE) return null;
  busy += 1;
  const made = last.then(async () => {
    try {
      return await work();
    } finally {
      busy -= 1;
      if (busy === 0) await endThread();
    }
  });
  last = made.catch(() => undefined);
  return made;
}

/** Makes a copy of a certificate's file in a thread of its own, within limits; or says why there is none. */
export async function makeCopy(original: Uint8Array, note: CopyNote): Promise<Uint8Array | keyof typeof UNCOPIED> {
  const format = formatOf(original);
  if (!format) return 'format';
  if (original.byteLength > LARGEST_ORIGINAL || (format === 'png' && pointsOf(original) > MOST_POINTS)) return 'size';
  thread ??= new FileThread<CopyMessage>(new URL('thread.ts', import.meta.url), undefined, LIMITS);
  const answer = await thread.next({ original, format, note } satisfies CopyJob).catch(async (error: unknown) => {
    await endThread();
    throw error;
  });
  if ('copy' in answer) return answer.copy;
  if (answer.broken.is !== 'too-much') return 'broken';
  await endThread();
  return 'size';
}

/** How files begin; PDF within its first kilobyte. */
function formatOf(file: Uint8Array): CopyFormat | null {
  const head = Buffer.from(file.subarray(0, 1024)).toString('latin1');
  if (head.includes('%PDF-')) return 'pdf';
  if (head.startsWith('\x89PNG\r\n')) return 'png';
  return head.startsWith('\xff\xd8\xff') ? 'jpeg' : null;
}

/** Points of a PNG, as its first chunk says. */
function pointsOf(file: Uint8Array): number {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  return file.byteLength < 24 ? 0 : view.getUint32(16) * view.getUint32(20);
}
