import type { Knex } from 'knex';
import type { CopyNote } from '../../domain/sharing/copy.ts';
import { sm3 } from '../../domain/sharing/receipt.ts';
import type { CertificateVersion } from '../library/certificates.ts';

/** A copy (加注件) that was made, as the log of uses has it. */
export type MadeCopy = Omit<CopyNote, 'certificate' | 'standing'> & Pick<CertificateVersion, 'stream' | 'key'>;

/** The copy of a certificate of a type that a file is, byte for byte, or that a receipt is of; null where there is none. */
export async function findCopy(
  db: Knex,
  by: { content: Buffer } | { receipt: string },
  typeCode: string,
): Promise<MadeCopy | null> {
  const { rows } = await db.raw<{ rows: MadeCopy[] }>(
    `SELECT receipt, u.unit_name AS unit, u.matter, coalesce(g.matter_name, u.matter) AS "matterName", u.scenario, business,
       reason, at AS "madeAt", copy_until AS until, s.name AS stream, record_key AS key
     FROM certificate_use u JOIN used_certificate ON use_id = u.id JOIN stream s ON s.id = stream_id
       LEFT JOIN share_grant g ON g.id = grant_id
     WHERE act = 'copy' AND outcome = 'answered' AND u.type_code = :typeCode
       AND ${'content' in by ? 'answer = :answer' : 'receipt = :receipt'}`,
    { typeCode, ...('content' in by ? { answer: sm3(by.content) } : by) },
  );
  return rows[0] ?? null;
}
