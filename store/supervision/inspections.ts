import type { Knex } from 'knex';
import { fault } from '../../domain/faults.ts';
import pMap from 'p-map';
import {
  CASES,
  caseSubject,
  INSPECTIONS,
  judge,
  patrolFacts,
  SAMPLE_RESULTS,
  STAGES,
  TRIAL_RESULTS,
  type InspectionKind,
  type PatrolRule,
  type SampleResult,
  type FindingStage,
  type TrialResult,
} from '../../domain/supervision/findings.ts';
import { BASES } from '../../domain/basis.ts';
import { DAY_MS, dueWallTime } from '../../domain/dates.ts';
import { DUTIES } from '../../domain/ledger/duties.ts';
import { HUB } from '../../domain/ledger/reasons.ts';
import type { Unit } from '../../domain/units.ts';
import { evidenceColumns, type Evidence } from '../casework/evidence.ts';
import type { Sanctions } from '../../domain/supervision/sanctions.ts';
import type { SealState } from '../../domain/library/seals.ts';
import { WAITING_RULES } from '../../domain/library/validation.ts';
import { timeWindow, type Window } from '../../domain/collection/window.ts';
import { windowsOf } from '../collection/batches.ts';
import type { Who } from '../ledger/case-files.ts';
import { approvedCatalog } from '../library/catalog.ts';
import { findCertificates, mergeRecords } from '../library/certificates.ts';
import { drawRecords, type Drawn } from './sampling.ts';
import type { StreamRow } from '../collection/streams.ts';
import { noteEvent } from '../ledger/obligations.ts';
import type { Task } from '../ledger/tasks.ts';

/** An inspection as it is begun: by what its records are drawn, or of which finding it is the re-check. */
interface NewInspection {
  kind: InspectionKind;
  seed?: number;
  size?: number;
  streamId?: number;
  recheckOf?: number;
}

async function begin(db: Knex, { kind, seed, size, streamId, recheckOf }: NewInspection, who: Who): Promise<number> {
  const [row] = await db('inspection')
    .insert({
      kind,
      seed: seed ?? null,
      size: size ?? null,
      stream_id: streamId ?? null,
      recheck_of: recheckOf ?? null,
      by: who.by,
      started_at: who.at,
    })
    .returning<{ id: number }[]>('id');
  if (!row) throw new Error('the inspection was not written');
  return row.id;
}

async function keepDrawn(db: Knex, inspection: number, records: readonly Drawn[]): Promise<void> {
  await db.raw(
    `INSERT INTO inspected_record (inspection_id, stream_id, record_key, type_code, source_updated_at, batch_id)
     SELECT :inspection, "streamId", key, "typeCode", "updatedAt", "batchId" FROM json_to_recordset(:records::json)
       AS drawn("streamId" integer, key text, "typeCode" text, "updatedAt" timestamptz, "batchId" bigint)`,
    { inspection, records: JSON.stringify(records) },
  );
}

/** Begins a sample (随机抽查) of a stream: draws its records and keeps which ones. */
export async function beginSample(
  db: Knex,
  stream: StreamRow,
  { size, seed }: { size: number; seed: number },
  who: Who,
): Promise<{ inspection: number; drawn: number }> {
  return db.transaction(async (trx) => {
    const inspection = await begin(trx, { kind: 'sample', seed, size, streamId: stream.id }, who);
    const records = await drawRecords(trx, stream.id, { size, seed, of: 'held' }, who.at);
    await keepDrawn(trx, inspection, records);
    return { inspection, drawn: records.length };
  });
}

