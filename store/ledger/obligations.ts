import type { Knex } from 'knex';
import type { Duty, Start } from '../../domain/ledger/duties.ts';
import { HUB, type Reason } from '../../domain/ledger/reasons.ts';
import { fault } from '../../domain/faults.ts';
import { caseSubjects, type CaseFile } from './case-files.ts';
import { requireStart } from './rules.ts';

/** A deadline to be opened. */
export interface NewObligation {
  /** What it is about, for example `dispute/12`; together with the rule it is open once. */
  subject: string;
  ownerCode: string;
  ownerName: string;
  startedAt: Date;
  streamId?: number | null;
  /** The workflow that waits for it. */
  workflowId?: string | null;
  /** Length of a term that is set case by case. */
  workingDays?: number | null;
}

/** When an item's deadline under a rule is due, where `term` is the row of its term. */
const DUE = `CASE WHEN minutes IS NOT NULL THEN item.started_at + minutes * interval '1 minute'
         WHEN same_day THEN date_trunc('day', item.started_at, 'Asia/Shanghai') + interval '24 hours'
         ELSE ends_at END`;
const START_DAY = `(item.started_at AT TIME ZONE 'Asia/Shanghai')::date`;

/**
 * Who owes an item under a rule: the management unit what is its own, whatever the item says; else the item's owner, but
 * for platforms that return data (回传), and units above the city, which owe it nothing.
 */
const OWNED = `LEFT JOIN hub ON rule.owner = 'management' AND management_code <> ''
     CROSS JOIN LATERAL (SELECT coalesce(management_code, item.owner_code) AS code,
       coalesce(management_name, item.owner_name) AS name) AS owner`;
const owes = (owner: string): string => `${owner} NOT IN (SELECT unit_code FROM platform_unit)`;

/** Who does something to the ledger, and when; `starts`: only under rules whose clock this event starts. */
export interface LedgerEntry {
  by: string;
  at: Date;
  starts?: Start;
}

/**
 * Opens deadlines of a duty, under every rule of the profile that governs it: none, where there is no such rule. What is
 * open, or was, is not opened again.
 * @param items a query of owner_code, owner_name, stream_id, subject, started_at, workflow_id, working_days
 * @returns how many were opened
 */
export async function openFrom(
  db: Knex,
  duty: Duty,
  items: string,
  bindings: Record<string, unknown>,
  { by, at, starts }: LedgerEntry,
): Promise<number> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `INSERT INTO obligation (rule, article, duty, basis, duty_kind, owner_code, owner_name, stream_id, subject,
       started_at, working_days, due_at, calendar, workflow_id, opened_at, changed_by)
     SELECT rule.id, article, quote, basis, rule.duty, owner.code, owner.name, item.stream_id, item.subject,
       item.started_at, coalesce(item.working_days, rule.working_days),
       ${DUE}, term.calendar, item.workflow_id, :ledgerAt, :ledgerBy
     FROM (${items}) AS item
     JOIN rule ON rule.duty = :ledgerDuty AND rule.starts = coalesce(:ledgerStarts, rule.starts)
     ${OWNED}
     LEFT JOIN term_end term ON term.start_on = ${START_DAY} AND term.working_days = coalesce(item.working_days, rule.working_days)
     WHERE ${owes('owner.code')}
     ON CONFLICT (rule, subject, correction) DO NOTHING`,
    { ...bindings, ledgerDuty: duty, ledgerAt: at, ledgerBy: by, ledgerStarts: starts ?? null },
  );
  return rowCount;
}

/**
 * Opens deadlines whose items bring their rule and their due time with them: the days of streams.
 * @param items a query of rule, article, duty, basis, owner_code, owner_name, stream_id, subject, started_at, due_at,
 *   requires, whole, reason
 */
export async function openDated(
  db: Knex,
  duty: Duty,
  items: string,
  bindings: Record<string, unknown>,
  { by, at }: LedgerEntry,
): Promise<number> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `INSERT INTO obligation (rule, article, duty, basis, duty_kind, owner_code, owner_name, stream_id, subject, started_at,
       due_at, requires, whole, reason, opened_at, changed_by)
     SELECT rule, article, duty, basis, :ledgerDuty, owner_code, owner_name, stream_id, subject, started_at,
       due_at, requires, whole, reason, :ledgerAt, :ledgerBy
     FROM (${items}) AS item WHERE ${owes('owner_code')}
     ON CONFLICT (rule, subject, correction) DO NOTHING`,
    { ...bindings, ledgerDuty: duty, ledgerAt: at, ledgerBy: by },
  );
  return rowCount;
}

