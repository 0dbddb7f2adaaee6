import type { Knex } from 'knex';
import { byBasis, type Basis } from '../../domain/basis.ts';
import type { Duty } from '../../domain/ledger/duties.ts';
import type { BatchPurpose } from './batches.ts';

/** A read of a window that is under way, or has just ended. */
export interface LatestSync {
  /** The batch. */
  id: number;
  stream: string;
  title: string;
  unitCode: string;
  purpose: BatchPurpose;
  pages: number;
  records: number;
  declared: number;
  ended: boolean;
}

/** A batch of which nothing came for so long has been left: the next one reads its window again. */
const LEFT_AFTER = '15 minutes';
/** Whoever looks every few seconds sees a read that began and ended between two looks. */
const JUST = '10 seconds';

/**
 * What is being read now, and what has just been: of each stream its newest batch. Of a paused stream, what is open was left.
 */
export async function latestSyncs(db: Knex, at: Date): Promise<LatestSync[]> {
  const { rows } = await db.raw<{ rows: LatestSync[] }>(
    `SELECT last.id, stream.name AS stream, title, unit_code AS "unitCode", purpose, pages, records, declared,
       last.state <> 'open' AS ended
     FROM stream
     CROSS JOIN LATERAL (SELECT * FROM batch WHERE stream_id = stream.id ORDER BY opened_at DESC, id DESC LIMIT 1) AS last
     CROSS JOIN LATERAL (SELECT count(*) AS pages, coalesce(sum(p.read), 0)::bigint AS records, max(committed_at) AS at
       FROM batch_page p WHERE p.batch_id = last.id AND p.attempt = last.attempt) AS done
     WHERE retired_at IS NULL AND (last.closed_at > :at::timestamptz - interval '${JUST}' OR last.state = 'open'
       AND paused_reason IS NULL AND greatest(last.opened_at, done.at) > :at::timestamptz - interval '${LEFT_AFTER}')
     ORDER BY stream.name`,
    { at },
  );
  return rows;
}

const OVERDUE = `obligation_runs(obligation) AND suspended_by IS NULL AND due_at <= :at`;

/** How many deadlines of each unit are overdue, by the unit's code and by basis. */
export async function overdueByUnit(db: Knex, at: Date): Promise<Map<string, Record<Basis, number>>> {
  const { rows } = await db.raw<{ rows: ({ unit: string } & Record<Basis, number>)[] }>(
    `SELECT owner_code AS unit, count(*) FILTER (WHERE basis = 'statutory') AS statutory,
       count(*) FILTER (WHERE basis = 'internal') AS internal FROM obligation WHERE ${OVERDUE} GROUP BY owner_code`,
    { at },
  );
  return new Map(rows.map(({ unit, ...counts }) => [unit, byBasis((basis) => counts[basis])]));
}

/** A deadline that has just become overdue. */
export interface NewlyOverdue {
  id: number;
  kind: Duty;
  basis: Basis;
  owner: string;
  ownerCode: string;
}

/** Deadlines that became overdue after a moment and up to another, the newest first. */
export async function becameOverdue(db: Knex, since: Date, at: Date, limit: number): Promise<NewlyOverdue[]> {
  const { rows } = await db.raw<{ rows: NewlyOverdue[] }>(
    `SELECT id, duty_kind AS kind, basis, owner_name AS owner, owner_code AS "ownerCode" FROM obligation
     WHERE ${OVERDUE} AND due_at > :since ORDER BY due_at DESC, id DESC LIMIT :limit`,
    { since, at, limit },
  );
  return rows;
}
