import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import axios, { AxiosError, type AxiosInstance } from 'axios';
import pRetry from 'p-retry';
import type { HttpConnectorConfig } from '../../config/connector-schema.ts';
import { resolveReference } from '../../config/environment.ts';
import { configurationError, HubError, messageOf, transientError } from '../../domain/errors.ts';
import { numberAt, parseAnswer, typeName, valueAt, type Answer } from './answer.ts';
import { fillBody, fillPath, type RequestTemplate, type Values } from './template.ts';

/** Longest wait inside one attempt; a source that asks for more is left alone until the workflow's next attempt. */
const LONGEST_WAIT_MS = 5_000;
const RETRIES = 2;
/** A token is renewed this long before its end. */
const TOKEN_MARGIN_MS = 10_000;

/** What an answer's success is known by, beyond its HTTP status. */
export interface Success {
  field: string;
  values: string[];
}

interface Token {
  value: string;
  endsAtMs: number;
}

interface RawAnswer {
  status: number;
  body: Buffer;
  headers: Record<string, unknown>;
}

/** Talks to one source system: authentication, short retries, and the classification of every fault. */
export class HttpClient {
  readonly #config: HttpConnectorConfig;
  readonly #axios: AxiosInstance;
  readonly #clientSecret: string;
  /** Fetched once for all requests that need it. */
  #token: Promise<Token> | null = null;
  /** The source's clock less ours, from the Date header of its last answer. */
  clockSkewMs = 0;

  constructor(config: HttpConnectorConfig) {
    this.#config = config;
    const baseURL =
      typeof config.baseUrl === 'string' ? config.baseUrl : resolveReference(config.baseUrl, `${config.id}: baseUrl`);
    this.#clientSecret =
      config.auth?.type === 'clientCredentials'
        ? resolveReference(config.auth.clientSecret, `${config.id}: auth.clientSecret`)
        : '';
    const sockets = { keepAlive: true, maxSockets: config.inFlight };
    this.#axios = axios.create({
      baseURL: baseURL.replace(/\/$/, ''),
      timeout: config.timeout,
      responseType: 'arraybuffer',
      maxRedirects: 0,
      maxContentLength: config.maxPage * 1_000_000,
      validateStatus: () => true,
      proxy: false,
      httpAgent: new HttpAgent(sockets),
      httpsAgent: new HttpsAgent(sockets),
      ...(config.auth?.type === 'header' && {
        headers: { [config.auth.name]: resolveReference(config.auth.value, `${config.id}: auth`) },
      }),
    });
  }

  /**
   * Sends a request and hands its answer to `read`; both are tried again, a few times and briefly, as long as what
   * they throw is transient.
   */
  async ask<T>(
    template: RequestTemplate,
    values: Values,
    success: Success | undefined,
    read: (answer: Answer, what: string) => T,
    signal?: AbortSignal,
  ): Promise<T> {
    const what = `${this.#config.id} ${template.method} ${template.path.split('?')[0] ?? ''}${values.page === undefined ? '' : ` page ${String(values.page)}`}`;
    return pRetry(
      async () => {
        const answer = parseAnswer(await this.#send(template, values, what, signal), what);
        if (success) requireSuccess(answer, success, what);
        return read(answer, what);
      },
      {
        retries: RETRIES,
        minTimeout: 200,
        maxTimeout: 1_000,
        randomize: true,
        ...(signal && { signal }),
        shouldRetry: ({ error }) =>
          error instanceof HubError && error.kind === 'transient' && (error.retryAfterMs ?? 0) <= LONGEST_WAIT_MS,
        onFailedAttempt: async ({ error }) => {
          if (error instanceof HubError && error.retryAfterMs !== undefined && error.retryAfterMs <= LONGEST_WAIT_MS) {
            await new Promise((resolve) => setTimeout(resolve, error.retryAfterMs));
          }
        },
      },
    );
  }

  async #send(template: RequestTemplate, values: Values, what: string, signal?: AbortSignal): Promise<Buffer> {
    const path = fillPath(template.path, values);
    const data = template.body && fillBody(template.body, values);
    const attempt = (token: Token | null): Promise<RawAnswer> =>
      this.#request(what, {
        url: path,
        method: template.method,
        data,
        ...(token && { headers: { Authorization: `Bearer ${token.value}` } }),
        ...(signal && { signal }),
      });
    const token = await this.#currentToken();
    let answer = await attempt(token);
    if (answer.status === 401 && token) {
      // The token ended between two pages: a new one, and the same page again.
      answer = await attempt(await this.#currentToken(token));
      if (answer.status === 401) {
        throw transientError(`${what}: answered 401 to a token that it has just issued`, {
          code: 'token-refused',
          cure: 'it is asked again; if it goes on, ask the department what its tokens allow',
        });
      }
    }
    requireStatus(answer.status, answer.headers, what);
    return answer.body;
  }

  async #request(what: string, request: Record<string, unknown>): Promise<RawAnswer> {
    try {
      const response = await this.#axios.request<Buffer>(request);
      const date = Date.parse(String(response.headers.date ?? ''));
      if (!Number.isNaN(date)) this.clockSkewMs = date - Math.floor(Date.now() / 1000) * 1000;
      return { status: response.status, body: response.data, headers: response.headers };
    } catch (error) {
      throw classifyTransport(error, what);
    }
  }

  /** The token to use now, null without this kind of authentication. @param refused one that the source refused */
  async #currentToken(refused?: Token): Promise<Token | null> {
    if (this.#config.auth?.type !== 'clientCredentials') return null;
    const pending = this.#token;
    const known = pending && (await pending.catch(() => null));
    if (known && known !== refused && known.endsAtMs - TOKEN_MARGIN_MS > Date.now()) return known;
    // Unless another request has asked for a new one meanwhile.
    if (this.#token === pending) this.#token = this.#fetchToken(this.#config.auth);
    return this.#token;
  }

  async #fetchToken(auth: Extract<HttpConnectorConfig['auth'], { type: 'clientCredentials' }>): Promise<Token> {
    const { id } = this.#config;
    const what = `${id} POST ${auth.path}`;
    const { status, body, headers } = await this.#request(what, {
      url: auth.path,
      method: 'POST',
      data: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: auth.clientId,
        client_secret: this.#clientSecret,
      }).toString(),
    });
    // OAuth refuses a client with 400 or 401.
    requireStatus(status === 400 ? 401 : status, headers, what);
    const { json } = parseAnswer(body, what);
    const value = valueAt(json, auth.token);
    if (typeof value !== 'string' || value === '') {
      throw configurationError(`${what}: found ${typeName(value)} at “${auth.token}”, expected a token`, {
        code: 'answer-shape',
        cure: 'correct auth.token',
      });
    }
    const lifetime = numberAt(json, auth.expiresIn, what) * (auth.expiresInUnit === 'minutes' ? 60_000 : 1000);
    return { value, endsAtMs: Date.now() + lifetime };
  }
}

