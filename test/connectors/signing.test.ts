import assert from 'node:assert/strict';
import { createCipheriv, createDecipheriv, createHmac, hash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { Events, OAuth2Issuer, OAuth2Service, type MutableResponse } from 'oauth2-mock-server';
import { sm2 } from 'sm-crypto-v2';
import { parse } from 'yaml';
import { provide } from '../../settings/environment.ts';
import { httpConnectorSchema, type Algorithm, type HttpConnectorConfig } from '../../settings/kinds/http.ts';
import type { Exchange, WindowSource } from '../../connectors/contract.ts';
import { runExamples } from '../../connectors/mapping/examples.ts';
import { http } from '../../connectors/http/index.ts';
import { runSteps } from '../../connectors/http/signing.ts';
import { compileMapping } from '../../connectors/mapping/compile.ts';
import { sourceBy } from '../../connectors/reading.ts';
import { HubError } from '../../domain/errors.ts';
import { timeWindow } from '../../domain/collection/window.ts';
import { DAY_MS } from '../../domain/dates.ts';

const COOKBOOK = join(import.meta.dirname, '../../docs/connectors/cookbook');
const NOW_MS = Date.parse('2026-11-22T12:00:00+08:00');
const MINUTE_MS = 60_000;
const WINDOW = timeWindow(NOW_MS - 3 * DAY_MS, NOW_MS - DAY_MS);
const KEYS = ['1', '2', '3', '4', '5', '6'];

/** What a gateway was asked. */
interface Asked {
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  text: string;
}
/** JSON, or the status of an answer without content. */
type Answered = object | number;

interface Gateway {
  answer: (asked: Asked) => Answered;
  /** Takes requests that it knows in the place of `answer`. */
  inner?: { paths: string[]; listener: RequestListener };
  /** Requests that were refused. */
  refused: number;
  /** How far its clock is from ours. */
  skewMs?: number;
}

/** What gateways refuse with. */
const REFUSALS: unknown[] = [401, 'E-106', '14'];

const closing: (() => void)[] = [];
const bodyOf = async (request: IncomingMessage): Promise<string> =>
  Buffer.concat((await Array.fromAsync(request)) as Buffer[]).toString('utf8');

/** Runs a gateway; its address. */
async function serve(gateway: Gateway): Promise<string> {
  const answer = async (...[request, response]: Parameters<RequestListener>): Promise<void> => {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://gateway');
    if (gateway.inner?.paths.includes(path)) {
      gateway.inner.listener(request, response);
      return;
    }
    const answered = gateway.answer({ path, query, headers: request.headers, text: await bodyOf(request) });
    // Else Node tells the true time, and not the test's.
    response.setHeader('Date', new Date(Date.now() + (gateway.skewMs ?? 0)).toUTCString());
    if (REFUSALS.includes(typeof answered === 'number' ? answered : (answered as { code?: string }).code))
      gateway.refused += 1;
    if (typeof answered === 'number') response.writeHead(answered).end();
    else response.end(JSON.stringify(answered));
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  closing.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const configured = (text: string, baseUrl: string): HttpConnectorConfig => ({
  ...httpConnectorSchema.parse({ ...(parse(text) as object), baseUrl }),
  id: 'gateway',
});
const cookbook = (name: string, baseUrl = 'http://127.0.0.1'): HttpConnectorConfig =>
  configured(readFileSync(join(COOKBOOK, `${name}.yaml`), 'utf8'), baseUrl);

/** Opens a connector's only stream with two records a page, one page at a time. */
function open(connector: HttpConnectorConfig, exchanges: Exchange[] = []): WindowSource {
  const stream = connector.streams[0]!;
  const small = { ...stream, page: { ...stream.page, size: 2 } };
  const single: HttpConnectorConfig = { ...connector, inFlight: 1 };
  return sourceBy('windows', http.open(single, small, { trace: (exchange) => exchanges.push(exchange) }));
}

/** The records that a connector's first example stands for, with keys of their own. */
function recordsOf(connector: HttpConnectorConfig): Record<string, unknown>[] {
  const { record, examples } = connector.streams[0]!;
  return KEYS.map((key) => ({ ...examples[0]?.input, [record.key]: key }));
}

/** Reads everything, and does something after the first page; the keys. */
async function read(
  connector: HttpConnectorConfig,
  source: WindowSource,
  between: () => void = () => undefined,
): Promise<string[]> {
  const mapping = compileMapping(connector.streams[0]!);
  const keys: string[] = [];
  for await (const page of source.read(WINDOW, { committed: new Map(), total: null }, new AbortController().signal)) {
    assert.deepEqual(mapping.map(page, { readAt: WINDOW.to }).rejected, []);
    keys.push(...page.records.map((record) => mapping.keyOf(record) ?? ''));
    if (page.number === 0) between();
  }
  return keys.sort();
}

const slice = <T>(records: T[], start: number): T[] => records.slice(start, start + 2);
const later = (ms: number): void => mock.timers.setTime(Date.now() + ms);
const hmac = (key: string, text: string): string => createHmac('sha256', key).update(text).digest('base64');
const md5 = (text: string): string => hash('md5', text, 'hex');
/** Within what the gateways take for now. */
const recent = (time: unknown): boolean => Math.abs(Number(time) - Date.now()) < 11 * MINUTE_MS;

/** A secret of a gateway that ends, and is refused from then on. */
class Ending {
  readonly lifetime: number;
  value = '';
  endsAtMs = 0;
  issued = 0;

  constructor(lifetime: number) {
    this.lifetime = lifetime;
  }

  issue(): this {
    this.issued += 1;
    this.value = randomUUID();
    this.endsAtMs = Date.now() + this.lifetime;
    return this;
  }

  /** What is signed with now; nothing once it has ended. */
  get good(): string | null {
    return this.issued > 0 && Date.now() < this.endsAtMs ? this.value : null;
  }
}

class NationalGateway implements Gateway {
  readonly appKey = 'appkey-of-16-chr';
  readonly secret = new Ending(15 * MINUTE_MS);
  readonly records: Record<string, unknown>[];
  refused = 0;

  constructor(records: Record<string, unknown>[]) {
    this.records = records;
  }

  answer = ({ path, query, headers }: Asked): Answered => {
    const [rid, sid, rtime, sign] = ['rid', 'sid', 'rtime', 'sign'].map((name) => String(headers[`gjgxjhpt_${name}`]));
    const key = path === '/auth/secret' ? this.appKey : this.secret.good;
    const known = rid === 'R-320200-0012' && sid === 'S-320200-0001' && recent(rtime);
    if (!known || key === null || hmac(key, `${sid}${rid}${rtime}`) !== sign) return { code: 'E-106', data: null };
    if (path === '/auth/secret') {
      const { value, endsAtMs } = this.secret.issue();
      const cipher = createCipheriv('aes-128-ecb', this.appKey, null);
      const encrypted = Buffer.concat([cipher.update(value), cipher.final()]).toString('base64');
      return { code: '0', data: { secret: encrypted, secretEndTime: String(endsAtMs) } };
    }
    const list = slice(this.records, 2 * (Number(query.get('page')) - 1));
    return { code: '0', data: { list, total: this.records.length } };
  };
}

class ZhejiangGateway implements Gateway {
  readonly appSecret = 'app-secret-4711';
  readonly refresh = new Ending(48 * 60 * MINUTE_MS);
  readonly request = new Ending(15 * MINUTE_MS);
  readonly records: Record<string, unknown>[];
  refused = 0;

  constructor(records: Record<string, unknown>[]) {
    this.records = records;
  }

  answer = ({ path, headers, text }: Asked): Answered => {
    const form = new URLSearchParams(text);
    const [appKey, time, sign] = ['appKey', 'requestTime', 'sign'].map((name) => form.get(name) ?? '');
    const keys: Record<string, string | null> = {
      '/app/refreshTokenByKey.htm': this.appSecret,
      '/app/refreshTokenBySec.htm': this.refresh.good,
      '/api/permits.htm': this.request.good,
    };
    const key = keys[path] ?? null;
    const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false;
    if (!isForm || key === null || !recent(time) || md5(`${appKey}${key}${time}`) !== sign) {
      return { code: '14', msg: '签名错误', datas: '' };
    }
    if (path.endsWith('ByKey.htm')) {
      const { value, endsAtMs } = this.refresh.issue();
      return { code: '00', datas: { refreshSecret: value, refreshSecretEndTime: endsAtMs } };
    }
    if (path.endsWith('BySec.htm')) {
      const { value, endsAtMs } = this.request.issue();
      return { code: '00', datas: { requestSecret: value, requestSecretEndTime: endsAtMs } };
    }
    const datas = slice(this.records, 2 * (Number(form.get('pageNum')) - 1));
    return {
      code: '00',
      msg: 'ok',
      datas: JSON.stringify(datas),
      dataCount: datas.length,
      totalDataCount: this.records.length,
      totalPage: 3,
    };
  };
}

/** A gateway whose tokens come from a real token server. */
class OAuthGateway implements Gateway {
  readonly records: Record<string, unknown>[];
  readonly tokens = new Map<string, number>();
  readonly inner: NonNullable<Gateway['inner']>;
  refused = 0;

  private constructor(records: Record<string, unknown>[], listener: RequestListener) {
    this.records = records;
    this.inner = { paths: ['/oauth2/token'], listener };
  }

  /** @param unitMs what the server counts expires_in in */
  static async create(records: Record<string, unknown>[], unitMs: number): Promise<OAuthGateway> {
    const issuer = new OAuth2Issuer();
    issuer.url = 'http://gateway';
    await issuer.keys.generate('RS256');
    const service = new OAuth2Service(issuer, { token: '/oauth2/token' });
    const gateway = new OAuthGateway(records, service.requestHandler);
    service.on(Events.BeforeResponse, (answer: MutableResponse, request: { body: Record<string, string> }) => {
      const { client_id: id, client_secret: secret, scope } = request.body;
      if (id !== 'certificate-hub' || secret !== 'client-secret-4711' || scope !== 'licences.read') {
        Object.assign(answer, { statusCode: 400, body: { error: 'invalid_client' } });
        return;
      }
      const body = answer.body as { access_token: string; expires_in: number };
      body.expires_in = (60 * MINUTE_MS) / unitMs;
      gateway.tokens.set(body.access_token, Date.now() + 60 * MINUTE_MS);
    });
    return gateway;
  }

  answer = ({ path, query, headers }: Asked): Answered => {
    const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
    if (!((this.tokens.get(token) ?? 0) > Date.now())) return 401;
    if (path === '/licences/count') return { code: 0, result: { count: this.records.length } };
    const start = Number(query.get('cursor'));
    const next = start + 2 < this.records.length ? String(start + 2) : null;
    const warning = start === 0 ? [{ id: '2', reason: '经营范围待核' }] : [];
    return { code: 2, result: { items: slice(this.records, start), next, warning } };
  };
}

const SM4_KEY = '0123456789abcdeffedcba9876543210';
const SM2_KEYS = sm2.generateKeyPairHex();

class SmGateway implements Gateway {
  readonly records: Record<string, unknown>[];
  refused = 0;

  constructor(records: Record<string, unknown>[]) {
    this.records = records;
  }

  answer = ({ text, headers }: Asked): Answered => {
    const { data, appCode, encType, signType, timestamp, signData } = JSON.parse(text) as {
      data: { encData: string };
    } & Record<'appCode' | 'encType' | 'signType' | 'timestamp' | 'signData', string>;
    assert.deepEqual([encType, signType, headers['content-type']], ['SM4', 'SM2', 'application/json']);
    const signed = Buffer.from(signData, 'base64').toString('hex');
    const verified = sm2.doVerifySignature(`${appCode}${data.encData}${timestamp}`, signed, SM2_KEYS.publicKey, {
      hash: true,
      der: true,
    });
    if (!verified || !recent(timestamp)) return { code: 'E-106' };
    const key = Buffer.from(SM4_KEY, 'hex');
    const decipher = createDecipheriv('sm4-ecb', key, null);
    const opened = Buffer.concat([decipher.update(data.encData, 'base64'), decipher.final()]).toString('utf8');
    const { pageNum, begin } = JSON.parse(opened) as { pageNum: number; begin: string };
    assert.equal(begin, '2026-11-19 12:00:00');
    const list = slice(this.records, 2 * (pageNum - 1));
    const cipher = createCipheriv('sm4-ecb', key, null);
    const plain = JSON.stringify({ code: '0', list, total: this.records.length });
    const encData = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]).toString('base64');
    return { data: { encData }, appCode, encType, signType, timestamp: String(Date.now()) };
  };
}

const kind = (expected: string, code: string, text: RegExp) => (error: unknown) =>
  error instanceof HubError && error.kind === expected && error.code === code && text.test(error.message);

beforeEach(() => {
  mock.timers.enable({ apis: ['Date'], now: NOW_MS });
  provide('NATIONAL_APP_KEY', 'appkey-of-16-chr');
  provide('ZHEJIANG_APP_SECRET', 'app-secret-4711');
  provide('TIF_TOKEN', 'tif-token-4711');
  provide('MARKET_CLIENT_SECRET', 'client-secret-4711');
  provide('SM_SM4_KEY', SM4_KEY);
  provide('SM_SM2_PRIVATE_KEY', SM2_KEYS.privateKey);
});
afterEach(() => {
  mock.timers.reset();
  for (const close of closing.splice(0)) close();
});

describe('the cookbook', () => {
  for (const name of ['national', 'zhejiang', 'tif', 'oauth-minutes', 'sm2-sm4']) {
    it(`${name}: its examples hold`, () => {
      const stream = cookbook(name).streams[0]!;
      assert.ok(stream.examples.length > 0);
      assert.deepEqual(runExamples(stream, compileMapping(stream).map), []);
    });
  }
});

describe('the national exchange platform', () => {
  const start = async (): Promise<{
    gateway: NationalGateway;
    connector: HttpConnectorConfig;
    source: WindowSource;
  }> => {
    const gateway = new NationalGateway(recordsOf(cookbook('national')));
    const connector = cookbook('national', await serve(gateway));
    return { gateway, connector, source: open(connector) };
  };

  it('is read with a secret that is fetched once', async () => {
    const { gateway, connector, source } = await start();
    assert.deepEqual(await read(connector, source), KEYS);
    assert.equal(await source.count(WINDOW), 6);
    assert.deepEqual([gateway.secret.issued, gateway.refused], [1, 0]);
  });

  it('the secret is fetched again before its end, not sooner, and never used after it', async () => {
    const { gateway, source } = await start();
    await source.count(WINDOW);
    later(14 * MINUTE_MS);
    await source.count(WINDOW);
    assert.equal(gateway.secret.issued, 1);
    later(55_000);
    await source.count(WINDOW);
    assert.equal(gateway.secret.issued, 2);
    later(MINUTE_MS);
    await source.count(WINDOW);
    assert.deepEqual([gateway.secret.issued, gateway.refused], [2, 0]);
  });

  it('the end is told by the platform’s clock, and kept by ours', async () => {
    const { gateway, source } = await start();
    const { answer } = gateway;
    const skewMs = -10 * MINUTE_MS;
    Object.assign(gateway, { skewMs });
    gateway.answer = (asked) => {
      const answered = answer(asked) as { data: { secretEndTime?: string } };
      if (asked.path === '/auth/secret') answered.data.secretEndTime = String(gateway.secret.endsAtMs + skewMs);
      return answered;
    };
    await source.count(WINDOW);
    later(14 * MINUTE_MS);
    await source.count(WINDOW);
    assert.equal(gateway.secret.issued, 1);
    later(55_000);
    await source.count(WINDOW);
    assert.equal(gateway.secret.issued, 2);
  });

  it('many requests at once fetch one secret', async () => {
    const { gateway, source } = await start();
    await Promise.all(Array.from({ length: 8 }, () => source.count(WINDOW)));
    assert.equal(gateway.secret.issued, 1);
  });

  it('a secret that is refused between two pages, by its result code, is fetched anew and the page read again', async () => {
    const { gateway, connector, source } = await start();
    assert.deepEqual(await read(connector, source, () => (gateway.secret.value = 'another')), KEYS);
    assert.deepEqual([gateway.secret.issued, gateway.refused], [2, 1]);
  });

  it('the same with 401', async () => {
    const { gateway, connector, source } = await start();
    const { answer } = gateway;
    gateway.answer = (asked) => {
      const answered = answer(asked);
      return (answered as { code: string }).code === 'E-106' ? 401 : answered;
    };
    assert.deepEqual(await read(connector, source, () => (gateway.secret.value = 'another')), KEYS);
    assert.deepEqual([gateway.secret.issued, gateway.refused], [2, 1]);
  });

  it('a wrong appKey is a matter of configuration, and is not shown', async () => {
    provide('NATIONAL_APP_KEY', 'wrong-key-16-chr');
    const { source, gateway } = await start();
    await assert.rejects(source.count(WINDOW), (error: Error) => {
      assert.ok(kind('configuration', 'unauthorised', /POST \/auth\/secret/)(error));
      return !error.message.includes('wrong-key');
    });
    assert.equal(gateway.secret.issued, 0);
  });

  it('a secret that goes on being refused is told, not asked for without end', async () => {
    const { gateway, source } = await start();
    const { answer } = gateway;
    gateway.answer = (asked) => (asked.path === '/auth/secret' ? answer(asked) : { code: 'E-106' });
    await assert.rejects(source.count(WINDOW), kind('configuration', 'unauthorised', /found code = “E-106”/));
    assert.equal(gateway.secret.issued, 2);
  });
});

describe('a gateway in the style of Zhejiang', () => {
  it('is read with two secrets that each end in their own time', async () => {
    const gateway = new ZhejiangGateway(recordsOf(cookbook('zhejiang')));
    const connector = cookbook('zhejiang', await serve(gateway));
    const source = open(connector);
    assert.deepEqual(await read(connector, source), KEYS);
    assert.deepEqual([gateway.refresh.issued, gateway.request.issued], [1, 1]);
    later(15 * MINUTE_MS - 5_000);
    await source.count(WINDOW);
    assert.deepEqual([gateway.refresh.issued, gateway.request.issued], [1, 2]);
    later(48 * 60 * MINUTE_MS);
    await source.count(WINDOW);
    assert.deepEqual([gateway.refresh.issued, gateway.request.issued], [2, 3]);
    assert.equal(gateway.refused, 0);
  });

  it('a request secret that is refused in the middle is fetched anew', async () => {
    const gateway = new ZhejiangGateway(recordsOf(cookbook('zhejiang')));
    const connector = cookbook('zhejiang', await serve(gateway));
    assert.deepEqual(await read(connector, open(connector), () => (gateway.request.value = 'another')), KEYS);
    assert.equal(gateway.refused, 1);
  });
});

describe('x-tif headers', () => {
  it('are accepted, each nonce once', async () => {
    const records = recordsOf(cookbook('tif'));
    const nonces = new Set<unknown>();
    const gateway: Gateway = {
      refused: 0,
      answer: ({ query, headers }) => {
        const [paasid, timestamp, nonce, signature] = ['paasid', 'timestamp', 'nonce', 'signature'].map((name) =>
          String(headers[`x-tif-${name}`]),
        );
        const expected = hash('sha256', `${timestamp}tif-token-4711${nonce}${timestamp}`, 'hex');
        const isSeconds = Math.abs(Number(timestamp) - Date.now() / 1000) < 60;
        if (paasid !== 'hub-320200' || !isSeconds || nonces.has(nonce) || signature !== expected) return 401;
        nonces.add(nonce);
        return { code: 200, data: { rows: slice(records, Number(query.get('offset'))), total: records.length } };
      },
    };
    const connector = cookbook('tif', await serve(gateway));
    assert.deepEqual(await read(connector, open(connector)), KEYS);
    assert.deepEqual([gateway.refused, nonces.size], [0, 3]);
  });
});

describe('OAuth client credentials', () => {
  const units = { minutes: MINUTE_MS, seconds: 1000 } as const;
  for (const unit of ['minutes', 'seconds'] as const) {
    const start = async (): Promise<{
      gateway: OAuthGateway;
      connector: HttpConnectorConfig;
      source: WindowSource;
    }> => {
      const gateway = await OAuthGateway.create(recordsOf(cookbook('oauth-minutes')), units[unit]);
      const connector = cookbook('oauth-minutes', await serve(gateway));
      const auth = { ...connector.auth, expiresInUnit: unit } as HttpConnectorConfig['auth'];
      return { gateway, connector, source: open({ ...connector, auth }) };
    };

    it(`expires_in in ${unit}: one token until shortly before its end`, async () => {
      const { gateway, connector, source } = await start();
      assert.deepEqual(await read(connector, source), KEYS);
      later(59 * MINUTE_MS);
      await source.count(WINDOW);
      assert.equal(gateway.tokens.size, 1);
      later(55_000);
      await source.count(WINDOW);
      assert.deepEqual([gateway.tokens.size, gateway.refused], [2, 0]);
    });

    it(`expires_in in ${unit}: a token that is refused between two pages is fetched anew`, async () => {
      const { gateway, connector, source } = await start();
      const revoke = (): void => {
        gateway.tokens.clear();
        later(1000); // a token of another second is another one
      };
      assert.deepEqual(await read(connector, source, revoke), KEYS);
      assert.deepEqual([gateway.tokens.size, gateway.refused], [1, 1]);
    });
  }

  it('remarks on single records become flags', async () => {
    const gateway = await OAuthGateway.create(recordsOf(cookbook('oauth-minutes')), MINUTE_MS);
    const connector = cookbook('oauth-minutes', await serve(gateway));
    const pages = await Array.fromAsync(
      open(connector).read(WINDOW, { committed: new Map(), total: null }, new AbortController().signal),
    );
    const { map } = compileMapping(connector.streams[0]!);
    const rows = pages.flatMap(
      (page) =>
        JSON.parse(map(page, { readAt: WINDOW.to }).rows.toJson().toString()) as { key: string; flags: unknown }[],
    );
    assert.deepEqual(
      rows.filter(({ flags }) => flags !== null).map(({ key, flags }) => [key, flags]),
      [['2', [{ rule: 'source-warning', field: '', found: '经营范围待核' }]]],
    );
  });

  it('a wrong client secret is a matter of configuration, and is not shown', async () => {
    const gateway = await OAuthGateway.create([], MINUTE_MS);
    provide('MARKET_CLIENT_SECRET', 'wrong-secret');
    const source = open(cookbook('oauth-minutes', await serve(gateway)));
    await assert.rejects(source.count(WINDOW), (error: Error) => {
      assert.ok(kind('configuration', 'unauthorised', /POST \/oauth2\/token/)(error));
      return !error.message.includes('wrong-secret');
    });
  });
});

describe('national cryptography', () => {
  it('bodies and answers are encrypted, and the signature verified', async () => {
    const gateway = new SmGateway(recordsOf(cookbook('sm2-sm4')));
    const connector = cookbook('sm2-sm4', await serve(gateway));
    assert.deepEqual(await read(connector, open(connector)), KEYS);
    assert.equal(gateway.refused, 0);
  });

  it('an error that is answered in the clear is told by its code', async () => {
    const gateway: Gateway = { refused: 0, answer: () => ({ code: '99', msg: '张三' }) };
    const source = open(cookbook('sm2-sm4', await serve(gateway)));
    await assert.rejects(source.count(WINDOW), (error: Error) => {
      assert.ok(kind('transient', 'source-refused', /found code = “99”/)(error));
      return !error.message.includes('张三');
    });
  });

  it('an answer under another key is told, without anything of it', async () => {
    const cipher = createCipheriv('sm4-ecb', Buffer.from(SM4_KEY, 'hex').reverse(), null);
    const encData = Buffer.concat([cipher.update('{"name":"张三"}', 'utf8'), cipher.final()]).toString('base64');
    const source = open(cookbook('sm2-sm4', await serve({ refused: 0, answer: () => ({ data: { encData } }) })));
    await assert.rejects(
      source.count(WINDOW),
      kind('configuration', 'signing', /^gateway: auth\.answer\.steps\.opened: sm4-ecb-decrypt failed: [\w :]+$/),
    );
  });
});

describe('plain credentials', () => {
  const stream = `
streams:
  - id: plain-permits
    path: /permits?page={page}
    response: { records: list, total: total }
    record: { key: id, updatedAt: at }
    status: { values: {} }`;
  const ways: [string, string, (asked: Asked) => boolean][] = [
    [
      'basic',
      'auth: { type: basic, user: hub, password: { env: PLAIN_SECRET } }',
      ({ headers }) => headers.authorization === `Basic ${Buffer.from('hub:plain secret&4711').toString('base64')}`,
    ],
    [
      'bearer',
      'auth: { type: bearer, token: { env: PLAIN_SECRET } }',
      ({ headers }) => headers.authorization === 'Bearer plain secret&4711',
    ],
    [
      'a key in a header',
      'auth: { type: header, name: X-Api-Key, value: { env: PLAIN_SECRET } }',
      ({ headers }) => headers['x-api-key'] === 'plain secret&4711',
    ],
    [
      'a key in the address',
      'auth: { type: query, name: apikey, value: { env: PLAIN_SECRET } }',
      ({ query }) => query.get('apikey') === 'plain secret&4711',
    ],
  ];
  for (const [name, auth, accepts] of ways) {
    it(`${name} is accepted, shown to nobody, and a wrong one is a matter of configuration`, async () => {
      provide('PLAIN_SECRET', 'plain secret&4711');
      const gateway: Gateway = {
        refused: 0,
        answer: (asked) => (accepts(asked) ? { list: [{ id: 1 }], total: 1 } : 401),
      };
      const text = `name: d\nunit: 11320200014006438B\nkind: http\n${auth}${stream}`;
      const exchanges: Exchange[] = [];
      const connector = configured(text, await serve(gateway));
      assert.equal(await open(connector, exchanges).count(WINDOW), 1);
      assert.equal(exchanges.length, 1);
      assert.doesNotMatch(JSON.stringify(exchanges), /4711/);
      provide('PLAIN_SECRET', 'wrong-4712');
      await assert.rejects(
        open(connector).count(WINDOW),
        (error: Error) => kind('configuration', 'unauthorised', /401/)(error) && !error.message.includes('4712'),
      );
    });
  }
});

describe('signing steps', () => {
  const run = (algorithm: Algorithm, parts: string[], more: object = {}, variables: Record<string, string> = {}) =>
    runSteps(
      [{ name: 'result', parts, algorithm, keyEncoding: 'text', encoding: 'hex', ...more }],
      variables,
      'gateway: auth',
    ).result ?? '';

  it('SM3 of GB/T 32905', () => {
    assert.equal(run('sm3', ['abc']), '66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0');
    assert.equal(run('sm3', ['a', '{bc}'], { encoding: 'HEX' }, { bc: 'bc' }).slice(0, 8), '66C7F0F4');
  });

  it('SM4 of GB/T 32907, padded', () => {
    // The standard’s block is no UTF-8 text, so it is decrypted: what comes out is what was the plain text.
    const key = Buffer.from(SM4_KEY, 'hex');
    const cipher = createCipheriv('sm4-ecb', key, null);
    assert.equal(cipher.update(key).toString('hex'), '681edf34d206965e86b3e94f536e4246');
    const encrypted = run('sm4-ecb-encrypt', ['证照'], { key: SM4_KEY, keyEncoding: 'hex' });
    const raw = createDecipheriv('sm4-ecb', key, null).setAutoPadding(false);
    assert.equal(raw.update(encrypted, 'hex', 'hex'), `${Buffer.from('证照').toString('hex')}${'0a'.repeat(10)}`);
    assert.equal(run('sm4-ecb-decrypt', [encrypted], { key: SM4_KEY, keyEncoding: 'hex' }), '证照');
  });

  it('SM4-CBC and AES-CBC are opened with the vector that they were closed with', () => {
    const keys = { key: '0123456789abcdef', iv: 'fedcba9876543210' };
    const closed = run('sm4-cbc-encrypt', ['证照'], { ...keys, encoding: 'base64' });
    assert.equal(run('sm4-cbc-decrypt', [closed], { ...keys, encoding: 'base64' }), '证照');
    const cipher = createCipheriv('aes-128-cbc', keys.key, keys.iv);
    const aes = Buffer.concat([cipher.update('证照', 'utf8'), cipher.final()])
      .toString('hex')
      .toUpperCase();
    assert.equal(run('aes-cbc-decrypt', [aes], { ...keys, encoding: 'HEX' }), '证照');
  });

  it('HMAC-SHA256 of RFC 4231, case 2; HMAC-SM3 by SM3 itself', () => {
    assert.equal(
      run('hmac-sha256', ['what do ya want ', 'for nothing?'], { key: 'Jefe' }),
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
    const pad = (byte: number): Buffer =>
      Buffer.from(Buffer.alloc(64, byte).map((value, at) => value ^ (Buffer.from('Jefe')[at] ?? 0)));
    const inner = hash('sm3', Buffer.concat([pad(0x36), Buffer.from('abc')]), 'buffer');
    assert.equal(run('hmac-sm3', ['abc'], { key: 'Jefe' }), hash('sm3', Buffer.concat([pad(0x5c), inner]), 'hex'));
  });

  it('MD5 and SHA-256 of "abc", and plain text', () => {
    assert.equal(run('md5', ['abc']), '900150983cd24fb0d6963f7d28e17f72');
    assert.equal(run('sha256', ['abc']), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    assert.equal(run('plain', ['a{b}'], {}, { b: 'c' }), 'ac');
  });

  it('an SM2 signature verifies with the public key, and with no other text', () => {
    const signed = run('sm2-sign', ['证照', '4711'], { key: SM2_KEYS.privateKey, keyEncoding: 'hex' });
    const verify = (text: string): boolean =>
      sm2.doVerifySignature(text, signed, SM2_KEYS.publicKey, { hash: true, der: true });
    assert.deepEqual([verify('证照4711'), verify('证照4712')], [true, false]);
  });

  it('a name that nothing bears, in a step or in a header, is a configuration error that names the place', async () => {
    assert.throws(
      () => run('md5', ['{appkey}'], {}, { appKey: 'secret-4711' }),
      (error: Error) =>
        kind(
          'configuration',
          'template-name',
          /^gateway: auth\.steps\.result: found \{appkey\}, expected one of appKey/,
        )(error) && !error.message.includes('4711'),
    );
    const connector = cookbook('tif', await serve({ refused: 0, answer: () => 401 }));
    const auth = { ...connector.auth, headers: { 'x-tif-signature': '{sigature}' } } as HttpConnectorConfig['auth'];
    await assert.rejects(
      open({ ...connector, auth }).count(WINDOW),
      (error: Error) =>
        kind(
          'configuration',
          'template-name',
          /^gateway: auth: found \{sigature\}, expected one of .*signature/,
        )(error) && !error.message.includes('4711'),
    );
  });

  const short: [Algorithm, object][] = [
    ['sm4-ecb-encrypt', { key: '{key}' }],
    ['sm4-cbc-encrypt', { key: '0123456789abcdef', iv: '{key}' }],
    ['sm4-ecb-decrypt', { key: '{key}' }],
    ['aes-ecb-decrypt', { key: '{key}' }],
    ['aes-cbc-decrypt', { key: '0123456789abcdef', iv: '{key}' }],
    ['sm2-sign', { key: '{key}', keyEncoding: 'hex' }],
    ['hmac-sha256', {}],
    ['hmac-sm3', { key: '' }],
  ];
  for (const [algorithm, more] of short) {
    it(`${algorithm} with a key or vector of a wrong length is a configuration error that names the step`, () => {
      assert.throws(
        () => run(algorithm, ['00112233445566778899aabbccddeeff'], more, { key: 'c0ffee' }),
        (error: Error) =>
          kind('configuration', 'signing', new RegExp(`^gateway: auth\\.steps\\.result: ${algorithm} failed`))(error) &&
          !error.message.includes('c0ffee'),
      );
    });
  }
});
