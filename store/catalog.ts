import type { Knex } from 'knex';
import type { Catalog, CatalogEntry, CatalogFinding } from '../domain/catalog.ts';
import { configurationError } from '../domain/errors.ts';

/** One version of an entry. */
export interface EntryVersion {
  typeCode: string;
  version: number;
  state: 'draft' | 'approved' | 'superseded' | 'withdrawn';
  entry: CatalogEntry;
  draftedBy: string;
  draftedAt: Date;
  decidedBy: string | null;
  decidedAt: Date | null;
}

const COLUMNS = {
  ...{ typeCode: 'type_code', version: 'version', state: 'state', entry: 'entry' },
  ...{ draftedBy: 'drafted_by', draftedAt: 'drafted_at', decidedBy: 'decided_by', decidedAt: 'decided_at' },
};

/** The catalog as it was read last, and what it is known again by. */
const remembered = new WeakMap<Knex, { stamp: string; catalog: Catalog }>();

/**
 * The approved entries, by which records are let in. Asked for each push and page, so that it is only read again when an
 * entry was approved or withdrawn.
 */
export async function approvedCatalog(db: Knex): Promise<Catalog> {
  const [row] = await db('catalog_entry').select<{ stamp: string }[]>(
    db.raw(`concat_ws(' ', max(decided_at), count(*), count(*) FILTER (WHERE state = 'approved'),
      sum(version) FILTER (WHERE state = 'approved')) AS stamp`),
  );
  const stamp = row?.stamp ?? '';
  const known = remembered.get(db);
  if (known?.stamp === stamp) return known.catalog;
  const rows = await db('catalog_entry').where({ state: 'approved' }).select<Pick<EntryVersion, 'entry'>[]>('entry');
  const catalog = new Map(rows.map(({ entry }) => [entry.typeCode, entry]));
  remembered.set(db, { stamp, catalog });
  return catalog;
}

/** Every version of some entries, or of all; by type, the newest version first. */
export async function entryVersions(db: Knex, typeCodes?: readonly string[]): Promise<EntryVersion[]> {
  return db('catalog_entry')
    .modify((query) => {
      if (typeCodes) void query.whereIn('type_code', typeCodes);
    })
    .orderBy([{ column: 'type_code' }, { column: 'version', order: 'desc' }])
    .select<EntryVersion[]>(COLUMNS);
}

/**
 * Drafts entries: an entry that is like the approved one, or like its draft, is left alone; a draft that differs
 * replaces the draft before it. @param others what to do about a draft of somebody else; the unit's own is replaced
 */
export async function draftEntries(
  db: Knex,
  entries: readonly CatalogEntry[],
  by: string,
  at: Date,
  others: 'replace' | 'keep' = 'replace',
): Promise<{ drafted: number; unchanged: number }> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `INSERT INTO catalog_entry (type_code, version, state, entry, drafted_by, drafted_at)
     SELECT given->>'typeCode', coalesce(draft.version, newest.version + 1, 1), 'draft', given, :by, :at
     FROM jsonb_array_elements(:entries::jsonb) AS given
     LEFT JOIN catalog_entry draft ON draft.type_code = given->>'typeCode' AND draft.state = 'draft'
     LEFT JOIN catalog_entry approved ON approved.type_code = given->>'typeCode' AND approved.state = 'approved'
     LEFT JOIN LATERAL (SELECT max(version) AS version FROM catalog_entry WHERE type_code = given->>'typeCode') AS newest ON true
     WHERE given IS DISTINCT FROM coalesce(draft.entry, approved.entry)
     ON CONFLICT (type_code, version) DO UPDATE SET entry = excluded.entry, drafted_by = excluded.drafted_by, drafted_at = excluded.drafted_at
       WHERE catalog_entry.state = 'draft' AND (:replace OR catalog_entry.drafted_by = :by)
     RETURNING type_code`,
    { entries: JSON.stringify(entries), by, at, replace: others === 'replace' },
  );
  return { drafted: rows.length, unchanged: entries.length - rows.length };
}