/** Begins the re-check of a finding by looking once more at what its inspection found wrong, as it is now. */
export async function beginRecheck(
  db: Knex,
  finding: number,
  who: Who,
): Promise<{ inspection: number; drawn: number }> {
  return db.transaction(async (trx) => {
    const source = await trx('finding')
      .join('inspection', 'inspection.id', 'finding.inspection_id')
      .where('finding.id', finding)
      .first<{ id: number; kind: InspectionKind; streamId: number | null; unit: string }>({
        id: 'inspection.id',
        kind: 'kind',
        streamId: 'inspection.stream_id',
        unit: 'unit_code',
      });
    const { id, kind, streamId, unit } = source;
    const inspection = await begin(trx, { kind, recheckOf: finding, ...(streamId !== null && { streamId }) }, who);
    // A record that is gone altogether stays as it was drawn, and is found to be missing.
    const { rowCount } = await trx.raw<{ rowCount: number }>(
      `INSERT INTO inspected_record (inspection_id, stream_id, record_key, type_code, source_updated_at, batch_id)
       SELECT :inspection, i.stream_id, i.record_key, i.type_code, coalesce(c.source_updated_at, i.source_updated_at),
         coalesce(c.batch_id, i.batch_id)
       FROM inspected_record i JOIN stream ON stream.id = i.stream_id
       LEFT JOIN certificate c ON c.stream_id = i.stream_id AND c.record_key = i.record_key
       WHERE i.inspection_id = :id AND unit_code = :unit AND result = ANY (:bad)`,
      { inspection, id, unit, bad: [...badResults(SAMPLE_RESULTS), ...badResults(TRIAL_RESULTS)] },
    );
    return { inspection, drawn: rowCount };
  });
}

const badResults = (results: Record<string, { good: boolean | null }>): string[] =>
  Object.keys(results).filter((result) => results[result]?.good === false);

/** What has to be compared for a sample, each window with the records that lie in it. */
export interface SampleWindow {
  window: Window;
  keys: string[];
}

/**
 * The smallest parts of the source in which the records of a sample lie: the second of each one's update time; of a
 * source of batches the batch that brought it. Records that a source did not bring, as corrected rejects, lie in none.
 */
export async function sampleWindows(db: Knex, inspection: number, byBatches: boolean): Promise<SampleWindow[]> {
  // Its workflow is started before the transaction that begins it ends.
  if (!(await db('inspection').where({ id: inspection }).first<{ id: number } | undefined>('id')))
    throw new Error(`inspection ${inspection} is not there yet`);
  const records = await db('inspected_record')
    .where({ inspection_id: inspection })
    .orderBy('record_key')
    .select<{ key: string; updatedAt: Date; batchId: number }[]>({
      key: 'record_key',
      updatedAt: 'source_updated_at',
      batchId: 'batch_id',
    });
  const batches = byBatches
    ? await windowsOf(
        db,
        records.map(({ batchId }) => batchId),
      )
    : new Map<number, Window>();
  const windows = new Map<string, SampleWindow>();
  for (const { key, updatedAt, batchId } of records) {
    const second = Math.floor(updatedAt.getTime() / 1000) * 1000;
    const window = byBatches ? batches.get(batchId) : timeWindow(second, second + 1000);
    if (!window || (byBatches && window.kind === 'time')) continue;
    const id = window.kind === 'batch' ? String(window.ordinal) : window.from;
    const known = windows.get(id);
    if (known) known.keys.push(key);
    else windows.set(id, { window, keys: [key] });
  }
  return [...windows.values()];
}

/** How an inspection of records ended. */
export interface Inspected {
  inspection: number;
  /** Records by what they turned out to be. */
  results: Partial<Record<SampleResult | TrialResult, number>>;
  findings: number[];
}

/**
 * Notes what the proofs of a sample's windows, in their order, say of its records, and makes what is wrong a finding.
 * One that has ended stays as it did.
 */
export async function finishSample(
  db: Knex,
  inspection: number,
  { byBatches, proofs }: { byBatches: boolean; proofs: readonly number[] },
  at: Date,
): Promise<void> {
  await db.transaction(async (trx) => {
    const { finishedAt } = await trx('inspection')
      .where({ id: inspection })
      .forUpdate()
      .first<{ finishedAt: Date | null }>({ finishedAt: 'finished_at' });
    if (finishedAt) return;
    const windows = await sampleWindows(trx, inspection, byBatches);
    const of = windows.flatMap(({ keys }, index) => keys.map((key) => ({ proofId: proofs[index] ?? null, key })));
    await trx.raw(
      `UPDATE inspected_record i SET proof_id = "proofId" FROM json_to_recordset(:of::json) AS given("proofId" bigint, key text)
       WHERE inspection_id = :inspection AND record_key = key`,
      { inspection, of: JSON.stringify(of) },
    );
    await trx.raw(SAMPLE_OUTCOME, { inspection });
    await finish(trx, inspection, 'sample', SAMPLE_RESULTS, at);
  });
}

