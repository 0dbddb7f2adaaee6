import { InvalidArgumentError, Option, type Command } from 'commander';
import { DAY_REASONS } from '../../domain/ledger/calendar.ts';
import { shanghaiDate } from '../../domain/dates.ts';
import { EVERY_BASIS, type Basis } from '../../domain/basis.ts';
import { DUTIES, EVERY_STATE, RUNNING_STATES, type ObligationState } from '../../domain/ledger/duties.ts';
import { exempt, type Exemption } from '../../store/supervision/exemptions.ts';
import { fault } from '../../domain/faults.ts';
import { changesOf, correctObligation, eventsOf } from '../../store/ledger/obligations.ts';
import { findTask, listTasks, type Task } from '../../store/ledger/tasks.ts';
import { withLibrary } from '../kit/library.ts';
import { idNumber, positive, readConfig, withConfig, withData, type CommonOptions } from '../kit/options.ts';
import { instantOption } from '../kit/select.ts';
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
import { actorInWords, reasonInWords } from '../../domain/ledger/reasons.ts';

interface TaskOptions extends CommonOptions {
  state?: ObligationState[];
  basis?: Basis;
  unit?: string;
  rule?: string;
  limit: number;
  json?: boolean;
}

const statesOption = (text: string): ObligationState[] =>
  text.split(',').map((state) => {
    const found = EVERY_STATE.find((known) => known === state.trim());
    if (found) return found;
    throw new InvalidArgumentError(`Expected states of ${EVERY_STATE.join(', ')}.`);
  });

export function addTasks(program: Command): void {
  const tasks = withData(withConfig(program.command('tasks')))
    .description(
      'Answers from the database alone, with Temporal up or down. Without a state, those that run are listed.',
    )
    .option('--state <states>', `of ${EVERY_STATE.join(', ')}; several with commas`, statesOption)
    .addOption(new Option('--basis <basis>', 'only 法定时限, or only 内控时限').choices(EVERY_BASIS))
    .option('--unit <code>', 'only what this unit owes')
    .option('--rule <id>', 'only under this rule, for example WX-18c')
    .option('--limit <count>', 'at most so many, the earliest due first', positive, 100)
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      '\nExamples:\n  ./hub tasks --state overdue\n  ./hub tasks --rule WX-18c --state "met late"\n  ./hub tasks show 12\n  ./hub tasks exempt 12 --cause 机房断电 --document 鄂容错〔2026〕3号 --approver 李处长 --by 王五',
    )
    .action((options: TaskOptions) =>
      withLibrary(options, async (db) => {
        const found = await listTasks(db, new Date(), {
          states: options.state ?? RUNNING_STATES,
          basis: options.basis,
          unit: options.unit,
          rule: options.rule,
          limit: options.limit,
        });
        printList(found, options.json, taskTable);
        if (!options.json && found.length === options.limit) printCut(options.limit, '项');
      }),
    );

  withData(withConfig(tasks.command('show <id>')))
    .summary('one deadline: how its due time came about day by day, and every change with who made it')
    .action((id: string, _options: unknown, command: Command) => showTask(id, command.optsWithGlobals<TaskOptions>()));

  withData(withConfig(tasks.command('exempt <id>')))
    .summary('exempt a deadline (容错), where the regulation has an article for it; it is counted apart')
    .requiredOption('--cause <text>', '客观原因: what was out of the unit’s hands')
    .requiredOption('--document <number>', 'number of the decision')
    .requiredOption('--approver <name>', 'who approved it')
    .requiredOption('--by <name>', 'who enters it, for the record')
    .action((id: string, _options: unknown, command: Command) => {
      const { cause, document, approver, by, ...options } = command.optsWithGlobals<
        CommonOptions & Exemption & { by: string }
      >();
      const { supervision } = readConfig(options).jurisdiction;
      return withLibrary(options, async (db) => {
        const task = idNumber(id, 'task-unknown');
        await exempt(db, supervision, task, { cause, document, approver }, { by, at: new Date() });
        print(`时限任务 ${id} 已容错：${cause}。 Task ${id} is exempted: ${cause}`);
      });
    });

  withData(withConfig(tasks.command('correct <id>')))
    .summary(
      'set a corrected term beside a missed one that was counted from a wrong time (更正时限); both stay and count',
    )
    .requiredOption('--started <time>', 'when it really started, Shanghai time')
    .requiredOption('--reason <text>', 'why the time was wrong')
    .requiredOption('--document <number>', 'what shows it')
    .requiredOption('--by <name>', 'who decides it for the management unit')
    .action((id: string, _options: unknown, command: Command) => {
      const { started, reason, document, by, ...options } = command.optsWithGlobals<
        CommonOptions & { started: string; reason: string; document: string; by: string }
      >();
      const startedAt = new Date(instantOption(started, '--started'));
      return withLibrary(options, async (db) => {
        const task = idNumber(id, 'task-unknown');
        const given = { by, at: new Date(), startedAt, said: reason, document };
        const corrected = await correctObligation(db, task, given);
        print(`更正后的时限任务 ${corrected} 与 ${id} 并列。 Task ${corrected} stands beside ${id}`);
      });
    });
}

