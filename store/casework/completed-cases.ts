import type { Knex } from 'knex';
import { HUB } from '../../domain/ledger/reasons.ts';
import type { CompletedCaseMode, CompletedCaseNotice } from '../../domain/casework/completed-case.ts';
import { DAY_MS } from '../../domain/dates.ts';
import { placed } from '../../domain/faults/expected.ts';
import { fault } from '../../domain/faults.ts';
import type { Said } from '../../domain/said.ts';
import type { Duty, ObligationState } from '../../domain/ledger/duties.ts';
import {
  dropObligations,
  explainFrom,
  meetFrom,
  openFrom,
  retimeFrom,
  type LedgerEntry,
} from '../ledger/obligations.ts';
import { oldestDays } from '../ledger/rules.ts';
import type { StreamRow } from '../collection/streams.ts';

/** A completed case as it is kept. */
interface CompletedCaseRow {
  caseNumber: string;
  completedAt: Date;
  mode: CompletedCaseMode;
  batch: string | null;
  recordKey: string | null;
  number: string | null;
  deliveredAt: Date | null;
  deliveredThrough: string | null;
  withdrawn: boolean;
  arrived: boolean;
  pushSubject: string;
  deliverySubject: string;
  pending: boolean;
}

/** What became of an announcement. */
export interface Announced {
  announced: number;
  corrected: number;
  unchanged: number;
}

/** Who announces, and when; the request by which an announcement that comes twice is known. */
export interface Announcement {
  by: string;
  at: Date;
  request?: { key: string; bodyHash: Buffer } | undefined;
}

const NONE: ReadonlySet<string> = new Set();

/** The streams whose cases one transaction works at; nothing else waits for it. */
const CASES_LOCK = 0x63_61_73;
const lockCases = async (trx: Knex, streamId: number): Promise<void> => {
  await trx.raw('SELECT pg_advisory_xact_lock(?, ?)', [CASES_LOCK, streamId]);
};

/**
 * Takes what a department says of completed cases (业务办结), all of it or nothing, and opens, moves, meets or cancels
 * the deadlines of their pushes and deliveries. Said twice, nothing changes. A certificate that is in already counts.
 * Returns, for a request that is known, what it was answered then, and the body that it had.
 */
export async function announceCompletedCases(
  db: Knex,
  stream: StreamRow,
  notices: readonly CompletedCaseNotice[],
  announcement: Announcement,
): Promise<{ answer: Announced; earlier: Buffer | null }> {
  const { request, at } = announcement;
  return db.transaction(async (trx) => {
    await lockCases(trx, stream.id);
    if (request) {
      const known = await trx('case_announcement')
        .where({ stream_id: stream.id, idempotency_key: request.key })
        .first<{ earlier: Buffer; answer: Announced } | undefined>({ earlier: 'body_hash', answer: 'answer' });
      if (known) return known;
    }
    const answer = await takeNotices(trx, stream, notices, announcement);
    if (request) {
      await trx('case_announcement').insert({
        stream_id: stream.id,
        idempotency_key: request.key,
        body_hash: request.bodyHash,
        answer: JSON.stringify(answer),
        received_at: at,
      });
    }
    return { answer, earlier: null };
  });
}

/** One case that is new or not as it was. */
interface Change {
  before: CompletedCaseRow | undefined;
  after: CompletedCaseRow;
  /** The deadline of its push is opened: it is new, not withdrawn any more, or issued in another way than was said. */
  opens: boolean;
  /** So is that of its delivery, which does not depend on the way. */
  delivers: boolean;
}

