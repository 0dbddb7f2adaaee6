import { pMapIterable } from 'p-map';
import type { HttpStreamConfig } from '../../settings/kinds/http.ts';
import { HubError } from '../../domain/errors.ts';
import { fault } from '../../domain/faults.ts';
import type { PageMark } from '../../domain/collection/window.ts';
import type { Said } from '../../domain/said.ts';
import type { Page, Resume } from '../contract.ts';
import { digestOf } from '../digest.ts';
import { valueAt } from '../json.ts';
import { endsInNull, numberAt, recordsAt, requireNoError, textAt } from './answer.ts';
import { headerOf, type HttpAnswer, type HttpClient } from './client.ts';
import type { Values } from './template.ts';

/** What paging needs to know of a stream; a published list has that, too. */
export type PagedStream = Pick<HttpStreamConfig, 'id' | 'path' | 'method' | 'body' | 'response' | 'page'>;

/** What is read page by page: what fills its requests, and the batch that it is. */
export interface Asked {
  values: Values;
  batch?: string;
}

export interface HttpPage extends Page {
  /** The source says that pages follow; only for sources without a total. */
  more: boolean;
}

/** Where a page of a sequential source is: a cursor or an address; null for the first page. */
type Position = string | null;

interface PageOptions {
  signal?: AbortSignal | undefined;
  /** Records that the page must have. */
  expected?: number | 'some';
  /** Records on a full page, where the gateway caps them. */
  size?: number;
  at?: Position;
}

/** Reads what a gateway hands out in pages, in each of the ways in which gateways page. */
export class PageReader {
  readonly #client: HttpClient;
  readonly #stream: PagedStream;
  readonly #inFlight: number;
  readonly sequential: boolean;

  /** @param inFlight pages asked for at once */
  constructor(client: HttpClient, stream: PagedStream, inFlight: number) {
    this.#client = client;
    this.#stream = stream;
    this.#inFlight = inFlight;
    this.sequential = ['cursor', 'link', 'next'].includes(stream.page.by);
  }

  /** Every page that is not in yet. */
  read(asked: Asked, resume: Resume, signal: AbortSignal): AsyncIterable<Page> {
    const marks = new Map(resume.committed);
    return this.sequential
      ? this.#unrepeatedOf(asked, this.#readInOrder(asked, resume, signal), marks, signal)
      : this.#readNumbered(asked, resume, signal, marks);
  }

