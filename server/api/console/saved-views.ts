import { z } from 'zod';
import { dropView, listViews, saveView } from '../../../store/console/saved-views.ts';
import { principalOf } from '../base/access.ts';
import { act } from '../base/act.ts';
import type { Api, ApiOptions } from '../base/api.ts';
import { ApiProblem } from '../base/problem.ts';
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

const UNKNOWN = new ApiProblem(404, 'view-unknown', { zh: '没有这个视图', en: 'There is no such view' });

/** Filters that people keep for themselves (我的视图). */
export function savedViewRoutes(app: Api, options: ApiOptions): void {
  app.get(
    '/views',
    {
      config: { needs: 'signed-in' },
      schema: {
        summary: '我的视图 One’s own views: filters of pages under a name',
        tags: ['session'],
        response: { 200: z.object({ items: z.array(savedView) }) },
      },
    },
    async (request) => ({ items: await listViews(options.db, principalOf(request).accountId) }),
  );

  app.post(
    '/views',
    {
      config: { needs: 'signed-in' },
      schema: {
        summary: '保存视图 Keep a view; one of the same name is replaced',
        tags: ['session'],
        body: given,
        response: { 200: z.object({ id: z.int() }) },
      },
    },
    (request) =>
      act(request, options, async (trx, { principal }) => {
        const id = await saveView(trx, principal.accountId, request.body);
        const detail = { saved: request.body.name, page: request.body.page };
        return { answer: { id }, deed: { action: 'session', object: `view/${id}`, detail } };
      }),
  );

  app.delete(
    '/views/:id',
    {
      config: { needs: 'signed-in' },
      schema: {
        summary: '删除视图 Drop a view',
        tags: ['session'],
        params: idParams,
        response: { 200: z.object({}) },
      },
    },
    (request) =>
      act(request, options, async (trx, { principal }) => {
        const { id } = request.params;
        if (!(await dropView(trx, principal.accountId, id))) throw UNKNOWN;
        return {
          answer: {},
          deed: { action: 'session', object: `view/${id}`, detail: { changed: 'dropped' } },
        };
      }),
  );
}
