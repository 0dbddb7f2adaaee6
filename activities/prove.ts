import { cancellationSignal } from '@temporalio/activity';
import { FROM_THE_START } from '../connectors/contract.ts';
import { mapWithHeld } from '../connectors/mapping/map-page.ts';
import { otherTimesIn } from '../connectors/mapping/placing.ts';
import { countOf, isGone, pagesOf } from '../connectors/reading.ts';
import { shanghaiDate, shanghaiInstant, startOfDayMs } from '../domain/dates.ts';
import { timeWindow, type TimeWindow, type Window } from '../domain/collection/window.ts';
import * as batches from '../store/collection/batches.ts';
import { approvedCatalog } from '../store/library/catalog.ts';
import * as inspections from '../store/supervision/inspections.ts';
import { certificatesAt } from '../store/collection/lifecycle.ts';
import * as proofs from '../store/collection/proofs.ts';
import { addOutside, recountOutside, settleOutside } from '../store/collection/reconciliation.ts';
import { getStream } from '../store/collection/streams.ts';
import { countBeyond } from './beyond.ts';
import type { Dependencies } from './dependencies.ts';
import { timeOfRecords } from './read-batch.ts';

/** Batches that one night's proof reads again. */
const BATCHES_A_NIGHT = 10;

/** What a proof of one window found; the keys themselves are in the database. */
export interface WindowProof {
  proofId: number;
  records: number;
  differences: number;
}

/** Source against library, record by record. */
export function createProveActivities(dependencies: Dependencies) {
  const { db, streams, now } = dependencies;
  return {
    /**
     * What is to be proven of a stream: the batches that were taken in a time; or, without one, what a night proves:
     * yesterday, and the part of the past that was proven longest ago, so that in time all of it is proven again and
     * again. Nothing where a source cannot list what it delivered.
     */
    async planProof(input: { stream: string; taken?: TimeWindow | undefined }): Promise<Window[]> {
      const { again } = streams().capabilities(input.stream);
      if (again === 'none') return [];
      const { source, config } = streams().get(input.stream);
      const stream = await getStream(db, input.stream);
      const { id, collectFrom } = stream;
      await countBeyond(dependencies, source, stream);
      if (source.by === 'batches') {
        if (again === 'present') return batches.longestUnprovenBatches(db, id, 1);
        const { taken } = input;
        return taken
          ? batches.takenBatches(db, id, new Date(taken.from), new Date(taken.to))
          : batches.longestUnprovenBatches(db, id, BATCHES_A_NIGHT);
      }
      const todayMs = Math.min(startOfDayMs(shanghaiDate(now().getTime())), (await source.clock()) - config.lag);
      const past = timeWindow(collectFrom.getTime(), todayMs);
      const yesterdayMs = Math.max(collectFrom.getTime(), startOfDayMs(shanghaiDate(todayMs - 1)));
      const longest = await proofs.longestUnproven(db, id, past);
      return longest === null ? [] : [timeWindow(yesterdayMs, todayMs), longest];
    },

    /** The parts of the source in which the records of a sample lie, in the order in which they are to be proven. */
    async planSample(input: { stream: string; inspection: number }): Promise<Window[]> {
      const byBatches = streams().capabilities(input.stream).by === 'batches';
      const windows = await inspections.sampleWindows(db, input.inspection, byBatches);
      return windows.map(({ window }) => window);
    },

    /** Notes what the proofs of a sample’s parts, in their order, say of its records. */
    async finishSample(input: { stream: string; inspection: number; proofs: number[] }): Promise<void> {
      const byBatches = streams().capabilities(input.stream).by === 'batches';
      await inspections.finishSample(db, input.inspection, { byBatches, proofs: input.proofs }, now());
    },

    /**
     * Lists a window of the source as the mapping understands it now and compares keys and contents with the library,
     * so that equal counts with unequal content are found as well. Writes nothing into the library. A batch that the
     * source has no more is noted as such.
     */
    async proveWindow(input: { stream: string; window: Window }): Promise<WindowProof> {
      const mapping = streams().get(input.stream);
      const { source, config } = mapping;
      const stream = await getStream(db, input.stream);
      const { id } = stream;
      const { window } = input;
      const asked = window.kind === 'time' ? window : undefined;
      const proofId = await proofs.startProof(db, id, window, now());
      const readAt = (await timeOfRecords(db, mapping, id, window)) ?? now();
      const context = { readAt: shanghaiInstant(readAt.getTime()), catalog: await approvedCatalog(db), window: asked };
      let otherTimes = 0;
      try {
        for await (const page of pagesOf(source, window, FROM_THE_START, cancellationSignal())) {
          const mapped = await mapWithHeld(mapping, page, context, (events) => certificatesAt(db, id, events));
          const { rows, rejected, deleted } = mapped;
          otherTimes += otherTimesIn(mapped);
          await proofs.listPage(db, proofId, { rows: rows.toJson(), rejected, deleted });
        }
      } catch (error) {
        if (window.kind !== 'batch' || !isGone(error)) throw error;
        await proofs.failProof(db, proofId, error.message, now());
        return { proofId, records: 0, differences: 0 };
      }
      if (asked) {
        await recountOutside(db, id, asked);
        if (otherTimes > 0) await addOutside(db, stream, asked, otherTimes, now());
        await settleOutside(db, id, asked, now());
      }
      const declared = await countOf(source, window);
      const rules = { untimed: config.record.updatedAt === undefined, declared };
      const proof = await proofs.finishProof(db, proofId, id, window, rules, now());
      return { proofId, records: proof.sourceRecords, differences: proof.differences };
    },

    /** Makes what a proof found a task of the unit that answers for the source, or closes the tasks of its window. */
    async settleProof(input: { stream: string; window: Window; proofId: number }): Promise<void> {
      const stream = await getStream(db, input.stream);
      const [proof] = await proofs.findProofs(db, [input.proofId]);
      if (!proof) throw new Error(`there is no proof ${input.proofId}`);
      await proofs.settleProof(db, stream, input.window, proof, now());
    },
  };
}
