import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { daysIn, type YearTable } from '../../domain/ledger/calendar.ts';
import { lossesOf } from '../../domain/ledger/holidays.ts';
import { configurationError } from '../../domain/errors.ts';
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
): { offered: OfferedTable; faults: [] } | { offered: null; faults: string[] } {
  const { value: given, faults } = parseYaml(file, text, () => calendarSchema);
  if (!given) return { offered: null, faults };
  const { year, version, source } = given;
  const held = config.publishedTables.find((table) => table.year === year) ?? null;
  const target = targetOf(config, year);
  if (held?.version === version && (!existsSync(target) || readFileSync(target, 'utf8') !== text)) {
    throw configurationError(`${file}: found the version “${version}”, which ${year} has already`, {
      code: 'calendar-version',
      cure: 'give the table another version: deadlines say by which one they were counted',
      zh: `${year} 年已有版本“${version}”；内容有变须另给版本号，时限任务按版本说明计算依据`,
    });
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
  if (losses.length > 0 && !lossesConfirmed)
    throw configurationError(
      `The table of ${year} loses days, and nobody has confirmed it: ${losses.map(({ en }) => en).join('; ')}`,
      {
        code: 'calendar-losses',
        cure: 'correct the table; where the notice really says so, confirm what is lost (--confirm-losses)',
        zh: `${year} 年日历缺少以下日期，须核对通知原文后确认：${losses.map(({ zh }) => zh).join('；')}`,
      },
    );
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
