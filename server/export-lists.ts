import type { Knex } from 'knex';
import { z } from 'zod';
import type { HubConfig } from '../config/load.ts';
import type { Permission } from '../domain/access.ts';
import { assessmentWorkbook } from '../domain/assessment.ts';
import { shanghaiWallTime } from '../domain/dates.ts';
import { DUTIES, OBLIGATION_STATES, RUNNING_STATES } from '../domain/duties.ts';
import { INSPECTIONS, STAGES } from '../domain/supervision.ts';
import { readAssessment } from '../store/assessment.ts';
import { countFindings, listFindings, type Finding } from '../store/supervision.ts';
import { countTasks, listTasks, type Task } from '../store/tasks.ts';
import { figureFilter, periodOf } from './api/figures.ts';
import { findingChoice, findingFilter } from './api/supervision.ts';
import { taskChoice, taskFilter } from './api/tasks.ts';

/** Whose rows, as of when. */
interface Seen {
  at: Date;
  units: readonly string[] | null;
}

interface Export<F> {
  zh: string;
  en: string;
  /** What somebody needs who takes it out. */
  needs: Permission;
  /** As of the list on the screen. */
  filter: z.ZodType<F>;
  /** The filter in words, for the sheet 说明 and for the audit: nothing personal. */
  says: (filter: F) => [label: string, value: string | undefined][];
}

/** A list that is written row by row. */
export interface ListExport<F, R> extends Export<F> {
  columns: readonly (readonly [head: string, value: (row: R) => string])[];
  /** A page of it; `after` is what was made of the last row before, null at the beginning. */
  read: (db: Knex, filter: F, page: Seen & { after: unknown; limit: number }) => Promise<R[]>;
  afterOf: (row: R) => unknown;
  /** How many rows there are, for the progress of one that takes longer. */
  count: (db: Knex, filter: F, seen: Seen) => Promise<number>;
}

/** A workbook of several sheets, made at once, and how many rows its first list has. */
interface BookExport<F> extends Export<F> {
  build: (db: Knex, config: HubConfig, filter: F, seen: Seen & { by: string }) => Promise<[book: Buffer, rows: number]>;
}

/** Something that can be taken out, whatever its rows and filter are. */
export type AnyExport = ListExport<unknown, unknown> | BookExport<unknown>;

const list = <F, R>(given: ListExport<F, R>): AnyExport => given as unknown as AnyExport;
const book = <F>(given: BookExport<F>): AnyExport => given as unknown as AnyExport;

const instant = (at: Date | null): string => (at === null ? '' : shanghaiWallTime(at.getTime()));
const names = <K extends string>(of: Record<K, { zh: string }>, keys: readonly K[] | undefined): string | undefined =>
  keys?.map((key) => of[key].zh).join('、');
const span = (from: string | undefined, to: string | undefined): string | undefined =>
  from === undefined && to === undefined ? undefined : `${from ?? ''} 至 ${to ?? ''}`;

const taskCursor = z.tuple([z.string().nullable(), z.int()]).nullable();

/** What can be taken out as a workbook (xlsx): a list more is an entry more. */
export const EXPORTS: Readonly<Record<string, AnyExport>> = {
  tasks: list<z.output<typeof taskFilter>, Task>({
    ...{ zh: '时限任务', en: 'Deadlines', needs: 'tasks:read', filter: taskFilter },
    says: ({ state, kind, unit, rule, subject, dueFrom, dueTo }) => [
      ['状态', names(OBLIGATION_STATES, state ?? RUNNING_STATES)],
      ['事项', names(DUTIES, kind)],
      ['责任单位', unit],
      ['规则', rule],
      ['对象', subject],
      ['到期日', span(dueFrom, dueTo)],
    ],
    columns: [
      ['编号', ({ id }) => String(id)],
      ['状态', ({ state }) => OBLIGATION_STATES[state].zh],
      ['责任单位', ({ owner }) => owner],
      ['单位代码', ({ ownerCode }) => ownerCode],
      ['事项', ({ kind }) => DUTIES[kind].zh],
      ['规则', ({ rule }) => rule],
      ['条款', ({ article }) => article],
      ['时限性质', ({ basis }) => (basis === 'internal' ? '内控时限' : '法定时限')],
      ['对象', ({ subject }) => subject],
      ['起算', ({ startedAt }) => instant(startedAt)],
      ['到期', ({ dueAt }) => (dueAt === null ? '日历未公布' : instant(dueAt))],
      ['日历版本', ({ calendar }) => calendar ?? ''],
      ['办结', ({ endedAt }) => instant(endedAt)],
      ['原因', ({ reason }) => reason ?? ''],
      ['文号', ({ document }) => document ?? ''],
    ],
    read: (db, filter, { at, units, after, limit }) => {
      const last = taskCursor.parse(after);
      return listTasks(db, at, {
        ...{ ...taskChoice(filter), units, limit },
        after: last === null ? undefined : { dueAt: last[0] === null ? null : new Date(last[0]), id: last[1] },
      });
    },
    afterOf: ({ dueAt, id }) => [dueAt?.toISOString() ?? null, id],
    count: (db, filter, { at, units }) => countTasks(db, at, { ...taskChoice(filter), units }),
  }),

  findings: list<z.output<typeof findingFilter>, Finding>({
    ...{ zh: '责令与通报', en: 'Findings', needs: 'supervision:read', filter: findingFilter },
    says: ({ stage, kind, unit, ended }) => [
      ['阶段', names(STAGES, stage) ?? (ended === 'yes' ? '全部' : '未了结')],
      ['方式', kind && INSPECTIONS[kind].zh],
      ['单位', unit],
    ],
    columns: [
      ['编号', ({ id }) => String(id)],
      ['阶段', ({ stage }) => STAGES[stage].zh],
      ['单位', ({ unit }) => unit],
      ['单位代码', ({ unitCode }) => unitCode],
      ['方式', ({ kind }) => INSPECTIONS[kind].zh],
      ['数据流', ({ stream }) => stream ?? ''],
      ['事实', ({ facts }) => facts],
      ['发现时间', ({ foundAt }) => instant(foundAt)],
      ['责令时间', ({ orderedAt }) => instant(orderedAt)],
      ['要求', ({ demand }) => demand ?? ''],
      ['条款', ({ deadline }) => deadline?.article ?? ''],
      ['到期', ({ deadline }) => instant(deadline?.dueAt ?? null)],
      ['期限状态', ({ deadline }) => (deadline ? OBLIGATION_STATES[deadline.state].zh : '')],
      ['报告整改', ({ reportedAt }) => instant(reportedAt)],
      ['通报文号', ({ notices }) => notices.join(' ')],
      ['了结时间', ({ endedAt }) => instant(endedAt)],
    ],
    read: (db, filter, { at, units, after, limit }) =>
      listFindings(db, at, {
        ...{ ...findingChoice(filter), units, limit },
        after: z.int().nullable().parse(after) ?? undefined,
      }),
    afterOf: ({ id }) => id,
    count: (db, filter, { units }) => countFindings(db, { ...findingChoice(filter), units }),
  }),

  figures: book<z.output<typeof figureFilter>>({
    ...{ zh: '考核', en: 'Assessment', needs: 'figures:read', filter: figureFilter },
    says: ({ period, from, to }) => [['考核期', period ?? span(from, to) ?? '本月']],
    build: async (db, { jurisdiction }, filter, { at, units, by }) => {
      const assessment = await readAssessment(db, jurisdiction, periodOf(filter, at), { at, units });
      return [assessmentWorkbook({ ...assessment, by }), assessment.units.length];
    },
  }),
};
