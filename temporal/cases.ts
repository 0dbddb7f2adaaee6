import type { Client } from '@temporalio/client';
import pMap from 'p-map';
import type { Knex } from 'knex';
import { caseWorkflowId } from '../domain/ids.ts';
import { openCases, subjectOf, unseenCases, type CaseFile } from '../store/ledger/case-files.ts';
import { wakeSignal, type CaseInput } from '../workflows/messages.ts';
import { caseAttributes, type WorkflowKind } from '../workflows/search-attributes.ts';

const KINDS: Record<CaseFile['kind'], WorkflowKind> = {
  dispute: '异议',
  outage: '不可抗力',
  share: '共享申请',
  rectification: '整改',
};
const AT_ONCE = 16;
/** Cases that are looked up at once. */
const CASES = 1_000;

/** Has a case’s workflow look at it; starts it where there is none, as after Temporal has lost it. */
export async function wakeCase(
  client: Client,
  taskQueue: string,
  file: Pick<CaseFile, 'kind' | 'id' | 'round'>,
): Promise<void> {
  const kind = KINDS[file.kind];
  await client.workflow.signalWithStart(file.kind, {
    workflowId: caseWorkflowId(file),
    taskQueue,
    args: [{ id: file.id } satisfies CaseInput],
    signal: wakeSignal,
    typedSearchAttributes: caseAttributes(subjectOf(file), kind),
    staticSummary: `${kind} ${file.id}`,
  });
}

/** A case is given this long to be woken by whoever did something in it. */
const PATIENCE_MS = 15_000;

/** Wakes cases that nobody has woken after something was done in them: Temporal was away, or the waker died. */
export async function wakeUnseen(db: Knex, client: Client, taskQueue: string, at: Date): Promise<number> {
  const unseen = await unseenCases(db, new Date(at.getTime() - PATIENCE_MS), CASES);
  await pMap(unseen, (file) => wakeCase(client, taskQueue, file), { concurrency: AT_ONCE });
  return unseen.length;
}

/** Has every open case be waited for, whatever Temporal still knows: their deadlines are in the ledger. */
export async function rebuildCases(
  db: Knex,
  client: Client,
  taskQueue: string,
  onProgress: (done: number) => void,
): Promise<number> {
  let done = 0;
  for (let after = 0; ;) {
    const files = await openCases(db, after, CASES);
    const last = files.at(-1);
    if (!last) return done;
    await pMap(files, (file) => wakeCase(client, taskQueue, file), { concurrency: AT_ONCE });
    done += files.length;
    after = last.id;
    onProgress(done);
  }
}
