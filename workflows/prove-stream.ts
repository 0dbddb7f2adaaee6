import { continueAsNew, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import { describeWindow, PROOF_SLICE_MS, sliceWindow, type Window } from '../domain/collection/window.ts';
import type { ProveStreamInput, ProveStreamResult } from './messages.ts';
import {
  ledger,
  pausingOnConfigurationError,
  reading,
  returnInTurn,
  source,
  syncInTurn,
  unlessIncomplete,
} from './steps.ts';

/**
 * Proves that the library holds what a source has in a period, or in the batches taken in it, record by record; each
 * night yesterday and the part of the past that was proven longest ago. Where something differs, what is due and was not
 * read yet is read first, and, if that was asked for, the window itself once more; what differs then is named and
 * becomes a task of the unit that answers for the source.
 */
export async function proveStream(input: ProveStreamInput): Promise<ProveStreamResult> {
  return pausingOnConfigurationError(input, () => proveParts(input));
}

async function proveParts(input: ProveStreamInput): Promise<ProveStreamResult> {
  const { stream, title, unit, mend } = input;
  const pending = [...(input.carried?.pending ?? (await parts()))];
  const result = input.carried?.result ?? { records: 0, found: 0, differences: 0, proofs: [], mended: [] };

  for (let window = pending.shift(); window; window = pending.shift()) {
    const first = await prove(window);
    let proof = first;
    if (first.differences > 0) {
      if (await readAgain(window)) proof = await prove(window);
      if (proof.differences < first.differences) result.mended.push(first.proofId);
    }
    await ledger.settleProof.executeWithOptions({ summary: '登记比对结果' }, [
      { stream, window, proofId: proof.proofId },
    ]);
    result.records += proof.records;
    result.found += first.differences;
    result.differences += proof.differences;
    result.proofs.push(proof.proofId);
    setCurrentDetails(`${describeWindow(window)}\n\n已比对 ${result.records} 条 · 差异 ${result.differences}`);
    if (pending.length > 0 && workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof proveStream>({ ...input, carried: { pending, result } });
  }
  return result;

  async function parts(): Promise<Window[]> {
    if (input.windows) return input.windows;
    if (input.window) return sliceWindow(input.window, PROOF_SLICE_MS);
    return source.planProof.executeWithOptions({ summary: '选定比对范围' }, [{ stream, taken: input.taken }]);
  }

  function prove(window: Window) {
    return reading.proveWindow.executeWithOptions({ summary: `逐条比对 ${describeWindow(window)}` }, [
      { stream, window },
    ]);
  }

  /** Reads what is due and was not read yet, and the window itself if that was asked for; whether anything was read. */
  async function readAgain(window: Window): Promise<boolean> {
    const label = { stream, title, unit };
    if (window.kind === 'batch') {
      await unlessIncomplete(returnInTurn({ ...label, upTo: new Date(Date.now()).toISOString() }));
      if (mend) await syncInTurn({ ...label, purpose: 'reconcile', window });
      return true;
    }
    const { windows } = await source.planWindows.executeWithOptions({ summary: '查找未读数据' }, [
      { stream, to: new Date(Date.now()).toISOString() },
    ]);
    const again = mend ? [window, ...windows] : windows;
    for (const part of again) await syncInTurn({ ...label, purpose: 'reconcile', window: part });
    return again.length > 0;
  }
}
