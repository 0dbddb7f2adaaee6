import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { eventBetween, EVENTS, type Standing } from '../../domain/lifecycle.ts';
import { STATUS_NAMES, type Status } from '../../domain/status.ts';

const at = (status: Status, expiresOn: string | null = '2027-01-01', longTerm = false): Standing => ({
  ...{ status, expiresOn, longTerm },
});

describe('the event between two versions', () => {
  const known: [before: Standing | null, after: Standing, event: string, conflict?: true][] = [
    [null, at('valid'), 'issued'],
    [null, at('cancelled'), 'cancelled'],
    [at('valid'), at('valid'), 'changed'],
    [at('valid'), at('valid', '2028-01-01'), 'renewed'],
    [at('expired'), at('valid', '2028-01-01'), 'renewed'],
    [at('valid'), at('valid', null, true), 'renewed'],
    [at('valid', null, true), at('valid', '2028-01-01'), 'changed'],
    [at('valid'), at('suspended'), 'suspended'],
    [at('suspended'), at('valid'), 'resumed'],
    [at('valid'), at('reportedLost'), 'reportedLost'],
    [at('valid'), at('pledged'), 'pledged'],
    [at('onHold'), at('annulled'), 'annulled'],
    [at('revoked'), at('valid'), 'resumed', true],
    [at('cancelled'), at('valid', '2028-01-01'), 'renewed', true],
    [at('cancelled'), at('deleted'), 'deleted'],
    [at('cancelled'), at('cancelled'), 'changed'],
  ];
  for (const [before, after, event, conflict = false] of known) {
    it(`${before?.status ?? 'nothing'} → ${after.status}: ${event}${conflict ? ', a conflict' : ''}`, () =>
      assert.deepEqual(eventBetween(before, after), { event, conflict }));
  }

  it('is known for every pair of states, and a state that is final is left with a conflict only', () => {
    const standing = fc.record({
      status: fc.constantFrom(...STATUS_NAMES),
      ...{ expiresOn: fc.option(fc.constantFrom('2027-01-01', '2028-01-01')), longTerm: fc.boolean() },
    });
    fc.assert(
      fc.property(fc.option(standing), standing, (before, after) => {
        const { event, conflict } = eventBetween(before, after);
        assert.ok(event in EVENTS);
        if (conflict) assert.ok(before && before.status !== after.status);
      }),
    );
  });
});
