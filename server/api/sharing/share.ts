import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Knex } from 'knex';
import { z } from 'zod';
import { mask } from '../../../connectors/examine/discover.ts';
import { STATES_OF_FORCE, type StateOfForce } from '../../../domain/library/lifecycle.ts';
import { maskNumbers } from '../../../domain/library/personal.ts';
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
  type UseRefusal,
  type SharedField,
} from '../../../domain/sharing/grant.ts';
import type { UseAct } from '../../../domain/sharing/use.ts';
import type { Said } from '../../../domain/said.ts';
import type { HubConfig } from '../../../settings/load.ts';
import { keyOf } from '../../../settings/values.ts';
import { approvedCatalog } from '../../../store/library/catalog.ts';
import {
  compositesOf,
  decidingRecord,
  findRecord,
  heldBy,
  mergeRecords,
  certificatesNumbered,
  standingNow,
  type PresentCertificate,
} from '../../../store/library/certificates.ts';
import type { FileStore } from '../../../store/library/files/contract.ts';
import { findFetched } from '../../../store/library/certificate-files.ts';
import { collectedOf } from '../../../store/sharing/collected.ts';
import { findCopy } from '../../../store/sharing/copies.ts';
import { grantsForUse, grantsOf } from '../../../store/sharing/grants.ts';
import { findReceipt, listKeys, oldestUnsigned } from '../../../store/sharing/receipts.ts';
import {
  codeBehind,
  newCode,
  noteUse,
  useByCode,
  useLogOf,
  withinDay,
  type CodedUse,
  type NewUse,
  type UseContext,
} from '../../../store/sharing/uses.ts';
import { principalOf } from '../base/access.ts';
import type { ApiOptions } from '../base/api.ts';
import { ApiProblem } from '../base/problem.ts';
import { get, post } from '../base/route.ts';
import { date, holderCode, instant, text } from '../base/views.ts';
import { NO_FILE, requireFile } from '../library/certificate.ts';
import { consentByCode, consentToReadOn, type Consent } from './consent.ts';
import { grantView, shownGrant } from './grants.ts';
import { statusReference, statusReferenceOf } from './status-lists.ts';
import { provenReceipt, shownReceipt } from './uses.ts';

const tag = 'share';

/** What every call says of itself (GB/T 36906 and its kin ask for the same five). */
export const use = z.object({
  matter: text(100).meta({ description: '事项编码, as the approved list of uses has it' }),
  scenario: text(200).meta({ description: '应用场景, as the list has it' }),
  business: text(100).meta({ description: '业务流水号: number of the case that the certificate is needed for' }),
  reason: text(200).meta({ description: '用证事由, in words that the holder will read' }),
  operator: text(100).optional().meta({ description: 'Who works at the case, as the user unit knows them' }),
});
export const code = z.string().regex(/^[\w-]{22}$/, '用证码');

/** As `use`; where the holder has authorised the unit (依授权), with the code of that in place of matter and scenario. */
const useOfHolder = use
  .partial({ matter: true, scenario: true })
  .extend({
    authorisation: code.optional().meta({ description: '授权码, in place of matter and scenario' }),
  })
  .superRefine(({ authorisation, matter, scenario }, context) => {
    for (const [field, value] of Object.entries({ matter, scenario }))
      if ((value === undefined) === (authorisation === undefined))
        context.addIssue({ code: 'custom', path: [field], message: '事项和应用场景，或授权码' });
  });

export const typeCode = z.string().regex(/^[0-9A-Z]{1,21}$/, '证照类型代码');
const holder = z.object({
  code: holderCode.meta({ description: '公民身份号码, 统一社会信用代码 …' }),
  name: text(200).meta({ description: 'Must be the name of the holder with this code: else nothing is found' }),
});

const standing = {
  state: keyOf(STATES_OF_FORCE).meta({ description: '有效, 中止 or 终止, now' }),
  marks: z.array(keyOf(STATE_MARKS)).meta({ description: '状态标记 that hold' }),
  disputed: z.boolean().meta({ description: '异议标注: its issuer is asked whether it is right' }),
};
/** A certificate as a grant, or its holder, lets it be seen. */
export const sharedCertificate = z
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
export type SharedCertificate = z.input<typeof sharedCertificate>;