// A proof names a thousand keys of each kind of difference: of a record that it does not name, and could have meant, it
// says nothing. Neither does it say anything of a record that has changed since it was drawn.
const SAMPLE_OUTCOME = `
  UPDATE inspected_record SET result = outcome.result FROM (
    SELECT i.stream_id, i.record_key, CASE
      WHEN p.id IS NULL OR p.fault IS NOT NULL THEN 'not compared'
      WHEN i.record_key = ANY (p.different || p.missing) THEN 'differs'
      WHEN i.record_key = ANY (p.extra) THEN 'missing at source'
      WHEN cardinality(p.different) < different_count OR cardinality(p.missing) < missing_count
        OR cardinality(p.extra) < extra_count THEN 'not compared'
      WHEN c.source_updated_at IS DISTINCT FROM i.source_updated_at THEN 'not compared'
      ELSE 'equal' END AS result
    FROM inspected_record i LEFT JOIN proof p ON p.id = i.proof_id
    LEFT JOIN certificate c ON c.stream_id = i.stream_id AND c.record_key = i.record_key
    WHERE i.inspection_id = :inspection) AS outcome
  WHERE inspected_record.inspection_id = :inspection AND inspected_record.stream_id = outcome.stream_id
    AND inspected_record.record_key = outcome.record_key`;

/** Ends an inspection of records: one finding for each unit of which some are not good, but for a re-check. */
async function finish(
  db: Knex,
  inspection: number,
  kind: InspectionKind,
  meaning: Record<string, { zh: string; good: boolean | null }>,
  at: Date,
): Promise<Inspected> {
  const { rows } = await db.raw<{
    rows: { code: string; name: string; streamId: number; result: string; count: number }[];
  }>(
    `SELECT unit_code AS code, unit_name AS name, min(stream_id) AS "streamId", result, count(*) AS count
     FROM inspected_record JOIN stream ON stream.id = stream_id WHERE inspection_id = :inspection
     GROUP BY unit_code, unit_name, result ORDER BY unit_code, result`,
    { inspection },
  );
  const results: Record<string, number> = {};
  for (const { result, count } of rows) results[result] = (results[result] ?? 0) + count;
  const bad = new Set(badResults(meaning));
  const units = [...Map.groupBy(rows, ({ code }) => code).values()].filter((own) =>
    own.some(({ result }) => bad.has(result)),
  );
  const { recheck } = await db('inspection')
    .where({ id: inspection })
    .first<{ recheck: number | null }>({ recheck: 'recheck_of' });
  const findings =
    recheck !== null
      ? []
      : await openFindings(
          db,
          inspection,
          kind,
          units.map((own) => ({
            code: own[0]?.code ?? '',
            name: own[0]?.name ?? '',
            streamId: own[0]?.streamId ?? null,
            cause: `${kind}/${inspection}`,
            facts: `${INSPECTIONS[kind].zh} ${own.reduce((sum, { count }) => sum + count, 0)} 条，其中${own
              .filter(({ result }) => bad.has(result))
              .map(({ result, count }) => `${meaning[result]?.zh ?? result} ${count} 条`)
              .join('、')}`,
          })),
          at,
        );
  await db('inspection').where({ id: inspection }).update({ finished_at: at });
  return { inspection, results, findings };
}

interface NewFinding {
  code: string;
  name: string;
  streamId: number | null;
  cause: string;
  facts: string;
}

