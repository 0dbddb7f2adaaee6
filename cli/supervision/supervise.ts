import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { shanghaiWallTime } from '../../domain/dates.ts';
import { fault } from '../../domain/faults.ts';
import {
  caseSubject,
  FINDING,
  findingUnder,
  INSPECTIONS,
  SAMPLE_RESULTS,
  TRIAL_RESULTS,
  type FindingStep,
} from '../../domain/supervision/findings.ts';
import { itemOf, type Sanctions } from '../../domain/supervision/sanctions.ts';
import { actOnCase } from '../../store/casework/cases.ts';
import { findByHand, inspectedRecords } from '../../store/supervision/inspections.ts';
import { eventsOf } from '../../store/ledger/obligations.ts';
import { findingsUnder, getFinding, giveNotice, listFindings, type Finding } from '../../store/supervision/findings.ts';
import { addAction, caseId, withActor, workingDays, type CaseOptions } from '../casework/case-command.ts';
import { withStreams } from '../kit/select.ts';
import { readEvidence } from '../kit/evidence.ts';
import { printerFor } from '../kit/clear.ts';
import { withLibrary } from '../kit/library.ts';
import { positive, readConfig, type CommonOptions } from '../kit/options.ts';
import { dueText, jsonText, print, printCut, printJson, stateText, table, timeText } from '../kit/output.ts';
import { patrol, recheckRecords, sample, trial, type InspectOptions } from './inspect.ts';

interface LadderOptions extends InspectOptions {
  unit?: string;
  all?: boolean;
  limit: number;
}

interface OpenOptions extends CaseOptions {
  unit: string;
  unitName: string;
  item?: string;
  facts: string;
  evidence: string;
}

type NoticeOptions = LadderOptions & { number: string; item?: string; out: string };

