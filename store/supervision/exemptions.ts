import type { Knex } from 'knex';
import { configurationError } from '../../domain/errors.ts';
import type { Sanctions } from '../../domain/supervision/sanctions.ts';
import type { Who } from '../ledger/case-files.ts';
import { exemptObligation } from '../ledger/obligations.ts';

/** What an exemption (容错) rests on: a cause outside the unit’s hands (客观原因), the decision, and who approved it. */
export interface Exemption {
  cause: string;
  document: string;
  approver: string;
}

/**
 * Exempts a deadline (容错); it is counted apart. Throws a configuration error where the regulation has no such article, or
 * the deadline cannot be exempted any more.
 */
export async function exempt(
  db: Knex,
  { exemption }: Pick<Sanctions, 'exemption'>,
  task: number,
  { cause, document, approver }: Exemption,
  { by, at }: Who,
): Promise<void> {
  if (exemption === undefined) {
    throw configurationError('The regulation has no exemption: the profile has no supervision.exemption', {
      code: 'exemption-none',
      zh: '本市规则没有容错条款，不能容错',
      cure: 'urge the unit, or see to what hinders it',
    });
  }
  const reason = { code: 'exempted', cause, approver, article: exemption.article } as const;
  if (await exemptObligation(db, task, { by, at, reason, document })) return;
  throw configurationError(`Task ${task} is exempted or cancelled already, or there is none`, {
    code: 'task-ended',
    zh: '该任务已撤销或容错，不能再容错',
    cure: './hub tasks lists them with their ids',
  });
}
