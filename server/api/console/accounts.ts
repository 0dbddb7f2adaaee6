import type { FastifyRequest } from 'fastify';
import type { Knex } from 'knex';
import { z } from 'zod';
import {
  addAccount,
  changeAccount,
  findAccount,
  firstPassword,
  listAccounts,
  releaseAccount,
  setPassword,
  type Account,
} from '../../../store/console/accounts.ts';
import { auditedWord } from '../../../domain/console/audit.ts';
import { listSessions, listTokens, revokeSession, revokeToken } from '../../../store/console/sessions.ts';
import { listAudit } from '../../../store/console/audit.ts';
import { act, actInSecret, type Deed } from '../base/act.ts';
import type { ApiOptions } from '../base/api.ts';
import { changedMeanwhile, requireSeen, type LastChange } from '../base/case-action.ts';
import { ApiProblem } from '../base/problem.ts';
import { del, get, post, put } from '../base/route.ts';
import { idParams, instant, pageOf, pageOfRows, paging, readCursor, text, unitCode, whole } from '../base/views.ts';
import { role } from './session.ts';
import { loginsShown, loginView, NO_LOGIN, NO_TOKEN, tokenView } from './tokens.ts';

const accountView = z
  .object({
    id: z.int(),
    login: z.string(),
    name: z.string(),
    role,
    unitCode: z.string().nullable(),
    unitName: z.string().nullable(),
    external: z.boolean().meta({ description: 'Signs in through the identity provider (OIDC)' }),
    mustChange: z.boolean(),
    lockedUntil: instant.nullable(),
    createdAt: instant,
    disabledAt: instant.nullable(),
    version: z.string().meta({ description: 'For If-Match of changes' }),
  })
  .meta({ id: 'Account' });
export type AccountView = z.input<typeof accountView>;

const choice = z.object({ name: text(100), role, unitCode: unitCode.nullable().default(null) });
const password = z
  .object({ password: z.string().nullable().meta({ description: 'The first password, said this once; null: OIDC' }) })
  .meta({ id: 'FirstPassword' });
const login = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[a-z0-9](?:[a-z0-9._@-]{0,62}[a-z0-9])?$/, 'a-z 0-9 . _ @ -');

const ACCOUNT_UNKNOWN = new ApiProblem(404, 'account-unknown', { zh: '没有这个账号', en: 'There is no such account' });
const shown = (account: Account): z.output<typeof accountView> => ({ ...account, version: String(account.version) });

const getAccounts = get(
  '/accounts',
  {
    needs: 'accounts:manage',
    summary: '账号 Accounts, by login',
    tag: 'accounts',
    query: paging.extend({
      text: z.string().max(100).optional().meta({ description: 'In the login or the name' }),
      role: role.optional(),
      unit: unitCode.optional(),
    }),
    answer: pageOf(accountView),
  },
  async (request, { db }) => {
    const { limit, after, ...filter } = request.query;
    const [last] = readCursor(after, z.tuple([z.string()])) ?? [];
    const rows = await listAccounts(db, { ...filter, after: last, limit: limit + 1 });
    const { items, next } = pageOfRows(rows, limit, (account) => [account.login]);
    return { items: items.map(shown), next };
  },
);

const getAccount = get(
  '/accounts/:id',
  {
    needs: 'accounts:manage',
    summary: '账号 An account',
    tag: 'accounts',
    params: idParams,
    answer: accountView,
    problems: [404],
  },
  async (request, { db }) => shown(await requireAccount(db, request.params.id)),
);

const postAccount = post(
  '/accounts',
  {
    needs: 'accounts:manage',
    summary: '新增账号 Add an account; its first password is answered this once',
    tag: 'accounts',
    body: choice.extend({
      login,
      external: z.boolean().default(false).meta({ description: 'Signs in through the identity provider (OIDC)' }),
    }),
    answer: password,
    problems: [409, 422],
  },
  (request, options) =>
    actInSecret(request, options, async (trx, { at }) => {
      const { external, ...given } = request.body;
      const first = external ? null : firstPassword();
      await addAccount(trx, given, first === null ? 'external' : { password: first, mustChange: true }, at);
      const { role: held, unitCode: unit } = given;
      return {
        answer: { password: first },
        deed: managed(`account/${given.login}`, { changed: 'added', role: held, unit, external }),
      };
    }),
);

/** Changes an account once it is as the caller saw it; who was first is told. */
const change = (
  request: FastifyRequest,
  options: ApiOptions,
  id: number,
  work: (
    account: Account,
    at: Date,
  ) => { to: Parameters<typeof changeAccount>[3]; disabledAt: Date | null; detail: Record<string, unknown> },
): Promise<Record<string, never>> =>
  act(request, options, async (trx, { at }) => {
    const account = await requireAccount(trx, id);
    const object = `account/${account.login}`;
    requireSeen(request, String(account.version), await lastChange(trx, object));
    const { to, disabledAt, detail } = work(account, at);
    if (!(await changeAccount(trx, id, account.version, to, disabledAt)))
      throw changedMeanwhile(await lastChange(trx, object));
    return { answer: {}, deed: managed(object, detail) };
  });

