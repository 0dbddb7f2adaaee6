import type { Knex } from 'knex';
import { HUB } from '../../domain/ledger/reasons.ts';
import { shanghaiInstant } from '../../domain/dates.ts';
import { fault } from '../../domain/faults.ts';
import { caseWorkflowId } from '../../domain/ids.ts';
import { said } from '../../domain/ledger/reasons.ts';
import {
  OUTAGE,
  streamsFor,
  type OutageFacts,
  type OutageStep,
  type StoppedWork,
} from '../../domain/casework/outage.ts';
import {
  closeCase,
  lockCase,
  openCase,
  seeCase,
  subjectOf,
  thatIs,
  type VersionedCase,
  type Who,
} from '../ledger/case-files.ts';
import {
  dropObligations,
  followSuspensions,
  noteEvent,
  openObligations,
  meetObligations,
} from '../ledger/obligations.ts';
import { followRejects } from '../collection/days.ts';
import { requireStart } from '../ledger/rules.ts';
import type { Unit } from '../../domain/units.ts';
import { evidenceColumns, type Evidence } from './evidence.ts';
import { refusal, selectCases, type CaseChoice, type CaseKeeper } from './cases.ts';

/** A report of force majeure (不可抗力). */
export interface NewOutage {
  unit: Unit;
  /** Names of the streams that it stops. */
  streams: string[];
  kinds: StoppedWork[];
  cause: string;
  beganAt: Date;
  evidence: Evidence | null;
}

export interface OutageStream {
  id: number;
  stream: string;
  title: string;
  unit: string;
  unitCode: string;
  round: number;
  recoveredAt: Date | null;
  provenAt: Date | null;
  proofs: number[] | null;
}

export interface Outage extends VersionedCase, OutageFacts {
  unitCode: string;
  unitName: string;
  cause: string;
  kinds: StoppedWork[];
  beganAt: Date;
  reportedAt: Date;
  evidenceName: string | null;
  evidenceSha256: string | null;
  confirmedBy: string | null;
  document: string | null;
  streams: OutageStream[];
  closedAs: string | null;
}

const COLUMNS = {
  unitCode: 'unit_code',
  unitName: 'unit_name',
  cause: 'cause',
  kinds: 'kinds',
  beganAt: 'began_at',
  reportedAt: 'reported_at',
  evidenceName: 'evidence_name',
  evidenceSha256: 'evidence_sha256',
  confirmedAt: 'confirmed_at',
  confirmedBy: 'confirmed_by',
  document: 'document',
};

async function complete(
  db: Knex,
  outages: Omit<Outage, 'streams'>[],
  units: readonly string[] | null,
): Promise<Outage[]> {
  const { rows } = await db.raw<{ rows: (OutageStream & { outage: number })[] }>(
    `SELECT outage_id AS outage, stream.id, stream.name AS stream, stream.title, stream.unit_name AS unit,
       stream.unit_code AS "unitCode", round, recovered_at AS "recoveredAt", proven_at AS "provenAt", to_json(proofs) AS proofs
     FROM outage_stream JOIN stream ON stream.id = stream_id
     WHERE outage_id = ANY (:ids) AND (:units::text[] IS NULL OR stream.unit_code = ANY (:units)) ORDER BY stream.name`,
    { ids: outages.map(({ id }) => id), units: units && [...units] },
  );
  return outages.map((outage) => ({ ...outage, streams: rows.filter((row) => row.outage === outage.id) }));
}

export async function findOutage(db: Knex, id: number): Promise<Outage | null> {
  const [outage] = await listOutages(db, { id, limit: 1 });
  return outage ?? null;
}

/**
 * Outages, the latest first, each with its streams. Units see those that they reported, and those that stop streams of
 * theirs, with these streams alone.
 */
