import { z } from 'zod';
import { dashboard } from '../../../store/supervision/dashboard.ts';
import { isBlind } from '../../last-look.ts';
import { principalOf } from '../base/access.ts';
import { get } from '../base/route.ts';
import { instant } from '../base/views.ts';

const counted = z.object({ now: z.int(), before: z.int().meta({ description: 'A day ago' }) });
const numbers = z.object({
  dueToday: counted,
  overdue: counted,
  rectifying: counted,
  worst: z.array(z.object({ code: z.string(), name: z.string(), running: z.int(), overdue: z.int() })),
  late: z.array(z.object({ code: z.string(), name: z.string(), since: instant })),
});
const overviewView = z
  .object({
    at: instant,
    blind: z
      .boolean()
      .meta({ description: 'The watchdog could not look: what it tells can be short of what there is' }),
    statutory: numbers.meta({ description: '法定时限' }),
    internal: numbers.meta({ description: '内控时限' }),
    noticed: counted,
  })
  .meta({ id: 'Overview' });
export type OverviewView = z.input<typeof overviewView>;

const getOverview = get(
  '/overview',
  { needs: 'tasks:read', summary: '总览 What is overdue, and whose', tag: 'tasks', answer: overviewView, shared: true },
  async (request, { db, now }) => {
    const at = now();
    return { at, blind: isBlind(at), ...(await dashboard(db, { at, units: principalOf(request).units })) };
  },
);

/** The numbers that a supervisor looks at first. */
export const overviewRoutes = { getOverview };
