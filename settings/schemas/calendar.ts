import { z } from 'zod';
import type { YearTable } from '../../domain/ledger/calendar.ts';
import { calendarDate } from '../values.ts';
import { expected } from '../../domain/faults/expected.ts';

/** Monday is 1, Sunday 0. */
const weekday = (date: string): number => new Date(`${date}T00:00:00Z`).getUTCDay();

const dates = z.array(calendarDate).default([]);

/**
 * `config/calendars/*.yaml`: the working days of one year (节假日安排), with those of the December before that its notice
 * sets.
 */
export const calendarSchema = z
  .strictObject({
    year: z.int().min(2000).max(2199),
    version: z
      .string()
      .min(1)
      .meta({ description: 'Changes whenever the table does; every deadline says by which one it was counted' }),
    source: z.string().min(1).meta({ description: 'Where it was published, for example the notice’s address' }),
    off: dates.meta({ description: 'Rest days by the State Council’s notice, weekends in between included or not' }),
    work: dates.meta({ description: 'Saturdays and Sundays on which work is made up (调休上班)' }),
  })
  .superRefine(({ year, off, work }, context) => {
    const complain = (path: (string | number)[], message: string): void => {
      context.addIssue({ code: 'custom', path, message });
    };
    for (const [name, list] of Object.entries({ off, work })) {
      for (const [index, date] of list.entries()) {
        if (!date.startsWith(`${year}-`) && !date.startsWith(`${year - 1}-12-`))
          complain([name, index], expected('date-of-year', { year }));
        if (Number.isNaN(Date.parse(date)) || new Date(date).toISOString().slice(0, 10) !== date)
          complain([name, index], expected('real-day'));
        if (list.indexOf(date) !== index) complain([name, index], expected('each-date-once'));
      }
    }
    for (const [index, date] of work.entries()) {
      if (off.includes(date)) complain(['work', index], expected('not-off'));
      if (weekday(date) % 6 !== 0) complain(['work', index], expected('weekend'));
    }
  })
  .meta({
    title: 'Calendar',
    description: 'The working days of one year, from the State Council’s notice (国务院办公厅关于部分节假日安排的通知)',
  }) satisfies z.ZodType<YearTable>;
