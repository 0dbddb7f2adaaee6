import { z } from 'zod';
import pkg from '../../../package.json' with { type: 'json' };
import { keyOf } from '../../../settings/values.ts';
import { faultInWords } from '../../../domain/faults.ts';
import { ALERTS } from '../../../domain/ledger/alerts.ts';
import { openAlerts } from '../../../store/ledger/alerts.ts';
import { calendarName } from '../../../store/ledger/calendar.ts';
import { databaseReport } from '../../../store/console/operation.ts';
import { temporalReport } from '../../../temporal/operation.ts';
import { isBlind, lastLook } from '../../last-look.ts';
import { get } from '../base/route.ts';
import { instant, saidView } from '../base/views.ts';

const operationView = z
  .object({
    at: instant,
    versions: z.object({
      hub: z.string(),
      node: z.string(),
      postgres: z.string(),
      temporal: z.string().nullable(),
      migration: z.string().nullable(),
      pendingMigrations: z.int(),
      calendar: z.string().nullable().meta({ description: 'Which tables the ledger is counted by' }),
      calendarTables: z.array(z.object({ year: z.int(), version: z.string() })),
      jurisdiction: z.string(),
    }),
    temporal: z
      .object({
        queues: z.array(
          z.object({
            kind: z.enum(['workflows', 'activities']),
            backlog: z.int().nullable(),
            oldestSeconds: z.int().nullable(),
            pollers: z.array(z.object({ identity: z.string(), lastAccessAt: instant.nullable() })),
          }),
        ),
        schedules: z.array(
          z.object({ id: z.string(), paused: z.boolean(), lastAt: instant.nullable(), nextAt: instant.nullable() }),
        ),
      })
      .nullable()
      .meta({ description: 'null: Temporal cannot be reached' }),
    taskQueue: z.string(),
    watchdog: z
      .object({ at: instant, fault: z.string().nullable(), blind: z.boolean() })
      .nullable()
      .meta({ description: 'The last look of this process’s watchdog' }),
    alerts: z.array(
      z.object({ kind: keyOf(ALERTS), name: saidView, subject: z.string(), message: saidView, raisedAt: instant }),
    ),
    outbox: z.array(
      z.object({
        target: z.string(),
        waiting: z.int(),
        dead: z.int(),
        oldestAt: instant.nullable(),
        lastError: saidView.nullable(),
      }),
    ),
    reminders: z.object({
      waiting: z.int(),
      dead: z.int(),
      oldestAt: instant.nullable(),
      lastRoundAt: instant.nullable(),
    }),
    database: z.object({ bytes: z.number(), tables: z.array(z.object({ name: z.string(), bytes: z.number() })) }),
  })
  .meta({ id: 'Operation' });
export type OperationView = z.input<typeof operationView>;

const getOperation = get(
  '/operation',
  {
    needs: 'operation:read',
    summary: '运行 How the hub runs: workers and queues, schedules, watchdog, versions, what waits to be sent',
    tag: 'operation',
    answer: operationView,
  },
  async (_request, { db, now, config, temporal, logger }) => {
    const { settings, jurisdiction, calendarTables } = config();
    const { taskQueue } = settings.temporal;
    const asked = temporal()
      .then((client) => temporalReport(client, taskQueue))
      .catch((error: unknown) => {
        logger.warn('Temporal gave no report', { error: (error as Error).name });
        return null;
      });
    const [report, database, alerts, calendar] = await Promise.all([
      asked,
      databaseReport(db),
      openAlerts(db),
      calendarName(db),
    ]);
    const { version, bytes, tables, migration, pending, outbox, reminders } = database;
    const at = now();
    const look = lastLook();
    return {
      at,
      versions: {
        hub: pkg.version,
        node: process.version,
        postgres: version,
        temporal: report?.version ?? null,
        migration,
        pendingMigrations: pending,
        calendar,
        jurisdiction: jurisdiction.id,
        calendarTables: calendarTables.map((table) => ({ year: table.year, version: table.version })),
      },
      temporal: report && { queues: report.queues, schedules: report.schedules },
      taskQueue,
      watchdog: look && { ...look, blind: isBlind(at) },
      outbox: outbox.map((each) => ({
        ...each,
        lastError: each.lastError === null ? null : faultInWords(each.lastError),
      })),
      reminders,
      database: { bytes, tables },
      alerts: alerts.map((alert) => ({ ...alert, name: ALERTS[alert.kind] })),
    };
  },
);

/** How the hub itself runs (运行). */
export const operationRoutes = { getOperation };
