import type { Knex } from 'knex';
import type { KeptFault } from '../../domain/faults.ts';

/** A ticket that could not be taken as a dispute, since when, and why; nothing of what it says is kept. */
export interface KeptTicketFault {
  /** Id of the connector that lists it. */
  source: string;
  ticket: string;
  reason: KeptFault;
  firstSeenAt: Date;
  lastSeenAt: Date;
}

/**
 * Keeps what is wrong with tickets, and tells of how many. One that has a number is kept until a dispute is opened under
 * it; one that has none cannot be known again, and is kept while the list has it.
 * @param whole they are all that is wrong with the list
 */
export async function saveTicketFaults(
  db: Knex,
  source: string,
  faults: readonly { ticket: string; numbered: boolean; reason: KeptFault }[],
  at: Date,
  { whole }: { whole: boolean },
): Promise<number> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `WITH given AS (
       SELECT DISTINCT ON (ticket) * FROM json_to_recordset(:faults) AS given(
         ticket text COLLATE "C", numbered boolean, reason text)
       WHERE NOT EXISTS (SELECT FROM dispute WHERE source = :source AND dispute.ticket = given.ticket) ORDER BY ticket
     ), gone AS (
       DELETE FROM ticket_fault WHERE :whole AND source = :source AND NOT numbered
         AND NOT EXISTS (SELECT FROM given WHERE given.ticket = ticket_fault.ticket)
     )
     INSERT INTO ticket_fault (source, ticket, numbered, reason, first_seen_at, last_seen_at)
     SELECT :source, ticket, numbered, reason, :at, :at FROM given ORDER BY ticket
     ON CONFLICT (source, ticket) DO UPDATE SET reason = excluded.reason, last_seen_at = excluded.last_seen_at
     RETURNING ticket`,
    { source, faults: JSON.stringify(faults), at, whole },
  );
  return rows.length;
}

export async function listTicketFaults(db: Knex): Promise<KeptTicketFault[]> {
  return db('ticket_fault')
    .orderBy(['source', 'first_seen_at', 'ticket'])
    .select<KeptTicketFault[]>('source', 'ticket', 'reason', {
      firstSeenAt: 'first_seen_at',
      lastSeenAt: 'last_seen_at',
    });
}
