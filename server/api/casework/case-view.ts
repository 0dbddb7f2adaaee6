import { z } from 'zod';
import { CASE_DUTIES, EVERY_STATE } from '../../../domain/ledger/duties.ts';
import { caseWorkflowId, type CaseKind } from '../../../domain/ids.ts';
import { subjectOf, type VersionedCase } from '../../../store/ledger/case-files.ts';
import { nextDues, timelineOf } from '../../../store/ledger/obligations.ts';
import { governs } from '../../../store/ledger/rules.ts';
import { listTasks } from '../../../store/ledger/tasks.ts';
import type { ApiOptions } from '../base/api.ts';
import { eventView, shownBy, taskView } from '../ledger/tasks.ts';
import { instant } from '../base/views.ts';

/** What rows of cases have in common. */
export const caseRow = {
  id: z.int(),
  openedAt: instant,
  closedAt: instant.nullable(),
  nextDueAt: instant.nullable().meta({ description: 'The earliest deadline of it that runs' }),
  overdue: z.boolean(),
};

/** Which cases: what all kinds are filtered by. */
export const openFilter = z
  .stringbool()
  .optional()
  .meta({ description: 'true: only those that are not closed; false: only those that are' });

/** What is answered with the number of a case alone. */
export const opened = z.object({ id: z.int() });

/** What one case has beside its own things. */
export const caseParts = {
  version: z.string().meta({ description: 'Sent back in If-Match by whoever does something' }),
  workflowId: z.string(),
  hasTerm: z.boolean().meta({ description: 'Whether the regulation sets terms for what is done in such a case' }),
  tasks: z.array(taskView),
  events: z.array(eventView),
};

/** Deadlines of one case; an outage has one a stream. */
const MOST_TASKS = 1_000;

/** The deadlines of a case, of units that somebody sees (null: all), and what happened in it. */
export async function readCaseParts(
  options: ApiOptions,
  file: VersionedCase,
  units: readonly string[] | null,
): Promise<{ [Part in keyof typeof caseParts]: z.output<(typeof caseParts)[Part]> } & NextDue> {
  const { db, config } = options;
  const at = options.now();
  const subject = subjectOf({ ...file, round: 1 });
  const [due, tasks, events, hasTerm] = await Promise.all([
    nextDueOf(options, [file]),
    listTasks(db, at, { states: EVERY_STATE, subject, units, limit: MOST_TASKS }),
    timelineOf(db, file),
    governs(db, CASE_DUTIES[file.kind]),
  ]);
  return {
    ...due(file),
    version: file.version,
    workflowId: caseWorkflowId(file),
    hasTerm,
    events,
    tasks: tasks.map(shownBy(config(), at)),
  };
}

/** The deadline of a case that is next. */
interface NextDue {
  nextDueAt: Date | null;
  overdue: boolean;
}

async function nextDueOf(
  { db, now }: Pick<ApiOptions, 'db' | 'now'>,
  cases: readonly { id: number; kind: CaseKind }[],
): Promise<(file: { id: number; kind: CaseKind }) => NextDue> {
  const at = now();
  const dues = await nextDues(db, cases.map(caseWorkflowId));
  return (file) => {
    const nextDueAt = dues.get(caseWorkflowId(file)) ?? null;
    return { nextDueAt, overdue: nextDueAt !== null && nextDueAt <= at };
  };
}

/** Cases with the deadline of each that is next. */
export async function withNextDue<T extends { id: number; kind: CaseKind }>(
  options: Pick<ApiOptions, 'db' | 'now'>,
  rows: readonly T[],
): Promise<(T & NextDue)[]> {
  const due = await nextDueOf(options, rows);
  return rows.map((row) => ({ ...row, ...due(row) }));
}
