import { closest } from 'fastest-levenshtein';
import { z } from 'zod';
import { expected, foundInstead, placed, rowPlace } from '../../domain/faults/expected.ts';
import { fault } from '../../domain/faults.ts';
import type { Said } from '../../domain/said.ts';
import { sheetRows, type Workbook } from '../../domain/spreadsheet.ts';
import type { UsageItem } from '../../domain/library/usage-list.ts';
import { expectation, parseYaml } from '../diagnostics.ts';

/** A list of uses, whose types must be among those that the catalog knows; null: or be any that could be. */
const listOf = (known: readonly string[] | null) =>
  z
    .array(
      z.strictObject({
        code: z.string().trim().min(1),
        name: z.string().trim().min(1),
        scenario: z.string().trim().min(1),
        types: z
          .array(
            z
              .string()
              .trim()
              .superRefine((code, context) => {
                if (known === null) {
                  if (!/^[0-9A-Z]{21}$/.test(code))
                    context.addIssue({ code: 'custom', message: 'a 证照类型代码 of 21 characters' });
                  return;
                }
                if (known.includes(code)) return;
                const nearest = known.length === 0 ? null : closest(code, known);
                context.addIssue({ code: 'custom', message: expected('known-type', { nearest }) });
              }),
          )
          .min(1),
      }),
    )
    .min(1)
    .superRefine((items, context) => {
      const seen = new Set<string>();
      for (const [index, { code, scenario }] of items.entries()) {
        const use = JSON.stringify([code, scenario]);
        if (seen.has(use))
          context.addIssue({ code: 'custom', path: [index, 'scenario'], message: expected('scenario-once') });
        seen.add(use);
      }
    });

/** Columns of the workbook, in the order of the fields of a row. */
const COLUMNS = { code: '事项编码', name: '事项名称', scenario: '应用场景', types: '证照类型代码' } as const;
type Field = keyof typeof COLUMNS;
const LIST = /[、;;,,\s]+/;

/**
 * Reads a list of uses (用证清单) from a workbook (xlsx) or a YAML list. Throws one configuration error that names every
 * fault by its row or line; then nothing of the file counts.
 * @param known the types that the catalog has; null where others may be named as well, because the unit needs them
 */
export function readUsageList(file: string, content: string | Workbook, known: readonly string[] | null): UsageItem[] {
  if (typeof content === 'string') {
    const { value, faults } = parseYaml(file, content, () => listOf(known));
    if (value) return value;
    throw refused(file, faults);
  }
  const rows = rowsOf(file, content);
  const read = listOf(known).safeParse(rows.map(({ item }) => item));
  if (read.success) return read.data;
  throw refused(
    file,
    read.error.issues.map((issue) => {
      const [index, field, item] = issue.path;
      const row = rows[Number(index)];
      const place = rowPlace(row?.row ?? 1);
      const column = field === undefined ? null : COLUMNS[field as Field];
      const value = field === undefined ? undefined : row?.item[field as Field];
      const found = Array.isArray(value) ? (value[Number(item)] ?? '') : (value ?? '');
      return placed(
        column === null ? place : { zh: `${place.zh}，${column}`, en: `${place.en}, ${column}` },
        foundInstead(found === '' ? null : `“${found}”`, expectation(issue)),
      );
    }),
  );
}

function rowsOf(file: string, book: Workbook): { row: number; item: UsageItem }[] {
  const rows = sheetRows(book).map((row) => row.map((cell) => String(cell ?? '').trim()));
  const [header = [], ...body] = rows;
  const missing = Object.values(COLUMNS).filter((column) => !header.includes(column));
  if (missing.length > 0)
    throw refused(file, [
      placed(rowPlace(1), { zh: `没有列 ${missing.join('、')}`, en: `found no column ${missing.join(', ')}` }),
    ]);
  return body.flatMap((cells, index) => {
    if (cells.every((cell) => cell === '')) return [];
    const cell = (field: Field): string => cells[header.indexOf(COLUMNS[field])] ?? '';
    const types = cell('types').split(LIST).filter(Boolean);
    const item = { code: cell('code'), name: cell('name'), scenario: cell('scenario'), types };
    return [{ row: index + 2, item }];
  });
}

function refused(file: string, faults: readonly Said[]): Error {
  return fault('usage-list-invalid', { file, lines: faults });
}
