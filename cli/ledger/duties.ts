import type { Command } from 'commander';
import { regulationName } from '../../domain/ledger/duties.ts';
import { FUNCTIONS, SERVED, servedDuties } from '../../domain/ledger/served.ts';
import { readConfig, withConfig, type CommonOptions } from '../kit/options.ts';
import { print, printJson, table, wrapped } from '../kit/output.ts';

export function addDuties(program: Command): void {
  withConfig(program.command('duties'))
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
      const duties = options.missing
        ? every.filter(({ served }) => served === 'missing' || served === 'partly')
        : every;
      if (options.json) return printJson({ regulation: jurisdiction.regulation, duties });
      print(`${jurisdiction.name} · ${regulationName(jurisdiction.regulation)}\n`);
      print(
        table(duties, [
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
}
