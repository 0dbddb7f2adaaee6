import { bundleWorkflowCode, DefaultLogger, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { WORKFLOWS_PATH } from '../../temporal/worker.ts';

export const quiet = new DefaultLogger('ERROR', () => undefined);

/** Bundles the workflows; takes seconds. */
export const bundleWorkflows = (): Promise<WorkflowBundleWithSourceMap> =>
  bundleWorkflowCode({ workflowsPath: WORKFLOWS_PATH, logger: quiet });
