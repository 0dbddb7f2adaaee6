import { ChildWorkflowFailure, setCurrentDetails } from '@temporalio/workflow';
import type { InspectSampleInput } from './messages.ts';
import { ledger, proveInTurn, source } from './steps.ts';

/**
 * Compares the records of a sample (随机抽查) with their source: exactly the parts of it in which they lie are proven.
 * Where that fails, the sample ends all the same, with what could not be compared named as such.
 */
export async function inspectSample({ inspection, ...label }: InspectSampleInput): Promise<void> {
  const windows = await source.planSample.executeWithOptions({ summary: '查找所抽记录的位置' }, [
    { stream: label.stream, inspection },
  ]);
  setCurrentDetails(`抽查 ${inspection} · 共 ${windows.length} 段待比对`);
  let proofs: number[] = [];
  let failed: ChildWorkflowFailure | null = null;
  try {
    if (windows.length > 0) ({ proofs } = await proveInTurn({ ...label, windows, mend: false }));
  } catch (error) {
    if (!(error instanceof ChildWorkflowFailure)) throw error;
    failed = error;
  }
  await ledger.finishSample.executeWithOptions({ summary: '登记抽查结果' }, [
    { stream: label.stream, inspection, proofs },
  ]);
  if (failed !== null) throw failed;
}
