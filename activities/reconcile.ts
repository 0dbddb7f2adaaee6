import { cancellationSignal } from '@temporalio/activity';
import { FROM_THE_START } from '../connectors/contract.ts';
import { describeWindow, type TimeWindow } from '../domain/collection/window.ts';
import {
  countLibrary,
  differingWithin,
  libraryKeys,
  openDiscrepancy,
  saveComparison,
} from '../store/collection/reconciliation.ts';
import { getStream, type StreamRow } from '../store/collection/streams.ts';
import type { Dependencies } from './dependencies.ts';

/** Up to this many records a window's keys are listed, to name the ones that differ. */
const NAMED_UP_TO = 2_000;

export interface Comparison {
  source: number;
  library: number;
  /** Few enough records to list their keys. */
  small: boolean;
}

/** Counts at the source against counts in the library. */
export function createReconcileActivities({ db, streams, now }: Dependencies) {
  async function compare(stream: StreamRow, window: TimeWindow): Promise<{ source: number; library: number }> {
    const source = await streams().getBy('windows', stream.name).source.count(window);
    const library = await countLibrary(db, stream.id, window);
    await saveComparison(db, stream, window, { source, library }, now());
    return { source, library };
  }

  return {
    /** Compares one window and keeps the result as evidence; the coverage follows it. */
    async compareCounts(input: { stream: string; window: TimeWindow }): Promise<Comparison> {
      const stream = await getStream(db, input.stream);
      const { source, library } = await compare(stream, input.window);
      if (source === library)
        for (const part of await differingWithin(db, stream.id, input.window)) await compare(stream, part);
      return { source, library, small: Math.max(source, library) <= NAMED_UP_TO };
    },

    /**
     * Adds up the halves of a window that differed. Where the source’s own counts do not add up, or nothing of the halves
     * explains the difference, it stays: named, and a task of the unit that answers for the source.
     */
    async addUp(input: { stream: string; window: TimeWindow; halves: TimeWindow[] }): Promise<{ differs: boolean }> {
      const { window } = input;
      const stream = await getStream(db, input.stream);
      const { source } = streams().getBy('windows', input.stream);
      const whole = await source.count(window);
      let parts = 0;
      for (const half of input.halves) parts += await source.count(half);
      const library = await countLibrary(db, stream.id, window);
      if (whole === parts && (whole === library || (await differingWithin(db, stream.id, window)).length > 0))
        return { differs: false };
      const found = { sourceCount: whole, libraryCount: whole === parts ? library : parts };
      const subject = describeWindow(window);
      await openDiscrepancy(db, stream, { subject, window, ...found, onlyAtSource: [], onlyInLibrary: [] }, now());
      return { differs: true };
    },

    /**
     * Lists both sides' keys of a small window that still differs after it was read again, and makes the difference a
     * task of the unit that answers for the source.
     */
    async nameDifference(input: {
      stream: string;
      window: TimeWindow;
    }): Promise<{ onlyAtSource: number; onlyInLibrary: number }> {
      const stream = await getStream(db, input.stream);
      const { source, keyOf } = streams().getBy('windows', input.stream);
      const inLibrary = new Set(await libraryKeys(db, stream.id, input.window));
      const atSource = new Set<string>();
      for await (const { records } of source.read(input.window, FROM_THE_START, cancellationSignal())) {
        for (const record of records) {
          const key = keyOf(record);
          if (key !== null) atSource.add(key);
        }
      }
      const onlyAtSource = [...atSource.difference(inLibrary)].sort();
      const onlyInLibrary = [...inLibrary.difference(atSource)].sort();
      const sourceCount = await source.count(input.window);
      const libraryCount = await countLibrary(db, stream.id, input.window);
      if (sourceCount === libraryCount && onlyAtSource.length + onlyInLibrary.length === 0) {
        await saveComparison(db, stream, input.window, { source: sourceCount, library: libraryCount }, now());
        return { onlyAtSource: 0, onlyInLibrary: 0 };
      }
      await openDiscrepancy(
        db,
        stream,
        {
          subject: describeWindow(input.window),
          window: input.window,
          sourceCount,
          libraryCount,
          onlyAtSource,
          onlyInLibrary,
        },
        now(),
      );
      return { onlyAtSource: onlyAtSource.length, onlyInLibrary: onlyInLibrary.length };
    },
  };
}
