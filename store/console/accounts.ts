import { hash, verify } from '@node-rs/argon2';
import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { UNIT_ROLES, type Role } from '../../domain/access.ts';
import { fault } from '../../domain/faults.ts';

/** Somebody who signs in. */
export interface Account {
  id: number;
  login: string;
  name: string;
  role: Role;
  /** Sees this unit and those below it; null: all. */
  unitCode: string | null;
  unitName: string | null;
  /** Has to choose another password before anything else. */
  mustChange: boolean;
  lockedUntil: Date | null;
  /** Signs in through the identity provider (OIDC). */
  external: boolean;
  createdAt: Date;
  disabledAt: Date | null;
  version: number;
}

/** Wrong passwords in a row after which an account is locked, and for how long. */
const MOST_FAILURES = 5;
const LOCKED_MS = 15 * 60_000;
/** Below this a password is refused; what is long needs no rules about its characters (NIST SP 800-63B). */
export const SHORTEST_PASSWORD = 12;

const COLUMNS = {
  id: 'account.id',
  login: 'account.login',
  name: 'account.name',
  role: 'role',
  unitCode: 'unit_code',
  unitName: 'unit.name',
  mustChange: 'must_change',
  lockedUntil: 'locked_until',
  createdAt: 'created_at',
  disabledAt: 'disabled_at',
  version: 'version',
};
const select = (db: Knex) =>
  db('account')
    .leftJoin('unit', 'unit.code', 'unit_code')
    .leftJoin('sign_in_failure', 'sign_in_failure.login', 'account.login')
    .select(COLUMNS, { external: db.raw('password_hash IS NULL') });

/** Accounts, by login: of a role, of a unit, with some text in their login or name, after one; without a choice, all. */
export async function listAccounts(
  db: Knex,
  choice: {
    role?: Role | undefined;
    unit?: string | undefined;
    text?: string | undefined;
    after?: string | undefined;
    limit?: number;
  } = {},
): Promise<Account[]> {
  const { role, unit, text, after, limit } = choice;
  const query = select(db).orderBy('account.login');
  if (role !== undefined) void query.where({ role });
  if (unit !== undefined) void query.where({ unit_code: unit });
  if (text !== undefined)
    void query.whereRaw(`strpos(account.login || ' ' || lower(account.name), lower(?)) > 0`, [text]);
  if (after !== undefined) void query.where('account.login', '>', after);
  if (limit !== undefined) void query.limit(limit);
  return (await query) as Account[];
}

/** One account by its id. */
export const findAccount = async (db: Knex, id: number): Promise<Account | null> =>
  ((await select(db).where('account.id', id).first()) as Account | undefined) ?? null;

/** What an administrator says of an account. */
export interface AccountChoice {
  name: string;
  role: Role;
  unitCode: string | null;
}

/** How somebody signs in: with a password, or through the identity provider (OIDC), which knows them by their login. */
export type Key = { password: string; mustChange: boolean } | 'external';

const noUnit = (code: string): Error => fault('unit-missing', { unit: code });

/** Somebody of a unit has one; whoever has none sees all units. */
async function requireUnit(db: Knex, { role, unitCode }: AccountChoice): Promise<void> {
  if (unitCode === null && UNIT_ROLES.includes(role)) throw fault('unit-needed', { role });
  // Accounts, units and the calendar are of all of them.
  if (unitCode !== null && role === 'administrator') throw fault('unit-needless', { role });
  if (unitCode !== null && !(await db('unit').where({ code: unitCode }).first('code'))) throw noUnit(unitCode);
}

/** Adds an account; its id. Throws a configuration error where the login is taken or the unit is not known. */
export async function addAccount(
  db: Knex,
  { login, name, role, unitCode }: AccountChoice & { login: string },
  key: Key,
  at: Date,
): Promise<number> {
  await requireUnit(db, { name, role, unitCode });
  const [row] = await db('account')
    .insert({
      login: login.toLowerCase(),
      name,
      role,
      unit_code: unitCode,
      created_at: at,
      ...(key !== 'external' && { password_hash: await hash(key.password), must_change: key.mustChange }),
    })
    .onConflict('login')
    .ignore()
    .returning<{ id: number }[]>('id');
  if (row) return row.id;
  throw fault('login-taken', { login });
}

/**
 * Changes an account as it was in a version; false where somebody changed it since. Ends its sessions. Throws a
 * configuration error where nobody would be left who manages accounts.
 */
export async function changeAccount(
  trx: Knex.Transaction,
  id: number,
  version: number,
  { name, role, unitCode }: AccountChoice,
  disabledAt: Date | null,
): Promise<boolean> {
  if (!disabledAt) await requireUnit(trx, { name, role, unitCode });
  // Locked in one order, or two administrators could take the role from each other at the same moment.
  const administrators = await trx('account')
    .where({ role: 'administrator' })
    .whereNull('disabled_at')
    .orderBy('id')
    .forUpdate()
    .select<{ id: number }[]>('id');
  if ((role !== 'administrator' || disabledAt) && administrators.length === 1 && administrators[0]?.id === id)
    throw fault('last-administrator');
  const changed = await trx('account')
    .where({ id, version })
    .update({ name, role, unit_code: unitCode, disabled_at: disabledAt, version: version + 1 });
  if (changed > 0) await trx('session').where({ account_id: id }).delete();
  return changed > 0;
}

