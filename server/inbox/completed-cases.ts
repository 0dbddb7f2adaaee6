import { hash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { InboxConnectorConfig } from '../../settings/kinds/inbox.ts';
import { readCompletedCases } from '../../connectors/lists/completed-cases.ts';
import type { OpenStream } from '../../connectors/registry.ts';
import { announceCompletedCases, completedCasesRefused } from '../../store/casework/completed-cases.ts';
import { getStream } from '../../store/collection/streams.ts';
import { bodyOf, idempotencyKey, jsonOf, keyTaken, RefusedRequest, type InboxOptions, type Params } from './request.ts';

const EXPECTED =
  'expected [{"case": "2026-0001", "completedAt": "2026-11-22T10:00:00+08:00", "mode": "offline", "key": "P1"}]';

/**
 * The department tells of completed cases (业务办结), whose certificates it is to push in time; all of a request is taken
 * or nothing. Also while its stream is paused: a deadline runs all the same.
 */
export async function acceptCompletedCases(
  request: FastifyRequest<{ Params: Params }>,
  reply: FastifyReply,
  { config, connector }: OpenStream,
  { db, now }: InboxOptions,
): Promise<object> {
  const { most, unit } = connector as InboxConnectorConfig;
  const body = bodyOf(request);
  const json = jsonOf(body, EXPECTED);
  const list = Array.isArray(json) ? (json as unknown[]) : [json];
  if (list.length === 0) throw new RefusedRequest(400, 'the list is empty', EXPECTED);
  if (list.length > most)
    throw new RefusedRequest(413, `${list.length} cases, expected at most ${most}`, 'send them in parts');
  const at = now();
  const { notices, faults } = readCompletedCases(list, at);
  if (faults.length > 0) throw completedCasesRefused(faults);
  const key = idempotencyKey(request);
  const bodyHash = hash('sha256', body, 'buffer');
  const { answer, earlier } = await announceCompletedCases(db, await getStream(db, config.id), notices, {
    by: unit,
    at,
    request: key === null ? undefined : { key, bodyHash },
  });
  if (earlier) {
    if (key !== null && !earlier.equals(bodyHash)) throw keyTaken(key);
    void reply.header('Idempotent-Replayed', 'true');
  }
  return answer;
}
