import type { Auth, FetchedSecret, SignedAuth } from '../../settings/kinds/http.ts';
import { resolveReference } from '../../settings/environment.ts';
import { parseInstant } from '../../domain/dates.ts';
import { HubError } from '../../domain/errors.ts';
import type { SecretRef } from '../../settings/values.ts';
import { writeTime } from '../time-format.ts';
import { valueAt } from '../json.ts';
import { misshapen, parseAnswer, parseJson, numberAt, requireSuccess, textAt } from './answer.ts';
import { fill, fillAll, nonce, runSteps, type Variables } from './signing.ts';

/** A request before it is sent. */
export interface OutgoingRequest {
  method: string;
  /** Address below the base, with its query. */
  url: string;
  headers: Record<string, string>;
  /** JSON value, or the text of a form. */
  data?: unknown;
}

/** A request with credentials, and what is to be done with its answer. */
export interface AppliedRequest {
  request: OutgoingRequest;
  /** What an answer's body says once it is opened, with what this very request was made with. */
  open: (body: Buffer, what: string) => Buffer;
  /** The source refused these credentials: true when there is something to renew, so that it is worth asking again. */
  refused: () => Promise<boolean>;
}

/** Puts credentials on requests, and renews them. */
export type Authenticator = (request: OutgoingRequest) => Promise<AppliedRequest>;

/** Sends a request as it is and returns the body of its answer; throws classified errors. */
export type Send = (request: OutgoingRequest, what: string) => Promise<Buffer>;

/** A secret or token is renewed this long before its end. */
const MARGIN_MS = 10_000;

/** The authenticator that a connector's `auth` describes. @param now the source's clock, epoch milliseconds */
export function authenticator(auth: Auth | undefined, connector: string, send: Send, now: () => number): Authenticator {
  const secret = (reference: SecretRef, name: string): string =>
    resolveReference(reference, `${connector}: auth.${name}`);
  switch (auth?.type) {
    case undefined:
      return fixed((request) => request);
    case 'header': {
      const value = secret(auth.value, 'value');
      return fixed((request) => withHeader(request, auth.name, value));
    }
    case 'query': {
      const value = secret(auth.value, 'value');
      return fixed((request) => ({ ...request, url: withQuery(request.url, { [auth.name]: value }) }));
    }
    case 'basic': {
      const pair = basicPair(auth.user, secret(auth.password, 'password'));
      return fixed((request) => withHeader(request, 'Authorization', `Basic ${pair}`));
    }
    case 'bearer': {
      const token = secret(auth.token, 'token');
      return fixed((request) => withHeader(request, 'Authorization', `Bearer ${token}`));
    }
    case 'clientCredentials':
      return clientCredentials(auth, connector, secret(auth.clientSecret, 'clientSecret'), send);
    case 'signed':
      return new Signed(auth, connector, send, now).apply;
  }
}

const unopened = (body: Buffer): Buffer => body;

const fixed =
  (apply: (request: OutgoingRequest) => OutgoingRequest): Authenticator =>
  (request) =>
    Promise.resolve({ request: apply(request), open: unopened, refused: () => Promise.resolve(false) });

const withHeader = (request: OutgoingRequest, name: string, value: string): OutgoingRequest => ({
  ...request,
  headers: { ...request.headers, [name]: value },
});

function withQuery(url: string, values: Record<string, string>): string {
  const query = new URLSearchParams(values).toString();
  return query === '' ? url : `${url}${url.includes('?') ? '&' : '?'}${query}`;
}

interface Held<T> {
  value: T;
  endsAtMs: number;
}

/** Something that ends and is fetched again before it does; once for all requests that need it. */
class Renewable<T> {
  #held: Promise<Held<T>> | null = null;
  readonly #fetch: () => Promise<Held<T>>;

  constructor(fetch: () => Promise<Held<T>>) {
    this.#fetch = fetch;
  }

