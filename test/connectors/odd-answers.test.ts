import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, it, mock } from 'node:test';
import iconv from 'iconv-lite';
import { provide } from '../../settings/environment.ts';
import { httpConnectorSchema } from '../../settings/kinds/http.ts';
import type { WindowSource } from '../../connectors/contract.ts';
import { keysOf, readAll } from '../../connectors/examine/suite.ts';
import { http } from '../../connectors/http/index.ts';
import { compileMapping, type Mapping } from '../../connectors/mapping/compile.ts';
import { sourceBy } from '../../connectors/reading.ts';
import { HubError } from '../../domain/errors.ts';
import { timeWindow } from '../../domain/collection/window.ts';

const WINDOW = timeWindow(Date.parse('2026-11-20T00:00:00+08:00'), Date.parse('2026-11-21T00:00:00+08:00'));
const record = (n: number, change: Record<string, unknown> = {}): Record<string, unknown> => ({
  id: `K${n}`,
  gxsj: '2026-11-20 10:00:00',
  ZZMC: '公园占用许可证',
  ZZLXDM: '11100000000013338W099',
  ZZBH: `锡园${n}号`,
  ZZBFRQ: '2026-11-20',
  CZZT: '无锡甲公司',
  CZZTDM: '91460100MA5THWMM2J',
  CZZTDMLXDM: '001',
  ...change,
});
const text = (n: number): string => JSON.stringify(record(n));
/** A record with something after its last field. */
const withField = (n: number, field: string): string => text(n).replace(/\}$/, `,${field}}`);
const answer = (...records: string[]): string =>
  `{"code":"0","data":{"total":${records.length},"list":[${records.join(',')}]}}`;

type Answer = string | Buffer | ((request: IncomingMessage, response: ServerResponse) => void);

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
  mock.timers.reset();
});

interface Gateway extends Mapping {
  source: WindowSource;
  /** What it was asked, in order. */
  asked: { url: string; headers: IncomingMessage['headers']; body: string }[];
}

