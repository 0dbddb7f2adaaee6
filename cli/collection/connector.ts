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
      'Works with the connectors of config/connectors/: from a new file to data in the library. With --demo they are\n' +
        'those of the demonstration that runs in another terminal. Nothing but “run” writes to the library.',
    )
    .addHelpText(
      'after',
      '\nIn this order:\n  ./hub connector new\n  ./hub connector check parks\n  ./hub connector discover park-permits\n' +
        '  ./hub connector preview park-permits\n  ./hub connector test park-permits\n  ./hub up\n  ./hub connector status\n\n' +
        'To look around first, with ./hub demo in another terminal:\n  ./hub connector explain --demo land\n  ./hub connector preview --demo culture-permits',
    );

  withConfig(connector.command('new'))
    .summary('write the YAML of a new connector')
    .description('Asks what it is not told, and writes config/connectors/<id>.yaml.')
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
    .summary('say in words what a connector does')
    .option('--full', 'also every setting in force, defaults included')
    .action((name: string | undefined, options: StreamOptions & { full?: boolean }) => explainStreams(name, options));

  withStreams(connector.command('check [name]'))
    .summary('really ask for one page and one count')
    .description(
      'Asks every stream, or those of one connector, and names cause and cure where one fails. Exits with 1 then.',
    )
    .action((name: string | undefined, options: StreamOptions) => checkStreams(name, options));

  withStreams(connector.command('discover <stream>'))
    .summary('show the source’s fields and draft the mapping')
    .description(
      'Fields, types, filled share and masked values of a sample; drafts the mapping by name and by content.',
    )
    .action((name: string, options: StreamOptions) => discoverStream(name, options));

  withWindow(withStreams(connector.command('preview <stream>')))
    .summary('requests, answers, mapped records and rejects, side by side')
    .description('Reads a few pages and maps them; writes nothing. Values are masked.')
    .option('--pages <count>', 'pages to read', positive, 1)
    .option('--unmasked', 'show values as they are')
    .action((name: string, options: StreamOptions & { pages: number; unmasked?: boolean }) =>
      previewStream(name, options),
    );

  withWindow(withStreams(connector.command('plan <stream>')))
    .summary('what a run would read')
    .description(
      'The windows that a run would read, each with the source’s count: the gaps of a running hub, or the given window.',
    )
    .action((name: string, options: StreamOptions) => planStream(name, options));

  withWindow(withStreams(connector.command('test <stream>')))
    .summary('hold the source against the contract of connectors, read-only')
    .description(
      'Runs the acceptance suite of connectors, and the mapping’s own examples, against the real system. Exits with 1 if a check fails.',
    )
    .action((name: string, options: StreamOptions) => testStream(name, options));

  withWindow(withStreams(connector.command('run <stream>')))
    .summary('have a running hub read a stream now')
    .description('Reads the given window, or the source’s next batches, through the workflow that operators see.')
    .option('--again', 'also the batches that were taken in the given window, as after the mapping was mended')
    .action((name: string, options: StreamOptions & { again?: boolean }) => runStream(name, options));

  withStreams(connector.command('outbox [target]'))
    .summary('what waits to be sent, and the dead letters of a target')
    .option('--retry', 'send the dead letters of the target again')
    .action((target: string | undefined, options: StreamOptions & { retry?: boolean }) => showOutbox(target, options));

  withStreams(connector.command('status [name]'))
    .summary('how sources answered, what they delivered, what changed about them')
    .description('Answers from the database alone.')
    .action((name: string | undefined, options: StreamOptions) => statusOfStreams(name, options));
}
