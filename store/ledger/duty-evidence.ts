import type { Knex } from 'knex';
import { fault } from '../../domain/faults.ts';
import type { ServedDuty } from '../../domain/ledger/served.ts';
import type { Unit } from '../../domain/units.ts';
import type { Who } from './case-files.ts';

/** Evidence (证明材料) that a duty is kept which no deadline watches: a plan, a consent, a filing. */
export interface NewDutyEvidence {
  /** Of the regulation, such as WX-19. */
  duty: string;
  /** Whose duty it is. */
  unit: Unit;
  /** What was done. */
  said: string;
  /** The document that shows it. */
  document: string;
}

/** Evidence on file. */
export interface DutyEvidence extends Omit<NewDutyEvidence, 'unit'> {
  id: number;
  unitCode: string;
  unit: string;
  by: string;
  at: Date;
}

/** Duties of a regulation that evidence is filed for. */
export const evidenced = (duties: readonly ServedDuty[]): ServedDuty[] =>
  duties.filter(({ functions }) => functions.includes('evidence'));

/**
 * Puts evidence of a duty on file; its id. Throws a configuration error for a duty that the regulation does not have, or
 * that is served otherwise.
 */
export async function fileEvidence(
  db: Knex,
  { duty, unit, said, document }: NewDutyEvidence,
  duties: readonly ServedDuty[],
  { by, at }: Who,
): Promise<number> {
  const among = evidenced(duties).map(({ id }) => id);
  if (!among.includes(duty)) throw fault('evidence-unasked', { duty, among });
  const [row] = await db('duty_evidence')
    .insert({ duty, unit_code: unit.code, unit_name: unit.name, said, document, filed_at: at, filed_by: by })
    .returning<{ id: number }[]>('id');
  return row?.id ?? 0;
}

/** Notes that evidence holds no longer; it stays on file as over. Throws a configuration error where none stands. */
export async function endEvidence(db: Knex, id: number, { by, at }: Who): Promise<void> {
  const ended = await db('duty_evidence').where({ id }).whereNull('ended_at').update({ ended_at: at, ended_by: by });
  if (ended === 0) throw fault('evidence-unknown', { id, why: 'none' });
}

/** Evidence that holds, by duty and in the order of its filing. */
export const evidenceOnFile = (db: Knex): Promise<DutyEvidence[]> =>
  db('duty_evidence')
    .whereNull('ended_at')
    .orderBy(['duty', 'filed_at', 'id'])
    .select<DutyEvidence[]>(
      'id',
      'duty',
      db.raw('unit_code AS "unitCode", unit_called(unit_code, unit_name) AS unit'),
      'said',
      'document',
      db.raw('filed_by AS by, filed_at AS at'),
    );
