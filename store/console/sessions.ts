import { createHash, randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import type { Permission, Role } from '../../domain/access.ts';
import { Prepared } from '../database.ts';

/** Whoever a request comes from. */
export interface Principal {
  accountId: number;
  login: string;
  name: string;
  role: Role;
  unitCode: string | null;
  unitName: string | null;
  /** Units whose rows they see: their own and those below; null: all. */
  units: string[] | null;
  /** What an API token is limited to; null for a person who signed in. */
  scopes: Permission[] | null;
  mustChange: boolean;
  /** Signs in through the identity provider (OIDC). */
  external: boolean;
}

/** A session that nobody uses ends after so long, any after the longest. */
const IDLE_MS = 2 * 3_600_000;
const LONGEST_MS = 12 * 3_600_000;
/** How often it is written down that a session or a token is used. */
const NOTED_EVERY_MS = 60_000;

const newToken = (): string => randomBytes(32).toString('base64url');
export const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();

const PRINCIPAL = `account.id AS "accountId", login, account.name, role, unit_code AS "unitCode", unit.name AS "unitName",
  CASE WHEN unit_code IS NOT NULL THEN units_below(unit_code) END AS units, must_change AS "mustChange",
  password_hash IS NULL AS external`;
const FROM_ACCOUNT = `JOIN account ON account.id = account_id AND account.disabled_at IS NULL LEFT JOIN unit ON unit.code = unit_code`;

/**
 * Begins a session; its token, which is known to nobody else. Clears away what has ended.
 * @param address the network address of who signs in
 */
export async function beginSession(db: Knex, accountId: number, address: string, at: Date): Promise<string> {
  const token = newToken();
  await db('session').where('expires_at', '<', at).delete();
  await db('session').insert({
    token_hash: hashOf(token),
    account_id: accountId,
    address,
    started_at: at,
    seen_at: at,
    expires_at: new Date(at.getTime() + LONGEST_MS),
  });
  return token;
}

export const endSession = async (db: Knex, token: string): Promise<void> => {
  await db('session')
    .where({ token_hash: hashOf(token) })
    .delete();
};

/** A session that is in force. */
export interface Session {
  id: number;
  /** Of its token. */
  hash: Buffer;
  /** The network address that it was begun from; null for one that is older than that it is kept. */
  address: string | null;
  startedAt: Date;
  /** When it was used last, to the minute. */
  seenAt: Date;
  /** When it ends at the latest. */
  expiresAt: Date;
}

/** Sessions and tokens of an account are listed up to so many. */
const MOST_LISTED = 200;

/** The sessions of an account that are in force, the one used last first. */
export const listSessions = (db: Knex, accountId: number, at: Date): Promise<Session[]> =>
  db('session')
    .where({ account_id: accountId })
    .where('expires_at', '>', at)
    .where('seen_at', '>', new Date(at.getTime() - IDLE_MS))
    .orderBy('seen_at', 'desc')
    .orderBy('id', 'desc')
    .limit(MOST_LISTED)
    .select<Session[]>({
      id: 'id',
      hash: 'token_hash',
      address: 'address',
      startedAt: 'started_at',
      seenAt: 'seen_at',
      expiresAt: 'expires_at',
    });

/** Ends a session of an account; false where it has none such. */
export const revokeSession = async (db: Knex, accountId: number, id: number): Promise<boolean> =>
  (await db('session').where({ id, account_id: accountId }).delete()) > 0;

/** Whose session a token is of; null where it has ended. */
export async function findSession(db: Knex, token: string, at: Date): Promise<Principal | null> {
  const given = { hash: hashOf(token), at, idle: new Date(at.getTime() - IDLE_MS) };
  const { rows } = await db.raw<{ rows: (Omit<Principal, 'scopes'> & { seenAt: Date })[] }>(
    `SELECT ${PRINCIPAL}, seen_at AS "seenAt" FROM session ${FROM_ACCOUNT}
     WHERE token_hash = :hash AND expires_at > :at AND seen_at > :idle`,
    given,
  );
  const [row] = rows;
  if (!row) return null;
  const { seenAt, ...principal } = row;
  if (at.getTime() - seenAt.getTime() > NOTED_EVERY_MS)
    await db('session').where({ token_hash: given.hash }).update({ seen_at: at });
  return { ...principal, scopes: null };
}

/** Which of these hashes of sessions’ and API tokens are in force still (in hexadecimal); it is no use of them. */
export async function inForce(db: Knex, hashes: readonly Buffer[], at: Date): Promise<Set<string>> {
  const { rows } = await db.raw<{ rows: { hash: string }[] }>(
    `SELECT encode(token_hash, 'hex') AS hash FROM (
       SELECT token_hash, account_id FROM session WHERE expires_at > :at AND seen_at > :idle
       UNION ALL SELECT token_hash, account_id FROM api_token WHERE revoked_at IS NULL AND expires_at > :at) AS held
     JOIN account ON account.id = account_id AND disabled_at IS NULL WHERE token_hash = ANY (:hashes)`,
    { hashes: [...hashes], at, idle: new Date(at.getTime() - IDLE_MS) },
  );
  return new Set(rows.map(({ hash }) => hash));
}

/** A token for programs; the token itself is shown once. */
export interface ApiToken {
  id: number;
  label: string;
  scopes: Permission[];
  createdAt: Date;
  expiresAt: Date;
  usedAt: Date | null;
  revokedAt: Date | null;
}

const TOKEN = {
  id: 'id',
  label: 'label',
  scopes: 'scopes',
  createdAt: 'created_at',
  expiresAt: 'expires_at',
  usedAt: 'used_at',
  revokedAt: 'revoked_at',
};

/** The tokens of an account: those in force, then those that have ended, the latest first. */
export const listTokens = (db: Knex, accountId: number, at: Date): Promise<ApiToken[]> =>
  db('api_token')
    .where({ account_id: accountId })
    .orderByRaw('revoked_at IS NULL AND expires_at > ? DESC, id DESC', [at])
    .limit(MOST_LISTED)
    .select<ApiToken[]>(TOKEN);

/** How many tokens of an account are in force. */
export async function countTokens(db: Knex, accountId: number, at: Date): Promise<number> {
  const [row] = await db('api_token')
    .where({ account_id: accountId })
    .whereNull('revoked_at')
    .where('expires_at', '>', at)
    .count<{ count: number }[]>('* as count');
  return row?.count ?? 0;
}

/** Makes a token; what it is, to be shown once and kept by nobody here. */
export async function addToken(
  db: Knex,
  accountId: number,
  { label, scopes, expiresAt }: Pick<ApiToken, 'label' | 'scopes' | 'expiresAt'>,
  at: Date,
): Promise<{ id: number; token: string }> {
  const token = `hub_${newToken()}`;
  const [row] = await db('api_token')
    .insert({
      account_id: accountId,
      label,
      token_hash: hashOf(token),
      scopes,
      created_at: at,
      expires_at: expiresAt,
    })
    .returning<{ id: number }[]>('id');
  return { id: row?.id ?? 0, token };
}

/** Revokes a token of an account; false where it has none that is in force. */
export const revokeToken = async (db: Knex, accountId: number, id: number, at: Date): Promise<boolean> =>
  (await db('api_token').where({ id, account_id: accountId }).whereNull('revoked_at').update({ revoked_at: at })) > 0;

const BY_LOGIN = new Prepared<Omit<Principal, 'scopes'>>(
  'principal-by-login',
  `SELECT ${PRINCIPAL} FROM account LEFT JOIN unit ON unit.code = unit_code WHERE login = $1 AND disabled_at IS NULL`,
);

/** Whoever has a login; null where it is unknown or disabled. */
export async function principalOfLogin(db: Knex, login: string): Promise<Omit<Principal, 'scopes'> | null> {
  const [row] = await BY_LOGIN.rows(db, [login]);
  return row ?? null;
}

const BY_TOKEN = new Prepared<Principal & { tokenId: number; usedAt: Date | null }>(
  'principal-by-token',
  `SELECT ${PRINCIPAL}, scopes, api_token.id AS "tokenId", used_at AS "usedAt" FROM api_token ${FROM_ACCOUNT}
   WHERE token_hash = $1 AND revoked_at IS NULL AND expires_at > $2`,
);

/** Whose token it is; null where it is unknown, revoked or past its time. */
export async function findToken(db: Knex, token: string, at: Date): Promise<Principal | null> {
  const [row] = await BY_TOKEN.rows(db, [hashOf(token), at]);
  if (!row) return null;
  const { tokenId, usedAt, ...principal } = row;
  if (usedAt === null || at.getTime() - usedAt.getTime() > NOTED_EVERY_MS)
    await db('api_token').where({ id: tokenId }).update({ used_at: at });
  return principal;
}
