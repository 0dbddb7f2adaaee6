import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { OpenAPIV3_1 } from 'openapi-types';
import { ROLES, type Role } from '../../domain/access.ts';
import { ApiHub, PASSWORD, type Caller } from '../support/api.ts';

const NOW = '2026-11-23T10:00:00+08:00';
const UNIT = { code: '11320200014006438B', name: '市住房和城乡建设局' };

/** Who is let to each route, by the letters of their roles; `*`: everybody, `S`: whoever is signed in, `P`: they in person. */
const LETTERS: Record<Role, string> = {
  administrator: 'A',
  engineer: 'E',
  management: 'M',
  issuer: 'I',
  user: 'U',
  auditor: 'D',
};
/** Written down here apart from what the code says of itself: a route that is new needs a row, and a thought. */
const ROUTES: Record<string, string> = {
  'GET /rules': 'AEMIUD',
  'GET /calendar': 'AEMIUD',
  'GET /due': 'AEMIUD',
  'POST /calendar/preview': 'A',
  'POST /calendar/import': 'A',
  'GET /overview': 'AEMIUD',
  'POST /tasks/:id/exempt': 'M',
  'POST /tasks/:id/correct': 'M',
  'POST /tasks/:id/order': 'M',
  'POST /tasks/:id/urge': 'M',
  'GET /tasks': 'AEMIUD',
  'GET /tasks/:id': 'AEMIUD',
  'GET /catalog': 'AEMIUD',
  'GET /public/catalog': '*',
  'GET /catalog/waiting': 'AEMIUD',
  'GET /catalog/:typeCode': 'AEMIUD',
  'POST /catalog/:typeCode/approve': 'M',
  'POST /catalog/:typeCode/refuse': 'M',
  'GET /certificates/:stream/:key': 'EMID',
  'POST /certificates/record': 'MI',
  'GET /certificates/:stream/:key/file': 'MI',
  'GET /certificates': 'EMID',
  'POST /certificates/search': 'MI',
  'GET /streams/:name/days/:date': 'AEMID',
  'GET /rejects': 'EMID',
  'GET /rejects/groups': 'EMID',
  'GET /rejects/:name/sheet': 'MI',
  'POST /rejects/:name/corrections': 'EMI',
  'POST /rejects/:name/replay': 'EMI',
  'POST /streams/:name/run': 'E',
  'POST /streams/:name/resume': 'E',
  'POST /streams/:name/check': 'E',
  'GET /streams/:name/preview': 'AEMID',
  'GET /streams/:name': 'AEMID',
  'GET /streams': 'AEMID',
  'GET /streams/counts': 'AEMID',
  'GET /streams/coverage': 'AEMID',
  'GET /catalog/:typeCode/versions/:version/template': 'AEMIUD',
  'POST /catalog/:typeCode/template': 'MI',
  'GET /declarations': 'AEMID',
  'POST /declarations': 'MI',
  'POST /declarations/:id/end': 'MI',
  'GET /grants': 'MIUD',
  'POST /grants/:id/end': 'M',
  'GET /usage-lists': 'MIUD',
  'POST /usage-lists': 'MIU',
  'GET /usage-lists/:unit/approval': 'MIUD',
  'GET /usage-lists/:unit/versions/:version/sheet': 'MIUD',
  'POST /usage-lists/:unit/approve': 'M',
  'GET /share-catalog': 'MIUD',
  'GET /uses': 'MIUD',
  'GET /use-figures': 'MIUD',
  'GET /unusual-uses': 'MIUD',
  'GET /receipts/:receipt': 'MIUD',
  'GET /disputes': 'MIUD',
  'GET /disputes/:id': 'MIUD',
  'POST /disputes': 'MIU',
  'POST /disputes/:id/answer': 'MI',
  'POST /disputes/:id/manage': 'M',
  'GET /unit-names': 'M',
  'GET /outages': 'AEMID',
  'GET /outages/:id': 'AEMID',
  'GET /outages/:id/evidence': 'AEMID',
  'GET /outages/streams': 'EMI',
  'POST /outages': 'EMI',
  'POST /outages/:id/paper': 'EMI',
  'POST /outages/:id/confirmation': 'M',
  'POST /outages/:id/actions': 'EM',
  'GET /share-requests': 'MIUD',
  'GET /share-requests/:id': 'MIUD',
  'POST /share-requests': 'MU',
  'POST /share-requests/:id/ask': 'M',
  'POST /share-requests/:id/say': 'MIU',
  'POST /share-requests/:id/decide': 'M',
  'POST /share-requests/:id/withdraw': 'MU',
  'GET /figures': 'AMIUD',
  'GET /figures/:figure/shortfall': 'AMIUD',
  'GET /findings': 'MID',
  'GET /findings/:id': 'MID',
  'GET /findings/:id/evidence': 'MID',
  'POST /findings': 'M',
  'POST /findings/:id/order': 'M',
  'POST /findings/:id/dismiss': 'M',
  'POST /findings/:id/transfer': 'M',
  'POST /findings/:id/done': 'MI',
  'POST /findings/:id/recheck': 'M',
  'POST /findings/:id/compare': 'M',
  'POST /findings/:id/notice': 'M',
  'GET /notices/:id': 'MID',
  'GET /inspections': 'MID',
  'POST /inspections/sample': 'M',
  'POST /inspections/trial': 'M',
  'POST /inspections/patrol': 'M',
  'GET /accounts': 'A',
  'GET /accounts/:id': 'A',
  'POST /accounts': 'A',
  'PUT /accounts/:id': 'A',
  'POST /accounts/:id/disable': 'A',
  'POST /accounts/:id/enable': 'A',
  'POST /accounts/:id/reset': 'A',
  'GET /accounts/:id/logins': 'A',
  'DELETE /accounts/:id/logins/:login': 'A',
  'GET /accounts/:id/tokens': 'A',
  'DELETE /accounts/:id/tokens/:token': 'A',
  'GET /audit': 'AD',
  'GET /contacts': 'AMIUD',
  'POST /contacts': 'MIU',
  'POST /contacts/:id/end': 'MIU',
  'GET /events': 'AEMIUD',
  'POST /exports/tasks': 'AEMIUD',
  'POST /exports/findings': 'MID',
  'POST /exports/disputes': 'MIUD',
  'POST /exports/outages': 'AEMID',
  'POST /exports/share-requests': 'MIUD',
  'POST /exports/streams': 'AEMID',
  'POST /exports/audit': 'AD',
  'POST /exports/figures': 'AMIUD',
  'GET /exports': 'AEMIUD',
  'GET /exports/:id': 'AEMIUD',
  'GET /exports/:id/file': 'AEMIUD',
  'GET /session/methods': '*',
  'GET /session/oidc': '*',
  'GET /session/oidc/callback': '*',
  'GET /operation': 'AED',
  'GET /views': 'S',
  'POST /views': 'P',
  'DELETE /views/:id': 'P',
  'POST /session': '*',
  'GET /session': 'S',
  'DELETE /session': 'S',
  'POST /session/password': 'P',
  'GET /logins': 'P',
  'DELETE /logins/:id': 'P',
  'GET /tokens': 'P',
  'POST /tokens': 'P',
  'DELETE /tokens/:id': 'P',
  'GET /units': 'AEMIUD',
  'POST /units': 'A',
  'PUT /units/:code': 'A',
  'GET /openapi.json': 'S',
};

