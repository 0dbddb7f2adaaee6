import { continueAsNew, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import { describeWindow, sliceWindow, type TimeWindow } from '../domain/window.ts';
import type { ProveStreamInput, ProveStreamResult } from './messages.ts';
import { ledger, pausingOnConfigurationError, reading, source, syncInTurn } from './steps.ts';

/** Longest window that is listed at once. */
const SLICE_MS = 31 * 86_400_000;

/**
 * Proves that the library holds what a source has in a period, record by record. Where something differs, what is due
 * and was not read yet is read first, and, if that was asked for, the window itself once more; what differs then is
 * named and becomes a task of the unit that answers for the source.
 */
export async function proveStream(input: ProveStreamInput): Promise<ProveStreamResult> {
  return pausingOnConfigurationError(input, () => proveParts(input));
}

async function proveParts(input: ProveStreamInput): Promise<ProveStreamResult> {
  const { stream, title, unit, mend } = input;
  const pending = [...(input.carried?.pending ?? sliceWindow(input.window, SLICE_MS))];
  const result = input.carried?.result ?? { records: 0, found: 0, differences: 0, proofs: [], mended: [] };

  const prove = (window: TimeWindow) =>
    reading.proveWindow.executeWithOptions({ summary: `逐条比对 ${describeWindow(window)}` }, [{ stream, window }]);

  for (let window = pending.shift(); window; window = pending.shift()) {
    const first = await prove(window);
    let proof = first;
    if (first.differences > 0) {
      const { windows } = await source.planWindows.executeWithOptions({ summary: '查找未读数据' }, [
        { stream, to: new Date(Date.now()).toISOString() },
      ]);
      const again = mend ? [window, ...windows] : windows;
      for (const part of again) await syncInTurn({ stream, title, unit, purpose: 'reconcile', window: part });
      if (again.length > 0) proof = await prove(window);
      if (proof.differences < first.differences) result.mended.push(first.proofId);
    }
    await ledger.settleProof.executeWithOptions({ summary: '登记比对结果' }, [
      { stream, window, proofId: proof.proofId },
    ]);
    result.records += proof.records;
    result.found += first.differences;
    result.differences += proof.differences;
    result.proofs.push(proof.proofId);
    setCurrentDetails(
      `${describeWindow(window)}\n\n已比对 ${String(result.records)} 条 · 差异 ${String(result.differences)}`,
    );
    if (pending.length > 0 && workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof proveStream>({ ...input, carried: { pending, result } });
  }
  return result;
}
