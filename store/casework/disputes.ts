import type { Knex } from 'knex';
import {
  DISPUTE,
  disputeStage,
  STAGE_BY_FACT,
  type DisputeFacts,
  type DisputeStage,
  type DisputeStep,
} from '../../domain/casework/dispute.ts';
import type { Duty, Start } from '../../domain/ledger/duties.ts';
import { HUB, said, type Reason } from '../../domain/ledger/reasons.ts';
import { HubError } from '../../domain/errors.ts';
import { normaliseCode } from '../../domain/library/identifiers.ts';
import { fault } from '../../domain/faults.ts';
import { refusedAction } from '../../domain/casework/definition.ts';
import { caseWorkflowId } from '../../domain/ids.ts';
import {
  closeCase,
  lockCase,
  openCase,
  seeCase,
  subjectOf,
  thatIs,
  touchCase,
  type VersionedCase,
  type Who,
} from '../ledger/case-files.ts';
import {
  dropObligations,
  noteEvent,
  openObligations,
  retimeFrom,
  timelineOf,
  type NewObligation,
  meetObligations,
} from '../ledger/obligations.ts';
import { queueMessage } from '../ledger/outbox.ts';
import { governs, managementUnit, requireStart, waitsForReceipt } from '../ledger/rules.ts';
import type { Unit } from '../../domain/units.ts';
import { perform, refusal, selectCases, type CaseChoice, type CaseKeeper } from './cases.ts';

/** A dispute (异议) as it is raised. */
export interface NewDispute {
  /** Where it came from: hotline, api, console, or the id of a connector. */
  source: string;
  /** Its number there; the same one again is the same dispute. */
  ticket: string | null;
  /** The certificate’s number, and its type where the number alone does not tell. */
  number: string;
  typeCode: string | null;
  objector: string | null;
  /** How the objector is told: a telephone number, or what the channel knows them by. */
  contact: string | null;
  statement: string;
  raisedAt: Date;
  /** The unit of whoever raised it in the console: it sees what becomes of it. */
  raisedBy?: string | null;
  /** When the issuer received it; left out where that is still to be told. */
  receivedAt?: Date | undefined;
}

/** A dispute with everything that is known of it. Objector, contact, statement and answer are personal data. */
export interface Dispute extends Omit<NewDispute, 'raisedAt' | 'raisedBy' | 'receivedAt'>, DisputeFacts, VersionedCase {
  closedAs: DisputeFacts['closedAs'];
  raisedAt: Date;
  issuerName: string | null;
  sentTo: string | null;
  sentReference: string | null;
  answer: string | null;
  verifiedAt: Date | null;
  correction: string | null;
  toldReceipt: string | null;
  mergedInto: number | null;
}

const COLUMNS = {
  source: 'source',
  ticket: 'ticket',
  number: 'number',
  typeCode: 'type_code',
  objector: 'objector',
  contact: 'contact',
  statement: 'statement',
  raisedAt: 'raised_at',
  issuerCode: 'issuer_code',
  issuerName: 'issuer_name',
  receivedAt: 'received_at',
  acknowledgedAt: 'acknowledged_at',
  markedAt: 'marked_at',
  sentTo: 'sent_to',
  sentReference: 'sent_reference',
  sentAt: 'sent_at',
  upheld: 'upheld',
  answer: 'answer',
  verifiedAt: 'verified_at',
  correctedAt: 'corrected_at',
  correction: 'correction',
  toldAt: 'told_at',
  toldReceipt: 'told_receipt',
  mergedInto: 'merged_into',
};

/** {@link disputeStage} in SQL. */
const STAGE = `CASE ${STAGE_BY_FACT.map(([fact, stage]) => `WHEN ${fact === 'closedAs' ? 'closed_as' : COLUMNS[fact]} IS NOT NULL THEN '${stage}'`).join(' ')} ELSE 'raised' END`;

export async function findDispute(db: Knex, id: number): Promise<Dispute | null> {
  return (await listDisputes(db, { id, limit: 1 }))[0] ?? null;
}

