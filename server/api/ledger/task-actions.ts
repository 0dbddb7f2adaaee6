import { z } from 'zod';
import type { Given } from '../../../domain/casework/definition.ts';
import { FINDING } from '../../../domain/supervision/findings.ts';
import { DUTIES, URGENT_STATES } from '../../../domain/ledger/duties.ts';
import { correctObligation, noteEvent } from '../../../store/ledger/obligations.ts';
import { reachOf, urge, type Urged } from '../../../store/ledger/reminders.ts';
import { actOnCase } from '../../../store/casework/cases.ts';
import { exempt } from '../../../store/supervision/exemptions.ts';
import { detailOfStep, findingsUnder } from '../../../store/supervision/findings.ts';
import { findOverdue } from '../../../store/supervision/inspections.ts';
import { principalOf } from '../base/access.ts';
import { act } from '../base/act.ts';
import { wake } from '../base/case-action.ts';
import { ApiProblem } from '../base/problem.ts';
import { post } from '../base/route.ts';
import { idParams, instant, text } from '../base/views.ts';
import { fieldsOf } from '../base/case-fields.ts';
import { seenTask } from './tasks.ts';

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
const NOTHING_TO_ORDER = new ApiProblem(409, 'task-not-overdue', {
  zh: '只有逾期未办结的任务才能要求限期整改；整改本身逾期的，在“问题整改”中处理',
  en: 'Only what is overdue can be ordered to be rectified; an order that is overdue itself gets a notice',
});

const { order } = FINDING.actions;

const postTaskExempt = post(
  '/tasks/:id/exempt',
  {
    needs: 'tasks:exempt',
    summary: '容错 Exempt a deadline, where the regulation has an article for it; it is counted apart',
    tag: 'tasks',
    params: idParams,
    body: z.object({
      cause: text(500).meta({ description: '客观原因: what was out of the unit’s hands' }),
      document: text(100).meta({ description: '批准文号' }),
      approver: text(100).meta({ description: 'Who approved it, by name' }),
    }),
    answer: z.object({}),
    problems: [404, 409, 422],
  },
  async (request, options) => {
    const task = await seenTask(options, request.params.id, principalOf(request));
    return act(request, options, async (trx, { by, at }) => {
      const { supervision } = options.config().jurisdiction;
      await exempt(trx, supervision, task.id, request.body, { by, at });
      return { answer: {}, deed: { action: 'tasks:exempt', object: `task/${task.id}`, detail: { ...request.body } } };
    });
  },
);

const postTaskCorrect = post(
  '/tasks/:id/correct',
  {
    needs: 'tasks:correct',
    summary:
      '更正时限 Set a corrected term beside a missed one that was counted from a wrong time; both stay and count',
    tag: 'tasks',
    params: idParams,
    body: z.object({
      startedAt: instant.meta({ description: 'When it really started' }),
      reason: text(500),
      document: text(100).meta({ description: '依据文号' }),
    }),
    answer: z.object({ task: z.int().meta({ description: 'The corrected one' }) }),
    problems: [404, 409, 422],
  },
  async (request, options) => {
    const task = await seenTask(options, request.params.id, principalOf(request));
    return act(request, options, async (trx, { by, at }) => {
      const { startedAt, reason: said, document } = request.body;
      const corrected = await correctObligation(trx, task.id, { by, at, startedAt, said, document });
      const detail = { reason: said, document, corrected };
      return { answer: { task: corrected }, deed: { action: 'tasks:correct', object: `task/${task.id}`, detail } };
    });
  },
);

const postTaskOrder = post(
  '/tasks/:id/order',
  {
    needs: 'supervision:order',
    summary: '限期整改 Have the unit of an overdue deadline rectify within so many working days (个案督办)',
    tag: 'tasks',
    params: idParams,
    body: z.object(fieldsOf(order.fields)),
    answer: z.object({ finding: z.int() }),
    problems: [404, 409, 422],
  },
  async (request, options) => {
    const task = await seenTask(options, request.params.id, principalOf(request));
    if (task.state !== 'overdue' || task.kind === 'rectification') throw NOTHING_TO_ORDER;
    const answer = await act(request, options, async (trx, who) => {
      const step = { action: 'order', ...(request.body as Given<typeof order.fields>) } as const;
      const finding = await findOverdue(trx, task, who);
      await actOnCase(trx, findingsUnder(options.config().jurisdiction.supervision), finding, step, who);
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

const postTaskUrge = post(
  '/tasks/:id/urge',
  {
    needs: 'tasks:urge',
    summary: '催办 Urge the unit to see to a deadline, by a message to its contacts; once a day',
    description: 'It is sent as other reminders are: outside working hours it waits.',
    tag: 'tasks',
    params: idParams,
    body: z.object({ note: text(500) }),
    answer: z.object({}),
    problems: [404, 409, 422],
  },
  async (request, options) => {
    const task = await seenTask(options, request.params.id, principalOf(request));
    if (!URGENT_STATES.includes(task.state)) throw NOTHING_TO_URGE;
    return act(request, options, async (trx, { by, at }) => {
      const { note } = request.body;
      const { calendar, settings } = options.config();
      const urged = await urge(trx, task, { at, note, calendar, reach: reachOf(settings.reminders) });
      if (urged !== 'queued') throw NOT_URGED[urged];
      await noteEvent(trx, task.subject, { by, at, what: 'urge', detail: { duty: DUTIES[task.kind].zh, note } });
      return { answer: {}, deed: { action: 'tasks:urge', object: `task/${task.id}`, detail: { note } } };
    });
  },
);

/** What is done about a deadline. */
export const taskActionRoutes = { postTaskExempt, postTaskCorrect, postTaskOrder, postTaskUrge };
