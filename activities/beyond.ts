import type { Source } from '../connectors/contract.ts';
import { noteBeyond } from '../store/collection/reconciliation.ts';
import type { StreamRow } from '../store/collection/streams.ts';
import type { Dependencies } from './dependencies.ts';

/**
 * Counts what a source has and no read of it reaches: a difference of the stream until there is none. It looks at every
 * record of the source: done where a stream begins, before anything is said to be whole, and each night.
 */
export async function countBeyond({ db, now }: Dependencies, source: Source, stream: StreamRow): Promise<void> {
  if (source.beyond) await noteBeyond(db, stream, await source.beyond(), now());
}
