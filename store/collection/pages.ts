import { hash } from 'node:crypto';
import type { Knex } from 'knex';
import pg from 'pg';
import pRetry from 'p-retry';
import type { CompletedCaseMode } from '../../domain/casework/completed-case.ts';
import { fault } from '../../domain/faults.ts';
import { withConnection } from '../database.ts';

export interface RejectRow {
  key: string | null;
  updatedAt: string | null;
  problems: { rule: string }[];
  raw: string;
  rawEncoding: string;
}

/** One page of a batch, mapped. */
export interface PageRows {
  number: number;
  digest: string;
  /** How many records the source delivered on it. */
  read: number;
  /** The rows for the library: one JSON array of certificates with `key`, `updatedAt`, `hash` and `flags`. */
  rows: Buffer;
  rejected: readonly RejectRow[];
  /** Deletions without a record. */
  deleted: readonly { key: string; updatedAt: string; replaced?: boolean }[];
  /** Where the page ended, in the source's words. */
  position: string | null;
}

/** What a stream's records need of the merge. */
export interface PageRules {
  /** Records have no update time of their own: one with the same content is unchanged, whenever it was read. */
  untimed: boolean;
  /** The batch has all records, and their keys are kept until it is closed. */
  snapshot: boolean;
  /** A batch can bring several versions of a record: each of them comes once. Else each key does. */
  versions?: boolean | undefined;
  /** Fields of the extension, as paths, that say where a certificate's file is and what is said of its signature. */
  file?: { reference: string; signature?: string | undefined } | undefined;
  /** Each record whose certificate is new makes a completed case, where it says when that was. */
  completed?: { mode: CompletedCaseMode } | undefined;
}

/** What became of the records of one page. */
export interface PageCounts {
  read: number;
  /** New, or newer than what the library held. */
  accepted: number;
  /** Already held in this or a newer version. */
  unchanged: number;
  rejected: number;
}

/**
 * One page is one statement and so one transaction: rows merged by key, rejects, and the page's own line with its
 * counts. Writing a page a second time fails on the page's line, and nothing of it is written twice.
 *
 * A row is left alone when the library holds the same content or a newer version; of several versions on one page the
 * latest wins, of those of one instant the last. The others go into the history, where they have their place by their
 * own time, and so do versions that come after newer ones, even if another connection wrote these meanwhile.
 * Rejects that a newer version replaces are resolved, and those that the version that is held replaces when it comes again:
 * a source may mend a record without a new time. One that it spoils again is casework again, unless it was corrected, or
 * something newer is known. An event that is told again is known, also where others of its instant followed it; of what is
 * stated for one instant the last counts. A deletion without a record ends what is held, and is remembered for older versions that come
 * after it. What one page replaces or ends of another that is written at the same time is settled when the batch is closed.
 * Where records have no times, any version may come back, and each that comes is newer than all before.
 * What is unchanged is counted from the rows that came, not from how many were said to come: a record that got lost on the
 * way leaves read and committed apart. The keys of the page are kept, as hashes, until its batch is closed: a key that
 * comes twice is not two records.
 * A new version that says where its file is has it fetched. A new certificate makes a completed case, where its stream
 * is set to it.
 *
 * What is held is looked up row by row (LATERAL … OFFSET 0): left a choice, the planner reads the whole library for
 * every page until it has been analysed.
 */
