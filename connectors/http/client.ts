import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Readable } from 'node:stream';
import axios, { AxiosError, type AxiosInstance } from 'axios';
import pRetry from 'p-retry';
import pThrottle from 'p-throttle';
import type { HttpConnectorConfig } from '../../settings/kinds/http.ts';
import { resolveReference } from '../../settings/environment.ts';
import { HubError, messageOf } from '../../domain/errors.ts';
import { fault } from '../../domain/faults.ts';
import type { OpenOptions } from '../contract.ts';
import { flowing, within } from '../flowing.ts';
import { unpacked } from '../unpacked.ts';
import { isDenied, parseAnswer, requireSuccess, type ParsedAnswer, type Success } from './answer.ts';
import { authenticator, type AppliedRequest, type Authenticator, type OutgoingRequest } from './auth.ts';
import { soapFaultIn } from './markup.ts';
import { fillBody, fillPath, type RequestTemplate, type Values } from './template.ts';

/** Longest wait inside one attempt; a source that asks for more is left alone until the workflow's next attempt. */
const LONGEST_WAIT_MS = 5_000;
const RETRIES = 2;
/** Of an answer that is shown to people. */
const SHOWN_CHARACTERS = 4_000;

interface RawAnswer {
  status: number;
  body: Buffer;
  headers: Record<string, unknown>;
}

/** A decoded answer with what its headers say. */
export interface HttpAnswer extends ParsedAnswer {
  headers: Record<string, unknown>;
}

/** What a request may say beyond its template. */
export interface AskOptions {
  signal?: AbortSignal | undefined;
  /** An address in place of the template's, for example one that the source gave. */
  url?: string | undefined;
  /** The request carries a message, which is sent as it is. */
  idempotencyKey?: string;
}

/** How long a source is waited for, in milliseconds: in silence, for one answer, and before it is asked again. */
type Limits = Pick<HttpConnectorConfig, 'timeout' | 'longestAnswer' | 'longestWait'>;

/** Talks to one source system: authentication, short retries, and the classification of every fault. */
export class HttpClient {
  readonly #id: string;
  readonly #axios: AxiosInstance;
  readonly #auth: Authenticator;
  readonly #charset: string | undefined;
  readonly #limits: Limits;
  readonly #trace: OpenOptions['trace'];
  readonly #throttled: (request: OutgoingRequest, what: string, signal: AbortSignal | undefined) => Promise<RawAnswer>;
  readonly baseUrl: string;
  /** The source's clock less ours, from the Date header of its last answer. */
  clockSkewMs = 0;

