import { isDeepStrictEqual } from 'node:util';
import type { FastifyRequest } from 'fastify';
import type { Knex } from 'knex';
import { z } from 'zod';
import { calendarDate, keyOf } from '../../../settings/values.ts';
import { catalogEntrySchema } from '../../../settings/schemas/catalog.ts';
import {
  CATALOG_FIELDS,
  ENTRY_FIELDS,
  HOLDER_KINDS,
  lackingFields,
  LEVELS,
  publicCatalog,
  templateMissing,
  type CatalogEntry,
  type CatalogField,
} from '../../../domain/library/catalog.ts';
import { shanghaiWallTime } from '../../../domain/dates.ts';
import {
  approveDrafts,
  approvedCatalog,
  catalogLines,
  draftEntries,
  lockDraft,
  refuseDraft,
  versionsOfEntry,
  waitingTypes,
  type EntryVersion,
} from '../../../store/library/catalog.ts';
import { keepTemplate, lacksTemplate, readTemplate } from '../../../store/library/templates.ts';
import type { Who } from '../../../store/ledger/case-files.ts';
import { startReplay } from '../../../temporal/runs.ts';
import { FORBIDDEN, principalOf } from '../base/access.ts';
import { act } from '../base/act.ts';
import type { ApiOptions } from '../base/api.ts';
import { handedIn, keptFile, LARGEST_REPORT, sendFile } from '../base/evidence.ts';
import { ApiProblem } from '../base/problem.ts';
import { get, post } from '../base/route.ts';
import { instant, pageOf, pageOfRows, paging, readCursor, text, unitCode, whole } from '../base/views.ts';

const typeCode = z.string().regex(/^[0-9A-Z]{1,21}$/, '证照类型代码');
const unit = z.object({ code: z.string(), name: z.string() });

/** One type of certificate in the issuing catalog (发证目录). */
export const catalogView = z
  .object({
    typeCode: z.string(),
    name: z.string(),
    category: z.string().nullable(),
    issuer: unit.nullable(),
    state: z.enum(['draft', 'approved', 'withdrawn']),
    version: z.int(),
    draft: z.int().nullable().meta({ description: 'A draft that would change what is in force' }),
    by: z.string(),
    at: instant,
  })
  .meta({ id: 'CatalogLine' });
export type CatalogView = z.input<typeof catalogView>;

const waitingView = z
  .object({ typeCode: z.string(), stream: z.string(), unit: z.string(), records: z.int(), since: instant })
  .meta({ id: 'WaitingType' });
export type WaitingView = z.input<typeof waitingView>;

const field = keyOf(ENTRY_FIELDS);
const entryDetail = z
  .object({
    typeCode: z.string(),
    versions: z.array(
      z.object({
        version: z.int(),
        state: z.enum(['draft', 'approved', 'superseded', 'withdrawn']),
        entry: catalogEntrySchema,
        templateHash: z
          .string()
          .nullable()
          .meta({ description: 'SHA-256 of the template; null: its file is not stored' }),
        draftedBy: z.string(),
        draftedAt: instant,
        decidedBy: z.string().nullable(),
        decidedAt: instant.nullable(),
        differs: z.array(field).meta({ description: 'From the version before it; of a draft, from what is in force' }),
      }),
    ),
    lacking: z
      .array(keyOf(CATALOG_FIELDS))
      .meta({ description: 'What the regulation asks for and the draft does not say' }),
    article: z.string().meta({ description: 'The article that asks for it' }),
    lacksTemplate: z.boolean().meta({ description: 'The file of the draft’s template is not stored, or damaged' }),
    draftStamp: z.string().nullable().meta({ description: 'If-Match of a decision on the draft' }),
    waiting: z.array(waitingView),
  })
  .meta({ id: 'CatalogEntry' });
export type EntryDetail = z.input<typeof entryDetail>;

