import type { Knex } from 'knex';
import type { PageMark, BatchWindow, Window } from '../../domain/collection/window.ts';
import { shanghaiInstant } from '../../domain/dates.ts';
import type { Problem } from '../../domain/library/validation.ts';
import type { PageCounts } from './pages.ts';

export type BatchPurpose = 'return' | 'daily' | 'reconcile' | 'push' | 'replay' | 'stock' | 'backfill' | 'paper';

/** One read of one window. */
export interface Batch {
  id: number;
  streamId: number;
  stream: string;
  window: Window;
  declared: number;
  /** Total that the pages so far were read under. */
  total: number | null;
  attempt: number;
  state: 'open' | 'complete' | 'different';
  /** The source kept changing under the reader, and it was given up unread. */
  givenUp: boolean;
  openedAt: Date;
}

interface BatchRecord {
  id: number;
  stream_id: number;
  name: string;
  read_from: Date | null;
  read_to: Date | null;
  ordinal: number | null;
  source_batch: string | null;
  cursor_before: string | null;
  cursor_after: string | null;
  declared: number;
  total: number | null;
  attempt: number;
  read: number | null;
  state: Batch['state'];
  opened_at: Date;
}

export async function openBatch(
  db: Knex,
  streamId: number,
  batch: { purpose: BatchPurpose; window: Window; declared: number; workflowId: string },
  at: Date,
): Promise<number> {
  const { window } = batch;
  const place =
    window.kind === 'time'
      ? { read_from: window.from, read_to: window.to }
      : { ordinal: window.ordinal, source_batch: window.id, cursor_before: window.after, cursor_after: window.next };
  const [row] = await db('batch')
    .insert({
      ...place,
      stream_id: streamId,
      purpose: batch.purpose,
      workflow_id: batch.workflowId,
      declared: batch.declared,
      opened_at: at,
    })
    .returning<{ id: number }[]>('id');
  if (!row) throw new Error('the batch was not written');
  return row.id;
}

export async function getBatch(db: Knex, id: number): Promise<Batch> {
  const row = await db('batch')
    .join('stream', 'stream.id', 'batch.stream_id')
    .where('batch.id', id)
    .first<BatchRecord | undefined>('batch.*', 'stream.name');
  if (!row) throw new Error(`there is no batch ${id}`);
  const { id: batchId, stream_id: streamId, name: stream, declared, total, attempt, state, opened_at: openedAt } = row;
  const givenUp = state === 'different' && row.read === null;
  return { id: batchId, streamId, stream, window: windowOf(row), declared, total, attempt, state, givenUp, openedAt };
}

function windowOf(row: BatchRecord): Window {
  if (row.read_from && row.read_to) {
    return { kind: 'time', from: shanghaiInstant(row.read_from.getTime()), to: shanghaiInstant(row.read_to.getTime()) };
  }
  return chainWindow(row);
}

function chainWindow(row: BatchRecord): BatchWindow {
  return {
    kind: 'batch',
    ordinal: row.ordinal ?? 0,
    id: row.source_batch ?? '',
    after: row.cursor_before,
    next: row.cursor_after ?? '',
    declared: row.declared,
  };
}

/** What some batches read, by id; those that read nothing of their source, as replays of rejects, are left out. */
export async function windowsOf(db: Knex, ids: readonly number[]): Promise<Map<number, Window>> {
  const rows = await db('batch')
    .whereRaw('id = ANY (?)', [[...ids]])
    .select<BatchRecord[]>('*');
  return new Map(rows.filter((row) => row.read_from ?? row.ordinal).map((row) => [row.id, windowOf(row)]));
}

