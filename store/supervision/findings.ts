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
  hasEnded,
  INSPECTIONS,
  type FindingFacts,
  type FindingStage,
  type FindingStep,
  type InspectionKind,
} from '../../domain/supervision/findings.ts';
import { actOnCase, refusal, requireAction, type CaseKeeper } from '../casework/cases.ts';
import { closeCase, lockCase, openCaseOf, seeCase, thatIs, type CaseFile, type Who } from '../ledger/case-files.ts';
import { endObligations, openObligations } from '../ledger/obligations.ts';
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
  facts: string;
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

/** The deadline of an order to rectify (责令限期改正). */
export interface FindingDeadline {
  id: number;
  rule: string;
  article: string;
  quote: string;
  startedAt: Date;
  dueAt: Date | null;
  workingDays: number | null;
  calendar: string | null;
  state: ObligationState;
}

const SELECT = `
  SELECT f.id, f.inspection_id AS inspection, i.kind, f.unit_code AS "unitCode", f.unit_name AS unit, s.name AS stream, f.cause,
    f.facts, f.stage, f.found_at AS "foundAt", f.ended_at AS "endedAt", r.demand, r.ordered_at AS "orderedAt",
    r.ordered_by AS "orderedBy", r.reported_at AS "reportedAt", r.terms,
    array(SELECT number FROM notice WHERE finding_id = f.id ORDER BY id) AS notices,
    to_char(coalesce(c.changed_at, f.ended_at, f.last_seen_at) AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS') AS version,
    o.id AS o_id, o.rule, o.article, o.duty AS quote, o.started_at AS "startedAt", o.due_at AS "dueAt",
    o.working_days AS "workingDays", o.calendar, obligation_state(o.o, :at) AS state
  FROM finding f JOIN inspection i ON i.id = f.inspection_id LEFT JOIN stream s ON s.id = f.stream_id
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
  startedAt,
  dueAt,
  workingDays,
  calendar,
  state,
  ...row
}: FindingRow): Finding => ({
  ...row,
  deadline: id === null ? null : { id, rule, article, quote, startedAt, dueAt, workingDays, calendar, state },
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
      return { demand: step.demand, workingDays: step.days };
    case 'dismiss':
      return { reason: step.reason };
    case 'report':
      return { note: step.note };
    case 'pass':
      return { note: step.note, inspection: step.inspection };
    case 'fail':
      return { note: step.note, inspection: step.inspection, workingDays: step.days ?? undefined };
    case 'notice':
      return { number: step.number };
  }
}

/**
 * How findings are kept: `actOnCase` takes one to the next rung of the ladder, with its deadline and its timeline. A notice
 * (书面通报) is only where the term is over (XC 31: 逾期不改正).
 */
export const FINDINGS: CaseKeeper<Finding, FindingStep> = {
  definition: FINDING,

  async lock(trx, id, at) {
    await trx.raw('SELECT FROM finding WHERE id = ? FOR UPDATE', [id]);
    return getFinding(trx, id, at);
  },

  // Their timelines bring the words along, in Chinese.
  noted: (step) => ({ what: FINDING.actions[step.action].zh, detail: detailOfStep(step) }),

  async perform(trx, finding, step, who) {
    const { id } = finding;
    await climb(trx, finding, step, who);
    const stage = FINDING.actions[step.action].to;
    const ended = hasEnded(stage);
    await trx('finding')
      .where({ id })
      .update({ stage, ended_at: ended ? who.at : null });
    if (ended) await closeCase(trx, id, stage, who.at);
  },
};

async function climb(db: Knex, finding: Finding, step: FindingStep, { by, at }: Who): Promise<void> {
  const { id } = finding;
  const own = db('rectification').where({ finding_id: id });
  switch (step.action) {
    case 'order':
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
      await endObligations(
        db,
        'met',
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
        await endObligations(
          db,
          'cancelled',
          { subjects: [caseSubject(id, finding.terms ?? 1)], duty: 'rectification' },
          { by, at, reason: { code: 'term-renewed' } },
        );
      const terms = (finding.terms ?? 1) + 1;
      await own.update({ terms });
      return openTerm(db, finding, terms, step.days, { by, at });
    }
    case 'notice': {
      const { number, document } = step;
      const { rowCount } = await db.raw<{ rowCount: number }>(
        `INSERT INTO notice (finding_id, number, document, given_by, given_at) VALUES (:id, :number, :document, :by, :at)
         ON CONFLICT (number) DO NOTHING`,
        { id, number, document, by, at },
      );
      if (rowCount === 0) throw refusal(FINDING, id, 'notice', FINDING.actions.notice.refusals.taken, number);
    }
  }
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
 * Gives notice (书面通报) of a finding that was not rectified in time, with the document as it is printed; the id of the
 * notice. Throws a configuration error where the ladder does not allow it.
 */
export async function giveNotice(
  db: Knex,
  { regulation, rules }: Pick<Jurisdiction, 'regulation' | 'rules'>,
  id: number,
  number: string,
  { by, at }: Who,
): Promise<{ id: number; document: string }> {
  const finding = await getFinding(db, id, at);
  requireAction(FINDING, finding, 'notice');
  const { deadline, orderedAt, demand, unit, kind, foundAt, facts } = finding;
  if (deadline?.dueAt == null || orderedAt === null || demand === null)
    throw new Error(`finding ${id} is overdue without an order`);
  const document = noticeDocument({
    number,
    at,
    regulation,
    management: (await managementUnit(db)).name,
    article: deadline.article,
    quote: deadline.quote,
    breach: rules.find((rule) => rule.id === deadline.rule)?.breach ?? '',
    unit,
    inspection: INSPECTIONS[kind].zh,
    foundAt,
    facts,
    orderedAt,
    demand,
    workingDays: deadline.workingDays ?? 0,
    termFrom: deadline.startedAt,
    dueAt: deadline.dueAt,
    calendar: deadline.calendar ?? '',
  });
  await actOnCase(db, FINDINGS, id, { action: 'notice', number, document }, { by, at });
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
