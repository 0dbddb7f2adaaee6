import type { FastifyRequest } from 'fastify';
import type { Knex } from 'knex';
import { z } from 'zod';
import { mask, maskAll } from '../../../connectors/examine/discover.ts';
import { maskNumbers } from '../../../domain/library/personal.ts';
import { may } from '../../../domain/access.ts';
import { STATES_OF_FORCE } from '../../../domain/library/lifecycle.ts';
import { STATE_MARKS } from '../../../domain/library/marks.ts';
import { STATUS_NAMES } from '../../../domain/library/status.ts';
import { keyOf } from '../../../settings/values.ts';
import {
  certificatesOf,
  compositesOf,
  findCertificates,
  standingNow,
  type CertificateVersion,
  type PresentCertificate,
} from '../../../store/library/certificates.ts';
import { approvedCatalog } from '../../../store/library/catalog.ts';
import { auditRequest, principalOf } from '../base/access.ts';
import type { ApiOptions } from '../base/api.ts';
import { ApiProblem } from '../base/problem.ts';
import { get, post } from '../base/route.ts';
import { cursorOf, date, instant, pageOf, pageOfRows, paging, readCursor, text, unitCode } from '../base/views.ts';

export const certificateStatus = z.enum(
  STATUS_NAMES as [(typeof STATUS_NAMES)[number], ...(typeof STATUS_NAMES)[number][]],
);
/** How a certificate stands: whether it is in force, and the marks (状态标记) that hold beside that. */
export const standing = {
  state: keyOf(STATES_OF_FORCE).meta({ description: '有效, 中止 or 终止, whatever marks it has' }),
  marks: z.array(keyOf(STATE_MARKS)).meta({ description: '状态标记 that hold; several can at once' }),
};
export const holder = z.object({ name: z.string(), code: z.string(), codeType: z.string() });
const key = z
  .string()
  .nullable()
  .meta({ description: 'Of the record in its stream; null where it holds a 公民身份号码 that the caller may not see' });

/** A certificate (证照) as one stream has it. */
export const certificateView = z
  .object({
    stream: z.string(),
    unit: z.string(),
    key,
    personalKey: z.boolean().meta({ description: 'The key must not stand in an address: POST /certificates/record' }),
    typeCode: z.string(),
    name: z.string(),
    number: z.string(),
    identifier: z.string().nullable(),
    issuerName: z.string().nullable(),
    holders: z.array(holder).meta({ description: 'Masked' }),
    issuedOn: date,
    expiresOn: date.nullable(),
    longTerm: z.boolean(),
    status: certificateStatus.meta({ description: 'The source’s value for it, by its mapping' }),
    ...standing,
    disputedSince: instant.nullable(),
    updatedAt: instant,
  })
  .meta({ id: 'Certificate' });
export type CertificateView = z.input<typeof certificateView>;

const typeCode = z.string().regex(/^[0-9A-Z]{1,21}$/, '证照类型代码');
const code = text(200);
const ONE_OF = new ApiProblem(
  400,
  'search-empty',
  { zh: '请给出证照编号、证照标识或数据流之一', en: 'Give a number, an identifier or a stream' },
  { zh: '按持证主体查询请用 POST /certificates/search', en: 'POST /certificates/search looks holders up' },
);
export const PERSONAL_ADDRESS = new ApiProblem(
  400,
  'personal-address',
  { zh: '身份证号不得出现在地址中', en: 'A 公民身份号码 must not stand in an address' },
  { zh: '请改用按持证主体查询', en: 'Search by holder instead' },
);
const BY_NAME = new ApiProblem(
  400,
  'holder-name',
  { zh: '按姓名或名称没有索引，不能查询', en: 'There is no index of holders’ names' },
  {
    zh: '请输入持证主体代码（身份证号、统一社会信用代码等）',
    en: 'Enter the code of the holder, such as 统一社会信用代码',
  },
);
const cursor = z.tuple([z.iso.datetime(), z.int()]);

