import type { Knex } from 'knex';
import type { WITNESSES } from '../../domain/ledger/alerts.ts';
import { AWAY_MS, BEAT_MS, type HubPart } from './uptime.ts';

export type KnownBy = keyof typeof WITNESSES;

/** The database was restored to an earlier moment: what was written after `from` is lost, as far as `to` is known. */
export interface Restoration {
  id: number;
  from: Date;
  to: Date;
  knownBy: KnownBy[];
  foundAt: Date;
  /** When sources were asked again for what they still have. */
  readAgainAt: Date | null;
  /** When, and who says that everything is made up for. */
  settledAt: Date | null;
  settledBy: string | null;
}

const COLUMNS = {
  id: 'id',
  from: 'lost_from',
  to: 'lost_to',
  knownBy: 'known_by',
  foundAt: 'found_at',
  readAgainAt: 'read_again_at',
  settledAt: 'settled_at',
  settledBy: 'settled_by',
};

/**
 * Notes that the database has forgotten a time. There is one such note at a time, which grows; what was settled is not
 * noted again. A receipt only says that something is lost, not since when: it adds nothing to a span that is known.
 *
 * What is numbered from then on lies beyond what the lost time gave out, which others may have: numbers go on from its
 * end in milliseconds since 1970, which no count has reached. A receipt alone does not do that: a sender can be wrong.
 */
export async function noteRestoration(
  db: Knex,
  { from, to, knownBy }: Pick<Restoration, 'from' | 'to'> & { knownBy: KnownBy },
  at: Date,
): Promise<void> {
  const { rows } = await db.raw<{ rows: { lostTo: Date }[] }>(
    `INSERT INTO restoration (lost_from, lost_to, known_by, found_at)
     SELECT :from::timestamptz, :to::timestamptz, ARRAY[:knownBy], :at::timestamptz
     WHERE NOT EXISTS (SELECT FROM restoration WHERE settled_at IS NOT NULL AND lost_from <= :from AND lost_to >= :to)
     ON CONFLICT ((settled_at IS NULL)) WHERE settled_at IS NULL DO UPDATE SET
       lost_from = CASE WHEN :knownBy = 'receipt' THEN restoration.lost_from ELSE least(restoration.lost_from, excluded.lost_from) END,
       lost_to = CASE WHEN :knownBy = 'receipt' THEN restoration.lost_to ELSE greatest(restoration.lost_to, excluded.lost_to) END,
       known_by = CASE WHEN :knownBy = ANY (restoration.known_by) THEN restoration.known_by ELSE restoration.known_by || ARRAY[:knownBy] END
     RETURNING lost_to AS "lostTo"`,
    { from, to, knownBy, at },
  );
  const [noted] = rows;
  if (!noted || knownBy === 'receipt') return;
  await db.raw(
    `SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, :beyond::bigint) FROM pg_sequences
     WHERE schemaname = current_schema() AND data_type = 'bigint'::regtype AND coalesce(last_value, 0) < :beyond`,
    { beyond: noted.lostTo.getTime() },
  );
}

/** Numbers up to here may have been given out in a time that the database has forgotten. */
export async function numbersBeyond(db: Knex): Promise<number> {
  const row = await db('restoration')
    .whereRaw(`known_by <> ARRAY['receipt']`)
    .max<{ at: Date | null }[]>('lost_to as at');
  return row[0]?.at?.getTime() ?? 0;
}

/** What the database has forgotten and nobody has settled. */
export const openRestoration = async (db: Knex): Promise<Restoration | null> =>
  (await db('restoration').whereNull('settled_at').first<Restoration | undefined>(COLUMNS)) ?? null;

/** All of them, the latest first. */
export const listRestorations = (db: Knex): Promise<Restoration[]> =>
  db('restoration').orderBy('id', 'desc').select<Restoration[]>(COLUMNS);

export async function noteReadAgain(db: Knex, id: number, at: Date): Promise<void> {
  await db('restoration').where({ id }).update({ read_again_at: at });
}

/** Somebody says that what was lost is made up for; false where nothing is open. */
export const settleRestoration = async (db: Knex, { by, at }: { by: string; at: Date }): Promise<boolean> =>
  (await db('restoration').whereNull('settled_at').update({ settled_by: by, settled_at: at })) > 0;

/** Which hub a database belongs to, and when it began. */
export async function hubSince(db: Knex): Promise<Date> {
  const row = await db('hub').first<{ since: Date } | undefined>({ since: 'created_at' });
  return row?.since ?? new Date(0);
}

/** The last times in which a part was not at work by what the database knows, without their edges. */
export async function idleTimes(db: Knex, part: HubPart, at: Date): Promise<{ from: Date; to: Date }[]> {
  const { rows } = await db.raw<{ rows: { from: Date; to: Date }[] }>(
    `SELECT to_at + :beat * interval '2 milliseconds' AS "from", next_at - :beat * interval '1 millisecond' AS "to" FROM (
       SELECT to_at, coalesce(lead(from_at) OVER (ORDER BY from_at), :at) AS next_at FROM uptime WHERE part = :part) AS span
     WHERE next_at - to_at > :away * interval '1 millisecond' ORDER BY to_at DESC LIMIT 2`,
    { part, at, beat: BEAT_MS, away: AWAY_MS },
  );
  return rows;
}