const found = z
  .object({
    certificates: z.array(
      sharedCertificate.extend({
        code: code.meta({ description: '用证码: reads this certificate on, for this case alone, within 30 days' }),
      }),
    ),
  })
  .meta({ id: 'FoundCertificates' });

/** How far a type is collected (归集): the same whoever is asked about. */
const collected = z
  .object({
    upTo: instant.meta({ description: 'What was issued since is not collected yet (待归集), and may exist' }),
    expectedAt: instant.meta({ description: 'When that is due to be collected; in the past: it is late' }),
  })
  .nullable()
  .meta({ description: 'Null: it cannot be told of this type' });
const readNow = z
  .object({ certificates: z.array(found.shape.certificates.element.extend({ statusList: statusReference })) })
  .meta({ id: 'ReadCertificates' });
const foundNow = found.extend({ collected }).meta({ id: 'FoundNow' });

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
    collected,
  })
  .meta({ id: 'VerifiedData' });

/** A copy (加注件), and the use that it was made for. */
const copyView = z
  .object({
    receipt: z.string(),
    unit: z.string(),
    matter: z.string(),
    matterName: z.string(),
    scenario: z.string(),
    business: z.string(),
    reason: z.string(),
    madeAt: instant,
    until: instant.meta({ description: 'Until when it may be used for that' }),
  })
  .meta({ id: 'CertificateCopy' });

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
    copy: copyView.nullable().meta({
      description: '加注件: no electronic certificate but a copy of one, made for this use. Null: none of this hub’s',
    }),
  })
  .meta({ id: 'VerifiedFile' });

const UNKNOWN_CODE = new ApiProblem(
  404,
  'use-code-unknown',
  { zh: '没有这个用证码，或已过期', en: 'There is no such code, or it is past its time' },
  { zh: '请重新查询', en: 'Find the certificate again' },
);
const NO_UNIT = new ApiProblem(403, 'unit-missing', {
  zh: '账号没有所属单位，不能用证',
  en: 'The account is of no unit, and cannot use certificates',
});

const AUTHORISE = {
  zh: '请持证主体在门户中另行授权',
  en: 'Ask the holder to authorise the unit for it, in the portal',
};
/** What only the holder can mend. */
const ASK_HOLDER: Partial<Record<UseRefusal, Said>> = {
  'presentation-over': { zh: '请持证主体重新亮证', en: 'Ask the holder to show it again' },
  'authorisation-unknown': AUTHORISE,
  'authorisation-narrow': AUTHORISE,
  'authorisation-over': AUTHORISE,
};

