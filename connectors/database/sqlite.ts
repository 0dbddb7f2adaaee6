import { createRequire } from 'node:module';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import type { Knex } from 'knex';

/**
 * knex on the SQLite that Node brings along: the packages that knex knows need a compiler, or a download, at
 * installation. Whole numbers that a JavaScript number cannot hold arrive as bigints.
 */
const Base = createRequire(import.meta.url)('knex/lib/dialects/better-sqlite3/index.js') as new (
  config: Knex.Config,
) => Knex.Client;

interface Query {
  sql: string;
  bindings?: unknown[];
  response?: unknown;
  context?: unknown;
}

export class NodeSqlite extends Base {
  _driver(): typeof DatabaseSync {
    return DatabaseSync;
  }

  // oxlint-disable-next-line typescript/require-await -- knex expects a promise
  override async acquireRawConnection(): Promise<DatabaseSync> {
    const { filename } = this.connectionSettings as { filename: string };
    return new DatabaseSync(new URL(filename), { timeout: 2_000 });
  }

  // oxlint-disable-next-line typescript/require-await -- knex expects a promise
  override async destroyRawConnection(connection: DatabaseSync): Promise<void> {
    connection.close();
  }

  // oxlint-disable-next-line typescript/require-await -- what it throws must be a rejection
  async _query(connection: DatabaseSync, query: Query): Promise<Query> {
    const statement = connection.prepare(query.sql);
    statement.setReadBigInts(true);
    const bindings = (query.bindings ?? []) as SQLInputValue[];
    if (statement.columns().length > 0) query.response = statement.all(...bindings).map(withNumbers);
    else {
      const { changes, lastInsertRowid } = statement.run(...bindings);
      query.response = [];
      query.context = { lastID: Number(lastInsertRowid), changes: Number(changes) };
    }
    return query;
  }
}

function withNumbers(row: Record<string, unknown>): Record<string, unknown> {
  for (const name in row) {
    const value = row[name];
    if (typeof value === 'bigint' && BigInt(Number(value)) === value && Number.isSafeInteger(Number(value)))
      row[name] = Number(value);
  }
  return row;
}
