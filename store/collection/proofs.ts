import type { Knex } from 'knex';
import {
  describeWindow,
  PROOF_SLICE_MS,
  sliceWindow,
  timeWindow,
  type TimeWindow,
  type Window,
} from '../../domain/collection/window.ts';
import { fingerprintOf, type PageRows, type PageRules } from './pages.ts';
import { closeDiscrepancy, openDiscrepancy } from './reconciliation.ts';
import { getStream, type StreamRow } from './streams.ts';

/** Keys of each kind of difference that are named; all are counted. */
const NAMED = 1_000;

/** What a record by record comparison found: evidence that is kept. */
export interface Proof {
  id: number;
  stream: string;
  /** The period that was compared; null for sources of batches. */
  from: Date | null;
  to: Date | null;
  /** The source's own name of the batch that was compared. */
  batch: string | null;
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
  /** How many records the source said that it has, and how many it listed; null of proofs of before. */
  declared: number | null;
  listed: number | null;
  /** Keys that it listed more than once, though it was asked page by page: each may hide another record. */
  repeated: string[];
  /** How many records differ, in whatever way, its own total among them; 0 is a proof of equality. */
  differences: number;
  /** Why the source could not list it; then nothing was compared. */
  fault: string | null;
}

/** Longer than any proof of one window may take. */
const DEAD_AFTER_MS = 2 * 3_600_000;

