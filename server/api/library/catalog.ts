import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { keyOf } from '../../../settings/values.ts';
import { catalogEntrySchema } from '../../../settings/schemas/catalog.ts';
import {
  CATALOG_FIELDS,
  ENTRY_FIELDS,
  lackingFields,
  type CatalogEntry,
  type CatalogField,
} from '../../../domain/library/catalog.ts';
import { shanghaiWallTime } from '../../../domain/dates.ts';
import {
  approveDrafts,
  catalogLines,
  lockDraft,
  refuseDraft,
  versionsOfEntry,
  waitingTypes,
  type EntryVersion,
} from '../../../store/library/catalog.ts';
import { startReplay } from '../../../temporal/runs.ts';
import { principalOf } from '../base/access.ts';
import { act } from '../base/act.ts';
import type { Api, ApiOptions } from '../base/api.ts';
import { ApiProblem } from '../base/problem.ts';
import { instant, pageOf, pageOfRows, paging, readCursor, text, unitCode } from '../base/views.ts';

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

export function catalogRoutes(app: Api, options: ApiOptions): void {
  const { db, config, temporal, logger } = options;

  app.get(
    '/catalog',
    {
      config: { needs: 'catalog:read' },
      schema: {
        summary: '发证目录 The issuing catalog, one line for each type',
        tags: ['catalog'],
        querystring: z
          .object({
            state: z.enum(['draft', 'approved', 'withdrawn']).optional(),
            text: z.string().trim().max(100).optional(),
            issuer: unitCode.optional(),
          })
          .extend(paging.shape),
        response: { 200: pageOf(catalogView) },
      },
    },
    async (request) => {
      const { limit, after, ...filter } = request.query;
      const [last] = readCursor(after, z.tuple([z.string()])) ?? [];
      const { units } = principalOf(request);
      const lines = await catalogLines(db, { ...filter, units, after: last, limit: limit + 1 });
      return pageOfRows(lines, limit, (line) => [line.typeCode]);
    },
  );

  app.get(
    '/catalog/waiting',
    {
      config: { needs: 'catalog:read' },
      schema: {
        summary: '待入目录 Types whose records wait for an entry',
        tags: ['catalog'],
        response: { 200: z.object({ items: z.array(waitingView) }) },
      },
    },
    async (request) => ({ items: await waitingTypes(db, principalOf(request).units) }),
  );

  app.get(
    '/catalog/:typeCode',
    {
      config: { needs: 'catalog:read' },
      schema: {
        summary: '一个目录条目 One type with all its versions',
        tags: ['catalog'],
        params: codeParams,
        response: { 200: entryDetail },
      },
    },
    async (request) => {
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
        versions: versions.map((version, index) => {
          const before = version === draft && approved ? approved : versions[index + 1];
          return { ...version, differs: before ? differing(before.entry, version.entry) : [] };
        }),
        draftStamp: draft ? stampOf(draft) : null,
        waiting: (await waitingTypes(db, units)).filter((waiting) => waiting.typeCode === code),
      };
    },
  );

  for (const decision of ['approve', 'refuse'] as const) {
    app.post(
      `/catalog/:typeCode/${decision}`,
      {
        config: { needs: 'catalog:approve' },
        schema: {
          summary:
            decision === 'approve'
              ? '批准草案 Put a draft into force; records that wait for it enter the library'
              : '退回草案 Refuse a draft; what is in force stays',
          tags: ['catalog'],
          params: codeParams,
          body: z.object({ reason: decision === 'refuse' ? text(500) : text(500).optional() }),
          response: { 200: z.object({ version: z.int() }) },
        },
      },
      async (request) => {
        const code = request.params.typeCode;
        const { reason = null } = request.body;
        const answer = await act(request, options, async (trx, { by, at }) => {
          const draft = await lockDraft(trx, code);
          if (!draft) throw NO_DRAFT;
          const seen = request.headers['if-match']?.replaceAll('"', '');
          if (seen !== undefined && seen !== stampOf(draft)) throw draftedMeanwhile(draft);
          if (decision === 'refuse') await refuseDraft(trx, code, by, at);
          else {
            const { required, article } = config().jurisdiction.catalog;
            const lacking = lackingFields(draft.entry, required);
            if (lacking.length > 0) throw incomplete(lacking, article);
            await approveDrafts(trx, [code], by, at);
          }
          const { version, draftedBy } = draft;
          return {
            answer: { version },
            deed: {
              action: 'catalog:approve' as const,
              object: `catalog/${code}`,
              detail: { decision, version, draftedBy, reason },
            },
          };
        });
        if (decision === 'approve') await letIn(code);
        return answer;
      },
    );
  }

  /** What waited for its type goes in by the workflow that maps rejects again; while Temporal is away, people replay it. */
  async function letIn(code: string): Promise<void> {
    const waiting = (await waitingTypes(db)).filter((type) => type.typeCode === code);
    for (const { stream } of waiting) {
      try {
        await startReplay(await temporal(), config(), stream, 'type-unlisted');
      } catch {
        logger.warn('records that waited for their type were not replayed', { stream, typeCode: code });
      }
    }
  }
}

const differing = (one: CatalogEntry, other: CatalogEntry): (keyof CatalogEntry)[] =>
  (Object.keys(ENTRY_FIELDS) as (keyof CatalogEntry)[]).filter((name) => !isDeepStrictEqual(one[name], other[name]));

const incomplete = (lacking: readonly CatalogField[], article: string): ApiProblem =>
  new ApiProblem(422, 'entry-incomplete', {
    zh: `草案缺少${article}要求的：${lacking.map((name) => CATALOG_FIELDS[name]).join('、')}`,
    en: `The draft lacks what ${article} asks for: ${lacking.join(', ')}`,
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