const getCertificates = get(
  '/certificates',
  {
    needs: 'certificates:read',
    summary: '证照 Certificates by number, identifier (at most 100) or stream (the latest changed first)',
    tag: 'certificates',
    query: z
      .object({
        number: code.optional(),
        identifier: code.optional(),
        type: typeCode.optional(),
        issuer: unitCode.optional(),
        stream: z.string().max(60).optional(),
      })
      .extend(paging.shape),
    answer: pageOf(certificateView),
  },
  async (request, { db }) => {
    const { number, identifier, type, issuer, stream, limit, after } = request.query;
    const principal = principalOf(request);
    const { units } = principal;
    const shown = (rows: readonly PresentCertificate[]) => shownRows(db, rows, may(principal, 'certificates:personal'));
    const sought = number ?? identifier;
    if (sought !== undefined) {
      if (maskNumbers(sought) !== sought) throw PERSONAL_ADDRESS;
      const by = [number === undefined ? ('identifier' as const) : ('number' as const)];
      const found = await findCertificates(db, sought, { by, typeCode: type, issuer, units });
      return { items: await shown(found), next: null };
    }
    if (stream === undefined) throw ONE_OF;
    const [updatedAt, seen = 0] = readCursor(after, cursor) ?? [];
    const rows = await certificatesOf(db, stream, {
      units,
      limit: limit + 1,
      after: updatedAt === undefined ? undefined : { updatedAt: new Date(updatedAt), seen },
    });
    const { items, next } = pageOfRows(rows, limit, () => []);
    return { items: await shown(items), next: next && nextOf(items, updatedAt, seen) };
  },
);

const postCertificateSearch = post(
  '/certificates/search',
  {
    needs: 'certificates:personal',
    summary: '按持证主体查询 Certificates by the code of a holder, or by a number that must not stand in an address',
    tag: 'certificates',
    body: z.object({ holder: code, type: typeCode.optional(), issuer: unitCode.optional() }),
    answer: pageOf(certificateView),
  },
  async (request, options) => {
    const { holder: sought, type, issuer } = request.body;
    if (/\p{Script=Han}/u.test(sought) && !/\d/.test(sought)) throw BY_NAME;
    const found = await findCertificates(options.db, sought, {
      typeCode: type,
      issuer,
      units: principalOf(request).units,
    });
    const records = found.map(({ stream, key }) => `${stream}/${maskNumbers(key)}`);
    await auditLook(request, options, 'certificate-search', { holder: mask(sought), found: found.length, records });
    return { items: await shownRows(options.db, found, true), next: null };
  },
);

/** Somebody looked at what is personal. */
export async function auditLook(
  request: FastifyRequest,
  options: ApiOptions,
  object: string,
  detail: Record<string, unknown>,
): Promise<void> {
  await auditRequest(request, options, { action: 'certificates:personal', object, detail });
}

/** Where the list of a stream goes on: at the instant of its last row, after as many rows of that instant as were seen. */
function nextOf(items: readonly CertificateVersion[], from: string | undefined, seen: number): string | null {
  const last = items.at(-1)?.updatedAt;
  if (!last) return null;
  const same = items.filter(({ updatedAt }) => updatedAt.getTime() === last.getTime()).length;
  const before = from !== undefined && Date.parse(from) === last.getTime() ? seen : 0;
  return cursorOf([last.toISOString(), same + before]);
}

/** Records as the API shows them; the state of a licence of several (一业一证) follows its members. */
export async function shownRows(
  db: Knex,
  rows: readonly PresentCertificate[],
  mayPersonal: boolean,
): Promise<z.output<typeof certificateView>[]> {
  const standing = rows.map((row) => ({ ...row, ...standingNow(row) }));
  const composites = await compositesOf(db, standing, await approvedCatalog(db));
  return standing.map((row, index) => shownRow({ ...row, state: composites[index]?.state ?? row.state }, mayPersonal));
}

function shownRow(
  row: PresentCertificate & ReturnType<typeof standingNow>,
  mayPersonal: boolean,
): z.output<typeof certificateView> {
  const personalKey = maskNumbers(row.key) !== row.key;
  return {
    ...row,
    key: personalKey && !mayPersonal ? null : row.key,
    personalKey,
    number: maskNumbers(row.number),
    holders: maskAll(row.holders) as CertificateVersion['holders'],
  };
}

/** Certificates (证照), looked up. */
export const certificateRoutes = { getCertificates, postCertificateSearch };
