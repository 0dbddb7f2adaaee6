import type { Knex } from 'knex';
import { HUB } from '../../domain/ledger/reasons.ts';
import type { Catalog, CatalogEntry, CatalogFinding } from '../../domain/library/catalog.ts';
import { fault } from '../../domain/faults.ts';
import { meetFrom, openFrom } from '../ledger/obligations.ts';
import { managementUnit } from '../ledger/rules.ts';
import { Prepared } from '../database.ts';
import type { Unit } from '../../domain/units.ts';

/** One version of an entry. */
export interface EntryVersion {
  typeCode: string;
  version: number;
  state: 'draft' | 'approved' | 'superseded' | 'withdrawn';
  entry: CatalogEntry;
  /** SHA-256 of the stored file that `entry.template` names, hexadecimal; null: it was never handed in. */
  templateHash: string | null;
  draftedBy: string;
  draftedAt: Date;
  decidedBy: string | null;
  decidedAt: Date | null;
}

const COLUMNS = {
  typeCode: 'type_code',
  version: 'version',
  state: 'state',
  entry: 'entry',
  templateHash: 'template_hash',
  draftedBy: 'drafted_by',
  draftedAt: 'drafted_at',
  decidedBy: 'decided_by',
  decidedAt: 'decided_at',
};

/** The catalog as it was read last, and what it is known again by. */
const remembered = new WeakMap<Knex, { stamp: string; catalog: Catalog }>();

const STAMP = new Prepared<{ stamp: string }>(
  'catalog-stamp',
  `SELECT concat_ws(' ', max(decided_at), count(*), count(*) FILTER (WHERE state = 'approved'),
     sum(version) FILTER (WHERE state = 'approved')) AS stamp FROM catalog_entry`,
);

/**
 * The approved entries, by which records are let in. Asked for each push and page, so that it is only read again when an
 * entry was approved or withdrawn.
 */
export async function approvedCatalog(db: Knex): Promise<Catalog> {
  const [row] = await STAMP.rows(db, []);
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

interface DraftOptions {
  /** What to do about a draft of somebody else; the unit's own is replaced. */
  others?: 'replace' | 'keep';
  /** Hashes of templates that are handed in with the entries, by the names of their files. */
  templates?: ReadonlyMap<string, string>;
}

/**
 * Drafts entries: an entry that is like the approved one, or like its draft, is left alone; a draft that differs
 * replaces the draft before it. A template that bears the name of the type's last one is that file still.
 */
export async function draftEntries(
  db: Knex,
  entries: readonly CatalogEntry[],
  by: string,
  at: Date,
  { others = 'replace', templates = new Map() }: DraftOptions = {},
): Promise<{ drafted: number; unchanged: number }> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `WITH given AS (
       SELECT entry->>'typeCode' AS type_code, entry, coalesce(:templates::jsonb->>(entry->>'template'),
         (SELECT template_hash FROM catalog_entry e WHERE e.type_code = list.entry->>'typeCode'
            AND e.entry->>'template' = list.entry->>'template' AND template_hash IS NOT NULL
          ORDER BY version DESC LIMIT 1)) AS template_hash
       FROM jsonb_array_elements(:entries::jsonb) AS list (entry)
     )
     INSERT INTO catalog_entry (type_code, version, state, entry, template_hash, drafted_by, drafted_at)
     SELECT given.type_code, CASE standing.state WHEN 'draft' THEN standing.version ELSE coalesce(newest.version + 1, 1) END,
       'draft', given.entry, given.template_hash, :by, :at
     FROM given
     LEFT JOIN LATERAL (SELECT * FROM catalog_entry e WHERE e.type_code = given.type_code
       AND state IN ('draft', 'approved') ORDER BY state = 'draft' DESC LIMIT 1) AS standing ON true
     LEFT JOIN LATERAL (SELECT max(version) AS version FROM catalog_entry e WHERE e.type_code = given.type_code) AS newest ON true
     WHERE (given.entry, given.template_hash) IS DISTINCT FROM (standing.entry, standing.template_hash)
     ON CONFLICT (type_code, version) DO UPDATE SET entry = excluded.entry, template_hash = excluded.template_hash,
       drafted_by = excluded.drafted_by, drafted_at = excluded.drafted_at
       WHERE catalog_entry.state = 'draft' AND (:replace OR catalog_entry.drafted_by = :by)
     RETURNING type_code`,
    {
      entries: JSON.stringify(entries),
      templates: JSON.stringify(Object.fromEntries(templates)),
      by,
      at,
      replace: others === 'replace',
    },
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
    throw fault('entry-unknown', { types: others, approved: true });
  });
}

