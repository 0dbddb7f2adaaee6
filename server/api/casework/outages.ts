import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { keyOf } from '../../../settings/values.ts';
import type { Given } from '../../../domain/casework/definition.ts';
import {
  OUTAGE,
  OUTAGE_STAGES,
  outageStage,
  STOPPED_WORK,
  streamsFor,
  type OutageStage,
  type OutageStep,
} from '../../../domain/casework/outage.ts';
import {
  arrivalsOf,
  burnDownOf,
  listOutages,
  openOutage,
  OUTAGES,
  unknownStreams,
  type Arrival,
  type Outage,
} from '../../../store/casework/outages.ts';
import { findEvidence } from '../../../store/casework/evidence.ts';
import { findProofs, type Proof } from '../../../store/collection/proofs.ts';
import { managementUnit } from '../../../store/ledger/rules.ts';
import type { Unit } from '../../../domain/units.ts';
import type { Principal } from '../../../store/console/sessions.ts';
import { listStreams } from '../../../store/collection/streams.ts';
import { takePaper } from '../../inbox/paper.ts';
import { principalOf } from '../base/access.ts';
import { act } from '../base/act.ts';
import { changeCase, wake } from '../base/case-action.ts';
import { get, post } from '../base/route.ts';
import { handedIn, keptFile, LARGEST_REPORT, sendEvidence } from '../base/evidence.ts';
import { fieldsOf, streamId } from '../base/case-fields.ts';
import { actionRoute, canDo, pageOfCases, requireTheirs, seenCase, type CaseRoutes } from './case-routes.ts';
import { actingUnit } from '../ledger/acting-unit.ts';
import { caseParts, caseRow, opened, openFilter, readCaseParts } from './case-view.ts';
import { sees } from '../ledger/tasks.ts';
import { idParams, instant, pageOf, paging, text, unitCode } from '../base/views.ts';

const kind = keyOf(STOPPED_WORK);
const stage = keyOf(OUTAGE_STAGES);

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
    confirmedAt: instant.nullable().meta({ description: 'When the management unit confirmed it; null: provisional' }),
    streams: z.array(stoppedStream),
  })
  .meta({ id: 'Outage' });
export type OutageView = z.input<typeof outageView>;

const outageDetail = outageView
  .extend({
    ...caseParts,
    evidenceSha256: z.string().nullable(),
    confirmedBy: z.string().nullable(),
    document: z.string().nullable().meta({ description: 'What the confirmation rests on' }),
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
      confirm: z.boolean(),
      paper: z.array(z.string()).meta({ description: 'Streams that records made on paper can be handed in for' }),
    }),
  })
  .meta({ id: 'OutageDetail' });
export type OutageDetail = z.input<typeof outageDetail>;

/** Which outages: of the list, and of what is taken out. */
export const outageFilter = z.object({ open: openFilter, unit: unitCode.optional() });

const streamChoices = z.object({ items: z.array(z.object({ id: z.string(), title: z.string(), unit: z.string() })) });
export type StreamChoices = z.input<typeof streamChoices>;

const reportBody = z.object({
  streams: z.array(streamId).min(1).max(1_000),
  kinds: z.array(kind).min(1),
  cause: text(500),
  beganAt: instant,
  unit: unitCode.optional().meta({ description: 'Who reports; left out: one’s own unit, or that of the streams' }),
  evidence: handedIn.optional().meta({ description: 'A file that shows it' }),
});

const paperDetail = z.object({ stream: z.string(), read: z.int(), rejected: z.int() });
const takenPaper = z.object({
  read: z.int(),
  accepted: z.int(),
  unchanged: z.int(),
  rejected: z.int(),
  known: z.boolean().meta({ description: 'The same file was taken before' }),
});
const MINUTE_MS = 60_000;
const minutes = ({ from, to }: { from: Date; to: Date }): number =>
  Math.round((to.getTime() - from.getTime()) / MINUTE_MS);

const tag = 'outages';

const outages: CaseRoutes<Outage, OutageStep> = {
  definition: OUTAGE,
  keeper: () => OUTAGES,
  tag,
  found: ({ db }, id, principal) => seenCase(OUTAGE, id, principal, (choice) => listOutages(db, choice)),
  view: opened,
  answer: ({ id }) => ({ id }),
  audited: (step) => ({ streams: 'streams' in step ? step.streams : null }),
};

const getOutages = get(
  '/outages',
  {
    needs: 'outages:read',
    summary: '不可抗力与补录 Outages, the latest first',
    tag,
    query: outageFilter.extend(paging.shape),
    answer: pageOf(outageView),
  },
  (request, options) => {
    const { limit, after, ...filter } = request.query;
    return pageOfCases(request, options, { limit, after }, async (page) =>
      (await listOutages(options.db, { ...filter, ...page })).map(staged),
    );
  },
);

const getOutage = get(
  '/outages/:id',
  {
    needs: 'outages:read',
    summary: '一次故障 One outage: what its streams owe, what has come, and the proof',
    tag,
    params: idParams,
    answer: outageDetail,
    problems: [404],
  },
  async (request, options) => {
    const { db, now } = options;
    const principal = principalOf(request);
    const outage = await outages.found(options, request.params.id, principal);
    const proofIds = outage.streams.flatMap(({ proofs }) => proofs ?? []);
    const [parts, arrivals, burnDown, proofs] = await Promise.all([
      readCaseParts(options, outage, principal.units),
      arrivalsOf(db, outage.id, now()),
      burnDownOf(db, outage.id, now()),
      findProofs(db, proofIds),
    ]);
    return {
      ...staged(outage),
      ...parts,
      burnDown,
      streams: arrivedStreams(outage, arrivals, proofs),
      paper: parts.events
        .filter(({ what }) => what === 'paper')
        .map(({ at, by, detail }) => ({ at, by, ...paperDetail.parse(detail) }))
        .filter(({ stream }) => outage.streams.some((each) => each.stream === stream)),
      can: possibleFor(outage, principal),
    };
  },
);

