import { activityInfo, cancellationSignal } from '@temporalio/activity';
import { countOf } from '../connectors/reading.ts';
import { durationMs } from '../settings/values.ts';
import { HubError } from '../domain/errors.ts';
import type { FaultCode } from '../domain/faults.ts';
import {
  describeWindow,
  fromMs,
  sliceWindow,
  timeWindow,
  toMs,
  type TimeWindow,
  type Window,
} from '../domain/collection/window.ts';
import * as batches from '../store/collection/batches.ts';
import { approvedMeanwhile } from '../store/library/catalog.ts';
import { settleFields } from '../store/collection/fields.ts';
import type { PageCounts } from '../store/collection/pages.ts';
import {
  closeMoving,
  closeRepeated,
  noteMoving,
  openDiscrepancy,
  settleOutside,
} from '../store/collection/reconciliation.ts';
import { getStream } from '../store/collection/streams.ts';
import { countBeyond } from './beyond.ts';
import { contacting } from './contact.ts';
import type { Dependencies } from './dependencies.ts';
import { readBatch } from './read-batch.ts';
import { replayWaiting } from './replay.ts';
import { readableStream } from './stream-of.ts';

/** How often a window that moves under the reader is begun anew before it is cut in two. */
const RESTARTS = 2;
/** No window is cut into shorter ones: what moves within a minute moves as well in a second. */
const SHORTEST_MS = 60_000;
/** From so many given up within an hour on none of a stream is cut: each is a burst of requests to a busy source. */
const MOST_GIVEN_UP = 32;
const HOUR_MS = 3_600_000;

/** Faults of a source that cannot be read as one whole as it is now. */
const MOVED = new Set<string>(['source-moved', 'repeated-page', 'total-capped'] satisfies FaultCode[]);

/** How far a batch has come. */
export interface ReadProgress extends PageCounts {
  /** `more`: call again; `done`: the last page is in; `moved`: the source keeps changing under the reader. */
  outcome: 'more' | 'done' | 'moved';
  pages: number;
}

