import type { Knex } from 'knex';
import type { Role } from '../../domain/access.ts';
import { maskNumbers } from '../../domain/library/personal.ts';

/** Something that was done through the console or its API. */
export interface AuditEntry {
  id: number;
  at: Date;
  actor: string;
  role: Role | null;
  /** A permission, or what happened at sign-in. */
  action: string;
  /** What it was done to, for example `dispute/12`. */
  object: string;
  detail: Record<string, unknown>;
  /** The network address that the request came from; null for what is older than that it is kept. */
  address: string | null;
}

/** Writes an entry, within the transaction of what it tells of. */
export async function audit(
  db: Knex,
  { accountId, ...entry }: Omit<AuditEntry, 'id'> & { accountId: number | null },
): Promise<void> {
  // Somebody may sign in by their number, and a record’s key can hold one.
  const [actor, object] = [maskNumbers(entry.actor), maskNumbers(entry.object)];
  await db('audit').insert({ ...entry, actor, object, account_id: accountId });
}

/** Which entries. */
export interface AuditChoice {
  actor?: string | undefined;
  object?: string | undefined;
  action?: string | undefined;
  address?: string | undefined;
  /** Of people of these units; null: of everybody. */
  units?: readonly string[] | null;
  from?: Date | undefined;
  to?: Date | undefined;
}

function chosen(db: Knex, { actor, object, action, address, units = null, from, to }: AuditChoice) {
  const query = db('audit');
  if (actor !== undefined) void query.where({ actor });
  if (object !== undefined) void query.where({ object });
  if (action !== undefined) void query.where({ action });
  if (address !== undefined) void query.where({ address });
  if (units) void query.whereIn('account_id', db('account').whereIn('unit_code', units).select('id'));
  if (from) void query.where('at', '>=', from);
  if (to) void query.where('at', '<', to);
  return query;
}

/** Entries, the latest first, before one. */
export async function listAudit(
  db: Knex,
  { before, limit, ...choice }: AuditChoice & { before?: number | undefined; limit: number },
): Promise<AuditEntry[]> {
  const query = chosen(db, choice).orderBy('id', 'desc').limit(limit);
  if (before !== undefined) void query.where('id', '<', before);
  return query.select<AuditEntry[]>('id', 'at', 'actor', 'role', 'action', 'object', 'detail', 'address');
}

export async function countAudit(db: Knex, choice: AuditChoice): Promise<number> {
  const [row] = await chosen(db, choice).count<{ count: number }[]>('* as count');
  return row?.count ?? 0;
}

/** Requests that are known again by their key are so for this long. */
const REMEMBERED_MS = 24 * 3_600_000;

/**
 * Does something once, however often it is asked for under the same key: a repetition gets the first one's answer, and
 * waits for it where it is still being worked at. `null`: the key was used for another request.
 */
export async function once<T>(
  trx: Knex.Transaction,
  request: { accountId: number; key: string | null; hash: Buffer; at: Date },
  work: () => Promise<T>,
): Promise<{ answer: T; repeated: boolean } | null> {
  const { accountId: account_id, key, hash, at } = request;
  if (key === null) return { answer: await work(), repeated: false };
  await trx('answered_request')
    .where('at', '<', new Date(at.getTime() - REMEMBERED_MS))
    .delete();
  const { rowCount } = await trx.raw<{ rowCount: number }>(
    `INSERT INTO answered_request (account_id, key, request_hash, at) VALUES (:account_id, :key, :hash, :at)
     ON CONFLICT DO NOTHING`,
    { account_id, key, hash, at },
  );
  if (rowCount === 0) {
    const known = await trx('answered_request')
      .where({ account_id, key })
      .first<{ hash: Buffer; answer: T } | undefined>({ hash: 'request_hash', answer: 'answer' });
    return known?.hash.equals(hash) ? { answer: known.answer, repeated: true } : null;
  }
  const answer = await work();
  await trx('answered_request')
    .where({ account_id, key })
    .update({ answer: JSON.stringify(answer ?? null) });
  return { answer, repeated: false };
}
