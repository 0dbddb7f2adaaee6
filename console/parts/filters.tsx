import { Button, Checkbox, Input, Select, type SelectProps } from 'antd';
import type { ReactNode } from 'react';
import { useGet } from '../api.ts';
import { useLanguage } from '../language.tsx';
import { useFilters } from './list.tsx';

interface Filter {
  label: string;
  value: string | undefined;
  /** Without blanks; empty when it is cleared. */
  onChange: (value: string) => void;
  width?: number;
}

export interface Option {
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

/** One filter of a list, by its name in the address. */
export type ListFilter<Name extends string = string> = { name: Name; label: string } & (
  | { kind: 'choice' | 'choices'; options: Option[]; width: number }
  | { kind: 'text'; width: number }
  | { kind: 'unit' }
  /** Ticked, it has this value. */
  | { kind: 'tick'; value: string }
);

/** The filters of a list beside each other, and what is chosen of them. */
export function useFilterBar(filters: readonly ListFilter[]): {
  bar: ReactNode;
  chosen: Record<string, string | undefined>;
} {
  const { say } = useLanguage();
  const { filters: given, change } = useFilters();
  const control = (filter: ListFilter): ReactNode => {
    const { name, label } = filter;
    const props = { label, value: given[name], onChange: (value: string) => change({ [name]: value }) };
    switch (filter.kind) {
      case 'choice':
        return <ChoiceFilter key={name} {...props} options={filter.options} width={filter.width} />;
      case 'choices':
        return <ChoicesFilter key={name} {...props} options={filter.options} width={filter.width} />;
      case 'text':
        return <TextFilter key={name} {...props} width={filter.width} />;
      case 'unit':
        return <UnitFilter key={name} {...props} />;
      case 'tick':
        return (
          <Checkbox
            key={name}
            checked={props.value === filter.value}
            onChange={({ target }) => props.onChange(target.checked ? filter.value : '')}
          >
            {label}
          </Checkbox>
        );
    }
  };
  return {
    chosen: Object.fromEntries(filters.map(({ name }) => [name, given[name]])),
    bar: (
      <div className="filters" role="search">
        {filters.map(control)}
        <Button onClick={() => change(Object.fromEntries(filters.map(({ name }) => [name, ''])))}>
          {say('清空', 'Clear')}
        </Button>
      </div>
    ),
  };
}
