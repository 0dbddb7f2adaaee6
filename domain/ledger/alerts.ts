import { clockInWords, shanghaiWallTime } from '../dates.ts';
import { subjectInWords } from '../difference-subjects.ts';
import { faultInWords, faultNamed, type KeptFault } from '../faults.ts';
import { BASES, type Basis } from '../basis.ts';
import { GOES_ON, type FaultyFile } from '../faulty-file.ts';
import type { Said } from '../said.ts';
import { DRIFT_CHANGES, type DriftChange } from '../streams.ts';

/** What a person must look at, by kind. */
export const ALERTS = {
  watchdog: { zh: '看门狗查看受阻', en: 'the watchdog could not look' },
  clock: { zh: '时钟有误', en: 'a clock is wrong' },
  overdue: { zh: '时限任务逾期', en: 'overdue deadlines' },
  'temporal-away': { zh: '任务引擎不可用', en: 'Temporal is away' },
  'database-older': { zh: '数据库回到了早先的状态', en: 'the database is of an earlier moment' },
  'temporal-lost': { zh: '任务引擎丢失数据', en: 'Temporal has lost data' },
  'faulty-file': { zh: '配置文件有误', en: 'a faulty file of the configuration' },
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
  'receipts-unsigned': { zh: '用证回执未签', en: 'receipts are not signed' },
} as const;
export type AlertKind = keyof typeof ALERTS;

/** What the watchdog looks at: each kind of alert, and the deadlines that no workflow waits for. */
export type Watched = Exclude<AlertKind, 'watchdog'> | 'deadlines';

/** What an alert is raised for. Times as the database writes them in JSON. */
export type AlertFacts =
  | { kind: 'watchdog'; of: Watched; fault: string }
  | { kind: 'clock'; process: string; aheadMs: number }
  | { kind: 'overdue'; unit: string; count: number; rule: string; article: string; basis: Basis; since: string }
  | { kind: 'temporal-away'; fault: string }
  | { kind: 'database-older'; from: string; to: string; knownBy: (keyof typeof WITNESSES)[] }
  | { kind: 'temporal-lost'; schedules: number; cases: number }
  | ({ kind: 'faulty-file' } & FaultyFile)
  | { kind: 'stream-paused'; unit: string; stream: string; reason: string; code: string | null }
  | { kind: 'discrepancy'; unit: string; stream: string; of: string; source: number; library: number }
  | { kind: 'dead-letters'; target: string; count: number }
  | { kind: 'ticket-faults'; source: string; count: number; since: string }
  | {
      kind: 'outage';
      unit: string;
      since: string;
      confirmed: boolean;
      stopped: number;
      backfilling: number;
      streams: string[];
    }
  | { kind: 'drift'; unit: string; stream: string; field: string; change: DriftChange; detail: string }
  | { kind: 'waiting'; unit: string; stream: string; count: number }
  | { kind: 'reminders'; unit: string; count: number; fault: KeptFault }
  | { kind: 'calendar-missing'; year: number }
  | { kind: 'receipts-unsigned'; count: number; since: string }
  | { kind: 'volume'; unit: string; stream: string; records: number; day: string; usual: number };

/** Who knows of a time that the database has forgotten. */
export const WITNESSES = {
  heartbeat: { zh: '心跳文件', en: 'the heartbeat file' },
  temporal: { zh: 'Temporal', en: 'Temporal' },
  receipt: { zh: '推送单位的回执', en: 'a sender’s receipt' },
} as const;

const second = (at: string): string => shanghaiWallTime(Date.parse(at)).slice(0, 19);
const minute = (at: string): string => shanghaiWallTime(Date.parse(at)).slice(0, 16);

