import assert from 'node:assert/strict';
import { createHmac, hash } from 'node:crypto';
import { connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { FastifyInstance } from 'fastify';
import type { Knex } from 'knex';
import { approveDemoCatalog } from '../../cli/demo/catalog.ts';
import { shanghaiInstant } from '../../domain/dates.ts';
import { provide } from '../../settings/environment.ts';
import { httpConnectorSchema } from '../../settings/kinds/http.ts';
import { inboxConnectorSchema } from '../../settings/kinds/inbox.ts';
import type { HubConfig } from '../../settings/load.ts';
import { Streams } from '../../connectors/registry.ts';
import { createHubLogger } from '../../settings/logger.ts';
import { createApp } from '../../server/app.ts';
import { syncCompletedCases } from '../../store/casework/completed-cases.ts';
import { findAlerts } from '../../store/ledger/alerts.ts';
import { noteRestoration, openRestoration, settleRestoration } from '../../store/ledger/restorations.ts';
import { openDatabase } from '../../store/database.ts';
import { INBOX_LIMITS } from '../../server/inbox/request.ts';
import { pauseStream, saveStreams } from '../../store/collection/streams.ts';
import { tasksOf, useProfile } from '../support/arrivals.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { freePorts } from '../support/ports.ts';
import { signedHeaders } from '../support/signed.ts';

const logger = createHubLogger({ level: 'error', format: 'json' }, 'test');
const NOW = new Date('2026-11-22T12:00:00+08:00');
const TOKEN = 'token-4711';
const SECRET = 'signature-4712';
const FIRE_TOKEN = 'token-4713';
/** What no error may show: it stands in every record. */
const PRIVATE = '无锡机密某某公司';
const MOST = 50;

const common = { unit: '11320200014006438B', kind: 'inbox', token: { env: 'INBOX_TEST_TOKEN' }, most: MOST };
const stream = (id: string, more: object = {}): object => ({
  id,
  certificateType: { code: '111000000000134939003', name: '特种行业许可证' },
  record: { key: 'id', updatedAt: 'at' },
  status: { field: 'state', values: { A: 'valid', C: 'cancelled' } },
  ...more,
});
const connectors = [
  { id: 'police', ...inboxConnectorSchema.parse({ name: '市公安局', ...common, streams: [stream('police-permits')] }) },
  {
    id: 'signed',
    ...inboxConnectorSchema.parse({
      name: '市司法局',
      ...common,
      streams: [stream('signed-permits'), stream('more-signed-permits')],
      signature: { secret: { env: 'INBOX_TEST_SECRET' }, tolerance: '5m' },
    }),
  },
  {
    id: 'strict',
    ...inboxConnectorSchema.parse({
      name: '市民政局',
      ...common,
      streams: [stream('strict-permits', { contract: { added: 'reject' } })],
    }),
  },
  {
    id: 'derived',
    ...inboxConnectorSchema.parse({
      name: '市城管局',
      ...common,
      streams: [
        stream('field-permits', { completed: { at: 'case.doneAt', mode: 'offline' } }),
        stream('issue-permits', { completed: { at: 'issuedOn', mode: 'offline' } }),
      ],
    }),
  },
  {
    id: 'fire',
    ...inboxConnectorSchema.parse({
      name: '市消防救援支队',
      ...common,
      token: { env: 'INBOX_TEST_FIRE_TOKEN' },
      streams: [stream('fire-permits')],
    }),
  },
  {
    id: 'parks',
    ...httpConnectorSchema.parse({
      name: '市园林局',
      unit: '11320200014006438B',
      kind: 'http',
      baseUrl: 'http://127.0.0.1',
      streams: [{ ...stream('park-permits'), path: '/permits', response: { records: 'list', total: 'total' } }],
    }),
  },
];

const hashOf = (body: string): Record<string, string> => ({ 'x-hub-content-hash': hash('sha256', body, 'hex') });
/** What was signed before paths, keys and nonces were: a request could be repeated under another key. */
const formerly = (body: string): Record<string, string> => ({
  'x-hub-timestamp': String(NOW.getTime()),
  'x-hub-signature': createHmac('sha256', SECRET).update(`${NOW.getTime()}.${body}`).digest('hex'),
});

interface Result {
  key: string | null;
  outcome: string;
  problems?: { rule: string; field: string }[];
}
interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: {
    batch: number;
    receipt: number;
    repeat?: { after: number; since: string };
    committed: number;
    rejected: number;
    results: Result[];
  } & {
    equal: boolean;
    records: number;
    library: number;
  } & { title: string; detail: string };
}

