import type { Knex } from 'knex';
import type { Ask, Grant } from '../../domain/sharing/grant.ts';
import { Prepared } from '../database.ts';
import type { Instant } from '../../domain/dates.ts';
import type { Unit } from '../../domain/units.ts';
import { fault } from '../../domain/faults.ts';

/** A grant that is to be made. */
export type NewGrant = Pick<
  Grant,
  'matter' | 'matterName' | 'scenario' | 'typeCode' | 'fields' | 'interfaces' | 'legalBasis' | 'perDay'
> & { until: Instant | null };

const COLUMNS = {
  id: 'id',
  unitCode: 'unit_code',
  unitName: 'unit_name',
  matter: 'matter',
  matterName: 'matter_name',
  scenario: 'scenario',
  typeCode: 'type_code',
  fields: 'fields',
  interfaces: 'interfaces',
  legalBasis: 'legal_basis',
  perDay: 'per_day',
  listVersion: 'list_version',
  requestId: 'request_id',
  grantedAt: 'granted_at',
  grantedBy: 'granted_by',
  until: 'until',
  endedAt: 'ended_at',
  endedBy: 'ended_by',
  endReason: 'end_reason',
};

/** Which grants; those that have ended too, where they are wanted. */
export interface GrantChoice {
  id?: number | undefined;
  /** Of these units; null: of all. */
  units?: readonly string[] | null;
  typeCode?: string | undefined;
  /** Those that a request granted. */
  requestId?: number | undefined;
  ended?: boolean | undefined;
  after?: number | undefined;
  limit?: number;
}

/** Grants, the latest first. */
export async function listGrants(db: Knex, choice: GrantChoice): Promise<Grant[]> {
  const query = db('share_grant').orderBy('id', 'desc').select<Grant[]>(COLUMNS);
  if (choice.id !== undefined) void query.where({ id: choice.id });
  if (choice.units) void query.whereRaw('unit_code = ANY (?)', [[...choice.units]]);
  if (choice.typeCode !== undefined) void query.where({ type_code: choice.typeCode });
  if (choice.requestId !== undefined) void query.where({ request_id: choice.requestId });
  if (choice.ended !== true && choice.id === undefined) void query.whereNull('ended_at');
  if (choice.after !== undefined) void query.where('id', '<', choice.after);
  if (choice.limit !== undefined) void query.limit(choice.limit);
  return query;
}

const LISTED = Object.entries(COLUMNS)
  .map(([name, column]) => `${column} AS "${name}"`)
  .join(', ');
const FOR_USE = new Prepared<Grant>(
  'grant-for-use',
  `SELECT ${LISTED} FROM share_grant
   WHERE unit_code = $1 AND type_code = $2 AND matter = $3 AND scenario = $4 AND ended_at IS NULL`,
);

/** The grant of a unit for one use of one type, if it has one that has not ended. */
export const grantsForUse = (
  db: Knex,
  unit: string,
  { typeCode, matter, scenario }: Pick<Ask, 'typeCode' | 'matter' | 'scenario'>,
): Promise<Grant[]> => FOR_USE.rows(db, [unit, typeCode, matter, scenario]);

/** The grants of a unit that have not ended. */
export const grantsOf = (db: Knex, unit: string): Promise<Grant[]> => listGrants(db, { units: [unit] });

/** What is to be done for a unit’s grants to be those of its list. */
export interface GrantChanges {
  makes: NewGrant[];
  ends: Grant[];
}

/**
 * How grants come to be those that a list wants: what rests on an earlier version and is wanted no more, or otherwise,
 * ends; what a request granted for the same use stays.
 */
export function changesTo(wanted: readonly NewGrant[], inForce: readonly Grant[]): GrantChanges {
  const useOf = ({ matter, scenario, typeCode }: Pick<Grant, 'matter' | 'scenario' | 'typeCode'>): string =>
    JSON.stringify([matter, scenario, typeCode]);
  const whole = (grant: NewGrant | Grant): string => {
    const { matterName, fields, interfaces, legalBasis, perDay, until } = grant;
    return JSON.stringify([useOf(grant), matterName, fields, interfaces, legalBasis, perDay, until]);
  };
  const listed = new Set(wanted.map(whole));
  const ends = inForce.filter((grant) => grant.listVersion !== null && !listed.has(whole(grant)));
  const staying = new Set(inForce.filter((grant) => !ends.includes(grant)).map(useOf));
  return { ends, makes: wanted.filter((grant) => !staying.has(useOf(grant))) };
}

const INSERTED = `INSERT INTO share_grant (unit_code, unit_name, matter, matter_name, scenario, type_code, fields, interfaces,
    legal_basis, per_day, until, list_version, request_id, granted_at, granted_by)
  SELECT :code, :name, matter, "matterName", scenario, "typeCode", fields, interfaces, "legalBasis", "perDay", until,
    :version, :request, :at, :by
  FROM json_to_recordset(:wanted::json) AS wanted(matter text, "matterName" text, scenario text, "typeCode" text,
  fields text[], interfaces text[], "legalBasis" text, "perDay" integer, until timestamptz)`;

/** Has a unit's grants be those of a version of its list. */
export async function grantByList(
  trx: Knex.Transaction,
  unit: Unit,
  version: number,
  { makes, ends }: GrantChanges,
  { by, at }: { by: string; at: Date },
): Promise<void> {
  await trx('share_grant')
    .whereRaw('id = ANY (?)', [ends.map(({ id }) => id)])
    .whereNull('ended_at')
    .update({ ended_at: at, ended_by: by, end_reason: `用证清单第 ${version} 版` });
  await trx.raw(`${INSERTED} ON CONFLICT (unit_code, type_code, matter, scenario) WHERE ended_at IS NULL DO NOTHING`, {
    ...unit,
    version,
    request: null,
    wanted: JSON.stringify(makes),
    at,
    by,
  });
}

/** Makes the grant that a share request asked for, in place of one for the same use. */
export async function grantByRequest(
  trx: Knex.Transaction,
  unit: Unit,
  request: number,
  wanted: NewGrant,
  { by, at }: { by: string; at: Date },
): Promise<void> {
  const { matter, scenario, typeCode } = wanted;
  await trx('share_grant')
    .where({ unit_code: unit.code, matter, scenario, type_code: typeCode })
    .whereNull('ended_at')
    .update({ ended_at: at, ended_by: by, end_reason: `共享申请 ${request}` });
  await trx.raw(INSERTED, { ...unit, version: null, request, wanted: JSON.stringify([wanted]), at, by });
}

/** Ends a grant, from the next call on. Throws a configuration error where there is none in force. */
export async function endGrant(
  trx: Knex.Transaction,
  id: number,
  { by, at, reason }: { by: string; at: Date; reason: string },
): Promise<void> {
  const ended = await trx('share_grant')
    .where({ id })
    .whereNull('ended_at')
    .update({ ended_at: at, ended_by: by, end_reason: reason });
  if (ended === 0) throw fault('grant-unknown', { id });
}
