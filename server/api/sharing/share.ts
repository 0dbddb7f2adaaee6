import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Knex } from 'knex';
import { z } from 'zod';
import { mask } from '../../../connectors/examine/discover.ts';
import { STATES_OF_FORCE, type StateOfForce } from '../../../domain/library/lifecycle.ts';
import { STATE_MARKS } from '../../../domain/library/marks.ts';
import type { Catalog } from '../../../domain/library/catalog.ts';
import type { Certificate } from '../../../domain/library/certificate.ts';
import { SEAL_STATES } from '../../../domain/library/seals.ts';
import { foldName } from '../../../domain/library/spelling.ts';
import { shanghaiDate } from '../../../domain/dates.ts';
import {
  grantFor,
  REFUSALS,
  type Ask,
  type Grant,
  type Refusal,
  type SharedField,
} from '../../../domain/sharing/grant.ts';
import type { UseAct } from '../../../domain/sharing/use.ts';
import { keyOf } from '../../../settings/values.ts';
import { approvedCatalog } from '../../../store/library/catalog.ts';
import {
  compositeOf,
  findCertificates,
  findRecord,
  latestOfStreams,
  mergeRecords,
  standingNow,
  type PresentCertificate,
} from '../../../store/library/certificates.ts';
import { isIntact } from '../../../store/library/files/contract.ts';
import { filesOf, findFetched } from '../../../store/library/certificate-files.ts';
import { grantsOf } from '../../../store/sharing/grants.ts';
import { findReceipt, listKeys } from '../../../store/sharing/receipts.ts';
import { newCode, noteUse, useByCode, withinDay, type CodedUse, type UseContext } from '../../../store/sharing/uses.ts';
import { principalOf } from '../base/access.ts';
import type { ApiOptions } from '../base/api.ts';
import { ApiProblem } from '../base/problem.ts';
import { get, post } from '../base/route.ts';
import { date, instant, text } from '../base/views.ts';
import { grantView, shownGrant } from './grants.ts';
import { provenReceipt, shownReceipt } from './uses.ts';

const tag = 'share';

/** What every call says of itself (GB/T 36906 and its kin ask for the same five). */
const use = z.object({
  matter: text(100).meta({ description: '事项编码, as the approved list of uses has it' }),
  scenario: text(200).meta({ description: '应用场景, as the list has it' }),
  business: text(100).meta({ description: '业务流水号: number of the case that the certificate is needed for' }),
  reason: text(200).meta({ description: '用证事由, in words that the holder will read' }),
  operator: text(100).optional().meta({ description: 'Who works at the case, as the user unit knows them' }),
});
const typeCode = z.string().regex(/^[0-9A-Z]{1,21}$/, '证照类型代码');
const holder = z.object({
  code: text(100).meta({ description: '公民身份号码, 统一社会信用代码 …' }),
  name: text(200).meta({ description: 'Must be the name of the holder with this code: else nothing is found' }),
});
const code = z.string().regex(/^[\w-]{22}$/, '用证码');

const standing = {
  state: keyOf(STATES_OF_FORCE).meta({ description: '有效, 中止 or 终止, now' }),
  marks: z.array(keyOf(STATE_MARKS)).meta({ description: '状态标记 that hold' }),
  disputed: z.boolean().meta({ description: '异议标注: its issuer is asked whether it is right' }),
};
const sharedCertificate = z
  .object({
    typeCode: z.string(),
    name: z.string().optional(),
    number: z.string().optional(),
    identifier: z.string().nullable().optional(),
    issuerName: z.string().nullable().optional(),
    issuerCode: z.string().nullable().optional(),
    issuedOn: date.optional(),
    effectiveOn: date.nullable().optional(),
    expiresOn: date.nullable().optional().meta({ description: 'Null: 长期, or not stated' }),
    holders: z
      .array(z.object({ name: z.string(), code: z.string(), codeType: z.string() }))
      .optional()
      .meta({ description: 'Codes of others than the one that was asked for are masked' }),
    status: z.string().optional(),
    face: z.record(z.string(), z.unknown()).meta({ description: '照面信息 that the grant names' }),
    ...standing,
  })
  .meta({ id: 'SharedCertificate' });
type SharedCertificate = z.input<typeof sharedCertificate>;

const found = z
  .object({
    certificates: z.array(
      sharedCertificate.extend({
        code: code.meta({ description: '用证码: reads this certificate on, for this case alone, within 30 days' }),
      }),
    ),
  })
  .meta({ id: 'FoundCertificates' });

