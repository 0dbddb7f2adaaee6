import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Knex } from 'knex';
import { calendarOf, type HubConfig } from '../../../settings/load.ts';
import type { DisputeStep } from '../../../domain/casework/dispute.ts';
import type { YearTable } from '../../../domain/ledger/calendar.ts';
import { EVERY_STATE } from '../../../domain/ledger/duties.ts';
import { reasonInWords, said } from '../../../domain/ledger/reasons.ts';
import { findAlerts, saveAlerts } from '../../../store/ledger/alerts.ts';
import { countMoved, noteCalendar, previewCalendar, saveCalendar } from '../../../store/ledger/calendar.ts';
import {
  changesOf,
  exemptObligation,
  openObligations,
  meetObligations,
  dropObligations,
} from '../../../store/ledger/obligations.ts';
import { listTasks, type Task } from '../../../store/ledger/tasks.ts';
import { actOnCase } from '../../../store/casework/cases.ts';
import { DISPUTES, openDispute } from '../../../store/casework/disputes.ts';
import { unitFigures } from '../../../store/supervision/figures.ts';
import { calendarInForce } from '../../../store/apply-config.ts';
import { TABLE_2027 } from '../../support/law/calendars.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { at, deadlines, enact } from '../../support/law/enact.ts';

describe('a year whose calendar is missing', () => {
  let database: TestDatabase;
  let db: Knex;
  let config: HubConfig;
  before(async () => {
    database = await createDatabase();
    ({ db } = database);
    config = await enact(db, 'wuxi', at('2026-10-01'));
  });
  after(() => database.drop());

  const withTable = (table: YearTable): HubConfig => ({
    ...config,
    ...calendarOf([...config.publishedTables, table], config.jurisdiction),
  });
  async function take(table: YearTable, now: string): Promise<number> {
    const { moved, name } = await saveCalendar(db, calendarInForce(withTable(table)), at(now));
    await noteCalendar(db, name);
    return moved;
  }
  const open = (subject: string) =>
    openObligations(
      db,
      'dispute-answer',
      [{ subject, ownerCode: 'U1', ownerName: '甲局', startedAt: at('2026-12-28T10:00:00') }],
      { by: '张三', at: at('2026-12-28T10:00:00') },
    );
  async function task(subject: string): Promise<Task> {
    const [found] = await listTasks(db, at('2027-03-03'), {
      states: EVERY_STATE,
      subject,
      rule: 'WX-18c',
      limit: 1,
    });
    assert.ok(found, subject);
    return found;
  }

  describe('alerts', () => {
    const alerts = async (now: string) => findAlerts(db, 'calendar-missing', at(now));

    it('tell it from 1 November on, Shanghai time', async () => {
      assert.deepEqual(await alerts('2026-10-31T23:59:59'), []);
      const [alert, ...others] = await alerts('2026-11-01T00:00:00');
      assert.deepEqual([alert?.subject, others], ['2027', []]);
      assert.match(alert?.message.zh ?? '', /^2027 年工作日表未导入/);
    });

    it('once in November, and each day anew from 1 December on, also when the year has begun', async () => {
      const raised = async (now: string): Promise<string[]> => {
        const found = await saveAlerts(db, 'calendar-missing', await alerts(now), at(now));
        return found.raised.map(({ subject }) => subject);
      };
      assert.deepEqual(await raised('2026-11-01T00:00:00'), ['2027']);
      assert.deepEqual(await raised('2026-11-30T23:59:00'), []);
      assert.deepEqual(await raised('2026-12-01T00:00:00'), ['2027 2026-12-01']);
      assert.deepEqual(await raised('2026-12-01T23:59:00'), []);
      assert.deepEqual(await raised('2026-12-02T00:00:00'), ['2027 2026-12-02']);
      assert.deepEqual(await raised('2027-01-04T09:00:00'), ['2027 2027-01-04']);
      assert.equal(
        await db('alert')
          .whereNull('cleared_at')
          .count()
          .first()
          .then((row) => Number(row?.count)),
        1,
      );
    });
  });

  it('what ended meanwhile is judged by the table once it is there: task, history and figures', async () => {
    const received = at('2026-12-28T10:00:00');
    const { id } = await openDispute(
      db,
      {
        source: 'hotline',
        ticket: 'T1',
        number: 'X',
        typeCode: null,
        objector: 'o',
        contact: 'c',
        statement: 's',
        raisedAt: received,
        receivedAt: received,
      },
      { by: '热线', at: received },
    );
    const act = (step: DisputeStep, now: string) => actOnCase(db, DISPUTES, id, step, { by: '张三', at: at(now) });
    await act({ action: 'mark' }, '2026-12-28T11:00:00');
    await act({ action: 'verify', upheld: false, answer: '记载无误' }, '2027-03-01T10:00:00');
    await act({ action: 'tell', receipt: '电话 0012' }, '2027-03-01T10:05:00');
    for (const subject of ['other/in-time', 'other/exempted', 'other/withdrawn', 'other/runs']) await open(subject);
    const ended = { by: '李四', at: at('2026-12-30T09:00:00') };
    await meetObligations(db, { subjects: ['other/in-time'] }, ended);
    await exemptObligation(db, (await task('other/exempted')).id, {
      ...ended,
      reason: said('机房断电'),
      document: '1号',
    });
    await dropObligations(db, { subjects: ['other/withdrawn'] }, { ...ended, reason: { code: 'said', text: '撤回' } });
    assert.deepEqual(await deadlines(db, `dispute/${id}`, at('2027-03-02')), [
      'WX-18c met never',
      'WX-18b met 12-30T00:00',
    ]);

    const moved = await previewCalendar(db, calendarInForce(withTable(TABLE_2027)));
    assert.deepEqual(countMoved(moved, at('2027-03-02')).statutory, {
      moved: 1,
      starting: 1,
      ending: 0,
      judged: 4,
      late: 1,
    });
    assert.equal(await take(TABLE_2027, '2027-03-02T10:00:00'), 5);

    const due = at('2027-01-05T24:00:00');
    assert.deepEqual(await deadlines(db, `dispute/${id}`, at('2027-03-02')), [
      'WX-18b met 12-30T00:00',
      'WX-18c met late 01-06T00:00',
    ]);
    const late = await task(`dispute/${id}`);
    assert.deepEqual([late.dueAt, late.calendar, late.endedAt], [due, '2026/1 2027/1', at('2027-03-01T10:05:00')]);
    assert.equal(reasonInWords(late.reason!).zh, '办结时日历未公布，日历到后据以判定是否按期');
    assert.deepEqual(
      (await changesOf(db, late.id)).slice(-2).map(({ by, dueAt, metAt, reason }) => [by, dueAt, metAt, reason]),
      [
        ['张三', null, at('2027-03-01T10:05:00'), null],
        ['hub', due, at('2027-03-01T10:05:00'), { code: 'calendar-arrived' }],
      ],
    );
    for (const [subject, state, reason] of [
      ['in-time', 'met', { code: 'calendar-arrived' }],
      ['exempted', 'exempted', { code: 'said', text: '机房断电' }],
      ['withdrawn', 'cancelled', { code: 'said', text: '撤回' }],
      ['runs', 'overdue', null],
    ] as const) {
      const found = await task(`other/${subject}`);
      assert.deepEqual([found.state, found.dueAt, found.reason], [state, due, reason], subject);
    }
    const [unit] = await unitFigures(db, {
      unit: late.ownerCode,
      from: at('2026-12-01'),
      to: at('2027-04-01'),
      at: at('2027-03-15'),
    });
    const figure = unit?.duties.find(({ duty }) => duty === 'dispute-answer');
    assert.deepEqual([figure?.numerator, figure?.denominator, figure?.late], [0, 1, 1]);
  });

  it('a later version of the table leaves what has been judged; the alert is over', async () => {
    const judged = await task('other/in-time');
    const off = [...TABLE_2027.off, '2027-01-04'];
    await take({ ...TABLE_2027, version: '2', off }, '2027-03-03T10:00:00');
    assert.deepEqual(await task('other/in-time'), judged);
    assert.deepEqual((await task('other/runs')).dueAt, at('2027-01-06T24:00:00'));
    assert.deepEqual(await findAlerts(db, 'calendar-missing', at('2027-03-03')), []);
  });

  it('a notice that sets days of the year before moves deadlines of both years', async () => {
    const item = { subject: 'both/1', ownerCode: 'U1', ownerName: '甲局', startedAt: at('2026-12-30T10:00:00') };
    await openObligations(db, 'dispute-mark', [item], { by: '张三', at: at('2026-12-30T10:00:00') });
    const due = async () =>
      (await listTasks(db, at('2026-12-30T11:00:00'), { states: EVERY_STATE, subject: 'both/1', limit: 1 }))[0];
    assert.deepEqual((await due())?.dueAt, at('2026-12-31T24:00:00'));
    const off = ['2026-12-31', ...TABLE_2027.off];
    await take({ ...TABLE_2027, version: '3', off }, '2026-12-30T12:00:00');
    const after = await due();
    assert.deepEqual([after?.dueAt, after?.calendar], [at('2027-01-04T24:00:00'), '2026/1+2027/3 2027/3']);
    const versions = await db('calendar_table').whereIn('year', [2026, 2027]).orderBy(['year', 'version']);
    assert.deepEqual(
      versions.map(({ year, version }: { year: number; version: string }) => `${year}/${version}`),
      ['2026/1', '2026/1+2027/3', '2027/1', '2027/2', '2027/3'],
    );
  });
});
