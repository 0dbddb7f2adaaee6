import type { Knex } from 'knex';
import { fault } from '../../domain/faults.ts';

/** A unit (单位) that issues, uses or supervises. */
export interface UnitRow {
  code: string;
  name: string;
  /** The unit that it is below: a district's bureau is below the city's. */
  parentCode: string | null;
}

/** Every unit, or some, by name. */
export const listUnits = (db: Knex, units: readonly string[] | null = null): Promise<UnitRow[]> =>
  db('unit')
    .whereRaw('(:units::text[] IS NULL OR code = ANY (:units))', { units: units ? [...units] : null })
    .orderBy(['name', 'code'])
    .select<UnitRow[]>({ code: 'code', name: 'name', parentCode: 'parent_code' });

/** Makes units known, of one that comes under several names by the first; what they are below stays. */
export async function noteUnits(db: Knex, units: readonly { code: string; name: string }[]): Promise<void> {
  await db.raw(
    `INSERT INTO unit (code, name) SELECT DISTINCT ON (code) code, name
       FROM ROWS FROM (json_to_recordset(:units::json) AS (code text, name text)) WITH ORDINALITY AS given(code, name, place)
       ORDER BY code, place
     ON CONFLICT (code) DO UPDATE SET name = excluded.name WHERE unit.name <> excluded.name`,
    { units: JSON.stringify(units) },
  );
}

/** One unit by its code. */
export const findUnit = async (db: Knex, code: string): Promise<UnitRow | null> =>
  (await db('unit')
    .where({ code })
    .first<UnitRow | undefined>({ code: 'code', name: 'name', parentCode: 'parent_code' })) ?? null;

/** One change of units at a time, or two that are each right could make a ring together. */
export const lockUnits = (trx: Knex.Transaction): Knex.Raw => trx.raw('LOCK TABLE unit IN SHARE ROW EXCLUSIVE MODE');

/** Adds a unit, or changes what it is called and below. Throws a configuration error where it would be below itself. */
export async function saveUnit(trx: Knex.Transaction, { code, name, parentCode }: UnitRow): Promise<void> {
  await lockUnits(trx);
  if (parentCode !== null) {
    const { rows } = await trx.raw<{ rows: { ring: boolean; known: boolean }[] }>(
      `SELECT :parent = ANY (units_below(:code)) AS ring, EXISTS (SELECT FROM unit WHERE code = :parent) AS known`,
      { code, parent: parentCode },
    );
    if (rows[0]?.ring) throw fault('unit-ring', { unit: code, parent: parentCode });
    if (!rows[0]?.known) throw fault('unit-above-missing', { unit: parentCode });
  }
  await trx('unit').insert({ code, name, parent_code: parentCode }).onConflict('code').merge();
}

/** Units by their codes; throws a configuration error that names those that there are not. */
export async function requireUnits(db: Knex, codes: readonly string[]): Promise<{ code: string; name: string }[]> {
  const found = await db('unit')
    .whereRaw('code = ANY (?)', [[...codes]])
    .select<{ code: string; name: string }[]>('code', 'name');
  const unknown = codes.filter((code) => !found.some((unit) => unit.code === code));
  if (unknown.length === 0) return found;
  throw fault('unit-unknown', { units: unknown });
}
