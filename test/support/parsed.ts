import type { z } from 'zod';
import { expectedInWords } from '../../domain/faults/expected.ts';

/** What a schema makes of a configuration; throws what it refuses, in the words in which people read it. */
export function parsed<S extends z.ZodType>(schema: S, given: unknown): z.output<S> {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  throw new Error(
    result.error.issues.map(({ path, message }) => `${path.join('.')}: ${expectedInWords(message).en}`).join('\n'),
  );
}
