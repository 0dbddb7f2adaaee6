import { z } from 'zod';
import { reasonInWords, type Reason } from '../../../domain/ledger/reasons.ts';
import { maskNumbers } from '../../../domain/library/personal.ts';
import type { Said } from '../../../domain/said.ts';
import type { HubConfig } from '../../../settings/load.ts';
import { keyOf } from '../../../settings/values.ts';
import { DAY_REASONS, type TracedDay, type WorkingCalendar } from '../../../domain/ledger/calendar.ts';
import { shanghaiDate, startOfDayMs, timeOfDayMs } from '../../../domain/dates.ts';
import { DUTIES, EVERY_STATE, RUNNING_STATES } from '../../../domain/ledger/duties.ts';
import type { Principal } from '../../../store/console/sessions.ts';
import { changesOf, eventsOf } from '../../../store/ledger/obligations.ts';
import { findTask, listTasks, type Task } from '../../../store/ledger/tasks.ts';
import { principalOf } from '../base/access.ts';
import type { ApiOptions } from '../base/api.ts';
import { ApiProblem } from '../base/problem.ts';
import { get } from '../base/route.ts';
import {
  basis,
  date,
  idParams,
  instant,
  listOf,
  pageOf,
  pageOfRows,
  paging,
  readCursor,
  saidView,
  unitCode,
} from '../base/views.ts';

const state = z.enum(EVERY_STATE);
const duty = keyOf(DUTIES);

/** One deadline of the ledger (时限任务). */
export const taskView = z
  .object({
    id: z.int(),
    subject: z.string().meta({ description: 'What it is about, for example dispute/12' }),
    stream: z
      .object({ name: z.string(), title: z.string() })
      .nullable()
      .meta({ description: 'The stream that it is about' }),
    kind: duty,
    rule: z.string(),
    article: z.string(),
    duty: z.string().meta({ description: 'The duty in the words of the regulation' }),
    basis,
    owner: z.string(),
    ownerCode: z.string(),
    startedAt: instant,
    dueAt: instant.nullable().meta({ description: 'null: 日历未公布' }),
    workingDays: z.int().nullable(),
    remaining: z.int().nullable().meta({ description: 'Working days left; negative when overdue' }),
    calendar: z.string().nullable(),
    state,
    endedAt: instant.nullable(),
    reason: saidView.nullable(),
    document: z.string().nullable(),
    workflowId: z.string().nullable(),
    nextStep: z
      .string()
      .nullable()
      .meta({ description: 'What ends it, by the rule; null: it has ended, or its rule is gone' }),
  })
  .meta({ id: 'Task' });
export type TaskView = z.input<typeof taskView>;

/** Something that happened in a case. */
export const eventView = z
  .object({ at: instant, by: z.string(), what: z.string(), detail: z.record(z.string(), z.unknown()) })
  .meta({ id: 'CaseEvent' });
export type EventView = z.input<typeof eventView>;

const reason = keyOf(DAY_REASONS);
const taskDetail = taskView
  .extend({
    days: z
      .array(z.object({ date, counted: z.boolean(), reason }))
      .meta({ description: 'How the due time came about' }),
    changes: z.array(
      z.object({
        until: instant.nullable(),
        by: z.string(),
        owner: z.string(),
        dueAt: instant.nullable(),
        calendar: z.string().nullable(),
        metAt: instant.nullable(),
        cancelledAt: instant.nullable(),
        exemptedAt: instant.nullable(),
        suspendedBy: z.string().nullable(),
        reason: saidView.nullable(),
        document: z.string().nullable(),
      }),
    ),
    events: z.array(eventView),
  })
  .meta({ id: 'TaskDetail' });
export type TaskDetail = z.input<typeof taskDetail>;

/** Which deadlines a list has. */
export const taskFilter = z.object({
  state: listOf(state).optional().meta({ description: 'Of these states; without, those that run' }),
  basis: basis.optional(),
  unit: unitCode.optional(),
  rule: z.string().max(40).optional(),
  kind: listOf(duty).optional(),
  subject: z.string().max(200).optional(),
  dueFrom: date.optional(),
  dueTo: date.optional().meta({ description: 'Up to and with this day' }),
});

const cursor = z.tuple([z.iso.datetime().nullable(), z.int()]);

