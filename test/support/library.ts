import type { Knex } from 'knex';
import { timeWindow } from '../../domain/window.ts';
import { openBatch } from '../../store/batches.ts';
import { saveStreams } from '../../store/streams.ts';

/** Start of the day whose records the tests of the library deliver, and the hub's now. */
export const BASE_MS = Date.parse('2026-11-20T00:00:00+08:00');
export const NOW = new Date('2026-11-22T12:00:00+08:00');

let streams = 0;

/** A stream of its own for a test; its id. */
export async function newStream(db: Knex): Promise<{ id: number; name: string }> {
  streams += 1;
  const name = `stream-${String(streams)}`;
  const owner = { title: name, connector: 'c', unitCode: 'U', unitName: 'U' };
  await saveStreams(db, [{ name, ...owner, delivery: 'daily', since: new Date(BASE_MS), daily: null }], NOW);
  return { name, id: (await db('stream').where({ name }).first<{ id: number }>('id')).id };
}

/** A batch of the stream for the day. */
export const newBatch = (db: Knex, streamId: number, declared = 0): Promise<number> =>
  openBatch(
    db,
    streamId,
    { purpose: 'daily', window: timeWindow(BASE_MS, BASE_MS + 86_400_000), declared, workflowId: 'w' },
    NOW,
  );
