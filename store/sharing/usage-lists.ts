import type { Knex } from 'knex';
import type { SharedField } from '../../domain/sharing/grant.ts';
import { listedUses, type ListedUse, type UsageItem } from '../../domain/sharing/usage-list.ts';
import { isShared, type Catalog } from '../../domain/library/catalog.ts';
import { fault } from '../../domain/faults.ts';
import { HUB } from '../../domain/ledger/reasons.ts';
import { meetFrom, openFrom } from '../ledger/obligations.ts';
import { requireStart } from '../ledger/rules.ts';
import type { Unit } from '../../domain/units.ts';
import { changesTo, grantByList, grantsOf, type GrantChanges, type NewGrant } from './grants.ts';

/** One version of the list of uses (用证清单) of a user unit. */
export interface UsageList {
  unitCode: string;
  unitName: string;
  version: number;
  items: UsageItem[];
  takenAt: Date;
  takenBy: string;
  /** When the management unit approved it, from when on it grants what it lists; null while it waits for that. */
  approvedAt: Date | null;
  approvedBy: string | null;
}

/** The latest list of every unit, or every version of one, the latest first. */
export async function usageLists(db: Knex, unit?: string): Promise<UsageList[]> {
  const { rows } = await db.raw<{ rows: UsageList[] }>(
    `SELECT unit_code AS "unitCode", unit_name AS "unitName", version, items, taken_at AS "takenAt", taken_by AS "takenBy",
       approved_at AS "approvedAt", approved_by AS "approvedBy"
     FROM usage_list l WHERE unit_code = :unit
       OR :unit::text IS NULL AND version = (SELECT max(version) FROM usage_list WHERE unit_code = l.unit_code)
     ORDER BY unit_code, version DESC`,
    { unit: unit ?? null },
  );
  return rows;
}

/** Which units have use for certificates of a type, by their latest lists. */
export async function usesOf(db: Knex, typeCode: string): Promise<(Omit<UsageItem, 'types'> & { unit: string })[]> {
  const { rows } = await db.raw<{ rows: (Omit<UsageItem, 'types'> & { unit: string })[] }>(
    `SELECT unit_name AS unit, item->>'code' AS code, item->>'name' AS name, item->>'scenario' AS scenario
     FROM usage_list l, jsonb_array_elements(items) AS item
     WHERE version = (SELECT max(version) FROM usage_list WHERE unit_code = l.unit_code) AND jsonb_exists(item->'types', :typeCode)
     ORDER BY 1, 2, 4`,
    { typeCode },
  );
  return rows;
}

/**
 * Takes a unit's list as its next version, and meets what it owed; null where it is the list that it has.
 */
export async function saveUsageList(
  db: Knex,
  unit: Unit,
  items: readonly UsageItem[],
  { by, at }: { by: string; at: Date },
): Promise<{ version: number; met: number } | null> {
  return db.transaction(async (trx) => {
    await trx.raw('LOCK TABLE usage_list IN SHARE ROW EXCLUSIVE MODE');
    const { rows } = await trx.raw<{ rows: { version: number }[] }>(
      `INSERT INTO usage_list (unit_code, version, unit_name, items, taken_at, taken_by)
       SELECT :code, coalesce(last.version, 0) + 1, :name, :items::jsonb, :at, :by
       FROM (SELECT max(version) AS version FROM usage_list WHERE unit_code = :code) AS last
       WHERE NOT EXISTS (SELECT FROM usage_list l
         WHERE l.unit_code = :code AND l.version = last.version AND l.items = :items::jsonb)
       RETURNING version`,
      { ...unit, items: JSON.stringify(items), at, by },
    );
    const [row] = rows;
    if (!row) return null;
    const met = await meetFrom(
      trx,
      'usage-list',
      `SELECT subject, :at::timestamptz AS met_at FROM obligation
       WHERE duty_kind = 'usage-list' AND owner_code = :code AND obligation_runs(obligation)`,
      { at, code: unit.code },
      by,
    );
    return { version: row.version, met };
  });
}

/** What approving a list does to the grants of its unit. */
export interface ListApproval extends GrantChanges {
  unitName: string;
  version: number;
  /** Types that it lists and that are not shared: not in the catalog, or 不公开 there. */
  unshared: string[];
}

/**
 * What approving the latest version of a unit’s list would do. Throws a configuration error where that waits for no
 * approval, or is not the one that is named.
 */
export async function approvalOf(db: Knex, unit: string, catalog: Catalog, named?: number): Promise<ListApproval> {
  const [latest] = await usageLists(db, unit);
  const version = named ?? latest?.version ?? 1;
  if (latest?.version !== version || latest.approvedAt !== null)
    throw fault('usage-list-version', { unit, version, latest: latest?.version ?? null });
  const uses = listedUses(latest.items);
  const shared = (type: string): boolean => isShared(catalog.get(type));
  const wanted = uses.filter(({ typeCode }) => shared(typeCode)).map((use) => grantOf(use, catalog));
  return {
    unitName: latest.unitName,
    version,
    ...changesTo(wanted, await grantsOf(db, unit)),
    unshared: [...new Set(uses.map(({ typeCode }) => typeCode))].filter((type) => !shared(type)),
  };
}

