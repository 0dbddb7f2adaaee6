import { Input, Select } from 'antd';
import { useGet } from '../api.ts';
import { useLanguage } from '../language.tsx';
import type { UnitView } from '../../server/api/accounts.ts';

interface Filter {
  label: string;
  value: string | undefined;
  /** Without blanks; empty when it is cleared. */
  onChange: (value: string) => void;
  width?: number;
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

/** Rows of one of the units that somebody sees, found by its name or its code. */
export function UnitFilter({ label, value, onChange, width = 230 }: Filter) {
  const { say } = useLanguage();
  const { data } = useGet<{ items: UnitView[] }>('/units');
  return (
    <Select
      showSearch={{ filterOption: (typed, option) => `${option?.label ?? ''} ${option?.value ?? ''}`.includes(typed) }}
      allowClear
      style={{ width }}
      placeholder={label}
      aria-label={label}
      value={value}
      options={(data?.items ?? []).map(({ code, name }) => ({ value: code, label: name }))}
      notFoundContent={say('没有这样的单位', 'No such unit')}
      onChange={(code: string | undefined) => onChange(code ?? '')}
    />
  );
}
