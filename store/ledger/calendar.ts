import type { Knex } from 'knex';
import { endOfTerm, type WorkingCalendar, type YearTable } from '../../domain/ledger/calendar.ts';
import { addDays } from '../../domain/dates.ts';
import { byBasis, type Basis } from '../../domain/basis.ts';
import { HUB, type Reason } from '../../domain/ledger/reasons.ts';
import { fault } from '../../domain/faults.ts';
import { changing } from './obligations.ts';

/** The working days that deadlines are counted by. */
export interface CalendarInForce {
  tables: readonly YearTable[];
  calendar: WorkingCalendar;
  dayEnds: string;
  /** Longest term that is kept ready. */
  longest: number;
}

/** A deadline that another calendar moves, or, where it ended while the calendar was missing, is judged by now. */
export interface MovedDeadline {
  id: number;
  subject: string;
  rule: string;
  basis: Basis;
  owner: string;
  from: Date | null;
  to: Date | null;
  ended: boolean;
  metAt: Date | null;
}

const TERMS = `json_to_recordset(:terms::json) AS term("start" date, days integer, "end" timestamptz, by text)`;

/**
 * Deadlines in working days that run, or ended while their calendar was missing, with what a calendar makes of them; only
 * those that it moves. What it leaves where it is keeps the calendar that it was counted by.
 */
const movedBy = (terms: string): string =>
  `SELECT o.id, o.subject, o.rule, o.basis, o.owner_name, o.due_at, o.met_at, NOT obligation_runs(o) AS ended,
     term.ends_at AS to_at, term.calendar AS to_calendar
   FROM obligation o LEFT JOIN ${terms} AS term
     ON term.start_on = (o.started_at AT TIME ZONE 'Asia/Shanghai')::date AND term.working_days = o.working_days
   WHERE (obligation_runs(o) OR o.due_at IS NULL) AND o.working_days IS NOT NULL
     AND o.due_at IS DISTINCT FROM term.ends_at`;

/**
 * Counts every running deadline by the calendar, where it is another one than before, keeping in the ledger's history
 * what they were. Those that have ended stay; but those that ended while their calendar was missing (日历未公布) are judged
 * by it: they get their due time, and end as and when they did. Says whether the calendar was new, and how many deadlines
 * it moved.
 * {@link noteCalendar} ends it: until then a crash has it done again.
 * Throws a configuration error when a table changed without its version.
 */
export async function saveCalendar(
  db: Knex,
  inForce: CalendarInForce,
  at: Date,
): Promise<{ changed: boolean; moved: number; name: string }> {
  const name = nameOf(inForce);
  if ((await calendarName(db)) === name) return { changed: false, moved: 0, name };
  return db.transaction(async (trx) => {
    await keepTables(trx, inForce.tables, at);
    // One process at a time: two that start together would both write the same.
    await trx.raw('LOCK TABLE term_end IN SHARE ROW EXCLUSIVE MODE');
    await trx('term_end').delete();
    await trx.raw(
      `INSERT INTO term_end (start_on, working_days, ends_at, calendar) SELECT "start", days, "end", by FROM ${TERMS}`,
      {
        terms: JSON.stringify(termsOf(inForce)),
      },
    );
    const { rowCount } = await trx.raw<{ rowCount: number }>(
      changing(
        movedBy('term_end'),
        `due_at = change.to_at, calendar = change.to_calendar, changed_by = '${HUB}',
         reason = CASE WHEN ended THEN coalesce(reason, :arrived::jsonb) ELSE reason END`,
      ),
      { arrived: JSON.stringify({ code: 'calendar-arrived' } satisfies Reason) },
    );
    return { changed: true, moved: rowCount, name };
  });
}

/** Notes which calendar the ledger is counted by, once everything that waits has been told. */
export async function noteCalendar(db: Knex, name: string): Promise<void> {
  await db('hub').update({ calendar: name });
}

/** Which calendar the ledger is counted by; null before a hub has run. */
export async function calendarName(db: Knex): Promise<string | null> {
  return (await db('hub').first<{ calendar: string | null } | undefined>('calendar'))?.calendar ?? null;
}

/** Which deadlines a calendar would move, and to where; nothing is changed. */
export async function previewCalendar(db: Knex, inForce: CalendarInForce): Promise<MovedDeadline[]> {
  const terms = `(SELECT "start" AS start_on, days AS working_days, "end" AS ends_at, by AS calendar FROM ${TERMS})`;
  const { rows } = await db.raw<{ rows: MovedDeadline[] }>(
    `SELECT id, subject, rule, basis, owner_name AS owner, due_at AS "from", to_at AS "to", ended, met_at AS "metAt"
     FROM (${movedBy(terms)}) AS moved ORDER BY coalesce(due_at, to_at), id`,
    { terms: JSON.stringify(termsOf(inForce)) },
  );
  return rows;
}

/** What a calendar does to the deadlines of one basis that it moves. */
export interface MovedCounts {
  /** That run. */
  moved: number;
  /** Of these, those that become overdue by it, and those that are not overdue any more. */
  starting: number;
  ending: number;
  /** That ended while the calendar was missing, and are judged by it. */
  judged: number;
  /** Of these, those that turn out to have been met late. */
  late: number;
}

export function countMoved(deadlines: readonly MovedDeadline[], at: Date): Record<Basis, MovedCounts> {
  const isOver = (due: Date | null): boolean => due !== null && due <= at;
  return byBasis((basis) => {
    const running = deadlines.filter((deadline) => deadline.basis === basis && !deadline.ended);
    const judged = deadlines.filter((deadline) => deadline.basis === basis && deadline.ended);
    return {
      moved: running.length,
      starting: running.filter(({ from, to }) => isOver(to) && !isOver(from)).length,
      ending: running.filter(({ from, to }) => isOver(from) && !isOver(to)).length,
      judged: judged.length,
      late: judged.filter(({ to, metAt }) => to !== null && metAt !== null && metAt > to).length,
    };
  });
}

const nameOf = ({ tables, dayEnds, longest }: CalendarInForce): string =>
  `${tables.map(({ year, version }) => `${year}/${version}`).join(' ')} ${dayEnds} ${longest}`;

async function keepTables(db: Knex, tables: readonly YearTable[], at: Date): Promise<void> {
  for (const { year, version, source, off, work } of tables) {
    const days = JSON.stringify({ off: off.toSorted(), work: work.toSorted() });
    await db('calendar_table')
      .insert({ year, version, source, days, taken_at: at })
      .onConflict(['year', 'version'])
      .ignore();
    const { rows } = await db.raw<{ rows: { same: boolean }[] }>(
      'SELECT days = ?::jsonb AS same FROM calendar_table WHERE year = ? AND version = ?',
      [days, year, version],
    );
    if (rows[0]?.same === true) continue;
    throw fault('calendar-changed', { year, version });
  }
}

/** Every term that can be counted: of each day of every table, up to the longest. */
function termsOf({ tables, calendar, dayEnds, longest }: CalendarInForce) {
  return tables.flatMap(({ year }) => {
    const terms = [];
    for (let start = `${year}-01-01`; start.startsWith(String(year)); start = addDays(start, 1)) {
      for (const [index, last] of calendar.nextWorkingDays(start, longest).entries())
        terms.push({ start, days: index + 1, end: endOfTerm(last, dayEnds), by: calendar.versionsOf(start, last) });
    }
    return terms;
  });
}