async function takeNotices(
  trx: Knex,
  stream: StreamRow,
  notices: readonly CompletedCaseNotice[],
  { by, at }: Announcement,
): Promise<Announced> {
  const { rows } = await trx.raw<{ rows: CompletedCaseRow[] }>(
    `SELECT case_number AS "caseNumber", completed_at AS "completedAt", mode, bulk_batch AS batch,
       certificate_key AS "recordKey", certificate_number AS number, delivered_at AS "deliveredAt",
       delivered_through AS "deliveredThrough",
       withdrawn_at IS NOT NULL AS withdrawn, arrived_at IS NOT NULL AS arrived, pending,
       push_subject AS "pushSubject", delivery_subject AS "deliverySubject"
     FROM completed_case WHERE stream_id = :streamId AND case_number = ANY (:numbers)`,
    { streamId: stream.id, numbers: notices.map(({ caseNumber }) => caseNumber) },
  );
  const known = new Map(rows.map((row) => [row.caseNumber, row]));
  const days = await oldestDays(trx);
  const oldest = new Date(at.getTime() - days * DAY_MS);
  const tooOld = {
    zh: `completedAt（办结时间）应在 ${days} 天以内，见本市规则的 oldestDays`,
    en: `expected completedAt (办结时间) within ${days} days, which oldestDays of the profile has`,
  };
  const faults: Said[] = [];
  const changes = notices.flatMap((notice): Change[] => {
    const before = known.get(notice.caseNumber);
    const merged =
      notice.completedAt !== undefined && notice.completedAt < oldest ? tooOld : mergeNotice(before, notice);
    if (!('zh' in merged)) return merged;
    faults.push(placed({ zh: `办件 ${notice.caseNumber}`, en: `case ${notice.caseNumber}` }, merged));
    return [];
  });
  if (faults.length > 0) throw completedCasesRefused(faults);
  if (changes.length === 0) return { announced: 0, corrected: 0, unchanged: notices.length };

  const subjects = changes.flatMap(({ before, after, opens }) =>
    !before || !(opens || after.withdrawn)
      ? []
      : [...(before.mode === 'bulk' ? [] : [before.pushSubject]), ...(after.withdrawn ? [before.deliverySubject] : [])],
  );
  await dropObligations(trx, { subjects }, { by, at, reason: { code: 'case-withdrawn' } });
  await nameSubjects(trx, stream, changes, at);
  await saveChanges(trx, stream, changes, at);

  const numbersOf = (some: readonly Change[]): string[] => some.map(({ after }) => after.caseNumber);
  await openPushes(trx, stream, numbersOf(changes.filter(({ opens }) => opens)), { by, at });
  await openDeliveries(trx, stream, numbersOf(changes.filter(({ delivers }) => delivers)), { by, at });
  await retimeCases(trx, stream, numbersOf(changes.filter(({ before, opens }) => before && !opens)), { by, at });
  await meetDeliveries(trx, stream, numbersOf(changes.filter(({ after }) => after.deliveredAt !== null)), { by, at });
  const bulk = changes.flatMap(({ before, after }) =>
    [before, after].flatMap((row) => (row?.mode === 'bulk' ? [row.pushSubject] : [])),
  );
  const eased = changes.flatMap(({ before, after }) => (before && eases(before, after) ? [before.pushSubject] : []));
  const overdue = await overdueOf(trx, eased, at);
  const arrived = await matchCases(trx, stream.id, numbersOf(changes), { by, at }, overdue);
  await settleBulk(trx, stream, [...bulk, ...arrived], { by, at }, overdue);
  const announced = changes.filter(({ before }) => before === undefined).length;
  return { announced, corrected: changes.length - announced, unchanged: notices.length - changes.length };
}

/** Whether less is owed, or something else counts as what was owed, by what is said now. */
const eases = (before: CompletedCaseRow, after: CompletedCaseRow): boolean =>
  after.withdrawn ||
  before.pushSubject !== after.pushSubject ||
  before.recordKey !== after.recordKey ||
  before.number !== after.number;

/** Those of some subjects whose push is overdue. */
async function overdueOf(trx: Knex, subjects: readonly string[], at: Date): Promise<ReadonlySet<string>> {
  if (subjects.length === 0) return NONE;
  const overdue = await trx('obligation')
    .whereRaw('subject = ANY (?)', [[...subjects]])
    .whereRaw(`duty_kind LIKE 'push-%' AND obligation_runs(obligation) AND due_at < ?`, [at])
    .pluck<string[]>('subject');
  return new Set(overdue);
}

