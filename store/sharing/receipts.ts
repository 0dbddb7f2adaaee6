import type { Knex } from 'knex';
import {
  proofPathsOf,
  rootOf,
  type BatchSignature,
  type ReceiptBatch,
  type ReceiptKey,
  type ReceiptProof,
} from '../../domain/sharing/receipt.ts';

/** One server signs at a time. */
const SIGNING = 0x72_63_70_74;
/** Receipts of one batch; a way through them has 17 steps. */
const MOST = 100_000;
const FIRST = Buffer.alloc(32);

/** How long what was looked up is believed. */
const BELIEVED_MS = 1000;
const oldest = new WeakMap<Knex, { lookedMs: number; at: Promise<Date | null> }>();

/** When the oldest use was whose receipt waits for its signature; null where none waits. Looked up once a second. */
export function oldestUnsigned(db: Knex, now: Date): Promise<Date | null> {
  const nowMs = now.getTime();
  const known = oldest.get(db);
  if (known && Math.abs(nowMs - known.lookedMs) < BELIEVED_MS) return known.at;
  const at = db('certificate_use')
    .whereNull('batch_id')
    .orderBy('id')
    .first<{ at: Date } | undefined>('at')
    .then((use) => use?.at ?? null);
  oldest.set(db, { lookedMs: nowMs, at });
  at.catch(() => oldest.delete(db));
  return at;
}

/** Keeps public keys, so that what they signed can be checked for good. */
export async function keepKeys(db: Knex, keys: readonly ReceiptKey[], at: Date): Promise<void> {
  await db('receipt_key')
    .insert(keys.map(({ id, algorithm, publicKey }) => ({ id, algorithm, public_key: publicKey, since: at })))
    .onConflict('id')
    .ignore();
}

export const listKeys = (db: Knex): Promise<(ReceiptKey & { since: Date })[]> =>
  db('receipt_key').orderBy('since').select<(ReceiptKey & { since: Date })[]>({
    id: 'id',
    algorithm: 'algorithm',
    publicKey: 'public_key',
    since: 'since',
  });

/**
 * Signs what waits for it as one batch; how many receipts it has: 0, where none waits or another server is at it.
 * @param sign makes the signatures of a batch
 */
export async function signBatch(db: Knex, sign: (batch: ReceiptBatch) => BatchSignature[], at: Date): Promise<number> {
  return db.transaction(async (trx) => {
    const { rows: locks } = await trx.raw<{ rows: { locked: boolean }[] }>(
      'SELECT pg_try_advisory_xact_lock(:lock) AS locked',
      { lock: SIGNING },
    );
    if (!locks[0]?.locked) return 0;
    const waiting = await trx('certificate_use')
      .whereNull('batch_id')
      .orderBy('id')
      .limit(MOST)
      .select<{ id: number; leaf: Buffer }[]>('id', 'leaf');
    if (waiting.length === 0) return 0;
    const last = await trx('receipt_batch')
      .orderBy('id', 'desc')
      .first<{ id: number; root: Buffer } | undefined>('id', 'root');
    const batch = {
      id: (last?.id ?? 0) + 1,
      previous: last?.root ?? FIRST,
      root: rootOf(waiting.map(({ leaf }) => leaf)),
      receipts: waiting.length,
      signedAt: at,
    };
    await trx('receipt_batch').insert({
      id: batch.id,
      previous: batch.previous,
      root: batch.root,
      receipts: batch.receipts,
      signed_at: at,
      signatures: JSON.stringify(sign(batch)),
    });
    await trx.raw(
      `UPDATE certificate_use u SET batch_id = :batch, place = given.place
       FROM (SELECT id, ordinal - 1 AS place FROM unnest(:ids::bigint[]) WITH ORDINALITY AS listed(id, ordinal)) AS given
       WHERE u.id = given.id`,
      { batch: batch.id, ids: waiting.map(({ id }) => id) },
    );
    return waiting.length;
  });
}

/** A receipt with all that its proof needs. */
export interface ProvenReceipt {
  unitCode: string;
  /** What is hashed: see `receiptText`. */
  text: string;
  /** Null: 待签. */
  proof: ReceiptProof | null;
}

/** A receipt by its number; null where there is none. */
export async function findReceipt(db: Knex, receipt: string): Promise<ProvenReceipt | null> {
  const use = await db('certificate_use')
    .where({ receipt })
    .first<{ unitCode: string; text: string; batchId: number | null; place: number } | undefined>({
      unitCode: 'unit_code',
      text: 'text',
      batchId: 'batch_id',
      place: 'place',
    });
  if (!use) return null;
  const { unitCode, text, batchId, place } = use;
  if (batchId === null) return { unitCode, text, proof: null };
  const [batch] = await batchesOf(db, [batchId]);
  if (!batch) return { unitCode, text, proof: null };
  return { unitCode, text, proof: batch.proofAt(place) };
}

/** Receipts that were signed together, and what proves each by its place. */
export interface SignedBatch {
  id: number;
  receipts: number;
  proofAt: (place: number) => ReceiptProof;
}

/** Batches by their numbers, with the leaves of all their receipts. */
export async function batchesOf(db: Knex, ids: readonly number[]): Promise<SignedBatch[]> {
  const batches = await db('receipt_batch')
    .whereIn('id', ids)
    .orderBy('id')
    .select<(ReceiptBatch & { signatures: BatchSignature[] })[]>({
      id: 'id',
      previous: 'previous',
      root: 'root',
      receipts: 'receipts',
      signedAt: 'signed_at',
      signatures: 'signatures',
    });
  const { rows } = await db.raw<{ rows: { batch: number; leaf: Buffer }[] }>(
    `SELECT batch_id AS batch, leaf FROM (
       SELECT batch_id, place, leaf FROM certificate_use WHERE batch_id = ANY (:ids)
       UNION ALL SELECT batch_id, place, leaf FROM removed_leaf WHERE batch_id = ANY (:ids)) AS receipt
     ORDER BY batch_id, place`,
    { ids: [...ids] },
  );
  const leaves = Map.groupBy(rows, ({ batch }) => batch);
  return batches.map(({ signatures, ...batch }) => {
    const pathTo = proofPathsOf((leaves.get(batch.id) ?? []).map(({ leaf }) => leaf));
    return { ...batch, proofAt: (place) => ({ batch, path: pathTo(place), signatures }) };
  });
}
