import type { Knex } from 'knex';
import type { Catalog, CatalogEntry } from '../../domain/library/catalog.ts';
import { compositeState, countingMember, type CompositeMember } from '../../domain/library/composite.ts';
import type { Certificate } from '../../domain/library/certificate.ts';
import { normaliseCode, normaliseHolderCode } from '../../domain/library/identifiers.ts';
import { FINAL_STATUSES, stateOfForce, type StateOfForce } from '../../domain/library/lifecycle.ts';
import { markHistory, type MarkTeller, type StateMark, type ToldMarks } from '../../domain/library/marks.ts';
import { mergeSources, type MergedCertificate } from '../../domain/library/merge.ts';
import type { Status } from '../../domain/library/status.ts';
import { Prepared } from '../database.ts';
import type { Problem } from '../../domain/library/validation.ts';

/** One version of a certificate as a stream delivered it. */
export interface CertificateVersion extends Certificate {
  stream: string;
  unit: string;
  key: string;
  /** When its source changed it. */
  updatedAt: Date;
  /** When the hub took it. */
  recordedAt: Date;
  flags: Problem[] | null;
  marks: ToldMarks;
  /** Since when it is disputed (异议标注); null where no mark is in force. */
  disputedSince: Date | null;
}

/** Most certificates that one search names. */
const MOST = 100;

const COLUMNS = `c.identifier, c.type_code AS "typeCode", c.name, c.number, c.issuer_name AS "issuerName",
  c.issuer_code AS "issuerCode", c.issued_on::text AS "issuedOn", c.effective_on::text AS "effectiveOn",
  c.expires_on::text AS "expiresOn", c.long_term AS "longTerm", c.holders, c.status, c.raw_status AS "rawStatus",
  c.extension, s.name AS stream, s.unit_name AS unit, c.record_key AS key, c.source_updated_at AS "updatedAt",
  c.recorded_at AS "recordedAt", c.flags, c.marks,
  (SELECT min(marked_at) FROM mark WHERE mark.number = c.number AND coalesce(mark.type_code, c.type_code) = c.type_code
     AND lifted_at IS NULL) AS "disputedSince"`;

/** A certificate as it is now. */
export interface PresentCertificate extends CertificateVersion {
  /** By which this version is known. */
  contentHash: Buffer;
  /** Of a source that tells events: the versions before, the oldest first, which say what marks hold. */
  earlier: (Omit<MarkTeller, 'updatedAt' | 'recordedAt'> & { updatedAt: string; recordedAt: string })[] | null;
}

/** {@link COLUMNS} of a certificate as it is now. */
const PRESENT = `${COLUMNS}, c.content_hash AS "contentHash",
  CASE WHEN jsonb_typeof(c.marks) = 'object' THEN (
    SELECT jsonb_agg(jsonb_build_object('status', h.status, 'marks', h.marks, 'updatedAt', h.source_updated_at,
      'recordedAt', h.recorded_at) ORDER BY h.source_updated_at, h.replaced_at)
    FROM certificate_history h WHERE h.stream_id = c.stream_id AND h.record_key = c.record_key) END AS earlier`;

/**
 * Certificates of a holder, by two indexes: of whom it is the first, and of whom another. The latter by itself: the planner
 * cannot know how few they are, and would rather read the whole table where only some are wanted.
 */
function ofHolder(code: string, holder: string): string {
  const first = `(holders->0->>'code') COLLATE "C"`;
  return `(WITH other AS MATERIALIZED (
         SELECT * FROM certificate WHERE holders @> ${holder} AND jsonb_array_length(holders) > 1
           AND ${first} IS DISTINCT FROM ${code})
       SELECT * FROM certificate WHERE ${first} = ${code} UNION ALL SELECT * FROM other)`;
}

/** What certificates are looked up by, each served by an index. */
const SOUGHT = {
  identifier: 'SELECT * FROM certificate WHERE identifier IN (:code, :folded)',
  number: 'SELECT * FROM certificate WHERE number IN (:code, :folded)',
  holder: ofHolder(':holderCode', ':holder::jsonb'),
};
const EVERYTHING = Object.keys(SOUGHT) as (keyof typeof SOUGHT)[];

/** Of certificates `c`, those of streams and types of some units; null: all. */
const SEEN = `(:units::text[] IS NULL OR EXISTS (SELECT FROM stream WHERE id = c.stream_id AND unit_code = ANY (:units))
  OR c.type_code IN (SELECT type_code FROM catalog_entry
    WHERE state = 'approved' AND entry->'issuer'->>'code' = ANY (:units)))`;

