import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  followingBatch,
  fromMs,
  halveWindow,
  sliceWindow,
  timeWindow,
  toMs,
} from '../../../domain/collection/window.ts';
import { DAY_MS } from '../../../domain/dates.ts';

const someWindow = fc
  .tuple(fc.integer({ min: 1_500_000_000, max: 1_900_000_000 }), fc.integer({ min: 1, max: 100_000_000 }))
  .map(([start, length]) => timeWindow(start * 1000, (start + length) * 1000));

describe('windows', () => {
  it('slices follow each other without gap or overlap, none longer than asked', () => {
    fc.assert(
      fc.property(someWindow, fc.integer({ min: 3_600_000, max: 40 * DAY_MS }), (window, maxMs) => {
        fc.pre((toMs(window) - fromMs(window)) / maxMs < 5000);
        const slices = sliceWindow(window, maxMs);
        assert.equal(slices[0]?.from, window.from);
        assert.equal(slices.at(-1)?.to, window.to);
        for (const [index, slice] of slices.entries()) {
          assert.ok(toMs(slice) - fromMs(slice) <= maxMs);
          if (index > 0) assert.equal(slice.from, slices[index - 1]?.to);
        }
      }),
    );
  });
  it('halves make up the whole, and halving ends at a second', () => {
    fc.assert(
      fc.property(someWindow, (window) => {
        let current = window;
        for (let halvings = 0; halvings < 60; halvings++) {
          const halves = halveWindow(current);
          if (!halves) {
            assert.equal(toMs(current) - fromMs(current), 1000);
            return;
          }
          assert.deepEqual([halves[0].from, halves[1].to], [current.from, current.to]);
          assert.equal(halves[0].to, halves[1].from);
          current = halves[1];
        }
        assert.fail('halving did not end');
      }),
    );
  });
  it('each link of a chain is asked for with the cursor that the one before ended with', () => {
    const first = followingBatch(null, { id: 'B1', next: 'c1', declared: 3 });
    const second = followingBatch(first, { id: 'B2', next: 'c2', declared: 0 });
    assert.deepEqual(
      [first, second].map(({ ordinal, id, after, next }) => [ordinal, id, after, next]),
      [
        [1, 'B1', null, 'c1'],
        [2, 'B2', 'c1', 'c2'],
      ],
    );
  });
});
