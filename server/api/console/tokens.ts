import { z } from 'zod';
import { permissionsOf } from '../../../domain/access.ts';
import { DAY_MS } from '../../../domain/dates.ts';
import type { FastifyRequest } from 'fastify';
import {
  addToken,
  countTokens,
  listSessions,
  listTokens,
  revokeSession,
  revokeToken,
  type Session,
} from '../../../store/console/sessions.ts';
import { principalOf } from '../base/access.ts';
import { act, actInSecret } from '../base/act.ts';
import { ApiProblem } from '../base/problem.ts';
import { del, get, post } from '../base/route.ts';
import { idParams, instant, text } from '../base/views.ts';
import { permission } from './session.ts';

export const tokenView = z
  .object({
    id: z.int(),
    label: z.string(),
    scopes: z.array(permission),
    createdAt: instant,
    expiresAt: instant,
    usedAt: instant.nullable(),
    revokedAt: instant.nullable(),
  })
  .meta({ id: 'ApiToken' });
export type TokenView = z.input<typeof tokenView>;

export const NO_TOKEN = new ApiProblem(404, 'token-unknown', {
  zh: '没有这个有效的令牌',
  en: 'There is no such token in force',
});

export const loginView = z
  .object({
    id: z.int(),
    address: z.string().nullable().meta({ description: 'The network address that it was begun from' }),
    startedAt: instant,
    seenAt: instant.meta({ description: 'When it was used last' }),
    expiresAt: instant.meta({ description: 'When it ends at the latest' }),
    current: z.boolean().meta({ description: 'The one that this request came by' }),
  })
  .meta({ id: 'Login' });
export type LoginView = z.input<typeof loginView>;

export const NO_LOGIN = new ApiProblem(404, 'login-unknown', {
  zh: '没有这个有效的登录',
  en: 'There is no such session in force',
});

/** Tokens of one account that are in force at once. */
const MOST_TOKENS = 50;
const TOO_MANY = new ApiProblem(
  409,
  'too-many-tokens',
  { zh: `有效的令牌已有 ${MOST_TOKENS} 个`, en: `There are ${MOST_TOKENS} tokens in force already` },
  { zh: '请先撤销不再使用的令牌', en: 'Revoke those that are not used any more' },
);

/** Sessions as whoever asks sees them: which one is theirs, and nothing of their tokens. */
export const loginsShown = (
  { credential }: FastifyRequest,
  sessions: readonly Session[],
): { items: z.output<typeof loginView>[] } => ({
  items: sessions.map(({ hash, ...session }) => ({ ...session, current: credential?.equals(hash) ?? false })),
});

const getLogins = get(
  '/logins',
  {
    needs: 'person',
    summary: '本人的登录 One’s own sessions that are in force',
    tag: 'session',
    answer: z.object({ items: z.array(loginView) }),
  },
  async (request, { db, now }) => loginsShown(request, await listSessions(db, principalOf(request).accountId, now())),
);

const deleteLogin = del(
  '/logins/:id',
  {
    needs: 'person',
    summary: '结束本人的登录 End a session of one’s own',
    tag: 'session',
    params: idParams,
    answer: z.object({}),
    problems: [404, 422],
  },
  (request, options) =>
    act(request, options, async (trx, { principal }) => {
      const { id } = request.params;
      if (!(await revokeSession(trx, principal.accountId, id))) throw NO_LOGIN;
      return { answer: {}, deed: { action: 'session', object: `login/${id}`, detail: { changed: 'revoked' } } };
    }),
);

const getTokens = get(
  '/tokens',
  {
    needs: 'person',
    summary: '本人的 API 令牌 One’s own API tokens',
    tag: 'session',
    answer: z.object({ items: z.array(tokenView) }),
  },
  async (request, { db, now }) => ({ items: await listTokens(db, principalOf(request).accountId, now()) }),
);

const postToken = post(
  '/tokens',
  {
    needs: 'person',
    summary: '新建 API 令牌 Make an API token; it is shown this once',
    tag: 'session',
    body: z.object({ label: text(100), scopes: z.array(permission).min(1), days: z.int().min(1).max(366) }),
    answer: z.object({ id: z.int(), token: z.string() }),
    problems: [409, 422],
  },
  (request, options) => {
    const { label, days } = request.body;
    const allowed = permissionsOf(principalOf(request).role);
    const scopes = request.body.scopes.filter((scope) => allowed.includes(scope));
    return actInSecret(request, options, async (trx, { principal, at }) => {
      if ((await countTokens(trx, principal.accountId, at)) >= MOST_TOKENS) throw TOO_MANY;
      const expiresAt = new Date(at.getTime() + days * DAY_MS);
      const made = await addToken(trx, principal.accountId, { label, scopes, expiresAt }, at);
      const detail = { made: label, scopes, days };
      return { answer: made, deed: { action: 'session', object: `token/${made.id}`, detail } };
    });
  },
);

const deleteToken = del(
  '/tokens/:id',
  {
    needs: 'person',
    summary: '撤销 API 令牌 Revoke an API token',
    tag: 'session',
    params: idParams,
    answer: z.object({}),
    problems: [404, 422],
  },
  (request, options) =>
    act(request, options, async (trx, { principal, at }) => {
      const { id } = request.params;
      if (!(await revokeToken(trx, principal.accountId, id, at))) throw NO_TOKEN;
      return { answer: {}, deed: { action: 'session', object: `token/${id}`, detail: { changed: 'revoked' } } };
    }),
);

/** One’s own ways in: sessions (登录), and API tokens (API 令牌) of programs. */
export const tokenRoutes = { getLogins, deleteLogin, getTokens, postToken, deleteToken };
