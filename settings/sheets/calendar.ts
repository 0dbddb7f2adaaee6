import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { daysIn, type YearTable } from '../../domain/ledger/calendar.ts';
import { lossesOf } from '../../domain/ledger/holidays.ts';
import { fault } from '../../domain/faults.ts';
import { calendarSchema } from '../schemas/calendar.ts';
import type { CalendarDate } from '../../domain/dates.ts';
import type { Said } from '../../domain/said.ts';
import { parseYaml } from '../diagnostics.ts';
import { calendarOf, type HubConfig } from '../load.ts';

/** A table of a year that somebody wants in force (日历导入). */
export interface OfferedTable {
  year: number;
  version: string;
  source: string;
  /** The table of that year that it replaces, as that was published; null where there is none. */
  held: YearTable | null;
  /** What would be lost with it, a line each: to be confirmed before it is kept. */
  losses: Said[];
  /** The version that the year before gets by it, and the days that it sets of that year; null where that stays. */
  before: { year: number; version: string; off: CalendarDate[]; work: CalendarDate[] } | null;
  /** The configuration as it would be with it. */
  changed: HubConfig;
  text: string;
}

/**
 * Reads the table of a year and says what it would make of the configuration; nothing is changed.
 * @param file what faults are said of
 */
export function offerTable(
  config: HubConfig,
  file: string,
  text: string,
): { offered: OfferedTable; faults: [] } | { offered: null; faults: Said[] } {
  const { value: given, faults } = parseYaml(file, text, () => calendarSchema);
  if (!given) return { offered: null, faults };
  const { year, version, source } = given;
  const held = config.publishedTables.find((table) => table.year === year) ?? null;
  const target = targetOf(config, year);
  if (held?.version === version && (!existsSync(target) || readFileSync(target, 'utf8') !== text)) {
    throw fault('calendar-version', { file, year, version });
  }
  const published = [...config.publishedTables.filter((table) => table.year !== year), given];
  const changed: HubConfig = { ...config, ...calendarOf(published, config.jurisdiction) };
  const tableBefore = (tables: readonly YearTable[]) => tables.find((table) => table.year === year - 1);
  const [now, then] = [tableBefore(config.calendarTables), tableBefore(changed.calendarTables)];
  const before =
    then && then.version !== now?.version
      ? { year: then.year, version: then.version, ...daysIn(given, year - 1) }
      : null;
  const losses = lossesOf(given, held);
  return { offered: { year, version, source, held, losses, before, changed, text }, faults: [] };
}

/**
 * Makes an offered table the file of its year, which running hubs take over within seconds; where it is.
 * Throws a configuration error where something would be lost that nobody has confirmed.
 */
export function keepTable({ year, changed, text, losses }: OfferedTable, lossesConfirmed: boolean): string {
  if (losses.length > 0 && !lossesConfirmed) throw fault('calendar-losses', { year, losses });
  const target = targetOf(changed, year);
  try {
    mkdirSync(join(changed.choice.folder, 'calendars'), { recursive: true });
    writeFileSync(`${target}.new`, text);
    renameSync(`${target}.new`, target);
  } catch (error) {
    throw fault('calendar-folder', { why: (error as NodeJS.ErrnoException).code ?? 'failed' }, { cause: error });
  }
  return target;
}

const targetOf = ({ choice }: HubConfig, year: number): string => join(choice.folder, 'calendars', `${year}.yaml`);
