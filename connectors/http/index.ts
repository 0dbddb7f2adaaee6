import { hash } from 'node:crypto';
import { pMapIterable } from 'p-map';
import {
  httpConnectorSchema,
  type ConnectorConfig,
  type HttpConnectorConfig,
  type HttpStreamConfig,
  type StreamConfig,
} from '../../config/connector-schema.ts';
import { shanghaiInstant, shanghaiWallTime } from '../../domain/dates.ts';
import { HubError, transientError } from '../../domain/errors.ts';
import { fromMs, timeWindow, toMs, type BatchWindow, type TimeWindow, type Window } from '../../domain/window.ts';
import type { CheckReport, ConnectorKind, FieldReport, Page, Resume, Source } from '../contract.ts';
import { numberAt, recordsAt, textAt, valueAt } from './answer.ts';
import { HttpClient } from './client.ts';
import type { Values } from './template.ts';

/** Gateways over HTTP: pages by number, from 0 or 1, of a time window or of a batch. */
export const http: ConnectorKind = {
  kind: 'http',
  spec: httpConnectorSchema,
  open: (connector: ConnectorConfig, stream: StreamConfig) => new HttpSource(connector, stream as HttpStreamConfig),
};

interface HttpPage extends Page {
  /** The source says that pages follow; only for sources without a total. */
  more: boolean;
}

type Expected = number | 'some';

class HttpSource implements Source {
  readonly #client: HttpClient;
  readonly #stream: HttpStreamConfig;
  readonly #inFlight: number;

  constructor(connector: HttpConnectorConfig, stream: HttpStreamConfig) {
    this.#client = new HttpClient(connector);
    this.#stream = stream;
    this.#inFlight = connector.inFlight;
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
    const first = await this.#whole(window, 0, 'some', signal);
    const { total } = first;
    if (total !== null && resume.total !== null && total !== resume.total) throw moved(window, resume.total, total);
    const digests = new Map(resume.committed).set(0, first.digest);
    if (!resume.committed.has(0)) yield first;
    const rest =
      total === null
        ? this.#readWhileMore(window, first.more, resume, signal)
        : this.#readToTotal(window, first.records.length, total, resume, signal);
    for await (const page of rest) yield await this.#unrepeated(window, page, digests, signal);
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
      (number) => this.#whole(window, number, number < pages - 1 ? size : total - size * (pages - 1), signals),
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

  async *#readWhileMore(window: Window, more: boolean, resume: Resume, signal: AbortSignal): AsyncIterable<HttpPage> {
    let goOn = more;
    for (let number = 1; goOn; number++) {
      const page = await this.#whole(window, number, 'some', signal);
      if (!resume.committed.has(number)) yield page;
      goOn = page.more && page.records.length > 0;
    }
  }