const UNKNOWN = new ApiProblem(404, 'entry-unknown', {
  zh: '目录中没有这个证照类型',
  en: 'The catalog has no such type',
});
const NO_DRAFT = new ApiProblem(
  404,
  'draft-unknown',
  { zh: '没有待审核的草案，可能已被处理', en: 'There is no draft; somebody may have decided on it' },
  { zh: '请刷新后查看', en: 'Look at it as it is now' },
);

const stampOf = ({ version, draftedAt }: EntryVersion): string => `${version}-${draftedAt.getTime()}`;
const codeParams = z.object({ typeCode });

const getCatalog = get(
  '/catalog',
  {
    needs: 'catalog:read',
    summary: '发证目录 The issuing catalog, one line for each type',
    tag: 'catalog',
    query: z
      .object({
        state: z.enum(['draft', 'approved', 'withdrawn']).optional(),
        text: z.string().trim().max(100).optional(),
        issuer: unitCode.optional(),
      })
      .extend(paging.shape),
    answer: pageOf(catalogView),
  },
  async (request, { db }) => {
    const { limit, after, ...filter } = request.query;
    const [last] = readCursor(after, z.tuple([z.string()])) ?? [];
    const { units } = principalOf(request);
    const lines = await catalogLines(db, { ...filter, units, after: last, limit: limit + 1 });
    return pageOfRows(lines, limit, (line) => [line.typeCode]);
  },
);

const publicEntryView = z
  .object({
    typeCode: z.string(),
    name: z.string(),
    category: z.string().nullable(),
    issuer: unit.nullable(),
    definer: unit.nullable(),
    holders: z.array(keyOf(HOLDER_KINDS)),
    face: z.array(z.object({ label: z.string(), required: z.boolean(), type: z.enum(['text', 'date', 'number']) })),
    collectFrom: calendarDate.nullable(),
    level: keyOf(LEVELS).nullable(),
    items: z.array(z.object({ code: z.string(), name: z.string() })),
    validYears: z.int().nullable(),
    members: z
      .array(z.string())
      .meta({ description: '一业一证: the types that it is made of, as far as they are open' }),
  })
  .meta({ id: 'PublicCatalogEntry' });
export type PublicEntryView = z.input<typeof publicEntryView>;

/** Requests a minute from one address to what is open to everybody. */
const MOST_PUBLIC = 60;

const getPublicCatalog = get(
  '/public/catalog',
  {
    needs: 'public',
    summary: '公开目录 What everybody may know of the catalog: entries in force whose 类目公开属性 is 社会公开',
    tag: 'catalog',
    query: z
      .object({ text: z.string().trim().max(100).optional().meta({ description: 'Part of the name, or of the code' }) })
      .extend(paging.shape),
    most: MOST_PUBLIC,
    answer: pageOf(publicEntryView),
  },
  async (request, { db }) => {
    const { limit, after, text: sought = '' } = request.query;
    const [last = ''] = readCursor(after, z.tuple([z.string()])) ?? [];
    const open = publicCatalog(await approvedCatalog(db)).filter(
      ({ typeCode: code, name }) => code > last && (name.includes(sought) || code.startsWith(sought)),
    );
    return pageOfRows(open.slice(0, limit + 1), limit, ({ typeCode: code }) => [code]);
  },
);

const getCatalogWaiting = get(
  '/catalog/waiting',
  {
    needs: 'catalog:read',
    summary: '待入目录 Types whose records wait for an entry',
    tag: 'catalog',
    answer: z.object({ items: z.array(waitingView) }),
  },
  async (request, { db }) => ({ items: await waitingTypes(db, principalOf(request).units) }),
);