const NOTHING = { pages: 0, read: 0, accepted: 0, unchanged: 0, rejected: 0 };

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
export function createCollectActivities(dependencies: Dependencies) {
  const { db, streams, now } = dependencies;
  return {
    /**
     * The parts of a stream up to `to` that are not covered, in slices. What is younger than the source's clock less
     * the stream's lag is left for later, because records may still become visible there; `waitMs` says how long it
     * takes until all of it can be read.
     */
    async planWindows(input: { stream: string; to: string }): Promise<WindowPlan> {
      const { config, source } = streams().get(input.stream);
      const stream = await readableStream(db, input.stream);
      const { id, collectFrom } = stream;
      const clockMs = await contacting(
        dependencies,
        input.stream,
        // What a source of batches has to deliver it says itself; its clock is not asked.
        async () => (source.by === 'windows' ? source.clock() : now().getTime()),
        () => null,
      );
      const readableMs = clockMs - config.lag;
      const end = Date.parse(input.to);
      const open = await batches.gaps(db, id, collectFrom, new Date(Math.min(end, readableMs)));
      if (open[0]?.from.getTime() === collectFrom.getTime()) await countBeyond(dependencies, source, stream);
      // Rows are the connector's own business.
      const overlapMs = config.overlap?.endsWith('rows') === false ? durationMs(config.overlap) : 0;
      return {
        windows: open.flatMap((gap) => {
          const start = Math.max(collectFrom.getTime(), gap.from.getTime() - overlapMs);
          return sliceWindow(timeWindow(start, gap.to.getTime()), config.slice);
        }),
        waitMs: Math.max(0, end - readableMs),
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
      const declared = await contacting(
        dependencies,
        input.stream,
        () => countOf(source, input.window),
        (count) => count > 0,
      );
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
        if (batch.givenUp) return unread(batch);
        try {
          const outcome = await contacting(
            dependencies,
            batch.stream,
            () => readBatch(dependencies, streams().get(batch.stream), batch, cancellationSignal()),
            () => null,
          );
          return { outcome, ...(await batches.batchCounts(db, batch)) };
        } catch (error) {
          if (!(error instanceof HubError && MOVED.has(error.code))) throw error;
          await batches.restartBatch(db, batch.id);
          // A total that is capped stays so: what is beyond it is read in parts.
          if (restart < RESTARTS && error.code !== 'total-capped') continue;
          // A batch cannot be cut in two, nor a gateway be read that ignores the page number: these fail, and are retried.
          if (batch.window.kind === 'batch' || error.code === 'repeated-page') throw error;
          await batches.giveUpBatch(db, batch.id, now());
        }
      }
    },

    /** Compares the three counts and, when they agree, covers the window. A source that moved is counted once more. */
    async closeBatch(input: { batchId: number }): Promise<BatchResult> {
      const batch = await batches.getBatch(db, input.batchId);
      if (batch.givenUp) return leaveMoving(batch);
      const { source, hints } = streams().get(batch.stream);
      const { read } = await batches.batchCounts(db, batch);
      const declared = read === batch.declared ? read : await countOf(source, batch.window);
      const { window } = batch;
      const closing = { declared, delivery: window.kind === 'batch', deletes: hints.deletes };
      const { gone, keys, repeated, ...closed } = await batches.closeBatch(db, batch, closing, now());
      if (window.kind === 'time' && closed.complete) await settleOutside(db, batch.streamId, window, now());
      if (window.kind === 'time') await tellRepeated(batch, window, { declared, keys, repeated });
      if (closed.complete) await closeMoving(db, batch.streamId, now());
      if (closed.complete && read > 0) await settleFields(db, batch.streamId, now());
      if (gone?.refused) await reportGone(batch, gone);
      if (await approvedMeanwhile(db, batch.id)) await replayWaiting(dependencies, batch.stream);
      return { declared, ...closed };
    },
  };

  /** What became of a window that moved: it is cut in two, or closed as it is where that would help no more. */
  async function unread({ streamId, window }: batches.Batch): Promise<ReadProgress> {
    const lengthMs = window.kind === 'time' ? toMs(window) - fromMs(window) : 0;
    const since = new Date(now().getTime() - HOUR_MS);
    const known = await batches.givenUpSince(db, streamId, since, 2 * SHORTEST_MS);
    const cut = lengthMs >= 2 * SHORTEST_MS && !known.short && known.batches < MOST_GIVEN_UP;
    return { outcome: cut ? 'moved' : 'done', ...NOTHING };
  }

  /** A window that is not cut any shorter stays uncovered, and is the unit's task. */
  async function leaveMoving({ stream, window, declared }: batches.Batch): Promise<BatchResult> {
    if (window.kind === 'time') await noteMoving(db, await getStream(db, stream), window, declared, now());
    return { declared, complete: false, ...NOTHING };
  }

  /** Records that came twice in a read page by page hide others: a task of the unit until it is read without them. */
  async function tellRepeated(
    { stream, streamId }: batches.Batch,
    window: TimeWindow,
    { declared, keys, repeated }: batches.DistinctKeys & { declared: number },
  ): Promise<void> {
    const subject = describeWindow(window);
    if (repeated.length === 0) return closeRepeated(db, streamId, subject, now());
    const found = { sourceCount: declared, libraryCount: keys, onlyAtSource: [], onlyInLibrary: [], repeated };
    await openDiscrepancy(db, await getStream(db, stream), { subject, window, ...found }, now());
  }

  /** More records are gone at once than may be deleted: a task of the unit, and nothing is deleted. */
  async function reportGone(batch: batches.Batch, { missing, held }: batches.Gone): Promise<void> {
    const stream = await getStream(db, batch.stream);
    const counts = { sourceCount: held - missing, libraryCount: held };
    await openDiscrepancy(
      db,
      stream,
      {
        subject: `${describeWindow(batch.window)} lacks ${missing} of ${held} records`,
        window: null,
        onlyAtSource: [],
        onlyInLibrary: [],
        ...counts,
      },
      now(),
    );
  }
}
