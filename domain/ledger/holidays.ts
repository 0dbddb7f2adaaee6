import { addDays, type CalendarDate } from '../dates.ts';
import type { Said } from '../said.ts';
import { WorkingCalendar, type YearTable } from './calendar.ts';

/** 春节 (正月初一), 清明, 端午 and 中秋 of a year, `MM-DD`, by GB/T 33661. */
type LunarDays = readonly [spring: string, clear: string, boat: string, moon: string];

/** Written down rather than computed: the platform's Chinese calendar (ICU) has 春节 of 2027 and 2030 a day off. */
const LUNAR: Readonly<Record<number, LunarDays>> = {
  2024: ['02-10', '04-04', '06-10', '09-17'],
  2025: ['01-29', '04-04', '05-31', '10-06'],
  2026: ['02-17', '04-05', '06-19', '09-25'],
  2027: ['02-06', '04-05', '06-09', '09-15'],
  2028: ['01-26', '04-04', '05-28', '10-03'],
  2029: ['02-13', '04-04', '06-16', '09-22'],
  2030: ['02-03', '04-05', '06-05', '09-12'],
  2031: ['01-23', '04-05', '06-24', '10-01'],
  2032: ['02-11', '04-04', '06-12', '09-19'],
  2033: ['01-31', '04-04', '06-01', '09-08'],
  2034: ['02-19', '04-05', '06-20', '09-27'],
  2035: ['02-08', '04-05', '06-10', '09-16'],
  2036: ['01-28', '04-04', '05-30', '10-04'],
  2037: ['02-15', '04-04', '06-18', '09-24'],
  2038: ['02-04', '04-05', '06-07', '09-13'],
  2039: ['01-24', '04-05', '05-27', '10-02'],
  2040: ['02-12', '04-04', '06-14', '09-20'],
};

/** From this year on, 除夕 and 5月2日 are holidays too (revision of 2024). */
const REVISED = 2025;

/** A holiday that the law gives: so many days of rest in a row, somewhere from one day to another. */
interface Holiday {
  name: Said;
  days: number;
  from: CalendarDate;
  to: CalendarDate;
}

/**
 * What 全国年节及纪念日放假办法 (第二条) gives all citizens off in a year. Where its lunar days are not known, a holiday is to
 * be found between the days on which it can fall.
 */
function holidaysOf(year: number): Holiday[] {
  const day = (monthAndDay: string): CalendarDate => `${year}-${monthAndDay}`;
  const holiday = (zh: string, en: string, days: number, when: string | readonly [string, string]): Holiday => {
    const [first, last] = typeof when === 'string' ? [when, addDays(day(when), days - 1).slice(5)] : when;
    return { name: { zh, en }, days, from: day(first), to: day(last) };
  };
  const [spring, clear, boat, moon] = LUNAR[year] ?? [];
  const revised = year >= REVISED;
  const eve = spring !== undefined && revised ? addDays(day(spring), -1).slice(5) : spring;
  return [
    holiday('元旦', 'New Year', 1, '01-01'),
    holiday('春节', 'Spring Festival', revised ? 4 : 3, eve ?? ['01-20', '02-23']),
    holiday('清明节', 'Qingming', 1, clear ?? ['04-04', '04-06']),
    holiday('劳动节', 'Labour Day', revised ? 2 : 1, '05-01'),
    holiday('端午节', 'Dragon Boat Festival', 1, boat ?? ['05-25', '06-25']),
    holiday('中秋节', 'Mid-Autumn Festival', 1, moon ?? ['09-07', '10-08']),
    holiday('国庆节', 'National Day', 3, '10-01'),
  ];
}

/**
 * The days that a table would have to be off for a holiday and are not; all that it can fall on, where no run of rest days
 * among them is long enough. A weekend alone is no holiday that the table knows of, unless it is the day itself.
 */
function missingOf({ days, from, to }: Holiday, calendar: WorkingCalendar): CalendarDate[] {
  const span: CalendarDate[] = [];
  for (let date = from; date <= to; date = addDays(date, 1)) span.push(date);
  const working = span.filter((date) => ['working', 'made-up'].includes(calendar.reasonOf(date)));
  if (span.length === days) return working;
  const found = span.some((_, start) => {
    const run = span.slice(start, start + days);
    return (
      run.length === days &&
      run.every((date) => !working.includes(date)) &&
      run.some((date) => calendar.reasonOf(date) === 'holiday')
    );
  });
  return found ? [] : span;
}

/** Of so many days of the last version, one that is gone has to be confirmed. */
const ONE_IN = 10;

/**
 * What would be lost with a table: statutory holidays that are working days in it, and days that the last version of its
 * year lists, where they are a tenth or more of them. A line each, with the dates; none: nothing is lost.
 */
export function lossesOf(table: YearTable, last: YearTable | null): Said[] {
  const calendar = new WorkingCalendar([table]);
  return [
    ...holidaysOf(table.year).flatMap((holiday) => {
      const missing = missingOf(holiday, calendar);
      return missing.length > 0 ? [missingInWords(holiday, missing)] : [];
    }),
    ...(last ? droppedOf(table, last) : []),
  ];
}

function missingInWords({ name, days, from, to }: Holiday, missing: readonly CalendarDate[]): Said {
  if (addDays(from, days - 1) === to)
    return {
      zh: `${name.zh}：${missing.join('、')} 成为工作日`,
      en: `${name.en}: ${missing.join(', ')} would be working days`,
    };
  return {
    zh: `${name.zh}：${from} 至 ${to} 之间没有连续 ${days} 天的放假`,
    en: `${name.en}: nothing off for ${days} days in a row between ${from} and ${to}`,
  };
}

function droppedOf(table: YearTable, last: YearTable): Said[] {
  const off = last.off.filter((date) => !table.off.includes(date));
  const work = last.work.filter((date) => !table.work.includes(date));
  const dropped = off.length + work.length;
  if (dropped === 0 || dropped * ONE_IN < last.off.length + last.work.length) return [];
  const zh = [off.length > 0 && `放假 ${off.join('、')}`, work.length > 0 && `上班 ${work.join('、')}`];
  const en = [off.length > 0 && `off ${off.join(', ')}`, work.length > 0 && `work ${work.join(', ')}`];
  return [
    {
      zh: `版本“${last.version}”所列的 ${dropped} 天不再列出：${zh.filter(Boolean).join('；')}`,
      en: `${dropped} days of version “${last.version}” are gone: ${en.filter(Boolean).join('; ')}`,
    },
  ];
}
