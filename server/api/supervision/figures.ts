import { z } from 'zod';
import { keyOf } from '../../../settings/values.ts';
import { maskNumbers } from '../../../domain/library/personal.ts';
import { may } from '../../../domain/access.ts';
import { periodNamed, type Period } from '../../../domain/supervision/assessment.ts';
import { addDays, shanghaiDate, startOfDayMs } from '../../../domain/dates.ts';
import {
  addRatios,
  FIGURE_IDS,
  RANKINGS,
  rank,
  rankingInWords,
  type FigureId,
} from '../../../domain/supervision/figures.ts';
import { DUTIES, EVERY_STATE } from '../../../domain/ledger/duties.ts';
import { LATE_BECAUSE } from '../../../domain/collection/day.ts';
import { RULES } from '../../../domain/library/validation.ts';
import { calendarName } from '../../../store/ledger/calendar.ts';
import { shortfallOf, unitFigures } from '../../../store/supervision/figures.ts';
import { principalOf } from '../base/access.ts';
import { InvalidRequest } from '../base/problem.ts';
import { get } from '../base/route.ts';
import { basis, date, instant, saidView, unitCode } from '../base/views.ts';

const figure = z.enum(FIGURE_IDS as [FigureId, ...FigureId[]]);
const ratio = z.object({ numerator: z.number(), denominator: z.number() });
const figures = z.record(figure, ratio);

/** The figures (考核) of every unit in a period. */
export const figuresView = z
  .object({
    period: z.string(),
    from: date.meta({ description: 'Its first day' }),
    to: date.meta({ description: 'Its last day' }),
    at: instant,
    calendar: z.string().nullable(),
    ranking: z
      .object({ by: keyOf(RANKINGS), words: saidView })
      .meta({ description: 'What units are ranked by: the profile’s setting (supervision.rankedBy)' }),
    units: z.array(
      z.object({
        code: z.string(),
        name: z.string(),
        rank: z.record(basis, z.int().nullable()).nullable().meta({
          description:
            'Among all units, 法定 and 内控 apart; of a basis null: nothing was due (无应办). Null as a whole for who does not see all units',
        }),
        figures,
        apart: z.record(
          basis,
          z.object({ exempted: z.int(), cancelled: z.int(), suspended: z.int(), missed: z.int() }),
        ),
        unproven: z.int().meta({ description: 'Streams of which parts of the period were not read whole' }),
      }),
    ),
    total: figures,
  })
  .meta({ id: 'Figures' });
export type FiguresView = z.input<typeof figuresView>;

const row = z.object({
  unit: z.string(),
  source: z.string().meta({ description: 'The stream, the deadline’s subject, or the month' }),
  record: z.string().nullable().meta({ description: 'Its key, or the number of the deadline' }),
  at: instant.nullable(),
});
const broken = { fields: z.array(z.string()), rules: z.array(keyOf(RULES)) };
/** One thing that is missing; `shortfallInWords` says it. */
const lacking = z.discriminatedUnion('what', [
  row.extend({
    what: z.literal('deadline'),
    state: z.enum(EVERY_STATE),
    duty: keyOf(DUTIES),
    rule: z.string(),
    article: z.string(),
  }),
  row.extend({ what: z.literal('flagged'), ...broken }),
  row.extend({ what: z.literal('reject'), reject: z.int(), ...broken }),
  row.extend({ what: z.literal('at-source-only'), subject: z.string() }),
  row.extend({ what: z.literal('counts-differ'), subject: z.string(), declared: z.int(), held: z.int() }),
  row.extend({ what: z.literal('stock-plan'), planned: z.int() }),
  row.extend({ what: z.literal('unconnected-type'), name: z.string() }),
  row.extend({ what: z.literal('late'), because: keyOf(LATE_BECAUSE), day: date }),
  row.extend({ what: z.literal('corrected-late'), reject: z.int(), day: date }),
  row.extend({ what: z.literal('day-open'), day: date }),
  row.extend({ what: z.enum(['missing', 'extra', 'different']), proof: z.int() }),
  row.extend({
    what: z.enum(['unlinked-items', 'cases-without', 'failed-calls']),
    lacking: z.int(),
    of: z.int(),
    by: z.string().nullable().meta({ description: 'Who reported it; null: counted from the list and the log of uses' }),
  }),
]);
const shortfallView = z
  .object({
    items: z.array(lacking),
    more: z.boolean().meta({ description: 'There are more than these' }),
  })
  .meta({ id: 'Shortfall' });
