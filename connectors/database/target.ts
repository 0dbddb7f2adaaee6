import type { DatabaseConnectorConfig, TableOutboundConfig } from '../../settings/kinds/database.ts';
import type { Message, Target } from '../contract.ts';
import { openDepartmentDatabase, type DepartmentDatabase } from './connection.ts';

/** A table that takes a row for each message. */
export class TableTarget implements Target {
  readonly #db: DepartmentDatabase;
  readonly #target: TableOutboundConfig;

  constructor(connector: DatabaseConnectorConfig, target: TableOutboundConfig) {
    this.#db = openDepartmentDatabase(connector, { write: true });
    this.#target = target;
  }

  async send({ key, payload }: Message): Promise<null> {
    const { table, key: column } = this.#target;
    const row = Object.fromEntries(
      Object.entries(payload).map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : value]),
    );
    await this.#db.run(
      (db) =>
        db.transaction(async (trx) => {
          const known = (await trx(table).where(column, key).limit(1)) as unknown[];
          if (known.length === 0) await trx(table).insert({ ...row, [column]: key });
        }),
      `send to ${table}`,
    );
    return null;
  }

  async close(): Promise<void> {
    await this.#db.knex.destroy();
  }
}
