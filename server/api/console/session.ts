import { z } from 'zod';
import { keyOf } from '../../../settings/values.ts';
import { PERMISSIONS, permissionsOf, ROLES } from '../../../domain/access.ts';
import { checkPassword, setPassword, SHORTEST_PASSWORD } from '../../../store/console/accounts.ts';
import { audit } from '../../../store/console/audit.ts';
import { addToken, endSession, hashOf, listTokens, revokeToken } from '../../../store/console/sessions.ts';
import { cookieName, cookieOptions, MOST_SIGN_INS, principalOf, startSession } from '../base/access.ts';
import { act, actInSecret } from '../base/act.ts';
import type { Api, ApiOptions } from '../base/api.ts';
import { signOutAddress } from './oidc.ts';
import { ApiProblem } from '../base/problem.ts';
import { idParams, instant, text } from '../base/views.ts';
import { DAY_MS } from '../../../domain/dates.ts';

export const role = keyOf(ROLES);
const permission = keyOf(PERMISSIONS);
const newPassword = z.string().min(SHORTEST_PASSWORD).max(200);

/** Who is signed in, and the hub that they are signed in to. */
export const sessionView = z
  .object({
    login: z.string(),
    name: z.string(),
    role,
    unitCode: z.string().nullable(),
    unitName: z.string().nullable(),
    external: z.boolean().meta({ description: 'Signed in through the identity provider (OIDC)' }),
    mustChange: z.boolean().meta({ description: 'The password has to be changed before anything else' }),
    permissions: z.array(permission),
    hub: z.object({
      city: z.string(),
      regulation: z.string(),
      managementUnit: z.string(),
      temporalUi: z.string().nullable().meta({ description: 'Address below which workflows/{id} is one' }),
    }),
  })
  .meta({ id: 'Session' });
export type SessionView = z.input<typeof sessionView>;

const signedOutView = z
  .object({ next: z.string().nullable().meta({ description: 'Where the identity provider’s own session is ended' }) })
  .meta({ id: 'SignedOut' });
export type SignedOut = z.input<typeof signedOutView>;

const tokenView = z
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

const WRONG = new ApiProblem(401, 'wrong-password', {
  zh: '用户名或密码不正确',
  en: 'The login or the password is wrong',
});
const locked = (until: Date, now: Date): ApiProblem => {
  const minutes = String(Math.ceil((until.getTime() - now.getTime()) / 60_000));
  return new ApiProblem(
    423,
    'account-locked',
    { zh: '密码多次错误，账号已锁定', en: 'The account is locked after too many wrong passwords' },
    {
      zh: `请 ${minutes} 分钟后再试，或联系系统管理员`,
      en: `Try again in ${minutes} minutes, or ask an administrator`,
    },
  );
};
const SAME = new ApiProblem(400, 'password-same', {
  zh: '新密码不能与原密码相同',
  en: 'The new password is the old one',
});
const NO_TOKEN = new ApiProblem(404, 'token-unknown', {
  zh: '没有这个有效的令牌',
  en: 'There is no such token in force',
});

