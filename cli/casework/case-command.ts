import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Knex } from 'knex';
import { LONGEST_TERM } from '../../settings/schemas/jurisdiction.ts';
import type { CaseDefinition, CaseField } from '../../domain/casework/definition.ts';
import { eventDetailInWords, eventInWords } from '../../domain/casework/timeline.ts';
import { shanghaiInstant } from '../../domain/dates.ts';
import { messageOf } from '../../domain/errors.ts';
import { fault } from '../../domain/faults.ts';
import { CASE_DUTIES, EVERY_STATE } from '../../domain/ledger/duties.ts';
import { actorInWords } from '../../domain/ledger/reasons.ts';
import { actOnCase, type CaseKeeper } from '../../store/casework/cases.ts';
import { subjectOf, type CaseFile, type VersionedCase } from '../../store/ledger/case-files.ts';
import { timelineOf } from '../../store/ledger/obligations.ts';
import { governs, taskQueueOf } from '../../store/ledger/rules.ts';
import { listTasks } from '../../store/ledger/tasks.ts';
import { wakeCase } from '../../temporal/cases.ts';
import { withLibrary } from '../kit/library.ts';
import { idNumber, positive, readConfig, readGiven, withConfig, withData, type CommonOptions } from '../kit/options.ts';
import { print, table, timeText } from '../kit/output.ts';
import { taskTable } from '../ledger/tasks.ts';
import { withRunningHub } from '../kit/running-hub.ts';
import { instantOption } from '../kit/select.ts';

/** Options of whoever does something in a case. */
export interface CaseOptions extends CommonOptions {
  by: string;
  json?: boolean;
}

export const withCase = (command: Command): Command => withData(withConfig(command)).option('--json', 'for programs');

/** Something is done in a case by somebody. */
export const withActor = (command: Command): Command =>
  withCase(command).requiredOption('--by <name>', 'who does it, for the record');

/** A number of a case as it is written on the command line. */
export const caseId = (text: string): number => idNumber(text, 'case-number');

/** A time that may be left out: now. */
export const timeOption = (text: string | undefined, option: string): Date =>
  new Date(text === undefined ? Date.now() : instantOption(text, option));

/** Options of an action: texts, lists of them, and whether something is so. */
export type ActionOptions = CaseOptions & Readonly<Record<string, string | string[] | number | boolean | undefined>>;

/** A sub-command for an action of a case, whose options are what the action asks for. */
export function addAction<Action extends string>(
  parent: Command,
  { actions }: Pick<CaseDefinition<never, string, Action>, 'actions'>,
  action: Action,
  work: (id: number, step: { action: Action }, options: ActionOptions) => Promise<void>,
): Command {
  const { help, fields, command: called = action } = actions[action];
  const command = withActor(parent.command(`${called} <id>`)).summary(help.en);
  for (const [name, field] of Object.entries(fields))
    for (const option of optionsOf(name, field)) command.addOption(option);
  return command.action((id: string, _options: unknown, sub: Command) => {
    const options = sub.optsWithGlobals<ActionOptions>();
    const given: Record<string, unknown> = {};
    for (const [name, field] of Object.entries(fields)) given[name] = valueOf(name, field, options);
    return work(caseId(id), { ...given, action }, options);
  });
}

/** A sub-command for each action of a kind of case; says how far the case is then. */
export function addActions<Case extends VersionedCase, Step extends { action: string }>(
  parent: Command,
  keeper: CaseKeeper<Case, Step>,
  actions: readonly string[],
  shown: (found: Case) => Case = (found) => found,
): void {
  const { definition } = keeper;
  for (const name of actions)
    addAction(parent, definition, name, (id, step, options) =>
      inCase(options, async (db) => {
        const found = await actOnCase(db, keeper, id, step as Step, { by: options.by, at: new Date() });
        const stage = definition.stageOf(found);
        const { en = stage, zh = stage } = definition.stages[stage] ?? {};
        return { file: shown(found), said: `${definition.zh} ${id}：${zh}。 ${definition.en} ${id}: ${en}` };
      }),
    );
}

/** The moment of an action is `--at`, now where it is left out; any other time is named like its field. */
const timeFlag = (name: string): string => (name.endsWith('At') ? 'at' : name);
const timeOf = (text: string | undefined, flag: string): Date | undefined =>
  text === undefined && flag !== 'at' ? undefined : timeOption(text, `--${flag}`);

