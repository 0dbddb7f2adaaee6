import type { HttpConnectorConfig, HttpStreamConfig } from '../../settings/kinds/http.ts';
import { followingBatch, type BatchWindow } from '../../domain/collection/window.ts';
import type { Said } from '../../domain/said.ts';
import type { BatchSource, CheckReport, Committed, NextBatch, OpenOptions, Page, Resume } from '../contract.ts';
import { valueAt } from '../json.ts';
import { numberAt, requireNoError, textAt } from './answer.ts';
import { HttpClient } from './client.ts';
import { PageReader, type Asked } from './pages.ts';

/** Where a platform hands out its batches, and is told that they arrived. */
export type BatchRequests = NonNullable<HttpStreamConfig['batches']>;

/** A platform that returns records (回传) batch by batch. */
export class HttpBatches implements BatchSource {
  readonly by = 'batches';
  readonly sequential: boolean;
  readonly #client: HttpClient;
  readonly #pages: PageReader;
  readonly #stream: HttpStreamConfig;
  readonly #requests: BatchRequests;

  constructor(
    connector: HttpConnectorConfig,
    stream: HttpStreamConfig,
    requests: BatchRequests,
    options?: OpenOptions,
  ) {
    this.#client = new HttpClient(connector, options);
    this.#pages = new PageReader(this.#client, stream, connector.inFlight);
    this.#stream = stream;
    this.#requests = requests;
    this.sequential = this.#pages.sequential;
  }

  async nextBatch(after: BatchWindow | null): Promise<NextBatch> {
    const batch = await this.#batchAfter(after);
    return batch ? { batch } : { batch: null, proven: [] };
  }

  #batchAfter(after: BatchWindow | null): Promise<BatchWindow | null> {
    const { next } = this.#requests;
    const { page, response } = this.#stream;
    return this.#client.ask(
      next,
      { cursor: after?.next ?? '', size: page.size },
      response.success,
      ({ json }, what) => {
        const id = valueAt(json, next.id);
        if (id === undefined || id === null || id === '') {
          if (response.success === undefined) requireNoError(json, what);
          return null;
        }
        return followingBatch(after, {
          id: textAt(json, next.id, what),
          next: textAt(json, next.cursor, what),
          declared: numberAt(json, next.count, what),
        });
      },
    );
  }

  count({ declared }: BatchWindow): Promise<number> {
    return Promise.resolve(declared);
  }

  read(window: BatchWindow, resume: Resume, signal: AbortSignal): AsyncIterable<Page> {
    return this.#pages.read(askedOf(window), resume, signal);
  }

  async acknowledge(window: BatchWindow, { records }: Committed): Promise<void> {
    const { values } = askedOf(window);
    await this.#client.ask(
      this.#requests.acknowledge,
      { ...values, records },
      this.#stream.response.success,
      () => undefined,
    );
  }

  async check(): Promise<CheckReport> {
    const batch = await this.#batchAfter(null);
    const records = batch ? (await this.#pages.page(askedOf(batch), 0)).records.length : 0;
    return { records, count: batch?.declared ?? 0, clockSkewMs: this.#client.clockSkewMs, notes: [] };
  }

  async sample(): Promise<unknown[]> {
    const batch = await this.#batchAfter(null);
    return batch ? (await this.#pages.page(askedOf(batch), 0)).records : [];
  }

  explain(): Said[] {
    const { next, acknowledge } = this.#requests;
    return [
      ...this.#pages.explain(),
      {
        zh: `逐批从 ${next.path} 取，整批入库后向 ${acknowledge.path} 确认`,
        en: `takes batch after batch from ${next.path}, and acknowledges each at ${acknowledge.path} once it is committed whole`,
      },
      {
        zh: `读取和入库的条数与“${next.count}”申报的一致，一批才算完整`,
        en: `a batch is complete when as many records were read and committed as it declared at “${next.count}”`,
      },
    ];
  }

  file(reference: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    return this.#client.download(reference, signal);
  }
}

const askedOf = ({ id, after }: BatchWindow): Asked => ({ values: { batch: id, cursor: after ?? '' }, batch: id });
