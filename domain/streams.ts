import { BASES, EVERY_BASIS, type Basis } from './basis.ts';
import { shanghaiWallTime } from './dates.ts';
import { faultNamed } from './faults.ts';
import type { Said } from './said.ts';

/** How a stream (归集数据流) stands, the worst first. Nothing heard is not the same as healthy. */
export const STREAM_STATES = {
  paused: { zh: '已暂停', en: 'paused' },
  late: { zh: '迟到', en: 'late' },
  error: { zh: '出错', en: 'error' },
  outage: { zh: '不可抗力中', en: 'outage' },
  unknown: { zh: '未知', en: 'unknown' },
  'on time': { zh: '准时', en: 'on time' },
} as const;
export type StreamStateName = keyof typeof STREAM_STATES;

/** What a day of a stream is covered by. */
export const COVERAGE_STATES = {
  covered: { zh: '已归集', en: 'covered' },
  partly: { zh: '部分归集', en: 'partly' },
  gap: { zh: '缺口', en: 'gap' },
  rest: { zh: '不可抗力中止', en: 'suspended by an outage' },
  'not due': { zh: '未到期', en: 'not due' },
} as const;
export type CoverageState = keyof typeof COVERAGE_STATES;

/** How a source answered last. */
export const CONTACTS = {
  delivered: { zh: '已交付数据', en: 'delivered' },
  nothing: { zh: '答复无数据', en: 'said it has nothing' },
  unreachable: { zh: '连不上', en: 'cannot be reached' },
  garbled: { zh: '答复无法解读', en: 'answers garbage' },
  refused: { zh: '拒绝访问', en: 'refuses' },
} as const;
export type SourceContact = keyof typeof CONTACTS;

/** How the fields of a source change. */
export const DRIFT_CHANGES = {
  added: { zh: '新增', en: 'new' },
  missing: { zh: '缺少', en: 'missing' },
  retyped: { zh: '类型改变', en: 'of another type' },
} as const;
export type DriftChange = keyof typeof DRIFT_CHANGES;

/** What becomes of records with changed fields, as `contract` of a stream says. */
export const DRIFT_ACTIONS = {
  accept: { zh: '照收', en: 'accept' },
  warn: { zh: '照收并提示', en: 'warn' },
  reject: { zh: '记为问题数据', en: 'reject' },
  stop: { zh: '停止数据流', en: 'stop' },
} as const;
export type DriftAction = keyof typeof DRIFT_ACTIONS;

/** How a stream comes. */
export const DELIVERIES = {
  daily: { zh: '每日增量', en: 'daily' },
  return: { zh: '平台回传', en: 'return' },
  stock: { zh: '存量', en: 'stock' },
} as const;
export type Delivery = keyof typeof DELIVERIES;

/** What the state of a stream is by. Times as the database writes them in JSON. */
export interface StreamFacts {
  pausedReason: string | null;
  pausedCode: string | null;
  lateDays: Record<Basis, number>;
  lateSince: string | null;
  contact: SourceContact | null;
  contactAt: string | null;
  contactDetail: string | null;
  differences: number;
  /** Intervals that are due and not proven to be in. */
  holes: number;
  outage: number | null;
}

const wallTime = (at: string | null): string => (at === null ? '' : shanghaiWallTime(Date.parse(at)).slice(0, 16));

/** Why a stream stands as it does, in words. */
export function streamReason(state: StreamStateName, facts: StreamFacts): Said {
  const {
    pausedReason,
    pausedCode,
    lateDays,
    lateSince,
    contact,
    contactAt,
    contactDetail,
    differences,
    holes,
    outage,
  } = facts;
  const said = contact === null ? null : CONTACTS[contact];
  const asked = wallTime(contactAt);
  const detail = contactDetail === null ? '' : `：${contactDetail}`;
  switch (state) {
    case 'paused':
      return {
        zh: ['已暂停', faultNamed(pausedCode)?.brief, pausedReason].filter(Boolean).join('：'),
        en: `paused: ${pausedReason ?? ''}`,
      };
    case 'late': {
      const late = EVERY_BASIS.filter((basis) => lateDays[basis] > 0);
      const why =
        said && contact !== 'delivered' ? { zh: `；源端${said.zh}${detail}`, en: `; the source ${said.en}` } : null;
      return {
        zh: `${late.map((basis) => `${BASES[basis].zh} ${lateDays[basis]} 个`).join('、')}归集日逾期，最早应于 ${wallTime(lateSince)} 前归集${why?.zh ?? ''}`,
        en: `${late.map((basis) => `${lateDays[basis]} days (${BASES[basis].en})`).join(', ')} overdue, the first since ${wallTime(lateSince)}${why?.en ?? ''}`,
      };
    }
    case 'error':
      if (contact === 'unreachable' || contact === 'garbled' || contact === 'refused')
        return {
          zh: `源端${said?.zh ?? ''}（${asked}）${detail}`,
          en: `the source ${said?.en ?? ''} (${asked})${contactDetail === null ? '' : `: ${contactDetail}`}`,
        };
      return {
        zh: `${differences} 处源端与库内的差异、${holes} 处缺口未消除`,
        en: `${differences} differences and ${holes} gaps are not mended`,
      };
    case 'outage':
      return {
        zh: `不可抗力第 ${outage ?? ''} 号案期间，时限中止`,
        en: `suspended by outage ${outage ?? ''}`,
      };
    case 'unknown':
      return contact === null
        ? { zh: '尚未联系过源端', en: 'the source was not asked yet' }
        : { zh: `自 ${asked} 起没有消息`, en: `nothing was heard since ${asked}` };
    case 'on time':
      return { zh: `源端${said?.zh ?? ''}（${asked}）`, en: `the source ${said?.en ?? ''} (${asked})` };
  }
}
