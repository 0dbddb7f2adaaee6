import { z } from 'zod';
import { dropView, listViews, saveView } from '../../../store/console/saved-views.ts';
import { principalOf } from '../base/access.ts';
import { act } from '../base/act.ts';
import { ApiProblem } from '../base/problem.ts';
import { del, get, post } from '../base/route.ts';
import { idParams, text } from '../base/views.ts';

const given = z.object({
  page: z.string().regex(/^\/[a-z-]{1,40}$/, '/tasks'),
  name: text(40),
  query: z
    .string()
    .regex(/^[^?#\s]{1,2000}$/, 'state=overdue&unit=…')
    .meta({ description: 'What follows the “?” of the page’s address' }),
});
const savedView = given.extend({ id: z.int() }).meta({ id: 'SavedView' });
export type SavedViewView = z.input<typeof savedView>;

/** Views of one account. */
const MOST_VIEWS = 100;
const TOO_MANY = new ApiProblem(
  409,
  'too-many-views',
  { zh: `视图已有 ${MOST_VIEWS} 个`, en: `There are ${MOST_VIEWS} views already` },
  { zh: '请先删除不再使用的视图', en: 'Drop those that are not used any more' },
);
const UNKNOWN = new ApiProblem(404, 'view-unknown', { zh: '没有这个视图', en: 'There is no such view' });

const getViews = get(
  '/views',
  {
    needs: 'signed-in',
    summary: '我的视图 One’s own views: filters of pages under a name',
    tag: 'session',
    answer: z.object({ items: z.array(savedView) }),
  },
  async (request, { db }) => ({ items: await listViews(db, principalOf(request).accountId) }),
);

const postView = post(
  '/views',
  {
    needs: 'person',
    summary: '保存视图 Keep a view; one of the same name is replaced',
    tag: 'session',
    body: given,
    answer: z.object({ id: z.int() }),
    problems: [409, 422],
  },
  (request, options) =>
    act(request, options, async (trx, { principal }) => {
      const { page, name } = request.body;
      const views = await listViews(trx, principal.accountId);
      if (views.length >= MOST_VIEWS && !views.some((view) => view.page === page && view.name === name)) throw TOO_MANY;
      const id = await saveView(trx, principal.accountId, request.body);
      const detail = { saved: request.body.name, page: request.body.page };
      return { answer: { id }, deed: { action: 'session', object: `view/${id}`, detail } };
    }),
);

const deleteView = del(
  '/views/:id',
  {
    needs: 'person',
    summary: '删除视图 Drop a view',
    tag: 'session',
    params: idParams,
    answer: z.object({}),
    problems: [404, 422],
  },
  (request, options) =>
    act(request, options, async (trx, { principal }) => {
      const { id } = request.params;
      if (!(await dropView(trx, principal.accountId, id))) throw UNKNOWN;
      return { answer: {}, deed: { action: 'session', object: `view/${id}`, detail: { changed: 'dropped' } } };
    }),
);

/** Filters that people keep for themselves (我的视图). */
export const savedViewRoutes = { getViews, postView, deleteView };
