import type { Knex } from 'knex';
import { DAY_MS } from '../../domain/dates.ts';

/** A list that somebody takes out of the console (导出). */
export interface Export {
  id: number;
  accountId: number;
  /** Which list, and with which filter. */
  what: string;
  filter: unknown;
  /** Whose rows the account saw when it asked; null: all. */
  units: string[] | null;
  at: Date;
  /** Who asked: their name, and their unit's. */
  by: string;
  byUnit: string | null;
  rows: number;
  /** How many there are to be; null while that is not known. */
  total: number | null;
  /** After which row it goes on; null: from the first. */
  after: unknown;
  finishedAt: Date | null;
  failedAt: Date | null;
  /** More rows than a workbook holds were left out. */
  cut: boolean;
}

/** How long one is left alone that somebody works at: they may have died with it. */
const LEASE_MS = 120_000;
/** Files are kept so long. */
const KEPT_MS = 7 * DAY_MS;

const COLUMNS = {
  id: 'export.id',
  accountId: 'account_id',
  what: 'what',
  filter: 'filter',
  units: 'units',
  at: 'at',
  by: 'account.name',
  byUnit: 'unit.name',
  rows: 'rows_done',
  total: 'total',
  after: 'after',
  finishedAt: 'finished_at',
  failedAt: 'failed_at',
  cut: 'cut',
};
const select = (db: Knex) =>
  db('export').join('account', 'account.id', 'account_id').leftJoin('unit', 'unit.code', 'unit_code').select(COLUMNS);

/** Files of one account that are kept, the latest ones. */
const MOST_KEPT = 50;

/** How many exports of an account are in the making. */
export async function countRunning(db: Knex, accountId: number): Promise<number> {
  const [row] = await db('export')
    .where({ account_id: accountId })
    .whereNull('finished_at')
    .whereNull('failed_at')
    .count<{ count: number }[]>('* as count');
  return row?.count ?? 0;
}

/** Begins an export, held by the caller; its id. Clears away files that are past their time, and those that are too many. */
export async function openExport(
  db: Knex,
  { accountId, what, filter, units, at }: Pick<Export, 'accountId' | 'what' | 'filter' | 'units' | 'at'>,
): Promise<number> {
  await db('export')
    .where('at', '<', new Date(at.getTime() - KEPT_MS))
    .delete();
  await db.raw(
    `DELETE FROM export WHERE id IN (SELECT id FROM export
       WHERE account_id = :accountId AND coalesce(finished_at, failed_at) IS NOT NULL ORDER BY id DESC OFFSET ${MOST_KEPT - 1})`,
    { accountId },
  );
  const [row] = await db('export')
    .insert({
      account_id: accountId,
      what,
      filter: JSON.stringify(filter),
      units,
      at,
      taken_until: new Date(at.getTime() + LEASE_MS),
    })
    .returning<{ id: number }[]>('id');
  return row?.id ?? 0;
}

export const getExport = async (db: Knex, id: number): Promise<Export> =>
  (await select(db).where('export.id', id).first()) as Export;

/** An account's own export, as long as it sees the rows that are in it; null where there is none. */
export const ownExport = async (
  db: Knex,
  { accountId, units }: Pick<Export, 'accountId' | 'units'>,
  id: number,
): Promise<Export | null> =>
  ((await own(db, { accountId, units }).where('export.id', id).first()) as Export | undefined) ?? null;

/** An account's own exports, the latest first. */
export const listExports = async (
  db: Knex,
  account: Pick<Export, 'accountId' | 'units'>,
  limit: number,
): Promise<Export[]> => (await own(db, account).orderBy('export.id', 'desc').limit(limit)) as Export[];

const own = (db: Knex, { accountId, units }: Pick<Export, 'accountId' | 'units'>) =>
  select(db).where({ account_id: accountId }).whereRaw('units IS NOT DISTINCT FROM ?::text[]', [units]);

/** Takes an export that nobody works at; null where there is none. */
export async function takeExport(db: Knex, at: Date): Promise<number | null> {
  const { rows } = await db.raw<{ rows: { id: number }[] }>(
    `UPDATE export SET taken_until = :until WHERE id = (SELECT id FROM export
       WHERE finished_at IS NULL AND failed_at IS NULL AND taken_until <= :at ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
     RETURNING id`,
    { at, until: new Date(at.getTime() + LEASE_MS) },
  );
  return rows[0]?.id ?? null;
}

/** Leaves an export to whoever takes it next, with how many rows there are to be. */
export const releaseExport = async (db: Knex, id: number, total: number | null, at: Date): Promise<void> => {
  await db('export').where({ id }).update({ taken_until: at, total });
};

/** Keeps a page of an export, and holds it on. */
export async function addPart(
  db: Knex,
  { id, rows: before }: Pick<Export, 'id' | 'rows'>,
  { content, rows, after }: { content: Buffer; rows: number; after: unknown },
  at: Date,
): Promise<void> {
  await db.transaction(async (trx) => {
    // Numbered by the row that it begins after: of two that work at one, the second fails.
    await trx('export_part').insert({ export_id: id, part: before, content });
    await trx('export')
      .where({ id })
      .update({
        rows_done: before + rows,
        after: JSON.stringify(after),
        taken_until: new Date(at.getTime() + LEASE_MS),
      });
  });
}

export const finishExport = async (db: Knex, id: number, cut: boolean, at: Date): Promise<void> => {
  await db('export').where({ id }).update({ finished_at: at, cut });
};

export const failExport = async (db: Knex, id: number, at: Date): Promise<void> => {
  await db('export').where({ id }).update({ failed_at: at });
};

/** The pages of an export, one at a time. */
export async function* exportParts(db: Knex, id: number): AsyncGenerator<Buffer> {
  for (let last = -1; ;) {
    const row = await db('export_part')
      .where({ export_id: id })
      .where('part', '>', last)
      .orderBy('part')
      .first<{ part: number; content: Buffer } | undefined>('part', 'content');
    if (!row) return;
    yield row.content;
    last = row.part;
  }
}