export async function listOutages(db: Knex, choice: CaseChoice & { unit?: string | undefined }): Promise<Outage[]> {
  const query = selectCases(db, 'outage', COLUMNS, choice);
  for (const units of [choice.units, choice.unit === undefined ? null : [choice.unit]]) {
    if (!units) continue;
    void query.whereRaw(
      `(outage.unit_code = ANY (:units) OR EXISTS (SELECT FROM outage_stream s JOIN stream ON stream.id = s.stream_id
         WHERE s.outage_id = outage.id AND stream.unit_code = ANY (:units)))`,
      { units: [...units] },
    );
  }
  return complete(db, (await query) as Omit<Outage, 'streams'>[], choice.units ?? null);
}

/**
 * When the fault is over for each stream of an outage: with the last recovery of all outages that stop it at the time;
 * null where one still does.
 */
const CLEARED = `SELECT own.stream_id, CASE
    WHEN own.recovered_at IS NOT NULL AND NOT coalesce(bool_or(f.id IS NOT NULL AND other.recovered_at IS NULL), false)
    THEN greatest(own.recovered_at, max(other.recovered_at) FILTER (WHERE f.id IS NOT NULL)) END AS cleared_at
  FROM outage o JOIN outage_stream own ON own.outage_id = o.id
  LEFT JOIN (outage_stream other JOIN outage p ON p.id = other.outage_id
    JOIN case_file f ON f.id = p.id AND f.closed_as IS DISTINCT FROM 'withdrawn')
    ON other.stream_id = own.stream_id AND other.outage_id <> own.outage_id
    AND tstzrange(o.began_at, own.recovered_at) && tstzrange(p.began_at, other.recovered_at)
  WHERE o.id = :id GROUP BY own.stream_id, own.recovered_at`;

/** What a stream of an outage owes, and how much of it has come. */
export interface Arrival {
  id: number;
  /** From when to when it was stopped; up to now while it is. */
  from: Date;
  to: Date;
  /** Counted by the batches of its source, not by times: what is missing is known by the proof alone. */
  byBatches: boolean;
  /** The parts of it that are not covered. */
  missing: { from: Date; to: Date }[];
  /** Records that were read for it since. */
  read: number;
  accepted: number;
  rejected: number;
}

/** When the lost time of an outage is complete for each stream that is collected by times, and where it begins. */
const SPAN = `cleared AS (${CLEARED}),
  span AS (
    SELECT stream_id, reported_at, greatest(began_at, collect_from) AS since,
      greatest(began_at, collect_from, coalesce(cleared_at, :at::timestamptz)) AS until
    FROM cleared JOIN stream ON stream.id = stream_id JOIN outage ON outage.id = :id)`;

/** How much of an outage’s lost time was still missing at an instant. */
export interface MissingTime {
  at: Date;
  minutes: number;
}

/**
 * How the lost time of an outage has come in since its report (补录进度), over all its streams that are collected by times:
 * one point for each read that brought some of it, the first at the report where some was there before.
 */
export async function burnDownOf(db: Knex, id: number, at: Date): Promise<MissingTime[]> {
  const minutes = (ranges: string): string =>
    `(SELECT coalesce(sum(extract(epoch FROM upper(r) - lower(r))), 0) / 60 FROM unnest(${ranges}) AS r)`;
  const { rows } = await db.raw<{ rows: MissingTime[] }>(
    `WITH ${SPAN},
     came AS (
       SELECT stream_id, greatest(closed_at, reported_at) AS closed_at, batch.id, tstzmultirange(tstzrange(since, until)) AS lost,
         range_agg(tstzrange(read_from, read_to)) OVER (PARTITION BY stream_id ORDER BY batch.closed_at, batch.id) AS read
       FROM span JOIN batch USING (stream_id)
       WHERE state = 'complete' AND read_from < until AND read_to > since),
     step AS (
       SELECT closed_at, ${minutes('lost - read')} - lag(${minutes('lost - read')}, 1, ${minutes('lost')})
         OVER (PARTITION BY stream_id ORDER BY closed_at, id) AS change
       FROM came),
     whole AS (
       SELECT coalesce(sum(extract(epoch FROM until - since)) / 60, 0) AS minutes
       FROM span JOIN coverage USING (stream_id) WHERE isempty(ordinals))
     SELECT closed_at AS at, round(whole.minutes + sum(sum(change)) OVER (ORDER BY closed_at))::integer AS minutes
     FROM step, whole GROUP BY closed_at, whole.minutes HAVING sum(change) < -0.5 ORDER BY closed_at`,
    { id, at },
  );
  return rows;
}

