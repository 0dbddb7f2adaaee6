import type { FastifyRequest } from 'fastify';
import type { Knex } from 'knex';
import { z } from 'zod';
import { keyOf } from '../../../settings/values.ts';
import { maskAll } from '../../../connectors/examine/discover.ts';
import { maskNumbers } from '../../../domain/library/personal.ts';
import { may } from '../../../domain/access.ts';
import { COMPLETED_CASE_MODES } from '../../../domain/casework/completed-case.ts';
import { faultInWords } from '../../../domain/faults.ts';
import { FIELD_NAMES, type NamedField } from '../../../domain/library/certificate.ts';
import { EVERY_STATE } from '../../../domain/ledger/duties.ts';
import { EVENTS, STATES_OF_FORCE, withEvents, type Lived } from '../../../domain/library/lifecycle.ts';
import { LOST_BETWEEN_READS, markHistory, STATE_MARKS, tellingOf } from '../../../domain/library/marks.ts';
import {
  SEAL_STATE_NAMES,
  sealReasonInWords,
  sealState,
  type Seal,
  type SealReason,
  type SealState,
} from '../../../domain/library/seals.ts';
import { MERGED_FIELDS } from '../../../domain/library/merge.ts';
import type { Said } from '../../../domain/said.ts';
import { RULES } from '../../../domain/library/validation.ts';
import { approvedCatalog } from '../../../store/library/catalog.ts';
import { fileWanted, filesOf } from '../../../store/library/certificate-files.ts';
import {
  certificateSubjects,
  compositesOf,
  findCertificates,
  isSeen,
  mergeRecords,
  versionsOf,
  type CertificateVersion,
} from '../../../store/library/certificates.ts';
import { listCompletedCases } from '../../../store/casework/completed-cases.ts';
import { marksOn } from '../../../store/casework/disputes.ts';
import { isIntact, type FileStore } from '../../../store/library/files/contract.ts';
import { listTasks } from '../../../store/ledger/tasks.ts';
import { usesOf } from '../../../store/sharing/usage-lists.ts';
import { FORBIDDEN, principalOf } from '../base/access.ts';
import type { ApiOptions } from '../base/api.ts';
import { ApiProblem } from '../base/problem.ts';
import { get, post } from '../base/route.ts';
import { date, instant, saidView } from '../base/views.ts';
import { shownBy, taskView } from '../ledger/tasks.ts';
import { certificateStatus, certificateView, holder, auditLook, PERSONAL_ADDRESS, shownRows } from './certificates.ts';

const versionView = z
  .object({
    event: keyOf(EVENTS),
    state: keyOf(STATES_OF_FORCE),
    began: z.array(keyOf(STATE_MARKS)).meta({ description: '状态标记 that began with it' }),
    ended: z.array(keyOf(STATE_MARKS)).meta({ description: '状态标记 that ended with it' }),
    held: z.array(keyOf(STATE_MARKS)).meta({ description: '状态标记 that hold since' }),
    conflict: z.boolean().meta({ description: 'The source lets it live on after it had ended it' }),
    updatedAt: instant.meta({ description: 'When its source changed it' }),
    recordedAt: instant.meta({ description: 'When the hub took it' }),
    status: certificateStatus,
    rawStatus: z.string(),
    identifier: z.string().nullable(),
    typeCode: z.string(),
    name: z.string(),
    number: z.string(),
    issuerName: z.string().nullable(),
    issuerCode: z.string().nullable(),
    issuedOn: date,
    effectiveOn: date.nullable(),
    expiresOn: date.nullable(),
    longTerm: z.boolean(),
    holders: z.array(holder),
    extension: z.array(z.object({ name: z.string(), label: z.string(), value: z.string() })),
    flags: z.array(z.object({ field: z.string(), zh: z.string(), en: z.string() })),
    changes: z
      .array(z.object({ field: z.string(), before: z.string(), after: z.string() }))
      .meta({ description: 'Against the version before it' }),
  })
  .meta({ id: 'CertificateVersion' });
