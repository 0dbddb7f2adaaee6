import { shanghaiWallTime } from './dates.ts';
import type { Said } from './said.ts';

/** Subject of a difference that is of no window: records that none reaches. */
export const BEYOND_WINDOWS = 'beyond-windows';
/** Subject of records that wait to be corrected and have no time by which they would be of a window. */
export const UNTIMED = 'untimed';

/** Subject of the difference that a source makes by changing faster than even a short window can be read. */
export const MOVING = 'moving';

const OUTSIDE = /^outside-window (\S+)\/(\S+)$/;

/** Subject of records that came for a window and are of other times. */
export const outsideWindow = ({ from, to }: { from: string; to: string }): string => `outside-window ${from}/${to}`;

/** What differs, where that is neither a window nor a batch; null for those. @param records how many */
export function subjectInWords(subject: string, records: number): Said | null {
  if (subject === BEYOND_WINDOWS)
    return {
      zh: `源端 ${records} 条记录的更新时间（或序号）为空、无法识别或在将来，读不到`,
      en: `${records} records of the source have no time of change (or number), or one that is none or lies ahead: no read reaches them`,
    };
  if (subject === UNTIMED)
    return {
      zh: `${records} 条问题数据的更新时间为空、无法识别或在将来，不属于任何时段，待更正`,
      en: `${records} rejected records have no time of change, or one that is none or lies ahead: they are of no window until they are corrected`,
    };
  if (subject === MOVING)
    return {
      zh: `源端 ${records} 条记录在读取期间一直在变，读不到稳定的一段`,
      en: `${records} records of the source change while they are read: no part of them stands still`,
    };
  const [, from, to] = OUTSIDE.exec(subject) ?? [];
  if (from === undefined || to === undefined) return null;
  const [start, end] = [from, to].map((at) => shanghaiWallTime(Date.parse(at)));
  return {
    zh: `请求 ${start} – ${end}，源端返回了 ${records} 条其他时间的记录（未按时段筛选，或起止、时区、时间字段不符）`,
    en: `asked for ${start} – ${end}, the source returned ${records} records of other times (it does not filter, or means other ends, another time zone or another field)`,
  };
}
