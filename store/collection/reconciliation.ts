import type { Knex } from 'knex';
import { HUB } from '../../domain/ledger/reasons.ts';
import { BEYOND_WINDOWS, MOVING, outsideWindow } from '../../domain/difference-subjects.ts';
import { timeWindow, type TimeWindow } from '../../domain/collection/window.ts';
import { cover, uncover } from './batches.ts';
import { meetFrom, openFrom } from '../ledger/obligations.ts';
import type { StreamRow } from './streams.ts';

/** Known differences within a window that are compared again when the window is found equal. */
const COMPARED_AGAIN = 50;

/**
 * How many of a source's records the library accounts for in a window of update times: the records it holds and the
 * open rejects. A record whose newer version was rejected counts where that version stands.
 */
export async function countLibrary(db: Knex, streamId: number, window: TimeWindow): Promise<number> {
  const { rows } = await db.raw<{ rows: { count: number }[] }>(
    `SELECT (SELECT count(*) FROM certificate c
        WHERE c.stream_id = :streamId AND c.source_updated_at >= :from AND c.source_updated_at < :to
          AND NOT EXISTS (SELECT FROM reject r WHERE r.stream_id = c.stream_id AND r.record_key = c.record_key
            AND r.resolved_at IS NULL AND r.source_updated_at >= c.source_updated_at))
      + (SELECT count(*) FROM reject r WHERE r.stream_id = :streamId AND r.resolved_at IS NULL
          AND r.source_updated_at >= :from AND r.source_updated_at < :to)
      + (SELECT count(*) FROM reject r JOIN batch b ON b.id = r.last_batch_id
          WHERE r.stream_id = :streamId AND r.resolved_at IS NULL AND r.source_updated_at IS NULL
          AND b.read_from >= :from AND b.read_to <= :to) AS count`,
    { streamId, from: window.from, to: window.to },
  );
  return rows[0]?.count ?? 0;
}

/** Keys of the records that the library accounts for in a window; only for windows of a few pages. */
export async function libraryKeys(db: Knex, streamId: number, window: TimeWindow): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { key: string }[] }>(
    `SELECT record_key AS key FROM certificate
       WHERE stream_id = :streamId AND source_updated_at >= :from AND source_updated_at < :to
     UNION SELECT record_key FROM reject WHERE stream_id = :streamId AND resolved_at IS NULL AND record_key IS NOT NULL
       AND source_updated_at >= :from AND source_updated_at < :to`,
    { streamId, from: window.from, to: window.to },
  );
  return rows.map(({ key }) => key);
}

/**
 * Keeps what a comparison found. Equal counts cover the window and close what was known of it; unequal ones take it out of
 * the coverage, so that it shows as a gap until it is mended. What is known of a part of it is another comparison’s: one
 * record too many and one too few are equal in sum.
 */
export async function saveComparison(
  db: Knex,
  stream: StreamRow,
  window: TimeWindow,
  counts: { source: number; library: number },
  at: Date,
): Promise<void> {
  await db.transaction(async (trx) => {
    await trx('reconciliation').insert({
      stream_id: stream.id,
      compared_from: window.from,
      compared_to: window.to,
      source_count: counts.source,
      library_count: counts.library,
      compared_at: at,
    });
    if (counts.source !== counts.library) {
      await uncover(trx, stream.id, window);
      return;
    }
    await cover(trx, stream.id, window);
    await trx('discrepancy')
      .where({ stream_id: stream.id, window_from: window.from, window_to: window.to })
      .whereNull('closed_at')
      // Equal counts say nothing about content.
      .whereRaw(`different = '{}'`)
      .update({ closed_at: at });
    await closeMoving(trx, stream.id, at);
  });
}

/** Windows within another, and not all of it, of which a difference of counts is known; the first of them. */
export async function differingWithin(db: Knex, streamId: number, window: TimeWindow): Promise<TimeWindow[]> {
  const rows = await db('discrepancy')
    .where({ stream_id: streamId })
    .whereNull('closed_at')
    .where('window_from', '>=', window.from)
    .where('window_to', '<=', window.to)
    .whereRaw(`(window_from, window_to) <> (?, ?) AND different = '{}'`, [window.from, window.to])
    .orderBy('window_from')
    .limit(COMPARED_AGAIN)
    .select<{ from: Date; to: Date }[]>({ from: 'window_from', to: 'window_to' });
  return rows.map(({ from, to }) => timeWindow(from.getTime(), to.getTime()));
}

