import type { Knex } from 'knex';
import type { TimeWindow } from '../domain/window.ts';
import { fingerprintOf, type PageRows } from './pages.ts';
import { openDiscrepancy } from './reconciliation.ts';
import type { StreamRow } from './streams.ts';

/** Keys of each kind of difference that are named; all are counted. */
const NAMED = 1_000;

/** What a record by record comparison found: evidence that is kept. */
export interface Proof {
  id: number;
  from: Date;
  to: Date;
  startedAt: Date;
  finishedAt: Date | null;
  /** Records that the source listed, of these how many its rules refuse, and records that the library holds. */
  sourceRecords: number;
  sourceRefused: number;
  libraryRecords: number;
  /** Equal sets of keys and contents have equal digests. */
  sourceDigest: string;
  libraryDigest: string;
  /** Keys that the source has and the library accounts for neither as a certificate nor as a reject. */
  missing: string[];
  /** Keys that only the library has. */
  extra: string[];
  /** Keys of which both have the same version with different content. */
  different: string[];
  missingCount: number;
  extraCount: number;
  differentCount: number;
}

/** Begins a proof of a window; what an earlier one that died had listed is forgotten. */
export async function startProof(db: Knex, streamId: number, window: TimeWindow, at: Date): Promise<number> {
  const [row] = await db('proof')
    .insert({ stream_id: streamId, proven_from: window.from, proven_to: window.to, started_at: at })
    .returning<{ id: number }[]>('id');
  if (!row) throw new Error('the proof was not written');
  const dead = db('proof').where({ stream_id: streamId }).whereNull('finished_at').whereNot('id', row.id).select('id');
  await db('proof_key').whereIn('proof_id', dead).delete();
  return row.id;
}

/** Lists a page of the source's records in a proof. */
export async function listPage(
  db: Knex,
  proofId: number,
  page: Pick<PageRows, 'rows' | 'rejected' | 'deleted'>,
): Promise<void> {
  await db.raw(
    `INSERT INTO proof_key (proof_id, record_key, updated_at, content_hash)
     SELECT ?, key, "updatedAt", decode(hash, 'hex')
     FROM json_to_recordset(?::json) AS given(key text, "updatedAt" timestamptz, hash text)`,
    [proofId, page.rows.toString('utf8')],
  );
  const others = [
    ...page.rejected.map(({ key, updatedAt, raw }) => ({ key, updatedAt, fingerprint: fingerprintOf(raw) })),
    ...page.deleted.map(({ key, updatedAt }) => ({ key, updatedAt, fingerprint: null })),
  ];
  if (others.length === 0) return;
  await db.raw(
    `INSERT INTO proof_key (proof_id, record_key, updated_at, fingerprint)
     SELECT ?, key, "updatedAt", decode(fingerprint, 'hex')
     FROM json_to_recordset(?::json) AS given(key text, "updatedAt" timestamptz, fingerprint text)`,
    [proofId, JSON.stringify(others)],
  );
}

/**
 * Compares what was listed with the library, in one statement. A record that the library holds in a newer version than
 * the source listed, or that waits as a reject, is accounted for; so is a refused one whose correction is in.
 */
