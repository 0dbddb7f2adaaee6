import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import {
  completedCaseOfRow,
  COMPLETED_CASE_COLUMNS,
  readCompletedCases,
} from '../../connectors/lists/completed-cases.ts';
import { rowsOfFile } from '../../connectors/file/local.ts';
import { COMPLETED_CASE_MODES, type CompletedCaseNotice } from '../../domain/casework/completed-case.ts';
import { fault } from '../../domain/faults.ts';
import {
  announceCompletedCases,
  completedCasesRefused,
  listCompletedCases,
  type Announced,
  type CompletedCaseReport,
} from '../../store/casework/completed-cases.ts';
import { getStream } from '../../store/collection/streams.ts';
import { findStream } from '../../settings/load.ts';
import { configOf, withStreams, type StreamOptions } from '../kit/select.ts';
import { withLibrary } from '../kit/library.ts';
import { positive } from '../kit/options.ts';
import {
  basisText,
  dueText,
  print,
  printCut,
  printJson,
  printList,
  stateText,
  table,
  timeText,
} from '../kit/output.ts';

/** Cases that are announced in one transaction. */
const AT_ONCE = 10_000;

interface ListOptions extends StreamOptions {
  stream?: string;
  open?: boolean;
  late?: boolean;
  limit: number;
}

export function addCompletedCases(program: Command): void {
  const cases = withStreams(program.command('cases'))
    .option('--stream <stream>', 'only of this stream')
    .option('--open', 'only those whose certificates are not in')
    .option('--late', 'only those whose certificates came late, or are overdue')
    .option('--limit <count>', 'at most so many, the latest first', positive, 100)
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub cases --late\n  ./hub cases --stream police-permits --open --json\n  ./hub cases import cases.xlsx --stream police-permits',
    )
    .action((options: ListOptions) => showCompletedCases(options));

  withStreams(cases.command('import <file>'))
    .summary('take a list of completed cases (csv, xlsx) of a department that cannot announce them by itself')
    .description(
      `Columns: ${Object.values(COMPLETED_CASE_COLUMNS).join('、')}; which of them a case needs, docs/connectors/pushing.md says.\n` +
        'All of the file is taken or, if anything of it is wrong, nothing. Taken twice, it changes nothing.',
    )
    .addHelpText('after', '\nExample:\n  ./hub cases import cases.xlsx --stream police-permits')
    .action((file: string, _options: unknown, command: Command) =>
      importCompletedCases(file, command.optsWithGlobals<ListOptions>()),
    );
}

function showCompletedCases(options: ListOptions): Promise<void> {
  return withLibrary(options, async (db) => {
    const { stream, limit } = options;
    const only = options.late ? 'late' : options.open ? 'open' : undefined;
    const found = await listCompletedCases(db, new Date(), { stream, only, limit });
    printList(found, options.json, completedCaseTable);
    if (!options.json && found.length === limit) printCut(limit, '件');
  });
}

const completedCaseTable = (rows: readonly CompletedCaseReport[]): string =>
  table(rows, [
    ['状态', ({ state }) => (state === null ? '' : stateText(state))],
    ['单位', ({ unit }) => unit],
    ['数据流', ({ stream }) => stream],
    ['办件编号', ({ caseNumber }) => caseNumber],
    ['签发方式', ({ mode }) => COMPLETED_CASE_MODES[mode]],
    ['批次', ({ batch }) => batch ?? ''],
    ['办结', ({ completedAt }) => timeText(completedAt)],
    ['规则', ({ rule, basis }) => (rule === null ? '' : `${rule}${basisText(basis)}`)],
    ['到期', ({ dueAt, rule }) => (dueAt === null && rule === null ? '' : dueText(dueAt))],
    ['到库', ({ arrivedAt }) => (arrivedAt ? timeText(arrivedAt) : '')],
    ['送达', ({ deliveredAt }) => (deliveredAt ? timeText(deliveredAt) : '')],
    ['撤回', ({ withdrawnAt }) => (withdrawnAt ? timeText(withdrawnAt) : '')],
  ]);

async function importCompletedCases(file: string, options: ListOptions): Promise<void> {
  if (options.stream === undefined) {
    throw fault('cases-of-which');
  }
  if (!existsSync(file)) {
    throw fault('file-absent', { file });
  }
  const { connector, stream } = findStream(configOf(options), options.stream);
  const rows: unknown[] = [];
  for await (const row of rowsOfFile(file)) rows.push(completedCaseOfRow(row));
  const at = new Date();
  const { notices, faults } = readCompletedCases(rows, at);
  if (faults.length > 0) throw completedCasesRefused(faults);
  const counts = await withLibrary(options, async (db) => {
    const row = await getStream(db, stream.id);
    // All of the file or nothing.
    return db.transaction(async (trx) => {
      const sum: Announced = { announced: 0, corrected: 0, unchanged: 0 };
      for (let start = 0; start < notices.length; start += AT_ONCE) {
        const part: CompletedCaseNotice[] = notices.slice(start, start + AT_ONCE);
        const { answer } = await announceCompletedCases(trx, row, part, { by: connector.unit, at });
        for (const key of Object.keys(sum) as (keyof Announced)[]) sum[key] += answer[key];
      }
      return sum;
    });
  });
  if (options.json) return printJson(counts);
  print(
    `新报 ${counts.announced} 件，更正 ${counts.corrected} 件，未变 ${counts.unchanged} 件。 ${counts.announced} announced, ${counts.corrected} corrected, ${counts.unchanged} unchanged`,
  );
}
