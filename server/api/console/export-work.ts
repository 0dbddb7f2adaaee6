import { Readable } from 'node:stream';
import type { Knex } from 'knex';
import type { HubConfig } from '../../../settings/load.ts';
import type { Logger } from '../../../settings/logger.ts';
import { shanghaiInstant } from '../../../domain/dates.ts';
import { messageOf } from '../../../domain/errors.ts';
import { listWorkbook, MOST_EXPORTED, rowsXml } from '../../../domain/console/export-sheet.ts';
import { calendarName } from '../../../store/ledger/calendar.ts';
import {
  addPart,
  failExport,
  finishExport,
  getExport,
  exportParts,
  releaseExport,
  type Export,
} from '../../../store/console/exports.ts';
import { EXPORTS, type AnyExport, type ExportName } from './export-lists.ts';

export interface ExportOptions {
  db: Knex;
  now: () => Date;
  logger: Logger;
  config: () => HubConfig;
}

/** Rows that are read and kept at a time. */
const PAGE = 10_000;
const UNIQUE_VIOLATION = '23505';

export function exportNamed(what: string): AnyExport {
  if (Object.hasOwn(EXPORTS, what)) return EXPORTS[what as ExportName];
  throw new Error(`there is no export of ${what}`);
}

/**
 * Works at an export that the caller has taken, until it is done or `most` rows are; then it is left to whoever takes it
 * next. What fails is noted; the export can be asked for again.
 */
export async function workExport(
  { db, now, logger, config }: ExportOptions,
  id: number,
  most = MOST_EXPORTED,
  stopped?: AbortSignal,
): Promise<void> {
  try {
    const { what, filter, units, at, by, ...given } = await getExport(db, id);
    const seen = { at, units, config: config() };
    const kind = exportNamed(what);
    if ('build' in kind) {
      const [content, rows] = await kind.build(db, filter, { ...seen, by });
      await addPart(db, { id, rows: 0 }, { content, rows, after: null }, now());
      return await finishExport(db, id, false, now());
    }
    let { rows, after } = given;
    for (let worked = 0; worked < most && stopped?.aborted !== true; worked += PAGE) {
      const page = await kind.read(db, filter, { ...seen, after, limit: Math.min(PAGE, MOST_EXPORTED - rows + 1) });
      const kept = page.slice(0, MOST_EXPORTED - rows);
      if (kept.length > 0) {
        const cells = kept.map((row) => kind.columns.map(([, value]) => value(row)));
        const content = Buffer.from(rowsXml(cells, rows + 2));
        after = kind.afterOf(kept.at(-1));
        await addPart(db, { id, rows }, { content, rows: kept.length, after }, now());
        rows += kept.length;
      }
      if (page.length < PAGE) return await finishExport(db, id, page.length > kept.length, now());
    }
    const counted = given.total ?? (await kind.count?.(db, filter, seen));
    const total = counted === undefined ? null : Math.min(MOST_EXPORTED, counted);
    await releaseExport(db, id, total, now());
  } catch (error) {
    // Somebody else works at it: they wrote the same page first.
    if ((error as { code?: string }).code === UNIQUE_VIOLATION) return;
    // What PostgreSQL says could quote a record: only its code is logged.
    logger.error('an export failed', { export: id, error: (error as { code?: string }).code ?? messageOf(error) });
    await failExport(db, id, now());
  }
}

/** The file of an export that is done, a page of it in memory at a time. */
export async function exportFile(db: Knex, config: HubConfig, done: Export): Promise<Readable> {
  const kind = exportNamed(done.what);
  const pages = exportParts(db, done.id);
  if ('build' in kind) return Readable.from(pages);
  const { at, by, byUnit, units, rows, cut } = done;
  return listWorkbook({
    name: kind.zh,
    columns: kind.columns.map(([head]) => head),
    rows,
    pages,
    about: [
      ['内容', kind.zh],
      ['城市', config.jurisdiction.name],
      ...kind
        .says(done.filter)
        .flatMap(([label, value]): [string, string][] => (value === undefined ? [] : [[`筛选：${label}`, value]])),
      ['单位范围', units === null ? '全部单位' : `${byUnit ?? ''}及所属（${units.length} 个单位）`],
      ['数据时间', shanghaiInstant(at.getTime())],
      ['日历版本', (await calendarName(db)) ?? '无'],
      ['行数', cut ? `${rows}（已达上限，其余未列；请缩小筛选范围）` : String(rows)],
      ['导出人', by],
    ],
  });
}
