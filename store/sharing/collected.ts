import type { Knex } from 'knex';

/** How far certificates of a type are collected, whoever holds them. */
export interface Collected {
  /** All that its sources issued before is in the library. */
  upTo: Date;
  /** When what they issued since (待归集) is due to be there; in the past where it is late. */
  expectedAt: Date;
}

/** How long what was looked up is believed. */
const BELIEVED_MS = 5000;
const looked = new WeakMap<Knex, { atMs: number; types: Promise<ReadonlyMap<string, Collected>> }>();

/**
 * How far a type is collected: of streams that deliver it daily, the one that is collected least far counts. Of types that
 * come otherwise it cannot be told: null. It depends on nothing but the streams, so that it tells nobody who holds what. Looked up every few
 * seconds.
 */
export const collectedOf = async (db: Knex, typeCode: string, now: Date): Promise<Collected | null> =>
  (await collectedTypes(db, now)).get(typeCode) ?? null;

function collectedTypes(db: Knex, now: Date): Promise<ReadonlyMap<string, Collected>> {
  const atMs = now.getTime();
  const known = looked.get(db);
  if (known && Math.abs(atMs - known.atMs) < BELIEVED_MS) return known.types;
  const types = db
    .raw<{ rows: (Collected & { typeCode: string })[] }>(COLLECTED, { at: now })
    .then(
      ({ rows }): ReadonlyMap<string, Collected> =>
        new Map(rows.map(({ typeCode, ...collected }) => [typeCode, collected])),
    );
  looked.set(db, { atMs, types });
  types.catch(() => looked.delete(db));
  return types;
}

const COLLECTED = `WITH brought AS (
    SELECT stream_id, type_code FROM stream_type
    UNION SELECT id, certificate_type FROM stream WHERE certificate_type IS NOT NULL)
  SELECT DISTINCT ON (type_code) type_code AS "typeCode", up_to AS "upTo", coalesce(
      (SELECT min(due_at) FROM obligation o
        WHERE o.stream_id = s.id AND duty_kind = 'increment' AND obligation_runs(o) AND upper(o.whole) > up_to),
      -- No day of it runs: the next to be due.
      date_trunc('day', greatest(up_to, :at), 'Asia/Shanghai') + due
        + CASE WHEN date_trunc('day', greatest(up_to, :at), 'Asia/Shanghai') + cut_off <= up_to
            THEN interval '1 day' ELSE interval '0' END) AS "expectedAt"
  FROM brought JOIN stream s ON s.id = stream_id JOIN coverage USING (stream_id)
  CROSS JOIN LATERAL (SELECT coalesce((SELECT upper(part) FROM unnest(times) AS part WHERE part @> collect_from),
    collect_from) AS up_to) AS reached
  WHERE delivery = 'daily' AND retired_at IS NULL AND due IS NOT NULL AND cut_off IS NOT NULL
  ORDER BY type_code, up_to`;