/** Disputes, the latest first. */
export async function listDisputes(
  db: Knex,
  choice: CaseChoice & {
    stages?: readonly DisputeStage[] | undefined;
    number?: string | undefined;
    issuer?: string | undefined;
  },
): Promise<Dispute[]> {
  const query = selectCases(db, 'dispute', COLUMNS, choice);
  if (choice.stages?.includes('closed') === false) void query.whereNull('closed_at');
  if (choice.stages) void query.whereRaw(`${STAGE} = ANY (?)`, [[...choice.stages]]);
  if (choice.number !== undefined) void query.where('number', normaliseCode(choice.number));
  if (choice.issuer !== undefined) void query.where('issuer_code', choice.issuer);
  if (choice.units) {
    // Of certificates of these issuers, or raised by these units.
    const units = [...choice.units];
    void query.whereRaw(
      `(issuer_code = ANY (:units) OR source = 'console' AND EXISTS (SELECT FROM case_event
         WHERE subject = 'dispute/' || dispute.id AND what = 'raised' AND detail ->> 'unitCode' = ANY (:units)))`,
      { units },
    );
  }
  return (await query) as Dispute[];
}

/**
 * Opens a dispute with the deadlines that begin when it is raised, when the management unit has it, or when the issuer
 * received it: now, unless its source says when before that, or the profile has it wait for the issuer's word. One that
 * came before under the same number of its source is that one; where the issuer has received it since, that is noted.
 * Throws a configuration error when the certificate’s number is that of several types, and for times that lie ahead or
 * too long ago.
 */
export async function openDispute(db: Knex, given: NewDispute, who: Who): Promise<{ id: number; known: boolean }> {
  await requireStart(db, 'dispute', given.raisedAt, who.at);
  if (given.receivedAt) await requireStart(db, 'dispute', given.receivedAt, who.at);
  const { receivedAt } = given;
  return db.transaction(async (trx) => {
    if (given.ticket !== null) {
      // Two that bring the same ticket at once are one after the other.
      await trx.raw(`SELECT pg_advisory_xact_lock(hashtextextended(?, 0))`, [
        `dispute ${given.source} ${given.ticket}`,
      ]);
      const earlier = await trx('dispute')
        .where({ source: given.source, ticket: given.ticket })
        .first<{ id: number } | undefined>('id');
      if (earlier) {
        if (receivedAt) await receiveSince(trx, earlier.id, receivedAt, who);
        return { id: earlier.id, known: true };
      }
      await trx('ticket_fault').where({ source: given.source, ticket: given.ticket }).delete();
    }
    const { typeCode, issuer } = await certificateOf(trx, given);
    const id = await openCase(trx, 'dispute', who.at);
    await trx('dispute').insert({
      id,
      source: given.source,
      ticket: given.ticket,
      number: given.number,
      type_code: typeCode,
      objector: given.objector,
      contact: given.contact,
      statement: given.statement,
      raised_at: given.raisedAt,
      issuer_code: issuer?.code ?? null,
      issuer_name: issuer?.name ?? null,
    });
    const dispute = await requireDispute(trx, id);
    await startClocks(trx, dispute, 'raised', given.raisedAt, who);
    await startClocks(trx, dispute, 'manager-received', receivedAt ?? who.at, who);
    await noteEvent(trx, subjectOf(dispute), {
      ...who,
      what: 'raised',
      detail: { source: given.source, ticket: given.ticket, unitCode: given.raisedBy ?? null },
    });
    if (receivedAt) await perform(trx, DISPUTES, dispute, { action: 'receive', receivedAt }, who);
    else await handOver(trx, dispute, who);
    return { id, known: false };
  });
}

/** Whether the profile has issuers receive disputes with their registration, and not by their own word. */
const handsOver = async (db: Knex): Promise<boolean> => (await governs(db, OF_ISSUER)) && !(await waitsForReceipt(db));

