import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WorkingCalendar, withLocalDays, type YearTable } from '../../domain/ledger/calendar.ts';
import { fault } from '../../domain/faults.ts';
import { calendarSchema } from '../schemas/calendar.ts';
import { parseYaml } from '../diagnostics.ts';
import type { HubConfig } from '../load.ts';

/** A table of a year that somebody wants in force (日历导入). */
export interface OfferedTable {
  year: number;
  version: string;
  source: string;
  /** The table of that year that is in force now; null where there is none. */
  held: YearTable | null;
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
): { offered: OfferedTable; faults: [] } | { offered: null; faults: string[] } {
  const { value: given, faults } = parseYaml(file, text, () => calendarSchema);
  if (!given) return { offered: null, faults };
  const { year, version, source } = given;
  const held = config.calendarTables.find((table) => table.year === year) ?? null;
  const target = targetOf(config, year);
  if (held?.version.split(' ')[0] === version && (!existsSync(target) || readFileSync(target, 'utf8') !== text)) {
    throw fault('calendar-version', { file, year, version });
  }
  const tables = [
    ...config.calendarTables.filter((table) => table.year !== year),
    ...withLocalDays([given], config.jurisdiction.localDays),
  ];
  const changed: HubConfig = { ...config, calendarTables: tables, calendar: new WorkingCalendar(tables) };
  return { offered: { year, version, source, held, changed, text }, faults: [] };
}

/** Makes an offered table the file of its year, which running hubs take over within seconds; where it is. */
export function keepTable({ year, changed, text }: OfferedTable): string {
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