export type VersionView = z.input<typeof versionView>;

const markMoment = z
  .object({
    at: instant.meta({ description: 'When it happened, by the source' }),
    knownAt: instant.meta({ description: 'When the hub knew it' }),
    notBefore: instant.nullable().meta({
      description:
        'The same as at where the source told the event; else the version before, since which it may have happened; null where the hub knows none',
    }),
  })
  .nullable();
const standingView = z
  .object({
    state: keyOf(STATES_OF_FORCE).meta({ description: 'Now, that of a licence of several follows its members' }),
    marks: z
      .array(
        z.object({
          mark: keyOf(STATE_MARKS),
          source: z.string().meta({ description: 'The stream that told it' }),
          begin: markMoment.meta({ description: 'Null: its end was told, its begin was not' }),
          end: markMoment.meta({ description: 'Null: it holds' }),
        }),
      )
      .meta({ description: '状态标记, those that hold first' }),
    lost: saidView.meta({ description: 'What may be lost between two reads of the source, or between its events' }),
  })
  .meta({ id: 'CertificateStanding' });

/** What was found out about a seal, or about a file with its seals. Only `valid` counts as sealed. */
const judged = {
  signature: z.enum(SEAL_STATE_NAMES as [SealState, ...SealState[]]),
  code: z.string().meta({ description: 'Names the reason for programs' }),
  reason: saidView,
};

const detailView = z
  .object({
    stream: z.string(),
    unit: z.string(),
    key: z.string(),
    typeCode: z.string(),
    unmasked: z.boolean(),
    counting: z
      .int()
      .nullable()
      .meta({ description: 'Which of the versions counted at the instant that was asked for; null: none yet' }),
    standing: standingView
      .nullable()
      .meta({ description: 'How it stands at the instant that was asked for; null: it was not there yet' }),
    composite: z
      .object({
        state: keyOf(STATES_OF_FORCE),
        members: z.array(
          z.object({
            typeCode: z.string(),
            name: z.string(),
            held: z
              .object({ number: z.string(), status: certificateStatus, state: keyOf(STATES_OF_FORCE) })
              .nullable()
              .meta({ description: 'Null: its holder has none' }),
          }),
        ),
      })
      .nullable()
      .meta({ description: '一业一证: what it is made of, and its state now, which follows that of its members' }),
    versions: z.array(versionView),
    marks: z.array(z.object({ dispute: z.int(), markedAt: instant })).meta({ description: '异议标注' }),
    sources: z.array(certificateView).meta({ description: 'Every record of the certificate, this one included' }),
    conflicts: z.array(
      z.object({
        field: z.enum(MERGED_FIELDS),
        believed: z.string(),
        values: z.array(z.object({ stream: z.string(), value: z.string() })),
      }),
    ),
    files: z.array(
      z.object({
        hash: z.string(),
        size: z.int(),
        stated: z.string().nullable(),
        ...judged,
        seals: z
          .array(
            z.object({
              ...judged,
              name: z.string().nullable().meta({ description: '印章名称; null for a signature without a seal' }),
              signer: z.string().nullable().meta({ description: '签章人, as its certificate names it' }),
              maker: z.string().nullable().meta({ description: '制章人' }),
              signedAt: instant.nullable().meta({ description: 'When it was sealed, as the seal itself says' }),
            }),
          )
          .meta({ description: 'Each seal and signature; one that does not hold decides for the file' }),
        fetchedAt: instant,
        judgedAt: instant,
      }),
    ),
    awaited: z
      .object({ attempts: z.int(), lastError: saidView.nullable(), nextAttemptAt: instant })
      .nullable()
      .meta({ description: 'Its file is not here yet' }),
    completedCase: z
      .object({
        caseNumber: z.string(),
        mode: keyOf(COMPLETED_CASE_MODES),
        completedAt: instant,
        arrivedAt: instant.nullable(),
        deliveredAt: instant.nullable(),
        withdrawnAt: instant.nullable(),
      })
      .nullable(),
    tasks: z.array(taskView),
    uses: z.array(z.object({ unit: z.string(), code: z.string(), name: z.string(), scenario: z.string() })),
  })
  .meta({ id: 'CertificateDetail' });
