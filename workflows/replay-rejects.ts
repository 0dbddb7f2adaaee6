import { continueAsNew, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { ReplayRejectsInput, Totals } from './messages.ts';
import { addTotals, ledger, noTotals, shownTotals } from './steps.ts';

/**
 * Maps the open rejects of a stream again, page by page: after its mapping was mended, or the unit sent corrections.
 * What is sound now enters the library and closes its casework. Rejects that come meanwhile are left to the next run.
 */
export async function replayRejects(input: ReplayRejectsInput): Promise<Totals> {
  const { stream, rule } = input;
  let { after, result } = input.carried ?? { after: 0, result: noTotals() };
  const upTo =
    input.carried?.upTo ?? (await ledger.findLastReject.executeWithOptions({ summary: '查最后一条' }, [{ stream }]));
  for (;;) {
    const progress = await ledger.replayRejects.executeWithOptions({ summary: '重新映射问题数据' }, [
      { stream, rule, after, upTo },
    ]);
    result = addTotals(result, progress);
    setCurrentDetails(shownTotals(result));
    if (progress.last === null) return result;
    after = progress.last;
    if (workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof replayRejects>({ ...input, carried: { after, upTo, result } });
  }
}
