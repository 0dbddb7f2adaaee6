import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { FastifyInstance } from 'fastify';
import type { Knex } from 'knex';
import { Writable } from 'node:stream';
import { transports } from 'winston';
import { provide } from '../../settings/environment.ts';
import { inboxConnectorSchema } from '../../settings/kinds/inbox.ts';
import type { HubConfig } from '../../settings/load.ts';
import { createHubLogger } from '../../settings/logger.ts';
import { Streams } from '../../connectors/registry.ts';
import { createApp } from '../../server/app.ts';
import { findDispute, listDisputes } from '../../store/casework/disputes.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { deadlines, enact } from '../support/law/enact.ts';
import { newStream } from '../support/library.ts';
import { signedHeaders } from '../support/signed.ts';

const NOW = new Date('2026-03-02T12:00:00+08:00');
const TOKEN = 'token-4721';
const SECRET = 'signature-4722';
const PRIVATE = '王五机密';

const common = { unit: '11320200014006438B', kind: 'inbox', token: { env: 'DISPUTES_TEST_TOKEN' } };
const streams = [{ id: 'plain-permits', record: { key: 'id', updatedAt: 'at' }, status: {} }];
const connectors = [
  { id: 'hotline', ...inboxConnectorSchema.parse({ name: '热线', ...common, disputes: true }) },
  {
    id: 'signed',
    ...inboxConnectorSchema.parse({
      name: '信访局',
      ...common,
      disputes: true,
      streams: [{ ...streams[0], id: 'signed-permits' }],
      signature: { secret: { env: 'DISPUTES_TEST_SECRET' } },
    }),
  },
  { id: 'plain', ...inboxConnectorSchema.parse({ name: '市公安局', ...common, streams }) },
];

interface Answer {
  status: number;
  body: {
    results: { ticket: string; dispute?: number; known?: boolean; problem?: string; detail?: string }[];
    title: string;
    detail: string;
  };
}

