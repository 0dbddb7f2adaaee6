import type { Knex } from 'knex';
import pRetry from 'p-retry';
import { OUTAGE } from '../../domain/casework/outage.ts';
import { batchCounts, countKeys, settleRecords } from '../collection/batches.ts';
import { subjectOf, type Who } from '../ledger/case-files.ts';
import { withConnection } from '../database.ts';
import { noteEvent } from '../ledger/obligations.ts';
import { isDeadlock, mergePage, type PageCounts, type PageRows, type PageRules } from '../collection/pages.ts';
import { refusal, requireAction } from './cases.ts';
import { OUTAGES } from './outages.ts';

/** Records that were made on paper while an outage lasted (手工台账), as a file. */
export interface Paper {
  outage: number;
  stream: string;
  /** SHA-256 of the file, hexadecimal: the same file is taken once. */
  hash: string;
  declared: number;
  rules: PageRules;
  /** Its pages, mapped; asked for anew when the transaction is. */
  pages: () => AsyncIterable<PageRows>;
}

/** What became of the records. */
export type TakenPaper = PageCounts & { batchId: number; known: boolean };

/**
 * Commits a file’s records as one batch in one transaction: versions are merged by their times as always, rejects are
 * casework. It is no link of the stream’s chain and covers nothing: what the source has of that time is read and proven
 * after the recovery. Throws a configuration error for a stream that the outage does not stop.
 */
export async function commitPaper(db: Knex, paper: Paper, who: Who): Promise<TakenPaper> {
  const { outage, stream, hash, declared, rules } = paper;
  return pRetry(
    () =>
      db.transaction(async (trx) => {
        const found = await OUTAGES.lock(trx, outage, who.at);
        requireAction(OUTAGE, found, 'paper');
        const stopped = found.streams.find((own) => own.stream === stream);
        if (!stopped) throw refusal(OUTAGE, outage, 'paper', OUTAGE.actions.paper.refusals.foreign, stream);
        const streamId = stopped.id;
        // Pushes and papers of one stream go in one after the other.
        await trx('coverage').where({ stream_id: streamId }).forUpdate().select('stream_id');
        const earlier = await trx('batch')
          .where({ stream_id: streamId, purpose: 'paper', source_batch: hash })
          .first<(PageCounts & { batchId: number }) | undefined>('read', 'accepted', 'unchanged', 'rejected', {
            batchId: 'id',
          });
        if (earlier) return { ...earlier, known: true };
        const [row] = await trx('batch')
          .insert({
            stream_id: streamId,
            purpose: 'paper',
            workflow_id: '',
            source_batch: hash,
            declared,
            state: 'complete',
            opened_at: who.at,
            closed_at: who.at,
          })
          .returning<{ id: number }[]>('id');
        const batch = { id: row?.id ?? 0, streamId, attempt: 1 };
        for await (const page of paper.pages())
          await withConnection(trx, (connection) => mergePage(connection, batch, page, rules, who.at));
        await settleRecords(trx, batch, who.at);
        const { read, accepted, unchanged, rejected } = await batchCounts(trx, batch);
        const counts = { read, accepted, unchanged, rejected };
        await trx('batch')
          .where({ id: batch.id })
          .update({ ...counts, ...(await countKeys(trx, batch)) });
        const detail = { stream, batch: batch.id, sha256: hash, read, rejected };
        await noteEvent(trx, subjectOf(found), { ...who, what: 'paper', detail });
        return { ...counts, batchId: batch.id, known: false };
      }),
    { retries: 3, minTimeout: 50, shouldRetry: ({ error }) => isDeadlock(error) },
  );
}
