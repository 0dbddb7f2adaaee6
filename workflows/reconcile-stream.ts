import { ApplicationFailure, continueAsNew, patched, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import { describeWindow, halveWindow, type TimeWindow } from '../domain/collection/window.ts';
import { INCOMPLETE, type ReconcileStep, type ReconcileStreamInput, type ReconcileStreamResult } from './messages.ts';
import { pausingOnConfigurationError, reading, source, syncInTurn } from './steps.ts';

/**
 * Compares what a source says it has with what the library accounts for, over any period. A difference is narrowed by
 * halving until few enough records are left to be read again; what still differs then is named and becomes a task of
 * the unit that answers for the source. Ends as failed when anything differs, so that success always means equality.
 */
export async function reconcileStream(input: ReconcileStreamInput): Promise<ReconcileStreamResult> {
  return pausingOnConfigurationError(input, () => compareParts(input));
}

async function compareParts(input: ReconcileStreamInput): Promise<ReconcileStreamResult> {
  const { stream, title, unit } = input;
  const pending: ReconcileStep[] = [...(input.carried?.pending ?? [input.window])];
  const result = input.carried?.result ?? { compared: 0, reread: 0, differences: 0 };

  async function equal(window: TimeWindow): Promise<boolean> {
    const counts = await source.compareCounts.executeWithOptions({ summary: `比对 ${describeWindow(window)}` }, [
      { stream, window },
    ]);
    result.compared += 1;
    if (counts.source === counts.library) return true;
    setCurrentDetails(`${describeWindow(window)}：源端 ${counts.source}，库内 ${counts.library}`);
    const halves = counts.small ? null : halveWindow(window);
    if (halves) pending.push(...(patched('halves-add-up') ? [{ ...window, halves }] : []), halves[1], halves[0]);
    return halves !== null;
  }

  for (;;) {
    const window = pending.pop();
    if (!window) break;
    if (window.halves) await addUp(window, window.halves);
    else if (!(await equal(window)) && !(await mend(window))) {
      await reading.nameDifference.executeWithOptions({ summary: `列明差异 ${describeWindow(window)}` }, [
        { stream, window },
      ]);
      result.differences += 1;
    }
    if (workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof reconcileStream>({ ...input, carried: { pending, result } });
  }
  setCurrentDetails(`比对 ${result.compared} 次 · 重读 ${result.reread} · 差异 ${result.differences}`);
  if (result.differences > 0) {
    throw ApplicationFailure.nonRetryable(
      `${result.differences} window(s) of ${stream} differ from the source`,
      INCOMPLETE,
    );
  }
  return result;

  /** What differed as a whole differs, unless its halves explain it. */
  async function addUp({ kind, from, to }: ReconcileStep, halves: TimeWindow[]): Promise<void> {
    const window = { kind, from, to };
    const { differs } = await source.addUp.executeWithOptions({ summary: `合计核对 ${describeWindow(window)}` }, [
      { stream, window, halves },
    ]);
    if (differs) result.differences += 1;
  }

  /** Reads the window again, then what the source changed meanwhile: a record that moved on is no longer missing. */
  async function mend(window: TimeWindow): Promise<boolean> {
    result.reread += 1;
    await syncInTurn({ stream, title, unit, purpose: 'reconcile', window });
    if (await equal(window)) return true;
    const now = new Date(Date.now()).toISOString();
    const { windows } = await source.planWindows.executeWithOptions({ summary: '查找更新的数据' }, [
      { stream, to: now },
    ]);
    for (const newer of windows) await syncInTurn({ stream, title, unit, purpose: 'reconcile', window: newer });
    return equal(window);
  }
}