const MERGE_PAGE = `
WITH given AS MATERIALIZED (
  SELECT * FROM ROWS FROM (json_to_recordset($5::json) AS (
    key text COLLATE "C", "updatedAt" timestamptz, hash text, flags jsonb, "completedAt" timestamptz, identifier text, "typeCode" text, name text,
    number text, "issuerName" text, "issuerCode" text, "issuedOn" date, "effectiveOn" date, "expiresOn" date,
    "longTerm" boolean, holders jsonb, status text, "rawStatus" text, marks jsonb, extension jsonb))
    WITH ORDINALITY AS given(
    key, "updatedAt", hash, flags, "completedAt", identifier, "typeCode", name, number, "issuerName", "issuerCode", "issuedOn",
    "effectiveOn", "expiresOn", "longTerm", holders, status, "rawStatus", marks, extension, place)
), gone AS MATERIALIZED (
  SELECT DISTINCT ON (key) * FROM json_to_recordset($10::json) AS gone(key text COLLATE "C", "updatedAt" timestamptz, replaced boolean)
  WHERE replaced IS NOT TRUE ORDER BY key, "updatedAt" DESC
), latest AS (
  SELECT DISTINCT ON (key) given.*, decode(hash, 'hex') AS content FROM given ORDER BY key, "updatedAt" DESC, place DESC
), judged AS MATERIALIZED (
  SELECT latest.*, held_at, greatest(gone."updatedAt", remembered_at) AS gone_at,
    coalesce(gone."updatedAt" >= latest."updatedAt" OR remembered_at > latest."updatedAt", false) AS dead,
    held_at IS NULL OR held_at < latest."updatedAt" AND NOT ($11 AND held_content = content)
      OR held_at = latest."updatedAt" AND held_content <> content AND NOT (coalesce(jsonb_typeof(marks), '') = 'object' AND EXISTS (
        SELECT FROM certificate_history known WHERE known.stream_id = $1 AND known.record_key = key
          AND known.source_updated_at = latest."updatedAt" AND known.content_hash = content)) AS wanted
  FROM latest LEFT JOIN LATERAL (
    SELECT source_updated_at AS held_at, content_hash AS held_content FROM certificate
    WHERE stream_id = $1 AND record_key = key OFFSET 0
  ) AS held ON true LEFT JOIN gone USING (key) LEFT JOIN LATERAL (
    SELECT source_updated_at AS remembered_at FROM deletion WHERE stream_id = $1 AND record_key = key OFFSET 0
  ) AS remembered ON true
), merged AS (
  INSERT INTO certificate (stream_id, record_key, number, type_code, name, identifier, issuer_name, issuer_code,
    issued_on, effective_on, expires_on, long_term, holders, status, raw_status, extension, flags, content_hash,
    source_updated_at, batch_id, recorded_at, marks)
  SELECT $1, key, number, "typeCode", name, identifier, "issuerName", "issuerCode", "issuedOn", "effectiveOn",
    "expiresOn", "longTerm", holders, CASE WHEN dead THEN 'deleted' ELSE status END, "rawStatus", extension, flags,
    CASE WHEN dead THEN sha256(content) ELSE content END, CASE WHEN dead THEN gone_at ELSE "updatedAt" END, $2, $8,
    marks
  FROM judged WHERE wanted
  ORDER BY key
  ON CONFLICT (stream_id, record_key) DO UPDATE SET
    number = excluded.number, type_code = excluded.type_code, name = excluded.name, identifier = excluded.identifier,
    issuer_name = excluded.issuer_name, issuer_code = excluded.issuer_code, issued_on = excluded.issued_on,
    effective_on = excluded.effective_on, expires_on = excluded.expires_on, long_term = excluded.long_term,
    holders = excluded.holders, status = excluded.status, raw_status = excluded.raw_status,
    extension = excluded.extension, flags = excluded.flags, content_hash = excluded.content_hash,
    source_updated_at = excluded.source_updated_at, batch_id = excluded.batch_id, recorded_at = excluded.recorded_at,
    marks = excluded.marks
  WHERE certificate.source_updated_at < excluded.source_updated_at
    OR certificate.source_updated_at = excluded.source_updated_at AND certificate.content_hash <> excluded.content_hash
  RETURNING record_key, source_updated_at, xmax = 0 AS added
), late AS (
  SELECT key, place FROM judged
  WHERE held_at > "updatedAt" OR wanted AND (dead AND NOT $11 OR NOT EXISTS (SELECT FROM merged WHERE record_key = key))
  UNION ALL SELECT given.key, given.place FROM given JOIN latest USING (key)
  WHERE given.place <> latest.place AND (given."updatedAt", given.hash) <> (latest."updatedAt", latest.hash) AND NOT $11
), kept AS (
  INSERT INTO certificate_history (replaced_at, stream_id, record_key, number, type_code, name, identifier,
    issuer_name, issuer_code, issued_on, effective_on, expires_on, long_term, holders, status, raw_status, extension,
    flags, content_hash, source_updated_at, batch_id, recorded_at, marks)
  SELECT DISTINCT ON (key, "updatedAt", hash) $8, $1, key, number, "typeCode", name, identifier, "issuerName", "issuerCode",
    "issuedOn", "effectiveOn", "expiresOn", "longTerm", holders, status, "rawStatus", extension, flags,
    decode(hash, 'hex'), "updatedAt", $2, $8,
    marks
  FROM given JOIN late USING (key, place)
  WHERE NOT EXISTS (SELECT FROM certificate_history known WHERE known.stream_id = $1 AND known.record_key = key
      AND known.source_updated_at = "updatedAt" AND known.content_hash = decode(hash, 'hex'))
    AND NOT EXISTS (SELECT FROM certificate WHERE stream_id = $1 AND record_key = key
      AND source_updated_at = "updatedAt" AND content_hash = decode(hash, 'hex'))
), ended AS (
  UPDATE certificate SET status = 'deleted', content_hash = sha256(content_hash), source_updated_at = "updatedAt",
    batch_id = $2, recorded_at = $8
  FROM gone WHERE stream_id = $1 AND record_key = gone.key AND status <> 'deleted' AND source_updated_at <= "updatedAt"
    AND NOT EXISTS (SELECT FROM merged WHERE merged.record_key = gone.key)
  RETURNING record_key, source_updated_at
), remembered AS (
  INSERT INTO deletion (stream_id, record_key, source_updated_at, batch_id)
  SELECT $1, key, "updatedAt", $2 FROM gone WHERE NOT $11 ORDER BY key
  ON CONFLICT (stream_id, record_key) DO UPDATE
    SET source_updated_at = excluded.source_updated_at, batch_id = excluded.batch_id
  WHERE deletion.source_updated_at < excluded.source_updated_at
), bad AS MATERIALIZED (
  SELECT DISTINCT ON (fingerprint) * FROM json_to_recordset($6::json) AS bad(
    fingerprint text, key text COLLATE "C", "updatedAt" timestamptz, rule text, problems jsonb, raw text,
    "rawEncoding" text)
  ORDER BY fingerprint
), refused AS (
  INSERT INTO reject (stream_id, fingerprint, record_key, source_updated_at, rule, problems, raw, raw_encoding,
    first_batch_id, last_batch_id, first_seen_at, last_seen_at)
  SELECT $1, decode(fingerprint, 'hex'), key, "updatedAt", rule, problems, raw, "rawEncoding", $2, $2, $8, $8
  FROM bad
  ON CONFLICT (stream_id, fingerprint) DO UPDATE SET last_batch_id = $2, last_seen_at = $8,
    resolved_at = CASE WHEN reject.resolved_at IS NULL THEN NULL
      WHEN reject.correction IS NOT NULL
        -- It was resolved after it came, and comes with an old batch that is read again.
        OR $11 AND reject.resolved_at > excluded.source_updated_at
          AND reject.resolved_at < (SELECT opened_at FROM batch WHERE id = $2)
        OR NOT $11 AND (excluded.source_updated_at IS NULL
        OR EXISTS (SELECT FROM certificate WHERE stream_id = $1 AND record_key = excluded.record_key
          AND source_updated_at > excluded.source_updated_at)
        OR EXISTS (SELECT FROM deletion WHERE stream_id = $1 AND record_key = excluded.record_key
          AND source_updated_at > excluded.source_updated_at)
        OR EXISTS (SELECT FROM reject newer WHERE newer.stream_id = $1 AND newer.record_key = excluded.record_key
          AND newer.source_updated_at > excluded.source_updated_at AND newer.resolved_at IS NULL))
      THEN reject.resolved_at END,
    source_updated_at = CASE WHEN $11 AND reject.resolved_at IS NOT NULL AND reject.correction IS NULL
      THEN excluded.source_updated_at ELSE reject.source_updated_at END
), resolved AS (
  UPDATE reject SET resolved_at = $8 WHERE id = ANY (ARRAY(
    SELECT replaced.id
    FROM (SELECT record_key AS key, source_updated_at AS at, true AS new FROM merged
          UNION ALL SELECT key, "updatedAt", $11 FROM judged WHERE ($11 OR held_at = "updatedAt")
            -- Most streams have no reject that is open: in order, or it could be looked for in all of them.
            AND (SELECT true FROM reject WHERE stream_id = $1 AND resolved_at IS NULL ORDER BY record_key LIMIT 1)
          UNION ALL SELECT key, "updatedAt", true FROM gone
          UNION ALL SELECT key, "updatedAt", true FROM bad) AS newer
    CROSS JOIN LATERAL (
      SELECT id, fingerprint, source_updated_at FROM reject
      WHERE stream_id = $1 AND record_key = newer.key AND resolved_at IS NULL OFFSET 0
    ) AS replaced
    WHERE (replaced.source_updated_at <= newer.at OR replaced.source_updated_at IS NULL AND newer.new)
      AND NOT EXISTS (SELECT FROM bad WHERE decode(bad.fingerprint, 'hex') = replaced.fingerprint)))
), filed AS (
  INSERT INTO certificate_file (stream_id, record_key, reference, stated, wanted_at, next_attempt_at)
  SELECT $1, key, extension #>> $14::text[], extension #>> $15::text[], $8, $8 FROM judged
  WHERE wanted AND NOT dead AND extension #>> $14::text[] <> '' AND EXISTS (SELECT FROM merged WHERE record_key = key)
  ORDER BY key
  ON CONFLICT (stream_id, record_key) DO UPDATE SET reference = excluded.reference, stated = excluded.stated,
    wanted_at = excluded.wanted_at, next_attempt_at = excluded.next_attempt_at, attempts = 0, last_error = NULL
), completed AS (
  INSERT INTO completed_case (stream_id, case_number, mode, bulk_batch, completed_at, certificate_key, announced_at,
    push_subject, delivery_subject, pending)
  SELECT $1, key, $16::text, CASE WHEN $16::text = 'bulk' THEN $2::bigint::text END,
    -- With its certificate here it is completed, whatever the record says.
    least("completedAt", $8), key, $8,
    CASE WHEN $16::text = 'bulk' THEN 'push/' || stream.name || '/' || $2::bigint ELSE 'case/' || stream.name || '/' || key END,
    'delivery/' || stream.name || '/' || key, true
  FROM judged JOIN merged ON record_key = key JOIN stream ON stream.id = $1
  WHERE $16::text IS NOT NULL AND added AND NOT dead
    -- What came about before the hub watched was nobody's to push.
    AND "completedAt" >= date_trunc('day', activated_at, 'Asia/Shanghai')
  ORDER BY key
  ON CONFLICT (stream_id, case_number) DO NOTHING
), seen AS (
  INSERT INTO snapshot_key (batch_id, record_key)
  SELECT $2, key FROM latest WHERE $12 UNION SELECT $2, key FROM bad WHERE $12 AND key IS NOT NULL
  ON CONFLICT DO NOTHING
), keyed AS (
  INSERT INTO page_key (batch_id, attempt, page, hashes)
  SELECT $2, $9, $3, array(SELECT came_as(key, content, "updatedAt", $17) FROM (
    SELECT key, hash AS content, "updatedAt" FROM given
    UNION ALL SELECT key, 'deleted', "updatedAt" FROM json_to_recordset($10::json) AS gone(key text, "updatedAt" timestamptz)
    UNION ALL SELECT key, fingerprint, "updatedAt"
      FROM json_to_recordset($6::json) AS bad(key text, fingerprint text, "updatedAt" timestamptz)) AS came)
)
INSERT INTO batch_page (batch_id, attempt, page, digest, position, read, accepted, added, unchanged, rejected, committed_at)
SELECT $2, $9, $3, $4, $13, $7::integer, merged + ended, added, given - merged + deleted - ended, rejected, $8
FROM (SELECT (SELECT count(*) FROM merged) AS merged, (SELECT count(*) FROM ended) AS ended,
  (SELECT count(*) FROM merged WHERE added) AS added, (SELECT count(*) FROM given) AS given,
  json_array_length($10::json) AS deleted, json_array_length($6::json) AS rejected) AS counts
RETURNING read, accepted, unchanged, rejected`;

