import type { Command } from 'commander';
import type { Knex } from 'knex';
import { shanghaiInstant } from '../../domain/dates.ts';
import { configurationError, messageOf } from '../../domain/errors.ts';
import { CASE_DUTIES, EVERY_STATE } from '../../domain/ledger/duties.ts';
import { subjectOf, type CaseFile } from '../../store/ledger/case-files.ts';
import { timelineOf } from '../../store/ledger/obligations.ts';
import { governs, taskQueueOf } from '../../store/ledger/rules.ts';
import { listTasks } from '../../store/ledger/tasks.ts';
import { wakeCase } from '../../temporal/cases.ts';
import { withLibrary } from '../kit/library.ts';
import { idNumber, readConfig, withConfig, withData, type CommonOptions } from '../kit/options.ts';
import { timeText, table } from '../kit/output.ts';
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
export const caseId = (text: string): number =>
  idNumber(text, (id, why) =>
    configurationError(`found “${id}”: ${why}`, {
      code: 'option-invalid',
      cure: 'the list without a number shows them',
    }),
  );

/** A time that may be left out: now. */
export const timeOption = (text: string | undefined, option: string): Date =>
  new Date(text === undefined ? Date.now() : instantOption(text, option));

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
    if (options.json) console.log(JSON.stringify({ ...file, at: shanghaiInstant(Date.now()), woken: woken === null }));
    else
      console.log(
        woken === null
          ? said
          : `${said}\nIts workflow could not be woken yet (${woken}); that follows when Temporal is back.`,
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
  if (tasks.length > 0) console.log(`\n${taskTable(tasks)}`);
  else if (await governs(db, CASE_DUTIES[file.kind])) console.log('\nNo deadline has begun yet.');
  else console.log('\nNo statutory term: the regulation sets none for this. What is done is recorded all the same.');
  const events = await timelineOf(db, file);
  console.log('\nTimeline');
  console.log(
    table(events, [
      ['At', ({ at }) => timeText(at)],
      ['By', ({ by }) => by],
      ['What', ({ what }) => what],
      [
        '',
        ({ detail }) =>
          Object.entries(detail)
            .filter(([, value]) => value !== null)
            .map(([key, value]) => `${key}: ${String(value)}`)
            .join('\n'),
      ],
    ]),
  );
}
