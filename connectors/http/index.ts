import { pMapIterable } from 'p-map';
import {
  httpConnectorSchema,
  type HttpConnectorConfig,
  type HttpListConfig,
  type HttpOutboundConfig,
  type HttpStreamConfig,
} from '../../settings/kinds/http.ts';
import { configurationError, HubError, transientError } from '../../domain/errors.ts';
import {
  followingBatch,
  fromMs,
  sliceWindow,
  timeWindow,
  toMs,
  type BatchWindow,
  type PageMark,
  type TimeWindow,
  type Window,
} from '../../domain/collection/window.ts';
import type { Said } from '../../domain/said.ts';
import type {
  ItemResult,
  CheckReport,
  Committed,
  ConnectorKind,
  Message,
  NextBatch,
  OpenOptions,
  Page,
  Resume,
  Source,
  Target,
} from '../contract.ts';
import { digestOf } from '../digest.ts';
import { valueAt } from '../json.ts';
import { resolutionMs, writeTime } from '../time-format.ts';
import { numberAt, recordsAt, textAt } from './answer.ts';
import { headerOf, HttpClient, type HttpAnswer } from './client.ts';
import type { Values } from './template.ts';
import { DAY_MS } from '../../domain/dates.ts';

/** Gateways over HTTP: pages of a time window or of a batch. */
export const http: ConnectorKind = {
  kind: 'http',
  spec: httpConnectorSchema,
  hints: (stream) => {
    const { file } = stream as HttpStreamConfig;
    return file ? { file } : {};
  },
  open: (connector, stream, options) =>
    new HttpSource(connector as HttpConnectorConfig, stream as HttpStreamConfig, options),
  // A window is not asked for, so that each answer has all there is.
  openList: (connector, { name, config }, options) =>
    new HttpSource(
      connector as HttpConnectorConfig,
      {
        ...(config as HttpListConfig),
        id: `${connector.id} ${name}`,
        window: { format: 'datetime', end: 'exclusive' },
      },
      options,
    ),
  openTarget: (connector, target) => new HttpTarget(connector as HttpConnectorConfig, target as HttpOutboundConfig),
};

class HttpTarget implements Target {
  readonly #client: HttpClient;
  readonly #target: HttpOutboundConfig;
  readonly results?: (key: string) => Promise<ItemResult[]>;

  constructor(connector: HttpConnectorConfig, target: HttpOutboundConfig) {
    this.#client = new HttpClient(connector);
    this.#target = target;
    const { results } = target;
    if (results) this.results = (key) => this.#results(key, results);
  }

  async send({ key, payload }: Message): Promise<string | null> {
    const { method, path, success, receipt } = this.#target;
    return this.#client.ask(
      { method, path, body: payload },
      {},
      success,
      ({ json }, what) => (receipt === undefined ? null : textAt(json, receipt, what)),
      { url: path.replaceAll('{key}', encodeURIComponent(key)), idempotencyKey: key },
    );
  }

  async #results(message: string, asked: NonNullable<HttpOutboundConfig['results']>): Promise<ItemResult[]> {
    const { key, state, done, refused, reference, detail } = asked;
    return this.#client.ask(
      { method: 'GET', path: asked.path },
      {},
      this.#target.success,
      (answer, what) =>
        recordsAt(answer, asked.records, what).records.flatMap((item) => {
          const found = textAt(item, state, what);
          if (!done.includes(found) && !refused.includes(found)) return [];
          const given = (path: string | undefined): string | null =>
            path === undefined || valueAt(item, path) == null ? null : textAt(item, path, what);
          return [
            {
              key: textAt(item, key, what),
              done: done.includes(found),
              reference: given(reference),
              detail: given(detail),
            },
          ];
        }),
      { url: asked.path.replaceAll('{key}', encodeURIComponent(message)) },
    );
  }
}

interface HttpPage extends Page {
  /** The source says that pages follow; only for sources without a total. */
  more: boolean;
}

/** Where a page of a sequential source is: a cursor or an address; null for the first page. */
type Position = string | null;
type Expected = number | 'some';

interface PageOptions {
  signal?: AbortSignal | undefined;
  /** Records that the page must have. */
  expected?: Expected;
  /** Records on a full page, where the gateway caps them. */
  size?: number;
  at?: Position;
}

