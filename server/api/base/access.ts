import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { may, type Permission } from '../../../domain/access.ts';
import { audit, type AuditEntry } from '../../../store/console/audit.ts';
import { beginSession, findSession, findToken, hashOf, type Principal } from '../../../store/console/sessions.ts';
import type { ApiOptions } from './api.ts';
import { signedClient } from './client.ts';
import { assertedHolder, type AssertedHolder } from './holder.ts';
import { ApiProblem } from './problem.ts';
import { checkedBody, type SignedBody } from './signed.ts';

/**
 * What a route needs: a permission; `signed-in`: any account, also one that has to change its password; `person`: such an
 * account that did not come by an API token; `holder`: a holder, asserted by their portal; `public`: nothing.
 */
export type Needed = Permission | 'signed-in' | 'person' | 'holder' | 'public';

declare module 'fastify' {
  interface FastifyContextConfig {
    needs?: Needed;
  }
  interface FastifyRequest {
    principal: Principal | null;
    /** Whose certificates a request is about, where they ask themselves. */
    holder: AssertedHolder | null;
    /** The body that was signed, where the request is. */
    signed: SignedBody | null;
    /** The hash of the session’s or the API token, by which a request that takes long finds out whether it holds. */
    credential: Buffer | null;
  }
}

/** What systems may ask for that sign their requests. */
const SIGNED: Permission = 'certificates:use';

const NOT_SIGNED_IN = new ApiProblem(
  401,
  'not-signed-in',
  { zh: '尚未登录或登录已失效', en: 'Not signed in, or not any more' },
  { zh: '请登录', en: 'Sign in' },
);
const MUST_CHANGE = new ApiProblem(
  403,
  'password-change',
  { zh: '首次登录须先修改密码', en: 'The password has to be changed first' },
  { zh: '请修改密码', en: 'Change the password' },
);
export const FORBIDDEN = new ApiProblem(403, 'forbidden', { zh: '没有此项权限', en: 'This account may not do that' });
const FOREIGN = new ApiProblem(403, 'foreign-site', {
  zh: '请求来自其他网站，已拒绝',
  en: 'The request came from another site',
});

/** Whoever a request comes from; only for routes that need somebody. */
export function principalOf(request: FastifyRequest): Principal {
  if (request.principal) return request.principal;
  throw NOT_SIGNED_IN;
}

/** The holder that a request comes from; only for routes that need one. */
export function holderOf(request: FastifyRequest): AssertedHolder {
  if (request.holder) return request.holder;
  throw NOT_SIGNED_IN;
}

/**
 * Lets a request through to its route or not: the one door of the API. A route that does not say what it needs cannot be
 * registered.
 */
export function guard(app: FastifyInstance, { db, now, config }: ApiOptions): void {
  app.decorateRequest('principal', null);
  app.decorateRequest('credential', null);
  app.decorateRequest('holder', null);
  app.decorateRequest('signed', null);
  app.addHook('onRoute', (route) => {
    const { config: given, url, method } = route;
    if (given?.needs === undefined) throw new Error(`${String(method)} ${url} does not say what it needs`);
    if (given.needs === 'holder' || given.needs === SIGNED)
      // oxlint-disable-next-line typescript/require-await -- what it throws must be a rejection
      route.preParsing = async ({ signed }, _reply, body) => (signed ? checkedBody(body, signed) : body);
  });
  app.addHook('onRequest', async (request) => {
    const { needs } = request.routeOptions.config;
    if (needs === undefined) return; // There is no such route.
    if (needs === 'holder') {
      request.holder = await assertedHolder(request, { db, now, config });
      request.signed = request.holder.signed;
      return;
    }
    const bearer = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
    const cookie = request.cookies[cookieName(config().settings.server)];
    const token = bearer ?? cookie;
    if (token !== undefined) request.credential = hashOf(token);
    if (needs === SIGNED && request.headers['hub-client'] !== undefined) {
      const { principal, signed } = await signedClient(request, { db, now, config });
      request.principal = principal;
      request.signed = signed;
    } else if (bearer !== undefined) request.principal = await findToken(db, bearer, now());
    else if (cookie !== undefined) {
      if (!['GET', 'HEAD'].includes(request.method)) requireSameSite(request);
      request.principal = await findSession(db, cookie, now());
    } else if (request.method === 'POST') requireSameSite(request);
    if (needs === 'public') return;
    const principal = principalOf(request);
    if (needs === 'person' && principal.scopes !== null) throw FORBIDDEN;
    if (needs === 'signed-in' || needs === 'person') return;
    if (principal.mustChange) throw MUST_CHANGE;
    if (!may(principal, needs)) throw FORBIDDEN;
  });
  app.addHook('onSend', async (request, reply) => {
    if (reply.statusCode !== 403 || !request.principal) return;
    const { url = '', config: route } = request.routeOptions;
    const object = `${request.method} ${url.replace('/api/v1', '')}`;
    await auditRequest(request, { db, now }, { action: 'refused', object, detail: { needs: route.needs ?? null } });
  });
}

/** Over HTTPS the cookie's name binds it to this host and to HTTPS. */
export const cookieName = ({ publicUrl }: { publicUrl?: string | undefined }): string =>
  publicUrl?.startsWith('https:') ? '__Host-hub' : 'hub';

export const cookieOptions = (config: ApiOptions['config']) => ({
  path: '/',
  httpOnly: true,
  sameSite: 'lax' as const,
  secure: cookieName(config().settings.server) !== 'hub',
});

/** Writes down that whoever a request comes from did something which changed nothing, such as a look. */
export async function auditRequest(
  request: FastifyRequest,
  { db, now }: Pick<ApiOptions, 'db' | 'now'>,
  what: Pick<AuditEntry, 'action' | 'object' | 'detail'>,
): Promise<void> {
  const { accountId, login: actor, role } = principalOf(request);
  await audit(db, { at: now(), accountId, actor, role, address: request.ip, ...what });
}

/** Guesses a minute from one address. */
export const MOST_SIGN_INS = 20;

/** Signs somebody in, once they have shown who they are. */
export async function startSession(
  reply: FastifyReply,
  { db, now, config }: ApiOptions,
  { id, login }: { id: number; login: string },
  detail: Record<string, unknown>,
): Promise<void> {
  const at = now();
  const { ip: address } = reply.request;
  const token = await beginSession(db, id, address, at);
  const who = { at, accountId: id, actor: login, role: null, address };
  await audit(db, { ...who, action: 'sign-in', object: `account/${login}`, detail });
  void reply.setCookie(cookieName(config().settings.server), token, cookieOptions(config));
}

/** A page of another site must not use the cookie that the browser sends along (CSRF). */
function requireSameSite({ headers }: FastifyRequest): void {
  const site = headers['sec-fetch-site'];
  if (
    site !== undefined
      ? site !== 'same-origin'
      : headers.origin !== undefined && hostOf(headers.origin) !== headers.host
  )
    throw FOREIGN;
}

const hostOf = (origin: string): string | null => (URL.canParse(origin) ? new URL(origin).host : null);
