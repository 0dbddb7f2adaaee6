import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';

export const HISTORIES = join(import.meta.dirname, '../../replay/histories');

/**
 * Saves a workflow's history for the replay tests when `HUB_KEEP_HISTORIES` is set. One that is there stays: running
 * workflows were recorded by older code too. Names of hosts and stack traces are left out.
 */
export async function keepHistory(handle: WorkflowHandle, name: string): Promise<void> {
  if (process.env.HUB_KEEP_HISTORIES === undefined) return;
  const { type } = await handle.describe();
  const file = join(HISTORIES, type, `${name}.json`);
  if (existsSync(file)) return;
  const history = historyToJSON(await handle.fetchHistory());
  mkdirSync(dirname(file), { recursive: true });
  const unneeded = new Set(['identity', 'stackTrace', 'sdkMetadata', 'meteringMetadata']);
  const kept = JSON.stringify(JSON.parse(history), (key, value: unknown) => (unneeded.has(key) ? undefined : value));
  writeFileSync(file, kept);
}
