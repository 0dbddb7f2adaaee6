import { Button } from 'antd';
import { useState } from 'react';
import {
  markOf,
  type CaseAction,
  type CaseDefinition,
  type CaseField,
  type FieldKind,
} from '../../../domain/casework/definition.ts';
import { LARGEST_EVIDENCE } from '../../../domain/casework/outage.ts';
import { sendStep, useGet } from '../../api.ts';
import { useLanguage } from '../../language.tsx';
import { useSession } from '../../session.tsx';
import { ActionForm, type ActionField } from '../forms/action-form.tsx';
import type { Option } from '../filters.tsx';

type Fields = CaseAction<never, string>['fields'];

const UNIT_KINDS: readonly FieldKind[] = ['unit', 'units', 'own-unit'];

/** What actions of cases ask for, as fields of a form; `streams`: those that an action can be done to. */
export function useCaseFields(all: readonly Fields[]): (fields: Fields, streams?: readonly Option[]) => ActionField[] {
  const { say, name } = useLanguage();
  const { may, hub } = useSession();
  const { items } = hub.sanctions;
  const namesUnits = all.some((fields) => Object.values(fields).some(({ kind }) => UNIT_KINDS.includes(kind)));
  const choosesUnits = may('disputes:manage');
  const { data } = useGet('/unit-names', { enabled: choosesUnits && namesUnits });
  const units = (data?.items ?? []).map(({ code, name: called }) => ({ value: code, label: `${called} ${code}` }));

  const inputOf = (field: CaseField, streams: readonly Option[]): Partial<ActionField> => {
    switch (field.kind) {
      case 'line':
        return {};
      case 'text':
      case 'personal':
        return { multiline: true };
      case 'verdict':
        return {
          kind: 'choice',
          options: [
            { value: 'true', label: name(field.yes) },
            { value: 'false', label: name(field.no) },
          ],
        };
      case 'choice':
        return {
          kind: 'choice',
          options: Object.entries(field.options).map(([value, pair]) => ({ value, label: name(pair) })),
        };
      case 'time':
        return { kind: 'time' };
      case 'working-days':
      case 'case':
        return { kind: 'number' };
      case 'unit':
        return { kind: 'choice', options: units };
      case 'units':
        return { kind: 'choices', options: units };
      case 'own-unit':
        return { kind: 'choice', options: units, required: false };
      case 'streams':
        return { kind: 'choices', options: streams, initial: streams.map(({ value }) => value) };
      case 'stream':
        return { kind: 'choice', options: streams, initial: streams.length === 1 ? streams[0]?.value : undefined };
      case 'item':
        return { kind: 'choice', options: items.map(({ id, text }) => ({ value: id, label: `（${id}）${text}` })) };
      case 'records':
        return { kind: 'file', largest: LARGEST_EVIDENCE };
    }
  };
  return (fields, streams = []) =>
    Object.entries(fields)
      // Whoever has one unit acts for it.
      .filter(([, { kind }]) => kind !== 'own-unit' || choosesUnits)
      .filter(([, { kind }]) => kind !== 'item' || items.length > 0)
      .map(([key, field]) => ({
        name: key,
        label: say(field.zh, field.en),
        required: field.optional !== true,
        ...(field.hint && { hint: name(field.hint) }),
        ...inputOf(field, streams),
      }));
}

/** What is sent for what was given in a form. */
const sentOf = (fields: Fields, given: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(given).map(([key, value]) => [key, fields[key]?.kind === 'verdict' ? value === 'true' : value]),
  );

/** Buttons for what can be done in a case; each asks for what it needs. The first is what comes next. */
export function CaseActions<Action extends string>({
  definition,
  id,
  version,
  can,
  streamsFor,
  done,
}: {
  definition: Pick<CaseDefinition<never, string, Action>, 'path' | 'actions'>;
  id: number;
  version: string;
  can: readonly Action[];
  /** The streams that an action can be done to. */
  streamsFor?: ((action: Action) => readonly Option[]) | undefined;
  done?: (action: Action, answer: unknown) => void;
}) {
  const { name } = useLanguage();
  const [chosen, setChosen] = useState<Action | null>(null);
  const { path, actions } = definition;
  const fieldsOf = useCaseFields(can.map((action) => actions[action].fields));
  const form = (action: Action) => {
    const { help, fields, path: below } = actions[action];
    return (
      <ActionForm
        key={action}
        open
        close={() => setChosen(null)}
        title={name(actions[action])}
        note={name(help)}
        fields={fieldsOf(fields, streamsFor?.(action))}
        submit={(given) =>
          sendStep(`${path}/:id/${below}`, {
            params: { id },
            body: { ...sentOf(fields, given), ...markOf(definition, action) },
            version,
          })
        }
        done={(answer) => done?.(action, answer)}
      />
    );
  };
  return (
    <>
      {can.map((action, index) => (
        <Button key={action} type={index === 0 ? 'primary' : 'default'} onClick={() => setChosen(action)}>
          {name(actions[action])}
        </Button>
      ))}
      {chosen !== null && form(chosen)}
    </>
  );
}