/** Ends what runs of units that stand above the city, as from before the hub knew that they do: they never owed it. */
export async function releaseUpperUnits(db: Knex, at: Date): Promise<void> {
  await db.raw(
    `UPDATE obligation o SET cancelled_at = :at, changed_by = '${HUB}', reason = '{"code": "not-owed"}'
     WHERE obligation_runs(o) AND owner_code IN (SELECT unit_code FROM stream WHERE unit_above AND retired_at IS NULL)`,
    { at },
  );
}

/** Gives the management unit what runs of its own duties and that another unit has, as before a profile said so. */
export async function handToManagement(db: Knex): Promise<void> {
  await db.raw(
    `UPDATE obligation o SET owner_code = management_code, owner_name = management_name, changed_by = '${HUB}'
     FROM rule, hub WHERE o.rule = rule.id AND o.duty_kind = rule.duty AND rule.owner = 'management'
       AND obligation_runs(o) AND management_code <> '' AND o.owner_code <> management_code`,
  );
}

/**
 * The running deadlines of items, each looked up by its subject and by nothing else (OFFSET 0): left a choice, the planner
 * takes another index, and compares every item with every deadline, until it has statistics.
 */
const RUNNING = `JOIN LATERAL (SELECT * FROM obligation WHERE subject = item.subject OFFSET 0) AS o
  ON o.duty_kind = :ledgerDuty AND obligation_runs(o)`;

/**
 * Changes deadlines by the rows of a query that has their ids, which is read once and whole: left a choice, the planner
 * reads it once for each deadline, while its statistics are of before many were opened.
 * @param changes a query of id, and of what `set` takes from `change`
 * @param and further conditions
 */
export const changing = (changes: string, set: string, and = ''): string =>
  `WITH change AS MATERIALIZED (${changes})
   UPDATE obligation SET ${set} FROM change WHERE obligation.id = change.id ${and}`;

/**
 * Lets running deadlines of a duty start at another time than they did, under the rules of the profile as they are;
 * their history keeps what they were. What is overdue stays so: it can only come to have started earlier; and a corrected
 * term is as the management unit set it.
 * @param items a query of subject, started_at
 */
export async function retimeFrom(
  db: Knex,
  duty: Duty,
  items: string,
  bindings: Record<string, unknown>,
  { by, at, starts }: LedgerEntry,
): Promise<void> {
  await db.raw(
    changing(
      `SELECT o.id, item.started_at, ${DUE} AS due_at, term.calendar
       FROM (${items}) AS item ${RUNNING}
       JOIN rule ON rule.duty = o.duty_kind AND rule.id = o.rule AND rule.starts = coalesce(:ledgerStarts, rule.starts)
       LEFT JOIN term_end term ON term.start_on = ${START_DAY}
         AND term.working_days = coalesce(o.working_days, rule.working_days)
       WHERE o.started_at <> item.started_at AND o.correction = 0
         AND (o.due_at IS NULL OR o.due_at > :ledgerAt OR item.started_at < o.started_at)`,
      'started_at = change.started_at, due_at = change.due_at, calendar = change.calendar, changed_by = :ledgerBy',
    ),
    { ...bindings, ledgerDuty: duty, ledgerAt: at, ledgerBy: by, ledgerStarts: starts ?? null },
  );
}

/**
 * Meets running deadlines of a duty, each at its own time; how many there were. Why they were still open is over with it.
 * @param items a query of subject, met_at
 */
export async function meetFrom(
  db: Knex,
  duty: Duty,
  items: string,
  bindings: Record<string, unknown>,
  by: string,
): Promise<number> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    changing(
      `SELECT o.id, item.met_at FROM (${items}) AS item ${RUNNING}`,
      'met_at = change.met_at, reason = NULL, changed_by = :ledgerBy',
    ),
    { ...bindings, ledgerDuty: duty, ledgerBy: by },
  );
  return rowCount;
}

