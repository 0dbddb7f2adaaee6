import type { Knex } from 'knex';
import type { Basis } from '../../domain/basis.ts';
import type { Ratio } from '../../domain/supervision/figures.ts';
import { WAITING_RULES } from '../../domain/library/validation.ts';
import { boundsOf, CHOSEN, type RecordChoice } from '../library/quality.ts';

/** A common table expression: the types whose 归集起始时间 has not come, neither by the end of the period nor by now. */
export const EARLY_TYPES = `early AS MATERIALIZED (
  SELECT array_agg(type_code) AS codes FROM catalog_entry CROSS JOIN LATERAL (
    SELECT (entry->>'collectFrom')::timestamp AT TIME ZONE 'Asia/Shanghai' AS begins) AS collected
  WHERE state = 'approved' AND (begins >= :to::timestamptz OR begins > :at)
)`;

/**
 * Common table expressions for 及时率 of records: {@link EARLY_TYPES}; `day`, the days of daily
 * streams whose increment came due in the period and counts; `span`, these days of a stream and basis together;
 * `untimely`, the records of these days that were not in the library by their term: noted as late when they came
 * (store/migrations/0024), refused and not corrected, or corrected after the term.
 */
const ARRIVALS = `
  ${EARLY_TYPES}, day AS MATERIALIZED (
    SELECT o.stream_id, o.basis, whole, due_at, state = 'overdue' AS open,
      (started_at AT TIME ZONE 'Asia/Shanghai')::date AS date, coalesce(grace, interval '0') AS grace
    FROM (SELECT stream_id, basis, whole, due_at, started_at, obligation_state(obligation, :at) AS state FROM obligation
      WHERE duty_kind = 'increment' AND whole IS NOT NULL AND due_at > coalesce(:from::timestamptz, '-infinity')
        AND due_at <= coalesce(:to::timestamptz, 'infinity') AND due_at <= :at
        AND NOT missed_by_hub(obligation)) AS o
    JOIN stream ON stream.id = o.stream_id
    WHERE state IN ('met', 'met late', 'overdue') AND ${CHOSEN}
  ), span AS (
    SELECT stream_id, basis, range_agg(whole) AS times, count(*) FILTER (WHERE open) AS open FROM day GROUP BY 1, 2
  ), untimely AS MATERIALIZED (
    SELECT day.stream_id, basis, record_key, NULL::bigint AS reject, recorded_at AS at, 'late' AS what,
      jsonb_build_object('because', because, 'day', date) AS facts
    FROM day JOIN late_record late ON late.stream_id = day.stream_id AND late.day = date
    WHERE NOT EXISTS (SELECT FROM early JOIN certificate c ON type_code = ANY (codes)
      WHERE c.stream_id = late.stream_id AND c.record_key = late.record_key)
    UNION ALL
    SELECT day.stream_id, basis, record_key, reject.id, first_seen_at, 'reject',
      jsonb_build_object('reject', reject.id, 'fields', '[]'::jsonb, 'rules', jsonb_build_array(reject.rule))
    FROM day JOIN reject ON reject.stream_id = day.stream_id
      AND (coalesce(source_updated_at, first_seen_at) AT TIME ZONE 'Asia/Shanghai')::date = date
    WHERE resolved_at IS NULL AND reject.rule <> ALL (:waiting)
    UNION ALL
    SELECT day.stream_id, basis, record_key, reject.id, resolved_at, 'corrected-late',
      jsonb_build_object('reject', reject.id, 'day', date)
    FROM day JOIN reject ON reject.stream_id = day.stream_id AND record_key IS NOT NULL
      AND (source_updated_at AT TIME ZONE 'Asia/Shanghai')::date = date AND source_updated_at < upper(whole) - grace
    WHERE source_updated_at >= (SELECT min(lower(whole)) FROM day) AND source_updated_at < (SELECT max(upper(whole)) FROM day)
      AND resolved_at > day.due_at AND reject.rule <> ALL (:waiting)
  )`;

