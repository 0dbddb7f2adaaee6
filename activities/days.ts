import { addDays, shanghaiInstant, shanghaiWallTime } from '../domain/dates.ts';
import { HUB } from '../domain/ledger/reasons.ts';
import { closeDays, getDay, openDays, unowedDay } from '../store/collection/days.ts';
import { explainObligation, shortenObligation } from '../store/ledger/obligations.ts';
import { gaps } from '../store/collection/batches.ts';
import { oldestDifference } from '../store/collection/reconciliation.ts';
import { getStream, pauseStream } from '../store/collection/streams.ts';
import type { Dependencies } from './dependencies.ts';

/** What the workflow of one stream's day needs to know of it. */
export interface Day {
  date: string;
  dueAt: string;
  /** How far back counts are compared again: for records that became visible late, and for known differences. */
  compareFrom: string;
  /** The source delivers batches: they are taken, and there are no windows to read and compare. */
  byBatches: boolean;
}

export interface DayState {
  met: boolean;
  /** The whole calendar day is covered and was checked after its end. */
  verified: boolean;
}

/** Parts of a day that are named as not proven. */
const MOST_PARTS = 5;

/** The daily increment as obligations in the ledger. */
export function createDayActivities({ db, streams, now }: Dependencies) {
  /** A day and its deadline; `id` is null where nobody owes it. */
  const dayOf = async (stream: string, date: string) => {
    const unowed = await unowedDay(db, stream, date, now());
    return unowed ? { ...unowed, id: null } : getDay(db, stream, date);
  };
  return {
    /**
     * Opens the day's obligation, with all earlier ones that are missing. `closeAt`: the day is over before its
     * cut-off. A platform above the city owes none, and is read all the same. For a day before the hub first saw the
     * stream: the day after it, when `orNext` says so, else null.
     */
    async openDay(input: {
      stream: string;
      date: string;
      orNext?: boolean;
      closeAt?: string | undefined;
    }): Promise<Day | null> {
      await openDays(db, now());
      let { date } = input;
      let opened = await dayOf(input.stream, date);
      if (!opened && input.orNext) {
        date = addDays(date, 1);
        opened = await dayOf(input.stream, date);
      }
      if (!opened) return null;
      const closeAt = input.closeAt === undefined ? opened.requiresTo : new Date(input.closeAt);
      if (closeAt < opened.requiresTo && opened.id !== null) await shortenObligation(db, opened.id, closeAt, HUB);
      const { id, collectFrom } = await getStream(db, input.stream);
      const { config, source } = streams().get(input.stream);
      const disputedFrom = (await oldestDifference(db, id)) ?? opened.requiresFrom;
      const compareFromMs = Math.max(
        collectFrom.getTime(),
        Math.min(disputedFrom.getTime(), opened.requiresFrom.getTime() - config.lookback),
      );
      return {
        date,
        dueAt: shanghaiInstant(opened.dueAt.getTime()),
        compareFrom: shanghaiInstant(compareFromMs),
        byBatches: source.by === 'batches',
      };
    },

    /** Meets and verifies every day of the stream that its coverage proves, and says how the one asked for stands. */
    async closeDay(input: { stream: string; date: string }): Promise<DayState> {
      const stream = await getStream(db, input.stream);
      await closeDays(db, stream.id, now());
      const day = await dayOf(input.stream, input.date);
      const task = day?.id ?? null;
      if (day && task !== null && !day.metAt && !day.missedByHub) {
        const open = await gaps(db, stream.id, day.requiresFrom, day.requiresTo);
        const parts = open.slice(0, MOST_PARTS).map(({ from, to }) => ({
          from: shanghaiWallTime(from.getTime()),
          to: shanghaiWallTime(to.getTime()),
        }));
        const more = open.length > MOST_PARTS;
        await explainObligation(
          db,
          task,
          open.length > 0 ? { code: 'not-proven', parts, more } : { code: 'differs' },
          HUB,
        );
      }
      return { met: Boolean(day?.metAt), verified: Boolean(day?.verifiedAt) };
    },

    /** A configuration error stops a stream until its configuration changes. */
    async pauseStream(input: { stream: string; reason: string; code?: string | undefined }): Promise<void> {
      await pauseStream(db, input.stream, input.reason, input.code ?? null);
    },
  };
}