/** What reading needs to know of a stream; a published list has that, too. */
type Readable = Pick<HttpStreamConfig, 'id' | 'path' | 'method' | 'body' | 'response' | 'page' | 'window'> &
  Partial<Pick<HttpStreamConfig, 'count' | 'batches'>>;

class HttpSource implements Source {
  readonly #client: HttpClient;
  readonly #stream: Readable;
  readonly #inFlight: number;
  readonly sequential: boolean;
  readonly nextBatch?: (after: BatchWindow | null) => Promise<NextBatch>;

  constructor(connector: HttpConnectorConfig, stream: Readable, options?: OpenOptions) {
    this.#client = new HttpClient(connector, options);
    this.#stream = stream;
    this.#inFlight = connector.inFlight;
    if (stream.batches) {
      this.nextBatch = async (after) => {
        const batch = await this.#batchAfter(after);
        return batch ? { batch } : { batch: null, proven: [] };
      };
    }
    this.sequential = ['cursor', 'link', 'next'].includes(stream.page.by);
  }

  async clock(): Promise<number> {
    const nowMs = Math.floor(Date.now() / 1000) * 1000;
    await this.count(timeWindow(nowMs, nowMs + 1000));
    return Date.now() + this.#client.clockSkewMs;
  }

  async count(window: Window): Promise<number> {
    if (window.kind === 'batch') return window.declared;
    const { count, response } = this.#stream;
    if (count) {
      return this.#client.ask(count, this.#values(window), response.success, ({ json }, what) =>
        numberAt(json, count.value, what),
      );
    }
    return (await this.#page(window, 0)).total ?? 0;
  }

  async *read(window: Window, resume: Resume, signal: AbortSignal): AsyncIterable<Page> {
    const marks = new Map(resume.committed);
    if (this.sequential) yield* this.#unrepeatedOf(window, this.#readInOrder(window, resume, signal), marks, signal);
    else if (this.#stream.page.by === 'slice' && window.kind === 'time')
      yield* this.#readParts(sliceWindow(window, this.#stream.page.slice), resume, signal);
    else yield* this.#readNumbered(window, resume, signal, marks);
  }

  async *#readNumbered(
    window: Window,
    resume: Resume,
    signal: AbortSignal,
    marks: Map<number, PageMark>,
  ): AsyncIterable<Page> {
    const first = await this.#whole(window, 0, { expected: 'some', signal });
    const { total } = first;
    if (total !== null && resume.total !== null && total !== resume.total) throw moved(window, resume.total, total);
    if (!resume.committed.has(0)) yield first;
    const rest =
      total === null
        ? this.#readWhileMore(window, first, resume, signal)
        : this.#readToTotal(window, first.records.length, total, resume, signal);
    yield* this.#unrepeatedOf(window, rest, marks.set(0, first), signal);
  }

