import { z } from 'zod';
import { keyOf } from '../../../settings/values.ts';
import { keepTable, offerTable, type OfferedTable } from '../../../settings/sheets/calendar.ts';
import { loadValid, type HubConfig } from '../../../settings/load.ts';
import { CalendarMissing, DAY_REASONS, endOfTerm } from '../../../domain/ledger/calendar.ts';
import { addDays, shanghaiDate } from '../../../domain/dates.ts';
import { DUTIES, OWNERS, STARTS } from '../../../domain/ledger/duties.ts';
import { LONGEST_TERM } from '../../../settings/schemas/jurisdiction.ts';
import { calendarName, countMoved, previewCalendar } from '../../../store/ledger/calendar.ts';
import { calendarInForce } from '../../../store/apply-config.ts';
import { act } from '../base/act.ts';
import { InvalidRequest, ApiProblem } from '../base/problem.ts';
import { get, post } from '../base/route.ts';
import { basis, date, instant, saidView, whole } from '../base/views.ts';

const rulesView = z
  .object({
    city: z.string(),
    regulation: z.object({
      title: z.string(),
      number: z.string().nullable(),
      date: z.string(),
      draft: z.boolean(),
    }),
    rules: z.array(
      z.object({
        id: z.string(),
        article: z.string(),
        quote: z.string(),
        duties: z.array(keyOf(DUTIES)),
        trigger: z.string(),
        starts: keyOf(STARTS),
        owner: keyOf(OWNERS),
        term: z
          .union([z.object({ workingDays: z.int() }), z.literal('same-day'), z.object({ minutes: z.int() })])
          .nullable(),
        basis,
        ends: z.string(),
        breach: z.string().nullable().meta({ description: 'null: the regulation says nothing of that' }),
      }),
    ),
    readings: z.array(z.object({ point: z.string(), reading: z.string(), rules: z.array(z.string()) })),
    dayEnds: z.string(),
  })
  .meta({ id: 'Rules' });
export type RulesView = z.input<typeof rulesView>;

const dayReason = keyOf(DAY_REASONS);
const calendarView = z
  .object({
    year: z.int(),
    years: z.array(z.object({ year: z.int(), version: z.string(), source: z.string() })),
    days: z
      .array(z.object({ date, reason: dayReason, local: z.string().nullable() }))
      .nullable()
      .meta({ description: 'Of the year; null: 日历未公布. local: the notice of the city that sets the day' }),
    counted: z.string().nullable().meta({ description: 'The tables that the ledger is counted by' }),
  })
  .meta({ id: 'Calendar' });
export type CalendarView = z.input<typeof calendarView>;

const movedCounts = z.object({
  moved: z.int().meta({ description: 'Running deadlines that it moves' }),
  starting: z.int().meta({ description: 'Deadlines that become overdue by it' }),
  ending: z.int().meta({ description: 'Deadlines that are not overdue any more' }),
  judged: z.int().meta({ description: 'Deadlines that ended under 日历未公布 and are judged by it' }),
  late: z.int().meta({ description: 'Of these, those that were met late by it' }),
});
const previewView = z
  .object({
    year: z.int(),
    version: z.string(),
    source: z.string(),
    held: z.string().nullable().meta({ description: 'The version that is in force; sent back with the import' }),
    losses: z.array(saidView).meta({
      description:
        'What would be lost with it: statutory holidays, days of the version in force. The import is to confirm it',
    }),
    before: z
      .object({ year: z.int(), version: z.string(), off: z.array(date), work: z.array(date) })
      .nullable()
      .meta({ description: 'The version that the year before gets by it, and the days that it sets of that year' }),
    counts: z.record(basis, movedCounts),
    tasks: z.array(
      z.object({
        id: z.int(),
        subject: z.string(),
        rule: z.string(),
        basis,
        owner: z.string(),
        from: instant.nullable(),
        to: instant.nullable(),
        ended: z.boolean(),
        metAt: instant.nullable(),
      }),
    ),
  })
  .meta({ id: 'CalendarPreview' });
export type CalendarPreview = z.input<typeof previewView>;

const dueView = z
  .object({
    due: instant,
    calendar: z.string(),
    days: z.array(z.object({ date, counted: z.boolean(), reason: dayReason })),
  })
  .meta({ id: 'Due' });
export type DueView = z.input<typeof dueView>;

/** Deadlines that a preview names. */
const MOST_NAMED = 500;
/** Bytes of a table; one of a year has some two thousand. */
const LONGEST_TEXT = 100_000;
const tableText = z.string().min(1).max(LONGEST_TEXT).meta({ description: 'The YAML of config/calendars/YEAR.yaml' });

const missing = (year: number): ApiProblem =>
  new ApiProblem(
    422,
    'calendar-missing',
    {
      zh: `日历未公布：没有 ${year} 年的工作日表`,
      en: `There is no table of the working days of ${year}`,
    },
    {
      zh: '国务院公布放假安排后由管理员导入',
      en: 'An administrator imports it once the State Council has published it',
    },
  );

