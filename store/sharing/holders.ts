import { createHmac } from 'node:crypto';
import type { Knex } from 'knex';
import type { UseRefusal, SharedField } from '../../domain/sharing/grant.ts';
import { HOLDER_ACTS, type UseAct, type UseOutcome } from '../../domain/sharing/use.ts';
import type { CertificateVersion } from '../library/certificates.ts';
import { holderHash } from './uses.ts';

/** Names certificates for portals: nobody can tell a name from a number, which may be somebody’s own. */
export async function certificateNames(
  db: Knex,
): Promise<(certificate: Pick<CertificateVersion, 'typeCode' | 'number'>) => string> {
  const { key } = await db('hub').first<{ key: Buffer }>({ key: 'use_key' });
  return ({ typeCode, number }) =>
    createHmac('sha256', key)
      .update(`certificate ${typeCode} ${number}`)
      .digest()
      .subarray(0, 16)
      .toString('base64url');
}

/** A use of somebody's certificates, as its holder sees it. */
export interface UseOfHolder {
  id: number;
  receipt: string;
  at: Date;
  act: UseAct;
  outcome: UseOutcome;
  refusal: UseRefusal | null;
  unitName: string;
  matter: string;
  /** Its name in the unit’s list of uses; null where that does not have it. */
  matterName: string | null;
  scenario: string;
  reason: string;
  typeCode: string;
  /** What it let be read; null where nothing was, or all that stands on them. */
  fields: SharedField[] | null;
  /** Those of the holder that it showed. */
  certificates: Pick<CertificateVersion, 'typeCode' | 'number' | 'name'>[];
}

/** Uses of somebody's certificates, or those in which somebody was asked about, the latest first. */
export async function usesOfHolder(
  db: Knex,
  choice: {
    /** Code of the holder. */
    holder: string;
    /** Records of the certificates that they hold. */
    records: readonly Pick<CertificateVersion, 'stream' | 'key'>[];
    /** What they did themselves, rather than what others did. */
    own: boolean;
    /** Looks at this presentation alone. */
    presentation?: number;
    before?: number | undefined;
    limit: number;
  },
): Promise<UseOfHolder[]> {
  const { rows } = await db.raw<{ rows: UseOfHolder[] }>(
    `WITH own AS (
       SELECT stream_id, record_key, use_id FROM json_to_recordset(:records::json) AS given(stream text, key text)
       JOIN stream s ON s.name = stream JOIN used_certificate c ON c.stream_id = s.id AND c.record_key = key
     )
     SELECT u.id, receipt, at, act, outcome, refusal, u.unit_name AS "unitName", u.matter, coalesce(g.matter_name,
         (SELECT matter_name FROM share_grant l WHERE l.unit_code = u.unit_code AND l.matter = u.matter LIMIT 1)) AS "matterName",
       u.scenario, reason, u.type_code AS "typeCode", CASE WHEN outcome = 'answered' THEN coalesce(g.fields, p.fields, a.fields) END AS fields,
       coalesce((SELECT jsonb_agg(DISTINCT jsonb_build_object('typeCode', c.type_code, 'number', number, 'name', name))
         FROM own JOIN certificate c USING (stream_id, record_key) WHERE use_id = u.id), '[]') AS certificates
     FROM certificate_use u LEFT JOIN share_grant g ON g.id = grant_id
       LEFT JOIN presentation p ON p.id = presentation_id
       LEFT JOIN authorisation a ON a.id = authorisation_id
     WHERE u.id IN (SELECT id FROM certificate_use WHERE holder = :holder UNION SELECT use_id FROM own)
       AND (act = ANY (:acts)) = :own AND (:presentation::bigint IS NULL OR presentation_id = :presentation)
       AND (:before::bigint IS NULL OR u.id < :before)
     ORDER BY u.id DESC LIMIT :limit`,
    {
      records: JSON.stringify(choice.records.map(({ stream, key }) => ({ stream, key }))),
      holder: await holderHash(db, choice.holder),
      acts: Object.keys(HOLDER_ACTS),
      own: choice.own,
      presentation: choice.presentation ?? null,
      before: choice.before ?? null,
      limit: choice.limit,
    },
  );
  return rows;
}

/** Since when the log has every use; null where it has none. */
export async function logBegan(db: Knex): Promise<Date | null> {
  const { rows } = await db.raw<{ rows: { at: Date | null }[] }>(
    `SELECT greatest((SELECT at FROM certificate_use ORDER BY id LIMIT 1),
       (SELECT (max(day) + 1)::timestamp AT TIME ZONE 'Asia/Shanghai' FROM use_removal)) AS at`,
  );
  return rows[0]?.at ?? null;
}