describe('disputes that are pushed', () => {
  let database: TestDatabase;
  let db: Knex;
  let app: FastifyInstance;
  const logged: string[] = [];
  before(async () => {
    provide('DISPUTES_TEST_TOKEN', TOKEN);
    provide('DISPUTES_TEST_SECRET', SECRET);
    database = await createDatabase();
    ({ db } = database);
    await enact(db, 'wuxi', NOW);
    const { id } = await newStream(db);
    for (const [key, type] of [
      ['a', 'T1'],
      ['b', 'T2'],
    ])
      await db('certificate').insert({
        stream_id: id,
        record_key: key,
        number: 'TWICE',
        type_code: type,
        name: '证',
        issued_on: '2025-01-01',
        long_term: true,
        holders: '[]',
        status: 'valid',
        raw_status: '1',
        extension: '{}',
        batch_id: 0,
        content_hash: Buffer.alloc(1),
        source_updated_at: NOW,
        recorded_at: NOW,
      });
    const logger = createHubLogger({ level: 'debug', format: 'json' }, 'test');
    const stream = new Writable({
      write: (chunk: Buffer, _, done) => {
        logged.push(chunk.toString());
        done();
      },
    });
    logger.clear().add(new transports.Stream({ stream }));
    const all = new Streams({ connectors, ownKinds: new Map() } as unknown as HubConfig);
    app = createApp(
      { db, now: () => NOW, aheadMs: () => 0, countWorkers: () => Promise.resolve(1), faultyFiles: () => [] },
      { db, logger, now: () => NOW, streams: () => all },
    );
    await app.ready();
  });
  after(async () => {
    await app.close();
    await database.drop();
  });

  async function send(payload: string, headers: Record<string, string> = {}, connector = 'hotline'): Promise<Answer> {
    const response = await app.inject({
      method: 'POST',
      url: `/inbox/v1/${connector}/disputes`,
      payload,
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', ...headers },
    });
    if (response.statusCode >= 400)
      assert.equal(response.headers['content-type'], 'application/problem+json; charset=utf-8');
    assert.ok(!response.body.includes(PRIVATE), 'an answer shows what a ticket says');
    return { status: response.statusCode, body: response.json() };
  }
  const push = (body: unknown, headers?: Record<string, string>, connector?: string): Promise<Answer> =>
    send(JSON.stringify(body), headers, connector);
  const ticket = (number: string, more: object = {}): object => ({
    ticket: number,
    number: '锡公特〔2026〕1',
    objector: PRIVATE,
    contact: PRIVATE,
    statement: PRIVATE,
    ...more,
  });
  const count = async (): Promise<number> => (await listDisputes(db, { limit: 100 })).length;

  it('one: opened, received when the issuer received it, and known when it comes again', async () => {
    const { status, body } = await push(
      ticket('1', { number: ' 锡公特〔2026〕1 ', raisedAt: '2026-03-01 09:00', receivedAt: '2026-03-02 10:00:00' }),
    );
    const [result] = body.results;
    assert.deepEqual([status, result], [200, { ticket: '1', dispute: result?.dispute, known: false }]);
    const dispute = await findDispute(db, result?.dispute ?? 0);
    assert.deepEqual(
      [dispute?.source, dispute?.number, dispute?.contact, dispute?.raisedAt, dispute?.receivedAt],
      [
        'hotline',
        '锡公特〔2026〕1',
        PRIVATE,
        new Date('2026-03-01T09:00:00+08:00'),
        new Date('2026-03-02T10:00:00+08:00'),
      ],
    );
    assert.deepEqual(await deadlines(db, `dispute/${String(dispute?.id)}`, NOW), [
      'WX-18b open 03-04T00:00',
      'WX-18c open 03-10T00:00',
    ]);
    const again = await push(ticket('1', { statement: 'other' }));
    assert.deepEqual(again.body.results, [{ ticket: '1', dispute: dispute?.id, known: true }]);
    assert.equal((await findDispute(db, dispute?.id ?? 0))?.statement, PRIVATE);
  });

  it('a list, each answered in its order; one about a number of two types stops no other', async () => {
    const { status, body } = await push([
      ticket('2'),
      ticket('3', { number: 'TWICE' }),
      ticket('4', { number: 'TWICE', type: 'T2' }),
      ticket('2'),
      ticket('5', { receivedAt: '2026-03-03 10:00' }),
    ]);
    assert.equal(status, 200);
    assert.deepEqual(
      body.results.map(({ ticket: number, known, problem }) => [number, known ?? problem]),
      [
        ['2', false],
        ['3', 'certificate-ambiguous'],
        ['4', false],
        ['2', true],
        ['5', 'dispute-ahead'],
      ],
    );
    assert.match(body.results[1]?.detail ?? '', /2 types under this number: T\d, T\d/);
    assert.equal(body.results[0]?.dispute, body.results[3]?.dispute);
  });

  it('the same at the same time are one', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => push(ticket('6'))));
    assert.equal(new Set(answers.map(({ body }) => body.results[0]?.dispute)).size, 1);
    assert.equal(answers.filter(({ body }) => body.results[0]?.known === false).length, 1);
  });

  it('a ticket that another channel has under the same number is another dispute', async () => {
    const body = JSON.stringify(ticket('1'));
    const signed = () =>
      signedHeaders(
        { method: 'POST', url: '/inbox/v1/signed/disputes', body },
        { keyId: 'signed', secret: SECRET, at: NOW.getTime() },
      );
    const { status, body: answer } = await send(body, signed(), 'signed');
    assert.deepEqual([status, answer.results[0]?.known], [200, false]);
    assert.equal((await send(`${body} `, signed(), 'signed')).status, 401);
  });

  it('refuses a wrong token, an unknown connector, one without disputes, and a stream’s name, all alike', async () => {
    const before = await count();
    const answers = [
      await push(ticket('9'), { authorization: 'Bearer no' }),
      await push(ticket('9'), {}, 'nobody'),
      await push(ticket('9'), {}, 'plain'),
      await push(ticket('9'), {}, 'plain-permits'),
    ];
    for (const { status, body } of answers) assert.deepEqual([status, body], [401, answers[0]?.body]);
    assert.equal(await count(), before);
  });

  const bad: [string, unknown, number, RegExp][] = [
    ['an unknown field', [ticket('9'), ticket('8', { contakt: PRIVATE })], 400, /^\[1\]: .*“contakt”.*“contact”/],
    ['no number of the ticket', { number: 'A', statement: 'x' }, 400, /^\[0\]\.ticket: expected a string/],
    ['no number of a certificate', ticket('9', { number: ' ' }), 400, /^\[0\]\.number: expected at least 1/],
    ['a time that is none', ticket('9', { raisedAt: PRIVATE }), 400, /^\[0\]\.raisedAt: expected a time such as/],
    ['a text that cannot be kept', ticket('9', { statement: `${PRIVATE}\0` }), 400, /statement: .*control/],
    ['no ticket', PRIVATE, 400, /^\[0\]: expected a map/],
    ['an empty list', [], 400, /empty/],
    ['too many', Array.from({ length: 1001 }, (_, index) => ticket(`m${index}`)), 413, /at most 1000/],
    ['many faults', Array.from({ length: 30 }, () => ({})), 400, /; 80 more$/],
  ];
  for (const [what, body, expected, title] of bad) {
    it(`refuses ${what}, and takes nothing of it`, async () => {
      const before = await count();
      const { status, body: problem } = await push(body);
      assert.equal(status, expected);
      assert.match(problem.title, title);
      assert.equal(await count(), before);
    });
  }

  it('what fails is told without details, and nothing that a ticket says is logged', async () => {
    await db.raw('ALTER TABLE dispute RENAME COLUMN contact TO elsewhere');
    try {
      const { status, body } = await push(ticket('7'));
      assert.deepEqual([status, body.title], [500, 'the hub failed']);
    } finally {
      await db.raw('ALTER TABLE dispute RENAME COLUMN elsewhere TO contact');
    }
    assert.equal((await push(ticket('7'))).body.results[0]?.known, false);
    assert.ok(logged.length > 0);
    assert.ok(!logged.join('').includes(PRIVATE));
  });
});
