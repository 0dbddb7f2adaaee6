import type { Knex } from 'knex';
import { z } from 'zod';
import { FIELD_NAMES } from '../../../domain/library/certificate.ts';
import type { SharedField } from '../../../domain/sharing/grant.ts';
import { commonType } from '../../../domain/sharing/receipt.ts';
import { keyOf } from '../../../settings/values.ts';
import { approvedCatalog } from '../../../store/library/catalog.ts';
import { certificatesNumbered } from '../../../store/library/certificates.ts';
import { usesOfHolder } from '../../../store/sharing/holders.ts';
import { present, presentationBy, presentationOf, type Presentation } from '../../../store/sharing/presentations.ts';
import { codeBehind } from '../../../store/sharing/uses.ts';
import { ApiProblem } from '../base/problem.ts';
import { get, post } from '../base/route.ts';
import { idParams, instant } from '../base/views.ts';
import { consentByShowing } from './consent.ts';
import { answerHolder, certificateId, everyField, inWords, ownOf, recordsOf, UNKNOWN, useOfOwn } from './holder.ts';
import { answer, code, contextOf, JSON_TYPE, sharedCertificate, sharedOf, shown, use, type Shared } from './share.ts';

const tag = 'presentations';

/** Certificates that are shown at once. */
const MOST_SHOWN = 20;
const SHORTEST_SECONDS = 10;
const LONGEST_SECONDS = 300;
/** Looks that a presentation is told of. */
const MOST_LOOKS = 200;

/** A field of a certificate, as grants and holders name them. */
export const sharedField = z.union([
  keyOf(FIELD_NAMES),
  z.templateLiteral(['face:', z.string().min(1).max(100)]),
]) satisfies z.ZodType<SharedField>;

const presented = z
  .object({
    id: z.int(),
    code: code.meta({ description: '亮证码, for the QR code: shown this once, only its hash is kept' }),
    until: instant,
  })
  .meta({ id: 'Presented' });

const postPresentation = post(
  '/presentations',
  {
    needs: 'holder',
    summary: '亮证 Show certificates of one’s own, for some seconds, to whoever is given the code',
    tag,
    body: z.object({
      certificates: z.array(certificateId).min(1).max(MOST_SHOWN),
      fields: z
        .array(sharedField)
        .min(1)
        .max(100)
        .optional()
        .meta({ description: 'Left out: all that stands on them' }),
      seconds: z.int().min(SHORTEST_SECONDS).max(LONGEST_SECONDS).default(60),
      once: z
        .boolean()
        .default(true)
        .meta({ description: 'Who looks first is the only one; else whoever, to its end' }),
    }),
    answer: presented,
    problems: [404],
  },
  (request, options, reply) =>
    answerHolder(request, options, reply, 'present', async (trx, holder, at) => {
      const { certificates: ids, fields = null, seconds, once } = request.body;
      const own = (await ownOf(trx, holder, await approvedCatalog(trx))).filter(({ id }) => ids.includes(id));
      if (own.length < new Set(ids).size) throw UNKNOWN;
      const certificates = own.map(({ certificate: { typeCode, number } }) => ({ typeCode, number }));
      const until = new Date(at.getTime() + seconds * 1000);
      const made = await present(trx, { holder: holder.code, certificates, fields, once, until }, at);
      return {
        body: JSON.stringify(presented.encode({ ...made, until })),
        type: JSON_TYPE,
        certificates: own.map(({ record }) => record),
      };
    }),
);

const presentationView = z
  .object({
    id: z.int(),
    once: z.boolean(),
    madeAt: instant,
    until: instant,
    usedAt: instant.nullable().meta({ description: 'When somebody first looked; null while nobody has' }),
    looks: z.array(useOfOwn).meta({ description: 'Who looked, or came too late, the latest first' }),
  })
  .meta({ id: 'Presentation' });

const getPresentation = get(
  '/presentations/:id',
  {
    needs: 'holder',
    summary: '亮证情况 Who looked at what the holder shows',
    tag,
    params: idParams,
    answer: presentationView,
    problems: [404],
  },
  (request, options, reply) =>
    answerHolder(request, options, reply, 'own-uses', async (trx, holder) => {
      const shownNow = await presentationOf(trx, holder.code, request.params.id);
      if (!shownNow) throw NO_PRESENTATION;
      const { id, once, madeAt, until, usedAt } = shownNow;
      const records = await recordsOf(trx, holder);
      const choice = { holder: holder.code, records, own: false, presentation: id, limit: MOST_LOOKS };
      const catalog = await approvedCatalog(trx);
      const looks = (await usesOfHolder(trx, choice)).map((each) => inWords(each, catalog));
      const body = presentationView.encode({ id, once, madeAt, until, usedAt, looks });
      return { body: JSON.stringify(body), type: JSON_TYPE, certificates: [] };
    }),
);
const NO_PRESENTATION = new ApiProblem(404, 'presentation-unknown', {
  zh: '没有这次亮证',
  en: 'There is no such presentation',
});

const scanned = z.object({ certificates: z.array(sharedCertificate) }).meta({ id: 'PresentedCertificates' });

const postScan = post(
  '/presentations',
  {
    needs: 'certificates:use',
    summary: '扫码核验 What a holder shows by a code, as it is now',
    description:
      'Showing it is the holder’s consent: no grant of the list is asked for. Matter and reason are what the holder reads.',
    tag: 'share',
    body: z.object({ use, code }),
    answer: scanned,
    problems: [403],
  },
  async (request, options, reply) => {
    const { use: said, code: given } = request.body;
    const shownNow = await presentationBy(options.db, given);
    const { matter, scenario } = said;
    const call = {
      interface: 'find',
      act: 'scan',
      typeCode: commonType(shownNow?.certificates ?? []),
      matter,
      scenario,
      context: contextOf(request, said),
      holder: shownNow?.holder ?? null,
      consent: shownNow ? consentByShowing(shownNow) : 'presentation-over',
    } as const;
    return answer(reply, options, call, async (_allowed, trx) => {
      const held = shownNow ? await heldOf(trx, shownNow) : [];
      const certificates = held.map(({ code: own, ...each }) =>
        shown(each, { fields: shownNow?.fields ?? everyField(each) }, own),
      );
      return {
        body: JSON.stringify(scanned.encode({ certificates })),
        type: JSON_TYPE,
        certificates: held.map(({ record }) => record),
      };
    });
  },
);

/** Of the certificates that are shown those that their presenter still holds, with the code that they hold them under. */
async function heldOf(db: Knex, { certificates, holder }: Presentation): Promise<(Shared & { code: string })[]> {
  const catalog = await approvedCatalog(db);
  const held: (Shared & { code: string })[] = [];
  for (const { typeCode, number } of certificates)
    for (const each of await sharedOf(db, await certificatesNumbered(db, number, typeCode), catalog)) {
      const own = await codeBehind(db, holder, each.certificate.holders);
      if (own !== null) held.push({ ...each, code: own });
    }
  return held;
}

/** Presentation codes (亮证码): what holders do, and what systems of user units do with a code. */
export const presentationRoutes = { postPresentation, getPresentation };
export const scanRoutes = { postScan };
