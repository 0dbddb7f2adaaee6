import { closest } from 'fastest-levenshtein';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { expectation, printPath } from '../../settings/diagnostics.ts';
import type { InboxConnectorConfig } from '../../settings/kinds/inbox.ts';
import { ticketSchema } from '../../settings/schemas/tickets.ts';
import { takeTickets } from '../../store/casework/disputes.ts';
import { bodyOf, jsonOf, RefusedRequest, requireAuthorised, type InboxOptions } from './request.ts';

/** Tickets of one request. */
const MOST = 1000;
/** Faults that are named in one answer. */
const NAMED = 10;

/** The connector that a request brings disputes of, once it has proven that it may. */
export function disputeConnector(
  request: FastifyRequest<{ Params: { connector: string } }>,
  options: InboxOptions,
): InboxConnectorConfig {
  const found = options.streams().connector(request.params.connector);
  const connector = found?.disputes === true ? found : undefined;
  requireAuthorised(request, connector, options);
  return connector;
}

/**
 * Where a channel pushes disputes (异议) as tickets: one or a list of them, each known again by its number, answered with
 * the dispute that it is. The watchdog starts the workflows of what is new.
 */
export async function acceptTickets(
  request: FastifyRequest,
  connector: string,
  { db, now }: InboxOptions,
): Promise<{ results: object[] }> {
  const json = jsonOf(bodyOf(request), 'send one ticket, or a list of tickets, as JSON');
  const given = Array.isArray(json) ? (json as unknown[]) : [json];
  if (given.length === 0) throw new RefusedRequest(400, 'the list is empty', 'send at least one ticket');
  if (given.length > MOST)
    throw new RefusedRequest(413, `${given.length} tickets, expected at most ${MOST}`, 'send them in parts');
  const { data, error } = z.array(ticketSchema).safeParse(given);
  if (!data) throw new RefusedRequest(400, faultsOf(error), 'correct what is named; nothing of it was taken');
  const at = now();
  const tickets = data.map(({ type: typeCode, raisedAt = at, ...ticket }) => ({ ...ticket, typeCode, raisedAt }));
  const outcomes = await takeTickets(db, connector, tickets, { by: connector, at });
  return {
    results: outcomes.map(({ ticket, dispute, known, fault }) =>
      fault ? { ticket, problem: fault.code, detail: fault.message } : { ticket, dispute, known },
    ),
  };
}

/** What is wrong, by place and field; never what was found there. */
function faultsOf({ issues }: z.ZodError): string {
  const known = Object.keys(ticketSchema.shape);
  const faults = issues.flatMap((issue) => {
    const place = printPath(issue.path);
    if (issue.code !== 'unrecognized_keys') return [`${place}: expected ${expectation(issue).en}`];
    return issue.keys.map(
      (key) => `${place}: the unknown field “${key.slice(0, 40)}”, did you mean “${closest(key, known)}”?`,
    );
  });
  const more = faults.length - NAMED;
  return [...faults.slice(0, NAMED), ...(more > 0 ? [`${more} more`] : [])].join('; ');
}
