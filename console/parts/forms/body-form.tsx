import type { ComponentProps } from 'react';
import { ActionForm, type ActionField } from './action-form.tsx';
import type { GivenFile } from './inputs.tsx';

/** Kinds of inputs that give what stands in a body. */
type Input<T> = [T] extends [boolean]
  ? { kind: 'yes' }
  : [T] extends [number]
    ? { kind: 'number' }
    : [T] extends [readonly (infer Choice)[]]
      ? { kind: 'choices'; options: { value: Choice; label: string }[] }
      : [T] extends [GivenFile]
        ? { kind: 'file' }
        : { kind?: 'text' | 'password' | 'time' } | { kind: 'choice'; options: { value: T; label: string }[] };

/** A field for something that stands in a body. */
export type FieldOf<Body> = ActionField &
  {
    [Name in keyof Body & string]-?: { name: Name; initial?: Body[Name] | undefined } & Input<NonNullable<Body[Name]>>;
  }[keyof Body & string];

interface BodyFormProps<Body, Answer> extends Omit<ComponentProps<typeof ActionForm>, 'fields' | 'submit' | 'done'> {
  fields: readonly FieldOf<Body>[];
  submit: (given: Body) => Promise<Answer>;
  done?: (answer: Answer) => void;
}

/** Asks for what stands in the body of a request, and sends it. */
export const BodyForm = <Body, Answer>({ fields, submit, done, ...form }: BodyFormProps<Body, Answer>) => (
  <ActionForm
    {...form}
    fields={fields}
    // What the inputs give is what the fields say.
    submit={(given) => submit(given as Body)}
    {...(done && { done: (answer: unknown) => done(answer as Answer) })}
  />
);