const UNIQUE_VIOLATION = '23505';
const DEADLOCK = '40P01';

/**
 * Commits one page. A page that is already in, because an earlier attempt died after its commit, is left alone and
 * its counts are returned.
 */
export async function writePage(
  db: Knex,
  batch: { id: number; streamId: number; attempt: number },
  page: PageRows,
  rules: PageRules,
  at: Date,
): Promise<PageCounts> {
  return pRetry(
    async () => {
      try {
        return await withConnection(db, (connection) => mergePage(connection, batch, page, rules, at));
      } catch (error) {
        if (!isPageKnown(error)) throw error;
        const known = await db('batch_page')
          .where({ batch_id: batch.id, attempt: batch.attempt, page: page.number })
          .first<(PageCounts & { digest: string }) | undefined>('digest', 'read', 'accepted', 'unchanged', 'rejected');
        if (!known) throw error;
        const { digest, ...counts } = known;
        if (digest === page.digest) return counts;
        throw fault('source-moved', { page: page.number });
      }
    },
    { retries: 3, minTimeout: 50, shouldRetry: ({ error }) => isDeadlock(error) },
  );
}

export const isDeadlock = (error: unknown): boolean => error instanceof pg.DatabaseError && error.code === DEADLOCK;

/** Runs the page's statement on a connection, inside whatever transaction that is in. */
export async function mergePage(
  connection: pg.ClientBase,
  batch: { id: number; streamId: number; attempt: number },
  page: PageRows,
  rules: PageRules,
  at: Date,
): Promise<PageCounts> {
  const values = [
    batch.streamId,
    batch.id,
    page.number,
    page.digest,
    page.rows,
    rejectsJson(page.rejected),
    page.read,
    at,
    batch.attempt,
    JSON.stringify(page.deleted),
    rules.untimed,
    rules.snapshot,
    page.position,
    rules.file?.reference.split('.') ?? null,
    rules.file?.signature?.split('.') ?? null,
    rules.completed?.mode ?? null,
    rules.versions ?? false,
  ];
  // Not prepared by name: a plan made for an empty library would be kept while it grows to millions.
  const { rows } = await connection.query<PageCounts>(MERGE_PAGE, values);
  if (!rows[0]) throw new Error('the page’s own line was not written');
  return rows[0];
}

function isPageKnown(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === UNIQUE_VIOLATION && error.constraint === 'batch_page_pkey';
}

/** By which a rejected record is known again, hexadecimal. */
export const fingerprintOf = (raw: string): string => hash('sha256', raw, 'hex');

function rejectsJson(rows: readonly RejectRow[]): string {
  return JSON.stringify(
    rows.map((row) => ({
      ...row,
      fingerprint: fingerprintOf(row.raw),
      rule: row.problems[0]?.rule,
    })),
  );
}
