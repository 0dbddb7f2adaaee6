import type { Knex } from 'knex';
import type { Reason } from '../../domain/ledger/reasons.ts';
import type { Basis } from '../../domain/basis.ts';
import { RUNNING_STATES, type Duty, type ObligationState } from '../../domain/ledger/duties.ts';

/** One deadline of the ledger, as people look at it. */
export interface Task {
  id: number;
  subject: string;
  kind: Duty;
  rule: string;
  article: string;
  /** The duty in the words of the regulation. */
  duty: string;
  basis: Basis;
  owner: string;
  ownerCode: string;
  startedAt: Date;
  /** Null: the calendar of the year in which it ends is not published (日历未公布). */
  dueAt: Date | null;
  workingDays: number | null;
  calendar: string | null;
  state: ObligationState;
  /** When it was met, cancelled or exempted. */
  endedAt: Date | null;
  reason: Reason | null;
  document: string | null;
  workflowId: string | null;
}

const TASK = `id, subject, duty_kind AS kind, rule, article, duty, basis, owner_name AS owner, owner_code AS "ownerCode",
  started_at AS "startedAt", due_at AS "dueAt", working_days AS "workingDays", calendar,
  obligation_state(obligation, :at) AS state, coalesce(exempted_at, cancelled_at, met_at) AS "endedAt", reason, document,
  workflow_id AS "workflowId"`;

/** Where a list goes on: those without a due time come first. */
const AFTER = {
  none: '',
  undated: 'AND (due_at IS NOT NULL OR id > :afterId)',
  dated: 'AND (due_at, id) > (:afterDue::timestamptz, :afterId)',
};

/** Which deadlines are meant. */
export interface TaskChoice {
  states: readonly ObligationState[];
  unit?: string | undefined;
  basis?: Basis | undefined;
  rule?: string | undefined;
  /** Everything of one case: its subject, and subjects below it. */
  subject?: string | undefined;
  /** Of these subjects only. */
  subjects?: readonly string[] | undefined;
  /** Of these duties only. */
  duties?: readonly Duty[] | undefined;
  /** Not those that the hub itself missed. */
  ofUnits?: boolean;
  /** Due after `from` and up to `to`: a term that ends at 24:00 belongs to its last day. Null: since ever, for ever. */
  due?: { from: Date | null; to: Date | null } | undefined;
  /** Of these units only, such as those that somebody sees. */
  units?: readonly string[] | null;
}

const chosen = (at: Date, choice: TaskChoice): { where: string; bindings: Record<string, unknown> } => ({
  // Said beside the states, so that what has ended, which is nearly all, is not read for it.
  where: `obligation_state(obligation, :at) = ANY (:states)
       ${choice.states.every((state) => RUNNING_STATES.includes(state)) ? 'AND obligation_runs(obligation)' : ''}
       AND (:unit::text IS NULL OR owner_code = :unit) AND (:basis::text IS NULL OR basis = :basis) AND (:rule::text IS NULL OR rule = :rule)
       AND (:subject::text IS NULL OR subject = :subject
         OR starts_with(subject, :subject || '/') OR starts_with(subject, :subject || '#'))
       AND (:subjects::text[] IS NULL OR subject = ANY (:subjects))
       AND (:duties::text[] IS NULL OR duty_kind = ANY (:duties))
       AND (:from::timestamptz IS NULL OR due_at > :from) AND (:to::timestamptz IS NULL OR due_at <= :to)
       AND NOT (:ofUnits AND missed_by_hub(obligation))
       AND (:units::text[] IS NULL OR owner_code = ANY (:units))`,
  bindings: {
    at,
    states: [...choice.states],
    unit: choice.unit ?? null,
    basis: choice.basis ?? null,
    rule: choice.rule ?? null,
    subject: choice.subject ?? null,
    subjects: choice.subjects ? [...choice.subjects] : null,
    duties: choice.duties ? [...choice.duties] : null,
    from: choice.due?.from ?? null,
    to: choice.due?.to ?? null,
    ofUnits: choice.ofUnits ?? false,
    units: choice.units ? [...choice.units] : null,
  },
});

/** Deadlines in some states at a moment, the earliest due first, those without a calendar before them. */
export async function listTasks(
  db: Knex,
  at: Date,
  choice: TaskChoice & {
    /** Those that come after this one in the order of the list. */
    after?: { dueAt: Date | null; id: number } | undefined;
    limit: number;
  },
): Promise<Task[]> {
  const { where, bindings } = chosen(at, choice);
  const { rows } = await db.raw<{ rows: Task[] }>(
    `SELECT ${TASK} FROM obligation WHERE ${where}
       ${AFTER[choice.after === undefined ? 'none' : choice.after.dueAt === null ? 'undated' : 'dated']}
     ORDER BY due_at NULLS FIRST, id LIMIT :limit`,
    {
      ...bindings,
      limit: choice.limit,
      ...(choice.after && { afterId: choice.after.id }),
      ...(choice.after?.dueAt && { afterDue: choice.after.dueAt }),
    },
  );
  return rows;
}

/** How many deadlines {@link listTasks} would name without a limit. */
export async function countTasks(db: Knex, at: Date, choice: TaskChoice): Promise<number> {
  const { where, bindings } = chosen(at, choice);
  const { rows } = await db.raw<{ rows: { count: number }[] }>(
    `SELECT count(*) FROM obligation WHERE ${where}`,
    bindings,
  );
  return rows[0]?.count ?? 0;
}

/** One deadline by its id. */
export async function findTask(db: Knex, id: number, at: Date): Promise<Task | null> {
  const { rows } = await db.raw<{ rows: Task[] }>(`SELECT ${TASK} FROM obligation WHERE id = :id`, { id, at });
  return rows[0] ?? null;
}
