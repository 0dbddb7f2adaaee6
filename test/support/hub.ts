import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { createActivities, type Activities } from '../../activities/index.ts';
import { approveDemoCatalog } from '../../cli/demo/catalog.ts';
import type { HubConfig } from '../../settings/load.ts';
import { Streams } from '../../connectors/registry.ts';
import { syncWorkflowId } from '../../domain/ids.ts';
import type { TimeWindow } from '../../domain/collection/window.ts';
import { saveCalendar } from '../../store/ledger/calendar.ts';
import { FolderStore } from '../../store/library/files/folder.ts';
import { saveStreams } from '../../store/collection/streams.ts';
import { activityInterceptors } from '../../temporal/interceptors.ts';
import { calendarInForce, configuredStreams, saveLaw } from '../../store/apply-config.ts';
import type { StreamLabel, SyncWindowResult } from '../../workflows/messages.ts';
import type { syncWindow } from '../../workflows/sync-window.ts';
import { createDatabase, type TestDatabase } from './database.ts';
import { demoConfig, type Departments } from './departments.ts';
import { startTimeSkipping, type SkippingServer } from './servers/time-skipping.ts';
import { workflowBundle } from './temporal/workflows.ts';

export const TASK_QUEUE = 'test';

/**
 * The hub's workflows and activities on a server whose clock skips what nobody needs to wait for, with a database of
 * their own. The departments and the ledger go by the same clock.
 */
export class SkippingHub {
  readonly env: TestWorkflowEnvironment;
  /** An ordinary client: the environment's own one skips years, if need be, while it waits for a result. */
  readonly client: Client;
  readonly database: TestDatabase;
  readonly config: HubConfig;
  readonly departments: Departments;
  readonly #server: SkippingServer;
  readonly #folder = mkdtempSync(join(tmpdir(), 'hub-files-'));
  readonly files = new FolderStore(this.#folder);
  /** Now, as the last activity saw it. */
  nowMs: number;

  private constructor(server: SkippingServer, database: TestDatabase, departments: Departments, nowMs: number) {
    const env = (this.env = server.env);
    this.#server = server;
    this.client = new Client({ connection: env.connection, namespace: env.namespace ?? 'default' });
    this.database = database;
    this.departments = departments;
    this.nowMs = nowMs;
    this.config = demoConfig();
    for (const { server } of departments.all()) server.clock = () => this.nowMs;
  }

  /** @param prepare puts the departments together; it is told the server's time */
  static async start(prepare: (nowMs: number) => Promise<Departments>): Promise<SkippingHub> {
    const server = await startTimeSkipping();
    const { env } = server;
    const { operatorService } = env.connection;
    await operatorService.addSearchAttributes({
      namespace: env.namespace ?? 'default',
      searchAttributes: { HubStream: 2, HubUnit: 2, HubKind: 2, HubDueAt: 6 },
    });
    const nowMs = await env.currentTimeMs();
    const hub = new SkippingHub(server, await createDatabase(), await prepare(nowMs), nowMs);
    await approveDemoCatalog(hub.db);
    await saveStreams(hub.db, configuredStreams(hub.config), new Date(nowMs));
    await saveLaw(hub.db, hub.config);
    await saveCalendar(hub.db, calendarInForce(hub.config), new Date(nowMs));
    return hub;
  }

  get db(): TestDatabase['db'] {
    return this.database.db;
  }

  label(stream: string): StreamLabel {
    return { stream, title: stream, unit: '甲局' };
  }

  /** Reads a window of a stream, as a day would. */
  collect(stream: string, window: TimeWindow, mocks?: Partial<Activities>): Promise<SyncWindowResult> {
    return this.working(
      () =>
        this.client.workflow.execute<typeof syncWindow>('syncWindow', {
          workflowId: syncWorkflowId(stream),
          taskQueue: TASK_QUEUE,
          args: [{ ...this.label(stream), purpose: 'daily', window }],
        }),
      mocks,
    );
  }

  /**
   * Runs `work` while a worker works; `mocks` stand for activities that the test does not want to really happen.
   * @param cached workflows whose state is kept between steps, for those too long to be replayed at every one
   */
  async working<T>(work: () => Promise<T>, mocks: Partial<Activities> = {}, cached = 0): Promise<T> {
    const streams = new Streams(this.config, { now: () => this.nowMs });
    const worker = await Worker.create({
      maxCachedWorkflows: cached,
      // A production worker would try again, and so hide it.
      workflowFailureErrorTypes: { '*': ['NondeterminismError'] },
      connection: this.env.nativeConnection,
      taskQueue: TASK_QUEUE,
      workflowBundle: workflowBundle(),
      activities: {
        ...createActivities({
          files: this.files,
          trust: () => ({ roots: [], crls: [] }),
          db: this.db,
          streams: () => streams,
          now: () => new Date(this.nowMs),
          aheadMs: () => 0,
          disputeTarget: () => this.config.settings.disputes.target ?? null,
        }),
        ...mocks,
      },
      interceptors: {
        activity: [
          activityInterceptors,
          () => ({ inbound: { execute: (input, next) => this.#onTime(() => next(input)) } }),
        ],
      },
    });
    try {
      return await worker.runUntil(work);
    } finally {
      await streams.close();
    }
  }

  async #onTime<T>(work: () => Promise<T>): Promise<T> {
    this.nowMs = await this.env.currentTimeMs();
    return work();
  }

  /** Moves the server's clock to an instant and looks what time it is then. */
  async skipTo(atMs: number): Promise<void> {
    await this.env.sleep(Math.max(1, atMs - (await this.env.currentTimeMs())));
    this.nowMs = await this.env.currentTimeMs();
  }

  /** Lets time pass until a workflow has ended, at most for a while. */
  async untilEnded(handle: WorkflowHandle, atMostMs: number): Promise<void> {
    const endMs = this.nowMs + atMostMs;
    while ((await handle.describe()).status.name === 'RUNNING') {
      if (this.nowMs > endMs) throw new Error(`${handle.workflowId} is still running`);
      await this.skipTo(this.nowMs + 20 * 60_000);
    }
  }

  async stop(): Promise<void> {
    await this.#server.stop();
    await this.departments.stop();
    await this.database.drop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