/** Opens findings; one that is open by the same cause is seen once more, and says what is so now until it is ordered. */
async function openFindings(
  db: Knex,
  inspection: number,
  kind: InspectionKind,
  found: readonly NewFinding[],
  at: Date,
): Promise<number[]> {
  const { rows } = await db.raw<{ rows: { id: number; opened: boolean }[] }>(
    `INSERT INTO finding (inspection_id, unit_code, unit_name, stream_id, cause, facts, stage, found_at, last_seen_at)
     SELECT :inspection, code, name, "streamId", cause, facts, 'found', :at, :at
     FROM json_to_recordset(:found::json) AS given(code text, name text, "streamId" integer, cause text, facts text)
     ON CONFLICT (unit_code, cause) WHERE ended_at IS NULL DO UPDATE SET last_seen_at = excluded.last_seen_at,
       facts = CASE WHEN finding.stage = 'found' THEN excluded.facts ELSE finding.facts END
     RETURNING id, inspection_id = :inspection AS opened`,
    { inspection, at, found: JSON.stringify(found) },
  );
  const opened = rows.filter((row) => row.opened).map(({ id }) => id);
  await noteFindings(db, opened, STAGES.found.zh, kind, at);
  return opened;
}

/** Notes in the timelines of some findings what the hub did with them. */
async function noteFindings(
  db: Knex,
  ids: readonly number[],
  what: string,
  kind: InspectionKind,
  at: Date,
): Promise<void> {
  await db.raw(
    `INSERT INTO case_event (subject, at, by, what, detail, event_key)
     SELECT '${CASES}' || id, :at, '${HUB}', :what, jsonb_build_object('inspection', :kind::text, 'facts', facts), NULL
     FROM finding WHERE id = ANY (:ids)`,
    { ids: [...ids], what, kind: INSPECTIONS[kind].zh, at },
  );
}

/** Whether the content of a file is there. */
export type HasFile = (hash: string) => Promise<boolean>;

/** Records that are drawn of each stream for each record that a type is asked for, so that rare types come up as well. */
const PER_TYPE = 20;
const LOOK_UPS_AT_ONCE = 4;

/**
 * A trial use (模拟办事): draws certificates of each type of the catalog that a user unit could rely on, asks for each as
 * that unit would, by its holder, and judges the answer. It uses the library's own look-up; the HTTP interface by which
 * user units will ask is to be used in its place once there is one.
 */
export async function runTrial(
  db: Knex,
  { size, seed, hasFile }: { size: number; seed: number; hasFile: HasFile },
  who: Who,
): Promise<Inspected & { typesWithout: string[] }> {
  const inspection = await begin(db, { kind: 'trial', seed, size }, who);
  const streams = await db('stream').whereNull('retired_at').orderBy('name').pluck<number[]>('id');
  const drawn: Drawn[] = [];
  for (const id of streams)
    drawn.push(...(await drawRecords(db, id, { size: size * PER_TYPE, seed, of: 'usable' }, who.at)));
  drawn.sort((a, b) => (a.hash < b.hash ? -1 : 1));
  const byType = Map.groupBy(drawn, ({ typeCode }) => typeCode);
  const types = [...(await approvedCatalog(db)).keys()];
  await keepDrawn(
    db,
    inspection,
    types.flatMap((type) => (byType.get(type) ?? []).slice(0, size)),
  );
  const done = await askAll(db, inspection, hasFile, who.at);
  return { ...done, typesWithout: types.filter((type) => !byType.has(type)) };
}

/** Asks for every record of a trial and notes what the answers were. */
export async function askAll(db: Knex, inspection: number, hasFile: HasFile, at: Date): Promise<Inspected> {
  const catalog = await approvedCatalog(db);
  const { rows } = await db.raw<{ rows: Asked[] }>(ASKED, { inspection });
  const answered = await pMap(
    rows,
    async (asked) => {
      const found = asked.code === null ? [] : await findCertificates(db, asked.code);
      // A holder can have more certificates than one search names: its number names it alone.
      const records = found.some((record) => isThat(record, asked))
        ? found
        : asked.number === null
          ? []
          : await findCertificates(db, asked.number);
      const same = records.filter(({ typeCode, number }) => typeCode === asked.typeCode && number === asked.number);
      const there = same.some((record) => isThat(record, asked));
      const merged = there ? mergeRecords(same, catalog.get(asked.typeCode)) : null;
      const file = asked.wanted ? asked.hash !== null && (await hasFile(asked.hash)) : null;
      const result: TrialResult = judge({
        status: merged?.certificate.status ?? null,
        file,
        signature: asked.signature,
        flagged: same.some((record) => isThat(record, asked) && (record.flags ?? record.disputedSince) !== null),
      });
      return { streamId: asked.streamId, key: asked.key, result };
    },
    { concurrency: LOOK_UPS_AT_ONCE },
  );
  return db.transaction(async (trx) => {
    await trx.raw(
      `UPDATE inspected_record i SET result = answer.result
       FROM json_to_recordset(:answered::json) AS answer("streamId" integer, key text, result text)
       WHERE inspection_id = :inspection AND stream_id = "streamId" AND record_key = key`,
      { inspection, answered: JSON.stringify(answered) },
    );
    return finish(trx, inspection, 'trial', TRIAL_RESULTS, at);
  });
}

