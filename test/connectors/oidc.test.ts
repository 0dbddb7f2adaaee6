import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { Provider } from 'oidc-provider';
import { hubSchema } from '../../settings/schemas/hub.ts';
import { addAccount } from '../../store/console/accounts.ts';
import { ApiHub } from '../support/api.ts';

const SECRET = 'known to the hub and the provider';
/** Logins that the provider knows, by its own subjects for them. */
const PEOPLE: Record<string, string> = { 's-100': 'zhang', 's-200': 'nobody', 's-300': 'gone', 's-400': 'zhang' };

/** A browser: cookies of each server, and redirects that it follows. */
class Browser {
  readonly #cookies = new Map<string, Map<string, string>>();
  address = '';

  async open(address: string, form?: Record<string, string>): Promise<{ status: number; text: string }> {
    let next = address;
    let body = form && new URLSearchParams(form);
    for (let hops = 0; hops < 12; hops++) {
      const url = new URL(next, this.address || undefined);
      this.address = url.href;
      const cookies = this.#cookies.get(url.host) ?? new Map<string, string>();
      this.#cookies.set(url.host, cookies);
      const response = await fetch(url, {
        redirect: 'manual',
        method: body ? 'POST' : 'GET',
        body: body ?? null,
        headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '), accept: 'text/html' },
      });
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        if (value === '' || /expires=Thu, 01 Jan 1970/i.test(line)) cookies.delete(name);
        else cookies.set(name, value);
      }
      const { status, headers } = response;
      const to = headers.get('location');
      if (to === null) return { status, text: await response.text() };
      next = new URL(to, url).href;
      body = undefined;
    }
    throw new Error('too many redirects');
  }

  cookie(host: string, name: string): string | undefined {
    return this.#cookies.get(host)?.get(name);
  }

  keep(host: string, name: string, value: string): void {
    this.#cookies.get(host)?.set(name, value);
  }

  headers(host: string): Record<string, string> {
    return { cookie: [...(this.#cookies.get(host) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ') };
  }
}

describe('signing in through an identity provider', () => {
  let hub: ApiHub;
  let address: string;
  let host: string;
  let provider: Server;
  let issuer: string;
  before(async () => {
    hub = await ApiHub.open('2026-11-23T10:00:00+08:00');
    await hub.app.listen({ host: '127.0.0.1', port: 0 });
    host = `127.0.0.1:${(hub.app.server.address() as AddressInfo).port}`;
    address = `http://${host}`;
    provider = createServer();
    await new Promise<void>((done) => provider.listen(0, '127.0.0.1', done));
    issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
    const oidc = new Provider(issuer, {
      clients: [
        {
          client_id: 'hub',
          client_secret: SECRET,
          redirect_uris: [`${address}/api/v1/session/oidc/callback`],
          post_logout_redirect_uris: [`${address}/`],
        },
      ],
      cookies: { keys: ['of the provider'] },
      claims: { openid: ['sub'], profile: ['preferred_username'] },
      findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, preferred_username: PEOPLE[sub] }) }),
    });
    const answer = oidc.callback();
    provider.on('request', (request, response) => void answer(request, response));
    process.env.HUB_TEST_OIDC_SECRET = SECRET;
    const { jurisdiction } = hub.config.settings;
    hub.config.settings.server.oidc = hubSchema.parse({
      jurisdiction,
      reminders: {},
      server: { oidc: { issuer, clientId: 'hub', clientSecret: { env: 'HUB_TEST_OIDC_SECRET' }, label: '市统一认证' } },
    }).server.oidc;
    const { db } = hub.database;
    const at = new Date(hub.nowMs);
    for (const [login, key] of [
      ['zhang', 'external'],
      ['gone', 'external'],
      ['nobody', { password: 'long enough to guess', mustChange: false }],
    ] as const)
      await addAccount(db, { login, name: `${login} 某`, role: 'auditor', unitCode: null }, key, at);
    await db('account').where({ login: 'gone' }).update({ disabled_at: at });
  });
  after(async () => {
    delete process.env.HUB_TEST_OIDC_SECRET;
    provider.closeAllConnections();
    provider.close();
    await hub.close();
  });

  /** Signs in at the provider as one of its subjects and consents; where the browser ends up. */
  const signIn = async (browser: Browser, subject: string): Promise<string> => {
    const shown = await browser.open(`${address}/api/v1/session/oidc`);
    let page = shown.text;
    for (const form of [{ prompt: 'login', login: subject, password: 'x' }, { prompt: 'consent' }]) {
      const [, action] = /action="([^"]+)"/.exec(page) ?? [];
      assert.ok(action, page.slice(0, 300));
      page = (await browser.open(action, form)).text;
      if (browser.address.startsWith(address)) break;
    }
    return browser.address.slice(address.length);
  };
  const session = (browser: Browser) => hub.caller(browser.headers(host)).get<{ login: string }>('/session');
  const audited = (actor: string) =>
    hub.database
      .db('audit')
      .where({ actor })
      .orderBy('id')
      .select<{ action: string; detail: object }[]>('action', 'detail');

  it('tells the sign-in page that there is a provider, and what its button says', async () => {
    const { status, body } = await hub.ask<{ oidc: object; askFor: string }>({ url: '/session/methods' });
    assert.equal(status, 200);
    assert.deepEqual(body.oidc, { label: '市统一认证' });
  });

  it('signs in whom an administrator made an account for, known by their subject from then on', async () => {
    const browser = new Browser();
    assert.equal(await signIn(browser, 's-100'), '/');
    assert.equal((await session(browser)).body.login, 'zhang');
    assert.equal(browser.cookie(host, 'hub-oidc'), undefined);
    // What the provider calls them is not asked again.
    PEOPLE['s-100'] = 'renamed';
    const later = new Browser();
    assert.equal(await signIn(later, 's-100'), '/');
    assert.equal((await session(later)).body.login, 'zhang');
    assert.deepEqual(await audited('zhang'), [
      { action: 'sign-in', detail: { by: 'oidc' } },
      { action: 'sign-in', detail: { by: 'oidc' } },
    ]);
  });

  it('lets in nobody else: unknown logins, accounts with a password, disabled ones, or another subject of a login', async () => {
    PEOPLE['s-500'] = 'stranger';
    for (const subject of ['s-500', 's-200', 's-300', 's-400']) {
      const browser = new Browser();
      assert.equal(await signIn(browser, subject), '/?sign-in=unknown', subject);
      assert.equal((await session(browser)).status, 401);
    }
    assert.deepEqual(
      (await audited('stranger')).map(({ action }) => action),
      ['sign-in refused'],
    );
  });

  it('refuses an answer of the provider that another browser asked for, that was tampered with, or that comes too late', async () => {
    const asked = new Browser();
    await asked.open(`${address}/api/v1/session/oidc`);
    const kept = asked.cookie(host, 'hub-oidc') ?? '';
    assert.ok(kept.length > 100);
    const answer = `${address}/api/v1/session/oidc/callback?code=stolen&state=guessed&iss=${encodeURIComponent(issuer)}`;
    const end = async (browser: Browser) => {
      // The console is not served here.
      await browser.open(answer);
      return browser.address.slice(address.length);
    };
    assert.equal(await end(new Browser()), '/?sign-in=refused');
    const tampered = new Browser();
    await tampered.open(`${address}/api/v1/session/methods`);
    tampered.keep(host, 'hub-oidc', `${kept.slice(0, 40)}A${kept.slice(41)}`);
    assert.equal(await end(tampered), '/?sign-in=refused');
    assert.equal(await end(asked), '/?sign-in=refused');
    const late = new Browser();
    const page = (await late.open(`${address}/api/v1/session/oidc`)).text;
    hub.nowMs += 11 * 60_000;
    const [, action = ''] = /action="([^"]+)"/.exec(page) ?? [];
    const consent = (await late.open(action, { prompt: 'login', login: 's-100', password: 'x' })).text;
    const [, second] = /action="([^"]+)"/.exec(consent) ?? [];
    if (second !== undefined && !late.address.startsWith(address)) await late.open(second, { prompt: 'consent' });
    assert.equal(late.address.slice(address.length), '/?sign-in=refused');
  });

  it('says so when the person declines at the provider', async () => {
    const browser = new Browser();
    const { text } = await browser.open(`${address}/api/v1/session/oidc`);
    const [, abort = ''] = /href="([^"]+\/abort)"/.exec(text) ?? [];
    await browser.open(abort);
    assert.equal(browser.address.slice(address.length), '/?sign-in=refused');
  });

  it('ends the session here, and names the page where the provider ends its own and sends people back', async () => {
    const browser = new Browser();
    await signIn(browser, 's-100');
    const answer = await fetch(`${address}/api/v1/session`, { method: 'DELETE', headers: browser.headers(host) });
    const body = (await answer.json()) as { next: string };
    assert.equal((await session(browser)).status, 401);
    const { text } = await browser.open(body.next);
    const [, action = ''] = /action="([^"]+)"/.exec(text) ?? [];
    const [, xsrf = ''] = /name="xsrf" value="([^"]+)"/.exec(text) ?? [];
    await browser.open(action, { xsrf, logout: 'yes' });
    assert.equal(browser.address, `${address}/`);
    // The provider asks who they are again.
    assert.match((await browser.open(`${address}/api/v1/session/oidc`)).text, /name="login"/);
  });

  it('forgets a subject when an administrator resets the account, and takes the next one of its login', async () => {
    const admin = await hub.signedIn('administrator', null, 'admin');
    const { body } = await admin.get<{ items: { id: number; external: boolean }[] }>('/accounts?text=zhang');
    assert.equal(body.items[0]?.external, true);
    const reset = await admin.send<{ password: null }>('POST', `/accounts/${body.items[0].id}/reset`);
    assert.equal(reset.body.password, null);
    const browser = new Browser();
    assert.equal(await signIn(browser, 's-400'), '/');
    assert.equal((await session(browser)).body.login, 'zhang');
    assert.equal(await signIn(new Browser(), 's-100'), '/?sign-in=unknown');
  });

  it('says that the provider is away, before and after the way there, and passwords go on', async () => {
    const browser = new Browser();
    const { text } = await browser.open(`${address}/api/v1/session/oidc`);
    assert.match(text, /name="login"/);
    const { oidc } = hub.config.settings.server;
    assert.ok(oidc);
    provider.closeAllConnections();
    await new Promise((done) => provider.close(done));
    const state = /"state":"([^"]+)"/.exec(
      Buffer.from((browser.cookie(host, 'hub-oidc') ?? '').split('.')[0] ?? '', 'base64url').toString(),
    )?.[1];
    await browser.open(
      `${address}/api/v1/session/oidc/callback?code=x&state=${state ?? ''}&iss=${encodeURIComponent(issuer)}`,
    );
    assert.equal(browser.address.slice(address.length), '/?sign-in=away');
    // A hub that has just started knows nothing of it.
    hub.config.settings.server.oidc = { ...oidc };
    const fresh = new Browser();
    await fresh.open(`${address}/api/v1/session/oidc`);
    assert.equal(fresh.address.slice(address.length), '/?sign-in=away');
    const payload = { login: 'nobody', password: 'long enough to guess' };
    assert.equal((await hub.ask({ method: 'POST', url: '/session', payload })).status, 204);
  });

  it('takes no provider without TLS, but on this machine', () => {
    const of = (url: string) =>
      hubSchema.safeParse({
        jurisdiction: 'wuxi',
        reminders: {},
        server: { oidc: { issuer: url, clientId: 'hub', clientSecret: { env: 'X' } } },
      });
    assert.equal(of('https://sso.example.gov.cn').success, true);
    assert.equal(of('http://127.0.0.1:9000').success, true);
    const { error } = of('http://sso.example.gov.cn');
    assert.match(error?.issues[0]?.message ?? '', /https/);
  });
});
