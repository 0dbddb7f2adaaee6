import type { Knex } from 'knex';
import pRetry from 'p-retry';
import { countKeys, cover, settleRecords } from './batches.ts';
import { withConnection } from '../database.ts';
import { numbersBeyond } from '../ledger/restorations.ts';
import { isDeadlock, mergePage, type PageCounts, type PageRows, type PageRules } from './pages.ts';

/** What became of one pushed record. */
export interface PushOutcome {
  key: string | null;
  /** `waiting`: kept until the catalog has an entry for its type; nothing to do for the department. */
  outcome: 'committed' | 'waiting' | 'rejected';
  problems?: { rule: string; field: string }[];
}

/** What a department pushed and what it was answered. */
export interface Push {
  bodyHash: Buffer;
  batchId: number;
  /** Its number among the pushes of its stream: what comes later has a larger one. */
  receipt: number;
  outcomes: PushOutcome[];
}

export const hasRejects = ({ outcomes }: Pick<Push, 'outcomes'>): boolean =>
  outcomes.some(({ outcome }) => outcome === 'rejected');

/** An earlier request with the same idempotency key. */
export async function findPush(db: Knex, streamId: number, key: string): Promise<Push | undefined> {
  return db('push')
    .where({ stream_id: streamId, idempotency_key: key })
    .first<Push | undefined>({ bodyHash: 'body_hash', batchId: 'batch_id', receipt: 'receipt', outcomes: 'outcomes' });
}

/** The last push of a stream up to a moment; of before any of them, number 0. */
export async function lastReceipt(
  db: Knex,
  streamId: number,
  upTo: Date | null = null,
): Promise<{ receipt: number; receivedAt: Date | null }> {
  const { rows } = await db.raw<{ rows: { receipt: number; receivedAt: Date }[] }>(
    `SELECT receipt, received_at AS "receivedAt" FROM push
     WHERE stream_id = :streamId AND received_at <= coalesce(:upTo::timestamptz, 'infinity') ORDER BY receipt DESC LIMIT 1`,
    { streamId, upTo },
  );
  return rows[0] ?? { receipt: 0, receivedAt: null };
}

/**
 * Commits what was pushed: its records, a complete batch with its counts, the next link of the stream's chain, and what
 * is answered, in one transaction. A request of which something was rejected is taken anew: the mapping may have been
 * mended since. Null when another request with the same key was faster.
 */
export async function commitPush(
  db: Knex,
  streamId: number,
  push: {
    key: string;
    bodyHash: Buffer;
    page: PageRows;
    outcomes: PushOutcome[];
    rules: PageRules;
    /** The largest number that its sender has, above which the next one lies. */
    lastReceipt: number;
  },
  at: Date,
): Promise<(PageCounts & { batchId: number; receipt: number }) | null> {
  const { key, page } = push;
  return pRetry(
    () =>
      db.transaction(async (trx) => {
        // Pushes to one stream go in one after the other.
        await trx('coverage').where({ stream_id: streamId }).forUpdate().select('stream_id');
        const earlier = await findPush(trx, streamId, key);
        if (earlier && !hasRejects(earlier)) return null;
        const last = await lastReceipt(trx, streamId);
        const receipt = Math.max(last.receipt, push.lastReceipt, await numbersBeyond(trx)) + 1;
        await trx('push').where({ stream_id: streamId, idempotency_key: key }).delete();
        const { rows } = await trx.raw<{ rows: { id: number; ordinal: number }[] }>(
          `INSERT INTO batch (stream_id, purpose, workflow_id, ordinal, source_batch, cursor_after, declared, state,
             opened_at, closed_at, acknowledged_at)
           SELECT :streamId, 'push', '', coalesce(max(ordinal), 0) + 1, :key, :key, :declared, 'complete', :at, :at, :at
           FROM batch WHERE stream_id = :streamId RETURNING id, ordinal`,
          { streamId, key, declared: page.read, at },
        );
        const { id: batchId = 0, ordinal = 0 } = rows[0] ?? {};
        const batch = { id: batchId, streamId, attempt: 1 };
        const counts = await withConnection(trx, (connection) => mergePage(connection, batch, page, push.rules, at));
        await settleRecords(trx, batch, at);
        await trx('batch')
          .where({ id: batchId })
          .update({ ...counts, ...(await countKeys(trx, batch)) });
        await cover(trx, streamId, { kind: 'batch', ordinal, id: key, after: null, next: key, declared: page.read });
        await trx('push').insert({
          receipt,
          stream_id: streamId,
          idempotency_key: key,
          body_hash: push.bodyHash,
          batch_id: batchId,
          outcomes: JSON.stringify(push.outcomes),
          received_at: at,
        });
        return { ...counts, batchId, receipt };
      }),
    { retries: 3, minTimeout: 50, shouldRetry: ({ error }) => isDeadlock(error) },
  );
}