/** An entry of a type as it stands: what is in force, and the draft beside it. */
export interface CatalogLine {
  typeCode: string;
  name: string;
  category: string | null;
  issuer: Unit | null;
  /** Of the draft where there is nothing else. */
  state: 'draft' | 'approved' | 'withdrawn';
  version: number;
  /** A draft that would change what is in force. */
  draft: number | null;
  by: string;
  at: Date;
}

/** One line for each type, by its code. */
export async function catalogLines(
  db: Knex,
  choice: {
    state?: 'draft' | 'approved' | 'withdrawn' | undefined;
    /** Part of the name, or of the code. */
    text?: string | undefined;
    issuer?: string | undefined;
    /** Whose drafts are told; null: all. What was decided everybody may know. */
    units: readonly string[] | null;
    after?: string | undefined;
    limit: number;
  },
): Promise<CatalogLine[]> {
  const { rows } = await db.raw<{ rows: CatalogLine[] }>(
    `WITH known AS (
       SELECT * FROM catalog_entry WHERE state <> 'superseded' AND ${DRAFTS_OF}
     ), standing AS (
       SELECT DISTINCT ON (type_code) * FROM known
       ORDER BY type_code, array_position(ARRAY['approved', 'draft', 'withdrawn'], state), version DESC
     )
     SELECT s.type_code AS "typeCode", s.entry->>'name' AS name, s.entry->>'category' AS category,
       s.entry->'issuer' AS issuer, s.state, s.version, d.version AS draft, coalesce(s.decided_by, s.drafted_by) AS by,
       coalesce(s.decided_at, s.drafted_at) AS at
     FROM standing s LEFT JOIN known d ON d.type_code = s.type_code AND d.state = 'draft' AND s.state <> 'draft'
     WHERE (:state::text IS NULL OR s.state = :state OR :state = 'draft' AND d.version IS NOT NULL)
       AND (:sought::text IS NULL OR strpos(s.entry->>'name', :sought) > 0 OR starts_with(s.type_code, :sought))
       AND (:issuer::text IS NULL OR s.entry->'issuer'->>'code' = :issuer)
       AND (:after::text IS NULL OR s.type_code > :after)
     ORDER BY s.type_code LIMIT :limit`,
    {
      state: choice.state ?? null,
      sought: choice.text ?? null,
      issuer: choice.issuer ?? null,
      units: choice.units ? [...choice.units] : null,
      after: choice.after ?? null,
      limit: choice.limit,
    },
  );
  return rows.map((row) => ({ ...row, issuer: row.issuer ?? null }));
}

/** Of the drafts, those that some units made or are to issue by; null: all. */
const DRAFTS_OF = `(state <> 'draft' OR :units::text[] IS NULL OR drafted_by = ANY (:units)
  OR entry->'issuer'->>'code' = ANY (:units))`;

/** Every version of a type that some units may know of, the newest first. */
export async function versionsOfEntry(
  db: Knex,
  typeCode: string,
  units: readonly string[] | null,
): Promise<EntryVersion[]> {
  return db('catalog_entry')
    .where({ type_code: typeCode })
    .whereRaw(DRAFTS_OF, { units: units ? [...units] : null })
    .orderBy('version', 'desc')
    .select<EntryVersion[]>(COLUMNS);
}

/** Locks the draft of a type until the transaction ends; null where there is none. */
export async function lockDraft(trx: Knex.Transaction, typeCode: string): Promise<EntryVersion | null> {
  const row = await trx('catalog_entry')
    .where({ type_code: typeCode, state: 'draft' })
    .forUpdate()
    .first<EntryVersion | undefined>(COLUMNS);
  return row ?? null;
}

