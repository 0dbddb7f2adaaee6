import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SharedWork } from '../../server/shared-work.ts';

describe('work that several ask for at once', () => {
  it('is done once for all who ask while it is done, and begins after they asked', async () => {
    const shared = new SharedWork();
    let known = 0;
    let done = 0;
    const ends: (() => void)[] = [];
    const ask = (): Promise<number> =>
      shared.of('a', async () => {
        const seen = known;
        await new Promise<void>((end) => ends.push(end));
        done += 1;
        return seen;
      });
    const first = ask();
    known = 1;
    const later = [ask(), ask(), ask()];
    ends.shift()?.();
    assert.equal(await first, 0);
    await Promise.resolve();
    ends.shift()?.();
    assert.deepEqual(await Promise.all(later), [1, 1, 1], 'what was known when they asked');
    assert.equal(done, 2);
    known = 2;
    const last = ask();
    ends.shift()?.();
    assert.equal(await last, 2);
  });

  it('of other keys is other work, and what fails fails for those who asked for it', async () => {
    const shared = new SharedWork();
    const failing = (): Promise<never> => shared.of('a', () => Promise.reject(new Error('no')));
    const answers = await Promise.allSettled([failing(), failing(), shared.of('b', () => Promise.resolve('b'))]);
    assert.deepEqual(
      answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : 'failed')),
      ['failed', 'failed', 'b'],
    );
    assert.equal(await shared.of('a', () => Promise.resolve('a')), 'a');
  });
});
