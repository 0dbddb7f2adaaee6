import { hash } from 'node:crypto';
import { expectation, printPath } from '../../settings/diagnostics.ts';
import { listedTicketSchema, type ListedTicket } from '../../settings/schemas/tickets.ts';
import type { DisputeSourceConfig, FieldRule } from '../../settings/kinds/stream.ts';
import { yearFirst } from '../../domain/dates.ts';
import { textRule } from './catalog.ts';
import { isObject } from '../json.ts';

/** A ticket that cannot be taken; nothing of what it says is in it. */
export interface TicketFault {
  /** Its number; a name of ours where it has none. */
  ticket: string;
  numbered: boolean;
  reason: string;
}

/**
 * Reads listed tickets by their connector's fields. What is wrong with one concerns it alone.
 * @param records the list; null for one that could not be decoded
 */
export function readTickets(
  records: readonly unknown[],
  { fields }: DisputeSourceConfig,
): { tickets: ListedTicket[]; faults: TicketFault[] } {
  const read = {
    ticket: textRule(fields.ticket),
    number: textRule(fields.number),
    type: textRule(fields.type),
    objector: textRule(fields.objector),
    contact: textRule(fields.contact),
    statement: textRule(fields.statement),
    raisedAt: timeRule(fields.raisedAt),
    receivedAt: timeRule(fields.receivedAt),
  };
  const tickets: ListedTicket[] = [];
  const faults: TicketFault[] = [];
  for (const [index, record] of records.entries()) {
    if (!isObject(record)) {
      const reason = 'found no record with fields, expected one, in UTF-8';
      faults.push({ ticket: `entry ${index + 1}`, numbered: false, reason });
      continue;
    }
    const given = Object.fromEntries(Object.entries(read).map(([field, rule]) => [field, rule?.(record)]));
    const { data, error } = listedTicketSchema.safeParse(given);
    if (data) {
      tickets.push(data);
      continue;
    }
    const reason = error.issues
      .map((issue) => {
        const found = given[String(issue.path[0])] === undefined ? 'nothing' : 'another value';
        return `${printPath(issue.path)}: found ${found}, expected ${expectation(issue).en}`;
      })
      .join('; ');
    const numbered = listedTicketSchema.shape.ticket.safeParse(given.ticket).data;
    const name = numbered ?? `without a number, ${hash('sha256', JSON.stringify(record)).slice(0, 12)}`;
    faults.push({ ticket: name, numbered: numbered !== undefined, reason });
  }
  return { tickets, faults };
}

const timeRule = (rule: FieldRule | undefined): ReturnType<typeof textRule> => {
  const order = typeof rule === 'object' ? rule.dates : undefined;
  return textRule(rule, (text) => (order === undefined ? text : yearFirst(text, order)));
};
