import { reasonInWords, type Reason } from '../../../domain/ledger/reasons.ts';
import type { Said } from '../../../domain/said.ts';
import { z } from 'zod';
import { keyOf } from '../../../settings/values.ts';
import { DAY_REASONS, type TracedDay, type WorkingCalendar } from '../../../domain/ledger/calendar.ts';
import { shanghaiDate, startOfDayMs, timeOfDayMs } from '../../../domain/dates.ts';
import { DUTIES, EVERY_STATE, RUNNING_STATES, URGENT_STATES } from '../../../domain/ledger/duties.ts';
import type { Given } from '../../../domain/casework/definition.ts';
import { FINDING } from '../../../domain/supervision/findings.ts';
import { dashboard } from '../../../store/supervision/dashboard.ts';
import { changesOf, eventsOf, exemptObligation, noteEvent } from '../../../store/ledger/obligations.ts';
import { channelsOf, urge, type Urged } from '../../../store/ledger/reminders.ts';
import type { Principal } from '../../../store/console/sessions.ts';
import { actOnCase } from '../../../store/casework/cases.ts';
import { detailOfStep, FINDINGS } from '../../../store/supervision/findings.ts';
import { findOverdue } from '../../../store/supervision/inspections.ts';
import { findTask, listTasks, type Task } from '../../../store/ledger/tasks.ts';
import { principalOf } from '../base/access.ts';
import { act } from '../base/act.ts';
import type { Api, ApiOptions } from '../base/api.ts';
import type { HubConfig } from '../../../settings/load.ts';
import { ApiProblem } from '../base/problem.ts';
import { wake } from '../base/case-action.ts';
import { fieldsOf } from '../base/case-fields.ts';
import {
  date,
  idParams,
  instant,
  listOf,
  pageOf,
  pageOfRows,
  paging,
  readCursor,
  text,
  said,
  unitCode,
} from '../base/views.ts';

const state = z.enum(EVERY_STATE);
export const duty = keyOf(DUTIES);

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
    basis: z.enum(['statutory', 'internal']).meta({ description: 'internal: 内控时限, never 法定时限' }),
    owner: z.string(),
    ownerCode: z.string(),
    startedAt: instant,
    dueAt: instant.nullable().meta({ description: 'null: 日历未公布' }),
    workingDays: z.int().nullable(),
    remaining: z.int().nullable().meta({ description: 'Working days left; negative when overdue' }),
    calendar: z.string().nullable(),
    state,
    endedAt: instant.nullable(),
    reason: said.nullable(),
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
        reason: said.nullable(),
        document: z.string().nullable(),
      }),
    ),
    events: z.array(eventView),
  })
  .meta({ id: 'TaskDetail' });
export type TaskDetail = z.input<typeof taskDetail>;

const counted = z.object({ now: z.int(), before: z.int().meta({ description: 'A day ago' }) });
const overviewView = z
  .object({
    at: instant,
    dueToday: counted,
    overdue: counted,
    rectifying: counted,
    noticed: counted,
    worst: z.array(z.object({ code: z.string(), name: z.string(), running: z.int(), overdue: z.int() })),
    late: z.array(z.object({ code: z.string(), name: z.string(), since: instant })),
  })
  .meta({ id: 'Overview' });
export type OverviewView = z.input<typeof overviewView>;

/** Which deadlines a list has. */
export const taskFilter = z.object({
  state: listOf(state).optional().meta({ description: 'Of these states; without, those that run' }),
  unit: unitCode.optional(),
  rule: z.string().max(40).optional(),
  kind: listOf(duty).optional(),
  subject: z.string().max(200).optional(),
  dueFrom: date.optional(),
  dueTo: date.optional().meta({ description: 'Up to and with this day' }),
});

const cursor = z.tuple([z.string().nullable(), z.int()]);

export const unknownTask = new ApiProblem(404, 'task-unknown', { zh: '没有这项时限任务', en: 'There is no such task' });
const NOT_RUNNING = new ApiProblem(409, 'task-ended', {
  zh: '该任务已办结、撤销或容错，不能再容错',
  en: 'It has ended already and cannot be exempted',
});

const NOT_URGED: Record<Exclude<Urged, 'queued'>, ApiProblem> = {
  already: new ApiProblem(409, 'urged-today', {
    zh: '今天已催办过，每项任务每天最多催办一次',
    en: 'It was urged today already; once a day is the most',
  }),
  'no contact': new ApiProblem(
    409,
    'no-contact',
    { zh: '责任单位没有备案专人，无法催办', en: 'The unit has no contact on file' },
    { zh: '请先为该单位备案专人', en: 'Put one on file first' },
  ),
  'no channel': new ApiProblem(
    409,
    'no-channel',
    { zh: '没有可用的发送渠道能联系到该单位的专人', en: 'No channel that is set up reaches the unit’s contacts' },
    {
      zh: '请管理员在 hub.yaml 的 reminders 中开通邮件、短信或接口，或补全专人的联系方式',
      en: 'Set one up under reminders in hub.yaml, or complete the contact',
    },
  ),
};
const NOTHING_TO_URGE = new ApiProblem(409, 'task-not-running', {
  zh: '该任务已办结、中止或没有到期时间，不能催办',
  en: 'It has ended, is suspended or has no due time, and cannot be urged',
});
const { order } = FINDING.actions;
const NOTHING_TO_ORDER = new ApiProblem(409, 'task-not-overdue', {
  zh: '只有逾期未办结的任务才能责令改正；责令本身逾期的，在责令与通报中通报',
  en: 'Only what is overdue can be ordered to be rectified; an order that is overdue itself gets a notice',
});