/**
 * Verifies deadlines that were met by what was known when they were due, now that all of what they ask for is known: one
 * of which something came later was met then, and not before, also where it comes after the verification. Those that
 * ended otherwise stay as they are.
 * @param items a query of subject, late_at (null where nothing came later), reason
 */
export async function verifyFrom(
  db: Knex,
  duty: Duty,
  items: string,
  bindings: Record<string, unknown>,
  { by, at }: LedgerEntry,
): Promise<void> {
  await db.raw(
    changing(
      `SELECT o.id, item.late_at, item.reason FROM (${items}) AS item
       JOIN LATERAL (SELECT * FROM obligation WHERE subject = item.subject OFFSET 0) AS o ON o.duty_kind = :ledgerDuty
         AND met_at IS NOT NULL AND (verified_at IS NULL OR late_at > met_at) AND cancelled_at IS NULL
         AND exempted_at IS NULL`,
      `verified_at = coalesce(verified_at, :ledgerAt), met_at = greatest(met_at, change.late_at), reason = change.reason,
       changed_by = :ledgerBy`,
    ),
    { ...bindings, ledgerDuty: duty, ledgerAt: at, ledgerBy: by },
  );
}

/** Of deadlines `o` whose stream is read: why others are open is said by {@link explainRemoved} alone. */
const READ = `o.reason->>'code' IS DISTINCT FROM 'connector-removed'`;

/**
 * Says why running deadlines of a duty are still open.
 * @param items a query of subject, reason
 */
export async function explainFrom(
  db: Knex,
  duty: Duty,
  items: string,
  bindings: Record<string, unknown>,
  by: string,
): Promise<void> {
  await db.raw(
    changing(
      `SELECT o.id, item.reason FROM (${items}) AS item ${RUNNING}
       WHERE o.reason IS DISTINCT FROM item.reason AND ${READ}`,
      'reason = change.reason, changed_by = :ledgerBy',
    ),
    { ...bindings, ledgerDuty: duty, ledgerBy: by },
  );
}

/** As {@link explainFrom}, for one deadline that is at hand. */
export async function explainObligation(db: Knex, id: number, reason: Reason, by: string): Promise<void> {
  await db.raw(
    `UPDATE obligation o SET reason = :reason, changed_by = :by
     WHERE id = :id AND obligation_runs(o) AND reason IS DISTINCT FROM :reason::jsonb AND ${READ}`,
    { id, reason: JSON.stringify(reason), by },
  );
}

/**
 * Says of running deadlines whose connector was removed that this is why nothing comes in for them. They run on: whoever
 * owes a duty cannot end it in this way. Once the connector is back, it is no reason any more. Repeating it changes nothing.
 */
export async function explainRemoved(db: Knex): Promise<void> {
  await db.raw(
    changing(
      `SELECT o.id, CASE WHEN retired_at IS NOT NULL THEN jsonb_build_object('code', 'connector-removed',
         'connector', connector, 'removedAt', retired_at) END AS reason
       FROM obligation o JOIN stream ON stream.id = o.stream_id
       WHERE obligation_runs(o) AND suspended_by IS NULL AND (retired_at IS NOT NULL) = (${READ})`,
      `reason = change.reason, changed_by = '${HUB}'`,
    ),
  );
}

/**
 * Gives running deadlines of a duty the due time that was promised for them, which no calendar moves; back to the term of
 * their rule where the promise is gone. What is overdue stays so: it can only come to have been due earlier.
 * @param items a query of subject, due_at (null: none is promised)
 */
export async function promiseFrom(
  db: Knex,
  duty: Duty,
  items: string,
  bindings: Record<string, unknown>,
  { by, at }: LedgerEntry,
): Promise<void> {
  await db.raw(
    changing(
      `SELECT o.id, coalesce(item.due_at, term.ends_at) AS due_at,
         CASE WHEN item.due_at IS NULL THEN rule.working_days END AS working_days,
         CASE WHEN item.due_at IS NULL THEN term.calendar END AS calendar
       FROM (${items}) AS item ${RUNNING} JOIN rule ON rule.duty = o.duty_kind AND rule.id = o.rule
       LEFT JOIN term_end term ON term.start_on = (o.started_at AT TIME ZONE 'Asia/Shanghai')::date
         AND term.working_days = rule.working_days
       WHERE (item.due_at IS NOT NULL OR rule.working_days IS NOT NULL AND o.working_days IS NULL)
         AND (o.due_at IS NULL OR o.due_at > :ledgerAt OR coalesce(item.due_at, term.ends_at) < o.due_at)`,
      'due_at = change.due_at, working_days = change.working_days, calendar = change.calendar, changed_by = :ledgerBy',
      'AND (obligation.due_at, obligation.working_days) IS DISTINCT FROM (change.due_at, change.working_days)',
    ),
    { ...bindings, ledgerDuty: duty, ledgerAt: at, ledgerBy: by },
  );
}