/** One read of a stream, with its counts at the three points (源端、读取、入库). */
export interface BatchReport {
  id: number;
  purpose: BatchPurpose;
  from: Date | null;
  to: Date | null;
  /** The source's own name of the batch. */
  sourceBatch: string | null;
  state: Batch['state'];
  declared: number;
  /** Null while it goes on, and of one that was given up. */
  read: number | null;
  accepted: number | null;
  unchanged: number | null;
  rejected: number | null;
  /** Different keys among those that were read; null while it goes on, and of batches of before. */
  keys: number | null;
  /** Keys that came more than once, the first of them. */
  repeated: string[] | null;
  openedAt: Date;
  closedAt: Date | null;
  acknowledgedAt: Date | null;
  workflowId: string;
}

/** The last reads of a stream, the latest first. */
export const lastBatches = (db: Knex, stream: string, limit: number): Promise<BatchReport[]> =>
  db('batch')
    .where('stream_id', db('stream').where({ name: stream }).select('id'))
    .orderBy('opened_at', 'desc')
    .limit(limit)
    .select<BatchReport[]>({
      id: 'id',
      purpose: 'purpose',
      from: 'read_from',
      to: 'read_to',
      sourceBatch: 'source_batch',
      state: 'state',
      declared: 'declared',
      read: 'read',
      accepted: 'accepted',
      unchanged: 'unchanged',
      rejected: 'rejected',
      keys: 'keys',
      repeated: 'repeated',
      openedAt: 'opened_at',
      closedAt: 'closed_at',
      acknowledgedAt: 'acknowledged_at',
      workflowId: 'workflow_id',
    });

/** The pages of a batch's current attempt that are in, by number. */
export async function committedPages(db: Knex, batch: Pick<Batch, 'id' | 'attempt'>): Promise<Map<number, PageMark>> {
  const rows = await db('batch_page')
    .where({ batch_id: batch.id, attempt: batch.attempt })
    .orderBy('page')
    .select<({ page: number } & PageMark)[]>('page', 'digest', 'position');
  return new Map(rows.map(({ page, digest, position }) => [page, { digest, position }]));
}

/** The rejected records of a batch, as they came. */
export async function rejectedRecords(db: Knex, batchId: number): Promise<{ record: unknown; problems: Problem[] }[]> {
  const rows = await db('reject')
    .where({ last_batch_id: batchId, raw_encoding: 'json' })
    .select<{ raw: string; problems: Problem[] }[]>('raw', 'problems');
  return rows.map(({ raw, problems }) => ({ record: JSON.parse(raw) as unknown, problems }));
}

/** Which of these batches a stream's chain has, and whether they are complete. */
export async function knownBatches(db: Knex, streamId: number, ids: string[]): Promise<Map<string, boolean>> {
  const rows = await db('batch')
    .where({ stream_id: streamId })
    .whereNotNull('ordinal')
    .whereIn('source_batch', ids)
    .groupBy('source_batch')
    .select<{ id: string; complete: boolean }[]>(
      { id: 'source_batch' },
      db.raw(`bool_or(state = 'complete') AS complete`),
    );
  return new Map(rows.map(({ id, complete }) => [id, complete]));
}

/** Remembers the total that a batch's pages are read under. */
export async function noteTotal(db: Knex, batchId: number, total: number): Promise<void> {
  await db('batch').where({ id: batchId }).update({ total });
}

/** Begins to count a batch's pages anew, because the source moved while they were read; their rows stay. */
export async function restartBatch(db: Knex, batchId: number): Promise<void> {
  for (const table of ['snapshot_key', 'page_key']) await db(table).where({ batch_id: batchId }).delete();
  await db('batch').where({ id: batchId }).update({ total: null }).increment('attempt', 1);
}

/** Ends a batch whose source kept changing under the reader: it counted nothing, and covers nothing. */
export async function giveUpBatch(db: Knex, batchId: number, at: Date): Promise<void> {
  await db('batch').where({ id: batchId }).update({ state: 'different', closed_at: at });
}