const getRules = get(
  '/rules',
  {
    needs: 'rules:read',
    summary: '规则 What the regulation has the hub watch, and how it reads what the text leaves open',
    tag: 'law',
    answer: rulesView,
  },
  (_request, { config }) => {
    const { name, regulation, rules, readings, dayEnds } = config().jurisdiction;
    return {
      city: name,
      regulation: { ...regulation, number: regulation.number ?? null },
      rules: rules.map(({ breach = null, ...rule }) => ({ ...rule, breach })),
      readings,
      dayEnds,
    };
  },
);

const getCalendar = get(
  '/calendar',
  {
    needs: 'calendar:read',
    summary: '日历 The tables in force, and the days of one year with their reasons',
    tag: 'law',
    query: z.object({ year: whole.min(2000).max(2199).optional() }),
    answer: calendarView,
  },
  async (request, { db, now, config }) => {
    const { calendar, calendarTables, jurisdiction } = config();
    const year = request.query.year ?? Number(shanghaiDate(now().getTime()).slice(0, 4));
    const local = new Map(jurisdiction.localDays.map((day) => [day.date, day.source]));
    const days = [];
    if (calendarTables.some((table) => table.year === year))
      for (let day = `${year}-01-01`; day.startsWith(String(year)); day = addDays(day, 1))
        days.push({ date: day, reason: calendar.reasonOf(day), local: local.get(day) ?? null });
    return {
      year,
      years: calendarTables
        .map((table) => ({ year: table.year, version: table.version, source: table.source }))
        .toSorted((a, b) => a.year - b.year),
      days: days.length > 0 ? days : null,
      counted: await calendarName(db),
    };
  },
);

const getDue = get(
  '/due',
  {
    needs: 'calendar:read',
    summary: '期限计算 When a term of working days ends, and how that comes about',
    tag: 'law',
    query: z.object({ start: date, workingDays: whole.min(1).max(LONGEST_TERM) }),
    answer: dueView,
    problems: [422],
  },
  (request, { config }) => {
    const { start, workingDays } = request.query;
    const { calendar, jurisdiction } = config();
    try {
      const days = calendar.trace(start, workingDays);
      const last = days.at(-1)?.date ?? start;
      return {
        due: new Date(endOfTerm(last, jurisdiction.dayEnds)),
        calendar: calendar.versionsOf(start, last),
        days,
      };
    } catch (error) {
      if (error instanceof CalendarMissing) throw missing(error.year);
      throw error;
    }
  },
);

/** Over the files as they are now: another import may be seconds old. */
function offered({ choice, versions }: HubConfig, given: string): OfferedTable {
  const { offered: table, faults } = offerTable(loadValid(choice, versions), '日历', given);
  if (table) return table;
  throw new InvalidRequest(
    [],
    faults.map((line) => ({ path: 'text', ...line })),
  );
}

const postCalendarPreview = post(
  '/calendar/preview',
  {
    needs: 'calendar:import',
    summary: '导入预览 What a table would lose, and which deadlines it would move; nothing is changed',
    tag: 'law',
    body: z.object({ text: tableText }),
    answer: previewView,
    problems: [409],
  },
  async (request, { db, now, config }) => {
    const { year, version, source, held, losses, before, changed } = offered(config(), request.body.text);
    const moved = await previewCalendar(db, calendarInForce(changed));
    return {
      year,
      version,
      source,
      held: held?.version ?? null,
      losses,
      before,
      counts: countMoved(moved, now()),
      tasks: moved.slice(0, MOST_NAMED),
    };
  },
);

const postCalendarImport = post(
  '/calendar/import',
  {
    needs: 'calendar:import',
    summary: '导入日历 Put a table in force; the hub counts its deadlines anew within seconds',
    tag: 'law',
    body: z.object({
      text: tableText,
      held: z.string().max(300).nullable().meta({ description: 'The version in force that the preview told' }),
      lossesConfirmed: z.boolean().default(false).meta({
        description: 'Whoever imports it has seen the losses of the preview, and the notice really says so',
      }),
    }),
    answer: z.object({ year: z.int(), version: z.string() }),
    problems: [409, 422],
  },
  (request, options) =>
    act(request, options, () => {
      const table = offered(options.config(), request.body.text);
      const { year, version, held, losses, before } = table;
      if ((held?.version ?? null) !== request.body.held) throw tableMeanwhile(held);
      keepTable(table, request.body.lossesConfirmed);
      return Promise.resolve({
        answer: { year, version },
        deed: {
          action: 'calendar:import' as const,
          object: `calendar/${year}`,
          detail: {
            version,
            before: held?.version ?? null,
            ...(before && { yearBefore: `${before.year}/${before.version}` }),
            ...(losses.length > 0 && { lost: losses.map(({ zh }) => zh) }),
          },
        },
      });
    }),
);

const tableMeanwhile = (held: OfferedTable['held']): ApiProblem =>
  new ApiProblem(
    409,
    'changed-meanwhile',
    held
      ? {
          zh: `该年日历已被他人换成版本“${held.version}”`,
          en: `Somebody put version “${held.version}” in force meanwhile`,
        }
      : { zh: '该年日历已被他人移除', en: 'Somebody removed the table of that year meanwhile' },
    { zh: '请重新预览后再确认', en: 'Look at the preview again' },
  );

/** The rules and the calendar (规则、日历). */
export const lawRoutes = { getRules, getCalendar, getDue, postCalendarPreview, postCalendarImport };