/** A password that somebody gets to sign in with once. */
export const firstPassword = (): string => randomBytes(12).toString('base64url');

/** Sets a password and ends every session and API token of the account, but one session that is named by its token's hash. */
export async function setPassword(
  trx: Knex.Transaction,
  id: number,
  { password, mustChange, at, keep }: { password: string; mustChange: boolean; at: Date; keep?: Buffer },
): Promise<void> {
  await trx('account')
    .where({ id })
    .update({ password_hash: await hash(password), must_change: mustChange });
  await trx('sign_in_failure').whereIn('login', trx('account').where({ id }).select('login')).delete();
  await trx('api_token').where({ account_id: id }).whereNull('revoked_at').update({ revoked_at: at });
  const sessions = trx('session').where({ account_id: id });
  await (keep ? sessions.whereNot({ token_hash: keep }) : sessions).delete();
}

/** What a hash of nobody's password takes as long to verify as. */
const NOBODY = '$argon2id$v=19$m=19456,t=2,p=1$KoWNCshTI9zVUckhVSt4Zg$PzDXyuBI3SHYVzEKeAuC5aWqP8sTxGQJHEeB0To3qSk';

/** Failures of a login that is not tried again are forgotten after so long. */
const FORGOTTEN_MS = 24 * 60 * 60_000;

/**
 * Who a login and a password are; an unknown login, a wrong password and a disabled account look alike, also in that
 * they are locked.
 */
export async function checkPassword(
  db: Knex,
  { login, password }: { login: string; password: string },
  at: Date,
): Promise<{ id: number } | { lockedUntil: Date | null }> {
  const named = { login: login.toLowerCase() };
  const lockedUntil = await countGuess(db, named.login, at);
  if (lockedUntil) return { lockedUntil };
  const row = await db('account')
    .where(named)
    .first<{ id: number; passwordHash: string | null; disabledAt: Date | null } | undefined>({
      id: 'id',
      passwordHash: 'password_hash',
      disabledAt: 'disabled_at',
    });
  const right = await verify(row?.passwordHash ?? NOBODY, password);
  if (right && row && row.passwordHash !== null && row.disabledAt === null) {
    await db('sign_in_failure').where(named).delete();
    return { id: row.id };
  }
  const { rows } = await db.raw<{ rows: { lockedUntil: Date }[] }>(
    `UPDATE sign_in_failure SET locked_until = coalesce(locked_until, :until)
     WHERE login = :login AND failures >= :most RETURNING locked_until AS "lockedUntil"`,
    { ...named, most: MOST_FAILURES, until: new Date(at.getTime() + LOCKED_MS) },
  );
  return { lockedUntil: rows[0]?.lockedUntil ?? null };
}

/**
 * Counts a guess before it is judged, or as many at the same moment would all be; until when the login is locked, where
 * it is not to be judged at all.
 */
async function countGuess(db: Knex, login: string, at: Date): Promise<Date | null> {
  await db('sign_in_failure')
    .where('failed_at', '<', new Date(at.getTime() - FORGOTTEN_MS))
    .delete();
  const { rows } = await db.raw<{ rows: { lockedUntil: Date | null }[] }>(
    `INSERT INTO sign_in_failure AS known (login, failures, failed_at) VALUES (:login, 1, :at)
     ON CONFLICT (login) DO UPDATE SET failed_at = :at,
       failures = CASE WHEN known.locked_until <= :at THEN 1 ELSE least(known.failures + 1, :most::integer) END,
       locked_until = CASE WHEN known.locked_until > :at THEN known.locked_until
         WHEN known.locked_until IS NULL AND known.failures >= :most THEN :until::timestamptz END
     RETURNING locked_until AS "lockedUntil"`,
    { login, at, most: MOST_FAILURES, until: new Date(at.getTime() + LOCKED_MS) },
  );
  return rows[0]?.lockedUntil ?? null;
}

/** Whoever the identity provider knows by a subject. */
export const accountOfSubject = async (db: Knex, subject: string): Promise<SignedIn | null> =>
  (await db('account')
    .where({ oidc_subject: subject })
    .whereNull('disabled_at')
    .first<SignedIn | undefined>('id', 'login')) ?? null;

type SignedIn = Pick<Account, 'id' | 'login'>;

/** The first sign-in through the identity provider: the account that was made for a login is its subject's from now on. */
export async function claimAccount(db: Knex, login: string, subject: string): Promise<SignedIn | null> {
  const [row] = await db('account')
    .where({ login: login.toLowerCase() })
    .whereNull('password_hash')
    .whereNull('oidc_subject')
    .whereNull('disabled_at')
    .update({ oidc_subject: subject })
    .returning<SignedIn[]>(['id', 'login']);
  return row ?? null;
}

/** Forgets whom the identity provider meant by an account: the next first sign-in under its login claims it anew. */
export async function releaseAccount(trx: Knex.Transaction, id: number): Promise<void> {
  await trx('account').where({ id }).update({ oidc_subject: null });
  await trx('session').where({ account_id: id }).delete();
}
