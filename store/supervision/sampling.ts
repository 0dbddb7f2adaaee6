import { hash } from 'node:crypto';
import type { Knex } from 'knex';

/** A record of the library that was drawn. */
export interface Drawn {
  streamId: number;
  key: string;
  typeCode: string;
  /** The version that was drawn, to the microsecond. */
  updatedAt: string;
  batchId: number;
  /** By what it was chosen among those of its slices: the smallest are. */
  hash: string;
}

/** Records that a slice of a stream's past holds on average. */
const SLICE_RECORDS = 20;
/** Slices that are looked at together, and how often more are drawn. */
const SLICES = 200;
const ROUNDS = 10;
/** Candidates for each record that is drawn, before no more slices are. */
const CANDIDATES = 10;
/** A stream with at most so many records is one slice. */
const SMALL = 5_000;

/** Which records: all that are not deleted, or those that a user unit could rely on today. */
const OF = {
  held: `status <> 'deleted'`,
  usable: `status = 'valid' AND (long_term OR expires_on IS NULL
    OR expires_on >= (:at::timestamptz AT TIME ZONE 'Asia/Shanghai')::date)`,
} as const;

/**
 * Draws records of a stream at random, by a seed: the same seed draws the same records of the same library. Its past is
 * cut into slices of equal length, short enough to hold few records; slices are drawn by the seed until there are
 * candidates enough, and of these the ones with the smallest hash of seed and key are taken. So every record has the
 * same chance, and however large the stream, a few thousand entries of the index of update times are read. Only where
 * nearly all records have a few update times in common (old records imported at once, sources without update times) do
 * slices have to be moved to where records are, and hold more of them.
 */
export async function drawRecords(
  db: Knex,
  streamId: number,
  { size, seed, of }: { size: number; seed: number; of: keyof typeof OF },
  at: Date,
): Promise<Drawn[]> {
  const { rows } = await db.raw<{ rows: { from: Date | null; to: Date | null; held: number }[] }>(
    `SELECT (SELECT min(source_updated_at) FROM certificate WHERE stream_id = :streamId) AS "from",
       (SELECT max(source_updated_at) FROM certificate WHERE stream_id = :streamId) AS "to",
       (SELECT coalesce(sum(added), 0)::bigint FROM batch JOIN batch_page ON batch_id = batch.id
         WHERE batch.stream_id = :streamId) AS held`,
    { streamId },
  );
  const [past] = rows;
  if (!past?.from || !past.to) return [];
  const fromMs = past.from.getTime();
  const spanMs = past.to.getTime() + 1 - fromMs;
  const wanted = past.held <= SMALL ? 1 : Math.ceil(past.held / SLICE_RECORDS);
  const sliceMs = Math.ceil(spanMs / wanted);
  const slices = Math.ceil(spanMs / sliceMs);

  const drawn = new Set<number>();
  const chosen = new Map<string, Drawn>();
  let candidates = 0;
  let draws = 0;
  const look = async (numbers: readonly number[], moved: boolean): Promise<void> => {
    const places = numbers.map((number) => ({
      from: new Date(fromMs + number * sliceMs),
      to: new Date(fromMs + (number + 1) * sliceMs),
    }));
    const found = await db.raw<{ rows: (Drawn & { candidates: number })[] }>(
      `SELECT * FROM (
         SELECT :streamId::integer AS "streamId", record_key AS key, type_code AS "typeCode", batch_id AS "batchId",
           to_char(source_updated_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD"T"HH24:MI:SS.US') || '+08:00' AS "updatedAt",
           md5(:seed || ' ' || record_key) AS hash, count(*) OVER () AS candidates
         FROM (
           -- Slices that were moved to where records are can meet there.
           SELECT unnest(range_agg(tstzrange(since, since + ("to" - "from")))) AS place
           FROM json_to_recordset(:places::json) AS slice("from" timestamptz, "to" timestamptz)
           CROSS JOIN LATERAL (SELECT CASE WHEN :moved THEN (SELECT min(source_updated_at) FROM certificate
             WHERE stream_id = :streamId AND source_updated_at >= "from") ELSE "from" END AS since) AS start
           WHERE since IS NOT NULL
         ) AS slices
         -- OFFSET 0: each slice by itself, by the index of update times; the planner knows no better than to join.
         CROSS JOIN LATERAL (SELECT * FROM certificate WHERE stream_id = :streamId AND source_updated_at >= lower(place)
           AND source_updated_at < upper(place) OFFSET 0) AS held
         WHERE ${OF[of]}
       ) AS candidate ORDER BY hash, key LIMIT :size`,
      { streamId, size, at, moved, seed: String(seed), places: JSON.stringify(places) },
    );
    candidates += found.rows[0]?.candidates ?? 0;
    for (const record of found.rows) chosen.set(record.key, record);
  };
  const next = (): number[] => {
    const numbers: number[] = [];
    // The same slice can come up again; when all are drawn there is no other.
    while (numbers.length < SLICES && drawn.size < slices) {
      const number = Number.parseInt(hash('sha256', `${seed} ${draws++}`, 'hex').slice(0, 12), 16) % slices;
      if (drawn.has(number)) continue;
      drawn.add(number);
      numbers.push(number);
    }
    return numbers;
  };
  for (let round = 0; round < ROUNDS && drawn.size < slices && candidates < size * CANDIDATES; round += 1)
    await look(next(), false);
  if (candidates < size * CANDIDATES && drawn.size < slices) await look(next(), true);
  return [...chosen.values()].sort((a, b) => (a.hash < b.hash ? -1 : 1)).slice(0, size);
}
