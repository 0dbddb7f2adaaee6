import { hash } from 'node:crypto';
import type { Knex } from 'knex';
import type { KeptFault } from '../../domain/faults.ts';
import {
  sealState,
  type Issuer,
  type Seal,
  type SealJudgement,
  type SealReason,
  type SealState,
} from '../../domain/library/seals.ts';
import { isDue, nextAttemptAt } from '../ledger/retries.ts';

/** A file that is to be fetched. */
export interface WantedFile {
  key: string;
  /** Where the source has it. */
  reference: string;
  stated: string | null;
  /** This one included. */
  attempts: number;
  wantedAt: Date;
}

/** How long a file that is being fetched is left alone: its worker may have died with it. */
const LEASE = '10 minutes';
/** A file is put off for no longer. */
const LONGEST_WAIT = '1 day';

/** Takes files of a stream that are due, the longest waiting first. */
export async function claimFiles(db: Knex, streamId: number, limit: number, at: Date): Promise<WantedFile[]> {
  const { rows } = await db.raw<{ rows: WantedFile[] }>(
    `UPDATE certificate_file SET attempts = attempts + 1, next_attempt_at = :at::timestamptz + interval '${LEASE}'
     WHERE stream_id = :streamId AND record_key IN (
       SELECT record_key FROM certificate_file WHERE stream_id = :streamId AND ${isDue(LONGEST_WAIT)}
       ORDER BY next_attempt_at LIMIT :limit FOR UPDATE SKIP LOCKED)
     RETURNING record_key AS key, reference, stated, attempts, wanted_at AS "wantedAt"`,
    { streamId, limit, at },
  );
  return rows;
}

/** Keeps what was fetched; a file that was wanted anew meanwhile stays wanted. */
export async function saveFile(
  db: Knex,
  streamId: number,
  wanted: WantedFile,
  { hash, size, judgement }: { hash: string; size: number; judgement: SealJudgement },
  at: Date,
): Promise<void> {
  await db.transaction(async (trx) => {
    const latest = await trx('fetched_file')
      .where({ stream_id: streamId, record_key: wanted.key })
      .orderBy('id', 'desc')
      .first<{ id: number; content_hash: string; stated: string | null } | undefined>('id', 'content_hash', 'stated');
    if (latest?.content_hash === hash && latest.stated === wanted.stated) {
      await saveJudgement(trx, latest.id, judgement, at);
    } else {
      await trx('fetched_file').insert({
        stream_id: streamId,
        record_key: wanted.key,
        content_hash: hash,
        size,
        stated: wanted.stated,
        ...columnsOf(judgement, at),
        fetched_at: at,
      });
    }
    await trx('certificate_file')
      .where({ stream_id: streamId, record_key: wanted.key, wanted_at: wanted.wantedAt })
      .update({ next_attempt_at: null, last_error: null });
  });
}

const columnsOf = ({ reason, seals }: SealJudgement, at: Date) => ({
  signature: sealState(reason),
  signature_reason: JSON.stringify(reason),
  seals: JSON.stringify(seals),
  judged_at: at,
});

/** Keeps what was found out about a fetched file since. */
export async function saveJudgement(db: Knex, id: number, judgement: SealJudgement, at: Date): Promise<void> {
  await db('fetched_file').where({ id }).update(columnsOf(judgement, at));
}

/** Who a certificate says has issued it; the unit of the stream where it says nothing. */
const ISSUER = `CASE WHEN c.issuer_name IS NULL AND c.issuer_code IS NULL
  THEN json_build_object('name', s.unit_name, 'code', s.unit_code)
  ELSE json_build_object('name', coalesce(c.issuer_name, ''), 'code', coalesce(c.issuer_code, '')) END`;

/** Who is to have sealed the file of a record. */
export async function issuerOf(db: Knex, streamId: number, key: string): Promise<Issuer | null> {
  const { rows } = await db.raw<{ rows: { issuer: Issuer }[] }>(
    `SELECT ${ISSUER} AS issuer FROM stream s LEFT JOIN certificate c ON c.stream_id = s.id AND c.record_key = :key
     WHERE s.id = :streamId`,
    { streamId, key },
  );
  return rows[0]?.issuer ?? null;
}

