import { continueAsNew, workflowInfo } from '@temporalio/workflow';
import type { RetimeInput } from './messages.ts';
import { ledger } from './steps.ts';

/**
 * The calendar changed and the ledger's deadlines were counted anew: has every case that waits for one look at it again.
 */
export async function retime(input: RetimeInput): Promise<void> {
  let after: string | null = input.carried?.after ?? '';
  while (after !== null) {
    after = await ledger.wakeCases.executeWithOptions({ summary: '唤醒等待期限的流程' }, [{ after }]);
    if (after !== null && workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof retime>({ carried: { after } });
  }
}
