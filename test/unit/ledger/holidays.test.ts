import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadConfig } from '../../../settings/load.ts';
import { addDays } from '../../../domain/dates.ts';
import type { YearTable } from '../../../domain/ledger/calendar.ts';
import { lossesOf } from '../../../domain/ledger/holidays.ts';
import { TABLE_2027 } from '../../support/law/calendars.ts';

const { publishedTables } = loadConfig({ folder: join(import.meta.dirname, '../../../config'), demo: true });
const without = (table: YearTable, ...dates: string[]): YearTable => ({
  ...table,
  off: table.off.filter((date) => !dates.includes(date)),
});
const zh = (table: YearTable, last: YearTable | null = null): string[] => lossesOf(table, last).map((loss) => loss.zh);

/** A year in which nothing is off: also the weekends are worked. */
function worked(year: number): YearTable {
  const work: string[] = [];
  for (let date = `${year}-01-01`; date.startsWith(String(year)); date = addDays(date, 1))
    if (new Date(date).getUTCDay() % 6 === 0) work.push(date);
  return { year, version: '1', source: 's', off: [], work };
}

describe('what a table of working days would lose', () => {
  it('nothing, by the tables of the State Council’s notices', () => {
    assert.deepEqual(
      publishedTables.map(({ year }) => year),
      [2024, 2025, 2026],
    );
    for (const table of [...publishedTables, TABLE_2027]) assert.deepEqual(lossesOf(table, table), [], `${table.year}`);
  });

  it('each statutory holiday that is a working day in it, with its dates', () => {
    assert.deepEqual(zh({ ...TABLE_2027, off: [], work: [] }), [
      '元旦：2027-01-01 成为工作日',
      // 除夕 to 初三 are Friday to Monday.
      '春节：2027-02-05、2027-02-08 成为工作日',
      '清明节：2027-04-05 成为工作日',
      '端午节：2027-06-09 成为工作日',
      '中秋节：2027-09-15 成为工作日',
      '国庆节：2027-10-01 成为工作日',
    ]);
    assert.deepEqual(zh({ ...without(TABLE_2027, '2027-05-02'), work: [...TABLE_2027.work, '2027-05-02'] }), [
      '劳动节：2027-05-02 成为工作日',
    ]);
    assert.deepEqual(lossesOf(without(TABLE_2027, '2027-02-05'), null), [
      { zh: '春节：2027-02-05 成为工作日', en: 'Spring Festival: 2027-02-05 would be working days' },
    ]);
  });

  it('除夕 and 5月2日 are holidays from 2025 on', () => {
    const dates = (year: number): string[] =>
      lossesOf(worked(year), null).flatMap((loss) => loss.en.match(/\d{4}-\d\d-\d\d/g) ?? []);
    const of2024 = '01-01 02-10 02-11 02-12 04-04 05-01 06-10 09-17 10-01 10-02 10-03';
    assert.equal(
      dates(2024)
        .map((date) => date.slice(5))
        .join(' '),
      of2024,
    );
    const of2025 = '01-01 01-28 01-29 01-30 01-31 04-04 05-01 05-02 05-31 10-06 10-01 10-02 10-03';
    assert.equal(
      dates(2025)
        .map((date) => date.slice(5))
        .join(' '),
      of2025,
    );
  });

  it('the lunar days are those of the Chinese calendar, whose 春节 the platform has a day off in some years', () => {
    const lunar = new Intl.DateTimeFormat('en-u-ca-chinese', { month: 'numeric', day: 'numeric', timeZone: 'UTC' });
    const apart: number[] = [];
    for (let year = 2025; year <= 2040; year++) {
      const said = lossesOf(worked(year), null);
      const first = (name: string): string =>
        /\d{4}-\d\d-\d\d/.exec(said.find(({ zh }) => zh.startsWith(name))?.zh ?? '')?.[0] ?? '';
      assert.equal(lunar.format(new Date(first('端午节'))), '5/5', `${year}`);
      assert.equal(lunar.format(new Date(first('中秋节'))), '8/15', `${year}`);
      if (lunar.format(new Date(addDays(first('春节'), 1))) !== '1/1') apart.push(year);
      assert.match(first('清明节'), /-04-0[45]$/);
    }
    assert.deepEqual(apart, [2027, 2030]);
  });

  it('in a year whose lunar days are not known, a run of days off where a holiday can fall', () => {
    const far: YearTable = { year: 2050, version: '1', source: 's', off: [], work: [] };
    assert.deepEqual(
      zh(far).filter((line) => line.includes('之间')),
      [
        '春节：2050-01-20 至 2050-02-23 之间没有连续 4 天的放假',
        '清明节：2050-04-04 至 2050-04-06 之间没有连续 1 天的放假',
        '端午节：2050-05-25 至 2050-06-25 之间没有连续 1 天的放假',
        '中秋节：2050-09-07 至 2050-10-08 之间没有连续 1 天的放假',
      ],
    );
    const days = ['01-22', '01-23', '01-24', '01-25', '04-04', '05-02', '06-23', '09-30', '10-01', '10-02', '10-03'];
    const off = days.map((date) => `2050-${date}`);
    assert.deepEqual(zh({ ...far, off }), []);
    assert.deepEqual(zh({ ...far, off: off.filter((date) => date !== '2050-01-24') }), [
      '春节：2050-01-20 至 2050-02-23 之间没有连续 4 天的放假',
    ]);
  });

  it('a tenth of the days of the last version, off and work, by their dates', () => {
    const { off, work } = TABLE_2027;
    const total = off.length + work.length;
    assert.equal(total, 33);
    const dropped = ['2027-02-09', '2027-02-10', '2027-02-11'];
    assert.deepEqual(zh(without(TABLE_2027, ...dropped), TABLE_2027), []);
    const four = { ...without(TABLE_2027, ...dropped), work: work.slice(1) };
    assert.deepEqual(lossesOf(four, TABLE_2027), [
      {
        zh: `版本“1”所列的 4 天不再列出：放假 ${dropped.join('、')}；上班 ${work[0] ?? ''}`,
        en: `4 days of version “1” are gone: off ${dropped.join(', ')}; work ${work[0] ?? ''}`,
      },
    ]);
    assert.deepEqual(zh(four), [], 'nothing is lost of a first version');
  });
});