/** How many batches of a stream were given up since an instant, and whether any of them was shorter than a time. */
export async function givenUpSince(
  db: Knex,
  streamId: number,
  since: Date,
  shortMs: number,
): Promise<{ batches: number; short: boolean }> {
  const { rows } = await db.raw<{ rows: { batches: number; short: boolean }[] }>(
    `SELECT count(*) AS batches, coalesce(bool_or(read_to - read_from < :shortMs * interval '1 ms'), false) AS short
     FROM batch WHERE stream_id = :streamId AND opened_at >= :since AND state = 'different' AND read IS NULL`,
    { streamId, since, shortMs },
  );
  return rows[0] ?? { batches: 0, short: false };
}

export interface BatchCounts extends PageCounts {
  pages: number;
}

/** How many different records a batch brought: by their keys, or by their content where they have none. */
export interface DistinctKeys {
  keys: number;
  /** Keys that came more than once, the first of them. */
  repeated: string[];
}

/** Repeated keys of a batch that are named. */
const REPEATED_NAMED = 20;

/**
 * Counts the different keys of a batch's current attempt, from its pages’ hashes, and forgets these.
 * @param versions each version of a record was to come once, not each key: see `PageRules`
 */
export async function countKeys(
  db: Knex,
  batch: Pick<Batch, 'id' | 'streamId' | 'attempt'>,
  versions = false,
): Promise<DistinctKeys> {
  const values = {
    batchId: batch.id,
    streamId: batch.streamId,
    attempt: batch.attempt,
    versions,
    named: REPEATED_NAMED,
  };
  const { rows } = await db.raw<{ rows: { keys: number; twice: string[] }[] }>(
    `WITH hashed AS (
       SELECT hash, count(*) AS times FROM page_key, unnest(hashes) AS hash
       WHERE batch_id = :batchId AND attempt = :attempt GROUP BY hash)
     SELECT (SELECT count(*) FROM hashed) AS keys,
       array(SELECT hash::text FROM hashed WHERE times > 1 ORDER BY hash LIMIT :named) AS twice`,
    values,
  );
  const { keys = 0, twice = [] } = rows[0] ?? {};
  await db('page_key').where({ batch_id: batch.id }).delete();
  if (twice.length === 0) return { keys, repeated: [] };
  const found = await db.raw<{ rows: { key: string }[] }>(
    `SELECT record_key AS key FROM (
       SELECT record_key, encode(content_hash, 'hex') AS content, source_updated_at FROM certificate WHERE stream_id = :streamId
       -- What has versions has its last one in the library, under the same key.
       UNION ALL SELECT record_key, encode(content_hash, 'hex'), source_updated_at FROM certificate_history
         WHERE :versions AND stream_id = :streamId
       UNION ALL SELECT record_key, 'deleted', source_updated_at FROM deletion WHERE stream_id = :streamId
       UNION ALL SELECT coalesce(record_key, encode(fingerprint, 'hex')), encode(fingerprint, 'hex'), source_updated_at FROM reject
         WHERE stream_id = :streamId) AS known
     WHERE came_as(record_key, content, source_updated_at, :versions) = ANY (:twice::bigint[])
     GROUP BY record_key ORDER BY record_key LIMIT :named`,
    { ...values, twice },
  );
  return { keys, repeated: found.rows.map(({ key }) => key) };
}

export async function batchCounts(db: Knex, batch: Pick<Batch, 'id' | 'attempt'>): Promise<BatchCounts> {
  return db('batch_page')
    .where({ batch_id: batch.id, attempt: batch.attempt })
    .first<BatchCounts>(
      db.raw(`count(*) AS pages, coalesce(sum(read), 0)::bigint AS read, coalesce(sum(accepted), 0)::bigint AS accepted,
        coalesce(sum(unchanged), 0)::bigint AS unchanged, coalesce(sum(rejected), 0)::bigint AS rejected`),
    );
}

/** How a batch is closed. */
export interface Closing {
  /** What the source says it has. */
  declared: number;
  /**
   * It is one delivery of the source’s own: what stands in it twice was delivered twice. Else it was asked for page by
   * page, and a record that came twice, because the pages have no stable order, took the place of one that never came.
   * Its pages were written by rules that say so, too (`versions`).
   */
  delivery: boolean;
  deletes?: { share: number } | undefined;
}

