import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import axios from 'axios';
import type { Knex } from 'knex';
import { departmentAddresses, noteDepartments, type DepartmentAddresses } from '../kit/demo-departments.ts';
import { addAccount, listAccounts } from '../../store/console/accounts.ts';
import { cutOffOf, type HubConfig } from '../../settings/load.ts';
import { DAY_MS, shanghaiDate, timeOfDayMs } from '../../domain/dates.ts';
import { fault } from '../../domain/faults.ts';
import { fileContact, listContacts } from '../../store/ledger/contacts.ts';
import { ROOT } from '../../settings/root.ts';
import { spawnNode } from '../../launch/servers.ts';
import type { Supervisor } from '../../launch/supervisor.ts';

const DAYS = 14;
/** Share of the records that each department has. */
const SHARES = {
  province: 0.3,
  housing: 0.1,
  health: 0.1,
  transport: 0.1,
  land: 0.1,
  culture: 0.1,
  education: 0.1,
  police: 0.1,
} as const;
type DepartmentId = keyof typeof SHARES;
export const DEPARTMENTS = Object.keys(SHARES) as DepartmentId[];

/** What makes the departments the same again at the next start. */
export interface DemoData {
  seed: number;
  records: number;
  anchorMs: number;
}

/**
 * Up to when the simulated departments have records: now, or, later in the evening, the end of their day, because what is
 * issued after the cut-off belongs to tomorrow's increment.
 */
export function closingMs(config: HubConfig, atMs: number): number {
  const cutOffs = config.connectors.flatMap(({ streams }) => streams.map(({ id }) => cutOffOf(config, id)));
  const ends = cutOffs.map((cutOff) => timeOfDayMs(shanghaiDate(atMs), cutOff));
  return Math.min(Math.floor(atMs / 1000) * 1000, ...ends);
}

/** The data of an earlier start in the folder, or new ones; throws when other data are asked for. */
export function demoData(folder: string, options: Partial<DemoData>, nowMs: number): DemoData {
  const file = join(folder, 'demo.json');
  if (!existsSync(file)) {
    const data = {
      seed: options.seed ?? 1,
      records: options.records ?? 20_000,
      anchorMs: nowMs,
    };
    writeFileSync(file, JSON.stringify(data));
    return data;
  }
  const data = JSON.parse(readFileSync(file, 'utf8')) as DemoData;
  for (const name of ['seed', 'records'] as const) {
    if (options[name] !== undefined && options[name] !== data[name]) {
      throw fault('demo-data', { option: name, made: data[name] });
    }
  }
  return data;
}

/** Each department is a process of its own, frozen at this moment: it has closed for the day. */
export async function startDepartments(supervisor: Supervisor, data: DemoData, nowMs: number): Promise<string> {
  const addresses: Record<string, DepartmentAddresses> = {};
  for (const id of DEPARTMENTS) {
    const args = [
      id,
      '--seed',
      String(data.seed),
      '--records',
      String(Math.round(data.records * SHARES[id])),
      '--others',
      String(Math.round(data.records * SHARES.housing)),
      '--folder',
      supervisor.folder,
      '--start',
      String(data.anchorMs - DAYS * DAY_MS),
      '--anchor',
      String(data.anchorMs),
      '--now',
      String(nowMs),
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
  noteDepartments(supervisor.folder, addresses);
  return `模拟部门 Simulated departments: ${DEPARTMENTS.join(', ')}`;
}

/** Has the departments that push do so, to the inbox of the hub that runs now. */
export async function haveDepartmentsPush({ settings, connectors }: HubConfig, folder: string): Promise<string> {
  const hub = `http://${settings.server.host}:${settings.server.port}`;
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
  return `部门已推送 ${pushed.toLocaleString('en-US')} 条 records pushed by departments`;
}

/** Puts somebody on file (专人) for every simulated unit that has nobody. */
export async function fileContacts(db: Knex, { connectors }: HubConfig): Promise<string> {
  const known = new Set((await listContacts(db)).filter(({ id }) => id !== null).map(({ unitCode }) => unitCode));
  const units = new Map(connectors.map(({ unit, name }) => [unit, name]));
  for (const [unitCode, unitName] of units) {
    if (known.has(unitCode)) continue;
    const person = {
      role: 'operator',
      person: '值班员',
      email: 'duty@example.com',
      phone: null,
      webhook: null,
    } as const;
    await fileContact(db, { unitCode, unitName, ...person }, { by: 'demo', at: new Date() });
  }
  return `${units.size} 个单位的专人已备案 Contact persons of ${units.size} units on file`;
}

/** Whoever may look at the demonstration signs in with this. */
export const DEMO_PASSWORD = 'certificate-demo';

/** Somebody of each role, and one issuer and user unit of those simulated. */
export async function addDemoAccounts(db: Knex, { connectors }: HubConfig): Promise<string> {
  const known = new Set((await listAccounts(db)).map(({ login }) => login));
  const housing = connectors.find(({ id }) => id === 'housing')?.unit ?? null;
  for (const [login, role, name, unitCode] of [
    ['admin', 'administrator', '系统管理员', null],
    ['engineer', 'engineer', '集成工程师', null],
    ['manager', 'management', '李处长', null],
    ['issuer', 'issuer', '张三', housing],
    ['user', 'user', '王五', housing],
    ['auditor', 'auditor', '审计员', null],
  ] as const) {
    if (known.has(login)) continue;
    await addAccount(db, { login, role, name, unitCode }, { password: DEMO_PASSWORD, mustChange: false }, new Date());
  }
  return 'Accounts admin, engineer, manager, issuer, user, auditor';
}
