import type { StreamConfig } from '../../settings/kinds/stream.ts';
import { isDeepStrictEqual } from 'node:util';
import type { Mapping } from './compile.ts';

/** Examples are of any time. */
const READ_AT = '2199-12-31T00:00:00+08:00';

/** Runs a mapping's own examples; what came out otherwise, one sentence each. */
export function runExamples({ examples }: Pick<StreamConfig, 'examples'>, map: Mapping['map']): string[] {
  return examples.flatMap(({ input, expected = {}, rejected }, index) => {
    const page = { records: [input], undecodable: new Map<number, string>() };
    const { rows, outcomes, deleted } = map(page, { readAt: READ_AT });
    const place = `examples[${index}]`;
    const problems = outcomes[0] ?? [];
    const found = problems.map(({ rule }) => rule);
    if (rejected) {
      if (isDeepStrictEqual([...found].sort(), [...rejected].sort())) return [];
      return [
        `${place}: found ${found.join(', ') || 'an accepted record'}, expected it to be rejected by ${rejected.join(', ')}`,
      ];
    }
    if (problems.length > 0) {
      return [`${place}: rejected by ${problems.map(({ rule, field }) => `${rule} of ${field}`).join(', ')}`];
    }
    const [gone] = deleted;
    const [row = gone ? { key: gone.key, status: 'deleted' } : {}] = JSON.parse(rows.toJson().toString()) as Record<
      string,
      unknown
    >[];
    return Object.entries(expected)
      .filter(([field, value]) => !isDeepStrictEqual(row[field], value))
      .map(
        ([field, value]) => `${place}: ${field} is ${JSON.stringify(row[field])}, expected ${JSON.stringify(value)}`,
      );
  });
}