/** Refuses what no grant covers, with the way to apply for it. */
function refused(refusal: UseRefusal): ApiProblem {
  if (refusal in ASK_HOLDER) return new ApiProblem(403, refusal, REFUSALS[refusal], ASK_HOLDER[refusal]);
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

/** What a grant, or the consent of a holder, lets a call have. */
type Allowed = Pick<Grant, 'fields' | 'matterName' | 'until'>;

/** One call: what it is, for the grants and for the log. */
interface Call extends Ask {
  act: UseAct;
  context: UseContext;
  /** Code of the holder that is asked about, or its hash. */
  holder: string | Buffer | null;
  /** Stands in for a grant of the list; or why none does. */
  consent?: Consent | UseRefusal | undefined;
}

/** What is answered to a call, and which certificates it shows. */
export interface Answered {
  body: Buffer | string;
  type: string;
  certificates: readonly PresentCertificate[];
  codes?: readonly string[];
  /** Of a copy (加注件): until when it may be used. */
  copyUntil?: Date;
}

const UNSIGNED = new ApiProblem(
  503,
  'receipts-unsigned',
  { zh: '用证回执积压未签，暂停用证', en: 'Receipts have not been signed for too long: nothing is used meanwhile' },
  { zh: '请稍后重试；枢纽运维正在恢复签名', en: 'Try again later; the hub’s operators see to it' },
);

/** Refuses a use while receipts wait for their signature for longer than the city lets them. */
export async function requireSigning(db: Knex, { settings }: HubConfig, at: Date): Promise<void> {
  const oldest = await oldestUnsigned(db, at);
  if (oldest && at.getTime() - oldest.getTime() > settings.sharing.longestUnsigned) throw UNSIGNED;
}

/**
 * Answers a call of the share interface, or refuses it: the one place where grants are asked, the day's limit is counted
 * and the use is written down, refusals as well. The log's entry commits before anything is answered.
 */
export async function answer(
  reply: FastifyReply,
  { db, now, config }: ApiOptions,
  call: Call,
  work: (allowed: Allowed, db: Knex, call: { receipt: string; at: Date }) => Promise<Answered>,
): Promise<never> {
  const at = now();
  await requireSigning(db, config(), at);
  const receipt = randomUUID();
  void reply.header('Hub-Receipt', receipt);
  const { context, act, typeCode: type, holder: asked } = call;
  const noted = { context, act, typeCode: type, holder: asked };
  const log = useLogOf(db);
  const refuse = async (
    refusal: UseRefusal,
    by: Pick<NewUse, 'grantId' | 'presentationId' | 'authorisationId'>,
  ): Promise<never> => {
    const entry = { ...noted, ...by, outcome: 'refused' as const, refusal, answer: refusal, certificates: [] };
    await log.note(receipt, entry, at);
    throw refused(refusal);
  };
  const entryOf = ({ body, certificates, copyUntil }: Answered, by: Pick<NewUse, 'grantId'>): NewUse => {
    const outcome = certificates.length > 0 ? 'answered' : 'none';
    return { ...noted, ...by, outcome, refusal: null, answer: body, certificates, ...(copyUntil && { copyUntil }) };
  };
  // Written out already, as its digest is made of it.
  const send = ({ type: mediaType, body }: Answered): never => reply.type(mediaType).send(body) as never;

  const { consent } = call;
  if (typeof consent === 'string') return refuse(consent, { grantId: null });
  if (consent) {
    const by = { grantId: null, ...consent.by };
    // What a call takes of a consent, and that it did, are one.
    const made = await db.transaction(async (trx) => {
      if (!(await consent.take(trx, at))) return null;
      const answered = await work(consent, trx, { receipt, at });
      await noteUse(trx, receipt, entryOf(answered, by), at, answered.codes);
      return answered;
    });
    return made ? send(made) : refuse(consent.over, by);
  }
  const [own] = await grantsForUse(db, context.unit.code, call);
  const grant = grantFor(call, own ? [own] : await grantsOf(db, context.unit.code), at);
  if (typeof grant === 'string') return refuse(grant, { grantId: null });
  const by = { grantId: grant.id };
  if (!(await withinDay(db, grant.id, grant.perDay, at))) return refuse('day-limit', by);
  const made = await work(grant, db, { receipt, at });
  await log.note(receipt, entryOf(made, by), at, made.codes);
  return send(made);
}

export const JSON_TYPE = 'application/json; charset=utf-8';

/** Who calls, with what they say of their use. */
export function contextOf(
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

/** What a call says of its use, and the consent of the holder where it gives the code of an authorisation. */
async function saidBy(
  request: FastifyRequest,
  { db }: ApiOptions,
  { authorisation: given, matter = '', scenario = '', ...said }: z.output<typeof useOfHolder>,
  ask: Pick<Ask, 'interface' | 'typeCode'> & { holder: string },
): Promise<{ said: z.output<typeof use>; consent?: Consent | UseRefusal }> {
  if (given === undefined) return { said: { ...said, matter, scenario } };
  const { authorisation, consent } = await consentByCode(db, given, {
    ...ask,
    unit: principalOf(request).unitCode ?? '',
  });
  // What the log and the receipt have in their place.
  const [matterOf, scenarioOf] = authorisation
    ? [`authorisation/${authorisation.id}`, authorisation.purpose]
    : ['authorisation', '依授权'];
  return { said: { ...said, matter: matterOf, scenario: scenarioOf }, consent };
}

/** A certificate out of its records, as a grant lets it be seen. */
export interface Shared {
  record: PresentCertificate;
  certificate: Certificate;
  state: StateOfForce;
  marks: ReturnType<typeof standingNow>['marks'];
  disputed: boolean;
}

/** Certificates out of the records that streams have of them; what its sources deleted is none. */
export async function sharedOf(db: Knex, records: readonly PresentCertificate[], catalog: Catalog): Promise<Shared[]> {
  const groups = Map.groupBy(
    records.filter(({ status }) => status !== 'deleted'),
    ({ typeCode: type, number }) => `${type} ${number}`,
  );
  const present = [...groups.values()].flatMap((own) => {
    const entry = catalog.get(own[0]?.typeCode ?? '');
    const merged = mergeRecords(own, entry);
    const record = decidingRecord(own, merged);
    const disputed = own.some(({ disputedSince }) => disputedSince !== null);
    return record ? [{ record, certificate: merged.certificate, ...standingNow(record), disputed }] : [];
  });
  const composites = await compositesOf(
    db,
    present.map(({ certificate: { typeCode: type, holders }, state }) => ({ typeCode: type, holders, state })),
    catalog,
  );
  return present.map((each, index) => ({ ...each, state: composites[index]?.state ?? each.state }));
}

/** What of a certificate a grant shows. @param asked the holder that was asked for, whose code is no secret to the caller */
export function shown(
  { certificate, state, marks, disputed }: Shared,
  { fields }: Pick<Grant, 'fields'>,
  asked: string,
): SharedCertificate {
  const granted = (field: SharedField): boolean => fields.includes(field);
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
    body: z.object({ use: useOfHolder, typeCode, holder }),
    answer: foundNow,
    problems: [403, 429],
  },
  async (request, options, reply) => {
    const { use: given, typeCode: type, holder: asked } = request.body;
    const ask = { interface: 'find', typeCode: type, holder: asked.code } as const;
    const { said, consent } = await saidBy(request, options, given, ask);
    const context = contextOf(request, said);
    const { matter, scenario } = said;
    const call = { ...ask, act: 'find', matter, scenario, context, consent } as const;
    const collectedNow = await collectedOf(options.db, type, options.now());
    return answer(reply, options, call, async (grant, db) => {
      const catalog = await approvedCatalog(db);
      const records = await heldBy(db, asked.code, type);
      const shared = (await sharedOf(db, records, catalog)).filter(({ certificate }) => isHeldBy(certificate, asked));
      const codes = shared.map(() => newCode());
      const certificates = shared.map((each, index) => ({
        code: codes[index] ?? '',
        ...shown(each, grant, asked.code),
      }));
      return {
        body: JSON.stringify(foundNow.encode({ certificates, collected: collectedNow })),
        type: JSON_TYPE,
        certificates: shared.map(({ record }) => record),
        codes,
      };
    });
  },
);

/** A call by a code: for the same use of the same unit that it was given for. */
export async function callByCode(
  request: FastifyRequest,
  { db, now }: ApiOptions,
  given: string,
  how: Ask['interface'],
): Promise<CodedUse & Pick<Call, 'interface' | 'context' | 'consent'>> {
  const coded = await useByCode(db, given, now());
  const { unitCode } = principalOf(request);
  if (unitCode === null || coded?.unitCode !== unitCode) throw UNKNOWN_CODE;
  const call = { ...coded, context: contextOf(request, coded), interface: how };
  const { authorisationId: id, holder: asked } = coded;
  if (id === null) return call;
  // Who authorised its use may not hold it any more.
  const { holders = [] } = (await findRecord(db, coded)) ?? {};
  if (asked && (await codeBehind(db, asked, holders)) === null) throw UNKNOWN_CODE;
  return { ...call, consent: await consentToReadOn(db, id, { ...coded, interface: how }) };
}

/** Every record of the certificate that a code stands for. */
export async function recordsByCode(db: Knex, coded: CodedUse): Promise<PresentCertificate[]> {
  const own = await findRecord(db, coded);
  return own ? certificatesNumbered(db, own.number, own.typeCode) : [];
}

const postRead = post(
  '/read',
  {
    needs: 'certificates:use',
    summary: '读取 A certificate that was found, as it is now',
    tag,
    body: z.object({ code }),
    answer: readNow,
    problems: [403, 404, 429],
  },
  async (request, options, reply) => {
    const { code: given } = request.body;
    const coded = await callByCode(request, options, given, 'find');
    const call = { ...coded, act: 'read' } as const;
    return answer(reply, options, call, async (grant, db) => {
      const catalog = await approvedCatalog(db);
      const shared = await sharedOf(db, await recordsByCode(db, coded), catalog);
      const certificates = [];
      for (const each of shared)
        certificates.push({
          code: given,
          ...shown(each, grant, ''),
          statusList: await statusReferenceOf(db, each, catalog, options.config()),
        });
      return {
        body: JSON.stringify(readNow.encode({ certificates })),
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
    const coded = await callByCode(request, options, request.body.code, 'file');
    const call = { ...coded, act: 'file' } as const;
    return answer(reply, options, call, async (_grant, db) =>
      fileOf(await findRecord(db, coded), db, options.files, reply),
    );
  },
);

/** The present file of a record as an answer; throws a problem where there is none, or it is not what was fetched. */
export async function fileOf(
  record: PresentCertificate | null,
  db: Knex,
  files: FileStore,
  reply: FastifyReply,
): Promise<Answered> {
  if (!record) throw NO_FILE;
  const file = await requireFile(db, files, record);
  void reply.header('X-Content-Type-Options', 'nosniff').header('Content-Disposition', 'attachment');
  const body = Buffer.concat(await Array.fromAsync(await files.get(file)));
  return { body, type: 'application/octet-stream', certificates: [record] };
}

const postVerify = post(
  '/verify',
  {
    needs: 'certificates:use',
    summary:
      '核验数据 Whether somebody holds a certificate with this number, whether it is in force, and whether what it says is so',
    tag,
    body: z.object({
      use: useOfHolder,
      typeCode,
      holder,
      number: text(200),
      written: written.default({}),
    }),
    answer: verified,
    problems: [403, 429],
  },
  async (request, options, reply) => {
    const { use: saidOf, typeCode: type, holder: asked, number, written: given } = request.body;
    const ask = { interface: 'verify', typeCode: type, holder: asked.code } as const;
    const { said, consent } = await saidBy(request, options, saidOf, ask);
    const context = contextOf(request, said);
    const { matter, scenario } = said;
    const call = { ...ask, act: 'verify', matter, scenario, context, consent } as const;
    const collectedNow = await collectedOf(options.db, type, options.now());
    return answer(reply, options, call, async (grant, db) => {
      const records = await certificatesNumbered(db, number, type);
      const shared = await sharedOf(db, records, await approvedCatalog(db));
      const own = shared.find(({ certificate }) => isHeldBy(certificate, asked));
      const body = own ? verdictOf(own, grant, given, shanghaiDate(options.now().getTime())) : NONE;
      return {
        body: JSON.stringify(verified.encode({ ...body, collected: collectedNow })),
        type: JSON_TYPE,
        certificates: own ? [own.record] : [],
      };
    });
  },
);
type Verdict = Omit<z.output<typeof verified>, 'collected'>;
const NONE: Verdict = {
  result: 5,
  meaning: VERDICTS[5],
  differs: [],
  state: null,
  marks: [],
  disputed: false,
};

function verdictOf(
  { certificate, state, marks, disputed }: Shared,
  { fields }: Pick<Grant, 'fields'>,
  expected: z.output<typeof written>,
  today: string,
): Verdict {
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
    description: 'Of a copy (加注件) it tells which use it was made for, also by the receipt number that stands on it.',
    body: z
      .object({
        use,
        typeCode,
        content: z.base64().max(LARGEST_FILE).optional(),
        receipt: z.uuid().optional().meta({ description: '用证回执 that stands on a copy, in place of its content' }),
      })
      .refine(({ content, receipt }) => (content === undefined) !== (receipt === undefined), {
        path: ['content'],
        message: '文件，或加注件上的用证回执',
      }),
    bodyLimit: LARGEST_FILE + 10_000,
    answer: verifiedFile,
    problems: [403, 429],
  },
  (request, options, reply) => {
    const { use: said, typeCode: type, content, receipt = '' } = request.body;
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
    return answer(reply, options, call, async (_grant, db) => {
      const shownFile = content === undefined ? null : Buffer.from(content, 'base64');
      const file = shownFile && (await findFetched(db, shownFile, type));
      const copy = file ? null : await findCopy(db, shownFile ? { content: shownFile } : { receipt }, type);
      const of = file ?? copy;
      const record = of && (await findRecord(db, of));
      const [own] = record ? await sharedOf(db, [record], await approvedCatalog(db)) : [];
      const body: z.output<typeof verifiedFile> = {
        authentic: file !== null,
        latest: file?.latest ?? null,
        seals: file?.signature ?? null,
        state: own?.state ?? null,
        marks: own?.marks ?? [],
        disputed: own?.disputed ?? false,
        copy: copy && { ...copy, business: maskNumbers(copy.business), reason: maskNumbers(copy.reason) },
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