/** Approves the latest version of a unit's list: from now on it grants what it lists, and nothing that it does not. */
export async function approveUsageList(
  trx: Knex.Transaction,
  unit: string,
  version: number,
  catalog: Catalog,
  who: { by: string; at: Date },
): Promise<ListApproval> {
  await trx.raw('LOCK TABLE usage_list IN SHARE ROW EXCLUSIVE MODE');
  const approval = await approvalOf(trx, unit, catalog, version);
  await trx('usage_list').where({ unit_code: unit, version }).update({ approved_at: who.at, approved_by: who.by });
  await grantByList(trx, { code: unit, name: approval.unitName }, version, approval, who);
  return approval;
}

/** The grant that a listed use stands for; of the face it has the fields that the type has. */
function grantOf({ fields, ...use }: ListedUse, catalog: Catalog): NewGrant {
  const face = new Set(catalog.get(use.typeCode)?.face.map((field): SharedField => `face:${field.name}`));
  return {
    ...use,
    fields: fields.filter((field) => !field.startsWith('face:') || face.has(field)),
    perDay: null,
    until: null,
  };
}

/**
 * The uses of a unit changed at some time, and its list is owed from then on (用证清单更新), unless it is already; how many
 * deadlines that opened: none, where the profile has no such rule.
 */
export async function noteUsageChange(
  db: Knex,
  { code, name }: Unit,
  since: Date,
  who: { by: string; at: Date },
): Promise<number> {
  await requireStart(db, 'task', since, who.at);
  return openFrom(
    db,
    'usage-list',
    `SELECT :code::text AS owner_code, :name::text AS owner_name, NULL::integer AS stream_id,
       ledger_round('usage-list/' || :code::text, 'usage-list') AS subject, :since::timestamptz AS started_at,
       NULL::text AS workflow_id, NULL::integer AS working_days`,
    { code, name, since },
    who,
  );
}

/**
 * Certificates that units need by their latest lists and that are not on the city's (所需电子证照未列入清单), by type; those
 * are left out that the unit has requested, in a request that names the code of the type.
 */
const NEEDED = `SELECT DISTINCT unit_code, unit_name, named.type_code, taken_at
  FROM usage_list l, jsonb_array_elements(items) AS item, jsonb_array_elements_text(item->'types') AS named(type_code)
  WHERE version = (SELECT max(version) FROM usage_list WHERE unit_code = l.unit_code)
    AND NOT EXISTS (SELECT FROM catalog_entry e WHERE e.type_code = named.type_code AND e.state = 'approved')`;
/** Requests that were not withdrawn. */
const REQUESTED = `SELECT r.unit_code, r.wanted, r.requested_at, opened_at FROM share_request r JOIN case_file USING (id)
  WHERE closed_as IS DISTINCT FROM 'withdrawn'`;
const NEED = `'need/' || needed.unit_code || '/' || needed.type_code`;

/**
 * Keeps the duty to request what is needed (提出共享申请): of each type of certificate that a unit's list of uses names and
 * that the catalog does not have, it is owed from when the list was taken; met by the request, or when the catalog has the
 * type or the list names it no more. One that was exempted is not owed anew.
 */
export async function syncNeeds(db: Knex, at: Date): Promise<void> {
  await meetFrom(
    db,
    'share-filing',
    // The date of a paper that is told of after it was due mends nothing: it is met when that was told.
    `SELECT running.subject, CASE WHEN filed.at IS NULL THEN :at ELSE greatest(filed.at, running.started_at) END AS met_at
     FROM (SELECT subject, started_at, due_at, owner_code, split_part(split_part(subject, '/', 3), '#', 1) AS type_code FROM obligation
       WHERE duty_kind = 'share-filing' AND subject LIKE 'need/%' AND obligation_runs(obligation)) AS running
     LEFT JOIN LATERAL (SELECT min(CASE WHEN opened_at >= running.due_at THEN opened_at ELSE requested_at END) AS at
       FROM (${REQUESTED}) AS r
       WHERE r.unit_code = running.owner_code AND strpos(r.wanted, running.type_code) > 0) AS filed ON true
     WHERE filed.at IS NOT NULL OR NOT EXISTS (SELECT FROM (${NEEDED}) AS needed
       WHERE needed.unit_code = running.owner_code AND needed.type_code = running.type_code)`,
    { at },
    HUB,
  );
  await openFrom(
    db,
    'share-filing',
    `SELECT needed.unit_code AS owner_code, needed.unit_name AS owner_name, NULL::integer AS stream_id,
       ledger_round(${NEED}, 'share-filing') AS subject, needed.taken_at AS started_at, NULL::text AS workflow_id,
       NULL::integer AS working_days
     FROM (${NEEDED}) AS needed
     WHERE NOT EXISTS (SELECT FROM (${REQUESTED}) AS r
         WHERE r.unit_code = needed.unit_code AND strpos(r.wanted, needed.type_code) > 0)
       AND NOT EXISTS (SELECT FROM obligation o WHERE o.subject = ${NEED} AND o.exempted_at IS NOT NULL)`,
    {},
    { by: HUB, at },
  );
}
