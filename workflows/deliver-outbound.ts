import { continueAsNew, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { DeliverOutboundInput, DeliverOutboundResult } from './messages.ts';
import { reading } from './steps.ts';

/**
 * Sends what waits for one system, message by message, at least once each, until nothing is due. Receipts, retries and
 * dead letters are in the outbox; this run only drives, and holds no message.
 */
export async function deliverOutbound(input: DeliverOutboundInput): Promise<DeliverOutboundResult> {
  const { target } = input;
  const result: DeliverOutboundResult = { ...(input.carried ?? { delivered: 0, deferred: 0, dead: 0 }) };
  for (;;) {
    const { more, ...sent } = await reading.deliverMessages.executeWithOptions({ summary: '发送到期消息' }, [
      { target },
    ]);
    result.delivered += sent.delivered;
    result.deferred += sent.deferred;
    result.dead += sent.dead;
    setCurrentDetails(`已送达 ${result.delivered} · 待重发 ${result.deferred} · 死信 ${result.dead}`);
    if (!more) return result;
    if (workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof deliverOutbound>({ ...input, carried: result });
  }
}
