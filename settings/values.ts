import { z } from 'zod';
import { hasReservedStep } from '../domain/names.ts';
import { DAY_MS } from '../domain/dates.ts';

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: DAY_MS };

/** Milliseconds of a length of time such as `30s`. */
export const durationMs = (text: string): number => Number.parseInt(text, 10) * (UNITS[text.replace(/^\d+/, '')] ?? 1);

/** A length of time with its unit, `30s`, `2m`, `1h`, `31d`; milliseconds once read. */
export const duration = z
  .string()
  .regex(/^\d+(?:ms|s|m|h|d)$/, 'a number with its unit: ms, s, m, h or d, for example 30s')
  .transform(durationMs);

/** One of the keys of a table. */
export const keyOf = <K extends string>(table: Readonly<Record<K, unknown>>) =>
  z.enum(Object.keys(table) as [K, ...K[]]);

/** `HH:MM` Shanghai time; `24:00` is the end of the day. */
export const timeOfDay = z
  .string()
  .regex(/^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/, 'a time of day in quotes, for example "21:30" or "24:00"');

/** Hours of a day, Shanghai time. */
export const hours = z
  .string()
  .regex(
    /^(?:[01]\d|2[0-3]):[0-5]\d-(?:[01]\d|2[0-3]):[0-5]\d$/,
    'two times of day in quotes, for example "08:30-17:30"',
  );

export const calendarDate = z
  .string()
  .regex(/^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/, 'a date in the form 2026-01-31');

/** Names used in workflow ids, addresses and files. */
export const slug = z
  .string()
  .max(60)
  .regex(/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/, 'lower-case letters, digits and single hyphens, for example park-permits');

/** A name or path of fields that the hub looks up in records. */
export const plainName = z
  .string()
  .min(1)
  .refine((name) => !hasReservedStep(name), 'another name: __proto__, constructor and prototype are refused');

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
  { error: 'a reference to the secret, {env: NAME} or {file: path}' },
);

/** Where a secret is to be found. */
export type SecretRef = z.output<typeof secretRef>;