  async *#readNumbered(
    asked: Asked,
    resume: Resume,
    signal: AbortSignal,
    marks: Map<number, PageMark>,
  ): AsyncIterable<Page> {
    const first = await this.#whole(asked, 0, { expected: 'some', signal });
    const { total } = first;
    if (total !== null && resume.total !== null && total !== resume.total) throw moved(asked, resume.total, total);
    if (!resume.committed.has(0)) yield first;
    const rest =
      total === null
        ? this.#readWhileMore(asked, first, resume, signal)
        : this.#readToTotal(asked, first.records.length, total, resume, signal);
    yield* this.#unrepeatedOf(asked, rest, marks.set(0, first), signal);
  }

  /** Every page is known once the first one told the total: several are asked for at once. */
  async *#readToTotal(
    asked: Asked,
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
    const fetched = this.#atOnce(numbers, signal, (number, signals) => {
      const expected = number < pages - 1 ? size : total - size * (pages - 1);
      return this.#whole(asked, number, { expected, size, signal: signals });
    });
    for await (const page of fetched) {
      if (page.total !== null && page.total !== total) throw moved(asked, total, page.total);
      yield page;
    }
  }

  async *#readWhileMore(asked: Asked, first: HttpPage, resume: Resume, signal: AbortSignal): AsyncIterable<HttpPage> {
    const size = first.records.length;
    let before = first;
    for (let number = 1; before.more; number++) {
      const page = await this.#whole(asked, number, { expected: 'some', size, signal });
      if (page.more && page.records.length + before.records.length === 0)
        throw repeated(this.#stream.id, number + this.#stream.page.first);
      before = page;
      if (page.records.length > 0 && !resume.committed.has(number)) yield page;
    }
  }

  /** Each page says where the next one is. */
  async *#readInOrder(asked: Asked, resume: Resume, signal: AbortSignal): AsyncIterable<HttpPage> {
    const done = resume.committed.size;
    const last = resume.committed.get(done - 1);
    let at: Position = last?.position ?? null;
    if (last && at === null) return;
    const seen = new Set(resume.committed.values().map(({ position }) => position));
    for (let number = done; ; number++) {
      const page = await this.#whole(asked, number, { at, signal });
      if (resume.total !== null && page.total !== null && page.total !== resume.total)
        throw moved(asked, resume.total, page.total);
      yield page;
      if (page.position === null) return;
      if (seen.has(page.position)) throw repeated(this.#stream.id, number);
      seen.add(page.position);
      at = page.position;
    }
  }

  /**
   * A gateway without pages: what is read comes in parts, each answered whole.
   * @param own leaves of a part what is its own
   */
  async *readParts(
    parts: Asked[],
    resume: Resume,
    signal: AbortSignal,
    own: (part: HttpPage) => HttpPage,
  ): AsyncIterable<Page> {
    const missing = [...parts.entries()].filter(([number]) => !resume.committed.has(number));
    const fetched = this.#atOnce(missing, signal, async ([number, part], signals) =>
      own({ ...(await this.page(part, 0, { signal: signals })), number }),
    );
    const marks = new Map(resume.committed);
    for await (const page of fetched) {
      if (isRepeated(page, marks)) throw repeated(this.#stream.id, page.number);
      marks.set(page.number, page);
      yield page;
    }
  }

  /** Asks for several pages at once, and for no more of them once the reader has left. */
  async *#atOnce<T>(
    items: T[],
    signal: AbortSignal,
    ask: (item: T, signal: AbortSignal) => Promise<HttpPage>,
  ): AsyncIterable<HttpPage> {
    const stop = new AbortController();
    const signals = AbortSignal.any([signal, stop.signal]);
    try {
      yield* pMapIterable(items, (item) => ask(item, signals), { concurrency: this.#inFlight });
    } finally {
      stop.abort();
    }
  }

  /**
   * A page that should hold a number of records, or `some` when the source says that there are any. One that stays
   * short is delivered: the count shows what is missing.
   */
  async #whole(asked: Asked, number: number, options: PageOptions): Promise<HttpPage> {
    try {
      return await this.page(asked, number, options);
    } catch (error) {
      if (!(error instanceof HubError && error.code === 'short-page')) throw error;
      return this.page(asked, number, { ...options, expected: 0 });
    }
  }

  /** Asks again for a page that repeats another one; gives up with a transient error, upon which the window is read anew. */
  async *#unrepeatedOf(
    asked: Asked,
    pages: AsyncIterable<HttpPage>,
    marks: Map<number, PageMark>,
    signal: AbortSignal,
  ): AsyncIterable<HttpPage> {
    let at: Position = this.sequential ? (marks.get(marks.size - 1)?.position ?? null) : null;
    for await (const page of pages) {
      let current = page;
      for (let attempt = 0; isRepeated(current, marks); attempt++) {
        if (attempt === 3) throw repeated(this.#stream.id, page.number + this.#stream.page.first);
        current = await this.page(asked, page.number, { signal, at });
      }
      marks.set(page.number, current);
      at = current.position;
      // What follows was asked for by the page that came first.
      if (this.sequential && current.position !== page.position)
        throw moved(asked, page.records.length, current.records.length);
      yield current;
    }
  }

  /** Asks for one page. */
  async page(asked: Asked, number: number, options: PageOptions = {}): Promise<HttpPage> {
    const { response, page } = this.#stream;
    const { expected = 0, at = null, signal } = options;
    const size = options.size ?? page.size;
    const values: Values = {
      ...asked.values,
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
        const total = this.#totalOf(answer, what);
        const successful = response.success !== undefined;
        const { records, ...remarks } = recordsAt(answer, response.records, what, { total, successful });
        if (records.length + (total ?? 0) === 0 && !successful) requireNoError(answer.json, what);
        const more =
          response.untilEmpty === true
            ? records.length > 0
            : response.more !== undefined && isTrue(valueAt(answer.json, response.more));
        const position = this.#following(answer, what, more);
        const promised = response.untilEmpty === true ? false : more;
        const least = expected === 'some' ? Number(promised || (total ?? 0) > 0) : expected;
        if (records.length < least) {
          throw fault('short-page', { place: what, records: records.length, least });
        }
        const warnings = this.#warnings(answer);
        return { number, records, ...remarks, total, digest: digestOf(records), position, more, ...warnings };
      },
      { signal, url: at !== null && page.by !== 'cursor' ? at : undefined },
    );
  }

  /** How many records the window has; 0 where a successful answer has nothing where both list and total belong. */
  #totalOf({ json }: HttpAnswer, what: string): number | null {
    const { total, records, success } = this.#stream.response;
    if (total === undefined) return null;
    if (success !== undefined && endsInNull(json, total) && endsInNull(json, records)) return 0;
    return numberAt(json, total, what);
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
    throw fault('foreign-address', { place: what, origin: url.origin });
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

  /** What is asked, and by what the last page is known. */
  explain(): Said[] {
    const { method, path, page } = this.#stream;
    const [asked, paging, stop] = [`${method} ${this.#client.baseUrl}${path}`, this.#paging(), this.#stop()];
    return [
      { zh: `请求 ${asked}`, en: `asks ${asked}` },
      page.by === 'slice'
        ? { zh: `${paging.zh}，直到窗口结束`, en: `${paging.en}; until the window’s end` }
        : { zh: `${paging.zh}，${stop.zh}`, en: `${paging.en}; ${stop.en}` },
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
}

const isTrue = (value: unknown): boolean => value === true || value === 1 || value === '1' || value === 'true';

const isRepeated = ({ number, digest, records }: HttpPage, marks: ReadonlyMap<number, PageMark>): boolean =>
  records.length > 0 && [...marks].some(([earlier, mark]) => earlier !== number && mark.digest === digest);

const repeated = (stream: string, page: number): HubError => fault('repeated-page', { stream, page });

function moved({ batch }: Asked, before: number, after: number): HubError {
  return fault('source-moved', { before, after, batch });
}
