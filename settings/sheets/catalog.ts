import type { z } from 'zod';
import {
  HOLDER_KINDS,
  holderKindsOf,
  LEVELS,
  PUBLIC_FIELDS,
  PUBLICITY,
  type CatalogEntry,
  type FaceField,
  type PublicEntry,
} from '../../domain/library/catalog.ts';
import { messageOf } from '../../domain/errors.ts';
import { expected, expectedInWords, foundInstead, placed } from '../../domain/faults/expected.ts';
import { fault } from '../../domain/faults.ts';
import type { Said } from '../../domain/said.ts';
import { textSheet, workbookOf, type Workbook } from '../../domain/spreadsheet.ts';
import { catalogSchema } from '../schemas/catalog.ts';
import { parseYaml } from '../diagnostics.ts';

/** The two sheets of a catalog as a workbook: entries, and the fields printed on their certificates. */
const ENTRIES = '目录';
const FACE = '照面信息';
const TYPE_CODE = '证照类型代码';

/** A cell's text as a value; throws what was expected instead. */
type ReadCell = (text: string) => unknown;
type Column = [header: string, path: [string, ...string[]], write: (entry: CatalogEntry) => string, read: ReadCell];

const LIST = /[、;;,,\n]/;
const optional: ReadCell = (text) => text || null;
const word =
  (words: Readonly<Record<string, string>>): ReadCell =>
  (text) => {
    if (text === '') return null;
    const found = Object.entries(words).find(([, shown]) => shown === text)?.[0];
    if (found !== undefined) return found;
    throw new Error(expected('words-of', { among: Object.values(words) }));
  };
const list =
  (item: ReadCell): ReadCell =>
  (text) =>
    text.split(LIST).flatMap((part) => (part.trim() === '' ? [] : [item(part.trim())]));
const unitColumns = (title: string, key: 'issuer' | 'definer'): Column[] => [
  [title, [key, 'name'], (entry) => entry[key]?.name ?? '', (text) => text || undefined],
  [`${title}代码`, [key, 'code'], (entry) => entry[key]?.code ?? '', (text) => text || undefined],
];
const items: ReadCell = list((text) => {
  const [code, ...name] = text.split(/\s+/);
  if (name.length > 0) return { code, name: name.join(' ') };
  throw new Error(expected('code-and-name'));
});
const years: ReadCell = (text) => {
  if (text === '') return null;
  if (/^\d+$/.test(text)) return Number(text);
  throw new Error(expected('years'));
};
const holderKinds: ReadCell = (text) => {
  const kinds = holderKindsOf(text);
  if (kinds.length > 0) return kinds;
  throw new Error(expected('one-of', { among: Object.values(HOLDER_KINDS) }));
};
const holders = (entry: CatalogEntry): string => entry.holders.map((kind) => HOLDER_KINDS[kind]).join('、');
const fieldSources = (entry: CatalogEntry): string =>
  Object.entries(entry.fieldSources)
    .map(([field, streams]) => `${field}: ${streams.join(' > ')}`)
    .join('、');
const readFieldSources: ReadCell = (text) =>
  Object.fromEntries(
    list((part) => {
      const [, field, streams] = /^(\w+)\s*[::]\s*(.+)$/.exec(part) ?? [];
      if (field === undefined || streams === undefined) throw new Error(expected('field-streams'));
      return [field, streams.split('>').map((stream) => stream.trim())];
    })(text) as [string, string[]][],
  );

const COLUMNS: Column[] = [
  [TYPE_CODE, ['typeCode'], ({ typeCode }) => typeCode, (text) => text],
  ['证照名称', ['name'], ({ name }) => name, (text) => text],
  ['证照类型', ['category'], ({ category }) => category ?? '', optional],
  ...unitColumns('发证单位', 'issuer'),
  ...unitColumns('定义机构', 'definer'),
  ['持证主体类型', ['holders'], holders, (text) => [...new Set((list(holderKinds)(text) as string[][]).flat())]],
  ['证照模板', ['template'], ({ template }) => template ?? '', optional],
  ['年检字段', ['inspection'], ({ inspection }) => inspection ?? '', optional],
  ['归集起始时间', ['collectFrom'], ({ collectFrom }) => collectFrom ?? '', optional],
  ['类目公开属性', ['publicity'], ({ publicity }) => (publicity ? PUBLICITY[publicity] : ''), word(PUBLICITY)],
  ['标准级别', ['level'], ({ level }) => (level ? LEVELS[level] : ''), word(LEVELS)],
  ['关联事项', ['items'], (entry) => entry.items.map(({ code, name }) => `${code} ${name}`).join('、'), items],
  ['有效年限', ['validYears'], ({ validYears }) => validYears?.toString() ?? '', years],
  ['来源优先级', ['sources'], ({ sources }) => sources.join('、'), list((text) => text)],
  ['字段来源', ['fieldSources'], fieldSources, readFieldSources],
  ['成员证照类型', ['members'], ({ members }) => members.join('、'), list((text) => text)],
];

