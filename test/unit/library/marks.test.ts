import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { stateOfForce, withEvents } from '../../../domain/library/lifecycle.ts';
import {
  LOST_BETWEEN_READS,
  markHistory,
  STATE_MARK_NAMES,
  tellingOf,
  type MarkTeller,
  type StateMark,
  type ToldMarks,
} from '../../../domain/library/marks.ts';
import { STATUS_NAMES, type Status } from '../../../domain/library/status.ts';

/** A version of a day of November, which the hub took an hour later. */
function version(day: number, status: Status, marks: ToldMarks = null) {
  const updatedAt = new Date(`2026-11-${String(day).padStart(2, '0')}T09:00:00+08:00`);
  const recordedAt = new Date(updatedAt.getTime() + 3_600_000);
  return { status, marks, updatedAt, recordedAt, expiresOn: null, longTerm: true, extension: {} };
}
const day = (at: Date): number => at.getUTCDate();
/** Begin and end of each mark as days. */
const periodsOf = (versions: readonly MarkTeller[]): [StateMark, number | null, number | null][] =>
  markHistory(versions).periods.map(({ mark, begin, end }) => [mark, begin && day(begin.at), end && day(end.at)]);

describe('marks of a source that tells states', () => {
  it('a suspension that is released while a mortgage lasts shows just that', () => {
    const lives = withEvents([
      version(1, 'valid', []),
      version(2, 'valid', ['mortgage']),
      version(3, 'suspended', ['mortgage', 'suspension']),
      version(4, 'valid', ['mortgage']),
    ]);
    assert.deepEqual(
      lives.map(({ state, event, began, ended, held }) => [state, event, began, ended, held]),
      [
        ['inForce', 'issued', [], [], []],
        ['inForce', 'marked', ['mortgage'], [], ['mortgage']],
        ['suspended', 'suspended', ['suspension'], [], ['mortgage', 'suspension']],
        ['inForce', 'resumed', [], ['suspension'], ['mortgage']],
      ],
    );
    assert.deepEqual(periodsOf(lives), [
      ['mortgage', 2, null],
      ['suspension', 3, 4],
    ]);
  });

  it('a mortgage that becomes a pledge is two events', () => {
    const [, second] = withEvents([version(1, 'valid', ['mortgage']), version(2, 'valid', ['pledge'])]);
    assert.deepEqual([second?.event, second?.began, second?.ended], ['marked', ['pledge'], ['mortgage']]);
  });

  it('has both times of each, and since when it may have been', () => {
    const { periods } = markHistory([version(1, 'valid', ['loss']), version(5, 'valid', ['renewal'])]);
    const [first, fifth] = [version(1, 'valid'), version(5, 'valid')];
    const since = { at: fifth.updatedAt, knownAt: fifth.recordedAt, notBefore: first.updatedAt };
    assert.deepEqual(periods, [
      { mark: 'loss', begin: { at: first.updatedAt, knownAt: first.recordedAt, notBefore: null }, end: since },
      { mark: 'renewal', begin: since, end: null },
    ]);
  });

  it('a plain status, as every source had it before, is a mark that the next status ends', () => {
    const versions = [version(1, 'valid'), version(2, 'pledged'), version(3, 'onHold'), version(4, 'cancelled')];
    assert.deepEqual(periodsOf(versions), [
      ['security', 2, 3],
      ['hold', 3, 4],
    ]);
    assert.deepEqual(
      withEvents(versions).map(({ state, event }) => [state, event]),
      [
        ['inForce', 'issued'],
        ['inForce', 'pledged'],
        ['suspended', 'onHold'],
        ['ended', 'cancelled'],
      ],
    );
    assert.match(LOST_BETWEEN_READS[tellingOf(versions[0]!)].zh, /一次只报一个状态/);
  });

  it('a record that was deleted states nothing, whatever it said before', () => {
    assert.deepEqual(periodsOf([version(1, 'valid', ['mortgage']), version(2, 'deleted', ['mortgage'])]), [
      ['mortgage', 1, 2],
    ]);
  });
});

describe('marks of a source that tells events', () => {
  const begins = (at: number, ...marks: StateMark[]) => version(at, 'valid', { begins: marks, ends: [] });
  const ends = (at: number, ...marks: StateMark[]) => version(at, 'valid', { begins: [], ends: marks });

  it('each is applied, and others leave what holds alone', () => {
    const versions = [
      begins(1),
      begins(2, 'mortgage'),
      begins(3, 'suspension'),
      begins(4),
      ends(5, 'suspension'),
      version(6, 'valid', { begins: ['pledge'], ends: ['mortgage'] }),
    ];
    assert.deepEqual(periodsOf(versions), [
      ['mortgage', 2, 6],
      ['suspension', 3, 5],
      ['pledge', 6, null],
    ]);
    assert.deepEqual(
      withEvents(versions).map(({ state }) => state),
      ['inForce', 'inForce', 'suspended', 'suspended', 'inForce', 'inForce'],
    );
    assert.match(LOST_BETWEEN_READS[tellingOf(versions[0]!)].zh, /同一种标记只记一个/);
  });

  it('of two of a kind the first end is the end, and that this is so is said', () => {
    const versions = [begins(1, 'mortgage'), begins(2, 'mortgage'), ends(3, 'mortgage'), ends(4, 'mortgage')];
    assert.deepEqual(periodsOf(versions), [['mortgage', 1, 3]]);
  });

  it('its time is the event’s', () => {
    const [period] = markHistory([begins(1), begins(2, 'loss')]).periods;
    assert.deepEqual(period?.begin?.notBefore, period?.begin?.at);
  });

  it('the end of what the hub had not known is told, once', () => {
    assert.deepEqual(periodsOf([ends(1, 'mortgage'), ends(2, 'mortgage')]), [['mortgage', null, 1]]);
  });

  it('a mark that is renewed at one instant ends and begins', () => {
    const renewed = version(2, 'valid', { begins: ['mortgage'], ends: ['mortgage'] });
    assert.deepEqual(periodsOf([begins(1, 'mortgage'), renewed]), [
      ['mortgage', 1, 2],
      ['mortgage', 2, null],
    ]);
  });
});

it('of every history: what holds is what began and did not end, no mark twice at once, and the state follows', () => {
  const marks = fc.uniqueArray(fc.constantFrom(...STATE_MARK_NAMES), { maxLength: 3 });
  const told = fc.oneof(fc.constant(null), marks, fc.record({ begins: marks, ends: marks }));
  const versions = fc
    .array(fc.tuple(fc.constantFrom(...STATUS_NAMES), told), { minLength: 1, maxLength: 12 })
    .map((given) => given.map(([status, said], index) => version(index + 1, status, said)));
  fc.assert(
    fc.property(versions, (given) => {
      const { periods } = markHistory(given);
      for (const [index, { held, state, status }] of withEvents(given).entries()) {
        const at = given[index]!.updatedAt;
        const holding = periods.filter(
          ({ begin, end }) => begin !== null && begin.at <= at && (end === null || end.at > at),
        );
        assert.deepEqual(holding.map(({ mark }) => mark).sort(), [...held].sort());
        assert.equal(new Set(held).size, held.length);
        assert.equal(state, stateOfForce(status, held));
      }
    }),
  );
});
