import { hash } from 'node:crypto';
import type { Knex } from 'knex';
import { HUB } from '../../domain/ledger/reasons.ts';
import { meetFrom, openFrom, promiseFrom } from '../ledger/obligations.ts';
import { queueMessage } from '../ledger/outbox.ts';
import type { StreamRow } from './streams.ts';

/** How far the import of one unit's stock (存量) has come. */
export interface StockReport {
  stream: string;
  title: string;
  unit: string;
  /** Records that there are, as the unit said or its source counted; null while nobody knows. */
  planned: number | null;
  dueOn: string | null;
  /** Records that were read and committed, of these refused and still open. */
  done: number;
  openRejects: number;
  /** Handed to the e-seal service, answered with a seal, and refused by it. */
  handed: number;
  sealed: number;
  refused: number;
}

/** Keeps what is planned; the time of the plan is that of its last change. */
export async function savePlan(
  db: Knex,
  streamId: number,
  plan: { planned: number | null; dueOn: string | null },
  at: Date,
): Promise<void> {
  await db('stock_plan')
    .insert({ stream_id: streamId, planned: plan.planned, due_on: plan.dueOn, planned_at: at })
    .onConflict('stream_id')
    .merge()
    .whereRaw('(stock_plan.planned, stock_plan.due_on) IS DISTINCT FROM (excluded.planned, excluded.due_on)');
}

/** Records of the stream s that were read and committed, and when the last complete batch of them was. */
const DONE = `
  SELECT sum(CASE state WHEN 'complete' THEN read
    ELSE (SELECT sum(p.read) FROM batch_page p WHERE p.batch_id = batch.id AND p.attempt = batch.attempt) END)::bigint AS done,
    max(closed_at) AS last_at
  FROM batch WHERE stream_id = s.id AND purpose NOT IN ('replay', 'paper') AND (state = 'complete'
    -- The newest only: what an import that was stopped had read of its window is read again.
    OR state = 'open' AND id = (SELECT max(id) FROM batch WHERE stream_id = s.id))`;

/** Every stock import, or one; what is done counts complete batches and the pages of the one that is being read. */
export async function stockReports(db: Knex, stream?: string): Promise<StockReport[]> {
  const { rows } = await db.raw<{ rows: StockReport[] }>(
    `SELECT s.name AS stream, s.title, s.unit_name AS unit, planned, due_on::text AS "dueOn", coalesce(b.done, 0) AS done,
       (SELECT count(*) FROM reject WHERE stream_id = s.id AND resolved_at IS NULL) AS "openRejects",
       seals.handed, seals.sealed, seals.refused
     FROM stream s LEFT JOIN stock_plan ON stock_plan.stream_id = s.id
     LEFT JOIN LATERAL (${DONE}) AS b ON true
     CROSS JOIN LATERAL (
       SELECT count(*) AS handed, count(*) FILTER (WHERE state = 'sealed') AS sealed,
         count(*) FILTER (WHERE state = 'refused') AS refused FROM seal WHERE stream_id = s.id) AS seals
     WHERE delivery = 'stock' AND retired_at IS NULL AND (:stream::text IS NULL OR name = :stream)
     ORDER BY s.unit_name, s.name`,
    { stream: stream ?? null },
  );
  return rows;
}

/** A share in whole percent that says 100 only when nothing is missing; null without a plan. */
export function percentDone({ planned, done }: Pick<StockReport, 'planned' | 'done'>): number | null {
  if (planned === null) return null;
  return planned === 0 ? 100 : Math.min(100, Math.floor((100 * done) / planned));
}

/**
 * Hands the next certificates of a stream, in the order of their keys, that are in force and not sealed as they are, to
 * an e-seal service as one message; the last key, null when none was left. Message and marks are written together, so
 * that none is handed over twice or forgotten.
 */
