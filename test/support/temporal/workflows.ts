import { DefaultLogger, Runtime, type WorkflowBundleOption } from '@temporalio/worker';

// Before the first worker: what workers say of failures that a test means to see is no news.
Runtime.install({
  logger: new DefaultLogger('ERROR', () => undefined),
  telemetryOptions: { logging: { forward: {}, filter: { core: 'ERROR', other: 'ERROR' } } },
});

/** The workflows, as the test run bundled them once for all tests. */
export function workflowBundle(): WorkflowBundleOption {
  const codePath = process.env.HUB_TEST_WORKFLOWS;
  if (codePath === undefined) throw new Error('run tests of workflows with ./hub test');
  return { codePath };
}
