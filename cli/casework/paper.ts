import type { Command } from 'commander';
import { OUTAGE } from '../../domain/casework/outage.ts';
import { takePaper } from '../../server/inbox/paper.ts';
import { caseId, withActor, type CaseOptions } from './case-command.ts';
import { withLibrary } from '../kit/library.ts';
import { readConfig } from '../kit/options.ts';
import { print } from '../kit/output.ts';

type Options = CaseOptions & { stream: string };

export function addPaper(outage: Command): void {
  withActor(outage.command('paper <id> <file>'))
    .summary(OUTAGE.actions.paper.help.en)
    .description(
      'The columns are the fields of the stream’s source, a.b for b within a, with its key and update time; they are mapped\n' +
        'as the source’s own records are. What the source says later replaces them by its newer time. Nothing is proven by\n' +
        'them: the backfill reads the source. The same file is taken once.',
    )
    .requiredOption('--stream <id>', 'the stream whose records they are')
    .addHelpText('after', '\nExample:\n  ./hub outage paper 13 台账.xlsx --stream housing-permits --by 张三')
    .action((id: string, file: string, _options: unknown, command: Command) =>
      take(caseId(id), file, command.optsWithGlobals<Options>()),
    );
}

function take(outage: number, path: string, options: Options): Promise<void> {
  const config = readConfig(options);
  return withLibrary(options, async (db) => {
    const given = { outage, stream: options.stream, path };
    const taken = await takePaper(db, config, given, { by: options.by, at: new Date() });
    if (options.json) return print(JSON.stringify({ outage, stream: options.stream, ...taken }));
    const { read, accepted, unchanged, rejected, batchId, known } = taken;
    const counts = `${read} records, ${accepted} accepted, ${unchanged} unchanged, ${rejected} rejected`;
    print(
      `${known ? '此前已导入' : '已导入'}，批次 ${batchId}。 ${known ? 'This file was taken before, as' : 'Taken as'} batch ${batchId}: ${counts}`,
    );
  });
}