/** The case as the notice has it: a change, none, or what is wrong. */
function mergeNotice(before: CompletedCaseRow | undefined, notice: CompletedCaseNotice): Change[] | Said {
  const completedAt = notice.completedAt ?? before?.completedAt;
  const mode = notice.mode ?? before?.mode;
  if (completedAt === undefined) return REFUSED.completedAt;
  if (mode === undefined) return REFUSED.mode;
  if (mode !== 'bulk' && notice.batch !== undefined)
    return {
      zh: `不应有 batch（批次）：签发方式为 ${mode}`,
      en: `expected no batch (批次): its mode is ${mode}`,
    };
  const after = {
    caseNumber: notice.caseNumber,
    completedAt,
    mode,
    batch: mode === 'bulk' ? (notice.batch ?? before?.batch ?? null) : null,
    recordKey: notice.recordKey ?? before?.recordKey ?? null,
    number: notice.number ?? before?.number ?? null,
    deliveredAt: notice.deliveredAt ?? before?.deliveredAt ?? null,
    deliveredThrough: notice.deliveredThrough ?? before?.deliveredThrough ?? null,
    withdrawn: notice.withdrawn ?? before?.withdrawn ?? false,
    arrived: before?.arrived ?? false,
    pending: false,
    pushSubject: before?.pushSubject ?? '',
    deliverySubject: before?.deliverySubject ?? '',
  };
  if (mode === 'bulk' && after.batch === null) return REFUSED.batch;
  if (after.recordKey === null && after.number === null) return REFUSED.certificate;
  if (!before) {
    if (after.withdrawn) return REFUSED.withdrawn;
    return [{ before, after, opens: true, delivers: true }];
  }
  const otherIssue = before.mode !== after.mode || before.batch !== after.batch;
  if (otherIssue && before.arrived && !before.withdrawn) return REFUSED.fixed;
  const delivers = !after.withdrawn && (before.withdrawn || before.pending);
  const opens = delivers || (!after.withdrawn && otherIssue);
  const same =
    !opens &&
    before.withdrawn === after.withdrawn &&
    before.completedAt.getTime() === after.completedAt.getTime() &&
    before.deliveredAt?.getTime() === after.deliveredAt?.getTime() &&
    before.deliveredThrough === after.deliveredThrough &&
    before.recordKey === after.recordKey &&
    before.number === after.number;
  return same ? [] : [{ before, after, opens, delivers }];
}

const MOST_FAULTS = 20;

/** What is wrong with a notice beside what was announced before. */
const REFUSED = {
  completedAt: {
    zh: '应有 completedAt（办结时间）：此前没有报送过',
    en: 'expected completedAt (办结时间): it was not announced before',
  },
  mode: {
    zh: '应有 mode（签发方式）：此前没有报送过',
    en: 'expected mode (签发方式): it was not announced before',
  },
  batch: { zh: '应有 batch（批次）：签发方式为 bulk', en: 'expected batch (批次): its mode is bulk' },
  certificate: {
    zh: '应有 key（记录键）或 number（证照编号），据以找到证照',
    en: 'expected key (记录键) or number (证照编号), by which its certificate is known',
  },
  withdrawn: { zh: '已撤回，而此前没有报送过', en: 'it is withdrawn, and was not announced before' },
  fixed: {
    zh: '证照已入库，mode（签发方式）和 batch（批次）不能再改',
    en: 'its certificate is in already, and mode (签发方式) and batch (批次) cannot be changed any more',
  },
} satisfies Record<string, Said>;

/** Nothing of an announcement is taken where something of it is wrong. */
export function completedCasesRefused(faults: readonly Said[]): Error {
  const lines = faults.slice(0, MOST_FAULTS);
  return fault('cases-invalid', { lines, more: faults.length - lines.length });
}

