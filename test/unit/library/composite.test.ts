import assert from 'node:assert/strict';
import { it } from 'node:test';
import { compositeState, countingMember } from '../../../domain/library/composite.ts';
import type { StateOfForce } from '../../../domain/library/lifecycle.ts';

const members = (...states: (StateOfForce | null)[]) =>
  states.map((state, index) => ({ typeCode: `T${index}`, name: 'N', held: state && { state } }));

it('a licence of several is in force with all of its members, and ends with the last of them', () => {
  const known: [own: StateOfForce, members: (StateOfForce | null)[], state: StateOfForce][] = [
    ['inForce', ['inForce', 'inForce'], 'inForce'],
    ['inForce', ['inForce', 'suspended'], 'suspended'],
    ['inForce', ['inForce', 'ended'], 'suspended'],
    ['inForce', ['inForce', null], 'suspended'],
    ['inForce', ['ended', null], 'suspended'],
    ['inForce', ['ended', 'ended'], 'ended'],
    ['suspended', ['inForce'], 'suspended'],
    ['ended', ['inForce'], 'ended'],
  ];
  for (const [own, states, state] of known)
    assert.equal(compositeState(own, members(...states)), state, `${own} of ${JSON.stringify(states)}`);
});

it('of several certificates of a type the one in force counts, of equals the latest', () => {
  const held = (state: StateOfForce, day: number) => ({ state, updatedAt: new Date(2026, 1, day) });
  const [ended, old, late] = [held('ended', 9), held('inForce', 1), held('inForce', 2)];
  assert.equal(countingMember([ended, old, late]), late);
  assert.equal(countingMember([ended]), ended);
  assert.equal(countingMember([]), null);
});
