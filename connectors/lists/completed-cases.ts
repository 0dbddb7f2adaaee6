import { z } from 'zod';
import {
  COMPLETED_CASE_MODES,
  type CompletedCaseMode,
  type CompletedCaseNotice,
} from '../../domain/casework/completed-case.ts';
import { parseInstant } from '../../domain/dates.ts';
import { normaliseCode } from '../../domain/library/identifiers.ts';
import { isObject } from '../json.ts';
import { isEmpty } from '../mapping/texts.ts';
import { expected, expectedInWords, placed, shouldBe } from '../../domain/faults/expected.ts';
import type { Said } from '../../domain/said.ts';

/** How far the department's clock may be ahead of ours. */
const AHEAD_MS = 5 * 60_000;
/** Longest case number, batch, key: they become part of a deadline's name. */
const LONGEST = 200;

const empty = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (isEmpty(value) ? undefined : value), schema.optional());
const code = z
  .union([z.string(), z.number()], { error: expected('text') })
  .transform((value) => String(value).trim())
  .pipe(
    z
      .string()
      .max(LONGEST, expected('at-most-characters', { most: LONGEST }))
      // eslint-disable-next-line no-control-regex -- what a database's text cannot hold, or nobody can type again
      .refine((text) => text.isWellFormed() && !/[\0-\x1f]/.test(text), expected('no-control')),
  );
// A # is the hub's own sign for a deadline that is owed again.
const name = code.pipe(z.string().regex(/^[^#]*$/, expected('without-hash')));
const instant = z.union([z.string(), z.number()], { error: expected('time', {}) }).transform((value, context) => {
  const at = parseInstant(String(value).trim());
  if (at !== null) return new Date(at);
  context.addIssue({ code: 'custom', message: expected('time', { example: '2026-11-22T10:00:00+08:00' }) });
  return z.NEVER;
});
const wordOf =
  <T>(words: Readonly<Record<string, T>>) =>
  (value: unknown): unknown =>
    typeof value === 'string' && Object.hasOwn(words, value.trim()) ? words[value.trim()] : value;

const MODES = Object.fromEntries(Object.entries(COMPLETED_CASE_MODES).map(([mode, zh]) => [zh, mode])) as Record<
  string,
  CompletedCaseMode
>;
const YES_NO = { 是: true, 否: false, true: true, false: false };

const FIELDS = {
  case: name,
  completedAt: empty(instant),
  mode: empty(
    z.preprocess(
      wordOf(MODES),
      z.enum(Object.keys(COMPLETED_CASE_MODES) as [CompletedCaseMode, ...CompletedCaseMode[]], {
        error: expected('one-of', { among: Object.entries(COMPLETED_CASE_MODES).flat() }),
      }),
    ),
  ),
  batch: empty(name),
  key: empty(code),
  number: empty(code.transform(normaliseCode)),
  deliveredAt: empty(instant),
  deliveredThrough: empty(code),
  withdrawn: empty(z.preprocess(wordOf(YES_NO), z.boolean(expected('yes-no')))),
};
type Field = keyof typeof FIELDS;
const notice = z.strictObject(FIELDS);

/** Names of the columns of a list of cases, which the names of the fields stand beside. */
export const COMPLETED_CASE_COLUMNS: Readonly<Record<Field, string>> = {
  case: '办件编号',
  completedAt: '办结时间',
  mode: '签发方式',
  batch: '批次',
  key: '记录键',
  number: '证照编号',
  deliveredAt: '送达时间',
  deliveredThrough: '送达渠道',
  withdrawn: '撤回',
};

/**
 * Reads what a department says of its completed cases; what is wrong, by the place in the list from 1. No value is
 * repeated: a field may hold what does not belong there.
 */
export function readCompletedCases(
  list: readonly unknown[],
  at: Date,
): { notices: CompletedCaseNotice[]; faults: Said[] } {
  const faults: Said[] = [];
  const seen = new Map<string, number>();
  const notices = list.flatMap((item, index): CompletedCaseNotice[] => {
    const place = index + 1;
    const complain = (field: string, message: string): [] => {
      const of = { zh: `第 ${place} 条${field && `，${field}`}`, en: `number ${place}${field && `, ${field}`}` };
      faults.push(placed(of, shouldBe(expectedInWords(message))));
      return [];
    };
    if (!isObject(item)) return complain('', expected('case-map'));
    const read = notice.safeParse(item);
    if (!read.success) {
      return read.error.issues.flatMap((issue) =>
        issue.code === 'unrecognized_keys'
          ? complain(issue.keys.join(', '), expected('only-fields', { among: Object.keys(FIELDS) }))
          : complain(issue.path.join('.'), issue.message),
      );
    }
    const { case: caseNumber, key: recordKey, ...rest } = read.data;
    if (caseNumber === '') return complain('case', expected('case-number'));
    const before = seen.get(caseNumber);
    if (before !== undefined) return complain('case', expected('case-once', { number: before }));
    seen.set(caseNumber, place);
    for (const field of ['completedAt', 'deliveredAt'] as const)
      if ((rest[field]?.getTime() ?? 0) > at.getTime() + AHEAD_MS) return complain(field, expected('time-passed'));
    return [{ caseNumber, recordKey, ...rest }];
  });
  return { notices, faults };
}

/**
 * A row of a csv or a workbook as a notice: by the Chinese or the English names of its columns, any other column left
 * out. A code in a number cell is made what is refused: its zeros and digits may be lost.
 */
export function completedCaseOfRow(row: unknown): unknown {
  if (!isObject(row)) return row;
  return Object.fromEntries(
    Object.entries(COMPLETED_CASE_COLUMNS).flatMap(([field, column]) => {
      const value = row[column] ?? row[field];
      if (value === undefined) return [];
      return [[field, typeof value === 'number' && CODES.has(field) ? { number: value } : value]];
    }),
  );
}

const CODES: ReadonlySet<string> = new Set<Field>(['case', 'batch', 'key', 'number']);