/** What the deadlines of cases that open some are called; those that were owed before and ended get a new round. */
async function nameSubjects(trx: Knex, { name }: StreamRow, changes: readonly Change[], at: Date): Promise<void> {
  const bases = new Map<string, Duty>();
  const opening = changes.filter(({ opens }) => opens);
  for (const { before, after, delivers } of opening) {
    const known = before !== undefined && !before.pending;
    after.pushSubject = after.batch === null ? `case/${name}/${after.caseNumber}` : `push/${name}/${after.batch}`;
    if (known || after.mode === 'bulk') bases.set(after.pushSubject, `push-${after.mode}`);
    if (!delivers) continue;
    after.deliverySubject = `delivery/${name}/${after.caseNumber}`;
    if (known) bases.set(after.deliverySubject, 'delivery');
  }
  if (bases.size === 0) return;
  const { rows } = await trx.raw<{ rows: { base: string; subject: string }[] }>(
    `SELECT base, ledger_round(base, duty, :at) AS subject
     FROM json_to_recordset(:bases::json) AS named(base text, duty text)`,
    { at, bases: JSON.stringify([...bases].map(([base, duty]) => ({ base, duty }))) },
  );
  const rounds = new Map(rows.map(({ base, subject }) => [base, subject]));
  for (const { after } of opening) {
    after.pushSubject = rounds.get(after.pushSubject) ?? after.pushSubject;
    after.deliverySubject = rounds.get(after.deliverySubject) ?? after.deliverySubject;
  }
}

async function saveChanges(trx: Knex, stream: StreamRow, changes: readonly Change[], at: Date): Promise<void> {
  await trx.raw(
    `INSERT INTO completed_case (stream_id, case_number, mode, bulk_batch, completed_at, certificate_key,
       certificate_number, delivered_at, delivered_through, announced_at, withdrawn_at, push_subject, delivery_subject)
     SELECT :streamId, "caseNumber", mode, batch, "completedAt", "recordKey", number, "deliveredAt", "deliveredThrough", :at,
       CASE WHEN withdrawn THEN :at::timestamptz END, "pushSubject", "deliverySubject"
     FROM json_to_recordset(:changes::json) AS given("caseNumber" text, mode text, batch text,
       "completedAt" timestamptz, "recordKey" text, number text, "deliveredAt" timestamptz, "deliveredThrough" text, withdrawn boolean,
       "pushSubject" text, "deliverySubject" text)
     ON CONFLICT (stream_id, case_number) DO UPDATE SET mode = excluded.mode, bulk_batch = excluded.bulk_batch,
       completed_at = excluded.completed_at, certificate_key = excluded.certificate_key,
       certificate_number = excluded.certificate_number, delivered_at = excluded.delivered_at,
       delivered_through = excluded.delivered_through,
       withdrawn_at = CASE WHEN excluded.withdrawn_at IS NOT NULL
         THEN coalesce(completed_case.withdrawn_at, excluded.withdrawn_at) END,
       -- What was withdrawn is looked for anew.
       arrived_at = CASE WHEN completed_case.withdrawn_at IS NULL OR excluded.withdrawn_at IS NOT NULL
         THEN completed_case.arrived_at END,
       push_subject = excluded.push_subject, delivery_subject = excluded.delivery_subject, pending = false`,
    { streamId: stream.id, at, changes: JSON.stringify(changes.map(({ after }) => after)) },
  );
}

const LIVE_CASES = `FROM completed_case c JOIN stream s ON s.id = c.stream_id
  WHERE c.stream_id = :streamId AND c.case_number = ANY (:numbers) AND c.withdrawn_at IS NULL`;
const caseItems = (subject: string): string =>
  `SELECT s.unit_code AS owner_code, s.unit_name AS owner_name, s.id AS stream_id, ${subject} AS subject,
     c.completed_at AS started_at, NULL::text AS workflow_id, NULL::integer AS working_days ${LIVE_CASES}`;

/** Opens the deadlines of pushes; those of a bulk issue are opened as one ({@link settleBulk}). */
async function openPushes(trx: Knex, stream: StreamRow, numbers: readonly string[], who: LedgerEntry): Promise<void> {
  const bindings = { streamId: stream.id, numbers: [...numbers] };
  for (const mode of ['online', 'offline'] as const)
    await openFrom(trx, `push-${mode}`, `${caseItems('c.push_subject')} AND c.mode = '${mode}'`, bindings, who);
}

async function openDeliveries(
  trx: Knex,
  stream: StreamRow,
  numbers: readonly string[],
  who: LedgerEntry,
): Promise<void> {
  const bindings = { streamId: stream.id, numbers: [...numbers] };
  await openFrom(trx, 'delivery', caseItems('c.delivery_subject'), bindings, who);
}