/** What has come, and what has not, of all streams of an outage. */
export async function arrivalsOf(db: Knex, id: number, at: Date): Promise<Arrival[]> {
  const { rows } = await db.raw<{ rows: (Omit<Arrival, 'missing'> & { missing: { from: string; to: string }[] })[] }>(
    `WITH ${SPAN}
     SELECT stream_id AS id, since AS from, until AS to, NOT isempty(ordinals) AS "byBatches",
       coalesce((SELECT json_agg(json_build_object('from', lower(gap), 'to', upper(gap)) ORDER BY lower(gap))
         FROM unnest(tstzmultirange(tstzrange(since, until)) - times) AS gap), '[]') AS missing,
       came.read, came.accepted, came.rejected
     FROM span JOIN coverage USING (stream_id) CROSS JOIN LATERAL (
       SELECT coalesce(sum(read), 0)::bigint AS read, coalesce(sum(accepted), 0)::bigint AS accepted,
         coalesce(sum(rejected), 0)::bigint AS rejected
       FROM batch WHERE batch.stream_id = span.stream_id AND opened_at >= reported_at
         AND (purpose = 'backfill' AND read_from < until AND read_to > since OR ordinal IS NOT NULL)) AS came
     ORDER BY stream_id`,
    { id, at },
  );
  return rows.map((row) => ({
    ...row,
    missing: row.missing.map(({ from, to }) => ({ from: new Date(from), to: new Date(to) })),
  }));
}

/** As {@link findOutage}; throws a configuration error where there is none. */
export const requireOutage = async (db: Knex, id: number): Promise<Outage> =>
  thatIs(OUTAGE, id, await findOutage(db, id));

/** That there are no such streams. */
export const unknownStreams = (names: readonly string[]): Error =>
  names.length > 0 ? fault('stream-unknown', { streams: names }) : fault('outage-streams');

/**
 * Takes a report: the duty to report is met by it, and what it hinders and is not overdue yet is suspended from its
 * beginning, with the reason, not deleted; the rest once the management unit has confirmed it. Throws a configuration error that names streams that there are not.
 */
export async function openOutage(db: Knex, given: NewOutage, who: Who): Promise<number> {
  return db.transaction(async (trx) => {
    const streams = await trx('stream')
      .whereIn('name', given.streams)
      .select<{ id: number; name: string }[]>('id', 'name');
    const unknown = given.streams.filter((name) => !streams.some((stream) => stream.name === name));
    if (unknown.length > 0 || streams.length === 0) throw unknownStreams(unknown);
    await requireStart(trx, 'outage', given.beganAt, who.at);
    const id = await openCase(trx, 'outage', who.at);
    await trx('outage').insert({
      id,
      unit_code: given.unit.code,
      unit_name: given.unit.name,
      cause: given.cause,
      kinds: given.kinds,
      began_at: given.beganAt,
      reported_at: who.at,
      ...evidenceColumns(given.evidence),
    });
    await trx('outage_stream').insert(streams.map((stream) => ({ outage_id: id, stream_id: stream.id })));
    const subject = subjectOf({ kind: 'outage', id, round: 1 });
    const owner = { ownerCode: given.unit.code, ownerName: given.unit.name };
    await openObligations(trx, 'outage-report', [{ subject, ...owner, startedAt: given.beganAt }], who);
    await meetObligations(trx, { subjects: [subject] }, who);
    await followSuspensions(trx);
    await noteEvent(trx, subject, { ...who, what: 'reported', detail: { streams: given.streams, cause: given.cause } });
    return id;
  });
}

/** Subject of the backfill of one stream, in its round. */
const backfillSubject = (id: number, { stream, round }: Pick<OutageStream, 'stream' | 'round'>): string =>
  `outage/${id}/${stream}${round > 1 ? `#${round}` : ''}`;