const wordsOf = (reason: Reason | null): Said | null => reason && reasonInWords(reason);

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
  unit: filter.unit,
  rule: filter.rule,
  duties: filter.kind,
  subject: filter.subject,
  due: {
    from: filter.dueFrom === undefined ? null : new Date(startOfDayMs(filter.dueFrom)),
    to: filter.dueTo === undefined ? null : new Date(timeOfDayMs(filter.dueTo, '24:00')),
  },
});

export function taskRoutes(app: Api, options: ApiOptions): void {
  const { db, now, config } = options;

  app.get(
    '/overview',
    {
      config: { needs: 'tasks:read' },
      schema: { summary: '总览 What is overdue, and whose', tags: ['tasks'], response: { 200: overviewView } },
    },
    async (request) => {
      const at = now();
      return { at, ...(await dashboard(db, { at, units: principalOf(request).units })) };
    },
  );

  app.get(
    '/tasks',
    {
      config: { needs: 'tasks:read' },
      schema: {
        summary: '时限任务 Deadlines, the earliest due first',
        tags: ['tasks'],
        querystring: taskFilter.extend(paging.shape),
        response: { 200: pageOf(taskView) },
      },
    },
    async (request) => {
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

  const found = async (id: number, principal: Principal): Promise<Task> => {
    const task = await findTask(db, id, now());
    if (task && sees(principal, task.ownerCode)) return task;
    throw unknownTask;
  };

  app.get(
    '/tasks/:id',
    {
      config: { needs: 'tasks:read' },
      schema: {
        summary: '一项时限任务 One deadline: how its due time came about, and every change',
        tags: ['tasks'],
        params: idParams,
        response: { 200: taskDetail },
      },
    },
    async (request) => {
      const task = await found(request.params.id, principalOf(request));
      return {
        ...shownBy(config(), now())(task),
        days: daysOf(task, config().calendar),
        changes: (await changesOf(db, task.id)).map((change) => ({ ...change, reason: wordsOf(change.reason) })),
        events: await eventsOf(db, task.subject),
      };
    },
  );

  app.post(
    '/tasks/:id/exempt',
    {
      config: { needs: 'tasks:exempt' },
      schema: {
        summary: '容错 Exempt a deadline; it is counted apart',
        tags: ['tasks'],
        params: idParams,
        body: z.object({ reason: text(500), document: text(100).optional() }),
        response: { 200: z.object({}) },
      },
    },
    async (request) => {
      const task = await found(request.params.id, principalOf(request));
      return act(request, options, async (trx, { by, at }) => {
        const { reason: why, document = null } = request.body;
        if (!(await exemptObligation(trx, task.id, { by, at, reason: why, document }))) throw NOT_RUNNING;
        return {
          answer: {},
          deed: { action: 'tasks:exempt', object: `task/${task.id}`, detail: { reason: why, document } },
        };
      });
    },
  );

  app.post(
    '/tasks/:id/order',
    {
      config: { needs: 'supervision:order' },
      schema: {
        summary: '责令限期改正 Order the unit of an overdue deadline to rectify within so many working days (个案督办)',
        tags: ['tasks'],
        params: idParams,
        body: z.object(fieldsOf(order.fields)),
        response: { 200: z.object({ finding: z.int() }) },
      },
    },
    async (request) => {
      const task = await found(request.params.id, principalOf(request));
      if (task.state !== 'overdue' || task.kind === 'rectification') throw NOTHING_TO_ORDER;
      const answer = await act(request, options, async (trx, who) => {
        const step = { action: 'order', ...(request.body as Given<typeof order.fields>) } as const;
        const finding = await findOverdue(trx, task, who);
        await actOnCase(trx, FINDINGS, finding, step, who);
        return {
          answer: { finding },
          deed: {
            action: 'supervision:order',
            object: `rectification/${finding}`,
            detail: { action: step.action, task: task.id, ...detailOfStep(step) },
          },
        };
      });
      wake(options, { kind: 'rectification', id: answer.finding, round: 1 });
      return answer;
    },
  );

  app.post(
    '/tasks/:id/urge',
    {
      config: { needs: 'tasks:urge' },
      schema: {
        summary: '催办 Urge the unit to see to a deadline, by a message to its contacts; once a day',
        description: 'It is sent as other reminders are: outside working hours it waits.',
        tags: ['tasks'],
        params: idParams,
        body: z.object({ note: text(500) }),
        response: { 200: z.object({}) },
      },
    },
    async (request) => {
      const task = await found(request.params.id, principalOf(request));
      if (!URGENT_STATES.includes(task.state)) throw NOTHING_TO_URGE;
      return act(request, options, async (trx, { by, at }) => {
        const { note } = request.body;
        const { calendar, settings } = config();
        const urged = await urge(trx, task, { at, note, calendar, channels: channelsOf(settings.reminders) });
        if (urged !== 'queued') throw NOT_URGED[urged];
        await noteEvent(trx, task.subject, { by, at, what: 'urge', detail: { duty: DUTIES[task.kind].zh, note } });
        return { answer: {}, deed: { action: 'tasks:urge', object: `task/${task.id}`, detail: { note } } };
      });
    },
  );
}

/** By the tables of today: what an earlier version made of it, the changes say. */
export const daysOf = ({ startedAt, dueAt, workingDays }: Task, calendar: WorkingCalendar): TracedDay[] =>
  workingDays === null || dueAt === null ? [] : calendar.trace(shanghaiDate(startedAt.getTime()), workingDays);
