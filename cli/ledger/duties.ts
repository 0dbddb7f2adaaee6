import type { Command } from 'commander';
import { regulationName } from '../../domain/ledger/duties.ts';
import { FUNCTIONS, SERVED, servedDuties } from '../../domain/ledger/served.ts';
import { endEvidence, evidenced, evidenceOnFile, fileEvidence } from '../../store/ledger/duty-evidence.ts';
import { withLibrary } from '../kit/library.ts';
import { idNumber, readConfig, withConfig, withData, type CommonOptions } from '../kit/options.ts';
import { print, printJson, table, timeText, wrapped } from '../kit/output.ts';

export function addDuties(program: Command): void {
  const duties = withConfig(program.command('duties'))
    .description(
      '列出本市办法的每一项义务，以及由哪些时限任务、命令和接口落实；尚未实现的如实标明。\n' +
        'Lists every duty of the city’s regulation, and by which deadlines, commands and requests of the API the hub serves\n' +
        'it: 已落实 served, 部分实现 in part, 未实现 not yet, 不涉及软件 the text asks nothing of software.',
    )
    .option('--missing', '只列未实现和部分实现的 only those that are not served, or in part')
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub duties\n  ./hub duties --missing\n  ./hub duties --jurisdiction shanghai\n  ./hub duties --json | jq \'.duties[] | select(.served == "missing").id\'',
    )
    .action((options: CommonOptions & { missing?: boolean; json?: boolean }) => {
      const { jurisdiction } = readConfig(options);
      const every = servedDuties(jurisdiction);
      const shown = options.missing ? every.filter(({ served }) => served === 'missing' || served === 'partly') : every;
      if (options.json) return printJson({ regulation: jurisdiction.regulation, duties: shown });
      print(`${jurisdiction.name} · ${regulationName(jurisdiction.regulation)}\n`);
      print(
        table(shown, [
          ['编号', ({ id }) => id],
          ['条款', ({ article }) => wrapped(article, 7)],
          ['条文', ({ quote }) => wrapped(quote, 18)],
          ['状态', ({ served }) => SERVED[served].zh],
          ['时限任务', ({ tasks }) => tasks.map((task) => wrapped(task, 14)).join('\n')],
          ['功能', ({ functions }) => functions.map((name) => wrapped(FUNCTIONS[name].zh, 12)).join('\n')],
          ['命令', ({ functions }) => functions.flatMap((name) => FUNCTIONS[name].commands).join('\n')],
          ['说明', ({ note }) => wrapped(note, 14)],
        ]),
      );
      const counts = Object.entries(SERVED).map(([state, { zh }]) => {
        return `${zh} ${every.filter(({ served }) => served === state).length}`;
      });
      print(`\n共 ${every.length} 项：${counts.join('，')}`);
    });
  addEvidence(duties);
}

/** Evidence (证明材料) of duties that no deadline watches. */
function addEvidence(duties: Command): void {
  const evidence = withData(withConfig(duties.command('evidence')))
    .summary('证明材料：应急预案、备份、报备等 evidence of duties that no deadline watches')
    .description(
      '列出在册的证明材料，以及尚无材料的义务。\n' +
        'Lists the evidence on file of duties that no deadline watches (plans, backups, consents, filings), and the duties\n' +
        'that have none. Exits with 1 where one has none.',
    )
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub duties evidence\n' +
        '  ./hub duties evidence add WX-19 --unit 11320200MB1D55902K --name 市大数据管理局 --said 异地备份每月演练，等保三级 --document 锡数据〔2026〕5号 --by 李处长\n' +
        '  ./hub duties evidence end 3 --by 李处长',
    )
    .action((_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { json?: boolean }>();
      const asked = evidenced(servedDuties(readConfig(options).jurisdiction));
      return withLibrary(options, async (db) => {
        const onFile = (await evidenceOnFile(db)).filter(({ duty }) => asked.some(({ id }) => id === duty));
        const without = asked.filter(({ id }) => !onFile.some(({ duty }) => duty === id)).map(({ id }) => id);
        if (without.length > 0) process.exitCode = 1;
        if (options.json) return printJson({ onFile, without });
        if (onFile.length > 0)
          print(
            table(onFile, [
              ['材料', ({ id }) => id, 'right'],
              ['义务', ({ duty }) => duty],
              ['单位', ({ unit }) => unit],
              ['内容', ({ said }) => wrapped(said, 18)],
              ['文号', ({ document }) => document],
              ['登记', ({ by, at }) => `${by} ${timeText(at)}`],
            ]),
          );
        if (without.length > 0) print(`尚无证明材料 No evidence on file: ${without.join('、')}`);
      });
    });

  withData(withConfig(evidence.command('add <duty>')))
    .summary('put evidence of a duty on file')
    .requiredOption('--unit <code>', 'code of the unit whose duty it is')
    .requiredOption('--name <name>', 'its name')
    .requiredOption('--said <text>', 'what was done')
    .requiredOption('--document <number>', 'the document that shows it')
    .requiredOption('--by <name>', 'who files it')
    .action((duty: string, _options: unknown, command: Command) => {
      const { unit, name, said, document, by, ...options } = command.optsWithGlobals<
        CommonOptions & { unit: string; name: string; said: string; document: string; by: string }
      >();
      const every = servedDuties(readConfig(options).jurisdiction);
      return withLibrary(options, async (db) => {
        const given = { duty, unit: { code: unit, name }, said, document };
        const id = await fileEvidence(db, given, every, { by, at: new Date() });
        print(`${duty} 的证明材料 ${id} 已登记。 Evidence ${id} of ${duty} is on file.`);
      });
    });

  withData(withConfig(evidence.command('end <id>')))
    .summary('note that evidence holds no longer')
    .requiredOption('--by <name>', 'who says so')
    .action((id: string, _options: unknown, command: Command) => {
      const { by, ...options } = command.optsWithGlobals<CommonOptions & { by: string }>();
      return withLibrary(options, async (db) => {
        await endEvidence(db, idNumber(id, 'evidence-unknown'), { by, at: new Date() });
        print(`证明材料 ${id} 已失效。 Evidence ${id} has ended.`);
      });
    });
}
