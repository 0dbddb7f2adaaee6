import { Input, Select, type SelectProps } from 'antd';
import { useGet } from '../api.ts';
import { useLanguage } from '../language.tsx';

interface Filter {
  label: string;
  value: string | undefined;
  /** Without blanks; empty when it is cleared. */
  onChange: (value: string) => void;
  width?: number;
}

interface Option {
  value: string;
  label: string;
}

/** The entries of a table of names, to choose from. */
export function useChoices(): <Name extends string>(
  names: Readonly<Record<Name, { readonly zh: string; readonly en: string }>>,
) => { value: Name; label: string }[] {
  const { name } = useLanguage();
  return (names) =>
    (Object.keys(names) as (keyof typeof names)[]).map((value) => ({ value, label: name(names[value]) }));
}

/** Rows that have this text. */
export const TextFilter = ({ label, value, onChange, width = 220 }: Filter) => (
  <Input.Search
    // What comes from the address replaces what was typed.
    key={value ?? ''}
    style={{ width }}
    allowClear
    placeholder={label}
    aria-label={label}
    defaultValue={value}
    onSearch={(text) => onChange(text.trim())}
  />
);

type Choice = Filter & Pick<SelectProps<string, Option>, 'options' | 'notFoundContent'>;

/** Rows of one choice, which is found by its name or its code. */
export const ChoiceFilter = ({ label, value, onChange, width, ...props }: Choice) => (
  <Select<string | null, Option>
    showSearch={{
      filterOption: (typed, option) => `${option?.label} ${option?.value}`.toLowerCase().includes(typed.toLowerCase()),
    }}
    allowClear
    style={{ width }}
    placeholder={label}
    aria-label={label}
    value={value ?? null}
    onChange={(chosen) => onChange(chosen ?? '')}
    {...props}
  />
);

/** Rows of any of some choices, which the address lists with commas between them. */
export const ChoicesFilter = ({ label, value, onChange, width, ...props }: Choice) => (
  <Select<string[], Option>
    mode="multiple"
    allowClear
    style={{ minWidth: width }}
    placeholder={label}
    aria-label={label}
    value={value?.split(',') ?? []}
    onChange={(chosen) => onChange(chosen.join(','))}
    {...props}
  />
);

/** Rows of one of the units that somebody sees. */
export function UnitFilter(filter: Filter) {
  const { say } = useLanguage();
  const { data } = useGet('/units');
  return (
    <ChoiceFilter
      width={230}
      options={(data?.items ?? []).map(({ code, name }) => ({ value: code, label: name }))}
      notFoundContent={say('没有这样的单位', 'No such unit')}
      {...filter}
    />
  );
}
