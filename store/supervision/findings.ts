import type { Knex } from 'knex';
import type { Jurisdiction } from '../../settings/schemas/jurisdiction.ts';
import type { ObligationState } from '../../domain/ledger/duties.ts';
import { caseWorkflowId } from '../../domain/ids.ts';
import { said } from '../../domain/ledger/reasons.ts';
import { noticeDocument } from '../../domain/supervision/notice.ts';
import {
  CASES,
  caseSubject,
  FINDING,
  findingUnder,
  hasEnded,
  INSPECTIONS,
  type FindingFacts,
  type FindingStage,
  type FindingStep,
  type InspectionKind,
} from '../../domain/supervision/findings.ts';
import { itemOf, type FindingItem, type Sanctions } from '../../domain/supervision/sanctions.ts';
import { actOnCase, refusal, requireAction, type CaseKeeper } from '../casework/cases.ts';
import { closeCase, lockCase, openCaseOf, seeCase, thatIs, type CaseFile, type Who } from '../ledger/case-files.ts';
import { dropObligations, meetObligations, openObligations } from '../ledger/obligations.ts';
import { managementUnit } from '../ledger/rules.ts';

/** A finding with the rung of the ladder that it is on, and the deadline that runs for it. */
export interface Finding extends FindingFacts {
  id: number;
  inspection: number;
  kind: InspectionKind;
  unitCode: string;
  unit: string;
  stream: string | null;
  cause: string;
  /** What it was found by, as the items of the profile name it: `patrol/ID`, a kind of inspection, the rule of a deadline. */
  foundBy: string;
  facts: string;
  /** The item (项) that somebody said it falls under; else it is that of what it was found by (`itemOf`). */
  item: string | null;
  /** What was handed in with one that was entered by hand. */
  evidenceName: string | null;
  evidenceSha256: string | null;
  foundAt: Date;
  endedAt: Date | null;
  demand: string | null;
  orderedAt: Date | null;
  orderedBy: string | null;
  reportedAt: Date | null;
  /** Terms that were set so far. */
  terms: number | null;
  /** Of the last term; null where none was set, or the profile has no rule for it. */
  deadline: FindingDeadline | null;
  /** 文号 of the notices that were given. */
  notices: string[];
  /** Changes with whatever is done with it. */
  version: string;
}

/** The deadline of an order to rectify. */
export interface FindingDeadline {
  id: number;
  rule: string;
  article: string;
  quote: string;
  /** internal: the term rests on no article. */
  basis: 'statutory' | 'internal';
  startedAt: Date;
  dueAt: Date | null;
  workingDays: number | null;
  calendar: string | null;
  state: ObligationState;
}

const SELECT = `
  SELECT f.id, f.inspection_id AS inspection, i.kind, f.unit_code AS "unitCode", f.unit_name AS unit, s.name AS stream, f.cause,
    coalesce(t.rule, CASE i.kind WHEN 'patrol' THEN f.cause ELSE i.kind END) AS "foundBy", f.facts, f.item,
    f.evidence_name AS "evidenceName", f.evidence_sha256 AS "evidenceSha256", f.stage, f.found_at AS "foundAt", f.ended_at AS "endedAt", r.demand, r.ordered_at AS "orderedAt",
    r.ordered_by AS "orderedBy", r.reported_at AS "reportedAt", r.terms,
    array(SELECT number FROM notice WHERE finding_id = f.id ORDER BY id) AS notices,
    to_char(coalesce(c.changed_at, f.ended_at, f.last_seen_at) AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS') AS version,
    o.id AS o_id, o.rule, o.article, o.duty AS quote, o.basis, o.started_at AS "startedAt", o.due_at AS "dueAt",
    o.working_days AS "workingDays", o.calendar, obligation_state(o.o, :at) AS state
  FROM finding f JOIN inspection i ON i.id = f.inspection_id LEFT JOIN stream s ON s.id = f.stream_id
  LEFT JOIN obligation t ON i.kind = 'task' AND t.id = substring(f.cause FROM '^task/(\\d{1,18})$')::bigint
  LEFT JOIN rectification r ON r.finding_id = f.id LEFT JOIN case_file c ON c.id = f.id
  LEFT JOIN LATERAL (
    SELECT o, (o).* FROM obligation o WHERE duty_kind = 'rectification'
      AND subject = '${CASES}' || f.id || CASE WHEN r.terms > 1 THEN '/' || r.terms ELSE '' END
    ORDER BY due_at NULLS LAST, id LIMIT 1) AS o ON true`;