/** Which of the certificates that were found are wanted. */
export interface CertificateChoice {
  by?: readonly (keyof typeof SOUGHT)[];
  typeCode?: string | undefined;
  /** 证照颁发机构代码. */
  issuer?: string | undefined;
  /** Of streams and types of these units only, such as those that somebody sees. */
  units?: readonly string[] | null;
}

/**
 * Certificates by their identifier, their number, or the code of a holder, as they are now; at most 100. A code may be
 * spelt as it is printed: it is folded as the library's own are.
 */
export async function findCertificates(
  db: Knex,
  code: string,
  { by = EVERYTHING, typeCode, issuer, units }: CertificateChoice = {},
): Promise<PresentCertificate[]> {
  const folded = normaliseCode(code);
  const holderCode = normaliseHolderCode(code);
  const { rows } = await db.raw<{ rows: PresentCertificate[] }>(
    `SELECT ${PRESENT} FROM (
       SELECT * FROM (${by.map((what) => SOUGHT[what]).join(' UNION ')}) AS c
       WHERE (:typeCode::text IS NULL OR type_code = :typeCode) AND (:issuer::text IS NULL OR issuer_code = :issuer)
         AND ${SEEN}
       LIMIT :most) AS c JOIN stream s ON s.id = c.stream_id
     ORDER BY c.type_code, c.number, c.source_updated_at DESC`,
    {
      code,
      folded,
      most: MOST,
      typeCode: typeCode ?? null,
      issuer: issuer ?? null,
      units: units ? [...units] : null,
      ...(by.includes('holder') && { holderCode, holder: JSON.stringify([{ code: holderCode }]) }),
    },
  );
  return rows;
}

// A sub-select keeps what is asked for from the planner: it would plan anew, which takes longer than to look it up.
const HELD = new Prepared<PresentCertificate>(
  'certificates-held',
  `SELECT ${PRESENT} FROM (
     SELECT * FROM (${ofHolder('(SELECT $1)', '(SELECT $3::jsonb)')}) AS held WHERE type_code = (SELECT $2) LIMIT ${MOST}) AS c JOIN stream s ON s.id = c.stream_id
   ORDER BY c.number, c.source_updated_at DESC`,
);

/** Records of certificates of one type that somebody holds, as they are now; at most 100. */
export const heldBy = (db: Knex, code: string, typeCode: string): Promise<PresentCertificate[]> =>
  HELD.rows(db, [code, typeCode, JSON.stringify([{ code }])]);

const NUMBERED = new Prepared<PresentCertificate>(
  'certificates-numbered',
  `SELECT ${PRESENT} FROM (
     SELECT * FROM certificate WHERE number = ANY ((SELECT $1::text[])::text[]) AND type_code = (SELECT $2) LIMIT ${MOST}) AS c
     JOIN stream s ON s.id = c.stream_id
   ORDER BY c.number, c.source_updated_at DESC`,
);

/** Records of certificates of one type with a number, however it is spelt, as they are now; at most 100. */
export const certificatesNumbered = (db: Knex, number: string, typeCode: string): Promise<PresentCertificate[]> =>
  NUMBERED.rows(db, [[number, normaliseCode(number)], typeCode]);

/** Records of certificates by type and number, as they are now; at most 100 of each. */
export async function recordsOfCertificates(
  db: Knex,
  certificates: readonly Pick<CertificateVersion, 'typeCode' | 'number'>[],
): Promise<PresentCertificate[]> {
  const { rows } = await db.raw<{ rows: PresentCertificate[] }>(
    `SELECT ${PRESENT} FROM json_to_recordset(:wanted::json) AS wanted("typeCode" text, number text)
     CROSS JOIN LATERAL (SELECT * FROM certificate
       WHERE number = wanted.number AND type_code = wanted."typeCode" LIMIT :most) AS c
     JOIN stream s ON s.id = c.stream_id
     ORDER BY c.type_code, c.number, c.source_updated_at DESC`,
    { wanted: JSON.stringify(certificates.map(({ typeCode, number }) => ({ typeCode, number }))), most: MOST },
  );
  return rows;
}

/** One record as it is now; null where there is none. */
export async function findRecord(
  db: Knex,
  { stream, key }: Pick<CertificateVersion, 'stream' | 'key'>,
): Promise<PresentCertificate | null> {
  const { rows } = await db.raw<{ rows: PresentCertificate[] }>(
    `SELECT ${PRESENT} FROM stream s JOIN certificate c ON c.stream_id = s.id WHERE s.name = :stream AND c.record_key = :key`,
    { stream, key },
  );
  return rows[0] ?? null;
}

