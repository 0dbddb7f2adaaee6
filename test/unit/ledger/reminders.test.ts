import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadConfig } from '../../../settings/load.ts';
import {
  isSendingDay,
  messageText,
  sendable,
  stagesOn,
  workingDayBefore,
  type DigestBody,
  type ReminderBody,
} from '../../../domain/ledger/reminders.ts';

const { calendar } = loadConfig({
  folder: join(import.meta.dirname, '../../../config'),
  demo: true,
  jurisdiction: 'wuxi',
});
const ms = (text: string): number => Date.parse(`${text}+08:00`);

/** How a deadline stands on a day by the last day of its term. */
function standing(today: string, lastDay: string, oldest = lastDay) {
  const found = stagesOn(today, oldest, calendar).filter((stage) => stage.lastDay === lastDay);
  assert.ok(found.length <= 1, 'a last day is in one stage');
  const [stage] = found;
  if (!stage) return 'far';
  return lastDay < today ? stage.escalated : stage.stage;
}

describe('the stages of reminders', () => {
  for (const [today, lastDay, expected] of [
    // An ordinary week.
    ['2026-11-23', '2026-11-24', 'before'],
    ['2026-11-23', '2026-11-25', 'far'],
    ['2026-11-23', '2026-11-23', 'day'],
    ['2026-11-20', '2026-11-23', 'before'],
    ['2026-11-19', '2026-11-23', 'far'],
    // 春节: work was made up on Saturday the 14th, and begins again on the 24th.
    ['2026-02-13', '2026-02-24', 'far'],
    ['2026-02-14', '2026-02-24', 'before'],
    ['2026-02-14', '2026-02-18', 'before'],
    ['2026-02-24', '2026-02-24', 'day'],
    // 国庆: the 30th is the last working day before it, the 8th the first after it, the 10th is made up.
    ['2026-09-30', '2026-10-08', 'before'],
    ['2026-09-30', '2026-10-09', 'far'],
    ['2026-10-09', '2026-10-10', 'before'],
    ['2026-10-10', '2026-10-12', 'before'],
    // A year without a calendar: Monday to Friday.
    ['2026-12-31', '2027-01-01', 'before'],
    ['2026-12-31', '2027-01-04', 'far'],
    ['2027-01-01', '2027-01-04', 'before'],
  ] as const) {
    it(`on ${today}, what is due on ${lastDay} is ${expected}`, () => assert.equal(standing(today, lastDay), expected));
  }

  for (const [today, lastDay, expected] of [
    ['2026-11-24', '2026-11-23', 0],
    ['2026-11-25', '2026-11-23', 0],
    ['2026-11-26', '2026-11-23', 3],
    ['2026-11-30', '2026-11-23', 3],
    ['2026-12-01', '2026-11-23', 6],
    // Over the Spring Festival only the 13th, the made-up 14th and the 24th count.
    ['2026-02-23', '2026-02-12', 0],
    ['2026-02-24', '2026-02-12', 3],
    ['2026-02-24', '2026-02-13', 0],
    // 10-08, 10-09 and the made-up 10-10.
    ['2026-10-09', '2026-09-30', 0],
    ['2026-10-10', '2026-09-30', 3],
    ['2027-01-01', '2026-12-30', 0],
    ['2027-01-04', '2026-12-30', 3],
  ] as const) {
    it(`on ${today}, what was due on ${lastDay} was escalated last after ${expected} working days`, () =>
      assert.equal(standing(today, lastDay, '2026-01-01'), expected));
  }

  it('every last day from the oldest to the next working day is in the list once', () => {
    const days = stagesOn('2026-02-24', '2026-01-20', calendar).map(({ lastDay }) => lastDay);
    assert.equal(new Set(days).size, days.length);
    assert.deepEqual([days.toSorted()[0], days.toSorted().at(-1)], ['2026-01-20', '2026-02-25']);
  });
});

describe('when reminders are sent', () => {
  for (const [moment, expected] of [
    ['2026-11-23T08:29:59', 'minutes'],
    ['2026-11-23T08:30:00', 'all'],
    ['2026-11-23T17:29:59', 'all'],
    ['2026-11-23T17:30:00', 'minutes'],
    ['2026-11-22T10:00:00', 'nothing'],
    ['2026-02-14T10:00:00', 'all'], // a Saturday, made up
    ['2026-02-16T10:00:00', 'nothing'], // a Monday, 春节
    ['2027-01-01T10:00:00', 'all'], // not published: a Friday
    ['2027-01-02T10:00:00', 'nothing'],
  ] as const) {
    it(`at ${moment}: ${expected}`, () => assert.equal(sendable(ms(moment), '08:30-17:30', calendar), expected));
  }

  it('the working day before is over a holiday where there was one', () => {
    assert.equal(workingDayBefore(ms('2026-02-24T10:15:00'), calendar), ms('2026-02-14T10:15:00'));
    assert.equal(workingDayBefore(ms('2026-11-23T10:15:00'), calendar), ms('2026-11-20T10:15:00'));
  });

  it('a day of a year without a calendar is never guessed for deadlines, only for sending', () => {
    assert.ok(isSendingDay('2031-01-01', calendar));
    assert.throws(() => calendar.reasonOf('2031-01-01'), /日历未公布/);
  });
});

