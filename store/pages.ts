import { hash } from 'node:crypto';
import type { Knex } from 'knex';
import pg from 'pg';
import pRetry from 'p-retry';
import { withConnection } from './database.ts';

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
 * counts. A row is left alone when the library holds the same content or a newer version; of several versions on one
 * page the latest wins. Writing a page a second time fails on the page's line, and nothing of it is written twice.
 * Rejects that a newer version replaces are resolved; those replaced on pages written at the same time, when the batch
 * is closed. What is held is looked up row by row (LATERAL … OFFSET 0): left a choice, the planner reads the
 * whole library for every page until it has been analysed.
 */
const MERGE_PAGE = `
WITH given AS MATERIALIZED (
  SELECT * FROM json_to_recordset($5::json) AS given(
    key text COLLATE "C", "updatedAt" timestamptz, hash text, flags jsonb, identifier text, "typeCode" text, name text,
    number text, "issuerName" text, "issuerCode" text, "issuedOn" date, "effectiveOn" date, "expiresOn" date,
    "longTerm" boolean, holders jsonb, status text, "rawStatus" text, extension jsonb)
), latest AS (
  SELECT DISTINCT ON (key) * FROM given ORDER BY key, "updatedAt" DESC
), merged AS (
  INSERT INTO certificate (stream_id, record_key, number, type_code, name, identifier, issuer_name, issuer_code,
    issued_on, effective_on, expires_on, long_term, holders, status, raw_status, extension, flags, content_hash,
    source_updated_at, batch_id, recorded_at)
  SELECT $1, key, number, "typeCode", name, identifier, "issuerName", "issuerCode", "issuedOn", "effectiveOn",
    "expiresOn", "longTerm", holders, status, "rawStatus", extension, flags, decode(hash, 'hex'), "updatedAt", $2, $8
  FROM latest LEFT JOIN LATERAL (
    SELECT source_updated_at, content_hash FROM certificate WHERE stream_id = $1 AND record_key = key OFFSET 0
  ) AS held ON true
  WHERE held.source_updated_at IS NULL OR held.source_updated_at < "updatedAt"
    OR held.source_updated_at = "updatedAt" AND held.content_hash <> decode(hash, 'hex')
  ORDER BY key
  ON CONFLICT (stream_id, record_key) DO UPDATE SET
    number = excluded.number, type_code = excluded.type_code, name = excluded.name, identifier = excluded.identifier,
    issuer_name = excluded.issuer_name, issuer_code = excluded.issuer_code, issued_on = excluded.issued_on,
    effective_on = excluded.effective_on, expires_on = excluded.expires_on, long_term = excluded.long_term,
    holders = excluded.holders, status = excluded.status, raw_status = excluded.raw_status,
    extension = excluded.extension, flags = excluded.flags, content_hash = excluded.content_hash,
    source_updated_at = excluded.source_updated_at, batch_id = excluded.batch_id, recorded_at = excluded.recorded_at
  WHERE certificate.source_updated_at < excluded.source_updated_at
    OR certificate.source_updated_at = excluded.source_updated_at AND certificate.content_hash <> excluded.content_hash
  RETURNING record_key, source_updated_at, xmax = 0 AS added
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
  ON CONFLICT (stream_id, fingerprint) DO UPDATE SET last_batch_id = $2, last_seen_at = $8
), resolved AS (
  UPDATE reject SET resolved_at = $8 WHERE id = ANY (ARRAY(
    SELECT replaced.id
    FROM (SELECT record_key AS key, source_updated_at AS at FROM merged
          UNION ALL SELECT key, "updatedAt" FROM bad) AS newer
    CROSS JOIN LATERAL (
      SELECT id, fingerprint, source_updated_at FROM reject
      WHERE stream_id = $1 AND record_key = newer.key AND resolved_at IS NULL OFFSET 0
    ) AS replaced
    WHERE (replaced.source_updated_at IS NULL OR replaced.source_updated_at <= newer.at)
      AND NOT EXISTS (SELECT FROM bad WHERE decode(bad.fingerprint, 'hex') = replaced.fingerprint)))
)
INSERT INTO batch_page (batch_id, attempt, page, digest, read, accepted, added, unchanged, rejected, committed_at)
SELECT $2, $9, $3, $4, $7, accepted, added, given - accepted, json_array_length($6::json), $8
FROM (SELECT (SELECT count(*) FROM merged) AS accepted, (SELECT count(*) FROM merged WHERE added) AS added,
  (SELECT count(*) FROM given) AS given) AS counts
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
  ];
  return pRetry(
    async () => {
      try {
        // Not prepared by name: a plan made for an empty library would be kept while it grows to millions.
        const { rows } = await withConnection(db, (connection) => connection.query<PageCounts>(MERGE_PAGE, values));
        if (!rows[0]) throw new Error('the page’s own line was not written');
        return rows[0];
      } catch (error) {
        if (!isPageKnown(error)) throw error;
        const known = await db('batch_page')
          .where({ batch_id: batch.id, attempt: batch.attempt, page: page.number })
          .first<PageCounts | undefined>('read', 'accepted', 'unchanged', 'rejected');
        if (!known) throw error;
        return known;
      }
    },
    {
      retries: 3,
      minTimeout: 50,
      shouldRetry: ({ error }) => error instanceof pg.DatabaseError && error.code === DEADLOCK,
    },
  );
}

function isPageKnown(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === UNIQUE_VIOLATION && error.constraint === 'batch_page_pkey';
}

function rejectsJson(rows: readonly RejectRow[]): string {
  return JSON.stringify(
    rows.map((row) => ({
      ...row,
      fingerprint: hash('sha256', row.raw, 'hex'),
      rule: row.problems[0]?.rule,
    })),
  );
}
