import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  ChildWorkflowFailure,
  executeChild,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  sleep,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { proveWorkflowId, reconcileWorkflowId, returnWorkflowId, syncWorkflowId } from '../domain/ids.ts';
import { describeWindow } from '../domain/collection/window.ts';
import {
  CONFIGURATION,
  INCOMPLETE,
  type ProveStreamInput,
  type ProveStreamResult,
  type ReconcileStreamInput,
  type ReconcileStreamResult,
  type ReturnSyncInput,
  type ReturnSyncResult,
  type StreamLabel,
  type SyncWindowInput,
  type SyncWindowResult,
  type Totals,
} from './messages.ts';

import { streamAttributes } from './search-attributes.ts';

/** Every activity beats every few seconds (temporal/interceptors.ts); one that is silent has lost its worker. */
const HEARTBEAT_TIMEOUT = '12 seconds';

/** Steps that only touch our own database. */
export const ledger = proxyActivities<Activities>({
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout: HEARTBEAT_TIMEOUT,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: {
    initialInterval: '1 second',
    backoffCoefficient: 2,
    maximumInterval: '30 seconds',
    nonRetryableErrorTypes: [CONFIGURATION],
  },
});

/** Short questions to a source. One that is away is asked again, ever more slowly, until it is back. */
export const source = proxyActivities<Activities>({
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: HEARTBEAT_TIMEOUT,
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: {
    initialInterval: '2 seconds',
    backoffCoefficient: 2,
    maximumInterval: '5 minutes',
    nonRetryableErrorTypes: [CONFIGURATION],
  },
});

/** Reading pages: as long as it takes, as long as the worker lives. */
export const reading = proxyActivities<Activities>({
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: HEARTBEAT_TIMEOUT,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: {
    initialInterval: '1 second',
    backoffCoefficient: 2,
    maximumInterval: '5 minutes',
    nonRetryableErrorTypes: [CONFIGURATION],
  },
});

/** A stream is read by one sync at a time: another one that is running is waited for, never doubled. */
export async function syncInTurn(input: SyncWindowInput): Promise<SyncWindowResult> {
  return childInTurn(
    'syncWindow',
    syncWorkflowId(input.stream),
    input,
    `读取 · ${input.title} · ${describeWindow(input.window)}`,
  );
}

/** As {@link syncInTurn}, for a comparison. */
export async function reconcileInTurn(input: ReconcileStreamInput): Promise<ReconcileStreamResult> {
  return childInTurn(
    'reconcileStream',
    reconcileWorkflowId(input.stream),
    input,
    `对账 · ${input.title} · ${describeWindow(input.window)}`,
  );
}

/** As {@link syncInTurn}, for the batches of a source that a day wants. */
export async function returnInTurn(input: ReturnSyncInput): Promise<ReturnSyncResult> {
  return childInTurn('returnSync', returnWorkflowId(input.stream), input, `取批次 · ${input.title}`);
}

/** As {@link syncInTurn}, for a proof. */
export async function proveInTurn(input: ProveStreamInput): Promise<ProveStreamResult> {
  return childInTurn('proveStream', proveWorkflowId(input.stream), input, `比对 · ${input.title}`);
}

const KINDS = { syncWindow: '读取', reconcileStream: '对账', returnSync: '取批次', proveStream: '比对' } as const;

async function childInTurn<R>(
  type: keyof typeof KINDS,
  workflowId: string,
  input: StreamLabel,
  staticSummary: string,
): Promise<R> {
  for (;;) {
    try {
      return (await executeChild(type, {
        workflowId,
        args: [input],
        typedSearchAttributes: streamAttributes(input, KINDS[type]),
        staticSummary,
      })) as R;
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      await sleep('20 seconds', { summary: '等待同一数据流的另一次运行结束' });
    }
  }
}

/**
 * Runs a workflow's work; when it fails for a reason that only a person can mend, the stream is paused with the reason
 * before the failure goes on.
 */
export async function pausingOnConfigurationError<T>(label: StreamLabel, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const cause = applicationCause(error);
    if (cause?.type !== CONFIGURATION || isCancellation(error)) throw error;
    const reason = cause.message;
    setCurrentDetails(`**已暂停**:${reason}`);
    // A child has paused the stream already.
    if (error instanceof ActivityFailure) {
      const code = cause.details?.find((detail) => typeof detail === 'string');
      await ledger.pauseStream.executeWithOptions({ summary: '暂停数据流' }, [{ stream: label.stream, reason, code }]);
    }
    throw ApplicationFailure.nonRetryable(reason, CONFIGURATION);
  }
}

/** Waits for work that names what differs in the ledger: that it does is no failure of whoever waits. */
export async function unlessIncomplete(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (applicationCause(error)?.type !== INCOMPLETE) throw error;
  }
}

/** The failure that an activity or a child ended with. */
export function applicationCause(error: unknown): ApplicationFailure | null {
  if (error instanceof ApplicationFailure) return error;
  if (error instanceof ActivityFailure || error instanceof ChildWorkflowFailure) return applicationCause(error.cause);
  return null;
}

export const noTotals = (): Totals => ({ read: 0, accepted: 0, unchanged: 0, rejected: 0 });

export const addTotals = (a: Totals, b: Totals): Totals => ({
  read: a.read + b.read,
  accepted: a.accepted + b.accepted,
  unchanged: a.unchanged + b.unchanged,
  rejected: a.rejected + b.rejected,
});

/** Counts as operators read them. */
export const shownTotals = ({ read, accepted, unchanged, rejected }: Totals): string =>
  `已读 ${read} · 入库 ${accepted} · 未变 ${unchanged} · 退回 ${rejected}`;
