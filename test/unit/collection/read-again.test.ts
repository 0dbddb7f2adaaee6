import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Client } from '@temporalio/client';
import { readAgain } from '../../../temporal/runs.ts';
import { demoConfig } from '../../support/departments.ts';

it('what a restored database has lost is read again: days from where they stand, batches by asking for them once more', async () => {
  const triggered: string[] = [];
  const started: unknown[] = [];
  const client = {
    schedule: { getHandle: (id: string) => ({ trigger: () => Promise.resolve(triggered.push(id)) }) },
    workflow: {
      start: (name: string, { workflowId, args: [input] }: { workflowId: string; args: { again?: unknown }[] }) =>
        Promise.resolve(started.push([name, workflowId, input?.again])),
    },
  } as unknown as Client;
  const config = demoConfig();
  const span = { from: new Date('2026-11-22T02:00:00Z'), to: new Date('2026-11-22T03:00:00Z') };
  const once = await readAgain(client, config, span);
  const again = { kind: 'time', from: '2026-11-22T10:00:00+08:00', to: '2026-11-22T11:00:00+08:00' };
  assert.ok(
    started.some((run) => JSON.stringify(run) === JSON.stringify(['returnSync', 'return:province-return', again])),
  );
  assert.ok(triggered.includes('return:province-return') && triggered.includes('daily:housing-permits'));
  const pushed = config.connectors.filter(({ kind }) => kind === 'inbox').flatMap(({ streams }) => streams);
  assert.ok(pushed.length > 0);
  for (const { id } of pushed) assert.ok(!triggered.includes(`daily:${id}`) && !once.includes(id), id);
});