type FindingRow = Omit<Finding, 'deadline'> & FindingDeadline & { o_id: number | null };

const findingOf = ({
  o_id: id,
  rule,
  article,
  quote,
  basis,
  startedAt,
  dueAt,
  workingDays,
  calendar,
  state,
  ...row
}: FindingRow): Finding => ({
  ...row,
  deadline: id === null ? null : { id, rule, article, quote, basis, startedAt, dueAt, workingDays, calendar, state },
});

/** Which findings are meant. */
export interface FindingChoice {
  unit?: string | undefined;
  /** Of these units only, such as those that somebody sees. */
  units?: readonly string[] | null;
  /**
   * On these rungs. `noticed`: whatever has had a notice and has not ended, also where its unit has said since that it is
   * done, as the first page counts it (store/supervision/dashboard.ts).
   */
  stages?: readonly FindingStage[] | undefined;
  kind?: InspectionKind | undefined;
  /** Also those that have ended, where no rung is named. */
  ended?: boolean | undefined;
  /** Found in this half-open period. */
  found?: { from: Date; to: Date } | undefined;
}

const CHOSEN = `(:stages::text[] IS NOT NULL OR :ended OR f.ended_at IS NULL)
  AND (:stages::text[] IS NULL OR f.stage = ANY (:stages)
    OR 'noticed' = ANY (:stages) AND f.ended_at IS NULL AND EXISTS (SELECT FROM notice WHERE finding_id = f.id))
  AND (:kind::text IS NULL OR i.kind = :kind) AND (:unit::text IS NULL OR f.unit_code = :unit)
  AND (:units::text[] IS NULL OR f.unit_code = ANY (:units))
  AND (:from::timestamptz IS NULL OR f.found_at >= :from AND f.found_at < :to)`;

const bindingsOf = ({ unit, units, stages, kind, ended, found }: FindingChoice) => ({
  ended: ended ?? false,
  unit: unit ?? null,
  kind: kind ?? null,
  units: units ? [...units] : null,
  stages: stages ? [...stages] : null,
  from: found?.from ?? null,
  to: found?.to ?? null,
});

/** Findings, the latest first; those that have ended only where they are asked for. */
export async function listFindings(
  db: Knex,
  at: Date,
  choice: FindingChoice & {
    /** Those that come after this one in the order of the list. */
    after?: number | undefined;
    limit: number;
  },
): Promise<Finding[]> {
  const { rows } = await db.raw<{ rows: FindingRow[] }>(
    `${SELECT} WHERE ${CHOSEN} AND (:after::bigint IS NULL OR f.id < :after) ORDER BY f.id DESC LIMIT :limit`,
    { ...bindingsOf(choice), at, after: choice.after ?? null, limit: choice.limit },
  );
  return rows.map(findingOf);
}

/** How many findings {@link listFindings} would name without a limit. */
export async function countFindings(db: Knex, choice: FindingChoice): Promise<number> {
  const { rows } = await db.raw<{ rows: { count: number }[] }>(
    `SELECT count(*) FROM finding f JOIN inspection i ON i.id = f.inspection_id WHERE ${CHOSEN}`,
    bindingsOf(choice),
  );
  return rows[0]?.count ?? 0;
}

export async function findFinding(db: Knex, id: number, at: Date): Promise<Finding | null> {
  const { rows } = await db.raw<{ rows: FindingRow[] }>(`${SELECT} WHERE f.id = :id`, { id, at });
  return rows[0] ? findingOf(rows[0]) : null;
}

/** As {@link findFinding}; throws a configuration error where there is none. */
export const getFinding = async (db: Knex, id: number, at: Date): Promise<Finding> =>
  thatIs(FINDING, id, await findFinding(db, id, at));

/** What the timeline and the audit say of a step; the printed document is kept in its own table. */
export function detailOfStep(step: FindingStep): Record<string, unknown> {
  switch (step.action) {
    case 'order':
      return { demand: step.demand, workingDays: step.days, item: step.item ?? undefined };
    case 'dismiss':
      return { reason: step.reason };
    case 'report':
      return { note: step.note };
    case 'pass':
      return { note: step.note, inspection: step.inspection };
    case 'fail':
      return { note: step.note, inspection: step.inspection, workingDays: step.days ?? undefined };
    case 'transfer':
      return { authority: step.to, reference: step.reference, reason: step.reason };
    case 'notice':
      return { number: step.number, item: step.item ?? undefined };
  }
}

