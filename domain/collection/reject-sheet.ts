import { shanghaiWallTime } from '../dates.ts';
import { type HubError } from '../errors.ts';
import { fault } from '../faults.ts';
import { isReserved, ownValue } from '../names.ts';
import { CELL_LIMIT, sheetRows, storable, textSheet, workbookOf, type Workbook } from '../spreadsheet.ts';
import { RULES, type Problem } from '../library/validation.ts';

/** An open reject, as it is handed to the unit that has to correct it. */
export interface SheetReject {
  id: number;
  key: string | null;
  problems: readonly Problem[];
  /** JSON text of the record. */
  record: string;
  firstSeenAt: Date;
}

/** A record as its unit corrected it. */
export interface Correction {
  id: number;
  /** JSON text. */
  record: string;
}

const SHEET = '问题数据';
/** Columns of ours, with a mark that no field of a source begins with; they are not read back, but for the first. */
const ID = '※编号';
const OURS = [ID, '※问题', '※记录键', '※首次发现'] as const;
const TOO_LONG = '※过长，不可在此修改';
/** Numbers from here on may have lost digits. */
const DIGITS_LOST_FROM = 1e15;

/**
 * A workbook (xlsx) of rejected records for their unit: what is wrong in the first columns, every field of the record
 * beside it, all of it text, so that no zero is lost.
 */
export function writeRejectSheet(rejects: readonly SheetReject[]): Buffer {
  const records = rejects.map(({ record }) => fieldsOf(record));
  const columns = columnsOf(records);
  const fields = [...columns.values()];
  const rows = rejects.map(({ id, key, problems, firstSeenAt }, index) => [
    String(id),
    problems.map(described).join('；'),
    key ?? '',
    shanghaiWallTime(firstSeenAt.getTime()),
    ...fields.map((field) => shown(ownValue(records[index] ?? {}, field))),
  ]);
  const header = [...OURS, ...columns.keys()];
  const sheet = textSheet([header, ...rows]);
  sheet['!cols'] = header.map((name) => ({ wch: Math.min(40, Math.max(12, 2 * name.length + 2)) }));
  if (sheet['!ref'] !== undefined) sheet['!autofilter'] = { ref: sheet['!ref'] };
  return workbookOf({ [SHEET]: sheet });
}

const described = ({ rule, field, found }: Problem): string =>
  `${field === '' ? '' : `${field}：`}${RULES[rule].zh}${found === undefined ? '' : `（${found}）`}`;

function fieldsOf(record: string): Record<string, unknown> {
  const value = JSON.parse(record) as unknown;
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

/** The fields of some records by the name that their column has: those that no column can stand for are left out. */
function columnsOf(records: readonly Record<string, unknown>[]): Map<string, string> {
  const fields = [...new Set(records.flatMap((record) => Object.keys(record)))];
  const byColumn = Map.groupBy(fields, (field) => storable(field).trim());
  return new Map(
    [...byColumn].flatMap(([column, [field = '', ...others]]) =>
      column === '' || column.startsWith('※') || others.length > 0 ? [] : [[column, field]],
    ),
  );
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = storable(typeof value === 'string' ? value : JSON.stringify(value));
  return text.length > CELL_LIMIT ? TOO_LONG : text;
}

/**
 * Reads a workbook that {@link writeRejectSheet} made and a unit corrected: the records that were changed. Throws one
 * configuration error that names every fault by row and column; then nothing of the file is taken.
 * @param rejects the open rejects of the stream
 */
export function readRejectSheet(book: Workbook, rejects: readonly SheetReject[]): Correction[] {
  const [header = [], ...body] = sheetRows(book, SHEET);
  const names = header.map((name) => String(name ?? '').trim());
  const idColumn = names.indexOf(ID);
  if (idColumn < 0) {
    throw refused([
      {
        en: `row 1: found the columns ${names.join(', ')}, expected one named ${ID}`,
        zh: `第 1 行：列为 ${names.join('、')}，缺少“${ID}”列`,
      },
    ]);
  }
  const open = new Map(rejects.map((reject) => [reject.id, reject]));
  const columns = columnsOf(rejects.map(({ record }) => fieldsOf(record)));
  const faults: SheetFault[] = [];
  const seen = new Map<number, number>();
  const corrections = body.flatMap((cells, index): Correction[] => {
    const row = index + 2;
    if (cells.every((cell) => cell === null || cell === '')) return [];
    const id = Number(cells[idColumn]);
    const reject = open.get(id);
    const twice = seen.get(id);
    seen.set(id, row);
    if (!reject || twice !== undefined) {
      const expected = reject ? `a row of its own; it stands in row ${String(twice)} as well` : 'an open reject';
      const found = String(cells[idColumn] ?? '');
      faults.push({
        en: `row ${row}, ${ID}: found “${found}”, expected ${expected}`,
        zh: `第 ${row} 行 ${ID}：“${found}”${reject ? `与第 ${String(twice)} 行重复` : '不是未解决的问题数据'}`,
      });
      return [];
    }
    const record = fieldsOf(reject.record);
    const changed = names.flatMap((name, column): [string, unknown][] => {
      if (name === '' || name.startsWith('※')) return [];
      const cell = cells[column] ?? '';
      if (typeof cell === 'number' && Math.abs(cell) >= DIGITS_LOST_FROM) {
        faults.push({
          en: `row ${row}, ${name}: found a number of 16 digits or more, expected text: digits are lost`,
          zh: `第 ${row} 行 ${name}：16 位以上的数值已丢失位数，请设为文本重新填写`,
        });
        return [];
      }
      const text = storable(String(cell)).trim();
      if (isReserved(name) && !columns.has(name)) {
        faults.push({
          en: `row 1: found the column ${name}, expected the name of a field; that one is reserved`,
          zh: `第 1 行：列名 ${name} 为保留名称，不可使用`,
        });
        return [];
      }
      // A name that no record had is a field that was missing.
      const field = columns.get(name) ?? name;
      const before = ownValue(record, field);
      if (text === shown(before).trim()) return [];
      const value = valueLike(before, text);
      if (value === undefined) {
        faults.push({
          en: `row ${row}, ${name}: found “${text.slice(0, 100)}”, expected JSON, as it was`,
          zh: `第 ${row} 行 ${name}：原为 JSON，现在不是`,
        });
        return [];
      }
      return [[field, value]];
    });
    return changed.length === 0 ? [] : [{ id, record: JSON.stringify({ ...record, ...Object.fromEntries(changed) }) }];
  });
  if (faults.length > 0) throw refused(faults);
  return corrections;
}

/** A cell's text as a value of the kind that the field had; undefined where it cannot be one. */
function valueLike(before: unknown, text: string): unknown {
  if (text === '') return typeof before === 'string' ? '' : null;
  if (typeof before === 'number' && text === String(Number(text))) return Number(text);
  if (typeof before === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  if (typeof before !== 'object' || before === null) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const MOST_FAULTS = 20;

/** What is wrong with a cell. */
interface SheetFault {
  en: string;
  zh: string;
}

function refused(faults: readonly SheetFault[]): HubError {
  const lines = faults.slice(0, MOST_FAULTS);
  return fault('sheet-invalid', { lines, more: faults.length - lines.length });
}
