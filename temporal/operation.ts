import type { Client, Connection } from '@temporalio/client';

const ASK_FOR_MS = 5_000;
/** Temporal's TaskQueueType. */
const QUEUES = { workflows: 1, activities: 2 } as const;
/** Schedules that are looked at. */
const MOST_SCHEDULES = 2_000;

/** A task queue: what waits in it, and who asks for it. */
export interface QueueReport {
  kind: keyof typeof QUEUES;
  /** About how many tasks wait; null where the server does not say. */
  backlog: number | null;
  /** How long the oldest has waited, seconds. */
  oldestSeconds: number | null;
  pollers: { identity: string; lastAccessAt: Date | null }[];
}

/** When something that repeats runs next. */
export interface ScheduleReport {
  id: string;
  paused: boolean;
  lastAt: Date | null;
  nextAt: Date | null;
}

/** What Temporal says of the hub's work. */
export interface TemporalReport {
  version: string;
  queues: QueueReport[];
  /** Those that run next first. */
  schedules: ScheduleReport[];
}

/** How the hub's work stands in Temporal; throws soon when Temporal cannot be reached. */
export async function temporalReport(client: Client, taskQueue: string): Promise<TemporalReport> {
  const { workflowService } = client.connection as Connection;
  const { namespace } = client.options;
  return client.withDeadline(Date.now() + ASK_FOR_MS, async () => {
    const [{ serverVersion }, schedules, ...queues] = await Promise.all([
      workflowService.getSystemInfo({}),
      listSchedules(client, taskQueue),
      ...Object.entries(QUEUES).map(async ([kind, taskQueueType]): Promise<QueueReport> => {
        const { pollers, stats } = await workflowService.describeTaskQueue({
          namespace,
          taskQueue: { name: taskQueue },
          taskQueueType,
          reportStats: true,
          reportPollers: true,
        });
        const age = stats?.approximateBacklogAge?.seconds;
        return {
          kind: kind as keyof typeof QUEUES,
          backlog: stats?.approximateBacklogCount == null ? null : Number(stats.approximateBacklogCount),
          oldestSeconds: age == null ? null : Number(age),
          pollers: pollers.map(({ identity, lastAccessTime }) => ({
            identity: identity ?? '',
            lastAccessAt: lastAccessTime?.seconds == null ? null : new Date(Number(lastAccessTime.seconds) * 1000),
          })),
        };
      }),
    ]);
    return { version: serverVersion, queues, schedules };
  });
}

async function listSchedules(client: Client, taskQueue: string): Promise<ScheduleReport[]> {
  const schedules: ScheduleReport[] = [];
  for await (const { scheduleId, memo, state, info } of client.schedule.list()) {
    if (memo?.hub !== taskQueue) continue;
    schedules.push({
      id: scheduleId,
      paused: state.paused,
      lastAt: info.recentActions.at(-1)?.takenAt ?? null,
      nextAt: info.nextActionTimes[0] ?? null,
    });
    if (schedules.length === MOST_SCHEDULES) break;
  }
  return schedules.sort((a, b) => (a.nextAt?.getTime() ?? Infinity) - (b.nextAt?.getTime() ?? Infinity));
}
