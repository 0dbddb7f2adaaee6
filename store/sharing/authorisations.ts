import type { Knex } from 'knex';
import type { Grant } from '../../domain/sharing/grant.ts';
import type { Strength } from '../../domain/sharing/holder.ts';
import type { Unit } from '../../domain/units.ts';
import { hashOfCode, holderHash, newCode } from './uses.ts';

/** What a holder lets a unit use of theirs (授权), for a purpose, until its end. */
export interface Authorisation extends Pick<Grant, 'unitCode' | 'unitName' | 'fields' | 'interfaces'> {
  id: number;
  /** The hash of the holder, as in the log of uses. */
  holder: Buffer;
  /** 证照类型代码. */
  types: string[];
  purpose: string;
  /** Calls that it is for; null: as many as there are until its end. */
  calls: number | null;
  called: number;
  givenAt: Date;
  until: Date;
  revokedAt: Date | null;
}

const COLUMNS = {
  id: 'id',
  holder: 'holder',
  unitCode: 'unit_code',
  unitName: 'unit_name',
  types: 'types',
  fields: 'fields',
  interfaces: 'interfaces',
  purpose: 'purpose',
  calls: 'calls',
  called: 'called',
  givenAt: 'given_at',
  until: 'until',
  revokedAt: 'revoked_at',
};

/** Authorises a unit; @returns the code that it calls by, of which only the hash is kept. */
export async function authorise(
  trx: Knex.Transaction,
  wanted: Pick<Authorisation, 'types' | 'fields' | 'interfaces' | 'purpose' | 'calls' | 'until'> & {
    holder: string;
    unit: Unit;
    strength: Strength;
  },
  at: Date,
): Promise<{ id: number; code: string }> {
  const code = newCode();
  const { unit, holder, types, fields, interfaces, purpose, strength, calls, until } = wanted;
  const [row] = await trx('authorisation')
    .insert({
      code_hash: hashOfCode(code),
      holder: await holderHash(trx, holder),
      unit_code: unit.code,
      unit_name: unit.name,
      types,
      fields,
      interfaces,
      purpose,
      strength,
      calls,
      given_at: at,
      until,
    })
    .returning<{ id: number }[]>('id');
  return { id: row?.id ?? 0, code };
}

/** An authorisation by its code or its number, whether it is over or not; null where there is none. */
export const findAuthorisation = async (
  db: Knex,
  by: { code: string } | { id: number },
): Promise<Authorisation | null> =>
  (await db('authorisation')
    .where('id' in by ? by : { code_hash: hashOfCode(by.code) })
    .first<Authorisation | undefined>(COLUMNS)) ?? null;

/** What a holder has authorised, the latest first. */
export const authorisationsOf = async (
  db: Knex,
  holder: string,
  { before, limit }: { before?: number | undefined; limit: number },
): Promise<Authorisation[]> =>
  db('authorisation')
    .where({ holder: await holderHash(db, holder) })
    .modify((query) => void (before !== undefined && query.where('id', '<', before)))
    .orderBy('id', 'desc')
    .limit(limit)
    .select<Authorisation[]>(COLUMNS);

/** Revokes an authorisation of a holder's own, from the next call on; false where they have none with this number that runs. */
export async function revoke(trx: Knex.Transaction, holder: string, id: number, at: Date): Promise<boolean> {
  const revoked = await trx('authorisation')
    .where({ id, holder: await holderHash(trx, holder) })
    .whereNull('revoked_at')
    .update({ revoked_at: at });
  return revoked > 0;
}

/**
 * Has a call rest on an authorisation; false where it is revoked, past its end or used up. A revocation waits for calls
 * that are being answered. @param counts left out of the count: reading on what a call that counted has found
 */
export async function callUpon(
  trx: Knex.Transaction,
  { id }: Pick<Authorisation, 'id'>,
  { counts }: { counts: boolean },
  at: Date,
): Promise<boolean> {
  const { rowCount } = await trx.raw<{ rowCount: number }>(
    counts
      ? `UPDATE authorisation SET called = called + 1
         WHERE id = :id AND revoked_at IS NULL AND until > :at AND (calls IS NULL OR called < calls)`
      : `SELECT FROM authorisation WHERE id = :id AND revoked_at IS NULL AND until > :at FOR SHARE`,
    { id, at },
  );
  return rowCount > 0;
}
