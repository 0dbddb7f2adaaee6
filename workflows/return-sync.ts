import { ApplicationFailure, continueAsNew, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { BatchWindow } from '../domain/collection/window.ts';
import { INCOMPLETE, type ReturnSyncInput, type ReturnSyncResult } from './messages.ts';
import { addTotals, ledger, noTotals, pausingOnConfigurationError, shownTotals, source, syncInTurn } from './steps.ts';

/** How often a batch that does not match what it declared is read before it becomes a task of the platform. */
const READS = 3;

/**
 * Takes the batches of a source, what a platform returns (回传), files, exchange rows, until it has no further one. A
 * batch is acknowledged only when it is committed whole; one that stays different from what it declared is left
 * unacknowledged as a hole in the chain, becomes a task of the unit that answers for the source, and is read again by
 * every later run, while the batches after it go on.
 */
export async function returnSync(input: ReturnSyncInput): Promise<ReturnSyncResult> {
  return pausingOnConfigurationError(input, () => takeBatches(input));
}

async function takeBatches(input: ReturnSyncInput): Promise<ReturnSyncResult> {
  const { stream, title, unit } = input;
  let result: ReturnSyncResult = input.carried ?? { ...noTotals(), batches: 0 };
  let broken = 0;

  async function take(window: BatchWindow): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const synced = await syncInTurn({ stream, title, unit, purpose: 'return', window });
      result = { ...addTotals(result, synced), batches: result.batches + 1 };
      setCurrentDetails(`批次 ${window.id}（第 ${window.ordinal} 批）\n\n${shownTotals(result)}`);
      if (synced.complete && synced.batchId !== null) {
        await source.acknowledgeBatch.executeWithOptions({ summary: `确认批次 ${window.id}` }, [
          { batchId: synced.batchId },
        ]);
        return;
      }
      if (attempt < READS) continue;
      await ledger.reportBrokenBatch.executeWithOptions({ summary: `批次 ${window.id} 数量不符` }, [
        { stream, window, read: synced.read },
      ]);
      broken += 1;
      return;
    }
  }

  const chain = await source.findChain.executeWithOptions({ summary: '查批次链' }, [{ stream }]);
  for (const batchId of chain.unacknowledged) {
    await source.acknowledgeBatch.executeWithOptions({ summary: '补确认已入库批次' }, [{ batchId }]);
  }
  for (const window of chain.broken) await take(window);
  if (input.again && !input.carried) {
    const taken = await source.findTakenBatches.executeWithOptions({ summary: '查已取批次' }, [
      { stream, taken: input.again },
    ]);
    for (const window of taken) await take(window);
  }

  let after = input.carried?.after ?? chain.last;
  const upTo = input.upTo ?? new Date(workflowInfo().startTime).toISOString();
  for (;;) {
    const next = await source.findNextBatch.executeWithOptions({ summary: '查下一批次' }, [{ stream, after, upTo }]);
    if (!next) break;
    await take(next);
    after = next;
    if (workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof returnSync>({ ...input, upTo, carried: { ...result, after } });
  }
  if (broken > 0) {
    throw ApplicationFailure.nonRetryable(`${broken} batch(es) of ${stream} differ from what was declared`, INCOMPLETE);
  }
  return result;
}
