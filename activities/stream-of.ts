import type { Knex } from 'knex';
import { fault } from '../domain/faults.ts';
import { getStream, type StreamRow } from '../store/collection/streams.ts';

/** A stream that may be read; throws while it is paused for a fault that only a person can mend. */
export async function readableStream(db: Knex, name: string): Promise<StreamRow> {
  const stream = await getStream(db, name);
  if (stream.pausedReason === null) return stream;
  throw fault('stream-paused', { stream: name, reason: stream.pausedReason });
}
