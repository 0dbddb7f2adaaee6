import { CalendarMissing, type WorkingCalendar } from './calendar.ts';
import {
  addDays,
  dueWallTime,
  shanghaiDate,
  shanghaiWallTime,
  startOfDayMs,
  timeOfDayMs,
  type CalendarDate,
} from '../dates.ts';
import { BASES, EVERY_BASIS, type Basis } from '../basis.ts';
import { DUTIES, type Duty } from './duties.ts';

/** A statutory deadline that stays overdue is escalated again after so many working days. */
const ESCALATE_EVERY_DAYS = 3;

/** Where deadlines stand whose last day is a certain day. */
export interface StageOfDay {
  lastDay: CalendarDate;
  /** What is told as long as they are not overdue. */
  stage: 'before' | 'day';
  /** How many working days ago they were escalated last, counted from the last day on: 0, 3, 6 … */
  escalated: number;
}

/**
 * Whether reminders are sent on a day. In a year whose calendar is not published, Monday to Friday are taken: a deadline
 * may not be guessed, but sending is no law, and silence would be worse.
 */
export function isSendingDay(date: CalendarDate, calendar: WorkingCalendar): boolean {
  try {
    const reason = calendar.reasonOf(date);
    return reason === 'working' || reason === 'made-up';
  } catch (error) {
    if (!(error instanceof CalendarMissing)) throw error;
    const weekday = new Date(`${date}T00:00:00Z`).getUTCDay();
    return weekday > 0 && weekday < 6;
  }
}

/**
 * Every offset of reminders (催办) and escalations: how deadlines stand on a day by the last day of their term. From the
 * start of the working day before it they are near (before), then due (day); once overdue they are told at once, and
 * escalated again every three working days after the last day. Days that are not in the list are too far off.
 * @param oldest last day of the oldest deadline that still runs
 */
export function stagesOn(today: CalendarDate, oldest: CalendarDate, calendar: WorkingCalendar): StageOfDay[] {
  const stages: StageOfDay[] = [];
  let lastDay = addDays(today, 1);
  for (; !isSendingDay(lastDay, calendar); lastDay = addDays(lastDay, 1))
    stages.push({ lastDay, stage: 'before', escalated: 0 });
  stages.push({ lastDay, stage: 'before', escalated: 0 }, { lastDay: today, stage: 'day', escalated: 0 });
  let passed = 0;
  for (let day = today; day > oldest; day = addDays(day, -1)) {
    if (isSendingDay(day, calendar)) passed += 1;
    stages.push({ lastDay: addDays(day, -1), stage: 'day', escalated: passed - (passed % ESCALATE_EVERY_DAYS) });
  }
  return stages;
}

/**
 * What may be sent at a moment: everything in the hours of a working day, outside them only what is due within minutes
 * (现时), and nothing on days of rest.
 */
export function sendable(atMs: number, hours: string, calendar: WorkingCalendar): 'all' | 'minutes' | 'nothing' {
  const today = shanghaiDate(atMs);
  if (!isSendingDay(today, calendar)) return 'nothing';
  const [opens = '', closes = ''] = hours.split('-');
  return atMs >= timeOfDayMs(today, opens) && atMs < timeOfDayMs(today, closes) ? 'all' : 'minutes';
}

/** The same time of day on the working day before. */
export function workingDayBefore(atMs: number, calendar: WorkingCalendar): number {
  const today = shanghaiDate(atMs);
  let day = addDays(today, -1);
  while (!isSendingDay(day, calendar)) day = addDays(day, -1);
  return startOfDayMs(day) + atMs - startOfDayMs(today);
}

/**
 * What a reminder says of deadlines: `before`, `day`, `overdue`, `escalated/3` after so many working days, or
 * `urged/2026-11-23` where somebody urged it that day (催办).
 */
export type ReminderStage = 'before' | 'day' | 'overdue' | `escalated/${number}` | `urged/${CalendarDate}`;

/** What people read for it. */
export function stageName(stage: ReminderStage): string {
  if (stage === 'before') return '即将到期';
  if (stage === 'day') return '今日到期';
  if (stage.startsWith('urged/')) return '催办';
  const days = stage.startsWith('escalated/') ? Number(stage.slice('escalated/'.length)) : 0;
  return days === 0 ? '逾期' : `逾期满${days}个工作日`;
}

interface Named {
  rule: string;
  article: string;
  basis: Basis;
  kind: Duty;
}

/** What a message to a unit, or to the management unit, holds: subjects and numbers, nothing personal. */
export interface ReminderBody {
  at: string;
  totals: Record<Basis, number>;
  counts: (Named & { stage: ReminderStage; count: number })[];
  /** Whose they are, where that is not the unit itself. */
  units: { unit: string; count: number }[];
  /** The first ones. */
  tasks: (Named & { stage: ReminderStage; subject: string; unit: string; dueAt: string })[];
  /** Earlier messages on overdue statutory deadlines that nobody has acknowledged (未确认). */
  unacknowledged: { id: number; unit: string; createdAt: string }[];
  /** Of a message that somebody has sent (催办): which unit, and what it says of which subject. */
  urged?: { by: string; notes: { subject: string; note: string }[] };
}

/** Numbers of the daily summary of one basis that are compared with those of the one before. */
export interface DigestCounts {
  overdue: number;
  dueToday: number;
  noCalendar: number;
  suspended: number;
}

