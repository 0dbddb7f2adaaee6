import type { FastifyRequest } from 'fastify';
import type { Knex } from 'knex';
import { shanghaiWallTime } from '../../../domain/dates.ts';
import { messageOf } from '../../../domain/errors.ts';
import { eventInWords } from '../../../domain/casework/timeline.ts';
import { actorInWords } from '../../../domain/ledger/reasons.ts';
import type { Said } from '../../../domain/said.ts';
import type { CaseKeeper, KeptCase } from '../../../store/casework/cases.ts';
import type { Principal } from '../../../store/console/sessions.ts';
import { findCaseFile, lastEventOf, type CaseFile, type Who } from '../../../store/ledger/case-files.ts';
import { taskQueueOf } from '../../../store/ledger/rules.ts';
import { wakeCase } from '../../../temporal/cases.ts';
import { act, type Deed } from './act.ts';
import type { ApiOptions } from './api.ts';
import { ApiProblem } from './problem.ts';

/**
 * Does something in a case, once it is as the caller saw it (`If-Match` with its version): who was first is told. It is in
 * the ledger first and counts from then on; its workflow, where one waits for it, is woken afterwards, or by the watchdog
 * where Temporal is away.
 */
export async function changeCase<Case extends KeptCase, Step extends { action: string }, T>(
  request: FastifyRequest,
  options: ApiOptions,
  { definition: { kind, actions }, lock }: CaseKeeper<Case, Step>,
  id: number,
  work: (
    trx: Knex.Transaction,
    found: Case,
    who: Who & { principal: Principal },
  ) => Promise<{ answer: T; deed: Omit<Deed, 'object'> }>,
): Promise<T> {
  let file: CaseFile | null | undefined;
  const answer = await act(request, options, async (trx, who) => {
    const found = await lock(trx, id, who.at);
    const { version, round = 1 } = found;
    const last = await lastEventOf(trx, { kind, id, round });
    requireSeen(request, version, last && { ...last, what: eventInWords(last.what, Object.values(actions)) });
    const { answer: done, deed } = await work(trx, found, who);
    file = await findCaseFile(trx, kind, id);
    return { answer: done, deed: { ...deed, object: `${kind}/${id}` } };
  });
  if (file) wake(options, file);
  return answer;
}

/** What somebody did, last of all. */
export interface LastChange {
  by: string;
  at: Date;
  what: Said;
}

/** Refuses what was decided on something that has changed since (`If-Match`), and says who was first. */
export function requireSeen({ headers }: FastifyRequest, version: string, last: LastChange | null): void {
  const seen = headers['if-match']?.replaceAll('"', '');
  if (seen !== undefined && seen !== version) throw changedMeanwhile(last);
}

/**
 * Wakes the workflow of a case. Nobody waits for that: what was done is in the ledger, and while Temporal is away or busy
 * the watchdog wakes it when it can.
 */
export function wake({ db, temporal, logger }: ApiOptions, file: Pick<CaseFile, 'kind' | 'id' | 'round'>): void {
  const woken = async (): Promise<void> => {
    const taskQueue = await taskQueueOf(db);
    if (taskQueue !== null) await wakeCase(await temporal(), taskQueue, file);
  };
  woken().catch((error: unknown) => {
    const about = { case: `${file.kind}/${file.id}`, error: messageOf(error) };
    logger.warn('a workflow could not be woken; the watchdog does that', about);
  });
}

/** Somebody was first. */
export function changedMeanwhile(last: LastChange | null): ApiProblem {
  return new ApiProblem(
    409,
    'changed-meanwhile',
    last === null ? { zh: '此间已有变更', en: 'It was changed meanwhile' } : firstBy(last),
    { zh: '请刷新后查看最新情况再操作', en: 'Look at it as it is now, and decide again' },
  );
}

function firstBy({ by, at: atInstant, what }: LastChange): Said {
  const [who, at] = [actorInWords(by), shanghaiWallTime(atInstant.getTime()).slice(0, 16)];
  return { zh: `${who.zh} 已于 ${at} 先行处理（${what.zh}）`, en: `${who.en} was first, at ${at} (${what.en})` };
}
