import { z } from 'zod';
import { findStream } from '../../../settings/load.ts';
import { openWorkbook } from '../../../connectors/sheets/open.ts';
import { maskAll } from '../../../connectors/examine/discover.ts';
import { maskNumbers } from '../../../domain/library/personal.ts';
import { may } from '../../../domain/access.ts';
import { readRejectSheet, writeRejectSheet } from '../../../domain/collection/reject-sheet.ts';
import {
  listRejects,
  openRejects,
  rejectGroups,
  saveCorrections,
  type ListedReject,
  type RejectChoice,
} from '../../../store/collection/rejects.ts';
import type { Principal } from '../../../store/console/sessions.ts';
import { listStreams } from '../../../store/collection/streams.ts';
import { startReplay } from '../../../temporal/runs.ts';
import { auditRequest, principalOf } from '../base/access.ts';
import { act } from '../base/act.ts';
import type { ApiOptions } from '../base/api.ts';
import { ApiProblem } from '../base/problem.ts';
import { get, post } from '../base/route.ts';
import { begin, rule, runView, streamParams, UNKNOWN_STREAM } from './streams.ts';
import { sees } from '../ledger/tasks.ts';
import { instant, pageOf, pageOfRows, paging, readCursor, unitCode, XLSX } from '../base/views.ts';

/** Open rejects of one stream and rule (问题数据). */
const groupView = z
  .object({
    stream: z.string(),
    title: z.string(),
    unit: z.string(),
    unitCode: z.string(),
    rule,
    fields: z.array(z.string()),
    open: z.int(),
    corrected: z.int().meta({ description: 'Of these, with a correction that is refused as well or not mapped yet' }),
    oldestAt: instant,
    newestAt: instant,
  })
  .meta({ id: 'RejectGroup' });
export type RejectGroupView = z.input<typeof groupView>;

const rejectView = z
  .object({
    id: z.int(),
    stream: z.string(),
    title: z.string(),
    unit: z.string(),
    key: z.string().nullable(),
    problems: z.array(z.object({ rule, field: z.string(), found: z.string().optional() })),
    record: z.record(z.string(), z.unknown()).nullable().meta({ description: 'null: too long, or no JSON' }),
    masked: z.boolean().meta({ description: 'What is personal in the record is hidden' }),
    corrected: z.boolean(),
    firstSeenAt: instant,
    lastSeenAt: instant,
  })
  .meta({ id: 'Reject' });
export type RejectView = z.input<typeof rejectView>;

const filter = z.object({ stream: z.string().max(100).optional(), unit: unitCode.optional(), rule: rule.optional() });
const correctionsView = z
  .object({
    corrected: z.int(),
    workflowId: z.string().nullable().meta({ description: 'Of the replay; null: none is needed, or Temporal is away' }),
  })
  .meta({ id: 'Corrections' });
export type CorrectionsView = z.input<typeof correctionsView>;

/** Largest request with a corrected workbook, in bytes. */
const LARGEST = 30 * 1024 * 1024;

function shownReject({ record, encoding, key, problems, ...reject }: ListedReject, personal: boolean) {
  const parsed = record === null || encoding !== 'json' ? null : (JSON.parse(record) as unknown);
  const fields = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? parsed : null;
  return {
    ...reject,
    masked: !personal,
    key: key === null || personal ? key : maskNumbers(key),
    problems: personal ? problems : problems.map(({ rule: broken, field }) => ({ rule: broken, field })),
    record: (fields === null || personal ? fields : maskAll(fields)) as Record<string, unknown> | null,
  };
}

const chosen = (query: z.output<typeof filter>, { units }: Principal): RejectChoice => ({ ...query, units });

/** The number of a stream that somebody sees. */
async function seenStreamId({ db }: ApiOptions, name: string, principal: Principal): Promise<number> {
  const stream = (await listStreams(db)).find((candidate) => candidate.name === name);
  if (stream && sees(principal, stream.unitCode)) return stream.id;
  throw UNKNOWN_STREAM;
}

const getRejects = get(
  '/rejects',
  {
    needs: 'rejects:read',
    summary: '问题数据 Records that were refused and wait to be corrected, the oldest first',
    tag: 'rejects',
    query: filter.extend(paging.shape),
    answer: pageOf(rejectView),
  },
  async (request, options) => {
    const { db } = options;
    const principal = principalOf(request);
    const { limit, after, ...query } = request.query;
    const [id] = readCursor(after, z.tuple([z.int()])) ?? [];
    const rows = await listRejects(db, { ...chosen(query, principal), after: id, limit: limit + 1 });
    const { items, next } = pageOfRows(rows, limit, (row) => [row.id]);
    const personal = may(principal, 'certificates:personal');
    if (personal && items.length > 0) {
      const detail = { records: items.length, rejects: items.map((reject) => reject.id) };
      await auditRequest(request, options, { action: 'certificates:personal', object: 'rejects', detail });
    }
    return { items: items.map((row) => shownReject(row, personal)), next };
  },
);

