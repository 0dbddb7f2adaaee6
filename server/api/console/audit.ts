import { z } from 'zod';
import { AUDITED } from '../../../domain/console/audit.ts';
import { addDays, startOfDayMs } from '../../../domain/dates.ts';
import { listAudit } from '../../../store/console/audit.ts';
import { principalOf } from '../base/access.ts';
import { get } from '../base/route.ts';
import { role } from './session.ts';
import { date, instant, pageOf, pageOfRows, paging, readCursor } from '../base/views.ts';

const auditView = z
  .object({
    id: z.int(),
    at: instant,
    actor: z.string().meta({ description: 'Their login' }),
    role: role.nullable().meta({ description: 'null: nobody was signed in' }),
    action: z.string().meta({ description: 'A permission, sign-in, sign-in refused, session or export' }),
    object: z.string().meta({ description: 'What it was done to, for example dispute/12' }),
    detail: z.record(z.string(), z.unknown()),
    address: z.string().nullable().meta({ description: 'The network address that it came from' }),
  })
  .meta({ id: 'AuditEntry' });
export type AuditView = z.input<typeof auditView>;

/** Which entries: of the list, and of what is taken out. */
export const auditFilter = z.object({
  actor: z.string().max(100).optional(),
  object: z.string().max(200).optional(),
  action: z.enum(Object.keys(AUDITED) as [string]).optional(),
  address: z.union([z.ipv4(), z.ipv6()]).optional().meta({ description: 'That it came from' }),
  from: date.optional(),
  to: date.optional().meta({ description: 'Up to and with this day' }),
});
export const auditChoice = ({ from, to, ...filter }: z.output<typeof auditFilter>) => ({
  ...filter,
  from: from === undefined ? undefined : new Date(startOfDayMs(from)),
  to: to === undefined ? undefined : new Date(startOfDayMs(addDays(to, 1))),
});

const getAudit = get(
  '/audit',
  {
    needs: 'audit:read',
    summary: '审计 What people did, the latest first; who sees some units, what people of these did',
    tag: 'audit',
    query: auditFilter.extend(paging.shape),
    answer: pageOf(auditView),
  },
  async (request, { db }) => {
    const { limit, after, ...filter } = request.query;
    const [before] = readCursor(after, z.tuple([z.int()])) ?? [];
    const { units } = principalOf(request);
    const rows = await listAudit(db, { ...auditChoice(filter), units, before, limit: limit + 1 });
    return pageOfRows(rows, limit, ({ id }) => [id]);
  },
);

/** What people did (审计). */
export const auditRoutes = { getAudit };
