import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  DISPUTE_ACTIONS,
  DISPUTE_STAGES,
  disputeStage,
  refusedAction,
  type DisputeAction,
  type DisputeFacts,
  type DisputeStage,
} from '../../../domain/casework/dispute.ts';

const nothing: DisputeFacts = {
  closedAs: null,
  receivedAt: null,
  markedAt: null,
  sentAt: null,
  upheld: null,
  correctedAt: null,
  toldAt: null,
};
const then = new Date();
/** The facts that make each stage. */
const FACTS: Record<DisputeStage, DisputeFacts> = {
  raised: nothing,
  verifying: { ...nothing, receivedAt: then },
  away: { ...nothing, sentAt: then },
  telling: { ...nothing, receivedAt: then, upheld: true },
  correcting: { ...nothing, receivedAt: then, upheld: true, toldAt: then },
  closed: { ...nothing, receivedAt: then, upheld: false, toldAt: then, closedAs: 'told' },
};

describe('the stages of a dispute', () => {
  it('follow from what is known of it', () => {
    for (const [stage, facts] of Object.entries(FACTS)) assert.equal(disputeStage(facts), stage);
  });

  it('every action is possible in its stages and refused, with the reason, in all others', () => {
    for (const action of Object.keys(DISPUTE_ACTIONS) as DisputeAction[]) {
      const allowed: readonly DisputeStage[] = DISPUTE_ACTIONS[action].stages;
      for (const stage of Object.keys(DISPUTE_STAGES) as DisputeStage[]) {
        const refused = refusedAction(FACTS[stage], action);
        if (allowed.includes(stage)) assert.equal(refused, null, `${action} in ${stage}`);
        else assert.match(refused?.en ?? '', new RegExp(`found it ${stage}`), `${action} in ${stage}`);
      }
    }
  });

  it('a certificate is marked once, corrected only where the objector was right, and what was withdrawn stays so', () => {
    assert.match(refusedAction({ ...FACTS.verifying, markedAt: then }, 'mark')?.en ?? '', /marked already/);
    assert.match(refusedAction({ ...FACTS.telling, upheld: false }, 'correct')?.en ?? '', /nothing to correct/);
    assert.match(refusedAction({ ...FACTS.closed, closedAs: 'withdrawn' }, 'reopen')?.en ?? '', /raise another one/);
  });
});