export type ShortfallView = z.input<typeof shortfallView>;

/** Which period; without, the month that it is. */
export const figureFilter = z.object({
  period: z
    .string()
    .regex(/^20\d{2}(?:-(?:0[1-9]|1[0-2]))?$/)
    .optional()
    .meta({ description: 'A month, 2026-10, or a year, 2026' }),
  from: date.optional().meta({ description: 'With to, in place of a month or year' }),
  to: date.optional().meta({ description: 'Up to and with this day' }),
});

/** Records that a drill-down names. */
const NAMED = 200;

/** The period that a filter names. */
export function periodOf({ period, from, to }: z.output<typeof figureFilter>, at: Date): Period {
  if (from !== undefined || to !== undefined) {
    if (from !== undefined && to !== undefined && from <= to)
      return {
        period: `${from} 至 ${to}`,
        from: new Date(startOfDayMs(from)),
        to: new Date(startOfDayMs(addDays(to, 1))),
      };
    const path = from === undefined ? 'from' : 'to';
    throw new InvalidRequest([{ code: 'custom', path: [path], message: '', input: undefined, params: {} }]);
  }
  const named = periodNamed(period ?? shanghaiDate(at.getTime()).slice(0, 7));
  if (named) return named;
  throw new Error('the schema lets no other period in');
}

const getFigures = get(
  '/figures',
  {
    needs: 'figures:read',
    summary: '考核 The figures of every unit in a month, a year or a period',
    tag: 'figures',
    query: figureFilter,
    answer: figuresView,
    shared: true,
  },
  async (request, { db, now, config }) => {
    const at = now();
    const { rankedBy } = config().jurisdiction.supervision;
    const { units } = principalOf(request);
    const { period, from, to } = periodOf(request.query, at);
    const rows = await unitFigures(db, { from, to, at, units });
    return {
      period,
      at,
      calendar: await calendarName(db),
      from: shanghaiDate(from.getTime()),
      to: shanghaiDate(to.getTime() - 1),
      ranking: { by: rankedBy, words: rankingInWords(rankedBy) },
      units: rank(rows, rankedBy).map(({ code, name, rank: place, figures: own, apart, streams }) => ({
        code,
        name,
        figures: own,
        apart,
        rank: units === null ? place : null,
        unproven: streams.filter(({ unproven }) => unproven > 0).length,
      })),
      total: Object.fromEntries(FIGURE_IDS.map((id) => [id, addRatios(rows.map((row) => row.figures[id]))])) as Record<
        FigureId,
        z.output<typeof ratio>
      >,
    };
  },
);

const getFigureShortfall = get(
  '/figures/:figure/shortfall',
  {
    needs: 'figures:read',
    summary: '指标差在哪里 What a figure lacks to 100 %: records, deadlines, reports',
    description: `The first ${NAMED} of them.`,
    tag: 'figures',
    params: z.object({ figure }),
    query: figureFilter.extend({ unit: unitCode.optional() }),
    answer: shortfallView,
    shared: true,
  },
  async (request, { db, now }) => {
    const at = now();
    const principal = principalOf(request);
    const { unit, ...filter } = request.query;
    const { from, to } = periodOf(filter, at);
    const choice = { from, to, at, unit, units: principal.units, limit: NAMED + 1 };
    const rows = await shortfallOf(db, request.params.figure, choice);
    const written = may(principal, 'certificates:personal');
    return {
      items: rows.slice(0, NAMED).map((row) => ({
        ...row,
        record: row.record === null || written ? row.record : maskNumbers(row.record),
      })),
      more: rows.length > NAMED,
    };
  },
);

/** The figures (考核). */
export const figureRoutes = { getFigures, getFigureShortfall };