/** A day that is over at its source before its cut-off asks for less. */
export async function shortenObligation(db: Knex, id: number, until: Date, by: string): Promise<void> {
  await db.raw(
    `UPDATE obligation SET requires = tstzrange(lower(requires), :until), changed_by = :by
     WHERE id = :id AND obligation_runs(obligation)`,
    { id, until, by },
  );
}

/** What an outage of its stream hinders beside its days, by the time in which it runs. */
const HINDERED: readonly Duty[] = ['lifecycle', 'push-online', 'push-offline', 'push-bulk', 'delivery'];

/**
 * Suspends what something stops (the view `suspension`): running days, and pushes and deliveries of cases, each by what
 * stopped it first; takes the suspension back where nothing stops them any more. Repeating it changes nothing.
 */
export async function followSuspensions(db: Knex): Promise<void> {
  const hindered = { hindered: ['increment', ...HINDERED] };
  const stopped = `SELECT DISTINCT ON (o.id) o.id, s.subject, jsonb_build_object('code', 'outage', 'cause', s.cause) AS reason
    FROM obligation o JOIN suspension s ON s.stream_id = o.stream_id
      AND CASE WHEN o.duty_kind = 'increment' THEN o.whole ELSE tstzrange(o.started_at, o.due_at, '[]') END && s.during
      AND (o.due_at IS NULL OR s.due_after IS NULL OR o.due_at > s.due_after)
    WHERE obligation_runs(o) AND o.duty_kind = ANY (:hindered)
    ORDER BY o.id, lower(s.during), length(s.subject), s.subject`;
  await db.raw(
    changing(
      stopped,
      `suspended_by = change.subject, reason = change.reason, changed_by = '${HUB}'`,
      'AND suspended_by IS DISTINCT FROM change.subject',
    ),
    hindered,
  );
  await db.raw(
    `WITH stopped AS MATERIALIZED (${stopped})
     UPDATE obligation SET suspended_by = NULL, reason = NULL, changed_by = '${HUB}'
     WHERE suspended_by IS NOT NULL AND obligation_runs(obligation) AND id NOT IN (SELECT id FROM stopped)`,
    hindered,
  );
}

/** As {@link openFrom}, for deadlines that are at hand. */
export async function openObligations(
  db: Knex,
  duty: Duty,
  items: readonly NewObligation[],
  who: LedgerEntry,
): Promise<number> {
  return openFrom(
    db,
    duty,
    `SELECT "ownerCode" AS owner_code, "ownerName" AS owner_name, "streamId" AS stream_id, subject,
       "startedAt" AS started_at, "workflowId" AS workflow_id, "workingDays" AS working_days
     FROM json_to_recordset(:items::json) AS given(subject text, "ownerCode" text, "ownerName" text, "startedAt" timestamptz,
       "streamId" integer, "workflowId" text, "workingDays" integer)`,
    { items: JSON.stringify(items) },
    who,
  );
}

/** What ended deadlines, and who says so. */
export interface EndedBy {
  by: string;
  at: Date;
  reason?: Reason;
}

/** Meets the running deadlines of some subjects, those of one duty or all; how many there were. */
export async function meetObligations(
  db: Knex,
  choice: { subjects: readonly string[]; duty?: Duty },
  { by, at, reason }: EndedBy,
): Promise<number> {
  return db('obligation')
    .whereRaw('subject = ANY (?)', [[...choice.subjects]])
    .modify((query) => {
      if (choice.duty !== undefined) void query.where('duty_kind', choice.duty);
    })
    .whereRaw('obligation_runs(obligation)')
    .update({ met_at: at, changed_by: by, reason: reason === undefined ? null : JSON.stringify(reason) });
}