/** The latest content of a file that was fetched. */
export interface HeldFile {
  id: number;
  streamId: number;
  key: string;
  hash: string;
  signature: SealState;
  fetchedAt: Date;
  issuer: Issuer;
}

/** Files that are held, of one stream or of all, a page after the other. */
export async function* heldFiles(db: Knex, stream: string | null): AsyncGenerator<HeldFile> {
  let after: Pick<HeldFile, 'streamId' | 'key'> | undefined = { streamId: 0, key: '' };
  while (after) {
    const { rows }: { rows: HeldFile[] } = await db.raw<{ rows: HeldFile[] }>(HELD, { ...after, stream, limit: PAGE });
    yield* rows;
    after = rows.length === PAGE ? rows.at(-1) : undefined;
  }
}

const PAGE = 500;
const HELD = `SELECT latest.id, f.stream_id AS "streamId", f.record_key AS key, latest.content_hash AS hash,
    latest.signature, latest.fetched_at AS "fetchedAt", ${ISSUER} AS issuer
  FROM certificate_file f JOIN stream s ON s.id = f.stream_id
  JOIN LATERAL (SELECT id, content_hash, signature, fetched_at FROM fetched_file g WHERE g.stream_id = f.stream_id
    AND g.record_key = f.record_key ORDER BY id DESC LIMIT 1) AS latest ON true
  LEFT JOIN certificate c ON c.stream_id = f.stream_id AND c.record_key = f.record_key
  WHERE (f.stream_id, f.record_key) > (:streamId, :key) AND (:stream::text IS NULL OR s.name = :stream)
  ORDER BY f.stream_id, f.record_key LIMIT :limit`;

/** Puts a file off: twice as long each time from a minute on, or as long as the source asked for, up to a day. */
export async function deferFile(
  db: Knex,
  streamId: number,
  wanted: WantedFile,
  fault: KeptFault,
  waitMs: number | undefined,
  at: Date,
): Promise<void> {
  await db.raw(
    `UPDATE certificate_file SET last_error = :fault, next_attempt_at = ${nextAttemptAt(LONGEST_WAIT, `:waitMs * interval '1 millisecond'`)}
     WHERE stream_id = :streamId AND record_key = :key AND wanted_at = :wantedAt`,
    { streamId, key: wanted.key, wantedAt: wanted.wantedAt, fault, at, waitMs: waitMs ?? 0 },
  );
}

/** Has the files that could not be fetched asked for at once; how many. */
export async function retryFiles(db: Knex, streamId: number, at: Date): Promise<number> {
  return db('certificate_file')
    .where({ stream_id: streamId })
    .whereNotNull('last_error')
    .whereNotNull('next_attempt_at')
    .update({ next_attempt_at: at, attempts: 0 });
}

/** How a stream's files stand. */
export interface FileReport {
  stream: string;
  unit: string;
  wanted: number;
  fetched: number;
  /** Tried and not got, and not tried yet. */
  missing: number;
  waiting: number;
  valid: number;
  invalid: number;
  unsigned: number;
  unchecked: number;
}

export async function fileReports(db: Knex): Promise<FileReport[]> {
  const { rows } = await db.raw<{ rows: FileReport[] }>(
    `SELECT s.name AS stream, s.unit_name AS unit, count(*) AS wanted,
       count(*) FILTER (WHERE next_attempt_at IS NULL) AS fetched,
       count(*) FILTER (WHERE next_attempt_at IS NOT NULL AND last_error IS NOT NULL) AS missing,
       count(*) FILTER (WHERE next_attempt_at IS NOT NULL AND last_error IS NULL) AS waiting,
       count(*) FILTER (WHERE signature = 'valid') AS valid, count(*) FILTER (WHERE signature = 'invalid') AS invalid,
       count(*) FILTER (WHERE signature = 'unsigned') AS unsigned, count(*) FILTER (WHERE signature = '未核验') AS unchecked
     FROM certificate_file f JOIN stream s ON s.id = f.stream_id
     LEFT JOIN LATERAL (SELECT signature FROM fetched_file g WHERE g.stream_id = f.stream_id
       AND g.record_key = f.record_key ORDER BY id DESC LIMIT 1) AS latest ON true
     GROUP BY s.name, s.unit_name ORDER BY s.name`,
  );
  return rows;
}