/**
 * Ends a batch: complete, and then its window is covered from the same instant, when the counts agree: what the source
 * declared, what was read and what was committed, and, of a source that is asked page by page, the different keys; else
 * different, and nothing is covered.
 */
export async function closeBatch(
  db: Knex,
  batch: Batch,
  { declared, delivery, deletes }: Closing,
  at: Date,
): Promise<BatchCounts & DistinctKeys & { complete: boolean; gone: Gone | null }> {
  return db.transaction(async (trx) => {
    await settleRecords(trx, batch, at);
    const counts = await batchCounts(trx, batch);
    const { keys, repeated } = await countKeys(trx, batch, delivery);
    const committed = counts.accepted + counts.unchanged + counts.rejected;
    const complete = declared === counts.read && counts.read === committed && (delivery || keys === declared);
    await trx('batch')
      .where({ id: batch.id })
      .update({
        declared,
        read: counts.read,
        accepted: counts.accepted,
        unchanged: counts.unchanged,
        rejected: counts.rejected,
        keys,
        repeated,
        state: complete ? 'complete' : 'different',
        closed_at: at,
      });
    if (complete) await cover(trx, batch.streamId, batch.window);
    const gone = complete && deletes ? await deleteGone(trx, batch, deletes.share, at) : null;
    if (deletes) await trx('snapshot_key').where({ batch_id: batch.id }).delete();
    return { ...counts, keys, repeated, complete, gone };
  });
}

/** What a batch with all records lacked of those that the library holds. */
export interface Gone {
  missing: number;
  held: number;
  /** They were more than may be deleted at once, and are held on. */
  refused: boolean;
}

async function deleteGone(db: Knex, batch: Batch, share: number, at: Date): Promise<Gone> {
  const lacking = `stream_id = :streamId AND status <> 'deleted'
    AND NOT EXISTS (SELECT FROM snapshot_key seen WHERE seen.batch_id = :batchId AND seen.record_key = certificate.record_key)`;
  const values = { streamId: batch.streamId, batchId: batch.id, at };
  const { rows } = await db.raw<{ rows: { missing: number; held: number }[] }>(
    `SELECT (SELECT count(*) FROM certificate WHERE ${lacking}) AS missing,
       (SELECT count(*) FROM certificate WHERE stream_id = :streamId AND status <> 'deleted') AS held`,
    values,
  );
  const { missing = 0, held = 0 } = rows[0] ?? {};
  if (missing > held * share) return { missing, held, refused: true };
  await db.raw(
    `UPDATE certificate SET status = 'deleted', content_hash = sha256(content_hash), batch_id = :batchId, recorded_at = :at
     WHERE ${lacking}`,
    values,
  );
  // Neither does anybody owe a correction of what the source no longer has.
  await db.raw(
    `UPDATE reject SET resolved_at = :at WHERE stream_id = :streamId AND resolved_at IS NULL
       AND CASE WHEN record_key IS NULL THEN last_batch_id <> :batchId ELSE NOT EXISTS (
         SELECT FROM snapshot_key seen WHERE seen.batch_id = :batchId AND seen.record_key = reject.record_key) END`,
    values,
  );
  return { missing, held, refused: false };
}

/** Applies what the pages of a batch could not know of each other, because they were written at the same time. */
export async function settleRecords(db: Knex, batch: Pick<Batch, 'id' | 'streamId'>, at: Date): Promise<void> {
  await endDeleted(db, batch, at);
  await resolveReplacedRejects(db, batch, at);
}

/** Ends records whose deletion this batch brought. */
async function endDeleted(db: Knex, batch: Pick<Batch, 'id'>, at: Date): Promise<void> {
  await db.raw(
    `UPDATE certificate held SET status = 'deleted', source_updated_at = deletion.source_updated_at,
       content_hash = CASE WHEN status = 'deleted' THEN content_hash ELSE sha256(content_hash) END,
       batch_id = deletion.batch_id, recorded_at = :at
     FROM deletion WHERE deletion.batch_id = :batchId AND held.stream_id = deletion.stream_id
       AND held.record_key = deletion.record_key AND held.source_updated_at < deletion.source_updated_at`,
    { at, batchId: batch.id },
  );
}