  constructor(
    config: Limits & Pick<HttpConnectorConfig, 'id' | 'baseUrl' | 'auth' | 'inFlight' | 'maxPage' | 'rate' | 'charset'>,
    options: OpenOptions = {},
  ) {
    this.#id = config.id;
    this.#charset = config.charset;
    this.#limits = config;
    this.#trace = options.trace;
    this.baseUrl = (
      typeof config.baseUrl === 'string' ? config.baseUrl : resolveReference(config.baseUrl, `${config.id}: baseUrl`)
    ).replace(/\/$/, '');
    const sockets = { keepAlive: true, maxSockets: config.inFlight };
    this.#axios = axios.create({
      baseURL: this.baseUrl,
      timeout: config.timeout,
      responseType: 'arraybuffer',
      maxRedirects: 0,
      maxContentLength: config.maxPage * 1_000_000,
      validateStatus: () => true,
      proxy: false,
      httpAgent: new HttpAgent(sockets),
      httpsAgent: new HttpsAgent(sockets),
    });
    // Its time begins once it is its turn.
    const send = (request: OutgoingRequest, what: string, signal: AbortSignal | undefined): Promise<RawAnswer> =>
      this.#inTime(
        what,
        async (either) => {
          const { status, data, headers } = await this.#axios.request<Buffer>({ ...request, signal: either });
          return { status, body: data, headers };
        },
        signal,
      );
    const { rate } = config;
    this.#throttled = rate ? pThrottle({ limit: rate.requests, interval: rate.per })(send) : send;
    this.#auth = authenticator(
      config.auth,
      config.id,
      async (request, what) => {
        const { status, body, headers } = await this.#request(request, what);
        // OAuth refuses a client with 400 or 401.
        this.#requireStatus(status === 400 ? 401 : status, headers, what);
        return body;
      },
      () => Date.now() + this.clockSkewMs,
    );
  }

  /**
   * Sends a request and hands its answer to `read`; both are tried again, a few times and briefly, as long as what
   * they throw is transient.
   */
  async ask<T>(
    template: RequestTemplate,
    values: Values,
    success: Success | undefined,
    read: (answer: HttpAnswer, what: string) => T,
    options: AskOptions = {},
  ): Promise<T> {
    const what = `${this.#id} ${template.method} ${template.path.split('?')[0] ?? ''}${values.page === undefined ? '' : ` page ${values.page}`}`;
    return pRetry(
      async () => {
        const attempt = async (): Promise<{ answer: HttpAnswer; refused: AppliedRequest['refused'] }> => {
          const { body, headers, refused } = await this.#send(template, values, what, options);
          const known = { charset: this.#charset, contentType: headerOf(headers['content-type']) };
          return { answer: { ...parseAnswer(body, what, known), headers }, refused };
        };
        const first = await attempt();
        let { answer } = first;
        // Gateways also say by a result code, under 200, that a secret has ended.
        if (success && isDenied(answer.json, success) && (await first.refused())) ({ answer } = await attempt());
        if (success) requireSuccess(answer.json, success, what);
        return read(answer, what);
      },
      {
        retries: RETRIES,
        minTimeout: 200,
        maxTimeout: 1_000,
        randomize: true,
        ...(options.signal && { signal: options.signal }),
        shouldRetry: ({ error }) =>
          error instanceof HubError &&
          error.kind === 'transient' &&
          error.code !== 'answer-slow' &&
          (error.retryAfterMs ?? 0) <= LONGEST_WAIT_MS,
        onFailedAttempt: async ({ error }) => {
          if (error instanceof HubError && error.retryAfterMs !== undefined && error.retryAfterMs <= LONGEST_WAIT_MS) {
            await new Promise((resolve) => setTimeout(resolve, error.retryAfterMs));
          }
        },
      },
    );
  }

  async #send(
    template: RequestTemplate,
    values: Values,
    what: string,
    { signal, url, idempotencyKey }: AskOptions,
  ): Promise<RawAnswer & Pick<AppliedRequest, 'refused'>> {
    const request: OutgoingRequest = {
      method: template.method,
      url: url ?? fillPath(template.path, values),
      headers: idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey },
      ...(template.body && { data: idempotencyKey === undefined ? fillBody(template.body, values) : template.body }),
    };
    const attempt = async (): Promise<{ answer: RawAnswer; applied: AppliedRequest }> => {
      const applied = await this.#auth(request);
      return { applied, answer: await this.#request(applied.request, what, signal) };
    };
    let { answer, applied } = await attempt();
    if (answer.status === 401 && (await applied.refused())) {
      // The token ended between two pages: a new one, and the same page again.
      ({ answer, applied } = await attempt());
      if (answer.status === 401) {
        throw fault('token-refused', { place: what });
      }
    }
    const said = answer.status === 500 ? soapFaultIn(answer.body, what) : null;
    if (said) throw said;
    this.#requireStatus(answer.status, answer.headers, what);
    const opened = { ...answer, body: applied.open(answer.body, what), refused: applied.refused };
    this.#trace?.({ request: shownRequest(this.baseUrl, request), response: shownAnswer(opened) });
    return opened;
  }

  /** Opens what is at an address of the source, as it comes; throws a configuration error for another host. */
  async download(reference: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const url = /^https?:/.test(reference) ? reference : `${this.baseUrl}/${reference.replace(/^\//, '')}`;
    const what = `${this.#id} GET a certificate’s file`;
    if (!URL.canParse(url) || new URL(url).origin !== new URL(this.baseUrl).origin) {
      throw fault('file-elsewhere', { place: what });
    }
    for (let renewed = false; ; renewed = true) {
      const applied = await this.#auth({ method: 'GET', url, headers: {} });
      const { status, headers, data } = await this.#inTime(
        what,
        (either) =>
          this.#axios.request<Readable>({
            ...applied.request,
            responseType: 'stream',
            decompress: false,
            maxContentLength: Infinity,
            signal: either,
          }),
        signal,
      );
      if (status < 300)
        return flowing(unpacked(data, headers), this.#limits.timeout, (error) =>
          fault('source-away', { place: what, broken: messageOf(error) }),
        );
      data.destroy();
      if (status === 401 && !renewed && (await applied.refused())) continue;
      if (status === 404 || status === 410) throw fault('file-gone', { place: what, status });
      this.#requireStatus(status, headers, what);
    }
  }

  #requireStatus(status: number, headers: Record<string, unknown>, what: string): void {
    if (status >= 200 && status < 300) return;
    if (status === 401 || status === 403) {
      throw fault('unauthorised', { place: what, status });
    }
    if (status === 408 || status === 425 || status === 429 || status >= 500) {
      const asked = retryAfter(headers['retry-after']);
      const retryAfterMs = asked && Math.min(asked, this.#limits.longestWait);
      const waits = asked !== undefined && { asked: secondsOf(asked), granted: secondsOf(retryAfterMs ?? 0) };
      throw fault(
        status === 429 ? 'rate-limited' : 'source-failing',
        { place: what, status, ...waits },
        { retryAfterMs },
      );
    }
    if (status >= 400) throw fault('request-refused', { place: what, status });
    throw fault('request-redirected', { place: what, status, to: pathOf(headerOf(headers.location), this.baseUrl) });
  }

  async #request(request: OutgoingRequest, what: string, signal?: AbortSignal): Promise<RawAnswer> {
    const answer = await this.#throttled(request, what, signal);
    const date = Date.parse(headerOf(answer.headers.date));
    if (!Number.isNaN(date)) this.clockSkewMs = date - Math.floor(Date.now() / 1000) * 1000;
    return answer;
  }

  /** What an answer brings by the time that it may take altogether; whatever goes wrong is classified. */
  async #inTime<T>(what: string, ask: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const longestMs = this.#limits.longestAnswer;
    try {
      return await within(longestMs, () => fault('answer-slow', { place: what, longestMs }), ask, signal);
    } catch (error) {
      throw classifyTransport(error, what);
    }
  }
}

