import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Knex } from 'knex';
import type { OTHER_ACTIONS, Permission } from '../../../domain/access.ts';
import { audit, once } from '../../../store/console/audit.ts';
import type { Who } from '../../../store/ledger/case-files.ts';
import type { Principal } from '../../../store/console/sessions.ts';
import { principalOf } from './access.ts';
import type { ApiOptions } from './api.ts';
import { ApiProblem } from './problem.ts';

/** What an action is to leave in the audit. */
export interface Deed {
  action: Permission | keyof typeof OTHER_ACTIONS;
  object: string;
  /** Nothing personal. */
  detail?: Record<string, unknown>;
}

const KEY_TAKEN = new ApiProblem(
  422,
  'key-taken',
  { zh: '这个 Idempotency-Key 已用于另一个请求', en: 'The Idempotency-Key was used for another request' },
  { zh: '每个请求使用自己的键', en: 'Use a key of its own for each request' },
);

const SHOWN_ONCE = new ApiProblem(
  409,
  'shown-once',
  { zh: '该操作已完成，其结果只显示一次', en: 'It was done already, and what it made is shown once' },
  { zh: '如未看到结果，请重新生成', en: 'Make another where it was not seen' },
);

/**
 * Does what a request asks for, in one transaction with its entry in the audit: once for each Idempotency-Key. `work` says
 * what was done, for the audit, beside its answer.
 */
export async function act<T>(
  request: FastifyRequest,
  { db, now }: Pick<ApiOptions, 'db' | 'now'>,
  work: (trx: Knex.Transaction, who: Who & { principal: Principal }) => Promise<{ answer: T; deed: Deed }>,
): Promise<T> {
  const principal = principalOf(request);
  const at = now();
  const given = request.headers['idempotency-key'];
  const key = typeof given === 'string' && given !== '' ? given.slice(0, 200) : null;
  // With what only the caller has: else whoever reads the database could try which password a request was about.
  const hash = createHash('sha256')
    .update(`${request.headers.authorization ?? request.headers.cookie ?? ''}\n`)
    .update(`${request.method} ${request.url}\n${JSON.stringify(request.body ?? null)}`)
    .digest();
  const done = await db.transaction((trx) =>
    once(trx, { accountId: principal.accountId, key, hash, at }, async () => {
      const { answer, deed } = await work(trx, { by: principal.name, at, principal });
      const { accountId, login: actor, role } = principal;
      await audit(trx, { accountId, at, actor, role, address: request.ip, ...deed, detail: deed.detail ?? {} });
      return answer;
    }),
  );
  if (done) return done.answer;
  throw KEY_TAKEN;
}

/** As `act`, for what is answered once and kept nowhere, such as a token: a repetition is refused. */
export async function actInSecret<T>(
  request: FastifyRequest,
  options: Pick<ApiOptions, 'db' | 'now'>,
  work: Parameters<typeof act<T>>[2],
): Promise<T> {
  let made: { answer: T } | undefined;
  await act(request, options, async (trx, who) => {
    const { answer, deed } = await work(trx, who);
    made = { answer };
    return { answer: null, deed };
  });
  if (made) return made.answer;
  throw SHOWN_ONCE;
}