export type CertificateDetail = z.input<typeof detailView>;

const asked = z.object({
  asOf: z.iso.datetime({ offset: true }).optional().meta({ description: 'As it was then, by the time of its source' }),
});
const unmasked = z
  .stringbool()
  .default(false)
  .meta({ description: 'Holders written out; needs certificates:personal' });
const recordParams = z.object({ stream: z.string().max(60), key: z.string().min(1).max(500) });

const UNKNOWN = new ApiProblem(404, 'certificate-unknown', {
  zh: '没有这条证照记录',
  en: 'There is no such certificate',
});
export const NO_FILE = new ApiProblem(404, 'file-unknown', { zh: '没有取得证照文件', en: 'No file of it was fetched' });
const DAMAGED = new ApiProblem(500, 'file-damaged', {
  zh: '保存的文件与取得时不一致，不予下载',
  en: 'What is stored is not what was fetched any more',
});

/** Deadlines about one certificate that are shown. */
const MOST_TASKS = 50;

/** What one look at a record is about. */
interface Look {
  stream: string;
  key: string;
  asOf: string | undefined;
  /** Holders written out. */
  personal: boolean;
}

async function detailOf(
  request: FastifyRequest,
  options: ApiOptions,
  { stream, key: record, asOf, personal }: Look,
): Promise<z.output<typeof detailView>> {
  const { db, now, config } = options;
  const principal = principalOf(request);
  if (personal && !may(principal, 'certificates:personal')) throw FORBIDDEN;
  const { units } = principal;
  if (!(await isSeen(db, stream, record, units))) throw UNKNOWN;
  const versions = await versionsOf(db, stream, record);
  const latest = versions.at(-1);
  if (!latest) throw UNKNOWN;
  const { number, typeCode: type } = latest;
  const catalog = await approvedCatalog(db);
  const entry = catalog.get(type);
  const lives = withEvents(versions, entry?.inspection);
  const at = now();
  const [marks, records, fetched, awaited, cases, tasks, uses] = await Promise.all([
    marksOn(db, [number]),
    findCertificates(db, number, { by: ['number'], typeCode: type, units }),
    filesOf(db, stream, record),
    fileWanted(db, stream, record),
    listCompletedCases(db, at, { stream, caseNumber: record, limit: 1 }),
    certificateSubjects(db, latest).then((subjects) =>
      listTasks(db, at, { states: EVERY_STATE, subjects, units: principal.units, limit: MOST_TASKS }),
    ),
    usesOf(db, type),
  ]);
  if (personal) await auditLook(request, options, `certificate/${stream}/${maskNumbers(record)}`, {});
  const untilMs = asOf === undefined ? Number.POSITIVE_INFINITY : Date.parse(asOf);
  const counting = versions.findLastIndex(({ updatedAt }) => updatedAt.getTime() <= untilMs);
  const standing = standingAfter(lives.slice(0, counting + 1));
  const own = { ...latest, state: lives.at(-1)?.state ?? 'inForce' };
  const [composite = null] = await compositesOf(db, [own], catalog);
  const labels = new Map(entry?.face.map(({ name, label }) => [name, label]));
  const several = new Set(records.map((row) => row.stream)).size > 1;
  const { origin, conflicts } = several ? mergeRecords(records, entry) : { origin: {}, conflicts: [] };
  const [completed] = cases;
  return {
    stream,
    unit: latest.unit,
    key: personal ? record : maskNumbers(record),
    typeCode: type,
    unmasked: personal,
    counting: counting < 0 ? null : counting,
    standing: standing && { ...standing, state: (asOf === undefined ? composite?.state : undefined) ?? standing.state },
    composite: composite && {
      state: composite.state,
      members: composite.members.map(({ held, ...member }) => ({
        ...member,
        held: held && { number: maskNumbers(held.number), status: held.status, state: held.state },
      })),
    },
    versions: lives.map((version, index) => ({
      ...shownVersion(version, labels, personal),
      event: version.event,
      conflict: version.conflict,
      state: version.state,
      began: version.began,
      ended: version.ended,
      held: version.held,
      changes: changesBetween(lives[index - 1], version, labels, personal),
    })),
    marks: marks
      .filter((mark) => mark.typeCode === null || mark.typeCode === type)
      .map(({ dispute, markedAt }) => ({ dispute, markedAt })),
    sources: await shownRows(db, records, may(principal, 'certificates:personal')),
    conflicts: conflicts.map(({ field, values }) => ({
      field,
      believed: origin[field] ?? '',
      values: values.map(({ stream: of, value }) => ({ stream: of, value: shownValue(field, value, personal) })),
    })),
    files: fetched.map(({ reason, seals, ...file }) => ({
      ...file,
      code: reason.code,
      reason: wordsOf(reason, personal),
      seals: seals.map((seal) => shownSeal(seal, personal)),
    })),
    awaited: awaited && {
      ...awaited,
      lastError: awaited.lastError === null ? null : withoutNumbers(faultInWords(awaited.lastError)),
    },
    completedCase: completed ? { ...completed, caseNumber: maskNumbers(completed.caseNumber) } : null,
    tasks: tasks.map(shownBy(config(), at)),
    uses,
  };
}

