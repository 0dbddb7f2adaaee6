import { ApplicationFailure, continueAsNew, setCurrentDetails, sleep, workflowInfo } from '@temporalio/workflow';
import { INCOMPLETE, type StockImportInput, type StockImportResult } from './messages.ts';
import { addTotals, ledger, noTotals, pausingOnConfigurationError, returnInTurn, source, syncInTurn } from './steps.ts';

/** How often a window whose counts differ is read. */
const READS = 3;
/** Between two questions to the e-seal service, growing. */
const ASK_MINUTES = [1, 2, 5, 10, 30];
const BAR = 20;

/**
 * Imports a stream's old records (存量): what its coverage lacks up to the start of the run, so that a run that was
 * stopped, or died, is gone on with by the next. Then the certificates in force are handed to the e-seal service, where
 * the stream names one, and its answers taken back.
 */
export async function stockImport(input: StockImportInput): Promise<StockImportResult> {
  return pausingOnConfigurationError(input, () => importStock(input));
}

async function importStock(input: StockImportInput): Promise<StockImportResult> {
  const { stream, title, unit } = input;
  const label = { stream, title, unit };
  const to = input.carried?.to ?? new Date(workflowInfo().startTime).toISOString();
  let { totals, stage } = input.carried ?? { totals: noTotals(), stage: 'read' as const };
  let reads = 0;
  const plan = await source.planStock.executeWithOptions({ summary: '清点存量' }, [{ stream, to }]);

  while (stage === 'read') {
    await show('归集存量');
    if (plan.byBatches) {
      totals = addTotals(totals, await returnInTurn({ ...label, upTo: to }));
      stage = 'seal';
      break;
    }
    const { windows, waitMs } = await source.planWindows.executeWithOptions({ summary: '计算未覆盖区间' }, [
      { stream, to },
    ]);
    for (const window of windows) {
      totals = addTotals(totals, await syncInTurn({ ...label, purpose: 'stock', window }));
      await show('归集存量');
      if (workflowInfo().continueAsNewSuggested) await goOn();
    }
    if (waitMs > 0) await sleep(waitMs, { summary: '等待源端数据可见' });
    else if (windows.length === 0) stage = 'seal';
    else if (++reads === READS) {
      throw ApplicationFailure.nonRetryable(
        `${windows.length} window(s) of ${stream} keep differing from the source; ./hub prove names what differs`,
        INCOMPLETE,
      );
    }
  }
  if (!plan.seals) return totals;

  await show('移交电子签章');
  for (let after: string | null = ''; after !== null;) {
    after = await ledger.handOverStock.executeWithOptions({ summary: '移交电子签章' }, [{ stream, after }]);
  }
  for (let round = 0; ; round++) {
    const { open, dead } = await source.takeSeals.executeWithOptions({ summary: '取回签章结果' }, [{ stream }]);
    if (open === 0) break;
    await show(`待签章 ${open} 批${dead > 0 ? `,其中死信 ${dead} 批` : ''}`);
    const minutes = ASK_MINUTES[Math.min(round, ASK_MINUTES.length - 1)] ?? 30;
    await sleep(`${minutes} minutes`, { summary: '等待签章结果' });
    if (workflowInfo().continueAsNewSuggested) await goOn();
  }
  await show('已完成');
  return totals;

  function goOn(): Promise<never> {
    return continueAsNew<typeof stockImport>({ ...input, carried: { to, totals, stage } });
  }

  async function show(what: string): Promise<void> {
    const { done, planned, percent } = await ledger.stockProgress.executeWithOptions({ summary: '查进度' }, [
      { stream },
    ]);
    const filled = Math.round(((percent ?? 0) * BAR) / 100);
    const bar = percent === null ? '' : `${'█'.repeat(filled)}${'░'.repeat(BAR - filled)} ${percent} %\n\n`;
    setCurrentDetails(`${bar}${done} 条${planned === null ? '' : `,共 ${planned} 条`}\n\n${what}`);
  }
}
