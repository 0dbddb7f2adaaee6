import type { Knex } from 'knex';
import { z } from 'zod';
import { BASE_FIELDS, BASE_INTERFACES, INTERFACES, type SharedField } from '../../../domain/sharing/grant.ts';
import { fault } from '../../../domain/faults.ts';
import { isShared } from '../../../domain/library/catalog.ts';
import type { Unit } from '../../../domain/units.ts';
import { DAY_MS } from '../../../domain/dates.ts';
import { keyOf } from '../../../settings/values.ts';
import { findUnit } from '../../../store/ledger/units.ts';
import { approvedCatalog } from '../../../store/library/catalog.ts';
import { authorisationsOf, authorise, revoke } from '../../../store/sharing/authorisations.ts';
import { ApiProblem } from '../base/problem.ts';
import { get, post } from '../base/route.ts';
import { idParams, instant, pageOf, pageOfRows, paging, readCursor, text, unitCode } from '../base/views.ts';
import { answerHolder } from './holder.ts';
import { sharedField } from './presentations.ts';
import { code, JSON_TYPE, typeCode } from './share.ts';

const tag = 'authorisations';

/** The longest that a holder authorises somebody for. */
const LONGEST_DAYS = 366;

const authorisationView = z
  .object({
    id: z.int(),
    unitCode: z.string(),
    unitName: z.string(),
    types: z.array(z.string()).meta({ description: '证照类型代码' }),
    fields: z.array(z.string()),
    interfaces: z.array(keyOf(INTERFACES)),
    purpose: z.string(),
    calls: z.int().nullable().meta({ description: 'Calls that it is for; null: as many as there are until its end' }),
    called: z.int(),
    givenAt: instant,
    until: instant,
    revokedAt: instant.nullable(),
  })
  .meta({ id: 'Authorisation' });
const given = z
  .object({
    id: z.int(),
    unitName: z.string(),
    code: code.meta({ description: '授权码, for the unit: shown this once, only its hash is kept' }),
    until: instant,
  })
  .meta({ id: 'GivenAuthorisation' });
const list = pageOf(authorisationView).meta({ id: 'Authorisations' });

const UNSHARED = new ApiProblem(
  400,
  'type-unshared',
  { zh: '目录中没有此类证照，或不公开', en: 'The catalog has no such type, or does not share it' },
  undefined,
  'types',
);
const NO_FIELD = new ApiProblem(
  400,
  'field-unknown',
  { zh: '这些证照的照面上没有该字段', en: 'None of these types has that field on its face' },
  undefined,
  'fields',
);
const NOT_AHEAD = new ApiProblem(
  400,
  'end-wrong',
  { zh: `截止时间须在今后 ${LONGEST_DAYS} 天之内`, en: `The end has to be within ${LONGEST_DAYS} days from now` },
  undefined,
  'until',
);
const NONE_TO_REVOKE = new ApiProblem(404, 'authorisation-unknown', {
  zh: '没有这项授权，或已撤销',
  en: 'There is no such authorisation, or it is revoked',
});

const postAuthorisation = post(
  '/authorisations',
  {
    needs: 'holder',
    summary: '授权 Authorise a unit (社会化用证主体) to use certificates of one’s own, for a purpose, until an end',
    tag,
    body: z.object({
      unit: unitCode,
      types: z.array(typeCode).min(1).max(50),
      fields: z
        .array(sharedField)
        .min(1)
        .max(100)
        .default([...BASE_FIELDS])
        .meta({ description: 'What may be read; left out: what stands on every certificate' }),
      interfaces: z
        .array(keyOf(INTERFACES))
        .min(1)
        .default([...BASE_INTERFACES])
        .meta({ description: 'Left out: find and verify' }),
      purpose: text(200).meta({ description: '用途, as the holder is told it' }),
      calls: z
        .int()
        .min(1)
        .max(10_000)
        .optional()
        .meta({ description: '1: single; left out: as many as there are until its end' }),
      until: instant,
    }),
    answer: given,
    problems: [404],
  },
  (request, options, reply) =>
    answerHolder(request, options, reply, 'authorise', async (trx, holder, at) => {
      const { unit: unitOf, types, fields, interfaces, purpose, calls = null, until } = request.body;
      if (until <= at || until.getTime() > at.getTime() + LONGEST_DAYS * DAY_MS) throw NOT_AHEAD;
      const unit = await unitNamed(trx, unitOf);
      await requireShared(trx, types, fields);
      const wanted = {
        holder: holder.code,
        strength: holder.strength,
        unit,
        types,
        fields,
        interfaces,
        purpose,
        calls,
        until,
      };
      const made = await authorise(trx, wanted, at);
      const body = given.encode({ ...made, unitName: unit.name, until });
      return { body: JSON.stringify(body), type: JSON_TYPE, certificates: [] };
    }),
);

/** A unit by its code; throws a configuration error where there is none. */
async function unitNamed(trx: Knex, code: string): Promise<Unit> {
  const unit = await findUnit(trx, code);
  if (unit) return unit;
  throw fault('unit-unknown', { units: [code] });
}

/** Throws a problem where types are not shared, or a field is on the face of none of them. */
async function requireShared(trx: Knex, types: readonly string[], fields: readonly SharedField[]): Promise<void> {
  const catalog = await approvedCatalog(trx);
  if (!types.every((type) => isShared(catalog.get(type)))) throw UNSHARED;
  const faces = new Set(types.flatMap((type) => catalog.get(type)?.face ?? []).map(({ name }) => `face:${name}`));
  if (fields.some((field) => field.startsWith('face:') && !faces.has(field))) throw NO_FIELD;
}

const getAuthorisations = get(
  '/authorisations',
  {
    needs: 'holder',
    summary: '我的授权 What the holder has authorised, the latest first',
    tag,
    query: paging,
    answer: list,
  },
  (request, options, reply) =>
    answerHolder(request, options, reply, 'own-authorisations', async (trx, holder) => {
      const { limit, after } = request.query;
      const [before] = readCursor(after, z.tuple([z.int()])) ?? [];
      const rows = await authorisationsOf(trx, holder.code, { before, limit: limit + 1 });
      const page = pageOfRows(rows, limit, ({ id }) => [id]);
      const body = list.encode(page);
      return { body: JSON.stringify(body), type: JSON_TYPE, certificates: [] };
    }),
);

const revoked = z.object({ id: z.int() }).meta({ id: 'RevokedAuthorisation' });

const postRevoke = post(
  '/authorisations/:id/revoke',
  {
    needs: 'holder',
    summary: '撤销授权 Revoke an authorisation, from the next call on; what was found by it is not read on either',
    tag,
    params: idParams,
    answer: revoked,
    problems: [404],
  },
  (request, options, reply) =>
    answerHolder(request, options, reply, 'revoke', async (trx, holder, at) => {
      const { id } = request.params;
      if (!(await revoke(trx, holder.code, id, at))) throw NONE_TO_REVOKE;
      return { body: JSON.stringify({ id }), type: JSON_TYPE, certificates: [] };
    }),
);

/** Authorisations (授权): what holders do about them; systems of units call by their codes in the share interface. */
export const authorisationRoutes = { postAuthorisation, getAuthorisations, postRevoke };
