import { hash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { FILE_FORMATS, formatOf } from '../../../settings/kinds/file.ts';
import { keyOf } from '../../../settings/values.ts';
import {
  LARGEST_EVIDENCE,
  OUTAGE_STAGES,
  outageStage,
  STOPPED_WORK,
  type OutageStage,
} from '../../../domain/casework/outage.ts';
import { may } from '../../../domain/access.ts';
import { audit } from '../../../store/console/audit.ts';
import {
  actOnOutage,
  arrivalsOf,
  burnDownOf,
  evidenceOf,
  listOutages,
  openOutage,
  type Outage,
  type OutageStep,
} from '../../../store/casework/outages.ts';
import { findProofs } from '../../../store/collection/proofs.ts';
import { managementUnit } from '../../../store/ledger/rules.ts';
import type { Unit } from '../../../domain/units.ts';
import type { Principal } from '../../../store/console/sessions.ts';
import { listStreams } from '../../../store/collection/streams.ts';
import { takePaper } from '../../inbox/paper.ts';
import { principalOf } from '../base/access.ts';
import { act } from '../base/act.ts';
import type { Api, ApiOptions } from '../base/api.ts';
import { actOnCase, wake } from '../base/case-action.ts';
import { actingUnit, caseParts, caseRow, readCaseParts, unknownCase, withNextDue } from './case-view.ts';
import { ApiProblem } from '../base/problem.ts';
import { sees } from '../ledger/tasks.ts';
import { idParams, instant, pageOf, pageOfRows, paging, readCursor, text, unitCode } from '../base/views.ts';

const kind = keyOf(STOPPED_WORK);
const stage = keyOf(OUTAGE_STAGES);
const streamId = z.string().regex(/^[a-z0-9-]{1,100}$/, '数据流 stream');

const stoppedStream = z.object({
  stream: z.string(),
  title: z.string(),
  unit: z.string(),
  round: z.int(),
  recoveredAt: instant.nullable(),
  provenAt: instant.nullable(),
});

/** One report of force majeure (不可抗力) of a list. */
export const outageView = z
  .object({
    ...caseRow,
    stage,
    unitCode: z.string(),
    unitName: z.string(),
    cause: z.string(),
    kinds: z.array(kind),
    beganAt: instant,
    reportedAt: instant,
    evidenceName: z.string().nullable(),
    streams: z.array(stoppedStream),
  })
  .meta({ id: 'Outage' });
export type OutageView = z.input<typeof outageView>;

const outageDetail = outageView
  .extend({
    ...caseParts,
    evidenceSha256: z.string().nullable(),
    streams: z.array(
      stoppedStream.extend({
        from: instant.meta({ description: 'What it owes: from here …' }),
        to: instant.meta({ description: '… to here; up to now while it is stopped' }),
        byBatches: z
          .boolean()
          .meta({ description: 'Its source delivers batches: what is missing the proof alone knows' }),
        missing: z.array(z.object({ from: instant, to: instant })),
        missingMinutes: z.int(),
        expectedMinutes: z.int(),
        read: z.int().meta({ description: 'Records that were read for it' }),
        accepted: z.int(),
        rejected: z.int(),
        proofs: z.array(
          z.object({
            id: z.int(),
            finishedAt: instant.nullable(),
            sourceRecords: z.int(),
            sourceRefused: z.int(),
            libraryRecords: z.int(),
            differences: z.int(),
          }),
        ),
      }),
    ),
    burnDown: z
      .array(z.object({ at: instant, minutes: z.int() }))
      .meta({ description: 'How much of the lost time was missing still, after each read that brought some of it' }),
    paper: z
      .array(z.object({ at: instant, by: z.string(), stream: z.string(), read: z.int(), rejected: z.int() }))
      .meta({ description: 'Records that were made on paper and taken (手工台账)' }),
    can: z.object({
      recover: z.array(z.string()).meta({ description: 'Streams whose recovery can be confirmed' }),
      relapse: z.array(z.string()).meta({ description: 'Streams whose fault can come again' }),
      withdraw: z.boolean(),
      paper: z.array(z.string()).meta({ description: 'Streams that records made on paper can be handed in for' }),
    }),
  })
  .meta({ id: 'OutageDetail' });
export type OutageDetail = z.input<typeof outageDetail>;

/** Which outages: of the list, and of what is taken out. */
export const outageFilter = z.object({ open: z.stringbool().optional(), unit: unitCode.optional() });

const streamChoices = z.object({ items: z.array(z.object({ id: z.string(), title: z.string(), unit: z.string() })) });
export type StreamChoices = z.input<typeof streamChoices>;

/** A file of at most 20 MB, as base64. */
const handedIn = z.object({ name: text(200), content: z.base64().max(Math.ceil((LARGEST_EVIDENCE * 4) / 3) + 4) });

const reportBody = z.object({
  streams: z.array(streamId).min(1).max(1_000),
  kinds: z.array(kind).min(1),
  cause: text(500),
  beganAt: instant,
  unit: unitCode.optional().meta({ description: 'Who reports; left out: one’s own unit, or that of the streams' }),
  evidence: handedIn.optional().meta({ description: 'A file that shows it' }),
});
/** Base64 and the rest of a report. */
const LARGEST_REPORT = Math.ceil(LARGEST_EVIDENCE * 1.4);

const streams = z.array(streamId).min(1).nullable().default(null).meta({ description: 'null: all that are left' });
const actionBody = z.discriminatedUnion('action', [
  z.object({ action: z.literal('recover'), streams, recoveredAt: instant.optional() }),
  z.object({ action: z.literal('relapse'), streams, reason: text(500) }),
  z.object({ action: z.literal('withdraw'), reason: text(500) }),
]);

const paperDetail = z.object({ stream: z.string(), read: z.int(), rejected: z.int() });
const takenPaper = z.object({
  read: z.int(),
  accepted: z.int(),
  unchanged: z.int(),
  rejected: z.int(),
  known: z.boolean().meta({ description: 'The same file was taken before' }),
});
const opened = z.object({ id: z.int() });
const cursor = z.tuple([z.int()]);
const UNKNOWN = unknownCase('故障报告', 'outage');
const NO_FILE = new ApiProblem(404, 'file-missing', { zh: '没有上传证明材料', en: 'No file was handed in with it' });
const MINUTE_MS = 60_000;
const minutes = ({ from, to }: { from: Date; to: Date }): number =>
  Math.round((to.getTime() - from.getTime()) / MINUTE_MS);

export function outageRoutes(app: Api, options: ApiOptions): void {
  const { db, now, config } = options;

  app.get(
    '/outages',
    {
      config: { needs: 'outages:read' },
      schema: {
        summary: '不可抗力与补录 Outages, the latest first',
        tags: ['outages'],
        querystring: outageFilter.extend(paging.shape),
        response: { 200: pageOf(outageView) },
      },
    },
    async (request) => {
      const { limit, after, ...filter } = request.query;
      const [before] = readCursor(after, cursor) ?? [];
      const { units } = principalOf(request);
      const rows = await listOutages(db, { ...filter, units, before, limit: limit + 1 });
      const { items, next } = pageOfRows(rows, limit, ({ id }) => [id]);
      return { items: await withNextDue(options, items.map(staged)), next };
    },
  );

  const found = async (id: number, { units }: Principal): Promise<Outage> => {
    const [outage] = await listOutages(db, { id, units, limit: 1 });
    if (outage) return outage;
    throw UNKNOWN;
  };

  app.get(
    '/outages/:id',
    {
      config: { needs: 'outages:read' },
      schema: {
        summary: '一次故障 One outage: what its streams owe, what has come, and the proof',
        tags: ['outages'],
        params: idParams,
        response: { 200: outageDetail },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const outage = await found(request.params.id, principal);
      const [[row], parts, arrivals, burnDown, proofs] = await Promise.all([
        withNextDue(options, [staged(outage)]),
        readCaseParts(options, outage, principal.units),
        arrivalsOf(db, outage.id, now()),
        burnDownOf(db, outage.id, now()),
        findProofs(
          db,
          outage.streams.flatMap(({ proofs: ids }) => ids ?? []),
        ),
      ]);
      if (!row) throw UNKNOWN;
      const open = outage.closedAt === null;
      const confirms = open && may(principal, 'outages:confirm');
      const streamsWhere = (recovered: boolean): string[] =>
        confirms
          ? outage.streams.filter(({ recoveredAt }) => (recoveredAt !== null) === recovered).map(({ stream }) => stream)
          : [];
      return {
        ...row,
        ...parts,
        burnDown,
        streams: outage.streams.flatMap((stream) => {
          const arrival = arrivals.find(({ id }) => id === stream.id);
          if (!arrival) return [];
          return {
            ...stream,
            ...arrival,
            expectedMinutes: minutes(arrival),
            missingMinutes: arrival.missing.reduce((sum, gap) => sum + minutes(gap), 0),
            proofs: proofs
              .filter(({ id }) => stream.proofs?.includes(id))
              .map(({ missingCount, extraCount, differentCount, ...proof }) => ({
                ...proof,
                differences: missingCount + extraCount + differentCount,
              })),
          };
        }),
        paper: parts.events
          .filter(({ what }) => what === 'paper')
          .map(({ at, by, detail }) => ({ at, by, ...paperDetail.parse(detail) }))
          .filter(({ stream }) => outage.streams.some((each) => each.stream === stream)),
        can: {
          recover: streamsWhere(false),
          relapse: streamsWhere(true),
          withdraw: open && may(principal, 'outages:confirm'),
          paper:
            open && may(principal, 'outages:report')
              ? outage.streams.filter(({ unitCode: code }) => sees(principal, code)).map(({ stream }) => stream)
              : [],
        },
      };
    },
  );

  app.get(
    '/outages/:id/evidence',
    {
      config: { needs: 'outages:read' },
      schema: { summary: '证明材料 The file that was handed in with a report', tags: ['outages'], params: idParams },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const { id } = await found(request.params.id, principal);
      const evidence = await evidenceOf(db, id);
      if (!evidence) throw NO_FILE;
      const { accountId, login: actor, role } = principal;
      const object = `outage/${id}`;
      await audit(db, { at: now(), accountId, actor, role, action: 'export', object, detail: { what: 'evidence' } });
      return reply
        .type('application/octet-stream')
        .header('X-Content-Type-Options', 'nosniff')
        .header('Content-Disposition', `attachment; filename*=UTF-8''${encodeURIComponent(evidence.name)}`)
        .send(evidence.content);
    },
  );

  app.get(
    '/outages/streams',
    {
      config: { needs: 'outages:report' },
      schema: {
        summary: '可上报的数据流 Streams that one can report an outage of',
        tags: ['outages'],
        response: { 200: streamChoices },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const all = await listStreams(db);
      return {
        items: all
          .filter(({ unitCode: code }) => sees(principal, code))
          .map(({ name, title, unitName }) => ({ id: name, title, unit: unitName })),
      };
    },
  );

  app.post(
    '/outages',
    {
      config: { needs: 'outages:report' },
      bodyLimit: LARGEST_REPORT,
      schema: {
        summary: '上报不可抗力 Report an outage, also one that was noticed only afterwards',
        tags: ['outages'],
        body: reportBody,
        response: { 200: opened },
      },
    },
    async (request) => {
      const answer = await act(request, options, async (trx, { by, at, principal }) => {
        const { unit, evidence, ...given } = request.body;
        const stopped = (await listStreams(trx)).filter(({ name }) => given.streams.includes(name));
        // One that somebody does not see is to them as one that there is not.
        const foreign = given.streams.filter(
          (name) => !stopped.some((stream) => stream.name === name && sees(principal, stream.unitCode)),
        );
        if (foreign.length > 0) throw unknownStreams(foreign);
        const id = await openOutage(
          trx,
          {
            ...given,
            unit:
              unit === undefined && principal.unitCode === null
                ? (unitOf(stopped) ?? (await managementUnit(trx)))
                : await actingUnit(trx, principal, unit),
            evidence: evidence === undefined ? null : kept(evidence),
          },
          { by, at },
        );
        const detail = { streams: given.streams, evidence: evidence !== undefined };
        return { answer: { id }, deed: { action: 'outages:report', object: `outage/${id}`, detail } };
      });
      wake(options, { kind: 'outage', id: answer.id, round: 1 });
      return answer;
    },
  );

  app.post(
    '/outages/:id/paper',
    {
      config: { needs: 'outages:report' },
      bodyLimit: LARGEST_REPORT,
      schema: {
        summary:
          '手工台账 Take a file of records that were made on paper meanwhile: all of it or nothing, the same file once',
        tags: ['outages'],
        params: idParams,
        body: z.object({
          stream: streamId,
          file: handedIn
            .refine(({ name }) => basename(name) === name && formatOf(name) !== null, FILE_FORMATS.join(' / '))
            .meta({ description: FILE_FORMATS.join(', ') }),
        }),
        response: { 200: takenPaper },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const { id, streams: stopped } = await found(request.params.id, principal);
      const { stream, file } = request.body;
      if (!stopped.some((own) => own.stream === stream && sees(principal, own.unitCode)))
        throw unknownStreams([stream]);
      const folder = await mkdtemp(join(tmpdir(), 'hub-paper-'));
      try {
        const path = join(folder, file.name);
        await writeFile(path, file.content, 'base64');
        return await actOnCase(request, options, { kind: 'outage', id }, async (trx, who) => {
          const { read, accepted, unchanged, rejected, known, batchId } = await takePaper(
            trx,
            config(),
            { outage: id, stream, path },
            who,
          );
          const answer = { read, accepted, unchanged, rejected, known };
          return { answer, deed: { action: 'outages:report', detail: { paper: stream, batch: batchId, ...answer } } };
        });
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  );

  app.post(
    '/outages/:id/actions',
    {
      config: { needs: 'outages:confirm' },
      schema: {
        summary: '确认排除、复发、撤回 Confirm the recovery, note a relapse, withdraw',
        tags: ['outages'],
        params: idParams,
        body: actionBody,
        response: { 200: opened },
      },
    },
    async (request) => {
      const { id } = await found(request.params.id, principalOf(request));
      return actOnCase(request, options, { kind: 'outage', id }, async (trx, who) => {
        const { body } = request;
        const step: OutageStep =
          body.action === 'recover' ? { ...body, recoveredAt: body.recoveredAt ?? who.at } : body;
        await actOnOutage(trx, id, step, who);
        const detail = { action: body.action, streams: 'streams' in body ? body.streams : null };
        return { answer: { id }, deed: { action: 'outages:confirm', detail } };
      });
    },
  );
}

const staged = (outage: Outage): Outage & { stage: OutageStage } => ({ ...outage, stage: outageStage(outage) });

/** The unit of streams, where it is one. */
function unitOf(streams: readonly { unitCode: string; unitName: string }[]): Unit | null {
  const [first, ...others] = streams;
  if (!first || others.some(({ unitCode: code }) => code !== first.unitCode)) return null;
  return { code: first.unitCode, name: first.unitName };
}

function kept({ name, content }: { name: string; content: string }): { name: string; content: Buffer; sha256: string } {
  const bytes = Buffer.from(content, 'base64');
  return { name, content: bytes, sha256: hash('sha256', bytes) };
}

const unknownStreams = (names: readonly string[]): ApiProblem =>
  new ApiProblem(404, 'stream-unknown', {
    zh: `没有数据流 ${names.join('、')}`,
    en: `There are no streams ${names.join(', ')}`,
  });