/** The issuer has a dispute from now on (电子签名法第十一条), where the profile reads it so. */
async function handOver(trx: Knex.Transaction, dispute: Dispute, who: Who): Promise<void> {
  if (!(await handsOver(trx))) return;
  await trx('dispute').where({ id: dispute.id }).update({ received_at: who.at });
  await noteEvent(trx, subjectOf(dispute), {
    ...who,
    what: 'handed over',
    detail: { to: dispute.issuerName },
  });
  await startClocks(trx, dispute, 'issuer-received', who.at, who);
}

const BEGINS_ROUND = ['raised', 'transfer', 'reopen'];

/** Hands over what was raised while the profile, or an earlier version of the hub, had it wait for the issuer's word. */
export async function handOverWaiting(db: Knex, at: Date): Promise<void> {
  if (!(await handsOver(db))) return;
  const waiting = await db('dispute')
    .join('case_file', 'case_file.id', 'dispute.id')
    .whereRaw(`${STAGE} = 'raised'`)
    .pluck<number[]>('dispute.id');
  for (const id of waiting)
    await db.transaction(async (trx) => {
      const dispute = await DISPUTES.lock(trx, id, at);
      if (disputeStage(dispute) !== 'raised') return;
      const begun = (await timelineOf(trx, dispute)).findLast(({ what }) => BEGINS_ROUND.includes(what));
      await handOver(trx, dispute, { by: HUB, at: begun?.at ?? dispute.openedAt });
    });
}

/**
 * The source says since when a dispute has been received: by the management unit, whose clocks can only come to have
 * started earlier, and by the issuer, the first one.
 */
async function receiveSince(trx: Knex.Transaction, id: number, receivedAt: Date, who: Who): Promise<void> {
  const dispute = await DISPUTES.lock(trx, id, who.at);
  if (dispute.round > 1) return;
  for (const duty of OF_MANAGEMENT)
    await retimeFrom(
      trx,
      duty,
      `SELECT subject, :receivedAt::timestamptz AS started_at FROM obligation
       WHERE subject = :subject AND duty_kind = :duty AND started_at > :receivedAt`,
      { subject: subjectOf(dispute), duty, receivedAt },
      { ...who, starts: 'manager-received' },
    );
  if (refusedAction(DISPUTE, dispute, 'receive') !== null) return;
  await perform(trx, DISPUTES, dispute, { action: 'receive', receivedAt }, who);
  await touchCase(trx, id, who.at);
}

/** A dispute that has a number where it comes from. */
export type Ticket = Omit<NewDispute, 'source' | 'ticket'> & { ticket: string };

/** What became of a ticket: its dispute, or why there is none. */
export interface TicketOutcome {
  ticket: string;
  dispute: number | null;
  known: boolean;
  fault: HubError | null;
}

/**
 * Opens a dispute for each ticket of a source that has none, and receives those that the issuer has received since. What
 * is wrong with one stops no other.
 */
export async function takeTickets(
  db: Knex,
  source: string,
  tickets: readonly Ticket[],
  who: Who,
  signal?: AbortSignal,
): Promise<TicketOutcome[]> {
  const taken = await takenTickets(
    db,
    source,
    tickets.map(({ ticket }) => ticket),
  );
  const outcomes: TicketOutcome[] = [];
  for (const given of tickets) {
    signal?.throwIfAborted();
    const { ticket } = given;
    const earlier = taken.get(ticket);
    if (earlier && (earlier.settled || given.receivedAt === undefined)) {
      outcomes.push({ ticket, dispute: earlier.id, known: true, fault: null });
      continue;
    }
    try {
      const { id, known } = await openDispute(db, { ...given, source }, who);
      outcomes.push({ ticket, dispute: id, known, fault: null });
    } catch (error) {
      if (!(error instanceof HubError && error.kind === 'configuration')) throw error;
      outcomes.push({ ticket, dispute: null, known: false, fault: error });
    }
  }
  return outcomes;
}