/** The options of a field. Units are named by code and name: the hub need not know them yet. */
function optionsOf(name: string, field: CaseField): Option[] {
  const option = (flags: string, about: string): Option =>
    new Option(flags, about).makeOptionMandatory(field.optional !== true);
  const about = [field.en, field.hint?.en].filter(Boolean).join(': ').toLowerCase();
  switch (field.kind) {
    case 'line':
    case 'text':
      return [option(`--${name} <text>`, about)];
    case 'personal':
      // Not on the command line, which others can see.
      return [option(`--${name}-file <file>`, `${about}; the text in a file`)];
    case 'verdict':
      return [new Option(`--${name}`, `${field.yes.en.toLowerCase()}; else not`)];
    case 'choice':
      return [option(`--${name} <${name}>`, about).choices(Object.keys(field.options))];
    case 'time':
      return [option(`--${timeFlag(name)} <time>`, about)];
    case 'working-days':
      return [option(`--${name} <count>`, about).argParser(workingDays)];
    case 'case':
      return [option(`--${name} <id>`, about)];
    case 'unit':
    case 'units':
    case 'own-unit':
      return [option('--unit <code>', '统一社会信用代码 of the unit'), option('--unit-name <name>', 'its name')];
    case 'streams':
      return [new Option('--stream <id...>', 'only these streams (default: all)')];
    case 'item':
      return [option('--item <number>', `${about} (项), for example 五`)];
    case 'stream':
    case 'records':
      return []; // Records that were made on paper have a command of their own (paper.ts).
  }
}

/** What the options say of a field. */
function valueOf(name: string, { kind }: CaseField, options: ActionOptions): unknown {
  const text = (option: string): string | undefined => {
    const value = options[option];
    return typeof value === 'string' ? value : undefined;
  };
  const unit = { code: text('unit') ?? '', name: text('unitName') ?? '' };
  switch (kind) {
    case 'personal':
      return fileText(text(`${name}File`) ?? '');
    case 'verdict':
      return options[name] === true;
    case 'time':
      return timeOf(text(timeFlag(name)), timeFlag(name));
    case 'case':
      return caseId(text(name) ?? '');
    case 'unit':
    case 'own-unit':
      return unit;
    case 'units':
      return [unit];
    case 'streams':
      return options.stream ?? null;
    case 'line':
    case 'text':
    case 'choice':
    case 'working-days':
    case 'item':
    case 'stream':
    case 'records':
      return options[name];
  }
}

/** Reads a term in working days. */
export function workingDays(text: string): number {
  const value = positive(text);
  if (value > LONGEST_TERM) throw new InvalidArgumentError(`Expected at most ${LONGEST_TERM} working days.`);
  return value;
}

function fileText(file: string): string {
  const read = readGiven(file).toString().trim();
  if (read !== '') return read;
  throw fault('answer-empty');
}

/**
 * Does something in a case. It is in the ledger first, and counts from then on; its workflow is woken afterwards. While
 * Temporal is away that waits: the watchdog wakes it when it is back.
 */
export function inCase(
  options: CaseOptions,
  work: (db: Knex) => Promise<{ file: Pick<CaseFile, 'kind' | 'id' | 'round'>; said: string }>,
): Promise<void> {
  return withLibrary(options, async (db) => {
    const { file, said } = await work(db);
    const woken = await wake(db, options, file);
    if (options.json) print(JSON.stringify({ ...file, at: shanghaiInstant(Date.now()), woken: woken === null }));
    else
      print(
        woken === null
          ? said
          : `${said}\n流程暂未唤醒，将自行继续。 Its workflow could not be woken yet (${woken}); that follows when Temporal is back.`,
      );
  });
}

async function wake(
  db: Knex,
  options: CommonOptions,
  file: Pick<CaseFile, 'kind' | 'id' | 'round'>,
): Promise<string | null> {
  const taskQueue = await taskQueueOf(db);
  if (taskQueue === null) return 'no hub has run on this database';
  try {
    await withRunningHub(readConfig(options), (client) => wakeCase(client, taskQueue, file));
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

/** The deadlines and the timeline of a case, for people. */
export async function printCase(db: Knex, file: Pick<CaseFile, 'kind' | 'id' | 'round'>): Promise<void> {
  const subject = subjectOf({ ...file, round: 1 });
  const tasks = await listTasks(db, new Date(), { states: EVERY_STATE, subject, limit: 1_000 });
  if (tasks.length > 0) print(`\n${taskTable(tasks)}`);
  else if (await governs(db, CASE_DUTIES[file.kind])) print('\n尚无时限起算。 No deadline has begun yet.');
  else
    print(
      '\n本市规则没有规定时限，办理情况照常留存。 No statutory term: the regulation sets none for this. What is done is recorded all the same.',
    );
  const events = await timelineOf(db, file);
  print('\nTimeline');
  print(
    table(events, [
      ['时间', ({ at }) => timeText(at)],
      ['办理人', ({ by }) => actorInWords(by).zh],
      ['事项', ({ what }) => eventInWords(what).zh],
      [
        '',
        ({ detail }) =>
          Object.entries(detail)
            .filter(([, value]) => value !== null && value !== '')
            .map(([name, value]) => eventDetailInWords(name, value).zh)
            .join('\n'),
      ],
    ]),
  );
}
