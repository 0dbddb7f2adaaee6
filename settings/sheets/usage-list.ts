import { closest } from 'fastest-levenshtein';
import {
  INTERFACES,
  sharedFieldName,
  sharedFieldOf,
  type Interface,
  type SharedField,
} from '../../domain/sharing/grant.ts';
import type { Catalog, CatalogEntry } from '../../domain/library/catalog.ts';
import { z } from 'zod';
import { expected, foundInstead, placed, rowPlace } from '../../domain/faults/expected.ts';
import { fault } from '../../domain/faults.ts';
import type { Said } from '../../domain/said.ts';
import { sheetRows, storable, textSheet, workbookOf, type Workbook } from '../../domain/spreadsheet.ts';
import type { UsageItem } from '../../domain/sharing/usage-list.ts';
import { expectation, parseYaml } from '../diagnostics.ts';

const INTERFACE_NAMES = Object.keys(INTERFACES) as Interface[];
const interfaceOf = (word: string): Interface | undefined =>
  INTERFACE_NAMES.find((name) => name === word || INTERFACES[name].zh === word);

/** A list of uses, whose types must be among those that the catalog knows; with `others`: or be any that could be. */
const listOf = (catalog: Catalog, others: boolean) =>
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
                if (catalog.has(code)) return;
                if (others) {
                  if (!/^[0-9A-Z]{21}$/.test(code))
                    context.addIssue({ code: 'custom', message: 'a 证照类型代码 of 21 characters' });
                  return;
                }
                const nearest = catalog.size === 0 ? null : closest(code, [...catalog.keys()]);
                context.addIssue({ code: 'custom', message: expected('known-type', { nearest }) });
              }),
          )
          .min(1),
        fields: z.array(z.string().trim()).min(1).optional(),
        interfaces: z
          .array(
            z.string().transform((word, context): Interface => {
              const found = interfaceOf(word.trim());
              if (found !== undefined) return found;
              const among = INTERFACE_NAMES.map((name) => INTERFACES[name].zh);
              context.addIssue({ code: 'custom', message: expected('one-of', { among }) });
              return z.NEVER;
            }),
          )
          .min(1)
          .optional(),
        legalBasis: z.string().trim().min(1).optional(),
      }),
    )
    .min(1)
    .superRefine((items, context) => {
      const seen = new Set<string>();
      for (const [index, { code, scenario, types }] of items.entries()) {
        const uses = types.map((type) => JSON.stringify([code, scenario, type]));
        if (uses.some((use) => seen.has(use)))
          context.addIssue({ code: 'custom', path: [index, 'scenario'], message: expected('scenario-once') });
        for (const use of uses) seen.add(use);
      }
    })
    .transform((items, context) =>
      items.map(({ fields, ...item }, index): UsageItem => {
        const entries = item.types.flatMap((type) => catalog.get(type) ?? []);
        const named = fields?.flatMap((word, place): SharedField[] => {
          const found = sharedFieldIn(word, entries);
          if (found) return [found];
          const among = entries.flatMap(({ face }) => face.map(({ label }) => label));
          context.addIssue({
            code: 'custom',
            path: [index, 'fields', place],
            message: expected('shared-field', { among }),
          });
          return [];
        });
        return { ...item, ...(named && { fields: named }) };
      }),
    );

/** Columns of the workbook, in the order of the fields of a row. */
const COLUMNS = { code: '事项编码', name: '事项名称', scenario: '应用场景', types: '证照类型代码' } as const;
/** Columns that a workbook can have beside them. */
const MORE = { fields: '字段', interfaces: '用证方式', legalBasis: '依据' } as const;
const EVERY_COLUMN = { ...COLUMNS, ...MORE };
type Field = keyof typeof EVERY_COLUMN;
const LIST = /[、;;,,\s]+/;

/** What a list of uses is read to be: its items or, if anything of it is wrong, every fault by its row or line. */
type ReadList = { items: UsageItem[]; faults: [] } | { items: null; faults: Said[] };

/** As `checkUsageList`; throws one configuration error that names every fault. */
export function readUsageList(...given: Parameters<typeof checkUsageList>): UsageItem[] {
  const { items, faults } = checkUsageList(...given);
  if (items) return items;
  throw fault('usage-list-invalid', { file: given[0], lines: faults });
}

/**
 * Reads a list of uses (用证清单) from a workbook (xlsx) or a YAML list.
 * @param others types may be named that the catalog does not have, because the unit needs them
 */
