import type { Client } from '@temporalio/client';
import type { Knex } from 'knex';
import type { HubConfig } from '../settings/load.ts';
import { streamsBehind } from '../store/collection/days.ts';
import type { CaseFile } from '../store/ledger/case-files.ts';
import { madeSchedules } from '../store/ledger/rules.ts';
import { lostCases, wakeCases } from './cases.ts';
import { registerSearchAttributes } from './client.ts';
import { lostSchedules, remakeSchedules, wakeSchedules } from './schedules.ts';

/** What should be in Temporal and is not: its data were deleted, or are of before. */
export interface Lost {
  schedules: string[];
  cases: CaseFile[];
}

/** Compares what the database says that Temporal has with what it has. */
export async function findLost(db: Knex, client: Client, config: HubConfig, at: Date): Promise<Lost> {
  return {
    schedules: await lostSchedules(client, config, await madeSchedules(db)),
    cases: await lostCases(db, client, config.settings.temporal.taskQueue, at),
  };
}

/** Puts back what Temporal has lost, and runs at once what it did not run in time. */
export async function putBack(db: Knex, client: Client, config: HubConfig, lost: Lost, at: Date): Promise<void> {
  await registerSearchAttributes(client);
  await remakeSchedules(client, config, lost.schedules);
  await wakeCases(client, config.settings.temporal.taskQueue, lost.cases);
  if (lost.schedules.length > 0) await wakeSchedules(client, config, await streamsBehind(db, at));
}

/** When work on a task queue was finished for the last time within a span; null where none was. */
export async function lastWorkIn(
  client: Client,
  taskQueue: string,
  { from, to }: { from: Date; to: Date },
): Promise<Date | null> {
  const query =
    `TaskQueue = '${taskQueue}' AND ExecutionStatus = 'Completed' ` +
    `AND CloseTime > '${from.toISOString()}' AND CloseTime < '${to.toISOString()}'`;
  for await (const { closeTime } of client.workflow.list({ query, pageSize: 1 })) return closeTime ?? null;
  return null;
}