describe('the inbox', () => {
  let database: TestDatabase;
  let db: Knex;
  let inbox: Knex;
  let streams: Streams;
  let app: FastifyInstance;
  const appOver = (pool: Knex): FastifyInstance =>
    createApp(
      { db, now: () => NOW, aheadMs: () => 0, countWorkers: () => Promise.resolve(1), faultyFiles: () => [] },
      { db: pool, logger, now: () => NOW, streams: () => streams },
    );
  before(async () => {
    provide('INBOX_TEST_TOKEN', TOKEN);
    provide('INBOX_TEST_SECRET', SECRET);
    provide('INBOX_TEST_FIRE_TOKEN', FIRE_TOKEN);
    database = await createDatabase();
    ({ db } = database);
    await approveDemoCatalog(db);
    inbox = openDatabase(database.url, 'inbox', INBOX_LIMITS);
    streams = new Streams({ connectors, ownKinds: new Map() } as unknown as HubConfig);
    app = appOver(inbox);
    await app.ready();
  });
  after(async () => {
    await app.close();
    await inbox.destroy();
    await database.drop();
  });
  beforeEach(async () => {
    await db.raw(
      `TRUNCATE certificate, certificate_history, reject, batch, batch_page, push, drift, stream_field, completed_case,
         case_announcement, obligation CASCADE`,
    );
    await db('coverage').delete();
    await db('stream').update({ fields_known_at: null });
    await saveStreams(
      db,
      connectors.flatMap(({ id, streams }) =>
        streams.map(({ id: name }) => ({
          name,
          title: name,
          connector: id,
          unitCode: 'U',
          unitName: 'U',
          delivery: 'daily' as const,
          since: new Date('2026-11-20T00:00:00+08:00'),
          daily: null,
        })),
      ),
      NOW,
    );
  });

  async function send(
    path: string,
    payload: string | Buffer,
    headers: Record<string, string> = {},
    to = app,
  ): Promise<Answer> {
    const response = await to.inject({
      method: 'POST',
      url: `/inbox/v1/${path}`,
      payload,
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', ...headers },
    });
    if (response.statusCode >= 400) {
      assert.equal(response.headers['content-type'], 'application/problem+json; charset=utf-8');
      const problem = response.json<{ type: string; status: number; title: string; detail: string }>();
      assert.deepEqual([problem.type, problem.status], ['about:blank', response.statusCode]);
      assert.ok(problem.title.length > 0 && problem.detail.length > 0);
      assert.ok(!response.body.includes(PRIVATE), 'an error shows what a record holds');
    }
    return { status: response.statusCode, headers: response.headers, body: response.json() };
  }
  const push = (body: unknown, headers: Record<string, string> = {}, path = 'police-permits'): Promise<Answer> =>
    send(path, JSON.stringify(body), headers);
  const close = (body: unknown): Promise<Answer> => send('police-permits/closings', JSON.stringify(body));

  const record = (id: number | string, change: object = {}): object => ({
    id,
    at: '2026-11-20 10:00:00',
    state: 'A',
    ZZBH: `锡公特${id}`,
    ZZBFRQ: '2026-11-20',
    CZZT: PRIVATE,
    CZZTDM: '91460100MA5THWMM2J',
    CZZTDMLXDM: '001',
    ...change,
  });
  const many = (count: number, first = 1): object[] =>
    Array.from({ length: count }, (_, index) => record(first + index));
  const count = async (table: string): Promise<number> =>
    Number((await db(table).count<{ count: number }[]>({ count: '*' }))[0]?.count);
  const keys = (): Promise<string[]> => db('certificate').orderBy('record_key').pluck<string[]>('record_key');
  /** Batches, pages and answers that are kept; each push makes one of each. */
  const kept = (): Promise<number[]> => Promise.all(['batch', 'batch_page', 'push'].map(count));

  describe('numbers what was taken', () => {
    const receiptOf = async (answer: Promise<Answer>): Promise<unknown> => (await answer).body.receipt;
    const lose = (after: number): Promise<unknown> => db('push').where('receipt', '>', after).delete();
    after(() => db('restoration').delete());

    it('each larger than those before, a replayed request by its own', async () => {
      assert.deepEqual([await receiptOf(push(record(1))), await receiptOf(push(record(2)))], [1, 2]);
      assert.equal(await receiptOf(push(record(1))), 1);
      // What had rejects is taken anew, and is not told as less than before.
      assert.equal(await receiptOf(push(record(3, { state: '!' }))), 3);
      assert.equal(await receiptOf(push(record(3, { state: '!' }))), 4);
      assert.equal(await receiptOf(push(record(4), { 'last-receipt': '4' })), 5);
      assert.equal((await push(record(5), { 'last-receipt': 'five' })).status, 400);
      assert.equal(await openRestoration(db), null);
    });

    it('so that a sender with a larger one shows that the database was restored, and is asked to repeat', async () => {
      for (const id of [1, 2, 3]) await push(record(id));
      await lose(1);
      const { body } = await push(record(4), { 'last-receipt': '3' });
      assert.deepEqual([body.receipt, body.repeat], [4, { after: 1, since: shanghaiInstant(NOW.getTime()) }]);
      const [alert, ...others] = await findAlerts(db, 'database-older', NOW);
      assert.match(alert?.message.zh ?? '', /^数据库缺少 .* 写入的内容（据推送单位的回执）/);
      assert.deepEqual(others, []);
      // What is repeated is taken; everybody is asked until it is settled.
      const repeated = await push(record(2), { 'last-receipt': '4' });
      assert.deepEqual([repeated.headers['idempotent-replayed'], repeated.body.receipt], [undefined, 5]);
      assert.ok(repeated.body.repeat);
      assert.equal(await settleRestoration(db, { by: '张三', at: NOW }), true);
      assert.equal((await push(record(3), { 'last-receipt': '5' })).body.repeat, undefined);
      assert.deepEqual(await findAlerts(db, 'database-older', NOW), []);
    });

    it('beyond those of a time that the database has forgotten', async () => {
      await push(record(1));
      await noteRestoration(db, { from: new Date(NOW.getTime() - 60_000), to: NOW, knownBy: 'heartbeat' }, NOW);
      assert.deepEqual(
        [await receiptOf(push(record(2))), await receiptOf(push(record(3)))],
        [NOW.getTime() + 1, NOW.getTime() + 2],
      );
    });
  });

  describe('takes what is pushed', () => {
    it('one record', async () => {
      const { status, body } = await push(record(1));
      assert.equal(status, 200);
      assert.deepEqual([body.committed, body.rejected, body.results], [1, 0, [{ key: '1', outcome: 'committed' }]]);
      assert.deepEqual(await keys(), ['1']);
      const batch = await db('batch').first<Record<string, unknown>>();
      assert.deepEqual(
        [batch.id, batch.purpose, batch.state, batch.declared, batch.read, batch.accepted],
        [body.batch, 'push', 'complete', 1, 1, 1],
      );
      const contact = await db('stream').where({ name: 'police-permits' }).pluck<string[]>('contact');
      assert.deepEqual(contact, ['delivered']);
    });

    it('a record of a type without an entry in the catalog: it waits, and is no reject', async () => {
      const { status, body } = await push([record(1, { ZZLXDM: '11100000000013338W999' }), record(2)]);
      assert.equal(status, 200);
      assert.deepEqual(
        [body.committed, body.rejected, (body as { waiting?: number }).waiting, body.results],
        [
          1,
          0,
          1,
          [
            { key: '1', outcome: 'waiting' },
            { key: '2', outcome: 'committed' },
          ],
        ],
      );
      assert.deepEqual(await keys(), ['2']);
    });

    it('many at once, each with its own outcome, in the order in which they came', async () => {
      const { status, body } = await push([
        record('a'),
        record('b', { state: '!' }),
        record('c', { id: undefined }),
        'text',
        record('d'),
      ]);
      assert.equal(status, 200);
      assert.deepEqual([body.committed, body.rejected], [2, 3]);
      assert.deepEqual(body.results, [
        { key: 'a', outcome: 'committed' },
        { key: 'b', outcome: 'rejected', problems: [{ rule: 'status-unmapped', field: 'status' }] },
        { key: null, outcome: 'rejected', problems: [{ rule: 'required-missing', field: 'key' }] },
        { key: null, outcome: 'rejected', problems: [{ rule: 'not-a-record', field: '' }] },
        { key: 'd', outcome: 'committed' },
      ]);
      assert.deepEqual(await keys(), ['a', 'd']);
      assert.equal(await count('reject'), 3);
    });

    it('a later push corrects a reject and replaces a version', async () => {
      await push([record('a'), record('b', { state: '!' })]);
      await push([record('a', { at: '2026-11-20 11:00:00', state: 'C' }), record('b')]);
      assert.deepEqual(await keys(), ['a', 'b']);
      assert.equal(await count('certificate_history'), 1);
      assert.equal((await db('reject').whereNull('resolved_at')).length, 0);
      const ordinals = await db('batch').orderBy('id').pluck<number[]>('ordinal');
      assert.deepEqual(ordinals.map(Number), [1, 2]);
    });

    it('keeps every digit of long numbers', async () => {
      const { body } = await send(
        'police-permits',
        JSON.stringify(record(1)).replace('"id":1', '"id":12345678901234567890'),
      );
      assert.equal(body.results[0]?.key, '12345678901234567890');
    });
  });

  describe('takes once what comes twice', () => {
    const key = { 'idempotency-key': 'k-1' };

    it('the same key and body: the same answer, marked, and nothing doubled', async () => {
      const body = [record('a'), record('b')];
      const first = await push(body, key);
      const second = await push(body, key);
      assert.deepEqual([first.status, second.status], [200, 200]);
      assert.deepEqual(second.body, first.body);
      assert.equal(first.headers['idempotent-replayed'], undefined);
      assert.equal(second.headers['idempotent-replayed'], 'true');
      assert.deepEqual(await kept(), [1, 1, 1]);
    });

    it('a request of which something was rejected is taken anew: the mapping may have been mended', async () => {
      const body = [record('a'), record('b', { state: '!' })];
      const first = await push(body, key);
      const second = await push(body, key);
      assert.equal(second.headers['idempotent-replayed'], undefined);
      assert.ok(second.body.batch > first.body.batch);
      assert.deepEqual(second.body.results, first.body.results);
      assert.deepEqual(await keys(), ['a']);
      const open = await db('reject').whereNull('resolved_at').count<{ n: number }[]>({ n: '*' });
      assert.equal(open[0]?.n, 1);
    });

    it('without a key the content is the key', async () => {
      await push(record('a'));
      assert.equal((await push(record('a'))).headers['idempotent-replayed'], 'true');
      assert.equal((await push(record('b'))).headers['idempotent-replayed'], undefined);
      assert.deepEqual(await kept(), [2, 2, 2]);
    });

    it('the same key with another body is refused, and nothing of it is taken', async () => {
      await push(record('a'), key);
      assert.equal((await push(record('b'), key)).status, 422);
      assert.deepEqual(await keys(), ['a']);
    });

    it('a key that is too long is refused, and not cut: it could become another one', async () => {
      assert.equal((await push(record('a'), { 'idempotency-key': 'k'.repeat(200) })).status, 200);
      assert.equal((await push(record('b'), { 'idempotency-key': 'k'.repeat(201) })).status, 400);
    });

    it('a key belongs to its stream', async () => {
      await push(record('a'), key);
      const { status, headers } = await push(record('a'), key, 'strict-permits');
      assert.deepEqual([status, headers['idempotent-replayed']], [200, undefined]);
    });

    it('duplicates at the same time become one commit and equal answers', async () => {
      const answers = await Promise.all(Array.from({ length: 10 }, () => push(many(20), key)));
      assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
      for (const { body } of answers) assert.deepEqual(body, answers[0]?.body);
      assert.equal(answers.filter(({ headers }) => headers['idempotent-replayed'] === undefined).length, 1);
      assert.deepEqual(await kept(), [1, 1, 1]);
      assert.equal(await count('certificate'), 20);
    });
  });

  describe('refuses', () => {
    it('a wrong token, an unknown stream and a stream of another kind, all alike', async () => {
      const wrong = { authorization: 'Bearer token-4712' };
      const answers = [
        await push(record(1), wrong),
        await push(record(1), { authorization: '' }),
        await push(record(1), { authorization: TOKEN }),
        await push(record(1), {}, 'no-such-stream'),
        await push(record(1), {}, 'park-permits'),
        await push(record(1), wrong, 'no-such-stream'),
        await send('no-such-stream/closings', '{}'),
        await send('police-permits/closings', '{}', wrong),
      ];
      for (const { status, body } of answers) assert.deepEqual([status, body], [401, answers[0]?.body]);
      assert.deepEqual(await kept(), [0, 0, 0]);
    });

    describe('what is not signed rightly', () => {
      const signed = (body: string, { at = NOW.getTime(), secret = SECRET, key = '', keyId = 'signed' } = {}) =>
        signedHeaders({ method: 'POST', url: '/inbox/v1/signed-permits', body, key }, { keyId, secret, at });
      const body = JSON.stringify(record('签'));

      it('and takes what is, also in capitals', async () => {
        assert.equal((await send('signed-permits', body, signed(body, { key: 'k-1' }))).status, 200);
        const { 'x-hub-signature': signature = '', ...rest } = signed(body, { at: NOW.getTime() - 299_000 });
        const capitals = { ...rest, 'x-hub-signature': signature.toUpperCase() };
        assert.equal((await send('signed-permits', body, capitals)).status, 200);
      });

      it('a request that comes again: each attempt is signed anew', async () => {
        const headers = signed(body, { key: 'k-1' });
        assert.equal((await send('signed-permits', body, headers)).status, 200);
        const { status, body: refused } = await send('signed-permits', body, headers);
        assert.deepEqual([status, refused.title], [401, 'the signature was used before']);
        const again = await send('signed-permits', body, signed(body, { key: 'k-1' }));
        assert.deepEqual([again.status, again.headers['idempotent-replayed']], [200, 'true']);
        const atOnce = signed(body, { key: 'k-2' });
        const answers = await Promise.all([1, 2, 3].map(() => send('signed-permits', body, atOnce)));
        assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 401, 401]);
      });

      it('on another stream of the connector, and with another query', async () => {
        const headers = signed(body);
        assert.equal((await send('more-signed-permits', body, headers)).status, 401);
        assert.equal((await send('signed-permits?x=1', body, headers)).status, 401);
        assert.equal((await send('signed-permits/closings', body, headers)).status, 401);
        assert.equal((await send('signed-permits', body, headers)).status, 200);
      });

      const wrong: [string, () => Record<string, string>][] = [
        ['no signature', () => ({})],
        ['a signature under another secret', () => signed(body, { secret: 'another' })],
        ['the signature of another body', () => signed(`${body} `)],
        ['another body of which the hash is told', () => ({ ...signed(`${body} `), ...hashOf(body) })],
        ['the signature of another time', () => ({ ...signed(body), 'x-hub-timestamp': String(NOW.getTime() + 1) })],
        ['another Idempotency-Key', () => ({ ...signed(body, { key: 'k-1' }), 'idempotency-key': 'k-2' })],
        ['an Idempotency-Key that was added', () => ({ ...signed(body), 'idempotency-key': 'k-2' })],
        ['another nonce', () => ({ ...signed(body), 'x-hub-nonce': '0'.repeat(32) })],
        ['another key', () => signed(body, { keyId: 'police' })],
        ['a time too long ago', () => signed(body, { at: NOW.getTime() - 301_000 })],
        ['a time too far ahead', () => signed(body, { at: NOW.getTime() + 301_000 })],
        ['a time that is none', () => signed(body, { at: Number.NaN })],
        ['the signature of before', () => formerly(body)],
      ];
      for (const [what, headers] of wrong) {
        it(what, async () => {
          assert.equal((await send('signed-permits', body, headers())).status, 401);
          assert.equal(await count('certificate'), 0);
        });
      }
    });

    const faults: [string, () => Promise<Answer>, number][] = [
      ['a body that is no JSON', () => send('police-permits', `{"CZZT":"${PRIVATE}"`), 400],
      ['a body that is not UTF-8', () => send('police-permits', Buffer.from('{"id":"\xc4\xe3"}', 'latin1')), 400],
      ['an empty body', () => send('police-permits', ''), 400],
      ['an empty list', () => push([]), 400],
      ['more records than allowed', () => push(many(MOST + 1)), 413],
      ['a body that is too large', () => push(record(1, { KZ_SZ: PRIVATE.repeat(2_000_000) })), 413],
      ['another type of content', () => send('police-permits', '<a/>', { 'content-type': 'application/xml' }), 415],
      ['a closing that is no JSON', () => send('police-permits/closings', '{"from":'), 400],
      [
        'a closing of another type of content',
        () => send('police-permits/closings', 'a=1', { 'content-type': 'application/x-www-form-urlencoded' }),
        415,
      ],
      [
        'a closing without a number',
        () => close({ from: '2026-11-20T00:00:00+08:00', to: '2026-11-21T00:00:00+08:00' }),
        400,
      ],
    ];
    for (const [what, attempt, status] of faults) {
      it(`${what}, as ${status}`, async () => {
        assert.equal((await attempt()).status, status);
        assert.deepEqual(await kept(), [0, 0, 0]);
      });
    }

    it('as many records as are just allowed are taken', async () =>
      assert.equal((await push(many(MOST))).body.committed, MOST));

    it('what comes while the stream is paused, with 503, until it is not', async () => {
      await pauseStream(db, 'police-permits', 'too many rejects', 'too-many-rejects');
      const { status, headers } = await push(record('a'));
      assert.deepEqual([status, headers['retry-after']], [503, '1']);
      assert.equal((await close({})).status, 503);
      await db('stream').update({ paused_reason: null });
      assert.equal((await push(record('a'))).status, 200);
    });

    it('what comes while a secret of its sender is not set, with 503, whoever sends it', async () => {
      provide('INBOX_TEST_TOKEN', '');
      try {
        const { status, headers, body } = await push(record('a'), { authorization: 'Bearer other' });
        assert.deepEqual(
          [status, headers['retry-after'], body.title],
          [503, '60', 'the hub cannot check who sends this'],
        );
      } finally {
        provide('INBOX_TEST_TOKEN', TOKEN);
      }
      assert.deepEqual(await kept(), [0, 0, 0]);
    });

    it('a failure of its own is 500 without details; nothing is taken, and the same request is taken later', async () => {
      await db.raw('ALTER TABLE push RENAME COLUMN outcomes TO elsewhere');
      try {
        const { status, body } = await push(record('a'));
        assert.equal(status, 500);
        assert.doesNotMatch(JSON.stringify(body), /outcomes|elsewhere|INSERT|column/);
        assert.deepEqual(await keys(), []);
      } finally {
        await db.raw('ALTER TABLE push RENAME COLUMN elsewhere TO outcomes');
      }
      const { status, headers } = await push(record('a'));
      assert.deepEqual([status, headers['idempotent-replayed']], [200, undefined]);
      assert.deepEqual(await kept(), [1, 1, 1]);
    });
  });

  describe('hands rejects out, over HTTP', () => {
    interface Rejects {
      rejects: {
        id: number;
        key: string | null;
        firstSeenAt: string;
        problems: { rule: string; field: string; zh: string; en: string }[];
        record: Record<string, unknown>;
      }[];
      next: number | null;
    }
    let address: string;
    before(async () => {
      address = await app.listen({ host: '127.0.0.1', port: 0 });
    });
    const get = (query = '', headers: Record<string, string> = {}, of = 'police-permits'): Promise<Response> =>
      fetch(`${address}/inbox/v1/${of}/rejects${query}`, { headers: { authorization: `Bearer ${TOKEN}`, ...headers } });
    const list = async (query = '', of?: string): Promise<Rejects> => {
      const response = await get(query, of === 'fire-permits' ? { authorization: `Bearer ${FIRE_TOKEN}` } : {}, of);
      assert.equal(response.status, 200);
      assert.equal(response.headers.get('cache-control'), 'no-store');
      return (await response.json()) as Rejects;
    };
    const post = async (body: unknown): Promise<void> => {
      const response = await fetch(`${address}/inbox/v1/police-permits`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      });
      assert.equal(response.status, 200);
    };

    it('with what is wrong in both languages, and the record as it was sent, until a corrected one is in', async () => {
      const bad = record('b', { state: '!', ZZBFRQ: '2026-02-30', KZ_SZ: { a: ['1', 2] } });
      await post([record('a'), bad, record('c', { id: undefined }), record('w', { ZZLXDM: '11100000000013338W999' })]);
      const { rejects, next } = await list();
      assert.equal(next, null);
      assert.deepEqual(new Set(rejects.map(({ key }) => key)), new Set(['b', null]));
      const reject = rejects.find(({ key }) => key === 'b');
      assert.ok(reject);
      assert.deepEqual(reject.record, bad);
      assert.equal(Date.parse(reject.firstSeenAt), NOW.getTime());
      assert.deepEqual(reject.problems, [
        { rule: 'status-unmapped', field: 'status', zh: '状态值未映射', en: 'is a status without a mapping' },
        { rule: 'date-invalid', field: 'issuedOn', zh: '日期不存在或不合理', en: 'is no possible date' },
      ]);

      // Corrected, but not all of it: it is listed as it was sent last.
      await post(record('b', { state: '!', at: '2026-11-20 11:00:00' }));
      const again = (await list()).rejects.find(({ key }) => key === 'b');
      assert.deepEqual(
        [again?.problems.map(({ rule }) => rule), again?.record.at],
        [['status-unmapped'], '2026-11-20 11:00:00'],
      );
      await post(record('b', { at: '2026-11-20 12:00:00' }));
      assert.deepEqual(
        (await list()).rejects.map(({ key }) => key),
        [null],
      );
      assert.deepEqual(await keys(), ['a', 'b']);
    });

    it('page by page, each once', async () => {
      await post(Array.from({ length: 5 }, (_, index) => record(index, { state: '!' })));
      const seen: Rejects['rejects'][] = [];
      for (let after: number | null = 0; after !== null;) {
        const page: Rejects = await list(`?limit=2&after=${after}`);
        seen.push(page.rejects);
        after = page.next;
      }
      assert.deepEqual(
        seen.map(({ length }) => length),
        [2, 2, 1],
      );
      const all = seen.flat();
      assert.deepEqual(all.map(({ key }) => key).sort(), ['0', '1', '2', '3', '4']);
      assert.deepEqual(
        all,
        all.toSorted((a, b) => a.id - b.id),
      );
      assert.deepEqual(await list('?after=999999999999999'), { rejects: [], next: null });
    });

    it('no more of very large records than one page may hold', async () => {
      const large = 'x'.repeat(1_900_000);
      await post(Array.from({ length: 4 }, (_, index) => record(index, { ZZBH: large })));
      const first = await list();
      assert.deepEqual([first.rejects.length, first.next], [3, first.rejects[2]?.id]);
      const last = await list(`?after=${String(first.next)}`);
      assert.deepEqual([last.rejects.length, last.next], [1, null]);
    });

    it('also while the stream is paused: what is rejected may be why', async () => {
      await post(record('b', { state: '!' }));
      await pauseStream(db, 'police-permits', 'too many rejects', 'too-many-rejects');
      assert.equal((await list()).rejects.length, 1);
      await db('stream').update({ paused_reason: null });
    });

    it('to nobody but the department whose they are', async () => {
      await post(record('b', { state: '!' }));
      assert.deepEqual(await list('', 'fire-permits'), { rejects: [], next: null });
      const answers = await Promise.all([
        get('', { authorization: 'Bearer token-4712' }),
        get('', { authorization: '' }),
        get('', { authorization: `Bearer ${FIRE_TOKEN}` }),
        get('', {}, 'fire-permits'),
        get('', {}, 'no-such-stream'),
        get('', {}, 'park-permits'),
        get('', {}, 'signed-permits'),
      ]);
      const bodies = await Promise.all(answers.map((answer) => answer.text()));
      for (const [index, { status, headers }] of answers.entries()) {
        assert.deepEqual([status, headers.get('content-type')], [401, 'application/problem+json; charset=utf-8']);
        assert.equal(bodies[index], bodies[0]);
      }
    });

    it('signed over an empty body where signatures are asked for', async () => {
      const url = '/inbox/v1/signed-permits/rejects?limit=5';
      const signed = () =>
        signedHeaders({ method: 'GET', url }, { keyId: 'signed', secret: SECRET, at: NOW.getTime() });
      assert.equal((await get('?limit=5', signed(), 'signed-permits')).status, 200);
      assert.equal((await get('?limit=6', signed(), 'signed-permits')).status, 401);
      assert.equal((await get('?limit=5', { ...signed(), 'x-hub-timestamp': '1' }, 'signed-permits')).status, 401);
    });

    for (const query of [`?limit=${MOST + 1}`, '?limit=0', '?limit=', '?after=-1', '?after=a', '?page=2']) {
      it(`no page ${query}, as 400`, async () => {
        const response = await get(query);
        assert.equal(response.status, 400);
        const { title, detail } = (await response.json()) as { title: string; detail: string };
        assert.deepEqual([title, detail.includes(`1 to ${MOST}`)], ['the page is not named rightly', true]);
      });
    }
  });

  it('under too much at once some are told to come again, and the rest is committed exactly once', async () => {
    const { id } = await db('stream').where({ name: 'police-permits' }).first<{ id: number }>('id');
    // As long as this transaction is open, no push to the stream can be committed.
    const slow = await db.transaction();
    await slow('coverage').where({ stream_id: id }).forUpdate().select('stream_id');
    const pushes = Array.from({ length: 60 }, (_, index) => ({ body: record(index), settled: false }));
    const answers = pushes.map(async (each) => {
      const answer = await push(each.body);
      each.settled = true;
      return answer;
    });
    // Four are worked at and 32 wait.
    await eventually(() => assert.equal(pushes.filter(({ settled }) => settled).length, 24));
    await slow.rollback();
    const done = await Promise.all(answers);
    const busy = done.filter(({ status }) => status === 503);
    assert.equal(busy.length, 24);
    for (const { headers } of busy) assert.equal(headers['retry-after'], '1');
    assert.deepEqual(await kept(), [36, 36, 36]);
    assert.deepEqual(
      await keys(),
      done.flatMap(({ status, body }) => (status === 200 ? [body.results[0]?.key ?? ''] : [])).sort(),
    );
    // Whoever comes again is served, and whoever was served already is not served twice.
    for (const { body } of pushes) assert.equal((await push(body)).status, 200);
    assert.deepEqual(await kept(), [60, 60, 60]);
    assert.equal(await count('certificate'), 60);
  });

  /** Keeps a stream’s row locked while something is done: no push to it can be committed. */
  async function whileLocked<T>(name: string, work: () => Promise<T>): Promise<T> {
    const { id } = await db('stream').where({ name }).first<{ id: number }>('id');
    const slow = await db.transaction();
    try {
      await slow('coverage').where({ stream_id: id }).forUpdate().select('stream_id');
      return await work();
    } finally {
      await slow.rollback();
    }
  }

  it('a stream that is locked is told to come again, and holds up no other', { timeout: 60_000 }, async () => {
    const settled: string[] = [];
    const told = async (answer: Promise<Answer>, name: string): Promise<Answer> =>
      answer.finally(() => settled.push(name));
    await whileLocked('police-permits', async () => {
      const locked = many(12).map((body) => told(push(body), 'police'));
      const others = await Promise.all(
        ['strict-permits', 'field-permits'].flatMap((name) =>
          many(5).map((body) => told(push(body, {}, name), 'other')),
        ),
      );
      assert.deepEqual([...new Set(others.map(({ status }) => status))], [200]);
      assert.deepEqual([...new Set(settled)], ['other'], 'while nothing is told to those of the locked one');
      for (const { status, headers, body } of await Promise.all(locked))
        assert.deepEqual([status, headers['retry-after'], body.title], [503, '5', 'the stream is held up']);
    });
    assert.equal((await push(record(1))).status, 200);
  });

  describe('while its database', () => {
    const hindered = ({ status, headers, body }: Answer): void =>
      assert.deepEqual([status, headers['retry-after'], body.title], [503, '5', 'the hub’s database cannot answer']);
    /** What is answered over a database at an address. */
    async function answersOver(address: string): Promise<Answer[]> {
      const pool = openDatabase(address, 'inbox', INBOX_LIMITS);
      const other = appOver(pool);
      try {
        const body = JSON.stringify(record(1));
        const url = '/inbox/v1/signed-permits';
        const headers = signedHeaders(
          { method: 'POST', url, body, key: '' },
          { keyId: 'signed', secret: SECRET, at: NOW.getTime() },
        );
        return await Promise.all([
          send('police-permits', body, {}, other),
          send('signed-permits', body, headers, other),
          send('police-permits/closings', '{}', {}, other),
          send('police-permits/cases', JSON.stringify([{ case: '1', completedAt: '2026-11-20 10:00' }]), {}, other),
        ]);
      } finally {
        await other.close();
        await pool.destroy();
      }
    }

    it('is away, senders are told to come again', async () => {
      const [nothing = 0] = await freePorts(1);
      for (const answer of await answersOver(`postgres://hub:x@127.0.0.1:${nothing}/hub`)) hindered(answer);
    });

    it('recovers, likewise', async () => {
      // What PostgreSQL answers whoever connects until it is consistent.
      const fields = ['SFATAL', 'VFATAL', 'C57P03', 'Mthe database system is in recovery mode', ''].join('\0');
      const said = Buffer.from(`E0000${fields}\0`);
      said.writeInt32BE(said.length - 1, 1);
      const recovering = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => socket.end(said));
      }).listen(0, '127.0.0.1');
      await once(recovering, 'listening');
      const { port } = recovering.address() as { port: number };
      try {
        for (const answer of await answersOver(`postgres://hub:x@127.0.0.1:${port}/hub`)) hindered(answer);
      } finally {
        recovering.close();
      }
    });

    it('ends in the middle, likewise, and what comes again is taken once', async () => {
      await whileLocked('police-permits', async () => {
        const answer = push(record(1));
        await eventually(async () => {
          const { rows } = await db.raw<{ rows: unknown[] }>(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name = 'hub inbox' AND wait_event_type = 'Lock'`,
          );
          assert.equal(rows.length, 1);
        });
        hindered(await answer);
      });
      assert.equal((await push(record(1))).status, 200);
      assert.deepEqual(await kept(), [1, 1, 1]);
    });
  });

  describe('before anybody is signed in', () => {
    let port = 0;
    before(async () => {
      const { server } = app;
      if (!server.listening) await app.listen({ host: '127.0.0.1', port: 0 });
      ({ port } = server.address() as { port: number });
    });
    /** Sends the head of a request that promises a large body, and nothing of it. */
    async function promise(token: string, more = ''): Promise<Socket & { answer: string }> {
      const socket = Object.assign(connect(port, '127.0.0.1'), { answer: '' });
      socket.on('data', (chunk: Buffer) => (socket.answer += chunk.toString()));
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      socket.write(
        `POST /inbox/v1/police-permits HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer ${token}\r\n` +
          `Content-Type: application/json\r\nContent-Length: 15000000\r\n${more}\r\n[`,
      );
      return socket;
    }

    it('nothing of a body is waited for: a wrong token is answered by its headers', async () => {
      const socket = await promise('token-4712');
      await eventually(() => assert.match(socket.answer, /^HTTP\/1\.1 401 /));
      socket.destroy();
    });

    it('a request has to be here within a minute, and its headers within twenty seconds', async () => {
      const { server } = app;
      assert.ok(server.requestTimeout > 0 && server.requestTimeout <= 60_000);
      assert.ok(server.headersTimeout > 0 && server.headersTimeout <= 20_000);
      assert.ok(server.maxConnections > 0 && server.maxConnections <= 1_000);
      const usual = [server.requestTimeout, server.headersTimeout] as const;
      server.requestTimeout = server.headersTimeout = 500;
      try {
        const [known, unknown] = await Promise.all([promise(TOKEN), promise('token-4712')]);
        await eventually(() => assert.ok(known.closed && unknown.closed));
        assert.match(known.answer, /^HTTP\/1\.1 408 /);
        assert.match(unknown.answer, /^HTTP\/1\.1 401 /);
      } finally {
        [server.requestTimeout, server.headersTimeout] = usual;
      }
    });

    it('those who are known hold no more bodies than there is room for, and give it back', async () => {
      const sockets = await Promise.all(Array.from({ length: 12 }, () => promise(TOKEN)));
      // Room for eight of the largest, and a little.
      await eventually(() =>
        assert.equal(sockets.filter(({ answer }) => answer.startsWith('HTTP/1.1 503 ')).length, 4),
      );
      for (const socket of sockets) socket.destroy();
      await eventually(async () =>
        assert.equal((await push(record('a', { KZ_SZ: '字'.repeat(5_000_000) }))).status, 200),
      );
    });
  });

  it('a record that PostgreSQL cannot keep is rejected, wherever it says so, and those beside it are taken', async () => {
    const bad = ['\0', '\ud800', 'x\0y', '\udc00z'];
    const places: ((value: string) => object)[] = [
      (value) => record(`k${value}`),
      (value) => record('n', { ZZBH: value }),
      (value) => record('t', { at: value }),
      (value) => record('s', { state: value }),
      (value) => record('d', { ZZBFRQ: value }),
      (value) => record('h', { CZZT: value, CZZTDM: value, CZZTDMLXDM: value }),
      (value) => record('e', { KZ: { deep: [value] } }),
      (value) => record('f', { [`KZ${value}`]: 'x' }),
      (value) => record(value, { state: 'C', at: value }),
    ];
    for (const value of bad)
      for (const [index, place] of places.entries()) {
        const { status, body } = await push([place(value), record(`good-${index}`)]);
        const what = `${JSON.stringify(value)} at place ${index}`;
        assert.deepEqual([status, body.rejected, body.committed], [200, 1, 1], what);
        assert.deepEqual(
          body.results.map(({ outcome }) => outcome),
          ['rejected', 'committed'],
          what,
        );
      }
    assert.equal((await send('police-permits', '', {})).status, 400);
  });

  describe('a closing', () => {
    const day = { from: '2026-11-20T00:00:00+08:00', to: '2026-11-21T00:00:00+08:00' };
    const covered = async (): Promise<boolean> => {
      const { rows } = await db.raw<{ rows: { covered: boolean }[] }>(
        `SELECT times @> tstzrange(:from, :to) AS covered FROM coverage JOIN stream ON stream.id = stream_id
         WHERE name = 'police-permits'`,
        day,
      );
      return rows[0]?.covered ?? false;
    };

    it('with the number that arrived proves the time; rejected records count', async () => {
      await push([record('a'), record('b', { state: '!' }), record('c', { at: '2026-11-21 00:00:00' })]);
      assert.equal(await covered(), false);
      const { status, body } = await close({ ...day, records: 2 });
      assert.deepEqual([status, body], [200, { equal: true, records: 2, library: 2 }]);
      assert.equal(await covered(), true);
    });

    it('with another number shows as a gap, until the rest has come', async () => {
      await push(record('a'));
      await close({ ...day, records: 1 });
      const { status, body } = await close({ ...day, records: 2 });
      assert.deepEqual([status, body], [200, { equal: false, records: 2, library: 1 }]);
      assert.equal(await covered(), false);
      await push(record('b'));
      assert.equal((await close({ ...day, records: 2 })).body.equal, true);
      assert.equal(await covered(), true);
    });

    it('of a day without records is proven by none', async () => {
      assert.equal((await close({ ...day, records: 0 })).body.equal, true);
      assert.equal(await covered(), true);
    });

    it('of what is not over yet, or of nothing, is refused', async () => {
      const [before, later] = ['2026-11-22T11:59:59+08:00', '2026-11-22T12:00:01+08:00'];
      assert.equal((await close({ from: before, to: later, records: 0 })).status, 400);
      assert.equal((await close({ from: before, to: before, records: 0 })).status, 400);
      assert.equal((await close({ from: day.to, to: day.from, records: 0 })).status, 400);
      assert.equal((await close({ from: before, to: '2026-11-22T12:00:00+08:00', records: 0 })).status, 200);
    });
  });

  describe('is told of completed cases', () => {
    interface Told {
      announced: number;
      corrected: number;
      unchanged: number;
    }
    before(() => useProfile(db, 'xuchang'));
    const tell = async (body: unknown, headers: Record<string, string> = {}, path = 'police-permits') => {
      const answer = await send(`${path}/cases`, JSON.stringify(body), headers);
      return { ...answer, told: answer.body as unknown as Told, title: answer.body.title };
    };
    const done = (id: string, more: object = {}): object => ({
      case: `办-${id}`,
      completedAt: '2026-11-20T10:30:00+08:00',
      mode: 'offline',
      key: id,
      ...more,
    });
    const tasks = async (kind: string) =>
      (await tasksOf(db, `${kind}/police-permits`, NOW)).map(({ subject, state, rule }) => [subject, state, rule]);

    it('and opens their deadlines, once, however often it is told; a record that was pushed before counts', async () => {
      await push(record('a'));
      const list = [done('a'), done('b')];
      const { status, told } = await tell(list);
      assert.deepEqual([status, told], [200, { announced: 2, corrected: 0, unchanged: 0 }]);
      assert.deepEqual((await tell(list)).told, { announced: 0, corrected: 0, unchanged: 2 });
      assert.deepEqual(await tasks('case'), [
        ['case/police-permits/办-a', 'met', 'XC-13c'],
        ['case/police-permits/办-b', 'open', 'XC-13c'],
      ]);
      const [delivery] = await tasksOf(db, 'delivery/police-permits/办-b', NOW);
      assert.equal(delivery?.state, 'open');
      await tell({ case: '办-b', deliveredAt: '2026-11-22 11:00:00' });
      const [delivered] = await tasksOf(db, 'delivery/police-permits/办-b', NOW);
      assert.deepEqual(delivered?.endedAt, new Date('2026-11-22T11:00:00+08:00'));
    });

    it('by number, in whatever width its brackets are written', async () => {
      await push(record('a', { ZZBH: '锡公特〔2026〕(1)号' }));
      await tell(done('x', { key: undefined, number: '锡公特〔2026〕(1)号' }));
      assert.deepEqual(await tasks('case'), [['case/police-permits/办-x', 'met', 'XC-13c']]);
    });

    it('and a request by its Idempotency-Key only once; the key with another body is refused', async () => {
      const key = { 'idempotency-key': 'c-1' };
      await tell([done('a')], key);
      await tell([done('a', { withdrawn: true })]);
      const again = await tell([done('a')], key);
      assert.deepEqual(
        [again.told.announced, again.headers['idempotent-replayed']],
        [1, 'true'],
        'it is answered as before',
      );
      assert.equal((await tell([done('b')], key)).status, 422);
      assert.deepEqual(await tasks('case'), [['case/police-permits/办-a', 'cancelled', 'XC-13c']]);
    });

    it('also while the stream is paused: a deadline runs all the same', async () => {
      await pauseStream(db, 'police-permits', 'too many rejects', 'too-many-rejects');
      assert.equal((await tell([done('a')])).status, 200);
      await db('stream').update({ paused_reason: null });
    });

    it('by nobody but the department whose they are, signed where that is asked for', async () => {
      assert.equal((await tell([done('a')], { authorization: `Bearer ${FIRE_TOKEN}` })).status, 401);
      assert.equal((await tell([done('a')], {}, 'signed-permits')).status, 401);
      assert.equal((await tell([done('a')], {}, 'park-permits')).status, 401);
      assert.deepEqual(await tasks('case'), []);
    });

    it('or by its records, where the stream says which field has the time', async () => {
      const today = { at: '2026-11-22 11:30:00', ZZBFRQ: '2026-11-22' };
      await push(
        [
          record('a', { ...today, case: { doneAt: '2026-11-22 11:00:00' } }),
          record('b', { ...today, case: { doneAt: 'soon' } }),
          record('c', today),
        ],
        {},
        'field-permits',
      );
      await push([record('a', today), record('b', { ...today, ZZBFRQ: '2026-11-21' })], {}, 'issue-permits');
      await syncCompletedCases(db, NOW);
      const found = await Promise.all(
        ['field-permits', 'issue-permits'].map((name) => tasksOf(db, `case/${name}`, NOW)),
      );
      assert.deepEqual(
        found.map((tasks) => tasks.map(({ subject, startedAt, state }) => [subject, startedAt.toISOString(), state])),
        [
          [['case/field-permits/a', '2026-11-22T03:00:00.000Z', 'met']],
          // Of today it is not known when; what was issued yesterday, the hub did not watch yet.
          [['case/issue-permits/a', NOW.toISOString(), 'met']],
        ],
      );
      const [extension] = await db('certificate')
        .where({ record_key: 'a' })
        .whereRaw("extension <> '{}'")
        .pluck<object[]>('extension');
      assert.deepEqual(extension, { case: { doneAt: '2026-11-22 11:00:00' } }, 'the field stays where it was');
    });

    const wrong: [what: string, body: unknown, status: number, title: RegExp][] = [
      ['no list', 'text', 400, /number 1: expected a map/],
      ['an empty list', [], 400, /the list is empty/],
      ['too many', Array.from({ length: MOST + 1 }, (_, index) => done(String(index))), 413, /expected at most 50/],
      ['no number', [done('a', { case: ' ' })], 400, /number 1, case: expected the number of the case/],
      [
        'a number of the hub’s own form',
        [done('a', { case: 'a#2' })],
        400,
        /number 1, case: expected a name without #/,
      ],
      ['no time', [done('a', { completedAt: PRIVATE })], 400, /number 1, completedAt: expected a time such as/],
      ['a time to come', [done('a', { completedAt: '2026-11-22T12:06:00+08:00' })], 400, /a time that has passed/],
      ['another mode', [done('a', { mode: PRIVATE })], 400, /number 1, mode: expected one of online, 在线/],
      ['an unknown field', [done('a', { holder: PRIVATE })], 400, /number 1, holder: expected only case, completedAt/],
      ['one case twice', [done('a'), done('a')], 400, /number 2, case: expected each case once; number 1 has it/],
      ['no certificate', [done('a', { key: null })], 400, /expected key \(记录键\) or number/],
      ['a bulk issue without its name', [done('a', { mode: '批量' })], 400, /expected batch \(批次\)/],
    ];
    for (const [what, body, status, title] of wrong) {
      it(`and refuses ${what}, and all of the list with it`, async () => {
        const list = Array.isArray(body) && body.length === 1 ? [...(body as unknown[]), done('z')] : body;
        const answer = await tell(list);
        assert.equal(answer.status, status);
        assert.match(answer.title, title);
        assert.equal(await count('completed_case'), 0);
      });
    }
  });

  it('once a day is proven, its fields are what later pushes are compared with', async () => {
    const strict = (body: unknown): Promise<Answer> => push(body, {}, 'strict-permits');
    assert.equal((await strict([record('a'), record('b', { KZ_SZ: '1' })])).body.rejected, 0);
    const day = { from: '2026-11-20T00:00:00+08:00', to: '2026-11-21T00:00:00+08:00', records: 2 };
    assert.equal((await send('strict-permits/closings', JSON.stringify(day))).body.equal, true);
    const { body } = await strict([record('c', { KZ_SZ: '1' }), record('d', { KZ_XIN: '1' })]);
    assert.deepEqual(body.results, [
      { key: 'c', outcome: 'committed' },
      { key: 'd', outcome: 'rejected', problems: [{ rule: 'field-added', field: 'KZ_XIN' }] },
    ]);
    assert.deepEqual(await db('drift').pluck('field'), ['KZ_XIN']);
  });
});
