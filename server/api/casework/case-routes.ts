import type { FastifyRequest } from 'fastify';
import type { Knex } from 'knex';
import { z } from 'zod';
import { may } from '../../../domain/access.ts';
import {
  actionsAt,
  markOf,
  possibleActions,
  type CaseAction,
  type CaseDefinition,
  type CaseField,
} from '../../../domain/casework/definition.ts';
import { actOnCase, type CaseChoice, type CaseKeeper, type KeptCase } from '../../../store/casework/cases.ts';
import type { Principal } from '../../../store/console/sessions.ts';
import { requireUnits } from '../../../store/ledger/units.ts';
import { principalOf } from '../base/access.ts';
import type { ApiOptions } from '../base/api.ts';
import { changeCase } from '../base/case-action.ts';
import { fieldsOf } from '../base/case-fields.ts';
import { ApiProblem } from '../base/problem.ts';
import { post } from '../base/route.ts';
import { idParams, pageOfRows, readCursor } from '../base/views.ts';
import { sees } from '../ledger/tasks.ts';
import { actingUnit } from '../ledger/acting-unit.ts';
import { withNextDue } from './case-view.ts';

/** What the API of one kind of case has beside its definition. */
export interface CaseRoutes<Case extends KeptCase, Step extends { action: string }> {
  definition: CaseDefinition<Case>;
  /** How they are kept, under the profile as it is. */
  keeper: (options: Pick<ApiOptions, 'config'>) => CaseKeeper<Case, Step>;
  tag: string;
  /** A case that somebody sees; throws a problem where there is none for them. */
  found: (options: ApiOptions, id: number, principal: Principal) => Promise<Case>;
  /** What an action is answered with, of the case as it is then; nothing personal, for it is kept (Idempotency-Key). */
  view: z.ZodType;
  answer: (found: Case) => object;
  /** What the audit says of an action beside its name; nothing personal. */
  audited: (step: Step) => Record<string, unknown>;
}

type Definition<Case> = CaseDefinition<Case>;
type Action<Case> = CaseAction<Case, string>;

/** What somebody can do in a case now, in the order of the definition. */
export const canDo = <Case, Name extends string>(
  definition: CaseDefinition<Case, string, Name>,
  found: Case,
  principal: Principal,
): Name[] =>
  possibleActions(definition, found).filter((name) => {
    const action = definition.actions[name];
    return may(principal, action.needs) && isTheirs(action, found, principal);
  });

const isTheirs = <Case>({ only }: Pick<Action<Case>, 'only'>, found: Case, principal: Principal): boolean =>
  only === undefined || only.units(found).some((unit) => sees(principal, unit));

/** Throws a problem where an action is another unit’s. */
export function requireTheirs<Case>(action: Action<Case>, found: Case, principal: Principal): void {
  if (isTheirs(action, found, principal)) return;
  const { zh, en } = action.only ?? action;
  throw new ApiProblem(403, 'not-yours', { zh: `只有${zh}可以“${action.zh}”`, en: `Only ${en} can do that` });
}

/**
 * The actions at one address of a kind’s cases, each refused as its definition says. What it takes the definition says too,
 * which is why it is not among the requests that the compiler knows.
 */
