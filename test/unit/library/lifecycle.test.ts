import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { eventBetween, EVENTS, type Standing } from '../../../domain/library/lifecycle.ts';
import { STATUS_NAMES, type Status } from '../../../domain/library/status.ts';

const at = (status: Status, expiresOn: string | null = '2027-01-01', longTerm = false): Standing => ({
  status,
  expiresOn,
  longTerm,
  extension: {},
});
const inspected = (year: number | null, version: Standing): Standing => ({ ...version, extension: { year, seal: 1 } });

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
    [inspected(2025, at('valid')), inspected(2026, at('valid')), 'inspected'],
    [at('valid'), inspected(2026, at('valid')), 'inspected'],
    [inspected(2025, at('valid')), inspected(2026, at('suspended')), 'inspected'],
    [inspected(2025, at('onHold')), inspected(2026, at('valid')), 'inspected'],
    [inspected(2025, at('valid')), inspected(null, at('valid')), 'changed'],
    [inspected(2025, at('valid')), inspected(2025, at('suspended')), 'suspended'],
    [inspected(2025, at('valid')), inspected(2026, at('valid', '2028-01-01')), 'renewed'],
    [inspected(2025, at('valid')), inspected(2026, at('cancelled')), 'cancelled'],
    [inspected(2025, at('valid')), inspected(2026, at('expired')), 'expired'],
    [inspected(2025, at('cancelled')), inspected(2026, at('valid')), 'resumed', true],
  ];
  for (const [before, after, event, conflict = false] of known) {
    it(`${before?.status ?? 'nothing'} → ${after.status}: ${event}${conflict ? ', a conflict' : ''}`, () =>
      assert.deepEqual(eventBetween(before, after, 'year'), { event, conflict }));
  }

  it('is no inspection where the catalog names no field for it', () => {
    for (const field of [undefined, null, 'seal'])
      assert.equal(eventBetween(inspected(2025, at('valid')), inspected(2026, at('valid')), field).event, 'changed');
  });

  it('is known for every pair of states, and a state that is final is left with a conflict only', () => {
    const standing = fc.record({
      status: fc.constantFrom(...STATUS_NAMES),
      expiresOn: fc.option(fc.constantFrom('2027-01-01', '2028-01-01')),
      longTerm: fc.boolean(),
      extension: fc.record({ year: fc.option(fc.constantFrom(2025, 2026)) }),
    });
    fc.assert(
      fc.property(fc.option(standing), standing, (before, after) => {
        const { event, conflict } = eventBetween(before, after, 'year');
        assert.ok(event in EVENTS);
        if (conflict) assert.ok(before && before.status !== after.status);
      }),
    );
  });
});
