import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { may, PERMISSIONS, ROLES, type Permission, type Role } from '../../domain/access.ts';
import { ApiHub, PASSWORD, type Caller } from '../support/api.ts';

const NOW = '2026-11-23T10:00:00+08:00';
const UNIT = { code: '11320200014006438B', name: '市住房和城乡建设局' };

interface Description {
  paths: Record<string, Record<string, { 'x-needs': string; requestBody?: unknown }>>;
}

describe('the API’s one door', () => {
  let hub: ApiHub;
  let callers: Record<Role, Caller>;
  let routes: { method: string; url: string; needs: string }[];
  before(async () => {
    hub = await ApiHub.open(NOW);
    const entries: [string, Caller][] = [];
    for (const role of Object.keys(ROLES) as Role[])
      entries.push([role, await hub.signedIn(role, role === 'issuer' || role === 'user' ? UNIT : null)]);
    callers = Object.fromEntries(entries) as Record<Role, Caller>;
    const { body } = await callers.auditor.get<Description>('/openapi.json');
    routes = Object.entries(body.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { 'x-needs': needs }]) => ({
        method: method.toUpperCase(),
        needs,
        url: path.replace('/api/v1', '').replaceAll(/\{\w+\}/g, '999999'),
      })),
    );
  });
  after(() => hub.close());

  it('lets every role to exactly the routes of its permissions', async () => {
    assert.ok(routes.length > 8, `${routes.length} routes`);
    for (const { method, url, needs } of routes) {
      if (!(needs in PERMISSIONS)) continue;
      for (const role of Object.keys(ROLES) as Role[]) {
        const { status } =
          method === 'GET'
            ? await callers[role].get(url)
            : await callers[role].send(method as 'POST', url, {}, { 'idempotency-key': '' });
        const allowed = may({ role, scopes: null }, needs as Permission);
        if (allowed) assert.ok(![401, 403].includes(status), `${role} ${method} ${url}: ${status}`);
        else assert.equal(status, 403, `${role} ${method} ${url}`);
      }
    }
  });

  it('answers nobody who is not signed in', async () => {
    for (const { method, url, needs } of routes) {
      if (needs === 'public') continue;
      const { status, body } = await hub.ask<{ code: string }>({ method, url });
      assert.equal(status, 401, `${method} ${url}`);
      assert.equal(body.code, 'not-signed-in');
    }
  });

  it('lets nobody change anything from the page of another site', async () => {
    const { status, body } = await callers.management.send<{ code: string }>(
      'POST',
      '/tasks/1/exempt',
      { reason: 'x' },
      {
        'sec-fetch-site': 'cross-site',
      },
    );
    assert.equal(status, 403);
    assert.equal(body.code, 'foreign-site');
    const other = { origin: 'https://elsewhere.example' };
    assert.equal((await callers.management.send('POST', '/tasks/1/exempt', { reason: 'x' }, other)).status, 403);
  });

  it('locks an account after five wrong passwords, for a quarter of an hour; one that is not there looks the same', async () => {
    await hub.signedIn('engineer', null, 'guessed');
    const guess = async (login: string, password: string) => {
      const { status, body } = await hub.ask<{ code: string; title: string; cure: string } | null>({
        method: 'POST',
        url: '/session',
        payload: { login, password },
        // Guesses of one address are also limited by themselves.
        remoteAddress: login === 'guessed' ? '192.0.2.10' : '192.0.2.11',
      });
      return [status, body?.code, body?.title, body?.cure];
    };
    for (let index = 0; index < 7; index++) {
      const answer = await guess('guessed', 'wrong');
      assert.deepEqual(answer.slice(0, 2), index < 4 ? [401, 'wrong-password'] : [423, 'account-locked']);
      assert.deepEqual(await guess('nobody', 'wrong'), answer);
    }
    assert.equal((await guess('guessed', PASSWORD))[0], 423);
    hub.nowMs += 15 * 60_000 + 1;
    assert.equal((await guess('guessed', PASSWORD))[0], 204);
    assert.equal((await guess('nobody', PASSWORD))[0], 401);
  });

  it('keeps a token to its scopes, and from making others', async () => {
    const { body } = await callers.management.send<{ token: string; id: number }>('POST', '/tokens', {
      label: 'report',
      scopes: ['tasks:read', 'accounts:manage'],
      days: 30,
    });
    const program = hub.caller({ authorization: `Bearer ${body.token}` });
    assert.equal((await program.get('/tasks')).status, 200);
    assert.equal((await program.send('POST', '/tasks/1/exempt', { reason: 'x' })).status, 403);
    assert.equal((await program.send('POST', '/tokens', { label: 'x', scopes: ['tasks:read'], days: 1 })).status, 403);
    const { body: listed } = await callers.management.get<{ items: { scopes: string[] }[] }>('/tokens');
    assert.deepEqual(listed.items[0]?.scopes, ['tasks:read']);
    assert.ok(!JSON.stringify(listed).includes(body.token));
    assert.equal((await callers.management.send('DELETE', `/tokens/${body.id}`)).status, 200);
    assert.equal((await program.get('/tasks')).status, 401);
  });

  it('answers in the language that is asked for, naming the field that is wrong', async () => {
    const wrong = '/tasks?limit=many';
    const { body: zh } = await callers.auditor.get<{ title: string; fields: { path: string; message: string }[] }>(
      wrong,
    );
    assert.equal(zh.title, '提交的内容有误');
    assert.equal(zh.fields[0]?.path, 'limit');
    assert.match(zh.fields[0].message, /期望/);
    const { body: en } = await hub
      .caller({ authorization: 'Bearer none', 'accept-language': 'en' })
      .get<{ title: string }>('/tasks');
    assert.equal(en.title, 'Not signed in, or not any more');
  });
});
