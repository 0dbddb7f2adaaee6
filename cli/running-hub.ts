import { Listr } from 'listr2';
import type { Client } from '@temporalio/client';
import type { HubConfig } from '../config/load.ts';
import { readEnvironment } from '../config/environment.ts';
import { messageOf, systemError, transientError } from '../domain/errors.ts';
import { connectTemporal } from '../temporal/client.ts';
import type { Totals } from '../workflows/messages.ts';

/** Works with the Temporal of the hub that runs: TEMPORAL_ADDRESS, else the embedded one. */
export async function withRunningHub<T>(
  { settings: { temporal, embedded } }: HubConfig,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const address = readEnvironment().temporalAddress ?? `127.0.0.1:${String(embedded.temporalPort)}`;
  const client = await connectTemporal(address, temporal.namespace).catch((error: unknown) => {
    throw transientError(`No hub can be reached: ${messageOf(error)}`, {
      code: 'no-hub',
      cure: 'start ./hub up or ./hub demo in another terminal, or set TEMPORAL_ADDRESS',
    });
  });
  try {
    return await work(client);
  } finally {
    await client.connection.close();
  }
}

/** Waits for a workflow and shows what it did, for people or for programs. */
export async function showRun(
  { title, cure, json }: { title: string; cure: string; json: boolean | undefined },
  work: () => Promise<Totals>,
): Promise<void> {
  const told = (): Promise<Totals> =>
    work().catch((error: unknown) => {
      throw systemError(`${title}: ${causeOf(error)}`, { code: 'run-failed', cure });
    });
  if (json) return console.log(JSON.stringify(await told(), null, 2));
  await new Listr([
    {
      title,
      task: async (_, task) => {
        const { read, accepted, unchanged, rejected } = await told();
        task.title = `${title}: read ${String(read)}, accepted ${String(accepted)}, unchanged ${String(unchanged)}, rejected ${String(rejected)}`;
      },
    },
  ]).run();
}

/** The innermost message: what an activity said. */
function causeOf(error: unknown): string {
  return error instanceof Error && error.cause !== undefined ? causeOf(error.cause) : messageOf(error);
}
