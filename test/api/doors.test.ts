import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { noteUnits } from '../../store/ledger/units.ts';
import { ApiHub, PASSWORD, type Caller } from '../support/api.ts';

const NOW = '2026-11-23T10:00:00+08:00';
const PROXY = '10.9.8.7';
const UNIT = { code: '11320200014006438B', name: '市住房和城乡建设局' };
const USERS = { code: '11320200MB0000002B', name: '市人力资源和社会保障局' };
/** 公民身份号码 of nobody, and the form that it had until 1999. */
const PERSON = '320211199001011218';
const OLD = '320211900101121';

interface Entry {
  action: string;
  object: string;
  actor: string;
  address: string | null;
  detail: Record<string, unknown>;
}

describe('the doors of the console', () => {
  let hub: ApiHub;
  let admin: Caller;
  let auditor: Caller;
  let management: Caller;
  let user: Caller;
  before(async () => {
    hub = await ApiHub.open(NOW, undefined, ({ settings }) => {
      settings.server.trustProxy = [PROXY];
    });
    admin = await hub.signedIn('administrator', null, 'admin');
    auditor = await hub.signedIn('auditor');
    management = await hub.signedIn('management');
    user = await hub.signedIn('user', USERS);
    await noteUnits(hub.database.db, [UNIT, USERS]);
  });
  after(() => hub.close());

  const entries = async (action: string): Promise<Entry[]> =>
    (await auditor.get<{ items: Entry[] }>(`/audit?action=${encodeURIComponent(action)}`)).body.items;

  it('judges five guesses at a password, also where twenty come at once', async () => {
    await hub.signedIn('engineer', null, 'guessed');
    const guess = (password: string, index: number) =>
      hub.ask<{ code: string } | null>({
        method: 'POST',
        url: '/session',
        payload: { login: 'guessed', password },
        remoteAddress: `192.0.2.${index}`,
      });
    const guesses = Array.from({ length: 20 }, (_, index) => guess(index < 19 ? 'wrong' : PASSWORD, index));
    const answers = await Promise.all(guesses);
    assert.deepEqual(
      answers.slice(5).map(({ status }) => status),
      Array.from({ length: 15 }, () => 423),
    );
    hub.nowMs += 15 * 60_000 + 1;
    assert.equal((await guess(PASSWORD, 30)).status, 204);
  });

  it('ends the API tokens of an account with its password, and an administrator sees and revokes them', async () => {
    const engineer = await hub.signedIn('engineer', null, 'token-owner');
    const make = async (): Promise<{ id: number; token: string }> =>
      (
        await engineer.send<{ id: number; token: string }>('POST', '/tokens', {
          label: 'report',
          scopes: ['streams:read'],
          days: 30,
        })
      ).body;
    const [first, second] = [await make(), await make()];
    const works = async ({ token }: { token: string }): Promise<number> =>
      (await hub.caller({ authorization: `Bearer ${token}` }).get('/streams')).status;
    const { body: accounts } = await admin.get<{ items: { id: number; login: string }[] }>(
      '/accounts?text=token-owner',
    );
    const tokens = `/accounts/${accounts.items[0]?.id}/tokens`;
    const { body: listed } = await admin.get<{ items: { id: number; revokedAt: string | null }[] }>(tokens);
    assert.deepEqual(listed.items.map(({ id }) => id), [second.id, first.id]); // prettier-ignore
    assert.ok(!JSON.stringify(listed).includes(first.token));
    assert.equal((await management.get(tokens)).status, 403);
    assert.equal((await admin.send('DELETE', `${tokens}/${first.id}`)).status, 200);
    assert.equal((await admin.send('DELETE', `${tokens}/${first.id}`)).status, 404);
    assert.deepEqual([await works(first), await works(second)], [401, 200]);
    const change = { password: PASSWORD, newPassword: 'three quiet rivers at night' };
    assert.equal((await engineer.send('POST', '/session/password', change)).status, 200);
    assert.equal(await works(second), 401);
  });

  it('lists the sessions of an account to itself and to administrators, who end them one by one, written down', async () => {
    const thief = '198.51.100.23';
    const owner = await hub.signedIn('user', USERS, 'session-owner');
    const payload = { login: 'session-owner', password: PASSWORD };
    const { headers } = await hub.ask({ method: 'POST', url: '/session', payload, remoteAddress: thief });
    const stolen = hub.caller({ cookie: String(headers['set-cookie']).split(';')[0] ?? '' });
    interface Login {
      id: number;
      address: string;
      current: boolean;
    }
    const logins = async (caller: Caller, path: string): Promise<Login[]> =>
      (await caller.get<{ items: Login[] }>(path)).body.items;
    const own = await logins(owner, '/logins');
    assert.deepEqual(
      own.map(({ address, current }) => [address, current]),
      [
        [thief, false],
        ['127.0.0.1', true],
      ],
    );
    const of = `/accounts/${(await admin.get<{ items: { id: number }[] }>('/accounts?text=session-owner')).body.items[0]?.id}`;
    assert.equal((await admin.get<{ login: string }>(of)).body.login, 'session-owner');
    const seen = await logins(admin, `${of}/logins`);
    assert.deepEqual(seen.map(({ id, current }) => [id, current]), own.map(({ id }) => [id, false])); // prettier-ignore
    for (const path of [of, `${of}/logins`, `${of}/tokens`]) {
      assert.equal((await management.get(path)).status, 403);
      assert.equal((await admin.get(path.replace(/\d+/, '999999'))).status, 404);
    }
    assert.equal((await user.send('DELETE', `/logins/${own[0]?.id}`)).status, 404, 'of somebody else');
    assert.equal((await stolen.get('/session')).status, 200);
    assert.equal((await owner.send('DELETE', `/logins/${own[0]?.id}`)).status, 200);
    assert.equal((await stolen.get('/session')).status, 401);
    assert.equal((await admin.send('DELETE', `${of}/logins/${own[1]?.id}`)).status, 200);
    assert.equal((await admin.send('DELETE', `${of}/logins/${own[1]?.id}`)).status, 404);
    assert.equal((await owner.get('/session')).status, 401);
    const [ended] = await entries('accounts:manage');
    assert.deepEqual(
      [ended?.actor, ended?.object, ended?.detail],
      ['admin', 'account/session-owner', { changed: 'revoked', login: own[1]?.id }],
    );
    const [revoked] = await entries('session');
    assert.deepEqual([revoked?.actor, revoked?.object], ['session-owner', `login/${own[0]?.id}`]);
  });

  it('an account has at most fifty tokens in force, and those that have ended hide none', async () => {
    const maker = await hub.signedIn('engineer', null, 'many-tokens');
    const make = (days: number) => maker.send('POST', '/tokens', { label: 'report', scopes: ['streams:read'], days });
    for (let index = 0; index < 50; index++) assert.equal((await make(index === 0 ? 366 : 1)).status, 200);
    const { status, body } = await make(1);
    assert.deepEqual([status, body.code], [409, 'too-many-tokens']);
    await hub.database.db.raw(
      `INSERT INTO api_token (account_id, label, token_hash, scopes, created_at, expires_at)
       SELECT account_id, 'old', sha256(n::text::bytea), '{}', created_at, created_at
       FROM (SELECT * FROM api_token WHERE label = 'report' ORDER BY id DESC LIMIT 1) AS one, generate_series(1, 300) AS n`,
    );
    const { body: listed } = await maker.get<{ items: { label: string }[] }>('/tokens');
    assert.equal(listed.items.length, 200);
    assert.deepEqual(new Set(listed.items.slice(0, 50).map(({ label }) => label)), new Set(['report']));
  });

  it('keeps of one account so many files that are taken out, and makes a few at once', async () => {
    const { db } = hub.database;
    const taker = await hub.signedIn('engineer', null, 'taker');
    const { id: account_id } = await db('account').where({ login: 'taker' }).first<{ id: number }>('id');
    const at = new Date(hub.nowMs);
    const kept = (more: object) => ({
      account_id,
      what: 'tasks',
      filter: '{}',
      units: null,
      at,
      taken_until: at,
      ...more,
    });
    await db('export').insert(Array.from({ length: 60 }, () => kept({ finished_at: at })));
    await db('export').insert(Array.from({ length: 5 }, () => kept({})));
    const { status, body } = await taker.send('POST', '/exports/tasks', {});
    assert.deepEqual([status, body.code], [409, 'too-many-exports']);
    await db('export').where({ account_id }).whereNull('finished_at').update({ failed_at: at });
    assert.equal((await taker.send('POST', '/exports/tasks', {})).status, 200);
    assert.equal((await db('export').where({ account_id }).count<{ count: number }[]>('* as count'))[0]?.count, 50);
  });

  it('refuses passwords that are common, repeated, a row of keys, or the login', async () => {
    const chooser = await hub.signedIn('engineer', null, 'zhangsan-wuxi');
    for (const newPassword of [
      'aaaaaaaaaaaa',
      '123456789012',
      'qwertyuiop[]',
      'password1234',
      'zhangsan-wuxi',
      'abcabcabcabc',
    ]) {
      const { status, body } = await chooser.send('POST', '/session/password', { password: PASSWORD, newPassword });
      assert.deepEqual([status, body.code], [400, 'password-guessable'], newPassword);
    }
  });

  it('believes X-Forwarded-For of the proxies that are named, and of nobody else', async () => {
    for (const [remoteAddress, expected] of [
      ['203.0.113.9', '203.0.113.9'],
      [PROXY, '198.51.100.7'],
    ]) {
      const payload = { login: 'nobody', password: 'x' };
      const headers = { 'x-forwarded-for': '198.51.100.7' };
      await hub.ask({ method: 'POST', url: '/session', payload, headers, remoteAddress: remoteAddress ?? '' });
      assert.equal((await entries('sign-in refused'))[0]?.address, expected);
    }
  });

  it('writes down who signed out, who was refused what, and where they came from', async () => {
    const leaver = await hub.signedIn('engineer', null, 'leaver');
    assert.equal((await leaver.send('POST', '/tasks/1/exempt', {})).status, 403);
    assert.equal((await leaver.send('DELETE', '/session')).status, 200);
    const [refused] = await entries('refused');
    assert.deepEqual(
      [refused?.actor, refused?.object, refused?.detail.needs, refused?.address],
      ['leaver', 'POST /tasks/:id/exempt', 'tasks:exempt', '127.0.0.1'],
    );
    const [out] = await entries('sign-out');
    assert.deepEqual([out?.actor, out?.object, out?.address], ['leaver', 'account/leaver', '127.0.0.1']);
  });

  it('finds what came from one address, of what stands in the audit', async () => {
    const payload = { login: 'nobody', password: 'x' };
    const ask = (remoteAddress: string) => hub.ask({ method: 'POST', url: '/session', payload, remoteAddress });
    for (const address of ['2001:db8::17', '203.0.113.77', '203.0.113.77']) await ask(address);
    for (const [address, count] of [
      ['203.0.113.77', 2],
      ['2001:db8::17', 1],
      ['203.0.113.7', 0],
    ] as const) {
      const { body } = await auditor.get<{ items: Entry[] }>(`/audit?address=${encodeURIComponent(address)}`);
      assert.deepEqual(body.items.map((entry) => entry.address), Array.from({ length: count }, () => address)); // prettier-ignore
    }
    assert.equal((await auditor.get('/audit?address=somewhere')).status, 400);
  });

  it('shows no number of a citizen to those who may not see it, in whatever it stands', async () => {
    const numbers = [`锡建2026${PERSON}`, `锡建${OLD}号`, `№${PERSON.slice(0, 17)}x`];
    for (const number of numbers) {
      const { status } = await management.send('POST', '/disputes', { number, statement: '姓名有误' });
      assert.equal(status, 200);
    }
    await hub.database.db('obligation').insert({
      rule: 'X',
      article: '第一条',
      duty: '核实',
      basis: 'internal',
      duty_kind: 'delivery',
      owner_code: USERS.code,
      owner_name: USERS.name,
      subject: `delivery/${PERSON}/2026${PERSON}`,
      started_at: new Date(NOW),
      due_at: new Date(NOW),
      opened_at: new Date(NOW),
    });
    const seen = [
      (await auditor.get<{ items: { id: number }[] }>('/disputes')).body,
      (await management.get('/disputes')).body,
      (await user.get('/tasks')).body,
      (await auditor.get('/tasks?state=overdue')).body,
    ];
    const [{ items } = { items: [] }] = seen as { items: { id: number }[] }[];
    for (const { id } of items) seen.push((await auditor.get(`/disputes/${id}`)).body);
    assert.ok(items.length >= 3 && JSON.stringify(seen).includes('******'));
    for (const body of seen) assert.doesNotMatch(JSON.stringify(body), /320211(?:19)?900101/);
    const { body: open } = await management.get(`/disputes/${items.at(-1)?.id}`);
    assert.match(String(open.number), /320211199001011218/);
    assert.equal((await entries('disputes:personal'))[0]?.object, `dispute/${items.at(-1)?.id}`);
  });

  it('writes down whose rejects were read in clear', async () => {
    const { db } = hub.database;
    const [stream] = await db('stream').where({ name: 'housing-permits' }).select<{ id: number }[]>('id');
    const [reject] = await db('reject')
      .insert({
        stream_id: stream?.id,
        fingerprint: Buffer.alloc(32),
        record_key: PERSON,
        rule: 'date-invalid',
        problems: '[]',
        raw: '{}',
        raw_encoding: 'json',
        first_seen_at: new Date(NOW),
        last_seen_at: new Date(NOW),
        first_batch_id: 0,
        last_batch_id: 0,
      })
      .returning<{ id: number }[]>('id');
    assert.equal((await management.get('/rejects')).status, 200);
    const [look] = await entries('certificates:personal');
    assert.deepEqual([look?.object, look?.detail.rejects, look?.actor], ['rejects', [reject?.id], 'management']);
    assert.equal((await auditor.get('/rejects')).status, 200);
    assert.equal((await entries('certificates:personal')).length, 1, 'masked, it is nobody’s');
    await db('reject').delete();
  });

  it('answers what cannot be kept, read or counted with a 4xx', async () => {
    const forged = (values: unknown): string => Buffer.from(JSON.stringify(values)).toString('base64url');
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const json = { 'content-type': 'application/json' };
    const { cookie } = { cookie: await hub.cookieOf('admin') };
    const asked = [
      management.send('POST', '/disputes', { number: 'A\0', statement: 'x' }),
      management.send('POST', '/disputes', { number: 'A', statement: 'x\ud800' }),
      management.get('/accounts?text=%00'),
      admin.get('/accounts?text=%00'),
      admin.get(`/accounts?after=${forged(['a\0'])}`),
      auditor.get(`/tasks?after=${forged(['yesterday', 1])}`),
      auditor.get(`/tasks?after=${forged([null, 9_007_199_254_740_991])}`),
      auditor.get(`/audit?after=${forged([-9_007_199_254_740_991])}`),
      auditor.get(`/disputes?after=${forged([99_999_999_999])}`),
      auditor.get(`/disputes/99999999999999`),
      auditor.get(`/audit?after=${'A'.repeat(300)}`),
      hub.ask({ method: 'POST', url: '/calendar/preview', payload: deep, headers: { ...json, cookie } }),
      hub.ask({ method: 'POST', url: '/session', payload: `{"login":${deep}}`, headers: json }),
      admin.send('POST', '/calendar/preview', { text: '['.repeat(20_000) }),
      admin.send('POST', '/calendar/preview', { text: bomb() }),
    ];
    for (const [index, answer] of asked.entries()) {
      const { status } = await answer;
      assert.ok(status === 200 || (status >= 400 && status < 500), `request ${index}: ${status}`);
    }
    const statuses = await Promise.all(asked.map(async (answer) => (await answer).status));
    assert.deepEqual(statuses.filter((status) => status === 400).length >= 10, true, statuses.join());
  });
});

/** YAML of a few lines that stands for 10⁹ entries. */
const bomb = (): string =>
  Array.from({ length: 10 }, (_, level) =>
    level === 0
      ? 'a0: &a0 [x,x,x,x,x,x,x,x,x,x]'
      : `a${level}: &a${level} [${Array(10)
          .fill(`*a${level - 1}`)
          .join()}]`,
  ).join('\n');
