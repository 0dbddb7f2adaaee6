import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectorConfig } from '../../settings/schemas/connector.ts';
import type { StreamConfig } from '../../settings/kinds/stream.ts';
import { provide } from '../../settings/environment.ts';
import { findStream, loadConfig, type HubConfig } from '../../settings/load.ts';
import {
  createDepartment,
  DEPARTMENTS,
  secretOf,
  type Department,
  type DepartmentId,
  type DepartmentOptions,
} from '../departments/departments.ts';
import { DAY_MS } from '../../domain/dates.ts';

export const CONFIG = join(import.meta.dirname, '../../config');
/** A moment at which the departments of a test have closed for the day. */
export const CLOSED_MS = Date.parse('2026-11-20T20:00:00+08:00');

export type RunningDepartment = Department & { url: string };

/** Simulated departments that run inside a test, on ports of their own. */
export class Departments {
  readonly options: DepartmentOptions;
  readonly #running = new Map<DepartmentId, RunningDepartment>();

  constructor(options: Partial<DepartmentOptions> = {}) {
    const anchorMs = options.anchorMs ?? CLOSED_MS;
    this.options = {
      seed: 7,
      records: 600,
      startMs: anchorMs - 3 * DAY_MS,
      anchorMs,
      nowMs: anchorMs,
      changed: 0,
      folder: mkdtempSync(join(tmpdir(), 'departments-')),
      ...options,
    };
  }

  async start(...ids: DepartmentId[]): Promise<this> {
    for (const id of ids.length > 0 ? ids : DEPARTMENTS) {
      const department = createDepartment(id, this.options);
      const port = await department.server.listen(0);
      const url = `http://127.0.0.1:${port}`;
      provide(`HUB_DEMO_${id.toUpperCase()}_URL`, department.address ?? url);
      provide(`HUB_DEMO_${id.toUpperCase()}_SECRET`, secretOf(id));
      this.#running.set(id, Object.assign(department, { url }));
    }
    return this;
  }

  get(id: DepartmentId): RunningDepartment {
    return this.#running.get(id) ?? assertNever(id);
  }

  /** Has a department push its records to a hub's inbox. */
  async push(id: DepartmentId, hub: string): Promise<void> {
    const body = JSON.stringify({ hub, stream: STREAM_OF[id] });
    const response = await fetch(`${this.get(id).url}/_sim/push`, { method: 'POST', body });
    if (!response.ok) throw new Error(await response.text());
  }

  all(): RunningDepartment[] {
    return [...this.#running.values()];
  }

  async stop(): Promise<void> {
    await Promise.all(this.all().map(({ server }) => server.close()));
    this.#running.clear();
    rmSync(this.options.folder, { recursive: true, force: true });
  }
}

function assertNever(id: string): never {
  throw new Error(`the department ${id} is not running`);
}

export const demoConfig = (): HubConfig => loadConfig({ folder: CONFIG, demo: true });

export const streamOf = (id: string): { connector: ConnectorConfig; stream: StreamConfig } =>
  findStream(demoConfig(), id);

/** Stream that each department delivers in the demonstration. */
export const STREAM_OF: Record<DepartmentId, string> = {
  province: 'province-return',
  housing: 'housing-permits',
  health: 'health-doctors',
  transport: 'transport-licences',
  land: 'land-permits',
  culture: 'culture-permits',
  education: 'education-teachers',
  police: 'police-permits',
};