/** Lets running deadlines of some cases start when these were completed, as is said now. */
async function retimeCases(trx: Knex, stream: StreamRow, numbers: readonly string[], who: LedgerEntry): Promise<void> {
  const bindings = { streamId: stream.id, numbers: [...numbers] };
  for (const mode of ['online', 'offline'] as const) {
    const items = `SELECT c.push_subject AS subject, c.completed_at AS started_at ${LIVE_CASES} AND c.mode = '${mode}'`;
    await retimeFrom(trx, `push-${mode}`, items, bindings, who);
  }
  const deliveries = `SELECT c.delivery_subject AS subject, c.completed_at AS started_at ${LIVE_CASES}`;
  await retimeFrom(trx, 'delivery', deliveries, bindings, who);
}

/** The delivery went through what the regulation names (the profile's `delivery.through`), where it names something. */
const THROUGH = `(SELECT delivery_through = '{}' OR EXISTS (
  SELECT FROM unnest(delivery_through) AS portal WHERE strpos(coalesce(c.delivered_through, ''), portal) > 0) FROM hub)`;

/**
 * Meets the deliveries that were told of, each at its own time: what was overdue before it was told of, when it was told.
 * One that went another way than the regulation asks for says so, and runs.
 */
async function meetDeliveries(
  trx: Knex,
  stream: StreamRow,
  numbers: readonly string[],
  { by, at }: LedgerEntry,
): Promise<void> {
  const bindings = { streamId: stream.id, numbers: [...numbers], at };
  await explainFrom(
    trx,
    'delivery',
    `SELECT c.delivery_subject AS subject, jsonb_build_object('code', 'delivered-elsewhere', 'through', c.delivered_through) AS reason
     ${LIVE_CASES} AND c.delivered_at IS NOT NULL AND NOT ${THROUGH}`,
    bindings,
    by,
  );
  const items = `SELECT c.delivery_subject AS subject, CASE WHEN EXISTS (SELECT FROM obligation o
       WHERE o.subject = c.delivery_subject AND o.duty_kind = 'delivery' AND obligation_runs(o) AND o.suspended_by IS NULL
         AND o.opened_at < :at AND o.due_at <= :at) THEN :at::timestamptz ELSE c.delivered_at END AS met_at
     ${LIVE_CASES} AND ${THROUGH}`;
  await meetFrom(trx, 'delivery', items, bindings, by);
}

/**
 * So long before its case is completed may a certificate have been changed at its source and still be what came of the
 * case: an earlier version is what the case was about to change.
 */
const MADE_BEFORE = '7 days';

/**
 * Finds the certificates of open cases, and meets the deadlines of those that are in, at the time when the hub took
 * them: the first version that can have come of the case; of `eased` ones not before now. Returns the bulk issues of
 * which some arrived.
 *
 * Each case is looked up by itself (OFFSET 0): left a choice, the planner reads the library.
 */