/** The daily summary (每日简报) for the management unit. */
export interface DigestBody {
  at: string;
  temporal: 'up' | 'away';
  /** Null: of a time when they were counted in one number. */
  counts: Record<Basis, DigestCounts> | null;
  /** The summary before, and when it was made. */
  before: { at: string; counts: Record<Basis, DigestCounts> } | null;
  /** Overdue by unit and article, the most first. */
  overdue: (Omit<Named, 'kind'> & { unit: string; count: number; since: string })[];
}

export type MessageKind = 'reminder' | 'escalation' | 'digest';
export type MessageBody = ReminderBody | DigestBody;

/** A message in words. */
export interface MessageText {
  subject: string;
  text: string;
}

/** A message as its contact reads it. */
export function messageText(id: number, unit: string, kind: MessageKind, body: MessageBody): MessageText {
  return 'temporal' in body ? digestText(unit, body) : reminderText(id, unit, kind, body);
}

function reminderText(id: number, unit: string, kind: MessageKind, body: ReminderBody): MessageText {
  const { at, counts, units, tasks, unacknowledged, urged } = body;
  const title = urged ? '时限任务催办' : kind === 'escalation' ? '时限任务逾期升级' : '时限任务提醒';
  const summary = EVERY_BASIS.flatMap((basis) => {
    const byStage = new Map<string, number>();
    for (const { stage, count } of counts.filter((row) => row.basis === basis))
      byStage.set(stageName(stage), (byStage.get(stageName(stage)) ?? 0) + count);
    if (byStage.size === 0) return [];
    return `${BASES[basis].zh} ${[...byStage].map(([stage, count]) => `${stage} ${count} 项`).join('、')}`;
  }).join('，');
  const lines = [`${unit}：${summary}（${moment(at)} 核）`, '', '条款'];
  for (const { stage, count, ...rule } of counts)
    lines.push(`  ${ruleText(rule)} ${DUTIES[rule.kind].zh} · ${stageName(stage)} ${count} 项`);
  // Only what is statutory is escalated, and a message to a unit is of its own tasks.
  if (units.length > 0)
    lines.push('', `责任单位（${BASES.statutory.zh}）`, ...units.map((each) => `  ${each.unit} ${each.count} 项`));
  const isCut = tasks.length < counts.reduce((sum, { count }) => sum + count, 0);
  lines.push('', isCut ? `前 ${tasks.length} 项` : '任务');
  for (const { stage, subject, unit: owner, dueAt, ...rule } of tasks)
    lines.push(
      `  ${ruleText(rule)} ${subject}${units.length > 0 ? ` ${owner}` : ''} · ${stageName(stage)} · 到期 ${dueWallTime(Date.parse(dueAt))}`,
    );
  if (urged) lines.push('', `${urged.by}催办`, ...urged.notes.map(({ subject, note }) => `  ${subject}：${note}`));
  if (unacknowledged.length > 0) {
    lines.push('', '逾期提醒发出满一个工作日仍未确认');
    for (const { id: earlier, unit: owner, createdAt } of unacknowledged)
      lines.push(`  第 ${earlier} 号 ${owner} ${moment(createdAt)}`);
  }
  lines.push('', `收到请确认：./hub reminders ack ${id} --by 姓名`);
  return { subject: `${title}：${unit} ${summary}`, text: lines.join('\n') };
}

function digestText(unit: string, { at, temporal, counts, before, overdue }: DigestBody): MessageText {
  const lines = [`${unit}：每日简报，${moment(at)} 核（checked at ${moment(at).slice(11)}）`];
  const summary: string[] = [];
  for (const basis of counts ? EVERY_BASIS : []) {
    const [now, then] = [counts?.[basis], before?.counts[basis]];
    if (!now) continue;
    const line = (zh: string, name: keyof DigestCounts): string => {
      const change = now[name] - (then?.[name] ?? 0);
      const changed = before && `（较 ${moment(before.at)} ${change > 0 ? '+' : ''}${change}）`;
      return `${zh} ${now[name]} 项${changed ?? ''}`;
    };
    lines.push(
      '',
      BASES[basis].zh,
      line('逾期', 'overdue'),
      line('今日到期', 'dueToday'),
      line('日历未公布', 'noCalendar'),
      line('中止', 'suspended'),
    );
    summary.push(`${BASES[basis].zh}逾期 ${now.overdue} 项、今日到期 ${now.dueToday} 项`);
  }
  if (temporal === 'away') lines.push('', 'Temporal 不可达：流程暂停运行；以上数字直接取自台账，仍然有效');
  if (overdue.length > 0) lines.push('', '逾期（按单位、条款）');
  for (const { unit: owner, count, since, ...rule } of overdue)
    lines.push(`  ${owner} ${ruleText(rule)} ${count} 项，最早到期 ${dueWallTime(Date.parse(since))}`);
  if (temporal === 'away') summary.push('Temporal 不可达');
  return {
    subject: `每日简报 ${moment(at).slice(0, 10)}${summary.length > 0 ? '：' : ''}${summary.join('，')}`,
    text: lines.join('\n'),
  };
}

const ruleText = ({ rule, article, basis }: Omit<Named, 'kind'>): string =>
  `${rule} ${article}${basis === 'internal' ? '（内控时限）' : ''}`;

const moment = (at: string): string => shanghaiWallTime(Date.parse(at)).slice(0, 16);
