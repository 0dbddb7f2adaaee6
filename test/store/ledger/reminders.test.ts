import assert from 'node:assert/strict';
import { join } from 'node:path';
import { said } from '../../../domain/ledger/reasons.ts';
import { after, before, beforeEach, describe, it } from 'node:test';
import { faultInWords } from '../../../domain/faults.ts';
import { loadConfig } from '../../../settings/load.ts';
import { LONGEST_TERM } from '../../../settings/schemas/jurisdiction.ts';
import type { DigestBody, MessageBody, ReminderBody } from '../../../domain/ledger/reminders.ts';
import { findAlerts } from '../../../store/ledger/alerts.ts';
import { saveCalendar } from '../../../store/ledger/calendar.ts';
import {
  endContact,
  fileContact,
  followContacts,
  listContacts,
  type NewContact,
} from '../../../store/ledger/contacts.ts';
import { openDatabase } from '../../../store/database.ts';
import {
  exemptObligation,
  openObligations,
  meetObligations,
  dropObligations,
} from '../../../store/ledger/obligations.ts';
import {
  acknowledgeReminder,
  claimReminders,
  deferReminder,
  giveUpChannel,
  holdDigest,
  holdRound,
  listReminders,
  markReminderSent,
  urge,
  type Reach,
} from '../../../store/ledger/reminders.ts';
import { saveHub, saveRules } from '../../../store/ledger/rules.ts';
import { saveStreams } from '../../../store/collection/streams.ts';
import { findTask } from '../../../store/ledger/tasks.ts';
import { configuredStreams } from '../../../store/apply-config.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';

const config = loadConfig({ folder: join(import.meta.dirname, '../../../config'), demo: true, jurisdiction: 'wuxi' });
const { calendar } = config;
const at = (text: string): Date => new Date(`${text}+08:00`);
const NOW = at('2026-11-23T10:00:00');
const CLERK = { by: '李处长', at: NOW };
const ALL: Reach = { channels: ['email', 'webhook', 'sms'], keyedUnits: ['U1', 'U2', 'M'] };