describe('what a message says', () => {
  const task = { rule: 'WX-10a', article: '第十条', basis: 'internal', kind: 'outage-report' } as const;
  const reminder: ReminderBody = {
    at: '2026-11-23T10:00:00+08:00',
    totals: { statutory: 20, internal: 1 },
    counts: [
      {
        rule: 'WX-18b',
        article: '第十八条',
        basis: 'statutory',
        kind: 'dispute-mark',
        stage: 'escalated/3',
        count: 20,
      },
      { ...task, stage: 'day', count: 1 },
    ],
    units: [],
    tasks: [{ ...task, stage: 'day', subject: 'outage/1', unit: '甲局', dueAt: '2026-11-23T16:00:00.000Z' }],
    unacknowledged: [{ id: 7, unit: '甲局', createdAt: '2026-11-20T01:00:00.000Z' }],
  };

  it('names counts by rule and stage, the first tasks with their last moment, and the city’s own targets as 内控时限', () => {
    const { subject, text } = messageText(12, '甲局', 'reminder', reminder);
    assert.equal(subject, '时限任务提醒：甲局 法定时限 逾期满3个工作日 20 项，内控时限 今日到期 1 项');
    assert.ok(text.includes('WX-18b 第十八条 异议标注 · 逾期满3个工作日 20 项'));
    assert.ok(text.includes('WX-10a 第十条（内控时限） 故障上报 · 今日到期 1 项'));
    assert.ok(text.includes('前 1 项\n'));
    assert.doesNotMatch(text, /21 项/, '法定 and 内控 are never in one number');
    assert.ok(text.includes('WX-10a 第十条（内控时限） outage/1 · 今日到期 · 到期 2026-11-23 24:00'));
    assert.ok(text.includes('第 7 号 甲局 2026-11-20 09:00'));
    assert.ok(text.includes('./hub reminders ack 12 --by'));
  });

  it('an escalation is called one, and says whose the tasks are', () => {
    const { subject, text } = messageText(1, '管理单位', 'escalation', {
      ...reminder,
      units: [{ unit: '甲局', count: 20 }],
    });
    assert.match(subject, /^时限任务逾期升级：管理单位 /);
    assert.ok(text.includes('责任单位（法定时限）\n  甲局 20 项'));
    assert.ok(text.includes('outage/1 甲局 · 今日到期'));
  });

  const zero = { overdue: 0, dueToday: 0, noCalendar: 0, suspended: 0 };
  const digest: DigestBody = {
    at: '2026-11-23T08:30:00+08:00',
    temporal: 'up',
    counts: { statutory: zero, internal: zero },
    before: null,
    overdue: [],
  };

  it('a summary of nothing says when that was checked', () => {
    const { text } = messageText(1, '管理单位', 'digest', digest);
    assert.ok(text.includes('checked at 08:30'));
    assert.ok(text.includes('法定时限\n逾期 0 项\n'));
    assert.ok(text.includes('内控时限\n逾期 0 项\n'));
    assert.ok(!text.includes('Temporal'));
  });

  it('a summary says what changed, and that Temporal is down', () => {
    const { subject, text } = messageText(1, '管理单位', 'digest', {
      ...digest,
      temporal: 'away',
      counts: { statutory: { ...zero, overdue: 3, suspended: 1 }, internal: { ...zero, overdue: 5 } },
      before: {
        at: '2026-11-20T08:30:00+08:00',
        counts: { statutory: { ...zero, overdue: 1, suspended: 4 }, internal: { ...zero, overdue: 6 } },
      },
      overdue: [
        {
          unit: '甲局',
          rule: 'WX-18b',
          article: '第十八条',
          basis: 'statutory',
          count: 3,
          since: '2026-11-20T16:00:00Z',
        },
      ],
    });
    assert.equal(
      subject,
      '每日简报 2026-11-23：法定时限逾期 3 项、今日到期 0 项，内控时限逾期 5 项、今日到期 0 项，Temporal 不可达',
    );
    assert.ok(text.includes('法定时限\n逾期 3 项（较 2026-11-20 08:30 +2）'));
    assert.ok(text.includes('内控时限\n逾期 5 项（较 2026-11-20 08:30 -1）'));
    assert.ok(text.includes('中止 1 项（较 2026-11-20 08:30 -3）'));
    assert.ok(text.includes('甲局 WX-18b 第十八条 3 项，最早到期 2026-11-20 24:00'));
  });

  it('a summary of a time when both were one number lists what was overdue, without the number', () => {
    const { subject, text } = messageText(1, '管理单位', 'digest', { ...digest, counts: null });
    assert.equal(subject, '每日简报 2026-11-23');
    assert.doesNotMatch(text, /逾期 \d/);
  });
});