export interface FoundDifference {
  /** What differs, for example a window or a batch; one open task for each. */
  subject: string;
  window: TimeWindow | null;
  sourceCount: number;
  libraryCount: number;
  onlyAtSource: string[];
  onlyInLibrary: string[];
  /** Keys with the same version and another content. */
  different?: string[];
  /** Keys that the source lists more than once. */
  repeated?: string[];
}

/** A difference that reading again did not mend becomes a task of the unit that answers for the source. */
export async function openDiscrepancy(
  db: Knex,
  stream: StreamRow,
  difference: FoundDifference,
  at: Date,
): Promise<void> {
  await db('discrepancy')
    .insert({
      stream_id: stream.id,
      subject: difference.subject,
      window_from: difference.window?.from ?? null,
      window_to: difference.window?.to ?? null,
      source_count: difference.sourceCount,
      library_count: difference.libraryCount,
      only_at_source: difference.onlyAtSource,
      only_in_library: difference.onlyInLibrary,
      different: difference.different ?? [],
      repeated: difference.repeated ?? [],
      owner_code: stream.unitCode,
      owner_name: stream.unitName,
      opened_at: at,
    })
    .onConflict(db.raw('(stream_id, subject) WHERE closed_at IS NULL'))
    .merge(['source_count', 'library_count', 'only_at_source', 'only_in_library', 'different', 'repeated']);
}

/** Begins the subjects of deliveries that cannot be read. */
const UNREADABLE = '无法读取 ';

/** Keeps a task open for each delivery that cannot be read, by what is wrong with it, and ends those of others. */
export async function keepUnreadable(db: Knex, stream: StreamRow, faults: readonly string[], at: Date): Promise<void> {
  const subjects = faults.map((text) => `${UNREADABLE}${text}`);
  const delivery = { window: null, sourceCount: 1, libraryCount: 0, onlyAtSource: [], onlyInLibrary: [] };
  for (const subject of subjects) await openDiscrepancy(db, stream, { subject, ...delivery }, at);
  await db('discrepancy')
    .where({ stream_id: stream.id })
    .whereNull('closed_at')
    .where('subject', 'like', `${UNREADABLE}%`)
    .whereNotIn('subject', subjects)
    .update({ closed_at: at });
}

/** Where the oldest known difference of a stream begins; null when there is none. */
export async function oldestDifference(db: Knex, streamId: number): Promise<Date | null> {
  const oldest = await db('discrepancy')
    .where({ stream_id: streamId })
    .whereNull('closed_at')
    .whereNotNull('window_from')
    .orderBy('window_from')
    .first<{ from: Date } | undefined>({ from: 'window_from' });
  return oldest?.from ?? null;
}

/** Records of a source that no window reaches are a task of the unit until there are none. */
export async function noteBeyond(db: Knex, stream: StreamRow, records: number, at: Date): Promise<void> {
  if (records === 0) return closeDiscrepancy(db, stream.id, BEYOND_WINDOWS, at);
  const counts = { sourceCount: records, libraryCount: 0, onlyAtSource: [], onlyInLibrary: [] };
  await openDiscrepancy(db, stream, { subject: BEYOND_WINDOWS, window: null, ...counts }, at);
}

/** A window that could not be read, because its records kept changing, is a task of the unit until all such are covered. */
export async function noteMoving(
  db: Knex,
  stream: StreamRow,
  window: TimeWindow,
  sourceCount: number,
  at: Date,
): Promise<void> {
  const libraryCount = await countLibrary(db, stream.id, window);
  const counts = { sourceCount, libraryCount, onlyAtSource: [], onlyInLibrary: [] };
  await openDiscrepancy(db, stream, { subject: MOVING, window: null, ...counts }, at);
}

