import { cancellationSignal } from '@temporalio/activity';
import { HubError } from '../domain/errors.ts';
import { keptFault, type FaultCode } from '../domain/faults.ts';
import { claimMessage, deferMessage, markDead, markDelivered } from '../store/ledger/outbox.ts';
import { isClockWrong } from '../store/ledger/clock.ts';
import type { SendingDependencies } from './dependencies.ts';

/** An activity sends for this long before it reports. */
const SEND_FOR_MS = 15_000;
/** A message that the receiver refuses as it stands is tried this often: the fault may be the receiver's. */
const REFUSALS = 3;
/** What the receiver says of one message. */
const REFUSED = new Set<string>([
  'request-refused',
  'request-redirected',
  'statement-refused',
  'value-mistyped',
  'source-refused',
] satisfies FaultCode[]);

/** How much of what waits was sent. */
export interface SentMessages {
  delivered: number;
  deferred: number;
  dead: number;
  /** Call again: there may be more that is due. */
  more: boolean;
}

/** Sending what waits in the outbox. */
export function createOutboundActivities({ db, streams, now, aheadMs }: SendingDependencies) {
  return {
    /** Sends the due messages of a target for a while. A receiver that is away is left alone until the next run. */
    async deliverMessages(input: { target: string }): Promise<SentMessages> {
      // Another machine tells it, or this one once its clock is right.
      if (isClockWrong({ aheadMs })) return { delivered: 0, deferred: 0, dead: 0, more: false };
      const { target, config } = streams().target(input.target);
      const until = Date.now() + SEND_FOR_MS;
      const result: SentMessages = { delivered: 0, deferred: 0, dead: 0, more: false };
      for (;;) {
        cancellationSignal().throwIfAborted();
        if (Date.now() >= until) return { ...result, more: true };
        const message = await claimMessage(db, input.target, now());
        if (!message) return result;
        try {
          await markDelivered(db, message.id, await target.send(message), now());
          result.delivered += 1;
        } catch (error) {
          if (!(error instanceof HubError)) throw error;
          const refused = REFUSED.has(error.code);
          const fault = keptFault(error);
          if (message.attempts >= (refused ? Math.min(REFUSALS, config.attempts) : config.attempts)) {
            await markDead(db, message.id, fault, now());
            result.dead += 1;
          } else {
            await deferMessage(db, message.id, fault, now(), error.retryAfterMs);
            result.deferred += 1;
          }
          // What is wrong with the receiver is wrong for every message; what is wrong with one is not.
          if (!refused) return result;
        }
      }
    },
  };
}
