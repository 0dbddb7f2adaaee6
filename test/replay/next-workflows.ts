import { patched, sleep } from '@temporalio/workflow';
import { dispute as current } from '../../workflows/cases.ts';

export * from '../../workflows/index.ts';

/** A next version that does something first, guarded: cases that are open when it is deployed go on as they began. */
export async function dispute(input: { id: number }): Promise<void> {
  if (patched('dispute-waits-first')) await sleep('1 minute');
  return current(input);
}
