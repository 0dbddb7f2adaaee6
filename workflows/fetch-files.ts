import { continueAsNew, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { FetchFilesInput, FetchFilesResult } from './messages.ts';
import { reading } from './steps.ts';

/**
 * Fetches the files (OFD, PDF) of a stream's certificates that are due, until none is. Which are wanted and which are
 * missing is in the database; this run only drives.
 */
export async function fetchFiles(input: FetchFilesInput): Promise<FetchFilesResult> {
  const result = { ...(input.carried ?? { fetched: 0, missing: 0 }) };
  for (;;) {
    const { more, ...step } = await reading.fetchFiles.executeWithOptions({ summary: '取证照文件' }, [
      { stream: input.stream },
    ]);
    result.fetched += step.fetched;
    result.missing += step.missing;
    setCurrentDetails(`已取 ${result.fetched} · 未取到 ${result.missing}`);
    if (!more) return result;
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof fetchFiles>({ ...input, carried: result });
  }
}
