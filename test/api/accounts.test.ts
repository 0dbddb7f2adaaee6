import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ApiHub, type Caller } from '../support/api.ts';

const NOW = '2026-11-23T10:00:00+08:00';
const HOUSING = { code: '11320200014006438B', name: '市住房和城乡建设局' };
const CITY = '11320200000000001A';
const DISTRICT = '11320211000000002B';

interface Shown {
  id: number;
  login: string;
  role: string;
  version: string;
  disabledAt: string | null;
  external: boolean;
}
interface Fault {
  code: string;
  title: string;
  fields?: { path: string; message: string }[];
}

describe('units and accounts', () => {
  let hub: ApiHub;
  let admin: Caller;
  let auditor: Caller;
  before(async () => {
    hub = await ApiHub.open(NOW);
    admin = await hub.signedIn('administrator', null, 'admin');
    auditor = await hub.signedIn('auditor');
  });
  after(() => hub.close());

  const find = async (login: string): Promise<Shown> => {
    const { body } = await admin.get<{ items: Shown[] }>(`/accounts?text=${login}`);
    const found = body.items.find((one) => one.login === login);
    assert.ok(found, login);
    return found;
  };
  const add = (account: object, headers: Record<string, string> = {}) =>
    admin.send<{ password: string } & Fault>('POST', '/accounts', account, headers);
  const entries = async (object: string) =>
    (
      await auditor.get<{ items: { actor: string; action: string; detail: Record<string, unknown> }[] }>(
        `/audit?object=${encodeURIComponent(object)}`,
      )
    ).body.items;

  it('says a first password once: it signs in and has to be changed, and a repetition does not hear it', async () => {
    const key = { 'idempotency-key': 'add li' };
    const account = { login: 'Li.Si', name: '李四', role: 'engineer' };
    const { status, body } = await add(account, key);
    assert.equal(status, 200);
    const again = await add(account, key);
    assert.equal(again.status, 409);
    assert.equal(again.body.code, 'shown-once');
    const payload = { login: 'li.si', password: body.password };
    const { status: signedIn, headers } = await hub.ask({ method: 'POST', url: '/session', payload });
    assert.equal(signedIn, 204);
    const li = hub.caller({ cookie: String(headers['set-cookie']).split(';')[0] ?? '' });
    assert.equal((await li.get<Fault>('/tasks')).body.code, 'password-change');
    const { rows } = await hub.database.db.raw<{ rows: { text: string }[] }>(
      `SELECT row_to_json(r)::text AS text FROM answered_request r UNION ALL SELECT row_to_json(a)::text FROM audit a`,
    );
    assert.ok(rows.length > 0);
    for (const { text } of rows) assert.ok(!text.includes(body.password));
    const [entry] = (await entries('account/li.si')).filter(({ action }) => action === 'accounts:manage');
    assert.equal(entry?.actor, 'admin');
    assert.deepEqual(entry.detail, { changed: 'added', role: 'engineer', unit: null, external: false });
  });

  it('refuses beside its field a login that is taken, a role without its unit, and a unit that nobody knows', async () => {
    const refused = async (account: object, path: string) => {
      const { status, body } = await add(account);
      assert.ok(status === 400 || status === 409, String(status));
      assert.deepEqual(
        body.fields?.map((field) => field.path),
        [path],
      );
    };
    await refused({ login: 'admin', name: '某', role: 'auditor' }, 'login');
    await refused({ login: 'not a login', name: '某', role: 'auditor' }, 'login');
    await refused({ login: 'one', name: '某', role: 'issuer' }, 'unitCode');
    await refused({ login: 'two', name: '某', role: 'issuer', unitCode: '999999999999999999' }, 'unitCode');
    await refused({ login: 'three', name: ' ', role: 'auditor' }, 'name');
    await refused({ login: 'four', name: '某', role: 'chief' }, 'role');
  });

  it('says who was first when two change one account, and ends its sessions', async () => {
    const wang = await hub.signedIn('engineer', null, 'wang');
    assert.equal((await wang.get('/session')).status, 200);
    const { id, version } = await find('wang');
    const seen = { 'if-match': `"${version}"` };
    const change = (role: string) => admin.send<Fault>('PUT', `/accounts/${id}`, { name: '王五', role }, seen);
    assert.equal((await change('auditor')).status, 200);
    const late = await change('management');
    assert.equal(late.status, 409);
    assert.equal(late.body.code, 'changed-meanwhile');
    assert.match(late.body.title, /admin 已于 2026-11-23 10:00 先行处理（变更）$/);
    assert.equal((await find('wang')).role, 'auditor');
    assert.equal((await wang.get('/session')).status, 401);
  });

  it('disables an account, which ends its tokens too, and enables it again', async () => {
    const zhao = await hub.signedIn('management', null, 'zhao');
    const { body } = await zhao.send<{ token: string }>('POST', '/tokens', {
      label: 'report',
      scopes: ['tasks:read'],
      days: 9,
    });
    const program = hub.caller({ authorization: `Bearer ${body.token}` });
    assert.equal((await program.get('/tasks')).status, 200);
    const { id } = await find('zhao');
    assert.equal((await admin.send('POST', `/accounts/${id}/disable`)).status, 200);
    assert.equal((await zhao.get('/session')).status, 401);
    assert.equal((await program.get('/tasks')).status, 401);
    assert.ok((await find('zhao')).disabledAt);
    assert.equal((await admin.send('POST', `/accounts/${id}/enable`)).status, 200);
    assert.equal((await program.get('/tasks')).status, 200);
    assert.deepEqual((await entries('account/zhao')).map(({ detail }) => detail.changed).filter(Boolean), [
      'enabled',
      'disabled',
    ]);
  });

  it('keeps the last administrator, also when two take the role from each other at once', async () => {
    const own = await find('admin');
    const demote = (caller: Caller, id: number) =>
      caller.send<Fault>('PUT', `/accounts/${id}`, { name: '某', role: 'auditor' });
    assert.equal((await demote(admin, own.id)).body.code, 'last-administrator');
    assert.equal((await admin.send<Fault>('POST', `/accounts/${own.id}/disable`)).body.code, 'last-administrator');
    const second = await hub.signedIn('administrator', null, 'second');
    const other = await find('second');
    const both = await Promise.all([demote(admin, other.id), demote(second, own.id)]);
    assert.deepEqual(both.map(({ status }) => status).sort(), [200, 409]);
    const { rows } = await hub.database.db.raw<{ rows: { login: string }[] }>(
      `SELECT login FROM account WHERE role = 'administrator' AND disabled_at IS NULL`,
    );
    assert.equal(rows.length, 1);
    // The other tests go on with whoever it is.
    await hub.database.db('account').where({ login: 'admin' }).update({ role: 'administrator' });
    const { headers } = await hub.ask({
      method: 'POST',
      url: '/session',
      payload: { login: 'admin', password: 'long enough to guess' },
    });
    admin = hub.caller({ cookie: String(headers['set-cookie']).split(';')[0] ?? '' });
  });

  it('puts districts under their city, whose people see them from then on, and refuses a ring beside its field', async () => {
    const unit = (method: 'POST' | 'PUT', path: string, body: object) => admin.send<Fault>(method, path, body);
    assert.equal((await unit('POST', '/units', { code: CITY, name: '市局' })).status, 200);
    assert.equal((await unit('POST', '/units', { code: DISTRICT, name: '区局' })).status, 200);
    const taken = await unit('POST', '/units', { code: CITY, name: '另一个' });
    assert.equal(taken.body.fields?.[0]?.path, 'code');
    const user = await hub.signedIn('user', { code: CITY, name: '市局' }, 'city');
    const seen = async () =>
      (await user.get<{ items: { code: string }[] }>('/units')).body.items.map(({ code }) => code);
    assert.deepEqual(await seen(), [CITY]);
    const { items } = (await admin.get<{ items: { code: string; version: string }[] }>('/units')).body;
    const version = items.find(({ code }) => code === DISTRICT)?.version ?? '';
    assert.equal((await unit('PUT', `/units/${DISTRICT}`, { name: '区局', parentCode: CITY })).status, 200);
    assert.deepEqual((await seen()).sort(), [CITY, DISTRICT]);
    const stale = { 'if-match': `"${version}"` };
    const late = await admin.send<Fault>('PUT', `/units/${DISTRICT}`, { name: '区局', parentCode: null }, stale);
    assert.equal(late.status, 409);
    assert.match(late.body.title, /^admin 已于 .* 先行处理/);
    const ring = await unit('PUT', `/units/${CITY}`, { name: '市局', parentCode: DISTRICT });
    assert.equal(ring.status, 400);
    assert.equal(ring.body.fields?.[0]?.path, 'parentCode');
    assert.match(ring.body.title, /上级单位不能是本单位或其下级/);
    assert.equal((await unit('PUT', '/units/999', { name: '无' })).status, 404);
    assert.deepEqual((await entries(`unit/${DISTRICT}`))[0]?.detail, {
      changed: 'changed',
      parent: { from: null, to: CITY },
    });
  });

  it('lets a unit put its own contacts on file and nobody else’s, masked to those who only read', async () => {
    const issuer = await hub.signedIn('issuer', HOUSING, 'issuer');
    const management = await hub.signedIn('management', null, 'manager');
    const contact = { unitCode: HOUSING.code, person: '王工', phone: '13800001234' };
    const file = (caller: Caller, body: object) => caller.send<{ id: number } & Fault>('POST', '/contacts', body);
    const { status, body } = await file(issuer, contact);
    assert.equal(status, 200);
    assert.equal((await file(issuer, { ...contact, unitCode: CITY })).body.code, 'unit-unknown');
    assert.equal((await file(issuer, { unitCode: HOUSING.code, person: '王工' })).body.fields?.[0]?.path, 'email');
    const phone = async (caller: Caller) =>
      (await caller.get<{ items: { id: number | null; phone: string | null }[] }>('/contacts')).body.items.find(
        ({ id }) => id === body.id,
      )?.phone;
    assert.equal(await phone(issuer), '13800001234');
    assert.equal(await phone(management), '13800001234');
    assert.equal(await phone(auditor), '138****34');
    const foreign = await file(management, { ...contact, unitCode: CITY });
    assert.equal((await issuer.send('POST', `/contacts/${foreign.body.id}/end`)).status, 404);
    assert.equal((await issuer.send('POST', `/contacts/${body.id}/end`)).status, 200);
    assert.equal((await issuer.send('POST', `/contacts/${body.id}/end`)).status, 404);
    const [entry] = await entries(`contact/${body.id}`);
    assert.deepEqual(entry?.detail, { unit: HOUSING.code, changed: 'ended' });
    assert.ok(!JSON.stringify(await entries(`contact/${body.id}`)).includes('1380000'));
  });

  it('shows the audit by who, what, which and when, a page at a time, the latest first', async () => {
    interface Page {
      items: { id: number; actor: string; action: string }[];
      next: string | null;
    }
    const of = async (query: string) => (await auditor.get<Page>(`/audit?${query}`)).body;
    const all = await of('limit=200');
    const first = await of('limit=3');
    const second = await of(`limit=3&after=${first.next ?? ''}`);
    assert.deepEqual(
      [...first.items, ...second.items].map(({ id }) => id),
      all.items.slice(0, 6).map(({ id }) => id),
    );
    assert.ok(all.items.every(({ id }, index) => index === 0 || id < (all.items[index - 1]?.id ?? 0)));
    const filtered = await of('actor=admin&action=accounts:manage');
    assert.ok(filtered.items.length > 3);
    assert.ok(filtered.items.every(({ actor, action }) => actor === 'admin' && action === 'accounts:manage'));
    assert.equal((await of('from=2026-11-23&to=2026-11-23&limit=200')).items.length, all.items.length);
    assert.equal((await of('to=2026-11-22')).items.length, 0);
    assert.equal((await of('from=2026-11-24')).items.length, 0);
  });

  it('limits requests of one address, guesses at passwords sooner, and says when to come again', async () => {
    const guess = (login: string) =>
      hub.app.inject({
        method: 'POST',
        url: '/api/v1/session',
        remoteAddress: '192.0.2.7',
        payload: { login, password: 'x' },
      });
    let answer = await guess('nobody');
    for (let index = 0; index < 20 && answer.statusCode === 401; index++) answer = await guess(`nobody-${index}`);
    assert.equal(answer.statusCode, 429);
    assert.match(String(answer.headers['content-type']), /^application\/problem\+json/);
    assert.ok(Number(answer.headers['retry-after']) > 0);
    assert.equal(answer.json<Fault>().code, 'too-many-requests');
    // Another address is another guesser, and what is no guess goes on.
    const other = await hub.app.inject({ url: '/api/v1/session/methods', remoteAddress: '192.0.2.7' });
    assert.equal(other.statusCode, 200);
    assert.equal(Number(other.headers['x-ratelimit-limit']), 1200);
    assert.equal(other.headers['cache-control'], 'no-store');
    assert.equal(other.headers['x-content-type-options'], 'nosniff');
    const elsewhere = await hub.app.inject({
      method: 'POST',
      url: '/api/v1/session',
      remoteAddress: '192.0.2.8',
      payload: { login: 'nobody', password: 'x' },
    });
    assert.equal(elsewhere.statusCode, 401);
  });
});
