import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import axios from 'axios';
import { provide } from '../../config/environment.ts';
import type { HubConfig } from '../../config/load.ts';
import { configurationError } from '../../domain/errors.ts';
import { ROOT } from '../options.ts';
import { spawnNode } from '../servers.ts';
import type { Supervisor } from '../supervisor.ts';

const DAYS = 14;
const DAY_MS = 86_400_000;
/** Share of the records that each department has. */
const SHARES = {
  ...{ province: 0.3, housing: 0.1, health: 0.1, transport: 0.1 },
  ...{ land: 0.1, culture: 0.1, education: 0.1, police: 0.1 },
} as const;
type DepartmentId = keyof typeof SHARES;
export const DEPARTMENTS = Object.keys(SHARES) as DepartmentId[];

/** What makes the departments the same again at the next start. */
export interface DemoData {
  seed: number;
  records: number;
  anchorMs: number;
}

/** The data of an earlier start in the folder, or new ones; throws when other data are asked for. */
export function demoData(folder: string, options: Partial<DemoData>): DemoData {
  const file = join(folder, 'demo.json');
  if (!existsSync(file)) {
    const data = {
      seed: options.seed ?? 1,
      records: options.records ?? 20_000,
      anchorMs: Math.floor(Date.now() / 1000) * 1000,
    };
    writeFileSync(file, JSON.stringify(data));
    return data;
  }
  const data = JSON.parse(readFileSync(file, 'utf8')) as DemoData;
  for (const name of ['seed', 'records'] as const) {
    if (options[name] !== undefined && options[name] !== data[name]) {
      throw configurationError(`The demo’s data were made with ${name} ${String(data[name])}`, {
        code: 'demo-data',
        cure: `leave out --${name}, or begin anew with --fresh`,
      });
    }
  }
  return data;
}

/** Each department is a process of its own, frozen at this moment: it has closed for the day. */
export async function startDepartments(supervisor: Supervisor, data: DemoData, nowMs: number): Promise<string> {
  const addresses: Partial<Record<DepartmentId, Addresses>> = {};
  for (const id of DEPARTMENTS) {
    const args = [
      ...[id, '--seed', String(data.seed), '--records', String(Math.round(data.records * SHARES[id]))],
      ...['--others', String(Math.round(data.records * SHARES.housing)), '--folder', supervisor.folder],
      ...['--start', String(data.anchorMs - DAYS * DAY_MS), '--anchor', String(data.anchorMs), '--now', String(nowMs)],
    ];
    let [url, address] = ['', ''];
    await supervisor.start({
      name: id,
      stopSignal: 'SIGTERM',
      // Started again, it must be found where it was.
      spawn: (log) =>
        spawnNode(
          join(ROOT, 'test/departments/main.ts'),
          [...args, '--port', url === '' ? '0' : new URL(url).port],
          log,
          {},
        ),
      ready: async (child: ChildProcess) => {
        ({ url, address } = await new Promise<{ url: string; address: string }>((done) =>
          child.once('message', (message) => done(message as { url: string; address: string })),
        ));
      },
    });
    addresses[id] = { url, address };
  }
  writeFileSync(departmentsFile(supervisor.folder), JSON.stringify(addresses));
  provideDepartments(supervisor.folder);
  return `Simulated departments: ${DEPARTMENTS.join(', ')}`;
}

/** Has the departments that push do so, to the inbox of the hub that runs now. */
export async function haveDepartmentsPush({ settings, connectors }: HubConfig, folder: string): Promise<string> {
  const hub = `http://${settings.server.host}:${String(settings.server.port)}`;
  const addresses = departmentAddresses(folder);
  let pushed = 0;
  for (const { id, kind, streams } of connectors) {
    if (kind !== 'inbox') continue;
    for (const stream of streams) {
      const { data } = await axios.post<{ pushed: number }>(`${addresses[id] ?? ''}/_sim/push`, {
        hub,
        stream: stream.id,
      });
      pushed += data.pushed;
    }
  }
  return `Departments pushed ${pushed.toLocaleString('en-US')} records`;
}

/** Forgets the addresses: the departments have ended. */
export const forgetDepartments = (folder: string): void => {
  rmSync(departmentsFile(folder), { force: true });
};

const departmentsFile = (folder: string): string => join(folder, 'departments.json');

/** Addresses of the departments of a demonstration that is running on a folder, by their ids; none when it is not. */
export function departmentAddresses(folder: string): Record<string, string> {
  return Object.fromEntries(Object.entries(readDepartments(folder)).map(([id, { url }]) => [id, url]));
}

/** Puts the addresses and secrets of those departments where their connectors look for them. */
export function provideDepartments(folder: string): void {
  for (const [id, { address }] of Object.entries(readDepartments(folder))) {
    provide(`HUB_DEMO_${id.toUpperCase()}_URL`, address);
    provide(`HUB_DEMO_${id.toUpperCase()}_SECRET`, `${id}-secret`);
  }
}

/** Where a department is: its own server, and what the hub is told. */
interface Addresses {
  url: string;
  address: string;
}

function readDepartments(folder: string): Record<string, Addresses> {
  const file = departmentsFile(folder);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, Addresses>) : {};
}