export function sessionRoutes(app: Api, options: ApiOptions): void {
  const { db, now, config } = options;

  app.post(
    '/session',
    {
      config: { needs: 'public', rateLimit: { max: MOST_SIGN_INS, timeWindow: '1 minute' } },
      schema: {
        summary: '登录 Sign in',
        tags: ['session'],
        body: z.object({ login: text(100), password: z.string().min(1).max(200) }),
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const at = now();
      const checked = await checkPassword(db, request.body, at);
      const login = request.body.login.toLowerCase();
      if (!('id' in checked)) {
        const entry = { at, actor: login, role: null, object: `account/${login}`, detail: {} };
        await audit(db, { ...entry, accountId: null, action: 'sign-in refused' });
        throw checked.lockedUntil ? locked(checked.lockedUntil, at) : WRONG;
      }
      await startSession(reply, options, { id: checked.id, login }, {});
      return reply.status(204).send(null);
    },
  );

  app.get(
    '/session',
    {
      config: { needs: 'signed-in' },
      schema: { summary: '当前登录 Who is signed in', tags: ['session'], response: { 200: sessionView } },
    },
    (request) => {
      const { login, name, role, unitCode, unitName, external, mustChange, scopes } = principalOf(request);
      const { settings, jurisdiction } = config();
      const { temporal, embedded } = settings;
      const ui = temporal.ui ?? `http://127.0.0.1:${embedded.temporalUiPort}`;
      return {
        login,
        name,
        role,
        unitCode,
        unitName,
        external,
        mustChange,
        permissions: scopes ?? permissionsOf(role),
        hub: {
          city: jurisdiction.name,
          regulation: jurisdiction.regulation.title,
          managementUnit: settings.managementName,
          temporalUi: `${ui.replace(/\/$/, '')}/namespaces/${temporal.namespace}`,
        },
      };
    },
  );

  app.delete(
    '/session',
    {
      config: { needs: 'signed-in' },
      schema: { summary: '退出 Sign out', tags: ['session'], response: { 200: signedOutView } },
    },
    async (request, reply) => {
      const name = cookieName(config().settings.server);
      const token = request.cookies[name];
      if (token !== undefined) await endSession(db, token);
      void reply.clearCookie(name, cookieOptions(config));
      return { next: principalOf(request).external ? await signOutAddress(request, options) : null };
    },
  );

  app.post(
    '/session/password',
    {
      config: { needs: 'person', rateLimit: { max: MOST_SIGN_INS, timeWindow: '1 minute' } },
      schema: {
        summary: '修改密码 Change the password',
        tags: ['session'],
        body: z.object({ password: z.string().min(1).max(200), newPassword }),
        response: { 200: z.object({}) },
      },
    },
    async (request) => {
      const { login, accountId } = principalOf(request);
      const { password, newPassword: wanted } = request.body;
      const checked = await checkPassword(db, { login, password }, now());
      if (!('id' in checked)) throw checked.lockedUntil ? locked(checked.lockedUntil, now()) : WRONG;
      if (password === wanted) throw SAME;
      const token = request.cookies[cookieName(config().settings.server)];
      return act(request, options, async (trx) => {
        const keep = token === undefined ? {} : { keep: hashOf(token) };
        await setPassword(trx, accountId, { password: wanted, mustChange: false, ...keep });
        return { answer: {}, deed: { action: 'session', object: `account/${login}`, detail: { changed: 'password' } } };
      });
    },
  );

  app.get(
    '/tokens',
    {
      config: { needs: 'person' },
      schema: {
        summary: '本人的 API 令牌 One’s own API tokens',
        tags: ['session'],
        response: { 200: z.object({ items: z.array(tokenView) }) },
      },
    },
    async (request) => ({ items: await listTokens(db, principalOf(request).accountId) }),
  );

  app.post(
    '/tokens',
    {
      config: { needs: 'person' },
      schema: {
        summary: '新建 API 令牌 Make an API token; it is shown this once',
        tags: ['session'],
        body: z.object({ label: text(100), scopes: z.array(permission).min(1), days: z.int().min(1).max(366) }),
        response: { 200: z.object({ id: z.int(), token: z.string() }) },
      },
    },
    async (request) => {
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

  app.delete(
    '/tokens/:id',
    {
      config: { needs: 'person' },
      schema: {
        summary: '撤销 API 令牌 Revoke an API token',
        tags: ['session'],
        params: idParams,
        response: { 200: z.object({}) },
      },
    },
    (request) =>
      act(request, options, async (trx, { principal, at }) => {
        const { id } = request.params;
        if (!(await revokeToken(trx, principal.accountId, id, at))) throw NO_TOKEN;
        return {
          answer: {},
          deed: { action: 'session', object: `token/${id}`, detail: { changed: 'revoked' } },
        };
      }),
  );
}