function requireSuccess(answer: Answer, success: Success, what: string): void {
  const found = valueAt(answer.json, success.field);
  if (success.values.includes(String(found))) return;
  throw transientError(
    `${what}: found ${success.field} = ${shortCode(found)}, expected ${success.values.join(' or ')}`,
    {
      code: 'source-refused',
      cure: 'look the code up in the gateway’s manual; it is asked again meanwhile',
    },
  );
}

/** A result code as far as it can be shown: codes are short, anything longer could be data. */
const shortCode = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? `“${String(value).slice(0, 20)}”` : typeName(value);

function requireStatus(status: number, headers: Record<string, unknown>, what: string): void {
  if (status >= 200 && status < 300) return;
  const message = `${what}: answered ${String(status)}`;
  if (status === 401 || status === 403) {
    throw configurationError(`${message}, the credentials are refused`, {
      code: 'unauthorised',
      cure: 'check the values behind auth in the connector’s file',
    });
  }
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    const retryAfterMs = retryAfter(headers['retry-after']);
    throw transientError(message, {
      code: status === 429 ? 'rate-limited' : 'source-failing',
      cure: 'nothing to do, it is asked again',
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
  }
  throw configurationError(message, {
    code: 'request-refused',
    cure: status < 400 ? 'the source redirects; write its real address into baseUrl' : 'check path, method and body',
  });
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
    return configurationError(`${what}: the answer is larger than maxPage allows`, {
      code: 'page-too-large',
      cure: 'lower page.size or raise maxPage',
    });
  }
  if (code === AxiosError.ERR_INVALID_URL || code === 'ERR_UNESCAPED_CHARACTERS') {
    return configurationError(`${what}: ${messageOf(error)}`, { code: 'address-invalid', cure: 'correct baseUrl' });
  }
  const timedOut = code === AxiosError.ECONNABORTED || code === AxiosError.ETIMEDOUT;
  return transientError(`${what}: ${timedOut ? 'no answer in time' : `no complete answer (${code})`}`, {
    code: timedOut ? 'source-timeout' : 'source-away',
    cure: 'nothing to do, it is asked again; ask the department if it goes on',
  });
}
