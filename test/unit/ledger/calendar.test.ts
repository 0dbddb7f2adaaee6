import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { loadConfig } from '../../../settings/load.ts';
import {
  CalendarMissing,
  endOfTerm,
  withLocalDays,
  withDaysBefore,
  WorkingCalendar,
  type YearTable,
} from '../../../domain/ledger/calendar.ts';
import { addDays } from '../../../domain/dates.ts';

const { calendar } = loadConfig({ folder: join(import.meta.dirname, '../../../config'), demo: true });
const plain = (year: number): YearTable => ({ year, version: '1', source: 's', off: [], work: [] });

describe('working days', () => {
  for (const [start, days, last] of [
    ['2026-02-10', 1, '2026-02-11'],
    ['2026-02-10', 5, '2026-02-24'],
    ['2026-04-30', 3, '2026-05-08'],
    ['2026-10-03', 5, '2026-10-13'],
    // Receipt on a made-up Saturday, and on a rest day.
    ['2026-02-14', 1, '2026-02-24'],
    ['2024-12-31', 1, '2025-01-02'],
  ] as const) {
    it(`${start} and ${days}: ${last}`, () => assert.equal(calendar.lastDay(start, days), last));
  }

  it('each day on the way is told with its reason; made-up Saturdays count', () => {
    assert.deepEqual(
      calendar
        .trace('2026-02-13', 2)
        .map(({ date, counted, reason }) => `${date.slice(5)} ${String(counted)} ${reason}`),
      [
        '02-13 false start',
        '02-14 true made-up',
        ...['15', '16', '17', '18', '19', '20', '21', '22', '23'].map((day) => `02-${day} false holiday`),
        '02-24 true working',
      ],
    );
  });

  it('a year without a table is never guessed: not as the start, not as the end, not across a gap', () => {
    const missing = (year: number) => (error: unknown) => error instanceof CalendarMissing && error.year === year;
    assert.throws(() => calendar.lastDay('2027-01-04', 1), missing(2027));
    assert.throws(() => calendar.lastDay('2023-12-29', 1), missing(2023));
    assert.equal(calendar.lastDay('2026-12-30', 1), '2026-12-31');
    assert.throws(() => calendar.lastDay('2026-12-31', 1), missing(2027));
    assert.throws(() => calendar.trace('2026-12-29', 3), missing(2027));
    const gap = new WorkingCalendar([plain(2030), plain(2032)]);
    assert.throws(() => gap.lastDay('2030-12-30', 5), missing(2031));
    assert.equal(gap.lastDay('2032-01-01', 1), '2032-01-02');
    assert.throws(() => gap.lastDay('2031-06-01', 1), missing(2031));
    assert.deepEqual(gap.nextWorkingDays('2030-12-30', 5), ['2030-12-31']);
  });

  it('the last day is the one that a walk day by day comes to', () => {
    const table = fc.array(fc.integer({ min: 0, max: 364 }), { maxLength: 80 }).map((days): YearTable[] => {
      const dates = [...new Set(days)].map((day) => addDays('2030-01-01', day));
      const rest = (date: string): boolean => new Date(date).getUTCDay() % 6 === 0;
      return [{ ...plain(2030), off: dates.filter((date) => !rest(date)), work: dates.filter(rest) }, plain(2031)];
    });
    fc.assert(
      fc.property(table, fc.integer({ min: 0, max: 364 }), fc.integer({ min: 1, max: 60 }), (tables, day, count) => {
        const start = addDays('2030-01-01', day);
        const [off, work] = [new Set(tables[0]?.off), new Set(tables[0]?.work)];
        let date = start;
        for (let left = count; left > 0;) {
          date = addDays(date, 1);
          const weekend = new Date(date).getUTCDay() % 6 === 0;
          if (work.has(date) || (!weekend && !off.has(date))) left -= 1;
        }
        const built = new WorkingCalendar(tables);
        assert.equal(built.lastDay(start, count), date);
        const trace = built.trace(start, count);
        assert.equal(trace.filter(({ counted }) => counted).length, count);
        assert.equal(trace.at(-1)?.date, date);
      }),
      { numRuns: 60 },
    );
  });

  it('a term ends at 24:00 of its last day, or at close of business', () => {
    assert.equal(endOfTerm('2026-02-24', '24:00'), '2026-02-24T24:00:00+08:00');
    assert.equal(Date.parse(endOfTerm('2026-02-24', '24:00')), Date.parse('2026-02-25T00:00:00+08:00'));
    assert.equal(endOfTerm('2026-02-24', '17:30'), '2026-02-24T17:30:00+08:00');
  });

  it('days between two dates are counted over a holiday, backwards as well, and not without a table', () => {
    assert.equal(calendar.workingDaysUntil('2026-02-13', '2026-02-24'), 2);
    assert.equal(calendar.workingDaysUntil('2026-02-24', '2026-02-13'), -2);
    assert.equal(calendar.workingDaysUntil('2026-02-24', '2026-02-24'), 0);
    assert.equal(calendar.workingDaysUntil('2026-12-31', '2027-01-04'), null);
  });

  it('a day of the city’s own is over what the table has, whichever way', () => {
    const table = { ...plain(2030), off: ['2030-10-01'], work: ['2030-10-12'] };
    const local = [
      { date: '2030-10-01', work: true },
      { date: '2030-10-12', work: false },
    ];
    const own = new WorkingCalendar(withLocalDays([table], local));
    assert.deepEqual(
      ['2030-10-01', '2030-10-12'].map((date) => own.reasonOf(date)),
      ['made-up', 'holiday'],
    );
  });

  it('days that a notice sets of the year before are another version of that year', () => {
    // 国办发明电〔2018〕15号: 2018-12-29 (Saturday) is worked for 2018-12-31.
    const before = { ...plain(2018), off: ['2018-10-01'], work: ['2018-09-29'] };
    const notice = { ...plain(2019), off: ['2018-12-31', '2019-01-01'], work: ['2018-12-29'], source: 't' };
    const tables = withDaysBefore([before, notice]);
    assert.deepEqual(tables, [
      {
        year: 2018,
        version: '1+2019/1',
        source: 's t',
        off: ['2018-10-01', '2018-12-31'],
        work: ['2018-09-29', '2018-12-29'],
      },
      { ...plain(2019), off: ['2019-01-01'], source: 't' },
    ]);
    const counted = new WorkingCalendar(tables);
    assert.equal(counted.lastDay('2018-12-28', 2), '2019-01-02');
    assert.equal(counted.reasonOf('2018-12-29'), 'made-up');
    assert.equal(counted.versionsOf('2018-12-28', '2019-01-02'), '2018/1+2019/1 2019/1');
    assert.deepEqual(withDaysBefore([before, { ...notice, off: ['2019-01-01'], work: [] }])[0], before);
    const alone = withDaysBefore([notice]);
    assert.deepEqual(alone, [{ ...plain(2019), off: ['2019-01-01'], source: 't' }], 'a year without a table gets none');
  });

  it('says by which tables it was counted', () => {
    assert.equal(calendar.versionsOf('2025-12-30', '2026-01-05'), '2025/1 2026/1');
  });
});
