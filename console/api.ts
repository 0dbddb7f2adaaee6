import { useSyncExternalStore } from 'react';
import { useMutation, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import type { ProblemView } from '../server/api/base/problem.ts';
import { currentLanguage } from './language.tsx';

export type Query = Record<string, string | number | boolean | undefined>;

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

export function addressOf(path: string, query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return `/api/v1${path}${text === '' ? '' : `?${text}`}`;
}

async function request<T>(
  method: string,
  address: string,
  body?: unknown,
  { key, version }: { key?: string; version?: string | undefined } = {},
): Promise<T> {
  const english = currentLanguage() === 'en';
  const headers: Record<string, string> = { 'Accept-Language': english ? 'en' : 'zh-CN' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (key !== undefined) headers['Idempotency-Key'] = key;
  if (version !== undefined) headers['If-Match'] = `"${version}"`;
  let response: Response;
  try {
    response = await fetch(address, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
  } catch {
    const title = english ? 'The hub cannot be reached' : '连不上服务器';
    throw new RequestFailed({
      status: 0,
      code: 'unreachable',
      title,
      detail: english ? 'Check the network' : '请检查网络',
    });
  }
  if (response.status === 204) return undefined as T;
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok) return answer as T;
  throw new RequestFailed(
    (answer as ProblemView | null) ?? { status: response.status, code: 'failed', title: `HTTP ${response.status}` },
  );
}

export const get = <T>(path: string, query?: Query): Promise<T> => request('GET', addressOf(path, query));

/**
 * Sends something once: a repetition by the network is known again by its key. `version`: of a case as it was seen, so that
 * nobody decides on what somebody else has changed.
 */
export const send = <T>(
  method: 'POST' | 'PUT' | 'DELETE',
  path: string,
  body?: unknown,
  version?: string,
): Promise<T> => request(method, addressOf(path), body, { key: newKey(), version });

const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

const AWAITED_MS = 2_000;
const FAILED_MS = 10_000;

/** What is shown stays while the hub is away for a moment; what it refuses is not shown any more. */
const isOutdated = ({ data, error }: { data: unknown; error: RequestFailed | null }): boolean =>
  data !== undefined && error !== null && (error.status === 0 || error.status >= 500);

/** What an address of the API answers, kept fresh; asked for again and again until it is as awaited. */
export const useGet = <T>(
  path: string,
  query: Query = {},
  { enabled = true, until = () => true }: { enabled?: boolean; until?: (data: T) => boolean } = {},
): Pick<UseQueryResult<T, RequestFailed>, 'data' | 'error' | 'isFetching' | 'refetch'> => {
  const { data, error, isFetching, refetch } = useQuery<T, RequestFailed>({
    ...asked<T>(path, query),
    enabled,
    refetchInterval: ({ state }) =>
      isOutdated(state) ? FAILED_MS : state.data !== undefined && !until(state.data) && AWAITED_MS,
  });
  return { data, isFetching, refetch, error: isOutdated({ data, error }) ? null : error };
};

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

/** A question to the API, for whoever asks it ahead. */
export const asked = <T>(path: string, query: Query = {}) => ({
  queryKey: [path, query],
  queryFn: () => get<T>(path, query),
});

/** Something that changes the hub; everything that is shown is asked for again afterwards. */
export function useSend<Given, Answer = unknown>(work: (given: Given) => Promise<Answer>) {
  const client = useQueryClient();
  return useMutation<Answer, RequestFailed, Given>({
    mutationFn: work,
    onSettled: () => client.invalidateQueries(),
  });
}
