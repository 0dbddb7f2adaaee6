import type { PLACEHOLDERS } from '../../settings/kinds/http.ts';
import { mapLeaves } from '../json.ts';

/** One request as the configuration describes it. */
export interface RequestTemplate {
  path: string;
  method: 'GET' | 'POST' | 'PUT';
  body?: Record<string, unknown> | undefined;
}

/** What is filled into a template; a placeholder without a value becomes empty. */
export type Values = Partial<Record<(typeof PLACEHOLDERS)[number], string | number>>;

const PLACEHOLDER = /\{(\w+)\}/g;

export function fillPath(path: string, values: Values): string {
  return path.replace(PLACEHOLDER, (_, name: string) => encodeURIComponent(valueOf(values, name)));
}

/** Fills a JSON body; a text that is one placeholder and nothing else takes its value's type. */
export function fillBody(body: unknown, values: Values): unknown {
  return mapLeaves(body, (leaf) => {
    if (typeof leaf !== 'string') return leaf;
    const whole = /^\{(\w+)\}$/.exec(leaf);
    if (whole?.[1] !== undefined) return valueOf(values, whole[1]);
    return leaf.replace(PLACEHOLDER, (_, name: string) => String(valueOf(values, name)));
  });
}

const valueOf = (values: Values, name: string): string | number => values[name as keyof Values] ?? '';
