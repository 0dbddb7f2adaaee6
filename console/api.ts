import { useSyncExternalStore } from 'react';
import { useMutation, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import type { ProblemView } from '../server/api/base/problem.ts';
import type { ApiRequests, ShareRequests } from '../server/api/index.ts';
import { currentLanguage } from './language.tsx';

type Reading = ApiRequests['GET'];
type Writing = 'POST' | 'PUT' | 'DELETE';
/** An address of the API that can be read. */
type GetPath = keyof Reading;
/** One that answers with JSON. */
export type DataPath = { [P in GetPath]: undefined extends Reading[P]['answer'] ? never : P }[GetPath];
export type AnswerOf<P extends DataPath> = Reading[P]['answer'];
export type QueryOf<P extends GetPath> = Reading[P]['query'];
/** What is sent to an address. */
export type BodyOf<M extends Writing, P extends keyof ApiRequests[M]> = PartOf<ApiRequests[M][P], 'body'>;

type PartOf<R, Part extends string> = R extends Record<Part, infer T> ? T : never;
/** What a request takes: its parts, of which the query can be left out where nothing of it is needed. */
type Given<R> = {
  [Part in 'params' | 'body' as PartOf<R, Part> extends undefined ? never : Part]: PartOf<R, Part>;
} & (PartOf<R, 'query'> extends undefined ? unknown : Needed<'query', PartOf<R, 'query'>>);
type Needed<Part extends string, T> = object extends T ? Partial<Record<Part, T>> : Record<Part, T>;
/** As the last argument of a call, which can be left out where nothing is needed. */
type Last<T> = object extends T ? [given?: T] : [given: T];

/** An answer of the API that is no success. */
export class RequestFailed extends Error {
  readonly status: number;
  readonly code: string;
  readonly cure: string | undefined;
  readonly fields: { path: string; message: string }[];

  constructor({
    status,
    code,
    title,
    detail,
    fields,
  }: Pick<ProblemView, 'status' | 'code' | 'title'> & Partial<ProblemView>) {
    super(title);
    this.status = status;
    this.code = code;
    this.cure = detail;
    this.fields = fields ?? [];
  }
}

/** A case as it was seen, by its version. */
interface Seen {
  version?: string | undefined;
}

/** The parts of a request, whatever it is. */
interface Parts {
  params?: Record<string, string | number>;
  query?: object;
  body?: unknown;
}

/** What of a query is given, as it stands in an address. */
export function searchOf(query: object): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text === '' ? '' : `?${text}`;
}

const address = (path: string, { params = {}, query = {} }: Parts = {}): string =>
  `/api/v1${path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''))}${searchOf(query)}`;

/** Where something can be read, for links to what is no JSON. */
export const addressOf = <P extends GetPath>(path: P, ...[given]: Last<Given<Reading[P]>>): string =>
  address(path, given);

async function request<T>(...sent: Parameters<typeof exchange>): Promise<T> {
  const response = await exchange(...sent);
  if (response.ok) return answerIn<T>(response);
  throw await failureIn(response);
}

