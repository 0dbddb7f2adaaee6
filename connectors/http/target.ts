import type { HttpConnectorConfig, HttpOutboundConfig } from '../../settings/kinds/http.ts';
import type { ItemResult, Message, Target } from '../contract.ts';
import { valueAt } from '../json.ts';
import { recordsAt, textAt } from './answer.ts';
import { HttpClient } from './client.ts';

/** A system that takes messages over HTTP. */
export class HttpTarget implements Target {
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