/** Which of these tickets of a source are disputes; not settled is one that the issuer is still to receive. */
async function takenTickets(
  db: Knex,
  source: string,
  tickets: readonly string[],
): Promise<ReadonlyMap<string, { id: number; settled: boolean }>> {
  const rows = await db('dispute')
    .join('case_file', 'case_file.id', 'dispute.id')
    .where({ source })
    .whereRaw('ticket = ANY (?)', [[...tickets]])
    .select<{ ticket: string; id: number; settled: boolean }[]>(
      'ticket',
      'dispute.id',
      db.raw('(acknowledged_at IS NOT NULL OR round > 1 OR closed_at IS NOT NULL) AS settled'),
    );
  return new Map(rows.map((row) => [row.ticket, row]));
}

/**
 * Which certificate a number is of, and who answers for it: its issuer as it says itself, or as the catalog has it, where
 * the hub knows that unit; else the unit whose own stream it came by. A platform that only returned it never issued it.
 */
async function certificateOf(
  db: Knex,
  { number, typeCode }: Pick<NewDispute, 'number' | 'typeCode'>,
): Promise<{ typeCode: string | null; issuer: Unit | null }> {
  const { rows } = await db.raw<{ rows: { type: string; code: string | null; name: string | null }[] }>(
    `SELECT c.type_code AS type, coalesce(unit.code, own.code) AS code, coalesce(unit.name, own.name) AS name
     FROM certificate c JOIN stream s ON s.id = c.stream_id
     LEFT JOIN catalog_entry entry ON entry.type_code = c.type_code AND entry.state = 'approved'
     LEFT JOIN unit AS issuer ON issuer.code = c.issuer_code
     LEFT JOIN unit ON unit.code = coalesce(issuer.code, entry.entry #>> '{issuer,code}')
     LEFT JOIN LATERAL (SELECT s.unit_code AS code, s.unit_name AS name WHERE s.delivery <> 'return') AS own ON true
     WHERE c.number = :number AND (:typeCode::text IS NULL OR c.type_code = :typeCode)
     ORDER BY unit.code IS NULL, own.code IS NULL, c.source_updated_at DESC`,
    { number, typeCode },
  );
  const types = [...new Set(rows.map(({ type }) => type))];
  if (types.length > 1) {
    throw fault('certificate-ambiguous', { types });
  }
  const [first] = rows;
  const issuer = first?.code != null && first.name !== null ? { code: first.code, name: first.name } : null;
  return { typeCode: first?.type ?? typeCode, issuer };
}

/** As {@link findDispute}; throws a configuration error where there is none. */
export const requireDispute = async (db: Knex, id: number): Promise<Dispute> =>
  thatIs(DISPUTE, id, await findDispute(db, id));

const OF_ISSUER: readonly Duty[] = ['dispute-receipt', 'dispute-mark', 'dispute-answer'];
const OF_MANAGEMENT: readonly Duty[] = ['dispute-hand-up', 'dispute-tell'];

/** Opens what the profile has begin with an event. */
async function startClocks(trx: Knex, dispute: Dispute, starts: Start, startedAt: Date, who: Who): Promise<void> {
  const management = await managementUnit(trx);
  const issuer = { code: dispute.issuerCode ?? management.code, name: dispute.issuerName ?? management.name };
  for (const duty of [...OF_ISSUER, ...OF_MANAGEMENT]) {
    const owner = OF_ISSUER.includes(duty) ? issuer : management;
    const item: NewObligation = {
      subject: subjectOf(dispute),
      startedAt,
      workflowId: caseWorkflowId(dispute),
      ownerCode: owner.code,
      ownerName: owner.name,
    };
    await openObligations(trx, duty, [item], { ...who, starts });
  }
  // The mark outlives a transfer: the next issuer does not owe it again.
  if (dispute.markedAt !== null)
    await meetObligations(trx, { subjects: [subjectOf(dispute)], duty: 'dispute-mark' }, who);
}

