import type { Knex } from 'knex';
import { timeWindow } from '../../domain/collection/window.ts';
import { openBatch } from '../../store/collection/batches.ts';
import { getStream, saveStreams } from '../../store/collection/streams.ts';
import { DAY_MS } from '../../domain/dates.ts';

/** Start of the day whose records the tests of the library deliver, and the hub's now. */
export const BASE_MS = Date.parse('2026-11-20T00:00:00+08:00');
export const NOW = new Date('2026-11-22T12:00:00+08:00');

let streams = 0;

/** A stream of its own for a test; its id. */
export async function newStream(db: Knex): Promise<{ id: number; name: string }> {
  streams += 1;
  const name = `stream-${streams}`;
  const owner = { title: name, connector: 'c', unitCode: 'U', unitName: 'U' };
  await saveStreams(db, [{ name, ...owner, delivery: 'daily', since: new Date(BASE_MS), daily: null }], NOW);
  return { name, id: (await db('stream').where({ name }).first<{ id: number }>('id')).id };
}

/** A certificate as a mapping makes it, in everything alike but for what a test says. */
export const certificateWith = (own: Record<string, unknown> & { number: string }): Record<string, unknown> => ({
  identifier: null,
  typeCode: 'T',
  name: 'N',
  issuerName: null,
  issuerCode: null,
  issuedOn: '2026-11-20',
  effectiveOn: null,
  expiresOn: null,
  longTerm: true,
  holders: [],
  status: 'valid',
  rawStatus: '1',
  extension: {},
  ...own,
});

/** A batch of the stream for the day. */
export const newBatch = (db: Knex, streamId: number, declared = 0): Promise<number> =>
  openBatch(
    db,
    streamId,
    { purpose: 'daily', window: timeWindow(BASE_MS, BASE_MS + DAY_MS), declared, workflowId: 'w' },
    NOW,
  );

/** Gives a stream so many valid certificates of a type, all by one batch; their update times in SQL, by `n` from 1. */
export async function fillStream(
  db: Knex,
  at: Date,
  stream: string,
  count: number,
  time: string,
  type = 'T',
): Promise<number> {
  const { id } = await getStream(db, stream);
  const [batch] = await db('batch')
    .insert({
      stream_id: id,
      purpose: 'return',
      workflow_id: 'w',
      ordinal: 1,
      source_batch: 'b1',
      cursor_after: 'c1',
      declared: count,
      state: 'complete',
      opened_at: at,
    })
    .returning<{ id: number }[]>('id');
  await db('batch_page').insert({
    batch_id: batch?.id,
    attempt: 1,
    page: 0,
    digest: 'd',
    read: count,
    accepted: count,
    added: count,
    unchanged: 0,
    rejected: 0,
    committed_at: at,
  });
  await db.raw(
    `INSERT INTO certificate SELECT :id, 'K' || n, 'N' || n, :type, '证', NULL, NULL, NULL, '2020-01-01', NULL, NULL, true,
       jsonb_build_array(jsonb_build_object('name', 'x', 'code', :stream || n)), 'valid', '1', '{}', NULL,
       sha256(n::text::bytea), ${time}, :batch, :at FROM generate_series(1, :count) AS n`,
    { id, type, stream, batch: batch?.id ?? 0, at, count },
  );
  return id;
}