/** How findings are kept under the sanctions of a city: `actOnCase` takes one to the next rung, with deadline and timeline. */
export function findingsUnder(sanctions: Sanctions): CaseKeeper<Finding, FindingStep> {
  const definition = findingUnder(sanctions);
  return {
    definition,

    async lock(trx, id, at) {
      await trx.raw('SELECT FROM finding WHERE id = ? FOR UPDATE', [id]);
      return getFinding(trx, id, at);
    },

    // Their timelines bring the words along, in Chinese.
    noted: (step) => ({ what: definition.actions[step.action].zh, detail: detailOfStep(step) }),

    async perform(trx, finding, step, who) {
      const { id } = finding;
      await climb(trx, sanctions, finding, step, who);
      const stage = FINDING.actions[step.action].to;
      const ended = hasEnded(stage);
      await trx('finding')
        .where({ id })
        .update({ stage, ended_at: ended ? who.at : null });
      if (ended) await closeCase(trx, id, stage, who.at);
    },
  };
}

async function climb(
  db: Knex,
  sanctions: Sanctions,
  finding: Finding,
  step: FindingStep,
  { by, at }: Who,
): Promise<void> {
  const { id } = finding;
  const own = db('rectification').where({ finding_id: id });
  switch (step.action) {
    case 'order':
      await keepItem(db, sanctions, finding, step);
      await openCaseOf(db, 'rectification', id, at);
      await db('rectification').insert({
        finding_id: id,
        demand: step.demand,
        terms: 1,
        ordered_by: by,
        ordered_at: at,
      });
      return openTerm(db, finding, 1, step.days, { by, at });
    case 'dismiss':
      return;
    case 'report':
      await own.update({ reported_at: at });
      return;
    case 'pass': {
      const metAt = finding.reportedAt ?? at;
      await own.update({ passed_at: at });
      // The unit has done it when it said so: how long the re-check took is not its fault.
      await meetObligations(
        db,
        { subjects: termsOf(finding), duty: 'rectification' },
        { by, at: metAt, reason: said(step.note) },
      );
      return;
    }
    case 'fail': {
      await own.update({ reported_at: null });
      if (step.days == null) return;
      // A term that is over already stays what it is: overdue.
      if (finding.deadline?.state !== 'overdue')
        await dropObligations(
          db,
          { subjects: [caseSubject(id, finding.terms ?? 1)], duty: 'rectification' },
          { by, at, reason: { code: 'term-renewed' } },
        );
      const terms = (finding.terms ?? 1) + 1;
      await own.update({ terms });
      return openTerm(db, finding, terms, step.days, { by, at });
    }
    case 'transfer':
      return dropObligations(
        db,
        { subjects: termsOf(finding), duty: 'rectification' },
        { by, at, reason: HANDED_OVER },
      );
    case 'notice': {
      const { number, document } = step;
      await keepItem(db, sanctions, finding, step);
      const { rowCount } = await db.raw<{ rowCount: number }>(
        `INSERT INTO notice (finding_id, number, document, given_by, given_at) VALUES (:id, :number, :document, :by, :at)
         ON CONFLICT (number) DO NOTHING`,
        { id, number, document, by, at },
      );
      if (rowCount === 0) throw refusal(FINDING, id, 'notice', FINDING.actions.notice.refusals.taken, number);
    }
  }
}

const HANDED_OVER = { code: 'handed-over' } as const;

/**
 * The item that a finding falls under, by what is said now, else by what was said or found before; null where the
 * regulation has no list of them. Throws a configuration error where it is not known, or is none of them.
 */
function requireItem(
  sanctions: Sanctions,
  finding: Finding,
  { action, item }: { action: 'order' | 'notice'; item?: string | null | undefined },
): FindingItem | null {
  const found = itemOf(sanctions, { ...finding, item: item ?? finding.item });
  if (found || (sanctions.items.length === 0 && item == null)) return found;
  const named = sanctions.items.map(({ id }) => id).join('、') || '—';
  throw refusal(findingUnder(sanctions), finding.id, action, FINDING.actions[action].refusals.unnamed, named);
}

/** Keeps with a finding which item it was ordered, or given notice of, under. */
async function keepItem(db: Knex, ...of: Parameters<typeof requireItem>): Promise<void> {
  await db('finding')
    .where({ id: of[1].id })
    .update({ item: requireItem(...of)?.id ?? null });
}