async function matchCases(
  trx: Knex,
  streamId: number,
  numbers: readonly string[] | null,
  { by, at }: LedgerEntry,
  eased: ReadonlySet<string>,
): Promise<string[]> {
  const { rows } = await trx.raw<{ rows: { mode: CompletedCaseMode; subject: string; arrivedAt: Date }[] }>(
    `WITH found AS MATERIALIZED (
       SELECT c.case_number, version.first_at
       FROM completed_case c
       CROSS JOIN LATERAL (
         SELECT min(recorded_at) AS first_at FROM (
           SELECT record_key FROM (SELECT record_key FROM certificate
             WHERE stream_id = :streamId AND record_key = c.certificate_key OFFSET 0) AS by_key
           UNION SELECT record_key FROM (SELECT stream_id, record_key FROM certificate
             WHERE number = c.certificate_number AND c.certificate_key IS NULL OFFSET 0) AS by_number
           WHERE by_number.stream_id = :streamId
         ) AS held
         CROSS JOIN LATERAL (
           SELECT recorded_at, source_updated_at, status FROM certificate
           WHERE stream_id = :streamId AND record_key = held.record_key
           UNION ALL SELECT recorded_at, source_updated_at, status FROM certificate_history
           WHERE stream_id = :streamId AND record_key = held.record_key
         ) AS version
         WHERE status <> 'deleted' AND source_updated_at >= c.completed_at - interval '${MADE_BEFORE}' OFFSET 0
       ) AS version
       WHERE c.stream_id = :streamId AND c.arrived_at IS NULL AND c.withdrawn_at IS NULL
         ${numbers === null ? '' : 'AND c.case_number = ANY (:numbers)'} AND version.first_at IS NOT NULL
     )
     UPDATE completed_case SET arrived_at = first_at FROM found
     WHERE stream_id = :streamId AND completed_case.case_number = found.case_number
     RETURNING mode, push_subject AS subject, arrived_at AS "arrivedAt"`,
    { streamId, ...(numbers !== null && { numbers: [...numbers] }) },
  );
  for (const mode of ['online', 'offline'] as const) {
    const arrived = rows.filter((row) => row.mode === mode);
    if (arrived.length === 0) continue;
    const met = arrived.map((row) => (eased.has(row.subject) ? { ...row, arrivedAt: at } : row));
    const items = `SELECT subject, "arrivedAt" AS met_at
      FROM json_to_recordset(:met::json) AS arrived(subject text, "arrivedAt" timestamptz)`;
    await meetFrom(trx, `push-${mode}`, items, { met: JSON.stringify(met) }, by);
  }
  return [...new Set(rows.filter(({ mode }) => mode === 'bulk').map(({ subject }) => subject))];
}

/**
 * Brings the one deadline of each bulk issue (批量签发) in line with its cases.
 * @param eased overdue ones of which less is owed by what was just said: they are met by that, not before
 */
async function settleBulk(
  trx: Knex,
  stream: StreamRow,
  subjects: readonly string[],
  { by, at }: LedgerEntry,
  eased: ReadonlySet<string>,
): Promise<void> {
  if (subjects.length === 0) return;
  const { rows } = await trx.raw<{
    rows: { subject: string; first: Date | null; last: Date | null; open: number; arrivedAt: Date | null }[];
  }>(
    `SELECT subject, min(c.completed_at) AS first, max(c.completed_at) AS last,
       count(*) FILTER (WHERE c.stream_id IS NOT NULL AND c.arrived_at IS NULL) AS open, max(c.arrived_at) AS "arrivedAt"
     FROM unnest(:subjects::text[]) AS subject
     LEFT JOIN completed_case c ON c.push_subject = subject AND c.mode = 'bulk' AND c.withdrawn_at IS NULL
     GROUP BY subject`,
    { subjects: [...new Set(subjects)] },
  );
  const live = JSON.stringify(rows.filter(({ last }) => last !== null));
  for (const [starts, column] of [
    ['last-completed', 'last'],
    ['first-completed', 'first'],
  ] as const) {
    const from = `FROM json_to_recordset(:live::json) AS bulk(subject text, first timestamptz, last timestamptz)`;
    await openFrom(
      trx,
      'push-bulk',
      `SELECT :ownerCode::text AS owner_code, :ownerName::text AS owner_name, :streamId::integer AS stream_id, subject,
         ${column} AS started_at, NULL::text AS workflow_id, NULL::integer AS working_days ${from}`,
      { live, streamId: stream.id, ownerCode: stream.unitCode, ownerName: stream.unitName },
      { by, at, starts },
    );
    const items = `SELECT subject, ${column} AS started_at ${from}`;
    await retimeFrom(trx, 'push-bulk', items, { live }, { by, at, starts });
  }
  await meetFrom(
    trx,
    'push-bulk',
    `SELECT subject, CASE WHEN subject = ANY (:eased) THEN :at::timestamptz ELSE "arrivedAt" END AS met_at
     FROM json_to_recordset(:live::json) AS bulk(subject text, "arrivedAt" timestamptz, open integer) WHERE open = 0`,
    { live, at, eased: [...eased] },
    by,
  );
  const gone = rows.filter(({ last }) => last === null).map(({ subject }) => subject);
  const reason = { code: 'bulk-withdrawn' } as const;
  await dropObligations(trx, { subjects: gone, duty: 'push-bulk' }, { by, at, reason });
}