/** The streams that a step is about; throws a configuration error that names those that it cannot be done to. */
function chosenStreams(
  { id, streams }: Outage,
  { action, streams: named }: Extract<OutageStep, { action: 'recover' | 'relapse' }>,
): OutageStream[] {
  const found = streamsFor(action, streams).filter(({ stream }) => named?.includes(stream) ?? true);
  const wrong = named?.filter((name) => !found.some(({ stream }) => stream === name)) ?? [];
  if (wrong.length === 0) return found;
  throw refusal(OUTAGE, id, action, OUTAGE.actions[action].refusals.otherwise, wrong.join('、'));
}

/** How outages are kept: `actOnCase` does something with one. */
export const OUTAGES: CaseKeeper<Outage, OutageStep> = {
  definition: OUTAGE,

  async lock(trx, id) {
    await lockCase(trx, OUTAGE, id);
    return requireOutage(trx, id);
  },

  noted(step, outage, at) {
    if (step.action === 'withdraw') return { detail: { reason: step.reason } };
    if (step.action === 'confirm') return { detail: { document: step.document } };
    const streams = chosenStreams(outage, step).map(({ stream }) => stream);
    if (step.action === 'relapse') return { detail: { streams, reason: step.reason } };
    return { detail: { streams, at: shanghaiInstant((step.recoveredAt ?? at).getTime()) } };
  },

  async perform(trx, outage, step, who) {
    const { id } = outage;
    const update = (streams: readonly OutageStream[], values: object): Promise<number> =>
      trx('outage_stream')
        .where({ outage_id: id })
        .whereIn(
          'stream_id',
          streams.map((stream) => stream.id),
        )
        .update(values);
    const dropBackfill = async (streams: readonly OutageStream[], reason: string): Promise<void> => {
      const owed = streams.map((stream) => backfillSubject(id, stream));
      // With what it found wrong (…/rejects).
      const subjects = await trx('obligation')
        .where({ duty_kind: 'backfill' })
        .whereRaw(`regexp_replace(subject, '/rejects(#[0-9]+){0,1}$', '') = ANY (?)`, [owed])
        .pluck<string[]>('subject');
      await dropObligations(
        trx,
        { subjects: [...owed, ...subjects], duty: 'backfill' },
        { ...who, reason: said(reason) },
      );
    };
    switch (step.action) {
      case 'confirm': {
        const [from, to] = [step.from ?? outage.beganAt, step.to ?? null];
        if (from < outage.beganAt || (to !== null && to <= from))
          throw refusal(OUTAGE, id, 'confirm', OUTAGE.actions.confirm.refusals.span);
        await trx('outage')
          .where({ id })
          .update({
            confirmed_at: who.at,
            confirmed_by: who.by,
            covered: trx.raw('tstzrange(?, ?)', [from, to]),
            document: step.document,
          });
        break;
      }
      case 'recover': {
        const recoveredAt = step.recoveredAt ?? who.at;
        if (recoveredAt < outage.beganAt || recoveredAt > who.at)
          throw refusal(OUTAGE, id, 'recover', OUTAGE.actions.recover.refusals.time);
        await update(chosenStreams(outage, step), { recovered_at: recoveredAt, recovery_by: who.by });
        break;
      }
      case 'relapse': {
        const streams = chosenStreams(outage, step);
        await dropBackfill(streams, step.reason);
        await update(streams, {
          recovered_at: null,
          recovery_by: null,
          proven_at: null,
          proofs: null,
          round: trx.raw('round + 1'),
        });
        break;
      }
      case 'withdraw':
        await dropBackfill(outage.streams, step.reason);
        await closeCase(trx, id, 'withdrawn', who.at);
    }
    await followSuspensions(trx);
  },
};

/** What an outage’s workflow has to do, and to wait for. */
export interface AdvancedOutage {
  outage: Outage;
  /** Streams whose backfill is due: all that the fault kept back, from its beginning to the recovery. */
  backfill: { stream: string; title: string; unit: string; round: number; from: Date; to: Date }[];
}

