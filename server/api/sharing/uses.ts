import { z } from 'zod';
import { may } from '../../../domain/access.ts';
import { maskNumbers } from '../../../domain/library/personal.ts';
import { REFUSALS } from '../../../domain/sharing/grant.ts';
import { givenReceipt } from '../../../domain/sharing/receipt.ts';
import { USE_ACTS, USE_OUTCOMES } from '../../../domain/sharing/use.ts';
import { STRENGTHS } from '../../../domain/sharing/holder.ts';
import { keyOf } from '../../../settings/values.ts';
import type { Principal } from '../../../store/console/sessions.ts';
import { findReceipt, type ProvenReceipt } from '../../../store/sharing/receipts.ts';
import { listUses, type Use } from '../../../store/sharing/uses.ts';
import { principalOf } from '../base/access.ts';
import { ApiProblem } from '../base/problem.ts';
import { get } from '../base/route.ts';
import { instant, listOf, pageOf, pageOfRows, paging, readCursor, unitCode } from '../base/views.ts';

const tag = 'sharing';

/** A use of certificates as the log has it. */
export const useView = z
  .object({
    id: z.int(),
    receipt: z.string(),
    at: instant,
    act: keyOf(USE_ACTS),
    outcome: keyOf(USE_OUTCOMES),
    refusal: keyOf(REFUSALS).nullable(),
    unitCode: z.string(),
    unitName: z.string(),
    client: z.string(),
    operator: z.string().nullable(),
    address: z.string().nullable(),
    strength: keyOf(STRENGTHS).nullable().meta({ description: '实名等级 of the holder, where they acted themselves' }),
    matter: z.string(),
    scenario: z.string(),
    business: z.string(),
    reason: z.string(),
    typeCode: z.string(),
    certificates: z.int().meta({ description: 'How many it showed' }),
    copyUntil: instant.nullable().meta({ description: 'Of a copy (加注件): until when it may be used' }),
    signed: z.boolean().meta({ description: 'False: its receipt is 待签' }),
  })
  .meta({ id: 'Use' });
export type UseView = z.input<typeof useView>;

const hexadecimal = z.string().regex(/^[0-9a-f]{64}$/);

/** A receipt with what proves it, for whoever checks it without the hub. */
export const provenReceipt = z
  .object({
    text: z.string().meta({ description: 'What is hashed (SM3, after a zero byte): a JSON list' }),
    proof: z
      .object({
        path: z.array(z.object({ side: z.enum(['left', 'right']), hash: hexadecimal })),
        batch: z.object({
          id: z.int(),
          previous: hexadecimal,
          root: hexadecimal,
          receipts: z.int(),
          signedAt: z.iso.datetime(),
        }),
        signatures: z.array(
          z.object({ key: z.string(), algorithm: z.enum(['Ed25519', 'SM2']), signature: z.base64() }),
        ),
      })
      .nullable()
      .meta({ description: 'Null: 待签; it is signed within a second or so' }),
  })
  .meta({ id: 'ProvenReceipt' });
export type ProvenReceiptView = z.input<typeof provenReceipt>;

const UNKNOWN = new ApiProblem(404, 'receipt-unknown', {
  zh: '没有这份用证回执',
  en: 'There is no such receipt',
});

/** A receipt as it is shown to whoever sees it: its unit, and who watches all. Throws a problem where it is no such. */
export function shownReceipt(found: ProvenReceipt | null, { units }: Principal): z.output<typeof provenReceipt> {
  if (!found || units?.includes(found.unitCode) === false) throw UNKNOWN;
  return givenReceipt(found.text, found.proof);
}

/** What people write into a call can hold a number of somebody. */
const shown = (use: Use): z.output<typeof useView> => ({
  ...use,
  business: maskNumbers(use.business),
  reason: maskNumbers(use.reason),
  operator: use.operator && maskNumbers(use.operator),
});

const getUses = get(
  '/uses',
  {
    needs: 'uses:read',
    summary: '用证日志 Uses of certificates, answered and refused, the latest first',
    description: 'A user unit sees its own calls; an issuer besides those that showed its certificates.',
    tag,
    query: z
      .object({
        unit: listOf(unitCode).optional(),
        type: z.string().max(21).optional(),
        outcome: keyOf(USE_OUTCOMES).optional(),
        matter: z.string().max(100).optional(),
        from: instant.optional(),
        to: instant.optional(),
        of: z.enum(['own', 'certificates']).default('own').meta({
          description: 'own: calls of the unit; certificates: calls by anybody that showed certificates of the unit',
        }),
      })
      .extend(paging.shape),
    answer: pageOf(useView),
  },
  async (request, { db }) => {
    const { unit, type, outcome, matter, from, to, of, limit, after } = request.query;
    const principal = principalOf(request);
    const { units } = principal;
    const chosen = unit ?? null;
    const own = units === null ? chosen : (chosen?.filter((code) => units.includes(code)) ?? units);
    const ofCertificates = of === 'certificates' && units !== null && may(principal, 'streams:read');
    const [before] = readCursor(after, z.tuple([z.int()])) ?? [];
    const rows = await listUses(db, {
      units: ofCertificates ? chosen : own,
      issuers: ofCertificates ? units : undefined,
      typeCode: type,
      outcome,
      matter,
      from,
      to,
      before,
      limit: limit + 1,
    });
    return pageOfRows(rows.map(shown), limit, ({ id }) => [id]);
  },
);

const getReceipt = get(
  '/receipts/:receipt',
  {
    needs: 'uses:read',
    summary: '用证回执 A receipt with what proves it',
    tag,
    params: z.object({ receipt: z.uuid() }),
    answer: provenReceipt,
    problems: [404],
  },
  async (request, { db }) => shownReceipt(await findReceipt(db, request.params.receipt), principalOf(request)),
);

/** The log of uses (用证日志) and its receipts (用证回执). */
export const useRoutes = { getUses, getReceipt };
