import type { Knex } from 'knex';

/** Filters of a page that somebody keeps under a name. */
export interface SavedView {
  id: number;
  page: string;
  name: string;
  /** What follows the address of the page. */
  query: string;
}

/** The views of an account, by their names. */
export const listViews = (db: Knex, accountId: number): Promise<SavedView[]> =>
  db('saved_view')
    .where({ account_id: accountId })
    .orderBy(['page', 'name'])
    .select<SavedView[]>('id', 'page', 'name', 'query');

/** Keeps a view; one of the same name is replaced. */
export async function saveView(db: Knex, accountId: number, view: Omit<SavedView, 'id'>): Promise<number> {
  const [row] = await db('saved_view')
    .insert({ account_id: accountId, ...view })
    .onConflict(['account_id', 'page', 'name'])
    .merge(['query'])
    .returning<{ id: number }[]>('id');
  if (!row) throw new Error('the view was not written');
  return row.id;
}

/** Drops a view; false where the account has none of this number. */
export const dropView = async (db: Knex, accountId: number, id: number): Promise<boolean> =>
  (await db('saved_view').where({ id, account_id: accountId }).delete()) > 0;
