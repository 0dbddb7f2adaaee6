import type { Knex } from 'knex';
import { filled, refusedAction, type CaseDefinition, type Refusal } from '../../domain/casework/definition.ts';
import { fault } from '../../domain/faults.ts';
import { FILE, subjectOf, touchCase, VERSION, type Who } from '../ledger/case-files.ts';
import { noteEvent } from '../ledger/obligations.ts';

/** A case as its table has it. */
export interface KeptCase {
  id: number;
  /** Changes with whatever people do in it. */
  version: string;
  round?: number;
}

/** How one kind of case is kept: what may be done in it is its definition’s business, how it is done is here. */
export interface CaseKeeper<Case extends KeptCase, Step extends { action: string }> {
  definition: CaseDefinition<Case>;
  /** One case as it is at a moment, locked until the transaction ends; throws a configuration error where there is none. */
  lock: (trx: Knex.Transaction, id: number, at: Date) => Promise<Case>;
  /** What the timeline says of a step; `what`: where that is not the action’s name. */
  noted: (step: Step, found: Case, at: Date) => { what?: string; detail: Record<string, unknown> };
  perform: (trx: Knex.Transaction, found: Case, step: Step, who: Who) => Promise<void>;
}

/**
 * Does something in a case, in one transaction with what follows for its deadlines and its timeline: the case as it is
 * then. Throws a configuration error that says why, and changes nothing, where it cannot be done now.
 */
export async function actOnCase<Case extends KeptCase, Step extends { action: string }>(
  db: Knex,
  keeper: CaseKeeper<Case, Step>,
  id: number,
  step: Step,
  who: Who,
): Promise<Case> {
  return db.transaction(async (trx) => {
    const found = await keeper.lock(trx, id, who.at);
    requireAction(keeper.definition, found, step.action);
    await perform(trx, keeper, found, step, who);
    await touchCase(trx, id, who.at);
    return keeper.lock(trx, id, who.at);
  });
}

/** Notes a step in the timeline and performs it, whether or not a person asked for it. */
export async function perform<Case extends KeptCase, Step extends { action: string }>(
  trx: Knex.Transaction,
  { definition: { kind }, noted, perform: work }: CaseKeeper<Case, Step>,
  found: Case,
  step: Step,
  { by, at }: Who,
): Promise<void> {
  const { id, round = 1 } = found;
  await noteEvent(trx, subjectOf({ kind, id, round }), { by, at, what: step.action, ...noted(step, found, at) });
  await work(trx, found, step, { by, at });
}

/** Throws a configuration error that says why where an action cannot be done now. */
export function requireAction<Case extends { id: number }, Action extends string>(
  definition: CaseDefinition<Case, string, Action>,
  found: Case,
  action: Action,
): void {
  const refused = refusedAction(definition, found, action);
  if (refused !== null) throw refusal(definition, found.id, action, refused);
}

/** Why an action is refused; `what` fills what is left open in the words. */
export function refusal<Action extends string>(
  {
    zh,
    en,
    command,
    codes,
    actions,
  }: Pick<CaseDefinition<never>, 'zh' | 'en' | 'command' | 'codes'> & {
    actions: Readonly<Record<Action, { zh: string }>>;
  },
  id: number,
  action: Action,
  reason: Pick<Refusal<never>, 'zh' | 'en' | 'code'>,
  what = '…',
): Error {
  return fault(reason.code ?? codes.refused, {
    kind: { zh, en, command },
    id,
    action: { name: action, zh: actions[action].zh },
    why: filled(reason, what),
  });
}

/** Which cases a list has, of whatever kind. */
export interface CaseChoice {
  id?: number;
  /** Only those that are not closed, or only those that are. */
  open?: boolean | undefined;
  /** Only those that these units see. */
  units?: readonly string[] | null;
  /** Only those with lower numbers. */
  before?: number | undefined;
  limit: number;
}

/** Cases of one kind by what all kinds have in common, the latest first; whose they are the kind itself knows. */
export function selectCases(
  db: Knex,
  table: 'dispute' | 'outage' | 'share_request',
  columns: Readonly<Record<string, string>>,
  { id, open, before, limit }: CaseChoice,
): Knex.QueryBuilder {
  const query = db(table)
    .join('case_file', 'case_file.id', `${table}.id`)
    .select({ ...FILE, ...columns }, { version: db.raw(VERSION) })
    .orderBy(`${table}.id`, 'desc')
    .limit(limit);
  if (id !== undefined) void query.where(`${table}.id`, id);
  if (open !== undefined) void (open ? query.whereNull('closed_at') : query.whereNotNull('closed_at'));
  if (before !== undefined) void query.where(`${table}.id`, '<', before);
  return query;
}