const wordsOf = (reason: Reason | null): Said | null => reason && reasonInWords(reason);
const UNKNOWN = new ApiProblem(404, 'task-unknown', { zh: '没有这项时限任务', en: 'There is no such task' });
/** How the console shows deadlines at a moment. */
export function shownBy(
  { calendar, jurisdiction, connectors }: Pick<HubConfig, 'calendar' | 'jurisdiction' | 'connectors'>,
  at: Date,
): (task: Task) => z.output<typeof taskView> {
  const streams = new Map(connectors.flatMap((connector) => connector.streams.map((stream) => [stream.id, stream])));
  return (task) => {
    const lastDay = task.dueAt && shanghaiDate(task.dueAt.getTime() - 1);
    const runs = RUNNING_STATES.includes(task.state);
    // The kind of a subject can stand before its stream: push/housing-permits/….
    const [kind = '', name = ''] = task.subject.split('/', 2);
    const stream = streams.get(kind) ?? streams.get(name);
    return {
      ...task,
      // It can bear the number of a certificate or the key of a record.
      subject: maskNumbers(task.subject),
      reason: wordsOf(task.reason),
      stream: stream ? { name: stream.id, title: stream.name ?? stream.id } : null,
      remaining: lastDay !== null && runs ? calendar.workingDaysUntil(shanghaiDate(at.getTime()), lastDay) : null,
      nextStep: runs ? (jurisdiction.rules.find(({ id }) => id === task.rule)?.ends ?? null) : null,
    };
  };
}

/** Whether somebody sees what belongs to a unit. */
export const sees = ({ units }: Principal, code: string | null): boolean =>
  units === null || (code !== null && units.includes(code));

/** What a filter says, in the words of the store. */
export const taskChoice = (filter: z.output<typeof taskFilter>) => ({
  states: filter.state ?? RUNNING_STATES,
  basis: filter.basis,
  unit: filter.unit,
  rule: filter.rule,
  duties: filter.kind,
  subject: filter.subject,
  due: {
    from: filter.dueFrom === undefined ? null : new Date(startOfDayMs(filter.dueFrom)),
    to: filter.dueTo === undefined ? null : new Date(timeOfDayMs(filter.dueTo, '24:00')),
  },
});

const getTasks = get(
  '/tasks',
  {
    needs: 'tasks:read',
    summary: '时限任务 Deadlines, the earliest due first',
    tag: 'tasks',
    query: taskFilter.extend(paging.shape),
    answer: pageOf(taskView),
    shared: true,
  },
  async (request, { db, now, config }) => {
    const at = now();
    const { limit, after, ...filter } = request.query;
    const [dueAt, id] = readCursor(after, cursor) ?? [];
    const rows = await listTasks(db, at, {
      ...taskChoice(filter),
      units: principalOf(request).units,
      after: id === undefined ? undefined : { dueAt: dueAt == null ? null : new Date(dueAt), id },
      limit: limit + 1,
    });
    const { items, next } = pageOfRows(rows, limit, (task) => [task.dueAt?.toISOString() ?? null, task.id]);
    return { items: items.map(shownBy(config(), at)), next };
  },
);

/** A task that somebody sees. */
export async function seenTask({ db, now }: ApiOptions, id: number, principal: Principal): Promise<Task> {
  const task = await findTask(db, id, now());
  if (task && sees(principal, task.ownerCode)) return task;
  throw UNKNOWN;
}

const getTask = get(
  '/tasks/:id',
  {
    needs: 'tasks:read',
    summary: '一项时限任务 One deadline: how its due time came about, and every change',
    tag: 'tasks',
    params: idParams,
    answer: taskDetail,
    problems: [404],
  },
  async (request, options) => {
    const { db, now, config } = options;
    const task = await seenTask(options, request.params.id, principalOf(request));
    return {
      ...shownBy(config(), now())(task),
      days: daysOf(task, config().calendar),
      changes: (await changesOf(db, task.id)).map((change) => ({ ...change, reason: wordsOf(change.reason) })),
      events: await eventsOf(db, task.subject),
    };
  },
);

/** By the tables of today: what an earlier version made of it, the changes say. */
const daysOf = ({ startedAt, dueAt, workingDays }: Task, calendar: WorkingCalendar): TracedDay[] =>
  workingDays === null || dueAt === null ? [] : calendar.trace(shanghaiDate(startedAt.getTime()), workingDays);

/** Deadlines of the ledger (时限任务). */
export const taskRoutes = { getTasks, getTask };