/**
 * Opens the deadlines of cases that were derived from records, and meets those whose certificates arrived. Each stream
 * in a transaction of its own; repeating it changes nothing.
 */
export async function syncCompletedCases(db: Knex, at: Date): Promise<void> {
  const who = { by: HUB, at };
  const { rows: streams } = await db.raw<{ rows: StreamRow[] }>(
    `SELECT id, name, unit_code AS "unitCode", unit_name AS "unitName" FROM stream s
     WHERE EXISTS (SELECT FROM completed_case WHERE stream_id = s.id AND arrived_at IS NULL AND withdrawn_at IS NULL)
       OR EXISTS (SELECT FROM completed_case WHERE stream_id = s.id AND pending)`,
  );
  for (const stream of streams) {
    await db.transaction(async (trx) => {
      await lockCases(trx, stream.id);
      const { rows } = await trx.raw<{ rows: { number: string; bulk: string | null }[] }>(
        `UPDATE completed_case SET pending = false WHERE stream_id = ? AND pending
         RETURNING case_number AS number, CASE WHEN mode = 'bulk' THEN push_subject END AS bulk`,
        [stream.id],
      );
      const numbers = rows.map(({ number }) => number);
      await openPushes(trx, stream, numbers, who);
      await openDeliveries(trx, stream, numbers, who);
      const arrived = await matchCases(trx, stream.id, null, who, NONE);
      await settleBulk(trx, stream, [...rows.flatMap(({ bulk }) => bulk ?? []), ...arrived], who, NONE);
    });
  }
}

/** A completed case, as people look at it. */
export interface CompletedCaseReport {
  stream: string;
  unit: string;
  caseNumber: string;
  mode: CompletedCaseMode;
  batch: string | null;
  completedAt: Date;
  arrivedAt: Date | null;
  deliveredAt: Date | null;
  withdrawnAt: Date | null;
  /** Of the push: null where no rule governs it, or the calendar is missing. */
  rule: string | null;
  basis: 'statutory' | 'internal' | null;
  dueAt: Date | null;
  state: ObligationState | null;
}

/**
 * Completed cases, the latest first. `open`: their certificates are not in; `late`: they are in late, or overdue.
 */
export async function listCompletedCases(
  db: Knex,
  at: Date,
  choice: { stream?: string | undefined; caseNumber?: string; only?: 'open' | 'late' | undefined; limit: number },
): Promise<CompletedCaseReport[]> {
  const { rows } = await db.raw<{ rows: CompletedCaseReport[] }>(
    `SELECT s.name AS stream, s.unit_name AS unit, c.case_number AS "caseNumber", c.mode, c.bulk_batch AS batch,
       c.completed_at AS "completedAt", c.arrived_at AS "arrivedAt", c.delivered_at AS "deliveredAt",
       c.withdrawn_at AS "withdrawnAt", push.rule, push.basis, push.due_at AS "dueAt", push.state
     FROM completed_case c JOIN stream s ON s.id = c.stream_id
     LEFT JOIN LATERAL (
       SELECT rule, basis, due_at, obligation_state(o, :at) AS state FROM obligation o
       WHERE o.subject = c.push_subject AND o.duty_kind LIKE 'push-%' ORDER BY due_at LIMIT 1
     ) AS push ON true
     WHERE (:stream::text IS NULL OR s.name = :stream)
       AND (:caseNumber::text IS NULL OR c.case_number = :caseNumber)
       AND (:only::text IS DISTINCT FROM 'open' OR c.arrived_at IS NULL AND c.withdrawn_at IS NULL)
       AND (:only::text IS DISTINCT FROM 'late' OR push.state IN ('overdue', 'met late'))
     ORDER BY c.completed_at DESC, c.case_number LIMIT :limit`,
    {
      at,
      stream: choice.stream ?? null,
      caseNumber: choice.caseNumber ?? null,
      only: choice.only ?? null,
      limit: choice.limit,
    },
  );
  return rows;
}
