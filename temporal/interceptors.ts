import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type {
  ActivityExecuteInput,
  ActivityInterceptors,
  Next,
  ActivityInboundCallsInterceptor,
} from '@temporalio/worker';
import { CancelledFailure, CompleteAsyncError, heartbeat } from '@temporalio/activity';
import { HubError } from '../domain/errors.ts';

/**
 * Turns everything that activities throw into failures that may be stored in a history: the kind of the fault as their
 * type, a message without personal data, no causes, which could carry statements with their values.
 */
export function toFailure(error: unknown): unknown {
  if (error instanceof CancelledFailure || error instanceof CompleteAsyncError || error instanceof ApplicationFailure)
    return error;
  if (error instanceof HubError) {
    return ApplicationFailure.create({
      message: error.cure === undefined ? error.message : `${error.message}; ${error.cure.en}`,
      type: error.kind,
      nonRetryable: error.kind === 'configuration',
      details: [error.code],
      ...(error.retryAfterMs !== undefined && { nextRetryDelay: error.retryAfterMs }),
      // A source that is away is daily life, not a defect of the worker.
      ...(error.kind === 'transient' && { category: ApplicationFailureCategory.BENIGN }),
    });
  }
  return ApplicationFailure.create({ message: describeUnknown(error), type: 'system' });
}

function describeUnknown(error: unknown): string {
  if (!(error instanceof Error)) return 'an unknown error';
  // Messages of PostgreSQL quote values; its code and place say enough.
  if ('severity' in error && 'code' in error) {
    const { code, table, constraint } = error as { code?: string; table?: string; constraint?: string };
    return `PostgreSQL refused with ${String(code)}${constraint ? ` on ${constraint}` : table ? ` on ${table}` : ''}`;
  }
  return `${error.name}: ${error.message}`.slice(0, 300);
}

const HEARTBEAT_EVERY_MS = 3_000;

/**
 * Classifies what an activity throws, puts stream and batch into its log lines, and tells Temporal that its worker
 * lives, so that the work of one that was killed begins again within seconds.
 */
export function activityInterceptors(): ActivityInterceptors {
  let fields: Record<string, unknown> = {};
  return {
    inbound: {
      async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>) {
        fields = logFields(input.args[0]);
        const beat = setInterval(() => heartbeat(), HEARTBEAT_EVERY_MS);
        try {
          return await next(input);
        } catch (error) {
          throw toFailure(error);
        } finally {
          clearInterval(beat);
        }
      },
    },
    outbound: { getLogAttributes: (input, next) => next({ ...input, ...fields }) },
  };
}

function logFields(input: unknown): Record<string, unknown> {
  if (typeof input !== 'object' || input === null) return {};
  const { stream, batchId } = input as { stream?: unknown; batchId?: unknown };
  return { ...(stream !== undefined && { stream }), ...(batchId !== undefined && { batch: batchId }) };
}