/** How disputes are kept: `actOnCase` does something with one. */
export const DISPUTES: CaseKeeper<Dispute, DisputeStep> = {
  definition: DISPUTE,

  async lock(trx, id) {
    await lockCase(trx, DISPUTE, id);
    return requireDispute(trx, id);
  },

  noted(step, { issuerName }) {
    switch (step.action) {
      case 'receive':
      case 'mark':
      case 'correct':
        return { detail: {} };
      case 'verify':
      case 'upper-answer':
        return { detail: { upheld: step.upheld } };
      case 'hand-up':
      case 'route':
        return { detail: { to: step.to, reference: step.reference ?? null } };
      case 'tell':
        return { detail: { receipt: step.receipt } };
      case 'transfer':
        return { detail: { from: issuerName, to: step.issuer.name } };
      case 'merge':
        return { detail: { into: step.into } };
      case 'withdraw':
      case 'reopen':
        return { detail: { reason: step.reason } };
    }
  },

  async perform(trx, dispute, step, who) {
    const { id } = dispute;
    const subject = subjectOf(dispute);
    const update = (values: object): Promise<number> => trx('dispute').where({ id }).update(values);
    const met = (duty: Duty): Promise<number> => meetObligations(trx, { subjects: [subject], duty }, who);
    const drop = (reason: Reason, duty?: Duty): Promise<void> =>
      dropObligations(trx, { subjects: [subject], ...(duty && { duty }) }, { ...who, reason });

    switch (step.action) {
      case 'receive': {
        const receivedAt = step.receivedAt ?? who.at;
        await requireStart(trx, 'dispute', receivedAt, who.at);
        await met('dispute-receipt');
        await update({ acknowledged_at: who.at });
        if (dispute.receivedAt !== null && receivedAt >= dispute.receivedAt) return;
        await update({ received_at: receivedAt });
        if (dispute.receivedAt === null) return startClocks(trx, dispute, 'issuer-received', receivedAt, who);
        for (const duty of OF_ISSUER)
          await retimeFrom(
            trx,
            duty,
            'SELECT :subject::text AS subject, :receivedAt::timestamptz AS started_at',
            { subject, receivedAt },
            { ...who, starts: 'issuer-received' },
          );
        return;
      }
      case 'mark': {
        await update({ marked_at: who.at });
        const { number, typeCode: type_code } = dispute;
        await trx('mark').insert({ dispute_id: id, number, type_code, marked_at: who.at, marked_by: who.by });
        await met('dispute-mark');
        return startClocks(trx, dispute, 'marked', who.at, who);
      }
      case 'verify':
      case 'upper-answer':
        await update({ upheld: step.upheld, answer: step.answer, verified_at: who.at });
        if (step.action === 'upper-answer') await startClocks(trx, dispute, 'upper-answered', who.at, who);
        return;
      case 'hand-up':
        await update({ sent_to: step.to, sent_reference: step.reference ?? null, sent_at: who.at });
        await met('dispute-hand-up');
        return;
      case 'route':
        // What national rules handle has no term in the city’s regulation; a mark stays owed.
        await update({ sent_to: step.to, sent_reference: step.reference ?? null, sent_at: who.at });
        for (const duty of ['dispute-answer', 'dispute-hand-up'] as const)
          await drop({ code: 'sent-on', to: step.to }, duty);
        return;
      case 'tell':
        await update({ told_at: who.at, told_receipt: step.receipt });
        await met('dispute-answer');
        await met('dispute-tell');
        return settle(trx, await requireDispute(trx, id), who);
      case 'correct':
        await update({ corrected_at: who.at, correction: step.note });
        return settle(trx, await requireDispute(trx, id), who);
      case 'transfer':
        await drop({ code: 'transferred', to: step.issuer.name });
        await update({
          issuer_code: step.issuer.code,
          issuer_name: step.issuer.name,
          received_at: null,
          acknowledged_at: null,
          sent_to: null,
          sent_reference: null,
          sent_at: null,
        });
        return nextRound(trx, dispute, who);
      case 'merge':
        return merge(trx, dispute, step.into, who);
      case 'withdraw':
        await drop(said(step.reason));
        return close(trx, dispute, 'withdrawn', who);
      case 'reopen':
        await update({
          upheld: null,
          answer: null,
          verified_at: null,
          corrected_at: null,
          correction: null,
          told_at: null,
          told_receipt: null,
          sent_to: null,
          sent_reference: null,
          sent_at: null,
          received_at: null,
          acknowledged_at: null,
          marked_at: null,
        });
        await lift(trx, id, who);
        return nextRound(trx, dispute, who);
    }
  },
};

