import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { provide } from '../../settings/environment.ts';

/** Forgets the addresses: the departments have ended. */
export const forgetDepartments = (folder: string): void => {
  rmSync(departmentsFile(folder), { force: true });
};

const departmentsFile = (folder: string): string => join(folder, 'departments.json');

/** Notes where the departments of a demonstration are, for commands that are given elsewhere. */
export function noteDepartments(folder: string, addresses: Record<string, DepartmentAddresses>): void {
  writeFileSync(departmentsFile(folder), JSON.stringify(addresses));
  provideDepartments(folder);
}

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
export interface DepartmentAddresses {
  url: string;
  address: string;
}

function readDepartments(folder: string): Record<string, DepartmentAddresses> {
  const file = departmentsFile(folder);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, DepartmentAddresses>) : {};
}
