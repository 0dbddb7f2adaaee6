import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { findStream } from '../../settings/load.ts';
import { readRejectSheet, writeRejectSheet } from '../../domain/collection/reject-sheet.ts';
import { RULES, type RuleId } from '../../domain/library/validation.ts';
import { openRejects, rejectGroups, saveCorrections } from '../../store/collection/rejects.ts';
import { getStream } from '../../store/collection/streams.ts';
import { withStreams, configOf, type StreamOptions } from '../kit/select.ts';
import { auditOperator } from '../kit/clear.ts';
import { withLibrary } from '../kit/library.ts';
import { openGiven } from '../kit/workbook.ts';
import { print, printJson, table, timeText } from '../kit/output.ts';
import { replay } from '../kit/replay.ts';
import { DAY_MS } from '../../domain/dates.ts';

export function addRejects(program: Command): void {
  const rejects = program
    .command('rejects')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub rejects list\n  ./hub rejects export health-doctors --out doctors.xlsx\n  ./hub rejects import health-doctors doctors.xlsx\n  ./hub rejects replay health-doctors --rule status-unmapped',
    );

  withStreams(rejects.command('list [stream]'))
    .summary('open rejects by unit, stream and rule, the oldest first')
    .action((stream: string | undefined, options: StreamOptions) => listRejects(stream, options));

  withStreams(rejects.command('export <stream>'))
    .summary('a workbook of the open rejects for the unit that has to correct them')
    .description('Holds personal data: only its owner may read the file that is written.')
    .requiredOption('--out <file>', 'the xlsx file to write')
    .option('--rule <rule>', 'only rejects by this rule')
    .action((stream: string, options: StreamOptions & { out: string; rule?: RuleId }) =>
      withLibrary(options, async (db) => {
        const { id } = await getStream(db, findStream(configOf(options), stream).stream.id);
        const open = await openRejects(db, id, { rule: options.rule });
        await auditOperator(db, {
          action: 'export',
          object: `rejects/${stream}`,
          detail: { records: open.length, rule: options.rule ?? null },
        });
        writeFileSync(options.out, writeRejectSheet(open), { mode: 0o600 });
        print(
          `已写入 ${options.out}，${stream} 的问题数据 ${open.length} 条。 Wrote ${open.length} rejects of ${stream} to ${options.out}`,
        );
      }),
    );

  withStreams(rejects.command('import <stream> <file>'))
    .summary('take a corrected workbook back and map the corrected records again')
    .description('All of the file is taken, or, if a cell of it is wrong, nothing.')
    .action((stream: string, file: string, options: StreamOptions) => importSheet(stream, file, options));

  withStreams(rejects.command('replay <stream>'))
    .summary('map open rejects again, as after the mapping was mended')
    .option('--rule <rule>', 'only rejects by this rule')
    .action((stream: string, options: StreamOptions & { rule?: RuleId }) => replay(stream, options));
}

function listRejects(stream: string | undefined, options: StreamOptions): Promise<void> {
  return withLibrary(options, async (db) => {
    const groups = await rejectGroups(db, { stream });
    if (options.json) return printJson(groups);
    if (groups.length === 0) return print('没有待处理的问题数据。 No open rejects.');
    print(
      table(groups, [
        ['单位', ({ unit }) => unit],
        ['数据流', (group) => group.stream],
        ['规则', ({ rule }) => rule],
        ['问题', ({ rule }) => RULES[rule as RuleId].zh],
        ['字段', ({ fields }) => fields.join('、')],
        ['未解决', ({ open }) => open, 'right'],
        ['更正后仍有误', ({ corrected }) => corrected || '', 'right'],
        ['最早', ({ oldestAt }) => timeText(oldestAt)],
        ['天数', ({ oldestAt }) => Math.floor((Date.now() - oldestAt.getTime()) / DAY_MS), 'right'],
      ]),
    );
  });
}

async function importSheet(name: string, file: string, options: StreamOptions): Promise<void> {
  const { stream } = findStream(configOf(options), name);
  const taken = await withLibrary(options, async (db) => {
    const { id } = await getStream(db, stream.id);
    const corrections = readRejectSheet(await openGiven(file), await openRejects(db, id, {}));
    await saveCorrections(db, id, corrections, new Date());
    return corrections.length;
  });
  if (!options.json) print(`${name}：收到更正数据 ${taken} 条。 ${taken} corrected records of ${name}`);
  if (taken > 0) await replay(name, options);
}