/** Begins a proof of a window; what earlier ones that died had listed is forgotten. */
export async function startProof(db: Knex, streamId: number, window: Window, at: Date): Promise<number> {
  const place =
    window.kind === 'time'
      ? { proven_from: window.from, proven_to: window.to }
      : { ordinal: window.ordinal, source_batch: window.id };
  const [row] = await db('proof')
    .insert({ ...place, stream_id: streamId, started_at: at })
    .returning<{ id: number }[]>('id');
  if (!row) throw new Error('the proof was not written');
  const dead = db('proof')
    .where({ stream_id: streamId })
    .whereNull('finished_at')
    .where('started_at', '<', new Date(at.getTime() - DEAD_AFTER_MS))
    .select('id');
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

/** A reject that stands in the place of a record: it is open, or a person has corrected what the source has. */
const standsFor = (record: string, at: string): string =>
  ['resolved_at IS NULL', 'resolved_at IS NOT NULL AND correction IS NOT NULL']
    .map(
      (state) => `EXISTS (SELECT FROM reject r WHERE r.stream_id = :streamId AND r.record_key = ${record}.record_key
        AND r.${state} AND r.source_updated_at >= ${record}.${at})`,
    )
    .join(' OR ');

/** Certificates of a period (`since`, `until`) for which no reject stands. */
const heldIn = (period: string): string => `
  SELECT record_key, source_updated_at, content_hash, recorded_at, status FROM certificate, ${period}
  WHERE stream_id = :streamId AND source_updated_at >= since AND source_updated_at < until
    AND NOT (${standsFor('certificate', 'source_updated_at')})`;

/**
 * Compares what was listed with the library, in one statement: set against set, so that equal digests follow from no
 * difference. A record for which a reject waits is accounted for by it; one that was taken since the proof began is left
 * to the next. A version in the library that is newer than what the source lists is a difference: the source went back.
 * Of a batch, what the library holds is what it took from that batch; what a later one replaced or deleted, or an earlier
 * one brought as it is, is accounted for (\`elsewhere\`), and so is what a source lists beyond the period that was asked for.
 */
const COMPARE = `
WITH listed AS MATERIALIZED (
  SELECT DISTINCT ON (record_key) record_key, updated_at, content_hash FROM proof_key
  WHERE proof_id = :proofId AND content_hash IS NOT NULL ORDER BY record_key, updated_at DESC
), other AS MATERIALIZED (
  SELECT record_key, updated_at, fingerprint FROM proof_key WHERE proof_id = :proofId AND content_hash IS NULL
), named AS (
  SELECT coalesce(record_key, 'reject ' || left(encode(fingerprint, 'hex'), 12)) AS record_key, count(*) AS times
  FROM proof_key WHERE proof_id = :proofId GROUP BY 1
), period AS MATERIALIZED (
  SELECT coalesce(:from::timestamptz, (SELECT min(updated_at) FROM proof_key WHERE proof_id = :proofId)) AS since,
    coalesce(:to::timestamptz, (SELECT max(updated_at) + interval '1 us' FROM proof_key WHERE proof_id = :proofId)) AS until
), taken AS MATERIALIZED (
  SELECT array(SELECT id FROM batch WHERE stream_id = :streamId AND ordinal = :ordinal) AS batches
), held AS MATERIALIZED (
  ${heldIn('period, taken')} AND (:ordinal::bigint IS NULL OR batch_id = ANY (batches))
), waiting AS MATERIALIZED (
  SELECT record_key FROM listed WHERE ${standsFor('listed', 'updated_at')}
), judged AS MATERIALIZED (
  SELECT listed.record_key, listed.content_hash, CASE
      WHEN c.record_key IS NULL THEN 'missing'
      WHEN c.content_hash = listed.content_hash AND (c.source_updated_at = listed.updated_at OR :untimed) THEN
        CASE WHEN :ordinal::bigint IS NULL AND listed.updated_at >= since AND listed.updated_at < until
          OR c.batch_id = ANY (batches) THEN 'same' ELSE 'elsewhere' END
      WHEN c.recorded_at > :startedAt THEN 'moved'
      WHEN :ordinal::bigint IS NOT NULL AND c.batch_id <> ALL (batches) AND c.source_updated_at > listed.updated_at THEN 'elsewhere'
      -- What a later state lacked ended at no time of its own.
      WHEN c.status = 'deleted' AND (SELECT ordinal FROM batch WHERE id = c.batch_id) > :ordinal THEN 'elsewhere'
      WHEN c.source_updated_at < listed.updated_at AND NOT :untimed THEN 'missing'
      ELSE 'different' END AS found
  FROM period, taken, listed LEFT JOIN certificate c ON c.stream_id = :streamId AND c.record_key = listed.record_key
  WHERE NOT EXISTS (SELECT FROM waiting WHERE waiting.record_key = listed.record_key)
    AND NOT EXISTS (SELECT FROM other WHERE other.record_key = listed.record_key AND other.updated_at >= listed.updated_at)
), accounted AS MATERIALIZED (
  SELECT record_key, content_hash FROM held
  WHERE EXISTS (SELECT FROM judged WHERE judged.record_key = held.record_key AND found = 'moved')
    OR NOT EXISTS (SELECT FROM judged WHERE judged.record_key = held.record_key)
      AND (status = 'deleted' AND :ordinal::bigint IS NOT NULL OR recorded_at > :startedAt
        OR EXISTS (SELECT FROM other WHERE other.record_key = held.record_key
          AND (other.fingerprint IS NOT NULL OR status = 'deleted') AND other.updated_at >= held.source_updated_at))
), missing AS (
  SELECT record_key FROM judged WHERE found = 'missing'
  UNION SELECT coalesce(record_key, 'reject ' || left(encode(fingerprint, 'hex'), 12)) FROM other
  WHERE fingerprint IS NOT NULL
    AND NOT EXISTS (SELECT FROM reject r WHERE r.stream_id = :streamId AND r.fingerprint = other.fingerprint)
    AND NOT EXISTS (SELECT FROM certificate c WHERE c.stream_id = :streamId AND c.record_key = other.record_key
      AND c.source_updated_at >= other.updated_at)
), undeleted AS (
  SELECT held.record_key FROM held JOIN other USING (record_key)
  WHERE fingerprint IS NULL AND updated_at >= source_updated_at AND recorded_at <= :startedAt AND status <> 'deleted'
), extra AS (
  SELECT record_key FROM held
  WHERE NOT EXISTS (SELECT FROM judged WHERE judged.record_key = held.record_key)
    AND NOT EXISTS (SELECT FROM accounted WHERE accounted.record_key = held.record_key)
    AND NOT EXISTS (SELECT FROM undeleted WHERE undeleted.record_key = held.record_key)
  UNION SELECT coalesce(record_key, 'reject ' || left(encode(fingerprint, 'hex'), 12)) FROM reject r, period, taken
  WHERE r.stream_id = :streamId AND r.resolved_at IS NULL AND r.source_updated_at >= since AND r.source_updated_at < until
    AND (:ordinal::bigint IS NULL OR r.last_batch_id = ANY (batches))
    AND NOT EXISTS (SELECT FROM other WHERE other.fingerprint = r.fingerprint OR other.record_key = r.record_key)
    AND NOT EXISTS (SELECT FROM listed WHERE listed.record_key = r.record_key)
), different AS (
  SELECT record_key FROM judged WHERE found = 'different' UNION SELECT record_key FROM undeleted
), told AS (
  SELECT record_key, content_hash FROM judged WHERE found IN ('same', 'missing', 'different')
  UNION ALL SELECT record_key, content_hash FROM accounted
), refused AS (
  SELECT (SELECT count(*) FROM other WHERE fingerprint IS NOT NULL) + (SELECT count(*) FROM waiting) AS count
), elsewhere AS (
  SELECT count(*) AS count FROM judged WHERE found = 'elsewhere'
)
UPDATE proof SET finished_at = :at, declared = :declared,
  listed = (SELECT CASE WHEN :ordinal::bigint IS NOT NULL THEN sum(times) ELSE count(*) END FROM named),
  repeated = array(SELECT record_key FROM named WHERE times > 1 AND :ordinal::bigint IS NULL ORDER BY 1 LIMIT :named),
  source_records = (SELECT count(*) FROM told) + elsewhere.count + refused.count, source_refused = refused.count,
  library_records = (SELECT count(*) FROM held) + elsewhere.count,
  source_digest = (SELECT ${digestOf('told')}), library_digest = (SELECT ${digestOf('held')}),
  missing = array(SELECT record_key FROM missing ORDER BY 1 LIMIT :named), missing_count = (SELECT count(*) FROM missing),
  extra = array(SELECT record_key FROM extra ORDER BY 1 LIMIT :named), extra_count = (SELECT count(*) FROM extra),
  different = array(SELECT record_key FROM different ORDER BY 1 LIMIT :named),
  different_count = (SELECT count(*) FROM different)
FROM refused, elsewhere WHERE id = :proofId`;

function digestOf(table: string): string {
  const bits = `('x' || left(encode(sha256(convert_to(record_key, 'UTF8') || content_hash), 'hex'), 16))::bit(64)::bigint`;
  return `to_hex(coalesce(bit_xor(${bits}), 0)) FROM ${table}`;
}

/** Ends a proof: compares, and keeps the evidence. */
export async function finishProof(
  db: Knex,
  proofId: number,
  streamId: number,
  window: Window,
  rules: Pick<PageRules, 'untimed'> & { declared: number },
  at: Date,
): Promise<Proof> {
  return db.transaction(async (trx) => {
    // The planner must know how much was listed.
    await trx.raw('ANALYZE proof_key');
    const place =
      window.kind === 'time'
        ? { from: window.from, to: window.to, ordinal: null }
        : { from: null, to: null, ordinal: window.ordinal };
    const { startedAt } = await trx('proof')
      .where({ id: proofId })
      .first<{ startedAt: Date }>({ startedAt: 'started_at' });
    await trx.raw(COMPARE, { ...place, ...rules, proofId, streamId, startedAt, at, named: NAMED });
    await trx('proof_key').where({ proof_id: proofId }).delete();
    const [proof] = await findProofs(trx, [proofId]);
    if (!proof) throw new Error(`there is no proof ${proofId}`);
    return proof;
  });
}

/** Ends a proof for which the source could not be read, and says why. */
export async function failProof(db: Knex, proofId: number, fault: string, at: Date): Promise<void> {
  const nothing = { source_records: 0, source_refused: 0, library_records: 0, source_digest: '', library_digest: '' };
  const none = { missing: [], extra: [], different: [], missing_count: 0, extra_count: 0, different_count: 0 };
  await db('proof')
    .where({ id: proofId })
    .update({ ...nothing, ...none, fault, finished_at: at });
  await db('proof_key').where({ proof_id: proofId }).delete();
}

/** What proofs found, in the order of their windows. */
export async function findProofs(db: Knex, ids: readonly number[]): Promise<Proof[]> {
  return selectProofs(db).whereIn('proof.id', ids).orderBy(['proven_from', 'ordinal']);
}

/** Proofs that ended in a time, the latest first. */
export async function listProofs(
  db: Knex,
  choice: { stream?: string | undefined; from: Date; to: Date; different?: boolean | undefined; limit?: number },
): Promise<Proof[]> {
  const proofs = selectProofs(db)
    .where('finished_at', '>=', choice.from)
    .where('finished_at', '<', choice.to)
    .orderBy('proof.id', 'desc');
  if (choice.limit !== undefined) void proofs.limit(choice.limit);
  if (choice.stream !== undefined) void proofs.where('name', choice.stream);
  if (choice.different) void proofs.whereRaw('differences > 0 OR fault IS NOT NULL');
  return proofs;
}

function selectProofs(db: Knex) {
  return db('proof').join('stream', 'stream.id', 'proof.stream_id').select<Proof[]>({
    id: 'proof.id',
    stream: 'stream.name',
    from: 'proven_from',
    to: 'proven_to',
    batch: 'source_batch',
    startedAt: 'started_at',
    finishedAt: 'finished_at',
    fault: 'fault',
    sourceRecords: 'source_records',
    sourceRefused: 'source_refused',
    libraryRecords: 'library_records',
    sourceDigest: 'source_digest',
    libraryDigest: 'library_digest',
    missing: 'missing',
    extra: 'extra',
    different: 'different',
    missingCount: 'missing_count',
    extraCount: 'extra_count',
    differentCount: 'different_count',
    declared: 'declared',
    listed: 'listed',
    repeated: 'repeated',
    differences: 'differences',
  });
}

/** What the library holds now of a period that was proven before. */
export interface Recheck {
  records: number;
  digest: string;
  /** Of these, taken or changed after the proof. */
  changed: number;
}

/**
 * Looks at the library alone whether it still is what a proof of a period found: the same number of records and the same
 * digest, or so many changed since.
 */
export async function recheckProof(db: Knex, proof: Proof): Promise<Recheck> {
  const { id: streamId } = await getStream(db, proof.stream);
  const { rows } = await db.raw<{ rows: Recheck[] }>(
    `WITH held AS MATERIALIZED (${heldIn('(SELECT :from::timestamptz AS since, :to::timestamptz AS until) AS period')})
     SELECT (SELECT count(*) FROM held) AS records, (SELECT ${digestOf('held')}) AS digest,
       (SELECT count(*) FROM held WHERE recorded_at > :finishedAt) AS changed`,
    { streamId, from: proof.from, to: proof.to, finishedAt: proof.finishedAt },
  );
  if (!rows[0]) throw new Error('the library gave no answer');
  return rows[0];
}

/**
 * The part of a stream's past that was proven longest ago, or never; the youngest of these. Null while the stream is
 * younger than a day.
 */
export async function longestUnproven(db: Knex, streamId: number, past: TimeWindow): Promise<TimeWindow | null> {
  const slices = sliceWindow(past, PROOF_SLICE_MS);
  const { rows } = await db.raw<{ rows: { from: Date; to: Date }[] }>(
    `SELECT "from", "to" FROM json_to_recordset(:slices) AS slice("from" timestamptz, "to" timestamptz)
     ORDER BY (SELECT max(finished_at) FROM proof WHERE stream_id = :streamId AND fault IS NULL
       AND proven_from <= "from" AND proven_to >= "to") NULLS FIRST, "from" DESC LIMIT 1`,
    { slices: JSON.stringify(slices), streamId },
  );
  const [slice] = rows;
  return slice ? timeWindow(slice.from.getTime(), slice.to.getTime()) : null;
}

/** A proof that found differences makes them a task of the unit; one that found none closes those of its window. */
export async function settleProof(db: Knex, stream: StreamRow, window: Window, proof: Proof, at: Date): Promise<void> {
  if (proof.fault !== null) return;
  const subject = describeWindow(window);
  if (proof.differences > 0) {
    await openDiscrepancy(
      db,
      stream,
      {
        subject,
        window: window.kind === 'time' ? window : null,
        // What the source said where it did not list so many: that is what differs then.
        sourceCount: proof.declared === proof.listed ? proof.sourceRecords : (proof.declared ?? 0),
        libraryCount: proof.libraryRecords,
        onlyAtSource: proof.missing,
        onlyInLibrary: proof.extra,
        different: proof.different,
        repeated: proof.repeated,
      },
      at,
    );
    return;
  }
  if (window.kind === 'batch') {
    await closeDiscrepancy(db, stream.id, subject, at);
    return;
  }
  await db('discrepancy')
    .where({ stream_id: stream.id })
    .whereNull('closed_at')
    .where('window_from', '>=', window.from)
    .where('window_to', '<=', window.to)
    .update({ closed_at: at });
}