/** What an alert says, and where one goes on from there. */
export function alertInWords(facts: AlertFacts): Said {
  switch (facts.kind) {
    case 'watchdog': {
      const { zh, en } = facts.of === 'deadlines' ? { zh: '时限', en: 'deadlines' } : ALERTS[facts.of];
      return {
        zh: `看门狗未能查看“${zh}”，此项告警停在上次的样子：${facts.fault}`,
        en: `the watchdog could not look for “${en}”, which is told as it was before: ${facts.fault}`,
      };
    }
    case 'clock': {
      const { zh, en } = clockInWords(facts.aheadMs);
      return {
        zh: `${facts.process} 的机器时钟比数据库${zh}：校准之前它不发送任何消息`,
        en: `the clock of the machine of ${facts.process} is ${en} the database’s: until it is set, nothing is told from there`,
      };
    }
    case 'overdue': {
      const { unit, count, rule, article, basis, since } = facts;
      return {
        zh: `${unit}：${rule}（${article}，${BASES[basis].zh}）${count} 项逾期，最早自 ${minute(since)}`,
        en: `${unit}: ${count} × ${rule} (${article}, ${BASES[basis].en}) overdue since ${minute(since)}`,
      };
    }
    case 'temporal-away':
      return { zh: `连不上 Temporal：${facts.fault}`, en: `Temporal cannot be reached: ${facts.fault}` };
    case 'database-older': {
      const { from, to, knownBy } = facts;
      const who = (language: keyof Said): string[] => knownBy.map((one) => WITNESSES[one][language]);
      return {
        zh: `数据库缺少 ${second(from)} 至 ${second(to)} 写入的内容（据${who('zh').join('、')}）：来源仍有的正在重读，推送单位须按应答中的 repeat 重发；补齐后用 ./hub restored settle 销号`,
        en: `the database lacks what was written from ${second(from)} to ${second(to)} (by ${who('en').join(', ')}): what sources still have is read again, senders repeat what \`repeat\` in their answers asks for; ./hub restored settle says that all is made up for`,
      };
    }
    case 'temporal-lost': {
      const { schedules, cases } = facts;
      return {
        zh: `Temporal 丢失了 ${schedules} 个定时计划、${cases} 个在办案件的流程，枢纽正在重建；其间中断的读取由下一次运行补上`,
        en: `Temporal has lost ${schedules} schedules and the workflows of ${cases} open cases; the hub puts them back, and the next runs read what was interrupted`,
      };
    }
    case 'faulty-file': {
      const { unit, file, faults, goesOn } = facts;
      return {
        zh: `${unit ?? '枢纽运维'}：配置文件 ${file} 有误，${GOES_ON[goesOn].zh}：${faults.map(({ zh }) => zh).join('；')}`,
        en: `${unit ?? 'the hub’s operators'}: ${file} is faulty, ${GOES_ON[goesOn].en}: ${faults.map(({ en }) => en).join('; ')}`,
      };
    }
    case 'stream-paused': {
      const { unit, stream, reason, code } = facts;
      return {
        zh: [`${unit}:${stream} 已暂停`, faultNamed(code)?.brief, reason].filter(Boolean).join('：'),
        en: `${unit}: ${stream} is paused: ${reason}`,
      };
    }
    case 'discrepancy': {
      const { unit, stream, of, source, library } = facts;
      const words = subjectInWords(of, source);
      if (words) return { zh: `${unit}：${stream} ${words.zh}`, en: `${unit}: ${stream}: ${words.en}` };
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
      const { unit, since, confirmed, stopped, backfilling, streams } = facts;
      return {
        zh: `${unit}：自 ${minute(since)} 起不可抗力，${stopped} 个数据流中断，${backfilling} 个补录中${confirmed ? '' : '，待管理单位确认'}：${streams.join('、')}`,
        en: `${unit}: outage since ${minute(since)}, ${stopped} streams stopped, ${backfilling} being backfilled${confirmed ? '' : ', not confirmed by the management unit'}: ${streams.join(', ')}`,
      };
    }
    case 'receipts-unsigned': {
      const { count, since } = facts;
      return {
        zh: `自 ${minute(since)} 起 ${count} 份用证回执待签；恢复后自动补签，超过 sharing.longestUnsigned 即停止答复用证；请查看枢纽日志“receipts cannot be signed”`,
        en: `${count} receipts of uses wait for their signature since ${minute(since)}; they are signed once it works again, and no use is answered past sharing.longestUnsigned; see “receipts cannot be signed” in the hub’s log`,
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
