import { closest } from 'fastest-levenshtein';
import { z } from 'zod';
import { fault } from '../../domain/faults.ts';
import { sheetRows, type Workbook } from '../../domain/spreadsheet.ts';
import type { UsageItem } from '../../domain/library/usage-list.ts';
import { expectation, parseYaml } from '../diagnostics.ts';

/** A list of uses, whose types must be among those that the catalog knows. */
const listOf = (known: readonly string[]) =>
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
                if (known.includes(code)) return;
                const near = known.length === 0 ? 'which is empty' : `of which ${closest(code, known)} is the nearest`;
                context.addIssue({ code: 'custom', message: `a 证照类型代码 of the catalog, ${near}` });
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
          context.addIssue({ code: 'custom', path: [index, 'scenario'], message: 'each scenario of an item once' });
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
 * @param known the types that the catalog has
 */
export function readUsageList(file: string, content: string | Workbook, known: readonly string[]): UsageItem[] {
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
      const [index, field, place] = issue.path;
      const row = rows[Number(index)];
      const column = field === undefined ? '' : `, ${COLUMNS[field as Field]}`;
      const value = field === undefined ? undefined : row?.item[field as Field];
      const found = Array.isArray(value) ? (value[Number(place)] ?? '') : (value ?? '');
      const shown = found === '' ? 'nothing' : `“${found}”`;
      return `row ${row ? String(row.row) : '1'}${column}: found ${shown}, expected ${expectation(issue)}`;
    }),
  );
}

function rowsOf(file: string, book: Workbook): { row: number; item: UsageItem }[] {
  const rows = sheetRows(book).map((row) => row.map((cell) => String(cell ?? '').trim()));
  const [header = [], ...body] = rows;
  const missing = Object.values(COLUMNS).filter((column) => !header.includes(column));
  if (missing.length > 0) throw refused(file, [`row 1: found no column ${missing.join(', ')}`]);
  return body.flatMap((cells, index) => {
    if (cells.every((cell) => cell === '')) return [];
    const cell = (field: Field): string => cells[header.indexOf(COLUMNS[field])] ?? '';
    const types = cell('types').split(LIST).filter(Boolean);
    const item = { code: cell('code'), name: cell('name'), scenario: cell('scenario'), types };
    return [{ row: index + 2, item }];
  });
}

function refused(file: string, faults: readonly string[]): Error {
  return fault('usage-list-invalid', { file, lines: faults });
}
