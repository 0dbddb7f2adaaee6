import type { Knex } from 'knex';
import { REQUIRED_FIELDS, type QualityCounts } from '../../domain/supervision/figures.ts';
import { RULE_IDS, RULES, WAITING_RULES, type RuleId } from '../../domain/library/validation.ts';

/** What the rules say of one stream's records. */
export interface StreamQuality extends QualityCounts {
  stream: string;
  unit: string;
  unitCode: string;
  held: number;
  /** Open ones, without those that wait. */
  rejects: number;
  waiting: number;
  /** How many records break each rule, the most first. */
  rules: { rule: RuleId; records: number }[];
}

/** Which records are meant: of one unit, one stream, of a period by their update times; all where nothing is said. */
export interface RecordChoice {
  unit?: string | undefined;
  units?: readonly string[] | null;
  stream?: string | undefined;
  /** Half-open; null: since ever, for ever. */
  from?: Date | null;
  to?: Date | null;
}

export const boundsOf = ({ unit, units, stream, from, to }: RecordChoice) => ({
  unit: unit ?? null,
  units: units ? [...units] : null,
  stream: stream ?? null,
  from: from ?? null,
  to: to ?? null,
});

/** Streams that were configured in the period. */
export const CHOSEN = `(retired_at IS NULL OR retired_at > :from::timestamptz)
  AND (:unit::text IS NULL OR unit_code = :unit) AND (:units::text[] IS NULL OR unit_code = ANY (:units))
  AND (:stream::text IS NULL OR stream.name = :stream)`;

const inPeriod = (time: string): string =>
  `(:from::timestamptz IS NULL OR ${time} >= :from) AND (:to::timestamptz IS NULL OR ${time} < :to)`;

/** When a reject belongs to: by its own time, else by when it came. */
const TIME_OF_REJECT = 'coalesce(source_updated_at, first_seen_at)';

/**
 * Everything that is wrong with a record: what refused it, or is remarked of it. Waiting rejects are left out, and flags
 * of what its source has deleted: nobody can mend them.
 */
const PROBLEM = `
  SELECT stream_id, record_key, id AS reject, CASE WHEN record_key IS NULL THEN id END AS keyless,
    problem->>'rule' AS rule, problem->>'field' AS field
  FROM reject, jsonb_array_elements(problems) AS problem
  WHERE resolved_at IS NULL AND reject.rule <> ALL (:waiting) AND ${inPeriod(TIME_OF_REJECT)}
  UNION ALL
  SELECT stream_id, record_key, NULL, NULL, problem->>'rule', problem->>'field'
  FROM certificate, jsonb_array_elements(flags) AS problem
  WHERE flags IS NOT NULL AND status <> 'deleted' AND ${inPeriod('source_updated_at')}
  UNION ALL
  SELECT c.stream_id, c.record_key, NULL, NULL, 'dispute-upheld', 'dispute'
  FROM dispute JOIN certificate c USING (number, type_code)
  WHERE upheld AND corrected_at IS NULL AND c.status <> 'deleted' AND ${inPeriod('c.source_updated_at')}`;

const DIMENSION_OF = JSON.stringify(Object.fromEntries(RULE_IDS.map((rule) => [rule, RULES[rule].dimension])));

/**
 * What completeness and accuracy are counted from, by stream. Reads open rejects and flagged certificates and nothing
 * else of the library: records held are known from the counts of the pages. Those held of a period are counted by the
 * index of update times alone, which for a month of a stream with millions of records still reads all entries of that
 * month.
 */
export async function streamQuality(db: Knex, choice: RecordChoice = {}): Promise<StreamQuality[]> {
  const { rows } = await db.raw<{ rows: StreamQuality[] }>(STREAM_QUALITY, {
    ...boundsOf(choice),
    waiting: WAITING_RULES,
    dimensions: DIMENSION_OF,
    fields: REQUIRED_FIELDS,
  });
  return rows;
}