/**
 * Ends running deadlines that nobody owes any more, because the case went elsewhere. Those whose time had passed by then
 * have been missed: they end late, and stay in every count.
 */
export async function dropObligations(
  db: Knex,
  choice: { subjects: readonly string[]; duty?: Duty },
  ended: EndedBy & { reason: Reason },
): Promise<void> {
  await db.raw(
    `UPDATE obligation SET changed_by = :by, reason = :reason,
       met_at = CASE WHEN due_at < :at THEN :at::timestamptz END, cancelled_at = CASE WHEN due_at < :at THEN NULL ELSE :at::timestamptz END
     WHERE subject = ANY (:subjects) AND (:duty::text IS NULL OR duty_kind = :duty) AND obligation_runs(obligation)`,
    {
      by: ended.by,
      at: ended.at,
      reason: JSON.stringify(ended.reason),
      subjects: [...choice.subjects],
      duty: choice.duty ?? null,
    },
  );
}

/** Exempts one deadline (容错), whatever came of it: with its reason, and the document that it rests on. */
export async function exemptObligation(
  db: Knex,
  id: number,
  { by, at, reason, document }: EndedBy & { reason: Reason; document: string },
): Promise<boolean> {
  const changed = await db('obligation')
    .where({ id })
    .whereNull('exempted_at')
    .whereNull('cancelled_at')
    .update({ exempted_at: at, changed_by: by, reason: JSON.stringify(reason), document });
  return changed > 0;
}

/**
 * Sets a corrected term beside one whose time has passed, because it was counted from a wrong time: the same duty, from
 * when it really started. The missed one stays as it is, and both count. What met the one has met the other.
 * Throws a configuration error where none is overdue or was met late, under a rule of the profile as it is, and for a start
 * that lies ahead or too long ago.
 * @returns the id of the corrected one
 */
export async function correctObligation(
  db: Knex,
  id: number,
  { by, at, startedAt, said, document }: { by: string; at: Date; startedAt: Date; said: string; document: string },
): Promise<number> {
  await requireStart(db, 'task', startedAt, at);
  const reason: Reason = { code: 'term-corrected', said };
  const { rows } = await db.raw<{ rows: { id: number }[] }>(
    `INSERT INTO obligation (rule, article, duty, basis, duty_kind, owner_code, owner_name, stream_id, subject, correction,
       started_at, working_days, due_at, calendar, workflow_id, met_at, opened_at, changed_by, reason, document)
     SELECT o.rule, o.article, o.duty, o.basis, o.duty_kind, o.owner_code, o.owner_name, o.stream_id, o.subject,
       (SELECT max(correction) + 1 FROM obligation other WHERE other.rule = o.rule AND other.subject = o.subject),
       item.started_at, o.working_days, ${DUE}, term.calendar, o.workflow_id, o.met_at, :at, :by, :reason, :document
     FROM obligation o CROSS JOIN (SELECT :startedAt::timestamptz AS started_at) AS item
     JOIN rule ON rule.duty = o.duty_kind AND rule.id = o.rule
     LEFT JOIN term_end term ON term.start_on = ${START_DAY}
       AND term.working_days = coalesce(o.working_days, rule.working_days)
     WHERE o.id = :id AND o.requires IS NULL AND obligation_state(o, :at) IN ('overdue', 'met late')
     RETURNING id`,
    { id, at, by, startedAt, reason: JSON.stringify(reason), document },
  );
  if (rows[0]) return rows[0].id;
  throw fault('term-not-past', { task: id });
}

/** What a case’s workflow waits for. */
export interface RunningDeadline {
  id: number;
  duty: Duty;
  dueAt: Date | null;
}

/** The running deadlines that a workflow waits for, the earliest first; those without a calendar last. */
export async function runningDeadlines(db: Knex, workflowId: string): Promise<RunningDeadline[]> {
  return db('obligation')
    .where({ workflow_id: workflowId })
    .whereRaw('obligation_runs(obligation)')
    .orderByRaw('due_at NULLS LAST, id')
    .select<RunningDeadline[]>({ id: 'id', duty: 'duty_kind', dueAt: 'due_at' });
}

