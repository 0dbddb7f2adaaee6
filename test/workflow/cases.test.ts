import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gapInWords } from '../../domain/collection/gap.ts';
import type { WorkflowHandle } from '@temporalio/client';
import { WorkingCalendar, type YearTable } from '../../domain/ledger/calendar.ts';
import { addDays, shanghaiDate, startOfDayMs } from '../../domain/dates.ts';
import { caseWorkflowId, retimeWorkflowId, type CaseKind } from '../../domain/ids.ts';
import { timeWindow } from '../../domain/collection/window.ts';
import { saveCalendar } from '../../store/ledger/calendar.ts';
import type { DisputeStep } from '../../domain/casework/dispute.ts';
import type { OutageStep } from '../../domain/casework/outage.ts';
import type { ShareStep } from '../../domain/casework/share-request.ts';
import type { FindingStep } from '../../domain/supervision/findings.ts';
import { actOnCase } from '../../store/casework/cases.ts';
import { DISPUTES, openDispute } from '../../store/casework/disputes.ts';
import { eventsOf } from '../../store/ledger/obligations.ts';
import { getDay, openDays } from '../../store/collection/days.ts';
import { findOutage, openOutage, OUTAGES } from '../../store/casework/outages.ts';
import { findGaps } from '../../store/collection/overview.ts';
import { openShareRequest, SHARE_REQUESTS } from '../../store/casework/share-requests.ts';
import { findingsUnder } from '../../store/supervision/findings.ts';
import { wakeCase } from '../../temporal/cases.ts';
import { HUB_DUE_AT } from '../../workflows/search-attributes.ts';
import type { retime } from '../../workflows/retime.ts';
import { demoConfig, Departments } from '../support/departments.ts';
import { eventually } from '../support/eventually.ts';
import { keepHistory } from '../support/temporal/histories.ts';
import { SkippingHub, TASK_QUEUE } from '../support/hub.ts';
import { deadlines } from '../support/law/enact.ts';