/** A header's text. */
export const headerOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** A request for people, as it was before credentials were put on. */
function shownRequest(base: string, { method, url, data }: OutgoingRequest): string {
  const address = url.startsWith('http') ? url : `${base}${url}`;
  return `${method} ${address}${data === undefined ? '' : `\n${JSON.stringify(data)}`}`;
}

const shownAnswer = ({ status, body }: RawAnswer): string =>
  `${status}, ${body.length} bytes\n${body.toString('utf8').slice(0, SHOWN_CHARACTERS)}`;

const secondsOf = (ms: number): number => Math.ceil(ms / 1000);

/** Where an answer leads, without its query, which may hold a ticket. */
function pathOf(location: string, base: string): string {
  if (!URL.canParse(location, base)) return '';
  const { origin, pathname } = new URL(location, base);
  return `${origin}${pathname}`;
}

/** Retry-After in seconds or as a date. */
function retryAfter(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const waitMs = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs);
}

function classifyTransport(error: unknown, what: string): unknown {
  if (!(error instanceof AxiosError)) return error;
  if (error.code === AxiosError.ERR_CANCELED) return error;
  const code = error.code ?? 'unknown';
  if (error.message.includes('maxContentLength')) {
    return fault('page-too-large', { place: what });
  }
  if (code === AxiosError.ERR_INVALID_URL || code === 'ERR_UNESCAPED_CHARACTERS') {
    return fault('address-invalid', { place: what, why: messageOf(error) });
  }
  const timedOut = code === AxiosError.ECONNABORTED || code === AxiosError.ETIMEDOUT;
  return timedOut ? fault('source-timeout', { place: what }) : fault('source-away', { place: what, broken: code });
}
