import { shanghaiDate, shanghaiInstant, timeOfDayMs, type Instant } from '../../../domain/dates.ts';
import { CalendarMissing, endOfTerm, type WorkingCalendar } from '../../../domain/ledger/calendar.ts';
import type { Term } from '../../../domain/ledger/duties.ts';

/** When a term ends, and by which calendar that was counted; what year is missing, where it cannot be counted. */
export type Due = { at: Instant; calendar: string | null } | { at: null; missing: number };

/**
 * When a term that starts at an instant ends, by the domain’s calendar alone: what the ledger, which looks terms up in the
 * database, is compared with.
 */
export function dueOf(term: Term, startMs: number, calendar: WorkingCalendar, dayEnds: string): Due {
  const start = shanghaiDate(startMs);
  if (term === 'same-day') return { at: shanghaiInstant(timeOfDayMs(start, '24:00')), calendar: null };
  if ('minutes' in term) return { at: shanghaiInstant(startMs + term.minutes * 60_000), calendar: null };
  try {
    const last = calendar.lastDay(start, term.workingDays);
    return { at: endOfTerm(last, dayEnds), calendar: calendar.versionsOf(start, last) };
  } catch (error) {
    if (error instanceof CalendarMissing) return { at: null, missing: error.year };
    throw error;
  }
}
