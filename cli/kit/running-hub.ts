import { Listr } from 'listr2';
import type { Client } from '@temporalio/client';
import type { HubConfig } from '../../settings/load.ts';
import { readEnvironment } from '../../settings/environment.ts';
import { messageOf } from '../../domain/errors.ts';
import { fault, type Facts } from '../../domain/faults.ts';
import { connectTemporal } from '../../temporal/client.ts';
import type { Totals } from '../../workflows/messages.ts';
import { printJson } from './output.ts';

/** Address of the Temporal of the hub that runs: TEMPORAL_ADDRESS, else that of the embedded one. */
export const temporalAddress = ({ settings }: HubConfig): string =>
  readEnvironment().temporalAddress ?? `127.0.0.1:${settings.embedded.temporalPort}`;

/** Works with the Temporal of the hub that runs. */
export async function withRunningHub<T>(config: HubConfig, work: (client: Client) => Promise<T>): Promise<T> {
  const { namespace } = config.settings.temporal;
  const client = await connectTemporal(temporalAddress(config), namespace).catch((error: unknown) => {
    throw fault('no-hub', { why: messageOf(error) });
  });
  try {
    return await work(client);
  } finally {
    await client.connection.close();
  }
}

/** Waits for what a running hub does and shows it; `quiet` for programs, which get the result by other means. */
export async function showRun(
  { title, what, quiet }: { title: string; what: Facts<'run-failed'>['what']; quiet: boolean | undefined },
  work: (show: (text: string) => void) => Promise<string>,
): Promise<void> {
  const told = (show: (text: string) => void): Promise<string> =>
    work(show).catch((error: unknown) => {
      throw fault('run-failed', { run: title, what, why: causeOf(error) });
    });
  if (quiet) {
    await told(() => undefined);
    return;
  }
  await new Listr([
    {
      title,
      task: async (_, task) => {
        task.title = `${title}: ${await told((text) => (task.title = `${title}: ${text}`))}`;
      },
    },
  ]).run();
}

/** What a run read, as text for people or, with `json`, for programs on standard output. */
export function toldTotals(
  { read, accepted, unchanged, rejected, ...rest }: Totals,
  json: boolean | undefined,
): string {
  if (json) printJson({ read, accepted, unchanged, rejected, ...rest });
  return `read ${read}, accepted ${accepted}, unchanged ${unchanged}, rejected ${rejected}`;
}

/** The innermost message: what an activity said. */
function causeOf(error: unknown): string {
  return error instanceof Error && error.cause !== undefined ? causeOf(error.cause) : messageOf(error);
}