/** Refuses the draft of a type: it is kept as a version that never came into force. */
export async function refuseDraft(trx: Knex.Transaction, typeCode: string, by: string, at: Date): Promise<void> {
  await trx('catalog_entry')
    .where({ type_code: typeCode, state: 'draft' })
    .update({ state: 'withdrawn', decided_by: by, decided_at: at });
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
      connector,
      synced_at: syncedAt,
      listed: JSON.stringify(listed),
      findings: JSON.stringify(findings),
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

/** `units`: of streams of these units only. */
export async function waitingTypes(db: Knex, units: readonly string[] | null = null): Promise<WaitingType[]> {
  const { rows } = await db.raw<{ rows: WaitingType[] }>(
    `SELECT problem->>'found' AS "typeCode", name AS stream, unit_name AS unit, count(*) AS records,
       min(first_seen_at) AS since
     FROM reject JOIN stream ON stream.id = stream_id, jsonb_array_elements(problems) AS problem
     WHERE resolved_at IS NULL AND reject.rule = 'type-unlisted' AND problem->>'rule' = 'type-unlisted'
       AND (:units::text[] IS NULL OR unit_code = ANY (:units))
     GROUP BY 1, 2, 3 ORDER BY since, 1`,
    { units: units ? [...units] : null },
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

/** Types for which something is to be decided: records wait for an entry, or a draft for its approval; since when. */
const UNDECIDED = `
  SELECT type_code, min(since) AS since FROM (
    SELECT problem->>'found' AS type_code, first_seen_at AS since
    FROM reject, jsonb_array_elements(problems) AS problem
    WHERE resolved_at IS NULL AND reject.rule = 'type-unlisted' AND problem->>'rule' = 'type-unlisted'
      AND NOT EXISTS (SELECT FROM catalog_entry WHERE type_code = problem->>'found' AND state = 'approved')
    UNION ALL SELECT type_code, drafted_at FROM catalog_entry WHERE state = 'draft'
  ) AS waiting WHERE type_code <> '' GROUP BY type_code`;

/** Drafts that say all that the profile asks for, with the file of their template, and wait for their approval. */
const COMPLETE = `
  SELECT type_code, drafted_at FROM catalog_entry WHERE state = 'draft'
    AND (template_hash IS NOT NULL OR coalesce(entry->'template', 'null') = 'null') AND NOT EXISTS (
    SELECT FROM hub, unnest(catalog_required) AS field WHERE coalesce(entry->field, 'null') IN ('null', '[]'))`;

/** The running deadlines of one duty of the catalog, each with its type. */
const running = (duty: 'catalog' | 'catalog-approval'): string => `
  SELECT subject, started_at, split_part(split_part(subject, '/', 2), '#', 1) AS type_code FROM obligation
  WHERE duty_kind = '${duty}' AND obligation_runs(obligation)`;
const DECIDED = `SELECT min(decided_at) FROM catalog_entry e WHERE e.type_code = running.type_code
  AND e.decided_at >= running.started_at`;
/** Not from before the last decision: what waited then has had its round. */
const sinceDecision = (since: string, type: string): string =>
  `greatest(${since}, (SELECT max(decided_at) FROM catalog_entry e WHERE e.type_code = ${type}))`;

/**
 * Keeps the deadlines of the catalog. An entry (目录更新) is owed from when records of a type wait, or its draft does not
 * say all that it must, by the issuer that the draft names, else by the management unit; it is met by a complete draft, by
 * a decision, or when nothing waits any more. The approval (目录审定) is owed by the management unit from the complete
 * draft on. What changes later is owed anew, in a round of its own.
 */
export async function syncCatalogDeadlines(db: Knex, at: Date): Promise<void> {
  await meetFrom(
    db,
    'catalog',
    `SELECT subject, coalesce((${DECIDED}),
       CASE WHEN complete.drafted_at IS NOT NULL THEN greatest(complete.drafted_at, started_at) END, :at) AS met_at
     FROM (${running('catalog')}) AS running LEFT JOIN (${COMPLETE}) AS complete USING (type_code)
     WHERE (${DECIDED}) IS NOT NULL OR complete.drafted_at IS NOT NULL
       OR type_code NOT IN (SELECT type_code FROM (${UNDECIDED}) AS undecided)`,
    { at },
    HUB,
  );
  await meetFrom(
    db,
    'catalog-approval',
    `SELECT subject, coalesce((${DECIDED}), :at) AS met_at FROM (${running('catalog-approval')}) AS running
     WHERE (${DECIDED}) IS NOT NULL
       OR NOT EXISTS (SELECT FROM catalog_entry e WHERE e.type_code = running.type_code AND state = 'draft')`,
    { at },
    HUB,
  );
  const management = (await managementUnit(db)) as unknown as Record<string, unknown>;
  await openFrom(
    db,
    'catalog',
    `SELECT coalesce(draft.entry->'issuer'->>'code', :code) AS owner_code,
       coalesce(draft.entry->'issuer'->>'name', :name) AS owner_name, NULL::integer AS stream_id,
       ledger_round('catalog/' || undecided.type_code, 'catalog') AS subject,
       ${sinceDecision('since', 'undecided.type_code')} AS started_at,
       NULL::text AS workflow_id, NULL::integer AS working_days
     FROM (${UNDECIDED}) AS undecided
     LEFT JOIN catalog_entry draft ON draft.type_code = undecided.type_code AND draft.state = 'draft'
     WHERE undecided.type_code NOT IN (SELECT type_code FROM (${COMPLETE}) AS complete)`,
    management,
    { by: HUB, at },
  );
  await openFrom(
    db,
    'catalog-approval',
    `SELECT :code::text AS owner_code, :name::text AS owner_name, NULL::integer AS stream_id,
       ledger_round('catalog-approval/' || type_code, 'catalog-approval') AS subject,
       ${sinceDecision('drafted_at', 'complete.type_code')} AS started_at,
       NULL::text AS workflow_id, NULL::integer AS working_days
     FROM (${COMPLETE}) AS complete`,
    management,
    { by: HUB, at },
  );
}
