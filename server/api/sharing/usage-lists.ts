import { z } from 'zod';
import { openWorkbook } from '../../../connectors/sheets/open.ts';
import type { Said } from '../../../domain/said.ts';
import { INTERFACES } from '../../../domain/sharing/grant.ts';
import type { Workbook } from '../../../domain/spreadsheet.ts';
import { checkUsageList, writeUsageList } from '../../../settings/sheets/usage-list.ts';
import { keyOf } from '../../../settings/values.ts';
import { approvedCatalog } from '../../../store/library/catalog.ts';
import { approvalOf, approveUsageList, saveUsageList, usageLists } from '../../../store/sharing/usage-lists.ts';
import { principalOf } from '../base/access.ts';
import { act } from '../base/act.ts';
import { handedIn, LARGEST_REPORT } from '../base/evidence.ts';
import { ApiProblem, InvalidRequest } from '../base/problem.ts';
import { get, post } from '../base/route.ts';
import { instant, unitCode, whole, XLSX } from '../base/views.ts';
import { actingUnit } from '../ledger/acting-unit.ts';
import { sees } from '../ledger/tasks.ts';
import { grantView } from './grants.ts';

const tag = 'sharing';

const item = z.object({
  code: z.string(),
  name: z.string(),
  scenario: z.string(),
  types: z.array(z.string()),
  fields: z.array(z.string()).optional().meta({ description: 'Left out: what stands on every certificate' }),
  interfaces: z.array(keyOf(INTERFACES)).optional().meta({ description: 'Left out: find and verify' }),
  legalBasis: z.string().optional(),
});

/** One version of the list of uses (用证清单) of a user unit. */
export const usageListView = z
  .object({
    unitCode: z.string(),
    unitName: z.string(),
    version: z.int(),
    items: z.array(item),
    takenAt: instant,
    takenBy: z.string(),
    approvedAt: instant.nullable().meta({ description: 'Null: it waits for approval, and grants nothing' }),
    approvedBy: z.string().nullable(),
  })
  .meta({ id: 'UsageList' });
export type UsageListView = z.input<typeof usageListView>;

const getUsageLists = get(
  '/usage-lists',
  {
    needs: 'sharing:read',
    summary: '用证清单 The latest list of each unit; with `unit` every version of its own',
    tag,
    query: z.object({ unit: unitCode.optional() }),
    answer: z.object({ lists: z.array(usageListView) }),
  },
  async (request, { db }) => {
    const { units } = principalOf(request);
    const lists = await usageLists(db, request.query.unit);
    return { lists: lists.filter(({ unitCode: code }) => units?.includes(code) !== false) };
  },
);

/** A list in YAML is read where requests are answered, and so is no longer than this. */
const LONGEST_YAML = 300_000;
/** Faults of a file that are told at once. */
const MOST_FAULTS = 100;

const wrong = (faults: readonly Said[]): InvalidRequest =>
  new InvalidRequest(
    [],
    faults.map((line) => ({ path: 'file', ...line })),
  );

async function contentOf({ name, content }: z.output<typeof handedIn>): Promise<string | Workbook> {
  const bytes = Buffer.from(content, 'base64');
  if (!/\.ya?ml$/i.test(name)) return openWorkbook(bytes, name);
  if (bytes.length <= LONGEST_YAML) return bytes.toString();
  throw wrong([{ zh: 'YAML 过长，请改用 xlsx', en: 'too long for YAML; hand it in as xlsx' }]);
}

