import type { Knex } from 'knex';
import type { Jurisdiction } from '../../settings/schemas/jurisdiction.ts';
import { shanghaiWallTime } from '../../domain/dates.ts';
import { OBLIGATION_STATES, type ObligationState } from '../../domain/ledger/duties.ts';
import { configurationError } from '../../domain/errors.ts';
import { caseWorkflowId } from '../../domain/ids.ts';
import { noticeDocument } from '../../domain/supervision/notice.ts';
import {
  ACTIONS,
  actionsOn,
  CASES,
  caseSubject,
  hasEnded,
  INSPECTIONS,
  nextStage,
  STAGES,
  type InspectionKind,
  type FindingStage,
} from '../../domain/supervision/findings.ts';
import { lockCase, openCaseOf, seeCase, touchCase, type CaseFile, type Who } from '../ledger/case-files.ts';
import { endObligations, noteEvent, openObligations } from '../ledger/obligations.ts';
import { managementUnit } from '../ledger/rules.ts';

/** A finding with the rung of the ladder that it is on, and the deadline that runs for it. */
export interface Finding {
  id: number;
  inspection: number;
  kind: InspectionKind;
  unitCode: string;
  unit: string;
  stream: string | null;
  cause: string;
  facts: string;
  stage: FindingStage;
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

const FINDINGS = `
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
    `${FINDINGS} WHERE ${CHOSEN} AND (:after::bigint IS NULL OR f.id < :after) ORDER BY f.id DESC LIMIT :limit`,
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

/** One finding; throws where there is none. */
export async function getFinding(db: Knex, id: number, at: Date): Promise<Finding> {
  const { rows } = await db.raw<{ rows: FindingRow[] }>(`${FINDINGS} WHERE f.id = :id`, { id, at });
  if (rows[0]) return findingOf(rows[0]);
  throw configurationError(`There is no finding ${id}`, {
    code: 'finding-unknown',
    zh: `没有 ${id} 号问题`,
    cure: './hub supervise lists them',
  });
}

/** A finding as it is, kept so until the transaction ends, and what was done with it last. */
export async function lockFinding(
  trx: Knex.Transaction,
  id: number,
  at: Date,
): Promise<{ finding: Finding; last: { by: string; at: Date; what: string } | null }> {
  await trx.raw('SELECT FROM finding WHERE id = ? FOR UPDATE', [id]);
  const last = await trx('case_event')
    .where({ subject: caseSubject(id) })
    .orderBy('id', 'desc')
    .first<{ by: string; at: Date; what: string } | undefined>('by', 'at', 'what');
  return { finding: await getFinding(trx, id, at), last: last ?? null };
}

/** What is done with a finding. */
export type Act =
  | { action: 'order'; demand: string; workingDays: number }
  | { action: 'dismiss'; reason: string }
  | { action: 'report'; note: string }
  /** `inspection`: the one that looked at the records again. */
  | { action: 'pass'; note: string; inspection?: number }
  /** With a new term, or the one that runs goes on. */
  | { action: 'fail'; note: string; inspection?: number; workingDays?: number }
  | { action: 'notice'; number: string; document: string };

/**
 * Takes a finding to the next rung of the ladder, with its deadline and its timeline, in one transaction. Throws, and
 * changes nothing, where the action is not possible on its rung; a notice (书面通报) is only where the term is over
 * (XC 31: 逾期不改正).
 * @param key an action that is asked for twice by the same key, as by a retried step of a workflow, happens once
 */
export async function actOnFinding(
  db: Knex,
  id: number,
  act: Act,
  who: Who,
  key: string | null = null,
): Promise<FindingStage> {
  return db.transaction(async (trx) => {
    await trx.raw('SELECT FROM finding WHERE id = ? FOR UPDATE', [id]);
    const finding = await getFinding(trx, id, who.at);
    if (key !== null && (await hasHappened(trx, id, key))) return finding.stage;
    const stage = nextStage(finding.stage, act.action);
    if (stage === null) throw notPossible(finding, act.action);
    await apply(trx, finding, act, who);
    await trx('finding')
      .where({ id })
      .update({ stage, ended_at: hasEnded(stage) ? who.at : null });
    await touchCase(trx, id, who.at, hasEnded(stage) ? { closed_at: who.at, closed_as: stage } : {});
    // The printed document is kept in its own table.
    const { action, ...detail } = 'document' in act ? { action: act.action, number: act.number } : act;
    await noteEvent(trx, caseSubject(id), { ...who, what: ACTIONS[action].zh, detail }, key);
    return stage;
  });
}

const hasHappened = async (db: Knex, id: number, key: string): Promise<boolean> =>
  (await db('case_event')
    .where({ subject: caseSubject(id), event_key: key })
    .first('id')) !== undefined;

async function apply(db: Knex, finding: Finding, act: Act, { by, at }: Who): Promise<void> {
  const { id } = finding;
  const subject = caseSubject(id, finding.terms ?? 1);
  const own = db('rectification').where({ finding_id: id });
  switch (act.action) {
    case 'order':
      await openCaseOf(db, 'rectification', id, at);
      await db('rectification').insert({
        finding_id: id,
        demand: act.demand,
        terms: 1,
        ordered_by: by,
        ordered_at: at,
      });
      return openTerm(db, finding, 1, act.workingDays, { by, at });
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
        { by, at: metAt, reason: act.note },
      );
      return;
    }
    case 'fail': {
      await own.update({ reported_at: null });
      if (act.workingDays === undefined) return;
      // A term that is over already stays what it is: overdue.
      if (finding.deadline?.state !== 'overdue')
        await endObligations(
          db,
          'cancelled',
          { subjects: [subject], duty: 'rectification' },
          { by, at, reason: '复查未通过，另定期限' },
        );
      const terms = (finding.terms ?? 1) + 1;
      await own.update({ terms });
      return openTerm(db, finding, terms, act.workingDays, { by, at });
    }
    case 'notice': {
      if (finding.deadline?.state !== 'overdue') throw notOverdue(finding);
      const { rowCount } = await db.raw<{ rowCount: number }>(
        `INSERT INTO notice (finding_id, number, document, given_by, given_at) VALUES (:id, :number, :document, :by, :at)
         ON CONFLICT (number) DO NOTHING`,
        { id, number: act.number, document: act.document, by, at },
      );
      if (rowCount > 0) return;
      throw configurationError(`${act.number} is the number of another notice`, {
        code: 'number-taken',
        zh: `文号 ${act.number} 已用于另一份通报`,
        cure: 'give this one a number of its own',
      });
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

function notPossible({ id, stage }: Finding, action: keyof typeof ACTIONS) {
  const possible = actionsOn(stage).map((name) => ACTIONS[name].zh);
  return configurationError(
    `Finding ${id} is ${STAGES[stage].en} (${STAGES[stage].zh}): not possible is ${ACTIONS[action].zh}`,
    {
      code: 'finding-stage',
      zh: `该问题处于“${STAGES[stage].zh}”，不能${ACTIONS[action].zh}`,
      cure: possible.length > 0 ? `what can follow is ${possible.join(', ')}` : 'its case has ended',
    },
  );
}

/** Why no notice may be given. */
export function notOverdue({ id, deadline }: Finding) {
  const why =
    deadline === null
      ? 'the profile has no rule for the term of an order, so none runs'
      : deadline.state === 'no calendar'
        ? '日历未公布: when its term ends is not known yet'
        : deadline.state === 'exempted'
          ? 'its term is exempted (容错)'
          : deadline.dueAt
            ? `its term ends ${shanghaiWallTime(deadline.dueAt.getTime())}, and it is ${OBLIGATION_STATES[deadline.state].en}`
            : `it is ${OBLIGATION_STATES[deadline.state].en}`;
  return configurationError(`No notice can be given of finding ${id}: ${why}`, {
    code: 'not-overdue',
    zh: '书面通报只适用于逾期未改正的问题；本问题的改正期限未届满、未定或已容错',
    cure: '书面通报 is for what was not rectified in time (逾期不改正)',
  });
}

/** An order to rectify as its workflow sees it. */
export async function seeRectification(db: Knex, id: number, at: Date): Promise<{ file: CaseFile; finding: Finding }> {
  return db.transaction(async (trx) => {
    const file = await lockCase(trx, 'rectification', id);
    await seeCase(trx, id);
    return { file, finding: await getFinding(trx, id, at) };
  });
}

/**
 * Gives notice (书面通报) of a finding that was not rectified in time, with the document as it is printed; the id of the
 * notice. Throws where the ladder does not allow it.
 */
export async function giveNotice(
  db: Knex,
  { regulation, rules }: Pick<Jurisdiction, 'regulation' | 'rules'>,
  id: number,
  number: string,
  { by, at }: Who,
): Promise<{ id: number; document: string }> {
  const finding = await getFinding(db, id, at);
  const { deadline, orderedAt, demand, unit, kind, foundAt, facts } = finding;
  if (deadline?.dueAt == null || orderedAt === null || demand === null) throw notOverdue(finding);
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
  await actOnFinding(db, id, { action: 'notice', number, document }, { by, at });
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
