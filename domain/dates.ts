/**
 * Dates and instants of Asia/Shanghai. The offset is fixed: Shanghai has kept +08:00 since 1992. Fixed arithmetic is
 * also what keeps workflow code deterministic. What departments write of earlier years is read with the summer time of
 * those years: an instant of theirs could be of the day before.
 */

import type { Said } from './said.ts';

/** `YYYY-MM-DD` in Asia/Shanghai. */
export type CalendarDate = string;
/** ISO 8601 with an offset, up to microseconds, for example `2026-11-22T21:00:00+08:00`. */
export type Instant = string;

const OFFSET_MS = 8 * 3_600_000;
export const DAY_MS = 24 * 3_600_000;
/** Years that a certificate can honestly carry; anything outside is a typing error. */
const FIRST_YEAR = 1900;
const LAST_YEAR = 2199;

export function shanghaiDate(atMs: number): CalendarDate {
  return new Date(atMs + OFFSET_MS).toISOString().slice(0, 10);
}

/** Milliseconds of 00:00 Shanghai time on that date. */
export function startOfDayMs(date: CalendarDate): number {
  return Date.parse(`${date}T00:00:00Z`) - OFFSET_MS;
}

export function addDays(date: CalendarDate, days: number): CalendarDate {
  return shanghaiDate(startOfDayMs(date) + days * DAY_MS);
}

/** Milliseconds of a time of day such as `21:30`; `24:00` is the start of the next day. */
export function timeOfDayMs(date: CalendarDate, time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return startOfDayMs(date) + (hours * 60 + minutes) * 60_000;
}

/** For people and for Temporal's UI: Shanghai wall time with its offset. */
export function shanghaiInstant(atMs: number): Instant {
  const text = new Date(atMs + OFFSET_MS).toISOString();
  return `${text.slice(0, text.endsWith('.000Z') ? 19 : 23)}+08:00`;
}

/** Shanghai wall time without offset, `YYYY-MM-DD HH:MM:SS`, as most departments write and read it. */
export function shanghaiWallTime(atMs: number): string {
  return new Date(atMs + OFFSET_MS).toISOString().slice(0, 19).replace('T', ' ');
}

/** How far a clock is ahead of another, or behind it: `快 3 天`, `3 days ahead of`. */
export function clockInWords(aheadMs: number): Said {
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  const [count, zh, en] =
    seconds >= 2 * 86_400
      ? [Math.round(seconds / 86_400), '天', 'days']
      : seconds >= 2 * 3600
        ? [Math.round(seconds / 3600), '小时', 'hours']
        : seconds >= 2 * 60
          ? [Math.round(seconds / 60), '分钟', 'minutes']
          : [seconds, '秒', 'seconds'];
  return aheadMs > 0
    ? { zh: `快 ${count} ${zh}`, en: `${count} ${en} ahead of` }
    : { zh: `慢 ${count} ${zh}`, en: `${count} ${en} behind` };
}

/** A due time as the law writes it, `YYYY-MM-DD HH:MM`: the end of a day is its 24:00, not the next day’s 00:00. */
export function dueWallTime(atMs: number): string {
  const text = shanghaiWallTime(atMs).slice(0, 16);
  return text.endsWith(' 00:00') ? `${shanghaiDate(atMs - 1)} 24:00` : text;
}

interface ParsedTime {
  year: number;
  month: number;
  day: number;
  /** Time of day as written, `HH:MM:SS[.ffffff]`, or null for a bare date. */
  time: string | null;
  /** Minutes east of UTC, or null where the text names none. */
  offsetMinutes: number | null;
}

/** `Z`, `UTC`, `+08:00`, `+0800`, `+08`, `+8`, `GMT+8`. */
const OFFSET = String.raw`(?:(Z|UTC|GMT)|(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?)?`;
const SEPARATED = new RegExp(
  String.raw`^(\d{4})\s?[-/.年]\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})\s?[日号]?(?:[T\s]*(\d{1,2})(?:[:时点](\d{1,2})(?:[:分](\d{1,2})(?:[.,](\d{1,9}))?)?[秒分]?|[时点]))?\s*${OFFSET}(?:\[[\w/]+\])?$`,
  'i',
);
/** As most systems write it: what the next reads as well, and slower. */
const USUAL = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?)?$/;
/** Hours, minutes and seconds may be left out from the end. */
const COMPACT = new RegExp(
  String.raw`^(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(?:(\d{2})(?:(\d{2})[.,]?(\d{3})?)?)?${OFFSET})?$`,
);
const FULL_WIDTH = /[！-～]/;
/** Seconds of up to 10 digits, milliseconds of 11 to 13. */
const EPOCH = /^-?\d{9,13}$/;
const MOST_EPOCH_SECONDS = 10;