/** Differences to the source that are not mended, of the days of a span. */
const OF_SPAN = `d.stream_id = span.stream_id AND d.closed_at IS NULL
  AND CASE WHEN window_from IS NULL THEN opened_at <@ times ELSE tstzrange(window_from, window_to) && times END`;

const bindings = (choice: TimelinessChoice) => ({ ...boundsOf(choice), at: choice.at, waiting: WAITING_RULES });

type TimelinessChoice = RecordChoice & { at: Date };

/**
 * 及时率 of records: how many were in the library by their term, of those due, by stream and by what the term rests on.
 * Of days that are overdue and not proven to be in, what the source has is not known: at least one record each is due.
 */
export async function recordsInTime(
  db: Knex,
  choice: TimelinessChoice,
): Promise<(Ratio & { stream: string; basis: Basis })[]> {
  const { rows } = await db.raw<{ rows: (Ratio & { stream: string; basis: Basis })[] }>(
    `WITH ${ARRIVALS}
     SELECT name AS stream, span.basis, (held - late_held)::bigint AS numerator,
       (held + late - late_held + missing + open)::bigint AS denominator
     FROM span JOIN stream ON stream.id = span.stream_id CROSS JOIN early
     CROSS JOIN LATERAL (SELECT coalesce(sum(CASE WHEN codes IS NULL
         THEN (SELECT count(*) FROM certificate c WHERE c.stream_id = span.stream_id
           AND source_updated_at >= lower(part) AND source_updated_at < upper(part))
         ELSE (SELECT count(*) FROM certificate c WHERE c.stream_id = span.stream_id
           AND source_updated_at >= lower(part) AND source_updated_at < upper(part) AND type_code <> ALL (codes)) END), 0)::bigint
       AS held FROM unnest(times) AS part) AS library
     CROSS JOIN LATERAL (SELECT count(*) AS late, count(*) FILTER (WHERE in_span) AS late_held FROM (
       SELECT DISTINCT record_key, CASE WHEN record_key IS NULL THEN reject END AS keyless
       FROM untimely u WHERE u.stream_id = span.stream_id AND u.basis = span.basis) AS record
       LEFT JOIN LATERAL (SELECT source_updated_at <@ times AND (codes IS NULL OR type_code <> ALL (codes)) AS in_span
         FROM certificate c WHERE c.stream_id = span.stream_id AND c.record_key = record.record_key) AS found ON true) AS lateness
     CROSS JOIN LATERAL (SELECT (SELECT count(DISTINCT key) FROM discrepancy d, unnest(only_at_source) AS key WHERE ${OF_SPAN})
       + (SELECT coalesce(sum(greatest(0, source_count - library_count - cardinality(only_at_source))), 0)
          FROM discrepancy d WHERE ${OF_SPAN}) AS missing) AS known`,
    bindings(choice),
  );
  return rows;
}

/** The records behind the part that 及时率 of one basis lacks, and the days of which the source's records are not known. */
export const UNTIMELY = `
  WITH ${ARRIVALS}
  SELECT unit_name AS unit, stream.name AS source, record_key AS record, at, what, facts
  FROM untimely JOIN stream ON stream.id = stream_id WHERE untimely.basis = :basis
  UNION ALL
  SELECT unit_name, stream.name, key, d.opened_at, 'at-source-only', jsonb_build_object('subject', subject)
  FROM span JOIN stream ON stream.id = span.stream_id JOIN discrepancy d ON ${OF_SPAN} CROSS JOIN unnest(only_at_source) AS key
  WHERE span.basis = :basis
  UNION ALL
  SELECT unit_name, stream.name, NULL, d.opened_at, 'counts-differ',
    jsonb_build_object('subject', subject, 'declared', source_count, 'held', library_count)
  FROM span JOIN stream ON stream.id = span.stream_id JOIN discrepancy d ON ${OF_SPAN}
  WHERE span.basis = :basis AND source_count - library_count > cardinality(only_at_source)
  UNION ALL
  SELECT unit_name, stream.name, NULL, due_at, 'day-open', jsonb_build_object('day', date)
  FROM day JOIN stream ON stream.id = stream_id WHERE day.basis = :basis AND open`;
