import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { loadConfig } from '../../../settings/load.ts';
import { WorkingCalendar, withLocalDays, type YearTable } from '../../../domain/ledger/calendar.ts';
import { EVERY_STATE } from '../../../domain/ledger/duties.ts';
import { said } from '../../../domain/ledger/reasons.ts';
import { noteCalendar, previewCalendar, saveCalendar, type CalendarInForce } from '../../../store/ledger/calendar.ts';
import {
  changesOf,
  exemptObligation,
  openObligations,
  waitingWorkflows,
  meetObligations,
  dropObligations,
} from '../../../store/ledger/obligations.ts';
import { saveRules } from '../../../store/ledger/rules.ts';
import { findTask, listTasks, type Task } from '../../../store/ledger/tasks.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { dueOf } from '../../support/law/due-dates.ts';

const config = loadConfig({ folder: join(import.meta.dirname, '../../../config'), demo: true, jurisdiction: 'wuxi' });
const inForce = (tables: readonly YearTable[], dayEnds = '24:00'): CalendarInForce => ({
  tables,
  calendar: new WorkingCalendar(tables),
  dayEnds,
  longest: 20,
});
const at = (text: string): Date => new Date(`${text}+08:00`);
const NOW = at('2026-02-10T10:00:00');
const CLERK = { by: '张三', at: NOW };

