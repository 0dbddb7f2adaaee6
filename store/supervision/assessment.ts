import type { Knex } from 'knex';
import type { Jurisdiction } from '../../settings/schemas/jurisdiction.ts';
import { MOST_ROWS, type Assessment, type Period } from '../../domain/supervision/assessment.ts';
import { calendarName } from '../ledger/calendar.ts';
import { unitFigures } from './figures.ts';
import { listFindings, listNotices } from './findings.ts';
import { listTasks } from '../ledger/tasks.ts';

/** What the assessment (考核) of a period is made of, of the units that somebody sees (null: all). */
export async function readAssessment(
  db: Knex,
  { name, regulation, supervision }: Pick<Jurisdiction, 'name' | 'regulation' | 'supervision'>,
  period: Period,
  { at, units }: { at: Date; units: readonly string[] | null },
): Promise<Assessment> {
  const { from, to } = period;
  const due = { due: { from, to }, units, limit: MOST_ROWS };
  return {
    ...period,
    city: name,
    regulation,
    sanctions: supervision,
    at,
    calendar: await calendarName(db),
    rankedBy: supervision.rankedBy,
    units: await unitFigures(db, { from, to, at, units }),
    late: await listTasks(db, at, { ...due, states: ['overdue', 'met late'], ofUnits: true }),
    exempted: await listTasks(db, at, { ...due, states: ['exempted'] }),
    findings: await listFindings(db, at, { ended: true, found: { from, to }, units, limit: MOST_ROWS }),
    notices: await listNotices(db, from, to, units),
  };
}
