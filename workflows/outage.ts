import { condition, continueAsNew, setHandler, workflowInfo } from '@temporalio/workflow';
import type { Backfill } from '../activities/cases.ts';
import { showCase, untilDueMs } from './cases.ts';
import { wakeSignal, type CaseInput } from './messages.ts';
import { applicationCause, ledger, proveInTurn, returnInTurn, syncInTurn, unlessIncomplete } from './steps.ts';

const MINUTE_MS = 60_000;
/** Waits between two tries of a backfill that is not proven, growing. */
const RETRY_MINUTES = [5, 10, 30, 60];

/**
 * One outage (不可抗力). While it lasts its streams’ days are suspended in the ledger. Once a stream’s recovery is
 * confirmed, exactly what the fault kept back is read, streams side by side, and the period is proven record by record:
 * the proof meets the deadline of the backfill. At the deadline the work goes on.
 */
export async function outage({ id }: CaseInput): Promise<void> {
  let woken = false;
  setHandler(wakeSignal, () => {
    woken = true;
  });
  const running = new Map<string, number>();
  const failures: Error[] = [];
  const retryAt = new Map<string, { atMs: number; tries: number }>();

  for (;;) {
    woken = false;
    const view = await ledger.advanceOutage.executeWithOptions({ summary: '推进故障补录' }, [{ id }]);
    showCase({ ...view, deadlines: [...view.deadlines, ...progress()] });
    if (failures[0]) throw failures[0];
    if (!view.open) return;
    if (workflowInfo().continueAsNewSuggested && running.size === 0) await continueAsNew<typeof outage>({ id });
    for (const part of view.backfill) {
      const due = retryAt.get(part.stream)?.atMs ?? 0;
      if (running.has(part.stream) || due > Date.now()) continue;
      running.set(part.stream, part.round);
      void backfill(part)
        .catch((error: unknown) => {
          failures.push(error instanceof Error ? error : new Error(String(error)));
        })
        .finally(() => {
          running.delete(part.stream);
          woken = true;
        });
    }
    const retries = [...retryAt.entries()]
      .filter(([stream]) => !running.has(stream))
      .map(([, { atMs }]) => atMs - Date.now());
    const waitMs = Math.min(untilDueMs(view, id), ...retries.filter((ms) => ms > 0));
    if (waitMs === Infinity) await condition(() => woken);
    else await condition(() => woken, waitMs, { summary: '等待下一时限或再次补录' });
  }

  function progress(): string[] {
    return [...running.keys()].map((stream) => `补录中 · ${stream}`);
  }

  async function backfill(part: Backfill): Promise<void> {
    const { stream, title, unit } = part;
    const label = { stream, title, unit };
    const done = await proven().catch((error: unknown) => {
      // What the source or the configuration will not let be read now is tried again; a cancelled run ends.
      if (applicationCause(error) === null) throw error;
      return false;
    });
    if (done) {
      retryAt.delete(stream);
      return;
    }
    const tries = (retryAt.get(stream)?.tries ?? 0) + 1;
    const minutes = RETRY_MINUTES[Math.min(tries, RETRY_MINUTES.length) - 1] ?? 60;
    retryAt.set(stream, { atMs: Date.now() + minutes * MINUTE_MS, tries });

    async function proven(): Promise<boolean> {
      if (part.byBatches) await unlessIncomplete(returnInTurn({ ...label, upTo: new Date(Date.now()).toISOString() }));
      for (const window of part.windows) await syncInTurn({ ...label, purpose: 'backfill', window });
      const { differences, proofs } = await proveInTurn({ ...label, ...part.prove, mend: true });
      if (differences > 0) return false;
      return ledger.settleBackfill.executeWithOptions({ summary: `核定补录 ${stream}` }, [{ id, part, proofs }]);
    }
  }
}