/** What somebody can do with an outage now, and to which of its streams. */
function possibleFor(outage: Outage, principal: Principal): z.output<typeof outageDetail>['can'] {
  const can = canDo(OUTAGE, outage, principal);
  const names = (action: (typeof can)[number], streams: readonly { stream: string }[]): string[] =>
    can.includes(action) ? streams.map(({ stream }) => stream) : [];
  return {
    recover: names('recover', streamsFor('recover', outage.streams)),
    relapse: names('relapse', streamsFor('relapse', outage.streams)),
    withdraw: can.includes('withdraw'),
    confirm: can.includes('confirm'),
    paper: names('paper', ownStreams(outage, principal)),
  };
}

const ownStreams = ({ streams }: Outage, principal: Principal): Outage['streams'] =>
  streams.filter(({ unitCode: code }) => sees(principal, code));

/** The streams of an outage, each with what has come of what it owes, and what proves it. */
const arrivedStreams = (
  { streams }: Outage,
  arrivals: readonly Arrival[],
  proofs: readonly Proof[],
): z.output<typeof outageDetail>['streams'] =>
  streams.flatMap((stream) => {
    const arrival = arrivals.find(({ id }) => id === stream.id);
    if (!arrival) return [];
    return {
      ...stream,
      ...arrival,
      expectedMinutes: minutes(arrival),
      missingMinutes: arrival.missing.reduce((sum, gap) => sum + minutes(gap), 0),
      proofs: proofs.filter(({ id }) => stream.proofs?.includes(id)),
    };
  });

const getOutageEvidence = get(
  '/outages/:id/evidence',
  {
    needs: 'outages:read',
    summary: '证明材料 The file that was handed in with a report',
    tag,
    params: idParams,
    answer: { type: 'application/octet-stream' },
    problems: [404],
  },
  async (request, options, reply) => {
    const { id } = await outages.found(options, request.params.id, principalOf(request));
    return sendEvidence(request, reply, options, await findEvidence(options.db, 'outage', id), `outage/${id}`);
  },
);

const getOutageStreams = get(
  '/outages/streams',
  {
    needs: 'outages:report',
    summary: '可上报的数据流 Streams that one can report an outage of',
    tag,
    answer: streamChoices,
  },
  async (request, { db }) => {
    const principal = principalOf(request);
    const all = await listStreams(db);
    return {
      items: all
        .filter(({ unitCode: code }) => sees(principal, code))
        .map(({ name, title, unitName }) => ({ id: name, title, unit: unitName })),
    };
  },
);

const postOutage = post(
  '/outages',
  {
    needs: 'outages:report',
    bodyLimit: LARGEST_REPORT,
    summary: '上报不可抗力 Report an outage, also one that was noticed only afterwards',
    tag,
    body: reportBody,
    answer: opened,
    problems: [404, 409, 422],
  },
  async (request, options) => {
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
          evidence: evidence === undefined ? null : keptFile(evidence),
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

const { paper } = OUTAGE.actions;

const postOutagePaper = post(
  '/outages/:id/paper',
  {
    needs: paper.needs,
    bodyLimit: LARGEST_REPORT,
    summary:
      '手工台账 Take a file of records that were made on paper meanwhile: all of it or nothing, the same file once',
    tag,
    params: idParams,
    body: z.object(fieldsOf(paper.fields)),
    answer: takenPaper,
    problems: [404, 409, 422],
  },
  async (request, options) => {
    const principal = principalOf(request);
    const outage = await outages.found(options, request.params.id, principal);
    const { stream, file } = request.body as Given<typeof paper.fields>;
    requireTheirs(paper, outage, principal);
    if (!ownStreams(outage, principal).some((own) => own.stream === stream)) throw unknownStreams([stream]);
    const folder = await mkdtemp(join(tmpdir(), 'hub-paper-'));
    try {
      const path = join(folder, file.name);
      await writeFile(path, file.content, 'base64');
      return await changeCase(request, options, OUTAGES, outage.id, async (trx, { id }, who) => {
        const { read, accepted, unchanged, rejected, known, batchId } = await takePaper(
          trx,
          options.config(),
          { outage: id, stream, path },
          who,
        );
        const answer = { read, accepted, unchanged, rejected, known };
        return { answer, deed: { action: paper.needs, detail: { paper: stream, batch: batchId, ...answer } } };
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);

const staged = (outage: Outage): Outage & { stage: OutageStage } => ({ ...outage, stage: outageStage(outage) });

/** The unit of streams, where it is one. */
function unitOf(streams: readonly { unitCode: string; unitName: string }[]): Unit | null {
  const [first, ...others] = streams;
  if (!first || others.some(({ unitCode: code }) => code !== first.unitCode)) return null;
  return { code: first.unitCode, name: first.unitName };
}

/** Force majeure (不可抗力) and what is brought in afterwards (补录). */
export const outageRoutes = {
  getOutages,
  getOutage,
  getOutageEvidence,
  getOutageStreams,
  postOutage,
  postOutagePaper,
  postOutageConfirmation: actionRoute(outages, 'confirmation'),
  // Confirming the recovery, a relapse, withdrawing.
  postOutageAction: actionRoute(outages, 'actions'),
};
