import { hash } from 'node:crypto';
import type { UseAct, UseOutcome } from './use.ts';

/**
 * What a receipt (用证回执) says: who used which certificates when and why, and the digest of what was answered. It holds
 * nothing of the holder: whoever has the answer can show that it is the one.
 */
export interface Receipt {
  receipt: string;
  /** ISO 8601 with Shanghai’s offset. */
  at: string;
  act: UseAct;
  outcome: UseOutcome;
  refusal: string | null;
  /** 统一社会信用代码 of the user unit; of what a holder does, of who runs the portal. */
  unit: string;
  /** The account whose token it came with, or the portal. */
  client: string;
  operator: string | null;
  matter: string;
  scenario: string;
  /** 业务流水号. */
  business: string;
  reason: string;
  /** 证照类型代码; empty where it is about certificates of several. */
  typeCode: string;
  /** SM3 of what was answered, in hexadecimal. */
  answer: string;
}

/** The type of certificates that are all of one; else empty. */
export function commonType(certificates: readonly { typeCode: string }[]): string {
  const [first = '', ...others] = new Set(certificates.map(({ typeCode }) => typeCode));
  return others.length === 0 ? first : '';
}

/** What its text begins with, and its fields in their order. */
const VERSION = 'hub-receipt-v1';
const FIELDS = [
  'receipt',
  'at',
  'act',
  'outcome',
  'refusal',
  'unit',
  'client',
  'operator',
  'matter',
  'scenario',
  'business',
  'reason',
  'typeCode',
  'answer',
] as const satisfies (keyof Receipt)[];

/** A receipt as it is hashed: JSON with its fields in this order. */
export const receiptText = (receipt: Receipt): string =>
  JSON.stringify([VERSION, ...FIELDS.map((field) => receipt[field])]);

/** A receipt as it was hashed; null for what is none. */
export function readReceipt(text: string): Receipt | null {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(read) || read.length !== FIELDS.length + 1 || read[0] !== VERSION) return null;
  return Object.fromEntries(FIELDS.map((field, index) => [field, read[index + 1] as unknown])) as unknown as Receipt;
}

export const sm3 = (data: Buffer | string): Buffer => hash('sm3', data, 'buffer');

/** Leaves and nodes are hashed apart, so that none can stand for another (RFC 6962). */
const LEAF = Buffer.of(0);
const NODE = Buffer.of(1);
export const leafOf = (text: string): Buffer => sm3(Buffer.concat([LEAF, Buffer.from(text)]));
const nodeOf = (left: Buffer, right: Buffer): Buffer => sm3(Buffer.concat([NODE, left, right]));

/** Levels of the Merkle tree over leaves, these first, the root last; the odd one of a level goes up as it is. */
function levelsOf(leaves: readonly Buffer[]): Buffer[][] {
  const levels = [[...leaves]];
  for (let level = levels[0] ?? []; level.length > 1;) {
    const above: Buffer[] = [];
    for (let index = 0; index < level.length; index += 2) {
      const [left, right] = level.slice(index, index + 2);
      if (left) above.push(right ? nodeOf(left, right) : left);
    }
    levels.push(above);
    level = above;
  }
  return levels;
}

/** The root of the Merkle tree over at least one leaf. */
export const rootOf = (leaves: readonly Buffer[]): Buffer => levelsOf(leaves).at(-1)?.[0] ?? leafOf('');

/** A neighbour on the way from a leaf to the root, and the side on which it stands. */
export interface PathStep {
  side: 'left' | 'right';
  hash: Buffer;
}

/** The ways from leaves to their root, each by the leaf’s place. */
export function proofPathsOf(leaves: readonly Buffer[]): (place: number) => PathStep[] {
  const levels = levelsOf(leaves).slice(0, -1);
  return (place) => {
    const steps: PathStep[] = [];
    let at = place;
    for (const level of levels) {
      const [side, neighbour] = at % 2 === 0 ? (['right', level[at + 1]] as const) : (['left', level[at - 1]] as const);
      if (neighbour) steps.push({ side, hash: neighbour });
      at = Math.floor(at / 2);
    }
    return steps;
  };
}

/** Where the way from a leaf leads: to the root, if it is the leaf’s. */
export const rootBy = (leaf: Buffer, path: readonly PathStep[]): Buffer =>
  path.reduce((hashed, { side, hash }) => (side === 'left' ? nodeOf(hash, hashed) : nodeOf(hashed, hash)), leaf);

/** Receipts that were signed together. */
export interface ReceiptBatch {
  id: number;
  /** Root of the batch before it; of the first, 32 zeros. */
  previous: Buffer;
  root: Buffer;
  receipts: number;
  signedAt: Date;
}

/** What of a batch is signed. */
export const batchText = ({ id, previous, root, receipts, signedAt }: ReceiptBatch): string =>
  ['hub-receipts-v1', id, previous.toString('hex'), root.toString('hex'), receipts, signedAt.toISOString()].join('\n');

/** A signature of a batch: by which key, in base64. */
export interface BatchSignature {
  key: string;
  algorithm: 'Ed25519' | 'SM2';
  signature: string;
}

/** A public key that receipts are signed by. */
export interface ReceiptKey {
  id: string;
  algorithm: BatchSignature['algorithm'];
  /** Ed25519: SPKI, in PEM; SM2: the point, 04 x y in hexadecimal. */
  publicKey: string;
}

/** What proves a receipt. */
export interface ReceiptProof {
  batch: ReceiptBatch;
  path: PathStep[];
  signatures: BatchSignature[];
}

/** A receipt with what proves it, as it is given out: hashes in hexadecimal. Without its proof it is 待签. */
export interface GivenReceipt {
  /** What is hashed: see {@link receiptText}. */
  text: string;
  proof: {
    path: { side: PathStep['side']; hash: string }[];
    batch: { id: number; previous: string; root: string; receipts: number; signedAt: string };
    signatures: BatchSignature[];
  } | null;
}

/** A receipt as it is given out. */
export function givenReceipt(text: string, proof: ReceiptProof | null): GivenReceipt {
  if (!proof) return { text, proof };
  const { batch, path, signatures } = proof;
  return {
    text,
    proof: {
      path: path.map(({ side, hash: neighbour }) => ({ side, hash: neighbour.toString('hex') })),
      batch: {
        ...batch,
        previous: batch.previous.toString('hex'),
        root: batch.root.toString('hex'),
        signedAt: batch.signedAt.toISOString(),
      },
      signatures,
    },
  };
}