/** A certificate that is asked for: by its holder’s code where it has one; and what is known of its file. */
interface Asked {
  streamId: number;
  stream: string;
  key: string;
  typeCode: string;
  number: string | null;
  code: string | null;
  wanted: boolean;
  hash: string | null;
  signature: SealState | null;
}

const isThat = (record: { stream: string; key: string }, asked: Asked): boolean =>
  record.stream === asked.stream && record.key === asked.key;

const ASKED = `
  SELECT i.stream_id AS "streamId", s.name AS stream, i.record_key AS key, i.type_code AS "typeCode", c.number,
    nullif(c.holders->0->>'code', '') AS code, f.record_key IS NOT NULL AS wanted, latest.content_hash AS hash, latest.signature
  FROM inspected_record i JOIN stream s ON s.id = i.stream_id
  LEFT JOIN certificate c ON c.stream_id = i.stream_id AND c.record_key = i.record_key
  LEFT JOIN certificate_file f ON f.stream_id = i.stream_id AND f.record_key = i.record_key
  LEFT JOIN LATERAL (SELECT content_hash, signature FROM fetched_file g WHERE g.stream_id = f.stream_id
    AND g.record_key = f.record_key AND f.next_attempt_at IS NULL ORDER BY id DESC LIMIT 1) AS latest ON true
  WHERE i.inspection_id = :inspection ORDER BY i.stream_id, i.record_key`;

/** What a patrol counts of each unit. Orders to rectify have a ladder of their own and are left out. */
const PATROLS: Record<PatrolRule['what'], string> = {
  'overdue-count': `SELECT owner_code AS code, unit_called(owner_code, max(owner_name)) AS name, count(*) AS value FROM obligation
    WHERE obligation_runs(obligation) AND due_at <= :at AND suspended_by IS NULL AND NOT missed_by_hub(obligation) AND duty_kind <> 'rectification'
      AND basis = :basis GROUP BY owner_code`,
  'overdue-share': `SELECT owner_code AS code, unit_called(owner_code, max(owner_name)) AS name,
      round(100.0 * count(*) FILTER (WHERE state <> 'met') / count(*), 1) AS value
    FROM (SELECT owner_code, owner_name, obligation_state(obligation, :at) AS state FROM obligation
      WHERE due_at > :since AND due_at <= :at AND NOT missed_by_hub(obligation) AND duty_kind <> 'rectification' AND basis = :basis) AS due
    WHERE state IN ('met', 'met late', 'overdue') GROUP BY owner_code`,
  'late-count': `SELECT owner_code AS code, unit_called(owner_code, max(owner_name)) AS name, count(*) AS value FROM obligation
    WHERE due_at > :since AND due_at <= :at AND NOT missed_by_hub(obligation) AND duty_kind <> 'rectification' AND basis = :basis
      AND obligation_state(obligation, :at) = 'met late' GROUP BY owner_code`,
  'rejects-open': `SELECT unit_code AS code, max(unit_name) AS name, count(*) AS value
    FROM reject JOIN stream ON stream.id = stream_id
    WHERE resolved_at IS NULL AND reject.rule <> ALL (:waiting) AND first_seen_at <= :since AND retired_at IS NULL
    GROUP BY unit_code`,
  'difference-age': `SELECT owner_code AS code, unit_called(owner_code, max(owner_name)) AS name,
      floor(extract(epoch FROM :at::timestamptz - min(opened_at)) / 86400) AS value
    FROM discrepancy WHERE closed_at IS NULL GROUP BY owner_code`,
};

