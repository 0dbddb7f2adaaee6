import type { Knex } from 'knex';
import { WAITING_RULES, type Problem } from '../../domain/library/validation.ts';
import { withConnection } from '../database.ts';
import { countKeys } from './batches.ts';
import { mergePage, type PageCounts, type PageRows, type PageRules } from './pages.ts';

/** Open rejects of one stream and rule: a piece of casework of one unit. */
export interface RejectGroup {
  stream: string;
  title: string;
  unit: string;
  unitCode: string;
  rule: string;
  /** Fields that broke the rule. */
  fields: string[];
  open: number;
  /** Of these, how many have a correction that was refused as well, or is not mapped yet. */
  corrected: number;
  oldestAt: Date;
  newestAt: Date;
}

/** Which open rejects; `units`: of these only, such as those that somebody sees. */
export interface RejectChoice {
  stream?: string | undefined;
  unit?: string | undefined;
  rule?: string | undefined;
  units?: readonly string[] | null;
}

const CHOSEN = `resolved_at IS NULL AND (:stream::text IS NULL OR name = :stream) AND (:unit::text IS NULL OR unit_code = :unit)
       AND (:rule::text IS NULL OR reject.rule = :rule) AND (:units::text[] IS NULL OR unit_code = ANY (:units))`;
const chosen = ({ stream, unit, rule, units }: RejectChoice) => ({
  stream: stream ?? null,
  unit: unit ?? null,
  rule: rule ?? null,
  units: units ? [...units] : null,
});

/** Open rejects, grouped; the oldest group first. */
export async function rejectGroups(db: Knex, choice: RejectChoice = {}): Promise<RejectGroup[]> {
  const { rows } = await db.raw<{ rows: RejectGroup[] }>(
    // By field first, of which there are few: an array_agg(DISTINCT …) sorts all rejects.
    `SELECT name AS stream, title, unit_name AS unit, unit_code AS "unitCode", rule, array_agg(field ORDER BY field) AS fields,
       sum(open)::bigint AS open, sum(corrected)::bigint AS corrected, min("oldestAt") AS "oldestAt", max("newestAt") AS "newestAt"
     FROM (
       SELECT name, title, unit_name, unit_code, reject.rule, problems->0->>'field' AS field, count(*) AS open,
         count(correction) AS corrected, min(first_seen_at) AS "oldestAt", max(first_seen_at) AS "newestAt"
       FROM reject JOIN stream ON stream.id = stream_id WHERE ${CHOSEN} GROUP BY 1, 2, 3, 4, 5, 6) AS by_field
     GROUP BY name, title, unit_name, unit_code, rule ORDER BY min("oldestAt"), name, rule`,
    chosen(choice),
  );
  return rows;
}

/** An open reject of any stream, as people look through them. */
export interface ListedReject {
  id: number;
  stream: string;
  title: string;
  unit: string;
  key: string | null;
  problems: Problem[];
  /** JSON text of the record: its last correction, else as it came; null for one that is too long to look at. */
  record: string | null;
  encoding: string;
  corrected: boolean;
  firstSeenAt: Date;
  lastSeenAt: Date;
}

/** Longest record that is listed, in bytes. */
const LONGEST_LISTED = 20_000;

/** Open rejects, the oldest first. */
export async function listRejects(
  db: Knex,
  choice: RejectChoice & { after?: number | undefined; limit: number },
): Promise<ListedReject[]> {
  const { rows } = await db.raw<{ rows: ListedReject[] }>(
    `SELECT reject.id, name AS stream, title, unit_name AS unit, record_key AS key, problems,
       CASE WHEN octet_length(coalesce(correction, raw)) <= ${LONGEST_LISTED} THEN coalesce(correction, raw) END AS record,
       raw_encoding AS encoding, correction IS NOT NULL AS corrected, first_seen_at AS "firstSeenAt", last_seen_at AS "lastSeenAt"
     FROM reject JOIN stream ON stream.id = stream_id
     WHERE ${CHOSEN} AND (:after::bigint IS NULL OR reject.id > :after) ORDER BY reject.id LIMIT :limit`,
    { ...chosen(choice), after: choice.after ?? null, limit: choice.limit },
  );
  return rows;
}

/** One open reject as it is handed to the unit that has to correct it. */
export interface OpenReject {
  id: number;
  key: string | null;
  /** Update time of the record, where it could be read. */
  updatedAt: Date | null;
  problems: Problem[];
  /** JSON text of the record: its last correction, else as it came. */
  record: string;
  firstSeenAt: Date;
}

/** Which open rejects of a stream. */
interface OpenChoice {
  after?: number | undefined;
  upTo?: number | undefined;
  rule?: string | undefined;
  limit?: number;
}

/** Open rejects of a stream whose records are JSON, in the order of their ids. */
export async function openRejects(db: Knex, streamId: number, choice: OpenChoice): Promise<OpenReject[]> {
  return selectOpen(db, streamId, choice);
}

