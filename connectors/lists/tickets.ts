import { hash } from 'node:crypto';
import { expectation, printPath } from '../../settings/diagnostics.ts';
import { listedTicketSchema, type ListedTicket } from '../../settings/schemas/tickets.ts';
import type { DisputeSourceConfig, FieldRule } from '../../settings/kinds/stream.ts';
import { UNNUMBERED } from '../../domain/casework/ticket.ts';
import { yearFirst } from '../../domain/dates.ts';
import { fault, keptFault, type KeptFault } from '../../domain/faults.ts';
import { textRule } from './catalog.ts';
import { isObject } from '../json.ts';

/** A ticket that cannot be taken; nothing of what it says is in it. */
export interface TicketFault {
  /** Its number; a name of ours where it has none. */
  ticket: string;
  numbered: boolean;
  reason: KeptFault;
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
      const reason = keptFault(fault('ticket-undecoded'));
      faults.push({ ticket: UNNUMBERED.place(index + 1), numbered: false, reason });
      continue;
    }
    const given = Object.fromEntries(Object.entries(read).map(([field, rule]) => [field, rule?.(record)]));
    const { data, error } = listedTicketSchema.safeParse(given);
    if (data) {
      tickets.push(data);
      continue;
    }
    const fields = error.issues.map((issue) => ({
      field: printPath(issue.path),
      isGiven: given[String(issue.path[0])] !== undefined,
      expected: expectation(issue),
    }));
    const reason = keptFault(fault('ticket-invalid', { fields }));
    const numbered = listedTicketSchema.shape.ticket.safeParse(given.ticket).data;
    const name = numbered ?? UNNUMBERED.content(hash('sha256', JSON.stringify(record)).slice(0, 12));
    faults.push({ ticket: name, numbered: numbered !== undefined, reason });
  }
  return { tickets, faults };
}

const timeRule = (rule: FieldRule | undefined): ReturnType<typeof textRule> => {
  const order = typeof rule === 'object' ? rule.dates : undefined;
  return textRule(rule, (text) => (order === undefined ? text : yearFirst(text, order)));
};
