import type { Client, Connection } from '@temporalio/client';
import {
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type LogEntry,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import type { Knex } from 'knex';
import pRetry from 'p-retry';
import { createActivities } from '../activities/index.ts';
import type { FileDependencies } from '../activities/dependencies.ts';
import type { HubConfig } from '../settings/load.ts';
import { watchConfig } from '../settings/watch.ts';
import type { Logger } from '../settings/logger.ts';
import { Streams } from '../connectors/registry.ts';
import { retimeWorkflowId } from '../domain/ids.ts';
import { messageOf } from '../domain/errors.ts';
import { calendarInForce, configuredStreams, saveLaw, saveVersions, unreadConnectors } from '../store/apply-config.ts';
import { noteCalendar, saveCalendar } from '../store/ledger/calendar.ts';
import { noteSchedules } from '../store/ledger/rules.ts';
import { beat, BEAT_MS } from '../store/ledger/uptime.ts';
import type { Clock } from '../store/ledger/clock.ts';
import { openDays, streamsBehind } from '../store/collection/days.ts';
import { saveStreams } from '../store/collection/streams.ts';
import type { retime } from '../workflows/retime.ts';
import { activityInterceptors } from './interceptors.ts';
import { reconcileSchedules, wakeSchedules } from './schedules.ts';

/** Sends the SDK's own log lines, the Rust core's included, to the hub's logger. Once per process, before any worker. */
export function installRuntime(logger: Logger): void {
  Runtime.install({
    logger: new DefaultLogger('DEBUG', ({ level, message, meta }: LogEntry) => {
      const shown = Object.entries(meta ?? {}).filter(([name]) => !UNSHOWN.has(name));
      const fields = shown.map(([name, value]) => [name, value instanceof Error ? messageOf(value) : value] as const);
      logger.log(WINSTON_LEVELS[level], message, Object.fromEntries(fields));
    }),
    telemetryOptions: { logging: { forward: {}, filter: { core: 'WARN', other: 'WARN' } } },
    shutdownSignals: [],
  });
}

/** Fields of the SDK's lines that are the same in all of them, or too long. */
const UNSHOWN = new Set(['sdkComponent', 'namespace', 'taskQueue', 'taskToken', 'isLocal', 'workflowRunId']);
const WINSTON_LEVELS = { TRACE: 'debug', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/**
 * A running worker and the configuration it works by. The configuration is watched: what is valid of a change is taken
 * over at once, what is not is logged, and the last valid version of that file stays.
 */
export class HubWorker {
  readonly #db: Knex;
  readonly #clock: Clock;
  readonly #client: Client;
  readonly #logger: Logger;
  readonly #files: Pick<FileDependencies, 'files' | 'trust'>;
  #config: HubConfig;
  #streams: Streams;
  #worker: Worker | null = null;

  constructor(
    options: Pick<FileDependencies, 'db' | 'files' | 'trust'> & {
      clock: Clock;
      client: Client;
      config: HubConfig;
      logger: Logger;
    },
  ) {
    this.#db = options.db;
    this.#clock = options.clock;
    this.#client = options.client;
    this.#config = options.config;
    this.#logger = options.logger;
    this.#files = { files: options.files, trust: options.trust };
    this.#streams = new Streams(options.config);
  }

  /**
   * Works until {@link stop} is called.
   * @param onReady called when the worker takes work
   */
  async run(address: string, workflowBundle: WorkflowBundleOption, onReady?: () => void): Promise<void> {
    const { namespace, taskQueue } = this.#config.settings.temporal;
    await this.#apply(this.#config);
    const connection = await pRetry(() => NativeConnection.connect({ address }), { retries: 10, maxTimeout: 5_000 });
    const stopped = new AbortController();
    let beating: NodeJS.Timeout | undefined;
    const watching = watchConfig(
      this.#config,
      {
        logger: this.#logger,
        apply: async (config) => {
          const previous = this.#streams;
          // First: what the change lifts or wakes reads by it, or a mended stream would be paused once more.
          this.#config = config;
          this.#streams = new Streams(config);
          try {
            await this.#apply(config);
          } finally {
            await previous.close();
          }
        },
      },
      stopped.signal,
    );
    try {
      this.#worker = await Worker.create({
        connection,
        namespace,
        taskQueue,
        workflowBundle,
        activities: createActivities({
          ...this.#files,
          db: this.#db,
          streams: () => this.#streams,
          now: this.#clock.now,
          aheadMs: this.#clock.aheadMs,
          disputeTarget: () => this.#config.settings.disputes.target ?? null,
        }),
        interceptors: { activity: [activityInterceptors] },
        shutdownGraceTime: '5 seconds',
        shutdownForceTime: '30 seconds',
        maxConcurrentActivityTaskExecutions: 20,
      });
      onReady?.();
      await this.#beat();
      beating = setInterval(() => void this.#beat(), BEAT_MS);
      await this.#worker.run();
    } finally {
      clearInterval(beating);
      stopped.abort();
      await watching;
      await this.#streams.close();
      await connection.close();
    }
  }

  stop(): void {
    if (this.#worker?.getState() === 'RUNNING') this.#worker.shutdown();
  }

  /** Notes that this worker can do its work, while Temporal and the database answer. */
  async #beat(): Promise<void> {
    try {
      await (this.#client.connection as Connection).workflowService.getSystemInfo({});
      await beat(this.#db, 'worker', this.#clock.now());
    } catch (error) {
      this.#logger.warn('the worker is not at work', { error: messageOf(error) });
    }
  }

  /** Counts the deadlines by another calendar, where there is one, and has what waits for them told. */
  async #retime(config: HubConfig, at: Date): Promise<void> {
    const { changed, moved, name } = await saveCalendar(this.#db, calendarInForce(config), at);
    if (!changed) return;
    await this.#client.workflow.start<typeof retime>('retime', {
      workflowId: retimeWorkflowId(),
      taskQueue: config.settings.temporal.taskQueue,
      args: [{}],
      // What an earlier one has not woken yet, this one does.
      workflowIdConflictPolicy: 'TERMINATE_EXISTING',
      staticSummary: '日历变更 · 唤醒等待期限的流程',
    });
    await noteCalendar(this.#db, name);
    this.#logger.info('deadlines counted by another calendar', { calendar: name, moved });
  }

  async #apply(config: HubConfig): Promise<void> {
    const at = this.#clock.now();
    await saveStreams(this.#db, configuredStreams(config), at, unreadConnectors(config));
    await saveLaw(this.#db, config);
    await this.#retime(config, at);
    const { kept, removed } = await reconcileSchedules(this.#client, config);
    await noteSchedules(this.#db, kept);
    await openDays(this.#db, at);
    await wakeSchedules(this.#client, config, await streamsBehind(this.#db, this.#clock.now()));
    await saveVersions(this.#db, config);
    this.#logger.info('configuration applied', {
      schedules: kept.length,
      removed,
      jurisdiction: config.jurisdiction.id,
    });
  }
}

const ASK_FOR_MS = 3_000;
/** Temporal's TaskQueueType for workflow tasks. */
const WORKFLOW_TASKS = 1;

/** How many workers ask for work on a task queue; throws soon when Temporal cannot be reached. */
export async function countWorkers(client: Client, taskQueue: string): Promise<number> {
  const { workflowService } = client.connection as Connection;
  const { namespace } = client.options;
  const { pollers } = await client.withDeadline(Date.now() + ASK_FOR_MS, () =>
    workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: WORKFLOW_TASKS,
    }),
  );
  return pollers.length;
}
