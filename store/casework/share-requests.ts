import type { Knex } from 'knex';
import { configurationError } from '../../domain/errors.ts';
import { caseWorkflowId } from '../../domain/ids.ts';
import { SHARE_OUTCOMES, type ShareOutcome } from '../../domain/casework/share-request.ts';
import {
  FILE,
  lockCase,
  openCase,
  seeCase,
  subjectOf,
  touchCase,
  VERSION,
  type VersionedCase,
  type Who,
} from '../ledger/case-files.ts';
import { dropObligations, endObligations, noteEvent, openObligations } from '../ledger/obligations.ts';
import { managementUnit } from '../ledger/rules.ts';
import type { Unit } from '../../domain/units.ts';

/** A user unit’s request for a certificate that the city does not share yet (无锡第十一条). */
export interface NewShareRequest {
  unit: Unit;
  /** Which certificate is wanted, and for which items and scenario. */
  wanted: string;
  scenario: string;
  /** When the need arose, where that is known: the request is to follow 及时. */
  neededAt: Date | null;
}

export interface ShareRequest extends VersionedCase {
  unitCode: string;
  unitName: string;
  wanted: string;
  scenario: string;
  neededAt: Date | null;
  requestedAt: Date;
  outcome: ShareOutcome | null;
  outcomeText: string | null;
  decidedAt: Date | null;
}

/** What one of the units that take part says. */
export interface ShareOpinion {
  unitCode: string;
  unitName: string;
  opinion: string;
  saidAt: Date;
  saidBy: string;
}

export type ShareStep =
  /** Units that take part are asked what they say: they see the request from then on. */
  | { action: 'ask'; units: readonly Unit[] }
  | { action: 'say'; unit: Unit; opinion: string }
  | { action: 'decide'; outcome: ShareOutcome; text: string }
  | { action: 'withdraw'; reason: string };

const COLUMNS = {
  ...FILE,
  unitCode: 'unit_code',
  unitName: 'unit_name',
  wanted: 'wanted',
  scenario: 'scenario',
  neededAt: 'needed_at',
  requestedAt: 'requested_at',
  outcome: 'outcome',
  outcomeText: 'outcome_text',
  decidedAt: 'decided_at',
};
const select = (db: Knex) =>
  db('share_request')
    .join('case_file', 'case_file.id', 'share_request.id')
    .select(COLUMNS, { version: db.raw(VERSION) });

export async function findShareRequest(db: Knex, id: number): Promise<ShareRequest | null> {
  return (await listShareRequests(db, { id, limit: 1 }))[0] ?? null;
}

/** As {@link findShareRequest}; throws a configuration error where there is none. */
export async function requireShareRequest(db: Knex, id: number): Promise<ShareRequest> {
  const found = await findShareRequest(db, id);
  if (found) return found;
  throw configurationError(`There is no share request ${id}`, {
    code: 'case-unknown',
    zh: `没有共享申请 ${id}`,
    cure: './hub share lists them',
  });
}

/** Share requests, the latest first. */
export async function listShareRequests(
  db: Knex,
  choice: {
    id?: number;
    open?: boolean | undefined;
    outcomes?: readonly ShareOutcome[] | undefined;
    unit?: string | undefined;
    /** Of these units, or that these were asked about. */
    units?: readonly string[] | null;
    /** Only those with lower numbers. */
    before?: number | undefined;
    limit: number;
  },
): Promise<ShareRequest[]> {
  const query = select(db).orderBy('share_request.id', 'desc').limit(choice.limit);
  if (choice.id !== undefined) void query.where('share_request.id', choice.id);
  if (choice.open !== undefined) void (choice.open ? query.whereNull('closed_at') : query.whereNotNull('closed_at'));
  if (choice.outcomes) void query.whereRaw('outcome = ANY (?)', [[...choice.outcomes]]);
  if (choice.unit !== undefined) void query.where('unit_code', choice.unit);
  if (choice.before !== undefined) void query.where('share_request.id', '<', choice.before);
  if (choice.units) {
    void query.whereRaw(
      `(unit_code = ANY (:units) OR EXISTS (SELECT FROM share_opinion o
         WHERE o.request_id = share_request.id AND o.unit_code = ANY (:units))
       OR EXISTS (SELECT FROM case_event
         WHERE subject = 'share/' || share_request.id AND what = 'ask' AND jsonb_exists_any(detail -> 'codes', :units)))`,
      { units: [...choice.units] },
    );
  }
  return (await query) as ShareRequest[];
}

