import { addDays, type CalendarDate, DAY_MS, type Instant } from '../dates.ts';

/**
 * Rest days and made-up working days of one year, as the State Council announced them (节假日安排). As it is published, a
 * table may also set days at the end of the year before; {@link withDaysBefore} gives them to their year.
 */
export interface YearTable {
  year: number;
  version: string;
  source: string;
  /** Rest days beside, or on, Saturdays and Sundays. */
  off: CalendarDate[];
  /** Saturdays and Sundays on which work is made up (调休上班). */
  work: CalendarDate[];
}

/** Why a day counts as a working day, or does not. */
export type DayReason = 'start' | 'working' | 'made-up' | 'weekend' | 'holiday';

/** What people read for it. */
export const DAY_REASONS: Readonly<Record<DayReason, { zh: string; en: string }>> = {
  start: { zh: '起算日，不计入（民法典第二百零一条）', en: 'the day of the start does not count' },
  working: { zh: '工作日', en: 'working day' },
  'made-up': { zh: '调休上班', en: 'working day, made up for a holiday' },
  weekend: { zh: '周末', en: 'weekend' },
  holiday: { zh: '节假日', en: 'public holiday' },
};

/** A day on the way to a due date. */
export interface TracedDay {
  date: CalendarDate;
  counted: boolean;
  reason: DayReason;
}

/** A day of a year for which no table was published (日历未公布): never guessed. */
export class CalendarMissing extends Error {
  readonly year: number;
  constructor(year: number) {
    super(`日历未公布: there is no table of the working days of ${year}`);
    this.name = 'CalendarMissing';
    this.year = year;
  }
}

/** Days since 1970-01-01, which was a Thursday. */
const dayNumber = (date: CalendarDate): number => Date.parse(`${date}T00:00:00Z`) / DAY_MS;

/**
 * The law of working days (行政许可法第八十二条, 民法典第二百零一条、第二百零三条): the day of the start does not count,
 * the N-th working day after it is the last. A span may not leave the years that have a table.
 */
export class WorkingCalendar {
  readonly #reasons = new Map<CalendarDate, DayReason>();
  /** All working days in order, and how many of them there are up to the end of each day. */
  readonly #working: CalendarDate[] = [];
  readonly #ordinals = new Map<CalendarDate, number>();
  /** Year → the end of the years without a gap that it is one of: days beyond a gap do not follow. */
  readonly #spanEnds = new Map<number, { lastOrdinal: number; nextYear: number }>();
  readonly #tables: ReadonlyMap<number, YearTable>;

