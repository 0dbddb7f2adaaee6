import type { Knex } from 'knex';
import { HUB } from '../../domain/ledger/reasons.ts';
import { explainFrom, followSuspensions, meetFrom, openFrom, verifyFrom } from '../ledger/obligations.ts';

const START = `(day::timestamp AT TIME ZONE 'Asia/Shanghai')`;
const SUBJECT = `'lifecycle/' || stream.name || '/' || day`;

/** Events of certificates that the library holds and that were refused: known, and not in. By the day that they are of. */
const REFUSED = `SELECT r.stream_id AS stream, (r.source_updated_at AT TIME ZONE 'Asia/Shanghai')::date::text AS day, count(*) AS records
  FROM reject r JOIN stream ON stream.id = r.stream_id AND stream.rule IS NOT NULL AND coalesce(stream.timed, true)
  WHERE r.resolved_at IS NULL AND r.rule <> 'type-unlisted' AND r.source_updated_at >= activated_at
    AND EXISTS (SELECT FROM certificate c WHERE c.stream_id = r.stream_id AND c.record_key = r.record_key OFFSET 0)
  GROUP BY 1, 2`;
const KNOWN = 'json_to_recordset(:refused::json) AS refused(stream integer, day date, records bigint)';

/**
 * Keeps the deadlines of events of certificates' lives (过程事件同步): changes, renewals, suspensions, ends and so on, by
 * their time at the source against their arrival in the library, as the database notes them (`lifecycle_day`). What a day
 * had of them is one deadline of its stream; it is met once all that is known is in, and late when something came after
 * the day, whenever that is found out. An event that nothing tells of is the business of the day's increment.
 */
export async function syncLifecycle(db: Knex, at: Date): Promise<void> {
  await db.transaction(async (trx) => {
    const { rows } = await trx.raw<{ rows: { stream: number; day: string }[] }>(
      `UPDATE lifecycle_day SET seen = true WHERE NOT seen RETURNING stream_id AS stream, day::text AS day`,
    );
    const { rows: refused } = await trx.raw<{ rows: { stream: number; day: string; records: number }[] }>(REFUSED);
    const given = { touched: JSON.stringify(rows), refused: JSON.stringify(refused) };
    const touched = `json_to_recordset(:touched::json) AS touched(stream integer, day date)
      JOIN lifecycle_day l ON l.stream_id = touched.stream AND l.day = touched.day JOIN stream ON stream.id = l.stream_id`;
    await openFrom(
      trx,
      'lifecycle',
      `SELECT unit_code AS owner_code, unit_name AS owner_name, stream.id AS stream_id, ${SUBJECT} AS subject,
         ${START} AS started_at, NULL::text AS workflow_id, NULL::integer AS working_days
       FROM (SELECT l.stream_id, l.day FROM ${touched} UNION SELECT stream, day FROM ${KNOWN}) AS days
       JOIN stream ON stream.id = days.stream_id
       -- Nor where it is declared that they cannot be synchronised, from the day after that to the day on which it ends.
       WHERE NOT EXISTS (SELECT FROM declaration d WHERE d.stream_id = days.stream_id AND d.kind = 'unsynchronisable'
         AND ${START} > d.declared_at AND (d.ended_at IS NULL OR ${START} <= d.ended_at))`,
      given,
      { by: HUB, at },
    );
    await followSuspensions(trx);
    await explainFrom(
      trx,
      'lifecycle',
      `SELECT ${SUBJECT} AS subject, jsonb_build_object('code', 'open-rejects', 'records', records) AS reason
       FROM ${KNOWN} JOIN stream ON stream.id = refused.stream`,
      given,
      HUB,
    );
    await meetFrom(
      trx,
      'lifecycle',
      `SELECT running.subject, coalesce(l.last_at, :at) AS met_at FROM obligation running
       JOIN stream ON stream.id = running.stream_id
       LEFT JOIN lifecycle_day l ON l.stream_id = running.stream_id
         AND l.day = (running.started_at AT TIME ZONE 'Asia/Shanghai')::date
       WHERE running.duty_kind = 'lifecycle' AND obligation_runs(running)
         AND (running.stream_id, (running.started_at AT TIME ZONE 'Asia/Shanghai')::date)
           NOT IN (SELECT stream, day FROM ${KNOWN})`,
      { ...given, at },
      HUB,
    );
    await verifyFrom(
      trx,
      'lifecycle',
      `SELECT 'lifecycle/' || stream.name || '/' || l.day AS subject, CASE WHEN late > 0 THEN last_at END AS late_at,
         CASE WHEN late > 0 THEN jsonb_build_object('code', 'late-events', 'events', late) END AS reason
       FROM ${touched}`,
      given,
      { by: HUB, at },
    );
  });
}
