import { hash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { configurationError } from '../../domain/errors.ts';
import { LARGEST_EVIDENCE, STOPPED_WORK, type StoppedWork } from '../../domain/casework/outage.ts';
import {
  actOnOutage,
  evidenceOf,
  requireOutage,
  listOutages,
  openOutage,
  type Outage,
  type OutageStep,
} from '../../store/casework/outages.ts';
import { caseId, inCase, printCase, timeOption, withActor, withCase, type CaseOptions } from './case-command.ts';
import { withLibrary } from '../kit/library.ts';
import { positive, readGiven } from '../kit/options.ts';
import { timeText, printList, table } from '../kit/output.ts';
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
      'A report suspends the daily deadlines of its streams. Recovery, confirmed with its time, starts the clock of the\n' +
        'backfill: a running hub reads exactly what is missing and proves it; the proof meets the deadline, nothing else does.',
    )
    .option('--open', 'only those that are not closed')
    .option('--limit <count>', 'the latest so many', positive, 100)
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub outage --open\n  ./hub outage report --unit 11320200MB1D55902K --unit-name 市住建局 --stream housing-permits --kind issue collect --cause 机房断电 --began "2026-11-22 09:30" --by 张三\n  ./hub outage recover 13 --at "2026-11-23 08:00" --by 李处长\n  ./hub outage relapse 13 --reason 再次断电 --by 张三\n  ./hub outage paper 13 台账.xlsx --stream housing-permits --by 张三\n  ./hub outage show 13',
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

  const act = (
    name: string,
    summary: string,
    flags: (command: Command) => Command,
    step: (options: CaseOptions & Record<string, unknown>) => OutageStep,
  ): void => {
    flags(withActor(outage.command(`${name} <id>`)).summary(summary)).action(
      (id: string, _options: unknown, command: Command) => {
        const options = command.optsWithGlobals<CaseOptions & Record<string, unknown>>();
        return inCase(options, async (db) => {
          await actOnOutage(db, caseId(id), step(options), { by: options.by, at: new Date() });
          return { file: await requireOutage(db, caseId(id)), said: `Outage ${id}: ${name} is noted` };
        });
      },
    );
  };
  const streams = (command: Command): Command =>
    command.option('--stream <id...>', 'only these streams (default: all)');
  const chosen = ({ stream }: Record<string, unknown>): string[] | null =>
    Array.isArray(stream) ? (stream as string[]) : null;
  act(
    'recover',
    'the fault is cleared (故障排除): confirmed with its time, which starts the clock of the backfill',
    (command) => streams(command).option('--at <time>', 'when it was cleared (default: now)'),
    (options) => ({
      action: 'recover',
      streams: chosen(options),
      recoveredAt: timeOption(options.at as string | undefined, '--at'),
    }),
  );
  act(
    'relapse',
    'the fault came again, or was not cleared: the clock stops, and starts anew with the next recovery',
    (command) => streams(command).requiredOption('--reason <text>', 'what happened'),
    (options) => ({ action: 'relapse', streams: chosen(options), reason: options.reason as string }),
  );
  act(
    'withdraw',
    'the report was a mistake: what it suspended runs as before',
    (command) => command.requiredOption('--reason <text>', 'why'),
    (options) => ({ action: 'withdraw', reason: options.reason as string }),
  );

  addPaper(outage);

  withCase(outage.command('show <id>'))
    .summary('one outage with its streams, deadlines and timeline')
    .option('--evidence <file>', 'write the file that was handed in')
    .action((id: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<CaseOptions & { evidence?: string }>();
      return withLibrary(options, async (db) => {
        const found = await requireOutage(db, caseId(id));
        if (options.evidence !== undefined) {
          const evidence = await evidenceOf(db, found.id);
          if (!evidence) throw configurationError(`No file was handed in with outage ${id}`, { code: 'file-missing' });
          writeFileSync(options.evidence, evidence.content, { mode: 0o600 });
        }
        if (options.json) return console.log(JSON.stringify(found, null, 2));
        console.log(outageTable([found]));
        console.log(
          table(found.streams, [
            ['Stream', ({ stream }) => stream],
            ['Round', ({ round }) => (round > 1 ? round : ''), 'right'],
            ['Recovered', ({ recoveredAt }) => timeText(recoveredAt)],
            ['Proven', ({ provenAt }) => timeText(provenAt)],
            ['Proofs', ({ proofs }) => proofs?.join(', ') ?? ''],
          ]),
        );
        await printCase(db, found);
      });
    });
}

function report(options: ReportOptions): Promise<void> {
  const kinds = options.kind.map((kind) => {
    if (Object.hasOwn(STOPPED_WORK, kind)) return kind as StoppedWork;
    throw configurationError(`--kind: found “${kind}”, expected ${Object.keys(STOPPED_WORK).join(', ')}`, {
      code: 'option-invalid',
    });
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
        evidence: evidenceFile(options.evidence),
      },
      { by: options.by, at: new Date() },
    );
    const said = `Outage ${id} is reported; ./hub outage recover ${id} confirms the recovery`;
    return { file: { kind: 'outage', id, round: 1 }, said };
  });
}

function evidenceFile(file: string | undefined): { name: string; content: Buffer; sha256: string } | null {
  if (file === undefined) return null;
  const content = readGiven(file);
  if (content.length > LARGEST_EVIDENCE) {
    throw configurationError(`${file} has ${content.length} bytes, expected at most ${LARGEST_EVIDENCE}`, {
      code: 'file-too-large',
      cure: 'hand in a smaller one',
    });
  }
  return { name: basename(file), content, sha256: hash('sha256', content) };
}

const outageTable = (rows: readonly Outage[]): string =>
  table(rows, [
    ['Id', ({ id }) => id, 'right'],
    ['单位', ({ unitName }) => unitName],
    ['Cause', ({ cause }) => cause],
    ['Stopped', ({ kinds }) => kinds.map((kind) => STOPPED_WORK[kind].zh).join('、')],
    ['Streams', ({ streams }) => streams.map(({ stream }) => stream).join('\n')],
    ['Began', ({ beganAt }) => timeText(beganAt)],
    ['Reported', ({ reportedAt }) => timeText(reportedAt)],
    ['State', ({ closedAs, streams }) => closedAs ?? stateOf(streams)],
    ['Evidence', ({ evidenceName }) => evidenceName ?? ''],
  ]);

function stateOf(streams: Outage['streams']): string {
  const stopped = streams.filter(({ recoveredAt }) => recoveredAt === null).length;
  if (stopped > 0) return `${stopped} of ${streams.length} stopped`;
  return `${streams.filter(({ provenAt }) => provenAt !== null).length} of ${streams.length} proven`;
}
