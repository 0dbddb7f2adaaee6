import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Knex } from 'knex';
import { z } from 'zod';
import { maskNumbers } from '../../../domain/library/personal.ts';
import { FIELD_NAMES, type NamedField } from '../../../domain/library/certificate.ts';
import type { Catalog } from '../../../domain/library/catalog.ts';
import { REFUSALS, type SharedField } from '../../../domain/sharing/grant.ts';
import { isHolderOf, isStrong } from '../../../domain/sharing/holder.ts';
import { commonType } from '../../../domain/sharing/receipt.ts';
import { HOLDER_ACTS, USE_ACTS, USE_OUTCOMES } from '../../../domain/sharing/use.ts';
import { keyOf } from '../../../settings/values.ts';
import { approvedCatalog } from '../../../store/library/catalog.ts';
import { findCertificates, type PresentCertificate } from '../../../store/library/certificates.ts';
import { certificateNames, logBegan, usesOfHolder, type UseOfHolder } from '../../../store/sharing/holders.ts';
import { noteUse } from '../../../store/sharing/uses.ts';
import { holderOf } from '../base/access.ts';
import type { ApiOptions } from '../base/api.ts';
import type { AssertedHolder } from '../base/holder.ts';
import { ApiProblem } from '../base/problem.ts';
import { get } from '../base/route.ts';
import { instant, pageOf, pageOfRows, paging, readCursor, saidView } from '../base/views.ts';
import {
  fileOf,
  JSON_TYPE,
  requireSigning,
  sharedCertificate,
  sharedOf,
  shown,
  type Answered,
  type Shared,
} from './share.ts';

const tag = 'holder';

const WEAK = new ApiProblem(403, 'identity-weak', REFUSALS['identity-weak'], {
  zh: '请通过门户完成更高等级的身份认证（如实人认证）',
  en: 'Have the portal make sure of the person, as by face or by identity card',
});
export const UNKNOWN = new ApiProblem(404, 'certificate-unknown', {
  zh: '本人没有这份证照',
  en: 'The holder has no such certificate',
});

/**
 * Answers a holder, or refuses one of whom the portal is not sure enough: the one place where that is asked and where
 * their acts are written down. The log's entry commits before anything is answered.
 */
export async function answerHolder(
  request: FastifyRequest,
  { db, now, config }: ApiOptions,
  reply: FastifyReply,
  act: keyof typeof HOLDER_ACTS,
  work: (trx: Knex.Transaction, holder: AssertedHolder, at: Date) => Promise<Answered>,
): Promise<never> {
  const holder = holderOf(request);
  const at = now();
  await requireSigning(db, config(), at);
  const receipt = randomUUID();
  void reply.header('Hub-Receipt', receipt);
  const { portal, strength } = holder;
  const context = {
    unit: { code: portal.unit, name: portal.name },
    accountId: null,
    client: portal.id,
    operator: null,
    address: request.ip,
    strength,
    matter: '',
    scenario: '持证主体本人',
    business: '',
    reason: HOLDER_ACTS[act].zh,
  };
  const noted = { context, act, holder: holder.code, grantId: null };
  if (!isStrong(strength, config().jurisdiction.holders.strength)) {
    const refusal = 'identity-weak';
    await db.transaction((trx) =>
      noteUse(
        trx,
        receipt,
        { ...noted, typeCode: '', outcome: 'refused', refusal, answer: refusal, certificates: [] },
        at,
      ),
    );
    throw WEAK;
  }
  const { body, type } = await db.transaction(async (trx) => {
    const made = await work(trx, holder, at);
    const { certificates } = made;
    const typeCode = commonType(certificates);
    await noteUse(
      trx,
      receipt,
      { ...noted, typeCode, outcome: 'answered', refusal: null, answer: made.body, certificates },
      at,
    );
    return made;
  });
  // Written out already, as its digest is made of it.
  return reply.type(type).send(body) as never;
}