  async get(): Promise<Held<T>> {
    const pending = this.#held;
    const held = pending && (await pending.catch(() => null));
    if (held && held.endsAtMs - MARGIN_MS > Date.now()) return held;
    // Unless another request has asked for a new one meanwhile.
    if (this.#held === pending) this.#held = this.#fetch();
    return this.#held ?? this.#fetch();
  }

  /** Forgets what was refused, unless it was renewed already. */
  async forget(refused: Held<T>): Promise<void> {
    const pending = this.#held;
    if ((await pending?.catch(() => null)) === refused && this.#held === pending) this.#held = null;
  }
}

/** How long a token lives; one of which no sensible end is told, until it is refused. */
function lifetimeOf(told: unknown): number {
  const lifetime = told === null || told === undefined || told === '' ? NaN : Number(told);
  return lifetime >= 0 ? lifetime : Infinity;
}

const basicPair = (user: string, password: string): string => Buffer.from(`${user}:${password}`).toString('base64');

/** As a form writes a text, which OAuth has done to both parts of the header. */
const formText = (text: string): string => new URLSearchParams({ t: text }).toString().slice(2);

function clientCredentials(
  auth: Extract<Auth, { type: 'clientCredentials' }>,
  connector: string,
  clientSecret: string,
  send: Send,
): Authenticator {
  const what = `${connector} POST ${auth.path}`;
  const grant = { grant_type: 'client_credentials', ...(auth.scope !== undefined && { scope: auth.scope }) };
  const ask = (form: Record<string, string>, headers: Record<string, string>): Promise<Buffer> =>
    send({ method: 'POST', url: auth.path, headers, data: new URLSearchParams(form).toString() }, what);
  // Both are allowed (RFC 6749, 2.3.1); servers that take one of them refuse the other.
  const ways = [
    () => ask({ ...grant, client_id: auth.clientId, client_secret: clientSecret }, {}),
    () => ask(grant, { Authorization: `Basic ${basicPair(formText(auth.clientId), formText(clientSecret))}` }),
  ] as const;
  let way = 0;
  const tokenAnswer = async (): Promise<Buffer> => {
    try {
      return await (ways[way] ?? ways[0])();
    } catch (error) {
      if (!(error instanceof HubError && error.code === 'unauthorised')) throw error;
      const body = await (ways[1 - way] ?? ways[0])();
      way = 1 - way;
      return body;
    }
  };
  const token = new Renewable(async () => {
    const body = await tokenAnswer();
    const { json } = parseAnswer(body, what);
    const value = valueAt(json, auth.token);
    if (typeof value !== 'string' || value === '') {
      throw misshapen(json, { what, path: auth.token, value, expected: 'token' });
    }
    const unitMs = auth.expiresInUnit === 'minutes' ? 60_000 : 1000;
    return { value, endsAtMs: Date.now() + lifetimeOf(valueAt(json, auth.expiresIn)) * unitMs };
  });
  return async (request) => {
    const held = await token.get();
    return {
      request: withHeader(request, 'Authorization', `Bearer ${held.value}`),
      open: unopened,
      refused: async () => {
        await token.forget(held);
        return true;
      },
    };
  };
}

/** Requests that are signed, by declarative steps, with secrets that may themselves be fetched. */
class Signed {
  readonly #auth: SignedAuth;
  readonly #place: string;
  readonly #values: Variables;
  readonly #fetched: Renewable<Variables>[] = [];
  readonly #now: () => number;

  constructor(auth: SignedAuth, connector: string, send: Send, now: () => number) {
    this.#auth = auth;
    this.#place = `${connector}: auth`;
    this.#now = now;
    this.#values = Object.fromEntries(
      Object.entries(auth.values).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : resolveReference(value, `${this.#place}.values.${name}`),
      ]),
    );
    for (const [index, secret] of auth.fetched.entries()) {
      const place = `${this.#place}.fetched[${index}]`;
      this.#fetched.push(
        new Renewable(async () => {
          const variables = { ...(await this.#variables(index)).variables, body: bodyText(secret.body) };
          const signed = sign(
            { method: secret.method, url: secret.path, headers: {}, data: secret.body },
            secret,
            variables,
            place,
          );
          const what = `${connector} ${secret.method} ${secret.path.split('?')[0] ?? ''}`;
          const { json } = parseAnswer(await send(signed, what), what);
          if (secret.success) requireSuccess(json, secret.success, what);
          const values = Object.fromEntries(
            Object.entries(secret.values).map(([name, path]) => [name, textAt(json, path, what)]),
          );
          return {
            value: pickSteps(secret.values, runSteps(secret.decrypt, { ...variables, ...values }, place)),
            endsAtMs: endOf(secret, json, what, this.#now()),
          };
        }),
      );
    }
  }

  /** Constants, the secrets fetched by the first `count` requests, the time and a nonce. */
  async #variables(count: number): Promise<{ variables: Variables; used: Held<Variables>[] }> {
    const used: Held<Variables>[] = [];
    for (const fetched of this.#fetched.slice(0, count)) used.push(await fetched.get());
    const secrets = Object.assign({}, ...used.map(({ value }) => value)) as Variables;
    const time = String(writeTime(this.#now(), this.#auth.time));
    return { variables: { ...this.#values, ...secrets, time, nonce: nonce() }, used };
  }

  readonly apply: Authenticator = async (request) => {
    const { variables, used } = await this.#variables(this.#fetched.length);
    const given = { ...variables, body: bodyText(request.data) };
    return {
      request: sign(request, this.#auth, given, this.#place),
      open: (body, what) => this.#open(body, what, given),
      refused: async () => {
        for (const [index, held] of used.entries()) await this.#fetched[index]?.forget(held);
        return used.length > 0;
      },
    };
  };

  #open(body: Buffer, what: string, given: Variables): Buffer {
    const { answer } = this.#auth;
    if (!answer) return body;
    const encrypted = valueAt(parseJson(body.toString('utf8'), what).json, answer.at);
    // An error is answered in the clear, without data.
    if (typeof encrypted !== 'string' || encrypted === '') return body;
    const variables = runSteps(answer.steps, { ...given, body: encrypted }, `${this.#place}.answer`);
    return Buffer.from(variables[answer.steps.at(-1)?.name ?? ''] ?? '');
  }
}

const bodyText = (data: unknown): string => (data === undefined ? '' : JSON.stringify(data));

/** The fetched values, as their decrypting steps left them. */
const pickSteps = (names: Record<string, string>, variables: Variables): Variables =>
  Object.fromEntries(Object.keys(names).map((name) => [name, variables[name] ?? '']));

function sign(
  request: OutgoingRequest,
  signing: Pick<SignedAuth, 'steps' | 'headers' | 'query' | 'form'> & { body?: unknown },
  given: Variables,
  place: string,
): OutgoingRequest {
  const variables = runSteps(signing.steps, given, place);
  const filled = (texts: Record<string, string>): Record<string, string> =>
    Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, fill(text, variables, place)]));
  const data = signing.form
    ? new URLSearchParams({ ...formOf(request.data), ...filled(signing.form) }).toString()
    : signing.body === undefined
      ? request.data
      : fillAll(signing.body, variables, place);
  return {
    ...request,
    url: withQuery(request.url, filled(signing.query)),
    headers: { ...request.headers, ...filled(signing.headers) },
    data,
  };
}

/** The fields of a flat body, for a form. */
function formOf(data: unknown): Record<string, string> {
  if (typeof data !== 'object' || data === null) return {};
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, String(value)]));
}

function endOf({ ends }: FetchedSecret, json: unknown, what: string, nowMs: number): number {
  if ('every' in ends) return Date.now() + ends.every;
  if ('after' in ends) return Date.now() + numberAt(json, ends.after, what) * (ends.unit === 'minutes' ? 60_000 : 1000);
  const text = textAt(json, ends.at, what);
  const at = parseInstant(text);
  if (at === null) {
    throw misshapen(json, { what, path: ends.at, value: text, expected: 'time' });
  }
  // Told by the source's clock, kept by ours.
  return Date.parse(at) - nowMs + Date.now();
}
