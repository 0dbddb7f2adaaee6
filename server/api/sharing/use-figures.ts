import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { DAY_MS, shanghaiDate, startOfDayMs } from '../../../domain/dates.ts';
import { maskNumbers } from '../../../domain/library/personal.ts';
import { UNUSUAL_USES } from '../../../domain/sharing/unusual.ts';
import { keyOf } from '../../../settings/values.ts';
import { unusualUses, useFigures, type UsePeriod } from '../../../store/sharing/use-figures.ts';
import { principalOf } from '../base/access.ts';
import type { ApiOptions } from '../base/api.ts';
import { get } from '../base/route.ts';
import { date, instant } from '../base/views.ts';

const tag = 'sharing';
const period = z.object({
  from: date.optional().meta({ description: 'Left out: thirty days' }),
  to: date.optional().meta({ description: 'The last day; left out: today' }),
});
const DAYS = 30;

function periodOf(
  request: FastifyRequest<{ Querystring: z.output<typeof period> }>,
  { now }: Pick<ApiOptions, 'now'>,
): UsePeriod {
  const { to = shanghaiDate(now().getTime()), from } = request.query;
  const end = startOfDayMs(to) + DAY_MS;
  const { units } = principalOf(request);
  return { units, to: new Date(end), from: new Date(from === undefined ? end - DAYS * DAY_MS : startOfDayMs(from)) };
}

const useFigureView = z
  .object({
    unitCode: z.string(),
    unitName: z.string(),
    matter: z.string(),
    typeCode: z.string(),
    calls: z.int(),
    answered: z.int().meta({ description: '成功率: answered ÷ calls' }),
    refused: z.int(),
    cases: z.int().meta({ description: 'Different business numbers (业务流水号)' }),
    casesServed: z
      .int()
      .meta({ description: 'Of these, with an answer that showed a certificate; 应用率: casesServed ÷ cases' }),
    spared: z.int().meta({
      description:
        '免提交: certificates that nobody had to bring, each once a case; verifying what was brought spares none',
    }),
    holders: z.int().meta({ description: 'Different holders that were asked about' }),
    lastAt: instant,
  })
  .meta({ id: 'UseFigure' });
export type UseFigureView = z.input<typeof useFigureView>;

const getUseFigures = get(
  '/use-figures',
  {
    needs: 'uses:read',
    summary: '用证统计 Who uses what: calls, cases, certificates that nobody had to bring, by unit, matter and type',
    tag,
    query: period,
    answer: z.object({ items: z.array(useFigureView) }),
  },
  async (request, options) => ({ items: await useFigures(options.db, periodOf(request, options)) }),
);

const unusualUseView = z
  .object({
    kind: keyOf(UNUSUAL_USES),
    unitCode: z.string(),
    unitName: z.string(),
    client: z.string(),
    about: z.string().nullable(),
    day: date,
    count: z.int(),
  })
  .meta({ id: 'UnusualUse' });
export type UnusualUseView = z.input<typeof unusualUseView>;

const getUnusualUses = get(
  '/unusual-uses',
  {
    needs: 'uses:read',
    summary: '异常用证 Clients whose use is not as use mostly is',
    description: Object.values(UNUSUAL_USES)
      .map(({ zh, least }) => `${zh}（${least} 起）`)
      .join('；'),
    tag,
    query: period,
    answer: z.object({ items: z.array(unusualUseView) }),
  },
  async (request, options) => {
    const found = await unusualUses(options.db, periodOf(request, options));
    return { items: found.map((use) => ({ ...use, about: use.about && maskNumbers(use.about) })) };
  },
);

/** How certificates are used, for who watches (用证监测). */
export const useFigureRoutes = { getUseFigures, getUnusualUses };