const COMPARE = `
WITH listed AS MATERIALIZED (
  SELECT DISTINCT ON (record_key) record_key, updated_at, content_hash FROM proof_key
  WHERE proof_id = :proofId AND content_hash IS NOT NULL ORDER BY record_key, updated_at DESC
), other AS MATERIALIZED (
  SELECT record_key, updated_at, fingerprint FROM proof_key WHERE proof_id = :proofId AND content_hash IS NULL
), held AS MATERIALIZED (
  SELECT record_key, source_updated_at, content_hash FROM certificate
  WHERE stream_id = :streamId AND source_updated_at >= :from AND source_updated_at < :to
), compared AS (
  SELECT listed.record_key, c.record_key IS NULL OR c.source_updated_at < listed.updated_at AS missing,
    c.source_updated_at = listed.updated_at AND c.content_hash <> listed.content_hash AS different
  FROM listed LEFT JOIN certificate c ON c.stream_id = :streamId AND c.record_key = listed.record_key
  WHERE NOT EXISTS (SELECT FROM reject r WHERE r.stream_id = :streamId AND r.record_key = listed.record_key
      AND r.resolved_at IS NULL AND r.source_updated_at >= listed.updated_at)
    AND NOT EXISTS (SELECT FROM other WHERE other.record_key = listed.record_key AND other.updated_at >= listed.updated_at)
), missing AS (
  SELECT record_key FROM compared WHERE missing
  UNION SELECT coalesce(record_key, 'reject ' || left(encode(fingerprint, 'hex'), 12)) FROM other
  WHERE fingerprint IS NOT NULL
    AND NOT EXISTS (SELECT FROM reject r WHERE r.stream_id = :streamId AND r.fingerprint = other.fingerprint)
    AND NOT EXISTS (SELECT FROM certificate c WHERE c.stream_id = :streamId AND c.record_key = other.record_key
      AND c.source_updated_at >= other.updated_at)
), extra AS (
  SELECT record_key FROM held
  WHERE NOT EXISTS (SELECT FROM listed WHERE listed.record_key = held.record_key)
    AND NOT EXISTS (SELECT FROM other WHERE other.record_key = held.record_key)
  UNION SELECT coalesce(record_key, 'reject ' || left(encode(fingerprint, 'hex'), 12)) FROM reject r
  WHERE r.stream_id = :streamId AND r.resolved_at IS NULL AND r.source_updated_at >= :from AND r.source_updated_at < :to
    AND NOT EXISTS (SELECT FROM other WHERE other.fingerprint = r.fingerprint OR other.record_key = r.record_key)
    AND NOT EXISTS (SELECT FROM listed WHERE listed.record_key = r.record_key)
), different AS (
  SELECT record_key FROM compared WHERE different AND NOT missing
)
UPDATE proof SET finished_at = :at,
  source_records = (SELECT count(*) FROM listed) + (SELECT count(*) FROM other),
  source_refused = (SELECT count(*) FROM other WHERE fingerprint IS NOT NULL),
  library_records = (SELECT count(*) FROM held),
  source_digest = (SELECT ${digestOf('listed')}), library_digest = (SELECT ${digestOf('held')}),
  missing = array(SELECT record_key FROM missing ORDER BY 1 LIMIT :named), missing_count = (SELECT count(*) FROM missing),
  extra = array(SELECT record_key FROM extra ORDER BY 1 LIMIT :named), extra_count = (SELECT count(*) FROM extra),
  different = array(SELECT record_key FROM different ORDER BY 1 LIMIT :named),
  different_count = (SELECT count(*) FROM different)
WHERE id = :proofId`;

function digestOf(table: string): string {
  const bits = `('x' || left(encode(sha256(convert_to(record_key, 'UTF8') || content_hash), 'hex'), 16))::bit(64)::bigint`;
  return `to_hex(coalesce(bit_xor(${bits}), 0)) FROM ${table}`;
}

/** Ends a proof: compares, and keeps the evidence. */
export async function finishProof(
  db: Knex,
  proofId: number,
  streamId: number,
  window: TimeWindow,
  at: Date,
): Promise<Proof> {
  return db.transaction(async (trx) => {
    // The planner must know how much was listed.
    await trx.raw('ANALYZE proof_key');
    await trx.raw(COMPARE, { proofId, streamId, from: window.from, to: window.to, at, named: NAMED });
    await trx('proof_key').where({ proof_id: proofId }).delete();
    const [proof] = await findProofs(trx, [proofId]);
    if (!proof) throw new Error(`there is no proof ${String(proofId)}`);
    return proof;
  });
}

/** What proofs found, in the order of their windows. */
export async function findProofs(db: Knex, ids: readonly number[]): Promise<Proof[]> {
  return db('proof')
    .whereIn('id', ids)
    .orderBy('proven_from')
    .select<Proof[]>({
      ...{ id: 'id', from: 'proven_from', to: 'proven_to', startedAt: 'started_at', finishedAt: 'finished_at' },
      ...{ sourceRecords: 'source_records', sourceRefused: 'source_refused', libraryRecords: 'library_records' },
      ...{ sourceDigest: 'source_digest', libraryDigest: 'library_digest' },
      ...{ missing: 'missing', extra: 'extra', different: 'different' },
      ...{ missingCount: 'missing_count', extraCount: 'extra_count', differentCount: 'different_count' },
    });
}

/** How many records differ, in whatever way; 0 is a proof of equality. */
export const differences = (proof: Pick<Proof, 'missingCount' | 'extraCount' | 'differentCount'>): number =>
  proof.missingCount + proof.extraCount + proof.differentCount;

/** A proof that found differences makes them a task of the unit; one that found none closes those of its window. */
export async function settleProof(
  db: Knex,
  stream: StreamRow,
  subject: string,
  window: TimeWindow,
  proof: Proof,
  at: Date,
): Promise<void> {
  if (differences(proof) === 0) {
    await db('discrepancy')
      .where({ stream_id: stream.id })
      .whereNull('closed_at')
      .where('window_from', '>=', window.from)
      .where('window_to', '<=', window.to)
      .update({ closed_at: at });
    return;
  }
  await openDiscrepancy(
    db,
    stream,
    {
      ...{ subject, window, sourceCount: proof.sourceRecords, libraryCount: proof.libraryRecords },
      ...{ onlyAtSource: proof.missing, onlyInLibrary: proof.extra, different: proof.different },
    },
    at,
  );
}