/** What verifying data says; the numbers are those that two vendors of such interfaces use alike. */
const VERDICTS = {
  0: { zh: '真实有效', en: 'right and in force' },
  1: { zh: '尚未生效', en: 'not in force yet' },
  2: { zh: '中止', en: 'suspended' },
  3: { zh: '已失效', en: 'not in force any more' },
  5: { zh: '无此证照', en: 'no such certificate' },
  6: { zh: '内容不一致', en: 'what was given differs' },
} as const;
const written = z
  .object({
    name: z.string(),
    issuerName: z.string(),
    issuedOn: date,
    effectiveOn: date.nullable(),
    expiresOn: date.nullable(),
  })
  .partial()
  .meta({ description: 'What is written on what was shown, of the fields that the grant names' });
const verified = z
  .object({
    result: z.literal([0, 1, 2, 3, 5, 6]).meta({
      description: Object.entries(VERDICTS)
        .map(([number, { zh }]) => `${number} ${zh}`)
        .join('，'),
    }),
    meaning: z.object({ zh: z.string(), en: z.string() }),
    differs: z.array(z.string()).meta({ description: 'Fields that were given and are otherwise' }),
    state: standing.state.nullable(),
    marks: standing.marks,
    disputed: z.boolean(),
  })
  .meta({ id: 'VerifiedData' });

const verifiedFile = z
  .object({
    authentic: z.boolean().meta({
      description:
        '真实: byte for byte a file that its issuer delivered. Copies, photographs and prints are no electronic certificates',
    }),
    latest: z.boolean().nullable().meta({ description: 'It is the present file of the certificate' }),
    seals: keyOf(SEAL_STATES).nullable(),
    state: standing.state.nullable(),
    marks: standing.marks,
    disputed: z.boolean(),
  })
  .meta({ id: 'VerifiedFile' });

const UNKNOWN_CODE = new ApiProblem(
  404,
  'use-code-unknown',
  { zh: '没有这个用证码，或已过期', en: 'There is no such code, or it is past its time' },
  { zh: '请重新查询', en: 'Find the certificate again' },
);
const NO_FILE = new ApiProblem(404, 'file-unknown', {
  zh: '没有取得证照文件',
  en: 'No file of it was fetched',
});
const DAMAGED = new ApiProblem(500, 'file-damaged', {
  zh: '保存的文件与取得时不一致，不予提供',
  en: 'What is stored is not what was fetched any more',
});
const NO_UNIT = new ApiProblem(403, 'unit-missing', {
  zh: '账号没有所属单位，不能用证',
  en: 'The account is of no unit, and cannot use certificates',
});

/** Refuses what no grant covers, with the way to apply for it. */
function refused(refusal: Refusal): ApiProblem {
  const limit = refusal === 'day-limit';
  return new ApiProblem(
    limit ? 429 : 403,
    refusal,
    REFUSALS[refusal],
    limit
      ? { zh: '请于次日再试，或申请提高上限', en: 'Come again tomorrow, or apply for a higher limit' }
      : {
          zh: '完善本单位用证清单，或提出共享申请：POST /api/v1/share-requests',
          en: 'Complete the unit’s list of uses, or request the share: POST /api/v1/share-requests',
        },
  );
}

/** One call: what it is, for the grants and for the log. */
interface Call extends Ask {
  act: UseAct;
  context: UseContext;
  /** Code of the holder that is asked about. */
  holder: string | null;
}

/** What is answered to a call, and which certificates it shows. */
interface Answered {
  body: Buffer | string;
  type: string;
  certificates: readonly PresentCertificate[];
  codes?: readonly string[];
}

/**
 * Answers a call of the share interface, or refuses it: the one place where grants are asked, the day's limit is counted
 * and the use is written down, refusals as well. The log's entry commits before anything is answered.
 */
