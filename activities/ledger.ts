import { cancellationSignal, getClient } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/common';
import pMap from 'p-map';
import { waitingWorkflows } from '../store/ledger/obligations.ts';
import type { Dependencies } from './dependencies.ts';

/** Cases that are woken by one activity, and at once. */
const CASES = 500;
const AT_ONCE = 16;

/** The ledger of deadlines. */
export function createLedgerActivities({ db }: Dependencies) {
  return {
    /** Wakes some of the workflows that wait for deadlines; the last one's id, null when there is none after it. */
    async wakeCases({ after }: { after: string }): Promise<string | null> {
      const ids = await waitingWorkflows(db, after, CASES);
      await pMap(ids, (id) => wakeIfThere(id), { concurrency: AT_ONCE, signal: cancellationSignal() });
      return ids.length < CASES ? null : (ids.at(-1) ?? null);
    },
  };
}

/** A case whose workflow has just ended, or is lost until ./hub rebuild-workflows, needs no waking. */
async function wakeIfThere(id: string): Promise<void> {
  try {
    await getClient().workflow.getHandle(id).signal('wake');
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
