import type { Command } from 'commander';
import { keepTable, offerTable } from '../../settings/sheets/calendar.ts';
import { fault } from '../../domain/faults.ts';
import { BASES, EVERY_BASIS } from '../../domain/basis.ts';
import { countMoved, previewCalendar, type MovedDeadline } from '../../store/ledger/calendar.ts';
import { calendarInForce } from '../../store/apply-config.ts';
import { withLibrary } from '../kit/library.ts';
import { readConfig, readGiven, type CommonOptions, withConfig, withData } from '../kit/options.ts';
import { dueText, print, printJson, table } from '../kit/output.ts';

interface ImportOptions extends CommonOptions {
  confirm?: boolean;
  confirmLosses?: boolean;
  json?: boolean;
}

const SHOWN = 30;

export function addCalendar(program: Command): void {
  const calendar = withConfig(program.command('calendar'))
    .description('The tables are files of config/calendars/, one a year, from the State Council’s notices.')
    .addHelpText('after', '\nExamples:\n  ./hub calendar\n  ./hub calendar import 2027.yaml')
    .action((options: CommonOptions) => {
      const { calendarTables } = readConfig(options);
      print(
        table(calendarTables, [
          ['年份', ({ year }) => year],
          ['版本', ({ version }) => version],
          ['放假', ({ off }) => off.length, 'right'],
          ['调休上班', ({ work }) => work.length, 'right'],
          ['来源', ({ source }) => source],
        ]),
      );
    });

  withData(withConfig(calendar.command('import <file>')))
    .summary('show what a table of a year would move; with --confirm, put it in force')
    .description(
      'Checks the file, says which running deadlines it moves and which stop or start being overdue, and changes nothing.\n' +
        'With --confirm it becomes config/calendars/YEAR.yaml: a running hub counts its deadlines anew within seconds, keeps\n' +
        'what they were, and tells every case that waits. Deadlines that have ended stay as they are, but those that ended\n' +
        'while the year had no table (日历未公布) are judged by it. Days that it sets of the December before become another\n' +
        'version of that year. A table that lacks a statutory holiday, or a tenth of the days of the version in force, is\n' +
        'refused unless --confirm-losses says that the notice really is like that.',
    )
    .option('--confirm', 'put it in force')
    .option('--confirm-losses', 'put it in force although days are lost, which the command lists')
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
    const counts = countMoved(moved, new Date());
    const { losses, before } = offered;
    const target = options.confirm ? keepTable(offered, options.confirmLosses ?? false) : null;
    if (options.json) return printJson({ counts, moved, losses, before, inForce: target !== null });
    show(moved);
    for (const { zh, en } of losses) print(`▲ 缺少 ${zh} Lost: ${en}`);
    if (before !== null) {
      const days = (none: string): string[] => [before.off, before.work].map((dates) => dates.join(', ') || none);
      const [zh, en] = [days('无'), days('none')];
      print(
        `${before.year} 年随之成为版本 ${before.version}：放假 ${zh[0]}，上班 ${zh[1]}。 ${before.year} gets version ${before.version} by it: off ${en[0]}; work ${en[1]}.`,
      );
    }
    for (const basis of EVERY_BASIS) {
      const { zh } = BASES[basis];
      const { moved: moving, starting, ending, judged, late } = counts[basis];
      print(
        `${zh}：${moving} 项时限变动，其中 ${starting} 项因此逾期，${ending} 项不再逾期。 ${moving} deadlines move; ${starting} become overdue by it, ${ending} no longer are.`,
      );
      if (judged > 0)
        print(
          `${zh}：${judged} 项在日历未公布时办结，按新日历判定，其中逾期办结 ${late} 项。 ${judged} ended under 日历未公布 and are judged by it; ${late} were met late.`,
        );
    }
    print(
      target !== null
        ? `${target} 已启用，运行中的枢纽数秒内接管。 ${target} is in force; a running hub takes it over within seconds.`
        : '未作改动，--confirm 启用该表。 Nothing is changed; --confirm puts the table in force.',
    );
  });
}

function show(moved: readonly MovedDeadline[]): void {
  if (moved.length === 0) return;
  print(
    table(moved.slice(0, SHOWN), [
      ['责任单位', ({ owner }) => owner],
      ['条款', ({ rule }) => rule],
      ['对象', ({ subject }) => subject],
      ['现到期', ({ from }) => dueText(from)],
      ['将到期', ({ to }) => dueText(to)],
    ]),
  );
  if (moved.length > SHOWN)
    print(`… 另有 ${moved.length - SHOWN} 项，--json 全部列出。 … and ${moved.length - SHOWN} more; --json lists all.`);
}
