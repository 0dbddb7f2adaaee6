import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { fault } from '../../domain/faults.ts';
import { sheetRows, textSheet, workbookOf, type Workbook } from '../../domain/spreadsheet.ts';
import { markReminded, openReminders, type Reminder } from '../../store/library/expiry.ts';
import { withStreams, type StreamOptions } from '../kit/select.ts';
import { auditOperator } from '../kit/clear.ts';
import { withLibrary } from '../kit/library.ts';
import { positive } from '../kit/options.ts';
import { dueText, print, printCut, table, timeText } from '../kit/output.ts';
import { openGiven } from '../kit/workbook.ts';

interface ExpiryOptions extends StreamOptions {
  stream?: string;
  out?: string;
  limit: number;
}

const SHEET = '到期提醒';
/** The hub's own column, by which a row is known again. */
const ID = '※编号';
const COLUMNS: [string, (reminder: Reminder) => string][] = [
  [ID, ({ subject }) => subject],
  ['发证单位', ({ unit }) => unit],
  ['证照名称', ({ name }) => name],
  ['证照编号', ({ number }) => number],
  ['证照标识', ({ identifier }) => identifier ?? ''],
  ['有效期截止', ({ expiresOn }) => expiresOn],
  ['持证主体', ({ holders }) => holders.map(({ name }) => name).join('、')],
  ['持证主体代码', ({ holders }) => holders.map(({ code }) => code).join('、')],
  ['提醒期限', ({ dueAt }) => (dueAt ? timeText(dueAt) : '')],
];

export function addExpiry(program: Command): void {
  const expiry = withStreams(program.command('expiry'))
    .description(
      'Looked for each night at 05:00, so long ahead as the city’s profile says (expiry). With expiry.target there, messages\n' +
        'go out by themselves; without it the units remind, by a list from here, and say so.',
    )
    .option('--stream <stream>', 'only of this stream')
    .option(
      '--out <file>',
      'write all of them to this xlsx file, with holders: personal data, only its owner may read it',
    )
    .option('--limit <count>', 'show at most so many, the earliest end first', positive, 100)
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub expiry\n  ./hub expiry --stream police-permits --out expiry.xlsx\n  ./hub expiry done --file expiry.xlsx --by 张三\n  ./hub expiry done --stream police-permits --all --by 张三',
    )
    .action((options: ExpiryOptions) => showReminders(options));

  withStreams(expiry.command('done'))
    .summary('take down that holders were reminded, and who says so')
    .requiredOption('--by <name>', 'who says so')
    .option(
      '--file <file>',
      'the reminders of this xlsx file, as --out wrote it; rows that are taken out of it stay open',
    )
    .option('--all', 'every reminder that is open, with --stream those of the stream')
    .action((_options: unknown, command: Command) =>
      takeDone(command.optsWithGlobals<ExpiryOptions & { by: string; file?: string; all?: boolean }>()),
    );
}

function showReminders(options: ExpiryOptions): Promise<void> {
  return withLibrary(options, async (db) => {
    const { stream, out } = options;
    if (out !== undefined) {
      const all = await openReminders(db, { stream });
      const rows = all.map((reminder) => COLUMNS.map(([, shown]) => shown(reminder)));
      await auditOperator(db, {
        action: 'export',
        object: 'expiry',
        detail: { records: all.length, stream: stream ?? null },
      });
      const book = workbookOf({ [SHEET]: textSheet([COLUMNS.map(([header]) => header), ...rows]) });
      writeFileSync(out, book, { mode: 0o600 });
      return print(`已写入 ${out}，${all.length} 件提醒。 Wrote ${all.length} reminders to ${out}`);
    }
    const found = await openReminders(db, { stream, limit: options.limit });
    // Holders are in the file only.
    if (options.json)
      return print(JSON.stringify(found, (name, value: unknown) => (name === 'holders' ? undefined : value), 2));
    if (found.length === 0) return print('没有。 There is none.');
    print(
      table(found, [
        ['单位', ({ unit }) => unit],
        ['数据流', (reminder) => reminder.stream],
        ['证照名称', ({ name }) => name],
        ['证照编号', ({ number }) => number],
        ['有效期截止', ({ expiresOn }) => expiresOn],
        ['提醒期限', ({ dueAt }) => dueText(dueAt)],
        ['提醒方式', ({ target }) => target ?? '由单位提醒'],
      ]),
    );
    if (found.length === options.limit) printCut(options.limit, '件');
  });
}

async function takeDone(options: ExpiryOptions & { by: string; file?: string; all?: boolean }): Promise<void> {
  const { stream, file, all, by } = options;
  if ((file === undefined) === (all !== true)) {
    throw fault('expiry-unchosen');
  }
  await withLibrary(options, async (db) => {
    const open = new Set((await openReminders(db, { stream })).map(({ subject }) => subject));
    const subjects = file === undefined ? [...open] : subjectsOf(file, await openGiven(file), open);
    const done = await markReminded(db, subjects, { by, at: new Date() });
    print(`${by}登记：已提醒 ${done} 件。 ${done} reminded, says ${by}`);
  });
}

function subjectsOf(file: string, book: Workbook, open: ReadonlySet<string>): string[] {
  const [header = [], ...body] = sheetRows(book, SHEET);
  const column = header.findIndex((cell) => String(cell ?? '').trim() === ID);
  if (column < 0) throw fault('expiry-invalid', { file, column: ID });
  return body.flatMap((cells, index) => {
    const subject = String(cells[column] ?? '').trim();
    if (cells.every((cell) => cell === null || cell === '')) return [];
    if (open.has(subject)) return [subject];
    throw fault('expiry-invalid', { file, column: ID, row: index + 2 });
  });
}
