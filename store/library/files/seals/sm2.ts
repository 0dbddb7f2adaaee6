import { createHash } from 'node:crypto';
import { sm2 } from 'sm-crypto-v2';
import { ofTag, readDer, sequence, TAG } from './der.ts';

/** The order of the curve (GB/T 32918.5). */
const ORDER = 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n;
/** The identity that signatures bear where nothing else was agreed on (GB/T 35276). */
const IDENTITY = '1234567812345678';

/**
 * Whether an SM2 signature (GB/T 32918.2, as a SEQUENCE of r and s) is that of the key over the data. sm-crypto-v2 does
 * the curve's arithmetic; that r and s are in range, and that nothing stands beside them, it leaves to its caller. Node
 * cannot be asked: with a key on this curve it makes and checks ECDSA.
 * @param point the public key, uncompressed: 04, x, y
 */
export function sm2Holds(data: Buffer, signature: Buffer, point: Buffer): boolean {
  try {
    const parts = sequence(readDer(signature)).map((part) => ofTag(part, TAG.integer).body);
    if (parts.length !== 2 || point.length !== 65 || point[0] !== 4) return false;
    const numbers = parts.map((part) => ((part[0] ?? 0) & 0x80 ? -1n : BigInt(`0x${part.toString('hex')}`)));
    if (numbers.some((number) => number < 1n || number >= ORDER)) return false;
    const key = point.toString('hex');
    const digest = createHash('sm3').update(sm2.getZ(key, IDENTITY)).update(data).digest();
    return sm2.doVerifySignature(
      new Uint8Array(digest),
      numbers.map((number) => number.toString(16).padStart(64, '0')).join(''),
      key,
    );
  } catch {
    return false;
  }
}