/** Certificates of one stream, those that its source changed last first; `after`: so many of an instant, and all later, were seen. */
export async function certificatesOf(
  db: Knex,
  stream: string,
  choice: { units: readonly string[] | null; after?: { updatedAt: Date; seen: number } | undefined; limit: number },
): Promise<PresentCertificate[]> {
  const { rows } = await db.raw<{ rows: PresentCertificate[] }>(
    `SELECT ${PRESENT} FROM (
       SELECT * FROM certificate c WHERE stream_id = (SELECT id FROM stream WHERE name = :stream)
         AND (:from::timestamptz IS NULL OR source_updated_at <= :from) AND ${SEEN}
       ORDER BY source_updated_at DESC, record_key OFFSET :seen LIMIT :limit
     ) AS c JOIN stream s ON s.id = c.stream_id ORDER BY c.source_updated_at DESC, c.record_key`,
    {
      stream,
      from: choice.after?.updatedAt ?? null,
      seen: choice.after?.seen ?? 0,
      limit: choice.limit,
      units: choice.units ? [...choice.units] : null,
    },
  );
  return rows;
}

/** Whether a record is in the library and of a stream or type of some units; null: of any. */
export async function isSeen(db: Knex, stream: string, key: string, units: readonly string[] | null): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `SELECT FROM stream s JOIN certificate c ON c.stream_id = s.id
     WHERE s.name = :stream AND c.record_key = :key AND ${SEEN}`,
    { stream, key, units: units ? [...units] : null },
  );
  return rows.length > 0;
}

/** Names of what the ledger has of a certificate: of its case, of reminders of its end, of disputes about it. */
export async function certificateSubjects(
  db: Knex,
  { stream, key, number, typeCode }: Pick<CertificateVersion, 'stream' | 'key' | 'number' | 'typeCode'>,
): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { subject: string }[] }>(
    `SELECT unnest(ARRAY[push_subject, delivery_subject]) AS subject
       FROM completed_case JOIN stream s ON s.id = stream_id WHERE s.name = :stream AND case_number = :key
     UNION ALL SELECT subject FROM expiry_reminder WHERE number = :number AND type_code = :typeCode
     UNION ALL SELECT 'dispute/' || id || CASE WHEN turn > 1 THEN '#' || turn ELSE '' END
       FROM dispute JOIN case_file USING (id), generate_series(1, round) AS turn
       WHERE number = :number AND coalesce(type_code, :typeCode) = :typeCode`,
    { stream, key, number, typeCode },
  );
  return rows.map(({ subject }) => subject);
}

/** How many certificates several streams hold, and of how many of these their records differ. */
export async function countShared(db: Knex): Promise<{ certificates: number; differing: number }> {
  const { rows } = await db.raw<{ rows: { certificates: number; differing: number }[] }>(
    `SELECT count(*) AS certificates, count(*) FILTER (WHERE differ) AS differing FROM (
       SELECT ${DIFFER} AS differ FROM certificate WHERE status <> 'deleted'
       GROUP BY type_code, number HAVING count(DISTINCT stream_id) > 1) AS shared`,
  );
  return rows[0] ?? { certificates: 0, differing: 0 };
}

/** Records of one certificate that do not all say the same. */
const DIFFER = `count(DISTINCT (name, identifier, issuer_name, issuer_code, issued_on, effective_on, expires_on, long_term,
  holders, status)) > 1`;

/** A certificate that one stream holds as several records. */
export interface Duplicate {
  stream: string;
  unit: string;
  typeCode: string;
  name: string;
  number: string;
  /** The record that counts: the latest by time, then by key. */
  counts: string;
  others: string[];
}

/** Certificates that a stream delivered under several keys, none of them deleted, as a department files one twice. */
export async function duplicateCertificates(
  db: Knex,
  choice: { typeCode?: string | undefined; limit: number },
): Promise<Duplicate[]> {
  const { rows } = await db.raw<{ rows: (Omit<Duplicate, 'counts' | 'others'> & { keys: string[] })[] }>(
    `SELECT s.name AS stream, s.unit_name AS unit, d.* FROM (
       SELECT stream_id, type_code AS "typeCode", number, max(name) AS name,
         array_agg(record_key ORDER BY source_updated_at DESC, record_key DESC) AS keys
       FROM certificate WHERE status <> 'deleted' AND (:typeCode::text IS NULL OR type_code = :typeCode)
       GROUP BY stream_id, type_code, number HAVING count(*) > 1
       ORDER BY stream_id, type_code, number LIMIT :limit) AS d JOIN stream s ON s.id = d.stream_id
     ORDER BY s.name, "typeCode", number`,
    { typeCode: choice.typeCode ?? null, limit: choice.limit },
  );
  return rows.map(({ keys: [counts = '', ...others], stream, unit, typeCode, name, number }) => ({
    stream,
    unit,
    typeCode,
    name,
    number,
    counts,
    others,
  }));
}