/** A gateway that answers everything with one thing. */
async function gateway(
  answered: Answer,
  { contentType = 'application/json', ...change }: Record<string, unknown> & { contentType?: string } = {},
  stream: Record<string, unknown> = {},
): Promise<Gateway> {
  const asked: Gateway['asked'] = [];
  const server = createServer((request, response) => {
    void Array.fromAsync(request).then((chunks) => {
      const body = Buffer.concat(chunks as Buffer[]).toString();
      asked.push({ url: request.url ?? '', headers: request.headers, body });
      if (typeof answered === 'function') answered(request, response);
      else response.writeHead(200, { 'Content-Type': contentType }).end(answered);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const connector = httpConnectorSchema.parse({
    name: '市公园管理局',
    unit: '11320200014006438B',
    kind: 'http',
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...change,
    streams: [
      {
        id: 'parks',
        path: '/list?from={from}&to={to}&page={page}',
        response: { records: 'data.list', total: 'data.total', success: { field: 'code', values: ['0'] } },
        record: { key: 'id', updatedAt: 'gxsj' },
        status: {},
        ...stream,
      },
    ],
  });
  const [config = assert.fail('no stream')] = connector.streams;
  const source = sourceBy('windows', http.open({ ...connector, id: 'parks' }, config));
  return { source, asked, ...compileMapping(config) };
}

/** What becomes of every record: its key, and the rules that reject it. */
async function outcomes({ source, map, keyOf }: Gateway): Promise<[string | null, string][]> {
  const pages = await readAll({ source }, WINDOW);
  return pages.flatMap((page) => {
    const { outcomes: problems } = map(page, { readAt: WINDOW.to });
    return page.records.map((item, index): [string | null, string] => [
      keyOf(item),
      problems[index]?.map(({ rule, field, found }) => [rule, field, found].filter(Boolean).join(' ')).join('; ') ?? '',
    ]);
  });
}

const fails =
  (kind: HubError['kind'], code: string, words = /./) =>
  (error: unknown) =>
    error instanceof HubError && error.kind === kind && error.code === code && words.test(error.message);

describe('one oddity never stops a whole stream', () => {
  describe('an answer without records', () => {
    const noTotal = { records: 'data.list', untilEmpty: true, success: { field: 'code', values: ['0'] } };
    const counting = { count: { path: '/count', value: 'n' } };

    it('is an empty window where the source says that there are none, whatever stands for the list', async () => {
      for (const data of [
        '{"total":0,"list":null}',
        '{"total":"0","list":null}',
        '{"total":0}',
        '{"total":0,"list":{}}',
      ])
        assert.deepEqual(await outcomes(await gateway(`{"code":"0","data":${data}}`)), [], data);
      assert.deepEqual(await outcomes(await gateway('{"code":"0","msg":"无数据","data":null}')), []);
      assert.equal(await (await gateway('{"code":"0","data":null}')).source.count(WINDOW), 0);
      const untilEmpty = await gateway('{"code":"0","data":null,"n":0}', {}, { response: noTotal, ...counting });
      assert.deepEqual(await outcomes(untilEmpty), []);
    });

    it('is none where it could as well be an error', async () => {
      const unsure = { response: { records: 'data.list', total: 'data.total' } };
      const refused = await gateway('{"code":"500","msg":"未授权","data":null}', {}, unsure);
      await assert.rejects(outcomes(refused), fails('configuration', 'answer-shape'));
      const short = await gateway('{"code":"0","data":{"total":3,"list":null}}');
      assert.deepEqual(await outcomes(short), [], 'the count tells that three are missing');
      assert.equal(await short.source.count(WINDOW), 3);
      for (const body of ['{"code":"0","data":{"total":2,"rows":[]}}', '{"code":"0","result":[]}'])
        await assert.rejects(outcomes(await gateway(body)), fails('configuration', 'answer-shape'));
    });
  });

  it('one record in place of a list is read as a list of one', async () => {
    assert.deepEqual(await outcomes(await gateway(answer(text(1)).replace(/[[\]]/g, ''))), [['K1', '']]);
    const several = `{"code":"0","data":{"total":2,"list":${text(1)}}}`;
    await assert.rejects(outcomes(await gateway(several)), fails('configuration', 'answer-shape'));
    const around = { response: { records: 'data', untilEmpty: true }, count: { path: '/count', value: 'n' } };
    await assert.rejects(outcomes(await gateway(answer(text(1)), {}, around)), fails('configuration', 'answer-shape'));
  });

  it('a list that is written as a map from places to records is a list', async () => {
    for (const list of [`{"0":${text(1)},"1":${text(2)}}`, `{"10":${text(2)},"9":${text(1)}}`, `{"0":${text(1)}}`]) {
      const found = await outcomes(
        await gateway(`{"code":"0","data":{"total":"${list.split('"id"').length - 1}","list":${list}}}`),
      );
      assert.deepEqual(
        found,
        [1, 2].slice(0, found.length).map((n) => [`K${n}`, '']),
      );
      assert.equal(found.length, list.split('"id"').length - 1);
    }
    const byKey = `{"code":"0","data":{"total":2,"list":{"K1":${text(1)},"K2":${text(2)}}}}`;
    await assert.rejects(outcomes(await gateway(byKey)), fails('configuration', 'answer-shape'));
  });

  it('a total with commas between its thousands is one', async () => {
    const { source } = await gateway('{"code":"0","data":{"total":"1,002","list":[]}}', {}, { page: { size: 2000 } });
    assert.equal(await source.count(WINDOW), 1002);
    for (const total of ['1,02', '1,002.5', '2条'])
      await assert.rejects(
        (await gateway(`{"code":"0","data":{"total":"${total}","list":[]}}`)).source.count(WINDOW),
        fails('configuration', 'answer-shape'),
      );
  });

  describe('what JSON does not allow', () => {
    const odd: [what: string, field: string, found: string][] = [
      ['NaN', '"area":NaN', 'json-invalid area NaN'],
      ['-Infinity', '"area":-Infinity', 'json-invalid area -Infinity'],
      ['None', '"area":None', 'json-invalid area None'],
      ['a number with a leading zero', '"area":007', 'json-invalid area 007'],
      ['a line break within a text', '"remark":"第一行\n第二行"', 'json-invalid remark U+000A'],
      ['a tab within a text', '"remark":"第一\t列"', 'json-invalid remark U+0009'],
      ['an escape that is none', '"path":"C:\\数据"', 'json-invalid path \\数'],
      ['NaN deep within', '"items":[{"area":NaN}]', 'json-invalid area NaN'],
      ['a quote within a text', '"remark":"5"管"', 'json-invalid remark "'],
      ['a comma after the last field', '"remark":"",', 'json-invalid ,'],
      ['nothing where a value belongs', '"area":,"remark":""', 'json-invalid area ,'],
      ['a key that is there twice', '"ZZBH":"锡园9号"', 'field-repeated ZZBH ZZBH'],
      ['a key that is there twice, within', '"items":{"a":1,"a":2}', 'field-repeated a a'],
    ];
    for (const [what, field, found] of odd) {
      it(`${what} costs its record, and its place is told`, async () => {
        const body = answer(text(1), withField(2, field), text(3));
        const [first, second, third] = await outcomes(await gateway(body));
        assert.deepEqual(
          [first, third],
          [
            ['K1', ''],
            ['K3', ''],
          ],
        );
        const [, rules = ''] = second ?? [];
        const [, shown, at] = /^(.*), character (\d+)$/.exec(rules) ?? assert.fail(rules);
        assert.equal(shown, found);
        const place = Number(at) - 1;
        assert.ok(place > body.indexOf(field.slice(0, 5)) && place < body.indexOf(text(3)));
        if (found.endsWith('NaN')) assert.ok(body.startsWith('NaN', place));
      });
    }

    it('what was rejected is kept as it came', async () => {
      const { source, map } = await gateway(answer(withField(1, '"area":NaN')));
      const [page = assert.fail('no page')] = await readAll({ source }, WINDOW);
      const [rejected] = map(page, { readAt: WINDOW.to }).rejected;
      assert.equal(rejected?.rawEncoding, 'latin1');
      assert.equal(Buffer.from(rejected.raw, 'latin1').toString(), withField(1, '"area":NaN'));
    });

    it('in a list that arrives as text, too', async () => {
      const list = JSON.stringify(`[${text(1)},${withField(2, '"area":NaN')}]`);
      const found = await outcomes(await gateway(`{"code":"0","data":{"total":2,"list":${list}}}`));
      assert.deepEqual(
        found.map(([key]) => key),
        ['K1', 'K2'],
      );
      assert.match(found[1]?.[1] ?? '', /^json-invalid area NaN/);
    });

    it('beside the records it costs nobody anything, unless two values of one name are there', async () => {
      const around = (field: string): string => answer(text(1)).replace('"code"', `${field},"code"`);
      assert.deepEqual(await outcomes(await gateway(around('"seconds":NaN'))), [['K1', '']]);
      const twice = await gateway(around('"data":{"total":0,"list":[]}'));
      await assert.rejects(outcomes(twice), fails('transient', 'broken-body', /twice/));
    });

    it('a quote within a text that could as well end its record is none that is mended', async () => {
      const one = await gateway(answer(text(1), withField(2, '"remark":""},{","area":"8"'), text(3)));
      await assert.rejects(outcomes(one), fails('transient', 'broken-body'));
    });

    it('a comma after the last record costs nobody anything', async () => {
      const found = await outcomes(await gateway(answer(text(1), `${text(2)},`)));
      assert.deepEqual(found, [
        ['K1', ''],
        ['K2', ''],
      ]);
    });

    it('an answer that was cut off is no answer', async () => {
      for (const length of [20, 120, 300])
        await assert.rejects(
          outcomes(await gateway(answer(text(1), withField(2, '"area":NaN')).slice(0, length))),
          fails('transient', 'broken-body'),
        );
    });
  });

  describe('markup in place of JSON', () => {
    const soap = (body: string): string =>
      `<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>${body}</soap:Body></soap:Envelope>`;
    const fault11 = soap(
      '<soap:Fault><faultcode>soap:Server</faultcode><faultstring xml:lang="zh"><![CDATA[未授权的调用方 <320102199001011235>]]></faultstring><detail/></soap:Fault>',
    );
    const fault12 = soap(
      '<soap:Fault><soap:Code><soap:Value>soap:Sender</soap:Value><soap:Subcode><soap:Value>wsse:FailedAuthentication</soap:Value></soap:Subcode></soap:Code><soap:Reason><soap:Text xml:lang="en">Policy &amp; signature</soap:Text></soap:Reason></soap:Fault>',
    );
    const told = async (answered: Answer): Promise<string> => {
      const { source } = await gateway(answered, { contentType: 'text/xml;charset=utf-8' });
      try {
        await source.count(WINDOW);
      } catch (error) {
        if (error instanceof HubError && error.kind === 'transient') return `${error.code}: ${error.message}`;
      }
      return assert.fail('nothing was found wrong');
    };

    it('a fault of a SOAP service is told with its code and its reason, but for whose it is', async () => {
      assert.match(
        await told(fault11),
        /^soap-fault: .*the SOAP fault soap:Server \(未授权的调用方 <3201\*{6}35>\), expected JSON/,
      );
      assert.match(
        await told((_, response) => response.writeHead(500, { 'Content-Type': 'text/xml' }).end(fault12)),
        /^soap-fault: .*soap:Sender wsse:FailedAuthentication \(Policy & signature\)/,
      );
    });

    it('XML is told from a web page, and neither is read as empty', async () => {
      assert.match(
        await told(soap('<r><total>0</total></r>')),
        /^xml-answer: .*found XML \(its root is soap:Envelope\)/,
      );
      assert.match(await told('<result><code>500</code>'), /^xml-answer: .*root is result/);
      assert.match(await told('<!DOCTYPE html><html><body>登录</body></html>'), /^broken-body: .*a web page/);
      assert.match(await told('<script>location="/login"</script>'), /^broken-body: .*a web page/);
      assert.match(
        await told((_, response) => response.writeHead(500).end('<html>oops</html>')),
        /^source-failing: .*answered 500/,
      );
    });
  });

  describe('Retry-After', () => {
    const refusing = (retryAfter: string) =>
      ((_, response) => response.writeHead(429, { 'Retry-After': retryAfter }).end('{}')) satisfies Answer;
    for (const [form, value] of [
      ['milliseconds', () => '86400000'],
      ['a date', () => new Date(Date.now() + 3 * 86_400_000).toUTCString()],
    ] as const) {
      it(`is granted for an hour at most, and shown: ${form}`, async () => {
        await assert.rejects((await gateway(refusing(value()))).source.count(WINDOW), (error) => {
          assert.ok(fails('transient', 'rate-limited', /left alone for \d+ s, .*asked again in 3600 s/)(error));
          return (error as HubError).retryAfterMs === 3_600_000;
        });
      });
    }
    it('is granted for as long as the connector says', async () => {
      const { source } = await gateway(refusing('600'), { longestWait: '5m' });
      await assert.rejects(source.count(WINDOW), (error) => (error as HubError).retryAfterMs === 300_000);
      const patient = await gateway(refusing('600'));
      await assert.rejects(patient.source.count(WINDOW), (error) => (error as HubError).retryAfterMs === 600_000);
    });
  });

  it('a way to a page to sign in is named, without what is asked of it', async () => {
    const { source } = await gateway((_, response) => response.writeHead(302, { Location: '/login?ticket=1' }).end());
    await assert.rejects(source.count(WINDOW), (error) => {
      assert.ok(fails('configuration', 'request-redirected', /\/login$/)(error));
      return ((error as HubError).cure?.en ?? '').includes('credentials');
    });
  });

  describe('OAuth2', () => {
    provide('HUB_TEST_OAUTH_SECRET', 's:e c');
    const auth = {
      type: 'clientCredentials',
      path: '/token',
      clientId: 'a&b',
      clientSecret: { env: 'HUB_TEST_OAUTH_SECRET' },
    };
    /** Hands out T1, T2, …, of which only the last one is accepted. */
    const issuer = (lifetime: string, takes: (request: IncomingMessage) => boolean = () => true) => {
      const state = { issued: 0, valid: 0 };
      const answered: Answer = (request, response) => {
        if (request.url === '/token') {
          if (!takes(request)) return response.writeHead(401).end('{"error":"invalid_client"}');
          state.issued += 1;
          state.valid = state.issued;
          return response.end(`{"access_token":"T${state.issued}"${lifetime}}`);
        }
        const known = request.headers.authorization === `Bearer T${state.valid}`;
        return response.writeHead(known ? 200 : 401).end(known ? answer(text(1)) : '{}');
      };
      return { state, answered };
    };

    for (const lifetime of ['', ',"expires_in":null', ',"expires_in":-1', ',"expires_in":"never"'])
      it(`a token without a sensible end is used until it is refused: {…${lifetime}}`, async () => {
        const { state, answered } = issuer(lifetime);
        const { source } = await gateway(answered, { auth });
        for (let time = 0; time < 3; time++) assert.equal(await source.count(WINDOW), 1);
        assert.equal(state.issued, 1);
        state.valid = 0;
        assert.equal(await source.count(WINDOW), 1);
        assert.equal(state.issued, 2);
      });

    it('an end in fractions of a second, or as text, is one', async () => {
      for (const lifetime of [',"expires_in":3599.99', ',"expires_in":"3599.99"']) {
        mock.timers.enable({ apis: ['Date'], now: Date.parse('2026-11-22T12:00:00+08:00') });
        const { state, answered } = issuer(lifetime);
        const { source } = await gateway(answered, { auth });
        await source.count(WINDOW);
        mock.timers.setTime(Date.now() + 3_500_000);
        await source.count(WINDOW);
        assert.equal(state.issued, 1);
        mock.timers.setTime(Date.now() + 99_000);
        await source.count(WINDOW);
        assert.equal(state.issued, 2);
        mock.timers.reset();
      }
    });

    it('credentials go into the header where the body’s are refused', async () => {
      const pair = Buffer.from('a%26b:s%3Ae+c').toString('base64');
      const { state, answered } = issuer('', ({ headers }) => headers.authorization === `Basic ${pair}`);
      const { source, asked } = await gateway(answered, { auth });
      assert.equal(await source.count(WINDOW), 1);
      state.valid = 0;
      assert.equal(await source.count(WINDOW), 1);
      const tokens = asked.filter(({ url }) => url === '/token');
      assert.deepEqual(
        tokens.map(({ headers, body }) => [headers.authorization, body.includes('client_secret')]),
        [
          [undefined, true],
          [`Basic ${pair}`, false],
          [`Basic ${pair}`, false],
        ],
      );
      const wrong = await gateway(issuer('', () => false).answered, { auth });
      await assert.rejects(wrong.source.count(WINDOW), fails('configuration', 'unauthorised'));
    });
  });
});

describe('a source that drips', () => {
  const drip = (first: string) => (_: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200, { 'Content-Type': 'application/json' }).write(first);
    const drops = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(drops));
  };

  it('has so long for a whole answer, and is not asked again at once', { timeout: 20_000 }, async () => {
    const { source, asked } = await gateway(drip('{"code":"0",'), { timeout: '10s', longestAnswer: '500ms' });
    await assert.rejects(source.count(WINDOW), fails('transient', 'answer-slow', /within 0\.5 s/));
    assert.equal(asked.length, 1);
  });

  it('is not waited for in a certificate’s file', { timeout: 20_000 }, async () => {
    const { source } = await gateway(drip('%PDF-1.7'), { timeout: '500ms' });
    const content = await source.file?.('/files/1.pdf', new AbortController().signal);
    await assert.rejects(Array.fromAsync(content ?? []), fails('transient', 'source-away', /next to nothing/));
  });
});

describe('the character set of answers', () => {
  const NAME = '誠信园林';
  const body = answer(text(1), JSON.stringify(record(2, { CZZT: NAME })));
  const names = async (one: Gateway): Promise<unknown[]> =>
    (await readAll({ source: one.source }, WINDOW)).flatMap(({ records }) =>
      records.map((item) => (item as { CZZT: unknown }).CZZT),
    );

  it('is what their Content-Type says, in any spelling', async () => {
    for (const [charset, form] of [
      ['GBK', 'gbk'],
      ['gb2312', 'gbk'],
      ['"GB18030"', 'gb18030'],
      ['utf-16le', 'utf-16le'],
    ] as const) {
      const contentType = `application/json; Charset=${charset}`;
      const one = await gateway(iconv.encode(body, form), { contentType });
      assert.deepEqual(await names(one), ['无锡甲公司', NAME], charset);
      assert.deepEqual(await outcomes(one), [
        ['K1', ''],
        ['K2', ''],
      ]);
    }
  });

  it('is UTF-16 where the first bytes say so', async () => {
    for (const bytes of [
      iconv.encode(body, 'utf-16le', { addBOM: true }),
      iconv.encode(body, 'utf-16be', { addBOM: true }),
      iconv.encode(body, 'utf-16le'),
      iconv.encode(body, 'utf-16be'),
      Buffer.from(`\ufeff\ufeff${body}`),
    ])
      assert.deepEqual(await names(await gateway(bytes)), ['无锡甲公司', NAME]);
  });

  it('is UTF-8 where all bytes are, whatever it says', async () => {
    for (const charset of ['GBK', 'ISO-8859-1', 'no-such-set'])
      assert.deepEqual(await names(await gateway(body, { contentType: `text/html;charset=${charset}` })), [
        '无锡甲公司',
        NAME,
      ]);
  });

  it('is what the connector says, before anything else', async () => {
    const one = await gateway(iconv.encode(body, 'gbk'), {
      contentType: 'application/json; charset=utf-8',
      charset: 'gbk',
    });
    assert.deepEqual(await names(one), ['无锡甲公司', NAME]);
  });

  it('is not guessed: records in another one are rejected, and of GBK those with bytes that are none', async () => {
    const rejected = await outcomes(
      await gateway(iconv.encode(body, 'gbk'), { contentType: 'text/html; charset=ISO-8859-1' }),
    );
    assert.deepEqual(
      rejected.map(([, rules]) => rules),
      ['encoding', 'encoding'],
    );
    const bytes = iconv.encode(body, 'gbk');
    bytes[bytes.indexOf(iconv.encode(NAME, 'gbk')) + 1] = 0xff;
    const spoiled = await outcomes(await gateway(bytes, { contentType: 'application/json;charset=GBK' }));
    assert.deepEqual(
      spoiled.map(([, rules]) => rules),
      ['', 'encoding'],
    );
  });

  describe('a source that includes the ends of windows', () => {
    const TIMES = [
      '2026-11-20 00:00:00',
      '2026-11-20 11:59:59.5',
      '2026-11-20 12:00:00',
      '2026-11-20 23:59:59.999',
      '2026-11-21 00:00:00',
    ];
    const rows = TIMES.map((gxsj, index) => record(index + 1, { gxsj }));
    const inclusive: Answer = (request, response) => {
      const { pathname, searchParams: asked } = new URL(request.url ?? '/', 'http://gateway');
      const found = rows.filter(
        ({ gxsj }) => String(gxsj) >= (asked.get('from') ?? '') && String(gxsj) <= (asked.get('to') ?? ''),
      );
      const start = 2 * (Number(asked.get('page') ?? '1') - 1);
      const list = asked.has('page') ? found.slice(start, start + 2) : found;
      response.end(
        JSON.stringify(
          pathname === '/count' ? { code: '0', n: found.length } : { code: '0', data: { total: found.length, list } },
        ),
      );
    };
    const ways: [name: string, stream: Record<string, unknown>][] = [
      ['pages', { page: { size: 2 } }],
      ['a count of its own', { page: { size: 2 }, count: { path: '/count?from={from}&to={to}', value: 'n' } }],
      [
        'slices',
        {
          path: '/list?from={from}&to={to}',
          response: { records: 'data.list' },
          page: { by: 'slice', slice: '6h' },
          count: { path: '/count?from={from}&to={to}', value: 'n' },
        },
      ],
    ];
    for (const [name, stream] of ways) {
      it(`has nothing between windows, and nothing in two of them: ${name}`, async () => {
        const { source, keyOf } = await gateway(inclusive, {}, { window: { end: 'inclusive' }, ...stream });
        const [start, noon, end] = [WINDOW.from, '2026-11-20T12:00:00+08:00', WINDOW.to].map((at) =>
          Date.parse(at),
        ) as [number, number, number];
        for (const [window, keys] of [
          [timeWindow(start, noon), ['K1', 'K2']],
          [timeWindow(noon, end), ['K3', 'K4']],
          [timeWindow(start, end), ['K1', 'K2', 'K3', 'K4']],
          [timeWindow(end, end + 1000), ['K5']],
        ] as const) {
          assert.deepEqual(keysOf({ keyOf }, await readAll({ source }, window)), keys);
          assert.equal(await source.count(window), keys.length);
        }
      });
    }
  });
});
