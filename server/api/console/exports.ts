import { z } from 'zod';
import { may } from '../../../domain/access.ts';
import { shanghaiWallTime } from '../../../domain/dates.ts';
import { getExport, listExports, openExport, ownExport, type Export } from '../../../store/console/exports.ts';
import { EXPORTS } from './export-lists.ts';
import { exportFile, exportNamed, workExport } from './export-work.ts';
import type { Principal } from '../../../store/console/sessions.ts';
import { principalOf } from '../base/access.ts';
import { act } from '../base/act.ts';
import type { Api, ApiOptions } from '../base/api.ts';
import { ApiProblem } from '../base/problem.ts';
import { idParams, instant } from '../base/views.ts';

/** A list that is taken out (导出), in the making or made. */
export const exportView = z
  .object({
    id: z.int(),
    what: z.string(),
    zh: z.string(),
    en: z.string(),
    at: instant,
    state: z.enum(['running', 'done', 'failed']),
    rows: z.int(),
    total: z.int().nullable().meta({ description: 'Rows that there are to be; null while that is not known' }),
  })
  .meta({ id: 'Export' });
export type ExportView = z.input<typeof exportView>;

/** Rows that are written while the caller waits; the rest of a longer list is written in the background. */
const AT_ONCE = 50_000;
const NAMED = 10;
const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

const UNKNOWN = new ApiProblem(404, 'export-unknown', { zh: '没有这个导出文件', en: 'There is no such export' });
const NOT_DONE = new ApiProblem(
  409,
  'export-running',
  { zh: '文件尚未生成完毕', en: 'The file is not ready yet' },
  { zh: '请稍候', en: 'Wait until it is' },
);

const shown = ({ id, what, at, rows, total, finishedAt, failedAt }: Export): z.output<typeof exportView> => {
  const { zh, en } = exportNamed(what);
  const state = finishedAt ? 'done' : failedAt ? 'failed' : 'running';
  return { id, what, zh, en, at, rows, total: state === 'done' ? rows : total, state };
};

export function exportRoutes(app: Api, options: ApiOptions): void {
  const { db, config } = options;

  for (const [what, { zh, en, needs, filter, says }] of Object.entries(EXPORTS))
    app.post(
      `/exports/${what}`,
      {
        config: { needs },
        schema: {
          summary: `导出${zh} Take out as a workbook: ${en}`,
          description: 'Up to 50,000 rows are ready at once; a longer one is written in the background.',
          tags: ['exports'],
          body: filter,
          response: { 200: exportView },
        },
      },
      async (request) => {
        const begun = { now: false };
        const { id } = await act(request, options, async (trx, { principal: { accountId, units }, at }) => {
          const given = request.body;
          const opened = await openExport(trx, { accountId, what, filter: given, units, at });
          begun.now = true;
          const said = says(given).filter(([, value]) => value !== undefined);
          return {
            answer: { id: opened },
            deed: {
              action: 'export',
              object: `export/${opened}`,
              detail: { what, ...Object.fromEntries(said) },
            },
          };
        });
        // A repetition of the request finds it begun.
        if (begun.now) await workExport(options, id, AT_ONCE);
        return shown(await getExport(db, id));
      },
    );

  const found = async (id: number, principal: Principal): Promise<Export> => {
    const known = await ownExport(db, principal, id);
    if (known && may(principal, exportNamed(known.what).needs)) return known;
    throw UNKNOWN;
  };

  app.get(
    '/exports',
    {
      config: { needs: 'exports:read' },
      schema: {
        summary: '本人的导出 One’s own exports, the latest first',
        tags: ['exports'],
        response: { 200: z.object({ items: z.array(exportView) }) },
      },
    },
    async (request) => ({ items: (await listExports(db, principalOf(request), NAMED)).map(shown) }),
  );

  app.get(
    '/exports/:id',
    {
      config: { needs: 'exports:read' },
      schema: {
        summary: '导出进度 How far an export is',
        tags: ['exports'],
        params: idParams,
        response: { 200: exportView },
      },
    },
    async (request) => shown(await found(request.params.id, principalOf(request))),
  );

  app.get(
    '/exports/:id/file',
    {
      config: { needs: 'exports:read' },
      schema: { summary: '下载导出文件 The workbook (xlsx)', tags: ['exports'], params: idParams },
    },
    async (request, reply) => {
      const done = await found(request.params.id, principalOf(request));
      if (done.finishedAt === null) throw NOT_DONE;
      const time = shanghaiWallTime(done.at.getTime()).slice(0, 16).replaceAll(/[-:]/g, '').replace(' ', '-');
      const name = encodeURIComponent(`${exportNamed(done.what).zh}-${time}.xlsx`);
      return reply
        .type(XLSX)
        .header('Content-Disposition', `attachment; filename*=UTF-8''${name}`)
        .header('Cache-Control', 'private, no-store')
        .send(await exportFile(db, config(), done));
    },
  );
}
