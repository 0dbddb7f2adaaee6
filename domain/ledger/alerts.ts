import { shanghaiWallTime } from '../dates.ts';
import { faultInWords, faultNamed, type KeptFault } from '../faults.ts';
import { BASES, type Basis } from '../basis.ts';
import type { Said } from '../said.ts';
import { DRIFT_CHANGES, type DriftChange } from '../streams.ts';

/** What a person must look at, by kind. */
export const ALERTS = {
  overdue: { zh: '时限任务逾期', en: 'overdue deadlines' },
  'temporal-away': { zh: '任务引擎不可用', en: 'Temporal is away' },
  'stream-paused': { zh: '数据流暂停', en: 'a stream is paused' },
  discrepancy: { zh: '源端与库内不一致', en: 'source and library differ' },
  'dead-letters': { zh: '发送失败的消息', en: 'messages were given up' },
  drift: { zh: '源端字段变化', en: 'fields of a source changed' },
  volume: { zh: '数据量异常', en: 'an unusual number of records' },
  waiting: { zh: '等待目录登记', en: 'records wait for the catalog' },
  outage: { zh: '不可抗力', en: 'an outage' },
  reminders: { zh: '提醒送不到', en: 'reminders do not arrive' },
  'ticket-faults': { zh: '异议工单有误', en: 'faulty tickets' },
  'calendar-missing': { zh: '日历未公布', en: 'a calendar is missing' },
} as const;
export type AlertKind = keyof typeof ALERTS;

/** What an alert is raised for. Times as the database writes them in JSON. */
export type AlertFacts =
  | { kind: 'overdue'; unit: string; count: number; rule: string; article: string; basis: Basis; since: string }
  | { kind: 'temporal-away'; fault: string }
  | { kind: 'stream-paused'; unit: string; stream: string; reason: string; code: string | null }
  | { kind: 'discrepancy'; unit: string; stream: string; of: string; source: number; library: number }
  | { kind: 'dead-letters'; target: string; count: number }
  | { kind: 'ticket-faults'; source: string; count: number; since: string }
  | { kind: 'outage'; unit: string; since: string; stopped: number; backfilling: number; streams: string[] }
  | { kind: 'drift'; unit: string; stream: string; field: string; change: DriftChange; detail: string }
  | { kind: 'waiting'; unit: string; stream: string; count: number }
  | { kind: 'reminders'; unit: string; count: number; fault: KeptFault }
  | { kind: 'calendar-missing'; year: number }
  | { kind: 'volume'; unit: string; stream: string; records: number; day: string; usual: number };

const minute = (at: string): string => shanghaiWallTime(Date.parse(at)).slice(0, 16);

/** What an alert says, and where one goes on from there. */
export function alertInWords(facts: AlertFacts): Said {
  switch (facts.kind) {
    case 'overdue': {
      const { unit, count, rule, article, basis, since } = facts;
      return {
        zh: `${unit}：${rule}（${article}，${BASES[basis].zh}）${count} 项逾期，最早自 ${minute(since)}`,
        en: `${unit}: ${count} × ${rule} (${article}, ${BASES[basis].en}) overdue since ${minute(since)}`,
      };
    }
    case 'temporal-away':
      return { zh: `连不上 Temporal：${facts.fault}`, en: `Temporal cannot be reached: ${facts.fault}` };
    case 'stream-paused': {
      const { unit, stream, reason, code } = facts;
      return {
        zh: [`${unit}:${stream} 已暂停`, faultNamed(code)?.brief, reason].filter(Boolean).join('：'),
        en: `${unit}: ${stream} is paused: ${reason}`,
      };
    }
    case 'discrepancy': {
      const { unit, stream, of, source, library } = facts;
      return {
        zh: `${unit}：${stream} ${of}，源端 ${source} 条，库内 ${library} 条`,
        en: `${unit}: ${stream} ${of}: the source has ${source}, the library ${library}`,
      };
    }
    case 'dead-letters':
      return {
        zh: `${facts.target}：${facts.count} 条消息已放弃发送；用 ./hub connector outbox ${facts.target} 查看`,
        en: `${facts.target}: ${facts.count} messages were given up; ./hub connector outbox ${facts.target} lists them`,
      };
    case 'ticket-faults': {
      const { source, count, since } = facts;
      return {
        zh: `${source}：自 ${minute(since)} 起 ${count} 件工单无法登记为异议；用 ./hub dispute faults 查看`,
        en: `${source}: ${count} tickets cannot be taken as disputes since ${minute(since)}; ./hub dispute faults lists them`,
      };
    }
    case 'outage': {
      const { unit, since, stopped, backfilling, streams } = facts;
      return {
        zh: `${unit}：自 ${minute(since)} 起不可抗力，${stopped} 个数据流中断，${backfilling} 个补录中：${streams.join('、')}`,
        en: `${unit}: outage since ${minute(since)}, ${stopped} streams stopped, ${backfilling} being backfilled: ${streams.join(', ')}`,
      };
    }
    case 'drift': {
      const { unit, stream, field, change, detail } = facts;
      return {
        zh: `${unit}：${stream} 的字段 ${field} ${DRIFT_CHANGES[change].zh}（${detail}）`,
        en: `${unit}: ${stream}, the field ${field} is ${DRIFT_CHANGES[change].en} (${detail})`,
      };
    }
    case 'waiting': {
      const { unit, stream, count } = facts;
      return {
        zh: `${unit}：${stream} 有 ${count} 条数据等待其证照类型列入目录；用 ./hub catalog list 查看`,
        en: `${unit}: ${count} records of ${stream} wait for an entry of their type in the catalog; ./hub catalog list names it`,
      };
    }
    case 'reminders': {
      const { unit, count } = facts;
      const fault = faultInWords(facts.fault);
      return {
        zh: `${unit}：${count} 条提醒没有送达：${fault.zh}；用 ./hub reminders 查看`,
        en: `${unit}: ${count} messages did not arrive: ${fault.en}; ./hub reminders lists them`,
      };
    }
    case 'calendar-missing': {
      const { year } = facts;
      return {
        zh: `${year} 年工作日表未导入，到期日落在该年的任务无法计算；国务院公布放假安排后在“日历”页导入`,
        en: `There is no table of the working days of ${year}: deadlines that end in it are not counted; ./hub calendar import takes it`,
      };
    }
    case 'volume': {
      const { unit, stream, records, day, usual } = facts;
      return {
        zh: `${unit}：${stream} 在 ${day} 有 ${records} 条，同一星期几通常 ${usual} 条`,
        en: `${unit}: ${stream} had ${records} records on ${day}, on this weekday it usually has ${usual}`,
      };
    }
  }
}