const getCatalogEntry = get(
  '/catalog/:typeCode',
  {
    needs: 'catalog:read',
    summary: '一个目录条目 One type with all its versions',
    tag: 'catalog',
    params: codeParams,
    answer: entryDetail,
    problems: [404],
  },
  async (request, { db, config, files }) => {
    const { units } = principalOf(request);
    const code = request.params.typeCode;
    const versions = await versionsOfEntry(db, code, units);
    if (versions.length === 0) throw UNKNOWN;
    const draft = versions.find(({ state }) => state === 'draft');
    const approved = versions.find(({ state }) => state === 'approved');
    const { required, article } = config().jurisdiction.catalog;
    return {
      typeCode: code,
      article,
      lacking: draft ? lackingFields(draft.entry, required) : [],
      lacksTemplate: draft ? await lacksTemplate(files, draft) : false,
      versions: versions.map((version, index) => {
        const before = version === draft && approved ? approved : versions[index + 1];
        return { ...version, differs: before ? differing(before, version) : [] };
      }),
      draftStamp: draft ? stampOf(draft) : null,
      waiting: (await waitingTypes(db, units)).filter((waiting) => waiting.typeCode === code),
    };
  },
);

const decided = z.object({ version: z.int() });

const postCatalogApprove = post(
  '/catalog/:typeCode/approve',
  {
    needs: 'catalog:approve',
    summary: '批准草案 Put a draft into force; records that wait for it enter the library',
    tag: 'catalog',
    params: codeParams,
    body: z.object({ reason: text(500).optional() }),
    answer: decided,
    problems: [404, 409, 422],
  },
  async (request, options) => {
    const code = request.params.typeCode;
    const { required, article } = options.config().jurisdiction.catalog;
    const answer = await decide(
      request,
      options,
      code,
      { decision: 'approve', reason: request.body.reason },
      async (trx, draft, { by, at }) => {
        const lacking = lackingFields(draft.entry, required);
        if (lacking.length > 0) throw incomplete(lacking, article);
        if (await lacksTemplate(options.files, draft)) throw withoutTemplate(draft);
        await approveDrafts(trx, [code], by, at);
      },
    );
    await letIn(options, code);
    return answer;
  },
);

const getCatalogTemplate = get(
  '/catalog/:typeCode/versions/:version/template',
  {
    needs: 'catalog:read',
    summary: '证照模板 The template of a version, as it was handed in',
    tag: 'catalog',
    params: codeParams.extend({ version: whole.positive() }),
    answer: { type: 'application/octet-stream' },
    problems: [404],
  },
  async (request, { db, files }, reply) => {
    const { typeCode: code, version: number } = request.params;
    const versions = await versionsOfEntry(db, code, principalOf(request).units);
    const version = versions.find((one) => one.version === number);
    if (!version) throw UNKNOWN;
    const { entry, templateHash: hash } = version;
    const content = hash === null ? null : await readTemplate(files, hash);
    if (content === null) throw new ApiProblem(404, 'template-missing', templateMissing(entry));
    return sendFile(reply, { name: entry.template ?? code, content });
  },
);

const postCatalogTemplate = post(
  '/catalog/:typeCode/template',
  {
    needs: 'catalog:draft',
    summary: '上传证照模板 Hand in the template of a type: with its draft, else with a new draft of what is in force',
    tag: 'catalog',
    params: codeParams,
    body: z.object({ file: handedIn }),
    bodyLimit: LARGEST_REPORT,
    answer: z.object({ hash: z.string().meta({ description: 'SHA-256, hexadecimal' }) }),
    problems: [404, 422],
  },
  (request, options) =>
    act(request, options, async (trx, { by, at, principal }) => {
      const code = request.params.typeCode;
      const { name, content } = keptFile(request.body.file);
      const versions = await versionsOfEntry(trx, code, principal.units);
      const standing =
        versions.find(({ state }) => state === 'draft') ?? versions.find(({ state }) => state === 'approved');
      if (!standing) throw UNKNOWN;
      const { entry } = standing;
      if (principal.units && !principal.units.includes(entry.issuer?.code ?? '')) throw FORBIDDEN;
      const hash = await keepTemplate(options.files, content);
      const templates = new Map([[name, hash]]);
      await draftEntries(trx, [{ ...entry, template: name }], principal.unitCode ?? by, at, { templates });
      return {
        answer: { hash },
        deed: { action: 'catalog:draft', object: `catalog/${code}`, detail: { template: name, sha256: hash } },
      };
    }),
);

