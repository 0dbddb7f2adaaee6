import { reasonInWords } from '../../../domain/ledger/reasons.ts';
import type { Knex } from 'knex';
import { z } from 'zod';
import type { HubConfig } from '../../../settings/load.ts';
import { maskNumbers } from '../../../domain/library/personal.ts';
import { ROLES, type Permission } from '../../../domain/access.ts';
import { assessmentWorkbook } from '../../../domain/supervision/assessment.ts';
import { AUDITED, detailInWords } from '../../../domain/console/audit.ts';
import { shanghaiWallTime } from '../../../domain/dates.ts';
import { DISPUTE_ENDS, DISPUTE_SOURCES, DISPUTE_STAGES, disputeStage } from '../../../domain/casework/dispute.ts';
import { DUTIES, OBLIGATION_STATES, RUNNING_STATES } from '../../../domain/ledger/duties.ts';
import type { CaseKind } from '../../../domain/ids.ts';
import { OUTAGE_STAGES, outageStage, STOPPED_WORK } from '../../../domain/casework/outage.ts';
import { SHARE_OUTCOMES } from '../../../domain/casework/share-request.ts';
import { DELIVERIES, STREAM_STATES, streamReason } from '../../../domain/streams.ts';
import { findingUnder, INSPECTIONS, STAGES } from '../../../domain/supervision/findings.ts';
import { itemOf } from '../../../domain/supervision/sanctions.ts';
import { readAssessment } from '../../../store/supervision/assessment.ts';
import { countAudit, listAudit, type AuditEntry } from '../../../store/console/audit.ts';
import { listDisputes, type Dispute } from '../../../store/casework/disputes.ts';
import { listOutages, type Outage } from '../../../store/casework/outages.ts';
import { streamStates, type StreamState } from '../../../store/collection/overview.ts';
import { listShareRequests, type ShareRequest } from '../../../store/casework/share-requests.ts';
import { countFindings, listFindings, type Finding } from '../../../store/supervision/findings.ts';
import { countTasks, listTasks, type Task } from '../../../store/ledger/tasks.ts';
import { auditChoice, auditFilter } from './audit.ts';
import { withNextDue } from '../casework/case-view.ts';
import { disputeChoice, disputeFilter } from '../casework/disputes.ts';
import { figureFilter, periodOf } from '../supervision/figures.ts';
import { outageFilter } from '../casework/outages.ts';
import { shareChoice, shareFilter } from '../casework/share-requests.ts';
import { streamCursor, streamFilter, streamLook } from '../collection/streams.ts';
import { findingChoice, findingFilter } from '../supervision/findings.ts';
import { taskChoice, taskFilter } from '../ledger/tasks.ts';

/** Whose rows, as of when, in which hub. */
interface Seen {
  at: Date;
  units: readonly string[] | null;
  config: HubConfig;
}

interface Export<F extends z.ZodType> {
  zh: string;
  en: string;
  /** What somebody needs who takes it out. */
  needs: Permission;
  /** As of the list on the screen. */
  filter: F;
  /** The filter in words, for the sheet 说明 and for the audit: nothing personal. */
  says: (filter: z.output<F>) => [label: string, value: string | undefined][];
}

/** A list that is written row by row. */
export interface ListExport<F extends z.ZodType, R> extends Export<F> {
  columns: readonly (readonly [head: string, value: (row: R) => string])[];
  /** A page of it; `after` is what was made of the last row before, null at the beginning. */
  read: (db: Knex, filter: z.output<F>, page: Seen & { after: unknown; limit: number }) => Promise<R[]>;
  afterOf: (row: R) => unknown;
  /** How many rows there are, for the progress of one that takes longer; left out where a list never gets so long. */
  count?: (db: Knex, filter: z.output<F>, seen: Seen) => Promise<number>;
}

/** A workbook of several sheets, made at once, and how many rows its first list has. */
interface BookExport<F extends z.ZodType> extends Export<F> {
  build: (db: Knex, filter: z.output<F>, seen: Seen & { by: string }) => Promise<[book: Buffer, rows: number]>;
}

/** Something that can be taken out, whatever its rows and filter are. */
export type AnyExport = ListExport<z.ZodType, unknown> | BookExport<z.ZodType>;

const list = <F extends z.ZodType, R>(given: ListExport<F, R>) => given as unknown as AnyExport & { filter: F };
const book = <F extends z.ZodType>(given: BookExport<F>) => given as unknown as AnyExport & { filter: F };

