import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WorkingCalendar, withLocalDays, type YearTable } from '../../domain/ledger/calendar.ts';
import { configurationError } from '../../domain/errors.ts';
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
    throw configurationError(`${file}: found the version “${version}”, which ${year} has already`, {
      code: 'calendar-version',
      cure: 'give the table another version: deadlines say by which one they were counted',
      zh: `${year} 年已有版本“${version}”；内容有变须另给版本号，时限任务按版本说明计算依据`,
    });
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
    throw configurationError(`The table cannot be written: ${(error as NodeJS.ErrnoException).code ?? 'failed'}`, {
      code: 'calendar-folder',
      cure: 'let the hub write into calendars/ of its configuration, or put the file there yourself',
      zh: '日历文件无法写入：请让枢纽可写配置目录的 calendars/，或由运维人员将文件放入该目录',
      cause: error,
    });
  }
  return target;
}

const targetOf = ({ choice }: HubConfig, year: number): string => join(choice.folder, 'calendars', `${year}.yaml`);