const postUsageList = post(
  '/usage-lists',
  {
    needs: 'sharing:list',
    summary: '提交用证清单 Take a unit’s list as its next version, all of it or nothing; it grants nothing yet',
    description:
      'The file is a workbook with the columns 事项编码, 事项名称, 应用场景 and 证照类型代码, and 字段, 用证方式 and 依据 where they are wanted; or, where its name ends in .yaml, a list of {code, name, scenario, types, fields, interfaces, legalBasis}. What is wrong in it is told by row and column.',
    tag,
    body: z.object({
      unit: unitCode.optional().meta({ description: 'Left out: one’s own unit' }),
      file: handedIn,
      needs: z.boolean().default(false).meta({
        description: 'Types that the catalog does not have are taken too: the unit is to request each (共享申请)',
      }),
    }),
    bodyLimit: LARGEST_REPORT,
    answer: z.object({
      unit: z.string(),
      version: z.int().nullable().meta({ description: 'Null: it is the list that the unit has' }),
      uses: z.int(),
      needed: z.array(z.string()).meta({ description: 'Types that are to be requested' }),
    }),
    problems: [404],
  },
  async (request, options) => {
    const { unit: named, file, needs } = request.body;
    const content = await contentOf(file);
    return act(request, options, async (trx, { by, at, principal }) => {
      const unit = await actingUnit(trx, principal, named);
      const catalog = await approvedCatalog(trx);
      const { items, faults } = checkUsageList(file.name, content, catalog, needs);
      if (!items) {
        const others = faults.length - MOST_FAULTS;
        const rest = { zh: `另有 ${others} 处`, en: `and ${others} more` };
        throw wrong(others > 0 ? [...faults.slice(0, MOST_FAULTS), rest] : faults);
      }
      const version = (await saveUsageList(trx, unit, items, { by, at }))?.version ?? null;
      const types = new Set(items.flatMap((each) => each.types));
      const needed = [...types].filter((type) => !catalog.has(type));
      return {
        answer: { unit: unit.code, version, uses: items.length, needed },
        deed: { action: 'sharing:list', object: `usage-list/${unit.code}`, detail: { version, uses: items.length } },
      };
    });
  },
);

const UNKNOWN = new ApiProblem(404, 'usage-list-unknown', {
  zh: '没有这个用证清单版本',
  en: 'There is no such version of a list of uses',
});

const getUsageListSheet = get(
  '/usage-lists/:unit/versions/:version/sheet',
  {
    needs: 'sharing:read',
    summary: '导出用证清单 A version of a list as a workbook (xlsx), which can be handed in again',
    tag,
    params: z.object({ unit: unitCode, version: whole.positive() }),
    answer: { type: XLSX },
    problems: [404],
  },
  async (request, { db }, reply) => {
    const { unit, version } = request.params;
    const lists = sees(principalOf(request), unit) ? await usageLists(db, unit) : [];
    const list = lists.find((each) => each.version === version);
    if (!list) throw UNKNOWN;
    const name = encodeURIComponent(`用证清单-${list.unitName}-${version}.xlsx`);
    return reply
      .type(XLSX)
      .header('Content-Disposition', `attachment; filename*=UTF-8''${name}`)
      .send(writeUsageList(list.items, await approvedCatalog(db)));
  },
);

const unshared = z.array(z.string()).meta({ description: 'Types that it lists and that are not shared' });

const getUsageListApproval = get(
  '/usage-lists/:unit/approval',
  {
    needs: 'sharing:read',
    summary: '审定预览 What approving the latest version of a list would grant and end; nothing is changed',
    tag,
    params: z.object({ unit: unitCode }),
    answer: z.object({
      version: z.int(),
      makes: z.array(
        grantView.pick({
          matter: true,
          matterName: true,
          scenario: true,
          typeCode: true,
          fields: true,
          interfaces: true,
          legalBasis: true,
        }),
      ),
      ends: z.array(grantView),
      unshared,
    }),
    problems: [404, 409],
  },
  async (request, { db }) => {
    const { unit } = request.params;
    if (!sees(principalOf(request), unit)) throw UNKNOWN;
    return approvalOf(db, unit, await approvedCatalog(db));
  },
);

const postUsageListApprove = post(
  '/usage-lists/:unit/approve',
  {
    needs: 'sharing:approve',
    summary: '审定用证清单 Approve the latest version of a unit’s list: from now on it grants what it lists',
    tag,
    params: z.object({ unit: unitCode }),
    body: z.object({ version: z.int().positive().meta({ description: 'The version that was looked at' }) }),
    answer: z.object({ made: z.int(), ended: z.int(), unshared }),
    problems: [404, 409],
  },
  (request, options) =>
    act(request, options, async (trx, { by, at, principal }) => {
      const { unit } = request.params;
      const { version } = request.body;
      if (!sees(principal, unit)) throw UNKNOWN;
      const approval = await approveUsageList(trx, unit, version, await approvedCatalog(trx), { by, at });
      const [made, ended] = [approval.makes.length, approval.ends.length];
      return {
        answer: { made, ended, unshared: approval.unshared },
        deed: { action: 'sharing:approve', object: `usage-list/${unit}`, detail: { version, made, ended } },
      };
    }),
);

/** Lists of uses (用证清单). */
export const usageListRoutes = {
  getUsageLists,
  postUsageList,
  getUsageListSheet,
  getUsageListApproval,
  postUsageListApprove,
};