/** Approves the drafts of these types; the versions that were approved before are superseded. */
export async function approveDrafts(db: Knex, typeCodes: readonly string[], by: string, at: Date): Promise<void> {
  await db.transaction(async (trx) => {
    const drafted = trx('catalog_entry').where({ state: 'draft' }).whereIn('type_code', typeCodes);
    await trx('catalog_entry')
      .where({ state: 'approved' })
      .whereIn('type_code', drafted.clone().select('type_code'))
      .update({ state: 'superseded' });
    await drafted.update({ state: 'approved', decided_by: by, decided_at: at });
  });
}

/** Withdraws approved entries, all or none; throws where one of them is not approved. */
export async function withdrawEntries(db: Knex, typeCodes: readonly string[], by: string, at: Date): Promise<void> {
  await db.transaction(async (trx) => {
    const withdrawn = await trx('catalog_entry')
      .where({ state: 'approved' })
      .whereIn('type_code', typeCodes)
      .update({ state: 'withdrawn', decided_by: by, decided_at: at }, 'type_code');
    const known = new Set(withdrawn.map(({ type_code: code }: { type_code: string }) => code));
    const others = typeCodes.filter((code) => !known.has(code));
    if (others.length === 0) return;
    throw configurationError(`${others.join(', ')}: no approved entry`, {
      code: 'entry-unknown',
      cure: './hub catalog list shows them',
    });
  });
}

/** Takes back drafts of a unit; what somebody else has drafted meanwhile stays. */
export async function dropDrafts(db: Knex, typeCodes: readonly string[], by: string): Promise<void> {
  await db('catalog_entry').where({ state: 'draft', drafted_by: by }).whereIn('type_code', typeCodes).delete();
}

/** What the last comparison with a published catalog found. */
export interface CatalogSync {
  syncedAt: Date;
  /** Every type that a list ever had. */
  listed: string[];
  findings: CatalogFinding[];
}

/** The last comparison with the catalog of a connector; null before the first one. */
export async function lastCatalogSync(db: Knex, connector: string): Promise<CatalogSync | null> {
  const row = await db('catalog_sync')
    .where({ connector })
    .first<CatalogSync | undefined>({ syncedAt: 'synced_at', listed: 'listed', findings: 'findings' });
  return row ?? null;
}

export async function saveCatalogSync(
  db: Knex,
  connector: string,
  { syncedAt, listed, findings }: CatalogSync,
): Promise<void> {
  await db('catalog_sync')
    .insert({
      ...{ connector, synced_at: syncedAt },
      ...{ listed: JSON.stringify(listed), findings: JSON.stringify(findings) },
    })
    .onConflict('connector')
    .merge();
}

/** Records that wait because their type has no approved entry. */
export interface WaitingType {
  typeCode: string;
  stream: string;
  unit: string;
  records: number;
  since: Date;
}

export async function waitingTypes(db: Knex): Promise<WaitingType[]> {
  const { rows } = await db.raw<{ rows: WaitingType[] }>(
    `SELECT problem->>'found' AS "typeCode", name AS stream, unit_name AS unit, count(*) AS records,
       min(first_seen_at) AS since
     FROM reject JOIN stream ON stream.id = stream_id, jsonb_array_elements(problems) AS problem
     WHERE resolved_at IS NULL AND reject.rule = 'type-unlisted' AND problem->>'rule' = 'type-unlisted'
     GROUP BY 1, 2, 3 ORDER BY since, 1`,
  );
  return rows;
}

/** Whether records of a batch wait for a type that was approved while they were read. */
export async function approvedMeanwhile(db: Knex, batchId: number): Promise<boolean> {
  const { rows } = await db.raw<{ rows: { waits: boolean }[] }>(
    `SELECT EXISTS (SELECT FROM reject, jsonb_array_elements(problems) AS problem
       JOIN catalog_entry ON type_code = problem->>'found' AND state = 'approved'
       WHERE last_batch_id = ? AND resolved_at IS NULL AND rule = 'type-unlisted') AS waits`,
    [batchId],
  );
  return rows[0]?.waits ?? false;
}

/** How many records of a batch wait for their type, through no fault of their own. */
export async function countWaiting(db: Knex, batchId: number): Promise<number> {
  const [row] = await db('reject')
    .where({ last_batch_id: batchId, rule: 'type-unlisted' })
    .whereNull('resolved_at')
    .count<{ count: number }[]>('*');
  return row?.count ?? 0;
}