function selectOpen(db: Knex, streamId: number, choice: OpenChoice) {
  return db('reject')
    .where({ stream_id: streamId, raw_encoding: 'json' })
    .whereNull('resolved_at')
    .modify((query) => {
      if (choice.after !== undefined) void query.where('id', '>', choice.after);
      if (choice.upTo !== undefined) void query.where('id', '<=', choice.upTo);
      if (choice.rule !== undefined) void query.where('rule', choice.rule);
      if (choice.limit !== undefined) void query.limit(choice.limit);
    })
    .orderBy('id')
    .select<OpenReject[]>(
      {
        id: 'id',
        key: 'record_key',
        updatedAt: 'source_updated_at',
        problems: 'problems',
        firstSeenAt: 'first_seen_at',
      },
      db.raw('coalesce(correction, raw) AS record'),
    );
}

/**
 * One page of what a stream's unit has to correct, without records that wait through no fault of its own: at most
 * `limit` rejects, and no more than one beyond `bytes` of records, because a single one can be very large.
 */
export async function rejectPage(
  db: Knex,
  streamId: number,
  { after, limit, bytes }: { after?: number | undefined; limit: number; bytes: number },
): Promise<{ rejects: OpenReject[]; more: boolean }> {
  const page = selectOpen(db, streamId, { after, limit: limit + 1 }).whereNotIn('rule', WAITING_RULES);
  const sized = db
    .from(page.as('page'))
    .select(
      '*',
      db.raw(
        'count(*) OVER () AS listed, sum(octet_length(record)) OVER (ORDER BY id) - octet_length(record) AS before',
      ),
    );
  const rows = await db
    .from(sized.as('sized'))
    .where('before', '<', bytes)
    .orderBy('id')
    .limit(limit)
    .select<(OpenReject & { listed: number })[]>('*');
  return { rejects: rows, more: rows.length < (rows[0]?.listed ?? 0) };
}

/** The youngest reject of a stream; 0 where there is none. */
export async function lastReject(db: Knex, streamId: number): Promise<number> {
  const row = await db('reject').where({ stream_id: streamId }).max<{ max: number | null }[]>('id');
  return row[0]?.max ?? 0;
}

/** Keeps corrected records beside what was refused, all or none; the next replay maps them. */
export async function saveCorrections(
  db: Knex,
  streamId: number,
  corrections: readonly { id: number; record: string }[],
  at: Date,
): Promise<void> {
  await db.raw(
    `UPDATE reject SET correction = given.record, corrected_at = :at
     FROM json_to_recordset(:corrections::json) AS given(id bigint, record text)
     WHERE reject.id = given.id AND stream_id = :streamId AND resolved_at IS NULL`,
    { at, streamId, corrections: JSON.stringify(corrections) },
  );
}

/** What became of rejects that were mapped again. */
export interface Replayed {
  /** What enters the library. */
  page: PageRows;
  accepted: number[];
  /** Those that are refused still, with what is wrong with them now. */
  refused: { id: number; key: string | null; problems: Problem[] }[];
}

/**
 * Commits rejects that were mapped again: what is sound now enters the library by the rules of every page, so that a
 * newer version stays, and its casework is closed; the rest is kept with what is wrong with it now.
 */
export async function commitReplay(
  db: Knex,
  streamId: number,
  { page, accepted, refused }: Replayed,
  options: Pick<PageRules, 'untimed' | 'file' | 'completed'> & { workflowId: string },
  at: Date,
): Promise<PageCounts> {
  return db.transaction(async (trx) => {
    const [batch] = await trx('batch')
      .insert({
        stream_id: streamId,
        purpose: 'replay',
        workflow_id: options.workflowId,
        declared: page.read,
        state: 'complete',
        opened_at: at,
        closed_at: at,
      })
      .returning<{ id: number }[]>('id');
    if (!batch) throw new Error('the batch was not written');
    const counts = await withConnection(trx, (connection) =>
      mergePage(
        connection,
        { id: batch.id, streamId, attempt: 1 },
        page,
        { untimed: options.untimed, snapshot: false, file: options.file, completed: options.completed },
        at,
      ),
    );
    const keys = await countKeys(trx, { id: batch.id, streamId, attempt: 1 });
    await trx('batch')
      .where({ id: batch.id })
      .update({ ...counts, ...keys });
    await trx('reject').whereIn('id', accepted).whereNull('resolved_at').update({ resolved_at: at });
    await trx.raw(
      `UPDATE reject SET rule = given.problems->0->>'rule', problems = given.problems, last_seen_at = :at,
         record_key = coalesce(given.key, record_key)
       FROM json_to_recordset(:refused::json) AS given(id bigint, key text, problems jsonb) WHERE reject.id = given.id`,
      { at, refused: JSON.stringify(refused) },
    );
    return { ...counts, rejected: refused.length };
  });
}
