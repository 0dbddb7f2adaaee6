import type { Said } from '../said.ts';

/** By what a record that came late is of its day. */
export const LATE_BECAUSE = {
  issue: { zh: '签发日期', en: 'its date of issue' },
  completion: { zh: '业务办结时间', en: 'when its case was completed' },
  update: { zh: '源端更新时间', en: 'when its source changed it' },
} as const;
export type LateBecause = keyof typeof LATE_BECAUSE;

/** By what a new record is of a day (当日产生), as the profile says: `daily.producedBy`. */
export type ProducedBy = 'issue' | 'update';

/** Which time says of what day a record is, and how much later it may come: printed wherever a day is judged. */
export function dayInWords({ producedBy, graceMinutes }: { producedBy: ProducedBy; graceMinutes: number }): Said {
  const grace =
    graceMinutes === 0
      ? { zh: '不设宽限', en: 'no grace' }
      : {
          zh: `当日最后 ${graceMinutes} 分钟内变更的记录可于次日入库（规则 daily.graceMinutes，条文没有规定）`,
          en: `records that change in its last ${graceMinutes} minutes may come in after it (daily.graceMinutes; the regulations name no such grace)`,
        };
  return producedBy === 'issue'
    ? {
        zh: `当日产生：新记录按业务办结时间，没有办结时间的按签发日期，也按源端更新时间；变更按源端更新时间（规则 daily.producedBy: issue）。${grace.zh}`,
        en: `Of a day are new records by when their case was completed, else by their date of issue, and by when the source changed them; changes by the latter (daily.producedBy: issue). ${grace.en}`,
      }
    : {
        zh: `当日产生：新记录和变更均按源端更新时间（规则 daily.producedBy: update）。${grace.zh}`,
        en: `Of a day are records that the source changed on it (daily.producedBy: update). ${grace.en}`,
      };
}
