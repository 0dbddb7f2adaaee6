import type { Knex } from 'knex';
import { emptyList, LIST_LIFE, LIST_SIZE, putState, scattered } from '../../domain/sharing/status-list.ts';
import type { CertificateVersion } from '../library/certificates.ts';
import type { SignedJson } from './receipt-signing.ts';

type Named = Pick<CertificateVersion, 'typeCode' | 'number'>;

/** Where the state of a certificate is to be read. */
export interface StatusPlace {
  list: number;
  index: number;
}

/** One certificate of a type is given its place at a time. */
const PLACING = 0x73_74_70;
/** One server makes lists at a time. */
const MAKING = 0x73_74_6d;
/** Changes that are looked at together, and entries that are read together. */
export const CHANGES_AT_ONCE = 1000;
const ENTRIES_AT_ONCE = 50_000;

/** Where the state of a certificate stands for good; it is given a place where it has none. @param value its state now */
export async function statusPlace(db: Knex, { typeCode, number }: Named, value: number): Promise<StatusPlace> {
  const known = (by: Knex): Promise<StatusPlace | undefined> =>
    by('status_entry')
      .where({ number, type_code: typeCode })
      .first<StatusPlace | undefined>({ list: 'list_id', index: 'index' });
  const place = await known(db);
  if (place) return place;
  return db.transaction(async (trx) => {
    await trx.raw('SELECT pg_advisory_xact_lock(?, hashtext(?))', [PLACING, typeCode]);
    const meanwhile = await known(trx);
    if (meanwhile) return meanwhile;
    const open = await trx('status_list')
      .where({ type_code: typeCode })
      .where('filled', '<', LIST_SIZE)
      .first<OpenList | undefined>('id', 'key', 'filled');
    const { id, key, filled } = open ?? (await newList(trx, typeCode));
    const index = scattered(filled, key);
    await trx('status_entry').insert({ type_code: typeCode, number, list_id: id, index, state: value });
    await trx('status_list')
      .where({ id })
      .update({ filled: filled + 1, changes: trx.raw('changes + ?', [value === 0 ? 0 : 1]) });
    return { list: id, index };
  });
}

interface OpenList {
  id: number;
  key: Buffer;
  filled: number;
}
async function newList(trx: Knex.Transaction, typeCode: string): Promise<OpenList> {
  const [made] = await trx('status_list')
    .insert({ type_code: typeCode })
    .returning<OpenList[]>(['id', 'key', 'filled']);
  if (!made) throw new Error('a list that was inserted is returned');
  return made;
}

/** Certificates with a place of which something came in, the oldest first; some of them, and each perhaps again. */
export const changedStates = (db: Knex): Promise<(Named & { id: number })[]> =>
  db('status_change')
    .orderBy('id')
    .limit(CHANGES_AT_ONCE)
    .select<(Named & { id: number })[]>({ id: 'id', typeCode: 'type_code', number: 'number' });

/** Keeps the states of certificates that were looked at, and has the lists of those that are otherwise be made anew. */
export async function keepStates(
  db: Knex,
  states: readonly (Named & { value: number })[],
  looked: readonly { id: number }[],
): Promise<void> {
  await db.transaction(async (trx) => {
    await trx.raw(
      `WITH given AS (
         SELECT * FROM json_to_recordset(:states::json) AS given("typeCode" text, number text, value smallint)
       ), changed AS (
         UPDATE status_entry e SET state = value FROM given
         WHERE e.number = given.number AND type_code = "typeCode" AND state <> value RETURNING list_id
       )
       UPDATE status_list SET changes = changes + 1 WHERE id IN (SELECT list_id FROM changed)`,
      { states: JSON.stringify(states.map(({ typeCode, number, value }) => ({ typeCode, number, value }))) },
    );
    await trx('status_change')
      .whereRaw('id = ANY (?)', [looked.map(({ id }) => id)])
      .delete();
  });
}

/** A list as it is published. */
export interface StatusList {
  id: number;
  typeCode: string;
  madeAt: Date;
}

/**
 * Makes a list anew that has changed, or that would soon be past its time; false where there is none, or another server is
 * at it. What comes while it is made has it made again: its changes are counted before its entries are read.
 */
export async function makeList(db: Knex, sign: (id: number, list: Buffer) => SignedJson, at: Date): Promise<boolean> {
  return db.transaction(async (trx) => {
    const { rows } = await trx.raw<{ rows: { id: number; changes: number }[] }>(
      `SELECT id, changes FROM status_list
         WHERE (SELECT pg_try_advisory_xact_lock(:lock))
           AND (made_of IS DISTINCT FROM changes OR made_at < :at::timestamptz - interval '${LIST_LIFE / 2} seconds')
         ORDER BY made_at NULLS FIRST LIMIT 1`,
      { at, lock: MAKING },
    );
    const [due] = rows;
    if (!due) return false;
    const list = emptyList();
    let last = -1;
    for (;;) {
      const entries = await trx('status_entry')
        .where({ list_id: due.id })
        .where('state', '<>', 0)
        .where('index', '>', last)
        .orderBy('index')
        .limit(ENTRIES_AT_ONCE)
        .select<{ index: number; state: number }[]>('index', 'state');
      for (const { index, state } of entries) putState(list, index, state);
      last = entries.at(-1)?.index ?? last;
      if (entries.length < ENTRIES_AT_ONCE) break;
    }
    const jws = JSON.stringify(sign(due.id, list));
    await trx('status_list').where({ id: due.id }).update({ made_of: due.changes, made_at: at, jws });
    return true;
  });
}

const COLUMNS = { id: 'id', typeCode: 'type_code', madeAt: 'made_at' };

/** Lists that are published, of one type or of all. */
export const listStatusLists = (db: Knex, typeCode?: string): Promise<StatusList[]> =>
  db('status_list')
    .whereNotNull('made_at')
    .where(typeCode === undefined ? {} : { type_code: typeCode })
    .orderBy('id')
    .select<StatusList[]>(COLUMNS);

/** A list that is published, signed; null where there is none. */
export const findStatusList = async (db: Knex, id: number): Promise<(StatusList & { jws: SignedJson }) | null> =>
  (await db('status_list')
    .where({ id })
    .whereNotNull('made_at')
    .first<(StatusList & { jws: SignedJson }) | undefined>({ ...COLUMNS, jws: 'jws' })) ?? null;