/** A new issuer, or a case that is taken up again, has deadlines of its own; those of before stay as they ended. */
async function nextRound(trx: Knex.Transaction, { id, round }: Dispute, who: Who): Promise<void> {
  await trx('case_file')
    .where({ id })
    .update({ round: round + 1, closed_at: null, closed_as: null });
  const dispute = await requireDispute(trx, id);
  await startClocks(trx, dispute, 'raised', who.at, who);
  await startClocks(trx, dispute, 'manager-received', who.at, who);
  await handOver(trx, dispute, who);
}

/** Another dispute about the same certificate takes this one over: its objector is told with the other one’s. */
async function merge(trx: Knex.Transaction, dispute: Dispute, into: number, who: Who): Promise<void> {
  const other = await requireDispute(trx, into);
  const same = other.number === dispute.number && other.typeCode === dispute.typeCode;
  const { foreign, answered } = DISPUTE.actions.merge.refusals;
  if (into === dispute.id || !same) throw refusal(DISPUTE, dispute.id, 'merge', foreign);
  if (other.closedAs !== null || other.toldAt !== null)
    throw refusal(DISPUTE, dispute.id, 'merge', answered, String(into));
  await dropObligations(trx, { subjects: [subjectOf(dispute)] }, { ...who, reason: { code: 'merged', into } });
  await trx('dispute').where({ id: dispute.id }).update({ merged_into: into });
  if (dispute.markedAt !== null && other.markedAt === null) {
    // The certificate stays marked, for the other one now.
    await trx('mark').where({ dispute_id: dispute.id }).whereNull('lifted_at').update({ dispute_id: into });
    await trx('dispute').where({ id: into }).update({ marked_at: dispute.markedAt });
    await meetObligations(trx, { subjects: [subjectOf(other)], duty: 'dispute-mark' }, who);
  }
  await noteEvent(trx, subjectOf(other), { ...who, what: 'took over', detail: { dispute: dispute.id } });
  await touchCase(trx, into, who.at);
  await close(trx, dispute, 'merged', who);
}

/** Closes a dispute that has been told, once the certificate is corrected or needs no correction. */
async function settle(trx: Knex.Transaction, dispute: Dispute, who: Who): Promise<void> {
  if (dispute.toldAt === null || (dispute.upheld === true && dispute.correctedAt === null)) return;
  await close(trx, dispute, 'told', who);
}

async function close(
  trx: Knex.Transaction,
  dispute: Dispute,
  as: NonNullable<Dispute['closedAs']>,
  who: Who,
): Promise<void> {
  await lift(trx, dispute.id, who);
  // A mark that was never set is owed no more: there is nothing left to mark.
  await dropObligations(trx, { subjects: [subjectOf(dispute)] }, { ...who, reason: { code: 'dispute-closed' } });
  await closeCase(trx, dispute.id, as, who.at);
}

async function lift(trx: Knex, id: number, { by, at }: Who): Promise<void> {
  const lifted = await trx('mark').where({ dispute_id: id }).whereNull('lifted_at').update({ lifted_at: at });
  if (lifted > 0) await noteEvent(trx, `dispute/${id}`, { by, at, what: 'mark lifted', detail: {} });
}

/** What a dispute’s workflow does by itself, and what it waits for. */
export interface Advanced {
  dispute: Dispute;
  /** Something is on its way that nobody announces: a receipt, a corrected version. */
  polls: boolean;
}

/**
 * Does what follows by itself: has the objector told over the channel, where there is one, and takes its receipt as the
 * proof; links the version that corrects the certificate.
 */