const FACE_TYPES = { text: '文本', date: '日期', number: '数值' } as const;
const YES_NO = { yes: '是', no: '否' } as const;
const FACE_COLUMNS = [TYPE_CODE, '字段', '名称', '必填', '类型', '取值'] as const;

const faceCells = ({ label, required, type }: Pick<FaceField, 'label' | 'required' | 'type'>): string[] => [
  label,
  YES_NO[required ? 'yes' : 'no'],
  FACE_TYPES[type],
];

/** A workbook (xlsx) of catalog entries, all cells text, as {@link readCatalog} takes it back. */
export function catalogWorkbook(entries: readonly CatalogEntry[]): Buffer {
  const face = entries.flatMap(({ typeCode, face: fields }) =>
    fields.map((field) => [typeCode, field.name, ...faceCells(field), field.values.join('、')]),
  );
  const listed = entries.map((entry) => COLUMNS.map(([, , shown]) => shown(entry)));
  return workbookOf({
    [ENTRIES]: textSheet([COLUMNS.map(([header]) => header), ...listed]),
    [FACE]: textSheet([[...FACE_COLUMNS], ...face]),
  });
}

/** A workbook (xlsx) of the catalog for the public (公开目录), without columns that are the hub's own. */
export function publicWorkbook(entries: readonly PublicEntry[]): Buffer {
  const columns = COLUMNS.filter(([, [field]]) => PUBLIC_FIELDS.some((open) => open === field));
  // Columns of these fields read no others.
  const listed = entries.map((entry) => columns.map(([, , shown]) => shown(entry as PublicEntry & CatalogEntry)));
  const face = entries.flatMap(({ typeCode, face: fields }) => fields.map((field) => [typeCode, ...faceCells(field)]));
  return workbookOf({
    [ENTRIES]: textSheet([columns.map(([header]) => header), ...listed]),
    [FACE]: textSheet([[TYPE_CODE, ...FACE_COLUMNS.slice(2, 5)], ...face]),
  });
}

/**
 * Reads catalog entries from a workbook (xlsx) or a YAML list. Throws one configuration error that names every fault by
 * row and column, or line and path; then nothing of the file counts.
 */
export function readCatalog(file: string, content: string | Workbook): CatalogEntry[] {
  if (typeof content === 'string') {
    const { value, faults } = parseYaml(file, content, () => catalogSchema);
    if (value) return requireUnique(value, file);
    throw refused(file, faults);
  }
  return requireUnique(readWorkbook(file, content), file);
}

function refused(file: string, faults: readonly Said[]): Error {
  return fault('catalog-invalid', { file, lines: faults });
}

function requireUnique(entries: CatalogEntry[], file: string): CatalogEntry[] {
  const twice = [...Map.groupBy(entries, ({ typeCode }) => typeCode)].filter(([, { length }]) => length > 1);
  if (twice.length === 0) return entries;
  throw refused(
    file,
    twice.map(([code, { length }]) =>
      placed(code, { zh: `有 ${length} 条，应为一条`, en: `found ${length} times, expected once` }),
    ),
  );
}

