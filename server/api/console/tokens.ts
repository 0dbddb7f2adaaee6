import { z } from 'zod';
import { permissionsOf } from '../../../domain/access.ts';
import { DAY_MS } from '../../../domain/dates.ts';
import { addToken, listTokens, revokeToken } from '../../../store/console/sessions.ts';
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

const getTokens = get(
  '/tokens',
  {
    needs: 'person',
    summary: '本人的 API 令牌 One’s own API tokens',
    tag: 'session',
    answer: z.object({ items: z.array(tokenView) }),
  },
  async (request, { db }) => ({ items: await listTokens(db, principalOf(request).accountId) }),
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

/** API tokens (API 令牌) of programs. */
export const tokenRoutes = { getTokens, postToken, deleteToken };
