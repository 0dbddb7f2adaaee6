import { SSF, type CellObject } from 'xlsx';

/** The library's own typings leave its date functions open. */
const dates = SSF as {
  is_date: (format: string) => boolean;
  parse_date_code: (value: number, options: { date1904: boolean }) => Record<'y' | 'm' | 'd' | 'H' | 'M' | 'S', number>;
};

/** What a cell of a workbook says: a cell that is shown as a date is a date, any other number stays a number. */
export function cellValue(cell: CellObject | undefined, date1904: boolean): string | number | boolean | null {
  if (cell?.v === undefined) return null;
  if (cell.t === 'n' && typeof cell.z === 'string' && dates.is_date(cell.z)) {
    const { y, m, d, H, M, S } = dates.parse_date_code(Number(cell.v), { date1904 });
    const date = `${String(y)}-${pad(m)}-${pad(d)}`;
    return H + M + S === 0 ? date : `${date} ${pad(H)}:${pad(M)}:${pad(S)}`;
  }
  if (cell.t === 'e') return cell.w ?? '#ERROR';
  return cell.v instanceof Date ? cell.v.toISOString() : cell.v;
}

const pad = (value: number): string => String(Math.floor(value)).padStart(2, '0');
