import { stringify } from 'yaml';
import type { YearTable } from '../../../domain/ledger/calendar.ts';

const days = (month: string, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `2027-${month}-${String(from + index).padStart(2, '0')}`);

/** A table as a notice for 2027 could be: every statutory holiday, five days made up for. */
export const TABLE_2027: YearTable = {
  year: 2027,
  version: '1',
  source: '测试',
  off: [
    ...days('01', 1, 3),
    ...days('02', 5, 11),
    ...days('04', 3, 5),
    ...days('05', 1, 5),
    ...days('06', 9, 9),
    ...days('09', 15, 15),
    ...days('10', 1, 7),
  ],
  work: ['2027-02-14', '2027-02-20', '2027-05-08', '2027-09-26', '2027-10-09', '2027-10-10'],
};

/** The file of a table. */
export const tableText = (table: YearTable): string => stringify(table);