const getRejectGroups = get(
  '/rejects/groups',
  {
    needs: 'rejects:read',
    summary: '问题数据按规则和单位 Open rejects by stream, unit and rule',
    tag: 'rejects',
    query: filter,
    answer: z.object({ items: z.array(groupView) }),
    shared: true,
  },
  async (request, { db }) => ({
    items: (await rejectGroups(db, chosen(request.query, principalOf(request)))) as z.output<typeof groupView>[],
  }),
);

const getRejectSheet = get(
  '/rejects/:name/sheet',
  {
    // The whole records, as they came.
    needs: 'certificates:personal',
    summary: '导出问题数据 The workbook (xlsx) that its unit corrects',
    tag: 'rejects',
    params: streamParams,
    query: z.object({ rule: rule.optional() }),
    answer: { type: XLSX },
    problems: [404, 422],
  },
  async (request, options, reply) => {
    const { name } = request.params;
    const id = await seenStreamId(options, name, principalOf(request));
    const open = await openRejects(options.db, id, { rule: request.query.rule });
    await act(request, options, () =>
      Promise.resolve({
        answer: null,
        deed: {
          action: 'export',
          object: `rejects/${name}`,
          detail: { records: open.length, rule: request.query.rule ?? null },
        },
      }),
    );
    return reply
      .type(XLSX)
      .header('Content-Disposition', `attachment; filename="rejects-${encodeURIComponent(name)}.xlsx"`)
      .header('Cache-Control', 'no-store')
      .send(writeRejectSheet(open));
  },
);

const postRejectCorrections = post(
  '/rejects/:name/corrections',
  {
    needs: 'rejects:correct',
    summary: '导入更正 Take a corrected workbook back, all of it or nothing, and map the corrected records again',
    tag: 'rejects',
    params: streamParams,
    body: z.object({ file: z.base64().min(1).meta({ description: 'The xlsx' }) }),
    bodyLimit: LARGEST,
    answer: correctionsView,
    problems: [404, 422],
  },
  async (request, options) => {
    const { name } = request.params;
    const id = await seenStreamId(options, name, principalOf(request));
    const book = await openWorkbook(Buffer.from(request.body.file, 'base64'), `${name}.xlsx`);
    const { corrected } = await act(request, options, async (trx, { at }) => {
      const corrections = readRejectSheet(book, await openRejects(trx, id, {}));
      await saveCorrections(trx, id, corrections, at);
      return {
        answer: { corrected: corrections.length },
        deed: { action: 'rejects:correct', object: `rejects/${name}`, detail: { corrected: corrections.length } },
      };
    });
    if (corrected === 0) return { corrected, workflowId: null };
    try {
      const { workflowId } = await begin(options, (client) => startReplay(client, options.config(), name, undefined));
      return { corrected, workflowId };
    } catch (error) {
      // The corrections are kept, and any later replay maps them.
      if (error instanceof ApiProblem || (error as { code?: string }).code === 'run-going-on')
        return { corrected, workflowId: null };
      throw error;
    }
  },
);

const postRejectReplay = post(
  '/rejects/:name/replay',
  {
    needs: 'rejects:correct',
    summary: '重放 Map open rejects again, as after the mapping was mended',
    tag: 'rejects',
    params: streamParams,
    body: z.object({ rule: rule.optional() }),
    answer: runView,
    problems: [404, 409, 422, 503],
  },
  async (request, options) => {
    const { name } = request.params;
    await seenStreamId(options, name, principalOf(request));
    const config = options.config();
    findStream(config, name);
    return act(request, options, async () => ({
      answer: await begin(options, (client) => startReplay(client, config, name, request.body.rule)),
      deed: {
        action: 'rejects:correct',
        object: `rejects/${name}`,
        detail: { did: 'replay', rule: request.body.rule ?? null },
      },
    }));
  },
);

/** Rejects (问题数据), as casework. */
export const rejectRoutes = {
  getRejects,
  getRejectGroups,
  getRejectSheet,
  postRejectCorrections,
  postRejectReplay,
};
