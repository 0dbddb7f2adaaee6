import type { Knex } from 'knex';
import type { RuleId } from '../../domain/library/validation.ts';
import type { DriftAction, DriftChange } from '../../domain/streams.ts';
import type { SourceContact } from '../../domain/streams.ts';

/** How a source is doing, as far as the database knows. */
export interface StreamReport {
  stream: string;
  title: string;
  unit: string;
  pausedReason: string | null;
  pausedCode: string | null;
  contact: SourceContact | null;
  contactAt: Date | null;
  contactDetail: string | null;
  /** Of the last complete batch. */
  lastBatchAt: Date | null;
  lastBatchRecords: number | null;
  openRejects: { rule: RuleId; records: number }[];
  drifts: { field: string; change: DriftChange; detail: string; action: DriftAction; lastSeenAt: string }[];
}

/** How every configured source, or one, answered last, what it delivered, what is rejected, and what changed about it. */
export async function streamReports(db: Knex, stream?: string): Promise<StreamReport[]> {
  const { rows } = await db.raw<{ rows: StreamReport[] }>(
    `SELECT name AS stream, title, unit_name AS unit, paused_reason AS "pausedReason", paused_code AS "pausedCode", contact, contact_at AS "contactAt",
       contact_detail AS "contactDetail", last.closed_at AS "lastBatchAt", last.read AS "lastBatchRecords",
       (SELECT coalesce(json_agg(json_build_object('rule', rule, 'records', records) ORDER BY records DESC), '[]')
        FROM (SELECT rule, count(*) AS records FROM reject WHERE stream_id = stream.id AND resolved_at IS NULL GROUP BY rule) r
       ) AS "openRejects",
       (SELECT coalesce(json_agg(json_build_object('field', field, 'change', change, 'detail', detail, 'action', action,
          'lastSeenAt', last_seen_at) ORDER BY last_seen_at DESC), '[]') FROM drift WHERE stream_id = stream.id
       ) AS drifts
     FROM stream LEFT JOIN LATERAL (
       SELECT closed_at, read FROM batch WHERE stream_id = stream.id AND state = 'complete' AND purpose NOT IN ('replay', 'paper')
       ORDER BY id DESC LIMIT 1
     ) AS last ON true
     WHERE retired_at IS NULL AND (:stream::text IS NULL OR name = :stream) ORDER BY name`,
    { stream: stream ?? null },
  );
  return rows;
}