/** Ends that task once no window is left of which it was given up to read it. */
export async function closeMoving(db: Knex, streamId: number, at: Date): Promise<void> {
  await db.raw(
    `UPDATE discrepancy SET closed_at = :at
     WHERE stream_id = :streamId AND subject = :subject AND closed_at IS NULL AND NOT EXISTS (
       SELECT FROM batch JOIN coverage USING (stream_id)
       WHERE batch.stream_id = :streamId AND opened_at >= discrepancy.opened_at - interval '1 day'
         AND state = 'different' AND read IS NULL AND NOT tstzrange(read_from, read_to) <@ times)`,
    { streamId, subject: MOVING, at },
  );
}

/** Counts anew which records a window brings of other times: it is read from its first page. */
export async function recountOutside(db: Knex, streamId: number, window: TimeWindow): Promise<void> {
  await db('discrepancy')
    .where({ stream_id: streamId, subject: outsideWindow(window) })
    .whereNull('closed_at')
    .update({ source_count: 0, library_count: 0 });
}

/**
 * Adds records that came for a window and are of other times: a task of the unit until the window is read without any.
 * It is of no window itself, because these records keep no day from being proven; the library lacks none of them.
 */
export async function addOutside(
  db: Knex,
  stream: StreamRow,
  window: TimeWindow,
  records: number,
  at: Date,
): Promise<void> {
  await db('discrepancy')
    .insert({
      stream_id: stream.id,
      subject: outsideWindow(window),
      asked: db.raw('tstzrange(?, ?)', [window.from, window.to]),
      source_count: records,
      library_count: records,
      owner_code: stream.unitCode,
      owner_name: stream.unitName,
      opened_at: at,
    })
    .onConflict(db.raw('(stream_id, subject) WHERE closed_at IS NULL'))
    .merge({
      source_count: db.raw('discrepancy.source_count + excluded.source_count'),
      library_count: db.raw('discrepancy.library_count + excluded.library_count'),
    });
}

/** Ends what was known of a window, and of those within it, where a whole read of it brought no record of other times. */
export async function settleOutside(db: Knex, streamId: number, window: TimeWindow, at: Date): Promise<void> {
  await db.raw(
    `UPDATE discrepancy SET closed_at = :at WHERE id IN (
       SELECT id FROM discrepancy WHERE stream_id = :streamId AND closed_at IS NULL AND asked <@ tstzrange(:from, :to))
     AND NOT EXISTS (SELECT FROM discrepancy own WHERE own.stream_id = :streamId AND own.closed_at IS NULL
       AND own.subject = :subject AND own.source_count > 0)`,
    { at, streamId, from: window.from, to: window.to, subject: outsideWindow(window) },
  );
}

/** Closes what was known of a batch for nothing but keys that came twice, now that it came without them. */
export async function closeRepeated(db: Knex, streamId: number, subject: string, at: Date): Promise<void> {
  await db('discrepancy')
    .where({ stream_id: streamId, subject })
    .whereNull('closed_at')
    .whereRaw(`repeated <> '{}' AND only_at_source = '{}' AND only_in_library = '{}' AND different = '{}'`)
    .update({ closed_at: at });
}

export async function closeDiscrepancy(db: Knex, streamId: number, subject: string, at: Date): Promise<void> {
  await db('discrepancy').where({ stream_id: streamId, subject }).whereNull('closed_at').update({ closed_at: at });
}

/**
 * Keeps the deadlines of known differences (数据一致): each is owed from when it was found, and met when it is mended. One
 * that came and went between two looks is told of as well.
 */
export async function syncDifferences(db: Knex, at: Date): Promise<void> {
  await openFrom(
    db,
    'consistency',
    `SELECT owner_code, owner_name, stream_id, 'difference/' || id AS subject, opened_at AS started_at,
       NULL::text AS workflow_id, NULL::integer AS working_days
     FROM discrepancy WHERE closed_at IS NULL OR closed_at > :at::timestamptz - interval '1 day'`,
    { at },
    { by: HUB, at },
  );
  await meetFrom(
    db,
    'consistency',
    `SELECT running.subject, closed_at AS met_at FROM obligation running
     JOIN discrepancy d ON running.subject = 'difference/' || d.id
     WHERE running.duty_kind = 'consistency' AND obligation_runs(running) AND closed_at IS NOT NULL`,
    {},
    HUB,
  );
}
