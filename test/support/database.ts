import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { openDatabase } from '../../store/database.ts';

/** A database of a test's own, cloned from the migrated template that the test run prepared. */
export interface TestDatabase {
  db: Knex;
  url: string;
  drop: () => Promise<void>;
}

export const TEMPLATE = 'hub_template';

export async function createDatabase(): Promise<TestDatabase> {
  const server = process.env.HUB_TEST_DATABASE;
  if (server === undefined) throw new Error('run tests that need servers with ./hub test');
  const name = `hub_${randomBytes(6).toString('hex')}`;
  const admin = openDatabase(server, 'test');
  await admin.raw(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
  const url = withName(server, name);
  const db = openDatabase(url, 'test');
  return {
    db,
    url,
    drop: async () => {
      await db.destroy();
      await admin.raw(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.destroy();
    },
  };
}

export function withName(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.toString();
}