const termsOf = ({ id, terms }: Finding): string[] =>
  Array.from({ length: terms ?? 1 }, (_, index) => caseSubject(id, index + 1));

/** Opens the deadline of a term; a profile without a rule for it opens none. */
async function openTerm(db: Knex, finding: Finding, term: number, workingDays: number, who: Who): Promise<void> {
  await openObligations(
    db,
    'rectification',
    [
      {
        subject: caseSubject(finding.id, term),
        ownerCode: finding.unitCode,
        ownerName: finding.unit,
        startedAt: who.at,
        workingDays,
        workflowId: caseWorkflowId({ kind: 'rectification', id: finding.id }),
      },
    ],
    who,
  );
}

/** An order to rectify as its workflow sees it. */
export async function seeRectification(db: Knex, id: number, at: Date): Promise<{ file: CaseFile; finding: Finding }> {
  return db.transaction(async (trx) => {
    const file = await lockCase(trx, FINDING, id);
    await seeCase(trx, id);
    return { file, finding: await getFinding(trx, id, at) };
  });
}

/**
 * Gives notice of a finding that was not rectified in time, with the document as it is printed; the id of the notice.
 * Throws a configuration error where the ladder does not allow it, or the profile has no such document.
 */
export async function giveNotice(
  db: Knex,
  { regulation, supervision }: Pick<Jurisdiction, 'regulation' | 'supervision'>,
  id: number,
  { number, item }: { number: string; item?: string | null | undefined },
  { by, at }: Who,
): Promise<{ id: number; document: string }> {
  const finding = await getFinding(db, id, at);
  requireAction(findingUnder(supervision), finding, 'notice');
  const named = requireItem(supervision, finding, { action: 'notice', item });
  const { notice, order } = supervision;
  const { deadline, orderedAt, demand, unit, kind, foundAt, facts } = finding;
  if (notice === undefined || deadline?.dueAt == null || orderedAt === null || demand === null)
    throw new Error(`finding ${id} is overdue without an order`);
  const { article, quote } = deadline;
  const document = noticeDocument({
    number,
    at,
    regulation,
    management: (await managementUnit(db)).name,
    name: notice.name,
    order: order.name,
    law: notice.article === undefined ? null : { article, quote, item: named, notice: notice.article },
    unit,
    inspection: kind === 'hand' ? null : INSPECTIONS[kind].zh,
    foundAt,
    facts,
    orderedAt,
    demand,
    workingDays: deadline.workingDays ?? 0,
    termFrom: deadline.startedAt,
    dueAt: deadline.dueAt,
    calendar: deadline.calendar ?? '',
  });
  await actOnCase(db, findingsUnder(supervision), id, { action: 'notice', number, item, document }, { by, at });
  const row = await db('notice').where({ number }).first<{ id: number }>('id');
  return { id: row.id, document };
}

/** A notice as it was given. */
export interface Notice {
  id: number;
  finding: number;
  unit: string;
  unitCode: string;
  number: string;
  by: string;
  at: Date;
}

const NOTICE = {
  id: 'notice.id',
  finding: 'finding_id',
  unit: 'unit_name',
  unitCode: 'unit_code',
  number: 'number',
  by: 'given_by',
  at: 'given_at',
};
const notices = (db: Knex) => db('notice').join('finding', 'finding.id', 'finding_id');

/** One notice with its document, as it was printed. */
export const findNotice = async (db: Knex, id: number): Promise<(Notice & { document: string }) | null> =>
  (await notices(db)
    .where('notice.id', id)
    .first<(Notice & { document: string }) | undefined>({ ...NOTICE, document: 'document' })) ?? null;

/** The notices of one finding, the earliest first. */
export const noticesOf = (db: Knex, finding: number): Promise<Notice[]> =>
  notices(db).where({ finding_id: finding }).orderBy('notice.id').select<Notice[]>(NOTICE);

/** Notices that were given in a period, the earliest first. */
export async function listNotices(
  db: Knex,
  from: Date,
  to: Date,
  units: readonly string[] | null = null,
): Promise<Notice[]> {
  return notices(db)
    .modify((query) => {
      if (units) void query.whereRaw('unit_code = ANY (?)', [[...units]]);
    })
    .where('given_at', '>=', from)
    .where('given_at', '<', to)
    .orderBy('notice.id')
    .select<Notice[]>(NOTICE);
}
