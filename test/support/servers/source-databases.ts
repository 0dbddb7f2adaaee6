import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after } from 'node:test';
import pg from 'pg';
import { provide } from '../../../settings/environment.ts';
import { withName } from '../database.ts';
import { startMariadb } from './mariadb.ts';

export type Row = Record<string, unknown>;

/** A server that is really there, with a database of the test's own. */
export interface Place {
  /** The variable that holds its address. */
  variable: string;
  /** Its type of a point in time. */
  time: string;
  run: (sql: string) => Promise<unknown>;
  rows: (sql: string) => Promise<Row[]>;
  away: () => Promise<() => Promise<void>>;
  close: () => Promise<unknown>;
}

let places = 0;
/** Puts an address where a connector refers to it, and names the variable. */
export function addressed(address: string): string {
  const variable = `HUB_TEST_SOURCE_${places++}`;
  provide(variable, address);
  return variable;
}

function sqlitePlace(): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'source-'));
  const file = join(folder, 'certs.db');
  const db = new DatabaseSync(file);
  return Promise.resolve({
    variable: addressed(`sqlite:${file}`),
    time: 'TEXT',
    run: (sql) => Promise.resolve(db.exec(sql)),
    rows: (sql) => Promise.resolve(Array.from(db.prepare(sql).all(), (row) => ({ ...row }))),
    away: () => {
      db.exec('BEGIN EXCLUSIVE');
      return Promise.resolve(() => Promise.resolve(db.exec('ROLLBACK')));
    },
    close: () => {
      db.close();
      return Promise.resolve(rmSync(folder, { recursive: true }));
    },
  });
}

/** Started when this file is imported, stopped after the importing file's tests. */
const maria = await startMariadb();
after(() => maria.close());

async function mariadbPlace(): Promise<Place> {
  const name = `source_${places}`;
  return {
    variable: addressed(await maria.database(name)),
    time: 'DATETIME(6)',
    run: (sql) => maria.run(name, sql),
    rows: async (sql) => Array.from((await maria.run(name, sql)) as Row[], (row) => ({ ...row })),
    away: async () => {
      await maria.stop();
      return maria.start;
    },
    close: () => maria.run('', `DROP DATABASE ${name}`),
  };
}

async function postgresPlace(): Promise<Place> {
  const server = process.env.HUB_TEST_DATABASE;
  if (server === undefined) throw new Error('run tests that need servers with ./hub test');
  const name = `source_${randomBytes(6).toString('hex')}`;
  const query = async (url: string, ...statements: string[]): Promise<unknown> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      for (const statement of statements.slice(0, -1)) await client.query(statement);
      return await client.query(statements.at(-1) ?? '');
    } finally {
      await client.end();
    }
  };
  await query(server, `CREATE DATABASE ${name}`);
  const url = withName(server, name);
  return {
    variable: addressed(url),
    time: 'TIMESTAMP',
    run: (sql) => query(url, sql),
    rows: async (sql) => ((await query(url, sql)) as pg.QueryResult<Row>).rows,
    away: async () => {
      const allow = (allowed: boolean): string => `ALTER DATABASE ${name} ALLOW_CONNECTIONS ${String(allowed)}`;
      const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`;
      await query(server, allow(false), end);
      return async () => {
        await query(server, allow(true));
      };
    },
    close: () => query(server, `DROP DATABASE ${name} WITH (FORCE)`),
  };
}

/** Each makes a database of its own on its server. */
export const PLACES = { SQLite: sqlitePlace, MariaDB: mariadbPlace, PostgreSQL: postgresPlace };