function readWorkbook(file: string, book: Workbook): CatalogEntry[] {
  const faults: Said[] = [];
  /** Rows of a sheet as text by header; rows count from 1 as in the spreadsheet. */
  const rowsOf = (sheet: string, headers: readonly string[]): { row: number; cells: Map<string, string> }[] => {
    const [header = [], ...body] = (book.get(sheet) ?? []).map((row) => row.map((cell) => String(cell ?? '').trim()));
    const missing = headers.filter((name) => !header.includes(name));
    const unknown = header.filter((name) => name !== '' && !headers.includes(name));
    if (!book.has(sheet)) {
      const sheets = [...book.keys()];
      faults.push({
        zh: `工作表有 ${sheets.join('、')}，没有“${sheet}”`,
        en: `found the sheets ${sheets.join(', ')}, expected one named ${sheet}`,
      });
    } else if (missing.length + unknown.length > 0) {
      const zh = [...missing.map((name) => `缺少列“${name}”`), ...unknown.map((name) => `列“${name}”不认识`)];
      const en = [
        ...missing.map((name) => `the column ${name} is missing`),
        ...unknown.map((name) => `found the unknown column ${name}`),
      ];
      faults.push(
        placed(
          { zh: `${sheet}，第 1 行`, en: `${sheet}, row 1` },
          {
            zh: `${zh.join('，')}；应为 ${headers.join('、')}`,
            en: `${en.join(', ')}; expected ${headers.join(', ')}`,
          },
        ),
      );
    }
    return body.flatMap((cells, index) =>
      cells.every((cell) => cell === '')
        ? []
        : [{ row: index + 2, cells: new Map(header.map((name, column) => [name, cells[column] ?? ''])) }],
    );
  };

  const rowOf: number[] = [];
  const entries = rowsOf(
    ENTRIES,
    COLUMNS.map(([header]) => header),
  ).map(({ row, cells }) => {
    rowOf.push(row);
    const entry: Record<string, unknown> = { face: [] };
    for (const [header, [key, part], , readCell] of COLUMNS) {
      const text = cells.get(header) ?? '';
      try {
        const value = readCell(text);
        if (part === undefined) entry[key] = value;
        else if (value !== undefined) entry[key] = { ...(entry[key] as object | undefined), [part]: value };
      } catch (error) {
        const wanted = expectedInWords(messageOf(error));
        faults.push(placed(cellPlace(ENTRIES, row, header), foundInstead(`“${text}”`, wanted)));
      }
    }
    return entry;
  });
  for (const { row, cells } of rowsOf(FACE, FACE_COLUMNS)) {
    const cell = (header: (typeof FACE_COLUMNS)[number]): string => cells.get(header) ?? '';
    const entry = entries.find(({ typeCode }) => typeCode === cell(TYPE_CODE));
    if (!entry) {
      const wanted = expectedInWords(expected('code-of-sheet', { sheet: ENTRIES }));
      faults.push(placed(cellPlace(FACE, row, TYPE_CODE), foundInstead(`“${cell(TYPE_CODE)}”`, wanted)));
      continue;
    }
    try {
      (entry.face as unknown[]).push({
        name: cell('字段') || undefined,
        label: cell('名称') || cell('字段') || undefined,
        required: word(YES_NO)(cell('必填')) === 'yes',
        type: word(FACE_TYPES)(cell('类型')) ?? 'text',
        values: list((text) => text)(cell('取值')),
      });
    } catch (error) {
      const [required, type] = [`“${cell('必填')}”`, `“${cell('类型')}”`];
      const found = { zh: `${required}、${type}`, en: `${required}, ${type}` };
      const wanted = expectedInWords(messageOf(error));
      faults.push(placed(cellPlace(FACE, row, '必填, 类型'), foundInstead(found, wanted)));
    }
    if (cell('字段') === '')
      faults.push(placed(cellPlace(FACE, row, '字段'), foundInstead(null, expectedInWords(expected('field-name')))));
  }
  if (faults.length > 0) throw refused(file, faults);
  const result = catalogSchema.safeParse(entries);
  if (result.success) return result.data;
  throw refused(
    file,
    result.error.issues.map((issue) => faultOf(issue, entries, rowOf)),
  );
}

function faultOf(issue: z.core.$ZodIssue, entries: readonly Record<string, unknown>[], rowOf: readonly number[]): Said {
  const [index = 0, key = '', part] = issue.path;
  const header =
    COLUMNS.find(([, path]) => path[0] === key && (path[1] === undefined || path[1] === part))?.[0] ?? String(key);
  const value = entries[Number(index)]?.[String(key)];
  const found =
    typeof value === 'object' && value !== null && part !== undefined
      ? (value as Record<string, unknown>)[String(part)]
      : value;
  const shown =
    found === undefined || found === null || found === ''
      ? null
      : `“${typeof found === 'string' ? found : JSON.stringify(found)}”`;
  const wanted = issue.code === 'invalid_type' || issue.code === 'too_small' ? expected('value') : issue.message;
  return placed(cellPlace(ENTRIES, rowOf[Number(index)] ?? 0, header), foundInstead(shown, expectedInWords(wanted)));
}

const cellPlace = (sheet: string, row: number, column: string): Said => ({
  zh: `${sheet}，第 ${row} 行，${column}`,
  en: `${sheet}, row ${row}, ${column}`,
});
