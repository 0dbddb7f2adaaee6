import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { fault } from '../../domain/faults.ts';
import { OUTAGE_STAGES, outageStage, STOPPED_WORK, type StoppedWork } from '../../domain/casework/outage.ts';
import { listOutages, openOutage, OUTAGES, requireOutage, type Outage } from '../../store/casework/outages.ts';
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
import { findEvidence } from '../../store/casework/evidence.ts';
import { readEvidence } from '../kit/evidence.ts';
import { withLibrary } from '../kit/library.ts';
import { positive } from '../kit/options.ts';
import { print, printJson, printList, table, timeText } from '../kit/output.ts';
import { addPaper } from './paper.ts';

interface ReportOptions extends CaseOptions {
  unit: string;
  unitName: string;
  stream: string[];
  kind: string[];
  cause: string;
  began: string;
  evidence?: string;
}

export function addOutage(program: Command): void {
  const outage = withCase(program.command('outage'))
    .description(
      'A report suspends what its streams owe and is not overdue yet; the management unit confirms it, for the time that the\n' +
        'evidence covers: that suspends what was overdue before the report. Recovery, confirmed with its time, starts the clock of the\n' +
        'backfill: a running hub reads exactly what is missing and proves it; the proof meets the deadline, nothing else does.',
    )
    .option('--open', 'only those that are not closed')
    .option('--limit <count>', 'the latest so many', positive, 100)
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub outage --open\n  ./hub outage report --unit 11320200MB1D55902K --unit-name 市住建局 --stream housing-permits --kind issue collect --cause 机房断电 --began "2026-11-22 09:30" --by 张三\n  ./hub outage confirm 13 --to "2026-11-23 08:00" --document 锡数〔2026〕8号 --by 李处长\n  ./hub outage recover 13 --at "2026-11-23 08:00" --by 李处长\n  ./hub outage relapse 13 --reason 再次断电 --by 张三\n  ./hub outage paper 13 台账.xlsx --stream housing-permits --by 张三\n  ./hub outage show 13',
    )
    .action((options: CaseOptions & { open?: boolean; limit: number }) =>
      withLibrary(options, async (db) => {
        const found = await listOutages(db, options);
        printList(found, options.json, outageTable);
      }),
    );

  withActor(outage.command('report'))
    .summary('report an outage, also one that was noticed only afterwards')
    .requiredOption('--unit <code>', '统一社会信用代码 of the unit that reports')
    .requiredOption('--unit-name <name>', 'its name')
    .requiredOption('--stream <id...>', 'the streams that it stops')
    .option(
      '--kind <kinds...>',
      `the work that it stops: ${Object.keys(STOPPED_WORK).join(', ')}`,
      Object.keys(STOPPED_WORK),
    )
    .requiredOption('--cause <text>', 'what happened')
    .requiredOption('--began <time>', 'when it began, Shanghai time')
    .option('--evidence <file>', 'a file that shows it; kept with its SHA-256')
    .action((_options: unknown, command: Command) => report(command.optsWithGlobals<ReportOptions>()));

  addActions(outage, OUTAGES, ['confirm', 'recover', 'relapse', 'withdraw']);
  addPaper(outage);

  withCase(outage.command('show <id>'))
    .summary('one outage with its streams, deadlines and timeline')
    .option('--evidence <file>', 'write the file that was handed in')
    .action((id: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<CaseOptions & { evidence?: string }>();
      return withLibrary(options, async (db) => {
        const found = await requireOutage(db, caseId(id));
        if (options.evidence !== undefined) {
          const evidence = await findEvidence(db, 'outage', found.id);
          if (!evidence) throw fault('evidence-missing', { id: found.id });
          writeFileSync(options.evidence, evidence.content, { mode: 0o600 });
        }
        if (options.json) return printJson(found);
        print(outageTable([found]));
        print(
          table(found.streams, [
            ['数据流', ({ stream }) => stream],
            ['轮次', ({ round }) => (round > 1 ? round : ''), 'right'],
            ['恢复', ({ recoveredAt }) => timeText(recoveredAt)],
            ['核验通过', ({ provenAt }) => timeText(provenAt)],
            ['核验', ({ proofs }) => proofs?.join('、') ?? ''],
          ]),
        );
        await printCase(db, found);
      });
    });
}

function report(options: ReportOptions): Promise<void> {
  const kinds = options.kind.map((kind) => {
    if (Object.hasOwn(STOPPED_WORK, kind)) return kind as StoppedWork;
    throw fault('choice-invalid', { option: '--kind', found: kind, choices: Object.keys(STOPPED_WORK) });
  });
  return inCase(options, async (db) => {
    const id = await openOutage(
      db,
      {
        unit: { code: options.unit, name: options.unitName },
        streams: options.stream,
        kinds,
        cause: options.cause,
        beganAt: timeOption(options.began, '--began'),
        evidence: options.evidence === undefined ? null : readEvidence(options.evidence),
      },
      { by: options.by, at: new Date() },
    );
    const said = `故障报告 ${id} 已登记，排除后用 ./hub outage recover ${id} 确认。 Outage ${id} is reported; ./hub outage recover ${id} confirms the recovery`;
    return { file: { kind: 'outage', id, round: 1 }, said };
  });
}

const outageTable = (rows: readonly Outage[]): string =>
  table(rows, [
    ['编号', ({ id }) => id, 'right'],
    ['单位', ({ unitName }) => unitName],
    ['原因', ({ cause }) => cause],
    ['停办业务', ({ kinds }) => kinds.map((kind) => STOPPED_WORK[kind].zh).join('、')],
    ['数据流', ({ streams }) => streams.map(({ stream }) => stream).join('\n')],
    ['发生', ({ beganAt }) => timeText(beganAt)],
    ['上报', ({ reportedAt }) => timeText(reportedAt)],
    ['办理情况', stateOf],
    ['证明材料', ({ evidenceName }) => evidenceName ?? ''],
  ]);

/** How far it is, and how many of its streams are still waited for. */
function stateOf(outage: Outage): string {
  const { closedAs, streams } = outage;
  const stage = outageStage(outage);
  const waiting = streams.filter((stream) => (stage === 'stopped' ? stream.recoveredAt : stream.provenAt) === null);
  return `${OUTAGE_STAGES[stage].zh}${closedAs === null ? ` ${waiting.length} / ${streams.length}` : ''}`;
}