export function addSupervise(program: Command): void {
  const supervise = withStreams(program.command('supervise'))
    .description(
      'Lists the findings with the rung of the ladder that each is on: 已发现 → 限期整改 → 已报整改 → 复查, and a document on what\n' +
        'was not rectified in time. What they are called, and what there is, the profile says (supervision): 责令限期改正 and\n' +
        '书面通报 where the regulation has them, 督办 and 督办函 elsewhere.',
    )
    .option('--unit <code>', 'only of this unit')
    .option('--all', 'also those that have ended')
    .option('--limit <count>', 'at most so many, the latest first', positive, 100)
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub supervise\n  ./hub supervise sample --stream housing-permits --size 50 --by 李处长\n  ./hub supervise order 12 --days 5 --demand 补齐并更正所列证照数据 --by 李处长\n  ./hub supervise notice 12 --number 锡证督〔2026〕3号 --by 李处长 --out notice.html',
    )
    .action((options: LadderOptions) => list(options));

  withActor(supervise.command('open'))
    .summary('人工登记: enter a finding by hand, with what shows it')
    // The list, above it, has an option of this name, which takes it: so it is asked for below.
    .option('--unit <code>', '统一社会信用代码 of the unit (required)')
    .requiredOption('--unit-name <name>', 'its name')
    .option(
      '--item <number>',
      'item (项) of the regulation that it falls under, where the profile lists them: for example 四',
    )
    .requiredOption('--facts <text>', 'what is wrong')
    .requiredOption('--evidence <file>', 'what shows it; kept with its SHA-256')
    .addHelpText(
      'after',
      '\nExample:\n  ./hub supervise open --unit 11411000000000000A --unit-name 市教育局 --item 四 --facts 窗口拒收电子营业执照 --evidence 照片.jpg --by 李处长',
    )
    .action((_options: unknown, command: Command) => {
      const { unit = '', ...options } = command.optsWithGlobals<Partial<OpenOptions>>();
      if (unit.trim() === '') command.error(`error: required option '--unit <code>' not specified`);
      return open({ ...(options as OpenOptions), unit });
    });

  const inspection = (name: string, summary: string): Command =>
    withStreams(supervise.command(name)).summary(summary).requiredOption('--by <name>', 'who inspects');

  inspection('sample', '随机抽查: draw records of a stream at random and compare them with their source')
    .description(
      'Needs a running hub. The seed is recorded: the same seed draws the same records of the same library. Each record’s\n' +
        'result is kept as evidence; what differs becomes a finding of the unit. Exits with 1 when anything does.',
    )
    .requiredOption('--stream <id>', 'the stream')
    .option('--size <count>', 'how many records', positive, 50)
    .option('--seed <number>', 'draw by this seed again', positive)
    .addHelpText('after', '\nExamples:\n  ./hub supervise sample --stream housing-permits --size 50 --by 李处长')
    .action((_options: unknown, command: Command) => sample(command.optsWithGlobals<LadderOptions>()));

  inspection('trial', '模拟办事: ask for certificates of each type as a user unit would, and judge the answers')
    .description(
      'Draws certificates in force and asks by their holders: found, valid over all sources, without a flag, file there,\n' +
        'signature not bad. It asks the library’s own look-up; the interface for user units comes later. Exits with 1 when\n' +
        'anything is not good.',
    )
    .option('--size <count>', 'how many certificates of each type', positive, 5)
    .option('--seed <number>', 'draw by this seed again', positive)
    .addHelpText('after', '\nExamples:\n  ./hub supervise trial --by 李处长')
    .action((_options: unknown, command: Command) => trial(command.optsWithGlobals<LadderOptions>()));

  inspection('patrol', '电子督查: units above the numbers of the profile (supervision.patrol) get a finding')
    .description(
      'One finding for each unit and rule while it lasts; it ends by itself as long as nobody has acted on it.',
    )
    .addHelpText('after', '\nExamples:\n  ./hub supervise patrol --by 李处长')
    .action((_options: unknown, command: Command) => patrol(command.optsWithGlobals<LadderOptions>()));

  for (const [action, example] of [
    ['order', 'order 12 --days 5 --demand 补齐并更正所列证照数据 --by 李处长'],
    ['dismiss', 'dismiss 12 --reason 源端当日停机，数据无误 --by 李处长'],
    ['transfer', 'transfer 12 --to 市纪委监委 --reference 许数移〔2026〕1号 --reason 涉嫌滥用职权 --by 李处长'],
    ['report', 'done 12 --note 已更正3条，补传1条 --by 张三'],
  ] as const)
    addAction(supervise, FINDING, action, (id, step, options) => act(id, options, step as FindingStep)).addHelpText(
      'after',
      `\nExample:\n  ./hub supervise ${example}`,
    );

  withActor(supervise.command('recheck <id>'))
    .summary('复查: passed meets the term, as of when the unit said that it was done; failed lets it run on')
    .description(
      'Without --passed or --failed the records of a sample are compared with their source again (needs a running hub), and\n' +
        'those of a trial use are asked for again.',
    )
    .option('--passed', 'it is rectified')
    .option('--failed', 'it is not')
    .option('--days <count>', 'with a failed re-check: a new term, in working days', workingDays)
    .option('--note <text>', 'what was seen')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub supervise recheck 12 --by 李处长\n  ./hub supervise recheck 12 --failed --days 3 --note 仍缺1条 --by 李处长',
    )
    .action((id: string, _options: unknown, command: Command) => {
      const {
        passed,
        failed,
        note = '',
        days,
        ...options
      } = command.optsWithGlobals<
        LadderOptions & { passed?: boolean; failed?: boolean; note?: string; days?: number }
      >();
      if (passed && (failed || days !== undefined)) {
        throw fault('passed-alone');
      }
      if (!passed && !failed) return recheckRecords(options, caseId(id), days);
      return act(caseId(id), options, passed ? { action: 'pass', note } : { action: 'fail', note, days });
    });

  withActor(supervise.command('notice <id>'))
    .summary(FINDING.actions.notice.help.en)
    .requiredOption('--number <text>', '文号')
    .option('--item <number>', 'item (项) of the regulation, for example 五: where it was not said before')
    .requiredOption('--out <file>', 'the HTML document to be printed')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub supervise notice 12 --number 锡证督〔2026〕3号 --by 李处长 --out notice.html',
    )
    .action((id: string, _options: unknown, command: Command) =>
      notice(caseId(id), command.optsWithGlobals<NoticeOptions>()),
    );

  withStreams(supervise.command('show <finding>'))
    .summary('one finding: its facts, its timeline, the records that were looked at')
    .option('--unmasked', 'show keys that hold a 公民身份号码')
    .addHelpText('after', '\nExamples:\n  ./hub supervise show 12')
    .action((id: string, _options: unknown, command: Command) =>
      show(caseId(id), command.optsWithGlobals<LadderOptions & { unmasked?: boolean }>()),
    );
}