/**
 * Makes an overdue deadline a finding by itself (个案督办); one that is open for it already is seen once more. Answers its
 * number.
 */
export async function findOverdue(
  db: Knex,
  { id, owner, ownerCode, rule, article, basis, kind, dueAt }: Task,
  who: Who,
): Promise<number> {
  const inspection = await begin(db, { kind: 'task' }, who);
  const due = dueAt === null ? '日历未公布' : dueWallTime(dueAt.getTime());
  const cause = `task/${id}`;
  // Not its subject, which may be the key of a record: a notice is read by many. The article sets the duty, but not a
  // term of the city's own.
  const facts = `时限任务第 ${id} 号，${DUTIES[kind].zh}（${rule} ${article}，${BASES[basis].zh}），${due} 到期，至今未办结`;
  await openFindings(db, inspection, 'task', [{ code: ownerCode, name: owner, streamId: null, cause, facts }], who.at);
  await db('inspection').where({ id: inspection }).update({ finished_at: who.at });
  const finding = await db('finding')
    .where({ unit_code: ownerCode, cause })
    .whereNull('ended_at')
    .first<{ id: number }>('id');
  return finding.id;
}

/** A finding that somebody enters by hand (人工登记), of what they saw themselves, with what shows it. */
export interface FindingByHand {
  unit: Unit;
  /** The item (项) that it falls under, where the regulation has a list of them. */
  item: string | null;
  facts: string;
  evidence: Evidence;
}

/** Opens a finding that was entered by hand; its number. Throws a configuration error where its item is none of the profile. */
export async function findByHand(
  db: Knex,
  { items }: Pick<Sanctions, 'items'>,
  { unit, item, facts, evidence }: FindingByHand,
  who: Who,
): Promise<number> {
  const ids = items.map(({ id }) => id);
  if (item === null ? ids.length > 0 : !ids.includes(item)) throw fault('item-unknown', { item, ids });
  return db.transaction(async (trx) => {
    const inspection = await begin(trx, { kind: 'hand' }, who);
    await trx('inspection').where({ id: inspection }).update({ finished_at: who.at });
    const [row] = await trx('finding')
      .insert({
        inspection_id: inspection,
        unit_code: unit.code,
        unit_name: unit.name,
        cause: `hand/${inspection}`,
        facts,
        item,
        stage: 'found' satisfies FindingStage,
        found_at: who.at,
        last_seen_at: who.at,
        ...evidenceColumns(evidence),
      })
      .returning<{ id: number }[]>('id');
    if (!row) throw new Error('the finding was not written');
    const detail = { inspection: INSPECTIONS.hand.zh, facts, evidence: evidence.name, sha256: evidence.sha256 };
    await noteEvent(trx, caseSubject(row.id), { ...who, what: STAGES.found.zh, detail });
    return row.id;
  });
}

/**
 * A patrol (电子督查): every unit above the number of a rule gets a finding, one while that lasts. A finding that nobody
 * has acted on ends by itself when its unit is no longer above.
 */
export async function runPatrol(
  db: Knex,
  rules: readonly PatrolRule[],
  who: Who,
): Promise<{ inspection: number; found: number[]; cleared: number[] }> {
  const { at } = who;
  return db.transaction(async (trx) => {
    const inspection = await begin(trx, { kind: 'patrol' }, who);
    const above: NewFinding[] = [];
    for (const rule of rules) {
      const since = new Date(at.getTime() - ('within' in rule ? rule.within : 0) * DAY_MS);
      const { rows } = await trx.raw<{ rows: { code: string; name: string; value: string }[] }>(
        `SELECT code, name, value::text FROM (${PATROLS[rule.what]}) AS unit WHERE value > :above ORDER BY code`,
        { at, since, waiting: WAITING_RULES, above: rule.above, basis: 'basis' in rule ? rule.basis : null },
      );
      for (const { code, name, value } of rows)
        above.push({ code, name, streamId: null, cause: `patrol/${rule.id}`, facts: patrolFacts(rule, Number(value)) });
    }
    const found = await openFindings(trx, inspection, 'patrol', above, at);
    const cleared = await trx('finding')
      .where({ stage: 'found' satisfies FindingStage })
      .where('cause', 'like', 'patrol/%')
      .whereRaw(
        '(unit_code, cause) NOT IN (SELECT code, cause FROM json_to_recordset(?::json) AS given(code text, cause text))',
        [JSON.stringify(above)],
      )
      .update({ stage: 'cleared' satisfies FindingStage, ended_at: at })
      .returning<{ id: number }[]>('id');
    const ids = cleared.map(({ id }) => id);
    await noteFindings(trx, ids, STAGES.cleared.zh, 'patrol', at);
    await trx('inspection').where({ id: inspection }).update({ finished_at: at });
    return { inspection, found, cleared: ids };
  });
}