/** The end of a day in ten or twelve digits, which is no time: which of two days is meant, nobody knows. */
const END_OF_DAY = /^\d{8}24(?:00)?$/;

const pad = (value: number | string): string => String(value).padStart(2, '0');

function parse(given: string): ParsedTime | null {
  const match = USUAL.exec(given) ?? unusual(given);
  if (!match) return null;
  const [, year, month, day, hours, minutes, seconds = '0', fraction, zulu, sign, offsetHours, offsetRest = '0'] =
    match;
  const parsed: ParsedTime = {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    time: null,
    offsetMinutes: zulu ? 0 : sign ? Number(`${sign}1`) * (Number(offsetHours) * 60 + Number(offsetRest)) : null,
  };
  if (parsed.year < FIRST_YEAR || parsed.year > LAST_YEAR || !dateExists(parsed)) return null;
  if (hours !== undefined) {
    if (Number(hours) > 23 || Number(minutes ?? 0) > 59 || Number(seconds) > 59) return null;
    parsed.time = `${pad(hours)}:${pad(minutes ?? 0)}:${pad(seconds)}${fraction ? `.${fraction.slice(0, 6)}` : ''}`;
  }
  return parsed;
}

function unusual(given: string): RegExpExecArray | null {
  const text = FULL_WIDTH.test(given) ? given.normalize('NFKC') : given;
  return SEPARATED.exec(text) ?? COMPACT.exec(text);
}

function dateExists({ year, month, day }: ParsedTime): boolean {
  if (month < 1 || month > 12 || day < 1) return false;
  return day <= 28 || day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

const dateOf = ({ year, month, day }: ParsedTime): CalendarDate => `${year}-${pad(month)}-${pad(day)}`;

/**
 * A text as a written time, or as seconds or milliseconds since 1970. Ten or twelve digits can be either: they are what
 * they read as a time to the hour or minute, of this century as a rule, where as seconds they are of the 2030s and as
 * milliseconds of 1976. Null where ten digits are the midnight of a day as seconds, too: nobody knows then.
 */
function read(text: string): ParsedTime | { atMs: number } | null {
  const parsed = parse(text);
  if (!EPOCH.test(text)) return parsed;
  if (END_OF_DAY.test(text) && parse(text.slice(0, 8))) return null;
  const digits = text.replace('-', '').length;
  const atMs = Number(text) * (digits <= MOST_EPOCH_SECONDS ? 1000 : 1);
  if (parsed && digits === MOST_EPOCH_SECONDS && (atMs + OFFSET_MS) % DAY_MS === 0) return null;
  if (parsed) return parsed;
  const year = new Date(atMs).getUTCFullYear();
  return year >= FIRST_YEAR && year <= LAST_YEAR ? { atMs } : null;
}

/** From then on Shanghai has had no summer time. */
const FIXED_SINCE_MS = Date.UTC(1992, 0);
let oldShanghai: Intl.DateTimeFormat | null = null;

/** Minutes by which Shanghai was ahead of UTC at an instant: an hour more in the summers of 1986 to 1991. */
function offsetAt(atMs: number): number {
  if (atMs >= FIXED_SINCE_MS) return OFFSET_MS / 60_000;
  oldShanghai ??= new Intl.DateTimeFormat('en', { timeZone: 'Asia/Shanghai', timeZoneName: 'longOffset' });
  const [, sign = '+', hours = '8', minutes = '0'] = /GMT([+-])(\d{2}):(\d{2})/.exec(oldShanghai.format(atMs)) ?? [];
  return Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes));
}

const dateAt = (atMs: number): CalendarDate => new Date(atMs + offsetAt(atMs) * 60_000).toISOString().slice(0, 10);

/** A city's certificates share few thousand dates: reading each text once is most of what mapping costs less. */
const knownDates = new Map<string, CalendarDate | null>();
const MOST_KNOWN_DATES = 20_000;