/** A certificate of a holder’s own, under the name that portals know it by. */
interface Own extends Shared {
  id: string;
}

/** Records of what a holder holds, by code, name and kind of code. */
export const recordsOf = async (db: Knex, holder: AssertedHolder): Promise<PresentCertificate[]> =>
  (await findCertificates(db, holder.code, { by: ['holder'] })).filter((record) => isHolderOf(holder, record));

/** What a holder holds. */
export async function ownOf(db: Knex, holder: AssertedHolder, catalog: Catalog): Promise<Own[]> {
  const nameOf = await certificateNames(db);
  const own = await sharedOf(db, await recordsOf(db, holder), catalog);
  return own.map((each) => ({ ...each, id: nameOf(each.certificate) }));
}

/** One certificate of a holder’s own; throws a problem where it is none of theirs. */
async function ownNamed(db: Knex, holder: AssertedHolder, id: string): Promise<Own> {
  const found = (await ownOf(db, holder, await approvedCatalog(db))).find((each) => each.id === id);
  if (!found) throw UNKNOWN;
  return found;
}

/** All that stands on a certificate. */
export const everyField = ({ certificate }: Shared): SharedField[] => [
  ...(Object.keys(FIELD_NAMES) as NamedField[]),
  ...Object.keys(certificate.extension).map((name): SharedField => `face:${name}`),
];

export const certificateId = z.string().regex(/^[\w-]{22}$/, '证照');
const idOfCertificate = z.object({ id: certificateId });
const ownCertificate = sharedCertificate
  .extend({ id: certificateId.meta({ description: 'Names the certificate to this interface, for good' }) })
  .meta({ id: 'OwnCertificate' });
const ownList = z.object({ certificates: z.array(ownCertificate) }).meta({ id: 'OwnCertificates' });

/** What of a certificate a list has: nothing of its face. */
const LISTED: SharedField[] = ['name', 'number', 'issuerName', 'issuedOn', 'effectiveOn', 'expiresOn', 'status'];

const getCertificates = get(
  '/certificates',
  {
    needs: 'holder',
    summary: '持证列表 Certificates that the holder has, with how each stands now',
    tag,
    answer: ownList,
  },
  (request, options, reply) =>
    answerHolder(request, options, reply, 'own-list', async (trx, holder) => {
      const own = await ownOf(trx, holder, await approvedCatalog(trx));
      const certificates = own.map((each) => ({ id: each.id, ...shown(each, { fields: LISTED }, holder.code) }));
      return {
        body: JSON.stringify(ownList.encode({ certificates })),
        type: JSON_TYPE,
        certificates: own.map(({ record }) => record),
      };
    }),
);

const getCertificate = get(
  '/certificates/:id',
  {
    needs: 'holder',
    summary: '证照详情 All that stands on a certificate of one’s own; codes of other holders are masked',
    tag,
    params: idOfCertificate,
    answer: ownCertificate,
    problems: [404],
  },
  (request, options, reply) =>
    answerHolder(request, options, reply, 'own-read', async (trx, holder) => {
      const own = await ownNamed(trx, holder, request.params.id);
      const body = { id: own.id, ...shown(own, { fields: everyField(own) }, holder.code) };
      return { body: JSON.stringify(ownCertificate.encode(body)), type: JSON_TYPE, certificates: [own.record] };
    }),
);

const getCertificateFile = get(
  '/certificates/:id/file',
  {
    needs: 'holder',
    summary: '下载原件 The file of a certificate of one’s own, byte for byte as its issuer delivered it',
    tag,
    params: idOfCertificate,
    answer: { type: 'application/octet-stream' },
    problems: [404],
  },
  (request, options, reply) =>
    answerHolder(request, options, reply, 'own-file', async (trx, holder) => {
      const { record } = await ownNamed(trx, holder, request.params.id);
      return fileOf(record, trx, options.files, reply);
    }),
);

