import type { Permission } from '../access.ts';
import type { CaseKind } from '../ids.ts';
import type { Said } from '../said.ts';
import type { Unit } from '../units.ts';

/** What each kind of field holds, once it is read. */
export interface FieldValues {
  /** A text of one line. */
  line: string;
  /** A text of several lines. */
  text: string;
  /** A text for one person: never part of a command line, of a log or of the audit. */
  personal: string;
  /** Yes or no, in words of its own. */
  verdict: boolean;
  choice: string;
  time: Date;
  'working-days': number;
  /** The number of another case of the kind. */
  case: number;
  unit: Unit;
  units: readonly Unit[];
  /** The unit that somebody acts for: their own, unless they name another one that they see. */
  'own-unit': Unit;
  /** Streams of the case; null: all that it can be done to. */
  streams: readonly string[] | null;
  stream: string;
  /** A file of records, as base64. */
  records: { name: string; content: string };
  /** An item (项) of the regulation, by its number. */
  item: string;
}
export type FieldKind = keyof FieldValues;

/** Something that an action asks for. */
export type CaseField = Said & { hint?: Said; optional?: true } & (
    | { kind: 'line' | 'text' | 'personal'; most: number }
    | { kind: 'verdict'; yes: Said; no: Said }
    | { kind: 'choice'; options: Readonly<Record<string, Said>> }
    | { kind: Exclude<FieldKind, 'line' | 'text' | 'personal' | 'verdict' | 'choice'> }
  );

/** Why an action is refused. What is left open in the words (…) is known when it happens. */
export interface Refusal<Facts> extends Said {
  /** Names it for programs, where it has a name of its own. */
  code?: 'not-overdue' | 'number-taken' | 'notice-none' | 'item-unnamed';
  /**
   * Whether it is refused for what is known of the case; a text fills what is left open. Without it the reason is found
   * where the action is performed.
   */
  when?: (facts: Facts) => boolean | string;
}

/** Something that can be done in a case: what it is called, what it is for, who may, when, and what they need for it. */
export interface CaseAction<Facts, Stage extends string> extends Said {
  help: Said;
  needs: Permission;
  /** Beside the permission: whoever acts for one of these units. */
  only?: Said & { units: (facts: Facts) => readonly (string | null)[] };
  stages: readonly Stage[];
  /** Its command, where that is not its name. */
  command?: string;
  /** Its address in the API, below the case’s own. */
  path: string;
  /** What tells it from the others at its address, where that is not its name. */
  mark?: Readonly<Record<string, boolean>>;
  fields: Readonly<Record<string, CaseField>>;
  refusals?: Readonly<Record<string, Refusal<Facts>>>;
}

/**
 * What may be done in cases of one kind: the one place that says so. The store refuses by it, the API makes its requests
 * and what one can do of it, the command line its commands, the console its buttons and forms, and `npm run schemas`
 * docs/casework.md.
 */
export interface CaseDefinition<Facts, Stage extends string = string, Action extends string = string> extends Said {
  kind: CaseKind;
  /** What its commands begin with, after `./hub`. */
  command: string;
  /** Where the API has its cases. */
  path: string;
  /** Name for programs that there is no such case, and that an action is refused. */
  codes: { unknown: 'case-unknown' | 'finding-unknown'; refused: 'case-refused' | 'finding-stage' };
  stages: Readonly<Record<Stage, Said>>;
  stageOf: (facts: Facts) => Stage;
  actions: Readonly<Record<Action, CaseAction<Facts, Stage>>>;
}

type ValueOf<F extends CaseField> = F extends { kind: 'choice' } ? keyof F['options'] & string : FieldValues[F['kind']];

/** What is given for an action. */
export type Given<Fields extends Readonly<Record<string, CaseField>>> = {
  [Name in keyof Fields as Fields[Name] extends { optional: true } ? never : Name]: ValueOf<Fields[Name]>;
} & {
  [Name in keyof Fields as Fields[Name] extends { optional: true } ? Name : never]?:
    ValueOf<Fields[Name]> | null | undefined;
};

/** What is done in a case: an action with what it needs. */
export type StepOf<D extends { actions: Readonly<Record<string, { fields: Readonly<Record<string, CaseField>> }>> }> = {
  [Action in keyof D['actions']]: { action: Action } & Given<D['actions'][Action]['fields']>;
}[keyof D['actions']];

/** Why an action cannot be done now; null when it can. */
export function refusedAction<Facts, Action extends string>(
  { stages, stageOf, actions }: CaseDefinition<Facts, string, Action>,
  facts: Facts,
  action: Action,
): Pick<Refusal<Facts>, 'zh' | 'en' | 'code'> | null {
  const stage = stageOf(facts);
  const name = (each: string): string => `“${stages[each]?.zh ?? each}”`;
  const { stages: allowed, refusals = {} } = actions[action];
  if (!allowed.includes(stage)) {
    return {
      zh: `现为${name(stage)}，须为${allowed.map(name).join('或')}`,
      en: `found it ${stage} (${stages[stage]?.zh ?? ''}), expected ${allowed.join(' or ')}`,
    };
  }
  for (const refusal of Object.values(refusals)) {
    const found = refusal.when?.(facts) ?? false;
    if (found !== false) return typeof found === 'string' ? filled(refusal, found) : refusal;
  }
  return null;
}

/** A reason with what its words leave open. */
export const filled = <Reason extends Said>(reason: Reason, what: string): Reason => ({
  ...reason,
  zh: reason.zh.replace('…', () => what),
  en: reason.en.replace('…', () => what),
});

/** What can be done in a case now, whoever does it. */
export const possibleActions = <Facts, Action extends string>(
  definition: CaseDefinition<Facts, string, Action>,
  facts: Facts,
): Action[] =>
  (Object.keys(definition.actions) as Action[]).filter((action) => refusedAction(definition, facts, action) === null);

/** The actions that share an address in the API, by their names. */
export const actionsAt = <Action extends { path: string }>(
  { actions }: { actions: Readonly<Record<string, Action>> },
  path: string,
): [name: string, action: Action][] => Object.entries(actions).filter(([, action]) => action.path === path);

/** What is sent along with an action so that it is told from the others at its address. */
export function markOf<Action extends string>(
  definition: { actions: Readonly<Record<Action, { path: string; mark?: Readonly<Record<string, boolean>> }>> },
  action: Action,
): Readonly<Record<string, string | boolean>> {
  const { path, mark } = definition.actions[action];
  return mark ?? (actionsAt(definition, path).length > 1 ? { action } : {});
}
