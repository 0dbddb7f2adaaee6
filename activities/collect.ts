import { activityInfo, cancellationSignal } from '@temporalio/activity';
import { pMapIterable } from 'p-map';
import type { Page } from '../connectors/contract.ts';
import type { OpenStream } from '../connectors/registry.ts';
import { HubError } from '../domain/errors.ts';
import type { TimeWindow, Window } from '../domain/window.ts';
import * as batches from '../store/batches.ts';
import { writePage, type PageCounts } from '../store/pages.ts';
import { sliceWindow, timeWindow } from '../domain/window.ts';
import type { Dependencies } from './dependencies.ts';
import { readableStream } from './stream-of.ts';

/** An activity reads for this long before it reports; the workflow shows the progress and goes on. */
const READ_FOR_MS = 15_000;
/** Pages written at once: while PostgreSQL merges one, the next is mapped. */
const WRITES_AT_ONCE = 2;
/** How often a window that moves under the reader is begun anew before it is cut in two. */
const RESTARTS = 2;

/** How far a batch has come. */
export interface ReadProgress extends PageCounts {
  /** `more`: call again; `done`: the last page is in; `moved`: the source keeps changing under the reader. */
  outcome: 'more' | 'done' | 'moved';
  pages: number;
}

/** How a batch ended. */
export interface BatchResult extends PageCounts {
  pages: number;
  /** What the source says it has. */
  declared: number;
  /** Read, committed and declared agree, and the window is covered. */
  complete: boolean;
}

/** Windows of a stream that are due and not covered. */
export interface WindowPlan {
  windows: TimeWindow[];
  /** How long to wait until the source's clock lets the rest be read; 0 when nothing is left. */
  waitMs: number;
}

/** Reading windows: plan, open, pages, close. */
export function createCollectActivities({ db, streams, now }: Dependencies) {
  return {
    /**
     * The parts of a stream up to `to` that are not covered, in slices. What is younger than the source's clock less
     * the stream's lag is left for later, because records may still become visible there; `waitMs` says how long it
     * takes until all of it can be read.
     */
    async planWindows(input: { stream: string; to: string }): Promise<WindowPlan> {
      const { config, source } = streams().get(input.stream);
      const { id, collectFrom } = await readableStream(db, input.stream);
      const readableMs = (await source.clock()) - config.lag;
      const toMs = Date.parse(input.to);
      const open = await batches.gaps(db, id, collectFrom, new Date(Math.min(toMs, readableMs)));
      return {
        windows: open.flatMap((gap) => sliceWindow(timeWindow(gap.from.getTime(), gap.to.getTime()), config.slice)),
        waitMs: Math.max(0, toMs - readableMs),
      };
    },

    /** Opens a batch for a window whose end is fixed, with the source's count as the first of the three points. */
    async openBatch(input: {
      stream: string;
      purpose: batches.BatchPurpose;
      window: Window;
    }): Promise<{ batchId: number; declared: number }> {
      const { source } = streams().get(input.stream);
      const stream = await readableStream(db, input.stream);
      const declared = await source.count(input.window);
      const { workflowId } = activityInfo().workflowExecution ?? {};
      const batchId = await batches.openBatch(
        db,
        stream.id,
        { ...input, declared, workflowId: workflowId ?? '' },
        now(),
      );
      return { batchId, declared };
    },

    /** Reads and commits the pages of a batch that are not in yet, for a while. Safe to run again after any death. */
    async readPages(input: { batchId: number }): Promise<ReadProgress> {
      for (let restart = 0; ; restart++) {
        const batch = await batches.getBatch(db, input.batchId);
        try {
          const outcome = await readFor(streams().get(batch.stream), batch);
          return { outcome, ...(await batches.batchCounts(db, batch)) };
        } catch (error) {
          const moved = error instanceof HubError && (error.code === 'source-moved' || error.code === 'repeated-page');
          if (!moved) throw error;
          await batches.restartBatch(db, batch.id);
          if (restart < RESTARTS) continue;
          // A batch cannot be cut in two, nor a gateway be read that ignores the page number: these fail, and are retried.
          if (batch.window.kind === 'batch' || error.code === 'repeated-page') throw error;
          return { outcome: 'moved', pages: 0, read: 0, accepted: 0, unchanged: 0, rejected: 0 };
        }
      }
    },

    /** Compares the three counts and, when they agree, covers the window. A source that moved is counted once more. */
    async closeBatch(input: { batchId: number }): Promise<BatchResult> {
      const batch = await batches.getBatch(db, input.batchId);
      const { read } = await batches.batchCounts(db, batch);
      const declared = read === batch.declared ? read : await streams().get(batch.stream).source.count(batch.window);
      return { declared, ...(await batches.closeBatch(db, batch, declared, now())) };
    },
  };

  async function readFor({ source, map }: OpenStream, batch: batches.Batch): Promise<'more' | 'done'> {
    const committed = await batches.committedPages(db, batch);
    const until = Date.now() + READ_FOR_MS;
    let outcome: 'more' | 'done' = 'done';
    let total = batch.total;

    async function* forAWhile(): AsyncIterable<Page> {
      for await (const page of source.read(batch.window, { committed, total: batch.total }, cancellationSignal())) {
        if (total === null && page.total !== null) {
          total = page.total;
          await batches.noteTotal(db, batch.id, total);
        }
        yield page;
        if (Date.now() < until) continue;
        outcome = 'more';
        return;
      }
    }

    const written = pMapIterable(
      forAWhile(),
      ({ number, digest, records, undecodable }) => {
        const { rows, rejected } = map(records, undecodable);
        return writePage(db, batch, { number, digest, read: records.length, rows: rows.toJson(), rejected }, now());
      },
      { concurrency: WRITES_AT_ONCE },
    );
    await Array.fromAsync(written);
    return outcome;
  }
}
