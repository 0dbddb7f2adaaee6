import type { Knex } from 'knex';
import { readEnvironment } from '../../settings/environment.ts';
import { fault } from '../../domain/faults.ts';
import { openDatabase, requireSchema, requireServer } from '../../store/database.ts';
import { requireClock } from '../../store/ledger/clock.ts';
import { embeddedAddress } from '../../launch/postgres.ts';
import { dataFolder, type CommonOptions } from './options.ts';

/** Address of a running hub's database: DATABASE_URL, else that of the embedded one of ./hub up or of ./hub demo. */
export async function libraryAddress(options: CommonOptions): Promise<string | null> {
  const folders = options.data === undefined ? [dataFolder(options, false), dataFolder(options, true)] : [options.data];
  return readEnvironment().databaseUrl ?? embeddedAddress(folders);
}

/** Opens the database of a running hub. */
export async function withLibrary<T>(options: CommonOptions, work: (db: Knex) => Promise<T>): Promise<T> {
  const url = await libraryAddress(options);
  if (url === null) {
    throw fault('no-database');
  }
  const db = openDatabase(url, 'report');
  try {
    await requireServer(db, url);
    await requireSchema(db);
    await requireClock(db);
    return await work(db);
  } finally {
    await db.destroy();
  }
}