const putAccount = put(
  '/accounts/:id',
  {
    needs: 'accounts:manage',
    summary: '修改账号 Change an account; it has to sign in again',
    tag: 'accounts',
    params: idParams,
    body: choice,
    answer: z.object({}),
    problems: [404, 409, 422],
  },
  (request, options) =>
    change(request, options, request.params.id, ({ role: held, unitCode: unit, disabledAt }) => ({
      to: request.body,
      disabledAt,
      detail: {
        changed: 'changed',
        role: { from: held, to: request.body.role },
        unit: { from: unit, to: request.body.unitCode },
      },
    })),
);

const postAccountDisable = post(
  '/accounts/:id/disable',
  {
    needs: 'accounts:manage',
    summary: '停用账号 Disable an account; its sessions and tokens end',
    tag: 'accounts',
    params: idParams,
    answer: z.object({}),
    problems: [404, 409, 422],
  },
  (request, options) =>
    change(request, options, request.params.id, (account, at) => ({
      to: account,
      disabledAt: at,
      detail: { changed: 'disabled' },
    })),
);

const postAccountEnable = post(
  '/accounts/:id/enable',
  {
    needs: 'accounts:manage',
    summary: '启用账号 Enable an account',
    tag: 'accounts',
    params: idParams,
    answer: z.object({}),
    problems: [404, 409, 422],
  },
  (request, options) =>
    change(request, options, request.params.id, (account) => ({
      to: account,
      disabledAt: null,
      detail: { changed: 'enabled' },
    })),
);

const postAccountReset = post(
  '/accounts/:id/reset',
  {
    needs: 'accounts:manage',
    summary:
      '重置密码 Set another first password, answered this once; of an account of the identity provider: its next sign-in counts as the first',
    tag: 'accounts',
    params: idParams,
    answer: password,
    problems: [404, 409, 422],
  },
  (request, options) =>
    actInSecret(request, options, async (trx, { at }) => {
      const account = await requireAccount(trx, request.params.id);
      const first = account.external ? null : firstPassword();
      if (first === null) await releaseAccount(trx, account.id);
      else await setPassword(trx, account.id, { password: first, mustChange: true, at });
      return { answer: { password: first }, deed: managed(`account/${account.login}`, { changed: 'reset' }) };
    }),
);

const getAccountTokens = get(
  '/accounts/:id/tokens',
  {
    needs: 'accounts:manage',
    summary: '账号的 API 令牌 The API tokens of an account: those in force, then those that have ended',
    tag: 'accounts',
    params: idParams,
    answer: z.object({ items: z.array(tokenView) }),
    problems: [404],
  },
  async (request, { db, now }) => {
    const { id } = await requireAccount(db, request.params.id);
    return { items: await listTokens(db, id, now()) };
  },
);

const deleteAccountToken = del(
  '/accounts/:id/tokens/:token',
  {
    needs: 'accounts:manage',
    summary: '撤销账号的 API 令牌 Revoke an API token of an account',
    tag: 'accounts',
    params: idParams.extend({ token: whole.positive() }),
    answer: z.object({}),
    problems: [404, 422],
  },
  (request, options) =>
    act(request, options, async (trx, { at }) => {
      const { id, token } = request.params;
      const { login: of } = await requireAccount(trx, id);
      if (!(await revokeToken(trx, id, token, at))) throw NO_TOKEN;
      return { answer: {}, deed: managed(`account/${of}`, { changed: 'revoked', token }) };
    }),
);

const getAccountLogins = get(
  '/accounts/:id/logins',
  {
    needs: 'accounts:manage',
    summary: '账号的登录 The sessions of an account that are in force',
    tag: 'accounts',
    params: idParams,
    answer: z.object({ items: z.array(loginView) }),
    problems: [404],
  },
  async (request, { db, now }) => {
    const { id } = await requireAccount(db, request.params.id);
    return loginsShown(request, await listSessions(db, id, now()));
  },
);

const deleteAccountLogin = del(
  '/accounts/:id/logins/:login',
  {
    needs: 'accounts:manage',
    summary: '结束账号的登录 End a session of an account',
    tag: 'accounts',
    params: idParams.extend({ login: whole.positive() }),
    answer: z.object({}),
    problems: [404, 422],
  },
  (request, options) =>
    act(request, options, async (trx) => {
      const { id, login: ended } = request.params;
      const { login: of } = await requireAccount(trx, id);
      if (!(await revokeSession(trx, id, ended))) throw NO_LOGIN;
      return { answer: {}, deed: managed(`account/${of}`, { changed: 'revoked', login: ended }) };
    }),
);

/** What the audit keeps of a change of accounts and units. */
export const managed = (object: string, detail: Record<string, unknown>): Deed => ({
  action: 'accounts:manage',
  object,
  detail,
});

async function requireAccount(db: Knex, id: number): Promise<Account> {
  const account = await findAccount(db, id);
  if (account) return account;
  throw ACCOUNT_UNKNOWN;
}

/** Who changed an account or a unit last. */
export async function lastChange(trx: Knex.Transaction, object: string): Promise<LastChange | null> {
  const [last] = await listAudit(trx, { object, action: 'accounts:manage', limit: 1 });
  return last ? { by: last.actor, at: last.at, what: auditedWord(String(last.detail.changed)) } : null;
}

/** Accounts (账号): who signs in. */
export const accountRoutes = {
  getAccounts,
  getAccount,
  postAccount,
  putAccount,
  postAccountDisable,
  postAccountEnable,
  postAccountReset,
  getAccountLogins,
  deleteAccountLogin,
  getAccountTokens,
  deleteAccountToken,
};
