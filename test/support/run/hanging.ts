import { describe, it } from 'node:test';

// What run.test.ts has a run of its own give up.
describe('tests that wait for what never comes', () => {
  it('passes', () => undefined);
  for (const which of ['first', 'second', 'third'])
    it(`hangs ${which}`, async () => {
      setInterval(() => undefined, 1_000);
      await new Promise(() => undefined);
    });
});