/** Rejects of a batch in whose place the library holds, or has refused, a newer version, or knows of a deletion. */
async function resolveReplacedRejects(db: Knex, batch: Pick<Batch, 'id' | 'streamId'>, at: Date): Promise<void> {
  await db.raw(
    `UPDATE reject SET resolved_at = :at
     WHERE stream_id = :streamId AND last_batch_id = :batchId AND resolved_at IS NULL AND (
       EXISTS (SELECT FROM certificate held WHERE held.stream_id = reject.stream_id
         AND held.record_key = reject.record_key AND held.source_updated_at > reject.source_updated_at)
       OR EXISTS (SELECT FROM deletion WHERE deletion.stream_id = reject.stream_id
         AND deletion.record_key = reject.record_key AND deletion.source_updated_at > reject.source_updated_at)
       OR EXISTS (SELECT FROM reject newer WHERE newer.stream_id = reject.stream_id AND newer.resolved_at IS NULL
         AND newer.record_key = reject.record_key AND newer.source_updated_at > reject.source_updated_at))`,
    { at, streamId: batch.streamId, batchId: batch.id },
  );
}

/** Adds a window to what is proven to be in. */
export async function cover(db: Knex, streamId: number, window: Window): Promise<void> {
  if (window.kind === 'time') {
    await db.raw('UPDATE coverage SET times = times + tstzmultirange(tstzrange(?, ?)) WHERE stream_id = ?', [
      window.from,
      window.to,
      streamId,
    ]);
  } else {
    await db.raw('UPDATE coverage SET ordinals = ordinals + int8multirange(int8range(?, ?)) WHERE stream_id = ?', [
      window.ordinal,
      window.ordinal + 1,
      streamId,
    ]);
  }
}

/**
 * Covers what a source vouches for by having no further batch: where a batch is named, if that one is complete, else if
 * no link of the chain is broken.
 */
export async function coverProven(
  db: Knex,
  streamId: number,
  proven: readonly { window: Window & { kind: 'time' }; batch?: string }[],
): Promise<void> {
  if (proven.length === 0) return;
  await db.raw(
    `UPDATE coverage SET times = times + (
       SELECT coalesce(range_agg(tstzrange("from", "to") * tstzrange(collect_from, NULL)), '{}')
       FROM json_to_recordset(:proven) AS proven("from" timestamptz, "to" timestamptz, batch text), stream
       WHERE stream.id = :streamId AND "to" > "from" AND NOT EXISTS (
         SELECT FROM batch WHERE batch.stream_id = :streamId AND batch.ordinal IS NOT NULL
           AND (proven.batch IS NULL OR batch.source_batch = proven.batch) AND NOT batch.ordinal <@ coverage.ordinals))
     WHERE stream_id = :streamId`,
    { streamId, proven: JSON.stringify(proven.map(({ window: { from, to }, batch }) => ({ from, to, batch }))) },
  );
}

/** Takes a window out again, because its counts differ after all. */
export async function uncover(db: Knex, streamId: number, window: Window & { kind: 'time' }): Promise<void> {
  await db.raw('UPDATE coverage SET times = times - tstzmultirange(tstzrange(?, ?)) WHERE stream_id = ?', [
    window.from,
    window.to,
    streamId,
  ]);
}

/** The parts of an interval that are not covered, in order. */
export async function gaps(db: Knex, streamId: number, from: Date, to: Date): Promise<{ from: Date; to: Date }[]> {
  const { rows } = await db.raw<{ rows: { from: Date; to: Date }[] }>(
    `SELECT lower(gap) AS from, upper(gap) AS to
     FROM coverage, unnest(tstzmultirange(tstzrange(:from::timestamptz, greatest(:from, :to)::timestamptz)) - times) AS gap
     WHERE stream_id = :streamId ORDER BY lower(gap)`,
    { streamId, from, to },
  );
  return rows;
}

