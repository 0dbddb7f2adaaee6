import { z } from 'zod';
import pkg from '../../package.json' with { type: 'json' };
import { openAlerts, ALERT_KINDS, type Alert } from '../../store/alerts.ts';
import { calendarName } from '../../store/calendar.ts';
import { databaseReport } from '../../store/operation.ts';
import { temporalReport } from '../../temporal/operation.ts';
import { lastLook } from '../watchdog.ts';
import type { Api, ApiOptions } from './api.ts';
import type { Said } from './problem.ts';
import { instant } from './views.ts';

/** What each kind of alert is called. */
const ALERTS: Record<Alert['kind'], Said> = {
  overdue: { zh: '时限任务逾期', en: 'overdue deadlines' },
  'temporal-away': { zh: '任务引擎不可用', en: 'Temporal is away' },
  'stream-paused': { zh: '数据流暂停', en: 'a stream is paused' },
  discrepancy: { zh: '源端与库内不一致', en: 'source and library differ' },
  'dead-letters': { zh: '发送失败的消息', en: 'messages were given up' },
  drift: { zh: '源端字段变化', en: 'fields of a source changed' },
  volume: { zh: '数据量异常', en: 'an unusual number of records' },
  waiting: { zh: '等待目录登记', en: 'records wait for the catalog' },
  outage: { zh: '不可抗力', en: 'an outage' },
  reminders: { zh: '提醒送不到', en: 'reminders do not arrive' },
  'ticket-faults': { zh: '异议工单有误', en: 'faulty tickets' },
};

const said = z.object({ zh: z.string(), en: z.string() });
/** How the hub itself runs (运行). */
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
      .object({ at: instant, fault: z.string().nullable() })
      .nullable()
      .meta({ description: 'The last look of this process’s watchdog' }),
    alerts: z.array(
      z.object({ kind: z.enum(ALERT_KINDS), name: said, subject: z.string(), message: z.string(), raisedAt: instant }),
    ),
    outbox: z.array(
      z.object({
        target: z.string(),
        waiting: z.int(),
        dead: z.int(),
        oldestAt: instant.nullable(),
        lastError: z.string().nullable(),
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

export function operationRoutes(app: Api, { db, now, config, temporal, logger }: ApiOptions): void {
  app.get(
    '/operation',
    {
      config: { needs: 'operation:read' },
      schema: {
        summary: '运行 How the hub runs: workers and queues, schedules, watchdog, versions, what waits to be sent',
        tags: ['operation'],
        response: { 200: operationView },
      },
    },
    async () => {
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
      return {
        at: now(),
        versions: {
          ...{ hub: pkg.version, node: process.version, postgres: version, temporal: report?.version ?? null },
          ...{ migration, pendingMigrations: pending, calendar, jurisdiction: jurisdiction.id },
          calendarTables: calendarTables.map((table) => ({ year: table.year, version: table.version })),
        },
        temporal: report && { queues: report.queues, schedules: report.schedules },
        ...{ taskQueue, watchdog: lastLook(), outbox, reminders, database: { bytes, tables } },
        alerts: alerts.map((alert) => ({ ...alert, name: ALERTS[alert.kind] })),
      };
    },
  );
}
