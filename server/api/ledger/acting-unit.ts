import type { Unit } from '../../../domain/units.ts';
import type { Principal } from '../../../store/console/sessions.ts';
import { managementUnit } from '../../../store/ledger/rules.ts';
import { requireUnits } from '../../../store/ledger/units.ts';
import type { ApiOptions } from '../base/api.ts';
import { ApiProblem } from '../base/problem.ts';
import { sees } from './tasks.ts';

/** Which unit somebody acts for: one that they name and see, else their own; the management unit, where they see all. */
export async function actingUnit(db: ApiOptions['db'], principal: Principal, named?: string): Promise<Unit> {
  const code = named ?? principal.unitCode;
  if (code === null) return managementUnit(db);
  const unit = sees(principal, code) ? (await requireUnits(db, [code]))[0] : undefined;
  if (unit) return unit;
  throw new ApiProblem(404, 'unit-unknown', { zh: `没有单位 ${code}`, en: `There is no unit ${code}` });
}
