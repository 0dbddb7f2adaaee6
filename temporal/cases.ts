import type { Client } from '@temporalio/client';
import pMap from 'p-map';
import type { Knex } from 'knex';
import { caseWorkflowId } from '../domain/ids.ts';
import { countOpenCases, openCases, subjectOf, unseenCases, type CaseFile } from '../store/ledger/case-files.ts';
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
  await wakeCases(client, taskQueue, unseen);
  return unseen.length;
}

/** Open cases that no workflow waits for, although there was time to start one: Temporal has lost it. */
export async function lostCases(db: Knex, client: Client, taskQueue: string, at: Date): Promise<CaseFile[]> {
  const kinds = Object.keys(KINDS).map((kind) => `'${kind}'`);
  const query = `TaskQueue = '${taskQueue}' AND ExecutionStatus = 'Running' AND WorkflowType IN (${kinds.join(', ')})`;
  const { count } = await client.workflow.count(query);
  if (count >= (await countOpenCases(db))) return [];
  const waiting = new Set<string>();
  for await (const { workflowId } of client.workflow.list({ query })) waiting.add(workflowId);
  const lost: CaseFile[] = [];
  const isLost = (file: CaseFile): boolean =>
    !waiting.has(caseWorkflowId(file)) && file.openedAt.getTime() < at.getTime() - PATIENCE_MS;
  for await (const files of openCases(db, CASES)) lost.push(...files.filter(isLost));
  return lost;
}

/** Has cases be waited for again. */
export const wakeCases = (client: Client, taskQueue: string, files: readonly CaseFile[]): Promise<unknown> =>
  pMap(files, (file) => wakeCase(client, taskQueue, file), { concurrency: AT_ONCE });

/** Has every open case be waited for, whatever Temporal still knows: their deadlines are in the ledger. */
export async function rebuildCases(
  db: Knex,
  client: Client,
  taskQueue: string,
  onProgress: (done: number) => void,
): Promise<number> {
  let done = 0;
  for await (const files of openCases(db, CASES)) {
    await wakeCases(client, taskQueue, files);
    done += files.length;
    onProgress(done);
  }
  return done;
}