async function exchange(
  method: string,
  url: string,
  body?: unknown,
  { key, version }: { key?: string; version?: string | undefined } = {},
): Promise<Response> {
  const english = currentLanguage() === 'en';
  const headers: Record<string, string> = { 'Accept-Language': english ? 'en' : 'zh-CN' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (key !== undefined) headers['Idempotency-Key'] = key;
  if (version !== undefined) headers['If-Match'] = `"${version}"`;
  try {
    return await fetch(url, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
  } catch {
    const title = english ? 'The hub cannot be reached' : '连不上服务器';
    throw new RequestFailed({
      status: 0,
      code: 'unreachable',
      title,
      detail: english ? 'Check the network' : '请检查网络',
    });
  }
}

const answerIn = <T>(response: Response): Promise<T> =>
  response.status === 204 ? Promise.resolve(undefined as T) : (response.json().catch(() => null) as Promise<T>);

async function failureIn(response: Response): Promise<RequestFailed> {
  const { status } = response;
  const problem = await answerIn<ProblemView | null>(response);
  return new RequestFailed(problem ?? { status, code: 'failed', title: `HTTP ${status}` });
}

/** A call of the share interface: what was answered, or why it was refused; both leave a receipt, of this number. */
export type Called<T> = { receipt: string } & ({ answer: T; refused: null } | { answer: null; refused: RequestFailed });

/** Calls the share interface; what leaves no receipt was no call, and fails as any request. */
export async function callShare<P extends keyof ShareRequests['POST']>(
  path: P,
  body: PartOf<ShareRequests['POST'][P], 'body'>,
): Promise<Called<PartOf<ShareRequests['POST'][P], 'answer'>>> {
  const response = await exchange('POST', `/share/v1${path}`, body);
  const receipt = response.headers.get('Hub-Receipt');
  if (response.ok && receipt !== null) return { receipt, answer: await answerIn(response), refused: null };
  const refused = await failureIn(response);
  if (receipt === null) throw refused;
  return { receipt, answer: null, refused };
}

export const ask = <P extends DataPath>(path: P, ...[given]: Last<Given<Reading[P]>>): Promise<AnswerOf<P>> =>
  request('GET', address(path, given));

/**
 * Sends something once: a repetition by the network is known again by its key. `version`: of a case as it was seen, so that
 * nobody decides on what somebody else has changed.
 */
export function send<M extends Writing, P extends keyof ApiRequests[M] & string>(
  method: M,
  path: P,
  ...[given]: Last<Given<ApiRequests[M][P]> & Seen>
): Promise<PartOf<ApiRequests[M][P], 'answer'>> {
  const { body, version, ...parts } = (given ?? {}) as Parts & Seen;
  return request(method, address(path, parts), body, { key: newKey(), version });
}

/** Does something in a case; its definition has the address, and what is sent there (docs/casework.md). */
export const sendStep = (path: string, { body, version, ...parts }: Parts & Seen): Promise<unknown> =>
  request('POST', address(path, parts), body, { key: newKey(), version });

const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

const AWAITED_MS = 2_000;
const FAILED_MS = 10_000;

/** What is shown stays while the hub is away for a moment; what it refuses is not shown any more. */
const isOutdated = ({ data, error }: { data: unknown; error: RequestFailed | null }): boolean =>
  data !== undefined && error !== null && (error.status === 0 || error.status >= 500);

/** Whether something is asked for now, and until when again. */
interface Patience<T> {
  enabled?: boolean;
  until?: (data: T) => boolean;
}

type Asked<T> = Pick<UseQueryResult<T, RequestFailed>, 'data' | 'error' | 'isFetching' | 'refetch'>;

/** What an address of the API answers, kept fresh; asked for again and again until it is as awaited. */
export const useGet = <P extends DataPath>(
  path: P,
  ...[given]: Last<Given<Reading[P]> & Patience<AnswerOf<P>>>
): Asked<AnswerOf<P>> => useAnswer(path, given);

/** As `useGet`, for parts whose own properties tie path, query and answer. */
export function useAnswer<T>(
  path: string,
  { enabled = true, until = () => true, ...parts }: Parts & Patience<T> = {},
): Asked<T> {
  const { data, error, isFetching, refetch } = useQuery<T, RequestFailed>({
    ...question<T>(path, parts),
    enabled,
    refetchInterval: ({ state }) =>
      isOutdated(state) ? FAILED_MS : state.data !== undefined && !until(state.data) && AWAITED_MS,
  });
  return { data, isFetching, refetch, error: isOutdated({ data, error }) ? null : error };
}

/** Whether something that is shown could not be asked for again. */
export function useOutdated(): boolean {
  const cache = useQueryClient().getQueryCache();
  return useSyncExternalStore(
    (changed) => cache.subscribe(changed),
    () =>
      cache
        .findAll({ type: 'active' })
        .some(({ state: { data, error } }) => isOutdated({ data, error: error as RequestFailed | null })),
  );
}

const question = <T>(path: string, parts: Parts = {}) => ({
  queryKey: [path, parts.params, parts.query],
  queryFn: () => request<T>('GET', address(path, parts)),
});

/** A question to the API, for whoever asks it ahead. */
export const asked = <P extends DataPath>(path: P, ...[given]: Last<Given<Reading[P]>>) =>
  question<AnswerOf<P>>(path, given);

/** Something that changes the hub; everything that is shown is asked for again afterwards. */
export function useSend<Given, Answer = unknown>(work: (given: Given) => Promise<Answer>) {
  const client = useQueryClient();
  return useMutation<Answer, RequestFailed, Given>({
    mutationFn: work,
    onSettled: () => client.invalidateQueries(),
  });
}