const getCertificate = get(
  '/certificates/:stream/:key',
  {
    needs: 'certificates:read',
    summary: '一份证照 One record: versions, marks, sources, file, case, deadlines, use',
    tag: 'certificates',
    params: recordParams,
    query: asked.extend({ unmasked }),
    answer: detailView,
    problems: [404],
  },
  (request, options) => {
    const { asOf, unmasked: personal } = request.query;
    if (maskNumbers(request.params.key) !== request.params.key) throw PERSONAL_ADDRESS;
    return detailOf(request, options, { ...request.params, asOf, personal });
  },
);

const postCertificateRecord = post(
  '/certificates/record',
  {
    needs: 'certificates:personal',
    summary: '一份证照（记录键含身份证号） One record whose key must not stand in an address',
    tag: 'certificates',
    body: recordParams.extend(asked.shape),
    answer: detailView,
    problems: [404],
  },
  (request, options) => {
    const { stream, key, asOf } = request.body;
    return detailOf(request, options, { stream, key, asOf, personal: true });
  },
);

const getCertificateFile = get(
  '/certificates/:stream/:key/file',
  {
    needs: 'certificates:personal',
    summary: '证照文件 The latest file of a record, as it was fetched',
    tag: 'certificates',
    params: recordParams,
    answer: { type: 'application/octet-stream' },
    problems: [404],
  },
  async (request, options, reply) => {
    const { db, files } = options;
    const { stream, key: record } = request.params;
    if (maskNumbers(record) !== record) throw PERSONAL_ADDRESS;
    if (!(await isSeen(db, stream, record, principalOf(request).units))) throw UNKNOWN;
    const file = await requireFile(db, files, { stream, key: record });
    await auditLook(request, options, `certificate/${stream}/${maskNumbers(record)}`, { file });
    return reply
      .type('application/octet-stream')
      .header('Content-Disposition', `attachment; filename="${file.slice(0, 16)}"`)
      .header('X-Content-Type-Options', 'nosniff')
      .send(await files.get(file));
  },
);

/** The hash of a record’s present file; throws a problem where there is none, or it is not what was fetched any more. */
export async function requireFile(
  db: Knex,
  files: FileStore,
  { stream, key: record }: Pick<CertificateVersion, 'stream' | 'key'>,
): Promise<string> {
  const [latest] = await filesOf(db, stream, record);
  if (!latest) throw NO_FILE;
  if (!(await isIntact(files, latest.hash))) throw DAMAGED;
  return latest.hash;
}

