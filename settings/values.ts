import { z } from 'zod';
import { hasReservedStep } from '../domain/names.ts';
import { DAY_MS } from '../domain/dates.ts';
import { expected } from '../domain/faults/expected.ts';

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: DAY_MS };

/** Milliseconds of a length of time such as `30s`. */
export const durationMs = (text: string): number => Number.parseInt(text, 10) * (UNITS[text.replace(/^\d+/, '')] ?? 1);

/** A length of time with its unit, `30s`, `2m`, `1h`, `31d`; milliseconds once read. */
export const duration = z
  .string()
  .regex(/^\d+(?:ms|s|m|h|d)$/, expected('duration'))
  .transform(durationMs);

/** One of the keys of a table. */
export const keyOf = <K extends string>(table: Readonly<Record<K, unknown>>) =>
  z.enum(Object.keys(table) as [K, ...K[]]);

/** `HH:MM` Shanghai time; `24:00` is the end of the day. */
export const timeOfDay = z.string().regex(/^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/, expected('time-of-day'));

/** Hours of a day, Shanghai time. */
export const hours = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d-(?:[01]\d|2[0-3]):[0-5]\d$/, expected('hours'));

export const calendarDate = z.string().regex(/^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/, expected('date'));

/** Names used in workflow ids, addresses and files. */
export const slug = z
  .string()
  .max(60)
  .regex(/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/, expected('slug'));

/** A name or path of fields that the hub looks up in records. */
export const plainName = z
  .string()
  .min(1)
  .refine((name) => !hasReservedStep(name), expected('other-name'));

/** Character sets that sources write, beside UTF-8. */
export const charset = z.enum(['utf-8', 'gbk', 'gb18030', 'big5', 'utf-16le', 'utf-16be']);

/** A secret is never written into a file of the configuration, only where to find it. */
export const secretRef = z.union(
  [
    z.strictObject({ env: z.string().min(1).meta({ description: 'Name of the environment variable that holds it' }) }),
    z.strictObject({
      file: z.string().min(1).meta({ description: 'File that holds it, for example /run/secrets/key' }),
    }),
  ],
  { error: expected('secret-reference') },
);

/** Where a secret is to be found. */
export type SecretRef = z.output<typeof secretRef>;