/** The earliest due time that runs, of each of these workflows’ cases; those without any are left out. */
export async function nextDues(db: Knex, workflowIds: readonly string[]): Promise<ReadonlyMap<string, Date>> {
  const rows = await db('obligation')
    .whereRaw('workflow_id = ANY (?) AND obligation_runs(obligation)', [[...workflowIds]])
    .whereNotNull('due_at')
    .groupBy('workflow_id')
    .select<{ workflow: string; due: Date }[]>({ workflow: 'workflow_id' }, db.raw('min(due_at) AS due'));
  return new Map(rows.map(({ workflow, due }) => [workflow, due]));
}

/** Ids of workflows that wait for running deadlines, in order, after one. */
export async function waitingWorkflows(db: Knex, after: string, limit: number): Promise<string[]> {
  return db('obligation')
    .distinct('workflow_id')
    .where('workflow_id', '>', after)
    .whereRaw('obligation_runs(obligation)')
    .orderBy('workflow_id')
    .limit(limit)
    .pluck<string[]>('workflow_id');
}

/** Something that happened in a case, for its timeline. */
export interface CaseEvent {
  at: Date;
  by: string;
  what: string;
  detail: Record<string, unknown>;
}

/** Notes in the timeline of a case; the same thing by the same key once. */
export async function noteEvent(
  db: Knex,
  subject: string,
  { at, by, what, detail }: CaseEvent,
  key: string | null = null,
): Promise<boolean> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `INSERT INTO case_event (subject, at, by, what, detail, event_key) VALUES (:subject, :at, :by, :what, :detail, :key)
     ON CONFLICT (subject, event_key) DO NOTHING`,
    { subject, at, by, what, detail: JSON.stringify(detail), key },
  );
  return rowCount > 0;
}

/** Notes in the timeline of a case what has become overdue of it, each deadline once. */
export async function noteOverdue(db: Knex, subject: string, workflowId: string, at: Date): Promise<void> {
  await db.raw(
    `INSERT INTO case_event (subject, at, by, what, detail, event_key)
     SELECT :subject, due_at, '${HUB}', 'overdue', jsonb_build_object('rule', rule, 'article', article, 'owner', owner_name),
       'overdue ' || id || ' ' || due_at
     FROM obligation WHERE workflow_id = :workflowId AND obligation_runs(obligation) AND due_at <= :at
     ON CONFLICT (subject, event_key) DO NOTHING`,
    { subject, workflowId, at },
  );
}

/** The timeline of a case in all its rounds, the oldest first. */
export const timelineOf = (db: Knex, file: Pick<CaseFile, 'kind' | 'id' | 'round'>): Promise<CaseEvent[]> =>
  db('case_event')
    .whereRaw('subject = ANY (?)', [caseSubjects(file)])
    .orderBy(['at', 'id'])
    .select<CaseEvent[]>('at', 'by', 'what', 'detail');

/** The timeline of a case, the oldest first. */
export async function eventsOf(db: Knex, subject: string): Promise<CaseEvent[]> {
  return db('case_event').where({ subject }).orderBy('id').select<CaseEvent[]>('at', 'by', 'what', 'detail');
}

/** How a deadline was, and became: each state that it had, the latest last. */
export interface DeadlineChange {
  until: Date | null;
  by: string;
  owner: string;
  dueAt: Date | null;
  calendar: string | null;
  metAt: Date | null;
  cancelledAt: Date | null;
  exemptedAt: Date | null;
  suspendedBy: string | null;
  reason: Reason | null;
  document: string | null;
}

const CHANGE = `changed_by AS by, owner_name AS owner, due_at AS "dueAt", calendar, met_at AS "metAt",
  cancelled_at AS "cancelledAt", exempted_at AS "exemptedAt", suspended_by AS "suspendedBy", reason, document`;

/** Every state of one deadline, with who made it so. */
export async function changesOf(db: Knex, id: number): Promise<DeadlineChange[]> {
  const { rows } = await db.raw<{ rows: DeadlineChange[] }>(
    `SELECT * FROM (
       SELECT replaced_at AS until, ${CHANGE} FROM obligation_history WHERE id = :id
       UNION ALL SELECT NULL, ${CHANGE} FROM obligation WHERE id = :id
     ) AS changes ORDER BY until NULLS LAST`,
    { id },
  );
  return rows;
}