const instant = (at: Date | null): string => (at === null ? '' : shanghaiWallTime(at.getTime()));
const names = <K extends string>(of: Record<K, { zh: string }>, keys: readonly K[] | undefined): string | undefined =>
  keys?.map((key) => of[key].zh).join('、');
const span = (from: string | undefined, to: string | undefined): string | undefined =>
  from === undefined && to === undefined ? undefined : `${from ?? ''} 至 ${to ?? ''}`;

const openOnly = (open: boolean | undefined): [string, string | undefined] => ['范围', open ? '未办结' : undefined];
const yesNo = (value: boolean | null): string => (value === null ? '' : value ? '成立' : '不成立');
const lastId = (after: unknown): number | undefined => z.int().nullable().parse(after) ?? undefined;
const taskCursor = z.tuple([z.string().nullable(), z.int()]).nullable();

/** A finding in the words of the profile. */
type NamedFinding = Finding & { stageName: string; itemName: string };

type Due<T> = T & { nextDueAt: Date | null; overdue: boolean };
const withDue = <T extends { id: number; kind: CaseKind }>(db: Knex, at: Date, rows: readonly T[]): Promise<Due<T>[]> =>
  withNextDue({ db, now: () => at }, rows);

/** What can be taken out as a workbook (xlsx): a list more is an entry more. */
export const EXPORTS = {
  tasks: list<typeof taskFilter, Task>({
    zh: '时限任务',
    en: 'Deadlines',
    needs: 'tasks:read',
    filter: taskFilter,
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
      ['原因', ({ reason }) => (reason === null ? '' : reasonInWords(reason).zh)],
      ['文号', ({ document }) => document ?? ''],
    ],
    read: (db, filter, { at, units, after, limit }) => {
      const last = taskCursor.parse(after);
      return listTasks(db, at, {
        ...taskChoice(filter),
        units,
        limit,
        after: last === null ? undefined : { dueAt: last[0] === null ? null : new Date(last[0]), id: last[1] },
      });
    },
    afterOf: ({ dueAt, id }) => [dueAt?.toISOString() ?? null, id],
    count: (db, filter, { at, units }) => countTasks(db, at, { ...taskChoice(filter), units }),
  }),

  findings: list<typeof findingFilter, NamedFinding>({
    zh: '问题整改',
    en: 'Findings',
    needs: 'supervision:read',
    filter: findingFilter,
    says: ({ stage, kind, unit, ended }) => [
      ['阶段', names(STAGES, stage) ?? (ended === 'yes' ? '全部' : '未了结')],
      ['方式', kind && INSPECTIONS[kind].zh],
      ['单位', unit],
    ],
    columns: [
      ['编号', ({ id }) => String(id)],
      ['阶段', ({ stageName }) => stageName],
      ['单位', ({ unit }) => unit],
      ['单位代码', ({ unitCode }) => unitCode],
      ['方式', ({ kind }) => INSPECTIONS[kind].zh],
      ['数据流', ({ stream }) => stream ?? ''],
      ['事实', ({ facts }) => facts],
      ['发现时间', ({ foundAt }) => instant(foundAt)],
      ['下达时间', ({ orderedAt }) => instant(orderedAt)],
      ['要求', ({ demand }) => demand ?? ''],
      ['所属项', ({ itemName }) => itemName],
      // An internal term rests on no article.
      ['条款', ({ deadline }) => (deadline?.basis === 'statutory' ? deadline.article : '')],
      ['到期', ({ deadline }) => instant(deadline?.dueAt ?? null)],
      ['期限状态', ({ deadline }) => (deadline ? OBLIGATION_STATES[deadline.state].zh : '')],
      ['报告整改', ({ reportedAt }) => instant(reportedAt)],
      ['文书文号', ({ notices }) => notices.join(' ')],
      ['了结时间', ({ endedAt }) => instant(endedAt)],
    ],
    read: async (db, filter, { at, units, after, limit, config }) => {
      const choice = { ...findingChoice(filter), units, limit, after: lastId(after) };
      const { supervision } = config.jurisdiction;
      const { stages } = findingUnder(supervision);
      return (await listFindings(db, at, choice)).map((finding) => {
        const item = itemOf(supervision, finding);
        const itemName = item === null ? '' : `（${item.id}）${item.text}`;
        return { ...finding, stageName: stages[finding.stage].zh, itemName };
      });
    },
    afterOf: ({ id }) => id,
    count: (db, filter, { units }) => countFindings(db, { ...findingChoice(filter), units }),
  }),

  disputes: list<typeof disputeFilter, Due<Dispute>>({
    zh: '异议',
    en: 'Disputes',
    needs: 'disputes:read',
    filter: disputeFilter,
    says: ({ stage, open, issuer, number }) => [
      ['阶段', names(DISPUTE_STAGES, stage)],
      openOnly(open),
      ['发证单位', issuer],
      ['证照编号', number === undefined ? undefined : maskNumbers(number)],
    ],
    columns: [
      ['编号', ({ id }) => String(id)],
      ['阶段', (row) => DISPUTE_STAGES[disputeStage(row)].zh],
      ['办结方式', ({ closedAs }) => (closedAs === null ? '' : DISPUTE_ENDS[closedAs].zh)],
      ['轮次', ({ round }) => String(round)],
      ['证照编号', ({ number }) => number],
      ['证照类型代码', ({ typeCode }) => typeCode ?? ''],
      ['发证单位', ({ issuerName }) => issuerName ?? ''],
      ['单位代码', ({ issuerCode }) => issuerCode ?? ''],
      ['来源', ({ source }) => DISPUTE_SOURCES[source]?.zh ?? source],
      ['工单号', ({ ticket }) => ticket ?? ''],
      ['提出', ({ raisedAt }) => instant(raisedAt)],
      ['送达发证单位', ({ receivedAt }) => instant(receivedAt)],
      ['确认接收', ({ acknowledgedAt }) => instant(acknowledgedAt)],
      ['标注', ({ markedAt }) => instant(markedAt)],
      ['核实', ({ verifiedAt }) => instant(verifiedAt)],
      ['核实结果', ({ upheld }) => yesNo(upheld)],
      ['更正', ({ correctedAt }) => instant(correctedAt)],
      ['告知', ({ toldAt }) => instant(toldAt)],
      ['最近到期', ({ nextDueAt }) => instant(nextDueAt)],
      ['是否逾期', ({ overdue }) => (overdue ? '逾期' : '')],
      ['办结', ({ closedAt }) => instant(closedAt)],
    ],
    read: async (db, filter, { at, units, after, limit }) =>
      withDue(db, at, await listDisputes(db, { ...disputeChoice(filter), units, before: lastId(after), limit })),
    afterOf: ({ id }) => id,
  }),

  outages: list<typeof outageFilter, Due<Outage>>({
    zh: '不可抗力与补录',
    en: 'Outages',
    needs: 'outages:read',
    filter: outageFilter,
    says: ({ open, unit }) => [openOnly(open), ['上报单位', unit]],
    columns: [
      ['编号', ({ id }) => String(id)],
      ['状态', (row) => OUTAGE_STAGES[outageStage(row)].zh],
      ['上报单位', ({ unitName }) => unitName],
      ['单位代码', ({ unitCode }) => unitCode],
      ['原因', ({ cause }) => cause],
      ['停办业务', ({ kinds }) => names(STOPPED_WORK, kinds) ?? ''],
      ['数据流', ({ streams }) => streams.map(({ title }) => title).join('、')],
      ['已核验', ({ streams }) => String(streams.filter(({ provenAt }) => provenAt !== null).length)],
      ['发生', ({ beganAt }) => instant(beganAt)],
      ['上报', ({ reportedAt }) => instant(reportedAt)],
      ['证明材料', ({ evidenceName }) => evidenceName ?? ''],
      ['最近到期', ({ nextDueAt }) => instant(nextDueAt)],
      ['是否逾期', ({ overdue }) => (overdue ? '逾期' : '')],
      ['办结', ({ closedAt }) => instant(closedAt)],
    ],
    read: async (db, filter, { at, units, after, limit }) =>
      withDue(db, at, await listOutages(db, { ...filter, units, before: lastId(after), limit })),
    afterOf: ({ id }) => id,
  }),

  'share-requests': list<typeof shareFilter, Due<ShareRequest>>({
    zh: '共享申请',
    en: 'Share requests',
    needs: 'share:read',
    filter: shareFilter,
    says: ({ open, outcome, unit }) => [openOnly(open), ['结果', names(SHARE_OUTCOMES, outcome)], ['用证单位', unit]],
    columns: [
      ['编号', ({ id }) => String(id)],
      ['用证单位', ({ unitName }) => unitName],
      ['单位代码', ({ unitCode }) => unitCode],
      ['需要的证照', ({ wanted }) => wanted],
      ['应用场景', ({ scenario }) => scenario],
      ['需求产生', ({ neededAt }) => instant(neededAt)],
      ['提出', ({ requestedAt }) => instant(requestedAt)],
      ['结果', ({ outcome }) => (outcome === null ? '' : SHARE_OUTCOMES[outcome].zh)],
      ['答复', ({ outcomeText }) => outcomeText ?? ''],
      ['答复时间', ({ decidedAt }) => instant(decidedAt)],
      ['最近到期', ({ nextDueAt }) => instant(nextDueAt)],
      ['是否逾期', ({ overdue }) => (overdue ? '逾期' : '')],
      ['办结', ({ closedAt }) => instant(closedAt)],
    ],
    read: async (db, filter, { at, units, after, limit }) =>
      withDue(db, at, await listShareRequests(db, { ...shareChoice(filter), units, before: lastId(after), limit })),
    afterOf: ({ id }) => id,
  }),

  streams: list<typeof streamFilter, StreamState>({
    zh: '归集',
    en: 'Streams',
    needs: 'streams:read',
    filter: streamFilter,
    says: ({ state, unit }) => [
      ['状态', names(STREAM_STATES, state)],
      ['单位', unit],
    ],
    columns: [
      ['数据流', ({ stream }) => stream],
      ['名称', ({ title }) => title],
      ['单位', ({ unit }) => unit],
      ['单位代码', ({ unitCode }) => unitCode],
      ['方式', ({ delivery }) => DELIVERIES[delivery].zh],
      ['状态', ({ state }) => STREAM_STATES[state].zh],
      ['原因', ({ state, facts }) => streamReason(state, facts).zh],
      ['最近成功', ({ lastSuccessAt }) => instant(lastSuccessAt)],
      ['已证实至', ({ coveredTo }) => instant(coveredTo)],
      ['源端（30 天）', ({ declared }) => String(declared)],
      ['读取（30 天）', ({ read }) => String(read)],
      ['入库（30 天）', ({ committed }) => String(committed)],
      ['其中不合格', ({ rejected }) => String(rejected)],
      ['缺口', ({ gaps }) => String(gaps)],
      ['未解决问题数据', ({ openRejects }) => String(openRejects)],
    ],
    read: (db, { unit, state }, { at, units, config, after, limit }) => {
      const [lastState, stream] = streamCursor.nullable().parse(after) ?? [];
      return streamStates(db, {
        ...streamLook(config, at),
        units,
        unit,
        states: state,
        limit,
        after: lastState === undefined || stream === undefined ? undefined : { state: lastState, stream },
      });
    },
    afterOf: ({ state, stream }) => [state, stream],
  }),

  audit: list<typeof auditFilter, AuditEntry>({
    zh: '审计',
    en: 'Audit',
    needs: 'audit:read',
    filter: auditFilter,
    says: ({ actor, object, action, address, from, to }) => [
      ['用户名', actor],
      ['操作', action === undefined ? undefined : (AUDITED[action]?.zh ?? action)],
      ['对象', object],
      ['来源地址', address],
      ['日期', span(from, to)],
    ],
    columns: [
      ['编号', ({ id }) => String(id)],
      ['时间', ({ at }) => instant(at)],
      ['用户名', ({ actor }) => actor],
      ['角色', ({ role }) => (role === null ? '' : ROLES[role].zh)],
      ['操作', ({ action }) => AUDITED[action]?.zh ?? action],
      ['对象', ({ object }) => object],
      ['来源地址', ({ address }) => address ?? ''],
      [
        '详情',
        (entry) =>
          detailInWords(entry, 'zh')
            .map(([label, value]) => `${label}：${value}`)
            .join('；'),
      ],
    ],
    read: (db, filter, { units, after, limit }) =>
      listAudit(db, { ...auditChoice(filter), units, before: lastId(after), limit }),
    afterOf: ({ id }) => id,
    count: (db, filter, { units }) => countAudit(db, { ...auditChoice(filter), units }),
  }),

  figures: book<typeof figureFilter>({
    zh: '考核',
    en: 'Assessment',
    needs: 'figures:read',
    // Refused when it is asked for, not when it is made.
    filter: figureFilter.refine(
      ({ from, to }) => (from === undefined) === (to === undefined) && (from ?? '') <= (to ?? ''),
      { path: ['to'], error: '起止日期须成对，先起后止 from and to, in their order' },
    ),
    says: ({ period, from, to }) => [['考核期', period ?? span(from, to) ?? '本月']],
    build: async (db, filter, { at, units, by, config }) => {
      const assessment = await readAssessment(db, config.jurisdiction, periodOf(filter, at), { at, units });
      return [assessmentWorkbook({ ...assessment, by }), assessment.units.length];
    },
  }),
};
export type ExportName = keyof typeof EXPORTS;