async function answer(
  reply: FastifyReply,
  { db, now }: ApiOptions,
  call: Call,
  work: (grant: Grant, trx: Knex.Transaction) => Promise<Answered>,
): Promise<never> {
  const at = now();
  const receipt = randomUUID();
  void reply.header('Hub-Receipt', receipt);
  const { context, act, typeCode: type, holder: asked } = call;
  const noted = { context, act, typeCode: type, holder: asked };
  const refuse = async (refusal: Refusal, grantId: number | null): Promise<never> => {
    const problem = refused(refusal);
    await db.transaction((trx) =>
      noteUse(trx, receipt, { ...noted, outcome: 'refused', refusal, grantId, answer: refusal, certificates: [] }, at),
    );
    throw problem;
  };
  const grant = grantFor(call, await grantsOf(db, context.unit.code), at);
  if (typeof grant === 'string') return refuse(grant, null);
  const answered = await db.transaction(async (trx) => {
    if (!(await withinDay(trx, grant.id, grant.perDay, at))) return null;
    const made = await work(grant, trx);
    const outcome = made.certificates.length > 0 ? 'answered' : 'none';
    const { body, certificates, codes } = made;
    await noteUse(
      trx,
      receipt,
      { ...noted, outcome, refusal: null, grantId: grant.id, answer: body, certificates },
      at,
      codes,
    );
    return made;
  });
  if (!answered) return refuse('day-limit', grant.id);
  // Written out already, as its digest is made of it.
  return reply.type(answered.type).send(answered.body) as never;
}

const JSON_TYPE = 'application/json; charset=utf-8';

/** Who calls, with what they say of their use. */
function contextOf(
  request: FastifyRequest,
  { matter, scenario, business, reason, operator }: z.output<typeof use>,
): UseContext {
  const { accountId, login, unitCode, unitName } = principalOf(request);
  if (unitCode === null) throw NO_UNIT;
  return {
    unit: { code: unitCode, name: unitName ?? unitCode },
    accountId,
    client: login,
    operator: operator ?? null,
    address: request.ip,
    matter,
    scenario,
    business,
    reason,
  };
}

/** A certificate out of its records, as a grant lets it be seen. */
interface Shared {
  record: PresentCertificate;
  certificate: Certificate;
  state: StateOfForce;
  marks: ReturnType<typeof standingNow>['marks'];
  disputed: boolean;
}

/** Certificates out of the records that streams have of them; what its sources deleted is none. */
async function sharedOf(db: Knex, records: readonly PresentCertificate[], catalog: Catalog): Promise<Shared[]> {
  const groups = Map.groupBy(
    records.filter(({ status }) => status !== 'deleted'),
    ({ typeCode: type, number }) => `${type} ${number}`,
  );
  return Promise.all(
    [...groups.values()].map(async (own) => {
      const latest = latestOfStreams(own) as PresentCertificate[];
      const merged = mergeRecords(latest, catalog.get(latest[0]?.typeCode ?? ''));
      const { certificate, origin } = merged;
      const record = latest.find(({ stream }) => stream === origin.status) ?? (latest[0] as PresentCertificate);
      const { state, marks } = standingNow(record);
      const composite = await compositeOf(db, certificate, state, catalog);
      const disputed = own.some(({ disputedSince }) => disputedSince !== null);
      return { record, certificate, state: composite?.state ?? state, marks, disputed };
    }),
  );
}

/** What of a certificate a grant shows. @param asked the holder that was asked for, whose code is no secret to the caller */
function shown({ certificate, state, marks, disputed }: Shared, grant: Grant, asked: string): SharedCertificate {
  const granted = (field: SharedField): boolean => grant.fields.includes(field);
  const values = {
    name: certificate.name,
    number: certificate.number,
    identifier: certificate.identifier,
    issuerName: certificate.issuerName,
    issuerCode: certificate.issuerCode,
    issuedOn: certificate.issuedOn,
    effectiveOn: certificate.effectiveOn,
    expiresOn: certificate.expiresOn,
    holders: certificate.holders.map((each) => ({ ...each, code: each.code === asked ? each.code : mask(each.code) })),
    status: certificate.status,
  };
  return {
    typeCode: certificate.typeCode,
    ...Object.fromEntries(Object.entries(values).filter(([field]) => granted(field as SharedField))),
    face: Object.fromEntries(Object.entries(certificate.extension).filter(([name]) => granted(`face:${name}`))),
    state,
    marks,
    disputed,
  };
}

/** Whether somebody of a name holds a certificate under a code, however the name is spelt. */
const isHeldBy = ({ holders }: Pick<Certificate, 'holders'>, { code: own, name }: z.output<typeof holder>): boolean =>
  holders.some((each) => each.code === own && foldName(each.name) === foldName(name));

const getGrants = get(
  '/grants',
  {
    needs: 'certificates:use',
    summary: '可用授权 What the caller’s unit may use, and for what',
    tag,
    answer: z.object({ grants: z.array(grantView) }),
  },
  async (request, { db }) => {
    const { unitCode } = principalOf(request);
    if (unitCode === null) throw NO_UNIT;
    return { grants: (await grantsOf(db, unitCode)).map(shownGrant) };
  },
);

