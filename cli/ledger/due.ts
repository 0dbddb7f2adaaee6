import type { Command } from 'commander';
import { CalendarMissing, DAY_REASONS, endOfTerm, type TracedDay } from '../../domain/ledger/calendar.ts';
import { parseDate, type Instant } from '../../domain/dates.ts';
import { fault } from '../../domain/faults.ts';
import { positive, readConfig, withConfig, type CommonOptions } from '../kit/options.ts';
import { print, printJson, table } from '../kit/output.ts';

interface DueOptions extends CommonOptions {
  workingDays: number;
  json?: boolean;
}

export function addDue(program: Command): void {
  withConfig(program.command('due <date>'))
    .description(
      'The day of the start does not count; the N-th working day after it is the last, made-up working days included. It ends at\n' +
        '24:00 unless the city’s profile says otherwise (dayEnds). Nothing is guessed: for a year without a table in\n' +
        'config/calendars/ the answer is 日历未公布, and the command exits with 1.',
    )
    .requiredOption('--working-days <count>', 'length of the term', positive)
    .option('--json', 'for programs: {due, days: [{date, counted, reason}]}')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub due 2026-02-10 --working-days 5\n  ./hub due 2026-04-30 --working-days 3 --json',
    )
    .action((text: string, options: DueOptions) => {
      const { calendar, jurisdiction } = readConfig(options);
      const start = parseDate(text);
      if (start === null) {
        throw fault('date-invalid', { found: text });
      }
      const days = traced(() => calendar.trace(start, options.workingDays));
      const last = days.at(-1)?.date ?? start;
      const due = endOfTerm(last, jurisdiction.dayEnds);
      if (options.json) {
        const shown = days.map(({ date, counted, reason }) => ({ date, counted, reason: DAY_REASONS[reason].en }));
        return printJson({ due, days: shown, calendar: calendar.versionsOf(start, last) });
      }
      show(due, days, calendar.versionsOf(start, last));
    });
}

function traced<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof CalendarMissing)) throw error;
    throw fault('calendar-missing', { year: error.year });
  }
}

function show(due: Instant, days: readonly TracedDay[], versions: string): void {
  const counted = days.filter((day) => day.counted);
  print(
    table(days, [
      ['第几日', (day) => (day.counted ? counted.indexOf(day) + 1 : ''), 'right'],
      ['日期', ({ date }) => `${date} ${'日一二三四五六'.charAt(new Date(date).getUTCDay())}`],
      ['', (day) => (day.counted ? '计入' : '不计')],
      ['原因', ({ reason }) => DAY_REASONS[reason].zh],
    ]),
  );
  print(
    `\n到期 ${due.slice(0, 10)} ${due.slice(11, 16)}（日历 ${versions}） Due ${due.slice(0, 10)} ${due.slice(11, 16)} (calendar ${versions})`,
  );
}