export function checkUsageList(file: string, content: string | Workbook, catalog: Catalog, others = false): ReadList {
  const shape = listOf(catalog, others);
  if (typeof content === 'string') {
    const { value, faults } = parseYaml(file, content, () => shape);
    return value ? { items: value, faults: [] } : { items: null, faults };
  }
  const { rows, faults } = rowsOf(content);
  if (faults.length > 0) return { items: null, faults };
  const read = shape.safeParse(rows.map(({ item }) => item));
  if (read.success) return { items: read.data, faults: [] };
  return {
    items: null,
    faults: read.error.issues.map((issue) => {
      const [index, field, item] = issue.path;
      const row = rows[Number(index)];
      const place = rowPlace(row?.row ?? 1);
      const column = field === undefined ? null : EVERY_COLUMN[field as Field];
      const value = field === undefined ? undefined : row?.item[field as keyof Row];
      const found = Array.isArray(value) ? (value[Number(item)] ?? '') : (value ?? '');
      return placed(
        column === null ? place : { zh: `${place.zh}，${column}`, en: `${place.en}, ${column}` },
        foundInstead(found === '' ? null : `“${found}”`, expectation(issue)),
      );
    }),
  };
}

/** A workbook (xlsx) of a list, which `checkUsageList` reads as the same list. */
export function writeUsageList(items: readonly UsageItem[], catalog: Catalog): Buffer {
  const rows = items.map(({ code, name, scenario, types, fields = [], interfaces = [], legalBasis = '' }) => [
    code,
    name,
    scenario,
    types.join('、'),
    fields.map((field) => wordOf(field, types, catalog)).join('、'),
    interfaces.map((each) => INTERFACES[each].zh).join('、'),
    legalBasis,
  ]);
  const header = Object.values(EVERY_COLUMN);
  const sheet = textSheet([header, ...rows.map((row) => row.map(storable))]);
  sheet['!cols'] = header.map(() => ({ wch: 24 }));
  return workbookOf({ 用证清单: sheet });
}

/** The word that a field is read from again: what people call it, where that is one word and means no other field. */
function wordOf(field: SharedField, types: readonly string[], catalog: Catalog): string {
  const entries = types.flatMap((type) => catalog.get(type) ?? []);
  const [, name = field] = /^face:(.*)$/s.exec(field) ?? [];
  const words = [sharedFieldName(field, entries), name];
  return words.find((word) => !LIST.test(word) && sharedFieldIn(word, entries) === field) ?? name;
}

/** The field that a word stands for in the first of some types that has such a one. */
const sharedFieldIn = (word: string, entries: readonly CatalogEntry[]): SharedField | undefined =>
  entries.map((entry) => sharedFieldOf(word, entry)).find((field) => field !== null) ??
  sharedFieldOf(word, undefined) ??
  undefined;

/** A row as it is written. */
interface Row {
  code: string;
  name: string;
  scenario: string;
  types: string[];
  fields?: string[];
  interfaces?: string[];
  legalBasis?: string;
}

function rowsOf(book: Workbook): { rows: { row: number; item: Row }[]; faults: Said[] } {
  const rows = sheetRows(book).map((row) => row.map((cell) => String(cell ?? '').trim()));
  const [header = [], ...body] = rows;
  const missing = Object.values(COLUMNS).filter((column) => !header.includes(column));
  if (missing.length > 0) {
    const lacking = { zh: `没有列 ${missing.join('、')}`, en: `found no column ${missing.join(', ')}` };
    return { rows: [], faults: [placed(rowPlace(1), lacking)] };
  }
  const items = body.flatMap((cells, index) => {
    if (cells.every((cell) => cell === '')) return [];
    const cell = (field: Field): string => cells[header.indexOf(EVERY_COLUMN[field])] ?? '';
    const list = (field: Field): string[] => cell(field).split(LIST).filter(Boolean);
    const [fields, interfaces, legalBasis] = [list('fields'), list('interfaces'), cell('legalBasis')];
    const item = {
      code: cell('code'),
      name: cell('name'),
      scenario: cell('scenario'),
      types: list('types'),
      ...(fields.length > 0 && { fields }),
      ...(interfaces.length > 0 && { interfaces }),
      ...(legalBasis !== '' && { legalBasis }),
    };
    return [{ row: index + 2, item }];
  });
  return { rows: items, faults: [] };
}
