import type { Knex } from 'knex';
import { shanghaiInstant } from '../../domain/dates.ts';
import { fault } from '../../domain/faults.ts';
import { caseWorkflowId } from '../../domain/ids.ts';
import { said } from '../../domain/ledger/reasons.ts';
import {
  SHARE_OUTCOMES,
  SHARE_REQUEST,
  type ShareFacts,
  type ShareOutcome,
  type ShareStep,
} from '../../domain/casework/share-request.ts';
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
import { dropObligations, noteEvent, openObligations, meetObligations } from '../ledger/obligations.ts';
import { managementUnit, requireStart } from '../ledger/rules.ts';
import type { Unit } from '../../domain/units.ts';
import { grantByRequest, type NewGrant } from '../sharing/grants.ts';
import { selectCases, type CaseChoice, type CaseKeeper } from './cases.ts';

/** A user unit’s request for a certificate that the city does not share yet (无锡第十一条). */
export interface NewShareRequest {
  unit: Unit;
  /** Which certificate is wanted, and for which items and scenario. */
  wanted: string;
  scenario: string;
  /** When the need arose, where that is known: the request is to follow 及时. */
  neededAt: Date | null;
  /** The one use of one type that it is for, where it says so: granting it makes that grant. */
  wish?: NewGrant | undefined;
  /** Where it was handed in on paper before it was entered: when, and who says so. */
  filed?: { at: Date; saidBy: string } | undefined;
}

export interface ShareRequest extends VersionedCase, ShareFacts {
  closedAs: ShareFacts['closedAs'];
  unitName: string;
  wanted: string;
  scenario: string;
  neededAt: Date | null;
  wish: NewGrant | null;
  requestedAt: Date;
  /** Who says that it was requested then, where that was on paper. */
  filing: string | null;
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

const COLUMNS = {
  unitCode: 'unit_code',
  unitName: 'unit_name',
  wanted: 'wanted',
  scenario: 'scenario',
  neededAt: 'needed_at',
  wish: 'wish',
  requestedAt: 'requested_at',
  filing: 'filing',
  outcome: 'outcome',
  outcomeText: 'outcome_text',
  decidedAt: 'decided_at',
};
/** One share request; throws a configuration error where there is none. */
export const requireShareRequest = async (db: Knex, id: number): Promise<ShareRequest> =>
  thatIs(SHARE_REQUEST, id, (await listShareRequests(db, { id, limit: 1 }))[0]);

/** Share requests, the latest first. */
export async function listShareRequests(
  db: Knex,
  choice: CaseChoice & { outcomes?: readonly ShareOutcome[] | undefined; unit?: string | undefined },
): Promise<ShareRequest[]> {
  const query = selectCases(db, 'share_request', COLUMNS, choice);
  if (choice.outcomes) void query.whereRaw('outcome = ANY (?)', [[...choice.outcomes]]);
  if (choice.unit !== undefined) void query.where('unit_code', choice.unit);
  if (choice.units) {
    // Of these units, or that these were asked about.
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

/**
 * Files a share request: its own deadline, where the need was known before, is met by that; the decision’s begins, at the
 * time of the paper where there was one. Throws a configuration error for times that lie ahead or too long ago, and for a
 * paper that is older than the need.
 */
export async function openShareRequest(db: Knex, given: NewShareRequest, who: Who): Promise<number> {
  const { filed, neededAt } = given;
  const requestedAt = filed?.at ?? who.at;
  for (const told of [filed?.at, neededAt]) if (told) await requireStart(db, 'share', told, who.at);
  if (neededAt !== null && neededAt > requestedAt) throw fault('share-need-after');
  return db.transaction(async (trx) => {
    const id = await openCase(trx, 'share', who.at);
    await trx('share_request').insert({
      id,
      unit_code: given.unit.code,
      unit_name: given.unit.name,
      wanted: given.wanted,
      scenario: given.scenario,
      needed_at: neededAt,
      wish: given.wish === undefined ? null : JSON.stringify(given.wish),
      requested_at: requestedAt,
      filing: filed?.saidBy ?? null,
    });
    const subject = subjectOf({ kind: 'share', id, round: 1 });
    const management = await managementUnit(trx);
    const item = { subject, workflowId: caseWorkflowId({ kind: 'share', id }) };
    const requester = { ownerCode: given.unit.code, ownerName: given.unit.name, startedAt: neededAt ?? requestedAt };
    await openObligations(trx, 'share-filing', [{ ...item, ...requester }], who);
    await meetObligations(trx, { subjects: [subject], duty: 'share-filing' }, { ...who, at: requestedAt });
    const decider = { ownerCode: management.code, ownerName: management.name, startedAt: requestedAt };
    await openObligations(trx, 'share-decision', [{ ...item, ...decider }], who);
    const paper = filed && { filedAt: shanghaiInstant(filed.at.getTime()), saidBy: filed.saidBy };
    await noteEvent(trx, subject, { ...who, what: 'requested', detail: { wanted: given.wanted, ...paper } });
    return id;
  });
}

/** How share requests are kept: `actOnCase` does something with one. */
export const SHARE_REQUESTS: CaseKeeper<ShareRequest, ShareStep> = {
  definition: SHARE_REQUEST,

  async lock(trx, id) {
    await lockCase(trx, SHARE_REQUEST, id);
    return requireShareRequest(trx, id);
  },

  noted(step) {
    switch (step.action) {
      case 'ask':
        return { detail: { units: step.units.map(({ name }) => name), codes: step.units.map(({ code }) => code) } };
      case 'say':
        return { detail: { unit: step.unit.name, opinion: step.opinion } };
      case 'decide':
        return { detail: { outcome: step.outcome } };
      case 'withdraw':
        return { detail: { reason: step.reason } };
    }
  },

  async perform(trx, request, step, who) {
    const { id } = request;
    const subjects = [subjectOf(request)];
    switch (step.action) {
      case 'ask':
        // They see the request from then on, by what is noted.
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
        return;
      case 'decide':
        await trx('share_request')
          .where({ id })
          .update({ outcome: step.outcome, outcome_text: step.text, decided_at: who.at });
        await meetObligations(
          trx,
          { subjects, duty: 'share-decision' },
          { ...who, reason: said(SHARE_OUTCOMES[step.outcome].zh) },
        );
        if (step.outcome === 'granted' && request.wish)
          await grantByRequest(trx, { code: request.unitCode, name: request.unitName }, id, request.wish, who);
        return closeCase(trx, id, step.outcome, who.at);
      case 'withdraw':
        await dropObligations(trx, { subjects }, { ...who, reason: said(step.reason) });
        return closeCase(trx, id, 'withdrawn', who.at);
    }
  },
};

/** A share request as its workflow sees it. */
export async function seeShareRequest(db: Knex, id: number, at: Date): Promise<ShareRequest> {
  return db.transaction(async (trx) => {
    const request = await SHARE_REQUESTS.lock(trx, id, at);
    await seeCase(trx, id);
    return request;
  });
}
