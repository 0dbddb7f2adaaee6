import { z } from 'zod';
import { keyOf } from '../../../settings/values.ts';
import { PERMISSIONS, permissionsOf, ROLES } from '../../../domain/access.ts';
import { isGuessable } from '../../../domain/console/password.ts';
import { checkPassword, setPassword, SHORTEST_PASSWORD } from '../../../store/console/accounts.ts';
import { audit } from '../../../store/console/audit.ts';
import { endSession, hashOf } from '../../../store/console/sessions.ts';
import { auditRequest, cookieName, cookieOptions, MOST_SIGN_INS, principalOf, startSession } from '../base/access.ts';
import { act } from '../base/act.ts';
import { ApiProblem } from '../base/problem.ts';
import { del, get, post } from '../base/route.ts';
import { text } from '../base/views.ts';
import { signOutAddress } from './oidc.ts';

export const role = keyOf(ROLES);
export const permission = keyOf(PERMISSIONS);
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
      sanctions: z
        .object({
          order: z.object({ name: z.string() }),
          notice: z.object({ name: z.string() }).nullable(),
          items: z.array(z.object({ id: z.string(), text: z.string() })),
          exemption: z
            .object({ article: z.string() })
            .nullable()
            .meta({ description: 'null: no deadline can be exempted' }),
        })
        .meta({ description: 'What the regulation has for work that is not right; what it has not is not offered' }),
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

const WRONG = new ApiProblem(
  401,
  'wrong-password',
  { zh: '用户名或密码不正确', en: 'The login or the password is wrong' },
  undefined,
  'password',
);
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
const SAME = new ApiProblem(
  400,
  'password-same',
  { zh: '新密码不能与原密码相同', en: 'The new password is the old one' },
  undefined,
  'newPassword',
);
const GUESSABLE = new ApiProblem(
  400,
  'password-guessable',
  { zh: '这个密码太容易被猜到', en: 'This password is too easily guessed' },
  {
    zh: '请用几个不相干的词，不要用常见密码、重复、键盘顺序、日期或用户名',
    en: 'Take several words that have nothing to do with each other: no common password, repetition, row of keys, date or login',
  },
  'newPassword',
);
const postSession = post(
  '/session',
  {
    needs: 'public',
    // A login and a password: nothing large is read of whoever is not known.
    bodyLimit: 10_000,
    summary: '登录 Sign in',
    tag: 'session',
    body: z.object({ login: text(100), password: z.string().min(1).max(200) }),
    most: MOST_SIGN_INS,
    answer: { status: 204 },
    problems: [401, 403, 423],
  },
  async (request, options, reply) => {
    const { db, now } = options;
    const at = now();
    const checked = await checkPassword(db, request.body, at);
    const login = request.body.login.toLowerCase();
    if (!('id' in checked)) {
      const entry = { at, actor: login, role: null, object: `account/${login}`, detail: {}, address: request.ip };
      await audit(db, { ...entry, accountId: null, action: 'sign-in refused' });
      throw checked.lockedUntil ? locked(checked.lockedUntil, at) : WRONG;
    }
    await startSession(reply, options, { id: checked.id, login }, {});
    return reply.status(204).send(null);
  },
);

const getSession = get(
  '/session',
  { needs: 'signed-in', summary: '当前登录 Who is signed in', tag: 'session', answer: sessionView },
  (request, { config }) => {
    const { login, name, role: held, unitCode, unitName, external, mustChange, scopes } = principalOf(request);
    const { settings, jurisdiction } = config();
    const { temporal, embedded } = settings;
    const { order, notice = null, items, exemption = null } = jurisdiction.supervision;
    const ui = temporal.ui ?? `http://127.0.0.1:${embedded.temporalUiPort}`;
    return {
      login,
      name,
      role: held,
      unitCode,
      unitName,
      external,
      mustChange,
      permissions: scopes ?? permissionsOf(held),
      hub: {
        city: jurisdiction.name,
        regulation: jurisdiction.regulation.title,
        sanctions: { order, notice, items: [...items], exemption },
        managementUnit: settings.managementName,
        temporalUi: `${ui.replace(/\/$/, '')}/namespaces/${temporal.namespace}`,
      },
    };
  },
);

const deleteSession = del(
  '/session',
  { needs: 'signed-in', summary: '退出 Sign out', tag: 'session', answer: signedOutView },
  async (request, options, reply) => {
    const { db, config } = options;
    const name = cookieName(config().settings.server);
    const token = request.cookies[name];
    if (token !== undefined) await endSession(db, token);
    const { login } = principalOf(request);
    await auditRequest(request, options, { action: 'sign-out', object: `account/${login}`, detail: {} });
    void reply.clearCookie(name, cookieOptions(config));
    return { next: principalOf(request).external ? await signOutAddress(request, options) : null };
  },
);

const postPassword = post(
  '/session/password',
  {
    needs: 'person',
    summary: '修改密码 Change the password',
    tag: 'session',
    body: z.object({ password: z.string().min(1).max(200), newPassword }),
    most: MOST_SIGN_INS,
    answer: z.object({}),
    problems: [422, 423],
  },
  async (request, options) => {
    const { db, now, config } = options;
    const { login, name, accountId } = principalOf(request);
    const { password, newPassword: wanted } = request.body;
    const checked = await checkPassword(db, { login, password }, now());
    if (!('id' in checked)) throw checked.lockedUntil ? locked(checked.lockedUntil, now()) : WRONG;
    if (password === wanted) throw SAME;
    if (isGuessable(wanted, [login, name])) throw GUESSABLE;
    const token = request.cookies[cookieName(config().settings.server)];
    return act(request, options, async (trx, { at }) => {
      const keep = token === undefined ? {} : { keep: hashOf(token) };
      await setPassword(trx, accountId, { password: wanted, mustChange: false, at, ...keep });
      return { answer: {}, deed: { action: 'session', object: `account/${login}`, detail: { changed: 'password' } } };
    });
  },
);

/** Signing in and out. */
export const sessionRoutes = { postSession, getSession, deleteSession, postPassword };
