import { cancellationSignal } from '@temporalio/activity';
import { FROM_THE_START, type BatchSource, type UnreadableDelivery } from '../connectors/contract.ts';
import { isGone } from '../connectors/reading.ts';
import { shanghaiDate } from '../domain/dates.ts';
import { describeWindow, type BatchWindow, type TimeWindow } from '../domain/collection/window.ts';
import * as batches from '../store/collection/batches.ts';
import { closeDiscrepancy, keepUnreadable, openDiscrepancy } from '../store/collection/reconciliation.ts';
import { getStream, noteContact } from '../store/collection/streams.ts';
import { countBeyond } from './beyond.ts';
import { contacting } from './contact.ts';
import type { Dependencies } from './dependencies.ts';
import { readableStream } from './stream-of.ts';

/** The batches that a source still has: one that is waited for would hold up those after it. */
async function stillThere(source: BatchSource, windows: readonly BatchWindow[]): Promise<BatchWindow[]> {
  const there: BatchWindow[] = [];
  for (const batch of windows) if (await isThere(source, batch)) there.push(batch);
  return there;
}

async function isThere(source: BatchSource, batch: BatchWindow): Promise<boolean> {
  const pages = source.read(batch, FROM_THE_START, cancellationSignal())[Symbol.asyncIterator]();
  try {
    await pages.next();
    return true;
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  } finally {
    await pages.return?.();
  }
}

/** Batches of a source (回传 of a platform, files, exchange rows): find the next, acknowledge what is safe, name what is not. */
export function createReturnActivities(dependencies: Dependencies) {
  const { db, streams, now } = dependencies;
  return {
    /** Where the chain of batches stands. What the source has no more, replaced perhaps, is not to be mended by reading it. */
    async findChain(input: { stream: string }): Promise<batches.Chain> {
      const { id } = await readableStream(db, input.stream);
      const { source } = streams().getBy('batches', input.stream);
      const chain = await batches.getChain(db, id);
      return { ...chain, broken: await stillThere(source, chain.broken) };
    },

    /**
     * The batches that were taken in a time and that the source still has, to be read again. Where each has all records,
     * the last one is read for them: an earlier state would delete what came after it.
     */
    async findTakenBatches(input: { stream: string; taken: TimeWindow }): Promise<BatchWindow[]> {
      const { id } = await readableStream(db, input.stream);
      const { source, capabilities, hints } = streams().getBy('batches', input.stream);
      const taken = await batches.takenBatches(db, id, new Date(input.taken.from), new Date(input.taken.to));
      const states = hints.deletes !== undefined || capabilities.again === 'present';
      const { last } = states && taken.length > 0 ? await batches.getChain(db, id) : { last: null };
      return stillThere(source, last ? [last] : taken);
    },

    /**
     * Asks the source for the batch after the last one; null when there is none yet, and then what the source vouches
     * for by that is covered. @param input.upTo the instant up to which the chain is wanted; now where left out
     */
    async findNextBatch(input: {
      stream: string;
      after: BatchWindow | null;
      upTo?: string | undefined;
    }): Promise<BatchWindow | null> {
      const { source } = streams().getBy('batches', input.stream);
      const { pushed } = streams().capabilities(input.stream);
      const stream = await readableStream(db, input.stream);
      const { id } = stream;
      const upToMs = input.upTo === undefined ? now().getTime() : Date.parse(input.upTo);
      const found = await contacting(
        dependencies,
        input.stream,
        () => source.nextBatch(input.after, { upToMs, known: (ids) => batches.knownBatches(db, id, ids) }),
        // What is pushed is noted when it comes; what cannot be read, below.
        (next) => (pushed || (next.batch === null && next.unreadable?.length) ? null : next.batch !== null),
      );
      if (found.batch) {
        if (input.after === null) await countBeyond(dependencies, source, stream);
        return found.batch;
      }
      await batches.coverProven(db, id, found.proven);
      await reportUnreadable(input.stream, found.unreadable ?? []);
      return null;
    },

    /**
     * Tells the source that a batch is safe. What the database says is what counts: a batch that is not committed
     * whole is never acknowledged, whatever the caller believes.
     */
    async acknowledgeBatch(input: { batchId: number }): Promise<void> {
      const batch = await batches.getBatch(db, input.batchId);
      if (batch.state !== 'complete' || batch.window.kind !== 'batch') {
        throw new Error(`batch ${batch.id} is ${batch.state} and cannot be acknowledged`);
      }
      const pages = await batches.committedPages(db, batch);
      await streams()
        .getBy('batches', batch.stream)
        .source.acknowledge(batch.window, {
          records: batch.declared,
          positions: [...pages.values()].flatMap(({ position }) => position ?? []),
          rejected: await batches.rejectedRecords(db, batch.id),
        });
      await batches.markAcknowledged(db, batch.id, now());
      await closeDiscrepancy(db, batch.streamId, describeWindow(batch.window), now());
    },

    /** A batch that stays different from what was declared becomes a task of the unit that answers for the source. */
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
        { subject: describeWindow(input.window), ...difference },
        now(),
      );
    },
  };

  /**
   * Deliveries that cannot be read, of days that the hub collects: the source answers garbage, and what will not mend by
   * itself is a task of the unit until it is replaced.
   */
  async function reportUnreadable(name: string, unreadable: readonly UnreadableDelivery[]): Promise<void> {
    const stream = await getStream(db, name);
    const since = shanghaiDate(stream.collectFrom.getTime());
    const faults = unreadable.filter(({ date }) => date >= since).map(({ fault }) => fault);
    const [first] = faults;
    if (first) await noteContact(db, name, 'garbled', first.message, now());
    const lasting = faults.filter(({ kind }) => kind === 'configuration').map(({ zh }) => zh);
    await keepUnreadable(db, stream, lasting, now());
  }
}
