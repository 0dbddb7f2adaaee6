import type { Command } from 'commander';
import { configurationError } from '../../domain/errors.ts';
import { SHARE_OUTCOMES, type ShareOutcome } from '../../domain/casework/share-request.ts';
import {
  actOnShareRequest,
  listShareRequests,
  requireShareRequest,
  openShareRequest,
  opinionsOn,
  type ShareRequest,
  type ShareStep,
} from '../../store/casework/share-requests.ts';
import { caseId, inCase, printCase, timeOption, withActor, withCase, type CaseOptions } from './case-command.ts';
import { withLibrary } from '../kit/library.ts';
import { positive } from '../kit/options.ts';
import { timeText, printList, table } from '../kit/output.ts';

interface FileOptions extends CaseOptions {
  unit: string;
  unitName: string;
  wanted: string;
  scenario: string;
  needed?: string;
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
    .action((_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<FileOptions>();
      return inCase(options, async (db) => {
        const given = {
          unit: { code: options.unit, name: options.unitName },
          wanted: options.wanted,
          scenario: options.scenario,
          neededAt: options.needed === undefined ? null : timeOption(options.needed, '--needed'),
        };
        const id = await openShareRequest(db, given, { by: options.by, at: new Date() });
        return { file: { kind: 'share', id, round: 1 }, said: `Share request ${id} is filed` };
      });
    });

  const act = (
    name: string,
    summary: string,
    flags: [flag: string, description: string][],
    step: (options: CaseOptions & Record<string, string>) => ShareStep,
  ): void => {
    const command = withActor(share.command(`${name} <id>`)).summary(summary);
    for (const [flag, description] of flags) command.requiredOption(flag, description);
    command.action((id: string, _options: unknown, sub: Command) => {
      const options = sub.optsWithGlobals<CaseOptions & Record<string, string>>();
      return inCase(options, async (db) => {
        await actOnShareRequest(db, caseId(id), step(options), { by: options.by, at: new Date() });
        return {
          file: await requireShareRequest(db, caseId(id)),
          said: `Share request ${id}: ${name} is noted`,
        };
      });
    });
  };
  act(
    'ask',
    'ask a unit that takes part; in the console it sees the request from then on',
    [
      ['--unit <code>', '统一社会信用代码 of the unit'],
      ['--unit-name <name>', 'its name'],
    ],
    ({ unit = '', unitName = '' }) => ({ action: 'ask', units: [{ code: unit, name: unitName }] }),
  );
  act(
    'say',
    'what one of the units that take part says',
    [
      ['--unit <code>', '统一社会信用代码 of the unit'],
      ['--unit-name <name>', 'its name'],
      ['--opinion <text>', 'what it says'],
    ],
    ({ unit = '', unitName = '', opinion = '' }) => ({ action: 'say', unit: { code: unit, name: unitName }, opinion }),
  );
  act(
    'decide',
    'resolve it (予以解决)',
    [
      ['--outcome <outcome>', Object.keys(SHARE_OUTCOMES).join(', ')],
      ['--text <text>', 'what is granted, why it is refused, or which other way there is'],
    ],
    ({ outcome = '', text = '' }) => {
      if (Object.hasOwn(SHARE_OUTCOMES, outcome)) return { action: 'decide', outcome: outcome as ShareOutcome, text };
      throw configurationError(`--outcome: found “${outcome}”, expected ${Object.keys(SHARE_OUTCOMES).join(', ')}`, {
        code: 'option-invalid',
      });
    },
  );
  act('withdraw', 'the unit needs it no more', [['--reason <text>', 'why']], ({ reason = '' }) => ({
    action: 'withdraw',
    reason,
  }));

  withCase(share.command('show <id>'))
    .summary('one request with what the units say, its deadlines and its timeline')
    .action((id: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<CaseOptions>();
      return withLibrary(options, async (db) => {
        const found = await requireShareRequest(db, caseId(id));
        const opinions = await opinionsOn(db, found.id);
        if (options.json) return console.log(JSON.stringify({ ...found, opinions }, null, 2));
        console.log(shareTable([found]));
        for (const { unitName, opinion, saidAt } of opinions)
          console.log(`${unitName} (${timeText(saidAt)}): ${opinion}`);
        await printCase(db, found);
      });
    });
}

const shareTable = (rows: readonly ShareRequest[]): string =>
  table(rows, [
    ['Id', ({ id }) => id, 'right'],
    ['用证单位', ({ unitName }) => unitName],
    ['Wanted', ({ wanted }) => wanted],
    ['Scenario', ({ scenario }) => scenario],
    ['Requested', ({ requestedAt }) => timeText(requestedAt)],
    ['Outcome', ({ outcome, closedAs }) => (outcome ? SHARE_OUTCOMES[outcome].zh : (closedAs ?? ''))],
    ['', ({ outcomeText }) => outcomeText ?? ''],
  ]);