export const useOfOwn = z
  .object({
    receipt: z.uuid().meta({ description: '用证回执: number of its receipt' }),
    at: instant,
    unit: z.string().meta({ description: 'Who used it; of what the holder did, the portal' }),
    act: keyOf(USE_ACTS),
    what: saidView.meta({ description: 'What was done' }),
    outcome: keyOf(USE_OUTCOMES),
    refusal: saidView.nullable().meta({ description: 'Why it was refused; null: it was not' }),
    matter: z.string().meta({ description: '事项: its name, or its code where the unit’s list does not have it' }),
    scenario: z.string(),
    reason: z.string(),
    typeCode: z.string().meta({ description: 'What was asked for; empty: several types' }),
    certificates: z
      .array(z.object({ typeCode: z.string(), name: z.string(), number: z.string() }))
      .meta({ description: 'Those of the holder that it showed' }),
    fields: z
      .array(z.string())
      .nullable()
      .meta({ description: 'What it let be read or compared, in words; null: nothing was' }),
  })
  .meta({ id: 'UseOfOwn' });
const usesOfOwn = pageOf(useOfOwn)
  .extend({ since: instant.nullable().meta({ description: 'Since when the log is kept: it has nothing of before' }) })
  .meta({ id: 'UsesOfOwn' });

/** A use in words for the holder; who at the unit did it is the unit's to know. */
export function inWords(use: UseOfHolder, catalog: Catalog): z.output<typeof useOfOwn> {
  const { receipt, at, act, outcome, refusal, unitName, matter, matterName, scenario, typeCode, certificates } = use;
  const face = new Map(
    [typeCode, ...certificates.map((each) => each.typeCode)]
      .flatMap((type) => catalog.get(type)?.face ?? [])
      .map(({ name, label }) => [`face:${name}`, label]),
  );
  const wordFor = (field: SharedField): string =>
    field.startsWith('face:') ? (face.get(field) ?? field) : FIELD_NAMES[field as NamedField].zh;
  const whole = act === 'file' || act === 'copy' || (act === 'scan' && use.fields === null);
  return {
    receipt,
    at,
    unit: unitName,
    act,
    what: USE_ACTS[act],
    outcome,
    refusal: refusal && REFUSALS[refusal],
    matter: matterName ?? matter,
    scenario,
    reason: maskNumbers(use.reason),
    typeCode,
    certificates,
    fields: whole && outcome === 'answered' ? ['证照全部内容'] : (use.fields?.map(wordFor) ?? null),
  };
}

const getUses = get(
  '/uses',
  {
    needs: 'holder',
    summary: '用证记录 Who used the holder’s certificates, or asked about them, when, why and with what outcome',
    description: 'The latest first, refused ones too. `of=own`: what the holder did, or somebody in their name.',
    tag,
    query: z.object({ of: z.enum(['others', 'own']).default('others') }).extend(paging.shape),
    answer: usesOfOwn,
  },
  (request, options, reply) =>
    answerHolder(request, options, reply, 'own-uses', async (trx, holder) => {
      const { of, limit, after } = request.query;
      const [before] = readCursor(after, z.tuple([z.int()])) ?? [];
      const catalog = await approvedCatalog(trx);
      const records = await recordsOf(trx, holder);
      const choice = { holder: holder.code, records, own: of === 'own', before, limit: limit + 1 };
      const page = pageOfRows(await usesOfHolder(trx, choice), limit, ({ id }) => [id]);
      const since = await logBegan(trx);
      const items = page.items.map((use) => inWords(use, catalog));
      const body = usesOfOwn.encode({ items, next: page.next, since });
      return { body: JSON.stringify(body), type: JSON_TYPE, certificates: [] };
    }),
);

/** What holders do with certificates of their own: every route is answered by `answerHolder`. */
export const holderRoutes = { getCertificates, getCertificate, getCertificateFile, getUses };