describe('the API’s one door', () => {
  let hub: ApiHub;
  let callers: Record<Role, Caller>;
  let declared: string[];
  let routes: { method: 'GET' | 'POST'; url: string; who: string }[];
  before(async () => {
    hub = await ApiHub.open(NOW);
    const entries: [string, Caller][] = [];
    for (const role of Object.keys(ROLES) as Role[])
      entries.push([role, await hub.signedIn(role, role === 'issuer' || role === 'user' ? UNIT : null)]);
    callers = Object.fromEntries(entries) as Record<Role, Caller>;
    const { body } = await callers.auditor.get<OpenAPIV3_1.Document>('/openapi.json');
    const described = Object.entries(body.paths ?? {}).flatMap(([path, of = {}]) =>
      Object.keys(of).map((method) => `${method.toUpperCase()} ${path.replace('/api/v1', '')}`),
    );
    declared = [...described.map((route) => route.replaceAll(/\{(\w+)\}/g, ':$1')), 'GET /openapi.json'];
    routes = declared.map((route) => {
      const [method = '', url = ''] = route.replaceAll(/:\w+/g, '999999').split(' ');
      return { method: method as 'GET', url, who: ROUTES[route] ?? '' };
    });
  });
  after(() => hub.close());

  it('has a row for each of its routes, and none beside', () => {
    assert.deepEqual(declared.toSorted(), Object.keys(ROUTES).toSorted());
  });

  it('lets every role to exactly the routes of its row', async () => {
    for (const { method, url, who } of routes) {
      // Whoever signs out is let to nothing afterwards.
      if (`${method} ${url}` === 'DELETE /session') continue;
      for (const role of Object.keys(ROLES) as Role[]) {
        const { status } = method === 'GET' ? await callers[role].get(url) : await callers[role].send(method, url, {});
        const name = `${role} ${method} ${url}: ${status}`;
        if (/[*SP]/.test(who) || who.includes(LETTERS[role])) assert.ok(![401, 403, 500].includes(status), name);
        else assert.equal(status, 403, name);
      }
    }
  });

  it('lets an API token to the routes of its scopes, and to none that is for people', async () => {
    const { body } = await callers.administrator.send<{ token: string }>('POST', '/tokens', {
      label: 'calendar',
      scopes: ['calendar:read'],
      days: 1,
    });
    const headers = { authorization: `Bearer ${body.token}` };
    for (const { method, url, who } of routes) {
      const payload = method === 'GET' ? {} : { payload: {} };
      const { status } = await hub.ask({ method, url, headers, remoteAddress: '192.0.2.20', ...payload });
      if (/[*S]/.test(who) || /^\/(calendar|due)$/.test(url)) assert.notEqual(status, 403, `${method} ${url}`);
      else assert.equal(status, 403, `${method} ${url}`);
    }
  });

  it('answers nobody who is not signed in', async () => {
    for (const { method, url, who } of routes) {
      if (who === '*') continue;
      const { status, body } = await hub.ask<{ code: string }>({ method, url, remoteAddress: '192.0.2.21' });
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
