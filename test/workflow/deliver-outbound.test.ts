import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { faultInWords } from '../../domain/faults.ts';
import { findAlerts } from '../../store/ledger/alerts.ts';
import { claimMessage, deadLetters, outboxReports, queueMessage, reviveMessages } from '../../store/ledger/outbox.ts';
import { outboundWorkflowId } from '../../domain/ids.ts';
import type { deliverOutbound } from '../../workflows/deliver-outbound.ts';
import type { DeliverOutboundResult } from '../../workflows/messages.ts';
import { Departments } from '../support/departments.ts';
import { keepHistory } from '../support/temporal/histories.ts';
import { SkippingHub, TASK_QUEUE } from '../support/hub.ts';
import { DAY_MS } from '../../domain/dates.ts';

const TARGET = 'housing-notices';
const MINUTE_MS = 60_000;

describe('deliverOutbound', () => {
  let hub: SkippingHub;
  before(async () => {
    hub = await SkippingHub.start((nowMs) =>
      new Departments({ anchorMs: nowMs, nowMs, startMs: nowMs - DAY_MS, records: 10 }).start('housing'),
    );
  });
  after(() => hub.stop());
  beforeEach(async () => {
    await hub.db.raw('TRUNCATE outbox');
    hub.departments.get('housing').server.clearFaults();
  });

  const queue = async (key: string, payload: Record<string, unknown> = { title: '问题数据' }): Promise<void> =>
    queueMessage(hub.db, { target: TARGET, key, payload }, new Date(hub.nowMs));
  const deliver = (history?: string): Promise<DeliverOutboundResult> =>
    hub.working(async () => {
      const handle = await hub.client.workflow.start<typeof deliverOutbound>('deliverOutbound', {
        workflowId: outboundWorkflowId(TARGET),
        taskQueue: TASK_QUEUE,
        args: [{ target: TARGET, title: '问题数据通知', unit: '市住房和城乡建设局' }],
      });
      const result = await handle.result();
      if (history !== undefined) await keepHistory(handle, history);
      return result;
    });
  const received = (): string[] => [...hub.departments.get('housing').notices.keys()].sort();
  const report = async () => (await outboxReports(hub.db)).find(({ target }) => target === TARGET);

  it('sends each message, keeps its receipt, and no history holds a message', async () => {
    for (const key of ['a1', 'a2', 'a3']) await queue(key);
    await queue('a1'); // queued again: once
    assert.deepEqual(await deliver('delivered'), { delivered: 3, deferred: 0, dead: 0 });
    assert.deepEqual(received(), ['a1', 'a2', 'a3']);
    const rows = await hub.db('outbox').orderBy('message_key').select<{ receipt: string }[]>('receipt');
    assert.deepEqual(
      rows.map(({ receipt }) => receipt),
      ['R-a1', 'R-a2', 'R-a3'],
    );
    assert.deepEqual(await deliver(), { delivered: 0, deferred: 0, dead: 0 });
  });

  it('leaves a receiver that is away alone, and sends the rest when it is back', async () => {
    for (const key of ['b1', 'b2']) await queue(key);
    hub.departments.get('housing').server.setFault('error', 1_000);
    assert.deepEqual(await deliver('away'), { delivered: 0, deferred: 1, dead: 0 });
    hub.departments.get('housing').server.clearFaults();
    assert.deepEqual(await deliver(), { delivered: 1, deferred: 0, dead: 0 });
    assert.equal((await report())?.waiting, 1);
    await hub.skipTo(hub.nowMs + 2 * MINUTE_MS);
    assert.deepEqual(await deliver(), { delivered: 1, deferred: 0, dead: 0 });
    assert.ok(received().includes('b1') && received().includes('b2'));
  });

  it('a message that is refused as it stands holds up no other, becomes a dead letter, and can be sent again', async () => {
    await queue('c1', { nothing: true });
    await queue('c2');
    assert.deepEqual(await deliver('refused'), { delivered: 1, deferred: 1, dead: 0 });
    for (const wait of [2, 5]) {
      await hub.skipTo(hub.nowMs + wait * MINUTE_MS);
      await deliver();
    }
    const [letter] = await deadLetters(hub.db, TARGET);
    assert.equal(letter?.key, 'c1');
    assert.equal(letter.attempts, 3);
    const { zh, en } = faultInWords(letter.lastError);
    assert.match(zh, /：答复 422$/);
    assert.match(en, /answered 422/);
    const alerts = await findAlerts(hub.db, 'dead-letters', new Date(hub.nowMs));
    assert.ok(alerts.some(({ kind, subject }) => kind === 'dead-letters' && subject === TARGET));

    await hub.db('outbox').where({ message_key: 'c1' }).update({ payload: '{"title":"改正"}' });
    assert.equal(await reviveMessages(hub.db, TARGET, new Date(hub.nowMs)), 1);
    assert.deepEqual(await deliver(), { delivered: 1, deferred: 0, dead: 0 });
    assert.deepEqual(await deadLetters(hub.db, TARGET), []);
  });

  it('a message whose sender died is sent again after a while, and known again by its key', async () => {
    await queue('d1');
    assert.equal((await claimMessage(hub.db, TARGET, new Date(hub.nowMs)))?.key, 'd1');
    assert.deepEqual(await deliver(), { delivered: 0, deferred: 0, dead: 0 });
    await hub.skipTo(hub.nowMs + 3 * MINUTE_MS);
    assert.deepEqual(await deliver(), { delivered: 1, deferred: 0, dead: 0 });
    assert.equal(received().filter((key) => key === 'd1').length, 1);
  });
});
