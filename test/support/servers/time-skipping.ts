import { spawn } from 'node:child_process';
import { Connection } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { freePorts } from '../ports.ts';
import { bound, end, untilItAnswers } from '../processes.ts';

/** What the SDK's own start is made of: an environment that may skip time, on a server that is there. */
interface Environments {
  create: (options: {
    server: { type: 'existing' };
    address: string;
    supportsTimeSkipping: true;
  }) => Promise<TestWorkflowEnvironment>;
}

/** A server whose clock skips what nobody needs to wait for. */
export interface SkippingServer {
  env: TestWorkflowEnvironment;
  stop: () => Promise<void>;
}

/**
 * Starts it, to end with this process. The SDK would give it five seconds, which a machine at work on other tests may
 * not keep, and leave one behind that took longer.
 */
export async function startTimeSkipping(): Promise<SkippingServer> {
  const program = process.env.HUB_TEST_TIME_SKIPPING;
  if (program === undefined) throw new Error('run tests that skip time with ./hub test');
  const [port = 0] = await freePorts(1);
  const server = bound(spawn(program, [String(port)], { stdio: 'ignore' }));
  const address = `127.0.0.1:${port}`;
  await untilItAnswers(server, async () => (await Connection.connect({ address })).close());
  const env = await (TestWorkflowEnvironment as unknown as Environments).create({
    server: { type: 'existing' },
    address,
    supportsTimeSkipping: true,
  });
  return {
    env,
    stop: async () => {
      await env.teardown();
      await end(server, 'SIGKILL');
    },
  };
}