/**
 * Certificates of which several streams hold records that differ, each with all its records; certificates that are
 * gone at a source are left to the others.
 */
export async function differingCertificates(
  db: Knex,
  choice: { typeCode?: string | undefined; limit: number },
): Promise<CertificateVersion[][]> {
  const { rows } = await db.raw<{ rows: CertificateVersion[] }>(
    `SELECT ${COLUMNS} FROM (
       SELECT type_code, number FROM certificate
       WHERE status <> 'deleted' AND (:typeCode::text IS NULL OR type_code = :typeCode)
       GROUP BY type_code, number
       HAVING count(DISTINCT stream_id) > 1 AND ${DIFFER}
       ORDER BY type_code, number LIMIT :limit
     ) AS d JOIN certificate c USING (type_code, number) JOIN stream s ON s.id = c.stream_id
     ORDER BY c.type_code, c.number, s.name, c.source_updated_at DESC, c.record_key DESC`,
    { typeCode: choice.typeCode ?? null, limit: choice.limit },
  );
  return [...Map.groupBy(rows, ({ typeCode, number }) => `${typeCode} ${number}`).values()];
}

/** A certificate that its source lets live on after it had ended it. */
export interface Revived extends Pick<CertificateVersion, 'stream' | 'unit' | 'key' | 'typeCode' | 'name' | 'number'> {
  /** The last of its final states, and when its source changed it to that. */
  endedAs: Status;
  endedAt: Date;
  /** What it is now, and since when. */
  status: Status;
  updatedAt: Date;
}

// In the query's text, not as a parameter: only so is the partial index of these states used with certainty.
const FINAL = FINAL_STATUSES.map((status) => `'${status}'`).join(', ');

/**
 * Certificates that count as living by their latest version, after an earlier one that had ended them. Reads final
 * versions that were replaced, which are few, by their own index, and looks each certificate up by its key: OFFSET 0
 * keeps the times out of that look-up, for which the planner would, without statistics, read a stream by time.
 */
export async function revivedCertificates(
  db: Knex,
  choice: { typeCode?: string | undefined; limit: number },
): Promise<Revived[]> {
  const { rows } = await db.raw<{ rows: Revived[] }>(REVIVED, {
    typeCode: choice.typeCode ?? null,
    limit: choice.limit,
  });
  return rows;
}

export const REVIVED = `
  SELECT s.name AS stream, s.unit_name AS unit, c.record_key AS key, c.type_code AS "typeCode", c.name, c.number,
    ended.status AS "endedAs", ended.source_updated_at AS "endedAt", c.status, c.source_updated_at AS "updatedAt"
  FROM (
    SELECT DISTINCT ON (stream_id, record_key) stream_id, record_key, status, source_updated_at
    FROM certificate_history WHERE status IN (${FINAL})
    ORDER BY stream_id, record_key, source_updated_at DESC
  ) AS ended
  CROSS JOIN LATERAL (
    SELECT * FROM certificate WHERE stream_id = ended.stream_id AND record_key = ended.record_key OFFSET 0
  ) AS c
  JOIN stream s ON s.id = c.stream_id
  WHERE c.status NOT IN (${FINAL}) AND c.source_updated_at >= ended.source_updated_at
    AND (:typeCode::text IS NULL OR c.type_code = :typeCode)
  ORDER BY ended.stream_id, ended.record_key LIMIT :limit`;

/** Of the records of one certificate, those that count: the latest of each stream. */
export const latestOfStreams = <Row extends CertificateVersion>(records: readonly Row[]): Row[] =>
  [...Map.groupBy(records, ({ stream }) => stream).values()].flatMap(
    (own) => own.toSorted((a, b) => b.updatedAt.getTime() - a.updatedAt.getTime() || (a.key < b.key ? 1 : -1))[0] ?? [],
  );

/** One certificate out of the records that several streams hold of it. */
export const mergeRecords = (
  records: readonly CertificateVersion[],
  entry: Pick<CatalogEntry, 'sources' | 'fieldSources'> | undefined,
): MergedCertificate =>
  mergeSources(latestOfStreams(records), { sources: entry?.sources ?? [], fieldSources: entry?.fieldSources ?? {} });

/** Of the records that several streams hold of one certificate, the one whose status counts. */
export const decidingRecord = <Row extends CertificateVersion>(
  records: readonly Row[],
  { origin }: Pick<MergedCertificate, 'origin'>,
): Row | null => latestOfStreams(records).find(({ stream }) => stream === origin.status) ?? null;

