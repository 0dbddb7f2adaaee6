import { z } from 'zod';
import { dashboard } from '../../../store/supervision/dashboard.ts';
import { principalOf } from '../base/access.ts';
import { get } from '../base/route.ts';
import { instant } from '../base/views.ts';

const counted = z.object({ now: z.int(), before: z.int().meta({ description: 'A day ago' }) });
const overviewView = z
  .object({
    at: instant,
    dueToday: counted,
    overdue: counted,
    rectifying: counted,
    noticed: counted,
    worst: z.array(z.object({ code: z.string(), name: z.string(), running: z.int(), overdue: z.int() })),
    late: z.array(z.object({ code: z.string(), name: z.string(), since: instant })),
  })
  .meta({ id: 'Overview' });
export type OverviewView = z.input<typeof overviewView>;

const getOverview = get(
  '/overview',
  { needs: 'tasks:read', summary: '总览 What is overdue, and whose', tag: 'tasks', answer: overviewView },
  async (request, { db, now }) => {
    const at = now();
    return { at, ...(await dashboard(db, { at, units: principalOf(request).units })) };
  },
);

/** The numbers that a supervisor looks at first. */
export const overviewRoutes = { getOverview };
