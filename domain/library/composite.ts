import type { StateOfForce } from './lifecycle.ts';

/** 一业一证: one type of which a composite licence (行业综合许可证) is made, as its holder has it. */
export interface CompositeMember<Held extends { state: StateOfForce } = { state: StateOfForce }> {
  typeCode: string;
  name: string;
  /** Null: its holder has none. */
  held: Held | null;
}

/**
 * The state of a composite licence, which follows its members': ended with all of them, and not in force while one of
 * them is missing, suspended or ended. @param own what its own record says, where that is worse
 */
export function compositeState(own: StateOfForce, members: readonly CompositeMember[]): StateOfForce {
  if (own === 'ended' || members.every(({ held }) => held?.state === 'ended')) return 'ended';
  return members.every(({ held }) => held?.state === 'inForce') ? own : 'suspended';
}

const RANK: Readonly<Record<StateOfForce, number>> = { inForce: 0, suspended: 1, ended: 2 };

/** Of several certificates of one type that a holder has, the one that counts: in force before others, the latest first. */
export const countingMember = <Held extends { state: StateOfForce; updatedAt: Date }>(
  held: readonly Held[],
): Held | null =>
  held.toSorted((a, b) => RANK[a.state] - RANK[b.state] || b.updatedAt.getTime() - a.updatedAt.getTime())[0] ?? null;