/** A file that could not be fetched so far. */
export interface MissingFile {
  stream: string;
  unit: string;
  key: string;
  reference: string;
  attempts: number;
  wantedAt: Date;
  nextAttemptAt: Date;
  lastError: KeptFault;
}

export async function missingFiles(db: Knex, stream: string | undefined, limit: number): Promise<MissingFile[]> {
  const missing = db('certificate_file')
    .join('stream', 'stream.id', 'certificate_file.stream_id')
    .whereNotNull('next_attempt_at')
    .whereNotNull('last_error')
    .orderBy(['wanted_at', 'record_key'])
    .limit(limit)
    .select<MissingFile[]>({
      stream: 'stream.name',
      unit: 'unit_name',
      key: 'record_key',
      reference: 'reference',
      attempts: 'attempts',
      wantedAt: 'wanted_at',
      nextAttemptAt: 'next_attempt_at',
      lastError: 'last_error',
    });
  if (stream !== undefined) void missing.where('stream.name', stream);
  return missing;
}

/** A file as it was fetched. */
export interface FetchedFile {
  hash: string;
  size: number;
  /** What the source said of its signature. */
  stated: string | null;
  signature: SealState;
  reason: SealReason;
  seals: Seal[];
  fetchedAt: Date;
  /** When its seals were judged, as they are told here. */
  judgedAt: Date;
}

/** Every content that the file of a record had, the latest first. */
export async function filesOf(db: Knex, stream: string, key: string): Promise<FetchedFile[]> {
  return db('fetched_file')
    .join('stream', 'stream.id', 'fetched_file.stream_id')
    .where({ 'stream.name': stream, record_key: key })
    .orderBy('fetched_file.id', 'desc')
    .select({
      hash: 'content_hash',
      size: 'size',
      stated: 'stated',
      signature: 'signature',
      reason: 'signature_reason',
      seals: 'seals',
      fetchedAt: 'fetched_at',
      judgedAt: 'judged_at',
    });
}

/** Of which record of a type a file is, byte for byte, and whether it is the present one; null where it is of none. */
export async function findFetched(
  db: Knex,
  content: Buffer,
  typeCode: string,
): Promise<{ stream: string; key: string; signature: SealState; latest: boolean } | null> {
  const { rows } = await db.raw<{ rows: { stream: string; key: string; signature: SealState; latest: boolean }[] }>(
    `SELECT s.name AS stream, f.record_key AS key, f.signature,
       NOT EXISTS (SELECT FROM fetched_file later
         WHERE later.stream_id = f.stream_id AND later.record_key = f.record_key AND later.id > f.id) AS latest
     FROM fetched_file f JOIN stream s ON s.id = f.stream_id
     JOIN certificate c ON c.stream_id = f.stream_id AND c.record_key = f.record_key
     WHERE f.content_hash = :hash AND c.type_code = :typeCode ORDER BY f.id DESC LIMIT 1`,
    { hash: hash('sha256', content), typeCode },
  );
  return rows[0] ?? null;
}

/** A record's file that is still to be fetched; null where it is here, or there is none. */
export async function fileWanted(
  db: Knex,
  stream: string,
  key: string,
): Promise<(Pick<MissingFile, 'attempts' | 'nextAttemptAt'> & { lastError: KeptFault | null }) | null> {
  const row = await db('certificate_file')
    .join('stream', 'stream.id', 'certificate_file.stream_id')
    .where({ 'stream.name': stream, record_key: key })
    .whereNotNull('next_attempt_at')
    .first<{ attempts: number; nextAttemptAt: Date; lastError: KeptFault | null } | undefined>({
      attempts: 'attempts',
      nextAttemptAt: 'next_attempt_at',
      lastError: 'last_error',
    });
  return row ?? null;
}