/** How a certificate stands after its versions; null where there is none. */
function standingAfter(versions: readonly Lived<CertificateVersion>[]): z.output<typeof standingView> | null {
  const last = versions.at(-1);
  if (!last) return null;
  const { periods } = markHistory(versions);
  const [held, over] = [periods.filter(({ end }) => end === null), periods.filter(({ end }) => end !== null)];
  return {
    state: last.state,
    marks: [...held, ...over.toReversed()].map((period) => ({ ...period, source: last.stream })),
    lost: LOST_BETWEEN_READS[tellingOf(last)],
  };
}

function shownVersion(
  row: CertificateVersion,
  labels: ReadonlyMap<string, string>,
  personal: boolean,
): Omit<z.output<typeof versionView>, keyof Lived<unknown> | 'changes'> {
  const extension = (personal ? row.extension : maskAll(row.extension)) as Record<string, unknown>;
  return {
    ...row,
    number: personal ? row.number : maskNumbers(row.number),
    holders: (personal ? row.holders : maskAll(row.holders)) as CertificateVersion['holders'],
    extension: Object.entries(extension).map(([name, value]) => ({
      name,
      label: labels.get(name) ?? name,
      value: textOf(value),
    })),
    flags: (row.flags ?? []).map(({ rule, field }) => ({ field, zh: RULES[rule].zh, en: RULES[rule].en })),
  };
}

/** A seal as it is shown; a person's certificate, or the path of an attachment, can hold a 公民身份号码. */
const shownSeal = ({ reason, signedAt, ...seal }: Seal, personal: boolean) => ({
  name: seal.name,
  signer: seal.signer !== null && !personal ? maskNumbers(seal.signer) : seal.signer,
  maker: seal.maker,
  signature: sealState(reason),
  code: reason.code,
  reason: wordsOf(reason, personal),
  signedAt: signedAt === null ? null : new Date(signedAt),
});

function wordsOf(reason: SealReason, personal: boolean): Said {
  const words = sealReasonInWords(reason);
  return personal ? words : withoutNumbers(words);
}

const withoutNumbers = ({ zh, en }: Said): Said => ({ zh: maskNumbers(zh), en: maskNumbers(en) });

/** Fields in which a version differs from the one before it; those of the 照面扩展 by their labels. */
function changesBetween(
  before: CertificateVersion | undefined,
  after: CertificateVersion,
  labels: ReadonlyMap<string, string>,
  personal: boolean,
): { field: string; before: string; after: string }[] {
  if (!before) return [];
  const fields = (Object.keys(FIELD_NAMES) as NamedField[]).map((field) => ({
    field: field,
    was: valueOf(before, field),
    is: valueOf(after, field),
  }));
  const names = new Set([...Object.keys(before.extension), ...Object.keys(after.extension)]);
  const printed = [...names].map((name) => ({
    field: labels.get(name) ?? name,
    was: before.extension[name],
    is: after.extension[name],
  }));
  return [...fields, ...printed]
    .filter(({ was, is }) => JSON.stringify(was ?? null) !== JSON.stringify(is ?? null))
    .map(({ field, was, is }) => ({
      field,
      before: shownValue(field, was, personal),
      after: shownValue(field, is, personal),
    }));
}

const valueOf = (version: CertificateVersion, field: NamedField): unknown =>
  field === 'expiresOn' && version.longTerm ? '长期' : version[field];

/** A value for people; what can be personal is masked. */
function shownValue(field: string, value: unknown, personal: boolean): string {
  if (personal) return textOf(value);
  if (field === 'number') return maskNumbers(textOf(value));
  return textOf(Object.hasOwn(FIELD_NAMES, field) && field !== 'holders' ? value : maskAll(value));
}

const isHolder = (value: unknown): value is { name: string; code: string } =>
  typeof value === 'object' && value !== null && 'name' in value && 'code' in value;

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value) && value.every(isHolder))
    return value.map(({ name, code: holderCode }) => `${name} ${holderCode}`).join('、');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** One certificate (证照). */
export const certificateRecordRoutes = { getCertificate, postCertificateRecord, getCertificateFile };