/**
 * Reads a date as departments write it: `2024-01-02`, `2024/1/2`, `2024年1月2日`, `2024.1.2`, `20240102`, any of them
 * with a time, an ISO instant (taken in Shanghai), or epoch seconds or milliseconds.
 * Null for anything else, for a day that does not exist and for years before 1900 or after 2199.
 */
export function parseDate(text: string): CalendarDate | null {
  let date = knownDates.get(text);
  if (date === undefined) {
    date = readDate(text);
    if (knownDates.size >= MOST_KNOWN_DATES) knownDates.clear();
    if (text.length <= 40) knownDates.set(text, date);
  }
  return date;
}

const DAY_OR_MONTH_FIRST = /^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$/;

/** Writes a date whose year comes last, such as 03/04/2026, with its year first; anything else stays as it is. */
export function yearFirst(text: string, order: 'dmy' | 'mdy'): string {
  const match = DAY_OR_MONTH_FIRST.exec(text);
  if (!match) return text;
  const [, first = '', second = '', year = ''] = match;
  return order === 'dmy' ? `${year}-${second}-${first}` : `${year}-${first}-${second}`;
}

function readDate(text: string): CalendarDate | null {
  const found = read(text);
  if (found === null) return null;
  if ('atMs' in found) return dateAt(found.atMs);
  if (found.time === null || found.offsetMinutes === null) return dateOf(found);
  return dateAt(Date.parse(`${dateOf(found)}T${found.time}Z`) - found.offsetMinutes * 60_000);
}

/**
 * What programs write where there is no day: day zero, the first day of their calendar or the one before it (of years
 * 1, 1753 and 1900 as databases and spreadsheets count), and beyond all time.
 */
const NO_DAY =
  /^(?:0000[-/.年]?0{1,2}[-/.月]?0{1,2}日?|(?:0001|1753)[-/.年]?0?1[-/.月]?0?1日?|1899[-/.年]?12[-/.月]?3[01]日?|1900[-/.年]?0?1[-/.月]?0?[01]日?)(?:$|[T\s]|0{6}$)|^[+-]?infinity$/i;
export const isNoDay = (text: string): boolean => NO_DAY.test(text);

/** The last year of programs' calendars, which stands for no end, however it is written. */
const LAST_OF_ALL =
  /^9999[-/.年]?(?:0?[1-9]|1[0-2]|99)[-/.月]?\d{1,2}日?(?:$|[T\s])|^9999(?:1[0-2]|0[1-9])\d{8}(?:\d{3})?$/;
const LAST_OF_ALL_MS = [Date.UTC(9999, 0, 1) - DAY_MS, Date.UTC(10_000, 0, 1)] as const;

/** Whether an end of validity is a day in the year 9999, also as epoch seconds or milliseconds. */
export function isEndless(text: string): boolean {
  if (LAST_OF_ALL.test(text)) return true;
  if (!/^\d{12}(?:\d{3})?$/.test(text)) return false;
  const atMs = Number(text) * (text.length === 12 ? 1000 : 1);
  return atMs >= LAST_OF_ALL_MS[0] && atMs < LAST_OF_ALL_MS[1];
}

/**
 * Reads an instant as departments write it, at their full precision up to microseconds: the forms of
 * {@link parseDate}, also `yyyyMMddHHmmss[SSS]`; Shanghai time where no offset is written. A bare date is its 00:00.
 */
export function parseInstant(text: string): Instant | null {
  const found = read(text);
  if (found === null) return null;
  if ('atMs' in found) return shanghaiInstant(found.atMs);
  const written = `${dateOf(found)}T${found.time ?? '00:00:00'}`;
  const minutes = found.time === null || found.offsetMinutes === null ? offsetOf(found, written) : found.offsetMinutes;
  const offset = `${minutes < 0 ? '-' : '+'}${pad(Math.floor(Math.abs(minutes) / 60))}:${pad(Math.abs(minutes) % 60)}`;
  return `${written}${offset}`;
}

/** Whole minutes by which Shanghai was ahead of UTC when its clocks showed a time. */
function offsetOf({ year }: ParsedTime, written: string): number {
  if (year >= 1992) return OFFSET_MS / 60_000;
  const asUtcMs = Date.parse(`${written}Z`);
  const first = offsetAt(asUtcMs - OFFSET_MS);
  return offsetAt(asUtcMs - first * 60_000);
}
