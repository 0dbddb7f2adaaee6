import type { FieldRule } from '../../settings/kinds/stream.ts';
import { isEmpty } from './texts.ts';

/** Gives what a record of the source says somewhere. */
export type Read = (record: Record<string, unknown>) => unknown;

/** A field as its rule says; `read` gives what the source has in it. */
export function compileRule(rule: Exclude<FieldRule, string>, read: Read): Read {
  const { constant, lookup } = rule;
  if (constant !== undefined) return () => constant;
  const table = lookup && new Map(Object.entries(lookup));
  return (record) => {
    const value = read(record);
    const given = isEmpty(value) && rule.default !== undefined ? rule.default : value;
    if (!table || (typeof given !== 'string' && typeof given !== 'number')) return given;
    return table.get(String(given).trim()) ?? given;
  };
}
