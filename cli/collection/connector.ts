import type { Command } from 'commander';
import { checkStreams, discoverStream, explainStreams, testStream } from './connector/examine.ts';
import { newConnector, type NewOptions } from './connector/new.ts';
import { planStream, previewStream } from './connector/preview.ts';
import { runStream } from './connector/run.ts';
import { withStreams, withWindow, type StreamOptions } from '../kit/select.ts';
import { showOutbox, statusOfStreams } from './connector/status.ts';
import { positive, withConfig } from '../kit/options.ts';

export function addConnector(program: Command): void {
  const connector = program
    .command('connector')
    .description(
      '接入源（config/connectors/）：从新建文件到数据入库；除 run 外都不写库。\n' +
        'Works with the connectors of config/connectors/: from a new file to data in the library. With --demo they are\n' +
        'those of the demonstration that runs in another terminal. Nothing but “run” writes to the library.',
    )
    .addHelpText(
      'after',
      '\n按此顺序 In this order:\n  ./hub connector new\n  ./hub connector check parks\n  ./hub connector discover park-permits\n' +
        '  ./hub connector preview park-permits\n  ./hub connector test park-permits\n  ./hub up\n  ./hub connector status\n\n' +
        '先看一看（另开终端运行 ./hub demo）To look around first, with ./hub demo in another terminal:\n  ./hub connector explain --demo land\n  ./hub connector preview --demo culture-permits',
    );

  withConfig(connector.command('new'))
    .summary('新建接入源文件 write the YAML of a new connector')
    .description(
      '未给出的逐项询问，写入 config/connectors/<id>.yaml。\nAsks what it is not told, and writes config/connectors/<id>.yaml.',
    )
    .option('--id <id>', 'name of the file and prefix of the stream, for example parks')
    .option('--kind <kind>', 'http, database, exchange, file or inbox')
    .option('--name <name>', 'the department, for example 市园林局')
    .option('--unit <code>', 'its 统一社会信用代码')
    .option('--address <address>', 'base address, database or folder; none for inbox')
    .option('--stream <name>', 'what the records are, for example 树木迁移许可证')
    .option('--type <code>', '证照类型代码 of all its records, 21 characters')
    .addHelpText(
      'after',
      '\nExample:\n  ./hub connector new --id parks --kind database --name 市园林局 --unit 11320200014006438B \\\n    --address mysql://hub@10.1.2.3:3306/parks --stream 树木迁移许可证 --type 11100000000013338W011',
    )
    .action((options: NewOptions) => newConnector(options));

  withStreams(connector.command('explain [name]'))
    .summary('用文字说明接入源做什么 say in words what a connector does')
    .option('--full', 'also every setting in force, defaults included')
    .action((name: string | undefined, options: StreamOptions & { full?: boolean }) => explainStreams(name, options));

  withStreams(connector.command('check [name]'))
    .summary('实际取一页、计数一次 really ask for one page and one count')
    .description(
      '逐个数据流询问，失败的说明原因与处理办法，并以 1 退出。\n' +
        'Asks every stream, or those of one connector, and names cause and cure where one fails. Exits with 1 then.',
    )
    .action((name: string | undefined, options: StreamOptions) => checkStreams(name, options));

  withStreams(connector.command('discover <stream>'))
    .summary('列出源端字段，起草映射 show the source’s fields and draft the mapping')
    .description(
      '字段、类型、填充率与脱敏样例；按名称和内容起草映射。\n' +
        'Fields, types, filled share and masked values of a sample; drafts the mapping by name and by content.',
    )
    .action((name: string, options: StreamOptions) => discoverStream(name, options));

  withWindow(withStreams(connector.command('preview <stream>')))
    .summary('请求、应答、映射结果与拒收对照 requests, answers, mapped records and rejects, side by side')
    .description(
      '取几页并映射，不写库；值已脱敏。\nReads a few pages and maps them; writes nothing. Values are masked.',
    )
    .option('--pages <count>', 'pages to read', positive, 1)
    .option('--unmasked', 'show values as they are')
    .action((name: string, options: StreamOptions & { pages: number; unmasked?: boolean }) =>
      previewStream(name, options),
    );

  withWindow(withStreams(connector.command('plan <stream>')))
    .summary('将读取哪些时段 what a run would read')
    .description(
      '将读取的时段及源端计数：运行中的枢纽所缺的，或所给的时段。\n' +
        'The windows that a run would read, each with the source’s count: the gaps of a running hub, or the given window.',
    )
    .action((name: string, options: StreamOptions) => planStream(name, options));

  withWindow(withStreams(connector.command('test <stream>')))
    .summary('按接入约定检验源端，只读 hold the source against the contract of connectors, read-only')
    .description(
      '对真实系统运行接入检验和映射自带的样例；有一项不符即以 1 退出。\n' +
        'Runs the acceptance suite of connectors, and the mapping’s own examples, against the real system. Exits with 1 if a check fails.',
    )
    .action((name: string, options: StreamOptions) => testStream(name, options));

  withWindow(withStreams(connector.command('run <stream>')))
    .summary('让运行中的枢纽立即读取 have a running hub read a stream now')
    .description(
      '读取所给时段或源端下一批次，经由可见的工作流。\nReads the given window, or the source’s next batches, through the workflow that operators see.',
    )
    .option('--again', 'also the batches that were taken in the given window, as after the mapping was mended')
    .action((name: string, options: StreamOptions & { again?: boolean }) => runStream(name, options));

  withStreams(connector.command('outbox [target]'))
    .summary('待发消息与放弃发送的消息 what waits to be sent, and the dead letters of a target')
    .option('--retry', 'send the dead letters of the target again')
    .action((target: string | undefined, options: StreamOptions & { retry?: boolean }) => showOutbox(target, options));

  withStreams(connector.command('status [name]'))
    .summary('源端应答、交付与变化 how sources answered, what they delivered, what changed about them')
    .description('只查数据库。 Answers from the database alone.')
    .action((name: string | undefined, options: StreamOptions) => statusOfStreams(name, options));
}