const STREAM = 'housing-permits';
const OTHER = 'land-permits';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe('cases', () => {
  let hub: SkippingHub;
  /** The test's own calendar, whatever day it is: every day works, but for a holiday of a week that begins in three days. */
  let holiday: string[];
  const tables = (off: string[], version: string): YearTable[] => {
    const year = Number(shanghaiDate(hub.nowMs).slice(0, 4));
    return [year, year + 1].map((each) => {
      const work: string[] = [];
      for (let day = `${each}-01-01`; day.startsWith(String(each)); day = addDays(day, 1))
        if (new Date(day).getUTCDay() % 6 === 0 && !off.includes(day)) work.push(day);
      return { year: each, version, source: 's', off: off.filter((day) => day.startsWith(String(each))), work };
    });
  };
  const count = async (off: string[], version: string): Promise<void> => {
    const years = tables(off, version);
    await saveCalendar(
      hub.db,
      { tables: years, calendar: new WorkingCalendar(years), dayEnds: '24:00', longest: 10 },
      new Date(hub.nowMs),
    );
  };
  before(async () => {
    hub = await SkippingHub.start((nowMs) =>
      new Departments({ anchorMs: nowMs, nowMs, startMs: nowMs - 72 * HOUR_MS, records: 600 }).start('housing', 'land'),
    );
    const today = shanghaiDate(hub.nowMs);
    holiday = Array.from({ length: 7 }, (_, day) => addDays(today, day + 3));
    await count(holiday, 'test 1');
  });
  after(() => hub.stop());

  const now = () => new Date(hub.nowMs);
  const who = () => ({ by: '张三', at: now() });
  const wake = async (kind: CaseKind, id: number): Promise<WorkflowHandle> => {
    await wakeCase(hub.client, TASK_QUEUE, { kind, id, round: 1 });
    return hub.client.workflow.getHandle(caseWorkflowId({ kind, id }));
  };
  /** The end of the n-th day from today. */
  const endOf = (days: number, from: number): number => startOfDayMs(addDays(shanghaiDate(from), days + 1));
  const dueOf = async (handle: WorkflowHandle): Promise<number | undefined> =>
    (await handle.describe()).typedSearchAttributes.get(HUB_DUE_AT)?.getTime();

  describe('a dispute', () => {
    let id: number;
    let handle: WorkflowHandle;
    let startMs: number;
    const act = async (step: DisputeStep): Promise<void> => {
      await actOnCase(hub.db, DISPUTES, id, step, who());
      await wake('dispute', id);
    };

    it('waits for its deadlines across a holiday; one that passes is noted and ends nothing', async () => {
      startMs = hub.nowMs;
      ({ id } = await openDispute(
        hub.db,
        {
          source: 'hotline',
          ticket: '1',
          number: 'N-1',
          typeCode: null,
          objector: '王五',
          contact: '138',
          statement: '有误',
          raisedAt: now(),
        },
        who(),
      ));
      await hub.working(async () => {
        handle = await wake('dispute', id);
        await act({ action: 'receive' });
        await eventually(async () => assert.equal(await dueOf(handle), endOf(1, startMs)));
        // 5 working days: two before the holiday of seven days, three after it.
        await hub.skipTo(endOf(1, startMs) + 20 * 60_000);
        await eventually(async () => assert.equal(await dueOf(handle), endOf(12, startMs)));
      });
      const states = (await deadlines(hub.db, `dispute/${id}`, now())).map((line) =>
        line.split(' ').slice(0, 2).join(' '),
      );
      assert.deepEqual(states, ['WX-18b overdue', 'WX-18c open']);
      const [overdue] = (await eventsOf(hub.db, `dispute/${id}`)).filter(({ what }) => what === 'overdue');
      assert.equal(overdue?.at.getTime(), endOf(1, startMs));
      assert.equal((await handle.describe()).status.name, 'RUNNING');
    });

    it('another calendar moves the deadline, and the workflow that waits for it learns of it', async () => {
      await hub.working(async () => {
        await count(holiday.slice(1), 'test 2');
        const retimed = await hub.client.workflow.start<typeof retime>('retime', {
          workflowId: retimeWorkflowId(),
          taskQueue: TASK_QUEUE,
          args: [{}],
        });
        await retimed.result();
        await keepHistory(retimed, 'retimed');
        await eventually(async () => assert.equal(await dueOf(handle), endOf(11, startMs)));
        await keepHistory(handle, 'waiting');
      });
    });

    it('is told over the channel and polls for the receipt; ends when that is there', async () => {
      hub.config.settings.disputes.target = 'hotline';
      await hub.working(async () => {
        await act({ action: 'mark' });
        await act({ action: 'verify', upheld: false, answer: '王五的记载无误' });
        const message = await eventually(async () => {
          const row = await hub.db('outbox').where({ target: 'hotline' }).first<{ id: number } | undefined>('id');
          assert.ok(row);
          return row;
        });
        await hub.skipTo(hub.nowMs + 10 * 60_000);
        assert.equal((await handle.describe()).status.name, 'RUNNING');
        await hub.db('outbox').where({ id: message.id }).update({ delivered_at: now(), receipt: 'r' });
        await hub.untilEnded(handle, 4 * HOUR_MS);
        await keepHistory(handle, 'told');
      });
      const { events } = await handle.fetchHistory();
      assert.ok(!JSON.stringify(events).includes('王五'), 'nothing personal is in the history');
    });
  });

  it('a share request waits 7 working days for its decision, and ends with it', async () => {
    const request = await openShareRequest(
      hub.db,
      {
        unit: { code: 'U9', name: '人社局' },
        wanted: '不动产权证',
        scenario: '落户',
        neededAt: new Date(hub.nowMs - DAY_MS),
      },
      who(),
    );
    const lines = await deadlines(hub.db, `share/${request}`, now());
    assert.deepEqual(
      lines.map((line) => line.split(' ').slice(0, 2).join(' ')),
      ['WX-11b met', 'WX-11c open'],
    );
    await hub.working(async () => {
      const handle = await wake('share', request);
      const share = (step: ShareStep) => actOnCase(hub.db, SHARE_REQUESTS, request, step, who());
      for (const [code, name] of [
        ['U1', '大数据局'],
        ['U2', '发证单位'],
      ] as const)
        await share({ action: 'say', unit: { code, name }, opinion: '可共享' });
      await share({ action: 'decide', outcome: 'granted', text: '开通' });
      await wake('share', request);
      await hub.untilEnded(handle, HOUR_MS);
      await keepHistory(handle, 'granted');
    });
    assert.match((await deadlines(hub.db, `share/${request}`, now()))[1] ?? '', /^WX-11c met/);
  });

  it('an order to rectify waits for its term, is overdue after it, and ends with the re-check', async () => {
    const [inspection] = await hub
      .db('inspection')
      .insert({ kind: 'patrol', by: 'hub', started_at: now(), finished_at: now() })
      .returning<{ id: number }[]>('id');
    const [finding] = await hub
      .db('finding')
      .insert({
        inspection_id: inspection?.id,
        unit_code: 'U1',
        unit_name: '住建局',
        cause: 'patrol/overdue',
        facts: '逾期 3 件',
        stage: 'found',
        found_at: now(),
        last_seen_at: now(),
      })
      .returning<{ id: number }[]>('id');
    const order = finding?.id ?? 0;
    const state = async () => (await deadlines(hub.db, `rectification/${order}`, now()))[0]?.split(' ')[1];
    const climb = (step: FindingStep) =>
      actOnCase(hub.db, findingsUnder(demoConfig().jurisdiction.supervision), order, step, who());
    await climb({ action: 'order', demand: '清零逾期', days: 1 });
    await hub.working(async () => {
      const handle = await wake('rectification', order);
      await eventually(async () => assert.ok(await dueOf(handle)));
      assert.equal(await state(), 'open');
      await hub.skipTo((await dueOf(handle))! + 20 * 60_000);
      await eventually(async () => {
        const noted = await eventsOf(hub.db, `rectification/${order}`);
        assert.ok(noted.some(({ what }) => what === 'overdue'));
      });
      assert.equal(await state(), 'overdue');
      await climb({ action: 'report', note: '已清零' });
      await climb({ action: 'pass', note: '属实' });
      await wake('rectification', order);
      await hub.untilEnded(handle, HOUR_MS);
      await keepHistory(handle, 'passed');
    });
    assert.equal(await state(), 'met');
  });

  describe('an outage', () => {
    let id: number;
    let handle: WorkflowHandle;
    let beganMs: number;
    let recoveredMs: number;
    const act = async (step: OutageStep): Promise<void> => {
      await actOnCase(hub.db, OUTAGES, id, step, who());
      await wake('outage', id);
    };
    const states = async (): Promise<string[]> =>
      (await deadlines(hub.db, `outage/${id}`, now())).map((line) => line.split(' ').slice(0, -1).join(' '));

    it('suspends the days of its streams, with the reason; the gap is expected', async () => {
      await hub.collect(STREAM, timeWindow(hub.nowMs - 73 * HOUR_MS, hub.nowMs - 3 * HOUR_MS));
      await openDays(hub.db, now());
      beganMs = hub.nowMs - 3 * HOUR_MS;
      id = await openOutage(
        hub.db,
        {
          unit: { code: 'U1', name: '住建局' },
          streams: [STREAM, OTHER],
          kinds: ['issue', 'collect'],
          cause: '机房断电',
          beganAt: new Date(beganMs),
          evidence: null,
        },
        who(),
      );
      const today = shanghaiDate(hub.nowMs);
      await hub.skipTo(endOf(15, hub.nowMs));
      await openDays(hub.db, now());
      const { rows } = await hub.db.raw<{ rows: unknown[] }>(
        `SELECT obligation_state(obligation, ?) AS state, suspended_by, reason FROM obligation WHERE subject = ?`,
        [now(), `${STREAM}/${today}`],
      );
      assert.deepEqual(rows, [
        { state: 'suspended', suspended_by: `outage/${id}`, reason: { code: 'outage', cause: '机房断电' } },
      ]);
      const gaps = (await findGaps(hub.db, now(), STREAM)).filter((gap) => gapInWords(gap).en > '2025-01-02');
      assert.deepEqual(
        gaps.map(({ kind }) => kind),
        ['outage'],
        JSON.stringify(gaps),
      );
      assert.deepEqual(await states(), ['WX-10a met late']);
    });

    it('recovery of one stream, confirmed with its time, starts the clock of that one alone', async () => {
      recoveredMs = hub.nowMs - HOUR_MS;
      hub.departments.get('housing').server.setFault('away', 1_000_000);
      await hub.working(async () => {
        handle = await wake('outage', id);
        await act({ action: 'recover', streams: [STREAM], recoveredAt: new Date(recoveredMs) });
        await eventually(async () => assert.ok((await states()).includes(`/${STREAM} WX-10b open`)));
        await assert.rejects(
          actOnCase(hub.db, OUTAGES, id, { action: 'recover', streams: [STREAM], recoveredAt: now() }, who()),
          /found housing-permits in another state/,
        );
      });
      assert.ok(!(await states()).some((line) => line.includes(OTHER)));
    });

    it('a fault that comes again stops the clock; the next recovery starts another', async () => {
      await hub.working(async () => {
        await act({ action: 'relapse', streams: [STREAM], reason: '再次断电' });
        await eventually(async () => assert.ok((await states()).includes(`/${STREAM} WX-10b cancelled`)));
      });
      assert.equal((await findOutage(hub.db, id))?.streams.find(({ stream }) => stream === STREAM)?.round, 2);
      // Cleared long ago, and confirmed only now.
      recoveredMs = beganMs + 2 * HOUR_MS;
      await hub.working(async () => {
        await act({ action: 'recover', streams: null, recoveredAt: new Date(recoveredMs) });
        await eventually(async () => assert.ok((await states()).includes(`/${STREAM}#2 WX-10b overdue`)));
        await eventually(async () => {
          const overdue = (await eventsOf(hub.db, `outage/${id}`)).filter(({ what }) => what === 'overdue');
          assert.ok(overdue.length > 0);
        });
      });
      assert.equal((await handle.describe()).status.name, 'RUNNING');
    });

    it('is met by the proof of everything that the fault kept back, late here, and by nothing before it', async () => {
      hub.departments.get('housing').server.setFault('away', 0);
      await hub.working(async () => {
        await act({ action: 'confirm', document: '锡证〔2026〕1号' });
        await hub.untilEnded(handle, 10 * DAY_MS);
        await keepHistory(handle, 'backfilled');
      });
      const found = await findOutage(hub.db, id);
      assert.equal(found?.closedAs, 'backfilled');
      assert.ok(found.streams.every(({ provenAt, proofs }) => provenAt !== null && (proofs?.length ?? 0) > 0));
      const ended = await states();
      assert.ok(ended.includes(`/${STREAM}#2 WX-10b met late`), ended.join('; '));
      assert.ok(
        ended.some((line) => line.startsWith(`/${OTHER} WX-10b met`)),
        ended.join('; '),
      );
      const { rows } = await hub.db.raw<{ rows: { missing: number }[] }>(
        `SELECT count(*)::int AS missing FROM coverage, unnest(tstzmultirange(tstzrange(?, ?)) - times) WHERE stream_id =
           (SELECT id FROM stream WHERE name = ?)`,
        [new Date(beganMs), new Date(recoveredMs), STREAM],
      );
      assert.equal(rows[0]?.missing, 0);
      const day = await getDay(hub.db, STREAM, shanghaiDate(beganMs));
      assert.ok(day?.metAt, 'the suspended day is met by the same proof');
    });
  });
});