/**
 * Opens the deadline of every backfill whose clock has started, and closes the outage once all of it is proven and the
 * management unit has confirmed it: what a report suspended is suspended provisionally until then. A stream that another
 * open outage still stops is not recovered yet: the last recovery starts its clock.
 */
export async function advanceOutage(db: Knex, id: number, at: Date): Promise<AdvancedOutage> {
  return db.transaction(async (trx) => {
    let outage = await OUTAGES.lock(trx, id, at);
    const who = { by: HUB, at };
    const { rows: ends } = await trx.raw<{ rows: { id: number; clearedAt: Date | null }[] }>(
      `SELECT stream_id AS id, cleared_at AS "clearedAt" FROM (${CLEARED}) AS cleared`,
      { id },
    );
    const backfill: AdvancedOutage['backfill'] = [];
    for (const stream of outage.closedAt === null ? outage.streams : []) {
      const to = ends.find((end) => end.id === stream.id)?.clearedAt ?? null;
      if (to === null || stream.provenAt !== null) continue;
      const owner = await trx('stream')
        .where({ id: stream.id })
        .first<{ code: string; name: string }>({ code: 'unit_code', name: 'unit_name' });
      const item = {
        subject: backfillSubject(id, stream),
        ownerCode: owner.code,
        ownerName: owner.name,
        startedAt: to,
        streamId: stream.id,
        workflowId: caseWorkflowId(outage),
      };
      await openObligations(trx, 'backfill', [item], who);
      const { title, unit, round } = stream;
      backfill.push({ stream: stream.stream, title, unit, round, from: outage.beganAt, to });
    }
    const proven = outage.streams.every(({ provenAt }) => provenAt !== null);
    if (outage.closedAt === null && outage.confirmedAt !== null && proven) {
      await closeCase(trx, id, 'backfilled', at);
      await noteEvent(trx, subjectOf(outage), { ...who, what: 'closed', detail: {} });
      outage = await requireOutage(trx, id);
    }
    await seeCase(trx, id);
    return { outage, backfill };
  });
}

/** How many records came with a backfill and were refused; each group has its deadline beside it (…/rejects). */
async function openRejectsOf(db: Knex, subject: string): Promise<number> {
  const { rows } = await db.raw<{ rows: { records: number }[] }>(
    `SELECT coalesce(sum((reason->>'records')::integer), 0)::integer AS records FROM obligation
     WHERE duty_kind = 'backfill' AND starts_with(subject, :subject || '/rejects') AND obligation_runs(obligation)`,
    { subject },
  );
  return rows[0]?.records ?? 0;
}

/**
 * The proofs of a stream’s backfill: where they found it equal, the deadline is met by that, and by nothing else. What
 * was proven of a round that is over, because the fault came again, counts for nothing. Rejects that came with it are named,
 * and owed until they are resolved.
 */
export async function settleBackfill(
  db: Knex,
  id: number,
  { stream, round, proofs }: { stream: string; round: number; proofs: number[] },
  at: Date,
): Promise<boolean> {
  return db.transaction(async (trx) => {
    const outage = await OUTAGES.lock(trx, id, at);
    const own = outage.streams.find((candidate) => candidate.stream === stream);
    if (own?.round !== round || own.provenAt !== null || own.recoveredAt === null || outage.closedAt !== null)
      return false;
    await trx('outage_stream').where({ outage_id: id, stream_id: own.id }).update({ proven_at: at, proofs });
    const who = { by: HUB, at };
    const subject = backfillSubject(id, own);
    await followRejects(trx, own.id, at);
    const rejects = await openRejectsOf(trx, subject);
    const reason = { code: 'proven', proofs, ...(rejects > 0 && { rejects }) } as const;
    await meetObligations(trx, { subjects: [subject], duty: 'backfill' }, { ...who, reason });
    await noteEvent(trx, subjectOf(outage), { ...who, what: 'proven', detail: { stream, proofs } });
    return true;
  });
}