  constructor(tables: readonly YearTable[]) {
    this.#tables = new Map(tables.map((table) => [table.year, table]));
    for (const { year, off, work } of [...tables].sort((a, b) => a.year - b.year)) {
      const [holidays, madeUp] = [new Set(off), new Set(work)];
      for (let date = `${year}-01-01`; date < `${year + 1}-01-01`; date = addDays(date, 1)) {
        const weekend = ((dayNumber(date) + 4) % 7) % 6 === 0;
        const reason = madeUp.has(date) ? 'made-up' : holidays.has(date) ? 'holiday' : weekend ? 'weekend' : 'working';
        this.#reasons.set(date, reason);
        if (isCounted(reason)) this.#working.push(date);
        this.#ordinals.set(date, this.#working.length);
      }
      if (!this.#tables.has(year + 1)) {
        for (let earlier = year; this.#tables.has(earlier) && !this.#spanEnds.has(earlier); earlier--)
          this.#spanEnds.set(earlier, { lastOrdinal: this.#working.length, nextYear: year + 1 });
      }
    }
  }

  /** Whether a day counts, and why. Throws {@link CalendarMissing}. */
  reasonOf(date: CalendarDate): DayReason {
    const reason = this.#reasons.get(date);
    if (reason === undefined) throw new CalendarMissing(Number(date.slice(0, 4)));
    return reason;
  }

  /** The last day of a term of working days that starts on a day. Throws {@link CalendarMissing}. */
  lastDay(start: CalendarDate, workingDays: number): CalendarDate {
    const before = this.#ordinals.get(start);
    const span = this.#spanEnds.get(Number(start.slice(0, 4)));
    if (before === undefined || span === undefined) throw new CalendarMissing(Number(start.slice(0, 4)));
    const last = before + workingDays > span.lastOrdinal ? undefined : this.#working[before + workingDays - 1];
    if (last === undefined) throw new CalendarMissing(span.nextYear);
    return last;
  }

  /** How many working days there are after a day, up to and with another; negative where that one is earlier. */
  workingDaysUntil(from: CalendarDate, to: CalendarDate): number | null {
    const [first, last] = [this.#ordinals.get(from), this.#ordinals.get(to)];
    return first === undefined || last === undefined ? null : last - first;
  }

  /** The working days after a day, in order: so many, or up to the end of the last year that has a table. */
  nextWorkingDays(start: CalendarDate, count: number): CalendarDate[] {
    const before = this.#ordinals.get(start);
    const span = this.#spanEnds.get(Number(start.slice(0, 4)));
    if (before === undefined || span === undefined) throw new CalendarMissing(Number(start.slice(0, 4)));
    return this.#working.slice(before, Math.min(before + count, span.lastOrdinal));
  }

  /** Every day from the start to the last one, counted or not, with its reason. Throws {@link CalendarMissing}. */
  trace(start: CalendarDate, workingDays: number): TracedDay[] {
    const last = this.lastDay(start, workingDays);
    const days: TracedDay[] = [{ date: start, counted: false, reason: 'start' }];
    for (let date = addDays(start, 1); date <= last; date = addDays(date, 1)) {
      const reason = this.reasonOf(date);
      days.push({ date, counted: isCounted(reason), reason });
    }
    return days;
  }

  /** The versions of the tables that a span of days was counted by, for example `2026/1`. */
  versionsOf(from: CalendarDate, to: CalendarDate): string {
    const years = [...this.#tables.values()].filter(
      ({ year }) => year >= Number(from.slice(0, 4)) && year <= Number(to.slice(0, 4)),
    );
    return years.map(({ year, version }) => `${year}/${version}`).join(' ');
  }
}

/** A table with some days set otherwise, under a version that says so. */
function withDays(table: YearTable, { off, work }: Pick<YearTable, 'off' | 'work'>, version: string): YearTable {
  const set = new Set([...off, ...work]);
  const kept = (dates: readonly CalendarDate[]): CalendarDate[] => dates.filter((date) => !set.has(date));
  return { ...table, version, off: [...kept(table.off), ...off], work: [...kept(table.work), ...work] };
}

/** The days that a table lists, those of one year. */
export function daysIn({ off, work }: YearTable, year: number): Pick<YearTable, 'off' | 'work'> {
  const within = (dates: readonly CalendarDate[]) => dates.filter((date) => date.startsWith(`${year}-`));
  return { off: within(off), work: within(work) };
}

/**
 * The tables as they are counted by, from those that were published: days that a notice sets of the year before
 * (2018-12-31 off, by the notice for 2019) become another version of that year, `1+2019/1`. They wait where that year has
 * no table.
 */
export const withDaysBefore = (published: readonly YearTable[]): YearTable[] =>
  published.map((table) => {
    const own = { ...table, ...daysIn(table, table.year) };
    const next = published.find(({ year }) => year === table.year + 1);
    const set = next && daysIn(next, table.year);
    if (!set || set.off.length + set.work.length === 0) return own;
    const source = `${own.source} ${next.source}`;
    return { ...withDays(own, set, `${own.version}+${next.year}/${next.version}`), source };
  });

/** A day that a city's own notice sets, over the State Council's table. */
export interface LocalDay {
  date: CalendarDate;
  /** A day of work, or of rest. */
  work: boolean;
}

/**
 * The tables of all years with a city's own days put over them. The version of such a table says that it has some, and
 * changes with them.
 */
export function withLocalDays(tables: readonly YearTable[], local: readonly LocalDay[]): YearTable[] {
  return tables.map((table) => {
    const own = local.filter(({ date }) => Number(date.slice(0, 4)) === table.year);
    if (own.length === 0) return table;
    const [work = [], off = []] = [true, false].map((on) =>
      own.filter((day) => day.work === on).map(({ date }) => date),
    );
    const days = own.map(({ date, work: on }) => `${on ? '+' : '-'}${date.slice(5)}`).toSorted();
    return withDays(table, { off, work }, `${table.version} local ${days.join(' ')}`);
  });
}

const isCounted = (reason: DayReason): boolean => reason === 'working' || reason === 'made-up';

/** The end of a last day: 24:00, which stays on its day, or close of business where the city has chosen that. */
export const endOfTerm = (lastDay: CalendarDate, dayEnds: string): Instant => `${lastDay}T${dayEnds}:00+08:00`;
