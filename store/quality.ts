import type { Knex } from 'knex';
import { REQUIRED_FIELDS, type QualityCounts } from '../domain/quality.ts';
import { RULE_IDS, RULES, WAITING_RULES, type RuleId } from '../domain/validation.ts';

/** What the rules say of one stream's records. */
export interface StreamQuality extends QualityCounts {
  stream: string;
  unit: string;
  held: number;
  /** Open ones, without those that wait. */
  rejects: number;
  waiting: number;
  /** How many records break each rule, the most first. */
  rules: { rule: RuleId; records: number }[];
}

/**
 * Everything that is wrong with a record: what refused it, or is remarked of it. Waiting rejects are left out, and flags
 * of what its source has deleted: nobody can mend them.
 */
const PROBLEM = `
  SELECT stream_id, record_key, id AS reject, CASE WHEN record_key IS NULL THEN id END AS keyless,
    problem->>'rule' AS rule, problem->>'field' AS field
  FROM reject, jsonb_array_elements(problems) AS problem
  WHERE resolved_at IS NULL AND reject.rule <> ALL (:waiting)
  UNION ALL
  SELECT stream_id, record_key, NULL, NULL, problem->>'rule', problem->>'field'
  FROM certificate, jsonb_array_elements(flags) AS problem
  WHERE flags IS NOT NULL AND status <> 'deleted'`;

const DIMENSION_OF = JSON.stringify(Object.fromEntries(RULE_IDS.map((rule) => [rule, RULES[rule].dimension])));

/**
 * What completeness and accuracy are counted from, by stream. Reads open rejects and flagged certificates and nothing
 * else of the library: records held are known from the counts of the pages.
 */
export async function streamQuality(db: Knex, stream?: string): Promise<StreamQuality[]> {
  const { rows } = await db.raw<{ rows: StreamQuality[] }>(STREAM_QUALITY, {
    ...{ stream: stream ?? null, waiting: WAITING_RULES, dimensions: DIMENSION_OF, fields: REQUIRED_FIELDS },
  });
  return rows;
}

export const STREAM_QUALITY = `
WITH chosen AS (
  SELECT id, name, unit_name FROM stream WHERE retired_at IS NULL AND (:stream::text IS NULL OR name = :stream)
), problem AS MATERIALIZED (
  SELECT p.*, :dimensions::jsonb->>rule AS dimension
  FROM (${PROBLEM}) AS p WHERE stream_id IN (SELECT id FROM chosen)
), record AS (
  SELECT stream_id, bool_or(dimension = 'completeness') AS incomplete, bool_or(dimension = 'accuracy') AS inaccurate,
    count(DISTINCT CASE WHEN plain = ANY (:fields) THEN plain ELSE rule END)
      FILTER (WHERE dimension = 'completeness') AS missing
  FROM problem CROSS JOIN LATERAL (SELECT regexp_replace(field, '\\[\\d+\\]', '') AS plain) AS of_any_holder
  GROUP BY stream_id, record_key, keyless
), judged AS (
  SELECT stream_id, count(*) FILTER (WHERE incomplete) AS incomplete, count(*) FILTER (WHERE inaccurate) AS inaccurate,
    sum(missing)::bigint AS missing
  FROM record GROUP BY stream_id
), broken AS (
  SELECT stream_id, json_agg(json_build_object('rule', rule, 'records', records) ORDER BY records DESC, rule) AS rules
  FROM (SELECT stream_id, rule, count(DISTINCT (record_key, keyless)) AS records FROM problem GROUP BY 1, 2) AS counted
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
  WHERE resolved_at IS NULL AND stream_id IN (SELECT id FROM chosen) GROUP BY stream_id
), delivered AS (
  SELECT stream_id, sum(added)::bigint AS held FROM batch JOIN batch_page ON batch_id = batch.id
  WHERE stream_id IN (SELECT id FROM chosen) GROUP BY stream_id
)
SELECT name AS stream, unit_name AS unit, coalesce(held, 0) AS held, coalesce(rejects, 0) AS rejects,
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
}

/** Records that break one rule, by stream and key. */
export async function recordsBreaking(
  db: Knex,
  rule: RuleId,
  choice: { stream?: string | undefined; limit: number },
): Promise<BrokenRecord[]> {
  const { rows } = await db.raw<{ rows: BrokenRecord[] }>(
    `SELECT name AS stream, unit_name AS unit, record_key AS key, reject, array_agg(DISTINCT field ORDER BY field) AS fields
     FROM (${PROBLEM}) AS problem JOIN stream ON stream.id = stream_id
     WHERE problem.rule = :rule AND retired_at IS NULL AND (:stream::text IS NULL OR name = :stream)
     GROUP BY 1, 2, 3, 4 ORDER BY name, record_key, reject LIMIT :limit`,
    { rule, stream: choice.stream ?? null, waiting: WAITING_RULES, limit: choice.limit },
  );
  return rows;
}