const postCatalogRefuse = post(
  '/catalog/:typeCode/refuse',
  {
    needs: 'catalog:approve',
    summary: '退回草案 Refuse a draft; what is in force stays',
    tag: 'catalog',
    params: codeParams,
    body: z.object({ reason: text(500) }),
    answer: decided,
    problems: [404, 409, 422],
  },
  (request, options) => {
    const code = request.params.typeCode;
    return decide(
      request,
      options,
      code,
      { decision: 'refuse', reason: request.body.reason },
      (trx, _draft, { by, at }) => refuseDraft(trx, code, by, at),
    );
  },
);

/** Decides on a draft once it is as the caller saw it. */
const decide = (
  request: FastifyRequest,
  options: ApiOptions,
  code: string,
  { decision, reason = null }: { decision: 'approve' | 'refuse'; reason?: string | null | undefined },
  work: (trx: Knex.Transaction, draft: EntryVersion, who: Who) => Promise<void>,
): Promise<z.output<typeof decided>> =>
  act(request, options, async (trx, who) => {
    const draft = await lockDraft(trx, code);
    // One that somebody does not see is to them as one that there is not.
    if (!draft || (await versionsOfEntry(trx, code, who.principal.units)).length === 0) throw NO_DRAFT;
    const seen = request.headers['if-match']?.replaceAll('"', '');
    if (seen !== undefined && seen !== stampOf(draft)) throw draftedMeanwhile(draft);
    await work(trx, draft, who);
    const { version, draftedBy } = draft;
    return {
      answer: { version },
      deed: {
        action: 'catalog:approve',
        object: `catalog/${code}`,
        detail: { decision, version, draftedBy, reason },
      },
    };
  });

/** What waited for its type goes in by the workflow that maps rejects again; while Temporal is away, people replay it. */
async function letIn({ db, temporal, config, logger }: ApiOptions, code: string): Promise<void> {
  const waiting = (await waitingTypes(db)).filter((type) => type.typeCode === code);
  for (const { stream } of waiting) {
    try {
      await startReplay(await temporal(), config(), stream, 'type-unlisted');
    } catch {
      logger.warn('records that waited for their type were not replayed', { stream, typeCode: code });
    }
  }
}

const differing = (one: EntryVersion, other: EntryVersion): (keyof CatalogEntry)[] =>
  (Object.keys(ENTRY_FIELDS) as (keyof CatalogEntry)[]).filter(
    (name) =>
      !isDeepStrictEqual(one.entry[name], other.entry[name]) ||
      (name === 'template' && one.templateHash !== other.templateHash),
  );

const incomplete = (lacking: readonly CatalogField[], article: string): ApiProblem =>
  new ApiProblem(422, 'entry-incomplete', {
    zh: `草案缺少${article}要求的：${lacking.map((name) => CATALOG_FIELDS[name]).join('、')}`,
    en: `The draft lacks what ${article} asks for: ${lacking.join(', ')}`,
  });

const withoutTemplate = ({ entry }: EntryVersion): ApiProblem =>
  new ApiProblem(422, 'template-missing', templateMissing(entry), {
    zh: '先上传证照模板，再批准',
    en: 'Hand in the file of the template, then approve',
  });

function draftedMeanwhile({ draftedBy, draftedAt }: EntryVersion): ApiProblem {
  const at = shanghaiWallTime(draftedAt.getTime()).slice(0, 16);
  return new ApiProblem(
    409,
    'changed-meanwhile',
    { zh: `${draftedBy} 已于 ${at} 更新草案`, en: `${draftedBy} changed the draft at ${at}` },
    { zh: '请刷新后查看最新草案再决定', en: 'Look at it as it is now, and decide again' },
  );
}

/** The issuing catalog (发证目录). */
export const catalogRoutes = {
  getCatalog,
  getPublicCatalog,
  getCatalogWaiting,
  getCatalogEntry,
  getCatalogTemplate,
  postCatalogTemplate,
  postCatalogApprove,
  postCatalogRefuse,
};
