import { continueAsNew, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import { describeWindow, halveWindow } from '../domain/collection/window.ts';
import type { SyncWindowInput, SyncWindowResult } from './messages.ts';
import { addTotals, noTotals, pausingOnConfigurationError, reading, shownTotals, source } from './steps.ts';

/** Activities after which a run continues as new, if Temporal has not suggested it before. */
const LONGEST_RUN = 500;

/**
 * Reads one window of one stream. Its pages are committed one by one in PostgreSQL, which also knows how far it came;
 * this run only drives. The window is covered when the source's count, the records read and the records committed agree.
 */
export async function syncWindow(input: SyncWindowInput): Promise<SyncWindowResult> {
  return pausingOnConfigurationError(input, () => readParts(input));
}

async function readParts(input: SyncWindowInput): Promise<SyncWindowResult> {
  const { stream, purpose } = input;
  const pending = [...(input.carried?.pending ?? [input.window])];
  let result = input.carried?.result ?? { ...noTotals(), pages: 0, batchId: null, complete: true };
  let batchId = input.carried?.batchId ?? null;

  for (let steps = 0; ; steps++) {
    const [window] = pending;
    if (!window) return result;
    if (steps >= LONGEST_RUN || workflowInfo().continueAsNewSuggested) {
      await continueAsNew<typeof syncWindow>({ ...input, carried: { pending, batchId, result } });
    }
    batchId ??= (
      await source.openBatch.executeWithOptions({ summary: `开批 ${describeWindow(window)}` }, [
        { stream, purpose, window },
      ])
    ).batchId;
    const progress = await reading.readPages.executeWithOptions({ summary: `逐页读取并入库` }, [{ batchId }]);
    setCurrentDetails(`${describeWindow(window)}\n\n${shownTotals(addTotals(result, progress))}`);
    if (progress.outcome === 'more') continue;

    const halves = progress.outcome === 'moved' && window.kind === 'time' ? halveWindow(window) : null;
    if (halves) {
      // The source changes faster than so long a window can be read.
      pending.splice(0, 1, ...halves);
    } else {
      const closed = await source.closeBatch.executeWithOptions({ summary: '三方计数核对' }, [{ batchId }]);
      const totals = addTotals(result, closed);
      result = { ...totals, pages: result.pages + closed.pages, batchId, complete: result.complete && closed.complete };
      if (!closed.complete)
        setCurrentDetails(`**不一致** ${describeWindow(window)}：源端 ${closed.declared}，已读 ${closed.read}`);
      pending.shift();
    }
    batchId = null;
  }
}
