import type { Knex } from 'knex';
import type { Declared } from '../../domain/collection/declaration.ts';
import { fault } from '../../domain/faults.ts';
import { HUB } from '../../domain/ledger/reasons.ts';
import type { Who } from '../ledger/case-files.ts';
import { meetFrom, openFrom } from '../ledger/obligations.ts';
import { governs } from '../ledger/rules.ts';
import { getStream } from './streams.ts';

/** What a unit declares of one of its streams. */
export interface NewDeclaration {
  stream: string;
  kind: Declared;
  /** What was found, and by whom. */
  said: string;
  /** The document that it rests on. */
  document: string;
}

/** A declaration that holds. */
export interface Declaration extends NewDeclaration {
  id: number;
  unit: string;
  /** The article that allows it; null where none has to. */
  article: string | null;
  by: string;
  at: Date;
}

/** The article by which streams are excepted from synchronising; undefined where the regulation has none. */
type Exception = { article: string } | undefined;

/** What can be declared of streams under the regulation. */
export async function declarable(db: Knex, exception: Exception): Promise<Declared[]> {
  const asked = await governs(db, ['review']);
  return [...(exception ? ['unsynchronisable' as const] : []), ...(asked ? ['reviewed' as const] : [])];
}

/**
 * Puts a declaration of a stream on file. What it frees of is not owed from the next day on: nothing that was owed goes
 * away by it. Throws a configuration error where the regulation has no such article (`exception`), does not ask for it,
 * or it stands already.
 */
export async function declare(
  db: Knex,
  { stream, kind, said, document }: NewDeclaration,
  { exception }: { exception?: Exception },
  { by, at }: Who,
): Promise<number> {
  if (!(await declarable(db, exception)).includes(kind))
    throw fault(kind === 'unsynchronisable' ? 'exception-none' : 'review-unasked');
  const { id } = await getStream(db, stream);
  const [row] = await db('declaration')
    .insert({
      stream_id: id,
      kind,
      article: kind === 'unsynchronisable' ? exception?.article : null,
      said,
      document,
      declared_by: by,
      declared_at: at,
    })
    .onConflict(db.raw('(stream_id, kind) WHERE ended_at IS NULL'))
    .ignore()
    .returning<{ id: number }[]>('id');
  if (!row) throw fault('declaration-known', { stream });
  await syncReviews(db, at);
  return row.id;
}

/**
 * Notes that a declaration holds no longer: what it freed of is owed again from the next day on. Throws a configuration
 * error where there is none, or it is of a stream of other units than these (null: of all).
 */
export async function endDeclaration(
  db: Knex,
  id: number,
  { by, at }: Who,
  units: readonly string[] | null = null,
): Promise<void> {
  const ended = await db('declaration')
    .where({ id })
    .whereNull('ended_at')
    .whereIn('stream_id', streamsOf(db, units))
    .update({ ended_at: at, ended_by: by });
  if (ended === 0) throw fault('declaration-unknown', { id, why: 'none' });
  await syncReviews(db, at);
}

/** Streams of some units; null: of all. */
const streamsOf = (db: Knex, units: readonly string[] | null): Knex.QueryBuilder =>
  db('stream')
    .select('stream.id')
    .modify((query) => {
      if (units) void query.whereIn('unit_code', units);
    });

/** The declarations that hold, by stream. `units`: of streams of these units only. */
export async function listDeclarations(db: Knex, units: readonly string[] | null = null): Promise<Declaration[]> {
  return db('declaration')
    .join('stream', 'stream.id', 'stream_id')
    .whereNull('ended_at')
    .whereIn('stream_id', streamsOf(db, units))
    .orderBy(['stream.name', 'declaration.id'])
    .select<Declaration[]>({
      id: 'declaration.id',
      stream: 'stream.name',
      unit: 'unit_name',
      kind: 'kind',
      said: 'said',
      document: 'document',
      article: 'declaration.article',
      by: 'declared_by',
      at: 'declared_at',
    });
}

/** Daily streams of which nothing says that their certificates are reviewed: no field of their records, no declaration. */
const UNREVIEWED = `SELECT stream.*, 'review/' || name AS base FROM stream
  WHERE stream.rule IS NOT NULL AND reviewed IS NOT TRUE AND NOT EXISTS (
    SELECT FROM declaration d WHERE d.stream_id = stream.id AND d.kind = 'reviewed' AND d.ended_at IS NULL)`;

/**
 * Keeps the duty to show the issuer's review (签发审核): of every daily stream whose records have no field for it, it is
 * owed from when the hub saw that first, until such a field is mapped or the review is declared; that its connector is
 * removed shows nothing. One that was exempted is not owed anew.
 */
export async function syncReviews(db: Knex, at: Date): Promise<void> {
  await meetFrom(
    db,
    'review',
    `SELECT subject, :at::timestamptz AS met_at FROM obligation
     WHERE duty_kind = 'review' AND obligation_runs(obligation)
       AND stream_id NOT IN (SELECT id FROM (${UNREVIEWED}) AS unreviewed)`,
    { at },
    HUB,
  );
  await openFrom(
    db,
    'review',
    `SELECT unit_code AS owner_code, unit_name AS owner_name, id AS stream_id, ledger_round(base, 'review') AS subject,
       :at::timestamptz AS started_at, NULL::text AS workflow_id, NULL::integer AS working_days
     FROM (${UNREVIEWED}) AS unreviewed WHERE retired_at IS NULL AND NOT EXISTS (SELECT FROM obligation o
       WHERE o.stream_id = unreviewed.id AND o.duty_kind = 'review' AND o.exempted_at IS NOT NULL)`,
    { at },
    { by: HUB, at },
  );
}
