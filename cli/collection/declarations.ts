import { Option, type Command } from 'commander';
import { DECLARATIONS, type Declared } from '../../domain/collection/declaration.ts';
import { findStream } from '../../settings/load.ts';
import { declare, endDeclaration, listDeclarations } from '../../store/collection/declarations.ts';
import { withLibrary } from '../kit/library.ts';
import { idNumber, readConfig, withConfig, withData, type CommonOptions } from '../kit/options.ts';
import { print, printJson, table, timeText } from '../kit/output.ts';

export function addDeclarations(program: Command): void {
  const declarations = withData(withConfig(program.command('declarations')))
    .description(
      '列出各单位对数据流的声明：经认定无法同步（仅限办法有此条款的城市）、签发时经审核，均附依据文件。\n' +
        'Lists what units have declared of their streams, with the document: that they cannot be synchronised (only where\n' +
        'the regulation has that exception), that certificates are reviewed before they are signed.',
    )
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub declarations\n' +
        '  ./hub declarations add --stream housing-permits --kind reviewed --said 签发前由审批处逐件审核 --document 锡住建〔2026〕8号 --by 李处长\n' +
        '  ./hub declarations add --stream land-certs --kind unsynchronisable --said 部级系统每日导出一次 --document 鄂自然资认〔2026〕2号 --by 李处长\n' +
        '  ./hub declarations end 3 --by 李处长',
    )
    .action((options: CommonOptions & { json?: boolean }) =>
      withLibrary(options, async (db) => {
        const rows = await listDeclarations(db);
        if (options.json) return printJson(rows);
        if (rows.length === 0) return print('没有声明。 Nothing is declared.');
        print(
          table(rows, [
            ['编号', ({ id }) => id, 'right'],
            ['数据流', ({ stream }) => stream],
            ['单位', ({ unit }) => unit],
            ['声明', ({ kind }) => DECLARATIONS[kind].zh],
            ['条款', ({ article }) => article ?? ''],
            ['内容', ({ said }) => said],
            ['依据文件', ({ document }) => document],
            ['登记', ({ by, at }) => `${by} ${timeText(at)}`],
          ]),
        );
      }),
    );

  withData(withConfig(declarations.command('add')))
    .summary('put a declaration of a stream on file; it holds from the next day on')
    .requiredOption('--stream <name>', 'the stream')
    .addOption(new Option('--kind <kind>', 'what is declared').choices(Object.keys(DECLARATIONS)).makeOptionMandatory())
    .requiredOption('--said <text>', 'what was found, and by whom')
    .requiredOption('--document <number>', 'the document that it rests on')
    .requiredOption('--by <name>', 'who files it')
    .action((_options: unknown, command: Command) => {
      const { stream, kind, said, document, by, ...options } = command.optsWithGlobals<
        CommonOptions & { stream: string; kind: Declared; said: string; document: string; by: string }
      >();
      const config = readConfig(options);
      findStream(config, stream);
      return withLibrary(options, async (db) => {
        const given = { stream, kind, said, document };
        const id = await declare(db, given, config.jurisdiction.synchronisation, { by, at: new Date() });
        print(`声明 ${id} 已登记，自次日起有效。 On file as declaration ${id}, from the next day on.`);
      });
    });

  withData(withConfig(declarations.command('end <id>')))
    .summary('note that a declaration holds no longer')
    .requiredOption('--by <name>', 'who says so')
    .action((id: string, _options: unknown, command: Command) => {
      const { by, ...options } = command.optsWithGlobals<CommonOptions & { by: string }>();
      return withLibrary(options, async (db) => {
        await endDeclaration(db, idNumber(id, 'declaration-unknown'), { by, at: new Date() });
        print(`声明 ${id} 已终止。 Declaration ${id} has ended.`);
      });
    });
}