/** An inspection, as it was begun and what came of it. */
export interface Inspection {
  id: number;
  kind: InspectionKind;
  stream: string | null;
  title: string | null;
  seed: number | null;
  size: number | null;
  /** Of a re-check: the finding whose records are looked at again. */
  recheckOf: number | null;
  by: string;
  startedAt: Date;
  finishedAt: Date | null;
  /** How many records were drawn, and what they turned out to be. */
  drawn: number;
  results: Partial<Record<SampleResult | TrialResult, number>>;
  findings: number[];
}

/**
 * Samples, trial uses and patrols, the latest first. For who sees some units only: those that looked at records of
 * theirs, or found something of them, with these records and findings alone.
 */
export async function listInspections(
  db: Knex,
  choice: { id?: number; units?: readonly string[] | null; before?: number | undefined; limit: number },
): Promise<Inspection[]> {
  const { rows } = await db.raw<{ rows: Inspection[] }>(
    `SELECT i.id, i.kind, stream.name AS stream, stream.title, i.seed, i.size, i.recheck_of AS "recheckOf", i.by,
       i.started_at AS "startedAt", i.finished_at AS "finishedAt", drawn, results, findings
     FROM inspection i LEFT JOIN stream ON stream.id = i.stream_id
     CROSS JOIN LATERAL (SELECT coalesce(sum(records), 0)::integer AS drawn,
         coalesce(json_object_agg(result, records) FILTER (WHERE result IS NOT NULL), '{}') AS results
       FROM (SELECT result, count(*) AS records FROM inspected_record r JOIN stream s ON s.id = r.stream_id
         WHERE r.inspection_id = i.id AND (:units::text[] IS NULL OR s.unit_code = ANY (:units)) GROUP BY result) AS own) AS looked
     CROSS JOIN LATERAL (SELECT coalesce(json_agg(f.id ORDER BY f.id), '[]') AS findings FROM finding f
       WHERE f.inspection_id = i.id AND (:units::text[] IS NULL OR f.unit_code = ANY (:units))) AS found
     WHERE i.kind NOT IN ('task', 'hand') AND (:id::bigint IS NULL OR i.id = :id) AND (:before::bigint IS NULL OR i.id < :before)
       AND (:units::text[] IS NULL OR drawn > 0 OR json_array_length(findings) > 0)
     ORDER BY i.id DESC LIMIT :limit`,
    {
      id: choice.id ?? null,
      before: choice.before ?? null,
      limit: choice.limit,
      units: choice.units ? [...choice.units] : null,
    },
  );
  return rows;
}

/** A drawn record as an inspection left it. */
export interface InspectedRecord {
  stream: string;
  key: string;
  typeCode: string;
  updatedAt: Date;
  proof: number | null;
  result: SampleResult | TrialResult | null;
}

/** The records of one unit that an inspection looked at, by stream and key. */
export async function inspectedRecords(db: Knex, inspection: number, unit: string): Promise<InspectedRecord[]> {
  return db('inspected_record')
    .join('stream', 'stream.id', 'inspected_record.stream_id')
    .where({ inspection_id: inspection, unit_code: unit })
    .orderBy(['stream.name', 'record_key'])
    .select<InspectedRecord[]>({
      stream: 'stream.name',
      key: 'record_key',
      typeCode: 'type_code',
      updatedAt: 'source_updated_at',
      proof: 'proof_id',
      result: 'result',
    });
}
