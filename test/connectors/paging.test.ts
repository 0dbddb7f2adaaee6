import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { httpConnectorSchema, type HttpConnectorConfig } from '../../settings/kinds/http.ts';
import type { Page, Resume } from '../../connectors/contract.ts';
import { http } from '../../connectors/http/index.ts';
import { compileMapping } from '../../connectors/mapping/compile.ts';
import { CHECKS, keysOf, readAll, type SuiteSubject } from '../../connectors/examine/suite.ts';
import { shanghaiWallTime } from '../../domain/dates.ts';
import { HubError } from '../../domain/errors.ts';
import { timeWindow } from '../../domain/collection/window.ts';

const START_MS = Date.parse('2026-11-20T08:00:00+08:00');
const WINDOW = timeWindow(START_MS, START_MS + 10 * 3_600_000);
const SIZE = 100;

/** By time, then by id; several share a second, and some come just before the window's end. */
const RECORDS = Array.from({ length: 950 }, (_, index) => ({
  id: index + 1,
  gxsj: shanghaiWallTime(START_MS + Math.floor(index / 3) * 113_000),
  zt: '1',
  ZZMC: '公园占用许可证',
  ZZLXDM: '11100000000013338W099',
  ZZBH: `3202-${index}`,
  ZZBFRQ: '2026-11-20',
  CZZT: '无锡甲公司',
  CZZTDM: '91460100MA5THWMM2J',
  CZZTDMLXDM: '001',
}));
const KEYS = RECORDS.map(({ id }) => String(id)).sort();

/** What the gateway does that it should not. */
interface Faults {
  /** Most records on a page, whatever is asked for. */
  cap: number;
  /** So many later pages have the first one's records. */
  repeats: number;
  /** Where the next page is said to be, in place of the truth. */
  next: ((start: number) => string | null) | null;
  /** Says that more follow, and has no records. */
  endless: boolean;
  /** Answers so many requests with this first. */
  refusals: { times: number; status: number; retryAfter: string };
}
const NONE: Faults = {
  cap: Infinity,
  repeats: 0,
  next: null,
  endless: false,
  refusals: { times: 0, status: 429, retryAfter: '1' },
};

interface Answer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/** A gateway that serves the same records in every way in which gateways page. */
class Gateway {
  readonly asked: { url: string; at: number }[] = [];
  faults: Faults = NONE;
  origin = '';
  #server: Server | null = null;

