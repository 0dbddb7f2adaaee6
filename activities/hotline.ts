import { cancellationSignal } from '@temporalio/activity';
import { readWhole } from '../connectors/lists/catalog.ts';
import { readTickets } from '../connectors/lists/tickets.ts';
import { UNNUMBERED } from '../domain/casework/ticket.ts';
import { HubError } from '../domain/errors.ts';
import { keptFault } from '../domain/faults.ts';
import { takeTickets } from '../store/casework/disputes.ts';
import { saveTicketFaults } from '../store/casework/ticket-faults.ts';
import type { Dependencies } from './dependencies.ts';

/** Numbers of tickets; what they say is in the database and nowhere else. */
export interface HotlineSyncResult {
  listed: number;
  opened: number;
  /** Taken before, or listed twice. */
  known: number;
  /** Could not be taken; ./hub dispute faults names them. */
  faulty: number;
}

/** Taking disputes (异议) that others list as tickets. */
export function createHotlineActivities({ db, streams, now }: Dependencies) {
  return {
    /**
     * Opens a dispute for every ticket of a list that has none yet, and receives those that the issuer has received since.
     * A faulty one stops no other and is kept until it can be taken. The watchdog starts the workflows of what is new.
     */
    async takeTickets({ connector }: { connector: string }): Promise<HotlineSyncResult> {
      const { source, config } = streams().disputes(connector);
      const at = now();
      const records = await readWhole(source, cancellationSignal()).catch(async (error: unknown) => {
        if (error instanceof HubError && error.code !== 'outside-hours') {
          const fault = { ticket: UNNUMBERED.list, numbered: false, reason: keptFault(error) };
          await saveTicketFaults(db, connector, [fault], at, { whole: false });
        }
        throw error;
      });
      const { tickets, faults } = readTickets(records, config);
      const given = tickets.map(({ type: typeCode, ...ticket }) => ({ ...ticket, typeCode }));
      const outcomes = await takeTickets(db, connector, given, { by: connector, at }, cancellationSignal());
      for (const { ticket, fault } of outcomes)
        if (fault) faults.push({ ticket, numbered: true, reason: keptFault(fault) });
      return {
        listed: records.length,
        opened: outcomes.filter(({ dispute, known }) => dispute !== null && !known).length,
        known: outcomes.filter(({ known }) => known).length,
        faulty: await saveTicketFaults(db, connector, faults, at, { whole: true }),
      };
    },
  };
}
