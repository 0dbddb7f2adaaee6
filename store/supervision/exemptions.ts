import type { Knex } from 'knex';
import { fault } from '../../domain/faults.ts';
import type { Sanctions } from '../../domain/supervision/sanctions.ts';
import type { Who } from '../ledger/case-files.ts';
import { exemptObligation } from '../ledger/obligations.ts';
import { findTask } from '../ledger/tasks.ts';

/** What an exemption (容错) rests on: a cause outside the unit’s hands (客观原因), the decision, and who approved it. */
export interface Exemption {
  cause: string;
  document: string;
  approver: string;
}

/**
 * Exempts a deadline that was missed (容错); it is counted apart. What may still be met is not excused before. Throws a
 * configuration error where the regulation has no such article, or the deadline was not missed or is exempted already.
 */
export async function exempt(
  db: Knex,
  { exemption }: Pick<Sanctions, 'exemption'>,
  task: number,
  { cause, document, approver }: Exemption,
  { by, at }: Who,
): Promise<void> {
  if (exemption === undefined) throw fault('exemption-none');
  const reason = { code: 'exempted', cause, approver, article: exemption.article } as const;
  const state = (await findTask(db, task, at))?.state;
  const isMissed = state === 'overdue' || state === 'met late';
  if (isMissed && (await exemptObligation(db, task, { by, at, reason, document }))) return;
  throw fault('task-ended', { task });
}