  async listen(): Promise<void> {
    const server = createServer((request, response) => {
      this.asked.push({ url: request.url ?? '', at: performance.now() });
      const { status, body, headers } = this.#answer(new URL(request.url ?? '/', this.origin));
      response.writeHead(status, headers).end(body === undefined ? '' : JSON.stringify(body));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    this.#server = server;
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
  }

  #answer({ pathname, searchParams: query }: URL): Answer {
    const { refusals } = this.faults;
    if (refusals.times > 0) {
      this.faults = { ...this.faults, refusals: { ...refusals, times: refusals.times - 1 } };
      return { status: refusals.status, headers: { 'Retry-After': refusals.retryAfter } };
    }
    const token = query.get('token');
    // A cursor means nothing to anybody but the gateway.
    const asked = token
      ? (JSON.parse(Buffer.from(token, 'base64url').toString()) as Record<string, string>)
      : (Object.fromEntries(query) as Record<string, string>);
    const { from = '', to = '', by = '' } = asked;
    const found = RECORDS.filter(({ gxsj }) => gxsj >= from && gxsj < to);
    if (pathname === '/count') return { status: 200, body: { count: found.length } };
    const size = Math.min(Number(asked.size), this.faults.cap);
    const page = Number(asked.page) - Number(asked.first ?? 1);
    const start = Number(asked.start ?? asked.offset ?? page * size) || 0;
    let list = by === 'slice' ? found : found.slice(start, start + size);
    if (start > 0 && this.faults.repeats > 0) {
      this.faults = { ...this.faults, repeats: this.faults.repeats - 1 };
      list = found.slice(0, size);
    }
    if (this.faults.endless) list = [];
    const end = start + list.length;
    const following = Buffer.from(JSON.stringify({ ...asked, start: String(end) })).toString('base64url');
    const isLast = end >= found.length && !(asked.always === 'yes');
    const address = (text: string): string | null => (isLast ? null : text);
    const next =
      this.faults.next?.(start) ??
      (by === 'cursor'
        ? address(following)
        : by === 'absolute'
          ? address(`${this.origin}/list?token=${following}`)
          : address(`?token=${following}`));
    const body = {
      list: query.get('text') ? JSON.stringify(list) : list,
      total: found.length,
      next,
      more: this.faults.endless || end < found.length,
      remarks: list.slice(0, 1).map(({ id }) => ({ id, says: `remark ${id}` })),
    };
    const link = `</list?by=link>; rel="first", <?token=${following}>; title="next page"; rel="next"`;
    return {
      status: 200,
      body: query.get('bare') ? list : body,
      ...(by === 'link' && !isLast && { headers: { Link: this.faults.next ? `<${next ?? ''}>; rel=next` : link } }),
    };
  }
}

type Stream = Record<string, unknown> & { response: Record<string, unknown>; page: Record<string, unknown> };

const COUNT = { count: { path: '/count?from={from}&to={to}', value: 'count' } };
const way = (query: string, page: object, response: object, more: object = {}): Stream => ({
  path: `/list?from={from}&to={to}&size={size}&${query}`,
  page: { size: SIZE, ...page },
  response: { records: 'list', ...response },
  ...more,
});
const TOTAL = { total: 'total' };
const MORE = { more: 'more' };
const UNTIL_EMPTY = { untilEmpty: true };

/** Pages that are asked for by their place; any may come first. */
const PLACED = {
  'number from 1, total': way('page={page}', { by: 'number' }, TOTAL),
  'number from 0, total': way('page={page}&first=0', { by: 'number', first: 0 }, TOTAL),
  'number, more': way('page={page}', { by: 'number' }, MORE, COUNT),
  'number, until empty': way('page={page}', { by: 'number' }, UNTIL_EMPTY, COUNT),
  'offset, total': way('offset={offset}', { by: 'offset' }, TOTAL),
  'offset, more': way('offset={offset}', { by: 'offset' }, MORE, COUNT),
  'offset, until empty': way('offset={offset}', { by: 'offset' }, UNTIL_EMPTY, COUNT),
};
const CURSOR = 'by=cursor&token={cursor}';
/** Pages that each say where the next one is. */
const CHAINED = {
  cursor: way(CURSOR, { by: 'cursor' }, { next: 'next' }, COUNT),
  'cursor, total': way(CURSOR, { by: 'cursor' }, { next: 'next', ...TOTAL }),
  'cursor that is always given, more': way(`${CURSOR}&always=yes`, { by: 'cursor' }, { next: 'next', ...MORE }, COUNT),
  'cursor that is always given, until empty': way(
    `${CURSOR}&always=yes`,
    { by: 'cursor' },
    { next: 'next', ...UNTIL_EMPTY },
    COUNT,
  ),
  'Link header': way('by=link', { by: 'link' }, {}, COUNT),
  'absolute address': way('by=absolute', { by: 'next' }, { next: 'next' }, COUNT),
  'relative address, total': way('by=relative', { by: 'next' }, { next: 'next', ...TOTAL }),
};
const SLICES = { 'time slices': way('by=slice', { by: 'slice', slice: '2h' }, {}, COUNT) };

describe('paging over http', () => {
  const gateway = new Gateway();
  before(() => gateway.listen());
  after(() => gateway.close());
  beforeEach(() => {
    gateway.faults = NONE;
    gateway.asked.length = 0;
  });

  function open(stream: Stream, connector: object = {}): SuiteSubject {
    const config: HttpConnectorConfig = {
      id: 'parks',
      ...httpConnectorSchema.parse({
        name: '市园林局',
        unit: '11320200014006438B',
        kind: 'http',
        baseUrl: gateway.origin,
        ...connector,
        streams: [
          {
            id: 'park-permits',
            ...stream,
            record: { key: 'id', updatedAt: 'gxsj' },
            status: { field: 'zt', values: { '1': 'valid' } },
          },
        ],
      }),
    };
    const [only] = config.streams;
    assert.ok(only);
    return { source: http.open(config, only), config: only, window: WINDOW, ...compileMapping(only) };
  }
  const fault = (code: string) => (error: unknown) =>
    error instanceof HubError && error.code === code && error.kind === 'transient';
  const cutOff = (pages: Page[], done: number): Resume => ({
    committed: new Map(pages.slice(0, done).map((page) => [page.number, page])),
    total: pages[0]?.total ?? null,
  });

  for (const [name, stream] of Object.entries({ ...PLACED, ...CHAINED, ...SLICES })) {
    describe(name, () => {
      for (const check of CHECKS) it(check.name, () => check.run(open(stream)));

      it('delivers exactly what the source has, in three pages or more', async () => {
        const subject = open(stream);
        const pages = await readAll(subject, WINDOW);
        assert.ok(pages.length >= 3);
        assert.deepEqual(keysOf(subject, pages), KEYS);
      });
    });
  }

  describe('a gateway that repeats a page', () => {
    for (const [name, stream] of Object.entries({ ...PLACED, ...CHAINED })) {
      it(`${name}: once, is asked again`, async () => {
        gateway.faults = { ...NONE, repeats: 1 };
        const subject = open(stream);
        assert.deepEqual(keysOf(subject, await readAll(subject, WINDOW)), KEYS);
        assert.equal(gateway.faults.repeats, 0);
      });

      it(`${name}: without end, is told, also when the read goes on after the first page`, async () => {
        const subject = open(stream);
        const pages = await readAll(subject, WINDOW);
        gateway.faults = { ...NONE, repeats: Infinity };
        await assert.rejects(readAll(subject, WINDOW), fault('repeated-page'));
        await assert.rejects(readAll(subject, WINDOW, cutOff(pages, 1)), fault('repeated-page'));
      });
    }

    it('time slices: a gateway that does not look at the times is told', async () => {
      const ignoring = way('by=slice', { by: 'slice', slice: '2h' }, {}, COUNT);
      ignoring.path = '/list?from=2026-11-20&to=2026-11-21&by=slice&asked={from}-{to}';
      const subject = open(ignoring);
      await assert.rejects(readAll(subject, WINDOW), fault('repeated-page'));
    });
  });

  describe('a gateway that caps its pages', () => {
    for (const [name, stream] of Object.entries({ ...PLACED, ...CHAINED })) {
      it(`${name}: loses nothing`, async () => {
        gateway.faults = { ...NONE, cap: 70 };
        const subject = open(stream);
        const pages = await readAll(subject, WINDOW);
        assert.equal(pages.filter(({ records }) => records.length > 0).length, Math.ceil(RECORDS.length / 70));
        assert.deepEqual(keysOf(subject, pages), KEYS);
        assert.deepEqual(
          keysOf(subject, await readAll(subject, WINDOW, cutOff(pages, 5))),
          keysOf(subject, pages.slice(5)),
        );
      });
    }
  });

  describe('a chain of pages', () => {
    for (const [name, stream] of Object.entries(CHAINED)) {
      it(`${name}: goes on where it was cut off, and asks for nothing before`, async () => {
        const subject = open(stream);
        const pages = await readAll(subject, WINDOW);
        const requests = gateway.asked.length;
        gateway.asked.length = 0;
        const rest = await readAll(subject, WINDOW, cutOff(pages, 6));
        assert.deepEqual(
          rest.map(({ number }) => number),
          pages.slice(6).map(({ number }) => number),
        );
        assert.deepEqual(keysOf(subject, rest), keysOf(subject, pages.slice(6)));
        assert.equal(gateway.asked.length, requests - 6);
      });
    }

    it('a cursor that never changes is told', async () => {
      gateway.faults = { ...NONE, next: () => 'always-the-same' };
      const stuck = way('by=cursor&cursor={cursor}', { by: 'cursor' }, { next: 'next' }, COUNT);
      await assert.rejects(readAll(open(stuck), WINDOW), fault('repeated-page'));
    });

    it('cursors that go round in a circle are told, even with empty pages', async () => {
      let turn = 0;
      gateway.faults = { ...NONE, endless: true, next: () => `turn-${(turn += 1) % 3}` };
      const round = way('by=cursor&cursor={cursor}', { by: 'cursor' }, { next: 'next' }, COUNT);
      await assert.rejects(readAll(open(round), WINDOW), fault('repeated-page'));
    });

    for (const name of ['absolute address', 'Link header'] as const) {
      for (const elsewhere of ['http://other.example/list', '//other.example/list', 'https://127.0.0.1/list']) {
        it(`${name}: ${elsewhere} is another system, and gets no credentials`, async () => {
          gateway.faults = { ...NONE, next: () => elsewhere };
          await assert.rejects(
            readAll(open(CHAINED[name]), WINDOW),
            (error) => error instanceof HubError && error.kind === 'configuration' && error.code === 'foreign-address',
          );
          assert.equal(gateway.asked.length, 1);
        });
      }
    }
  });

  it('a gateway that goes on saying that more follow, and has nothing, is told', async () => {
    gateway.faults = { ...NONE, endless: true };
    await assert.rejects(readAll(open(PLACED['number, more']), WINDOW), fault('repeated-page'));
  });

  describe('lists', () => {
    it('as a JSON string', async () => {
      const subject = open(way('page={page}&text=yes', { by: 'number' }, TOTAL));
      assert.deepEqual(keysOf(subject, await readAll(subject, WINDOW)), KEYS);
    });

    it('that are the whole answer', async () => {
      const bare = way('page={page}&bare=yes', { by: 'number' }, { records: '$', ...UNTIL_EMPTY }, COUNT);
      const subject = open(bare);
      assert.deepEqual(keysOf(subject, await readAll(subject, WINDOW)), KEYS);
    });
  });

  it('remarks on single records are kept with them as flags, whatever the type of the key', async () => {
    const response = { ...TOTAL, warnings: { list: 'remarks', key: 'id', message: 'says' } };
    const subject = open(way('page={page}', { by: 'number' }, response));
    const flagged = (await readAll(subject, WINDOW)).flatMap((page) => {
      const { rows, rejected } = subject.map(page, { readAt: WINDOW.to });
      assert.deepEqual(rejected, []);
      const all = JSON.parse(rows.toJson().toString()) as {
        key: string;
        flags: { rule: string; found: string }[] | null;
      }[];
      return all
        .filter(({ flags }) => flags)
        .map(({ key, flags }) => [key, flags?.map(({ rule, found }) => `${rule}: ${found}`)]);
    });
    const firsts = RECORDS.filter((_, index) => index % SIZE === 0);
    assert.deepEqual(flagged.sort(), firsts.map(({ id }) => [String(id), [`source-warning: remark ${id}`]]).sort());
  });

  describe('asking with measure', () => {
    it('sends no more requests in a span of time than agreed', async () => {
      const [requests, perMs] = [4, 250];
      const subject = open(PLACED['number from 1, total'], { rate: { requests, per: `${perMs}ms` } });
      const startedAt = performance.now();
      assert.deepEqual(keysOf(subject, await readAll(subject, WINDOW)), KEYS);
      assert.equal(gateway.asked.length, 10);
      for (const [index, { at }] of gateway.asked.entries()) {
        // Timers may be a millisecond early, never a request.
        const notBefore = startedAt + Math.floor(index / requests) * (perMs - 1);
        assert.ok(at >= notBefore, `request ${index} came ${at - startedAt} ms after the start`);
      }
    });

    for (const [form, retryAfter] of [
      ['seconds', () => '1'],
      ['a date', () => new Date(Date.now() + 2000).toUTCString()],
    ] as const) {
      it(`asks no sooner than Retry-After says in ${form}`, async () => {
        const text = retryAfter();
        gateway.faults = { ...NONE, refusals: { times: 1, status: 429, retryAfter: text } };
        const subject = open(PLACED['offset, total']);
        assert.deepEqual(keysOf(subject, await readAll(subject, WINDOW)), KEYS);
        const [first, second] = gateway.asked;
        assert.ok((second?.at ?? 0) - (first?.at ?? 0) >= 990);
        assert.equal(first?.url, second?.url);
      });
    }

    it('leaves a source alone that asks for more than a few seconds, and says for how long', async () => {
      gateway.faults = { ...NONE, refusals: { times: 1, status: 503, retryAfter: '120' } };
      await assert.rejects(
        readAll(open(PLACED['offset, total']), WINDOW),
        (error) => fault('source-failing')(error) && (error as HubError).retryAfterMs === 120_000,
      );
      assert.equal(gateway.asked.length, 1);
    });
  });
});
