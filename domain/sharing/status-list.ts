import { createHmac } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import type { StateOfForce } from '../library/lifecycle.ts';

/** Entries of a list, taken or not, so that nobody is known by theirs. */
export const LIST_SIZE = 2 ** 18;
const HALF_BITS = 9;
const HALF = 2 ** HALF_BITS - 1;
const ROUNDS = 6;

/** How states are written: VALID, INVALID and SUSPENDED of the IETF’s Token Status List. */
export const STATUS_VALUES = { inForce: 0, ended: 1, suspended: 2 } as const satisfies Record<StateOfForce, number>;
const BITS = 2;
const PER_BYTE = 8 / BITS;

/** How long whoever has a list believes it (`ttl`), and when it is none any more (`exp`), in seconds. */
export const LIST_TTL = 60;
export const LIST_LIFE = 24 * 3600;

/**
 * The index in a list of its nth entry, which says nothing of the order: a permutation by the list's own key (a Feistel
 * network), so that each index is given once.
 */
export function scattered(nth: number, key: Buffer): number {
  let [left, right] = [nth >> HALF_BITS, nth & HALF];
  for (let round = 0; round < ROUNDS; round += 1) {
    const mixed = createHmac('sha256', key)
      .update(Buffer.of(round, right >> 8, right & 255))
      .digest()
      .readUInt16BE();
    [left, right] = [right, left ^ (mixed & HALF)];
  }
  return (left << HALF_BITS) | right;
}

/** Puts states into an empty list. */
export const emptyList = (): Buffer => Buffer.alloc(LIST_SIZE / PER_BYTE);
export function putState(list: Buffer, index: number, value: number): void {
  const byte = Math.floor(index / PER_BYTE);
  list[byte] = (list[byte] ?? 0) | (value << ((index % PER_BYTE) * BITS));
}

/** What is signed of a list (draft-ietf-oauth-status-list, §5.1). */
export const listClaims = (uri: string, list: Buffer, atMs: number): object => {
  const iat = Math.floor(atMs / 1000);
  return {
    sub: uri,
    iat,
    exp: iat + LIST_LIFE,
    ttl: LIST_TTL,
    status_list: { bits: BITS, lst: deflateSync(list, { level: 9 }).toString('base64url') },
  };
};
