/** What the compiler says of requests to the API: a line that it is to refuse, it must refuse (`tsc -p console`). */
import { addressOf, ask, send, useGet } from './api.ts';

const params = { name: 'housing-permits' };

export async function requests(): Promise<unknown[]> {
  const { items, next } = await ask('/tasks', { query: { state: 'overdue', limit: 10 } });
  const due: string | null | undefined = items[0]?.dueAt;
  const { workflowId } = await send('POST', '/streams/:name/run', { params, body: {} });
  const file = addressOf('/exports/:id/file', { params: { id: 1 } });

  // @ts-expect-error There is no such path.
  await ask('/task');
  // @ts-expect-error A path is written as its route has it, what is in it beside.
  await ask(`/tasks/${items.length}`);
  // @ts-expect-error That path is sent to, not read.
  await ask('/streams/:name/run', { params });
  // @ts-expect-error It answers with a file.
  await ask('/exports/:id/file', { params: { id: 1 } });
  // @ts-expect-error Its number is needed.
  await ask('/tasks/:id');
  // @ts-expect-error The stream is called `name` there.
  await ask('/streams/:name', { params: { id: 'housing-permits' } });
  // @ts-expect-error There is no such figure.
  await ask('/figures/:figure/shortfall', { params: { figure: 'punctuality' } });
  // @ts-expect-error Its query has no such filter.
  await ask('/tasks', { query: { owner: 'x' } });
  // @ts-expect-error A filter of a rule is one of the rules.
  await ask('/rejects', { query: { rule: 'no-such-rule' } });
  // @ts-expect-error Both are needed.
  await ask('/due', { query: { start: '2026-11-23' } });
  // @ts-expect-error Tasks have no such field.
  const deadline: unknown = items[0]?.deadline;

  // @ts-expect-error It is posted.
  await send('PUT', '/streams/:name/run', { params, body: {} });
  // @ts-expect-error A reason is needed.
  await send('POST', '/tasks/:id/exempt', { params: { id: 1 }, body: {} });
  // @ts-expect-error A role is one of the roles.
  await send('POST', '/accounts', { body: { login: 'x', name: 'x', role: 'root' } });
  // @ts-expect-error Its body is needed.
  await send('POST', '/streams/:name/check', { params });
  // @ts-expect-error It takes no body.
  await send('DELETE', '/tokens/:id', { params: { id: 1 }, body: {} });
  // @ts-expect-error The list of streams is no place for the parameters of one.
  addressOf('/streams', { params });
  return [next, due, workflowId, file, deadline];
}

export function useRequests(): string | undefined {
  const { data } = useGet('/streams/:name', { params, until: ({ gaps }) => gaps === 0 });
  const state: 'paused' | 'late' | 'error' | 'outage' | 'unknown' | 'on time' | undefined = data?.state;
  // @ts-expect-error There is no such path.
  useGet('/stream/:name', { params });
  return state;
}
