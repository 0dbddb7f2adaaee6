import type { BatchWindow } from '../domain/window.ts';
import * as batches from '../store/batches.ts';
import { closeDiscrepancy, openDiscrepancy } from '../store/reconciliation.ts';
import { getStream } from '../store/streams.ts';
import type { Dependencies } from './dependencies.ts';
import { readableStream } from './stream-of.ts';

/** Batches that a platform returns (回传): find the next, acknowledge what is safe, name what is not. */
export function createReturnActivities({ db, streams, now }: Dependencies) {
  const subject = (window: BatchWindow): string => `batch ${window.id}`;

  return {
    /** Where the chain of batches stands. */
    async findChain(input: { stream: string }): Promise<batches.Chain> {
      return batches.getChain(db, (await readableStream(db, input.stream)).id);
    },

    /** Asks the platform for the batch after the last one; null when there is none yet. */
    async findNextBatch(input: { stream: string; after: BatchWindow | null }): Promise<BatchWindow | null> {
      return (await streams().get(input.stream).source.nextBatch?.(input.after)) ?? null;
    },

    /**
     * Tells the platform that a batch is safe. What the database says is what counts: a batch that is not committed
     * whole is never acknowledged, whatever the caller believes.
     */
    async acknowledgeBatch(input: { batchId: number }): Promise<void> {
      const batch = await batches.getBatch(db, input.batchId);
      if (batch.state !== 'complete' || batch.window.kind !== 'batch') {
        throw new Error(`batch ${String(batch.id)} is ${batch.state} and cannot be acknowledged`);
      }
      await streams().get(batch.stream).source.acknowledge?.(batch.window, batch.declared);
      await batches.markAcknowledged(db, batch.id, now());
      await closeDiscrepancy(db, batch.streamId, subject(batch.window), now());
    },

    /** A batch that stays different from what was declared becomes a task of the platform. */
    async reportBrokenBatch(input: { stream: string; window: BatchWindow; read: number }): Promise<void> {
      const difference = {
        window: null,
        onlyAtSource: [],
        onlyInLibrary: [],
        sourceCount: input.window.declared,
        libraryCount: input.read,
      };
      await openDiscrepancy(
        db,
        await getStream(db, input.stream),
        { subject: subject(input.window), ...difference },
        now(),
      );
    },
  };
}
