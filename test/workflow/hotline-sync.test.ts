import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { HotlineSyncResult } from '../../activities/hotline.ts';
import { DAY_MS, shanghaiWallTime } from '../../domain/dates.ts';
import { hotlineWorkflowId } from '../../domain/ids.ts';
import { findAlerts } from '../../store/ledger/alerts.ts';
import { actOnCase } from '../../store/casework/cases.ts';
import { DISPUTES, listDisputes, openDispute, type Dispute } from '../../store/casework/disputes.ts';
import { faultInWords } from '../../domain/faults.ts';
import { listTicketFaults } from '../../store/casework/ticket-faults.ts';
import { wakeUnseen } from '../../temporal/cases.ts';
import type { hotlineSync } from '../../workflows/hotline-sync.ts';
import { hotlineTickets } from '../departments/hotline.ts';
import { eventually } from '../support/eventually.ts';
import { Departments } from '../support/departments.ts';
import { keepHistory } from '../support/temporal/histories.ts';
import { SkippingHub, TASK_QUEUE } from '../support/hub.ts';
import { deadlines } from '../support/law/enact.ts';

describe('hotlineSync', () => {
  let hub: SkippingHub;
  before(async () => {
    hub = await SkippingHub.start((nowMs) =>
      new Departments({ anchorMs: nowMs, nowMs, startMs: nowMs - DAY_MS, records: 10 }).start('housing'),
    );
  });
  after(() => hub.stop());
  beforeEach(async () => {
    await hub.db.raw('TRUNCATE case_file, dispute, mark, obligation, ticket_fault CASCADE');
    // The reading in which it matters when the hotline says that the issuer has it.
    await hub.db('hub').update({ dispute_receipt: 'acknowledged' });
    const housing = hub.departments.get('housing');
    housing.server.clearFaults();
    housing.tickets = hotlineTickets(hub.departments.options, hub.departments.options.nowMs);
  });

  const sync = (history?: string): Promise<HotlineSyncResult> =>
    hub.working(async () => {
      const handle = await hub.client.workflow.start<typeof hotlineSync>('hotlineSync', {
        workflowId: hotlineWorkflowId('hotline'),
        taskQueue: TASK_QUEUE,
        args: [{ connector: 'hotline', unit: '市12345政务服务便民热线' }],
      });
      const result = await handle.result();
      if (history !== undefined) await keepHistory(handle, history);
      const { events } = await handle.fetchHistory();
      const payload = events?.at(-1)?.workflowExecutionCompletedEventAttributes?.result?.payloads?.[0]?.data;
      assert.deepEqual(
        JSON.parse(Buffer.from(payload ?? []).toString()),
        result,
        'a history has counts and nothing else',
      );
      return result;
    });
  const disputes = async (): Promise<Dispute[]> => (await listDisputes(hub.db, { limit: 100 })).reverse();
  const faults = async (): Promise<string[]> =>
    (await listTicketFaults(hub.db)).map(({ ticket, reason }) => `${ticket} ${faultInWords(reason).en}`);
  const change = (ticket: string, more: object): void => {
    const housing = hub.departments.get('housing');
    housing.tickets = housing.tickets.map((each) => (each.gdbh === ticket ? { ...each, ...more } : each));
  };
  const atMs = (): number => Math.floor((hub.departments.options.anchorMs - 1_800_000) / 1000) * 1000;

  it('opens each ticket once, also one that is listed twice or whose number nobody has; keeps the faulty one', async () => {
    assert.deepEqual(await sync('taken'), { listed: 5, opened: 3, known: 1, faulty: 1 });
    assert.deepEqual(
      (await disputes()).map(({ source, ticket, objector, receivedAt }) => [
        source,
        ticket,
        objector,
        receivedAt?.getTime() ?? null,
      ]),
      [
        ['hotline', '12345-0001', '王五', null],
        ['hotline', '12345-0002', '王五', atMs()],
        ['hotline', '12345-0003', '王五', null],
      ],
    );
    assert.deepEqual(await faults(), ['12345-0004 number: found nothing, expected a string']);
    assert.deepEqual(await sync(), { listed: 5, opened: 0, known: 4, faulty: 1 });
    assert.equal((await disputes()).length, 3);
  });

  it('the clock starts when the issuer received it, also where the hotline says so later; not again after a transfer', async () => {
    await sync();
    const [first, second] = await disputes();
    const rules = async (dispute: Dispute | undefined): Promise<string[]> => {
      const found = await deadlines(hub.db, `dispute/${String(dispute?.id)}`, new Date(hub.nowMs));
      return found.map((line) => line.split(' ').slice(0, 2).join(' '));
    };
    assert.deepEqual(await rules(first), []);
    assert.deepEqual(
      (await hub.db('obligation').where({ subject: `dispute/${String(second?.id)}` })).map(
        (row: { started_at: Date }) => row.started_at.getTime(),
      ),
      [atMs(), atMs()],
    );
    change('12345-0001', { jssj: shanghaiWallTime(atMs()) });
    await sync();
    assert.deepEqual((await disputes())[0]?.receivedAt, new Date(atMs()));
    assert.equal((await rules(first)).length, 2);

    const who = { by: '张三', at: new Date(hub.nowMs) };
    const step = { action: 'transfer', issuer: { code: 'U2', name: '乙局' } } as const;
    await actOnCase(hub.db, DISPUTES, first?.id ?? 0, step, who);
    await sync();
    assert.equal((await disputes())[0]?.receivedAt, null, 'the next issuer has not received it');
  });

  it('a faulty ticket is taken once it is mended, at the source or by hand, and its fault is gone', async () => {
    change('12345-0003', { sqsj: '昨天' });
    assert.deepEqual(await sync(), { listed: 5, opened: 2, known: 1, faulty: 2 });
    assert.deepEqual((await faults())[0]?.slice(0, 20), '12345-0003 raisedAt:');
    change('12345-0003', { sqsj: shanghaiWallTime(atMs()) });
    assert.deepEqual(await sync(), { listed: 5, opened: 1, known: 3, faulty: 1 });
    const later = new Date(hub.nowMs + 3_600_000);
    const alerts = () => findAlerts(hub.db, 'ticket-faults', later);
    assert.match((await alerts())[0]?.message.en ?? '', /^hotline: 1 tickets cannot be taken .*\.\/hub dispute faults/);
    await openDispute(
      hub.db,
      {
        source: 'hotline',
        ticket: '12345-0004',
        number: 'A-1',
        typeCode: null,
        objector: null,
        contact: null,
        statement: '证照有误',
        raisedAt: new Date(hub.nowMs),
      },
      { by: '张三', at: new Date(hub.nowMs) },
    );
    assert.deepEqual([await faults(), await alerts()], [[], []]);
    assert.deepEqual(await sync(), { listed: 5, opened: 0, known: 4, faulty: 0 });
  });

  it('one without a ticket number is named as long as it is listed; a time that lies ahead is not believed', async () => {
    change('12345-0004', { gdbh: '' });
    change('12345-0001', { jssj: shanghaiWallTime(atMs() + DAY_MS) });
    await sync();
    const found = await faults();
    assert.match(found.join('\n'), /^12345-0001 found the time [-\dT:+]+, which lies ahead of the clock$/m);
    assert.match(found.join('\n'), /^without a number, \w{12} ticket: found nothing/m);
    const housing = hub.departments.get('housing');
    housing.tickets = housing.tickets.filter(({ gdbh }) => gdbh !== '');
    await sync();
    const [left, ...others] = await faults();
    assert.match(left ?? '', /^12345-0001 found the time /);
    assert.deepEqual(others, []);
  });

  it('a list that cannot be read is a fault with a name until it can', async () => {
    hub.departments.get('housing').server.setFault('empty-body', 5);
    const going = sync();
    await eventually(async () => assert.match((await faults())[0] ?? '', /^the whole list .*/));
    await going;
    assert.deepEqual(await faults(), ['12345-0004 number: found nothing, expected a string']);
  });

  it('what was taken gets its workflow from the watchdog', async () => {
    await sync();
    const taken = await disputes();
    const woken = await hub.working(async () => {
      const count = await wakeUnseen(hub.db, hub.client, TASK_QUEUE, new Date(hub.nowMs + 60_000));
      await eventually(async () =>
        assert.equal((await hub.db('case_file').whereNull('seen_at').count<{ n: number }[]>({ n: '*' }))[0]?.n, 0),
      );
      return count;
    });
    assert.equal(woken, taken.length);
    for (const { id } of taken)
      assert.equal((await hub.client.workflow.getHandle(`dispute:${id}`).describe()).status.name, 'RUNNING');
  });
});
