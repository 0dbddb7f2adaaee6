import type { Knex } from 'knex';
import type { SharedField } from '../../domain/sharing/grant.ts';
import type { CertificateVersion } from '../library/certificates.ts';
import { hashOfCode, holderHash, newCode } from './uses.ts';

/** Certificates that their holder shows to whoever has its code (亮证码), for some seconds. */
export interface Presentation {
  id: number;
  /** The hash of the holder, as in the log of uses. */
  holder: Buffer;
  certificates: Pick<CertificateVersion, 'typeCode' | 'number'>[];
  /** What is shown of them; null: all that stands on them. */
  fields: SharedField[] | null;
  /** Whether who looks first is the only one. */
  once: boolean;
  madeAt: Date;
  until: Date;
  /** When somebody first looked; null while nobody has. */
  usedAt: Date | null;
}

const COLUMNS = {
  id: 'id',
  holder: 'holder',
  certificates: 'certificates',
  fields: 'fields',
  once: 'once',
  madeAt: 'made_at',
  until: 'until',
  usedAt: 'used_at',
};

/** Shows certificates; @returns the code, of which only the hash is kept. */
export async function present(
  trx: Knex.Transaction,
  shown: Pick<Presentation, 'certificates' | 'fields' | 'once' | 'until'> & { holder: string },
  at: Date,
): Promise<{ id: number; code: string }> {
  const code = newCode();
  const [row] = await trx('presentation')
    .insert({
      code_hash: hashOfCode(code),
      holder: await holderHash(trx, shown.holder),
      certificates: JSON.stringify(shown.certificates),
      fields: shown.fields,
      once: shown.once,
      made_at: at,
      until: shown.until,
    })
    .returning<{ id: number }[]>('id');
  return { id: row?.id ?? 0, code };
}

/** What a code shows, whether it is over or not; null where there is no such code. */
export const presentationBy = async (db: Knex, code: string): Promise<Presentation | null> =>
  (await db('presentation')
    .where({ code_hash: hashOfCode(code) })
    .first<Presentation | undefined>(COLUMNS)) ?? null;

/** A presentation of a holder's own; null where it is none of theirs. */
export const presentationOf = async (db: Knex, holder: string, id: number): Promise<Presentation | null> =>
  (await db('presentation')
    .where({ id, holder: await holderHash(db, holder) })
    .first<Presentation | undefined>(COLUMNS)) ?? null;

/**
 * Takes a look at a presentation; false where it is over, or was looked at before and is for one look. Of two at the same
 * moment, who comes second waits here for the first, and finds it used.
 */
export async function lookAt(trx: Knex.Transaction, { id }: Presentation, at: Date): Promise<boolean> {
  const { rowCount } = await trx.raw<{ rowCount: number }>(
    `UPDATE presentation SET used_at = coalesce(used_at, :at)
     WHERE id = :id AND until > :at AND (used_at IS NULL OR NOT once)`,
    { id, at },
  );
  return rowCount > 0;
}
