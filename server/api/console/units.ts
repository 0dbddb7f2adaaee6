import { hash } from 'node:crypto';
import { z } from 'zod';
import { findUnit, listUnits, lockUnits, saveUnit, type UnitRow } from '../../../store/ledger/units.ts';
import { principalOf } from '../base/access.ts';
import { act } from '../base/act.ts';
import { requireSeen } from '../base/case-action.ts';
import { ApiProblem } from '../base/problem.ts';
import { get, post, put } from '../base/route.ts';
import { text, unitCode } from '../base/views.ts';
import { lastChange, managed } from './accounts.ts';

const unitView = z
  .object({
    code: z.string(),
    name: z.string(),
    parentCode: z.string().nullable().meta({ description: 'The unit that it is below' }),
    version: z.string().meta({ description: 'For If-Match of changes' }),
  })
  .meta({ id: 'Unit' });
export type UnitView = z.input<typeof unitView>;

export const UNIT_UNKNOWN = new ApiProblem(404, 'unit-unknown', { zh: '没有这个单位', en: 'There is no such unit' });
const UNIT_TAKEN = new ApiProblem(
  409,
  'unit-taken',
  { zh: '该代码的单位已存在', en: 'There is a unit with this code already' },
  undefined,
  'code',
);
/** Differs once a unit is called otherwise or is below another. */
const unitVersion = ({ name, parentCode }: UnitRow): string =>
  hash('sha256', JSON.stringify([name, parentCode]), 'hex').slice(0, 16);

const getUnits = get(
  '/units',
  {
    needs: 'tasks:read',
    summary: '单位 Units that one sees, by name; all of them, for they make one tree',
    tag: 'accounts',
    answer: z.object({ items: z.array(unitView) }),
  },
  async (request, { db }) => {
    const units = await listUnits(db, principalOf(request).units);
    return { items: units.map((unit) => ({ ...unit, version: unitVersion(unit) })) };
  },
);

const postUnit = post(
  '/units',
  {
    needs: 'accounts:manage',
    summary: '新增单位 Add a unit',
    tag: 'accounts',
    body: z.object({ code: unitCode, name: text(100), parentCode: unitCode.nullable().default(null) }),
    answer: z.object({}),
    problems: [409, 422],
  },
  (request, options) =>
    act(request, options, async (trx) => {
      const { code, parentCode } = request.body;
      if (await findUnit(trx, code)) throw UNIT_TAKEN;
      await saveUnit(trx, request.body);
      return { answer: {}, deed: managed(`unit/${code}`, { changed: 'added', parent: parentCode }) };
    }),
);

const putUnit = put(
  '/units/:code',
  {
    needs: 'accounts:manage',
    summary: '修改单位 Change what a unit is called and below',
    tag: 'accounts',
    params: z.object({ code: unitCode }),
    body: z.object({ name: text(100), parentCode: unitCode.nullable().default(null) }),
    answer: z.object({}),
    problems: [404, 409, 422],
  },
  (request, options) =>
    act(request, options, async (trx) => {
      const { code } = request.params;
      await lockUnits(trx);
      const before = await findUnit(trx, code);
      if (!before) throw UNIT_UNKNOWN;
      requireSeen(request, unitVersion(before), await lastChange(trx, `unit/${code}`));
      const { name, parentCode } = request.body;
      await saveUnit(trx, { code, name, parentCode });
      const detail = {
        changed: 'changed',
        parent: { from: before.parentCode, to: parentCode },
        ...(name !== before.name && { name: { from: before.name, to: name } }),
      };
      return { answer: {}, deed: managed(`unit/${code}`, detail) };
    }),
);

/** Units (单位) and what they are below. */
export const unitRoutes = { getUnits, postUnit, putUnit };
