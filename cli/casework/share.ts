import type { Command } from 'commander';
import { fault } from '../../domain/faults.ts';
import { SHARE_REQUEST, SHARE_STAGES, shareStage } from '../../domain/casework/share-request.ts';
import {
  listShareRequests,
  openShareRequest,
  opinionsOn,
  requireShareRequest,
  SHARE_REQUESTS,
  type ShareRequest,
} from '../../store/casework/share-requests.ts';
import {
  addActions,
  caseId,
  inCase,
  printCase,
  timeOption,
  withActor,
  withCase,
  type CaseOptions,
} from './case-command.ts';
import { withLibrary } from '../kit/library.ts';
import { positive } from '../kit/options.ts';
import { print, printJson, printList, table, timeText } from '../kit/output.ts';

interface FileOptions extends CaseOptions {
  unit: string;
  unitName: string;
  wanted: string;
  scenario: string;
  needed?: string;
  filed?: string;
  saidBy?: string;
}

export function addShare(program: Command): void {
  const share = withCase(program.command('share'))
    .option('--open', 'only those that are not decided')
    .option('--limit <count>', 'the latest so many', positive, 100)
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub share request --unit 11320200MB1D55902K --unit-name 市人社局 --wanted 不动产权证书 --scenario 积分落户 --by 王五\n  ./hub share say 14 --unit … --unit-name 市大数据管理局 --opinion 可接口共享 --by 赵六\n  ./hub share decide 14 --outcome granted --text 开通接口 --by 李处长',
    )
    .action((options: CaseOptions & { open?: boolean; limit: number }) =>
      withLibrary(options, async (db) => {
        const found = await listShareRequests(db, options);
        printList(found, options.json, shareTable);
      }),
    );

  withActor(share.command('request'))
    .summary('file a request')
    .requiredOption('--unit <code>', '统一社会信用代码 of the user unit (用证单位)')
    .requiredOption('--unit-name <name>', 'its name')
    .requiredOption('--wanted <text>', 'which certificate')
    .requiredOption('--scenario <text>', 'for which items')
    .option('--needed <time>', 'when the need arose, Shanghai time')
    .option('--filed <time>', 'when it was handed in on paper before, Shanghai time; with --said-by')
    .option('--said-by <name>', 'who says that it was handed in then')
    .action((_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<FileOptions>();
      return inCase(options, async (db) => {
        const given = {
          unit: { code: options.unit, name: options.unitName },
          wanted: options.wanted,
          scenario: options.scenario,
          neededAt: options.needed === undefined ? null : timeOption(options.needed, '--needed'),
          filed: filedBefore(options),
        };
        const id = await openShareRequest(db, given, { by: options.by, at: new Date() });
        return { file: { kind: 'share', id, round: 1 }, said: `共享申请 ${id} 已登记。 Share request ${id} is filed` };
      });
    });

  addActions(share, SHARE_REQUESTS, Object.keys(SHARE_REQUEST.actions));

  withCase(share.command('show <id>'))
    .summary('one request with what the units say, its deadlines and its timeline')
    .action((id: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<CaseOptions>();
      return withLibrary(options, async (db) => {
        const found = await requireShareRequest(db, caseId(id));
        const opinions = await opinionsOn(db, found.id);
        if (options.json) return printJson({ ...found, opinions });
        print(shareTable([found]));
        for (const { unitName, opinion, saidAt } of opinions) print(`${unitName} (${timeText(saidAt)}): ${opinion}`);
        await printCase(db, found);
      });
    });
}

function filedBefore({ filed, saidBy }: FileOptions): { at: Date; saidBy: string } | undefined {
  if (filed === undefined && saidBy === undefined) return undefined;
  if (filed !== undefined && saidBy !== undefined) return { at: timeOption(filed, '--filed'), saidBy };
  throw fault('share-filing');
}

const shareTable = (rows: readonly ShareRequest[]): string =>
  table(rows, [
    ['编号', ({ id }) => id, 'right'],
    ['用证单位', ({ unitName }) => unitName],
    ['需要的证照', ({ wanted }) => wanted],
    ['应用场景', ({ scenario }) => scenario],
    ['提出', ({ requestedAt }) => timeText(requestedAt)],
    ['结果', (row) => SHARE_STAGES[shareStage(row)].zh],
    ['', ({ outcomeText }) => outcomeText ?? ''],
  ]);