export async function handOver(
  db: Knex,
  stream: StreamRow,
  batch: { target: string; size: number; after: string },
  at: Date,
): Promise<string | null> {
  return db.transaction(async (trx) => {
    const { rows } = await trx.raw<{ rows: { key: string; hash: string; certificate: object }[] }>(
      `SELECT record_key AS key, encode(content_hash, 'hex') AS hash, jsonb_build_object('key', record_key,
         'identifier', identifier, 'typeCode', type_code, 'name', name, 'number', number, 'issuerName', issuer_name,
         'issuerCode', issuer_code, 'issuedOn', issued_on, 'effectiveOn', effective_on, 'expiresOn', expires_on,
         'longTerm', long_term, 'holders', holders, 'extension', extension) AS certificate
       FROM certificate c
       WHERE stream_id = :streamId AND record_key > :after AND status = 'valid'
         AND NOT EXISTS (SELECT FROM seal WHERE seal.stream_id = c.stream_id AND seal.record_key = c.record_key
           AND seal.content_hash = c.content_hash)
       ORDER BY record_key LIMIT :size`,
      { streamId: stream.id, after: batch.after, size: batch.size },
    );
    const last = rows.at(-1);
    if (!last) return null;
    // With the time: what was refused is handed over once more under another key, or the old answer would come back.
    const content = rows.map(({ key, hash: version }) => `${key} ${version}`).join('\n') + at.toISOString();
    const messageKey = `seal-${stream.name}-${hash('sha256', content, 'hex').slice(0, 16)}`;
    const payload = { batch: messageKey, certificates: rows.map(({ certificate }) => certificate) };
    await queueMessage(trx, { target: batch.target, key: messageKey, payload }, at);
    await trx.raw(
      `INSERT INTO seal (stream_id, record_key, content_hash, target, message_key, state, handed_at)
       SELECT :streamId, key, decode(hash, 'hex'), :target, :messageKey, 'handed', :at
       FROM json_to_recordset(:rows) AS handed(key text, hash text)
       ON CONFLICT (stream_id, record_key) DO UPDATE SET content_hash = excluded.content_hash, target = excluded.target,
         message_key = excluded.message_key, state = 'handed', reference = NULL, detail = NULL,
         handed_at = excluded.handed_at, answered_at = NULL`,
      {
        streamId: stream.id,
        target: batch.target,
        messageKey,
        at,
        rows: JSON.stringify(rows.map(({ key, hash: version }) => ({ key, hash: version }))),
      },
    );
    return last.key;
  });
}

/** Has what the e-seal service refused handed over anew, once its cause is mended; how many certificates. */
export async function forgetRefused(db: Knex, streamId: number): Promise<number> {
  return db('seal').where({ stream_id: streamId, state: 'refused' }).delete();
}

/** Messages of a stream that the e-seal service has and not answered in full, the oldest first. */
export async function openSeals(
  db: Knex,
  streamId: number,
): Promise<{ key: string; target: string; delivered: boolean; dead: boolean }[]> {
  const { rows } = await db.raw<{ rows: { key: string; target: string; delivered: boolean; dead: boolean }[] }>(
    `SELECT message_key AS key, target, delivered_at IS NOT NULL AS delivered, dead_at IS NOT NULL AS dead
     FROM (SELECT DISTINCT message_key, target FROM seal WHERE stream_id = ? AND state = 'handed') AS open
     JOIN outbox USING (target, message_key) ORDER BY outbox.id`,
    [streamId],
  );
  return rows;
}

/** Takes what the e-seal service says of the certificates of one message; what it does not name stays open. */
export async function saveSeals(
  db: Knex,
  streamId: number,
  message: string,
  results: readonly { key: string; done: boolean; reference: string | null; detail: string | null }[],
  at: Date,
): Promise<void> {
  await db.raw(
    `UPDATE seal SET state = CASE WHEN done THEN 'sealed' ELSE 'refused' END, reference = answer.reference,
       detail = answer.detail, answered_at = :at
     FROM json_to_recordset(:results) AS answer(key text, done boolean, reference text, detail text)
     WHERE stream_id = :streamId AND message_key = :message AND record_key = answer.key AND state = 'handed'`,
    { streamId, message, at, results: JSON.stringify(results) },
  );
}

/**
 * Keeps the deadlines of stock imports (存量归集): owed from when the stock was planned until the day that its unit
 * promised, else for the term of the rule; met when as many records are in as there are.
 */
export async function syncStockDeadlines(db: Knex, at: Date): Promise<void> {
  await openFrom(
    db,
    'stock',
    `SELECT s.unit_code AS owner_code, s.unit_name AS owner_name, s.id AS stream_id, 'stock/' || s.name AS subject,
       planned_at AS started_at, NULL::text AS workflow_id, NULL::integer AS working_days
     FROM stock_plan plan JOIN stream s ON s.id = plan.stream_id WHERE s.delivery = 'stock' AND s.retired_at IS NULL`,
    {},
    { by: HUB, at },
  );
  await promiseFrom(
    db,
    'stock',
    `SELECT 'stock/' || s.name AS subject, (due_on + 1)::timestamp AT TIME ZONE 'Asia/Shanghai' AS due_at
     FROM stock_plan plan JOIN stream s ON s.id = plan.stream_id`,
    {},
    { by: HUB, at },
  );
  await meetFrom(
    db,
    'stock',
    // A plan that was made smaller after it was due ends it then, and not before.
    `SELECT 'stock/' || s.name AS subject, greatest(coalesce(b.last_at, :at),
       CASE WHEN running.due_at <= planned_at THEN planned_at END) AS met_at
     FROM obligation running JOIN stream s ON running.subject = 'stock/' || s.name
     JOIN stock_plan plan ON plan.stream_id = s.id CROSS JOIN LATERAL (${DONE}) AS b
     WHERE running.duty_kind = 'stock' AND obligation_runs(running) AND coalesce(b.done, 0) >= planned`,
    { at },
    HUB,
  );
}
