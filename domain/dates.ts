/**
 * Dates and instants of Asia/Shanghai. The offset is fixed: Shanghai has kept +08:00 since 1992, and of earlier years
 * the hub keeps calendar dates only. Fixed arithmetic is also what keeps workflow code deterministic.
 */

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

const SEPARATED =
  /^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T\s]*(\d{1,2})[:时](\d{1,2})(?:[:分](\d{1,2})(?:[.,](\d{1,9}))?)?秒?)?\s*(?:(Z)|([+-])(\d{2}):?(\d{2}))?$/;
const COMPACT = /^(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})(\d{3})?)?$/;
const EPOCH = /^-?\d{10}(?:\d{3})?$/;

const pad = (value: number | string): string => String(value).padStart(2, '0');

function parse(text: string): ParsedTime | null {
  const match = SEPARATED.exec(text) ?? COMPACT.exec(text);
  if (!match) return null;
  const [, year, month, day, hours, minutes, seconds = '0', fraction, zulu, sign, offsetHours, offsetRest] = match;
  const parsed: ParsedTime = {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    time: null,
    offsetMinutes: zulu ? 0 : sign ? Number(`${sign}1`) * (Number(offsetHours) * 60 + Number(offsetRest)) : null,
  };
  if (parsed.year < FIRST_YEAR || parsed.year > LAST_YEAR || !dateExists(parsed)) return null;
  if (hours !== undefined && minutes !== undefined) {
    if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return null;
    parsed.time = `${pad(hours)}:${pad(minutes)}:${pad(seconds)}${fraction ? `.${fraction.slice(0, 6)}` : ''}`;
  }
  return parsed;
}

function dateExists({ year, month, day }: ParsedTime): boolean {
  if (month < 1 || month > 12 || day < 1) return false;
  return day <= 28 || day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

const dateOf = ({ year, month, day }: ParsedTime): CalendarDate => `${year}-${pad(month)}-${pad(day)}`;

function epochMs(text: string): number {
  return Number(text) * (text.replace('-', '').length === 10 ? 1000 : 1);
}

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
  if (EPOCH.test(text)) return inRange(shanghaiDate(epochMs(text)));
  const parsed = parse(text);
  if (!parsed) return null;
  if (parsed.time !== null && parsed.offsetMinutes !== null && parsed.offsetMinutes !== 480) {
    return shanghaiDate(Date.parse(`${dateOf(parsed)}T${parsed.time}Z`) - parsed.offsetMinutes * 60_000);
  }
  return dateOf(parsed);
}

function inRange(date: string): string | null {
  const year = Number(date.slice(0, 4));
  return year >= FIRST_YEAR && year <= LAST_YEAR ? date : null;
}

/**
 * Reads an instant as departments write it, at their full precision up to microseconds: the forms of
 * {@link parseDate}, also `yyyyMMddHHmmss[SSS]`; Shanghai time where no offset is written. A bare date is its 00:00.
 */
export function parseInstant(text: string): Instant | null {
  if (EPOCH.test(text)) return inRange(shanghaiInstant(epochMs(text)));
  const parsed = parse(text);
  if (!parsed) return null;
  const time = parsed.time ?? '00:00:00';
  const minutes = parsed.time === null || parsed.offsetMinutes === null ? 480 : parsed.offsetMinutes;
  const offset = `${minutes < 0 ? '-' : '+'}${pad(Math.floor(Math.abs(minutes) / 60))}:${pad(Math.abs(minutes) % 60)}`;
  return `${dateOf(parsed)}T${time}${offset}`;
}