/** Whether a certificate is in force now, and the marks that hold. */
export function standingNow(row: PresentCertificate): { state: StateOfForce; marks: StateMark[] } {
  const before = (row.earlier ?? []).map(({ updatedAt, recordedAt, ...told }) => ({
    ...told,
    updatedAt: new Date(updatedAt),
    recordedAt: new Date(recordedAt),
  }));
  const marks = markHistory([...before, row]).changes.at(-1)?.held ?? [];
  return { state: stateOfForce(row.status, marks), marks };
}

/** A composite licence (行业综合许可证): its members, and its state, which follows theirs. */
export interface Composite {
  state: StateOfForce;
  members: CompositeMember<Pick<CertificateVersion, 'number' | 'status' | 'updatedAt'> & { state: StateOfForce }>[];
}

/**
 * What licences of several (一业一证) are made of, as their holders have it now, whoever delivers it; in the order of the
 * records, null for one whose type is no such licence. One query for all of them.
 * @param records each with the state that it says itself
 */
export async function compositesOf(
  db: Knex,
  records: readonly (Pick<CertificateVersion, 'typeCode' | 'holders'> & { state: StateOfForce })[],
  catalog: Catalog,
): Promise<(Composite | null)[]> {
  const typesOf = (typeCode: string): readonly string[] => catalog.get(typeCode)?.members ?? [];
  const composite = records.filter(({ typeCode }) => typesOf(typeCode).length > 0);
  const codes = new Set(composite.flatMap(({ holders: [holder] }) => holder?.code ?? []));
  const types = new Set(composite.flatMap(({ typeCode }) => typesOf(typeCode)));
  const { rows } =
    codes.size === 0
      ? { rows: [] }
      : await db.raw<{ rows: (PresentCertificate & { holder: string })[] }>(MEMBERS, {
          codes: [...codes],
          types: [...types],
          most: MOST,
        });
  // What several streams hold of one certificate is one member, as all of them together have it.
  const certificates = Map.groupBy(rows, ({ holder, typeCode, number }) => `${holder} ${typeCode} ${number}`);
  const held = Map.groupBy(
    [...certificates.values()].flatMap((own) => {
      const row = decidingRecord(own, mergeRecords(own, catalog.get(own[0]?.typeCode ?? '')));
      return row ? { ...row, state: standingNow(row).state } : [];
    }),
    ({ holder, typeCode }) => `${holder} ${typeCode}`,
  );
  return records.map(({ typeCode, holders: [holder], state }) => {
    const members = typesOf(typeCode).map((type) => ({
      typeCode: type,
      name: catalog.get(type)?.name ?? type,
      held: countingMember(held.get(`${holder?.code ?? ''} ${type}`) ?? []),
    }));
    return members.length === 0 ? null : { state: compositeState(state, members), members };
  });
}

/** Certificates of some types that each of some holders has, at most so many of a type. */
const MEMBERS = `SELECT wanted.holder, ${PRESENT}
  FROM unnest(:codes::text[]) AS wanted(holder) CROSS JOIN unnest(:types::text[]) AS member(type_code)
  CROSS JOIN LATERAL (SELECT * FROM (${ofHolder('wanted.holder', `jsonb_build_array(jsonb_build_object('code', wanted.holder))`)})
    AS held WHERE held.type_code = member.type_code LIMIT :most) AS c
  JOIN stream s ON s.id = c.stream_id`;

/** Every version of one record, the oldest first by its own time, the one that counts now last. */
export async function versionsOf(db: Knex, stream: string, key: string): Promise<CertificateVersion[]> {
  const { rows } = await db.raw<{ rows: CertificateVersion[] }>(
    `SELECT * FROM (
       SELECT DISTINCT ON (c.source_updated_at, c.content_hash) ${COLUMNS}, present FROM (
         SELECT certificate.*, true AS present FROM certificate
         UNION ALL SELECT ${HISTORY}, false FROM certificate_history
       ) AS c JOIN stream s ON s.id = c.stream_id
       WHERE s.name = ? AND c.record_key = ?
       ORDER BY c.source_updated_at, c.content_hash, present DESC, c.recorded_at
     ) AS version ORDER BY "updatedAt", present, "recordedAt"`,
    [stream, key],
  );
  return rows;
}

const HISTORY = `stream_id, record_key, number, type_code, name, identifier, issuer_name, issuer_code, issued_on,
  effective_on, expires_on, long_term, holders, status, raw_status, extension, flags, content_hash, source_updated_at,
  batch_id, recorded_at, marks`;
