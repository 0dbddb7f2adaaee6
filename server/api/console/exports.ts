import { z } from 'zod';
import { may } from '../../../domain/access.ts';
import { shanghaiWallTime } from '../../../domain/dates.ts';
import {
  countRunning,
  getExport,
  listExports,
  openExport,
  ownExport,
  type Export,
} from '../../../store/console/exports.ts';
import type { Principal } from '../../../store/console/sessions.ts';
import { principalOf } from '../base/access.ts';
import { act } from '../base/act.ts';
import type { ApiOptions } from '../base/api.ts';
import { ApiProblem } from '../base/problem.ts';
import { get, post } from '../base/route.ts';
import { idParams, instant, XLSX } from '../base/views.ts';
import { EXPORTS, type ExportName } from './export-lists.ts';
import { exportFile, exportNamed, workExport } from './export-work.ts';

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

const UNKNOWN = new ApiProblem(404, 'export-unknown', { zh: '没有这个导出文件', en: 'There is no such export' });
/** Exports of one account that are in the making at once. */
const MOST_RUNNING = 5;
const TOO_MANY = new ApiProblem(
  409,
  'too-many-exports',
  { zh: `正在生成的导出已有 ${MOST_RUNNING} 个`, en: `There are ${MOST_RUNNING} exports in the making already` },
  { zh: '请等其中一个完成', en: 'Wait until one of them is done' },
);
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

/** Takes one thing out. */
const takeOut = <What extends ExportName>(what: What) => {
  const { zh, en, needs, filter, says } = EXPORTS[what];
  return post(
    `/exports/${what}`,
    {
      needs,
      summary: `导出${zh} Take out as a workbook: ${en}`,
      description: 'Up to 50,000 rows are ready at once; a longer one is written in the background.',
      tag: 'exports',
      body: filter,
      answer: exportView,
      problems: [409, 422],
    },
    async (request, options) => {
      const begun = { now: false };
      const { id } = await act(request, options, async (trx, { principal: { accountId, units }, at }) => {
        if ((await countRunning(trx, accountId)) >= MOST_RUNNING) throw TOO_MANY;
        const given = request.body;
        const opened = await openExport(trx, { accountId, what, filter: given, units, at });
        begun.now = true;
        const said = says(given).filter(([, value]) => value !== undefined);
        return {
          answer: { id: opened },
          deed: { action: 'export', object: `export/${opened}`, detail: { what, ...Object.fromEntries(said) } },
        };
      });
      // A repetition of the request finds it begun.
      if (begun.now) await workExport(options, id, AT_ONCE);
      return shown(await getExport(options.db, id));
    },
  );
};

async function ownExportOf({ db }: ApiOptions, id: number, principal: Principal): Promise<Export> {
  const known = await ownExport(db, principal, id);
  if (known && may(principal, exportNamed(known.what).needs)) return known;
  throw UNKNOWN;
}

const getExports = get(
  '/exports',
  {
    needs: 'exports:read',
    summary: '本人的导出 One’s own exports, the latest first',
    tag: 'exports',
    answer: z.object({ items: z.array(exportView) }),
  },
  async (request, { db }) => ({ items: (await listExports(db, principalOf(request), NAMED)).map(shown) }),
);

const getExportState = get(
  '/exports/:id',
  {
    needs: 'exports:read',
    summary: '导出进度 How far an export is',
    tag: 'exports',
    params: idParams,
    answer: exportView,
    problems: [404],
  },
  async (request, options) => shown(await ownExportOf(options, request.params.id, principalOf(request))),
);

const getExportFile = get(
  '/exports/:id/file',
  {
    needs: 'exports:read',
    summary: '下载导出文件 The workbook (xlsx)',
    tag: 'exports',
    params: idParams,
    answer: { type: XLSX },
    problems: [404, 409],
  },
  async (request, options, reply) => {
    const done = await ownExportOf(options, request.params.id, principalOf(request));
    if (done.finishedAt === null) throw NOT_DONE;
    const time = shanghaiWallTime(done.at.getTime()).slice(0, 16).replaceAll(/[-:]/g, '').replace(' ', '-');
    const name = encodeURIComponent(`${exportNamed(done.what).zh}-${time}.xlsx`);
    return reply
      .type(XLSX)
      .header('Content-Disposition', `attachment; filename*=UTF-8''${name}`)
      .header('Cache-Control', 'private, no-store')
      .send(await exportFile(options.db, options.config(), done));
  },
);

/** Lists that are taken out (导出). */
export const exportRoutes = {
  postExportTasks: takeOut('tasks'),
  postExportFindings: takeOut('findings'),
  postExportDisputes: takeOut('disputes'),
  postExportOutages: takeOut('outages'),
  postExportShareRequests: takeOut('share-requests'),
  postExportStreams: takeOut('streams'),
  postExportAudit: takeOut('audit'),
  postExportFigures: takeOut('figures'),
  getExports,
  getExportState,
  getExportFile,
};