export async function opinionsOn(db: Knex, id: number): Promise<ShareOpinion[]> {
  return db('share_opinion').where({ request_id: id }).orderBy('said_at').select<ShareOpinion[]>({
    unitCode: 'unit_code',
    unitName: 'unit_name',
    opinion: 'opinion',
    saidAt: 'said_at',
    saidBy: 'said_by',
  });
}

/** Files a share request: its own deadline, where the need was known before, is met by that; the decision’s begins. */
export async function openShareRequest(db: Knex, given: NewShareRequest, who: Who): Promise<number> {
  return db.transaction(async (trx) => {
    const id = await openCase(trx, 'share', who.at);
    await trx('share_request').insert({
      id,
      unit_code: given.unit.code,
      unit_name: given.unit.name,
      wanted: given.wanted,
      scenario: given.scenario,
      needed_at: given.neededAt,
      requested_at: who.at,
    });
    const subject = subjectOf({ kind: 'share', id, round: 1 });
    const management = await managementUnit(trx);
    const item = { subject, workflowId: caseWorkflowId({ kind: 'share', id }) };
    const requester = { ownerCode: given.unit.code, ownerName: given.unit.name, startedAt: given.neededAt ?? who.at };
    await openObligations(trx, 'share-filing', [{ ...item, ...requester }], who);
    await endObligations(trx, 'met', { subjects: [subject], duty: 'share-filing' }, who);
    const decider = { ownerCode: management.code, ownerName: management.name, startedAt: who.at };
    await openObligations(trx, 'share-decision', [{ ...item, ...decider }], who);
    await noteEvent(trx, subject, { ...who, what: 'requested', detail: { wanted: given.wanted } });
    return id;
  });
}

/** Does something with a share request; throws a configuration error that says why where it is decided already. */
export async function actOnShareRequest(db: Knex, id: number, step: ShareStep, who: Who): Promise<void> {
  await db.transaction(async (trx) => {
    const file = await lockCase(trx, 'share', id);
    if (file.closedAt !== null) {
      throw configurationError(`Share request ${id} cannot be done “${step.action}”: it is ${file.closedAs ?? ''}`, {
        code: 'case-refused',
        zh: `共享申请已办结（${file.closedAs === 'withdrawn' ? '撤回' : SHARE_OUTCOMES[file.closedAs as ShareOutcome].zh}），不能再操作`,
        cure: `./hub share show ${id} has how it ended`,
      });
    }
    const subjects = [subjectOf(file)];
    const note = (detail: Record<string, unknown>): Promise<boolean> =>
      noteEvent(trx, subjectOf(file), { ...who, what: step.action, detail });
    switch (step.action) {
      case 'ask':
        await note({ units: step.units.map(({ name }) => name), codes: step.units.map(({ code }) => code) });
        await touchCase(trx, id, who.at);
        return;
      case 'say':
        await trx('share_opinion')
          .insert({
            request_id: id,
            unit_code: step.unit.code,
            unit_name: step.unit.name,
            opinion: step.opinion,
            said_at: who.at,
            said_by: who.by,
          })
          .onConflict(['request_id', 'unit_code'])
          .merge();
        await note({ unit: step.unit.name, opinion: step.opinion });
        await touchCase(trx, id, who.at);
        return;
      case 'decide':
        await trx('share_request')
          .where({ id })
          .update({ outcome: step.outcome, outcome_text: step.text, decided_at: who.at });
        await endObligations(trx, 'met', { subjects, duty: 'share-decision' }, { ...who, reason: step.outcome });
        await note({ outcome: step.outcome });
        await touchCase(trx, id, who.at, { closed_at: who.at, closed_as: step.outcome });
        return;
      case 'withdraw':
        await dropObligations(trx, { subjects }, { ...who, reason: step.reason });
        await note({ reason: step.reason });
        await touchCase(trx, id, who.at, { closed_at: who.at, closed_as: 'withdrawn' });
    }
  });
}

/** A share request as its workflow sees it. */
export async function seeShareRequest(db: Knex, id: number): Promise<ShareRequest> {
  return db.transaction(async (trx) => {
    await lockCase(trx, 'share', id);
    await seeCase(trx, id);
    return requireShareRequest(trx, id);
  });
}
