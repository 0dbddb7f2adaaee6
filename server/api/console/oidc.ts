import { sign, unsign } from '@fastify/cookie';
import { createHmac } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import * as openid from 'openid-client';
import { z } from 'zod';
import { resolveReference } from '../../../settings/environment.ts';
import type { OidcSettings } from '../../../settings/schemas/hub.ts';
import { HubError } from '../../../domain/errors.ts';
import { accountOfSubject, claimAccount } from '../../../store/console/accounts.ts';
import { audit } from '../../../store/console/audit.ts';
import { cookieName, cookieOptions, MOST_SIGN_INS, startSession } from '../base/access.ts';
import type { ApiOptions } from '../base/api.ts';
import { get } from '../base/route.ts';

/** Why somebody comes back from the identity provider without being signed in; the sign-in page says it. */
export type OidcFault = 'away' | 'refused' | 'unknown';

/** How long somebody may take at the provider. */
const LONGEST_MS = 10 * 60_000;
const ANSWER_WITHIN_S = 8;

/** What is known of a sign-in on its way, kept by the browser alone. */
const underWay = z.object({ state: z.string(), nonce: z.string(), verifier: z.string(), until: z.number() });

const methodsView = z
  .object({
    oidc: z.object({ label: z.string() }).nullable().meta({ description: 'What the provider’s button says' }),
    askFor: z.string().meta({ description: 'The unit whose administrators make accounts' }),
  })
  .meta({ id: 'SignInMethods' });
export type MethodsView = z.input<typeof methodsView>;

const secretOf = ({ clientSecret }: OidcSettings): string => resolveReference(clientSecret, 'server.oidc.clientSecret');

/** What a provider can do, asked once for each configuration that there is. */
const providers = new WeakMap<OidcSettings, Promise<openid.Configuration>>();

async function providerOf(settings: OidcSettings): Promise<openid.Configuration> {
  const known = providers.get(settings);
  if (known) return known;
  const issuer = new URL(settings.issuer);
  const asked = openid.discovery(issuer, settings.clientId, secretOf(settings), undefined, {
    timeout: ANSWER_WITHIN_S,
    execute: [
      openid.enableNonRepudiationChecks,
      // The configuration lets nothing but this machine itself be asked without TLS.
      // oxlint-disable-next-line typescript/no-deprecated
      ...(issuer.protocol === 'http:' ? [openid.allowInsecureRequests] : []),
    ],
  });
  providers.set(settings, asked);
  // One that was away is asked again.
  asked.catch(() => providers.delete(settings));
  return asked;
}

/** Where somebody who signed in through the provider ends their session there; null where it has no such page. */
export async function signOutAddress(request: FastifyRequest, { config, logger }: ApiOptions): Promise<string | null> {
  const { oidc } = config().settings.server;
  if (!oidc) return null;
  try {
    const provider = await providerOf(oidc);
    if (provider.serverMetadata().end_session_endpoint === undefined) return null;
    return openid.buildEndSessionUrl(provider, { post_logout_redirect_uri: `${addressOf(request, config)}/` }).href;
  } catch (error) {
    logger.warn('the identity provider could not be asked to end a session', { error: nameOf(error) });
    return null;
  }
}

const cookieOf = ({ config }: ApiOptions): string => `${cookieName(config().settings.server)}-oidc`;
const keyOf = (oidc: OidcSettings): Buffer => createHmac('sha256', secretOf(oidc)).update('sign-in').digest();
const back = (reply: FastifyReply, fault: OidcFault): FastifyReply => reply.redirect(`/?sign-in=${fault}`);

const getSignInMethods = get(
  '/session/methods',
  { needs: 'public', summary: '登录方式 Ways to sign in', tag: 'session', answer: methodsView },
  (_request, { config }) => {
    const { server, managementName } = config().settings;
    return { oidc: server.oidc ? { label: server.oidc.label } : null, askFor: managementName };
  },
);

