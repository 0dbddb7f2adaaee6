import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure } from '@temporalio/common';
import { WorkflowFailedError } from '@temporalio/client';

/** The failure at the bottom of what a workflow ended with. */
export function applicationCause(error: unknown): ApplicationFailure | null {
  if (error instanceof ApplicationFailure) return error;
  if (
    error instanceof ActivityFailure ||
    error instanceof ChildWorkflowFailure ||
    error instanceof WorkflowFailedError
  ) {
    return applicationCause(error.cause);
  }
  return null;
}