const postFind = post(
  '/find',
  {
    needs: 'certificates:use',
    summary: '查询 Certificates of one type that somebody holds, with the fields that the grant names',
    description: 'The header Hub-Receipt of the answer, also of a refusal, is the number of its receipt.',
    tag,
    body: z.object({ use, typeCode, holder }),
    answer: found,
    problems: [403, 429],
  },
  (request, options, reply) => {
    const { use: said, typeCode: type, holder: asked } = request.body;
    const context = contextOf(request, said);
    const { matter, scenario } = said;
    const call = {
      interface: 'find',
      act: 'find',
      typeCode: type,
      matter,
      scenario,
      context,
      holder: asked.code,
    } as const;
    return answer(reply, options, call, async (grant, trx) => {
      const catalog = await approvedCatalog(trx);
      const records = await findCertificates(trx, asked.code, { by: ['holder'], typeCode: type });
      const shared = (await sharedOf(trx, records, catalog)).filter(({ certificate }) => isHeldBy(certificate, asked));
      const codes = shared.map(() => newCode());
      const certificates = shared.map((each, index) => ({
        code: codes[index] ?? '',
        ...shown(each, grant, asked.code),
      }));
      return {
        body: JSON.stringify(found.encode({ certificates })),
        type: JSON_TYPE,
        certificates: shared.map(({ record }) => record),
        codes,
      };
    });
  },
);

/** A call by a code: for the same use of the same unit that it was given for. */
async function callByCode(
  request: FastifyRequest,
  { db, now }: ApiOptions,
  given: string,
): Promise<{ context: UseContext; coded: CodedUse }> {
  const coded = await useByCode(db, given, now());
  const { unitCode } = principalOf(request);
  if (unitCode === null || coded?.unitCode !== unitCode) throw UNKNOWN_CODE;
  return { context: contextOf(request, coded), coded };
}

/** Every record of the certificate that a code stands for. */
async function recordsOf(db: Knex, coded: CodedUse): Promise<PresentCertificate[]> {
  const own = await findRecord(db, coded);
  return own ? findCertificates(db, own.number, { by: ['number'], typeCode: own.typeCode }) : [];
}

const postRead = post(
  '/read',
  {
    needs: 'certificates:use',
    summary: '读取 A certificate that was found, as it is now',
    tag,
    body: z.object({ code }),
    answer: found,
    problems: [403, 404, 429],
  },
  async (request, options, reply) => {
    const { code: given } = request.body;
    const { context, coded } = await callByCode(request, options, given);
    const call = { ...coded, interface: 'find', act: 'read', context, holder: null } as const;
    return answer(reply, options, call, async (grant, trx) => {
      const shared = await sharedOf(trx, await recordsOf(trx, coded), await approvedCatalog(trx));
      const certificates = shared.map((each) => ({ code: given, ...shown(each, grant, '') }));
      return {
        body: JSON.stringify(found.encode({ certificates })),
        type: JSON_TYPE,
        certificates: shared.map(({ record }) => record),
      };
    });
  },
);

const postFile = post(
  '/file',
  {
    needs: 'certificates:use',
    summary: '取原件 The file of a certificate that was found, byte for byte as its issuer delivered it',
    tag,
    body: z.object({ code }),
    answer: { type: 'application/octet-stream' },
    problems: [403, 404, 429],
  },
  async (request, options, reply) => {
    const { context, coded } = await callByCode(request, options, request.body.code);
    const call = { ...coded, interface: 'file', act: 'file', context, holder: null } as const;
    const { files } = options;
    return answer(reply, options, call, async (_grant, trx) => {
      const record = await findRecord(trx, coded);
      const [latest] = await filesOf(trx, coded.stream, coded.key);
      if (!record || !latest) throw NO_FILE;
      if (!(await isIntact(files, latest.hash))) throw DAMAGED;
      void reply.header('X-Content-Type-Options', 'nosniff').header('Content-Disposition', 'attachment');
      const body = Buffer.concat(await Array.fromAsync(await files.get(latest.hash)));
      return { body, type: 'application/octet-stream', certificates: [record] };
    });
  },
);