const getOidcSignIn = get(
  '/session/oidc',
  {
    needs: 'public',
    summary: '统一身份认证登录 Sign in through the identity provider',
    tag: 'session',
    most: MOST_SIGN_INS,
    answer: { status: 302 },
    problems: [404],
  },
  async (request, options, reply) => {
    const { now, config, logger } = options;
    const { oidc } = config().settings.server;
    if (!oidc) return reply.callNotFound();
    try {
      const provider = await providerOf(oidc);
      const verifier = openid.randomPKCECodeVerifier();
      const [state, nonce] = [openid.randomState(), openid.randomNonce()];
      const kept = JSON.stringify({ state, nonce, verifier, until: now().getTime() + LONGEST_MS });
      const address = openid.buildAuthorizationUrl(provider, {
        redirect_uri: `${addressOf(request, config)}/api/v1/session/oidc/callback`,
        scope: 'openid profile',
        state,
        nonce,
        code_challenge_method: 'S256',
        code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      });
      const value = sign(Buffer.from(kept).toString('base64url'), keyOf(oidc));
      return await reply
        .setCookie(cookieOf(options), value, { ...cookieOptions(config), maxAge: LONGEST_MS / 1000 })
        .redirect(address.href);
    } catch (error) {
      logger.warn('the identity provider could not be asked', { error: nameOf(error) });
      return back(reply, 'away');
    }
  },
);

const getOidcCallback = get(
  '/session/oidc/callback',
  {
    needs: 'public',
    summary: '统一身份认证返回 Where the identity provider sends people back',
    tag: 'session',
    most: MOST_SIGN_INS,
    answer: { status: 302 },
    problems: [404],
  },
  async (request, options, reply) => {
    const { db, now, config, logger } = options;
    const { oidc } = config().settings.server;
    if (!oidc) return reply.callNotFound();
    const at = now();
    const kept = request.cookies[cookieOf(options)];
    void reply.clearCookie(cookieOf(options), cookieOptions(config));
    try {
      const opened = kept === undefined ? null : readKept(kept, keyOf(oidc));
      if (!opened || opened.until < at.getTime()) return await back(reply, 'refused');
      const provider = await providerOf(oidc);
      const address = new URL(`${addressOf(request, config)}${request.url}`);
      const tokens = await openid.authorizationCodeGrant(provider, address, {
        pkceCodeVerifier: opened.verifier,
        expectedState: opened.state,
        expectedNonce: opened.nonce,
      });
      const claims = tokens.claims();
      if (!claims) return await back(reply, 'refused');
      const { account, login } = await accountOf(db, oidc, claims, () =>
        openid.fetchUserInfo(provider, tokens.access_token, claims.sub),
      );
      const entry = { at, role: null, detail: { by: 'oidc' }, address: request.ip };
      if (!account) {
        const actor = login ?? 'unknown';
        const refused = { ...entry, actor, object: `account/${actor}`, action: 'sign-in refused', accountId: null };
        await audit(db, refused);
        return await back(reply, 'unknown');
      }
      await startSession(reply, options, account, entry.detail);
      return await reply.redirect('/');
    } catch (error) {
      const refused = isRefusal(error);
      logger.warn('a sign-in through the identity provider failed', { error: nameOf(error) });
      return back(reply, refused ? 'refused' : 'away');
    }
  },
);

/** Whose account a subject of the provider has: one that is bound to it, else the one of the login that it claims. */
async function accountOf(
  db: ApiOptions['db'],
  { loginClaim }: OidcSettings,
  claims: openid.IDToken,
  userInfo: () => Promise<openid.UserInfoResponse>,
): Promise<{ account: { id: number; login: string } | null; login: string | null }> {
  const known = await accountOfSubject(db, claims.sub);
  if (known) return { account: known, login: known.login };
  const said = claims[loginClaim] ?? (await userInfo())[loginClaim];
  if (typeof said !== 'string') return { account: null, login: null };
  const login = said.toLowerCase();
  return { account: await claimAccount(db, login, claims.sub), login };
}

function readKept(cookie: string, key: Buffer): z.output<typeof underWay> | null {
  const { valid, value } = unsign(cookie, key);
  return valid ? underWay.parse(JSON.parse(Buffer.from(value, 'base64url').toString())) : null;
}

/** Whether the provider or the person said no; anything else is that the provider cannot be spoken to. */
const isRefusal = (error: unknown): boolean =>
  error instanceof openid.AuthorizationResponseError ||
  (error instanceof openid.ResponseBodyError && error.error === 'invalid_grant') ||
  (error instanceof openid.ClientError && error.code === 'OAUTH_INVALID_RESPONSE');

/** What is logged: codes, for messages could quote what somebody is called. */
const nameOf = (error: unknown): string =>
  error instanceof HubError ? error.message : ((error as { code?: string }).code ?? (error as Error).name);

/** The address that browsers know the hub by. */
const addressOf = (request: FastifyRequest, config: ApiOptions['config']): string =>
  (config().settings.server.publicUrl ?? `${request.protocol}://${request.host}`).replace(/\/$/, '');

/** Signing in through an identity provider: authorization code with PKCE. */
export const oidcRoutes = { getSignInMethods, getOidcSignIn, getOidcCallback };