export async function advanceDispute(db: Knex, id: number, target: string | null, at: Date): Promise<Advanced> {
  return db.transaction(async (trx) => {
    const who = { by: HUB, at };
    const dispute = await DISPUTES.lock(trx, id, at);
    let polls = false;
    if (dispute.closedAs === null && dispute.upheld !== null) {
      if (dispute.upheld && dispute.correctedAt === null) polls = !(await linkCorrection(trx, dispute, who));
      if (dispute.toldAt === null && target !== null)
        polls = !(await tellByChannel(trx, dispute, target, who)) || polls;
    }
    await seeCase(trx, id);
    return { dispute: await requireDispute(trx, id), polls };
  });
}

/** The version that came in after the dispute was received, and whether there is one. */
async function linkCorrection(trx: Knex.Transaction, dispute: Dispute, who: Who): Promise<boolean> {
  const since = dispute.receivedAt ?? dispute.raisedAt;
  const version = await trx('certificate')
    .join('stream', 'stream.id', 'stream_id')
    .where({ number: dispute.number, type_code: dispute.typeCode })
    .where('recorded_at', '>', since)
    .where('source_updated_at', '>', since)
    .orderBy('recorded_at', 'desc')
    .first<{ stream: string; key: string; recordedAt: Date } | undefined>({
      stream: 'stream.name',
      key: 'record_key',
      recordedAt: 'recorded_at',
    });
  if (!version) return false;
  const correction = `${version.stream} ${version.key}`;
  await trx('dispute').where({ id: dispute.id }).update({ corrected_at: version.recordedAt, correction });
  await noteEvent(trx, subjectOf(dispute), { ...who, what: 'corrected', detail: { version: correction } });
  await settle(trx, await requireDispute(trx, dispute.id), who);
  return true;
}

/** Queues the answer for the objector and for those of merged disputes; whether all of them have it. */
async function tellByChannel(trx: Knex.Transaction, dispute: Dispute, target: string, who: Who): Promise<boolean> {
  const merged = await trx('dispute')
    .where({ merged_into: dispute.id })
    .select<{ id: number; ticket: string | null; contact: string | null }[]>('id', 'ticket', 'contact');
  const told = [{ id: dispute.id, ticket: dispute.ticket, contact: dispute.contact }, ...merged];
  const keys = told.map(({ id }) => `${subjectOf({ ...dispute, id })}/answer`);
  for (const [index, { id, ticket, contact }] of told.entries()) {
    const payload = {
      kind: 'dispute-answer',
      dispute: id,
      ticket,
      contact,
      number: dispute.number,
      upheld: dispute.upheld,
      answer: dispute.answer,
    };
    await queueMessage(trx, { target, key: keys[index] ?? '', payload }, who.at);
  }
  const sent = await trx('outbox')
    .where({ target })
    .whereRaw('message_key = ANY (?)', [keys])
    .select<{ deliveredAt: Date | null; receipt: string | null }[]>({
      deliveredAt: 'delivered_at',
      receipt: 'receipt',
    });
  const last = sent.map(({ deliveredAt }) => deliveredAt?.getTime() ?? Infinity).reduce((a, b) => Math.max(a, b), 0);
  if (!Number.isFinite(last)) return false;
  const receipt = sent[0]?.receipt ?? 'delivered';
  await perform(trx, DISPUTES, dispute, { action: 'tell', receipt }, { ...who, at: new Date(last) });
  return true;
}

/** A certificate that is disputed: since when, and under which dispute. */
export interface DisputeMark {
  number: string;
  typeCode: string | null;
  dispute: number;
  markedAt: Date;
}

/** Marks in force on certificates of these numbers. */
export async function marksOn(db: Knex, numbers: readonly string[]): Promise<DisputeMark[]> {
  return db('mark')
    .whereRaw('number = ANY (?)', [[...numbers]])
    .whereNull('lifted_at')
    .orderBy('marked_at')
    .select<DisputeMark[]>({ number: 'number', typeCode: 'type_code', dispute: 'dispute_id', markedAt: 'marked_at' });
}
