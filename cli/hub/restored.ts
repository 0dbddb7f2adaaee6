import type { Command } from 'commander';
import { WITNESSES } from '../../domain/ledger/alerts.ts';
import { fault } from '../../domain/faults.ts';
import { listRestorations, settleRestoration, type Restoration } from '../../store/ledger/restorations.ts';
import { withLibrary } from '../kit/library.ts';
import { withConfig, withData, type CommonOptions } from '../kit/options.ts';
import { print, printList, table, timeText } from '../kit/output.ts';

export function addRestored(program: Command): void {
  const restored = withData(withConfig(program.command('restored')))
    .description(
      'Lists the times of which the database has lost what was written, because it was restored to an earlier moment, and\n' +
        'who knew of them.',
    )
    .option('--json', 'for programs')
    .addHelpText('after', '\nExamples:\n  ./hub restored\n  ./hub restored settle --by 张三')
    .action((options: CommonOptions & { json?: boolean }) =>
      withLibrary(options, async (db) => printList(await listRestorations(db), options.json, restorationTable)),
    );

  withData(withConfig(restored.command('settle')))
    .summary('note that all of it is made up for: read again, sent again, entered again')
    .requiredOption('--by <name>', 'who says so')
    .action((_options: unknown, command: Command) => {
      const { by, ...options } = command.optsWithGlobals<CommonOptions & { by: string }>();
      return withLibrary(options, async (db) => {
        if (!(await settleRestoration(db, { by, at: new Date() }))) throw fault('nothing-lost');
        print('已了结，不再要求报送方重报。 It is settled; senders are not asked to repeat any more');
      });
    });
}

const restorationTable = (rows: readonly Restoration[]): string =>
  table(rows, [
    ['丢失自', ({ from }) => timeText(from)],
    ['至', ({ to }) => timeText(to)],
    ['依据', ({ knownBy }) => knownBy.map((one) => WITNESSES[one].zh).join('、')],
    ['发现', ({ foundAt }) => timeText(foundAt)],
    ['重读', ({ readAgainAt }) => timeText(readAgainAt)],
    ['销号', ({ settledAt }) => timeText(settledAt)],
    ['销号人', ({ settledBy }) => settledBy ?? '—'],
  ]);
