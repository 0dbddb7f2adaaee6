import { expected, expectedInWords, foundInstead, placed, rowPlace } from '../faults/expected.ts';
import { fault } from '../faults.ts';
import type { Said } from '../said.ts';
import { sheetRows, type Workbook } from '../spreadsheet.ts';

/** What a user unit (用证单位) reports of one month, for 适用率, 应用率 and 成功率. */
export interface UsageReport {
  unitCode: string;
  unitName: string;
  /** `YYYY-MM`. */
  month: string;
  /** Items that need a certificate, and of these those with a linked one. */
  items: number;
  itemsLinked: number;
  /** Cases that could have used one, and those that did. */
  cases: number;
  casesUsed: number;
  calls: number;
  callsGood: number;
}

/** Columns of the workbook, in the order of their checks. */
const COLUMNS = {
  unitCode: '单位代码',
  unitName: '单位名称',
  month: '月份',
  items: '应关联事项',
  itemsLinked: '已关联事项',
  cases: '可用证办件',
  casesUsed: '已用证办件',
  calls: '调用次数',
  callsGood: '成功次数',
} as const satisfies Record<keyof UsageReport, string>;
type Column = keyof typeof COLUMNS;
const NAMES = Object.keys(COLUMNS) as Column[];

/** What cannot be more than what. */
const PARTS = [
  ['itemsLinked', 'items'],
  ['casesUsed', 'cases'],
  ['callsGood', 'calls'],
] as const;

/** A report out of what was handed in; throws one error that names every fault of it. */
export function checkUsage(place: Said, given: Partial<Record<Column, unknown>>): UsageReport {
  const read = readUsage(place, given);
  if ('faults' in read) throw refused(read.faults);
  return read;
}

function readUsage(place: Said, given: Partial<Record<Column, unknown>>): UsageReport | { faults: Said[] } {
  const faults: Said[] = [];
  const textOf = (name: Column): string => {
    const value = given[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
  };
  const expect = (name: Column, what: string): void => {
    const column = { zh: `${place.zh}，${COLUMNS[name]}`, en: `${place.en}, ${COLUMNS[name]}` };
    faults.push(placed(column, foundInstead(`“${textOf(name)}”`, expectedInWords(what))));
  };
  if (!/^[0-9A-Z]{18}$/.test(textOf('unitCode'))) expect('unitCode', expected('credit-code-text'));
  if (textOf('unitName') === '') expect('unitName', expected('unit-name'));
  if (!/^\d{4}-(?:0[1-9]|1[0-2])$/.test(textOf('month'))) expect('month', expected('month'));
  const numbers = Object.fromEntries(NAMES.map((name) => [name, Number(textOf(name))])) as Record<Column, number>;
  for (const name of NAMES.slice(3)) if (!/^\d{1,12}$/.test(textOf(name))) expect(name, expected('count'));
  for (const [part, whole] of PARTS)
    if (numbers[part] > numbers[whole])
      expect(part, expected('at-most-of', { name: COLUMNS[whole], most: numbers[whole] }));
  if (faults.length > 0) return { faults };
  return { ...numbers, unitCode: textOf('unitCode'), unitName: textOf('unitName'), month: textOf('month') };
}

/** Reports of a workbook’s first sheet; all of it or, with every fault named, nothing. */
export function readUsageSheet(book: Workbook): UsageReport[] {
  const [head = [], ...body] = sheetRows(book);
  const places = NAMES.map((name) => head.findIndex((cell) => String(cell ?? '').trim() === COLUMNS[name]));
  const lacking = NAMES.filter((_, index) => places[index] === -1).map((name) => COLUMNS[name]);
  if (lacking.length > 0)
    throw refused([
      { zh: `第 1 行没有列 ${lacking.join('、')}`, en: `found no column ${lacking.join(', ')} in its first row` },
    ]);
  const reports: UsageReport[] = [];
  const faults: Said[] = [];
  for (const [index, cells] of body.entries()) {
    if (cells.every((cell) => cell === null || cell === '')) continue;
    // A month that the spreadsheet took for a date comes as its first day.
    const given = Object.fromEntries(NAMES.map((name, at) => [name, cells[places[at] ?? -1]]));
    if (typeof given.month === 'string') given.month = given.month.replace(/^(\d{4}-\d{2})-01$/, '$1');
    const read = readUsage(rowPlace(index + 2), given);
    if ('faults' in read) faults.push(...read.faults);
    else reports.push(read);
  }
  if (faults.length > 0) throw refused(faults);
  if (reports.length === 0) throw refused([{ zh: '没有填报内容', en: 'holds no report' }]);
  return reports;
}

const refused = (faults: readonly Said[]) => fault('usage-invalid', { lines: faults.slice(0, 20) });