function list(options: LadderOptions): Promise<void> {
  return withLibrary(options, async (db) => {
    const found = await listFindings(db, new Date(), { unit: options.unit, ended: options.all, limit: options.limit });
    if (options.json) return printJson(found);
    if (found.length === 0)
      return print(options.all ? '没有问题。 There is no finding.' : '没有未办结的问题。 No finding is open.');
    print(findingTable(found, options));
    if (found.length === options.limit) printCut(options.limit, '项');
  });
}

const sanctionsOf = (options: CommonOptions): Sanctions => readConfig(options).jurisdiction.supervision;

function open(options: OpenOptions): Promise<void> {
  const { unit: code, unitName: name, item = null, facts, evidence: file, by } = options;
  const evidence = readEvidence(file);
  return withLibrary(options, async (db) => {
    const at = new Date();
    const id = await findByHand(db, sanctionsOf(options), { unit: { code, name }, item, facts, evidence }, { by, at });
    const finding = await getFinding(db, id, at);
    print(options.json ? JSON.stringify(finding, null, 2) : findingTable([finding], options));
  });
}

function findingTable(rows: readonly Finding[], options: CommonOptions): string {
  const sanctions = sanctionsOf(options);
  const { stages } = findingUnder(sanctions);
  return table(rows, [
    ['编号', ({ id }) => id, 'right'],
    ['阶段', ({ stage }) => stages[stage].zh],
    ['单位', ({ unit }) => unit],
    ['来源', ({ kind, cause, stream }) => [INSPECTIONS[kind].zh, stream ?? cause.replace(/^patrol\//, '')].join(' ')],
    ['发现', ({ foundAt }) => timeText(foundAt)],
    ['事实', ({ facts }) => facts],
    ['项', (finding) => itemOf(sanctions, finding)?.id ?? ''],
    ['要求', ({ demand }) => demand ?? ''],
    ['到期', ({ demand, deadline }) => (demand === null ? '' : deadline ? dueText(deadline.dueAt) : '无期限规则')],
    ['期限', ({ deadline }) => (deadline ? stateText(deadline.state) : '')],
    ['文书', ({ notices }) => notices.join(' ')],
  ]);
}

function act(id: number, options: CaseOptions, given: FindingStep): Promise<void> {
  return withLibrary(options, async (db) => {
    const finding = await actOnCase(db, findingsUnder(sanctionsOf(options)), id, given, {
      by: options.by,
      at: new Date(),
    });
    print(options.json ? JSON.stringify(finding, null, 2) : findingTable([finding], options));
  });
}

function notice(id: number, options: NoticeOptions): Promise<void> {
  const { jurisdiction } = readConfig(options);
  return withLibrary(options, async (db) => {
    const { document } = await db.transaction((trx) =>
      giveNotice(trx, jurisdiction, id, options, { by: options.by, at: new Date() }),
    );
    writeFileSync(options.out, document, { mode: 0o600 });
    const { unit } = await getFinding(db, id, new Date());
    print(
      `${options.number} 已送 ${unit}，文书见 ${options.out}。 ${options.number}: notice given to ${unit}; print ${options.out}`,
    );
  });
}

function show(id: number, options: LadderOptions & { unmasked?: boolean }): Promise<void> {
  return withLibrary(options, async (db) => {
    const finding = await getFinding(db, id, new Date());
    const events = await eventsOf(db, caseSubject(id));
    const meaning: Record<string, { zh: string } | undefined> = { ...SAMPLE_RESULTS, ...TRIAL_RESULTS };
    const records = await inspectedRecords(db, finding.inspection, finding.unitCode);
    const print = await printerFor(db, options.unmasked, {
      action: 'certificates:personal',
      object: caseSubject(id),
      detail: { records: records.length },
    });
    if (options.json) return print(jsonText({ ...finding, events, records }));
    print(findingTable([finding], options));
    print('\n经过 Timeline');
    for (const { at, by, what, detail } of events) print(`  ${timeText(at)} ${by}: ${what} ${JSON.stringify(detail)}`);
    if (records.length === 0) return;
    print(`\n第 ${finding.inspection} 次检查的记录 Records of inspection ${finding.inspection}`);
    print(
      table(records, [
        ['数据流', ({ stream }) => stream],
        ['记录键', ({ key }) => key],
        ['版本', ({ updatedAt }) => shanghaiWallTime(updatedAt.getTime())],
        ['核验', ({ proof }) => proof ?? '', 'right'],
        ['结果', ({ result }) => (result === null ? '未核查' : (meaning[result]?.zh ?? result))],
      ]),
    );
  });
}