export const STREAM_QUALITY = `
WITH chosen AS (
  SELECT id, name, unit_name, unit_code FROM stream WHERE ${CHOSEN}
), problem AS MATERIALIZED (
  SELECT p.*, :dimensions::jsonb->>rule AS dimension
  FROM (${PROBLEM}) AS p WHERE stream_id IN (SELECT id FROM chosen)
), record AS (
  SELECT stream_id, bool_or(dimension = 'completeness') AS incomplete, bool_or(dimension = 'accuracy') AS inaccurate,
    count(DISTINCT CASE WHEN plain = ANY (:fields) THEN plain ELSE rule END)
      FILTER (WHERE dimension = 'completeness') AS missing
  FROM problem CROSS JOIN LATERAL (
    SELECT CASE WHEN strpos(field, '[') > 0 THEN regexp_replace(field, '\\[\\d+\\]', '') ELSE field END AS plain
  ) AS of_any_holder
  GROUP BY stream_id, record_key, keyless
), judged AS (
  SELECT stream_id, count(*) FILTER (WHERE incomplete) AS incomplete, count(*) FILTER (WHERE inaccurate) AS inaccurate,
    sum(missing)::bigint AS missing
  FROM record GROUP BY stream_id
), broken AS (
  SELECT stream_id, json_agg(json_build_object('rule', rule, 'records', records) ORDER BY records DESC, rule) AS rules
  FROM (SELECT stream_id, rule, count(*) AS records
    FROM (SELECT DISTINCT stream_id, rule, record_key, keyless FROM problem) AS one GROUP BY 1, 2) AS counted
  GROUP BY stream_id
), rejected AS (
  SELECT stream_id, count(*) FILTER (WHERE NOT waits) AS rejects, count(*) FILTER (WHERE waits) AS waiting,
    count(DISTINCT (record_key, CASE WHEN record_key IS NULL THEN id END)) FILTER (WHERE NOT waits AND held IS NULL)
      AS new
  FROM reject
  CROSS JOIN LATERAL (SELECT rule = ANY (:waiting) AS waits) AS judgement
  LEFT JOIN LATERAL (
    SELECT true AS held FROM certificate c WHERE c.stream_id = reject.stream_id AND c.record_key = reject.record_key OFFSET 0
  ) AS library ON true
  WHERE resolved_at IS NULL AND stream_id IN (SELECT id FROM chosen) AND ${inPeriod(TIME_OF_REJECT)} GROUP BY stream_id
), delivered AS MATERIALIZED ( -- or the planner may count the records of every stream once for each stream
  SELECT id AS stream_id, CASE WHEN :from::timestamptz IS NULL AND :to::timestamptz IS NULL
    THEN (SELECT sum(added)::bigint FROM batch JOIN batch_page ON batch_id = batch.id WHERE batch.stream_id = chosen.id)
    ELSE (SELECT count(*) FROM certificate c WHERE c.stream_id = chosen.id
      AND source_updated_at >= coalesce(:from::timestamptz, '-infinity')
      AND source_updated_at < coalesce(:to::timestamptz, 'infinity')) END AS held FROM chosen
)
SELECT name AS stream, unit_name AS unit, unit_code AS "unitCode", coalesce(held, 0) AS held, coalesce(rejects, 0) AS rejects,
  coalesce(waiting, 0) AS waiting, coalesce(held, 0) + coalesce(new, 0) AS records,
  coalesce(incomplete, 0) AS incomplete, coalesce(inaccurate, 0) AS inaccurate, coalesce(missing, 0) AS "missingFields",
  coalesce(rules, '[]') AS rules
FROM chosen LEFT JOIN delivered ON delivered.stream_id = id LEFT JOIN rejected ON rejected.stream_id = id
  LEFT JOIN judged ON judged.stream_id = id LEFT JOIN broken ON broken.stream_id = id
ORDER BY name`;

/** A record that breaks a rule. */
export interface BrokenRecord {
  stream: string;
  unit: string;
  key: string | null;
  /** Id of its reject; null where the record is in the library. */
  reject: number | null;
  fields: string[];
  rules: RuleId[];
}

/** Records that break one of some rules, by stream and key. */
export async function recordsBreaking(
  db: Knex,
  rules: readonly RuleId[],
  choice: RecordChoice & { limit: number },
): Promise<BrokenRecord[]> {
  const { rows } = await db.raw<{ rows: BrokenRecord[] }>(
    `SELECT stream.name AS stream, unit_name AS unit, record_key AS key, reject,
       array_agg(DISTINCT field ORDER BY field) AS fields, array_agg(DISTINCT problem.rule ORDER BY problem.rule) AS rules
     FROM (${PROBLEM}) AS problem JOIN stream ON stream.id = stream_id
     WHERE problem.rule = ANY (:rules) AND ${CHOSEN}
     GROUP BY 1, 2, 3, 4 ORDER BY stream.name, record_key, reject LIMIT :limit`,
    { ...boundsOf(choice), rules: [...rules], waiting: WAITING_RULES, limit: choice.limit },
  );
  return rows;
}
