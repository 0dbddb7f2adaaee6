import type { Command } from 'commander';
import { keepTable, offerTable } from '../../settings/sheets/calendar.ts';
import { fault } from '../../domain/faults.ts';
import { previewCalendar, turnedBy, type MovedDeadline } from '../../store/ledger/calendar.ts';
import { calendarInForce } from '../../store/apply-config.ts';
import { withLibrary } from '../kit/library.ts';
import { readConfig, readGiven, type CommonOptions, withConfig, withData } from '../kit/options.ts';
import { dueText, table } from '../kit/output.ts';

interface ImportOptions extends CommonOptions {
  confirm?: boolean;
  json?: boolean;
}

const SHOWN = 30;

export function addCalendar(program: Command): void {
  const calendar = withConfig(program.command('calendar'))
    .description('The tables are files of config/calendars/, one a year, from the State Council’s notices.')
    .addHelpText('after', '\nExamples:\n  ./hub calendar\n  ./hub calendar import 2027.yaml')
    .action((options: CommonOptions) => {
      const { calendarTables } = readConfig(options);
      console.log(
        table(calendarTables, [
          ['Year', ({ year }) => year],
          ['Version', ({ version }) => version],
          ['Rest days', ({ off }) => off.length, 'right'],
          ['Made-up days', ({ work }) => work.length, 'right'],
          ['Source', ({ source }) => source],
        ]),
      );
    });

  withData(withConfig(calendar.command('import <file>')))
    .summary('show what a table of a year would move; with --confirm, put it in force')
    .description(
      'Checks the file, says which running deadlines it moves and which stop or start being overdue, and changes nothing.\n' +
        'With --confirm it becomes config/calendars/YEAR.yaml: a running hub counts its deadlines anew within seconds, keeps\n' +
        'what they were, and tells every case that waits. Deadlines that have ended stay as they are.',
    )
    .option('--confirm', 'put it in force')
    .option('--json', 'for programs')
    .addHelpText('after', '\nExamples:\n  ./hub calendar import 2027.yaml\n  ./hub calendar import 2027.yaml --confirm')
    .action((file: string, _options: unknown, command: Command) =>
      importTable(file, command.optsWithGlobals<ImportOptions>()),
    );
}

function importTable(file: string, options: ImportOptions): Promise<void> {
  const { offered, faults } = offerTable(readConfig(options), file, readGiven(file).toString());
  if (!offered) throw fault('config-invalid', { lines: faults });
  return withLibrary(options, async (db) => {
    const moved = await previewCalendar(db, calendarInForce(offered.changed));
    const { starting, ending } = turnedBy(moved, new Date());
    const target = options.confirm ? keepTable(offered) : null;
    if (options.json)
      return console.log(JSON.stringify({ moved, starting, ending, inForce: options.confirm ?? false }, null, 2));
    show(moved);
    console.log(`${moved.length} deadlines move; ${starting} become overdue by it, ${ending} no longer are.`);
    console.log(
      target !== null
        ? `${target} is in force; a running hub takes it over within seconds.`
        : 'Nothing is changed; --confirm puts the table in force.',
    );
  });
}

function show(moved: readonly MovedDeadline[]): void {
  if (moved.length === 0) return;
  console.log(
    table(moved.slice(0, SHOWN), [
      ['责任单位', ({ owner }) => owner],
      ['Rule', ({ rule }) => rule],
      ['Subject', ({ subject }) => subject],
      ['Due now', ({ from }) => dueText(from)],
      ['Due then', ({ to }) => dueText(to)],
    ]),
  );
  if (moved.length > SHOWN) console.log(`… and ${moved.length - SHOWN} more; --json lists all.`);
}
