import { sleep } from '@temporalio/workflow';

/** A change that running workflows would not survive: the replay check must fail on it. */
export async function reconcileStream(): Promise<void> {
  await sleep('1 minute');
}

/** Likewise, while cases are open. */
export async function dispute(): Promise<void> {
  await sleep('1 minute');
}