const postVerify = post(
  '/verify',
  {
    needs: 'certificates:use',
    summary:
      '核验数据 Whether somebody holds a certificate with this number, whether it is in force, and whether what it says is so',
    tag,
    body: z.object({
      use,
      typeCode,
      holder,
      number: text(200),
      written: written.default({}),
    }),
    answer: verified,
    problems: [403, 429],
  },
  (request, options, reply) => {
    const { use: said, typeCode: type, holder: asked, number, written: given } = request.body;
    const context = contextOf(request, said);
    const { matter, scenario } = said;
    const call = {
      interface: 'verify',
      act: 'verify',
      typeCode: type,
      matter,
      scenario,
      context,
      holder: asked.code,
    } as const;
    return answer(reply, options, call, async (grant, trx) => {
      const records = await findCertificates(trx, number, { by: ['number'], typeCode: type });
      const shared = await sharedOf(trx, records, await approvedCatalog(trx));
      const own = shared.find(({ certificate }) => isHeldBy(certificate, asked));
      const body = own ? verdictOf(own, grant, given, shanghaiDate(options.now().getTime())) : NONE;
      return {
        body: JSON.stringify(verified.encode(body)),
        type: JSON_TYPE,
        certificates: own ? [own.record] : [],
      };
    });
  },
);
const NONE: z.input<typeof verified> = {
  result: 5,
  meaning: VERDICTS[5],
  differs: [],
  state: null,
  marks: [],
  disputed: false,
};

function verdictOf(
  { certificate, state, marks, disputed }: Shared,
  { fields }: Grant,
  expected: z.output<typeof written>,
  today: string,
): z.input<typeof verified> {
  const differs = Object.entries(expected)
    .filter(([field, value]) => {
      const name = field as keyof typeof expected;
      const [is, given] = [certificate[name] ?? '', value ?? ''];
      return fields.includes(name) && foldName(is) !== foldName(given);
    })
    .map(([field]) => field);
  const early = certificate.effectiveOn !== null && certificate.effectiveOn > today;
  const past = certificate.expiresOn !== null && certificate.expiresOn < today;
  const result = state === 'ended' || past ? 3 : state === 'suspended' ? 2 : early ? 1 : differs.length > 0 ? 6 : 0;
  return { result, meaning: VERDICTS[result], differs, state, marks, disputed };
}

/** Of a file that is shown, in base64: twenty megabytes. */
const LARGEST_FILE = 28_000_000;

const postVerifyFile = post(
  '/verify-file',
  {
    needs: 'certificates:use',
    summary: '核验文件 Whether a file is an electronic certificate of the library, and how that stands',
    tag,
    body: z.object({ use, typeCode, content: z.base64().max(LARGEST_FILE) }),
    bodyLimit: LARGEST_FILE + 10_000,
    answer: verifiedFile,
    problems: [403, 429],
  },
  (request, options, reply) => {
    const { use: said, typeCode: type, content } = request.body;
    const context = contextOf(request, said);
    const { matter, scenario } = said;
    const call = {
      interface: 'verify',
      act: 'verify-file',
      typeCode: type,
      matter,
      scenario,
      context,
      holder: null,
    } as const;
    return answer(reply, options, call, async (_grant, trx) => {
      const file = await findFetched(trx, Buffer.from(content, 'base64'), type);
      const record = file && (await findRecord(trx, file));
      const [own] = record ? await sharedOf(trx, [record], await approvedCatalog(trx)) : [];
      const body: z.input<typeof verifiedFile> = {
        authentic: file !== null,
        latest: file?.latest ?? null,
        seals: file?.signature ?? null,
        state: own?.state ?? null,
        marks: own?.marks ?? [],
        disputed: own?.disputed ?? false,
      };
      return { body: JSON.stringify(verifiedFile.encode(body)), type: JSON_TYPE, certificates: record ? [record] : [] };
    });
  },
);

const getReceipt = get(
  '/receipts/:receipt',
  {
    needs: 'certificates:use',
    summary: '用证回执 A receipt of the caller’s unit with what proves it; without its proof it is 待签',
    tag,
    params: z.object({ receipt: z.uuid() }),
    answer: provenReceipt,
    problems: [404],
  },
  async (request, { db }) => shownReceipt(await findReceipt(db, request.params.receipt), principalOf(request)),
);

const getReceiptKeys = get(
  '/receipt-keys',
  {
    needs: 'public',
    summary: '回执公钥 Public keys that receipts are signed by',
    tag,
    answer: z.object({
      keys: z.array(
        z.object({ id: z.string(), algorithm: z.enum(['Ed25519', 'SM2']), publicKey: z.string(), since: instant }),
      ),
    }),
  },
  async (_request, { db }) => ({ keys: await listKeys(db) }),
);

/** The share interface (用证接口): every route is answered by `answer`, but those that show the caller its own. */
export const shareRoutes = {
  getGrants,
  postFind,
  postRead,
  postFile,
  postVerify,
  postVerifyFile,
  getReceipt,
  getReceiptKeys,
};