  /**
   * A page that should hold a number of records, or `some` when the source says that there are any. One that stays
   * short is delivered: the count shows what is missing.
   */
  async #whole(window: Window, number: number, expected: Expected, signal: AbortSignal): Promise<HttpPage> {
    try {
      return await this.#page(window, number, signal, expected);
    } catch (error) {
      if (!(error instanceof HubError && error.code === 'short-page')) throw error;
      return this.#page(window, number, signal);
    }
  }

  /** Asks again for a page that repeats another one; gives up with a transient error, upon which the window is read anew. */
  async #unrepeated(
    window: Window,
    page: HttpPage,
    digests: Map<number, string>,
    signal: AbortSignal,
  ): Promise<HttpPage> {
    let current = page;
    for (let attempt = 0; attempt < 3; attempt++) {
      const { number, digest } = current;
      const other = [...digests].find(([earlier, known]) => earlier !== number && known === digest);
      if (!other || current.records.length === 0) {
        digests.set(number, digest);
        return current;
      }
      current = await this.#page(window, number, signal);
    }
    throw transientError(
      `${this.#stream.id}: page ${String(page.number + this.#stream.page.first)} repeats an earlier page`,
      {
        code: 'repeated-page',
        cure: 'if it goes on, the gateway ignores the page number: check path and page.first',
      },
    );
  }

  async #page(window: Window, number: number, signal?: AbortSignal, expected: Expected = 0): Promise<HttpPage> {
    const { response, page } = this.#stream;
    const values = { ...this.#values(window), page: number + page.first, size: page.size };
    return this.#client.ask(
      this.#stream,
      values,
      response.success,
      (answer, what) => {
        const { records, undecodable } = recordsAt(answer, response.records, what);
        const total = response.total === undefined ? null : numberAt(answer.json, response.total, what);
        const more = response.more !== undefined && isTrue(valueAt(answer.json, response.more));
        const least = expected === 'some' ? Number(more || (total ?? 0) > 0) : expected;
        if (records.length < least) {
          throw transientError(`${what}: found ${String(records.length)} records, expected ${String(least)}`, {
            code: 'short-page',
          });
        }
        return { number, records, undecodable, total, digest: digestOf(records), more };
      },
      signal,
    );
  }

  async check(): Promise<CheckReport> {
    const window = await this.#sampleWindow(Date.now() - 86_400_000);
    if (!window) return { records: 0, count: 0, clockSkewMs: this.#client.clockSkewMs };
    const { records } = await this.#page(window, 0);
    return { records: records.length, count: await this.count(window), clockSkewMs: this.#client.clockSkewMs };
  }

  async discover(): Promise<FieldReport[]> {
    const window = await this.#sampleWindow(0);
    return window ? describeFields((await this.#page(window, 0)).records) : [];
  }

  async #sampleWindow(fromAtMs: number): Promise<Window | null> {
    return this.#stream.batches ? this.nextBatch(null) : timeWindow(fromAtMs, Date.now());
  }

  async nextBatch(after: BatchWindow | null): Promise<BatchWindow | null> {
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
        return {
          kind: 'batch',
          ordinal: (after?.ordinal ?? 0) + 1,
          id: textAt(json, next.id, what),
          after: after?.next ?? null,
          next: textAt(json, next.cursor, what),
          declared: numberAt(json, next.count, what),
        };
      },
    );
  }

  async acknowledge(window: BatchWindow, records: number): Promise<void> {
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
    return this.#bounds(window);
  }

  /** Both ends as the source wants them; for a source that includes `to`, one unit of its format less. */
  #bounds(window: TimeWindow): Values {
    const { format, end } = this.#stream.window;
    const unitMs = format === 'datetime' || format === 'epoch-s' ? 1000 : 1;
    const write = (atMs: number): string | number => {
      if (format === 'epoch-ms') return atMs;
      if (format === 'epoch-s') return Math.floor(atMs / 1000);
      if (format === 'iso') return shanghaiInstant(atMs);
      const text = shanghaiWallTime(atMs);
      return format === 'datetime' ? text : `${text}.${String(atMs % 1000).padStart(3, '0')}`;
    };
    return { from: write(fromMs(window)), to: write(toMs(window) - (end === 'inclusive' ? unitMs : 0)) };
  }
}

const isTrue = (value: unknown): boolean => value === true || value === 1 || value === '1' || value === 'true';

/** A page is known again by its length and its first and last record; envelopes carry times and request ids. */
function digestOf(records: unknown[]): string {
  return hash('sha256', JSON.stringify([records.length, records.at(0), records.at(-1)]), 'hex');
}

function moved(window: Window, before: number, after: number): HubError {
  return transientError(
    `the source changed while it was read: ${String(before)} records became ${String(after)}${window.kind === 'batch' ? ` in batch ${window.id}` : ''}`,
    { code: 'source-moved', cure: 'nothing to do, the window is read again' },
  );
}

/** Types and filled share of every field of a sample. */
function describeFields(records: unknown[]): FieldReport[] {
  const fields = new Map<string, { types: Set<string>; filled: number }>();
  for (const record of records) {
    if (typeof record !== 'object' || record === null) continue;
    for (const [field, value] of Object.entries(record)) {
      const seen = fields.get(field) ?? { types: new Set<string>(), filled: 0 };
      seen.types.add(value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value);
      if (value !== null && value !== '') seen.filled += 1;
      fields.set(field, seen);
    }
  }
  return [...fields].map(([field, { types, filled }]) => ({
    field,
    types: [...types],
    filled: filled / records.length,
  }));
}