/** The batch that a chain goes on from, and those of it that are still to be mended or acknowledged. */
export interface Chain {
  last: BatchWindow | null;
  /** Links that were read and did not match what they declared, oldest first. */
  broken: BatchWindow[];
  /** Complete and not yet acknowledged, oldest first. */
  unacknowledged: number[];
}

export async function getChain(db: Knex, streamId: number): Promise<Chain> {
  const links = db('batch').where({ stream_id: streamId }).whereNotNull('ordinal');
  const last = await links
    .clone()
    .orderBy([
      { column: 'ordinal', order: 'desc' },
      { column: 'id', order: 'desc' },
    ])
    .first<BatchRecord | undefined>('*');
  if (!last) return { last: null, broken: [], unacknowledged: [] };
  const broken = await db.raw<{ rows: BatchRecord[] }>(
    `SELECT DISTINCT ON (ordinal) batch.* FROM coverage
     CROSS JOIN unnest(int8multirange(int8range(1, :end)) - ordinals) AS gap
     JOIN batch ON batch.stream_id = coverage.stream_id AND batch.ordinal <@ gap
     WHERE coverage.stream_id = :streamId ORDER BY ordinal, batch.id DESC`,
    { streamId, end: (last.ordinal ?? 0) + 1 },
  );
  const unacknowledged = await links
    .clone()
    .where({ state: 'complete' })
    .whereNull('acknowledged_at')
    .orderBy('ordinal')
    .select<{ id: number }[]>('id');
  return {
    last: chainWindow(last),
    broken: broken.rows.map(chainWindow),
    unacknowledged: unacknowledged.map(({ id }) => id),
  };
}

/** Complete links of a chain that were taken in a time, oldest first: as they are to be read again. */
export async function takenBatches(db: Knex, streamId: number, from: Date, to: Date): Promise<BatchWindow[]> {
  const { rows } = await db.raw<{ rows: BatchRecord[] }>(
    `SELECT DISTINCT ON (ordinal) * FROM batch
     WHERE stream_id = :streamId AND ordinal IS NOT NULL AND state = 'complete'
       AND opened_at >= :from AND opened_at < :to ORDER BY ordinal, id DESC`,
    { streamId, from, to },
  );
  return rows.map(chainWindow);
}

/**
 * When a link of a chain was taken first, however often it is read again: its records that have no time of their own are
 * of then. Null for one that never was.
 */
export async function firstTakenAt(db: Knex, streamId: number, { ordinal }: BatchWindow): Promise<Date | null> {
  const row = await db('batch')
    .where({ stream_id: streamId, ordinal })
    .orderBy('id')
    .first<{ opened_at: Date } | undefined>('opened_at');
  return row?.opened_at ?? null;
}

/** Complete links of a chain that were proven longest ago, or never; of these the youngest first. */
export async function longestUnprovenBatches(db: Knex, streamId: number, limit: number): Promise<BatchWindow[]> {
  const { rows } = await db.raw<{ rows: BatchRecord[] }>(
    `SELECT link.* FROM (
       SELECT DISTINCT ON (ordinal) * FROM batch
       WHERE stream_id = :streamId AND ordinal IS NOT NULL AND state = 'complete' ORDER BY ordinal, id DESC) AS link
     LEFT JOIN (SELECT ordinal, max(finished_at) AS at FROM proof WHERE stream_id = :streamId AND ordinal IS NOT NULL
       GROUP BY ordinal) AS proven USING (ordinal)
     ORDER BY proven.at NULLS FIRST, ordinal DESC LIMIT :limit`,
    { streamId, limit },
  );
  return rows.map(chainWindow);
}

export async function markAcknowledged(db: Knex, batchId: number, at: Date): Promise<void> {
  await db('batch')
    .where({ id: batchId, state: 'complete' })
    .whereNull('acknowledged_at')
    .update({ acknowledged_at: at });
}