export function actionRoute<Case extends KeptCase, Step extends { action: string }>(
  { definition, keeper: keeperUnder, tag, found, view, answer, audited }: CaseRoutes<Case, Step>,
  path: string,
) {
  const actions = actionsAt(definition, path).map(([, action]) => action);
  const [needs, ...others] = new Set(actions.map((action) => action.needs));
  if (needs === undefined || others.length > 0) throw new Error(`${definition.path}/…/${path} needs one permission`);
  return post(
    `${definition.path}/:id/${path}`,
    {
      needs,
      summary: `${actions.map(({ zh }) => zh).join('、')} ${actions.map(({ en }) => en).join(', ')}`,
      description: actions.map(({ en, help }) => `${en}: ${help.en}.`).join('\n'),
      tag,
      params: idParams,
      body: bodyOf(definition, path),
      answer: view,
      problems: [404, 409, 422],
    },
    async (request, options) => {
      const { id } = await found(options, request.params.id, principalOf(request));
      const keeper = keeperUnder(options);
      return changeCase(request, options, keeper, id, async (trx, seen, { by, at, principal }) => {
        const [name, action] = actionIn(definition, path, request.body);
        requireTheirs(action, seen, principal);
        const step = { action: name, ...(await given(trx, action.fields, request.body, principal)) } as Step;
        const after = await actOnCase(trx, keeper, id, step, { by, at });
        return { answer: answer(after), deed: { action: needs, detail: { action: name, ...audited(step) } } };
      });
    },
  );
}

/** What a request at an address gives: what its action asks for and, where there are several, which one it is. */
function bodyOf<Case>(definition: Definition<Case>, path: string): z.ZodType<Record<string, unknown>> {
  const marks = new Set<string>();
  const bodies = actionsAt(definition, path).map(([name, { fields }]) => {
    const mark = Object.entries(markOf(definition, name)).map(([key, value]): [string, z.ZodType] => {
      marks.add(key);
      return [key, z.literal(value)];
    });
    return z.object({ ...Object.fromEntries(mark), ...fieldsOf(fields) });
  });
  const [mark] = marks;
  const [body = z.object({}), ...others] = bodies;
  return mark === undefined ? body : z.discriminatedUnion(mark, [body, ...others]);
}

/** Which action a request at an address is about; its schema lets no other through. */
function actionIn<Case>(
  definition: Definition<Case>,
  path: string,
  body: Record<string, unknown>,
): [name: string, action: Action<Case>] {
  const found = actionsAt(definition, path).find(([name]) =>
    Object.entries(markOf(definition, name)).every(([key, value]) => body[key] === value),
  );
  if (found) return found;
  throw new Error(`the request is about no action at ${path}`);
}

/** What a request gives for an action, with the units that it names. */
async function given(
  trx: Knex.Transaction,
  fields: Readonly<Record<string, CaseField>>,
  body: Record<string, unknown>,
  principal: Principal,
): Promise<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  for (const [name, { kind }] of Object.entries(fields)) {
    const value = body[name];
    if (kind === 'unit') [values[name]] = await requireUnits(trx, [value as string]);
    else if (kind === 'units') values[name] = await requireUnits(trx, value as string[]);
    else if (kind === 'own-unit') values[name] = await actingUnit(trx, principal, value as string | undefined);
    else values[name] = value;
  }
  return values;
}

const cursor = z.tuple([z.int()]);

/** A page of the cases that somebody sees, each with the deadline that is next. */
export async function pageOfCases<Row extends Parameters<typeof withNextDue>[1][number]>(
  request: FastifyRequest,
  options: ApiOptions,
  { limit, after }: { limit: number; after?: string | undefined },
  list: (choice: Pick<CaseChoice, 'units' | 'before' | 'limit'>) => Promise<Row[]>,
) {
  const [before] = readCursor(after, cursor) ?? [];
  const { units } = principalOf(request);
  const rows = await list({ units, before, limit: limit + 1 });
  const { items, next } = pageOfRows(rows, limit, ({ id }) => [id]);
  return { items: await withNextDue(options, items), next };
}

/** One case as somebody sees it; throws a problem where there is none for them. */
export async function seenCase<Case>(
  { zh, en }: { zh: string; en: string },
  id: number,
  { units }: Principal,
  list: (choice: CaseChoice) => Promise<Case[]>,
): Promise<Case> {
  const [found] = await list({ id, units, limit: 1 });
  if (found) return found;
  throw new ApiProblem(404, 'case-unknown', { zh: `没有这件${zh}`, en: `There is no such ${en.toLowerCase()}` });
}