export const taskTable = (rows: readonly Task[]): string =>
  table(rows, [
    ['编号', ({ id }) => id, 'right'],
    ['状态', ({ state }) => stateText(state)],
    ['责任单位', ({ owner }) => owner],
    ['条款', ({ rule, article, basis }) => `${rule} ${article}${basisText(basis)}`],
    ['时限任务', ({ kind }) => DUTIES[kind].zh],
    ['对象', ({ subject }) => subject],
    ['起算', ({ startedAt }) => timeText(startedAt)],
    ['到期', ({ dueAt }) => dueText(dueAt)],
    ['办结', ({ endedAt }) => (endedAt ? timeText(endedAt) : '')],
    ['原因', ({ reason }) => (reason === null ? '' : reasonInWords(reason).zh)],
  ]);

function showTask(id: string, options: TaskOptions): Promise<void> {
  return withLibrary(options, async (db) => {
    const { calendar } = readConfig(options);
    const task = await findTask(db, idNumber(id, 'task-unknown'), new Date());
    if (!task) throw fault('task-unknown', { id, why: 'none' });
    const changes = await changesOf(db, task.id);
    const events = await eventsOf(db, task.subject);
    // By the tables of today: what an earlier version made of it, the changes say.
    const days =
      task.workingDays === null || task.dueAt === null
        ? []
        : calendar.trace(shanghaiDate(task.startedAt.getTime()), task.workingDays);
    if (options.json) return printJson({ ...task, days, changes, events });
    print(taskTable([task]));
    print(`\n${task.duty}`);
    if (days.length > 0) {
      print(`\n到期日的由来（日历 ${task.calendar ?? ''}） How it comes to be due (calendar ${task.calendar ?? ''})`);
      for (const { date, counted, reason } of days) print(`  ${date} ${counted ? '●' : '○'} ${DAY_REASONS[reason].zh}`);
    }
    print('\n变动 Changes');
    print(
      table(changes, [
        ['直到', ({ until }) => (until ? timeText(until) : '现在')],
        ['变更人', ({ by }) => actorInWords(by).zh],
        ['责任单位', ({ owner }) => owner],
        ['到期', ({ dueAt }) => dueText(dueAt)],
        ['日历', ({ calendar: version }) => version ?? ''],
        ['办结', ({ metAt }) => (metAt ? timeText(metAt) : '')],
        ['撤销', ({ cancelledAt }) => (cancelledAt ? timeText(cancelledAt) : '')],
        ['容错', ({ exemptedAt }) => (exemptedAt ? timeText(exemptedAt) : '')],
        ['中止依据', ({ suspendedBy }) => suspendedBy ?? ''],
        ['原因', ({ reason, document }) => [reason && reasonInWords(reason).zh, document].filter(Boolean).join(' ')],
      ]),
    );
    if (events.length === 0) return;
    print('\n经过 Timeline');
    for (const { at, by, what, detail } of events)
      print(`  ${timeText(at)} ${by}: ${what} ${Object.keys(detail).length > 0 ? JSON.stringify(detail) : ''}`);
  });
}