describe('reminders', () => {
  let database: TestDatabase;
  before(async () => {
    database = await createDatabase();
    await saveRules(database.db, config.jurisdiction.rules);
    await saveHub(database.db, {
      management: { code: 'M', name: '管理办' },
      taskQueue: 'hub',
      disputeReceipt: 'registered',
      oldestDays: 366,
      catalogRequired: [],
      deliveryThrough: [],
    });
    const inForce = { tables: config.calendarTables, calendar, dayEnds: '24:00', longest: LONGEST_TERM };
    await saveCalendar(database.db, inForce, NOW);
  });
  after(() => database.drop());
  beforeEach(async () => {
    await database.db.raw('TRUNCATE obligation, reminder, reminder_task, contact RESTART IDENTITY CASCADE');
    await database.db('reminder_round').update({ held_at: null, digest_on: null });
  });

  const item = (subject: string, started: string, unit = 'U1') => ({
    subject,
    ownerCode: unit,
    ownerName: `${unit}局`,
    startedAt: at(started),
  });
  const file = (unitCode: string, contact: Partial<NewContact> = {}, filedAt = at('2026-01-05T09:00:00')) =>
    fileContact(
      database.db,
      {
        unitCode,
        unitName: `${unitCode}局`,
        role: 'operator',
        person: '王五',
        email: `${unitCode}@example.cn`,
        phone: null,
        webhook: null,
        ...contact,
      },
      { by: '李处长', at: filedAt },
    );
  const round = (moment: string, { all = true, reach = ALL, db = database.db } = {}) =>
    holdRound(db, { at: at(moment), all, calendar, reach });
  /** What is made at a moment, oldest first: to whom, of what kind, and the stages that it tells. */
  async function made(moment: string): Promise<string[]> {
    const rows = (await listReminders(database.db, { unacknowledged: false, limit: 100 })).toReversed();
    return rows
      .filter(({ createdAt }) => createdAt.getTime() === at(moment).getTime())
      .map(
        ({ unitCode, kind, body }) =>
          `${unitCode} ${kind} ${told(body)
            .counts.map(({ stage }) => stage)
            .join('+')}`,
      )
      .toSorted();
  }
  const told = (body: MessageBody): ReminderBody => {
    assert.ok('totals' in body);
    return body;
  };
  const list = async () =>
    (await listReminders(database.db, { unacknowledged: false, limit: 100 })).map((one) => ({
      ...one,
      lastError: one.lastError === null ? null : faultInWords(one.lastError).en,
    }));
  async function sendAll(moment: string): Promise<number> {
    const claimed = await claimReminders(database.db, { at: at(moment), all: true, limit: 1_000 });
    for (const { id } of claimed) await markReminderSent(database.db, id, at(moment));
    return claimed.length;
  }

  it('5,000 overdue deadlines of a unit are one message to it, with counts and the first twenty', async () => {
    const items = Array.from({ length: 5_000 }, (_, index) => item(`dispute/${index}`, '2026-11-16T10:00:00'));
    await openObligations(database.db, 'dispute-mark', items, CLERK);
    await file('U1');
    await file('M');
    assert.equal(await round('2026-11-23T10:00:00'), 2);
    const messages = await list();
    assert.deepEqual(messages.map(({ unitCode, kind }) => [unitCode, kind]).toSorted(), [
      ['M', 'escalation'],
      ['U1', 'reminder'],
    ]);
    for (const { body, unitCode } of messages) {
      const { totals, counts, tasks, units } = told(body);
      assert.deepEqual(
        [totals, counts.map(({ rule, count }) => [rule, count]), tasks.length],
        [{ statutory: 5_000, internal: 0 }, [['WX-18b', 5_000]], 20],
      );
      assert.deepEqual(units, unitCode === 'M' ? [{ unit: 'U1局', count: 5_000 }] : []);
    }
    assert.equal(await round('2026-11-23T10:10:00'), 0);
    assert.equal(await round('2026-11-24T09:00:00'), 0, 'nothing is told twice');
  });

  it('what a clock that was three days ahead told is told again when it is due, and its time mutes nothing', async () => {
    await openObligations(database.db, 'dispute-mark', [item('dispute/1', '2026-11-27T10:00:00')], CLERK);
    await file('U1');
    await file('M');
    const digest = (moment: string) =>
      holdDigest(database.db, { at: at(moment), askTemporal: () => Promise.resolve('up'), reach: ALL });
    assert.equal(await round('2026-12-03T10:00:00'), 2);
    assert.equal(await sendAll('2026-12-03T10:00:00'), 2);
    assert.equal(await digest('2026-12-03T18:00:00'), true);
    await database
      .db('reminder')
      .where({ kind: 'digest' })
      .update({ next_attempt_at: at('2026-12-03T18:00:00') });

    // The clock is set: the day's summary is made once, what waited is not sent, and nothing is due yet.
    assert.equal(await digest('2026-11-23T18:00:00'), true);
    assert.equal(await digest('2026-11-23T18:01:00'), false);
    assert.equal(await round('2026-11-23T18:02:00'), 0);
    assert.equal(await sendAll('2026-11-23T18:03:00'), 1, 'the summary of today');
    assert.deepEqual(await database.db('reminder_task').select(), []);
    const due = (await findTask(database.db, 1, NOW))?.dueAt ?? NOW;
    assert.ok(due < at('2026-12-03T10:00:00'), 'it was told before it was due');
    assert.equal(
      await holdRound(database.db, { at: new Date(due.getTime() + 60_000), all: true, calendar, reach: ALL }),
      2,
    );
  });

  it('rounds at once over several connections tell everything once', async () => {
    const items = Array.from({ length: 500 }, (_, index) =>
      item(`d/${index}`, '2026-11-16T10:00:00', `U${index % 10}`),
    );
    await openObligations(database.db, 'dispute-mark', items, CLERK);
    const others = Array.from({ length: 4 }, () => openDatabase(database.url, 'test'));
    try {
      // All of them at the same moment, by the one clock there is; ten minutes later they hold a round of their own.
      for (const [time, told] of [
        ['10:00', 11],
        ['10:10', 0],
        ['10:20', 0],
      ] as const) {
        const rounds = await Promise.all([...others, ...others].map((db) => round(`2026-11-23T${time}:00`, { db })));
        assert.equal(
          rounds.reduce((sum, count) => sum + count),
          told,
          time,
        );
      }
    } finally {
      await Promise.all(others.map((db) => db.destroy()));
    }
    const messages = await list();
    assert.equal(messages.length, 11);
    assert.equal(
      messages.reduce((sum, { body }) => sum + told(body).totals.statutory, 0),
      1_000,
    );
  });

  it('a round is held every ten minutes at most', async () => {
    await openObligations(database.db, 'dispute-mark', [item('d/1', '2026-11-16T10:00:00')], CLERK);
    assert.equal(await round('2026-11-23T10:00:00'), 2);
    await openObligations(database.db, 'dispute-mark', [item('d/2', '2026-11-16T10:00:00')], CLERK);
    assert.equal(await round('2026-11-23T10:09:59'), 0);
    assert.equal(await round('2026-11-23T10:10:00'), 2);
  });

  it('a round that breaks off has told nothing, and the next one tells it', async () => {
    await openObligations(database.db, 'dispute-mark', [item('d/1', '2026-11-16T10:00:00')], CLERK);
    await database.db.raw(`ALTER TABLE reminder ADD CONSTRAINT broken CHECK (kind <> 'escalation')`);
    await assert.rejects(round('2026-11-23T10:00:00'), /broken/);
    await database.db.raw('ALTER TABLE reminder DROP CONSTRAINT broken');
    assert.equal(await round('2026-11-23T10:00:01'), 2);
  });

  it('a statutory deadline is told on the working day before, on the day and once overdue, and is escalated every three working days', async () => {
    // Five working days from 2026-02-10: the 24th, after the Spring Festival.
    await openObligations(database.db, 'dispute-answer', [item('d/1', '2026-02-10T10:00:00')], CLERK);
    await file('U1');
    await file('U1', { role: 'leader', person: '赵六' });
    await file('M');
    for (const [moment, expected] of [
      ['2026-02-13T09:00:00', []],
      ['2026-02-14T09:00:00', ['U1 reminder before']],
      ['2026-02-14T16:00:00', []],
      ['2026-02-24T09:00:00', ['U1 reminder day']],
      ['2026-02-25T09:00:00', ['M escalation escalated/0', 'U1 escalation escalated/0', 'U1 reminder overdue']],
      ['2026-02-26T09:00:00', []],
      ['2026-02-27T09:00:00', ['M escalation escalated/3', 'U1 escalation escalated/3']],
      ['2026-02-28T09:00:00', []],
      ['2026-03-03T09:00:00', ['M escalation escalated/6', 'U1 escalation escalated/6']],
    ] as const) {
      await round(moment);
      assert.deepEqual(await made(moment), expected, moment);
    }
  });

  it('what comes in long overdue is escalated once, where it stands now', async () => {
    await openObligations(database.db, 'dispute-mark', [item('d/1', '2026-11-02T10:00:00')], CLERK);
    await round('2026-11-23T10:00:00');
    assert.deepEqual(await made('2026-11-23T10:00:00'), ['M escalation escalated/12', 'U1 reminder overdue']);
  });

  it('an internal target (内控时限) is told to the unit alone', async () => {
    await openObligations(database.db, 'catalog', [item('c/1', '2026-11-02T10:00:00')], CLERK);
    await round('2026-11-23T10:00:00');
    assert.deepEqual(await made('2026-11-23T10:00:00'), ['U1 reminder overdue']);
    const [message] = await list();
    assert.equal(told(message!.body).counts[0]?.basis, 'internal');
    await round('2026-11-27T10:00:00');
    assert.deepEqual(await made('2026-11-27T10:00:00'), []);
  });

  it('what is due within minutes is told of from half of its term on, at any hour; nothing else is outside the hours', async () => {
    await openObligations(database.db, 'dispute-mark', [item('d/1', '2026-11-16T10:00:00')], CLERK);
    await openObligations(database.db, 'outage-report', [item('o/1', '2026-11-23T18:00:00')], CLERK);
    assert.equal(await round('2026-11-23T18:59:59', { all: false }), 0);
    await database.db('reminder_round').update({ held_at: null });
    assert.equal(await round('2026-11-23T19:00:00', { all: false }), 1);
    assert.equal(await round('2026-11-23T20:00:00', { all: false }), 1);
    assert.deepEqual(await made('2026-11-23T19:00:00'), ['U1 reminder day']);
    assert.deepEqual(await made('2026-11-23T20:00:00'), ['U1 reminder overdue']);
    // What passed meanwhile is told at the next opening.
    assert.equal(await round('2026-11-24T08:30:00'), 2);
    assert.deepEqual(await made('2026-11-24T08:30:00'), ['M escalation escalated/3', 'U1 reminder overdue']);
  });

  it('what ended, is suspended or has no calendar is not told', async () => {
    const { db } = database;
    const names = ['met', 'cancelled', 'exempted', 'suspended'].map((name) => item(`d/${name}`, '2026-11-16T10:00:00'));
    await openObligations(db, 'dispute-mark', names, CLERK);
    await openObligations(db, 'dispute-answer', [item('d/later', '2026-12-30T10:00:00')], CLERK);
    await meetObligations(db, { subjects: ['d/met'] }, CLERK);
    await dropObligations(db, { subjects: ['d/cancelled'] }, { ...CLERK, reason: said('撤回') });
    const [id = 0] = await db('obligation').where({ subject: 'd/exempted' }).pluck<number[]>('id');
    await exemptObligation(db, id, { ...CLERK, reason: said('机房断电'), document: '1号' });
    await db('obligation').where({ subject: 'd/suspended' }).update({ suspended_by: 'outage/1' });
    assert.equal(await round('2026-11-23T10:00:00'), 0);
    assert.equal(await round('2026-12-31T10:00:00'), 0);
  });

  it('a deadline whose due time moved is told of again', async () => {
    await openObligations(database.db, 'dispute-answer', [item('d/1', '2026-11-16T10:00:00')], CLERK);
    await round('2026-11-23T10:00:00');
    assert.deepEqual(await made('2026-11-23T10:00:00'), ['U1 reminder day']);
    await database.db('obligation').update({ due_at: at('2026-11-25T24:00:00') });
    await round('2026-11-23T11:00:00');
    await round('2026-11-25T10:00:00');
    assert.deepEqual(await made('2026-11-23T11:00:00'), []);
    assert.deepEqual(await made('2026-11-25T10:00:00'), ['U1 reminder day']);
  });

  describe('and those who get them', () => {
    beforeEach(() => openObligations(database.db, 'dispute-mark', [item('d/1', '2026-11-16T10:00:00')], CLERK));
    const alerts = async (): Promise<string[]> =>
      (await findAlerts(database.db, 'reminders', NOW)).map(({ message }) => message.en);

    it('a unit without a contact: the message stays, says why, raises an alert, and is told anew once somebody is on file', async () => {
      await file('M');
      await round('2026-11-23T10:00:00');
      const undelivered = (await list()).find(({ unitCode }) => unitCode === 'U1');
      assert.deepEqual(
        [undelivered?.state, undelivered?.lastError],
        ['undeliverable', 'no contact is on file (专人未备案)'],
      );
      assert.deepEqual(await alerts(), [
        'U1局: 1 messages did not arrive: no contact is on file (专人未备案); ./hub reminders lists them',
      ]);
      await openObligations(database.db, 'dispute-mark', [item('d/2', '2026-11-17T10:00:00')], CLERK);
      await file('U1');
      await round('2026-11-23T10:10:00');
      const mine = (await list()).filter(({ unitCode }) => unitCode === 'U1');
      assert.deepEqual(
        mine.map(({ state, body }) => [state, told(body).totals.statutory]),
        [
          ['waiting', 2],
          ['withdrawn', 1],
        ],
      );
      assert.deepEqual(await alerts(), []);
    });

    it('without a management unit its escalations stay, until there is one', async () => {
      await saveHub(database.db, {
        management: { code: '', name: '管理单位' },
        taskQueue: 'hub',
        disputeReceipt: 'registered',
        oldestDays: 366,
        catalogRequired: [],
        deliveryThrough: [],
      });
      try {
        await round('2026-11-23T10:00:00');
        const found = (await list()).find(({ unitCode }) => unitCode === '');
        assert.deepEqual([found?.state, found?.lastError], ['undeliverable', 'hub.yaml names no managementUnit']);
      } finally {
        await saveHub(database.db, {
          management: { code: 'M', name: '管理办' },
          taskQueue: 'hub',
          disputeReceipt: 'registered',
          oldestDays: 366,
          catalogRequired: [],
          deliveryThrough: [],
        });
      }
      await round('2026-11-23T10:10:00');
      assert.equal((await list()).find(({ unitCode }) => unitCode === '')?.state, 'withdrawn');
      assert.deepEqual(await made('2026-11-23T10:10:00'), ['M escalation escalated/3']);
    });

    it('contacts that no channel reaches are named as that', async () => {
      await file('U1', { email: null, phone: '13800001234' });
      await round('2026-11-23T10:00:00', { reach: { ...ALL, channels: ['email'] } });
      const found = (await list()).find(({ unitCode }) => unitCode === 'U1');
      assert.match(found?.lastError ?? '', /no contact has a channel that is set up under reminders in hub\.yaml/);
    });

    it('a webhook of a unit without a key of its own is none: the next channel is taken, also later on', async () => {
      const reach: Reach = { channels: ['webhook', 'sms'], keyedUnits: ['U2'] };
      await file('U1', { email: null, phone: '13800001234', webhook: 'https://unit.example.cn/in' });
      await file('U1', { person: '孙七', email: null, webhook: 'https://unit.example.cn/in' });
      await round('2026-11-23T10:00:00', { reach });
      const [taken, ...others] = await claimReminders(database.db, { at: NOW, all: true, limit: 10 });
      assert.deepEqual([taken?.person, taken?.channel, others], ['王五', 'sms', []]);
      const gone = { ...taken!, channel: 'webhook' } as const;
      assert.equal(await giveUpChannel(database.db, gone, 'refused', NOW, { ...reach, channels: ['webhook'] }), 'dead');
    });

    it('every operator gets it, the leader what is escalated, and alone what is for operators where there is none', async () => {
      await file('U1');
      await file('U1', { person: '孙七', email: null, phone: '13800001234' });
      await file('U1', { role: 'leader', person: '赵六', webhook: 'https://unit.example.cn/in' });
      await openObligations(database.db, 'dispute-mark', [item('d/2', '2026-11-16T10:00:00', 'U2')], CLERK);
      await file('U2', { role: 'leader', email: null, webhook: 'https://other.example.cn/in' });
      await round('2026-11-23T10:00:00');
      await file('M');
      const taken = await claimReminders(database.db, { at: NOW, all: true, limit: 10 });
      assert.deepEqual(
        taken.map(({ unitCode, kind, channel, person }) => [unitCode, kind, channel, person].join(' ')).toSorted(),
        [
          'U1 escalation email 赵六',
          'U1 reminder email 王五',
          'U1 reminder sms 孙七',
          'U2 escalation webhook 王五',
          'U2 reminder webhook 王五',
        ],
      );
    });

    it('what waits for somebody who left is taken back, and told to who is left', async () => {
      const left = await file('U1');
      await round('2026-11-23T10:00:00');
      await endContact(database.db, left, CLERK);
      assert.deepEqual(await claimReminders(database.db, { at: NOW, all: true, limit: 10 }), []);
      await file('U1', { person: '孙七' });
      await round('2026-11-23T10:10:00');
      const mine = (await list()).filter(({ unitCode }) => unitCode === 'U1');
      assert.deepEqual(
        mine.map(({ state }) => state),
        ['waiting', 'withdrawn'],
      );
    });

    it('what another contact of the unit got is not told anew when one leaves', async () => {
      const left = await file('U1');
      await file('U1', { person: '孙七' });
      await round('2026-11-23T10:00:00');
      const [other] = await database
        .db('reminder')
        .whereNot({ contact_id: left })
        .andWhere({ unit_code: 'U1' })
        .pluck<number[]>('id');
      await markReminderSent(database.db, other!, NOW);
      await endContact(database.db, left, CLERK);
      await file('M');
      await round('2026-11-23T10:10:00');
      assert.deepEqual(await made('2026-11-23T10:10:00'), ['M escalation escalated/3']);
    });

    it('a message is taken by one sender, and again only when that one has died', async () => {
      await file('U1');
      await round('2026-11-23T10:00:00');
      const take = async (time: string) =>
        (
          await Promise.all(
            [1, 2, 3].map(() => claimReminders(database.db, { at: at(`2026-11-23T${time}`), all: true, limit: 5 })),
          )
        ).flat();
      const [first, ...rest] = await take('10:00:00');
      assert.deepEqual([first?.unitCode, first?.attempts, rest], ['U1', 1, []]);
      assert.deepEqual(await take('10:04:59'), []);
      const [again] = await take('10:05:00');
      assert.deepEqual([again?.id, again?.key, again?.attempts], [first?.id, first?.key, 2]);
      await markReminderSent(database.db, again!.id, NOW);
      assert.deepEqual(await take('11:00:00'), []);
    });

    it('what could not be sent is tried again after a minute, then twice as long each time, up to six hours', async () => {
      await file('U1');
      await round('2026-11-23T10:00:00');
      const claim = (nowMs: number) => claimReminders(database.db, { at: new Date(nowMs), all: true, limit: 5 });
      let nowMs = NOW.getTime();
      for (const minutes of [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360]) {
        const [taken] = await claim(nowMs);
        await deferReminder(database.db, taken!.id, 'the mail server is away', new Date(nowMs));
        nowMs += minutes * 60_000;
        assert.deepEqual(await claim(nowMs - 1), [], `${minutes} minutes after attempt ${taken?.attempts}`);
      }
    });

    it('what was urged goes out anew where one contact left before it and no other could be reached', async () => {
      const left = await file('U1');
      await file('U1', { person: '孙七' });
      const [id] = await database.db('obligation').where({ subject: 'd/1' }).pluck<number[]>('id');
      const task = { id: id!, subject: 'd/1', owner: 'U1局', ownerCode: 'U1' };
      const how = { at: NOW, note: '请尽快办理', calendar, reach: ALL };
      assert.equal(await database.db.transaction((trx) => urge(trx, task, how)), 'queued');
      const claimed = await claimReminders(database.db, { at: NOW, all: true, limit: 5 });
      const other = claimed.find(({ person }) => person === '孙七')!;
      assert.equal(await giveUpChannel(database.db, other, 'no such mailbox', NOW, ALL), 'dead');
      await endContact(database.db, left, CLERK);
      await round('2026-11-23T10:10:00');
      const urged = (await list()).filter(({ body }) => 'urged' in body);
      assert.deepEqual(urged.map(({ state }) => state).sort(), ['dead', 'waiting', 'withdrawn']);
    });

    it('an unacknowledged reminder of an overdue statutory deadline is named in the next escalation after a working day', async () => {
      await file('U1');
      await file('M');
      await openObligations(database.db, 'dispute-mark', [item('d/2', '2026-11-16T10:00:00', 'U2')], CLERK);
      await file('U2');
      await round('2026-11-20T10:00:00');
      assert.equal(await sendAll('2026-11-20T10:00:00'), 3);
      const sent = await list();
      const [one, two] = ['U1', 'U2'].map((unit) => sent.find(({ unitCode }) => unitCode === unit)!);
      assert.equal(await acknowledgeReminder(database.db, two!.id, CLERK), true);
      assert.equal(await acknowledgeReminder(database.db, two!.id, CLERK), false);

      const escalate = async (moment: string) => {
        await openObligations(database.db, 'dispute-mark', [item(`d/${moment}`, '2026-11-16T10:00:00', 'U3')], CLERK);
        await round(moment);
        const found = (await list()).find(({ unitCode, createdAt }) => unitCode === 'M' && +createdAt === +at(moment));
        return told(found!.body).unacknowledged.map(({ id }) => id);
      };
      assert.deepEqual(await escalate('2026-11-23T09:59:00'), [], 'not a working day yet');
      assert.deepEqual(await escalate('2026-11-23T10:10:00'), [one!.id]);
      const open = await listReminders(database.db, { unit: 'U1', unacknowledged: true, limit: 10 });
      assert.deepEqual(
        open.map(({ id }) => id),
        [one!.id],
      );
    });

    it('nothing of a person is in a message, or in the ledger', async () => {
      await file('U1', { person: '欧阳十八', phone: '13899998888', webhook: 'https://u.example.cn/k3y' });
      await file('M', { person: '欧阳十八' });
      await round('2026-11-23T10:00:00');
      await followContacts(database.db, NOW);
      const { rows } = await database.db.raw<{ rows: { text: string }[] }>(
        `SELECT body::text || unit_name || coalesce(last_error, '') AS text FROM reminder
         UNION ALL SELECT obligation::text FROM obligation UNION ALL SELECT obligation_history::text FROM obligation_history`,
      );
      assert.ok(rows.length >= 3);
      for (const { text } of rows) assert.doesNotMatch(text, /欧阳|13899998888|k3y|example\.cn/);
    });
  });

  describe('the day’s summary', () => {
    const digest = (moment: string, temporal: 'up' | 'away' = 'up') =>
      holdDigest(database.db, { at: at(moment), askTemporal: () => Promise.resolve(temporal), reach: ALL });
    const latest = async (): Promise<DigestBody> => {
      const [row] = await list();
      assert.ok(row && 'temporal' in row.body);
      return row.body;
    };

    it('is made once a day, by whichever server is first, also of nothing', async () => {
      await file('M');
      const made = await Promise.all([1, 2, 3].map(() => digest('2026-11-23T08:30:00')));
      assert.deepEqual(made.toSorted(), [false, false, true]);
      const zero = { overdue: 0, dueToday: 0, noCalendar: 0, suspended: 0 };
      assert.deepEqual(await latest(), {
        at: '2026-11-23T08:30:00+08:00',
        temporal: 'up',
        counts: { statutory: zero, internal: zero },
        before: null,
        overdue: [],
      });
      assert.equal(await digest('2026-11-24T08:30:00'), true);
    });

    it('counts overdue by unit and article, due today, no calendar, suspended, and what changed', async () => {
      const { db } = database;
      await digest('2026-11-20T08:30:00');
      await openObligations(
        db,
        'dispute-mark',
        ['1', '2', '3'].map((id) => item(`d/${id}`, '2026-11-16T10:00:00')),
        CLERK,
      );
      await openObligations(db, 'catalog', [item('c/1', '2026-11-02T10:00:00', 'U2')], CLERK);
      await openObligations(
        db,
        'dispute-answer',
        [item('a/1', '2026-11-16T10:00:00'), item('a/2', '2026-12-30T10:00:00')],
        CLERK,
      );
      await openObligations(db, 'dispute-answer', [item('a/3', '2026-11-20T10:00:00')], CLERK);
      await db('obligation').where({ subject: 'd/3' }).update({ suspended_by: 'outage/1' });
      await digest('2026-11-23T08:30:00', 'away');
      const body = await latest();
      assert.deepEqual(body.counts, {
        statutory: { overdue: 2, dueToday: 1, noCalendar: 1, suspended: 1 },
        internal: { overdue: 1, dueToday: 0, noCalendar: 0, suspended: 0 },
      });
      assert.deepEqual(
        [body.temporal, body.before?.counts.statutory.overdue, body.before?.at],
        ['away', 0, '2026-11-20T08:30:00+08:00'],
      );
      assert.deepEqual(
        body.overdue.map(({ unit, rule, basis, count }) => [unit, rule, basis, count]),
        [
          ['U1局', 'WX-18b', 'statutory', 2],
          ['U2局', 'WX-6', 'internal', 1],
        ],
      );
    });
  });

  describe('contact persons', () => {
    // A platform that returns data owes none.
    const UNITS = new Set(
      configuredStreams(config).flatMap(({ delivery, unitCode }) => (delivery === 'return' ? [] : [unitCode])),
    );
    const [UNIT = ''] = UNITS;
    before(() => saveStreams(database.db, configuredStreams(config), NOW));

    interface Row {
      subject: string;
      started_at: Date;
      met_at: Date | null;
      cancelled_at: Date | null;
      rule: string;
      due_at: Date;
    }
    const duties = (unit: string): Promise<Row[]> =>
      database.db('obligation').where({ owner_code: unit, duty_kind: 'contact' }).orderBy('id').select<Row[]>('*');

    it('every unit of the city with a stream and nobody on file owes one, once', async () => {
      await followContacts(database.db, NOW);
      await followContacts(database.db, at('2026-11-24T10:00:00'));
      const rows = await database.db('obligation').where({ duty_kind: 'contact' }).select<Row[]>('*');
      assert.deepEqual(
        rows.map(({ subject }) => subject).toSorted(),
        [...UNITS].map((unit) => `contact/${unit}`).toSorted(),
      );
      const [row] = await duties(UNIT);
      assert.deepEqual([row?.rule, row?.started_at, row?.due_at], ['WX-20', NOW, at('2026-11-30T24:00:00')]);
    });

    it('filing meets the duty, a leader alone does not, and a new round begins when the last one left', async () => {
      await followContacts(database.db, NOW);
      await file(UNIT, { role: 'leader' }, at('2026-11-24T08:00:00'));
      assert.equal((await duties(UNIT))[0]?.met_at, null);
      const first = await file(UNIT, {}, at('2026-11-24T09:00:00'));
      const second = await file(UNIT, {}, at('2026-11-24T10:00:00'));
      assert.deepEqual((await duties(UNIT))[0]?.met_at, at('2026-11-24T09:00:00'));

      const who = (time: string) => ({ by: '李处长', at: at(time) });
      assert.equal(await endContact(database.db, first, who('2026-11-25T09:00:00')), true);
      assert.equal(await endContact(database.db, first, who('2026-11-25T09:00:00')), false);
      assert.equal((await duties(UNIT)).length, 1, 'one is left');
      await endContact(database.db, second, who('2026-11-26T09:00:00'));
      await followContacts(database.db, at('2026-11-27T09:00:00'));
      const [, again, ...more] = await duties(UNIT);
      assert.deepEqual([again?.subject, again?.started_at, more], [`contact/${UNIT}#2`, at('2026-11-26T09:00:00'), []]);
    });

    it('an exempted duty is not opened again, and one of a unit without streams is nobody’s', async () => {
      const { db } = database;
      await followContacts(db, NOW);
      const [task] = await db('obligation')
        .where({ subject: `contact/${UNIT}` })
        .pluck<number[]>('id');
      await exemptObligation(db, task!, { ...CLERK, reason: said('机构改革'), document: '1号' });
      await followContacts(db, at('2026-11-24T10:00:00'));
      assert.equal((await duties(UNIT)).length, 1);
      assert.equal((await findTask(db, task!, NOW))?.state, 'exempted');

      const [other = ''] = [...UNITS].slice(1);
      const without = configuredStreams(config).filter(({ unitCode }) => unitCode !== other);
      await saveStreams(db, without, NOW);
      await followContacts(db, NOW);
      assert.notEqual((await duties(other))[0]?.cancelled_at, null);
      await saveStreams(db, configuredStreams(config), NOW);
      await followContacts(db, at('2026-11-25T10:00:00'));
      const [, again] = await duties(other);
      assert.deepEqual([again?.subject, again?.started_at], [`contact/${other}#2`, at('2026-11-25T10:00:00')]);
    });

    it('units with and without somebody on file are listed', async () => {
      await file(UNIT);
      await file('M');
      const listed = await listContacts(database.db);
      assert.equal(listed.length, UNITS.size + 1);
      assert.equal(listed.filter(({ id }) => id !== null).length, 2);
    });
  });
});