describe('the ledger of deadlines', () => {
  let database: TestDatabase;
  before(async () => {
    database = await createDatabase();
    await saveRules(database.db, config.jurisdiction.rules);
    const { changed, name } = await saveCalendar(database.db, inForce(config.calendarTables), NOW);
    assert.ok(changed);
    await noteCalendar(database.db, name);
  });
  after(() => database.drop());

  const item = (subject: string, startedAt: Date, extra: object = {}) => ({
    subject,
    ownerCode: 'U1',
    ownerName: '甲局',
    startedAt,
    ...extra,
  });
  async function task(subject: string, rule: string, now = NOW): Promise<Task> {
    const found = await listTasks(database.db, now, { states: EVERY_STATE, subject, rule, limit: 10 });
    assert.equal(found.length, 1, subject);
    return found[0]!;
  }

  it('opens one deadline for each rule of the duty, once, due when the domain’s calendar says', async () => {
    const { db } = database;
    const items = [item('dispute/1', NOW, { workflowId: 'dispute:1' })];
    assert.equal(await openObligations(db, 'dispute-answer', items, CLERK), 1);
    assert.equal(await openObligations(db, 'dispute-answer', items, CLERK), 0);
    const found = await task('dispute/1', 'WX-18c');
    assert.deepEqual(
      [found.article, found.basis, found.owner, found.dueAt, found.calendar, found.state, found.workingDays],
      ['第十八条', 'statutory', '甲局', at('2026-02-24T24:00:00'), '2026/1', 'open', 5],
    );
    assert.equal(await openObligations(db, 'dispute-hand-up', items, CLERK), 0, 'Wuxi has no such rule');
    assert.deepEqual(await waitingWorkflows(db, '', 10), ['dispute:1']);
  });

  it('every term of every length from every day is the one that the domain counts', async () => {
    const { rows } = await database.db.raw<{ rows: { start: string; days: number; due: Date; calendar: string }[] }>(
      `SELECT start_on::text AS start, working_days AS days, ends_at AS due, calendar FROM term_end ORDER BY random() LIMIT 3000`,
    );
    assert.equal(rows.length, 3000);
    for (const { start, days, due, calendar } of rows) {
      const expected = dueOf({ workingDays: days }, at(`${start}T12:00:00`).getTime(), config.calendar, '24:00');
      assert.ok(expected.at !== null);
      const [date = ''] = expected.at.split('T');
      assert.deepEqual([due, calendar], [at(`${date}T24:00:00`), expected.calendar], `${start} ${days}`);
    }
  });

  it('its state follows from the clock alone: open, due soon on the last day, overdue; met, met late', async () => {
    const { db } = database;
    const items = ['a', 'b', 'c'].map((name) => item(`state/${name}`, NOW));
    await openObligations(db, 'dispute-mark', items, CLERK);
    const states = async (now: string) => (await task('state/a', 'WX-18b', at(now))).state;
    assert.equal(await states('2026-02-10T23:59:59'), 'open');
    assert.equal(await states('2026-02-11T00:00:00'), 'due soon');
    assert.equal(await states('2026-02-11T23:59:59'), 'due soon');
    assert.equal(await states('2026-02-12T00:00:00'), 'overdue');
    await meetObligations(db, { subjects: ['state/a'] }, { by: '李四', at: at('2026-02-11T24:00:00') });
    await meetObligations(db, { subjects: ['state/b'] }, { by: '李四', at: at('2026-02-12T00:00:01') });
    await dropObligations(db, { subjects: ['state/c'] }, { by: '李四', at: NOW, reason: said('撤回') });
    assert.equal(await states('2026-03-01T00:00:00'), 'met');
    assert.equal((await task('state/b', 'WX-18b')).state, 'met late');
    assert.equal((await task('state/c', 'WX-18b')).state, 'cancelled');
    assert.equal(await meetObligations(db, { subjects: ['state/a'] }, CLERK), 0, 'what has ended stays');
  });

  it('an exemption keeps its reason, document and approver, and what was before it', async () => {
    const { db } = database;
    await openObligations(db, 'dispute-mark', [item('exempt/1', at('2026-01-05T10:00:00'))], CLERK);
    const { id, state } = await task('exempt/1', 'WX-18b');
    assert.equal(state, 'overdue');
    const decision = { by: '李处长', at: NOW, reason: said('机房断电'), document: '锡容错〔2026〕3号' };
    assert.equal(await exemptObligation(db, id, decision), true);
    assert.equal(await exemptObligation(db, id, decision), false);
    assert.equal((await findTask(db, id, NOW))?.state, 'exempted');
    const changes = await changesOf(db, id);
    assert.deepEqual(
      changes.map(({ by, reason, document, exemptedAt }) => [by, reason, document, exemptedAt !== null]),
      [
        ['张三', null, null, false],
        ['李处长', { code: 'said', text: '机房断电' }, '锡容错〔2026〕3号', true],
      ],
    );
  });

  it('opens and ends a hundred thousand in a few statements', async () => {
    const { db } = database;
    const items = Array.from({ length: 100_000 }, (_, index) => item(`bulk/${index}`, NOW));
    assert.equal(await openObligations(db, 'share-filing', items, CLERK), 100_000);
    const subjects = items.map(({ subject }) => subject);
    assert.equal(await meetObligations(db, { subjects }, CLERK), 100_000);
  });

  describe('and another calendar', () => {
    const table = (version: string, off: string[] = [], work: string[] = []): YearTable => ({
      year: 2027,
      version,
      source: 's',
      off,
      work,
    });

    it('a deadline beyond the published years is 日历未公布; the table of its year gives it its day', async () => {
      const { db } = database;
      await openObligations(
        db,
        'dispute-answer',
        [item('edge/1', at('2026-12-28T10:00:00'), { workflowId: 'dispute:9' })],
        CLERK,
      );
      const before = await task('edge/1', 'WX-18c', at('2027-03-01T00:00:00'));
      assert.deepEqual([before.state, before.dueAt, before.calendar], ['no calendar', null, null]);

      const tables = [...config.calendarTables, table('1', ['2027-01-01'])];
      const moved = await previewCalendar(db, inForce(tables));
      assert.deepEqual(
        moved.map(({ subject, from, to }) => [subject, from, to]),
        [['edge/1', null, at('2027-01-05T24:00:00')]],
      );
      assert.equal((await task('edge/1', 'WX-18c')).dueAt, null, 'a preview changes nothing');

      const { moved: count } = await saveCalendar(db, inForce(tables), NOW);
      assert.equal(count, 1);
      const after = await task('edge/1', 'WX-18c');
      assert.deepEqual(
        [after.state, after.dueAt, after.calendar],
        ['open', at('2027-01-05T24:00:00'), '2026/1 2027/1'],
      );
    });

    it('a corrected table moves what runs, keeps what it was, and leaves what has ended', async () => {
      const { db } = database;
      const done = await task('state/b', 'WX-18b');
      await openObligations(db, 'dispute-answer', [item('edge/2', at('2027-02-01T10:00:00'))], CLERK);
      const still = await task('edge/2', 'WX-18c');
      assert.equal(still.calendar, '2027/1');
      const tables = [...config.calendarTables, table('2', ['2027-01-01', '2027-01-04'], ['2027-01-09'])];
      const previewed = await previewCalendar(db, inForce(tables));
      const { moved: count } = await saveCalendar(db, inForce(tables), NOW);
      assert.deepEqual(
        [count, previewed.map(({ subject }) => subject)],
        [1, ['edge/1']],
        'what is said and what is written',
      );
      assert.deepEqual(await task('edge/2', 'WX-18c'), still);
      assert.equal((await changesOf(db, still.id)).length, 1, 'what does not move is not written');
      const moved = await task('edge/1', 'WX-18c');
      assert.deepEqual([moved.dueAt, moved.calendar], [at('2027-01-06T24:00:00'), '2026/1 2027/2']);
      assert.deepEqual(
        (await changesOf(db, moved.id)).map(({ by, dueAt, calendar }) => [by, dueAt, calendar]),
        [
          ['张三', null, null],
          ['hub', at('2027-01-05T24:00:00'), '2026/1 2027/1'],
          ['hub', at('2027-01-06T24:00:00'), '2026/1 2027/2'],
        ],
      );
      assert.deepEqual(await task('state/b', 'WX-18b'), done);
      const kept = await db('calendar_table').where({ year: 2027 }).orderBy('version').pluck<string[]>('version');
      assert.deepEqual(kept, ['1', '2']);
    });

    it('a table that changes under the same version is refused, and nothing is counted by it', async () => {
      const changed = [...config.calendarTables, table('2', ['2027-01-01'])];
      await assert.rejects(
        saveCalendar(database.db, inForce(changed), NOW),
        /2027 changed, and their version is still “2”/,
      );
      assert.deepEqual((await task('edge/1', 'WX-18c')).dueAt, at('2027-01-06T24:00:00'));
    });

    it('days of the city’s own are over the State Council’s, and their version says so', async () => {
      const local = withLocalDays(config.calendarTables, [{ date: '2026-02-11', work: false }]);
      await saveCalendar(database.db, inForce(local), NOW);
      const moved = await task('dispute/1', 'WX-18c');
      assert.deepEqual([moved.dueAt, moved.calendar], [at('2026-02-25T24:00:00'), '2026/1 local -02-11']);
      assert.equal((await task('edge/1', 'WX-18c')).state, 'no calendar', 'a table that is taken back is none');
    });

    it('the end of the day is the profile’s: close of business moves every deadline', async () => {
      await saveCalendar(database.db, inForce(config.calendarTables, '17:30'), NOW);
      assert.deepEqual((await task('dispute/1', 'WX-18c')).dueAt, at('2026-02-24T17:30:00'));
    });
  });
});
