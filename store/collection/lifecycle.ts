import type { Knex } from 'knex';
import type { Certificate } from '../../domain/library/certificate.ts';
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

/** A certificate's own columns, in the order in which it is hashed. */
const CERTIFICATE = `identifier, type_code AS "typeCode", name, number, issuer_name AS "issuerName",
  issuer_code AS "issuerCode", issued_on::text AS "issuedOn", effective_on::text AS "effectiveOn",
  expires_on::text AS "expiresOn", long_term AS "longTerm", holders, status, raw_status AS "rawStatus", marks, extension`;

/** A certificate as a stream had it since some instant. */
interface HeldVersion {
  key: string;
  updatedAt: string;
  certificate: Certificate;
}

/**
 * Certificates of a stream as they were when something happened to them: the version before that, else the first. Of one
 * that the library does not have, or that its source had deleted, there is none.
 */
export async function certificatesAt(
  db: Knex,
  streamId: number,
  events: readonly { key: string; updatedAt: string }[],
): Promise<HeldVersion[]> {
  const { rows } = await db.raw<{ rows: (Certificate & { key: string; since: Date })[] }>(
    `SELECT key, source_updated_at AS since, ${CERTIFICATE}
     FROM json_to_recordset(:events::json) AS event(key text COLLATE "C", "updatedAt" timestamptz)
     CROSS JOIN LATERAL (
       SELECT * FROM (
         SELECT ${VERSION} FROM certificate WHERE stream_id = :streamId AND record_key = key
         UNION ALL SELECT ${VERSION} FROM certificate_history WHERE stream_id = :streamId AND record_key = key
       ) AS version
       ORDER BY source_updated_at <= "updatedAt" DESC,
         CASE WHEN source_updated_at <= "updatedAt" THEN source_updated_at END DESC, source_updated_at
       LIMIT 1) AS held
     WHERE status <> 'deleted'`,
    { streamId, events: JSON.stringify(events) },
  );
  return rows.map(({ key, since, ...certificate }) => ({ key, updatedAt: since.toISOString(), certificate }));
}

const VERSION = `identifier, type_code, name, number, issuer_name, issuer_code, issued_on, effective_on, expires_on, long_term,
  holders, status, raw_status, marks, extension, source_updated_at`;

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
