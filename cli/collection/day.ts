import { InvalidArgumentError, type Command } from 'commander';
import { dayInWords, LATE_BECAUSE } from '../../domain/collection/day.ts';
import { fault } from '../../domain/faults.ts';
import { BASES } from '../../domain/basis.ts';
import { OBLIGATION_STATES } from '../../domain/ledger/duties.ts';
import { calendarDate } from '../../settings/values.ts';
import { dayReport, lateRecords } from '../../store/collection/days.ts';
import { printerFor } from '../kit/clear.ts';
import { withLibrary } from '../kit/library.ts';
import { positive, withConfig, withData, type CommonOptions } from '../kit/options.ts';
import { printCut, dueText, jsonText, table, timeText } from '../kit/output.ts';

interface DayOptions extends CommonOptions {
  limit: number;
  unmasked?: boolean;
  json?: boolean;
}

export function addDay(program: Command): void {
  withData(withConfig(program.command('day <stream> <date>')))
    .description(
      'Answers from the database alone: the deadline of the day, which time says of what day a record is (daily.producedBy and\n' +
        'daily.graceMinutes of the profile), and by name the records that came in after it was due, whoever stamped them.',
    )
    .option('--limit <count>', 'most records to name', positive, 100)
    .option('--unmasked', 'show keys that hold a 公民身份号码')
    .option('--json', 'for programs')
    .addHelpText('after', '\nExamples:\n  ./hub day housing-permits 2026-11-16')
    .action((stream: string, date: string, options: DayOptions) => show(stream, date, options));
}

function show(stream: string, date: string, options: DayOptions): Promise<void> {
  if (!calendarDate.safeParse(date).success) throw new InvalidArgumentError('Expected a day, for example 2026-11-16.');
  return withLibrary(options, async (db) => {
    const at = new Date();
    const report = await dayReport(db, stream, date, at);
    if (!report) throw fault('day-unknown', { stream, date });
    const records = await lateRecords(db, stream, date, options.limit);
    const print = await printerFor(db, options.unmasked, {
      action: 'certificates:personal',
      object: `stream/${stream}`,
      detail: { day: date, records: records.length },
    });
    const judgedBy = dayInWords(report);
    if (options.json) return print(jsonText({ stream, date, at, ...report, judgedBy, records }));
    const { basis, rule, article, state, dueAt, metAt, verifiedAt, late } = report;
    print(
      `${stream} ${date}: ${OBLIGATION_STATES[state].zh} (${OBLIGATION_STATES[state].en}), ${BASES[basis].zh} ${rule} ${article}; as of ${timeText(at)}`,
    );
    print(`到期 ${dueText(dueAt)}，归齐 ${timeText(metAt)}，次日核实 ${timeText(verifiedAt)}`);
    print(`${judgedBy.zh}\n${judgedBy.en}`);
    print(`迟到的记录 ${late} 条 (records that came late)`);
    if (records.length === 0) return;
    print(
      table(records, [
        ['记录', ({ key }) => key ?? ''],
        ['证照编号', ({ number }) => number ?? ''],
        ['属于当日，按', ({ because }) => LATE_BECAUSE[because].zh],
        ['入库', ({ recordedAt }) => timeText(recordedAt)],
        ['问题数据', ({ reject }) => reject ?? '', 'right'],
      ]),
    );
    if (records.length < late) printCut(records.length, '条');
  });
}