  /** Every page is known once the first one told the total: several are asked for at once. */
  async *#readToTotal(
    window: Window,
    size: number,
    total: number,
    resume: Resume,
    signal: AbortSignal,
  ): AsyncIterable<HttpPage> {
    // A gateway may cap the page size, so what the first page held counts, not what was asked for.
    const pages = size === 0 ? 1 : Math.ceil(total / size);
    const numbers = Array.from({ length: pages - 1 }, (_, index) => index + 1).filter(
      (number) => !resume.committed.has(number),
    );
    const stop = new AbortController();
    const signals = AbortSignal.any([signal, stop.signal]);
    const fetched = pMapIterable(
      numbers,
      (number) => {
        const expected = number < pages - 1 ? size : total - size * (pages - 1);
        return this.#whole(window, number, { expected, size, signal: signals });
      },
      { concurrency: this.#inFlight },
    );
    try {
      for await (const page of fetched) {
        if (page.total !== null && page.total !== total) throw moved(window, total, page.total);
        yield page;
      }
    } finally {
      stop.abort();
    }
  }

  async *#readWhileMore(window: Window, first: HttpPage, resume: Resume, signal: AbortSignal): AsyncIterable<HttpPage> {
    const size = first.records.length;
    let before = first;
    for (let number = 1; before.more; number++) {
      const page = await this.#whole(window, number, { expected: 'some', size, signal });
      if (page.more && page.records.length + before.records.length === 0)
        throw repeated(this.#stream.id, number + this.#stream.page.first);
      before = page;
      if (page.records.length > 0 && !resume.committed.has(number)) yield page;
    }
  }

  /** Each page says where the next one is. */
  async *#readInOrder(window: Window, resume: Resume, signal: AbortSignal): AsyncIterable<HttpPage> {
    const done = resume.committed.size;
    const last = resume.committed.get(done - 1);
    let at: Position = last?.position ?? null;
    if (last && at === null) return;
    const seen = new Set(resume.committed.values().map(({ position }) => position));
    for (let number = done; ; number++) {
      const page = await this.#whole(window, number, { at, signal });
      if (resume.total !== null && page.total !== null && page.total !== resume.total)
        throw moved(window, resume.total, page.total);
      yield page;
      if (page.position === null) return;
      if (seen.has(page.position)) throw repeated(this.#stream.id, number);
      seen.add(page.position);
      at = page.position;
    }
  }

  /** A gateway without pages: the window in parts, each answered whole. */
  async *#readParts(parts: TimeWindow[], resume: Resume, signal: AbortSignal): AsyncIterable<Page> {
    const numbers = parts.map((_, number) => number).filter((number) => !resume.committed.has(number));
    const stop = new AbortController();
    const signals = AbortSignal.any([signal, stop.signal]);
    const fetched = pMapIterable(
      numbers,
      async (number) => {
        const part = parts[number] ?? timeWindow(0, 0);
        return { ...(await this.#page(part, 0, { signal: signals })), number };
      },
      { concurrency: this.#inFlight },
    );
    const marks = new Map(resume.committed);
    try {
      for await (const page of fetched) {
        if (isRepeated(page, marks)) throw repeated(this.#stream.id, page.number);
        marks.set(page.number, page);
        yield page;
      }
    } finally {
      stop.abort();
    }
  }

  /**
   * A page that should hold a number of records, or `some` when the source says that there are any. One that stays
   * short is delivered: the count shows what is missing.
   */
  async #whole(window: Window, number: number, options: PageOptions): Promise<HttpPage> {
    try {
      return await this.#page(window, number, options);
    } catch (error) {
      if (!(error instanceof HubError && error.code === 'short-page')) throw error;
      return this.#page(window, number, { ...options, expected: 0 });
    }
  }

  /** Asks again for a page that repeats another one; gives up with a transient error, upon which the window is read anew. */
  async *#unrepeatedOf(
    window: Window,
    pages: AsyncIterable<HttpPage>,
    marks: Map<number, PageMark>,
    signal: AbortSignal,
  ): AsyncIterable<HttpPage> {
    let at: Position = this.sequential ? (marks.get(marks.size - 1)?.position ?? null) : null;
    for await (const page of pages) {
      let current = page;
      for (let attempt = 0; isRepeated(current, marks); attempt++) {
        if (attempt === 3) throw repeated(this.#stream.id, page.number + this.#stream.page.first);
        current = await this.#page(window, page.number, { signal, at });
      }
      marks.set(page.number, current);
      at = current.position;
      // What follows was asked for by the page that came first.
      if (this.sequential && current.position !== page.position)
        throw moved(window, page.records.length, current.records.length);
      yield current;
    }
  }

  async #page(window: Window, number: number, options: PageOptions = {}): Promise<HttpPage> {
    const { response, page } = this.#stream;
    const { expected = 0, at = null, signal } = options;
    const size = options.size ?? page.size;
    const values: Values = {
      ...this.#values(window),
      ...(page.by === 'cursor' && { cursor: at ?? '' }),
      page: number + page.first,
      offset: number * size,
      size: page.size,
    };
    return this.#client.ask(
      this.#stream,
      values,
      response.success,
      (answer, what) => {
        const { records, undecodable } = recordsAt(answer, response.records, what);
        const total = response.total === undefined ? null : numberAt(answer.json, response.total, what);
        const more =
          response.untilEmpty === true
            ? records.length > 0
            : response.more !== undefined && isTrue(valueAt(answer.json, response.more));
        const position = this.#following(answer, what, more);
        const promised = response.untilEmpty === true ? false : more;
        const least = expected === 'some' ? Number(promised || (total ?? 0) > 0) : expected;
        if (records.length < least) {
          throw transientError(`${what}: found ${records.length} records, expected ${least}`, {
            code: 'short-page',
          });
        }
        const warnings = this.#warnings(answer);
        return { number, records, undecodable, total, digest: digestOf(records), position, more, ...warnings };
      },
      { signal, url: at !== null && page.by !== 'cursor' ? at : undefined },
    );
  }

  /** Where the page after an answer is, for sequential sources; null after the last one. */
  #following({ json, headers }: HttpAnswer, what: string, more: boolean): Position {
    const { page, response } = this.#stream;
    const saysWhetherMore = response.more !== undefined || response.untilEmpty === true;
    if (!this.sequential || (saysWhetherMore && !more)) return null;
    if (page.by === 'link') {
      const link = /<([^>]+)>\s*;[^,]*\brel="?next"?/i.exec(headerOf(headers.link))?.[1];
      return link === undefined ? null : this.#ownAddress(link, what);
    }
    const next = valueAt(json, response.next ?? '');
    if (next === undefined || next === null || next === '' || next === false) return null;
    const text = textAt(json, response.next ?? '', what);
    return page.by === 'next' ? this.#ownAddress(text, what) : text;
  }

  /** An address that the source gave; only its own, because credentials are sent there. */
  #ownAddress(given: string, what: string): string {
    const url = new URL(given, `${this.#client.baseUrl}${this.#stream.path}`);
    if (url.origin === new URL(this.#client.baseUrl).origin) return url.href;
    throw configurationError(`${what}: the next page is said to be at ${url.origin}, which is another system`, {
      code: 'foreign-address',
      cure: 'ask the department for its outer address, and write that into baseUrl',
    });
  }

  #warnings({ json }: HttpAnswer): { warnings?: Map<string, string> } {
    const { warnings } = this.#stream.response;
    const list = warnings && valueAt(json, warnings.list);
    if (!warnings || !Array.isArray(list)) return {};
    return {
      warnings: new Map(
        list.map((item) => [String(valueAt(item, warnings.key)), String(valueAt(item, warnings.message))]),
      ),
    };
  }

  async check(): Promise<CheckReport> {
    const window = await this.#sampleWindow(Date.now() - DAY_MS);
    const report = { clockSkewMs: this.#client.clockSkewMs, notes: [] };
    if (!window) return { ...report, records: 0, count: 0, notes: [] };
    const { records } = await this.#page(window, 0);
    return { ...report, records: records.length, count: await this.count(window) };
  }

  async sample(): Promise<unknown[]> {
    const window = await this.#sampleWindow(0);
    return window ? (await this.#page(window, 0)).records : [];
  }

  explain(): Said[] {
    const { method, path, page, count, batches, window } = this.#stream;
    const [asked, paging, stop] = [`${method} ${this.#client.baseUrl}${path}`, this.#paging(), this.#stop()];
    const inclusive = window.end === 'inclusive';
    return [
      { zh: `请求 ${asked}`, en: `asks ${asked}` },
      page.by === 'slice'
        ? { zh: `${paging.zh}，直到窗口结束`, en: `${paging.en}; until the window’s end` }
        : { zh: `${paging.zh}，${stop.zh}`, en: `${paging.en}; ${stop.en}` },
      ...(batches
        ? [
            {
              zh: `逐批从 ${batches.next.path} 取，整批入库后向 ${batches.acknowledge.path} 确认`,
              en: `takes batch after batch from ${batches.next.path}, and acknowledges each at ${batches.acknowledge.path} once it is committed whole`,
            },
            {
              zh: `读取和入库的条数与“${batches.next.count}”申报的一致，一批才算完整`,
              en: `a batch is complete when as many records were read and committed as it declared at “${batches.next.count}”`,
            },
          ]
        : [
            {
              zh: `时间写作 ${window.format}，${inclusive ? '源端包含窗口终点，故少问一个单位' : '不含窗口终点'}`,
              en: `writes times as ${window.format}, the window’s end ${inclusive ? 'included at the source, so one unit less is asked' : 'excluded'}`,
            },
            {
              zh: `读取条数、入库条数与${count ? ` ${count.path} 的计数` : '总数'}一致，一个窗口才算完整`,
              en: `a window is complete when what was read, what was committed and ${count ? `the count of ${count.path}` : 'the total'} agree`,
            },
          ]),
    ];
  }

  #stop(): Said {
    const { total, more, untilEmpty } = this.#stream.response;
    if (total) return { zh: `页数按“${total}”的总数`, en: `as many pages as the total at “${total}” needs` };
    if (more) return { zh: `直到“${more}”不再为真`, en: `until “${more}” is no longer true` };
    if (untilEmpty) return { zh: '直到空页', en: 'until a page is empty' };
    return { zh: '直到不再给出下一页', en: 'until no further page is named' };
  }

  #paging(): Said {
    const { page, response } = this.#stream;
    const [first, size, next] = [String(page.first), String(page.size), response.next ?? ''];
    const minutes = String(page.slice / 60_000);
    return {
      number: { zh: `从第 ${first} 页起，每页 ${size} 条`, en: `pages from ${first} with ${size} records` },
      offset: { zh: `从 {offset} 起，每次 ${size} 条`, en: `${size} records from {offset} on` },
      cursor: { zh: `用“${next}”处的游标请求下一页`, en: `the cursor at “${next}” asks for the next page` },
      link: { zh: '下一页由 Link 头给出', en: 'the Link header names the next page' },
      next: { zh: `“${next}”处的地址即下一页`, en: `the address at “${next}” is the next page` },
      slice: { zh: `每 ${minutes} 分钟一段，每段一次答完`, en: `parts of ${minutes} minutes, each answered whole` },
    }[page.by];
  }

  file(reference: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    return this.#client.download(reference, signal);
  }

  async #sampleWindow(fromAtMs: number): Promise<Window | null> {
    return this.#stream.batches ? this.#batchAfter(null) : timeWindow(fromAtMs, Date.now());
  }

  async #batchAfter(after: BatchWindow | null): Promise<BatchWindow | null> {
    const batches = this.#stream.batches;
    if (!batches) return null;
    const { next } = batches;
    return this.#client.ask(
      next,
      { cursor: after?.next ?? '', size: this.#stream.page.size },
      this.#stream.response.success,
      ({ json }, what) => {
        const id = valueAt(json, next.id);
        if (id === undefined || id === null || id === '') return null;
        return followingBatch(after, {
          id: textAt(json, next.id, what),
          next: textAt(json, next.cursor, what),
          declared: numberAt(json, next.count, what),
        });
      },
    );
  }

  async acknowledge(window: BatchWindow, { records }: Committed): Promise<void> {
    const acknowledge = this.#stream.batches?.acknowledge;
    if (!acknowledge) return;
    await this.#client.ask(
      acknowledge,
      { ...this.#values(window), records },
      this.#stream.response.success,
      () => undefined,
    );
  }

  #values(window: Window): Values {
    if (window.kind === 'batch') return { batch: window.id, cursor: window.after ?? '' };
    const { format, end } = this.#stream.window;
    // For a source that includes `to`, one unit of its form less.
    const lastMs = toMs(window) - (end === 'inclusive' ? resolutionMs(format) : 0);
    return { from: writeTime(fromMs(window), format), to: writeTime(lastMs, format) };
  }
}

const isTrue = (value: unknown): boolean => value === true || value === 1 || value === '1' || value === 'true';

const isRepeated = ({ number, digest, records }: HttpPage, marks: ReadonlyMap<number, PageMark>): boolean =>
  records.length > 0 && [...marks].some(([earlier, mark]) => earlier !== number && mark.digest === digest);

const repeated = (stream: string, page: number): HubError =>
  transientError(`${stream}: page ${page} repeats an earlier page`, {
    code: 'repeated-page',
    cure: 'if it goes on, the gateway ignores the page number: check path and page.first',
  });

function moved(window: Window, before: number, after: number): HubError {
  return transientError(
    `the source changed while it was read: ${before} records became ${after}${window.kind === 'batch' ? ` in batch ${window.id}` : ''}`,
    { code: 'source-moved', cure: 'nothing to do, the window is read again' },
  );
}
