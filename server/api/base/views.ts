import { InvalidRequest, unstorableIn } from './problem.ts';
import { z } from 'zod';
import { shanghaiInstant } from '../../../domain/dates.ts';
import { EVERY_BASIS } from '../../../domain/basis.ts';
import { normaliseHolderCode } from '../../../domain/library/identifiers.ts';

/** An instant: on the wire as ISO 8601 with Shanghai's offset. */
export const instant = z.codec(z.iso.datetime({ offset: true }), z.date(), {
  decode: (text) => new Date(text),
  encode: (date) => shanghaiInstant(date.getTime()),
});

/** A calendar date in Asia/Shanghai. */
export const date = z.iso.date();

/** A text in both languages. */
export const saidView = z.object({ zh: z.string(), en: z.string() });

/** What a deadline rests on; numbers of both are apart. */
export const basis = z
  .enum(EVERY_BASIS)
  .meta({ description: 'statutory: 法定时限; internal: 内控时限, never 法定时限' });

/** 统一社会信用代码 of a unit. */
export const unitCode = z.string().regex(/^[0-9A-Z]{1,18}$/, '统一社会信用代码');

/** A whole number, which addresses have as text. */
export const whole = z.coerce.number<string | number>().int();

/** The number of something, in an address. */
export const idParams = z.object({ id: whole.positive() });

/** A text that people write; not only blanks. */
export const text = (most: number): z.ZodString => z.string().trim().min(1).max(most);
/** The code of a holder, in any spelling; parsed as the library keeps it. */
export const holderCode = text(100).transform(normaliseHolderCode).pipe(z.string().min(1));

/** One value, or several with commas. */
export const listOf = <T extends z.ZodType<string, string>>(item: T) =>
  z
    .string()
    .transform((given) => given.split(',').filter((one) => one !== ''))
    .pipe(z.array(item));

/** What every list takes: how many at most, and after which row. */
export const paging = z.object({
  limit: whole.min(1).max(200).default(50),
  after: z.string().max(300).optional().meta({ description: 'The `next` of the page before' }),
});

/** A workbook. */
export const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

/** A page of a list; `next` continues it, null at its end. */
export const pageOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next: z.string().nullable() });

/** Where a list goes on: the values that its order is by, opaque to callers. */
export const cursorOf = (values: readonly (string | number | null)[]): string =>
  Buffer.from(JSON.stringify(values)).toString('base64url');

/** Reads a cursor of values of some shape; throws a zod error where it is none of ours. */
export function readCursor<T extends z.ZodType>(cursor: string | undefined, shape: T): z.output<T> | undefined {
  if (cursor === undefined) return undefined;
  let values: unknown;
  try {
    values = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    values = null;
  }
  const read = shape.safeParse(values);
  if (read.success && unstorableIn(values) === null) return read.data;
  throw new InvalidRequest([
    { code: 'custom', path: ['after'], message: 'the `next` of another page', input: cursor, params: {} },
  ]);
}

/** Cuts what was read, one more than wanted, to a page. */
export function pageOfRows<T>(
  rows: readonly T[],
  limit: number,
  keyOf: (row: T) => readonly (string | number | null)[],
): { items: T[]; next: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? cursorOf(keyOf(last)) : null };
}
